/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the engine that is about layouts; of no use to others. */
#ifndef PGO_CORE_ENGINE_LAYOUT_H
#define PGO_CORE_ENGINE_LAYOUT_H

#include "pgo/core/engine.h"

/* The verdicts rest on the means of layouts, not on looks at the pairs. */
static inline bool engine_is_of_build(const struct engine *g)
{
	return g->e->head.layouts.estimand == ESTIMAND_BUILD;
}

/*
 * One look at every workload and the whole, by the pairs taken so far, in place of the last
 * one; none where a layout has no pair yet. Nothing is decided by it before the last pair, so
 * it costs no error rate. For ESTIMAND_BUILD only.
 */
void engine_judge_layouts(struct engine *g);
/* Slower, and not within the margin, by the interval at this one-sided level. */
bool engine_layouts_regressed(const struct engine *g, size_t workload, double alpha);
/* Fill in the floors. */
void engine_find_floor(struct engine *g);

#endif
