/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/represent.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pgo/core/merge.h"
#include "pgo/core/train.h"
#include "pgo/stats/simplex-fit.h"
#include "profiles/format.h"

void production_release(struct production *p)
{
	hashmap_release(&p->functions);
	arena_release(&p->arena);
	free(p->program);
	*p = (struct production)PRODUCTION_INIT;
}

/* "f.constprop.0", "f.cold", "f.llvm.12": f, of which these are copies and parts. */
static size_t plain_length(const char *name)
{
	static const char *const added[] = { ".cold",  ".part.",     ".isra.",	".constprop.",
					     ".llvm.", ".lto_priv.", ".__uniq." };
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(added); i++) {
		const char *at = strstr(name + (*name != '\0'), added[i]);

		if (at && (size_t)(at - name) < len)
			len = (size_t)(at - name);
	}
	return len;
}

static void add_samples(struct production *p, const char *name, uint64_t nr)
{
	PGO_AUTO_FREE char *plain = xstrndup(name, plain_length(name));
	struct hashmap_entry *e = hashmap_find(&p->functions, plain, strlen(plain));

	if (!e) {
		e = hashmap_put(&p->functions, arena_strdup(&p->arena, plain), strlen(plain), NULL);
		e->value = arena_zalloc(&p->arena, 1, sizeof(double));
	}
	*(double *)e->value += (double)nr;
	p->in_program += (double)nr;
}

int production_read(struct production *p, const char *recording,
		    const struct sample_image_opts *opts, struct pgo_err *err)
{
	const struct samples_opts so = { 0 };
	PGO_AUTO(sample_target) target = SAMPLE_TARGET_INIT;
	PGO_AUTO(sample_names) names = { 0 };
	PGO_AUTO(samples) s = { 0 };
	int ret = prof_read_samples(recording, &so, &s, err);

	if (!ret)
		ret = sample_target_find(&s, opts, &target, err);
	if (ret)
		return ret;
	free(p->program);
	p->program = xstrdup(target.path);
	sample_names_init(&names, &s, opts);
	for (size_t i = 0; i < s.nr_addresses; i++) {
		PGO_AUTO(strbuf) name = STRBUF_INIT;

		if (!target.wanted[sample_loc_binary(s.addresses[i].loc)])
			continue;
		sample_names_add(&names, s.addresses[i].loc, false, &name);
		add_samples(p, name.buf, s.addresses[i].count);
	}
	p->samples += s.tally.samples;
	return 0;
}

void representation_release(struct representation *r)
{
	free(r->functions);
	*r = (struct representation)REPRESENTATION_INIT;
}

/* Source: crc32_string of libiberty, coverage_compute_profile_id of gcc/coverage.cc. */
static uint32_t gcc_ident(const char *name)
{
	uint32_t crc = 0;

	for (size_t n = 0; n <= strlen(name); n++) {
		crc ^= (uint32_t)(uint8_t)name[n] << 24;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & UINT32_C(0x80000000) ? UINT32_C(0x04c11db7) : 0);
	}
	crc &= INT32_MAX;
	return crc ? crc : 1;
}

/* As a profile's name is looked for: that of a function, or GCC's number. */
static char *production_key(const char *name, bool gcc)
{
	return gcc ? xstrfmt("%" PRIu32, gcc_ident(name)) : xstrdup(name);
}

/* Counts of training by key; value: double *. */
struct trained {
	struct arena arena;
	struct hashmap sums;
	bool gcc;
	double total;
};

static void trained_release(struct trained *t)
{
	hashmap_release(&t->sums);
	arena_release(&t->arena);
}
PGO_DEFINE_AUTO(trained, trained_release)

static void trained_read(struct trained *t, const struct profile *p)
{
	t->gcc = p->kind == PROF_KIND_GCC_ARCS;
	for (size_t i = 0; i < p->nr_funcs; i++) {
		const char *key = prof_name_alone(p->funcs[i].name, t->gcc);
		const size_t len = plain_length(key);
		struct hashmap_entry *e = hashmap_put(&t->sums, key, len, NULL);

		if (!e->value)
			e->value = arena_zalloc(&t->arena, 1, sizeof(double));
		*(double *)e->value += (double)p->funcs[i].sum;
		t->total += (double)p->funcs[i].sum;
	}
}

static const double *trained_find(const struct trained *t, const char *name)
{
	PGO_AUTO_FREE char *key = production_key(name, t->gcc);
	const struct hashmap_entry *e = hashmap_find(&t->sums, key, strlen(key));

	return e ? e->value : NULL;
}

static int by_production(const void *a, const void *b)
{
	const struct represented *x = a, *y = b;

	if (x->production > y->production || x->production < y->production)
		return x->production > y->production ? -1 : 1;
	return strcmp(x->name, y->name);
}

void represent_compare(const struct profile *training, const struct production *production,
		       struct representation *ret)
{
	PGO_AUTO(trained) t = { .arena = ARENA_INIT };
	double named = 0;

