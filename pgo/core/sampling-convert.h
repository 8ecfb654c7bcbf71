/* SPDX-License-Identifier: Apache-2.0 */
/* From the recordings of training runs to profiles that can be merged. */
#ifndef PGO_CORE_SAMPLING_CONVERT_H
#define PGO_CORE_SAMPLING_CONVERT_H

#include "pgo/core/train.h"

/*
 * What convert_samples is asked for on behalf of a compiler: static. -PGO_EUNSUP for one that
 * takes no profile of samples that is written here.
 */
int sampling_form(const struct tool_version *cc, const char **ret, struct pgo_err *err);

/*
 * Convert every recording of t into dir, which exists: one profile for each artifact of the stage
 * that has samples (stage NULL or a binary that is asked for: of that one binary). They take the
 * place of the recordings in t, whose numbers are filled.
 * -PGO_EFORMAT for a recording that cannot be read, -PGO_ECHILD for a workload without samples,
 * or with none in what is wanted: the hint says where they are. Errors of convert_samples.
 */
int sampling_convert(const struct project *p, const struct stage *stage, struct training *t,
		     const char *dir, struct pgo_err *err);

#endif
