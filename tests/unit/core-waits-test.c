/* SPDX-License-Identifier: Apache-2.0 */
/* When it is said that PGO will not help, and when not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/core/waits.h"

#define MS UINT64_C(1000000)

/* A program of one thread on a machine that tells all and has nothing else to do. */
static struct run_watch run(uint64_t wall_ms, uint64_t cpu_ms)
{
	struct run_watch w = { .metrics = run_metrics_none(), .lone = true };
	struct run_metrics *m = &w.metrics;

	m->wall_ns = wall_ms * MS;
	m->cpu_ns = cpu_ms * MS;
	m->run_delay_ns = m->disk_wait_ns = m->throttled_ns = m->pressure_ns = 0;
	m->memory_some_ns = m->io_some_ns = 0;
	return w;
}

static void near(double got, double want)
{
	if (got < want - 1e-9 || got > want + 1e-9)
		fail_msg("%g is not %g", got, want);
}

/* What is said, or that nothing is (NULL). */
static void says(const struct run_watch *w, const char *text)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct waits waits = waits_of(w);

	assert_int_equal(waits_tell(&waits, &out), text != NULL);
	if (text && !strstr(out.buf, text))
		fail_msg("'%s' has no '%s'", out.buf, text);
	if (!text)
		assert_int_equal(out.len, 0);
}

static void what_computes_is_left_alone(void **state)
{
	const struct run_watch all = run(1000, 990), half = run(1000, 501),
			       threads = run(1000, 7000);

	(void)state;
	says(&all, NULL);
	says(&half, NULL);
	says(&threads, NULL);
	near(waits_of(&threads).share, 0);
	near(waits_of(&half).share, 0.499);
}

static void a_sleeper(void **state)
{
	const struct run_watch w = run(1000, 200), at = run(1000, 500);
	struct waits waits = waits_of(&w);

	(void)state;
	near(waits.share, 0.8);
	near(waits.part[WAIT_OTHER], 0.8);
	near(waits.part[WAIT_DISK], 0);
	assert_int_equal(waits_largest(&waits), WAIT_OTHER);
	says(&w,
	     "slept, or waited for something else than a processor or the disk 80 % of its 1.00 s");
	says(&w, "PGO will not help it much, as it shortens only the other 20 %");
	says(&at, "50 %"); /* from the half on */
}

static void the_disk(void **state)
{
	struct run_watch w = run(10000, 2800);

	(void)state;
	w.metrics.disk_wait_ns = 7000 * MS;
	w.metrics.io_some_ns = 9000 * MS; /* of others, too: the own account is the better one */
	says(&w, "waited for the disk 70 % of its 10.00 s");
	says(&w, ", and for other things 2 %");
	near(waits_of(&w).part[WAIT_DISK], 0.7);
	assert_false(waits_of(&w).at_most);
	/* Without an account of its own: what any task waited. */
	w.metrics.disk_wait_ns = NOT_MEASURED;
	says(&w, "waited for the disk up to 72 %");
	assert_true(waits_of(&w).at_most);
	/* Beside three processors at work for others the mean is a quarter of it. */
	w.metrics.io_some_ns = 1700 * MS;
	w.metrics.busy_ns = 32800 * MS;
	near(waits_of(&w).part[WAIT_DISK], 0.68);
	near(waits_of(&w).part[WAIT_OTHER], 0.04);
	w.metrics.io_some_ns = 9000 * MS;
	/* It moved no block, so those that wait are others. */
	w.metrics.read_bytes = w.metrics.written_bytes = 0;
	near(waits_of(&w).part[WAIT_DISK], 0);
	near(waits_of(&w).part[WAIT_OTHER], 0.72);
	assert_false(waits_of(&w).at_most);
	w.metrics.written_bytes = 4096;
	near(waits_of(&w).part[WAIT_DISK], 0.72);
	/* The main thread's account is not that of other processes. */
	w.metrics.disk_wait_ns = 0;
	w.lone = false;
	says(&w, "waited for the disk up to 72 %");
	/* It is said of what waits, not of what is slow beside a busy disk. */
	w.metrics.cpu_ns = 9000 * MS;
	says(&w, NULL);
	near(waits_of(&w).part[WAIT_DISK], 0.1);
}

