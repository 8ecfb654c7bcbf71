/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/diff.h"

#include <math.h>

#include "pgo/base/mem.h"

/* Shares that differ by less are equal: they come from sums of up to 2^64. */
#define ROUNDING 1e-9

void prof_diff_release(struct prof_diff *d)
{
	free(d->funcs);
	*d = (struct prof_diff)PROF_DIFF_INIT;
}

const char *prof_change_name(enum prof_change change)
{
	static const char *const names[] = {
		[PROF_SAME] = "same", [PROF_MOVED] = "moved",	  [PROF_GAINED] = "gained",
		[PROF_LOST] = "lost", [PROF_CHANGED] = "changed",
	};

	return (size_t)change < ARRAY_SIZE(names) ? names[change] : "unknown";
}

static double share(uint64_t count, double total)
{
	return total > 0 ? (double)count / total : 0;
}

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* A walk over the counts of two matched functions, place by place. */
struct pairs {
	const struct prof_func *a, *b;
	size_t i, j;
};

static bool next_pair(struct pairs *p, uint64_t *a, uint64_t *b)
{
	bool more_a = p->i < p->a->nr_counts, more_b = p->j < p->b->nr_counts;
	int order = !more_a - !more_b;

	if (!more_a && !more_b)
		return false;
	if (more_a && more_b && p->a->places && p->b->places)
		order = prof_place_compare(&p->a->places[p->i], &p->b->places[p->j]);
	*a = order <= 0 ? p->a->counts[p->i++] : 0;
	*b = order >= 0 ? p->b->counts[p->j++] : 0;
	return true;
}

/* Two functions, or the whole profiles, by their sums. */
struct score {
	double overlap, difference; /* sums of min and of |a - b| of shares */
	double least, most;	    /* sums of min and max of counts */
};

static void add_score(struct score *s, uint64_t a, uint64_t b, double sum_a, double sum_b)
{
	double x = share(a, sum_a), y = share(b, sum_b);

	s->overlap += smaller(x, y);
	s->difference += fabs(x - y);
	s->least += (double)(a < b ? a : b);
	s->most += (double)(a > b ? a : b);
}

/* What the parts of a comparison share. */
struct diff {
	const struct profile *a, *b;
	struct prof_diff *d;
	double value_sum_a[PROF_NR_VALUE_KINDS], value_sum_b[PROF_NR_VALUE_KINDS];
	struct score samples;
	size_t alloc;
};

static int compare_values(const struct prof_value *a, const struct prof_value *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->site != b->site)
		return a->site < b->site ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

static void add_values(struct diff *c, const struct prof_func *a, const struct prof_func *b)
{
	size_t i = 0, j = 0;

	while (i < a->nr_values && j < b->nr_values) {
		const struct prof_value *x = &a->values[i], *y = &b->values[j];
		int order = compare_values(x, y);

		i += order <= 0;
		j += order >= 0;
		if (!order)
			c->d->value_overlap[x->kind] +=
				smaller(share(x->count, c->value_sum_a[x->kind]),
					share(y->count, c->value_sum_b[x->kind]));
	}
}

static struct prof_diff_func *add_func(struct diff *c, const struct prof_func *a,
				       const struct prof_func *b, enum prof_change change)
{
	const struct prof_func *any = a ? a : b;
	struct prof_diff_func *f;

	VEC_GROW(c->d->funcs, c->d->nr_funcs, c->alloc);
	f = &c->d->funcs[c->d->nr_funcs++];
	*f = (struct prof_diff_func){
		.name = any ? any->name : "",
		.a = a,
		.b = b,
		.change = change,
		.share_a = a ? share(a->sum, (double)c->a->total) : 0,
		.share_b = b ? share(b->sum, (double)c->b->total) : 0,
	};
	return f;
}

static enum prof_change change_of(const struct prof_diff_func *f)
{
	if (!f->a->sum != !f->b->sum)
		return f->b->sum ? PROF_GAINED : PROF_LOST;
	if (fabs(f->share_a - f->share_b) > ROUNDING || (f->a->sum && f->overlap < 1 - ROUNDING))
		return PROF_MOVED;
	return PROF_SAME;
}

