/* SPDX-License-Identifier: Apache-2.0 */
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
#include <sqlite3.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/history.h"
#include "pgo/stats/dist.h"
#include "pgo/stats/rng.h"

static struct tempdir dir;
static char *path;

static int set_up(void **state)
{
	(void)state;
	if (tempdir_make(&dir, NULL, NULL))
		return -1;
	path = fs_join(dir.path, HISTORY_FILE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tempdir_release(&dir);
	FREE_AND_NULL(path);
	return 0;
}

/* Strings are literals: never released. */
static struct history_row row_of(const char *workload, const char *commit, double a, double b)
{
	return (struct history_row){
		.time = 1700000000,
		.workload = (char *)workload,
		.commit = (char *)commit,
		.metric = (char *)"cpu",
		.machine = (char *)"m1",
		.estimand = (char *)"binary",
		.ci = { log(a / b) - 0.01, log(a / b) + 0.01, log(a / b) },
		.verdict = VERDICT_FASTER,
		.median_a_s = a,
		.median_b_s = b,
	};
}

static void open_history(struct history *h)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (history_open(h, path, DATABASE_CREATE, &err))
		fail_msg("%s", err.msg);
}

static void gives_back_what_was_entered(void **state)
{
	struct history_row rows[] = { row_of(NULL, NULL, NAN, NAN),
				      row_of("it's \"x\"; --", "abc", 2, 1) };
	PGO_AUTO(history) h = HISTORY_INIT;
	PGO_AUTO(history_trends) t = HISTORY_TRENDS_INIT;
	struct history_row *r;

	(void)state;
	rows[0].ci = (struct interval){ -INFINITY, INFINITY, 0.1 };
	rows[0].verdict = VERDICT_INCONCLUSIVE;
	rows[1].dirty = true;
	rows[1].source = (char *)"s";
	rows[1].compiler = (char *)"gcc (Debian) 12";
	rows[1].profile = (char *)"p";
	open_history(&h);
	assert_int_equal(history_add(&h, rows, 2, NULL), 0);
	assert_int_equal(history_add(&h, &rows[1], 1, NULL), 0);
	assert_int_equal(history_read(&h, NULL, &t, NULL), 0);
	assert_int_equal(t.nr, 2);
	assert_null(t.v[0].workload);
	r = &t.v[0].rows[0];
	assert_true(r->ci.lo == -INFINITY && r->ci.hi == INFINITY && r->ci.estimate == 0.1);
	assert_true(isnan(r->median_a_s) && isnan(r->median_b_s));
	assert_true(r->verdict == VERDICT_INCONCLUSIVE && !r->dirty && !r->commit);
	assert_int_equal(t.v[1].nr, 2);
	r = &t.v[1].rows[0];
	assert_true(r->validation == 1 && t.v[1].rows[1].validation == 2);
	assert_string_equal(r->workload, "it's \"x\"; --");
	assert_string_equal(r->compiler, "gcc (Debian) 12");
	assert_string_equal(r->commit, "abc");
	assert_string_equal(r->source, "s");
	assert_string_equal(r->profile, "p");
	assert_string_equal(r->metric, "cpu");
	assert_string_equal(r->machine, "m1");
	assert_string_equal(r->estimand, "binary");
	assert_true(r->dirty && r->time == 1700000000 && r->verdict == VERDICT_FASTER);
	assert_true(r->median_a_s == 2 && r->median_b_s == 1 && r->ci.lo == rows[1].ci.lo);
}

/* Of the version before there were estimands. */
static void reads_an_older_database(void **state)
{
	struct history_row row = row_of("fib", "abc", 2, 1);
	PGO_AUTO(history) h = HISTORY_INIT;
	PGO_AUTO(history_trends) t = HISTORY_TRENDS_INIT;
	sqlite3 *db;

	(void)state;
	open_history(&h);
	assert_int_equal(history_add(&h, &row, 1, NULL), 0);
	history_release(&h);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "ALTER TABLE result DROP COLUMN estimand;"
				      "PRAGMA user_version = 1",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	open_history(&h);
	row.estimand = (char *)"build";
	assert_int_equal(history_add(&h, &row, 1, NULL), 0);
	assert_int_equal(history_read(&h, NULL, &t, NULL), 0);
	assert_int_equal(t.v[0].nr, 2);
	assert_string_equal(t.v[0].rows[0].estimand, "binary");
	assert_string_equal(t.v[0].rows[1].estimand, "build");
}

