/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what the two sides execute, by running them under cachegrind. */
#ifndef PGO_CORE_EXPLAIN_RUN_H
#define PGO_CORE_EXPLAIN_RUN_H

#include "pgo/core/explain.h"
#include "pgo/core/measure.h"

/* -PGO_ETOOL, with the package, when valgrind is not there. */
int explain_check(struct pgo_err *err);

/*
 * Run each workload once a side under cachegrind, with the processes that it
 * starts, and read the sizes of the programs. A run that fails or does not end
 * within EXPLAIN_SLOWDOWN times its workload's timeout leaves its reason in
 * why_not. Shapes: x by explanation_init, specs beside its workloads, sides of a
 * baseline and a candidate. Fails as child_run does when nothing can be run.
 */
#define EXPLAIN_SLOWDOWN 50u
int explain_run(struct meter *m, const struct workload *const *specs, const struct side *sides,
		struct explanation *x, struct pgo_err *err);

#endif
