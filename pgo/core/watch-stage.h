/* SPDX-License-Identifier: Apache-2.0 */
/* The batches of a watched folder: complete files that were moved out of their writers' way. */
#ifndef PGO_CORE_WATCH_STAGE_H
#define PGO_CORE_WATCH_STAGE_H

#include "pgo/core/bundle.h"

#define WATCH_STAGE ".pgoctl-watch"

struct watch_stage {
	char *folder; /* absolute */
	char *dir;    /* FOLDER/.pgoctl-watch */
	int lock_fd;  /* held while a pgoctl works here */
	int notify_fd;
	struct strvec spared; /* absolute paths that are never taken: the output, the quarantine */
	uint64_t nr_waiting;  /* of the last scan: files that were not complete */
	uint64_t nr_moved;    /* of the last scan */
};
#define WATCH_STAGE_INIT { .lock_fd = -1, .notify_fd = -1, .spared = STRVEC_INIT }
void watch_stage_release(struct watch_stage *s);
PGO_DEFINE_AUTO(watch_stage, watch_stage_release)

/* Take the folder. -PGO_ENOTFOUND, -PGO_EPERM: another pgoctl watches it. */
int watch_stage_open(struct watch_stage *s, const char *folder, struct pgo_err *err);
/* The folder of a batch; malloc'ed. */
char *watch_stage_path(const struct watch_stage *s, uint64_t batch);
/* The first batch that there is from least on, or 0. */
int watch_stage_first(const struct watch_stage *s, uint64_t least, uint64_t *ret,
		      struct pgo_err *err);
/*
 * Move what profiles are complete into a batch; those that folded names, by inode, size and
 * time, are removed: they were in a batch that a power failure has undone. hurry: do not wait
 * for files that nobody has open to grow old.
 */
int watch_stage_scan(struct watch_stage *s, uint64_t batch, const struct bundle_watch *folded,
		     bool hurry, struct pgo_err *err);
/* Whether nobody has a file of the batch open. */
int watch_stage_settled(const struct watch_stage *s, uint64_t batch, bool *ret,
			struct pgo_err *err);
/* Note the batch's files in b, in place of those of the one before. */
int watch_stage_note(const struct watch_stage *s, uint64_t batch, struct bundle *b,
		     struct pgo_err *err);
/*
 * Remove a batch that was folded. Files that are not as b, where it is of that batch, names them
 * stay: *nr_changed tells how many.
 */
int watch_stage_remove(const struct watch_stage *s, uint64_t batch, const struct bundle *b,
		       uint64_t *nr_changed, struct pgo_err *err);

#endif