	trained_read(&t, training);
	ret->functions = xcalloc(production->functions.nr, sizeof(*ret->functions));
	for (size_t i = 0; i < production->functions.nr; i++) {
		const struct hashmap_entry *e = &production->functions.entries[i];
		struct represented *f = &ret->functions[ret->nr_functions++];
		const double *sum = trained_find(&t, e->key);

		f->name = e->key;
		f->production = *(const double *)e->value / production->in_program;
		f->training = sum && t.total > 0 ? *sum / t.total : 0;
		f->known = sum;
		named += f->training;
		ret->overlap += f->training < f->production ? f->training : f->production;
		if (f->training > 0)
			continue;
		ret->nr_untrained++;
		ret->untrained += f->production;
	}
	ret->unnamed = t.gcc && named < 1 ? 1 - named : 0;
	qsort(ret->functions, ret->nr_functions, sizeof(*ret->functions), by_production);
}

void represent_fit_release(struct represent_fit *f)
{
	free(f->v);
	*f = (struct represent_fit){ 0 };
}

/* The shares of each workload's counts, and of production's samples, by what both may name. */
struct columns {
	double *shares;	    /* functions * workloads */
	double *production; /* functions */
	double *totals;	    /* workloads */
	size_t nr_functions, nr_workloads;
};

static void columns_release(struct columns *c)
{
	free(c->shares);
	free(c->production);
	free(c->totals);
}
PGO_DEFINE_AUTO(columns, columns_release)

/* Rows of c that have the same key, and samples of its function, are one. */
static void columns_make(const struct contributions *c, const struct production *production,
			 bool gcc, struct columns *ret)
{
	const size_t nr = c->nr_workloads, most = c->functions.nr + production->functions.nr;
	PGO_AUTO(hashmap) rows = HASHMAP_INIT;
	struct arena arena = ARENA_INIT;

	*ret = (struct columns){ .nr_workloads = nr };
	ret->shares = xcalloc(most + 1, nr * sizeof(*ret->shares));
	ret->production = xcalloc(most + 1, sizeof(*ret->production));
	ret->totals = xcalloc(nr, sizeof(*ret->totals));
	for (size_t f = 0; f < c->functions.nr; f++) {
		const char *key = prof_name_alone(c->functions.entries[f].key, gcc);
		struct hashmap_entry *e = hashmap_put(&rows, key, plain_length(key), NULL);

		if (!e->value)
			e->value = (void *)(uintptr_t)++ret->nr_functions;
		for (size_t i = 0; i < nr; i++) {
			ret->shares[((uintptr_t)e->value - 1) * nr + i] += c->sums[f * nr + i];
			ret->totals[i] += c->sums[f * nr + i];
		}
	}
	for (size_t f = 0; f < production->functions.nr; f++) {
		const struct hashmap_entry *from = &production->functions.entries[f];
		PGO_AUTO_FREE char *key = production_key(from->key, gcc);
		struct hashmap_entry *e = hashmap_put(&rows, arena_strdup(&arena, key), strlen(key),
						      NULL);

		if (!e->value)
			e->value = (void *)(uintptr_t)++ret->nr_functions;
		ret->production[(uintptr_t)e->value - 1] += *(const double *)from->value /
							    production->in_program;
	}
	for (size_t f = 0; f < ret->nr_functions; f++)
		for (size_t i = 0; i < nr; i++)
			if (ret->totals[i] > 0)
				ret->shares[f * nr + i] /= ret->totals[i];
	arena_release(&arena);
}

static double overlap_of(const struct columns *c, const double *shares)
{
	double overlap = 0;

	for (size_t f = 0; f < c->nr_functions; f++) {
		double x = 0;

		for (size_t i = 0; i < c->nr_workloads; i++)
			x += shares[i] * c->shares[f * c->nr_workloads + i];
		overlap += x < c->production[f] ? x : c->production[f];
	}
	return overlap;
}

/* The overlap of the mixture at[], by function, once step is moved from one workload to another. */
static double overlap_moved(const struct columns *c, const double *at, size_t from, size_t to,
			    double step)
{
	double overlap = 0;

	for (size_t f = 0; f < c->nr_functions; f++) {
		const double *row = &c->shares[f * c->nr_workloads];
		double x = at[f] + step * (row[to] - row[from]);

		overlap += x < c->production[f] ? x : c->production[f];
	}
	return overlap;
}

static void move(const struct columns *c, double *shares, double *at, size_t from, size_t to,
		 double step)
{
	shares[from] -= step;
	shares[to] += step;
	for (size_t f = 0; f < c->nr_functions; f++) {
		const double *row = &c->shares[f * c->nr_workloads];

		at[f] += step * (row[to] - row[from]);
	}
}

/*
 * The overlap is concave in the shares, but not smooth: moved from one workload to another, in ever
 * smaller steps, as long as that brings more.
 */
