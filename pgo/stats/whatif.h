/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the usual tests would have said of the same runs. They take every run
 * for an independent draw, which on a busy machine it is not: shown beside a
 * verdict, never one.
 */
#ifndef PGO_STATS_WHATIF_H
#define PGO_STATS_WHATIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHATIF_ALPHA 0.05	/* two-sided */

/* a: old times, b: new ones. */
struct welch {
	double ratio;	 /* mean(a) / mean(b): above 1 when b is faster */
	double ratio_sd; /* what hyperfine prints behind its plus-minus sign */
	double t, df;
	double p; /* two-sided; 1 where a side has fewer than two runs */
	int says; /* at WHATIF_ALPHA: 1 b is faster, -1 slower, 0 no difference */
};

/*
 * Hyperfine's comparison of means, and Welch's t-test at 5 % that its
 * scripts/welch_ttest.py adds. Sides without any spread differ if their means do.
 * Shapes: both not empty, every time positive and finite.
 */
struct welch whatif_welch(const double *a, size_t nr_a, const double *b, size_t nr_b);

struct mann_whitney {
	double ratio; /* median(a) / median(b) */
	double u;     /* how many of all (a, b) have a > b; a tie is half of one */
	bool exact;   /* p is from the exact law, else from the normal one */
	double p;     /* two-sided */
	int says;     /* at WHATIF_ALPHA: 1 b is faster, -1 slower, 0 no difference */
};

/*
 * As R's wilcox.test: exact for fewer than WHATIF_EXACT_RUNS a side and no
 * equal times; else normal, with the variance that the ties leave and a
 * continuity correction.
 * Shapes: both not empty, every time positive and finite.
 * Source: Mann and Whitney 1947, Annals of Mathematical Statistics 18:50.
 */
#define WHATIF_EXACT_RUNS 50u
struct mann_whitney whatif_mann_whitney(const double *a, size_t nr_a, const double *b, size_t nr_b);

/*
 * P(U <= u) when all orders of m + n different values are equally likely.
 * Costs m * n * u steps and 8 * m * u bytes.
 */
double mann_whitney_cdf(unsigned m, unsigned n, uint32_t u);

#endif
