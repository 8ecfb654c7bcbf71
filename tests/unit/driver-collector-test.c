/* SPDX-License-Identifier: Apache-2.0 */
/* What is decided about machines that are not here. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/collector.h"

static const struct collector *perf;

static size_t index_of(const char *text, enum collect_cpu cpu, bool branches)
{
	for (size_t i = 0; i < perf->nr_events; i++) {
		const struct collect_event *e = &perf->events[i];

		if (!strcmp(e->text, text) && e->cpu == cpu && e->branches == branches)
			return i;
	}
	fail_msg("no event %s", text);
	return 0;
}

/* As root, outside of a container, where nothing answers yet. */
static struct collect_facts machine(int errnum)
{
	struct collect_facts f = { .version = "perf version 6.1.187",
				   .kernel = "6.1.0-40-amd64",
				   .paranoid = 1,
				   .max_rate_hz = 100000 };

	for (size_t i = 0; i < perf->nr_events; i++)
		f.answers[i] = errnum;
	return f;
}

static void has(struct collect_facts *f, const char *text, enum collect_cpu cpu, bool branches)
{
	f->answers[index_of(text, cpu, branches)] = 0;
}

static struct collect_facts virtual(void)
{
	struct collect_facts f = machine(ENOENT);

	has(&f, "cpu-clock:u", COLLECT_CPU_ANY, false);
	return f;
}

static void chosen(const struct collect_facts *f, const struct collect_wish *w,
		   struct collect_choice *ret)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	assert_int_equal(perf->preflight(f, w, ret, &err), 0);
}

/* Refused with code; the message and the hint have these in them. */
static void refused(const struct collect_facts *f, const struct collect_wish *w, int code,
		    const char *message, const char *hint)
{
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	assert_int_equal(perf->preflight(f, w, &c, &err), -code);
	assert_null(c.event);
	assert_non_null(strstr(err.msg, message));
	assert_true(hint ? err.hint && strstr(err.hint, hint) : !err.hint);
}

static const struct collect_wish any;

static void intel_has_lbr(void **state)
{
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;

	(void)state;
	has(&f, "cycles:uppp", COLLECT_CPU_ANY, false);
	has(&f, "cycles:u", COLLECT_CPU_INTEL, true);
	has(&f, "r20c4:uppp", COLLECT_CPU_INTEL, true);
	chosen(&f, &any, &c);
	assert_string_equal(c.event, "r20c4:uppp");
	assert_true(c.branches);
	assert_string_equal(c.source, "LBR");
	assert_int_equal(c.period, 500009);
	assert_int_equal(c.rate_hz, 0);
	assert_int_equal(c.notes.nr, 0);
}

/* LBR without precise events, as some hypervisors offer it. */
static void intel_without_pebs(void **state)
{
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;

	(void)state;
	has(&f, "cycles:u", COLLECT_CPU_INTEL, true);
	chosen(&f, &any, &c);
	assert_string_equal(c.event, "cycles:u");
	assert_true(c.branches);
	assert_int_equal(c.rate_hz, 3989);
	assert_int_equal(c.period, 0);
}

static void amd_has_brs(void **state)
{
	const struct collect_wish fast = { .rate_hz = 1000 }, own = { .event = "cycles:u" };
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT, d = COLLECT_CHOICE_INIT;
	PGO_AUTO(collect_choice) e = COLLECT_CHOICE_INIT;

	(void)state;
	has(&f, "rc4:u", COLLECT_CPU_AMD, true);
	chosen(&f, &any, &c);
	assert_string_equal(c.event, "rc4:u");
	assert_true(c.branches);
	assert_int_equal(c.period, 500009);
	chosen(&f, &fast, &d);
	assert_int_equal(d.period, 500009); /* it takes no rate */
	assert_int_equal(d.rate_hz, 0);
	assert_int_equal(d.notes.nr, 1);
	chosen(&f, &own, &e); /* nor another event with branch stacks */
	assert_string_equal(e.event, "cycles:u");
	assert_false(e.branches);
	assert_non_null(strstr(e.notes.v[0], "for another event"));
}

static void arm_has_brbe(void **state)
{
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;

	(void)state;
	has(&f, "cycles:u", COLLECT_CPU_ARM, true);
	chosen(&f, &any, &c);
	assert_string_equal(c.event, "cycles:u");
	assert_string_equal(c.source, "BRBE");
}

