/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a sum is what chance signs would make of it: for sums that are no ranks. */
#ifndef PGO_STATS_SIGN_FLIP_H
#define PGO_STATS_SIGN_FLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGN_FLIP_REPS 99999u

/* P(sum >= the observed one) and P(sum <= the observed one), the observed one counted in both. */
struct sign_flip {
	double p_greater, p_less;
};

/*
 * The sum of x over fair flips of every sign of x: every flip where there are at most 2^16, else
 * SIGN_FLIP_REPS seeded ones and the observed one. Shapes: any n, every x finite.
 */
struct sign_flip sign_flip_test(const double *x, size_t n, uint64_t seed);
/* Whether the two-sided p is below alpha. The same answer, mostly after a few flips. */
bool sign_flip_rejects(const double *x, size_t n, uint64_t seed, double alpha);

#endif
