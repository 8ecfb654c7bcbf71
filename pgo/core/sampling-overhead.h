/* SPDX-License-Identifier: Apache-2.0 */
/* What it costs to be recorded. */
#ifndef PGO_CORE_SAMPLING_OVERHEAD_H
#define PGO_CORE_SAMPLING_OVERHEAD_H

#include <jansson.h>
#include <stdbool.h>
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
/* Its JSON, as manifests and run.json have it: null when it was not measured. */
json_t *sampling_overhead_json(const struct sampling_overhead *v);
/* The reverse; *ok becomes false, and *ret stays, where o is neither null nor whole. */
void sampling_overhead_take(const json_t *o, struct sampling_overhead *ret, bool *ok);

#endif
