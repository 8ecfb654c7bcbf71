/* SPDX-License-Identifier: Apache-2.0 */
/* What a validation will be able to prove, from its own A/A pairs. */
#ifndef PGO_CORE_FORECAST_H
#define PGO_CORE_FORECAST_H

#include "pgo/core/evidence.h"

struct forecast {
	unsigned
		pairs; /* to prove the margin of an equal candidate in 9 of 10 tries; 0: too many */
	double provable;   /* the smallest margin that head.n_max pairs prove so; may be infinite */
	bool known;	   /* each workload has A/A pairs: infinite is then: none at all */
	uint64_t round_ns; /* of one pair of every workload; set by the caller */
};

/*
 * Replay the A/A pairs of e, drawn anew with fresh coins, through the interval
 * that a validation would end with. The noisiest workload counts. Leaves
 * round_ns alone.
 */
int forecast_make(const struct evidence *e, struct forecast *f, struct pgo_err *err);

#endif
