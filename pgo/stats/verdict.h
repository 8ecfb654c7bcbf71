/* SPDX-License-Identifier: Apache-2.0 */
/* What an interval of a log speed-up says about a claim. */
#ifndef PGO_STATS_VERDICT_H
#define PGO_STATS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "pgo/stats/interval.h"

enum verdict {
	VERDICT_FASTER,		      /* lo > ln(1 + min_effect) */
	VERDICT_EQUIVALENT,	      /* -margin < lo, hi < margin */
	VERDICT_NOT_SLOWER,	      /* lo > -margin */
	VERDICT_SLOWER_WITHIN_MARGIN, /* hi < 0, lo > -margin */
	VERDICT_REGRESSION,	      /* hi < 0, lo <= -margin */
	VERDICT_INCONCLUSIVE,
	NR_VERDICTS,
};

/* Fractions: 0.02 is 2 %. Neither is negative. */
struct verdict_rule {
	double margin;	   /* a slow-down that does not matter */
	double min_effect; /* a speed-up must be above this to count as one */
};

/*
 * Read an interval of ln(old time / new time), positive when the new one is
 * faster. Several statements may hold; the most telling is returned: faster,
 * then slower (within the margin or not), equivalent, not slower.
 */
enum verdict verdict_of(const struct interval *iv, const struct verdict_rule *rule);
const char *verdict_name(enum verdict v); /* "SLOWER-WITHIN-MARGIN" */
/* The verdict implies that any slow-down is within the margin. */
bool verdict_is_not_slower(enum verdict v);
/* The slow-down itself is proven to exceed the margin: hi < -margin. */
bool verdict_is_material(const struct interval *iv, const struct verdict_rule *rule);

/*
 * The chance that an interval at n pairs will have become a verdict other
 * than INCONCLUSIVE by n_max, if things go on as they went: the final
 * estimate is taken as normal about the present one, the width as shrinking
 * with the square root. Below VERDICT_FUTILE it is not worth going on. Ending
 * for that reason costs no error rate.
 * Shapes: 0 < n <= n_max. An unbounded interval gives 1.
 */
#define VERDICT_FUTILE 0.1
double verdict_prospect(const struct interval *iv, size_t n, size_t n_max,
			const struct verdict_rule *rule);

/*
 * Holm's step-down: adjusted[i] <= alpha exactly for the hypotheses that are
 * rejected with a chance of at most alpha of rejecting any true one.
 * Source: Holm 1979, Scandinavian Journal of Statistics 6:65.
 */
void holm_adjust(const double *p, size_t n, double *adjusted);

/*
 * One workload suite as one series: out[r] is the weighted mean over the
 * workloads of d[w][r], so that it analyses like a single workload, as a
 * weighted geometric mean.
 * Shapes: d[0..nr_workloads) of nr_rounds each, rounds run jointly; weights
 * not negative, not all zero, NULL for equal ones.
 */
void combine_workloads(const double *const *d, const double *weights, size_t nr_workloads,
		       size_t nr_rounds, double *out);

#endif
