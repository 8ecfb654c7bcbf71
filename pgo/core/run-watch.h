/* SPDX-License-Identifier: Apache-2.0 */
/* What a run used and waited for: its processes' own part, and the machine's meanwhile. */
#ifndef PGO_CORE_RUN_WATCH_H
#define PGO_CORE_RUN_WATCH_H

#include "pgo/base/child.h"
#include "pgo/core/environment.h"

/* One run, or several one after the other. */
struct run_watch {
	const struct environment *env;
	struct environment_snapshot before;
	struct environment_diff diff; /* of the machine, from begin to end */
	struct run_metrics metrics;   /* but for the counters and the output */
	bool lone;	    /* the main threads did all of the work: run_delay_ns is all of it */
	uint64_t others_ns; /* processor time of what is not a main thread */
	unsigned nr_left;   /* processes that outlived a run, and were ended */
	unsigned nr_alive;  /* that outlived it, and live on: their part is not known */
};

/* Before the first run: sums begin at zero, not at "not measured". */
void run_watch_begin(struct run_watch *w, const struct environment *env);
/* One process, with what it has waited for, has ended. */
void run_watch_add(struct run_watch *w, const struct child_result *res);
/* After the last. */
void run_watch_end(struct run_watch *w);
/*
 * Behind it, where the agent was in the run: its thread is nothing of the program's. A process
 * beside the main thread that does as little as the agent may is taken for it.
 */
void run_watch_agent(struct run_watch *w);

#endif
