/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/audit.h"

#include <stdlib.h>
#include <string.h>

#include "pgo/core/audit-origin.h"

/* A compiler and the bytes of its code that has probes. */
struct maker {
	const char *name;
	uint64_t bytes;
};

/* What is put together while functions are looked at. */
struct builder {
	struct audit *a;
	struct audit_origins origins;
	struct hashmap groups;	/* of the texts of a group, to its index + 1 */
	struct hashmap texts;	/* in the audit's arena */
	struct hashmap objects; /* of what was compiled at once, to struct audit_sum: with probes */
	struct arena arena;
	const struct audit_input **inputs; /* by group */
	struct maker *makers;
	size_t nr_makers, alloc_makers;
};
#define BUILDER_INIT(a_) { .a = (a_), .origins = AUDIT_ORIGINS_INIT }

static void builder_release(struct builder *b)
{
	audit_origins_release(&b->origins);
	hashmap_release(&b->groups);
	hashmap_release(&b->texts);
	hashmap_release(&b->objects);
	arena_release(&b->arena);
	free(b->inputs);
	free(b->makers);
}
PGO_DEFINE_AUTO(builder, builder_release)

void audit_release(struct audit *a)
{
	free(a->path);
	free(a->groups);
	free(a->functions);
	free(a->findings);
	probes_release(&a->probes);
	arena_release(&a->arena);
	*a = (struct audit)AUDIT_INIT;
}

static const char *keep(struct builder *b, const char *text)
{
	struct hashmap_entry *e;

	if (!text)
		return NULL;
	e = hashmap_find(&b->texts, text, strlen(text));
	if (!e) {
		char *copy = arena_strdup(&b->a->arena, text);

		e = hashmap_put(&b->texts, copy, strlen(copy), NULL);
		e->value = copy;
	}
	return e->value;
}

static size_t group_of(struct builder *b, const struct audit_origin *o)
{
	const char *const texts[] = { keep(b, o->file), keep(b, o->member), keep(b, o->source),
				      keep(b, o->language), keep(b, o->compiler) };
	struct audit *a = b->a;
	struct hashmap_entry *e = hashmap_find(&b->groups, texts, sizeof(texts));
	void *key;

	if (e)
		return (size_t)(uintptr_t)e->value - 1;
	key = arena_alloc(&a->arena, 1, sizeof(texts));
	memcpy(key, texts, sizeof(texts));
	e = hashmap_put(&b->groups, key, sizeof(texts), NULL);
	if (a->nr_groups == a->alloc_groups) {
		const size_t nr = a->nr_groups ? 2 * a->nr_groups : 8;

		a->groups = xrealloc_array(a->groups, nr, sizeof(*a->groups));
		b->inputs = xrealloc_array(b->inputs, nr, sizeof(*b->inputs));
		a->alloc_groups = nr;
	}
	a->groups[a->nr_groups] = (struct audit_group){
		.file = texts[0],
		.member = texts[1],
		.source = texts[2],
		.language = texts[3],
		.compiler = texts[4],
	};
	b->inputs[a->nr_groups] = o->input;
	e->value = (void *)(uintptr_t)++a->nr_groups;
	return a->nr_groups - 1;
}

static void add(struct audit_sum *sum, const struct probes_function *f)
{
	sum->functions += !f->part;
	sum->bytes += f->bytes;
}

static void add_maker(struct builder *b, const char *name, uint64_t bytes)
{
	size_t i = 0;

	while (i < b->nr_makers && b->makers[i].name != name)
		i++;
	if (i == b->nr_makers) {
		VEC_GROW(b->makers, b->nr_makers, b->alloc_makers);
		b->makers[b->nr_makers++] = (struct maker){ .name = name };
	}
	b->makers[i].bytes += bytes;
}

static void take(struct builder *b, const struct probes_function *f)
{
	struct audit *a = b->a;
	struct audit_origin o;
	struct audit_group *g;
	size_t i;

	audit_origin_of(&b->origins, f, &o);
	if (f->state == PROBES_NONE && (o.is_runtime || audit_is_generated(f->name))) {
		add(o.is_runtime ? &a->runtime : &a->generated, f);
		return;
	}
	a->has_libc |= !strcmp(f->name, "__libc_start_main");
	i = group_of(b, &o);
	g = &a->groups[i];
	switch (f->state) {
	case PROBES_THERE:
		add(&g->probed, f);
		add(&a->probed, f);
		if (g->compiler)
			add_maker(b, g->compiler, f->bytes);
		return;
	case PROBES_AMBIGUOUS:
		add(&g->ambiguous, f);
		add(&a->ambiguous, f);
		return;
	case PROBES_NONE:
		break;
	}
	add(&g->bare, f);
	add(&a->bare, f);
	VEC_GROW(a->functions, a->nr_functions, a->alloc_functions);
	a->functions[a->nr_functions++] = (struct audit_function){ f, i };
}

