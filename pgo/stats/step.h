/* SPDX-License-Identifier: Apache-2.0 */
/* The most likely single step in a series of points in time. */
#ifndef PGO_STATS_STEP_H
#define PGO_STATS_STEP_H

#include <stddef.h>
#include <stdint.h>

#define STEP_MIN_SIDE 3u	/* points on each side, at least */
#define STEP_MIN_N (2 * STEP_MIN_SIDE)
#define STEP_MAX_N 1000u
#define STEP_PERMUTATIONS 9999u

struct step {
	size_t at;    /* the first point after the step */
	double shift; /* Hodges-Lehmann: the median of all (after - before) */
	double p;     /* of a step somewhere, in either direction */
};

/*
 * Find where the Mann-Whitney statistic of the points before against those
 * after is the most extreme, each split measured by its own spread. p counts
 * the seeded random orders of the points that have a split as extreme: right
 * for any law of the noise when there is no step and the points could have
 * come in any order; neighbours that depend on each other, a drift, do count
 * as steps.
 * Shapes: STEP_MIN_N <= n <= STEP_MAX_N, every v finite.
 * Source: Pettitt 1979, Applied Statistics 28:126, here with standardised splits.
 */
struct step step_find(const double *v, size_t n, uint64_t seed);

#endif
