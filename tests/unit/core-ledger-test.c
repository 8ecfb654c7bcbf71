/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/ledger.h"
#include "pgo/stats/rng.h"

static struct tempdir dir;
static char *path;

static int set_up(void **state)
{
	(void)state;
	if (sodium_init() < 0 || tempdir_make(&dir, NULL, NULL))
		return -1;
	path = fs_join(dir.path, "state/a b%?#/ledger.db");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tempdir_release(&dir);
	FREE_AND_NULL(path);
	return 0;
}

static int add(struct ledger *l, const char *machine, double p, unsigned nr_pairs,
	       struct pgo_err *err)
{
	struct ledger_entry e = {
		.time = 1000,
		.machine = machine,
		.metric = "cpu",
		.nr_pairs = nr_pairs,
		.p = p,
		.floor = 0.01,
	};

	return ledger_add(l, &e, err);
}

static void open_ledger(struct ledger *l)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (ledger_open(l, path, &err))
		fail_msg("%s", err.msg);
}

static struct ledger_rate rate_of(struct ledger *l, const char *machine)
{
	struct ledger_rate r;

	assert_int_equal(ledger_rate(l, machine, &r, NULL), 0);
	return r;
}

static void counts_by_machine(void **state)
{
	PGO_AUTO(ledger) l = LEDGER_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct ledger_rate r;

	(void)state;
	open_ledger(&l);
	r = rate_of(&l, "m");
	assert_true(r.n == 0 && r.k == 0 && !r.broken && r.ci.lo == 0 && r.ci.hi == 1);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(add(&l, "m", i % 20 ? 0.0501 : 0.05, 8, NULL), 0);
	assert_int_equal(add(&l, "other", 0.001, 8, NULL), 0);
	assert_int_equal(add(&l, "m", 0.001, 5, NULL), 0); /* could not have rejected */
	r = rate_of(&l, "m");
	assert_int_equal(r.n, 100);
	assert_int_equal(r.k, 5);
	/* Bisection of the exact binomial sums. */
	assert_true(fabs(r.ci.lo - 0.01643187918) < 1e-9);
	assert_true(fabs(r.ci.hi - 0.11283491110) < 1e-9);
	assert_false(r.broken);
	assert_int_equal(rate_of(&l, "other").k, 1);
	assert_int_equal(add(&l, "m", NAN, 8, &err), -PGO_EFORMAT);
	assert_int_equal(add(&l, "m", 1.5, 8, &err), -PGO_EFORMAT);
	assert_int_equal(rate_of(&l, "m").n, 100);
}

/* An old fault that was mended is no fault of today, and the other way round. */
static void judges_the_last_hundred(void **state)
{
	PGO_AUTO(ledger) l = LEDGER_INIT;
	struct ledger_rate r;

	(void)state;
	open_ledger(&l);
	for (unsigned i = 0; i < 30; i++)
		assert_int_equal(add(&l, "m", 0.001, 8, NULL), 0);
	r = rate_of(&l, "m");
	assert_true(r.broken && r.recent_k == 30 && r.recent_n == 30);
	for (unsigned i = 0; i < 89; i++)
		assert_int_equal(add(&l, "m", 0.5, 8, NULL), 0);
	r = rate_of(&l, "m");
	assert_true(r.broken && r.recent_k == 11 && r.recent_n == 100 && r.n == 119);
	assert_int_equal(add(&l, "m", 0.5, 8, NULL), 0);
	r = rate_of(&l, "m");
	assert_true(!r.broken && r.recent_k == 10 && r.k == 30 && r.n == 120);
}

static double term(unsigned k, unsigned n)
{
	return exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(LEDGER_LEVEL) +
		   (n - k) * log1p(-LEDGER_LEVEL));
}

