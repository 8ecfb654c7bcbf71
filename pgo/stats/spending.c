/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/spending.h"

#include <stdbool.h>

#include "pgo/stats/rng.h"
#include "pgo/stats/signed-rank.h"

#define EXACT_N 20u
#define GIVEN_PATHS (SIGN_FLIP_REPS + 1)

unsigned spending_looks(unsigned n_max, unsigned looks[SPENDING_MAX_LOOKS])
{
	static const unsigned upto_16[] = { 6, 8, 10, 12, 0 };
	static const unsigned upto_20[] = { 8, 10, 12, 16, 0 };
	static const unsigned upto_30[] = { 8, 10, 12, 15, 20, 25, 0 };
	static const unsigned above[] = {
		8, 12, 16, 20, 30, 40, 50, 65, 80, 100, 125, 160, 200, 0
	};
	const unsigned *plan = n_max <= 16   ? upto_16
			       : n_max <= 20 ? upto_20
			       : n_max <= 30 ? upto_30
					     : above;
	unsigned nr = 0;

	/* A look one pair before the end would cost alpha and save nothing. */
	while (plan[nr] && plan[nr] + 2 <= n_max) {
		looks[nr] = plan[nr];
		nr++;
	}
	looks[nr++] = n_max;
	return nr;
}

/*
 * Equally likely courses of the data, of which only the signs in the order of
 * |d| matter: bit r of signs is set when the (r + 1)-th smallest is positive.
 * weight is the chance that no look rejected on the way (0 or 1 where a path
 * is one course only).
 */
struct paths {
	size_t nr;
	unsigned nr_words;
	double *weight;
	uint32_t *stat;	 /* W */
	uint64_t *signs; /* nr_words each, NULL while path i has the signs i */
};
#define PATHS_INIT { 0 }

static void paths_release(struct paths *p)
{
	FREE_AND_NULL(p->weight);
	FREE_AND_NULL(p->stat);
	FREE_AND_NULL(p->signs);
}
PGO_DEFINE_AUTO(paths, paths_release)

/*
 * Take the smallest critical value that the allowance bears, and end the
 * paths that it rejects. A hair is allowed, or rounding would decide where
 * alpha is a whole number of paths.
 */
static void spend(struct spending_look *look, double spent, uint32_t max, struct paths *p)
{
	PGO_AUTO_FREE double *mass = xcalloc((size_t)max + 1, sizeof(*mass));
	double budget = (look->allowed - spent) * (double)p->nr + 1e-9, sum = 0;
	uint32_t c = max + 1;

	for (size_t i = 0; i < p->nr; i++)
		mass[p->stat[i]] += p->weight[i];
	while (c > 0 && sum + mass[c - 1] <= budget)
		sum += mass[--c];
	for (size_t i = 0; i < p->nr; i++)
		if (p->stat[i] >= c)
			p->weight[i] = 0;
	look->c = c;
	look->spent = spent + sum / (double)p->nr;
}

/*
 * All sign vectors of n from those of n - 1. The newest pair is equally likely
 * at each rank, so a vector's weight is the mean over the ranks of the vector
 * without that rank. Taking any member of a run of equal signs out is the
 * same, hence the weights by length of run.
 */
static void paths_enumerate(struct paths *p, unsigned n)
{
	size_t nr = (size_t)1 << n;
	double *weight = xcalloc(nr, sizeof(*weight));

	for (size_t signs = 0; signs < nr; signs++) {
		size_t run_ends = (signs ^ signs >> 1) | nr >> 1;
		double sum = 0;
		int last = -1;

		for (; run_ends; run_ends &= run_ends - 1) {
			int end = __builtin_ctzll(run_ends);
			size_t below = ((size_t)1 << end) - 1;

			sum += (end - last) * p->weight[(signs & below) | (signs >> 1 & ~below)];
			last = end;
		}
		weight[signs] = sum / n;
	}
	free(p->weight);
	p->weight = weight;
	for (size_t signs = p->nr; signs < nr; signs++)
		p->stat[signs] = p->stat[signs - p->nr] + n;
	p->nr = nr;
}

/* Put a sign in at a rank (from 0) and move those above up. Returns what that adds to W. */
static uint32_t signs_insert(uint64_t *signs, unsigned nr_words, uint64_t rank, bool positive)
{
	uint64_t word = rank / 64, bit = rank % 64;
	uint64_t below = signs[word] & ((UINT64_C(1) << bit) - 1);
	uint64_t above = signs[word] ^ below, carry = (uint64_t)positive << bit;
	uint32_t added = positive ? (uint32_t)rank + 1 : 0;

	for (; word < nr_words; word++) {
		added += (uint32_t)__builtin_popcountll(above);
		signs[word] = below | above << 1 | carry;
		carry = above >> 63;
		below = 0;
		above = word + 1 < nr_words ? signs[word + 1] : 0;
	}
	return added;
}

