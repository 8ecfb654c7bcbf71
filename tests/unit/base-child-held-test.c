/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"

/* A child by the barrier and one without must look the same from within. */
static int nothing_armed(pid_t pid, void *arg)
{
	(void)pid;
	(void)arg;
	return 0;
}

static void shell(struct child *c, const char *line)
{
	strvec_push(&c->argv, "/bin/sh");
	strvec_push(&c->argv, "-c");
	strvec_push(&c->argv, line);
}

static int run(struct child *c, bool held, struct child_result *res, struct pgo_err *err)
{
	c->armed = held ? nothing_armed : NULL;
	return child_run(c, res, err);
}

static char *temp_dir(void)
{
	char *dir = xstrdup("/tmp/child-test.XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static void drop_dir(char *dir)
{
	assert_int_equal(fs_remove_tree(dir, NULL), 0);
	free(dir);
}

static void status_and_signal_are_told_apart(void **state)
{
	struct child_result res;

	(void)state;
	for (int held = 0; held < 2; held++) {
		PGO_AUTO(child) a = CHILD_INIT, b = CHILD_INIT;

		shell(&a, "exit 7");
		assert_int_equal(run(&a, held, &res, NULL), 0);
		assert_int_equal(res.exit_status, 7);
		assert_int_equal(res.term_signal, 0);
		assert_true(res.wall_ns > 0);
		assert_true(res.pid > 0);
		shell(&b, "kill -9 $$");
		assert_int_equal(run(&b, held, &res, NULL), 0);
		assert_int_equal(res.exit_status, -1);
		assert_int_equal(res.term_signal, SIGKILL);
		assert_false(res.timed_out);
	}
}

/* Everything that a process can see of how it was started. */
#define LOOK_ROUND \
	"pwd; cat; echo err >&2; echo \"$A|$B\"; ls /proc/$$/fd; ulimit -n; " \
	"read a b c d group e </proc/$$/stat; [ $group = $$ ] && echo leader; " \
	"sed -n '/^Sig[BIC]/s/:.*\\(.......\\)$/ \\1/p' /proc/self/status"	/* 1 to 28 */

static char *seen(const char *dir, bool held)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO_FREE char *in = fs_join(dir, "in"), *to = fs_join(dir, "out");
	struct child_result res;

	assert_int_equal(fs_write_atomic(in, "input\n", 6, 0666, NULL), 0);
	shell(&c, LOOK_ROUND);
	strvec_push(&c.env, "PATH=/bin:/usr/bin");
	strvec_push(&c.env, "A=a b");
	c.dir = dir;
	c.in_path = in;
	c.out_path = to;
	c.err_path = to;
	assert_int_equal(run(&c, held, &res, NULL), 0);
	assert_int_equal(res.exit_status, 0);
	assert_int_equal(fs_read_file(to, &out, NULL), 0);
	return strbuf_take(&out);
}

static void held_children_look_like_others(void **state)
{
	char *dir = temp_dir();
	PGO_AUTO_FREE char *plain = NULL, *held = NULL;
	sigset_t set, old;

	(void)state;
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	plain = seen(dir, false);
	held = seen(dir, true);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR1, SIG_DFL);
	assert_string_equal(plain, held);
	assert_non_null(strstr(held, dir));
	assert_non_null(strstr(held, "input\n"));
	assert_non_null(strstr(held, "err\n"));
	assert_non_null(strstr(held, "a b|\n"));
	assert_non_null(strstr(held, "leader\n"));
	assert_non_null(strstr(held, "SigBlk 0000000\n"));
	assert_non_null(strstr(held, "SigIgn 0000000\n"));
	drop_dir(dir);
}

