/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pgo/base/child-parts.h"
#include "pgo/base/clock.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"

extern char **environ;

static volatile sig_atomic_t cancel_signal;
static volatile pid_t running_groups[NR_CHILD_PLACES];

static void on_signal(int sig)
{
	int saved = errno;

	cancel_signal = sig;
	for (int i = 0; i < NR_CHILD_PLACES; i++)
		if (running_groups[i] > 0)
			kill(-running_groups[i], sig);
	errno = saved;
}

void child_note_group(enum child_place place, pid_t group)
{
	running_groups[place] = group;
}

void child_signals_init(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* ignored by our parent, it would let children vanish unseen */
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

void streams_close(struct streams *s)
{
	for (int i = 0; i < 3; i++)
		if (s->fd[i] >= 0)
			close(s->fd[i]);
}

int streams_open(const struct child *c, struct streams *s, struct pgo_err *err)
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

int child_spawn(const struct child *c, const struct streams *s, struct started *st)
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
	st->start_ns = clock_now_ns();
	ret = posix_spawnp(&st->pid, c->argv.v[0], &actions, &attr, c->argv.v, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return ret;
}

int child_spawn_error(const struct child *c, int errnum, struct pgo_err *err)
{
	errno = errnum;
	pgo_error_errno(err, "cannot run '%s'", c->argv.v[0]);
	if (c->dir && !fs_is_dir(c->dir))
		pgo_err_hint(err, "its working folder '%s' is not there", c->dir);
	if (err && err->code != PGO_EPERM)
		err->code = PGO_ETOOL;
	return err ? -(int)err->code : -PGO_ETOOL;
}

/* What a held child tells: why it cannot run, or that it waits, and what it has used until then. */
struct note {
	int errnum;
	bool about_aslr;
	struct rusage used;
};

static int note_error(const struct child *c, const struct note *n, struct pgo_err *err)
{
	if (!n->about_aslr)
		return child_spawn_error(c, n->errnum, err);
	errno = n->errnum;
	return pgo_error_errno(err, "cannot fix the addresses of '%s'", c->argv.v[0]);
}

static bool receive(int sock, struct note *n, int flags)
{
	ssize_t got;

	do
		got = recv(sock, n, sizeof(*n), flags);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*n);
}

/* What spawn() asks of the C library, and the personality. */
static bool held_setup(const struct child *c, const struct streams *s, struct note *n)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	if (setpgid(0, 0) || sigprocmask(SIG_SETMASK, &none, NULL) || (c->dir && chdir(c->dir)))
		return false;
	for (int i = 0; i < 3; i++)
		if (s->fd[i] >= 0 && (s->fd[i] == i ? fcntl(i, F_SETFD, 0) : dup2(s->fd[i], i)) < 0)
			return false;
	n->about_aslr = true;
	if (c->no_aslr && personality((unsigned long)personality(~0u) | ADDR_NO_RANDOMIZE) < 0)
		return false;
	n->about_aslr = false;
	return true;
}

static uint64_t cpu_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void burn(uint64_t ns)
{
	uint64_t end = cpu_now_ns() + ns;

	while (ns && cpu_now_ns() < end)
		;
}

/* Bind this process to a processor. False, and nothing has changed, where that cannot be. */
static bool bind_to(const unsigned *processor, cpu_set_t *before)
{
	cpu_set_t one;

	if (!processor || *processor >= CPU_SETSIZE ||
	    sched_getaffinity(0, sizeof(*before), before) || !CPU_ISSET(*processor, before))
		return false;
	CPU_ZERO(&one);
	CPU_SET(*processor, &one);
	return !sched_setaffinity(0, sizeof(one), &one);
}