/* The mid-p by summing the binomial law itself; and how often a right instrument is blamed. */
static void law_of_broken(void **state)
{
	double worst = 0;

	(void)state;
	for (unsigned n = 1; n <= LEDGER_RECENT; n++) {
		double blamed = 0, tail = 0;

		for (unsigned k = n + 1; k-- > 0;) {
			struct ledger_rate r = { .k = k, .n = n, .recent_k = k, .recent_n = n };

			ledger_judge(&r);
			assert_true(fabs(r.recent_p - tail - term(k, n) / 2) < 1e-10);
			assert_true(r.broken == (r.recent_p < LEDGER_BROKEN_P));
			assert_true(r.ci.lo <= r.ci.estimate && r.ci.estimate <= r.ci.hi);
			tail += term(k, n);
			blamed += r.broken ? term(k, n) : 0;
			if (n == 100)
				assert_true(r.broken == (k > 10));
		}
		worst = fmax(worst, blamed);
	}
	print_message("# a right instrument is blamed with at most %.4f\n", worst);
	assert_true(worst < 0.016);
}

static void keys_differ_where_it_matters(void **state)
{
	static const char x86[] = "processor\t: 0\nmodel name\t: A\ncpu MHz\t\t: 1000\n";
	static const char faster[] = "processor\t: 0\nmodel name\t: A\ncpu MHz\t\t: 2000\n";
	static const char other[] = "processor\t: 0\nmodel name\t: B\n";
	static const char arm[] = "CPU implementer\t: 0x41\nCPU part\t: 0xd0c";
	char key[6][DIGEST_HEX_LEN + 1];

	(void)state;
	machine_key_of(x86, 2, "6.1", key[0]);
	machine_key_of(faster, 2, "6.1", key[1]);
	machine_key_of(other, 2, "6.1", key[2]);
	machine_key_of(x86, 4, "6.1", key[3]);
	machine_key_of(x86, 2, "6.2", key[4]);
	machine_key_of(arm, 2, "6.1", key[5]);
	assert_string_equal(key[0], key[1]);
	for (unsigned i = 2; i < 6; i++)
		assert_string_not_equal(key[0], key[i]);
	machine_key_of("", 2, "6.1", key[1]);
	assert_string_not_equal(key[5], key[1]);
	machine_key(key[0]);
	machine_key(key[1]);
	assert_string_equal(key[0], key[1]);
}

static char *place(const char *named, const char *state, const char *home)
{
	char *ret = NULL;

	named ? setenv(LEDGER_ENV, named, 1) : unsetenv(LEDGER_ENV);
	state ? setenv("XDG_STATE_HOME", state, 1) : unsetenv("XDG_STATE_HOME");
	home ? setenv("HOME", home, 1) : unsetenv("HOME");
	if (ledger_path(&ret, NULL))
		assert_null(ret);
	return ret;
}

static void stands_where_xdg_says(void **state)
{
	PGO_AUTO_FREE char *named = place("/n/l.db", "/s", "/h"), *xdg = place(NULL, "/s", "/h");
	PGO_AUTO_FREE char *relative = place("", "s", "/h"), *home = place(NULL, NULL, "/h");
	PGO_AUTO_FREE char *none = place(NULL, NULL, NULL);

	(void)state;
	assert_string_equal(named, "/n/l.db");
	assert_string_equal(xdg, "/s/pgoctl/ledger.db");
	assert_string_equal(relative, "/h/.local/state/pgoctl/ledger.db");
	assert_string_equal(home, "/h/.local/state/pgoctl/ledger.db");
	assert_null(none);
}

static void put(const char *text, size_t len)
{
	PGO_AUTO_FREE char *folder = fs_dirname(path);

	assert_int_equal(fs_mkdir_p(folder, NULL), 0);
	assert_int_equal(fs_write_atomic(path, text, len, 0644, NULL), 0);
}

/* A validation goes on without a ledger, whatever is the matter with it. */
static void note_never_fails(void **state)
{
	struct ledger_entry e = { .time = 1,
				  .machine = "m",
				  .metric = "cpu",
				  .nr_pairs = 8,
				  .p = 0.01,
				  .floor = INFINITY };
	struct ledger_rate r = { .n = 77 };
	enum log_level level = log_get_level();

	(void)state;
	log_set_level(LOG_QUIET);
	setenv(LEDGER_ENV, path, 1);
	put("this is no database, but long enough to be looked at as one\n", 60);
	assert_false(ledger_note(&e, &r));
	assert_int_equal(r.n, 77);
	setenv(LEDGER_ENV, "/dev/null/ledger.db", 1);
	assert_false(ledger_note(&e, &r));
	unsetenv(LEDGER_ENV);
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	assert_false(ledger_note(&e, &r));
	assert_int_equal(unlink(path), 0);
	setenv(LEDGER_ENV, path, 1);
	assert_true(ledger_note(&e, &r));
	assert_true(ledger_note(&e, &r));
	assert_true(r.n == 2 && r.k == 2);
	log_set_level(level);
}

