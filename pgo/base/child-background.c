/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "pgo/base/child-parts.h"
#include "pgo/base/clock.h"

int child_start(struct child *c, struct child_background *bg, struct pgo_err *err)
{
	struct started st = { .sock = -1 };
	struct streams s;
	int ret;

	if (child_cancelled())
		return child_cancelled_error(err);
	ret = streams_open(c, &s, err);
	if (ret)
		return ret;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ret = child_spawn(c, &s, &st);
	streams_close(&s);
	if (ret) {
		prctl(PR_SET_CHILD_SUBREAPER, 0);
		return child_spawn_error(c, ret, err);
	}
	bg->pid = st.pid;
	bg->start_ns = st.start_ns;
	bg->res.pid = st.pid;
	child_note_group(CHILD_BACKGROUND, st.pid);
	return 0;
}

/* Take in who has ended; false: there is nobody left. */
static bool reap(struct child_background *bg)
{
	static const struct rusage nothing;
	struct rusage ru;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &ru)) > 0) {
		child_add_usage(&bg->res, &ru, &nothing);
		if (pid != bg->pid) {
			bg->res.nr_left += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
			continue;
		}
		bg->reaped = true;
		bg->res.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		bg->res.term_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	}
	return pid == 0 || errno == EINTR;
}

bool child_alive(struct child_background *bg)
{
	return bg->pid && reap(bg);
}

/* Who was asked to end; a number may come again only when all have ended. */
struct asked {
	pid_t *v;
	size_t nr, alloc;
};

static void ask(pid_t pid, void *arg)
{
	struct asked *a = arg;

	for (size_t i = 0; i < a->nr; i++)
		if (a->v[i] == pid)
			return;
	VEC_GROW(a->v, a->nr, a->alloc);
	a->v[a->nr++] = pid;
	kill(pid, SIGTERM);
}

/* Of kills, each of which may bring more children here: what cannot be killed is left then. */
#define KILL_ROUNDS 2000

void child_stop(struct child_background *bg, uint64_t grace_ns)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	const uint64_t until = clock_now_ns() + grace_ns;
	struct asked asked = { 0 };
	int rounds = 0;

	if (!bg->pid)
		return;
	while (reap(bg) && rounds < KILL_ROUNDS) {
		if (clock_now_ns() >= until) {
			bg->res.timed_out = true;
			if (!children_kill() && !bg->reaped)
				kill(-bg->pid, SIGKILL);
			rounds++;
		} else if (!children_each(ask, &asked) && !bg->reaped) {
			ask(bg->pid, &asked);
		}
		nanosleep(&pause, NULL);
	}
	free(asked.v);
	bg->res.wall_ns = clock_now_ns() - bg->start_ns;
	child_note_group(CHILD_BACKGROUND, 0);
	bg->pid = 0;
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}
