/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/step.h"

#include "pgo/base/mem.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/signed-rank.h"

struct point {
	double value;
	size_t index;
};

static int by_value(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* Twice the mid-ranks: whole numbers also where values tie. */
static void double_ranks(const double *v, size_t n, size_t *ranks)
{
	PGO_AUTO_FREE struct point *sorted = xcalloc(n, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct point){ v[i], i };
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && sorted[end].value == sorted[i].value; end++)
			;
		for (size_t k = i; k < end; k++)
			ranks[sorted[k].index] = i + 1 + end;
	}
}

/*
 * The largest squared standard score of a rank sum over all splits, up to a
 * factor that all orders share: ties shrink every split's variance alike.
 */
static double most_extreme(const size_t *ranks, size_t n, size_t *at)
{
	double sum = 0, best = -1;

	for (size_t k = 1; k + STEP_MIN_SIDE <= n; k++) {
		double before = (double)k, excess, score;

		sum += (double)ranks[k - 1];
		if (k < STEP_MIN_SIDE)
			continue;
		excess = sum - before * (double)(n + 1);
		score = excess * excess / (before * (double)(n - k));
		if (score > best) {
			best = score;
			*at = k;
		}
	}
	return best;
}

static double permutation_p(size_t *ranks, size_t n, double observed, uint64_t seed)
{
	unsigned nr_as_extreme = 1; /* the observed order is one of them */
	struct rng rng;
	size_t at;

	rng_seed(&rng, seed);
	for (unsigned i = 0; i < STEP_PERMUTATIONS; i++) {
		rng_shuffle(&rng, ranks, n);
		nr_as_extreme += most_extreme(ranks, n, &at) >= observed;
	}
	return nr_as_extreme / (STEP_PERMUTATIONS + 1.0);
}

static double shift_at(const double *v, size_t n, size_t at)
{
	size_t nr = at * (n - at);
	PGO_AUTO_FREE double *differences = xcalloc(nr, sizeof(*differences));

	for (size_t i = 0, k = 0; i < at; i++)
		for (size_t j = at; j < n; j++)
			differences[k++] = v[j] - v[i];
	return median(differences, nr);
}

struct step step_find(const double *v, size_t n, uint64_t seed)
{
	PGO_AUTO_FREE size_t *ranks = xcalloc(n, sizeof(*ranks));
	struct step s = { 0 };
	double observed;

	double_ranks(v, n, ranks);
	observed = most_extreme(ranks, n, &s.at);
	s.shift = shift_at(v, n, s.at);
	s.p = permutation_p(ranks, n, observed, seed);
	return s;
}
