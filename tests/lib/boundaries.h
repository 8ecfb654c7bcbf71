/* SPDX-License-Identifier: Apache-2.0 */
/* Critical values of the sequential rule, found by another program. */
#ifndef TESTS_LIB_BOUNDARIES_H
#define TESTS_LIB_BOUNDARIES_H

#include <stddef.h>
#include <stdint.h>

#define BOUNDARIES_LOOKS 8

struct boundaries {
	unsigned n_max;
	double alpha; /* one-sided */
	struct {
		unsigned n; /* 0: no further look */
		uint32_t c;
	} looks[BOUNDARIES_LOOKS]; /* not of each look that there is */
};

/* Drawn once from a million simulated courses. */
extern const struct boundaries boundaries[];
extern const size_t nr_boundaries;

#endif