static void __attribute__((noreturn))
held_main(const struct child *c, const struct streams *s, int sock)
{
	char *const *env = c->env.nr ? c->env.v : environ;
	cpu_set_t processors;
	bool bound = bind_to(c->processor, &processors);
	struct note n = { 0 };
	char go;

	if (held_setup(c, s, &n) && !getrusage(RUSAGE_SELF, &n.used) &&
	    send(sock, &n, sizeof(n), MSG_NOSIGNAL) > 0) {
		/* An end of file: the parent has ended, or has thought better of it. */
		if (recv(sock, &go, 1, 0) != 1)
			_exit(127);
		if (bound)
			sched_setaffinity(0, sizeof(processors), &processors);
		burn(c->spin_ns);
		if (strchr(c->argv.v[0], '/'))
			execve(c->argv.v[0], c->argv.v, env);
		else
			execvpe(c->argv.v[0], c->argv.v, env);
	}
	n.errnum = errno;
	send(sock, &n, sizeof(n), MSG_NOSIGNAL);
	_exit(127);
}

/*
 * The copy of this program's memory is what exec takes down in the time that is
 * measured (0.2 to 0.4 ms for 12 MiB), and its peak is the least that the child's can
 * be: what is free is given back first.
 */
static void shrink(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

/* Signals wait, lest the child takes one for its parent's while it has still the handlers. */
static int held_fork(const struct child *c, const struct streams *s, struct started *st)
{
	sigset_t all, old;
	int pair[2], errnum;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return errno;
	shrink();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	st->pid = fork();
	errnum = errno;
	if (!st->pid) {
		close(pair[0]);
		held_main(c, s, pair[1]);
	}
	child_note_group(CHILD_FOREGROUND, st->pid > 0 ? st->pid : 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(pair[1]);
	if (st->pid < 0) {
		close(pair[0]);
		return errnum;
	}
	st->sock = pair[0];
	return 0;
}

/* Give up a child that has executed nothing. */
static void held_drop(struct started *st)
{
	close(TAKE_FD(st->sock));
	kill(st->pid, SIGKILL);
	while (waitpid(st->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child_note_group(CHILD_FOREGROUND, 0);
}

static bool is_asleep(pid_t pid)
{
	PGO_AUTO(strbuf) stat = STRBUF_INIT;
	const char *behind;

	if (!fs_read_proc(pid, "stat", &stat))
		return true;
	behind = strrchr(stat.buf, ')');
	return !behind || strncmp(behind, ") R", 3) != 0;
}

/*
 * How long the main thread ran and was made to wait so far. A kernel that keeps no
 * account says zero for all three, the time on the processor included.
 */
static bool read_sched(pid_t pid, uint64_t *ran_ns, uint64_t *delay_ns)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	char *ran, *delay, *save = NULL;

	if (!fs_read_proc(pid, "schedstat", &text))
		return false;
	ran = strtok_r(text.buf, " \n", &save);
	delay = ran ? strtok_r(NULL, " \n", &save) : NULL;
	return delay && strcmp(ran, "0") != 0 && num_parse_u64(ran, ran_ns) &&
	       num_parse_u64(delay, delay_ns);
}

/*
 * Field 42 of its stat, in ticks, behind the name, which may have anything in it. Source: Linux,
 * Documentation/filesystems/proc.rst, table 1-4: delayacct_blkio_ticks.
 */
static uint64_t read_disk_wait(pid_t pid)
{
	enum { STATE = 3, DELAY = 42 };
	PGO_AUTO(strbuf) stat = STRBUF_INIT;
	char *save = NULL, *word;
	uint64_t ticks = 0;
	long hz = sysconf(_SC_CLK_TCK);

	if (!fs_read_proc(pid, "stat", &stat) || !(word = strrchr(stat.buf, ')')))
		return 0;
	word = strtok_r(word + 1, " ", &save);
	for (int field = STATE; word && field < DELAY; field++)
		word = strtok_r(NULL, " ", &save);
	if (!word || !num_parse_u64(word, &ticks) || hz <= 0)
		return 0;
	return num_mul_sat(ticks, 1000000000u / (uint64_t)hz, NULL);
}

/* Until it has really come to rest: on a busy machine it may not yet have got there. */
static void held_settle(struct started *st)
{
	const struct timespec pause = { .tv_nsec = 100000 };

	for (int i = 0; i < 1000 && !is_asleep(st->pid); i++)
		nanosleep(&pause, NULL);
	read_sched(st->pid, &st->ran_ns, &st->delay_ns);
	st->used.ru_nvcsw++; /* going to sleep at the barrier */
}

static int held_start(const struct child *c, const struct streams *s, struct started *st,
		      struct pgo_err *err)
{
	struct note n;
	int ret = held_fork(c, s, st);

	if (ret)
		return child_spawn_error(c, ret, err);
	if (!receive(st->sock, &n, 0)) /* ended from outside: what remains tells */
		n = (struct note){ .errnum = ECANCELED };
	if (n.errnum) {
		held_drop(st);
		return note_error(c, &n, err);
	}
	ret = c->armed ? c->armed(st->pid, c->armed_arg) : 0;
	if (ret) {
		held_drop(st);
		return ret;
	}
	st->used = n.used;
	held_settle(st);
	st->start_ns = clock_now_ns();
	send(st->sock, "", 1, MSG_NOSIGNAL);
	return 0;
}

static int start(const struct child *c, const struct streams *s, struct started *st,
		 struct pgo_err *err)
{
	int ret;

	if (c->armed || c->spin_ns || c->no_aslr)
		return held_start(c, s, st, err);
	ret = child_spawn(c, s, st);
	if (ret)
		return child_spawn_error(c, ret, err);
	child_note_group(CHILD_FOREGROUND, st->pid);
	return 0;
}

static uint64_t since(long now, long then)
{
	return now > then ? (uint64_t)(now - then) : 0;
}

static uint64_t timeval_since(struct timeval now, struct timeval then)
{
	uint64_t a = timeval_ns(now), b = timeval_ns(then);

	return a > b ? a - b : 0;
}

/* getrusage(2) has what /proc/PID/io calls read_bytes and write_bytes in these. */
#define BLOCK_BYTES 512u

void child_add_usage(struct child_result *res, const struct rusage *ru, const struct rusage *before)
{
	uint64_t rss = (uint64_t)ru->ru_maxrss * 1024;

	res->user_ns += timeval_since(ru->ru_utime, before->ru_utime);
	res->sys_ns += timeval_since(ru->ru_stime, before->ru_stime);
	res->minor_faults += since(ru->ru_minflt, before->ru_minflt);
	res->major_faults += since(ru->ru_majflt, before->ru_majflt);
	res->vol_switches += since(ru->ru_nvcsw, before->ru_nvcsw);
	res->invol_switches += since(ru->ru_nivcsw, before->ru_nivcsw);
	res->read_bytes += since(ru->ru_inblock, before->ru_inblock) * BLOCK_BYTES;
	res->written_bytes += since(ru->ru_oublock, before->ru_oublock) * BLOCK_BYTES;
	if (rss > res->max_rss_bytes)
		res->max_rss_bytes = rss;
}

/* From the barrier to exec the child still touches a little; and the kernel counts in batches. */
#define RSS_SLACK (1u << 20)

static void fill_result(struct child_result *res, int status, const struct rusage *ru,
			const struct started *st)
{
	res->pid = st->pid;
	res->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	res->term_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	res->rss_floor_bytes = st->sock >= 0 ? (uint64_t)st->used.ru_maxrss * 1024 + RSS_SLACK : 0;
	child_add_usage(res, ru, &st->used);
}

bool children_each(void (*fn)(pid_t pid, void *arg), void *arg)
{
	PGO_AUTO(strbuf) list = STRBUF_INIT;
	PGO_AUTO_FREE char *name = xstrfmt("task/%ld/children", (long)getpid());
	char *save = NULL;
	unsigned pid;

	if (!fs_read_proc(getpid(), name, &list))
		return false;
	for (char *w = strtok_r(list.buf, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
		if (num_parse_uint(w, &pid) && pid > 1)
			fn((pid_t)pid, arg);
	return true;
}

static void kill_child(pid_t pid, void *arg)
{
	(void)arg;
	kill(pid, SIGKILL);
}

/* Of this program: those that the leader and its like left behind, too. */
bool children_kill(void)
{
	return children_each(kill_child, NULL);
}

static void count_child(pid_t pid, void *arg)
{
	(void)pid;
	++*(unsigned *)arg;
}

/* Those that have ended, and those of the group, which are just being ended; the rest goes on. */
static void adopt(struct child_result *res, pid_t group)
{
	static const struct rusage nothing;
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct rusage ru;
	int status;

	for (int patience = 100; patience; patience--) {
		while (wait4(-1, &status, WNOHANG, &ru) > 0)
			child_add_usage(res, &ru, &nothing);
		if (waitid(P_PGID, (id_t)group, &(siginfo_t){ 0 }, WEXITED | WNOWAIT | WNOHANG))
			break;
		nanosleep(&pause, NULL);
	}
	children_each(count_child, &res->nr_alive);
}

/*
 * As subreaper this program has become the parent of each process whose own
 * parent ended. When one of those is killed its children come here, too, until
 * there are none; so nothing escapes, and nobody else's process is touched.
 */
static void sweep(struct child_result *res)
{
	static const struct rusage nothing;
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct rusage ru;
	int status;

	for (int patience = 2000; patience; patience--) {
		pid_t pid;

		while ((pid = wait4(-1, &status, WNOHANG, &ru)) > 0) {
			child_add_usage(res, &ru, &nothing);
			res->nr_left += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		}
		if (pid < 0 || !children_kill())
			break;
		nanosleep(&pause, NULL);
	}
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
		uint64_t now = clock_now_ns();

		if (!asked && ((bounded && now >= term_at) || cancel_signal)) {
			res->timed_out = !cancel_signal;
			kill(-pid, cancel_signal ? (int)cancel_signal : SIGTERM);
			kill_at = now + (cancel_signal || !c->grace_ns ? 2000000000u : c->grace_ns);
			asked = true;
		}
		if (asked && !killed && now >= kill_at)
			killed = !kill(-pid, SIGKILL);
		if (poll(&pfd, 1, pidfd < 0 ? 5 : 100) == 0 && c->idle)
			c->idle();
	}
	res->wall_ns = clock_now_ns() - start;
}

static int run_started(struct child *c, struct started *st, struct child_result *res,
		       struct pgo_err *err)
{
	struct child_result r = { .exit_status = -1 };
	struct rusage ru;
	struct note n;
	int status;

	wait_end(c, st->pid, st->start_ns, &r);
	r.have_run_delay = read_sched(st->pid, &r.main_ns, &r.run_delay_ns);
	if (r.have_run_delay) {
		r.run_delay_ns -= st->delay_ns;
		r.main_ns -= st->ran_ns;
	}
	r.disk_wait_ns = read_disk_wait(st->pid);
	kill(-st->pid, SIGKILL); /* the leader is still a zombie: the group cannot be another's */
	child_note_group(CHILD_FOREGROUND, 0);
	while (wait4(st->pid, &status, 0, &ru) < 0 && errno == EINTR)
		;
	fill_result(&r, status, &ru, st);
	if (c->sweep)
		sweep(&r);
	else if (c->adopt)
		adopt(&r, st->pid);
	if (st->sock >= 0 && receive(st->sock, &n, MSG_DONTWAIT))
		return note_error(c, &n, err);
	*res = r;
	return 0;
}

int child_cancelled_error(struct pgo_err *err)
{
	return pgo_error(err, PGO_ECANCELLED, "stopped by %s", strsignal(cancel_signal));
}

int child_run(struct child *c, struct child_result *res, struct pgo_err *err)
{
	struct started st = { .sock = -1 };
	struct streams s;
	int ret;

	if (cancel_signal)
		return child_cancelled_error(err);
	ret = streams_open(c, &s, err);
	if (ret)
		return ret;
	if (c->sweep || c->adopt)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	ret = start(c, &s, &st, err);
	streams_close(&s);
	if (!ret)
		ret = run_started(c, &st, res, err);
	if (st.sock >= 0)
		close(st.sock);
	if (c->sweep || c->adopt)
		prctl(PR_SET_CHILD_SUBREAPER, 0);
	return cancel_signal ? child_cancelled_error(err) : ret;
}

int child_capture(struct child *c, struct strbuf *out, bool merge_stderr, struct child_result *res,
		  struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = memfd_create("pgoctl-capture", MFD_CLOEXEC);
	PGO_AUTO_FREE char *path = NULL;
	struct child_result local = { 0 };
	struct child with = *c; /* its vectors stay the caller's */
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
