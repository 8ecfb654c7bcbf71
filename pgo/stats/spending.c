/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/spending.h"

#include <stdbool.h>

#include "pgo/stats/rng.h"
#include "pgo/stats/sign-flip.h"
#include "pgo/stats/signed-rank.h"

#define EXACT_N 20u
#define GIVEN_PATHS (SIGN_FLIP_REPS + 1)
#define GIVEN_STEP 1000u
#define HAIR 1e-9 /* of a path: rounding makes less of a whole number of them */

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
	double budget = (look->allowed - spent) * (double)p->nr + HAIR, sum = 0;
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

/* The sum of the scores that signs select, a byte of signs at a time. */
struct tally {
	unsigned n; /* pairs */
	double allowed;
	double most;		/* surely more paths than all looks up to here may end */
	uint32_t max, *sum;	/* of all scores; 256 for each byte */
	uint32_t observed, far; /* far: the larger one of the sums on both sides */
	size_t nr_as_far;	/* paths seen with at least this sum */
};

static uint32_t tally_of(const struct tally *t, const uint64_t *signs)
{
	uint32_t w = 0;

	for (unsigned k = 0; k < (t->n + 7) / 8; k++)
		w += t->sum[256 * k + (signs[k / 8] >> 8 * (k % 8) & 255)];
	return w;
}

static void tally_init(struct tally *t, const struct spending_look *look, const double *d,
		       double centre)
{
	uint32_t scores[SPENDING_MAX_N + 7] = { 0 }; /* the last byte's bits behind t->n are none */
	unsigned nr_bytes = (look->n + 7) / 8;

	*t = (struct tally){
		.n = look->n, .allowed = look->allowed, .most = look->allowed * GIVEN_PATHS + 1
	};
	signed_rank_scores(d, t->n, centre, scores);
	t->sum = xcalloc(nr_bytes, 256 * sizeof(*t->sum));
	for (unsigned i = 0; i < t->n; i++) {
		t->max += scores[i];
		t->observed += d[i] > centre ? scores[i] : 0;
	}
	t->far = t->observed > t->max / 2 ? t->observed : t->max - t->observed;
	for (unsigned i = 0; i < 8 * nr_bytes; i++) {
		uint32_t *sum = t->sum + 256 * (i / 8), bit = 1u << i % 8;

		for (uint32_t below = 0; below < bit; below++)
			sum[bit | below] = sum[below] + scores[i];
	}
}

/*
 * One test of a centre. Bit i of a path's signs is of the i-th pair in time:
 * flips do not change the order of |d|. Path 0 has the observed signs.
 */
struct given {
	struct paths p; /* signs of the first nr_made paths */
	size_t nr_made;
	struct rng rng;
	struct tally looks[SPENDING_MAX_LOOKS];
	unsigned nr_looks;
};

static void given_release(struct given *g)
{
	paths_release(&g->p);
	for (unsigned q = 0; q < g->nr_looks; q++)
		free(g->looks[q].sum);
}
PGO_DEFINE_AUTO(given, given_release)

static void given_init(struct given *g, const struct spending *s, const double *d, size_t n,
		       double centre, uint64_t seed)
{
	for (; g->nr_looks < s->nr_looks && s->looks[g->nr_looks].n <= n; g->nr_looks++)
		tally_init(&g->looks[g->nr_looks], &s->looks[g->nr_looks], d, centre);
	rng_seed(&g->rng, seed);
	g->p.nr = GIVEN_PATHS;
	g->p.nr_words = (unsigned)((n + 63) / 64);
	g->p.signs = xmalloc(g->p.nr * g->p.nr_words * sizeof(*g->p.signs));
	memset(g->p.signs, 0, g->p.nr_words * sizeof(*g->p.signs));
	for (size_t i = 0; i < n; i++)
		g->p.signs[i / 64] |= (uint64_t)(d[i] > centre) << i % 64;
	g->nr_made = 1;
}

static void given_make(struct given *g, size_t nr)
{
	for (size_t i = g->nr_made * g->p.nr_words; i < nr * g->p.nr_words; i++)
		g->p.signs[i] = rng_u64(&g->rng);
	g->nr_made = nr;
}

/*
 * A look cannot decide when more paths than all looks up to it may end are as
 * far out as the observed one: mostly a few paths show that. Returns how many
 * looks may still decide; of the last of these, all paths were counted.
 */
static unsigned given_screen(struct given *g)
{
	unsigned nr = g->nr_looks;

	while (nr) {
		struct tally *t = &g->looks[nr - 1];

		for (size_t i = 0; i < g->p.nr; i++) {
			if (i == g->nr_made)
				given_make(g, i + GIVEN_STEP < g->p.nr ? i + GIVEN_STEP : g->p.nr);
			t->nr_as_far += tally_of(t, g->p.signs + i * g->p.nr_words) >= t->far;
			if ((double)t->nr_as_far > t->most)
				break;
		}
		if ((double)t->nr_as_far <= t->most)
			break;
		nr--;
	}
	return nr;
}

static int tally_side(const struct tally *t)
{
	return 2 * t->observed >= t->max ? 1 : -1;
}

/* A look before the last: what it ends is not there any more at the later ones. */
static bool given_look(struct given *g, const struct tally *t, struct spending_look *look,
		       double spent)
{
	for (size_t i = 0; i < g->p.nr; i++)
		g->p.stat[i] = tally_of(t, g->p.signs + i * g->p.nr_words);
	spend(look, spent, t->max, &g->p);
	return t->far >= look->c;
}

/* The last look that may decide. Of those as far out as observed, the ended paths do not count. */
static bool given_last(const struct given *g, const struct tally *t, double spent)
{
	size_t nr = t->nr_as_far;

	for (size_t i = 0; i < g->p.nr; i++)
		if (g->p.weight[i] == 0)
			nr -= tally_of(t, g->p.signs + i * g->p.nr_words) >= t->far;
	return (double)nr <= (t->allowed - spent) * (double)g->p.nr + HAIR;
}

int spending_given(const struct spending *s, const double *d, size_t n, double centre,
		   uint64_t seed)
{
	PGO_AUTO(given) g = { .p = PATHS_INIT };
	double spent = 0;
	unsigned nr;

	given_init(&g, s, d, n < SPENDING_MAX_N ? n : SPENDING_MAX_N, centre, seed);
	nr = given_screen(&g);
	if (!nr)
		return 0;
	g.p.weight = xmalloc(g.p.nr * sizeof(*g.p.weight));
	g.p.stat = xmalloc(g.p.nr * sizeof(*g.p.stat));
	for (size_t i = 0; i < g.p.nr; i++)
		g.p.weight[i] = 1;
	for (unsigned q = 0; q + 1 < nr; q++) {
		struct spending_look look = s->looks[q];

		if (given_look(&g, &g.looks[q], &look, spent))
			return tally_side(&g.looks[q]);
		spent = look.spent;
	}
	return given_last(&g, &g.looks[nr - 1], spent) ? tally_side(&g.looks[nr - 1]) : 0;
}
