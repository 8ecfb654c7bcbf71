/* SPDX-License-Identifier: Apache-2.0 */
/* Why pgoctl's agent does not work in a program, and what does instead. */
#ifndef PGO_CORE_OBSTACLE_H
#define PGO_CORE_OBSTACLE_H

#include <sys/types.h>

enum obstacle {
	OBSTACLE_NONE,
	OBSTACLE_STATIC,     /* no loader starts it */
	OBSTACLE_FOREIGN,    /* another loader than pgoctl's does: of another machine or libc */
	OBSTACLE_STRIPPED,   /* of Clang's, whose writer is found by its symbol */
	OBSTACLE_PRIVILEGED, /* with another's rights: its loader preloads nothing. ld.so(8) */
	NR_OBSTACLES
};

/* Of a file that this user would run; NONE, too, for what is no program. */
enum obstacle obstacle_of_file(const char *path);
/*
 * Of one that runs without the agent's thread; NONE, too, when it is gone, when nothing in it
 * counts as far as can be seen, and when the agent is there.
 */
enum obstacle obstacle_of_process(pid_t pid);

const char *obstacle_name(enum obstacle o);   /* behind 'it is' */
const char *obstacle_remedy(enum obstacle o); /* what to do about it */

#endif
