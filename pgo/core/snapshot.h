/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of instrumented programs that go on running: the agent in them writes when asked. */
#ifndef PGO_CORE_SNAPSHOT_H
#define PGO_CORE_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pgo/base/err.h"
#include "pgo/core/obstacle.h"

/* A process that was asked. */
struct snapshot {
	pid_t pid;
	char *command;	     /* the name of its first thread */
	uint64_t nr_written; /* snapshots since it began, this one among them */
	bool incomplete;     /* the last one could not be written whole */
};
/* One in which the agent cannot be. */
struct hindered {
	pid_t pid;
	char *command;
	enum obstacle obstacle;
};
struct snapshots {
	struct snapshot *v;
	size_t nr, alloc;
	size_t nr_without; /* processes that have no agent, as what is not instrumented has none */
	struct hindered *hindered; /* those of them for which a reason is seen */
	size_t nr_hindered, alloc_hindered;
};
#define SNAPSHOTS_INIT { 0 }
void snapshots_release(struct snapshots *s);
PGO_DEFINE_AUTO(snapshots, snapshots_release)

/*
 * Ask the process, and with tree all that descend from it, and wait until each has written:
 * no longer than timeout_ns for all. What was counted is in the files then, and is not counted
 * again. -PGO_ENOTFOUND: there is no such process; -PGO_EUNSUP: none of them has the agent, or
 * one cannot write; -PGO_EPERM: it belongs to another user; -PGO_ECHILD: it does
 * not write in time. ret is filled also then: who was asked, and who cannot be.
 */
int snapshot_take(pid_t pid, bool tree, uint64_t timeout_ns, struct snapshots *ret,
		  struct pgo_err *err);

#endif