static void check_refused(const char *program, const char *dir, enum pgo_ecode code)
{
	for (int held = 0; held < 2; held++) {
		PGO_AUTO(child) c = CHILD_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
		PGO_AUTO_FREE char *want = xstrfmt("cannot run '%s': ", program);
		struct child_result res = { .pid = 12345 };

		strvec_push(&c.argv, program);
		c.dir = dir;
		assert_int_equal(run(&c, held, &res, &err), -(int)code);
		assert_int_equal(err.code, code);
		assert_int_equal(strncmp(err.msg, want, strlen(want)), 0);
		assert_int_equal(res.pid, 12345);
		assert_int_equal(!!err.hint, dir != NULL);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void what_cannot_be_executed_is_said(void **state)
{
	char *dir = temp_dir();
	PGO_AUTO_FREE char *file = fs_join(dir, "script");

	(void)state;
	assert_int_equal(fs_write_atomic(file, "exit 0\n", 7, 0666, NULL), 0);
	check_refused("/nowhere/program", NULL, PGO_ETOOL);
	check_refused("no-such-program-here", NULL, PGO_ETOOL);
	check_refused("/", NULL, PGO_EPERM);
	check_refused(file, NULL, PGO_EPERM);
	assert_int_equal(chmod(file, 0777), 0);
	check_refused(file, NULL, PGO_ETOOL); /* no #!: not for us to guess a shell */
	check_refused("/bin/true", "/nowhere", PGO_ETOOL);
	drop_dir(dir);
}

static void programs_are_found_on_path(void **state)
{
	struct child_result res;

	(void)state;
	for (int held = 0; held < 2; held++) {
		PGO_AUTO(child) c = CHILD_INIT;

		strvec_push(&c.argv, "true");
		assert_int_equal(run(&c, held, &res, NULL), 0);
		assert_int_equal(res.exit_status, 0);
	}
}

struct seen_at_barrier {
	unsigned calls;
	bool executed; /* the file that the child makes was there */
	bool ours, asleep;
	const char *file;
	int answer;
};

static int look(pid_t pid, void *arg)
{
	struct seen_at_barrier *s = arg;
	PGO_AUTO_FREE char *exe = xstrfmt("/proc/%ld/exe", (long)pid);
	PGO_AUTO_FREE char *a = realpath(exe, NULL), *b = realpath("/proc/self/exe", NULL);

	s->calls++;
	s->executed = fs_exists(s->file);
	s->ours = a && b && !strcmp(a, b);
	s->asleep = getpgid(pid) == pid;
	return s->answer;
}

static void nothing_runs_before_the_barrier_falls(void **state)
{
	char *dir = temp_dir();
	PGO_AUTO_FREE char *file = fs_join(dir, "made");
	PGO_AUTO(child) c = CHILD_INIT;
	struct seen_at_barrier s = { .file = file };
	struct child_result res;

	(void)state;
	shell(&c, ": >made");
	c.dir = dir;
	c.armed = look;
	c.armed_arg = &s;
	assert_int_equal(child_run(&c, &res, NULL), 0);
	assert_int_equal(s.calls, 1);
	assert_false(s.executed);
	assert_true(s.ours);
	assert_true(s.asleep);
	assert_true(fs_exists(file));
	drop_dir(dir);
}

static void a_refusal_at_the_barrier_ends_the_child(void **state)
{
	char *dir = temp_dir();
	PGO_AUTO_FREE char *file = fs_join(dir, "made");
	PGO_AUTO(child) c = CHILD_INIT;
	struct seen_at_barrier s = { .file = file, .answer = -PGO_ELIMIT };
	struct child_result res;

	(void)state;
	shell(&c, ": >made");
	c.dir = dir;
	c.armed = look;
	c.armed_arg = &s;
	assert_int_equal(child_run(&c, &res, NULL), -PGO_ELIMIT);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_false(fs_exists(file));
	drop_dir(dir);
}

/* Half a second at the barrier is not in the result. */
static int dawdle(pid_t pid, void *arg)
{
	const struct timespec half = { .tv_nsec = 500000000 };

	(void)pid;
	(void)arg;
	nanosleep(&half, NULL);
	return 0;
}

static void the_clock_starts_behind_the_barrier(void **state)
{
	struct timespec a, b;
	struct child_result res;
	PGO_AUTO(child) c = CHILD_INIT;
	uint64_t whole;

	(void)state;
	strvec_push(&c.argv, "/bin/true");
	c.armed = dawdle;
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(child_run(&c, &res, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	whole = (uint64_t)((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec);
	assert_true(res.wall_ns + 500000000 <= whole);
}

static void a_known_time_is_burnt(void **state)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	(void)state;
	strvec_push(&c.argv, "/bin/true");
	c.spin_ns = 30000000;
	assert_int_equal(child_run(&c, &res, NULL), 0);
	assert_true(res.user_ns + res.sys_ns >= c.spin_ns);
	assert_true(res.wall_ns >= c.spin_ns);
}

/* What the child had of the parent at the barrier (here 64 MiB, touched) is told, not hidden. */
static void the_parents_memory_is_the_floor(void **state)
{
	const size_t size = 64 << 20;
	PGO_AUTO(child) small = CHILD_INIT, big = CHILD_INIT;
	PGO_AUTO_FREE char *mem = xmalloc(size);
	struct child_result res;

	(void)state;
	memset(mem, 1, size);
	strvec_push(&small.argv, "/bin/true");
	assert_int_equal(run(&small, true, &res, NULL), 0);
	assert_true(res.rss_floor_bytes >= size);
	assert_true(res.max_rss_bytes <= res.rss_floor_bytes);
	shell(&big, "head -c 150m /dev/zero | tail -c 140m >/dev/null");
	assert_int_equal(run(&big, true, &res, NULL), 0);
	assert_true(res.max_rss_bytes > res.rss_floor_bytes);
}

#if defined(__SANITIZE_ADDRESS__)
#define OWN_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_MALLOC 1
#endif
#endif

/* 64 MiB that are free again, but below something that is not. */
static void free_memory_is_not_handed_down(void **state)
{
	enum { NR = 64 << 10 };
	char **pieces = xmalloc(NR * sizeof(*pieces));
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	(void)state;
	for (size_t i = 0; i < NR; i++) {
		pieces[i] = xmalloc(1000);
		memset(pieces[i], 1, 1000);
	}
	for (size_t i = 0; i + 1 < NR; i++)
		free(pieces[i]);
	strvec_push(&c.argv, "/bin/true");
	assert_int_equal(run(&c, true, &res, NULL), 0);
	free(pieces[NR - 1]);
	free(pieces);
#if defined(__GLIBC__) && !defined(OWN_MALLOC)
	assert_true(res.rss_floor_bytes < 48 << 20);
#endif
}

static volatile char *touched;
enum { TOUCHED_SIZE = 64 << 20 };

/* In the child, at fork: some 16,000 page faults and what they cost. */
static void touch(void)
{
	for (size_t i = 0; touched && i < TOUCHED_SIZE; i += 4096)
		touched[i]++;
}

static void usage_before_the_barrier_does_not_count(void **state)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO_FREE char *mem = xmalloc(TOUCHED_SIZE);
	struct child_result res;
	int ret;

	(void)state;
	assert_int_equal(pthread_atfork(NULL, NULL, touch), 0);
	madvise(mem, TOUCHED_SIZE, MADV_NOHUGEPAGE);
	memset(mem, 1, TOUCHED_SIZE);
	touched = mem;
	strvec_push(&c.argv, "/bin/true");
	ret = run(&c, true, &res, NULL);
	touched = NULL;
	assert_int_equal(ret, 0);
	assert_true(res.minor_faults > 0);
	assert_true(res.minor_faults < 1000);
	assert_true(res.vol_switches < 1000); /* has not wrapped below zero */
}

static uint64_t stack_address(bool fixed)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	char *end;

	strvec_push(&c.argv, "sed");
	strvec_push(&c.argv, "-n");
	strvec_push(&c.argv, "/\\[stack\\]/p");
	strvec_push(&c.argv, "/proc/self/maps");
	c.no_aslr = fixed;
	if (child_capture(&c, &out, false, NULL, &err)) {
		print_message("# %s: not tested here\n", err.msg);
		assert_non_null(strstr(err.msg, "cannot fix the addresses of 'sed': "));
		return 0;
	}
	return strtoull(out.buf, &end, 16);
}

static void addresses_can_be_fixed(void **state)
{
	uint64_t first = stack_address(true);
	PGO_AUTO(strbuf) now = STRBUF_INIT;
	bool varies = false;

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_true(stack_address(true) == first);
	if (fs_read_file("/proc/sys/kernel/randomize_va_space", &now, NULL) || now.buf[0] == '0') {
		print_message("# addresses are never random here\n");
		return;
	}
	for (int i = 0; i < 8; i++)
		varies |= stack_address(false) != first;
	assert_true(varies);
}

/* Whether the process that wrote its pid into the file still lives. */
static bool lives(const char *file)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(strbuf) stat = STRBUF_INIT;
	PGO_AUTO_FREE char *path = NULL;
	const char *behind;
	unsigned pid;

	assert_int_equal(fs_read_file(file, &text, NULL), 0);
	strbuf_rtrim(&text);
	assert_true(num_parse_uint(text.buf, &pid) && pid > 1);
	path = xstrfmt("/proc/%u/stat", pid);
	if (fs_read_file(path, &stat, NULL))
		return false;
	behind = strrchr(stat.buf, ')');
	return behind && strncmp(behind, ") Z", 3) != 0;
}

/* A daemon as they are made: a session of its own, its parent gone, signals ignored. */
#define DAEMON \
	"setsid sh -c 'trap \"\" TERM HUP; (echo $$ >one; sleep 600) & " \
	"sh -c \"echo \\$\\$ >two; exec sleep 600\" & wait' & " \
	"until [ -s one ] && [ -s two ]; do sleep 0.01; done; "

static void check_daemon(bool timeout, bool held)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;
	char *dir = temp_dir();
	PGO_AUTO_FREE char *one = fs_join(dir, "one"), *two = fs_join(dir, "two");

	shell(&c, timeout ? DAEMON "exec sleep 600" : DAEMON "exit 3");
	c.dir = dir;
	c.sweep = true;
	c.timeout_ns = timeout ? UINT64_C(3000000000) : 0; /* time for both to begin */
	assert_int_equal(run(&c, held, &res, NULL), 0);
	assert_int_equal(res.timed_out, timeout);
	assert_int_equal(res.exit_status, timeout ? -1 : 3);
	assert_true(res.nr_left >= 2);
	assert_false(lives(one));
	assert_false(lives(two));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	drop_dir(dir);
}

