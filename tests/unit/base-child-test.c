/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "tests/lib/folder.h"

static void set_script(struct child *c, const char *script)
{
	strvec_push(&c->argv, "sh");
	strvec_push(&c->argv, "-c");
	strvec_push(&c->argv, script);
}

static struct child_result run_script(const char *script, uint64_t timeout_ns)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res = { .pid = -7 };

	set_script(&c, script);
	c.timeout_ns = timeout_ns;
	assert_int_equal(child_run(&c, &res, NULL), 0);
	return res;
}

static void the_exit_status_is_told(void **state)
{
	static const int statuses[] = { 0, 1, 2, 126, 127, 128, 255 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		PGO_AUTO_FREE char *script = xstrfmt("exit %d", statuses[i]);
		struct child_result res = run_script(script, 0);

		assert_int_equal(res.exit_status, statuses[i]);
		assert_int_equal(res.term_signal, 0);
		assert_false(res.timed_out);
		assert_true(res.pid > 0);
	}
}

static void the_signal_is_told(void **state)
{
	static const int signals[] = { SIGTERM, SIGKILL, SIGSEGV, SIGPIPE, SIGUSR1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		PGO_AUTO_FREE char *script = xstrfmt("ulimit -c 0; kill -%d $$; exit 3",
						     signals[i]);
		struct child_result res = run_script(script, 0);

		assert_int_equal(res.exit_status, -1);
		assert_int_equal(res.term_signal, signals[i]);
		assert_false(res.timed_out);
	}
}

/* What we block or ignore is no business of the child's. */
static void signals_are_as_usual_in_it(void **state)
{
	sigset_t set, old;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGUSR2, SIG_IGN);
	assert_int_equal(run_script("kill -USR1 $$; exit 3", 0).term_signal, SIGUSR1);
	assert_int_equal(run_script("kill -USR2 $$; exit 3", 0).term_signal, SIGUSR2);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR2, SIG_DFL);
}

static void resources_are_measured(void **state)
{
	struct child_result res = run_script("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done",
					     0);

	(void)state;
	assert_true(res.wall_ns > 0);
	assert_true(res.user_ns + res.sys_ns > 0);
	assert_true(res.max_rss_bytes > 100000);
	assert_true(res.minor_faults > 0);
	assert_int_equal(res.have_run_delay, fs_exists("/proc/self/schedstat"));
	assert_true(res.run_delay_ns <= res.wall_ns);
}

static void the_time_is_bounded(void **state)
{
	struct child_result res = run_script("exec sleep 100", 50000000);

	(void)state;
	assert_true(res.timed_out);
	assert_int_equal(res.term_signal, SIGTERM);
	/* Time for it to come to its trap on a busy machine, too. */
	res = run_script("trap 'exit 5' TERM; while :; do sleep 0.01; done", 2000000000);
	assert_true(res.timed_out);
	assert_int_equal(res.exit_status, 5);
	res = run_script("exit 4", UINT64_MAX);
	assert_false(res.timed_out);
	assert_int_equal(res.exit_status, 4);
}

static bool is_running(pid_t pid)
{
	PGO_AUTO_FREE char *path = xstrfmt("/proc/%d/stat", (int)pid);
	PGO_AUTO(strbuf) stat = STRBUF_INIT;
	const char *state;

	if (fs_read_file(path, &stat, NULL))
		return false;
	state = strrchr(stat.buf, ')');
	return state && state[2] != 'Z' && state[2] != 'X';
}

/* The process whose number a script wrote into file is gone; KILL needs a moment to act. */
static void assert_gone(const char *file)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	pid_t pid;

	assert_int_equal(fs_read_file(file, &text, NULL), 0);
	pid = (pid_t)strtol(text.buf, NULL, 10);
	assert_true(pid > 1);
	for (int i = 0; i < 1000 && is_running(pid); i++)
		usleep(10000);
	assert_false(is_running(pid));
}

static void one_that_ignores_term_is_killed(void **state)
{
	struct child_result res = run_script(
		"trap '' TERM; sleep 100 & echo $! >pid; while :; do sleep 1; done", 2000000000);

	(void)state;
	assert_true(res.timed_out);
	assert_int_equal(res.term_signal, SIGKILL);
	assert_gone("pid");
}

