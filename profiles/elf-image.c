/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/elf-image.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_MASK (~UINT64_C(4095))

void elf_image_release(struct elf_image *e)
{
	free(e->segments);
	free(e->code);
	free(e->symbols);
	arena_release(&e->arena);
	*e = (struct elf_image)ELF_IMAGE_INIT;
}

static void read_segments(Elf *elf, struct elf_image *e)
{
	size_t nr = 0;

	if (elf_getphdrnum(elf, &nr))
		return;
	for (size_t i = 0; i < nr; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_LOAD)
			continue;
		VEC_GROW(e->segments, e->nr_segments, e->alloc_segments);
		e->segments[e->nr_segments++] = (struct elf_segment){
			p.p_offset, p.p_vaddr, p.p_filesz, (p.p_flags & PF_X) != 0
		};
	}
}

static void read_build_id(Elf_Data *data, struct elf_image *e)
{
	size_t at = 0, name, desc;
	GElf_Nhdr n;

	while (data && (at = gelf_getnote(data, at, &n, &name, &desc)) > 0) {
		const char *bytes = data->d_buf;

		if (n.n_type != NT_GNU_BUILD_ID || n.n_namesz != 4 ||
		    memcmp(bytes + name, "GNU", 4) != 0)
			continue;
		e->build_id_bytes = n.n_descsz < sizeof(e->build_id) ? n.n_descsz
								     : sizeof(e->build_id);
		memcpy(e->build_id, bytes + desc, e->build_id_bytes);
	}
}

static void add_symbol(Elf *elf, size_t names, const GElf_Sym *sym, struct elf_image *e)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	const char *name = elf_strptr(elf, names, sym->st_name);

	/* Source: llvm/IR/PseudoProbe.h and FSDiscriminator: the variable that tells. */
	e->has_probes |= name && !strcmp(name, "__llvm_fs_discriminator__");
	if ((type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) || !name || !*name ||
	    *name == '$' || sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS)
		return;
	VEC_GROW(e->symbols, e->nr_symbols, e->alloc_symbols);
	e->symbols[e->nr_symbols++] = (struct elf_symbol){
		sym->st_value, sym->st_value + sym->st_size, arena_strdup(&e->arena, name)
	};
}

/* The lowest address that a symbol of each section has: first[section]. */
static void read_symbols(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh, bool keep, uint64_t *first,
			 size_t nr_sections, struct elf_image *e)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t nr = sh->sh_entsize ? (size_t)(sh->sh_size / sh->sh_entsize) : 0;

	for (size_t i = 1; data && i < nr; i++) {
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		if (sym.st_shndx < nr_sections && sym.st_value < first[sym.st_shndx])
			first[sym.st_shndx] = sym.st_value;
		if (keep)
			add_symbol(elf, sh->sh_link, &sym, e);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct elf_span *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* At one address the larger one first, then by name: the answer is the same on every run. */
static int by_symbol(const void *a, const void *b)
{
	const struct elf_symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void add_code(const GElf_Shdr *sh, uint64_t first, struct elf_image *e)
{
	uint64_t start = first > sh->sh_addr ? first : sh->sh_addr;

	if (start >= sh->sh_addr + sh->sh_size)
		return;
	VEC_GROW(e->code, e->nr_code, e->alloc_code);
	e->code[e->nr_code++] = (struct elf_span){ start, sh->sh_addr + sh->sh_size };
}

static bool is_code(Elf *elf, size_t names, const GElf_Shdr *sh)
{
	const char *name = elf_strptr(elf, names, sh->sh_name);

	return sh->sh_type == SHT_PROGBITS && sh->sh_flags & SHF_EXECINSTR &&
	       !(name && !strcmp(name, ".plt"));
}

static bool is_section(Elf *elf, size_t names, const GElf_Shdr *sh, const char *wanted)
{
	const char *name = elf_strptr(elf, names, sh->sh_name);

	return sh->sh_type != SHT_NOBITS && name && !strcmp(name, wanted);
}

/* A symbol table of the kind wanted is there. */
static bool has_section(Elf *elf, uint32_t type)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == type)
			return true;
	return false;
}

static void finish_symbols(struct elf_image *e)
{
	struct elf_symbol *v = e->symbols;
	size_t nr = 0;

	if (e->nr_symbols)
		qsort(v, e->nr_symbols, sizeof(*v), by_symbol);
	for (size_t i = 0; i < e->nr_symbols; i++)
		if (!nr || v[nr - 1].start != v[i].start)
			v[nr++] = v[i];
	e->nr_symbols = nr;
	for (size_t i = 0; i < nr; i++)
		if (v[i].end == v[i].start)
			v[i].end = i + 1 < nr ? v[i + 1].start : UINT64_MAX;
}

static void read_sections(Elf *elf, bool symbols, struct elf_image *e)
{
	const uint32_t table = has_section(elf, SHT_SYMTAB) ? SHT_SYMTAB : SHT_DYNSYM;
	size_t nr = 0, names = 0;
	PGO_AUTO_FREE uint64_t *first = NULL;
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	e->has_symtab = table == SHT_SYMTAB;
	if (elf_getshdrnum(elf, &nr) || elf_getshdrstrndx(elf, &names))
		return;
	first = xcalloc(nr + 1, sizeof(*first));
	for (size_t i = 0; i < nr; i++)
		first[i] = table == SHT_SYMTAB ? UINT64_MAX : 0;
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		if (sh.sh_type == SHT_NOTE)
			read_build_id(elf_getdata(scn, NULL), e);
		if (sh.sh_type == table)
			read_symbols(elf, scn, &sh, symbols, first, nr, e);
	}
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		e->has_debug |= is_section(elf, names, &sh, ".debug_info") ||
				is_section(elf, names, &sh, ".zdebug_info");
		e->has_probes |= is_section(elf, names, &sh, ".pseudo_probe");
		if (is_code(elf, names, &sh))
			add_code(&sh, first[elf_ndxscn(scn)], e);
	}
	if (e->nr_code)
		qsort(e->code, e->nr_code, sizeof(*e->code), by_start);
	finish_symbols(e);
}

int elf_image_read(const char *path, bool symbols, struct elf_image *ret, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "'%s' is no ELF file", path);
	}
	read_segments(elf, ret);
	read_sections(elf, symbols, ret);
	elf_end(elf);
	return 0;
}

/* A page that two segments share is mapped with either; what is not of a file is neither. */
bool elf_image_vaddr(const struct elf_image *e, uint64_t offset, uint64_t *ret_vaddr)
{
	for (size_t i = 0; i < e->nr_segments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->executable && offset >= (s->offset & PAGE_MASK) &&
		    offset - s->offset + (s->offset & ~PAGE_MASK) <
			    s->size + (s->offset & ~PAGE_MASK)) {
			*ret_vaddr = offset - s->offset + s->vaddr;
			return true;
		}
	}
	return false;
}

bool elf_image_is_code(const struct elf_image *e, uint64_t vaddr)
{
	for (size_t i = 0; i < e->nr_code; i++)
		if (vaddr >= e->code[i].start && vaddr < e->code[i].end)
			return true;
	return false;
}

const struct elf_symbol *elf_image_symbol(const struct elf_image *e, uint64_t vaddr)
{
	size_t low = 0, high = e->nr_symbols;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (e->symbols[mid].start <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && vaddr < e->symbols[low - 1].end ? &e->symbols[low - 1] : NULL;
}

uint64_t elf_image_text_base(const struct elf_image *e)
{
	for (size_t i = 0; i < e->nr_segments; i++)
		if (e->segments[i].executable)
			return e->segments[i].vaddr & PAGE_MASK;
	return 0;
}