static void climb(const struct columns *c, double *shares)
{
	const size_t nr = c->nr_workloads;
	PGO_AUTO_FREE double *at = xcalloc(c->nr_functions + 1, sizeof(*at));
	double best = overlap_of(c, shares);

	for (size_t f = 0; f < c->nr_functions; f++)
		for (size_t i = 0; i < nr; i++)
			at[f] += shares[i] * c->shares[f * nr + i];
	for (int halvings = 1; halvings <= 13; halvings++) {
		const double step = 1.0 / (1 << halvings);

		for (size_t k = 0, idle = 0; idle < nr * nr; k = (k + 1) % (nr * nr)) {
			size_t from = k / nr, to = k % nr;
			double part = step < shares[from] ? step : shares[from];
			double there = from != to && part > 0 ? overlap_moved(c, at, from, to, part)
							      : best;

			idle++;
			if (there <= best + 1e-9)
				continue;
			best = there;
			idle = 0;
			move(c, shares, at, from, to, part);
		}
	}
}

/* From the mixture that is nearest by squares, unless one workload alone is better. */
static void best_overlap(const struct columns *c, double *shares)
{
	const size_t nr = c->nr_workloads;
	PGO_AUTO_FREE double *one = xcalloc(nr, sizeof(*one));
	double best = overlap_of(c, shares);

	for (size_t i = 0; i < nr; i++) {
		memset(one, 0, nr * sizeof(*one));
		one[i] = 1;
		if (overlap_of(c, one) <= best)
			continue;
		best = overlap_of(c, one);
		memcpy(shares, one, nr * sizeof(*one));
	}
	climb(c, shares);
}

static void best_shares(const struct columns *c, double *ret)
{
	const size_t nr = c->nr_workloads;
	PGO_AUTO_FREE double *gram = xcalloc(nr * nr, sizeof(*gram));
	PGO_AUTO_FREE double *rhs = xcalloc(nr, sizeof(*rhs));

	for (size_t f = 0; f < c->nr_functions; f++)
		for (size_t i = 0; i < nr; i++) {
			rhs[i] += c->shares[f * nr + i] * c->production[f];
			for (size_t j = 0; j < nr; j++)
				gram[i * nr + j] += c->shares[f * nr + i] * c->shares[f * nr + j];
		}
	simplex_fit(gram, rhs, nr, ret);
	best_overlap(c, ret);
}

/* Weights in the proportion of shares by counts, the largest as large as it is now. */
static void take_weights(const struct columns *c, const double *fit, struct represent_fit *ret)
{
	double most = 0, most_now = 0;

	for (size_t i = 0; i < ret->nr; i++) {
		struct represent_weight *w = &ret->v[i];

		w->fit_share = fit[i];
		w->fit_weight = c->totals[i] > 0 ? fit[i] / c->totals[i] : 0;
		most = w->fit_weight > most ? w->fit_weight : most;
		most_now = w->weight > most_now ? w->weight : most_now;
	}
	for (size_t i = 0; most > 0 && i < ret->nr; i++)
		ret->v[i].fit_weight = ret->v[i].fit_weight / most * most_now;
}

static void fit(const struct columns *c, const struct training *t, struct represent_fit *ret)
{
	PGO_AUTO_FREE double *now = xcalloc(c->nr_workloads, sizeof(*now));
	PGO_AUTO_FREE double *best = xcalloc(c->nr_workloads, sizeof(*best));
	double all = 0;

	ret->nr = c->nr_workloads;
	ret->v = xcalloc(ret->nr, sizeof(*ret->v));
	for (size_t i = 0; i < ret->nr; i++) {
		ret->v[i].workload = t->workloads[i].workload->name;
		ret->v[i].weight = t->workloads[i].workload->weight;
		now[i] = ret->v[i].weight * c->totals[i];
		all += now[i];
	}
	for (size_t i = 0; i < ret->nr; i++) {
		now[i] = all > 0 ? now[i] / all : 0;
		ret->v[i].share = now[i];
	}
	best_shares(c, best);
	ret->overlap = overlap_of(c, now);
	ret->fit_overlap = overlap_of(c, best);
	take_weights(c, best, ret);
}

int represent_fit_weights(struct project *p, const struct production *production,
			  struct represent_fit *ret, struct pgo_err *err)
{
	PGO_AUTO(training) t = TRAINING_INIT;
	PGO_AUTO(columns) columns = { 0 };
	struct contributions c;
	int r = training_load(p, &t, err);

	if (r)
		return r;
	if (t.nr_workloads < 2)
		return pgo_error(err, PGO_EUNSUP, "one workload alone has no weight to be found");
	contributions_init(&c, t.nr_workloads);
	r = merge_contributions(p, &t, &c, err);
	if (!r) {
		columns_make(&c, production, !strcmp(p->compiler->raw_format, "gcda"), &columns);
		fit(&columns, &t, ret);
	}
	contributions_release(&c);
	return r;
}