static void paths_start_extending(struct paths *p, unsigned n_max)
{
	p->nr_words = (n_max + 63) / 64;
	p->signs = xcalloc(p->nr, p->nr_words * sizeof(*p->signs));
	for (size_t i = 0; i < p->nr; i++)
		p->signs[i * p->nr_words] = i;
}

static void paths_extend(struct paths *p, unsigned n, unsigned to, struct rng *rng)
{
	for (size_t i = 0; i < p->nr; i++) {
		uint64_t *signs = p->signs + i * p->nr_words;

		for (unsigned m = n + 1; m <= to; m++) {
			uint64_t draw = rng_below(rng, 2 * (uint64_t)m);

			p->stat[i] += signs_insert(signs, (m + 63) / 64, draw / 2, draw & 1);
		}
	}
}

static void find_boundary(struct spending *s, unsigned n_max, uint64_t seed)
{
	PGO_AUTO(paths) p = PATHS_INIT;
	double spent = 0;
	unsigned n = 0;
	struct rng rng;

	rng_seed(&rng, seed);
	p.nr = 1;
	p.weight = xcalloc(1, sizeof(*p.weight));
	p.weight[0] = 1;
	p.stat = xcalloc((size_t)1 << (n_max < EXACT_N ? n_max : EXACT_N), sizeof(*p.stat));
	for (unsigned q = 0; q < s->nr_looks; q++) {
		struct spending_look *look = &s->looks[q];

		while (n < look->n && n < EXACT_N)
			paths_enumerate(&p, ++n);
		if (n < look->n) {
			if (!p.signs)
				paths_start_extending(&p, n_max);
			paths_extend(&p, n, look->n, &rng);
			n = look->n;
		}
		spend(look, spent, signed_rank_max(n), &p);
		spent = look->spent;
	}
}

int spending_init(struct spending *s, unsigned n_max, double alpha, uint64_t seed,
		  struct pgo_err *err)
{
	unsigned looks[SPENDING_MAX_LOOKS];

	if (n_max < 1 || n_max > SPENDING_MAX_N)
		return pgo_error(err, PGO_EUSAGE, "the number of pairs must be from 1 to %u",
				 SPENDING_MAX_N);
	if (!(alpha > 0 && alpha < 0.5))
		return pgo_error(err, PGO_EUSAGE, "alpha must be between 0 and 0.5");
	*s = (struct spending){ .alpha = alpha, .nr_looks = spending_looks(n_max, looks) };
	for (unsigned i = 0; i < s->nr_looks; i++) {
		s->looks[i].n = looks[i];
		s->looks[i].allowed = alpha * looks[i] / n_max;
	}
	find_boundary(s, n_max, seed);
	return 0;
}

/* W of every path at a look of nr pairs; path 0 has the observed signs. Returns W's maximum. */
static uint32_t given_stats(struct paths *p, const double *d, unsigned nr, double centre)
{
	PGO_AUTO_FREE uint32_t *scores = xcalloc(nr, sizeof(*scores));
	uint32_t max = 0;

	signed_rank_scores(d, nr, centre, scores);
	for (unsigned i = 0; i < nr; i++)
		max += scores[i];
	for (size_t path = 0; path < p->nr; path++) {
		const uint64_t *signs = p->signs + path * p->nr_words;
		uint32_t w = 0;

		for (unsigned i = 0; i < nr; i++)
			w += signs[i / 64] >> i % 64 & 1 ? scores[i] : 0;
		p->stat[path] = w;
	}
	return max;
}

/* Here bit i of signs is of the i-th pair in time: flips do not change the order of |d|. */
static void given_paths(struct paths *p, const double *d, size_t n, double centre, uint64_t seed)
{
	struct rng rng;

	rng_seed(&rng, seed);
	p->nr = GIVEN_PATHS;
	p->nr_words = (unsigned)((n + 63) / 64);
	p->weight = xcalloc(p->nr, sizeof(*p->weight));
	p->stat = xcalloc(p->nr, sizeof(*p->stat));
	p->signs = xcalloc(p->nr, p->nr_words * sizeof(*p->signs));
	for (size_t i = 0; i < p->nr; i++)
		p->weight[i] = 1;
	for (size_t i = p->nr_words; i < p->nr * p->nr_words; i++)
		p->signs[i] = rng_u64(&rng);
	for (size_t i = 0; i < n; i++)
		p->signs[i / 64] |= (uint64_t)(d[i] > centre) << i % 64;
}

int spending_given(const struct spending *s, const double *d, size_t n, double centre,
		   uint64_t seed)
{
	PGO_AUTO(paths) p = PATHS_INIT;
	double spent = 0;

	if (n > SPENDING_MAX_N)
		n = SPENDING_MAX_N;
	given_paths(&p, d, n, centre, seed);
	for (unsigned q = 0; q < s->nr_looks && s->looks[q].n <= n; q++) {
		struct spending_look look = s->looks[q];
		uint32_t max = given_stats(&p, d, look.n, centre), w = p.stat[0];

		spend(&look, spent, max, &p);
		spent = look.spent;
		if (w >= look.c || max - w >= look.c)
			return w >= look.c ? 1 : -1;
	}
	return 0;
}
