/* SPDX-License-Identifier: Apache-2.0 */
/* Going on without what cannot be read, within limits. */
#ifndef PGO_CORE_MERGE_LOST_H
#define PGO_CORE_MERGE_LOST_H

#include "pgo/core/merge-files.h"

/*
 * Move the bad files of in from *nr_done on to the quarantine and note them in lost; *nr_done
 * is brought up to date, inputs that were such files are taken out of in. Stops before the
 * first that is too many: -PGO_EFORMAT, with every file and reason in the detail.
 */
int merge_lost_move(struct merge_inputs *in, const struct merge_request *req, size_t *nr_done,
		    struct bundle *lost, struct pgo_err *err);

#endif
