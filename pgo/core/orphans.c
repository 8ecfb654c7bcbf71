/* SPDX-License-Identifier: Apache-2.0 */
/* Builds and workloads that outlived a killed pgoctl would write into the tree of the next one. */
#include <dirent.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/core/project.h"

static bool carries(unsigned pid, const char *mark, size_t len)
{
	PGO_AUTO(strbuf) env = STRBUF_INIT;
	const char *p, *end;

	if (!fs_read_proc((pid_t)pid, "environ", &env))
		return false;
	end = env.buf + env.len;
	for (p = env.buf; p < end; p += strlen(p) + 1)
		if (!strncmp(p, mark, len) && !p[len])
			return true;
	return false;
}

/* Whether pid is this process or an ancestor of it: one who runs pgoctl from a marked shell. */
static bool is_ours(unsigned pid)
{
	unsigned at = (unsigned)getpid();

	while (at > 1) {
		PGO_AUTO(strbuf) stat = STRBUF_INIT;
		const char *behind;

		if (at == pid)
			return true;
		if (!fs_read_proc((pid_t)at, "stat", &stat))
			return false;
		behind = strrchr(stat.buf, ')');
		if (!behind || sscanf(behind, ") %*c %u", &at) != 1)
			return false;
	}
	return false;
}

static unsigned end_once(const char *mark)
{
	DIR *proc = opendir("/proc");
	unsigned nr = 0, pid;
	struct dirent *e;

	while (proc && (e = readdir(proc))) {
		if (!num_parse_uint(e->d_name, &pid) || !carries(pid, mark, strlen(mark)) ||
		    is_ours(pid))
			continue;
		log_debug("ending process %u, left over from a killed run", pid);
		kill((pid_t)pid, SIGKILL);
		nr++;
	}
	if (proc)
		closedir(proc);
	return nr;
}

void orphans_end(const char *state_dir)
{
	PGO_AUTO_FREE char *mark = xstrfmt(OWNER_ENV "=%s", state_dir);
	const struct timespec pause = { .tv_nsec = 5000000 };

	/* Again until none is seen: a dying parent may have forked once more. */
	for (int i = 0; i < 200 && end_once(mark); i++)
		nanosleep(&pause, NULL);
}