static void arm_has_spe_alone(void **state)
{
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;

	(void)state;
	f.spe = true;
	has(&f, "cycles:u", COLLECT_CPU_ANY, false);
	chosen(&f, &any, &c);
	assert_string_equal(c.event, "cycles:u");
	assert_false(c.branches);
	assert_int_equal(c.notes.nr, 3);
	assert_non_null(strstr(c.notes.v[2], "SPE"));
}

static void precise_is_better(void **state)
{
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;

	(void)state;
	has(&f, "cycles:u", COLLECT_CPU_ANY, false);
	has(&f, "cycles:upp", COLLECT_CPU_ANY, false);
	has(&f, "cycles:up", COLLECT_CPU_ANY, false);
	chosen(&f, &any, &c);
	assert_string_equal(c.event, "cycles:upp");
	assert_false(c.branches);
}

static void a_virtual_machine_has_a_clock(void **state)
{
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;

	(void)state;
	chosen(&f, &any, &c);
	assert_string_equal(c.event, "cpu-clock:u");
	assert_null(c.source);
	assert_int_equal(c.notes.nr, 2);
	assert_non_null(strstr(c.notes.v[0], "most virtual machines"));
	assert_non_null(strstr(c.notes.v[1], "instrument"));
	assert_non_null(strstr(c.notes.v[1], "bolt"));
}

static void the_reason_is_told(void **state)
{
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT, d = COLLECT_CHOICE_INIT;

	(void)state;
	f.answers[index_of("cycles:u", COLLECT_CPU_INTEL, true)] = EACCES;
	chosen(&f, &any, &c);
	assert_non_null(strstr(c.notes.v[0], "no permission"));
	f = virtual();
	f.answers[0] = ENODATA; /* the first that has stacks */
	chosen(&f, &any, &d);
	assert_non_null(strstr(d.notes.v[0], "count nothing"));
}

static void the_user_chooses(void **state)
{
	const struct collect_wish w = { .event = "instructions:u", .rate_hz = 250 };
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT, d = COLLECT_CHOICE_INIT;

	(void)state;
	chosen(&f, &w, &c);
	assert_string_equal(c.event, "instructions:u");
	assert_int_equal(c.rate_hz, 250);
	assert_false(c.branches);
	has(&f, "cycles:u", COLLECT_CPU_ANY, true);
	chosen(&f, &w, &d);
	assert_true(d.branches); /* the machine has them */
}

static void rates_have_a_limit(void **state)
{
	const struct collect_wish w = { .rate_hz = 50001 };
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;

	(void)state;
	f.max_rate_hz = 50000;
	refused(&f, &w, PGO_EUSAGE, "50000", "sudo sysctl kernel.perf_event_max_sample_rate=50001");
	f.max_rate_hz = 1000; /* the kernel lowers it when samples take long */
	chosen(&f, &any, &c);
	assert_int_equal(c.rate_hz, 1000);
}

static void perf_is_missing(void **state)
{
	struct collect_facts f = virtual();

	(void)state;
	f.version = NULL;
	refused(&f, &any, PGO_ETOOL, "perf is not installed", "apt-get install linux-perf");
	f.ubuntu = true;
	f.trouble = "WARNING: perf not found for kernel 6.8.0-31";
	f.kernel = "6.8.0-31-generic";
	refused(&f, &any, PGO_ETOOL, "not found for kernel",
		"sudo apt-get install linux-tools-6.8.0-31-generic");
}

static void paranoid_kernels(void **state)
{
	struct collect_facts f = machine(EACCES);

	(void)state;
	f.paranoid = 3;
	refused(&f, &any, PGO_ETOOL, "perf_event_paranoid is 3",
		"sudo sysctl kernel.perf_event_paranoid=1");
	/* Which allows it: something else stands in the way. */
	f.paranoid = 2;
	refused(&f, &any, PGO_ETOOL, "the system does not let", "sudo pgoctl collect --sample");
	f.seccomp = true;
	refused(&f, &any, PGO_ETOOL, "seccomp", "SystemCallFilter=perf_event_open");
	f.paranoid = INT_MIN;
	f.seccomp = false;
	refused(&f, &any, PGO_ETOOL, "the system does not let", "sudo");
}