static void compare_counts(struct diff *c, struct prof_diff_func *f)
{
	struct pairs pairs = { .a = f->a, .b = f->b };
	struct score whole = { 0 }, own = { 0 };
	uint64_t a, b;

	while (next_pair(&pairs, &a, &b)) {
		add_score(&whole, a, b, (double)c->a->total, (double)c->b->total);
		add_score(&own, a, b, (double)f->a->sum, (double)f->b->sum);
	}
	f->overlap = own.overlap;
	c->d->overlap += whole.overlap;
	c->samples.least += whole.least;
	c->samples.most += whole.most;
	c->d->sample_similarity += (2 - own.difference) / 2 * (1 - fabs(f->share_a - f->share_b)) *
				   (f->share_a + f->share_b) / 2;
	add_values(c, f->a, f->b);
}

static void match(struct diff *c, const struct prof_func *a, const struct prof_func *b)
{
	struct prof_diff_func *f = add_func(c, a, b, PROF_SAME);

	if (c->d->by_function) {
		f->overlap = a->sum && b->sum;
		c->d->overlap += smaller(f->share_a, f->share_b);
	} else {
		compare_counts(c, f);
	}
	f->change = change_of(f);
}

static void add_unmatched(struct diff *c, const struct prof_func *a, const struct prof_func *b)
{
	c->samples.most += (a ? (double)a->sum : 0) + (b ? (double)b->sum : 0);
}

/* Counters with places may be any in number. */
static bool same_code(const struct diff *c, const struct prof_func *a, const struct prof_func *b)
{
	return c->d->by_function || (a->hash == b->hash && a->cs == b->cs &&
				     (a->places || b->places || a->nr_counts == b->nr_counts));
}

/* Leftovers of a name are one function that changed, as far as there are two. */
static void pair_up(struct diff *c, const struct prof_func **a, size_t nr_a,
		    const struct prof_func **b, size_t nr_b)
{
	for (size_t i = 0; i < nr_a || i < nr_b; i++) {
		const struct prof_func *x = i < nr_a ? a[i] : NULL, *y = i < nr_b ? b[i] : NULL;

		add_unmatched(c, x, y);
		c->d->changed += add_func(c, x, y, PROF_CHANGED)->share_b;
	}
}

/* Move what is no NULL to the front. Returns how many those are. */
static size_t close_gaps(const struct prof_func **f, size_t nr)
{
	size_t left = 0;

	for (size_t i = 0; i < nr; i++)
		if (f[i])
			f[left++] = f[i];
	return left;
}

/* All functions of one name. */
static void compare_group(struct diff *c, const struct prof_func **a, size_t nr_a,
			  const struct prof_func **b, size_t nr_b)
{
	for (size_t j = 0; j < nr_b; j++)
		for (size_t i = 0; i < nr_a && b[j]; i++) {
			if (!a[i] || !same_code(c, a[i], b[j]))
				continue;
			match(c, a[i], b[j]);
			a[i] = b[j] = NULL;
		}
	pair_up(c, a, close_gaps(a, nr_a), b, close_gaps(b, nr_b));
}

static int by_name(const void *a, const void *b)
{
	const struct prof_func *x = *(const struct prof_func *const *)a;
	const struct prof_func *y = *(const struct prof_func *const *)b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash) : x->cs - y->cs;
}

static const struct prof_func **sorted(const struct profile *p)
{
	const struct prof_func **all = xcalloc(p->nr_funcs, sizeof(*all));

	for (size_t i = 0; i < p->nr_funcs; i++)
		all[i] = &p->funcs[i];
	if (p->nr_funcs)
		qsort(all, p->nr_funcs, sizeof(*all), by_name);
	return all;
}

static size_t group_end(const struct prof_func **f, size_t nr, size_t i)
{
	size_t end = i;

	while (end < nr && !strcmp(f[end]->name, f[i]->name))
		end++;
	return end;
}

static void only_in_a(struct diff *c, const struct prof_func *f)
{
	add_unmatched(c, f, NULL);
	c->d->only_a += add_func(c, f, NULL, PROF_LOST)->share_a;
}