static void expect_error(int code, const char *part, const char *hint)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(ledger) l = LEDGER_INIT;
	struct ledger_rate r;
	int ret = ledger_open(&l, path, &err);

	if (!ret)
		ret = ledger_rate(&l, "m", &r, &err);
	assert_int_equal(ret, code);
	assert_non_null(strstr(err.msg, path));
	assert_non_null(strstr(err.msg, part));
	if (!hint)
		assert_null(err.hint);
	else
		assert_non_null(strstr(err.hint, hint));
}

static void fill(unsigned nr)
{
	PGO_AUTO(ledger) l = LEDGER_INIT;

	open_ledger(&l);
	assert_int_equal(database_begin(&l.db, NULL), 0);
	for (unsigned i = 0; i < nr; i++)
		assert_int_equal(add(&l, "m", 0.5, 8, NULL), 0);
	assert_int_equal(database_commit(&l.db, NULL), 0);
}

static void says_how_to_mend_a_corrupt_file(void **state)
{
	PGO_AUTO(strbuf) file = STRBUF_INIT;
	PGO_AUTO(ledger) l = LEDGER_INIT;
	PGO_AUTO_FREE char *broken = xstrfmt("%s.broken", path);

	(void)state;
	put("no database at all, and longer than the head of one", 51);
	expect_error(-PGO_EFORMAT, "not a database", "mv ");
	assert_int_equal(rename(path, broken), 0);
	fill(2000);
	assert_int_equal(fs_read_file(path, &file, NULL), 0);
	memset(file.buf + 4096, 0xa5, file.len - 4096);
	put(file.buf, file.len);
	expect_error(-PGO_EFORMAT, "malformed", "mv ");
	put(file.buf, 5000);
	expect_error(-PGO_EFORMAT, "malformed", "mv ");
	assert_int_equal(rename(path, broken), 0);
	open_ledger(&l); /* as the hint says */
	assert_int_equal(add(&l, "m", 0.5, 8, NULL), 0);
}

static const char *const two_steps[] = {
	"CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)",
	"ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 2; UPDATE t SET a = a + 1",
	"CREATE TABLE u(c INTEGER); CREATE TABLE t(twice INTEGER)",
};

static int open_version(struct database *d, unsigned version, enum database_mode mode,
			struct pgo_err *err)
{
	struct database_schema schema = { .id = 77, .version = version, .steps = two_steps };

	return database_open(d, path, &schema, mode, err);
}

static int64_t value_of(struct database *d, const char *sql)
{
	PGO_AUTO(statement) st = STATEMENT_INIT;

	assert_int_equal(statement_init(&st, d, sql, NULL), 0);
	assert_int_equal(statement_step(&st, NULL), 1);
	return statement_take_int(&st);
}

static void takes_an_older_schema_along(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(database) d = DATABASE_INIT;

	(void)state;
	assert_int_equal(open_version(&d, 1, DATABASE_EXISTING, &err), -PGO_ENOTFOUND);
	assert_false(fs_exists(path));
	assert_int_equal(open_version(&d, 1, DATABASE_CREATE, NULL), 0);
	database_release(&d);
	assert_int_equal(open_version(&d, 2, DATABASE_EXISTING, NULL), 0);
	assert_int_equal(value_of(&d, "SELECT a * 10 + b FROM t"), 22);
	database_release(&d);
	assert_int_equal(open_version(&d, 2, DATABASE_EXISTING, NULL), 0);
	assert_int_equal(value_of(&d, "SELECT a FROM t"), 2);
	database_release(&d);
	/* A step that fails leaves the version before it, whole. */
	assert_int_equal(open_version(&d, 3, DATABASE_EXISTING, &err), -PGO_EFORMAT);
	assert_int_equal(open_version(&d, 2, DATABASE_EXISTING, NULL), 0);
	assert_int_equal(value_of(&d, "SELECT count(*) FROM sqlite_master"), 1);
	database_release(&d);
	assert_int_equal(open_version(&d, 1, DATABASE_EXISTING, &err), -PGO_EVERSION);
	assert_non_null(strstr(err.msg, "version 2"));
	expect_error(-PGO_EMISMATCH, "another program", "mv ");
}

