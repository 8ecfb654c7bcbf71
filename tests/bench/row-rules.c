/* SPDX-License-Identifier: Apache-2.0 */
/* What the stopping rule costs, what the gate lets through, and what an interruption spoils. */
#include <math.h>

#include "pgo/core/forecast.h"
#include "pgo/stats/paired.h"
#include "tests/bench/bench.h"
#include "tests/bench/sim.h"
#include "tests/lib/noise.h"

#define REPS 4000
#define N_MAX 30
#define AA_PAIRS 8 /* what pgoctl forecasts from */
#define QUIET_SD 0.025

struct rules {
	struct model m;
	double effect, sd; /* of d */
};

enum { PAIRS_RUN, FOUND, FOUND_FIXED, NR_COST };

/* Normal d of the same deviation for all effects, a known one in its midst. */
static void draw(const struct rules *r, struct rng *rng, double *d)
{
	for (unsigned i = 0; i < N_MAX; i++)
		d[i] = r->effect + r->sd * rng_normal(rng);
}

static void find(void *arg, struct rng *rng, double *sums)
{
	struct rules *r = arg;
	struct paired_result fixed;
	double d[N_MAX];

	draw(r, rng, d);
	model_restart(&r->m, rng);
	for (unsigned i = 0; !engine_done(&r->m.g); i++)
		model_round(&r->m, d[i]);
	sums[PAIRS_RUN] += (double)r->m.g.overall.nr;
	sums[FOUND] += engine_overall(&r->m.g) == VERDICT_FASTER;
	if (!paired_analyze(d, N_MAX, r->m.e.head.alpha, &fixed, NULL))
		sums[FOUND_FIXED] += fixed.ci.lo > 0;
}

static int run_sim(struct bench *b, struct rules *r, unsigned reps, unsigned number,
		   void (*one)(void *, struct rng *, double *), unsigned nr_sums, double *sums,
		   struct pgo_err *err)
{
	const struct sim sim = { one, r, reps, nr_sums,
				 b->seed + (900 + number) * UINT64_C(10000000) };

	return sim_run(&sim, sums, err);
}

static int row_cost(struct bench *b, struct rules *r, struct pgo_err *err)
{
	static const struct {
		double sigmas, limit;
	} cases[] = { { 0.5, 24 }, { 1, 14 }, { 1.5, 10 }, { 4, 8.3 } };
	unsigned reps = bench_reps(b, REPS, 200);

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO_FREE char *what = xstrfmt("pairs to find %g sigma", cases[i].sigmas);
		PGO_AUTO_FREE char *target =
			xstrfmt("mean at most %g; power loss at most 10 points", cases[i].limit);
		struct line line = { .row = "9", .what = what, .target = target };
		double sums[NR_COST], mean, loss;
		int ret;

		r->effect = cases[i].sigmas * MODEL_SD;
		ret = run_sim(b, r, reps, i, find, NR_COST, sums, err);
		if (ret)
			return ret;
		mean = sums[PAIRS_RUN] / reps;
		loss = (sums[FOUND_FIXED] - sums[FOUND]) / reps;
		line.outcome = met(mean <= cases[i].limit && loss <= 0.10);
		line.figures = json_pack("{s:f,s:i,s:f,s:f,s:f}", "effect_sigmas", cases[i].sigmas,
					 "simulations", reps, "mean_pairs", mean, "power",
					 sums[FOUND] / reps, "power_fixed_n",
					 sums[FOUND_FIXED] / reps);
		bench_line(b, &line, "%.1f pairs; power %.1f %%, with all %d pairs %.1f %%", mean,
			   100 * sums[FOUND] / reps, N_MAX, 100 * sums[FOUND_FIXED] / reps);
	}
	return 0;
}

static void find_slower(void *arg, struct rng *rng, double *sums)
{
	struct rules *r = arg;
	enum verdict v;
	double d[N_MAX];

	draw(r, rng, d);
	model_restart(&r->m, rng);
	for (unsigned i = 0; !engine_done(&r->m.g); i++)
		model_round(&r->m, d[i]);
	v = engine_overall(&r->m.g);
	sums[0] += v == VERDICT_REGRESSION || v == VERDICT_SLOWER_WITHIN_MARGIN;
	sums[1] += v == VERDICT_FASTER;
}

/* What row 6 asks of a machine, on one that is quiet enough. */
static int row_power(struct bench *b, double slower, unsigned pairs, double power,
		     struct pgo_err *err)
{
	struct rules r = { .effect = -log1p(slower), .sd = QUIET_SD };
	unsigned reps = bench_reps(b, REPS / 4, 100);
	PGO_AUTO_FREE char *what = xstrfmt("%g %% slower, pair deviation %g %%, %u runs",
					   100 * slower, 100 * r.sd, 2 * pairs);
	PGO_AUTO_FREE char *target = xstrfmt("at least %g %% found, below 1 %% wrong", 100 * power);
	struct line line = { .row = "9", .what = what, .target = target };
	double sums[2];
	int ret = model_init(&r.m, 1, pairs, err);

	if (!ret)
		ret = run_sim(b, &r, reps, 20 + pairs, find_slower, 2, sums, err);
	model_release(&r.m);
	if (ret)
		return ret;
	line.outcome = met(sums[0] >= power * reps && sums[1] < 0.01 * reps);
	line.figures = json_pack("{s:f,s:f,s:i,s:i,s:f,s:f}", "slower_by", slower, "deviation",
				 r.sd, "pairs_at_most", pairs, "simulations", reps, "found",
				 sums[0] / reps, "wrong", sums[1] / reps);
	bench_line(b, &line, "%.1f %% of %u, %.1f %% wrong", 100 * sums[0] / reps, reps,
		   100 * sums[1] / reps);
	return 0;
}

