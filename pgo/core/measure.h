/* SPDX-License-Identifier: Apache-2.0 */
/* Timed runs of a workload with one side's artifacts or command. */
#ifndef PGO_CORE_MEASURE_H
#define PGO_CORE_MEASURE_H

#include "pgo/core/counters.h"
#include "pgo/core/environment.h"
#include "pgo/core/evidence.h"
#include "pgo/core/experiment.h"
#include "pgo/stats/rng.h"

/* What stays the same from run to run. */
struct meter {
	const struct project *p;
	char *tmp, *out, *log; /* $PGO_TMP, stdout, stderr: the same places for all sides */
	const char *prepare;   /* run before each run, not timed, or NULL */
	bool no_shell;
	unsigned padding_bytes; /* of the environment: moves the stack, the same in a pair */
	/* Where a run begins, the same in a pair; NOT_MEASURED: anywhere. */
	uint64_t processor;
	unsigned group; /* of the hardware counters, the same in a pair */
	struct counters_plan plan;
	struct environment env;
};
int meter_init(struct meter *m, const struct project *p, const char *prepare, bool no_shell,
	       struct pgo_err *err);
void meter_release(struct meter *m);

/*
 * One of those that this program may run on, or NOT_MEASURED. Both runs of a pair begin there: two
 * processors of a machine seldom have the same neighbours, and left to itself the kernel puts one
 * run on the one and the next on the other.
 */
uint64_t meter_processor(struct rng *rng);

struct measured {
	struct run_metrics metrics;
	enum invalid invalid;
	bool lone; /* the main threads did all of the work, so that run_delay_ns is all of it */
	unsigned nr_left; /* processes that outlived it, and were ended */
};

/*
 * Run w times times, one process after the other, as one unit. spin_ns: time
 * that each also burns before it starts. The output of the first is hashed
 * after the clock has stopped. -PGO_ECHILD when a run fails.
 */
int meter_run(struct meter *m, const struct workload *w, const struct side *side, unsigned times,
	      uint64_t spin_ns, struct measured *ret, struct pgo_err *err);

/*
 * Run w once behind the words of tool, a program that runs it slower times slower: neither timed
 * nor counted, and its output is not compared. -PGO_ECHILD when the run fails.
 */
int meter_run_under(struct meter *m, const struct workload *w, const struct side *side,
		    const struct strvec *tool, unsigned slower, struct pgo_err *err);

#endif