static pid_t start(void (*fn)(int fd), int fd)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	fn(fd);
	_exit(0);
}

static void expect_exit(pid_t pid, int code)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

/* Each entry by an opening of its own, as validations do it: also the making of the file races. */
static void enter_fifty(int fd)
{
	(void)fd;
	for (unsigned i = 0; i < 50; i++) {
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
		PGO_AUTO(ledger) l = LEDGER_INIT;

		if (ledger_open(&l, path, &err) || add(&l, "m", 0.5, 8, &err)) {
			dprintf(STDERR_FILENO, "# %s\n", err.msg);
			_exit(1);
		}
	}
}

static void two_writers_lose_nothing(void **state)
{
	PGO_AUTO(ledger) l = LEDGER_INIT;
	pid_t pids[3];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = start(enter_fifty, -1);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		expect_exit(pids[i], 0);
	open_ledger(&l);
	assert_int_equal(rate_of(&l, "m").n, 150);
}

/* A byte to fd for every entry that was acknowledged. */
static void enter_without_end(int fd)
{
	for (;;) {
		PGO_AUTO(ledger) l = LEDGER_INIT;

		if (ledger_open(&l, path, NULL))
			_exit(1);
		for (unsigned i = 0; i < 5; i++)
			if (add(&l, "m", 0.5, 8, NULL) || write(fd, "", 1) != 1)
				_exit(1);
	}
}

static unsigned kill_after(long ns)
{
	struct timespec delay = { .tv_nsec = ns };
	unsigned nr = 0;
	int fds[2], status;
	pid_t pid;
	char byte;

	assert_int_equal(pipe(fds), 0);
	pid = start(enter_without_end, fds[1]);
	close(fds[1]);
	nanosleep(&delay, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(fds[0], &byte, 1) == 1)
		nr++;
	close(fds[0]);
	return nr;
}

static void survives_kills(void **state)
{
	uint64_t nr = 0, nr_known = 0, window_ns = 40000000;
	struct rng r;

	(void)state;
	rng_seed(&r, 9);
	for (unsigned i = 0; i < 40; i++) {
		PGO_AUTO(ledger) l = LEDGER_INIT;
		PGO_AUTO(statement) st = STATEMENT_INIT;
		PGO_AUTO_FREE char *answer = NULL;
		unsigned nr_new = kill_after((long)rng_below(&r, window_ns));

		open_ledger(&l);
		assert_int_equal(statement_init(&st, &l.db, "PRAGMA integrity_check", NULL), 0);
		assert_int_equal(statement_step(&st, NULL), 1);
		answer = statement_take_text(&st);
		assert_string_equal(answer, "ok");
		nr_known = rate_of(&l, "m").n;
		/* One more may have been written than was told. */
		assert_in_range(nr_known, nr + nr_new, nr + nr_new + 1);
		nr = nr_known;
		/* On a busy machine the writer needs longer to come to its first entry. */
		if (!nr_new && window_ns < 900000000)
			window_ns *= 2;
	}
	print_message("# %u entries over 40 kills\n", (unsigned)nr);
	assert_true(nr > 40);
}

static void as_nobody(void)
{
	if (geteuid() == 0 && setuid(65534) < 0)
		_exit(10);
}

static void read_only_reader(int fd)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(ledger) l = LEDGER_INIT;
	struct ledger_rate r;

	(void)fd;
	as_nobody();
	if (ledger_open(&l, path, &err) || ledger_rate(&l, "m", &r, &err)) {
		dprintf(STDERR_FILENO, "# %s\n", err.msg);
		_exit(1);
	}
	if (!l.db.read_only || r.n != 3)
		_exit(2);
	if (add(&l, "m", 0.5, 8, &err) != -PGO_EPERM)
		_exit(3);
}

static void unreadable_reader(int fd)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(ledger) l = LEDGER_INIT;

	(void)fd;
	as_nobody();
	if (ledger_open(&l, path, &err) != -PGO_EPERM || !strstr(err.msg, path))
		_exit(1);
}

static void allow(const char *folder, mode_t folder_mode, mode_t file_mode)
{
	assert_int_equal(chmod(path, file_mode), 0);
	assert_int_equal(chmod(folder, folder_mode), 0);
}