static void daemons_are_swept_up(void **state)
{
	int flag = 1;

	(void)state;
	for (int held = 0; held < 2; held++) {
		check_daemon(false, held);
		check_daemon(true, held);
	}
	assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &flag), 0);
	assert_int_equal(flag, 0);
}

/* The stated limit: without sweep only the group is ended; a later orphans_end() is for these. */
static void daemons_live_on_without_sweep(void **state)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;
	char *dir = temp_dir();
	PGO_AUTO_FREE char *two = fs_join(dir, "two");
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	unsigned pid;

	(void)state;
	shell(&c, DAEMON);
	c.dir = dir;
	assert_int_equal(child_run(&c, &res, NULL), 0);
	assert_int_equal(res.nr_left, 0);
	assert_true(lives(two));
	assert_int_equal(fs_read_file(two, &text, NULL), 0);
	strbuf_rtrim(&text);
	assert_true(num_parse_uint(text.buf, &pid) && pid > 1);
	assert_int_equal(kill(-getpgid((pid_t)pid), SIGKILL), 0);
	drop_dir(dir);
}

/* With adopt they live on, too, and are counted; what the group used is taken in. */
static void daemons_are_adopted(void **state)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;
	char *dir = temp_dir();
	PGO_AUTO_FREE char *two = fs_join(dir, "two");
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	unsigned pid;
	int flag = 1;

	(void)state;
	shell(&c, DAEMON);
	c.dir = dir;
	c.adopt = true;
	assert_int_equal(child_run(&c, &res, NULL), 0);
	assert_int_equal(res.nr_left, 0);
	assert_true(res.nr_alive >= 1);
	assert_true(lives(two));
	assert_int_equal(fs_read_file(two, &text, NULL), 0);
	strbuf_rtrim(&text);
	assert_true(num_parse_uint(text.buf, &pid) && pid > 1);
	assert_int_equal(kill(-getpgid((pid_t)pid), SIGKILL), 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
	assert_int_equal(prctl(PR_GET_CHILD_SUBREAPER, &flag), 0);
	assert_int_equal(flag, 0);
	strvec_clear(&c.argv);
	shell(&c, "sleep 600 & exit 0"); /* in the group, which is ended */
	assert_int_equal(child_run(&c, &res, NULL), 0);
	assert_int_equal(res.nr_alive, 0);
	drop_dir(dir);
}

