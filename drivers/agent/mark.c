/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file named by the process' number, which is there from its start until its counts are saved at
 * its end: what is left of these when the run is over are processes that were killed or aborted.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/agent-wake.h"
#include "drivers/agent/agent.h"

#define PATH_BYTES 4096

/* Of the process that made it: a child of vfork has its parent's memory. */
static _Atomic(pid_t) marked;
/* As it was at the start: the program may change its environment, and forks when it likes. */
static char dir[PATH_BYTES - 32];

static void take_dir(void)
{
	static bool taken;
	const char *asked = taken ? NULL : getenv(AGENT_RUNNING);

	taken = true;
	if (asked && strlen(asked) < sizeof(dir))
		memcpy(dir, asked, strlen(asked) + 1);
}

static bool path_of(pid_t pid, char *path)
{
	return *dir && snprintf(path, PATH_BYTES, "%s/%ld", dir, (long)pid) < PATH_BYTES;
}

void agent_mark(void)
{
	const pid_t pid = getpid();
	char path[PATH_BYTES];
	int fd;

	take_dir();
	if (!path_of(pid, path))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	close(fd);
	atomic_store(&marked, pid);
}

void agent_unmark(void)
{
	const pid_t pid = getpid();
	char path[PATH_BYTES];

	if (atomic_load(&marked) != pid || !path_of(pid, path))
		return;
	unlink(path);
	atomic_store(&marked, 0);
}