static void reads_what_it_cannot_write(void **state)
{
	PGO_AUTO_FREE char *folder = fs_dirname(path), *state_dir = fs_dirname(folder);

	(void)state;
	fill(3);
	assert_int_equal(chmod(dir.path, 0755), 0);
	assert_int_equal(chmod(state_dir, 0755), 0);
	allow(folder, 0555, 0444);
	expect_exit(start(read_only_reader, -1), 0);
	allow(folder, 0555, 0666);
	expect_exit(start(read_only_reader, -1), 0);
	allow(folder, 0777, 0444);
	expect_exit(start(read_only_reader, -1), 0);
	allow(folder, 0555, 0);
	expect_exit(start(unreadable_reader, -1), 0);
	allow(folder, 0755, 0644);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	expect_exit(start(unreadable_reader, -1), 0);
	assert_int_equal(chmod(folder, 0755), 0);
}

/* Killed with entries in the log only: they are read also where nothing can be written. */
static void enter_three_and_die(int fd)
{
	struct ledger l;

	(void)fd;
	if (ledger_open(&l, path, NULL))
		_exit(1);
	for (unsigned i = 0; i < 3; i++)
		if (add(&l, "m", 0.5, 8, NULL))
			_exit(1);
	_exit(0);
}

static void reads_a_log_that_was_left(void **state)
{
	PGO_AUTO_FREE char *folder = fs_dirname(path), *state_dir = fs_dirname(folder);
	PGO_AUTO_FREE char *log = xstrfmt("%s-wal", path);

	(void)state;
	expect_exit(start(enter_three_and_die, -1), 0);
	assert_true(fs_exists(log));
	assert_int_equal(chmod(dir.path, 0755), 0);
	assert_int_equal(chmod(state_dir, 0755), 0);
	allow(folder, 0555, 0444);
	expect_exit(start(read_only_reader, -1), 0);
	assert_int_equal(chmod(folder, 0755), 0);
}

static void called(sqlite3_context *context, int nr, sqlite3_value **values)
{
	(void)values;
	sqlite3_result_int(context, nr);
}

/* A trigger that came with the file cannot call what is not known to be harmless. */
static void trusts_no_schema(void **state)
{
	static const char trigger[] =
		"CREATE TRIGGER t AFTER INSERT ON aa_check BEGIN"
		" SELECT touch(); END";
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(ledger) l = LEDGER_INIT;

	(void)state;
	fill(1);
	open_ledger(&l);
	assert_int_equal(
		sqlite3_create_function(l.db.db, "touch", 0, SQLITE_UTF8, NULL, called, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_exec(l.db.db, trigger, NULL, NULL, NULL), SQLITE_OK);
	assert_true(add(&l, "m", 0.5, 8, &err) < 0);
	assert_non_null(strstr(err.msg, "unsafe"));
	assert_int_equal(rate_of(&l, "m").n, 1);
}

/* Another program that makes the file at the same time. */
static void hold(int fd)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) || sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ||
	    write(fd, "", 1) != 1)
		_exit(1);
	sqlite3_sleep(150);
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL))
		_exit(2);
	sqlite3_close(db);
}

static void waits_for_a_holder(void **state)
{
	PGO_AUTO_FREE char *folder = fs_dirname(path);
	PGO_AUTO(ledger) l = LEDGER_INIT;
	int fds[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(fs_mkdir_p(folder, NULL), 0);
	assert_int_equal(pipe(fds), 0);
	pid = start(hold, fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	open_ledger(&l);
	expect_exit(pid, 0);
	assert_int_equal(add(&l, "m", 0.5, 8, NULL), 0);
	close(fds[0]);
	close(fds[1]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(counts_by_machine),
		TEST(judges_the_last_hundred),
		TEST(law_of_broken),
		TEST(keys_differ_where_it_matters),
		TEST(stands_where_xdg_says),
		TEST(note_never_fails),
		TEST(says_how_to_mend_a_corrupt_file),
		TEST(takes_an_older_schema_along),
		TEST(two_writers_lose_nothing),
		TEST(survives_kills),
		TEST(reads_what_it_cannot_write),
		TEST(reads_a_log_that_was_left),
		TEST(trusts_no_schema),
		TEST(waits_for_a_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
