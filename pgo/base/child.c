/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"

extern char **environ;

static volatile sig_atomic_t cancel_signal;
static volatile pid_t running_group;

static void on_signal(int sig)
{
	int saved = errno;

	cancel_signal = sig;
	if (running_group > 0)
		kill(-running_group, sig);
	errno = saved;
}

void child_signals_init(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);	/* ignored by our parent, it would let children vanish unseen */
}

int child_cancelled(void)
{
	return cancel_signal;
}

void child_release(struct child *c)
{
	strvec_release(&c->argv);
	strvec_release(&c->env);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

/* Open what the child gets as descriptor fd; -1 when the parent's is inherited. */
static int open_stream(const struct child *c, const char *path, int given, bool output,
		       struct pgo_err *err)
{
	int flags = output ? O_WRONLY | O_CREAT | (c->append ? O_APPEND : O_TRUNC) : O_RDONLY;
	int fd;

	if (!path)
		return given >= 0 ? fcntl(given, F_DUPFD_CLOEXEC, 3) : -1;
	fd = open(path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		pgo_error_errno(err, "cannot open '%s'", path);
	return fd;
}

struct streams {
	int fd[3];
};

static void streams_close(struct streams *s)
{
	for (int i = 0; i < 3; i++)
		if (s->fd[i] >= 0)
			close(s->fd[i]);
}

static int streams_open(const struct child *c, struct streams *s, struct pgo_err *err)
{
	bool same = c->out_path && c->err_path && !strcmp(c->out_path, c->err_path);

	s->fd[0] = open_stream(c, c->in_path ? c->in_path : "/dev/null", -1, false, err);
	s->fd[1] = open_stream(c, c->out_path, c->out_fd, true, err);
	s->fd[2] = same && s->fd[1] >= 0 ? fcntl(s->fd[1], F_DUPFD_CLOEXEC, 3)
					 : open_stream(c, c->err_path, c->err_fd, true, err);
	if (s->fd[0] < 0 || (c->out_path && s->fd[1] < 0) || (c->err_path && s->fd[2] < 0)) {
		streams_close(s);
		return err && err->code ? -(int)err->code : -PGO_EIO;
	}
	return 0;
}

static int spawn(const struct child *c, const struct streams *s, pid_t *pid)
{
	char *const *env = c->env.nr ? c->env.v : environ;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int ret;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
					POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_init(&actions);
	if (c->dir)
		posix_spawn_file_actions_addchdir_np(&actions, c->dir);
	for (int i = 0; i < 3; i++)
		if (s->fd[i] >= 0)
			posix_spawn_file_actions_adddup2(&actions, s->fd[i], i);
	ret = posix_spawnp(pid, c->argv.v[0], &actions, &attr, c->argv.v, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return ret;
}

static int spawn_error(const struct child *c, int errnum, struct pgo_err *err)
{
	errno = errnum;
	pgo_error_errno(err, "cannot run '%s'", c->argv.v[0]);
	if (c->dir && !fs_is_dir(c->dir))
		pgo_err_hint(err, "its working folder '%s' is not there", c->dir);
	if (err && err->code != PGO_EPERM)
		err->code = PGO_ETOOL;
	return err ? -(int)err->code : -PGO_ETOOL;
}

/* From the zombie: what the scheduler made the main thread wait. */
static void read_run_delay(pid_t pid, struct child_result *res)
{
	PGO_AUTO_FREE char *path = xstrfmt("/proc/%ld/schedstat", (long)pid);
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	char *word, *save = NULL;

	if (fs_read_file(path, &text, NULL))
		return;
	word = strtok_r(text.buf, " \n", &save);
	word = word ? strtok_r(NULL, " \n", &save) : NULL;
	res->have_run_delay = word && num_parse_u64(word, &res->run_delay_ns);
}

static void fill_result(struct child_result *res, int status, const struct rusage *ru)
{
	res->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	res->term_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	res->user_ns = timeval_ns(ru->ru_utime);
	res->sys_ns = timeval_ns(ru->ru_stime);
	res->max_rss_bytes = (uint64_t)ru->ru_maxrss * 1024;
	res->minor_faults = (uint64_t)ru->ru_minflt;
	res->major_faults = (uint64_t)ru->ru_majflt;
	res->vol_switches = (uint64_t)ru->ru_nvcsw;
	res->invol_switches = (uint64_t)ru->ru_nivcsw;
}

/*
 * Wait for the end, keeping the deadline and the idle callback. A pidfd wakes
 * at once when the child ends, so that the wall time is not rounded to the tick.
 */
static void wait_end(const struct child *c, pid_t pid, uint64_t start, struct child_result *res)
{
	PGO_AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
	bool bounded = c->timeout_ns != 0, asked = false, killed = false;
	uint64_t term_at = num_add_sat(start, c->timeout_ns, NULL), kill_at = 0;
	siginfo_t info = { 0 };

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) || !info.si_pid) {
		uint64_t now = now_ns();

		if (!asked && ((bounded && now >= term_at) || cancel_signal)) {
			res->timed_out = !cancel_signal;
			kill(-pid, cancel_signal ? (int)cancel_signal : SIGTERM);
			kill_at = now + 2000000000u;
			asked = true;
		}
		if (asked && !killed && now >= kill_at)
			killed = !kill(-pid, SIGKILL);
		if (poll(&pfd, 1, pidfd < 0 ? 5 : 100) == 0 && c->idle)
			c->idle();
	}
	res->wall_ns = now_ns() - start;
}

int child_run(struct child *c, struct child_result *res, struct pgo_err *err)
{
	struct child_result r = { .exit_status = -1 };
	struct streams s;
	struct rusage ru;
	uint64_t start;
	int ret, status;
	pid_t pid;

	if (cancel_signal)
		return pgo_error(err, PGO_ECANCELLED, "stopped by %s", strsignal(cancel_signal));
	ret = streams_open(c, &s, err);
	if (ret)
		return ret;
	start = now_ns();
	ret = spawn(c, &s, &pid);
	streams_close(&s);
	if (ret)
		return spawn_error(c, ret, err);
	running_group = pid;
	wait_end(c, pid, start, &r);
	read_run_delay(pid, &r);
	kill(-pid, SIGKILL);	/* the leader is still a zombie: the group cannot be another's */
	running_group = 0;
	while (wait4(pid, &status, 0, &ru) < 0 && errno == EINTR)
		;
	r.pid = pid;
	fill_result(&r, status, &ru);
	*res = r;
	if (cancel_signal)
		return pgo_error(err, PGO_ECANCELLED, "stopped by %s", strsignal(cancel_signal));
	return 0;
}

int child_capture(struct child *c, struct strbuf *out, bool merge_stderr, struct child_result *res,
		  struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = memfd_create("pgoctl-capture", MFD_CLOEXEC);
	PGO_AUTO_FREE char *path = NULL;
	struct child_result local;
	struct child with = *c;	/* its vectors stay the caller's */
	int ret;

	if (fd < 0)
		return pgo_error_errno(err, "cannot make a buffer for the output of '%s'",
				       c->argv.v[0]);
	with.out_fd = fd;
	with.err_fd = merge_stderr ? fd : -1;
	if (!merge_stderr && !c->err_path)
		with.err_path = "/dev/null";
	ret = child_run(&with, res ? res : &local, err);
	if (ret)
		return ret;
	path = xstrfmt("/proc/self/fd/%d", fd);
	ret = fs_read_file(path, out, err);
	if (ret)
		return ret;
	if ((res ? res : &local)->exit_status != 0)
		return pgo_error(err, PGO_ECHILD, "'%s' failed", c->argv.v[0]);
	return 0;
}
