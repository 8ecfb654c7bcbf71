/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at the data while they come in, without paying for it in false
 * verdicts: critical values for each look, so that all looks together reject
 * a true centre on one side with a probability of at most alpha.
 */
#ifndef PGO_STATS_SPENDING_H
#define PGO_STATS_SPENDING_H

#include <stddef.h>
#include <stdint.h>

#include "pgo/base/err.h"

#define SPENDING_MAX_N 256u
#define SPENDING_MAX_LOOKS 16u
/* The seed that makes the tables of every run the same ones. */
#define SPENDING_SEED UINT64_C(0x70676f73)

/*
 * At n pairs, reject upwards when W >= c and downwards when max - W >= c.
 * c may be max + 1: this look cannot decide. signed_rank_interval(d, n, c) is
 * the interval at this look: all looks together miss on a side with alpha.
 */
struct spending_look {
	unsigned n;
	uint32_t c;
	double allowed; /* alpha * n / n_max: what may be spent up to here */
	double spent;	/* what is */
};

struct spending {
	double alpha;	   /* one-sided */
	unsigned nr_looks; /* the last look is at n_max */
	struct spending_look looks[SPENDING_MAX_LOOKS];
};

/*
 * The looks for at most n_max pairs: n in ascending order, ending with n_max.
 * Returns how many. They depend on n_max only, so that every workload and
 * every level of a step-down looks at the same moments.
 */
unsigned spending_looks(unsigned n_max, unsigned looks[SPENDING_MAX_LOOKS]);

/*
 * The critical values. Up to 20 pairs they are exact; beyond, each of the
 * 2^20 sign vectors of 20 pairs goes on as one seeded path (standard error of
 * the spent alpha about 1e-4 at alpha 0.025). Takes a fraction of a second.
 * Assumes that the |d| are exchangeable; see spending_given.
 * Returns 0, or -PGO_EUSAGE: n_max not in 1..SPENDING_MAX_N, alpha not in (0, 0.5).
 * Source: Kim and DeMets 1987, Biometrika 74:149, spending alpha * t^rho with rho = 1.
 */
int spending_init(struct spending *s, unsigned n_max, double alpha, uint64_t seed,
		  struct pgo_err *err);

/*
 * The same test of centre on the looks that n pairs reach, its critical values
 * drawn by sign flips of the observed |d - centre|: right whatever drift,
 * ties or zeros the |d| have, and so the judge of a near decision.
 * Returns +1: d is above the centre, -1: below, 0: not decided by look n.
 */
int spending_given(const struct spending *s, const double *d, size_t n, double centre,
		   uint64_t seed);

#endif