static void memory_is_before_the_disk(void **state)
{
	struct run_watch w = run(1000, 100);

	(void)state;
	w.metrics.disk_wait_ns = 800 * MS; /* reading back what was thrown out is in both */
	w.metrics.memory_some_ns = 700 * MS;
	says(&w, "waited for memory 70 %");
	near(waits_of(&w).part[WAIT_DISK], 0.2);
	near(waits_of(&w).part[WAIT_OTHER], 0);
}

static void a_limit(void **state)
{
	struct run_watch w = run(1000, 250);

	(void)state;
	w.metrics.throttled_ns = 3000 * MS; /* of all its threads */
	says(&w, "was held back by the limit of its control group 75 %");
	says(&w, "pgoctl doctor");
	near(waits_of(&w).part[WAIT_THROTTLED], 0.75);
	near(waits_of(&w).part[WAIT_OTHER], 0);
}

/* Other programs that take the processor are no property of the workload. */
static void a_busy_machine(void **state)
{
	struct run_watch w = run(1000, 300);

	(void)state;
	w.metrics.run_delay_ns = 650 * MS;
	says(&w, NULL);
	near(waits_of(&w).share, 50.0 / 350);
	w.metrics.cpu_ns = 70 * MS; /* that it waits is said all the same, of its own time */
	says(&w, "80 % of its 350.0 ms");
	w.metrics.run_delay_ns = 950 * MS;
	w.metrics.cpu_ns = 10 * MS;
	says(&w, NULL); /* too little is left to tell */
	w.metrics.cpu_ns = 300 * MS;
	/* Of several processes only the machine's pressure tells: it may have been theirs. */
	w.lone = false;
	w.metrics.run_delay_ns = 0;
	w.metrics.pressure_ns = 600 * MS;
	says(&w, NULL);
	near(waits_of(&w).share, 0.1);
	w.metrics.pressure_ns = 0;
	says(&w, "70 %");
}

static void what_is_not_measured_is_not_claimed(void **state)
{
	struct run_watch w = run(1000, 100);
	struct waits waits;

	(void)state;
	w.metrics.disk_wait_ns = w.metrics.io_some_ns = NOT_MEASURED;
	w.metrics.memory_some_ns = w.metrics.throttled_ns = NOT_MEASURED;
	w.metrics.run_delay_ns = w.metrics.pressure_ns = NOT_MEASURED;
	waits = waits_of(&w);
	near(waits.part[WAIT_DISK], -1);
	near(waits.part[WAIT_MEMORY], -1);
	near(waits.part[WAIT_THROTTLED], -1);
	near(waits.part[WAIT_OTHER], 0.9);
	says(&w, "90 %");
	w.metrics.cpu_ns = NOT_MEASURED;
	says(&w, NULL);
	assert_non_null(waits_of(&w).why_not);
	near(waits_of(&w).share, -1);
}

static void what_cannot_be_told(void **state)
{
	struct run_watch brief = run(99, 1), daemon = run(1000, 1);

	(void)state;
	says(&brief, NULL);
	assert_string_equal(waits_of(&brief).why_not, "it is too short to tell");
	daemon.nr_alive = 1;
	says(&daemon, NULL);
	assert_non_null(strstr(waits_of(&daemon).why_not, "lives on"));
}

