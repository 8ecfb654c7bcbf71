/* SPDX-License-Identifier: Apache-2.0 */
/* From raw profiles to merged.prof. */
#ifndef PGO_CORE_MERGE_H
#define PGO_CORE_MERGE_H

#include "pgo/core/bundle.h"
#include "pgo/core/contribution.h"
#include "pgo/core/train.h"

/*
 * Merge all runs of the stage that was trained, each workload by its weight, and write the
 * bundle to out_path. base: NULL, or a bundle that BOLT's profile is added to. For BOLT each
 * artifact that ran has a payload.
 * Recordings are converted first, which fills their numbers in t; for them trained may be NULL:
 * of programs that no stage made.
 * A corrupt or empty raw file stops it: -PGO_EFORMAT with the path. ret (may be
 * NULL) gets the manifest.
 */
int merge_training(struct project *p, const struct stage *trained, struct training *t,
		   const char *base, const char *out_path, struct bundle *ret, struct pgo_err *err);

/*
 * Weights as whole numbers in lowest terms, in the same proportions to three
 * decimals: {0.5, 1} -> {1, 2}. weights[0..nr) > 0.
 */
void merge_integer_weights(const double *weights, size_t nr, uint64_t *ret);

/*
 * What each workload's runs counted, merged alone, by function. *ret is as contributions_init
 * leaves it.
 */
int merge_contributions(const struct project *p, const struct training *t,
			struct contributions *ret, struct pgo_err *err);

#endif