static void what_outlives_the_leader_is_ended(void **state)
{
	struct child_result res = run_script("sleep 100 & echo $! >pid; exit 6", 0);

	(void)state;
	assert_int_equal(res.exit_status, 6);
	assert_gone("pid");
	res = run_script("(trap '' TERM HUP; sleep 100) & echo $! >pid; kill -9 $$", 0);
	assert_int_equal(res.term_signal, SIGKILL);
	assert_gone("pid");
}

static int try(const char *program, const char *cwd, struct pgo_err *err)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res = { .pid = -7 };
	int ret;

	strvec_push(&c.argv, program);
	c.dir = cwd;
	ret = child_run(&c, &res, err);
	if (ret)
		assert_int_equal(res.pid, -7);
	return ret;
}

static void what_cannot_be_run(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(try("no-such-program", NULL, &err), -PGO_ETOOL);
	assert_string_equal(err.msg, "cannot run 'no-such-program': No such file or directory");
	assert_null(err.hint);
	assert_int_equal(try("./nothing", NULL, NULL), -PGO_ETOOL);
	folder_put("text", "#!/bin/sh\n");
	assert_int_equal(try("./text", NULL, &err), -PGO_EPERM);
	assert_int_equal(err.code, PGO_EPERM);
	folder_put("garbage",
		   "\x7f"
		   "ELF nonsense");
	assert_int_equal(chmod("garbage", 0755), 0);
	assert_int_equal(try("./garbage", NULL, &err), -PGO_ETOOL);
	folder_put("script", "#!/no/such/interpreter\n");
	assert_int_equal(chmod("script", 0755), 0);
	assert_int_equal(try("./script", NULL, &err), -PGO_ETOOL);
	assert_int_equal(try("true", "no/such/folder", &err), -PGO_ETOOL);
	assert_string_equal(err.hint, "its working folder 'no/such/folder' is not there");
	assert_int_equal(err.code, PGO_ETOOL);
}

static void arguments_arrive_as_they_are(void **state)
{
	static const char *const words[] = { "a b", "", "'\"$HOME`x`", "\n", "\xff", "-n", "*" };
	PGO_AUTO(strbuf) out = STRBUF_INIT, want = STRBUF_INIT;
	PGO_AUTO(child) c = CHILD_INIT;

	(void)state;
	strvec_push(&c.argv, "printf");
	strvec_push(&c.argv, "<%s>");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		strvec_push(&c.argv, words[i]);
		strbuf_addf(&want, "<%s>", words[i]);
	}
	assert_int_equal(child_capture(&c, &out, false, NULL, NULL), 0);
	assert_string_equal(out.buf, want.buf);
}

static void files_are_its_streams(void **state)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	(void)state;
	folder_put("in", "line\n");
	folder_put("out", "something long that is there already\n");
	set_script(&c, "cat; echo error >&2; echo more");
	c.in_path = "in";
	c.out_path = "out";
	c.err_path = "err";
	assert_int_equal(child_run(&c, &res, NULL), 0);
	folder_has("out", "line\nmore\n");
	folder_has("err", "error\n");
	c.err_path = "out";
	assert_int_equal(child_run(&c, &res, NULL), 0);
	folder_has("out", "line\nerror\nmore\n");
	c.append = true;
	c.in_path = NULL;
	assert_int_equal(child_run(&c, &res, NULL), 0);
	folder_has("out", "line\nerror\nmore\nerror\nmore\n");
}

static void a_stream_that_cannot_be_opened(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	(void)state;
	set_script(&c, "echo x >started");
	c.out_path = "no/such/file";
	assert_int_equal(child_run(&c, &res, &err), -PGO_ENOTFOUND);
	assert_string_equal(err.msg, "cannot open 'no/such/file': No such file or directory");
	c.out_path = NULL;
	c.in_path = "nothing";
	assert_int_equal(child_run(&c, &res, &err), -PGO_ENOTFOUND);
	assert_true(child_run(&c, &res, NULL) < 0);
	assert_false(fs_exists("started"));
}

static void no_descriptor_leaks_in(void **state)
{
	PGO_AUTO(fs_atomic) f = FS_ATOMIC_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO(child) c = CHILD_INIT;

	(void)state;
	assert_int_equal(fs_atomic_open(&f, "file", 0644, NULL), 0);
	set_script(
		&c,
		"for fd in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$fd && echo $fd; done; echo end");
	assert_int_equal(child_capture(&c, &out, false, NULL, NULL), 0);
	assert_string_equal(out.buf, "end\n");
}

