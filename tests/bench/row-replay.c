/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/stats/whatif.h"
#include "tests/bench/bench.h"
#include "tests/bench/sim.h"

#define RUNS 2000
#define REPS 4000
#define PAIRS 30 /* pgoctl's default for two commands */
#define BLOCK 20
#define NOMINAL 0.05
#define DEVIATIONS 2.9 /* 6 % of 4,000 */

enum { PGOCTL_CLAIMS, WELCH_CLAIMS, MANN_WHITNEY_CLAIMS, NR_SUMS };

struct replay {
	struct model m;
	const struct trace *t;
	enum trace_metric metric;
};

/* Some consecutive runs as one validation, and as a block of each program. */
static void relabel(void *arg, struct rng *rng, double *sums)
{
	struct replay *r = arg;
	size_t at = trace_window(r->t, 2 * PAIRS, rng);
	const double *a = r->t->s[r->metric] + at;

	sums[WELCH_CLAIMS] += whatif_welch(a, BLOCK, a + BLOCK, BLOCK).says != 0;
	sums[MANN_WHITNEY_CLAIMS] += whatif_mann_whitney(a, BLOCK, a + BLOCK, BLOCK).says != 0;
	model_restart(&r->m, rng);
	for (; !engine_done(&r->m.g); at += 2)
		model_round(&r->m, trace_pair(r->t, r->metric, at, rng));
	sums[PGOCTL_CLAIMS] += verdict_claims(engine_overall(&r->m.g));
}

static double lag1(const double *v, size_t n)
{
	double mean = 0, products = 0, squares = 0;

	for (size_t i = 0; i < n; i++)
		mean += log(v[i]) / (double)n;
	for (size_t i = 0; i < n; i++) {
		squares += (log(v[i]) - mean) * (log(v[i]) - mean);
		products += i ? (log(v[i]) - mean) * (log(v[i - 1]) - mean) : 0;
	}
	return products / squares;
}

static int replay_metric(struct bench *b, enum trace_metric metric, const char *name,
			 struct pgo_err *err)
{
	struct replay r = { .t = &b->trace, .metric = metric };
	struct sim sim = { relabel, &r, bench_reps(b, REPS, 100), NR_SUMS,
			   b->seed + (4 + metric) * UINT64_C(100000000) };
	PGO_AUTO_FREE char *what = xstrfmt("A/A trace of %zu runs relabelled, %s", b->trace.nr,
					   name);
	double sums[NR_SUMS], n = sim.reps, lag = lag1(b->trace.s[metric], b->trace.nr);
	double limit = bench_limit(NOMINAL, DEVIATIONS, sim.reps);
	PGO_AUTO_FREE char *target = xstrfmt("false verdicts at most %.1f %%", 100 * limit);
	struct line line = { .row = "4", .what = what, .target = target };
	int ret = model_init(&r.m, 1, PAIRS, err);

	if (!ret)
		ret = sim_run(&sim, sums, err);
	model_release(&r.m);
	if (ret)
		return ret;
	line.outcome = met(sums[PGOCTL_CLAIMS] / n <= limit);
	line.figures = json_pack(
		"{s:s,s:i,s:i,s:f,s:f,s:f,s:f}", "metric", name, "runs", b->trace.nr, "validations",
		sim.reps, "pgoctl", sums[PGOCTL_CLAIMS] / n, "welch_blocks", sums[WELCH_CLAIMS] / n,
		"mann_whitney_blocks", sums[MANN_WHITNEY_CLAIMS] / n, "lag1_autocorrelation", lag);
	bench_line(b, &line,
		   "%.1f %%; in blocks of %d: Welch %.1f, Mann-Whitney %.1f %%; lag 1 %.2f",
		   100 * sums[PGOCTL_CLAIMS] / n, BLOCK, 100 * sums[WELCH_CLAIMS] / n,
		   100 * sums[MANN_WHITNEY_CLAIMS] / n, lag);
	return 0;
}

int bench_trace(struct bench *b, struct pgo_err *err)
{
	unsigned nr = bench_reps(b, RUNS, 100);

	return b->trace.nr ? 0 : trace_record(&b->trace, b->spin, nr, err);
}

int row_replay(struct bench *b, struct pgo_err *err)
{
	int ret = bench_trace(b, err);

	if (!ret)
		ret = replay_metric(b, TRACE_CPU, "CPU time", err);
	return ret ? ret : replay_metric(b, TRACE_WALL, "wall time", err);
}
