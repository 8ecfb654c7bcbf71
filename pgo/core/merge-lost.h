/* SPDX-License-Identifier: Apache-2.0 */
/* Going on without what cannot be read, within limits. */
#ifndef PGO_CORE_MERGE_LOST_H
#define PGO_CORE_MERGE_LOST_H

#include "pgo/core/merge-files.h"

/*
 * Move the bad files of in that have not been moved yet to the quarantine and note them in b;
 * those that were inputs are taken out of in. Before any is moved, all that is lost then, with
 * what b knows to be lost already, must be within req's limit: else -PGO_EFORMAT, with every
 * file and reason in the detail. What a file has counted that cannot be read is not known: it
 * stands for as much as any other file, times its weight.
 */
int merge_lost_move(struct merge_inputs *in, const struct merge_request *req, struct bundle *b,
		    struct pgo_err *err);

#endif
