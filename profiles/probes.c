/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/probes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profiles/probes-match.h"

/* Pieces of the file that are read after all sections have been seen. */
struct reader {
	struct probes_match m;
	Elf *elf;
	size_t names;  /* of sections */
	bool *is_code; /* by section: what the compiler or an assembler made */
	size_t nr_sections;
	Elf_Scn *symbols;
	struct probes_llvm llvm;
};

static void reader_release(struct reader *r)
{
	probes_match_release(&r->m);
	free(r->is_code);
	elf_end(r->elf);
}
PGO_DEFINE_AUTO(reader, reader_release)

void probes_release(struct probes *p)
{
	free(p->records);
	free(p->functions);
	free(p->labels);
	strvec_release(&p->needed);
	arena_release(&p->arena);
	*p = (struct probes)PROBES_INIT;
}

/* What stands in the table so far for the file of local symbols. */
struct source {
	const char *name;
	uint32_t unit, nr;
};

/*
 * The linker's own "file" of hidden symbols has no name, that of link-time optimization none of
 * a source.
 */
static void take_file(struct source *s, const char *name)
{
	const bool known = *name && *name != '<' && strcmp(name, "ld-temp.o") != 0;

	s->nr++;
	s->name = known ? name : NULL;
	s->unit = known ? s->nr : 0;
}

/*
 * What describes counters, struct gcov_fn_info: the address of the file's description, the
 * function's number, the checksum of its lines, that of its code. Source: gcc/coverage.cc,
 * build_fn_info.
 */
static void take_record(struct reader *r, const GElf_Sym *sym, const char *name)
{
	const size_t pointer = r->llvm.narrow ? 4 : 8;
	struct probes *p = r->m.p;
	Elf_Scn *scn = elf_getscn(r->elf, sym->st_shndx);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	uint32_t words[3];
	uint64_t at;
	GElf_Shdr sh;

	if (!data || !data->d_buf || !gelf_getshdr(scn, &sh) || sym->st_value < sh.sh_addr)
		return;
	at = sym->st_value - sh.sh_addr;
	if (at > data->d_size || data->d_size - at < pointer + sizeof(words))
		return;
	memcpy(words, (const uint8_t *)data->d_buf + at + pointer, sizeof(words));
	for (size_t i = 0; r->llvm.swap && i < ARRAY_SIZE(words); i++)
		words[i] = __builtin_bswap32(words[i]);
	VEC_GROW(p->records, p->nr_records, p->alloc_records);
	p->records[p->nr_records++] = (struct probes_record){
		.name = arena_strdup(&p->arena, name),
		.hash = (uint64_t)words[2] << 32 | words[1],
		.ident = words[0],
		.gcc = true,
	};
}

/*
 * What describes the counters of the function called name. Each function has one, beside a
 * variable for each kind of counters.
 */
static void take_counters(struct reader *r, const char *name, const struct source *s, bool local)
{
	const struct probes_owner owner = { .gcc = true, .unit = local ? s->unit : 0 };
	const char *moved = strstr(name, ".lto_priv.");

	r->m.p->nr_counted++;
	probes_match_add(&r->m, name, moved ? (size_t)(moved - name) : strlen(name), &owner);
}

static void take_gcc(struct reader *r, const GElf_Sym *sym, const char *name,
		     const struct source *s)
{
	take_counters(r, name, s, GELF_ST_BIND(sym->st_info) == STB_LOCAL);
	take_record(r, sym, name);
}

static bool is_part(const char *name)
{
	const char *cold = strstr(name, ".cold");

	return cold && (!cold[5] || cold[5] == '.');
}

