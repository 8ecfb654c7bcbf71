/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/stats/signed-rank.h"
#include "tests/bench/bench.h"
#include "tests/bench/sim.h"
#include "tests/lib/noise.h"

#define REPS 20000
#define NOMINAL 0.05
#define DEVIATIONS 2.6 /* 5.4 % of 20,000 */

/* Of a run. The margin is 2 %: some validations end at the first look, some never. */
static const double deviations[] = { 0.005, 0.01, 0.02, 0.05 };

enum { ENGINE_MISSED, TABLE_MISSED, CLAIMED, NR_SUMS };

struct cell {
	struct model m;
	enum noise noise;
	unsigned n_max;
};

static bool misses(const struct interval *iv)
{
	return iv->lo > 0 || iv->hi < 0;
}

/* All looks that there can be, also those after a verdict. */
static void validate(void *arg, struct rng *rng, double *sums)
{
	struct cell *c = arg;
	const struct series *s = &c->m.g.overall;
	bool engine = false, table = false, claims = false;
	double d[SPENDING_MAX_N], sd = deviations[rng_below(rng, ARRAY_SIZE(deviations))];

	model_restart(&c->m, rng);
	noise_pairs(rng, c->noise, c->n_max, d);
	for (unsigned i = 0; i < c->n_max; i++)
		model_round(&c->m, sd * d[i]);
	for (unsigned q = 0; q < s->nr_looks; q++) {
		const struct spending_look *l = &c->m.g.spending.looks[q];
		struct interval iv = signed_rank_interval(s->d, l->n, l->c);

		engine |= misses(&s->looks[q].ci);
		table |= misses(&iv);
		claims |= verdict_claims(s->looks[q].verdict);
	}
	sums[ENGINE_MISSED] += engine;
	sums[TABLE_MISSED] += table;
	sums[CLAIMED] += claims;
}

static int run_cell(struct bench *b, struct cell *c, unsigned reps, double *ret_rate,
		    json_t *figures, struct pgo_err *err)
{
	const struct sim sim = { validate, c, reps, NR_SUMS,
				 b->seed + (c->noise * 1000 + c->n_max) * UINT64_C(1000000) };
	double sums[NR_SUMS];
	int ret = sim_run(&sim, sums, err);

	if (ret)
		return ret;
	*ret_rate = sums[ENGINE_MISSED] / reps;
	json_array_append_new(figures,
			      json_pack("{s:s,s:i,s:i,s:f,s:f,s:f}", "noise", noise_name(c->noise),
					"n_max", c->n_max, "simulations", reps, "missed", *ret_rate,
					"missed_by_table_alone", sums[TABLE_MISSED] / reps,
					"claimed", sums[CLAIMED] / reps));
	return 0;
}

static int cover(struct bench *b, unsigned n_max, struct pgo_err *err)
{
	unsigned reps = bench_reps(b, REPS, 40);
	double limit = bench_limit(NOMINAL, DEVIATIONS, reps), rate = 0, worst = 0;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO_FREE char *target = xstrfmt("at most %.1f %%", 100 * limit);
	PGO_AUTO_FREE char *what = xstrfmt("any-look coverage, n_max %u: misses", n_max);
	struct line line = { .row = "3", .what = what, .target = target, .figures = json_array() };
	struct cell c = { .n_max = n_max };
	int ret = model_init(&c.m, 1, n_max, err);

	for (c.noise = 0; !ret && c.noise < NR_NOISES; c.noise++) {
		ret = run_cell(b, &c, reps, &rate, line.figures, err);
		worst = fmax(worst, rate);
		strbuf_addf(&text, "%s%s %.2f", c.noise ? ", " : "", noise_name(c.noise),
			    100 * rate);
	}
	model_release(&c.m);
	if (ret) {
		json_decref(line.figures);
		return ret;
	}
	line.outcome = met(worst <= limit);
	bench_line(b, &line, "%s %% of %u", text.buf, reps);
	return 0;
}

int row_coverage(struct bench *b, struct pgo_err *err)
{
	static const unsigned sizes[] = { 12, 20, 30, 50 };
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(sizes); i++)
		ret = cover(b, sizes[i], err);
	return ret;
}
