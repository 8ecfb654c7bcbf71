/* SPDX-License-Identifier: Apache-2.0 */
/* Real runs of one program, one after the other, to be relabelled as often as one likes. */
#ifndef TESTS_BENCH_TRACE_H
#define TESTS_BENCH_TRACE_H

#include <stddef.h>

#include "pgo/base/err.h"
#include "pgo/stats/rng.h"

enum trace_metric { TRACE_CPU, TRACE_WALL, NR_TRACE_METRICS };

struct trace {
	double *s[NR_TRACE_METRICS]; /* seconds */
	size_t nr;
};
void trace_release(struct trace *t);
int trace_record(struct trace *t, const char *program, size_t nr, struct pgo_err *err);

/* Where a window of nr runs may begin. Shapes: nr <= t->nr. */
size_t trace_window(const struct trace *t, size_t nr, struct rng *rng);
/* The log ratio of the two runs from at on, the first of it by coin. */
double trace_pair(const struct trace *t, enum trace_metric m, size_t at, struct rng *rng);

#endif
