/* SPDX-License-Identifier: Apache-2.0 */
/* What it costs to be recorded. */
#ifndef PGO_CORE_SAMPLING_OVERHEAD_H
#define PGO_CORE_SAMPLING_OVERHEAD_H

#include <stdint.h>

/* How much more processor time a program took while it was recorded: fractions. */
struct sampling_overhead {
	unsigned pairs; /* of runs; 0: not measured */
	double median, least, most;
	uint64_t recorder_ns; /* processor time of the recorder itself, a run */
};
/*
 * cpu_ns[i][1] is that of the program in the i-th run with the recorder, [0] without; all but
 * recorder_ns is filled. Shapes: pairs >= 1.
 */
void sampling_overhead_of(const uint64_t (*cpu_ns)[2], unsigned pairs,
			  struct sampling_overhead *ret);

#endif
