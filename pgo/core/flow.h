/* SPDX-License-Identifier: Apache-2.0 */
/* The three steps that every user learns, each made of stages. */
#ifndef PGO_CORE_FLOW_H
#define PGO_CORE_FLOW_H

#include "pgo/core/experiment.h"
#include "pgo/core/merge.h"

/* Instrumented build, training runs, merge; path gets the bundle. Nothing but the plan under -n. */
int flow_collect(struct project *p, const char *path, struct bundle *ret, struct pgo_err *err);
/* Optimized build with the profile. */
int flow_build(struct project *p, const char *profile, struct stage *ret, struct pgo_err *err);
/* Baseline build, then baseline against optimized (or against itself, to test the instrument).
 * -PGO_ENOTFOUND when nothing is built yet,
 * -PGO_EMISMATCH when the sources have changed since. */
int flow_validate(struct project *p, const struct experiment_opts *opts, bool against_itself,
		  struct experiment *ret, struct pgo_err *err);

#endif
