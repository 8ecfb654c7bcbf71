/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/forecast.h"

#include <math.h>

#include "pgo/stats/rng.h"
#include "pgo/stats/signed-rank.h"
#include "pgo/stats/spending.h"

#define REPS 200
#define POWER 0.9

/* The A/A log ratios of one workload; all of them when it has too few of its own. */
static size_t gather(const struct evidence *e, size_t workload, double *out)
{
	size_t nr = 0;

	for (int own = 1; own >= 0 && nr < 4; own--) {
		nr = 0;
		for (size_t i = 0; i < e->nr_pairs; i++) {
			const struct ab_pair *p = &e->pairs[i];
			double d;

			if (p->kind != PAIR_AA || p->invalid != VALID ||
			    (own && p->workload != workload))
				continue;
			d = log(evidence_metric(e, p->workload, &p->run[0]) /
				evidence_metric(e, p->workload, &p->run[1]));
			if (p->part == PART_SECOND)
				out[nr - 1] = (out[nr - 1] + d) / 2;
			else
				out[nr++] = d;
		}
	}
	return nr;
}

/*
 * The margin that n pairs prove with POWER: a quantile of the interval's lower end over replays.
 * Two things are allowed for. The A/A pairs are few: each replay first draws which of them might
 * have been seen, since their spread may be far from that of the pairs to come, and is the
 * narrower on average. And the last of several looks decides at about half of alpha, since those
 * before it have spent the rest.
 */
static double provable_margin(const double *d, size_t nr, unsigned n, double alpha, struct rng *rng)
{
	PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;
	PGO_AUTO_FREE double *seen = xcalloc(nr, sizeof(*seen));
	double drawn[SPENDING_MAX_N], need[REPS];
	double wider = sqrt((double)nr / ((double)nr - 1));
	uint32_t c;

	signed_rank_law_init(&law, NULL, n);
	c = signed_rank_critical(&law, alpha / 2);
	if (c > law.max || nr < 2)
		return INFINITY;
	for (int r = 0; r < REPS; r++) {
		for (size_t i = 0; i < nr; i++)
			seen[i] = d[rng_below(rng, nr)];
		for (unsigned i = 0; i < n; i++) {
			double x = wider * seen[rng_below(rng, nr)];

			drawn[i] = rng_coin(rng) ? x : -x;
		}
		need[r] = -signed_rank_interval(drawn, n, c).lo;
	}
	return expm1(fmax(0, select_kth(need, REPS, (size_t)(POWER * REPS) - 1)));
}

struct need {
	unsigned pairs; /* 0: more than were tried */
	double provable;
};

static struct need need_of(const struct evidence *e, const double *d, size_t nr)
{
	static const unsigned grid[] = { 8, 10, 12, 16, 20, 25, 30, 40, 50, 75, 100, 150, 200 };
	struct need need = { 0, INFINITY };
	struct rng rng;

	rng_seed(&rng, e->head.seed);
	need.provable = provable_margin(d, nr, e->head.n_max, e->head.alpha, &rng);
	for (size_t i = 0; !need.pairs && i < ARRAY_SIZE(grid); i++)
		if (provable_margin(d, nr, grid[i], e->head.alpha, &rng) < e->head.margin)
			need.pairs = grid[i];
	return need;
}

int forecast_make(const struct evidence *e, struct forecast *f, struct pgo_err *err)
{
	PGO_AUTO_FREE double *d = xcalloc(e->nr_pairs, sizeof(*d));
	struct need worst = { 1, 0 };
	bool known = true;

	if (e->head.n_max < 1 || e->head.n_max > SPENDING_MAX_N)
		return pgo_error(err, PGO_EUSAGE, "between 6 and %u pairs are supported, not %u",
				 SPENDING_MAX_N, e->head.n_max);
	for (size_t i = 0; i < e->nr_workloads; i++) {
		size_t nr = gather(e, i, d);
		struct need need = nr ? need_of(e, d, nr) : (struct need){ 0, INFINITY };

		known = known && nr;
		if (need.provable > worst.provable)
			worst.provable = need.provable;
		if (!need.pairs || (worst.pairs && need.pairs > worst.pairs))
			worst.pairs = need.pairs;
	}
	f->pairs = worst.pairs;
	f->provable = worst.provable;
	f->known = known;
	return 0;
}
