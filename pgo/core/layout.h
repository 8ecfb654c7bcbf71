/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What evidence says of layouts: how far links of one program lie apart, what is
 * proven of the program whatever its layout, and how many pairs a layout to run.
 */
#ifndef PGO_CORE_LAYOUT_H
#define PGO_CORE_LAYOUT_H

#include "pgo/core/engine.h"
#include "pgo/core/forecast.h"
#include "pgo/stats/cluster.h"

#define LAYOUT_WHOLE SIZE_MAX	/* in place of a workload: all of them, weighted */

/*
 * The mean log ratio of each layout, and their variances, from the first nr_pairs
 * pairs: of the A/B pairs, or of the baseline against itself (kind PAIR_LAYOUT).
 * Shapes: means has head.layouts.nr, or .floor for PAIR_LAYOUT; both at least 2.
 * False when a layout has no valid pair of the workload.
 */
bool layout_means(const struct evidence *e, size_t nr_pairs, enum pair_kind kind, size_t workload,
		  double *means, struct cluster *ret);

/*
 * What two links of the baseline are expected to differ by at most, at the
 * level of the head's alpha.
 */
struct layout_floor layout_floor(const struct evidence *e, size_t workload);

/* Of the whole: the pairs a layout that say most in a given time, at most most. */
unsigned layout_repetitions(const struct evidence *e, const struct cluster *c, unsigned most);

/*
 * Before the first A/B pair: as many pairs a layout as say most where the floor is
 * known, all that n_max allows where it is not; n_max follows.
 */
void layout_plan(struct evidence *e, bool fixed);
/* As forecast_make, with ESTIMAND_BUILD. Without a floor the layouts count as equal: at best. */
void layout_forecast(const struct evidence *e, struct forecast *f);

#endif
