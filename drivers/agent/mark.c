/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file named by the process' number, which is there from its start until its counts are saved at
 * its end: what is left of these when the run is over are processes that were killed or aborted.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "drivers/agent-wake.h"
#include "drivers/agent/agent.h"

/* Of the process that made it: a child of vfork has its parent's memory. */
static _Atomic(pid_t) marked;

static bool path_of(pid_t pid, char *path, size_t size)
{
	const char *dir = getenv(AGENT_RUNNING);
	int len = dir && *dir ? snprintf(path, size, "%s/%ld", dir, (long)pid) : -1;

	return len > 0 && (size_t)len < size;
}

void agent_mark(void)
{
	const pid_t pid = getpid();
	char path[4096];
	int fd;

	if (!path_of(pid, path, sizeof(path)))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	close(fd);
	atomic_store(&marked, pid);
}

bool agent_unmark(void)
{
	const pid_t pid = getpid();
	char path[4096];

	if (atomic_load(&marked) != pid || !path_of(pid, path, sizeof(path)))
		return false;
	unlink(path);
	atomic_store(&marked, 0);
	return true;
}
