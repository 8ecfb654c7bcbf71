/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench.h"
#include "tests/bench/sim.h"
#include "tests/lib/noise.h"

#define REPS 2000
#define WORKLOADS 10
#define PAIRS 20 /* pgoctl's default for a project */
#define NOMINAL 0.05 /* half of it of the whole, half of the workloads after Holm */
#define DEVIATIONS 2.06

enum { GATE_FAILS, ONE_REGRESSED, ALONE_REGRESSED, NR_SUMS };

struct family {
	struct model m;
	const struct trace *t; /* real runs, or NULL: those of noise */
	enum noise noise;
};

/* The next round: a pair of each workload that is not decided yet. */
static void play_round(struct family *f, size_t *at, struct rng *rng)
{
	for (size_t w = 0; w < WORKLOADS; w++) {
		double d;

		if (!engine_wants(&f->m.g, w))
			continue;
		if (f->t)
			d = trace_pair(f->t, TRACE_CPU, *at, rng);
		else
			noise_pairs(rng, f->noise, 1, &d);
		*at += 2;
		model_pair(&f->m, w, PAIR_AB, f->t ? d : MODEL_SD * d);
	}
	model_look(&f->m);
}

static void validate(void *arg, struct rng *rng, double *sums)
{
	struct family *f = arg;
	size_t at = f->t ? trace_window(f->t, 2 * WORKLOADS * PAIRS, rng) : 0;
	bool regressed = false, alone = false;

	model_restart(&f->m, rng);
	while (!engine_done(&f->m.g))
		play_round(f, &at, rng);
	for (size_t w = 0; w < WORKLOADS; w++) {
		regressed |= f->m.g.workloads[w].regressed;
		alone |= f->m.g.workloads[w].suspected;
	}
	sums[GATE_FAILS] += engine_gate(&f->m.g) == GATE_FAIL;
	sums[ONE_REGRESSED] += regressed;
	sums[ALONE_REGRESSED] += alone;
}

static int play(struct bench *b, const char *name, const struct trace *t, enum noise noise,
		struct pgo_err *err)
{
	struct family f = { .t = t, .noise = noise };
	struct sim sim = { validate, &f, bench_reps(b, REPS, 2), NR_SUMS,
			   b->seed + (80 + noise + (t ? 10 : 0)) * UINT64_C(10000000) };
	PGO_AUTO_FREE char *what = xstrfmt("ten workloads A/A, any regression, %s", name);
	double limit = bench_limit(NOMINAL, DEVIATIONS, sim.reps);
	PGO_AUTO_FREE char *target = xstrfmt("5 %%: at most %.1f %% of %u", 100 * limit, sim.reps);
	struct line line = { .row = "8", .what = what, .target = target };
	double sums[NR_SUMS], n = sim.reps;
	int ret = model_init(&f.m, WORKLOADS, PAIRS, err);

	if (!ret)
		ret = sim_run(&sim, sums, err);
	model_release(&f.m);
	if (ret)
		return ret;
	line.outcome = met(sums[GATE_FAILS] / n <= limit);
	line.figures = json_pack("{s:s,s:i,s:f,s:f,s:f}", "noise", name, "validations", sim.reps,
				 "gate_fails", sums[GATE_FAILS] / n, "some_workload_regressed",
				 sums[ONE_REGRESSED] / n, "some_workload_without_holm",
				 sums[ALONE_REGRESSED] / n);
	bench_line(b, &line, "%.1f %% fail the gate (a workload %.1f, without Holm %.1f %%)",
		   100 * sums[GATE_FAILS] / n, 100 * sums[ONE_REGRESSED] / n,
		   100 * sums[ALONE_REGRESSED] / n);
	return 0;
}

int row_family(struct bench *b, struct pgo_err *err)
{
	int ret = play(b, "normal noise", NULL, NOISE_NORMAL, err);

	if (!ret)
		ret = play(b, "spikes", NULL, NOISE_SPIKES, err);
	if (!ret)
		ret = bench_trace(b, err);
	if (!ret && b->trace.nr >= 2 * WORKLOADS * PAIRS)
		ret = play(b, "recorded runs", &b->trace, NR_NOISES, err);
	return ret;
}
