/* SPDX-License-Identifier: Apache-2.0 */
/* What it costs to be recorded. */
#ifndef PGO_CORE_SAMPLING_OVERHEAD_H
#define PGO_CORE_SAMPLING_OVERHEAD_H

#include <stdint.h>

/* Processor time that a run took more with the recorder than without: fractions. */
struct sampling_overhead {
	unsigned pairs; /* of runs; 0: not measured */
	double median, least, most;
};
/* cpu_ns[i][1] is that of the i-th run with, [0] without. Shapes: pairs >= 1. */
void sampling_overhead_of(const uint64_t (*cpu_ns)[2], unsigned pairs,
			  struct sampling_overhead *ret);

#endif
