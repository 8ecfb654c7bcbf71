/* SPDX-License-Identifier: Apache-2.0 */
/* The analysis of a fixed number of coin-flipped pairs of runs. */
#ifndef PGO_STATS_PAIRED_H
#define PGO_STATS_PAIRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/err.h"
#include "pgo/stats/interval.h"

/* All of d's unit: natural logarithms of ratios. */
struct paired_result {
	size_t n;
	struct interval ci;    /* estimate: Hodges-Lehmann; infinite when n is too small */
	uint32_t c;	       /* the signed-rank critical value behind ci */
	double attained_alpha; /* one-sided, at most the alpha asked for; 0 when n is too small */
	double p_greater;      /* one-sided, against a centre of at most 0 */
	double p_less;	       /* one-sided, against a centre of at least 0 */
	double mean;
	double lag1; /* autocorrelation of neighbours; 0 for n < 3 or a constant d */
	size_t nr_zero;
	bool tied;    /* some |d| are equal: p is exact for them, ci conservative */
	bool too_few; /* no outcome of n pairs can bound the centre at this alpha */
};

/*
 * Analyse d, one log ratio a pair, in the order of time. alpha is one-sided:
 * each end of ci misses with at most that probability.
 * Returns 0; -PGO_EUSAGE for alpha outside (0, 0.5); -PGO_ELIMIT for more than
 * SIGNED_RANK_MAX_N pairs; -PGO_EFORMAT for no pair or a d that is not finite.
 */
int paired_analyze(const double *d, size_t n, double alpha, struct paired_result *res,
		   struct pgo_err *err);

/*
 * d[i] = ln a[i] - ln b[i]: positive when b took less time.
 * Returns 0, or -PGO_EFORMAT, d untouched, for a time that is not positive and finite.
 */
int paired_log_ratios(const double *a, const double *b, size_t n, double *d, struct pgo_err *err);

/* ln of median(a) / median(b), n > 0: unpaired, printed beside the estimate. */
double log_median_ratio(const double *a, const double *b, size_t n);

/*
 * The mean or the ratio of medians is further from the estimate than half the
 * interval's width: the runs have more than one mode, look at them.
 */
bool paired_disagrees(const struct paired_result *res, double log_ratio_of_medians);

#endif
