/* SPDX-License-Identifier: Apache-2.0 */
/* The mixture of distributions that is nearest to another one. */
#ifndef PGO_STATS_SIMPLEX_FIT_H
#define PGO_STATS_SIMPLEX_FIT_H

#include <stddef.h>

/*
 * The shares x[0..nr), none below 0 and 1 in all, that make |A x - q|^2 least: of A's columns
 * gram[i * nr + j] is the inner product of i and j, rhs[i] that of i and q. The problem is convex;
 * where columns are alike, any of the best is given. Accelerated projected gradient.
 */
void simplex_fit(const double *gram, const double *rhs, size_t nr, double *x);

#endif