static void the_environment_is_given_whole(void **state)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO(child) c = CHILD_INIT;

	(void)state;
	setenv("PGO_TEST_INHERITED", "yes", 1);
	set_script(&c, "echo $PGO_TEST_INHERITED,$OWN,$PWD");
	assert_int_equal(child_capture(&c, &out, false, NULL, NULL), 0);
	assert_memory_equal(out.buf, "yes,,", 5);
	strbuf_clear(&out);
	strvec_push(&c.env, "OWN=x y");
	c.dir = "/usr";
	assert_int_equal(child_capture(&c, &out, false, NULL, NULL), 0);
	assert_string_equal(out.buf, ",x y,/usr\n");
	unsetenv("PGO_TEST_INHERITED");
}

static void output_is_captured(void **state)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	(void)state;
	set_script(&c,
		   "echo out; echo err >&2; i=0; while [ $i -lt 9999 ]; do echo 0123456789; "
		   "i=$((i + 1)); done");
	assert_int_equal(child_capture(&c, &out, false, &res, NULL), 0);
	assert_int_equal(out.len, 4 + 9999 * 11);
	assert_int_equal(res.exit_status, 0);
	strbuf_clear(&out);
	assert_int_equal(child_capture(&c, &out, true, NULL, NULL), 0);
	assert_memory_equal(out.buf, "out\nerr\n0", 9);
}

static void a_failure_keeps_what_was_captured(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	(void)state;
	set_script(&c, "echo why; exit 9");
	assert_int_equal(child_capture(&c, &out, false, &res, &err), -PGO_ECHILD);
	assert_string_equal(out.buf, "why\n");
	assert_string_equal(err.msg, "'sh' failed");
	assert_int_equal(res.exit_status, 9);
}

static unsigned nr_idle;

static void count_idle(void)
{
	nr_idle++;
}

static void the_idle_call_is_made(void **state)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	(void)state;
	set_script(&c, "while [ ! -e stop ]; do sleep 0.05; done");
	c.idle = count_idle;
	c.timeout_ns = 700000000;
	assert_int_equal(child_run(&c, &res, NULL), 0);
	assert_true(nr_idle > 0);
}

/* In a process of its own; 0 when everything was as it should be. */
static int be_cancelled(void)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;

	child_signals_init();
	set_script(&c, "sleep 100 & echo $! >pid.new; mv pid.new pid; wait");
	if (child_run(&c, &res, &err) != -PGO_ECANCELLED)
		return 1;
	if (child_cancelled() != SIGINT || strcmp(err.msg, "stopped by Interrupt") != 0)
		return 2;
	strvec_clear(&c.argv);
	set_script(&c, ": >started");
	if (child_run(&c, &res, &err) != -PGO_ECANCELLED || fs_exists("started"))
		return 3;
	return 0;
}

static void a_signal_stops_the_group(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(be_cancelled());
	for (int i = 0; i < 1000 && !fs_exists("pid"); i++)
		usleep(10000);
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_gone("pid");
}

/* As under a parent that ignores SIGCHLD, which is inherited. */
static void children_are_seen_though_sigchld_was_ignored(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		PGO_AUTO(child) c = CHILD_INIT;
		struct child_result res;

		signal(SIGCHLD, SIG_IGN);
		child_signals_init();
		alarm(30);
		set_script(&c, "exit 3");
		_exit(child_run(&c, &res, NULL) || res.exit_status != 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_enter, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_exit_status_is_told),
		TEST(the_signal_is_told),
		TEST(signals_are_as_usual_in_it),
		TEST(resources_are_measured),
		TEST(the_time_is_bounded),
		TEST(one_that_ignores_term_is_killed),
		TEST(what_outlives_the_leader_is_ended),
		TEST(what_cannot_be_run),
		TEST(arguments_arrive_as_they_are),
		TEST(files_are_its_streams),
		TEST(a_stream_that_cannot_be_opened),
		TEST(no_descriptor_leaks_in),
		TEST(the_environment_is_given_whole),
		TEST(output_is_captured),
		TEST(a_failure_keeps_what_was_captured),
		TEST(the_idle_call_is_made),
		TEST(a_signal_stops_the_group),
		TEST(children_are_seen_though_sigchld_was_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
