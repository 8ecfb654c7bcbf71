/* SPDX-License-Identifier: Apache-2.0 */
/* The three steps that every user learns, each made of stages. */
#ifndef PGO_CORE_FLOW_H
#define PGO_CORE_FLOW_H

#include "pgo/core/experiment.h"
#include "pgo/core/merge.h"

/*
 * Instrumented build, training runs, merge; path gets the bundle. Where pgo.yaml's technique is
 * sample: flow_sample, by the defaults. Nothing but the plan under -n.
 */
int flow_collect(struct project *p, const char *path, struct bundle *ret, struct pgo_err *err);
/*
 * Baseline build, recordings of the workloads or of what sampler names, conversion, merge. The
 * build is left out without a pgo.yaml and for processes that run already. The recordings stay
 * below .pgo/samples. Also errors of sampler_prepare and sampling_convert.
 */
int flow_sample(struct project *p, struct sampler *sampler, const char *path, struct bundle *ret,
		struct pgo_err *err);
/* Optimized build with the profile. */
int flow_build(struct project *p, const char *profile, struct stage *ret, struct pgo_err *err);
/* Baseline build, then baseline against optimized (or against itself, to test the instrument).
 * -PGO_ENOTFOUND when nothing is built yet,
 * -PGO_EMISMATCH when the sources have changed since. */
int flow_validate(struct project *p, const struct experiment_opts *opts, bool against_itself,
		  struct experiment *ret, struct pgo_err *err);

#endif
