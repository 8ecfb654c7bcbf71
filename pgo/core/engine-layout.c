/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/engine-layout.h"

#include <math.h>

#include "pgo/core/layout.h"

static bool interval_of(const struct engine *g, size_t workload, double alpha, struct interval *ret,
			struct cluster *c)
{
	unsigned nr = g->e->head.layouts.nr;
	PGO_AUTO_FREE double *means = xcalloc(nr, sizeof(*means));

	if (!layout_means(g->e, g->taken, PAIR_AB, workload, means, c))
		return false;
	*ret = cluster_interval(means, nr, alpha);
	return true;
}

static void judge(const struct engine *g, size_t workload, struct series *s, struct cluster *c)
{
	const struct verdict_rule rule = { g->e->head.margin, g->e->head.min_effect };
	struct look *k = &s->looks[0];
	struct interval ci;

	s->nr_looks = 0;
	s->decided = false;
	if (!interval_of(g, workload, g->e->head.alpha, &ci, c))
		return;
	*k = (struct look){ .n = (unsigned)s->nr, .ci = ci, .verdict = verdict_of(&ci, &rule) };
	s->nr_looks = 1;
	s->decided = k->verdict != VERDICT_INCONCLUSIVE && k->verdict != VERDICT_NOT_SLOWER;
}

void engine_judge_layouts(struct engine *g)
{
	struct cluster ignored;

	g->layouts.nr = 0;
	for (size_t i = 0; i < g->e->nr_workloads; i++) {
		g->workloads[i].regressed = false;
		judge(g, i, &g->workloads[i].series, &ignored);
	}
	judge(g, LAYOUT_WHOLE, &g->overall, &g->layouts);
}

bool engine_layouts_regressed(const struct engine *g, size_t workload, double alpha)
{
	const struct verdict_rule rule = { g->e->head.margin, g->e->head.min_effect };
	struct interval ci;
	struct cluster c;

	return interval_of(g, workload, alpha, &ci, &c) &&
	       verdict_of(&ci, &rule) == VERDICT_REGRESSION;
}

void engine_find_floor(struct engine *g)
{
	for (size_t i = 0; i < g->e->nr_workloads; i++)
		g->workloads[i].floor = layout_floor(g->e, i);
	g->floor = layout_floor(g->e, LAYOUT_WHOLE);
}

bool engine_inside_floor(const struct engine *g, size_t workload)
{
	bool whole = workload == LAYOUT_WHOLE;
	const struct look *k = series_last(whole ? &g->overall : &g->workloads[workload].series);
	enum verdict v = whole ? engine_overall(g) : engine_verdict(g, workload);
	struct layout_floor floor = whole ? g->floor : g->workloads[workload].floor;

	if (!k || engine_is_of_build(g))
		return false;
	if (v != VERDICT_FASTER && v != VERDICT_REGRESSION && v != VERDICT_SLOWER_WITHIN_MARGIN)
		return false;
	return floor.p <= LAYOUT_ALPHA && fabs(k->ci.estimate) <= log1p(floor.floor);
}
