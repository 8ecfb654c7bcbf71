/* SPDX-License-Identifier: Apache-2.0 */
/* What a workload is measured by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/core/nature.h"

#define MS 1000000u

static const struct kind {
	const char *what;
	uint64_t wall_ms, cpu_ms, delay_ms; /* delay 999: not measured */
	bool lone;
	enum metric metric;
} kinds[] = {
	{ "computes", 100, 99, 0, true, METRIC_CPU },
	{ "computes, kept waiting", 200, 99, 100, true, METRIC_CPU },
	{ "waits", 100, 20, 0, true, METRIC_ACTIVE },
	{ "waits and is kept waiting", 200, 20, 100, true, METRIC_ACTIVE },
	{ "threads", 100, 190, 0, false, METRIC_WALL },
	{ "processes, one after the other", 100, 98, 0, false, METRIC_CPU },
	{ "a shell that waits to run while its child does", 100, 70, 40, false, METRIC_WALL },
	{ "processes that wait", 100, 50, 0, false, METRIC_WALL },
	{ "computes, its delay unknown", 100, 99, 999, false, METRIC_CPU },
	{ "waits, its delay unknown", 100, 50, 999, false, METRIC_WALL },
};

static struct measured run_of(const struct kind *k)
{
	struct measured m = { RUN_METRICS_INIT, VALID, k->lone, 0 };

	m.metrics.wall_ns = k->wall_ms * MS;
	m.metrics.cpu_ns = k->cpu_ms * MS;
	if (k->delay_ms != 999)
		m.metrics.run_delay_ns = k->delay_ms * MS;
	m.metrics.major_faults = 0;
	return m;
}

static void each_kind_has_its_metric(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct measured m = run_of(&kinds[i]);
		struct nature n = NATURE_INIT;

		nature_observe(&n, &m);
		if (nature_metric(&n) != kinds[i].metric)
			fail_msg("%s: %s", kinds[i].what, metric_name(nature_metric(&n)));
	}
}

/* One run that was seen late does not make a program that computes one that waits. */
static void the_best_run_counts(void **state)
{
	struct measured late = run_of(&kinds[2]), good = run_of(&kinds[0]);
	struct nature n = NATURE_INIT;

	(void)state;
	nature_observe(&n, &late);
	assert_int_equal(nature_metric(&n), METRIC_ACTIVE);
	nature_observe(&n, &good);
	assert_int_equal(nature_metric(&n), METRIC_CPU);
}

static void short_processes_are_repeated(void **state)
{
	(void)state;
	assert_int_equal(nature_times(30 * MS, 30 * MS), 1);
	assert_int_equal(nature_times(20 * MS, 500 * MS), 1);
	assert_in_range(nature_times(5 * MS, 6 * MS), 4, 5);
	/* It took long because the machine was busy. */
	assert_in_range(nature_times(5 * MS, 30 * MS), 4, 5);
	/* No processor time at all is the clock's, not the program's. */
	assert_in_range(nature_times(0, 80 * MS), 2, 3);
	assert_in_range(nature_times(0, 8 * MS), 20, 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_metric),
		cmocka_unit_test(the_best_run_counts),
		cmocka_unit_test(short_processes_are_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