#define BUSY "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"

/* A process in a session of its own, gone but for its entry when the leader ends. */
#define HELPER                                                                      \
	"(setsid sh -c 'echo $$ >pid.new; mv pid.new pid; " BUSY "' &); "           \
	"until [ -e pid ]; do sleep 0.2; done; read pid <pid; "                     \
	"while grep -qv ') Z' /proc/$pid/stat 2>/dev/null; do sleep 0.2; done"

enum take { NOTHING, SWEEP, ADOPT };

static uint64_t cpu_of(const char *line, enum take take)
{
	PGO_AUTO(child) c = CHILD_INIT;
	char *dir = temp_dir();
	struct child_result res;

	shell(&c, line);
	c.dir = dir;
	c.sweep = take == SWEEP;
	c.adopt = take == ADOPT;
	assert_int_equal(run(&c, true, &res, NULL), 0);
	assert_int_equal(res.nr_left, 0);
	drop_dir(dir);
	return res.user_ns + res.sys_ns;
}

/* Of two: a virtual machine may book time that it was not given. */
static uint64_t least_cpu_of(const char *line, enum take take)
{
	uint64_t a = cpu_of(line, take), b = cpu_of(line, take);

	return a < b ? a : b;
}

/* What ended by itself was not left over; what it used counts. */
static void helpers_that_end_are_only_counted_in(void **state)
{
	uint64_t busy = least_cpu_of(BUSY, NOTHING), without = least_cpu_of(HELPER, NOTHING);

	(void)state;
	assert_true(cpu_of(HELPER, SWEEP) > without + busy / 4);
	assert_true(cpu_of(HELPER, ADOPT) > without + busy / 4);
}