static void as_json(void **state)
{
	struct run_watch w = run(1000, 100), busy = run(1000, 1000);
	struct waits waits, none;
	PGO_AUTO(json_holder) o = { NULL }, p = { NULL };

	(void)state;
	w.metrics.throttled_ns = NOT_MEASURED;
	w.metrics.disk_wait_ns = 800 * MS;
	waits = waits_of(&w);
	none = waits_of(&busy);
	o.o = waits_json(&waits);
	p.o = waits_json(&none);
	assert_true(json_is_null(json_object_get(o.o, "throttled")));
	near(json_real_value(json_object_get(o.o, "disk")), 0.8);
	near(json_real_value(json_object_get(o.o, "other")), 0.1);
	assert_string_equal(json_string_value(json_object_get(o.o, "mostly")), "disk");
	assert_true(json_is_null(json_object_get(p.o, "mostly")));
	assert_true(json_is_null(json_object_get(p.o, "why_not")));
}

/* Sums of several runs; what one of them lacks the sum lacks. */
static void a_watch_adds_up(void **state)
{
	const struct environment none = ENVIRONMENT_INIT,
				 all = { .has_io = true, .has_disk_wait = true };
	const struct child_result one = {
		.wall_ns = 10,
		.user_ns = 5,
		.sys_ns = 1,
		.main_ns = 6,
		.have_run_delay = true,
		.read_bytes = 512,
		.written_bytes = 1024,
		.disk_wait_ns = 3
	};
	struct child_result other = one;
	struct run_watch w;

	(void)state;
	run_watch_begin(&w, &all);
	run_watch_add(&w, &one);
	run_watch_add(&w, &one);
	run_watch_end(&w);
	assert_int_equal(w.metrics.wall_ns, 20);
	assert_int_equal(w.metrics.cpu_ns, 12);
	assert_int_equal(w.metrics.read_bytes, 1024);
	assert_int_equal(w.metrics.written_bytes, 2048);
	assert_int_equal(w.metrics.disk_wait_ns, 6);
	assert_int_equal(w.metrics.run_delay_ns, 0);
	assert_true(w.lone);
	assert_int_equal(w.others_ns, 0);
	run_watch_begin(&w, &none);
	other.have_run_delay = false;
	other.nr_alive = 2;
	other.main_ns = 4;
	run_watch_add(&w, &other);
	run_watch_add(&w, &one);
	run_watch_end(&w);
	assert_true(w.metrics.read_bytes == NOT_MEASURED && w.metrics.disk_wait_ns == NOT_MEASURED);
	assert_true(w.metrics.run_delay_ns == NOT_MEASURED);
	assert_int_equal(w.others_ns, 2);
	run_watch_agent(&w);
	assert_false(w.lone); /* its delay is not known */
	assert_int_equal(w.nr_alive, 2);
}

/* What the agent's thread takes is nothing of the program's; more than that is. */
static void the_agent_is_not_counted(void **state)
{
	static const struct {
		uint64_t main_ns, all_ns;
		bool alone, with_agent;
	} runs[] = {
		{ 1 * MS, 3 * MS, false, true },
		{ 1 * MS, 3 * MS + 1, false, false },
		{ 90 * MS, 100 * MS, true, true },
		{ 89 * MS, 100 * MS, false, false },
	};
	const struct environment none = ENVIRONMENT_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		struct child_result r = { .main_ns = runs[i].main_ns, .have_run_delay = true };
		struct run_watch w;

		r.user_ns = runs[i].all_ns;
		run_watch_begin(&w, &none);
		run_watch_add(&w, &r);
		run_watch_end(&w);
		assert_int_equal(w.lone, runs[i].alone);
		run_watch_agent(&w);
		assert_int_equal(w.lone, runs[i].with_agent);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_computes_is_left_alone),
		cmocka_unit_test(a_sleeper),
		cmocka_unit_test(the_disk),
		cmocka_unit_test(memory_is_before_the_disk),
		cmocka_unit_test(a_limit),
		cmocka_unit_test(a_busy_machine),
		cmocka_unit_test(what_is_not_measured_is_not_claimed),
		cmocka_unit_test(what_cannot_be_told),
		cmocka_unit_test(as_json),
		cmocka_unit_test(a_watch_adds_up),
		cmocka_unit_test(the_agent_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
