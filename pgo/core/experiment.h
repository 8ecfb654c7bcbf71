/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The A/B comparison: coin-flipped AB/BA pairs in rounds, one process a run,
 * outputs compared, every run in the evidence file.
 */
#ifndef PGO_CORE_EXPERIMENT_H
#define PGO_CORE_EXPERIMENT_H

#include "pgo/core/stage.h"
#include "pgo/stats/paired.h"
#include "pgo/stats/verdict.h"

enum metric { METRIC_CPU, METRIC_WALL };
const char *metric_name(enum metric m);

struct ab_workload {
	const char *name;	/* the project's */
	double weight;
	enum metric metric;	/* fixed from the warm-up, before any A/B data */
	unsigned times;		/* processes a unit: more than one for very short workloads */
	bool held_out;		/* not used in training */
	size_t nr_pairs;
	double *a, *b;		/* seconds of the metric, pair by pair */
	double *d;		/* ln(a / b) */
	struct paired_result paired;
	enum verdict verdict;
	bool output_compared;	/* false: output: none */
	bool output_unstable;	/* it differs between two runs of the baseline itself */
	bool miscompare;	/* the two sides differ, and each is stable */
};

struct experiment {
	uint64_t seed;
	unsigned pairs_asked;
	double margin;
	struct ab_workload *workloads;
	size_t nr_workloads;
	struct paired_result overall;	/* weighted geometric mean */
	enum verdict verdict;
	uint64_t wall_ns;
	char *evidence;		/* path */
};
#define EXPERIMENT_INIT { 0 }
void experiment_release(struct experiment *e);
PGO_DEFINE_AUTO(experiment, experiment_release)

struct experiment_opts {
	unsigned pairs;		/* 0: pgo.yaml's */
	uint64_t seed;		/* 0: drawn, and told */
	double margin;		/* negative: pgo.yaml's */
	uint64_t budget_ns;	/* 0: pgo.yaml's */
};

/* Of each workload marked validate or both. -PGO_ECONFIG when there is none, -PGO_ECHILD. */
int experiment_run(struct project *p, const struct stage *baseline, const struct stage *candidate,
		   const struct experiment_opts *opts, struct experiment *ret, struct pgo_err *err);

/*
 * The exit code that the result means: PGO_EXIT_MISCOMPARE when an output
 * differs, PGO_EXIT_NO when the whole or a workload regressed,
 * PGO_EXIT_INCONCLUSIVE when the whole has no verdict, else PGO_EXIT_OK.
 */
int experiment_exit(const struct experiment *e);

#endif