static void tells_what_is_not_there(void **state)
{
	PGO_AUTO(history) h = HISTORY_INIT;
	PGO_AUTO(history_trends) t = HISTORY_TRENDS_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct history_row row = row_of("fib", "abc", 2, 1);

	(void)state;
	assert_int_equal(history_open(&h, path, DATABASE_EXISTING, &err), -PGO_ENOTFOUND);
	assert_non_null(strstr(err.msg, path));
	open_history(&h);
	assert_int_equal(history_read(&h, NULL, &t, &err), -PGO_ENOTFOUND);
	assert_int_equal(history_add(&h, &row, 1, NULL), 0);
	assert_int_equal(history_read(&h, "fob", &t, &err), -PGO_ENOTFOUND);
	assert_non_null(strstr(err.msg, "'fob'"));
	assert_int_equal(history_read(&h, "fib", &t, NULL), 0);
	assert_int_equal(t.nr, 1);
}

static void run_sql(struct history *h, const char *sql)
{
	assert_int_equal(sqlite3_exec(h->db.db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void refuses_rows_of_others(void **state)
{
	PGO_AUTO(history) h = HISTORY_INIT;
	PGO_AUTO(history_trends) t = HISTORY_TRENDS_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct history_row row = row_of("fib", "abc", 2, 1);

	(void)state;
	open_history(&h);
	assert_int_equal(history_add(&h, &row, 1, NULL), 0);
	run_sql(&h, "UPDATE result SET verdict = 'GREAT'");
	assert_int_equal(history_read(&h, NULL, &t, &err), -PGO_EFORMAT);
	assert_non_null(strstr(err.msg, "unknown verdict"));
	run_sql(&h, "ALTER TABLE result DROP COLUMN profile");
	assert_int_equal(history_read(&h, NULL, &t, &err), -PGO_EFORMAT);
	assert_non_null(strstr(err.hint, "mv "));
	assert_int_equal(t.nr, 0);
}

static char commits[40][8];

static const char *commit_of(size_t i)
{
	snprintf(commits[i], sizeof(commits[i]), "c%06zu", i);
	return commits[i];
}

/* Of 24 commits, each validated once: the medians with 1 % of noise, times the factors. */
static void enter_commits(struct history *h, const char *workload, double a_after, double b_after,
			  size_t step, uint64_t seed)
{
	struct rng r;

	rng_seed(&r, seed);
	for (size_t i = 0; i < 24; i++) {
		double a = exp(0.01 * rng_normal(&r)) * (i >= step ? a_after : 1);
		double b = 0.8 * exp(0.01 * rng_normal(&r)) * (i >= step ? b_after : 1);
		struct history_row row = row_of(workload, commit_of(i), a, b);

		assert_int_equal(history_add(h, &row, 1, NULL), 0);
	}
}

static void finds_the_commit_of_a_step(void **state)
{
	PGO_AUTO(history) h = HISTORY_INIT;
	PGO_AUTO(history_trends) t = HISTORY_TRENDS_INIT;
	struct history_step *s;

	(void)state;
	open_history(&h);
	enter_commits(&h, "both", 1.06, 1.06, 15, 1);
	enter_commits(&h, "steady", 1, 1, 15, 2);
	enter_commits(&h, "optimized", 1, 1.06, 9, 3);
	assert_int_equal(history_read(&h, NULL, &t, NULL), 0);
	assert_int_equal(t.nr, 3);
	s = t.v[0].steps;
	assert_true(s[HISTORY_BASELINE].found && s[HISTORY_OPTIMIZED].found);
	assert_false(s[HISTORY_SPEEDUP].found);
	assert_int_equal(s[HISTORY_BASELINE].row, 15);
	assert_int_equal(s[HISTORY_BASELINE].before, 14);
	assert_string_equal(t.v[0].rows[s[HISTORY_BASELINE].row].commit, commit_of(15));
	assert_true(fabs(expm1(s[HISTORY_BASELINE].shift) - 0.06) < 0.015);
	s = t.v[1].steps;
	assert_false(s[HISTORY_BASELINE].found);
	assert_true(s[HISTORY_OPTIMIZED].found && s[HISTORY_SPEEDUP].found);
	assert_int_equal(s[HISTORY_SPEEDUP].row, 9);
	assert_true(s[HISTORY_SPEEDUP].shift < 0);
	for (enum history_series i = 0; i < NR_HISTORY_SERIES; i++)
		assert_true(t.v[2].steps[i].tested && !t.v[2].steps[i].found);
}

/* A change of the machine, or of what is compared, is no step: its last stretch is a series. */
static void compares_one_machine_with_itself(void **state)
{
	PGO_AUTO(history) h = HISTORY_INIT;
	PGO_AUTO(history_trends) t = HISTORY_TRENDS_INIT;
	struct history_row row;

	(void)state;
	open_history(&h);
	enter_commits(&h, "fib", 1, 1, 0, 4);
	for (size_t i = 0; i < 10; i++) {
		row = row_of("fib", commit_of(24 + i), 5, 4);
		row.machine = (char *)"m2";
		assert_int_equal(history_add(&h, &row, 1, NULL), 0);
		row = row_of("fib", commit_of(24 + i), 9, 8);
		row.machine = (char *)"m2";
		row.metric = (char *)"wall";
		assert_int_equal(history_add(&h, &row, 1, NULL), 0);
		row = row_of("fib", commit_of(24 + i), 7, 6);
		row.estimand = (char *)"build";
		assert_int_equal(history_add(&h, &row, 1, NULL), 0);
	}
	row = row_of("fib", commit_of(34), 1, 0.8);
	assert_int_equal(history_add(&h, &row, 1, NULL), 0);
	assert_int_equal(history_read(&h, NULL, &t, NULL), 0);
	assert_int_equal(t.v[0].nr, 55);
	for (enum history_series i = 0; i < NR_HISTORY_SERIES; i++) {
		assert_true(t.v[0].steps[i].tested && !t.v[0].steps[i].found);
		assert_true(t.v[0].steps[i].row < 24 || t.v[0].steps[i].row == 54);
	}
}

static void needs_three_points_a_side(void **state)
{
	PGO_AUTO(history) h = HISTORY_INIT;
	struct history_row row = row_of("fib", "abc", 2, 1);

	(void)state;
	open_history(&h);
	for (unsigned i = 1; i <= STEP_MIN_N; i++) {
		PGO_AUTO(history_trends) t = HISTORY_TRENDS_INIT;

		assert_int_equal(history_add(&h, &row, 1, NULL), 0);
		assert_int_equal(history_read(&h, NULL, &t, NULL), 0);
		assert_true(t.v[0].steps[HISTORY_BASELINE].tested == (i == STEP_MIN_N));
	}
}

/* A long past costs no more than STEP_MAX_N points, and rows still are what they say. */
static void looks_at_the_latest_points(void **state)
{
	struct history_trend trend = { .nr = STEP_MAX_N + 50 };
	struct history_trends t = { .v = &trend, .nr = 1 };
	PGO_AUTO_FREE struct history_row *rows = xcalloc(trend.nr, sizeof(*rows));

	(void)state;
	trend.rows = rows;
	for (size_t i = 0; i < trend.nr; i++)
		rows[i] = row_of("fib", NULL, i < 50 ? 100 : i < 600 ? 1 : 1.1, 1);
	history_find_steps(&t);
	assert_true(trend.steps[HISTORY_BASELINE].found);
	assert_int_equal(trend.steps[HISTORY_BASELINE].row, 600);
	assert_int_equal(trend.steps[HISTORY_BASELINE].before, 599);
	assert_false(trend.steps[HISTORY_OPTIMIZED].found);
}

#define NR_REPORTS 100u

/* Any step in a report of four workloads, three series each, without one. */
static void noise_seldom_makes_a_report_with_steps(void **state)
{
	struct history_row rows[4][20];
	unsigned nr = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 11);
	for (unsigned i = 0; i < NR_REPORTS; i++) {
		struct history_trend trends[4] = { 0 };
		struct history_trends t = { .v = trends, .nr = 4 };
		bool any = false;

		for (size_t w = 0; w < 4; w++) {
			for (size_t k = 0; k < 20; k++)
				rows[w][k] = row_of("w", NULL, exp(rng_normal(&r) * 0.02),
						    exp(rng_normal(&r) * 0.02));
			trends[w].rows = rows[w];
			trends[w].nr = 20;
		}
		history_find_steps(&t);
		for (size_t k = 0; k < 12; k++)
			any |= trends[k / 3].steps[k % 3].found;
		nr += any;
	}
	print_message("# %u of %u reports tell a step\n", nr, NR_REPORTS);
	assert_true(nr == 0 || dist_beta_cdf(0.05, nr, NR_REPORTS - nr + 1.0) > 1e-3);
}

static pid_t start(void (*fn)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	fn();
	_exit(0);
}

/* A validation of three workloads. */
static int enter_validation(struct history *h, struct pgo_err *err)
{
	struct history_row rows[] = { row_of("a", "c", 2, 1), row_of("b", "c", 2, 1),
				      row_of("c", "c", 2, 1) };

	return history_add(h, rows, 3, err);
}

static void enter_forty(void)
{
	for (unsigned i = 0; i < 40; i++) {
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
		PGO_AUTO(history) h = HISTORY_INIT;

		if (history_open(&h, path, DATABASE_CREATE, &err) || enter_validation(&h, &err)) {
			dprintf(STDERR_FILENO, "# %s\n", err.msg);
			_exit(1);
		}
	}
}

static void enter_without_end(void)
{
	PGO_AUTO(history) h = HISTORY_INIT;

	if (history_open(&h, path, DATABASE_CREATE, NULL))
		_exit(1);
	while (enter_validation(&h, NULL) == 0)
		;
	_exit(1);
}

/* Every validation has its three rows and a number of its own. */
static size_t check_whole(void)
{
	static const char counts[] = "SELECT count(*) FROM result GROUP BY validation";
	static const char sound[] =
		"SELECT * FROM pragma_integrity_check"
		" WHERE integrity_check = 'ok'";
	PGO_AUTO(history) h = HISTORY_INIT;
	PGO_AUTO(statement) st = STATEMENT_INIT;
	size_t nr = 0;

	open_history(&h);
	assert_int_equal(statement_init(&st, &h.db, counts, NULL), 0);
	while (statement_step(&st, NULL) > 0) {
		assert_int_equal(statement_take_int(&st), 3);
		nr++;
	}
	statement_release(&st);
	assert_int_equal(statement_init(&st, &h.db, sound, NULL), 0);
	assert_int_equal(statement_step(&st, NULL), 1);
	return nr;
}

static void two_writers_lose_nothing(void **state)
{
	pid_t pids[2] = { start(enter_forty), start(enter_forty) };
	int status;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_int_equal(check_whole(), 80);
}

static void a_killed_validation_is_whole_or_not_there(void **state)
{
	size_t nr = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	/* As often, and later and later, as a slow machine needs to write something before it. */
	for (unsigned i = 0; i < 25 || (nr <= 25 && i < 400); i++) {
		const uint64_t most_ns = 40000000 * (1 + (uint64_t)i / 25);
		struct timespec delay = { .tv_nsec = (long)rng_below(&r, most_ns) };
		pid_t pid = start(enter_without_end);
		size_t nr_now;
		int status;

		nanosleep(&delay, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		nr_now = check_whole();
		assert_true(nr_now >= nr);
		nr = nr_now;
	}
	assert_true(nr > 25);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(gives_back_what_was_entered),
		TEST(reads_an_older_database),
		TEST(tells_what_is_not_there),
		TEST(refuses_rows_of_others),
		TEST(finds_the_commit_of_a_step),
		TEST(compares_one_machine_with_itself),
		TEST(needs_three_points_a_side),
		TEST(looks_at_the_latest_points),
		TEST(noise_seldom_makes_a_report_with_steps),
		TEST(two_writers_lose_nothing),
		TEST(a_killed_validation_is_whole_or_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
