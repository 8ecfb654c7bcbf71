/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/verdict.h"

#include <math.h>

#include "pgo/base/mem.h"
#include "pgo/stats/dist.h"

static const char *const verdict_names[NR_VERDICTS] = {
	[VERDICT_FASTER] = "FASTER",
	[VERDICT_EQUIVALENT] = "EQUIVALENT",
	[VERDICT_NOT_SLOWER] = "NOT-SLOWER",
	[VERDICT_SLOWER_WITHIN_MARGIN] = "SLOWER-WITHIN-MARGIN",
	[VERDICT_REGRESSION] = "REGRESSION",
	[VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
};

enum verdict verdict_of(const struct interval *iv, const struct verdict_rule *rule)
{
	double margin = log1p(rule->margin);

	if (!(iv->lo <= iv->hi))
		return VERDICT_INCONCLUSIVE;
	if (iv->lo > log1p(rule->min_effect))
		return VERDICT_FASTER;
	if (iv->hi < 0)
		return iv->lo > -margin ? VERDICT_SLOWER_WITHIN_MARGIN : VERDICT_REGRESSION;
	if (iv->lo > -margin)
		return iv->hi < margin ? VERDICT_EQUIVALENT : VERDICT_NOT_SLOWER;
	return VERDICT_INCONCLUSIVE;
}

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

bool verdict_is_not_slower(enum verdict v)
{
	return v != VERDICT_REGRESSION && v != VERDICT_INCONCLUSIVE;
}

bool verdict_is_material(const struct interval *iv, const struct verdict_rule *rule)
{
	return iv->hi < -log1p(rule->margin);
}

/*
 * The final half-width leaves a gap of estimates, [-half, half - margin], that
 * prove neither "not slower" nor "slower". That some centre within the present
 * interval lies outside the gap says nothing: the interval is always the wider.
 */
double verdict_prospect(const struct interval *iv, size_t n, size_t n_max,
			const struct verdict_rule *rule)
{
	double now = 0.5 * (iv->hi - iv->lo), share = (double)n / (double)n_max;
	double half = now * sqrt(share), lowest = half - log1p(rule->margin);
	double sd = now / dist_norm_quantile(0.975) * sqrt(1 - share);

	if (!isfinite(now))
		return 1;
	if (lowest < -half)
		return 1;
	if (!(sd > 0))
		return iv->estimate > lowest || iv->estimate < -half;
	return dist_norm_cdf((iv->estimate - lowest) / sd) +
	       dist_norm_cdf((-half - iv->estimate) / sd);
}

struct ranked {
	double p;
	size_t index;
};

static int compare_p(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->p > y->p) - (x->p < y->p);
}

void holm_adjust(const double *p, size_t n, double *adjusted)
{
	PGO_AUTO_FREE struct ranked *r = xcalloc(n, sizeof(*r));
	double reached = 0;

	for (size_t i = 0; i < n; i++)
		r[i] = (struct ranked){ p[i], i };
	qsort(r, n, sizeof(*r), compare_p);
	for (size_t i = 0; i < n; i++) {
		reached = fmax(reached, fmin(1, r[i].p * (double)(n - i)));
		adjusted[r[i].index] = reached;
	}
}

void combine_workloads(const double *const *d, const double *weights, size_t nr_workloads,
		       size_t nr_rounds, double *out)
{
	double total = 0;

	for (size_t w = 0; w < nr_workloads; w++)
		total += weights ? weights[w] : 1;
	for (size_t r = 0; r < nr_rounds; r++) {
		out[r] = 0;
		for (size_t w = 0; w < nr_workloads; w++)
			out[r] += (weights ? weights[w] : 1) / total * d[w][r];
	}
}