static void the_group_ends_with_its_leader(void **state)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;
	char *dir = temp_dir();
	PGO_AUTO_FREE char *one = fs_join(dir, "one");

	(void)state;
	shell(&c,
	      "sh -c 'trap \"\" TERM; echo $$ >one; sleep 600' & "
	      "until [ -s one ]; do sleep 0.01; done");
	c.dir = dir;
	c.sweep = true; /* so that there is nothing left to wait for */
	assert_int_equal(child_run(&c, &res, NULL), 0);
	assert_true(res.nr_left > 0);
	assert_false(lives(one));
	drop_dir(dir);
}

/* In a process of its own, as it cannot be taken back; 0 is right. */
static int in_fork(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(fn());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

enum { RIGHT = 0, WRONG = 1, NOT_HERE = 77 };

static int without_proc(void)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return NOT_HERE;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/proc", "tmpfs", 0, NULL))
		return NOT_HERE;
	strvec_push(&c.argv, "/bin/true");
	c.sweep = true;
	if (run(&c, true, &res, NULL) || res.exit_status != 0)
		return WRONG;
	return res.have_run_delay || res.run_delay_ns ? WRONG : RIGHT;
}

static void the_run_delay_is_measured_or_said_not_to_be(void **state)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;
	int ret = in_fork(without_proc);

	(void)state;
	if (ret == NOT_HERE)
		print_message("# cannot hide /proc here\n");
	else
		assert_int_equal(ret, RIGHT);
	if (!fs_exists("/proc/self/schedstat")) {
		print_message("# no /proc/self/schedstat here\n");
		return;
	}
	strvec_push(&c.argv, "/bin/true");
	assert_int_equal(run(&c, true, &res, NULL), 0);
	assert_true(res.have_run_delay);
	assert_true(res.run_delay_ns < UINT64_C(60) * 1000000000);
}

static int raise_at_barrier(pid_t pid, void *arg)
{
	(void)pid;
	(void)arg;
	return kill(getpid(), SIGINT);
}

static int cancelled_at_the_barrier(void)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct child_result res;

	child_signals_init();
	shell(&c, "sleep 600");
	c.armed = raise_at_barrier;
	if (child_run(&c, &res, &err) != -PGO_ECANCELLED || child_cancelled() != SIGINT)
		return WRONG;
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? RIGHT : WRONG;
}

static void a_signal_at_the_barrier_cancels(void **state)
{
	(void)state;
	assert_int_equal(in_fork(cancelled_at_the_barrier), RIGHT);
}

