/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/losses.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pgo/base/fs.h"
#include "pgo/base/hashmap.h"
#include "pgo/core/stale.h"
#include "profiles/format.h"

void losses_release(struct losses *l)
{
	for (size_t i = 0; i < l->nr; i++) {
		free(l->v[i].function);
		free(l->v[i].file);
	}
	free(l->v);
	*l = (struct losses)LOSSES_INIT;
}

/* Counts by function; GCC's by the names that the instrumented stage has for their numbers. */
struct weights {
	struct profile profile;
	struct arena arena;
	struct hashmap sums; /* value: double * */
};

static void weights_release(struct weights *w)
{
	hashmap_release(&w->sums);
	arena_release(&w->arena);
	profile_release(&w->profile);
}
PGO_DEFINE_AUTO(weights, weights_release)

static void add_sum(struct weights *w, const char *name, uint64_t sum)
{
	struct hashmap_entry *e = hashmap_put(&w->sums, name, strlen(name), NULL);

	if (!e->value)
		e->value = arena_zalloc(&w->arena, 1, sizeof(double));
	*(double *)e->value += (double)sum;
}

/* The names of numbers. */
static void add_names(struct hashmap *names, struct arena *arena, const struct probes *p)
{
	for (size_t i = 0; i < p->nr_records; i++) {
		PGO_AUTO_FREE char *number = xstrfmt("%" PRIu32, p->records[i].ident);
		struct hashmap_entry *e;

		if (!p->records[i].gcc)
			continue;
		e = hashmap_put(names, arena_strdup(arena, number), strlen(number), NULL);
		e->value = arena_strdup(arena, p->records[i].name);
	}
}

static void add_gcc(const struct project *p, struct weights *w)
{
	PGO_AUTO(hashmap) names = HASHMAP_INIT;
	PGO_AUTO(stage) s = STAGE_INIT;

	if (stage_load(p, STAGE_INSTRUMENTED, &s, NULL))
		return;
	for (size_t i = 0; i < s.artifacts.nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(s.out, s.artifacts.v[i]);
		PGO_AUTO(probes) probes = PROBES_INIT;

		if (!probes_read(path, &probes, NULL))
			add_names(&names, &w->arena, &probes);
	}
	for (size_t i = 0; i < w->profile.nr_funcs; i++) {
		const struct prof_func *f = &w->profile.funcs[i];
		const char *number = prof_name_alone(f->name, true);
		const struct hashmap_entry *e = hashmap_find(&names, number, strlen(number));

		if (e)
			add_sum(w, e->value, f->sum);
	}
}

static int weights_read(const struct project *p, const char *path, struct weights *w,
			struct pgo_err *err)
{
	const struct prof_read_opts opts = { .llvm_major = p->cc.llvm_major };
	int ret = prof_read(path, &opts, &w->profile, err);

	if (ret)
		return ret;
	if (w->profile.kind == PROF_KIND_GCC_ARCS)
		add_gcc(p, w);
	for (size_t i = 0; w->profile.kind != PROF_KIND_GCC_ARCS && i < w->profile.nr_funcs; i++)
		add_sum(w, w->profile.funcs[i].name, w->profile.funcs[i].sum);
	return 0;
}

/* LLVM's message has a static function without its file. */
static double share_of(const struct weights *w, const char *function, const char *file)
{
	PGO_AUTO_FREE char *local = file ? xstrfmt("%s;%s", file, function) : NULL;
	const struct hashmap_entry *e = hashmap_find(&w->sums, function, strlen(function));

	if (!e && local)
		e = hashmap_find(&w->sums, local, strlen(local));
	if (!e || !w->profile.total)
		return NAN;
	return *(const double *)e->value / (double)w->profile.total;
}

struct reading {
	struct losses *l;
	const struct weights *w;
	struct arena arena;
	struct hashmap seen; /* kind, function and file */
};

static void take(struct reading *r, struct profile_complaint *c)
{
	PGO_AUTO_FREE char *key = xstrfmt("%d %s %s", (int)c->kind, c->function,
					  c->file ? c->file : "");
	struct losses *l = r->l;
	struct loss *one;
	bool is_new;

	hashmap_put(&r->seen, arena_strdup(&r->arena, key), strlen(key), &is_new);
	if (!is_new)
		return;
	VEC_GROW(l->v, l->nr, l->alloc);
	one = &l->v[l->nr++];
	*one = (struct loss){ .kind = c->kind, .share = share_of(r->w, c->function, c->file) };
	one->function = TAKE_PTR(c->function);
	one->file = TAKE_PTR(c->file);
	if (c->kind != PROFILE_WARN_MISMATCH)
		return;
	l->nr_lost++;
	l->nr_unknown += isnan(one->share);
	l->share += isnan(one->share) ? 0 : one->share;
}

static int by_share(const void *a, const void *b)
{
	const struct loss *x = a, *y = b;

	if (isnan(x->share) != isnan(y->share))
		return isnan(x->share) ? 1 : -1;
	if (x->share > y->share || x->share < y->share)
		return x->share > y->share ? -1 : 1;
	return strcmp(x->function, y->function);
}

static bool said_nothing(const struct stage *s)
{
	uint64_t nr = 0;

	for (int i = 0; i < PROFILE_WARN_NR; i++)
		nr += s->calls.warnings[i];
	return !nr;
}

int losses_read(const struct project *p, const struct stage *s, const char *path,
		struct losses *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *log = fs_join(s->dir, "build.log");
	PGO_AUTO(losses) l = LOSSES_INIT;
	PGO_AUTO(weights) w = { .profile = PROFILE_INIT, .arena = ARENA_INIT };
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct reading reading = { .l = &l, .w = &w, .arena = ARENA_INIT };
	char *save = NULL;
	int r = 0;

	if (said_nothing(s))
		return 0;
	r = fs_read_file(log, &text, err);
	if (!r)
		r = weights_read(p, path, &w, err);
	if (r)
		return r;
	for (char *line = strtok_r(text.buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		PGO_AUTO(profile_complaint) c = { 0 };

		if (profile_complaint_parse(line, &c))
			take(&reading, &c);
	}
	arena_release(&reading.arena);
	hashmap_release(&reading.seen);
	if (l.nr)
		qsort(l.v, l.nr, sizeof(*l.v), by_share);
	*ret = l;
	l = (struct losses)LOSSES_INIT;
	return 0;
}
