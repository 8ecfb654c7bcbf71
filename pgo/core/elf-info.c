/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/elf-info.h"

#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include "pgo/base/strbuf.h"

void elf_info_release(struct elf_info *e)
{
	free(e->build_id);
	free(e->interpreter);
	*e = (struct elf_info)ELF_INFO_INIT;
}

static char *hex_of(const unsigned char *p, size_t len)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < len; i++)
		strbuf_addf(&sb, "%02x", p[i]);
	return strbuf_take(&sb);
}

static void take_notes(Elf_Scn *scn, struct elf_info *e)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t at = 0, next, name, desc;
	GElf_Nhdr note;

	while (data && (next = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
		const unsigned char *p = data->d_buf;

		if (!e->build_id && note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    !memcmp(p + name, "GNU", 4))
			e->build_id = hex_of(p + desc, note.n_descsz);
		at = next;
	}
}

/* Relocations that no loader needs belong to the section they name. */
static bool is_of_code(Elf *elf, const GElf_Shdr *relocations)
{
	Elf_Scn *scn = elf_getscn(elf, relocations->sh_info);
	GElf_Shdr sh;

	if ((relocations->sh_type != SHT_RELA && relocations->sh_type != SHT_REL) ||
	    relocations->sh_flags & SHF_ALLOC)
		return false;
	return scn && gelf_getshdr(scn, &sh) && sh.sh_flags & SHF_EXECINSTR;
}

static bool names_gcov(const Elf_Data *strings)
{
	static const char prefix[] = "\0__gcov_";

	return strings && strings->d_buf &&
	       memmem(strings->d_buf, strings->d_size, prefix, sizeof(prefix) - 1);
}

static void take_section(Elf *elf, Elf_Scn *scn, size_t names, struct elf_info *e)
{
	const char *name;
	GElf_Shdr sh;

	if (!gelf_getshdr(scn, &sh))
		return;
	name = elf_strptr(elf, names, sh.sh_name);
	if (sh.sh_type == SHT_NOTE)
		take_notes(scn, e);
	if (sh.sh_type == SHT_SYMTAB)
		e->has_symbols = true;
	if (is_of_code(elf, &sh))
		e->has_relocations = true;
	if (name && !strcmp(name, "__llvm_prf_cnts"))
		e->has_llvm_counters = true;
	if (sh.sh_type == SHT_STRTAB)
		e->has_gcov = e->has_gcov || names_gcov(elf_getdata(scn, NULL));
	if (!name || sh.sh_type == SHT_NOBITS || !(sh.sh_flags & SHF_EXECINSTR))
		return;
	e->text_bytes += sh.sh_size;
	if (!strncmp(name, ".text.hot", 9))
		e->hot_bytes += sh.sh_size;
	else if (!strncmp(name, ".text.unlikely", 14))
		e->unlikely_bytes += sh.sh_size;
}

/* DF_1_PIE tells a program from a shared object, which is of the same type. */
static bool is_program(Elf *elf, const GElf_Ehdr *header, const GElf_Phdr *dynamic)
{
	Elf_Data *data;
	GElf_Dyn dyn;

	if (header->e_type != ET_DYN)
		return header->e_type == ET_EXEC;
	data = elf_getdata_rawchunk(elf, (int64_t)dynamic->p_offset, dynamic->p_filesz, ELF_T_DYN);
	for (int i = 0; data && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
		if (dyn.d_tag == DT_FLAGS_1)
			return (dyn.d_un.d_val & DF_1_PIE) != 0;
	return false;
}

static void take_segments(Elf *elf, struct elf_info *e)
{
	GElf_Phdr ph, dynamic = { 0 };
	GElf_Ehdr header;
	Elf_Data *data;
	size_t nr = 0;

	if (!gelf_getehdr(elf, &header) || elf_getphdrnum(elf, &nr))
		return;
	for (size_t i = 0; i < nr && gelf_getphdr(elf, (int)i, &ph); i++) {
		if (ph.p_type == PT_DYNAMIC)
			dynamic = ph;
		if (ph.p_type != PT_INTERP || e->interpreter)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)ph.p_offset, ph.p_filesz, ELF_T_BYTE);
		if (data)
			e->interpreter = xstrndup(data->d_buf, data->d_size);
	}
	e->is_linked = header.e_type == ET_EXEC || header.e_type == ET_DYN;
	e->is_static = !e->interpreter && is_program(elf, &header, &dynamic);
}

static int read_elf(Elf *elf, const char *path, struct elf_info *e, struct pgo_err *err)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names))
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "'%s' is no ELF file", path);
	while ((scn = elf_nextscn(elf, scn)))
		take_section(elf, scn, names, e);
	take_segments(elf, e);
	return 0;
}

int elf_info_read(const char *path, struct elf_info *ret, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	PGO_AUTO(elf_info) e = ELF_INFO_INIT;
	Elf *elf;
	int r;

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	r = read_elf(elf, path, &e, err);
	elf_end(elf);
	if (r)
		return r;
	*ret = e;
	e = (struct elf_info)ELF_INFO_INIT;
	return 0;
}