static int killed_parent(void)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	shell(&c, ": >made");
	signal(SIGINT, SIG_DFL);    /* it may have been ignored from the start */
	c.armed = raise_at_barrier; /* no handler here: this process ends */
	child_run(&c, &res, NULL);
	return WRONG;
}

static void a_killed_parent_leaves_nothing_running(void **state)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char *dir = temp_dir();
	PGO_AUTO_FREE char *was = getcwd(NULL, 0);
	int held_open[2], i;
	char byte;

	(void)state;
	assert_int_equal(pipe(held_open), 0); /* inherited: closed when all have ended */
	assert_int_equal(fcntl(held_open[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(in_fork(killed_parent), 99);
	assert_int_equal(chdir(was), 0);
	close(held_open[1]);
	for (i = 0; i < 10000 && read(held_open[0], &byte, 1) < 0; i++)
		nanosleep(&pause, NULL);
	assert_true(i < 10000);
	close(held_open[0]);
	rmdir(dir);
	assert_false(fs_exists(dir)); /* nothing had been made in it */
	free(dir);
}

static void capturing_takes_the_barrier_too(void **state)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	(void)state;
	shell(&c, "printf one; printf two >&2");
	c.armed = nothing_armed;
	assert_int_equal(child_capture(&c, &out, false, NULL, NULL), 0);
	assert_string_equal(out.buf, "one");
}

static int bound(pid_t pid, void *arg)
{
	return sched_getaffinity(pid, sizeof(cpu_set_t), arg) ? -PGO_EIO : 0;
}

/* What it runs may go anywhere: a program asks how many processors there are. */
static void it_begins_on_one_processor_and_may_leave_it(void **state)
{
	cpu_set_t all, at_barrier;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	for (unsigned i = 0; i <= CPU_SETSIZE; i++) {
		const bool there = i < CPU_SETSIZE && CPU_ISSET(i, &all);
		PGO_AUTO(child) c = CHILD_INIT;
		PGO_AUTO(strbuf) before = STRBUF_INIT;
		PGO_AUTO(strbuf) inside = STRBUF_INIT;

		if (!there && i % 512)
			continue;
		shell(&c, "grep Cpus_allowed: /proc/self/status");
		assert_int_equal(child_capture(&c, &before, false, NULL, NULL), 0);
		c.armed = bound;
		c.armed_arg = &at_barrier;
		c.processor = &i;
		assert_int_equal(child_capture(&c, &inside, false, NULL, NULL), 0);
		assert_string_equal(inside.buf, before.buf);
		assert_int_equal(CPU_COUNT(&at_barrier), there ? 1 : CPU_COUNT(&all));
		assert_true(!there || CPU_ISSET(i, &at_barrier));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_and_signal_are_told_apart),
		cmocka_unit_test(held_children_look_like_others),
		cmocka_unit_test(what_cannot_be_executed_is_said),
		cmocka_unit_test(programs_are_found_on_path),
		cmocka_unit_test(nothing_runs_before_the_barrier_falls),
		cmocka_unit_test(a_refusal_at_the_barrier_ends_the_child),
		cmocka_unit_test(the_clock_starts_behind_the_barrier),
		cmocka_unit_test(a_known_time_is_burnt),
		cmocka_unit_test(the_parents_memory_is_the_floor),
		cmocka_unit_test(free_memory_is_not_handed_down),
		cmocka_unit_test(usage_before_the_barrier_does_not_count),
		cmocka_unit_test(addresses_can_be_fixed),
		cmocka_unit_test(daemons_are_swept_up),
		cmocka_unit_test(daemons_live_on_without_sweep),
		cmocka_unit_test(daemons_are_adopted),
		cmocka_unit_test(helpers_that_end_are_only_counted_in),
		cmocka_unit_test(the_group_ends_with_its_leader),
		cmocka_unit_test(the_run_delay_is_measured_or_said_not_to_be),
		cmocka_unit_test(a_signal_at_the_barrier_cancels),
		cmocka_unit_test(a_killed_parent_leaves_nothing_running),
		cmocka_unit_test(capturing_takes_the_barrier_too),
		cmocka_unit_test(it_begins_on_one_processor_and_may_leave_it),
	};

	setenv("PATH", "/usr/bin:/bin", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
