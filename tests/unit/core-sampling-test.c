/* SPDX-License-Identifier: Apache-2.0 */
/* The probe on machines that answer as told, and what recording costs. */
#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/sampling-overhead.h"
#include "pgo/core/sampling.h"

/* A machine of our own. */
static struct machine {
	bool stacks, cycles, silent;
	unsigned max_precise;
	int refuses;	 /* errno of everything */
	int refuses_pid; /* errno of other processes */
} m;
static int nr_open;

static int fake_open(struct perf_event_attr *attr, pid_t pid, int group)
{
	assert_int_equal(group, -1);
	assert_true(attr->exclude_kernel && attr->exclude_hv);
	if (m.refuses)
		return -m.refuses;
	if (pid && m.refuses_pid)
		return -m.refuses_pid;
	if (attr->type != PERF_TYPE_SOFTWARE && !m.cycles)
		return -ENOENT;
	if (attr->sample_type & PERF_SAMPLE_BRANCH_STACK) {
		assert_int_equal(attr->branch_sample_type,
				 PERF_SAMPLE_BRANCH_ANY | PERF_SAMPLE_BRANCH_USER);
		if (!m.stacks)
			return -EOPNOTSUPP;
	}
	if (attr->precise_ip > m.max_precise)
		return -EOPNOTSUPP;
	nr_open++;
	return attr->type == PERF_TYPE_SOFTWARE ? 1000 : 1001;
}

static int fake_read(int fd, struct counters_value *ret)
{
	ret->count = fd == 1001 && m.silent ? 0 : 5;
	return 0;
}

static void fake_close(int fd)
{
	assert_true(fd >= 1000);
	nr_open--;
}

static const struct counters_ops ops = { fake_open, fake_read, fake_close };

static void put(const char *root, const char *path, const char *text)
{
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root, path);
	PGO_AUTO_FREE char *dir = fs_dirname(whole);

	assert_int_equal(fs_mkdir_p(dir, NULL), 0);
	assert_int_equal(fs_write_atomic(whole, text, strlen(text), 0644, NULL), 0);
}

static void probed(const char *root, pid_t pid, struct sampling_machine *ret)
{
	sampling_probe(&ops, root, collectors[0], pid, ret);
	assert_int_equal(nr_open, 0);
	ret->facts.version = "perf version 6.1";
}

static void chosen(const struct sampling_machine *s, const char *event, bool branches)
{
	static const struct collect_wish any;
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;

	assert_int_equal(collectors[0]->preflight(&s->facts, &any, &c, NULL), 0);
	assert_string_equal(c.event, event);
	assert_int_equal(c.branches, branches);
}

static void an_intel_machine(void **state)
{
	PGO_AUTO(tempdir) t = TEMPDIR_INIT;
	PGO_AUTO(sampling_machine) a = SAMPLING_MACHINE_INIT, b = SAMPLING_MACHINE_INIT;

	(void)state;
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	put(t.path, "/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n");
	put(t.path, "/proc/sys/kernel/perf_event_paranoid", "-1\n");
	put(t.path, "/proc/sys/kernel/perf_event_max_sample_rate", "63000\n");
	put(t.path, "/proc/self/status", "Name:\tx\nCapEff:\t0000004000000000\nSeccomp:\t0\n");
	put(t.path, "/etc/os-release", "NAME=\"Ubuntu\"\nID=ubuntu\n");
	m = (struct machine){ .stacks = true, .cycles = true, .max_precise = 3 };
	probed(t.path, 0, &a);
	assert_int_equal(a.facts.cpu, COLLECT_CPU_INTEL);
	assert_int_equal(a.facts.paranoid, -1);
	assert_int_equal(a.facts.max_rate_hz, 63000);
	assert_true(a.facts.privileged);
	assert_true(a.facts.ubuntu);
	assert_false(a.facts.container);
	assert_false(a.facts.seccomp);
	assert_false(a.facts.spe);
	chosen(&a, "r20c4:uppp", true);
	/* Opened, but it never counts. */
	m.silent = true;
	probed(t.path, 0, &b);
	chosen(&b, "cpu-clock:u", false);
}

static void machines_without_stacks(void **state)
{
	PGO_AUTO(tempdir) t = TEMPDIR_INIT;
	PGO_AUTO(sampling_machine) a = SAMPLING_MACHINE_INIT, b = SAMPLING_MACHINE_INIT;

	(void)state;
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	put(t.path, "/proc/cpuinfo", "vendor_id\t: AuthenticAMD\n");
	m = (struct machine){ .cycles = true, .max_precise = 1 };
	probed(t.path, 0, &a);
	assert_int_equal(a.facts.cpu, COLLECT_CPU_AMD);
	assert_int_equal(a.facts.paranoid, INT_MIN);
	chosen(&a, "cycles:up", false);
	m.stacks = true;
	probed(t.path, 0, &b);
	chosen(&b, "rc4:u", true);
}

