/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/layout.h"

#include <math.h>

#include "pgo/stats/spending.h"

#define POWER 0.9

static unsigned layouts_of(const struct evidence *e, enum pair_kind kind)
{
	return kind == PAIR_LAYOUT ? e->head.layouts.floor : e->head.layouts.nr;
}

static bool means_of_one(const struct evidence *e, size_t nr_pairs, enum pair_kind kind,
			 size_t workload, double *means, struct cluster *ret)
{
	PGO_AUTO_FREE double *d = xcalloc(nr_pairs, sizeof(*d));
	PGO_AUTO_FREE unsigned *of = xcalloc(nr_pairs, sizeof(*of));
	size_t n = 0;

	for (size_t i = 0; i < nr_pairs; i++) {
		const struct ab_pair *p = &e->pairs[i];

		if (p->kind != kind || p->workload != workload || p->invalid != VALID)
			continue;
		of[n] = p->layout - 1;
		d[n++] = log(evidence_metric(e, workload, &p->run[0]) /
			     evidence_metric(e, workload, &p->run[1]));
	}
	return cluster_means(d, of, n, layouts_of(e, kind), means, ret);
}

bool layout_means(const struct evidence *e, size_t nr_pairs, enum pair_kind kind, size_t workload,
		  double *means, struct cluster *ret)
{
	unsigned nr = layouts_of(e, kind);
	PGO_AUTO_FREE struct cluster *each = xcalloc(e->nr_workloads, sizeof(*each));
	PGO_AUTO_FREE double *weights = xcalloc(e->nr_workloads, sizeof(*weights));
	PGO_AUTO_FREE double *all = xcalloc(e->nr_workloads * nr, sizeof(*all));

	if (workload != LAYOUT_WHOLE)
		return means_of_one(e, nr_pairs, kind, workload, means, ret);
	for (size_t i = 0; i < e->nr_workloads; i++) {
		weights[i] = e->workloads[i].weight;
		if (!means_of_one(e, nr_pairs, kind, i, all + i * nr, &each[i]))
			return false;
	}
	cluster_combine(all, each, weights, e->nr_workloads, means, ret);
	return true;
}

struct layout_floor layout_floor(const struct evidence *e, size_t workload)
{
	PGO_AUTO_FREE double *means = xcalloc(e->head.layouts.floor, sizeof(*means));
	struct cluster c;

	if (!e->head.layouts.floor ||
	    !layout_means(e, e->nr_pairs, PAIR_LAYOUT, workload, means, &c))
		return (struct layout_floor){ NAN, NAN, 1 };
	return (struct layout_floor){
		.floor = expm1(cluster_apart(&c, e->head.alpha)),
		.noise = expm1(cluster_noise(&c, e->head.alpha)),
		.p = cluster_p(&c),
	};
}

/* What one pair of every workload takes. */
static double round_ns(const struct evidence *e)
{
	double sum = 1;

	for (size_t i = 0; i < e->nr_workloads; i++)
		sum += 2 * (double)e->workloads[i].unit_ns;
	return sum;
}

unsigned layout_repetitions(const struct evidence *e, const struct cluster *c, unsigned most)
{
	return cluster_repetitions(c, (double)e->head.layouts.link_ns, round_ns(e), most);
}

/* The A/A pairs of one workload; false when they are too few. */
static bool noise_of(const struct evidence *e, size_t workload, double *ret)
{
	double sum = 0, squares = 0;
	size_t n = 0;

	for (size_t i = 0; i < e->nr_pairs; i++) {
		const struct ab_pair *p = &e->pairs[i];
		double d;

		if (p->kind != PAIR_AA || p->workload != workload || p->invalid != VALID)
			continue;
		d = log(evidence_metric(e, workload, &p->run[0]) /
			evidence_metric(e, workload, &p->run[1]));
		sum += d;
		squares += d * d;
		n++;
	}
	if (n < 2)
		return false;
	*ret = fmax(0, squares - sum * sum / (double)n) / (double)(n - 1);
	return true;
}

/*
 * What is known of the A/B pairs' variances before the first of them. Both sides are laid out
 * anew in each layout, so theirs differ by twice what the baseline alone does.
 */
static struct cluster expected(const struct evidence *e)
{
	PGO_AUTO_FREE double *means = xcalloc(e->head.layouts.floor, sizeof(*means));
	struct cluster c = { .var_within = 0, .var_between = NAN };
	double weights = 0, noise;

	if (e->head.layouts.floor &&
	    layout_means(e, e->nr_pairs, PAIR_LAYOUT, LAYOUT_WHOLE, means, &c)) {
		c.var_between *= 2;
		return c;
	}
	for (size_t i = 0; i < e->nr_workloads; i++)
		weights += e->workloads[i].weight;
	for (size_t i = 0; i < e->nr_workloads; i++) {
		double share = e->workloads[i].weight / weights;

		if (noise_of(e, i, &noise))
			c.var_within += share * share * noise;
	}
	return c;
}

void layout_plan(struct evidence *e, bool fixed)
{
	unsigned nr = e->head.layouts.nr, each = e->head.n_max / nr;
	struct cluster c = expected(e);

	if (!each)
		each = 1;
	if (!fixed && !isnan(c.var_between))
		each = layout_repetitions(e, &c, SPENDING_MAX_N / nr);
	e->head.n_max = each * nr;
}

void layout_forecast(const struct evidence *e, struct forecast *f)
{
	const struct evidence_head *h = &e->head;
	struct cluster c = expected(e);
	unsigned nr = h->layouts.nr;

	f->provable = expm1(cluster_detectable(&c, nr, h->n_max / nr, h->alpha, POWER));
	f->pairs = 0;
	for (unsigned each = 1; !f->pairs && each <= SPENDING_MAX_N / nr; each++)
		if (expm1(cluster_detectable(&c, nr, each, h->alpha, POWER)) < h->margin)
			f->pairs = each * nr;
}
