/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why one side is faster, as far as counts tell: cachegrind's model, one run a
 * side, the sizes of the code, and the processor's own counters over the pairs.
 * It explains a verdict or contradicts it; it never is one.
 */
#ifndef PGO_CORE_EXPLAIN_H
#define PGO_CORE_EXPLAIN_H

#include "pgo/base/strvec.h"
#include "pgo/core/cachegrind.h"
#include "pgo/core/engine.h"

/* One side of a workload. */
struct explain_side {
	char *why_not; /* it was not counted, or NULL: it was */
	uint64_t events[NR_CACHEGRIND_EVENTS];
	unsigned nr_processes; /* that events are the sum of */
	unsigned nr_programs;  /* ELF files that the sizes are the sum of; 0: none was found */
	uint64_t text_bytes, hot_bytes, unlikely_bytes;
};

/* A counter over the valid pairs in which both runs have it. */
struct explain_counter {
	enum counter counter;
	size_t nr;		   /* pairs */
	double median_a, median_b; /* of a run */
	struct interval change;	   /* of ln(optimized / baseline), at the validation's alpha */
};

struct explain_workload {
	struct explain_side side[2]; /* baseline, optimized */
	struct explain_counter counters[NR_COUNTERS];
	unsigned nr_counters;
	struct strvec remarks; /* what does not go together */
};

struct explanation {
	struct explain_workload *workloads; /* as many as the evidence has */
	size_t nr;
	char *model; /* the caches that cachegrind simulated, or NULL */
};
#define EXPLANATION_INIT { 0 }
void explanation_release(struct explanation *x);
PGO_DEFINE_AUTO(explanation, explanation_release)

/* As many workloads as e has, nothing counted, for the reason why_not. */
void explanation_init(struct explanation *x, const struct evidence *e, const char *why_not);

/*
 * Fill the counters and the remarks from the verdicts of g and from the sides.
 * Shapes: explanation_init was called with g's evidence; engine_finish was.
 */
void explanation_conclude(struct explanation *x, const struct engine *g);

#endif