static void an_arm_container(void **state)
{
	static const struct collect_wish any;
	PGO_AUTO(collect_choice) c = COLLECT_CHOICE_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(tempdir) t = TEMPDIR_INIT;
	PGO_AUTO(sampling_machine) a = SAMPLING_MACHINE_INIT, b = SAMPLING_MACHINE_INIT;

	(void)state;
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	put(t.path, "/proc/cpuinfo", "processor : 0\nCPU implementer\t: 0x41\n");
	put(t.path, "/proc/1/cgroup", "0::/kubepods/pod1\n");
	put(t.path, "/proc/self/status", "CapEff:\t00000000a80425fb\nSeccomp:\t2\n");
	put(t.path, "/sys/bus/event_source/devices/arm_spe_0/type", "9\n");
	m = (struct machine){ .refuses = EPERM };
	probed(t.path, 0, &a);
	assert_int_equal(a.facts.cpu, COLLECT_CPU_ARM);
	assert_true(a.facts.container);
	assert_true(a.facts.seccomp);
	assert_true(a.facts.spe);
	assert_false(a.facts.privileged);
	assert_int_equal(collectors[0]->preflight(&a.facts, &any, &c, &err), -PGO_ETOOL);
	m = (struct machine){ .stacks = true, .cycles = true };
	probed(t.path, 0, &b);
	chosen(&b, "cycles:u", true);
}

static void another_process(void **state)
{
	PGO_AUTO(sampling_machine) a = SAMPLING_MACHINE_INIT, b = SAMPLING_MACHINE_INIT;

	(void)state;
	m = (struct machine){ .refuses_pid = EACCES };
	probed("/nowhere", 0, &a);
	assert_int_equal(a.facts.pid_errno, 0);
	probed("/nowhere", 12, &b);
	assert_int_equal(b.facts.pid_errno, EACCES);
	chosen(&b, "cpu-clock:u", false);
}

static void what_it_costs(void **state)
{
	const uint64_t odd[][2] = { { 100, 110 }, { 100, 90 }, { 200, 250 } };
	const uint64_t even[][2] = { { 100, 120 }, { 100, 100 } };
	struct sampling_overhead o;

	(void)state;
	sampling_overhead_of(odd, 3, &o);
	assert_int_equal(o.pairs, 3);
	assert_true(o.median > 0.0999 && o.median < 0.1001);
	assert_true(o.least > -0.1001 && o.least < -0.0999);
	assert_true(o.most > 0.2499 && o.most < 0.2501);
	sampling_overhead_of(even, 2, &o);
	assert_true(o.median > 0.0999 && o.median < 0.1001);
}

static void recordings_that_are_none(void **state)
{
	const struct sampler s = { .collector = collectors[0], .max_bytes = 10 };
	const struct child_result full = { .exit_status = -1, .term_signal = 15 };
	const struct child_result failed = { .exit_status = 1 };
	PGO_AUTO(tempdir) t = TEMPDIR_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO_FREE char *path = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	path = fs_join(t.path, "x");
	assert_int_equal(sampler_check(&s, path, 0, &failed, &err), -PGO_ECHILD);
	assert_string_equal(err.msg, "perf left no recording");
	put(t.path, "/x", "");
	assert_int_equal(sampler_check(&s, path, 0, &failed, &err), -PGO_ECHILD);
	assert_non_null(strstr(err.msg, "empty recording"));
	put(t.path, "/x", "12345678901");
	assert_int_equal(sampler_check(&s, path, 0, &failed, &err), 0);
	pgo_error(&err, PGO_ECHILD, "run failed");
	assert_int_equal(sampler_check(&s, path, -PGO_ECHILD, &failed, &err), -PGO_ECHILD);
	assert_string_equal(err.msg, "run failed");
	assert_int_equal(sampler_check(&s, path, -PGO_ECHILD, &full, &err), 0);
	assert_int_equal(err.code, 0);
	put(t.path, "/x", "123");
	pgo_error(&err, PGO_ECHILD, "was ended by signal 15");
	assert_int_equal(sampler_check(&s, path, -PGO_ECHILD, &full, &err), -PGO_ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_intel_machine), cmocka_unit_test(machines_without_stacks),
		cmocka_unit_test(an_arm_container), cmocka_unit_test(another_process),
		cmocka_unit_test(what_it_costs),    cmocka_unit_test(recordings_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