static void take_function(struct reader *r, const GElf_Sym *sym, const char *name,
			  const struct source *s)
{
	const bool local = GELF_ST_BIND(sym->st_info) == STB_LOCAL;
	struct probes_match *m = &r->m;
	struct probes *p = m->p;
	/* In shared objects the linker puts the version behind it: "f@@V1". */
	const char *version = strchr(name + 1, '@');
	const struct probes_function f = {
		.start = sym->st_value,
		.bytes = sym->st_size,
		.name = version ? arena_strndup(&p->arena, name, (size_t)(version - name))
				: arena_strdup(&p->arena, name),
		.file = local && s->name ? arena_strdup(&p->arena, s->name) : NULL,
		.local = local,
		.hidden = !local && GELF_ST_VISIBILITY(sym->st_other) != STV_DEFAULT,
		.part = is_part(name),
		.state = PROBES_NONE,
	};

	if (!sym->st_size) {
		VEC_GROW(p->labels, p->nr_labels, p->alloc_labels);
		p->labels[p->nr_labels++] = f;
		return;
	}
	VEC_GROW(m->symbols, m->nr_symbols, m->alloc_symbols);
	m->symbols[m->nr_symbols++] = (struct probes_symbol){ f, local ? s->unit : 0 };
}

static void take_symbol(struct reader *r, const GElf_Sym *sym, const char *name, struct source *s)
{
	static const char counters[] = "__gcov_.";
	const unsigned type = GELF_ST_TYPE(sym->st_info);

	if (type == STT_FILE)
		take_file(s, name);
	else if (!*name || sym->st_shndx == SHN_UNDEF)
		return;
	else if (type == STT_OBJECT && !strncmp(name, counters, sizeof(counters) - 1))
		take_gcc(r, sym, name + sizeof(counters) - 1, s);
	else if (sym->st_shndx < r->nr_sections && r->is_code[sym->st_shndx] &&
		 (type == STT_FUNC || (type == STT_NOTYPE && *name != '$')))
		take_function(r, sym, name, s);
}

static void read_symbols(struct reader *r)
{
	Elf_Data *data = r->symbols ? elf_getdata(r->symbols, NULL) : NULL;
	struct source source = { 0 };
	GElf_Shdr sh;
	GElf_Sym sym;
	size_t nr;

	if (!data || !gelf_getshdr(r->symbols, &sh) || !sh.sh_entsize)
		return;
	nr = (size_t)(sh.sh_size / sh.sh_entsize);
	for (size_t i = 1; i < nr && i <= INT32_MAX && gelf_getsym(data, (int)i, &sym); i++) {
		const char *name = elf_strptr(r->elf, sh.sh_link, sym.st_name);

		if (name)
			take_symbol(r, &sym, name, &source);
	}
	r->m.p->gcc = r->m.p->nr_counted > 0;
}

/* Paths of .gcda files among the constants: absolute, as GCC makes them. */
static uint64_t count_gcda(Elf_Scn *scn)
{
	static const char suffix[] = ".gcda";
	Elf_Data *data = elf_getdata(scn, NULL);
	const char *start = data ? data->d_buf : NULL, *at = start, *end, *from;
	uint64_t nr = 0;

	if (!start)
		return 0;
	end = start + data->d_size;
	while ((at = memmem(at, (size_t)(end - at), suffix, sizeof(suffix)))) {
		from = memrchr(start, 0, (size_t)(at - start));
		from = from ? from + 1 : start;
		nr += *from == '/';
		at += sizeof(suffix);
	}
	return nr;
}

static void take_needed(struct reader *r, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Dyn dyn;

	for (int i = 0; data && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		const char *name = dyn.d_tag == DT_NEEDED
					   ? elf_strptr(r->elf, sh->sh_link, dyn.d_un.d_val)
					   : NULL;

		if (name)
			strvec_push(&r->m.p->needed, name);
	}
}

static bool is_stub(const char *name)
{
	return !strncmp(name, ".plt", 4) || !strcmp(name, ".init") || !strcmp(name, ".fini") ||
	       !strcmp(name, ".iplt");
}