/* What is told as one: an archive, an object, else a source. */
static const char *subject_of(const struct audit_group *g)
{
	return g->file ? g->file : g->source;
}

/* Of the subject as a whole. */
struct subject {
	uint64_t probed;  /* functions */
	uint64_t largest; /* bare bytes of the group that the cause is of */
	struct audit_finding finding;
};

/* Functions with probes of what was compiled at once. */
static uint64_t *object_of(struct builder *b, const struct audit_group *g)
{
	const char *const texts[] = { g->file, g->member, g->file ? NULL : g->source };
	void *key = arena_alloc(&b->arena, 1, sizeof(texts));
	struct hashmap_entry *e;

	memcpy(key, texts, sizeof(texts));
	e = hashmap_put(&b->objects, key, sizeof(texts), NULL);
	if (!e->value)
		e->value = arena_zalloc(&b->arena, 1, sizeof(uint64_t));
	return e->value;
}

static enum audit_cause cause_of(struct builder *b, size_t i)
{
	const struct audit_group *g = &b->a->groups[i];
	const struct audit_input *in = b->inputs[i];

	if (g->language && !strcmp(g->language, "assembly"))
		return AUDIT_ASSEMBLY;
	if (!subject_of(g))
		return AUDIT_UNKNOWN;
	if (*object_of(b, g))
		return AUDIT_FUNCTION;
	if (in && in->is_system)
		return AUDIT_SYSTEM;
	if (g->compiler && b->a->compiler && g->compiler != b->a->compiler)
		return AUDIT_OTHER_COMPILER;
	return in && in->is_old ? AUDIT_BEFORE_BUILD : AUDIT_WITHOUT_FLAG;
}

static void add_to_subject(struct subject *s, const struct audit_group *g)
{
	struct audit_finding *f = &s->finding;

	f->bare.functions += g->bare.functions;
	f->bare.bytes += g->bare.bytes;
	if (g->bare.bytes < s->largest)
		return;
	s->largest = g->bare.bytes;
	f->cause = g->cause;
	f->compiler = g->compiler;
	f->language = g->language;
	f->is_archive = g->member != NULL;
}

static int by_bare(const void *a, const void *b)
{
	const struct audit_finding *x = a, *y = b;

	if (x->bare.bytes != y->bare.bytes)
		return x->bare.bytes > y->bare.bytes ? -1 : 1;
	if (!x->what || !y->what)
		return (x->what == NULL) - (y->what == NULL);
	return strcmp(x->what, y->what);
}

/* Subjects by their names' pointers, which are one a text. */
static struct subject *subject(struct hashmap *map, struct arena *arena, const char *name)
{
	const char **key = arena_alloc(arena, 1, sizeof(*key));
	struct hashmap_entry *e;

	*key = name;
	e = hashmap_put(map, key, sizeof(*key), NULL);
	if (!e->value) {
		struct subject *s = arena_zalloc(arena, 1, sizeof(*s));

		s->finding.what = name;
		e->value = s;
	}
	return e->value;
}

/* Groups into what is told as one. */
static void unite(struct builder *b, struct hashmap *subjects)
{
	struct audit *a = b->a;

	for (size_t i = 0; i < a->nr_groups; i++) {
		const struct audit_group *g = &a->groups[i];

		*object_of(b, g) += g->probed.functions;
		subject(subjects, &b->arena, subject_of(g))->probed += g->probed.functions;
	}
	for (size_t i = 0; i < a->nr_groups; i++) {
		struct audit_group *g = &a->groups[i];

		if (!g->bare.bytes)
			continue;
		g->cause = cause_of(b, i);
		add_to_subject(subject(subjects, &b->arena, subject_of(g)), g);
	}
}