static void containers(void **state)
{
	struct collect_facts f = machine(EPERM);

	(void)state;
	f.container = f.seccomp = true;
	f.paranoid = 3;
	refused(&f, &any, PGO_ETOOL, "this container may not", "docker run --cap-add PERFMON");
	f = machine(ENOSYS);
	f.container = true;
	refused(&f, &any, PGO_ETOOL, "this container has no perf events", "instrumentation");
	f.container = false;
	refused(&f, &any, PGO_ETOOL, "this kernel has no perf events", "instrumentation");
	f = machine(ENOENT);
	refused(&f, &any, PGO_ETOOL, "samples no event", NULL);
}

static void other_processes(void **state)
{
	const struct collect_wish w = { .pid = 4711 };
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;

	(void)state;
	chosen(&f, &w, &c);
	f.pid_errno = ESRCH;
	refused(&f, &w, PGO_ENOTFOUND, "there is no process 4711", NULL);
	f.pid_errno = EACCES;
	refused(&f, &w, PGO_EPERM, "process 4711", "sudo pgoctl collect --sample --pid 4711");
	f.pid_errno = EMFILE;
	refused(&f, &w, PGO_ETOOL, "process 4711 cannot be observed", NULL);
}

static void control_groups(void **state)
{
	const struct collect_wish w = { .cgroup = "web" };
	struct collect_facts f = virtual();
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT, d = COLLECT_CHOICE_INIT;

	(void)state;
	f.paranoid = 1;
	refused(&f, &w, PGO_ETOOL, "control group", "sudo sysctl kernel.perf_event_paranoid=0");
	f.privileged = true;
	chosen(&f, &w, &c);
	f.privileged = false;
	f.paranoid = 0;
	chosen(&f, &w, &d);
}

static char *words(const struct collect_choice *c, const struct collect_wish *w, uint64_t max_bytes)
{
	const struct collect_req req = {
		.choice = c, .wish = w, .tool = "/bin/perf", .output = "/o", .max_bytes = max_bytes
	};
	PGO_AUTO(strvec) argv = STRVEC_INIT, env = STRVEC_INIT;
	char *line = xstrdup("");

	perf->wrap(&req, &argv, &env);
	assert_string_equal(strvec_getenv(&env, "PERF_CONFIG"), "/dev/null");
	for (size_t i = 0; i < argv.nr; i++) {
		char *more = xstrfmt("%s%s%s", line, i ? " " : "", argv.v[i]);

		free(line);
		line = more;
	}
	return line;
}

static void commands(void **state)
{
	const struct collect_wish pid = { .pid = 7 }, group = { .cgroup = "a/b" };
	char clock[] = "cpu-clock:u", taken[] = "r20c4:uppp";
	const struct collect_choice slow = { .event = clock, .rate_hz = 99 };
	const struct collect_choice stacks = { .event = taken, .period = 11, .branches = true };
	PGO_AUTO_FREE char *a = words(&slow, &any, 0), *b = words(&stacks, &any, 1000);
	PGO_AUTO_FREE char *c = words(&slow, &pid, 0), *d = words(&slow, &group, 0);

	(void)state;
	assert_string_equal(a, "/bin/perf record -N -e cpu-clock:u -F99 -o /o --");
	assert_string_equal(b,
			    "/bin/perf record -N -e r20c4:uppp -c11 -j any,u --max-size=1000B "
			    "-o /o --");
	assert_string_equal(c, "/bin/perf record -N -e cpu-clock:u -F99 -o /o -p 7");
	assert_string_equal(d, "/bin/perf record -N -e cpu-clock:u -F99 -o /o -a -G a/b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intel_has_lbr),
		cmocka_unit_test(intel_without_pebs),
		cmocka_unit_test(amd_has_brs),
		cmocka_unit_test(arm_has_brbe),
		cmocka_unit_test(arm_has_spe_alone),
		cmocka_unit_test(precise_is_better),
		cmocka_unit_test(the_reason_is_told),
		cmocka_unit_test(the_user_chooses),
		cmocka_unit_test(rates_have_a_limit),
		cmocka_unit_test(perf_is_missing),
		cmocka_unit_test(paranoid_kernels),
		cmocka_unit_test(containers),
		cmocka_unit_test(other_processes),
		cmocka_unit_test(control_groups),
		cmocka_unit_test(commands),
		cmocka_unit_test(a_virtual_machine_has_a_clock),
	};

	perf = collectors[0];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