static void take_section(struct reader *r, Elf_Scn *scn)
{
	struct probes *p = r->m.p;
	const char *name;
	GElf_Shdr sh;

	if (!gelf_getshdr(scn, &sh))
		return;
	name = elf_strptr(r->elf, r->names, sh.sh_name);
	name = name ? name : "";
	if (sh.sh_type == SHT_SYMTAB || (sh.sh_type == SHT_DYNSYM && !p->has_symtab)) {
		r->symbols = scn;
		p->has_symtab = sh.sh_type == SHT_SYMTAB;
	}
	if (sh.sh_type == SHT_DYNAMIC)
		take_needed(r, scn, &sh);
	p->bolt |= !strncmp(name, ".bolt.instr.", 12);
	if (sh.sh_type == SHT_NOBITS) {
		p->llvm |= !strcmp(name, "__llvm_prf_cnts");
		return;
	}
	p->llvm |= !strcmp(name, "__llvm_prf_cnts");
	if (!strcmp(name, "__llvm_prf_data"))
		r->llvm.data = elf_getdata(scn, NULL);
	if (!strcmp(name, "__llvm_prf_names"))
		r->llvm.names = elf_getdata(scn, NULL);
	if (sh.sh_flags & SHF_EXECINSTR && !is_stub(name)) {
		r->is_code[elf_ndxscn(scn)] = true;
		p->text_bytes += sh.sh_size;
		if (!strcmp(name, ".text")) {
			p->text_start = sh.sh_addr;
			p->text_section_bytes = sh.sh_size;
		}
	} else if (sh.sh_flags & SHF_ALLOC && sh.sh_type == SHT_PROGBITS) {
		p->nr_gcda += count_gcda(scn);
	}
}

static int read_sections(struct reader *r, const char *path, struct pgo_err *err)
{
	struct probes *p = r->m.p;
	Elf_Scn *scn = NULL;
	GElf_Ehdr h;

	size_t bytes = 0;

	if (r->elf && gelf_getehdr(r->elf, &h) && elf_rawfile(r->elf, &bytes) &&
	    (h.e_shoff > bytes || (uint64_t)h.e_shnum * h.e_shentsize > bytes - h.e_shoff))
		return pgo_error_at(err, PGO_EFORMAT, path, (int64_t)bytes,
				    "'%s' is cut off: it ends at byte %zu, before its section "
				    "headers",
				    path, bytes);
	if (!r->elf || elf_kind(r->elf) != ELF_K_ELF || !gelf_getehdr(r->elf, &h) ||
	    elf_getshdrstrndx(r->elf, &r->names) || elf_getshdrnum(r->elf, &r->nr_sections))
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "'%s' is no ELF file", path);
	p->is_linked = h.e_type == ET_EXEC || h.e_type == ET_DYN;
	r->llvm.narrow = h.e_ident[EI_CLASS] == ELFCLASS32;
	r->llvm.swap = (h.e_ident[EI_DATA] == ELFDATA2MSB) !=
		       (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	r->is_code = xcalloc(r->nr_sections + 1, sizeof(*r->is_code));
	while ((scn = elf_nextscn(r->elf, scn)))
		take_section(r, scn);
	return 0;
}

static bool is_in_function(const struct probes *p, uint64_t addr)
{
	size_t low = 0, high = p->nr_functions;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->functions[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr - p->functions[low - 1].start < p->functions[low - 1].bytes;
}

/* Labels within functions are a part of these. */
static void drop_labels(struct probes *p)
{
	size_t nr = 0;

	for (size_t i = 0; i < p->nr_labels; i++)
		if (!is_in_function(p, p->labels[i].start))
			p->labels[nr++] = p->labels[i];
	p->nr_labels = nr;
}

int probes_read(const char *path, struct probes *ret, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	PGO_AUTO(probes) p = PROBES_INIT;
	PGO_AUTO(reader) x = { .m = PROBES_MATCH_INIT(&p) };
	int r;

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	elf_version(EV_CURRENT);
	x.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	r = read_sections(&x, path, err);
	if (r)
		return r;
	read_symbols(&x);
	if (p.llvm)
		r = probes_llvm_read(&x.m, &x.llvm, path, err);
	if (r)
		return r;
	if (!p.gcc && !p.llvm && p.nr_gcda) {
		p.gcc = true;
		p.nameless = true;
	}
	probes_match_finish(&x.m);
	drop_labels(&p);
	*ret = p;
	p = (struct probes)PROBES_INIT;
	return 0;
}