static void find(struct builder *b)
{
	PGO_AUTO(hashmap) subjects = HASHMAP_INIT;
	struct audit *a = b->a;

	unite(b, &subjects);
	for (size_t i = 0; i < subjects.nr; i++) {
		struct subject *s = subjects.entries[i].value;
		struct audit_finding *f = &s->finding;

		if (!f->bare.bytes)
			continue;
		f->whole = !s->probed && f->what;
		f->share = (double)f->bare.bytes / (double)(a->probed.bytes + a->bare.bytes);
		VEC_GROW(a->findings, a->nr_findings, a->alloc_findings);
		a->findings[a->nr_findings++] = *f;
	}
	if (a->nr_findings)
		qsort(a->findings, a->nr_findings, sizeof(*a->findings), by_bare);
}

/* Of most of the code with probes. */
static void find_compiler(struct builder *b)
{
	uint64_t most = 0;

	for (size_t i = 0; i < b->nr_makers; i++)
		if (b->makers[i].bytes > most) {
			most = b->makers[i].bytes;
			b->a->compiler = b->makers[i].name;
		}
}

static int by_size(const void *a, const void *b)
{
	const struct audit_function *x = a, *y = b;

	if (x->f->bytes != y->f->bytes)
		return x->f->bytes > y->f->bytes ? -1 : 1;
	return (x->f->start > y->f->start) - (x->f->start < y->f->start);
}

static int by_group(const void *a, const void *b)
{
	const struct audit_group *const *x = a, *const *y = b;

	if ((*x)->bare.bytes != (*y)->bare.bytes)
		return (*x)->bare.bytes > (*y)->bare.bytes ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

/* The groups in order; the functions follow them to their new places. */
static void order(struct audit *a)
{
	struct audit_group *old = a->groups;
	PGO_AUTO_FREE const struct audit_group **v = xcalloc(a->nr_groups + 1, sizeof(*v));
	PGO_AUTO_FREE size_t *place = xcalloc(a->nr_groups + 1, sizeof(*place));

	a->groups = xcalloc(a->nr_groups + 1, sizeof(*a->groups));
	for (size_t i = 0; i < a->nr_groups; i++)
		v[i] = &old[i];
	if (a->nr_groups)
		qsort(v, a->nr_groups, sizeof(*v), by_group);
	for (size_t i = 0; i < a->nr_groups; i++) {
		a->groups[i] = *v[i];
		place[v[i] - old] = i;
	}
	free(old);
	for (size_t i = 0; i < a->nr_functions; i++)
		a->functions[i].group = place[a->functions[i].group];
	if (a->nr_functions)
		qsort(a->functions, a->nr_functions, sizeof(*a->functions), by_size);
}

static int check_map(const struct builder *b, const struct audit_opts *opts, struct pgo_err *err)
{
	const struct probes *p = &b->a->probes;
	const struct link_map *m = &b->origins.map;

	if (!opts->map ||
	    (m->text_start == p->text_start && m->text_bytes == p->text_section_bytes))
		return 0;
	pgo_error(err, PGO_EMISMATCH, "'%s' is not the map of '%s': their .text differ", opts->map,
		  b->a->path);
	return pgo_err_hint(err, "link it again with -Wl,-Map=FILE");
}

int audit_read(const char *path, const struct audit_opts *opts, struct audit *ret,
	       struct pgo_err *err)
{
	PGO_AUTO(audit) a = AUDIT_INIT;
	PGO_AUTO(builder) b = BUILDER_INIT(&a);
	int r = probes_read(path, &a.probes, err);

	if (r)
		return r;
	if (!a.probes.is_linked) {
		pgo_error(err, PGO_EUSAGE, "'%s' is no program or shared object", path);
		return pgo_err_hint(err, "name what it was linked into");
	}
	a.path = xstrdup(path);
	b.origins.arena = &a.arena;
	b.origins.opts = opts;
	r = audit_origins_read(&b.origins, path, err);
	if (!r)
		r = check_map(&b, opts, err);
	if (r)
		return r;
	for (size_t i = 0; i < a.probes.nr_functions; i++)
		take(&b, &a.probes.functions[i]);
	for (size_t i = 0; i < a.probes.nr_labels; i++)
		a.nr_labels += !audit_is_runtime(&a.probes.labels[i]);
	find_compiler(&b);
	find(&b);
	order(&a);
	*ret = a;
	a = (struct audit)AUDIT_INIT;
	return 0;
}
