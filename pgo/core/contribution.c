/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/contribution.h"

#include <string.h>

void contributions_init(struct contributions *c, size_t nr_workloads)
{
	*c = (struct contributions){ .names = ARENA_INIT, .nr_workloads = nr_workloads };
}

void contributions_release(struct contributions *c)
{
	arena_release(&c->names);
	hashmap_release(&c->functions);
	free(c->sums);
}

/* The row of a function, by its name: where inlining or templates give one name twice, of both. */
static double *row_of(struct contributions *c, const char *name)
{
	const size_t len = strlen(name), nr = c->functions.nr;
	struct hashmap_entry *e = hashmap_find(&c->functions, name, len);

	if (e)
		return c->sums + (uintptr_t)e->value * c->nr_workloads;
	if (nr == c->alloc) {
		c->alloc = nr ? 2 * nr : 256;
		c->sums = xrealloc_array(c->sums, c->alloc, c->nr_workloads * sizeof(*c->sums));
	}
	e = hashmap_put(&c->functions, arena_strdup(&c->names, name), len, NULL);
	e->value = (void *)(uintptr_t)nr;
	memset(c->sums + nr * c->nr_workloads, 0, c->nr_workloads * sizeof(*c->sums));
	return c->sums + nr * c->nr_workloads;
}

void contributions_add(struct contributions *c, size_t i, const struct profile *p)
{
	for (size_t f = 0; f < p->nr_funcs; f++)
		if (p->funcs[f].sum)
			row_of(c, p->funcs[f].name)[i] += (double)p->funcs[f].sum;
}

static double weighted(const struct contributions *c, size_t row, const double *weights, size_t but)
{
	const double *sums = c->sums + row * c->nr_workloads;
	double total = 0;

	for (size_t i = 0; i < c->nr_workloads; i++)
		if (i != but)
			total += weights[i] * sums[i];
	return total;
}

/* Of the merged profile with the one that workload but is left out of. */
static double overlap_without(const struct contributions *c, const double *weights, size_t but)
{
	double all = 0, rest = 0, overlap = 0;

	for (size_t f = 0; f < c->functions.nr; f++) {
		all += weighted(c, f, weights, SIZE_MAX);
		rest += weighted(c, f, weights, but);
	}
	for (size_t f = 0; rest > 0 && f < c->functions.nr; f++) {
		double x = weighted(c, f, weights, SIZE_MAX) / all;
		double y = weighted(c, f, weights, but) / rest;

		overlap += x < y ? x : y;
	}
	return overlap;
}

void contributions_finish(const struct contributions *c, const double *weights,
			  struct contribution *ret)
{
	for (size_t i = 0; i < c->nr_workloads; i++) {
		ret[i] = (struct contribution){ .without = overlap_without(c, weights, i) };
		for (size_t f = 0; f < c->functions.nr; f++)
			ret[i].only += c->sums[f * c->nr_workloads + i] > 0 &&
				       weighted(c, f, weights, i) <= 0;
	}
}
