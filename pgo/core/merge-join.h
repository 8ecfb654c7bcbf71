/* SPDX-License-Identifier: Apache-2.0 */
/* The merge of inputs into a payload, without what cannot be read as long as that is allowed. */
#ifndef PGO_CORE_MERGE_JOIN_H
#define PGO_CORE_MERGE_JOIN_H

#include "pgo/core/merge-files.h"

/*
 * Merge in into a file or folder below dir, which becomes a new payload of b, its hash not taken.
 * Bad files are moved by req, as merge_lost_move does. Errors as merge_files.
 */
int merge_join(struct merge_inputs *in, const struct merge_request *req,
	       const struct prof_merge_opts *opts, const char *dir, struct bundle *b,
	       struct prof_merge_result *res, struct pgo_err *err);
/* The error of a merge that has no input, or none left: b tells what is lost. */
int merge_no_input(const struct bundle *b, struct pgo_err *err);

#endif
