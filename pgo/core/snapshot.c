/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "drivers/agent-wake.h"
#include "drivers/agent.h"
#include "pgo/base/child.h"
#include "pgo/base/clock.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"

void snapshots_release(struct snapshots *s)
{
	for (size_t i = 0; i < s->nr; i++)
		free(s->v[i].command);
	free(s->v);
	for (size_t i = 0; i < s->nr_hindered; i++)
		free(s->hindered[i].command);
	free(s->hindered);
	*s = (struct snapshots)SNAPSHOTS_INIT;
}

/* Its thread of the agent's, and what that says of its snapshots; false: it has none. */
static bool find_thread(pid_t pid, pid_t *ret_tid, struct snapshot *ret)
{
	PGO_AUTO_FREE char *tasks = xstrfmt("/proc/%d/task", (int)pid);
	DIR *dir = opendir(tasks);
	struct dirent *e;
	bool found = false;

	while (!found && dir && (e = readdir(dir))) {
		PGO_AUTO_FREE char *path = xstrfmt("%s/%s/comm", tasks, e->d_name);
		PGO_AUTO(strbuf) name = STRBUF_INIT;
		const size_t len = strlen(AGENT_THREAD);
		unsigned tid;

		if (!num_parse_uint(e->d_name, &tid) || fs_read_file(path, &name, NULL) ||
		    strncmp(name.buf, AGENT_THREAD, len) != 0)
			continue;
		name.buf[strcspn(name.buf, "\n")] = '\0';
		ret->incomplete = strstr(name.buf, AGENT_NOT_ALL);
		name.buf[strcspn(name.buf, AGENT_NOT_ALL)] = '\0';
		found = num_parse_u64(name.buf + len, &ret->nr_written);
		*ret_tid = (pid_t)tid;
	}
	if (dir)
		closedir(dir);
	return found;
}

static char *command_of(pid_t pid)
{
	PGO_AUTO(strbuf) name = STRBUF_INIT;

	if (!fs_read_proc(pid, "comm", &name))
		return xstrdup("");
	return xstrndup(name.buf, strcspn(name.buf, "\n"));
}

/* The parent of a process; 0: it is gone. */
static pid_t parent_of(pid_t pid)
{
	PGO_AUTO(strbuf) stat = STRBUF_INIT;
	const char *behind;
	int parent = 0;

	if (!fs_read_proc(pid, "stat", &stat))
		return 0;
	behind = strrchr(stat.buf, ')');
	return behind && sscanf(behind, ") %*c %d", &parent) == 1 ? (pid_t)parent : 0;
}

static bool descends(pid_t pid, pid_t from)
{
	/* A cycle cannot be, but the numbers may be used again while we look. */
	for (int depth = 0; pid > 1 && depth < 4096; depth++) {
		if (pid == from)
			return true;
		pid = parent_of(pid);
	}
	return false;
}

static int refused(pid_t pid, struct pgo_err *err)
{
	if (errno != EPERM)
		return pgo_error(err, PGO_ENOTFOUND, "there is no process %d", (int)pid);
	return pgo_error(err, PGO_EPERM, "process %d belongs to another user", (int)pid);
}

static void take_without(pid_t pid, struct snapshots *s)
{
	enum obstacle o = obstacle_of_process(pid);

	s->nr_without++;
	if (o == OBSTACLE_NONE)
		return;
	VEC_GROW(s->hindered, s->nr_hindered, s->alloc_hindered);
	s->hindered[s->nr_hindered++] = (struct hindered){ pid, command_of(pid), o };
}

static int ask(pid_t pid, struct snapshots *s, struct pgo_err *err)
{
	struct snapshot one = { .pid = pid };
	pid_t tid;

	if (!find_thread(pid, &tid, &one)) {
		take_without(pid, s);
		return 0;
	}
	if (syscall(SYS_tgkill, pid, tid, AGENT_WAKE))
		return refused(pid, err);
	VEC_GROW(s->v, s->nr, s->alloc);
	one.command = command_of(pid);
	s->v[s->nr++] = one;
	return 0;
}

static int ask_tree(pid_t pid, struct snapshots *s, struct pgo_err *err)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	unsigned other;
	int ret = 0;

	while (!ret && proc && (e = readdir(proc)))
		if (num_parse_uint(e->d_name, &other) && (pid_t)other != pid &&
		    descends((pid_t)other, pid))
			ret = ask((pid_t)other, s, NULL) == -PGO_EPERM ? refused((pid_t)other, err)
								       : 0;
	if (proc)
		closedir(proc);
	return ret;
}

static int not_written(const struct snapshot *one, struct pgo_err *err)
{
	pgo_error(err, PGO_EUNSUP, "process %d (%s) could not write all of its profile",
		  (int)one->pid, one->command);
	return pgo_err_hint(err,
			    "no place for the file, or a program of GCC's that pgoctl-cc has not "
			    "linked: add -Wl,-u,__gcov_dump_int,-u,__gcov_reset_int");
}

static int wait_for(struct snapshot *one, uint64_t until_ns, struct pgo_err *err)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	const uint64_t before = one->nr_written;
	pid_t tid;

	for (;;) {
		if (!find_thread(one->pid, &tid, one))
			return 0; /* it has ended, which writes as well */
		if (one->nr_written > before)
			return one->incomplete ? not_written(one, err) : 0;
		if (child_cancelled())
			return pgo_error(err, PGO_ECANCELLED, "stopped while process %d writes",
					 (int)one->pid);
		if (clock_now_ns() > until_ns) {
			pgo_error(err, PGO_ECHILD, "process %d (%s) has not written in time",
				  (int)one->pid, one->command);
			return pgo_err_hint(err,
					    "it is stopped or very busy: try a longer "
					    "--timeout");
		}
		nanosleep(&pause, NULL);
	}
}

static int nobody_asked(pid_t pid, const struct snapshots *s, struct pgo_err *err)
{
	const struct hindered *h = s->hindered; /* the process asked for, else any */

	for (size_t i = 0; i < s->nr_hindered; i++)
		if (s->hindered[i].pid == pid)
			h = &s->hindered[i];
	pgo_error(err, PGO_EUNSUP, "process %d%s not run with pgoctl's agent", (int)pid,
		  s->nr_without > 1 ? " and those below it were" : " was");
	if (h)
		return pgo_err_hint(err, "process %d (%s) is %s: %s", (int)h->pid, h->command,
				    obstacle_name(h->obstacle), obstacle_remedy(h->obstacle));
	return pgo_err_hint(err,
			    "pgoctl collect starts instrumented programs with it; by hand: "
			    "LD_PRELOAD=.../" AGENT_FILE);
}

int snapshot_take(pid_t pid, bool tree, uint64_t timeout_ns, struct snapshots *ret,
		  struct pgo_err *err)
{
	PGO_AUTO(snapshots) s = SNAPSHOTS_INIT;
	const uint64_t until = clock_now_ns() + timeout_ns;
	int r;

	if (kill(pid, 0))
		return refused(pid, err);
	r = ask(pid, &s, err);
	if (!r && tree)
		r = ask_tree(pid, &s, err);
	if (!r && !s.nr)
		r = nobody_asked(pid, &s, err);
	for (size_t i = 0; !r && i < s.nr; i++)
		r = wait_for(&s.v[i], until, err);
	*ret = s;
	s = (struct snapshots)SNAPSHOTS_INIT;
	return r;
}
