/* SPDX-License-Identifier: Apache-2.0 */
/* Folding raw profiles into a bundle while a training goes on, and removing them. */
#ifndef PGO_CORE_WATCH_H
#define PGO_CORE_WATCH_H

#include <sys/types.h>

#include "pgo/core/merge-files.h"

struct watch_request {
	const char *folder;
	const struct merge_request *merge; /* output, consumer, sparse, strip, prefix, ... */
	pid_t until_exit;		   /* end with this process, too; 0: only by a signal */
};

struct watch_outcome {
	struct merge_outcome merge;
	uint64_t nr_left; /* files that were still open, and stay where they are */
};
#define WATCH_OUTCOME_INIT { .merge = MERGE_OUTCOME_INIT }
static inline void watch_outcome_release(struct watch_outcome *o)
{
	merge_outcome_release(&o->merge);
}
PGO_DEFINE_AUTO(watch_outcome, watch_outcome_release)

/*
 * Fold what complete raw profiles appear below the folder into the output, a bundle, and remove
 * them, until SIGINT, SIGTERM, SIGHUP or the end of a process; these signals are blocked from
 * then on. A file is complete when nobody has it open, which a lease tells, or, where the file
 * system or another owner refuses one, when it is not locked and has not changed for a while.
 *
 * Complete files are moved to FOLDER/.pgoctl-watch/BATCH, and folded when still nobody has them
 * open. The bundle names the last batch that it holds and the files of it, so that both are
 * written by one rename; then the batch is removed. Whoever comes after a kill goes on from there:
 * what is in that batch or before it is removed, what is in a later one is folded. Nothing is lost
 * and nothing is counted twice.
 *
 * In formats of trees a folder directly below FOLDER whose name is a number, as GCOV_PREFIX with
 * %p makes them, is one tree, and all the rest another.
 *
 * -PGO_EUSAGE (the output is of another origin, or no bundle), -PGO_EPERM (another pgoctl watches
 * the folder), -PGO_ENOTFOUND (no profile came), and as merge_files; the output holds then what
 * was folded before, and files that were not folded stay.
 */
int watch_folder(const struct watch_request *req, struct watch_outcome *ret, struct pgo_err *err);

#endif
