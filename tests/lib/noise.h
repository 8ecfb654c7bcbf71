/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up noise of runs, for what is claimed of any noise. */
#ifndef TESTS_LIB_NOISE_H
#define TESTS_LIB_NOISE_H

#include "pgo/stats/rng.h"

enum noise {
	NOISE_NORMAL,
	NOISE_T2,	 /* Student's t with two degrees of freedom */
	NOISE_SPIKES,	 /* 15 % of the runs take up to ten deviations more */
	NOISE_LOGNORMAL, /* of the logarithm of the time: skewed still when the ratio is taken */
	NOISE_DRIFT,	 /* neighbours correlated by 0.9, and each run 0.05 above the last */
	NR_NOISES,
};
const char *noise_name(enum noise noise);

/*
 * The log ratios of n pairs of runs of one program, in units of the noise of
 * a run. Both runs have their own noise; which of them is the first of the
 * ratio is for a fair coin to say, and that alone makes the ratio symmetric
 * about 0.
 */
void noise_pairs(struct rng *rng, enum noise noise, unsigned n, double *d);

#endif
