/* SPDX-License-Identifier: Apache-2.0 */
/* Simulations on all processors, and validations whose pairs are made up. */
#ifndef TESTS_BENCH_SIM_H
#define TESTS_BENCH_SIM_H

#include "pgo/core/engine.h"
#include "pgo/stats/rng.h"

#define SIM_MAX_SUMS 16

/*
 * Call one(arg, rng, sums) reps times, each with a generator of its own that
 * seed and its number decide, and add up what it adds to sums: whole numbers,
 * so that the result does not depend on how many processors there are. Each
 * processor has its own copy of what arg points at.
 */
struct sim {
	void (*one)(void *arg, struct rng *rng, double *sums);
	void *arg;
	unsigned reps, nr_sums;
	uint64_t seed;
};
/* In what is forked off: die of signals, and with the benchmark. */
void sim_child(void);
int sim_run(const struct sim *s, double *sums, struct pgo_err *err);

/* A validation as pgoctl runs it, round by round, without programs. Begins as zeros. */
struct model {
	struct evidence e;
	struct engine g;
	unsigned round;
};
/* Noise of a run, for what needs a size: of the order of what real machines show. */
#define MODEL_SD 0.05

int model_init(struct model *m, unsigned nr_workloads, unsigned n_max, struct pgo_err *err);
void model_release(struct model *m);

/* Another validation, with coins of its own. */
void model_restart(struct model *m, struct rng *rng);
void model_pair(struct model *m, size_t workload, enum pair_kind kind, double d);
/* The round is over: look, where a look is due. */
void model_look(struct model *m);
/* A round of A/B pairs of the only workload. */
void model_round(struct model *m, double d);

/* Faster or slower, as opposed to anything that two equal programs may be called. */
bool verdict_claims(enum verdict v);

#endif