/* A slow-down of just the margin. */
static void let_through(void *arg, struct rng *rng, double *sums)
{
	struct rules *r = arg;
	double d[N_MAX];

	draw(r, rng, d);
	model_restart(&r->m, rng);
	for (unsigned i = 0; !engine_done(&r->m.g); i++)
		model_round(&r->m, d[i]);
	sums[0] += verdict_is_not_slower(engine_overall(&r->m.g));
}

static int row_gate_error(struct bench *b, struct rules *r, struct pgo_err *err)
{
	unsigned reps = bench_reps(b, 5 * REPS, 400);
	double limit = bench_limit(0.025, 2.06, reps);
	PGO_AUTO_FREE char *target = xstrfmt("2.5 %%: at most %.2f %% of %u", 100 * limit, reps);
	struct line line = {
		.row = "9", .what = "slower by just the margin, called not slower", .target = target
	};
	double sum;
	int ret;

	r->effect = -log1p(r->m.e.head.margin);
	ret = run_sim(b, r, reps, 10, let_through, 1, &sum, err);
	if (ret)
		return ret;
	line.outcome = met(sum / reps <= limit);
	line.figures = json_pack("{s:i,s:f}", "simulations", reps, "rate", sum / reps);
	bench_line(b, &line, "%.2f %%", 100 * sum / reps);
	return 0;
}

/* As pgoctl does: A/A pairs, what they say can be proven, then pairs of an equal program. */
static void plan(void *arg, struct rng *rng, double *sums)
{
	struct rules *r = arg;
	struct forecast f = { 0 };

	r->m.e.head.margin = 0.5; /* how many pairs it would take is not asked */
	model_restart(&r->m, rng);
	for (int i = 0; i < AA_PAIRS; i++)
		model_pair(&r->m, 0, PAIR_AA, MODEL_SD * rng_normal(rng));
	if (forecast_make(&r->m.e, &f, NULL) || !isfinite(f.provable))
		return;
	r->m.e.head.margin = f.provable;
	while (!engine_done(&r->m.g))
		model_round(&r->m, MODEL_SD * rng_normal(rng));
	sums[0]++;
	sums[1] += engine_gate(&r->m.g) == GATE_PASS;
	sums[2] += round(1e6 * f.provable);
}

static int row_planner(struct bench *b, struct rules *r, struct pgo_err *err)
{
	struct line line = { .row = "9",
			     .what = "equal program, the margin forecast as provable: passes",
			     .target = "at least 90 %" };
	double sums[3];
	int ret;

	r->m.e.head.gate = GATE_PROVE_NOT_SLOWER;
	ret = run_sim(b, r, bench_reps(b, REPS / 2, 40), 11, plan, 3, sums, err);
	if (ret)
		return ret;
	line.outcome = met(sums[1] >= 0.9 * sums[0]);
	line.figures = json_pack("{s:f,s:f,s:f}", "simulations", sums[0], "passes",
				 sums[1] / sums[0], "mean_margin", sums[2] / 1e6 / sums[0]);
	bench_line(b, &line, "%.1f %% of %.0f, the margin %.1f %% on average",
		   100 * sums[1] / sums[0], sums[0], sums[2] / 1e4 / sums[0]);
	return 0;
}

/* Ctrl-C: after some pair, whatever it is, what the last look said stands. */
static void interrupt(void *arg, struct rng *rng, double *sums)
{
	struct rules *r = arg;
	uint64_t after = rng_below(rng, N_MAX) + 1;
	const struct look *k;
	double d[N_MAX];

	noise_pairs(rng, (enum noise)rng_below(rng, NR_NOISES), N_MAX, d);
	model_restart(&r->m, rng);
	for (unsigned i = 0; i < after && !engine_done(&r->m.g); i++)
		model_round(&r->m, MODEL_SD * d[i]);
	k = series_last(&r->m.g.overall);
	sums[0] += k != NULL;
	sums[1] += k && (k->ci.lo > 0 || k->ci.hi < 0);
	sums[2] += k && verdict_claims(k->verdict);
}

static int row_interrupt(struct bench *b, struct rules *r, struct pgo_err *err)
{
	unsigned reps = bench_reps(b, REPS, 200);
	double limit = bench_limit(0.05, 2.6, reps);
	PGO_AUTO_FREE char *target = xstrfmt("at most %.1f %%", 100 * limit);
	struct line line = { .row = "9",
			     .what = "interrupted after any pair, the interval misses",
			     .target = target };
	double sums[3];
	int ret = run_sim(b, r, reps, 12, interrupt, 3, sums, err);

	if (ret)
		return ret;
	line.outcome = met(sums[1] <= limit * sums[0]);
	line.figures = json_pack("{s:i,s:f,s:f,s:f}", "simulations", reps, "had_a_look", sums[0],
				 "missed", sums[1] / sums[0], "claimed", sums[2] / sums[0]);
	bench_line(b, &line, "%.2f %% of %.0f", 100 * sums[1] / sums[0], sums[0]);
	return 0;
}

int row_rules(struct bench *b, struct pgo_err *err)
{
	struct rules r = { .sd = MODEL_SD };
	int ret = model_init(&r.m, 1, N_MAX, err);

	if (!ret)
		ret = row_cost(b, &r, err);
	if (!ret)
		ret = row_power(b, 0.02, 30, 0.90, err);
	if (!ret)
		ret = row_power(b, 0.05, 15, 0.99, err);
	if (!ret)
		ret = row_gate_error(b, &r, err);
	if (!ret)
		ret = row_interrupt(b, &r, err);
	if (!ret)
		ret = row_planner(b, &r, err);
	model_release(&r.m);
	return ret;
}