static void only_in_b(struct diff *c, const struct prof_func *f)
{
	add_unmatched(c, NULL, f);
	c->d->only_b += add_func(c, NULL, f, PROF_GAINED)->share_b;
}

static void compare_all(struct diff *c)
{
	PGO_AUTO_FREE const struct prof_func **a = sorted(c->a);
	PGO_AUTO_FREE const struct prof_func **b = sorted(c->b);
	size_t i = 0, j = 0, nr_a = c->a->nr_funcs, nr_b = c->b->nr_funcs;

	while (i < nr_a || j < nr_b) {
		int order = i == nr_a ? 1 : j == nr_b ? -1 : strcmp(a[i]->name, b[j]->name);
		size_t end_i, end_j;

		if (order < 0) {
			only_in_a(c, a[i++]);
			continue;
		}
		if (order > 0) {
			only_in_b(c, b[j++]);
			continue;
		}
		end_i = group_end(a, nr_a, i);
		end_j = group_end(b, nr_b, j);
		compare_group(c, &a[i], end_i - i, &b[j], end_j - j);
		i = end_i;
		j = end_j;
	}
}

static double change_of_share(const struct prof_diff_func *f)
{
	return fabs(f->share_b - f->share_a);
}

static int by_change(const void *a, const void *b)
{
	const struct prof_diff_func *x = a, *y = b;
	double dx = change_of_share(x), dy = change_of_share(y);

	if (dx != dy)
		return dx < dy ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void sum_values(const struct profile *p, double *sums)
{
	/* Where there are places, sites are numbers in one profile. */
	for (size_t i = 0; i < p->nr_funcs; i++)
		for (size_t j = 0; !p->funcs[i].places && j < p->funcs[i].nr_values; j++)
			sums[p->funcs[i].values[j].kind] += (double)p->funcs[i].values[j].count;
}

static bool is_sample(enum prof_kind kind)
{
	return kind == PROF_KIND_LLVM_SAMPLE || kind == PROF_KIND_GCC_AFDO;
}

/* A context-sensitive profile has the plain counters too. */
static bool same_places(enum prof_kind a, enum prof_kind b)
{
	if (a == PROF_KIND_LLVM_CS)
		a = PROF_KIND_LLVM_IR;
	if (b == PROF_KIND_LLVM_CS)
		b = PROF_KIND_LLVM_IR;
	return a == b;
}

int profile_diff(const struct profile *a, const struct profile *b, struct prof_diff *ret,
		 struct pgo_err *err)
{
	struct diff c = { .a = a, .b = b, .d = ret };

	ret->by_function = !same_places(a->kind, b->kind);
	ret->samples = is_sample(a->kind) && a->kind == b->kind;
	if (ret->by_function && (a->kind == PROF_KIND_GCC_ARCS || b->kind == PROF_KIND_GCC_ARCS))
		return pgo_error(err, PGO_EMISMATCH,
				 "a profile of %s and one of %s have nothing to be compared by",
				 prof_kind_name(a->kind), prof_kind_name(b->kind));
	sum_values(a, c.value_sum_a);
	sum_values(b, c.value_sum_b);
	compare_all(&c);
	for (int k = 0; k < PROF_NR_VALUE_KINDS; k++)
		ret->has_values[k] = c.value_sum_a[k] > 0 && c.value_sum_b[k] > 0;
	ret->sample_overlap = c.samples.most > 0 ? c.samples.least / c.samples.most : 0;
	/* Two profiles without a count have the same shares. */
	if (!a->total && !b->total)
		ret->overlap = ret->sample_overlap = ret->sample_similarity = 1;
	for (size_t i = 0; i < ret->nr_funcs; i++)
		ret->nr[ret->funcs[i].change]++;
	if (ret->nr_funcs)
		qsort(ret->funcs, ret->nr_funcs, sizeof(*ret->funcs), by_change);
	return 0;
}

bool prof_diff_differs(const struct prof_diff *d)
{
	return d->overlap < 1 - ROUNDING || d->nr[PROF_SAME] < d->nr_funcs;
}
