/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/stats/signed-rank.h"
#include "tests/bench/bench.h"
#include "tests/bench/sim.h"
#include "tests/lib/boundaries.h"

#define REPS 400000

/* One course of data through all looks: whether it crosses the upper boundary. */
static void walk(void *arg, struct rng *rng, double *sums)
{
	const struct spending *s = arg;
	double d[SPENDING_MAX_N];
	uint32_t scores[SPENDING_MAX_N];
	unsigned n = 0;

	for (unsigned q = 0; q < s->nr_looks; q++) {
		const struct spending_look *l = &s->looks[q];
		uint32_t w = 0;

		while (n < l->n)
			d[n++] = rng_normal(rng);
		signed_rank_scores(d, n, 0, scores);
		for (unsigned i = 0; i < n; i++)
			w += d[i] > 0 ? scores[i] / 2 : 0;
		if (w < l->c)
			continue;
		sums[0]++;
		return;
	}
}

static int check(struct bench *b, size_t at, unsigned *off, double *excess, json_t *figures,
		 struct pgo_err *err)
{
	const struct boundaries *row = &boundaries[at];
	unsigned n_max = row->n_max, known = 0, reps = bench_reps(b, REPS, 2000);
	double alpha = row->alpha, crossed;
	struct spending s;
	struct sim sim = { walk, &s, reps, 1, b->seed + (200 + at) * UINT64_C(10000000) };
	int ret = spending_init(&s, n_max, alpha, SPENDING_SEED, err);

	if (!ret)
		ret = sim_run(&sim, &crossed, err);
	if (ret)
		return ret;
	for (unsigned q = 0; q < s.nr_looks; q++) {
		if (known == BOUNDARIES_LOOKS || s.looks[q].n != row->looks[known].n)
			continue;
		unsigned apart = (unsigned)abs((int)s.looks[q].c - (int)row->looks[known++].c);
		*off = apart > *off ? apart : *off;
	}
	*excess = fmax(*excess, s.looks[s.nr_looks - 1].spent - alpha);
	*excess = fmax(*excess, crossed / reps - alpha - 3.3 * sqrt(alpha / reps));
	json_array_append_new(figures, json_pack("{s:i,s:f,s:f,s:f,s:i}", "n_max", n_max, "alpha",
						 alpha, "spent", s.looks[s.nr_looks - 1].spent,
						 "crossed", crossed / reps, "simulations", reps));
	return 0;
}

int row_tables(struct bench *b, struct pgo_err *err)
{
	unsigned off = 0;
	double excess = -1;
	struct line line = { .row = "2",
			     .what = "boundary tables, n_max 12 to 50, alpha 2.5 and 5 %",
			     .target = "critical values within 1",
			     .figures = json_array() };
	int ret = 0;

	for (size_t i = 0; !ret && i < nr_boundaries; i++)
		ret = check(b, i, &off, &excess, line.figures, err);
	if (ret) {
		json_decref(line.figures);
		return ret;
	}
	line.outcome = met(off <= 1);
	bench_line(b, &line, "%u apart at most", off);
	line = (struct line){ .row = "2",
			      .what = "alpha that they spend, by their makers and simulated",
			      .target = "at most nominal",
			      .outcome = met(excess <= 0) };
	bench_line(b, &line, excess <= 0 ? "never above it" : "%.2e above it", excess);
	return 0;
}
