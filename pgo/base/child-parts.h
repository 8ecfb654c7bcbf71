/* SPDX-License-Identifier: Apache-2.0 */
/* What children that are waited for share with those that run beside them. Only for child*.c. */
#ifndef PGO_BASE_CHILD_PARTS_H
#define PGO_BASE_CHILD_PARTS_H

#include "pgo/base/child.h"

/* What the child gets as descriptors 0 to 2; -1: the parent's. */
struct streams {
	int fd[3];
};
/* -PGO_E* when a path cannot be opened; nothing is open then. */
int streams_open(const struct child *c, struct streams *s, struct pgo_err *err);
void streams_close(struct streams *s);

/*
 * A child that runs, or is about to. used, ran_ns and delay_ns are what is not the measured
 * command's.
 */
struct started {
	pid_t pid;
	int sock; /* to a held child; -1 */
	uint64_t start_ns;
	struct rusage used;
	uint64_t ran_ns, delay_ns;
};

/* Start it in a process group of its own; an error's number, or 0. */
int child_spawn(const struct child *c, const struct streams *s, struct started *st);
int child_spawn_error(const struct child *c, int errnum, struct pgo_err *err);

/* Whose groups a signal to this program goes to. */
enum child_place { CHILD_FOREGROUND, CHILD_BACKGROUND, NR_CHILD_PLACES };
void child_note_group(enum child_place place, pid_t group); /* 0: it has ended */

/* Add to res what a process has used since before. */
void child_add_usage(struct child_result *res, const struct rusage *ru,
		     const struct rusage *before);
/* Of this program's children; false: this kernel does not list them. */
bool children_each(void (*fn)(pid_t pid, void *arg), void *arg);
bool children_kill(void);
/* -PGO_ECANCELLED, with the signal's name. */
int child_cancelled_error(struct pgo_err *err);

#endif
