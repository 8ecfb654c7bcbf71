/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/stale.h"

#include <stdlib.h>
#include <string.h>

#include "pgo/base/fs.h"
#include "pgo/base/hashmap.h"
#include "profiles/dwarf-units.h"

const char *stale_state_name(enum stale_state state)
{
	static const char *const names[] = {
		[STALE_MATCHED] = "matched", [STALE_MOVED] = "moved", [STALE_CHANGED] = "changed",
		[STALE_GONE] = "gone",	     [STALE_NEW] = "new",
	};

	return (size_t)state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

void staleness_release(struct staleness *s)
{
	free(s->functions);
	free(s->sources);
	arena_release(&s->arena);
	*s = (struct staleness)STALENESS_INIT;
}

void stale_code_release(struct stale_code *c)
{
	free(c->path);
	probes_release(&c->probes);
}

static void find_sources(struct probes *p, const struct dwarf_units *units)
{
	PGO_AUTO(hashmap) functions = HASHMAP_INIT;

	for (size_t i = 0; i < p->nr_functions; i++) {
		const char *name = p->functions[i].name;
		struct hashmap_entry *e = hashmap_put(&functions, name, strlen(name), NULL);

		e->value = &p->functions[i];
	}
	for (size_t i = 0; i < p->nr_records; i++) {
		const struct probes_record *record = &p->records[i];
		/* GCC's is that of the symbol already. */
		const char *name = record->gcc ? record->name
					       : prof_name_alone(record->name, false);
		const struct hashmap_entry *e = hashmap_find(&functions, name, strlen(name));
		const struct probes_function *f = e ? e->value : NULL;
		const struct dwarf_unit *unit = f ? dwarf_units_find(units, f->start) : NULL;

		if (unit && unit->name)
			p->records[i].source = arena_strdup(&p->arena, unit->name);
	}
}

int stale_code_read(const char *path, struct stale_code *ret, struct pgo_err *err)
{
	PGO_AUTO(dwarf_units) units = DWARF_UNITS_INIT;
	PGO_AUTO(probes) p = PROBES_INIT;
	int r = probes_read(path, &p, err);

	if (!r)
		r = dwarf_units_read(path, &units, err);
	if (r)
		return r;
	find_sources(&p, &units);
	*ret = (struct stale_code){ xstrdup(path), p };
	p = (struct probes)PROBES_INIT;
	return 0;
}

double stale_lost(const double share[STALE_NR_STATES])
{
	return share[STALE_CHANGED] + share[STALE_GONE];
}

/* A function of the code; others of the same key follow: static ones, GCC's of inline code. */
struct known {
	const struct probes_record *record;
	struct known *next;
	bool wanted; /* the profile has it */
};

struct comparison {
	struct staleness *s;
	struct hashmap known;	/* by key, to lists of struct known */
	struct hashmap sources; /* value: index and 1 */
	/* GCC: the source of an object, by the name of both without its end; "": of several. */
	struct hashmap stems;
	double total;
	bool gcc;
};

/* GCC's functions are known by a number alone, LLVM's by a name. */
static const char *key_of(struct comparison *c, const struct probes_record *r)
{
	PGO_AUTO_FREE char *number = c->gcc ? xstrfmt("%u", (unsigned)r->ident) : NULL;

	return c->gcc ? arena_strdup(&c->s->arena, number) : r->name;
}

static const char *key_of_profile(const struct comparison *c, const struct prof_func *f)
{
	return c->gcc ? prof_name_alone(f->name, true) : f->name;
}

/* "src/vm.c", "obj/vm.gcda": "vm". */
static const char *stem_of(struct comparison *c, const char *path)
{
	const char *name = fs_basename(path), *end = strrchr(name, '.');

	return arena_strndup(&c->s->arena, name, end ? (size_t)(end - name) : strlen(name));
}

static void note_stem(struct comparison *c, const char *source)
{
	const char *stem = stem_of(c, source);
	struct hashmap_entry *e = hashmap_put(&c->stems, stem, strlen(stem), NULL);

	if (!e->value)
		e->value = (void *)(uintptr_t)source;
	else if (strcmp(e->value, source) != 0)
		e->value = (void *)(uintptr_t)"";
}

/*
 * What a function that is gone was in, when the code still has that source. Compiled and linked
 * at once, the object of b.c in the program a is "a-b".
 */
static const char *source_of_object(struct comparison *c, const char *object)
{
	const char *stem = object ? stem_of(c, object) : NULL;

	while (stem) {
		const struct hashmap_entry *e = hashmap_find(&c->stems, stem, strlen(stem));
		const char *source = e ? e->value : NULL, *dash = strchr(stem, '-');

		if (source)
			return *source ? source : object;
		stem = dash ? dash + 1 : NULL;
	}
	return object;
}

static void take_code(struct comparison *c, const struct probes *probes)
{
	for (size_t i = 0; i < probes->nr_records; i++) {
		const struct probes_record *r = &probes->records[i];
		struct known *k = arena_alloc(&c->s->arena, 1, sizeof(*k));
		const char *key;
		struct hashmap_entry *e;

		if (r->gcc != c->gcc)
			continue;
		if (c->gcc && r->source)
			note_stem(c, r->source);
		key = key_of(c, r);
		e = hashmap_put(&c->known, key, strlen(key), NULL);
		*k = (struct known){ .record = r, .next = e->value };
		e->value = k;
	}
}

/* "src/a.c;f": src/a.c, which only static functions have in their names. "#w#src#a:7": src/a. */
static const char *source_in_name(struct comparison *c, const char *name)
{
	const char *end = strrchr(name, c->gcc ? ':' : ';'), *hash;

	if (!end && !c->gcc)
		end = strrchr(name, ':');
	if (!end || end == name)
		return NULL;
	hash = c->gcc ? memrchr(name, '#', (size_t)(end - name)) : NULL;
	name = hash ? hash + 1 : name;
	return arena_strndup(&c->s->arena, name, (size_t)(end - name));
}

static struct stale_source *source_at(struct comparison *c, const char *name)
{
	struct staleness *s = c->s;
	struct hashmap_entry *e = hashmap_put(&c->sources, name ? name : "",
					      name ? strlen(name) : 0, NULL);

	if (!e->value) {
		VEC_GROW(s->sources, s->nr_sources, s->alloc_sources);
		s->sources[s->nr_sources++] = (struct stale_source){ .name = name };
		e->value = (void *)(uintptr_t)s->nr_sources;
	}
	return &s->sources[(uintptr_t)e->value - 1];
}

static void note(struct comparison *c, enum stale_state state, const char *name, const char *source,
		 uint64_t sum)
{
	const double share = c->total > 0 ? (double)sum / c->total : 0;
	struct stale_source *of = source_at(c, source);
	struct staleness *s = c->s;

	s->nr[state]++;
	s->share[state] += share;
	of->nr[state]++;
	of->share[state] += share;
	if (state == STALE_MATCHED)
		return;
	VEC_GROW(s->functions, s->nr_functions, s->alloc_functions);
	s->functions[s->nr_functions++] = (struct stale_function){
		.name = arena_strdup(&s->arena, name),
		.source = source,
		.state = state,
		.share = share,
	};
}

/* The best that any of one key is. GCC's hash is of the code above, of the lines below. */
static enum stale_state state_of(const struct comparison *c, const struct prof_func *f,
				 const struct known *k)
{
	enum stale_state state = k ? STALE_CHANGED : STALE_GONE;

	for (; k; k = k->next) {
		if (c->s->by_name || k->record->hash == f->hash)
			return STALE_MATCHED;
		if (c->gcc && k->record->hash >> 32 == f->hash >> 32)
			state = STALE_MOVED;
	}
	return state;
}

static void take_profile(struct comparison *c, const struct profile *p)
{
	for (size_t i = 0; i < p->nr_funcs; i++) {
		const struct prof_func *f = &p->funcs[i];
		const char *key = key_of_profile(c, f), *source = NULL;
		struct hashmap_entry *e = hashmap_find(&c->known, key, strlen(key));
		struct known *k = e ? e->value : NULL;

		if (f->cs) /* of the same functions, as they were after inlining */
			continue;
		for (struct known *at = k; at; at = at->next) {
			at->wanted = true;
			source = source ? source : at->record->source;
		}
		if (!source)
			source = source_in_name(c, f->name);
		if (c->gcc)
			source = source_of_object(c, source);
		note(c, state_of(c, f, k), k && k->record->name ? k->record->name : f->name, source,
		     f->sum);
	}
}

/* Once, however many objects or binaries have it. */
static void take_new(struct comparison *c)
{
	for (size_t i = 0; i < c->known.nr; i++) {
		const struct known *k = c->known.entries[i].value;
		const char *source = k->record->source;

		if (k->wanted)
			continue;
		if (!source && !c->gcc)
			source = source_in_name(c, k->record->name);
		note(c, STALE_NEW, k->record->name, source, 0);
	}
}

static int by_share(const void *a, const void *b)
{
	const struct stale_function *x = a, *y = b;

	if (x->share > y->share || x->share < y->share)
		return x->share > y->share ? -1 : 1;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_lost(const void *a, const void *b)
{
	const struct stale_source *x = a, *y = b;
	double lost_x = stale_lost(x->share);
	double lost_y = stale_lost(y->share);

	if (lost_x > lost_y || lost_x < lost_y)
		return lost_x > lost_y ? -1 : 1;
	return strcmp(x->name ? x->name : "", y->name ? y->name : "");
}

static void sort(struct staleness *s)
{
	if (s->nr_functions)
		qsort(s->functions, s->nr_functions, sizeof(*s->functions), by_share);
	if (s->nr_sources)
		qsort(s->sources, s->nr_sources, sizeof(*s->sources), by_lost);
}

/* Whether the code's counters are those that the profile's family has. */
static int check_family(const struct comparison *c, const struct stale_code *code, size_t nr,
			struct pgo_err *err)
{
	for (size_t i = 0; i < nr; i++)
		for (size_t n = 0; n < code[i].probes.nr_records; n++)
			if (code[i].probes.records[n].gcc == c->gcc)
				return 0;
	if (nr == 1)
		pgo_error(err, PGO_EMISMATCH, "'%s' has no counters of %s's with a name",
			  code[0].path, c->gcc ? "gcc" : "clang");
	else
		pgo_error(err, PGO_EMISMATCH, "no binary has counters of %s's with a name",
			  c->gcc ? "gcc" : "clang");
	return pgo_err_hint(err,
			    "it must be instrumented, with its symbols, by the compiler that "
			    "the profile is for");
}

static int take_kind(const struct profile *p, struct comparison *c, struct pgo_err *err)
{
	switch (p->kind) {
	case PROF_KIND_LLVM_IR:
	case PROF_KIND_LLVM_FE:
	case PROF_KIND_LLVM_CS:
		return 0;
	case PROF_KIND_GCC_ARCS:
		c->gcc = true;
		return 0;
	case PROF_KIND_LLVM_SAMPLE:
		c->s->by_name = true;
		return 0;
	default:
		return pgo_error(
			err, PGO_EUNSUP,
			"of a profile of %s nothing tells whether its functions have changed",
			prof_kind_name(p->kind));
	}
}

int stale_compare(const struct profile *p, const struct stale_code *code, size_t nr,
		  struct staleness *ret, struct pgo_err *err)
{
	PGO_AUTO(staleness) s = STALENESS_INIT;
	struct comparison c = { .s = &s, .total = (double)p->total };
	int r = take_kind(p, &c, err);

	if (!r)
		r = check_family(&c, code, nr, err);
	for (size_t i = 0; !r && i < nr; i++)
		take_code(&c, &code[i].probes);
	if (!r) {
		take_profile(&c, p);
		take_new(&c);
		sort(&s);
	}
	hashmap_release(&c.known);
	hashmap_release(&c.sources);
	hashmap_release(&c.stems);
	if (r)
		return r;
	*ret = s;
	s = (struct staleness)STALENESS_INIT;
	return 0;
}
