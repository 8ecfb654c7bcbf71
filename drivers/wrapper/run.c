/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/wrapper/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pgo/base/clock.h"
#include "pgo/base/fs.h"

static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

static volatile sig_atomic_t child_pid;

static void forward(int sig)
{
	int saved = errno;

	if (child_pid > 0)
		kill((pid_t)child_pid, sig);
	errno = saved;
}

/* Only there so that the child's end interrupts ppoll. */
static void child_ended(int sig)
{
	(void)sig;
}

/* What the caller ignores (nohup) stays ignored here and in the child. */
static void install_handlers(void)
{
	struct sigaction act = { .sa_handler = forward }, old;

	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		if (!sigaction(forwarded[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(forwarded[i], &act, NULL);
	act.sa_handler = child_ended;
	sigaction(SIGCHLD, &act, NULL);
}

/* All signals are blocked in this process until it knows the child's id, not in the child. */
static int spawn(char *const *argv, char *const *env, int err_fd, const sigset_t *mask)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	pid_t pid = 0;
	int ret;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, mask);
	if (err_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
	ret = posix_spawn(&pid, argv[0], &actions, &attr, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	child_pid = ret ? 0 : pid;
	return ret;
}

/* Pass on what is there. False at the end, or when nothing more is there now. */
static bool pass_on(int fd, struct warning_scan *scan)
{
	char buf[16384];
	ssize_t n;

	do
		n = read(fd, buf, sizeof(buf));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	fs_write_all(STDERR_FILENO, buf, (size_t)n);
	warning_scan_add(scan, buf, (size_t)n);
	return true;
}

/*
 * Until the child has ended, not until the pipe has: a server that the child
 * left behind may keep that open.
 */
static int pump(int fd, struct warning_scan *scan, const sigset_t *mask)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int status;

	while (waitpid((pid_t)child_pid, &status, WNOHANG) != (pid_t)child_pid) {
		int n = ppoll(&p, 1, NULL, mask);

		if (n > 0 && !pass_on(fd, scan))
			p.fd = -1;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (pass_on(fd, scan))
		;
	warning_scan_end(scan);
	return status;
}

static int wait_plainly(const sigset_t *mask)
{
	int status = 0;

	sigprocmask(SIG_SETMASK, mask, NULL);
	while (waitpid((pid_t)child_pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void set_result(struct run_result *res, int status, uint64_t start_ns)
{
	res->wall_ms = (clock_now_ns() - start_ns) / 1000000;
	res->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	res->status = res->signal ? 128 + res->signal : WEXITSTATUS(status);
}

int run_compiler(char *const *argv, char *const *env, struct warning_scan *scan,
		 struct run_result *res, struct pgo_err *err)
{
	uint64_t start_ns = clock_now_ns();
	int fds[2] = { -1, -1 }, ret, status;
	sigset_t all, mask;

	if (scan && pipe2(fds, O_CLOEXEC))
		return pgo_error_errno(err, "cannot make a pipe");
	install_handlers();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	ret = spawn(argv, env, fds[1], &mask);
	if (scan)
		close(fds[1]);
	if (ret) {
		sigprocmask(SIG_SETMASK, &mask, NULL);
		return pgo_error(err, PGO_ETOOL, "cannot run '%s': %s", argv[0], strerror(ret));
	}
	status = scan ? pump(fds[0], scan, &mask) : wait_plainly(&mask);
	child_pid = 0;
	set_result(res, status, start_ns);
	return 0;
}

_Noreturn void run_exit_as(const struct run_result *res)
{
	struct rlimit none = { 0 };
	sigset_t set;

	if (res->signal) {
		setrlimit(RLIMIT_CORE, &none);
		signal(res->signal, SIG_DFL);
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		raise(res->signal);
	}
	exit(res->status);
}
