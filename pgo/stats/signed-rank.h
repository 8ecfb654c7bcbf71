/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed-rank test of paired differences, and the interval that is its
 * inversion. Its error rate rests on the fair coin that orders each pair, not
 * on a law of the noise.
 */
#ifndef PGO_STATS_SIGNED_RANK_H
#define PGO_STATS_SIGNED_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/mem.h"
#include "pgo/stats/interval.h"

/* The largest sample taken: the exact law costs n^3 / 6 steps. */
#define SIGNED_RANK_MAX_N 1000u

/* The largest value of the statistic, and the number of Walsh averages. */
static inline uint32_t signed_rank_max(unsigned n)
{
	return (uint32_t)n * (n + 1) / 2;
}

/* The law of the sum of scores under fair signs: pmf[0..max], symmetric about max / 2. */
struct signed_rank_law {
	uint32_t max;
	double *pmf;
};
#define SIGNED_RANK_LAW_INIT { 0 }

/* n <= SIGNED_RANK_MAX_N; scores NULL: the ranks 1..n. Exact up to rounding. */
void signed_rank_law_init(struct signed_rank_law *law, const uint32_t *scores, unsigned n);
void signed_rank_law_release(struct signed_rank_law *law);
PGO_DEFINE_AUTO(signed_rank_law, signed_rank_law_release)
double signed_rank_pmf(const struct signed_rank_law *law, uint32_t w);
double signed_rank_upper(const struct signed_rank_law *law, uint32_t w); /* P(W >= w) */
double signed_rank_cdf(const struct signed_rank_law *law, uint32_t w);	 /* P(W <= w) */
/* The smallest c with P(W >= c) <= alpha; max + 1 when no value is that rare. */
uint32_t signed_rank_critical(const struct signed_rank_law *law, double alpha);

/*
 * Twice the mid-rank of |d[i] - shift| among those that are not zero, and 0
 * for a zero: whole numbers also where values tie. Returns whether any tie.
 */
bool signed_rank_scores(const double *d, size_t n, double shift, uint32_t *scores);

struct signed_rank {
	double w; /* the sum of the mid-ranks of the positive d */
	unsigned nr_zero;
	bool tied;
	double p_greater, p_less; /* one-sided, each exact given the |d| */
};

/*
 * Test that d is symmetric about 0. Zeros are left out. Ties change the law:
 * the same recursion over the mid-ranks gives it exactly.
 * Shapes: n <= SIGNED_RANK_MAX_N, every d finite.
 * Source: Streitberg and Roehmel 1986, the shift algorithm.
 */
struct signed_rank signed_rank_test(const double *d, size_t n);

/* The k-th smallest of v[0..n), k from 0; v is reordered, v[k] last of those not above it. */
double select_kth(double *v, size_t n, size_t k);
double median(const double *v, size_t n); /* n > 0 */

/*
 * The Hodges-Lehmann estimate of the centre of d, and the interval of all
 * centres that the test with critical value c does not reject on either side:
 * the c-th smallest and c-th largest mean of two (or one) of d. Ties only
 * widen it: jittering d by a vanishing symmetric noise makes the law exact,
 * and the closed interval holds the limit of those intervals.
 * Shapes: 0 < n <= SIGNED_RANK_MAX_N; c above half of the number of means.
 */
struct interval signed_rank_interval(const double *d, size_t n, uint32_t c);

#endif
