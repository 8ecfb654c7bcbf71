/* SPDX-License-Identifier: Apache-2.0 */
/* One timed run of a workload with one side's artifacts. */
#ifndef PGO_CORE_MEASURE_H
#define PGO_CORE_MEASURE_H

#include "pgo/base/child.h"
#include "pgo/core/digest.h"
#include "pgo/core/project.h"

/* A side of an A/B comparison. out_dir has the same length on both, so that argv and env have too. */
struct side {
	char label;		/* 'a' baseline, 'b' candidate */
	char *out_dir;
};

struct measurement {
	uint64_t wall_ns, cpu_ns;	/* of all repetitions of the unit together */
	uint64_t run_delay_ns;
	bool have_run_delay;
	uint64_t max_rss_bytes, minor_faults, major_faults, vol_switches, invol_switches;
	char output[DIGEST_HEX_LEN + 1];	/* hash of what is compared; "" when nothing is */
};

/*
 * Run w times times, one process after the other. The output of the first is
 * hashed, after the clock has stopped. -PGO_ECHILD when it fails.
 */
int measure_run(const struct project *p, const struct workload *w, const struct side *side,
		unsigned times, struct measurement *ret, struct pgo_err *err);

#endif
