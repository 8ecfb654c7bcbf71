/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/samples-fdata.h"

#include <fcntl.h>
#include <gelf.h>

#include "pgo/base/num.h"
#include "profiles/samples-code.h"

/* A symbol, and how many local ones of its name come before it. */
struct symbol {
	uint64_t start, end;
	const char *name;
	size_t index; /* in the table */
	unsigned char type;
	bool local, code;
	unsigned number; /* of a local one: 1, 2, ... */
};
struct symbols {
	struct symbol *v;
	size_t nr, alloc;
	struct arena arena;
};
#define SYMBOLS_INIT { .arena = ARENA_INIT }

static void symbols_release(struct symbols *t)
{
	free(t->v);
	arena_release(&t->arena);
}
PGO_DEFINE_AUTO(symbols, symbols_release)

static bool in_memory(Elf *elf, const GElf_Sym *sym, bool *code)
{
	Elf_Scn *scn;
	GElf_Shdr sh;

	*code = false;
	if (sym->st_shndx == SHN_ABS)
		return true;
	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE)
		return false;
	scn = elf_getscn(elf, sym->st_shndx);
	if (!scn || !gelf_getshdr(scn, &sh))
		return false;
	*code = (sh.sh_flags & SHF_EXECINSTR) != 0;
	return (sh.sh_flags & SHF_ALLOC) != 0;
}

static void read_table(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh, struct symbols *t)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t nr = sh->sh_entsize ? (size_t)(sh->sh_size / sh->sh_entsize) : 0;

	for (size_t i = 1; data && i < nr; i++) {
		const char *name;
		GElf_Sym sym;
		bool code;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		name = elf_strptr(elf, sh->sh_link, sym.st_name);
		if (GELF_ST_TYPE(sym.st_info) == STT_FILE || !name || !*name ||
		    !in_memory(elf, &sym, &code))
			continue;
		VEC_GROW(t->v, t->nr, t->alloc);
		t->v[t->nr++] = (struct symbol){
			.start = sym.st_value,
			.end = sym.st_value + sym.st_size,
			.name = arena_strdup(&t->arena, name),
			.index = i,
			.type = GELF_ST_TYPE(sym.st_info),
			.local = GELF_ST_BIND(sym.st_info) == STB_LOCAL,
			.code = code,
		};
	}
}

/* At one address functions first, sections last. */
static int rank(const struct symbol *s)
{
	return s->type == STT_FUNC || s->type == STT_GNU_IFUNC ? 0 : s->type == STT_SECTION ? 2 : 1;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	return (x->index > y->index) - (x->index < y->index);
}

static void number_locals(struct symbols *t)
{
	PGO_AUTO(hashmap) seen = HASHMAP_INIT;

	for (size_t i = 0; i < t->nr; i++) {
		struct hashmap_entry *e;

		if (!t->v[i].local)
			continue;
		e = hashmap_put(&seen, t->v[i].name, strlen(t->v[i].name), NULL);
		e->value = (void *)((uintptr_t)e->value + 1);
		t->v[i].number = (unsigned)(uintptr_t)e->value;
	}
}

/* Keep what functions begin with; entries in the midst of others are parts of those. */
static void keep_functions(struct symbols *t)
{
	size_t nr = 0;

	for (size_t i = 0; i < t->nr; i++) {
		const struct symbol *s = &t->v[i], *last = nr ? &t->v[nr - 1] : NULL;

		if (!s->code || rank(s) == 2 || (rank(s) && s->start == s->end))
			continue;
		if (last && (s->start == last->start || s->start < last->end))
			continue;
		t->v[nr++] = *s;
	}
	t->nr = nr;
}

static int read_symbols(const char *path, struct symbols *t, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	Elf *elf;

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	while (elf && (scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB)
			read_table(elf, scn, &sh, t);
	elf_end(elf);
	if (t->nr)
		qsort(t->v, t->nr, sizeof(*t->v), by_address);
	number_locals(t);
	keep_functions(t);
	if (t->nr)
		return 0;
	pgo_error_at(err, PGO_EMISMATCH, path, -1, "'%s' has no symbols of functions", path);
	return pgo_err_hint(err, "do not strip what BOLT is to work on");
}

/* What follows a function up to the next one is padding, which nothing runs. */
static const struct symbol *find(const struct symbols *t, uint64_t addr)
{
	size_t low = 0, high = t->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->v[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr < t->v[low - 1].end ? &t->v[low - 1] : NULL;
}

static void add_name(const struct symbol *s, struct strbuf *name)
{
	strbuf_clear(name);
	for (const char *c = s->name; *c; c++) {
		if (*c == ' ' || *c == '\\')
			strbuf_addch(name, '\\');
		strbuf_addch(name, *c);
	}
	if (s->local)
		strbuf_addf(name, "/%u", s->number);
}

int samples_to_fdata(const struct samples *s, const struct sample_target *target, struct fdata *out,
		     struct sample_written *ret, struct pgo_err *err)
{
	PGO_AUTO(symbols) symbols = SYMBOLS_INIT;
	PGO_AUTO(strbuf) name = STRBUF_INIT;
	struct sample_written done = { 0 };
	const struct symbol *last = NULL;
	int r = read_symbols(target->path, &symbols, err);

	if (r)
		return r;
	out->mode_known = out->no_lbr = true;
	for (size_t i = 0; i < s->nr_events; i++) {
		strbuf_clear(&name);
		/* As perf script prints it, which perf2bolt takes whole. */
		strbuf_addf(&name, "%s:", s->events[i].name);
		if (s->events[i].samples)
			fdata_add_event(out, name.buf, name.len);
	}
	for (size_t i = 0; i < s->nr_addresses; i++) {
		const struct sample_address *a = &s->addresses[i];
		const struct symbol *in;
		uint64_t vaddr;

		in = sample_target_vaddr(target, a->loc, &vaddr) ? find(&symbols, vaddr) : NULL;
		if (!in) {
			done.left_out = num_add_sat(done.left_out, a->count, NULL);
			continue;
		}
		if (in != last)
			add_name(in, &name);
		last = in;
		fdata_add(out,
			  &(struct fdata_record){
				  .type = FDATA_SAMPLE,
				  .from = { FDATA_GLOBAL, name.buf, name.len, vaddr - in->start },
				  .count = a->count,
			  },
			  1);
		done.entries = num_add_sat(done.entries, a->count, NULL);
	}
	fdata_sort(out);
	*ret = done;
	return 0;
}
