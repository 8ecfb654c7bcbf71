/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor on machines that are not here: what it answers, and what mends it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/cgroup.h"
#include "pgo/core/doctor-checks.h"

static int answer; /* of opening any event: 0, or its errno */

static int fake_open(struct perf_event_attr *attr, pid_t pid, int group)
{
	(void)attr;
	(void)pid;
	(void)group;
	return answer ? -answer : 1000;
}

static int fake_read(int fd, struct counters_value *ret)
{
	(void)fd;
	ret->count = 1;
	return 0;
}

static void fake_close(int fd)
{
	(void)fd;
}

static const struct counters_ops ops = { fake_open, fake_read, fake_close };
static struct tempdir root;

static int new_machine(void **state)
{
	(void)state;
	answer = 0;
	return tempdir_make(&root, NULL, NULL);
}

static int drop_machine(void **state)
{
	(void)state;
	tempdir_release(&root);
	return 0;
}

static void put(const char *path, const char *text)
{
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root.path, path);
	PGO_AUTO_FREE char *dir = fs_dirname(whole);

	assert_int_equal(fs_mkdir_p(dir, NULL), 0);
	assert_int_equal(fs_write_atomic(whole, text, strlen(text), 0644, NULL), 0);
}

/* has_perf: a perf that runs. */
static void visit(bool has_perf, struct doctor *d)
{
	const struct doctor_opts opts = {
		.root = root.path, .ops = &ops, .dir = root.path, .timeout_ns = 10000000000u
	};
	PGO_AUTO(doctor_recorder) r = DOCTOR_RECORDER_INIT;
	struct sampler *s = &r.sampler;

	sampling_probe(&ops, root.path, s->collector, 0, &s->machine);
	s->machine.facts.version = has_perf ? "perf version 6.1.187" : NULL;
	r.can = !s->collector->preflight(&s->machine.facts, &s->wish, &s->choice, &r.why);
	assert_int_equal(doctor_look(&opts, &r, d, NULL), 0);
}

static const struct doctor_finding *find(const struct doctor *d, const char *name)
{
	for (size_t i = 0; i < d->nr_facts; i++)
		if (!strcmp(d->facts[i].name, name))
			return &d->facts[i].finding;
	fail_msg("no fact '%s'", name);
	return NULL;
}

static void is(const struct doctor *d, const char *name, enum doctor_answer a, const char *what,
	       const char *mend)
{
	const struct doctor_finding *f = find(d, name);

	assert_string_equal(doctor_answer_name(f->answer), doctor_answer_name(a));
	if (!strstr(f->what, what))
		fail_msg("%s: '%s' has no '%s'", name, f->what, what);
	if (!mend)
		assert_null(f->mend);
	else if (!f->mend || !strstr(f->mend, mend))
		fail_msg("%s: '%s' has no '%s'", name, f->mend ? f->mend : "", mend);
}

static void everything_is_in_order(void **state)
{
	PGO_AUTO(doctor) d = DOCTOR_INIT;

	(void)state;
	put("/proc/cpuinfo", "vendor_id\t: GenuineIntel\nmodel name\t: A fine one\nflags\t: fpu\n");
	put("/sys/devices/system/cpu/online", "0-7\n");
	put("/proc/sys/kernel/perf_event_paranoid", "1\n");
	put("/proc/self/status", "Name:\tx\nCapEff:\t0000004000280000\nSeccomp:\t0\n");
	put("/proc/sys/kernel/yama/ptrace_scope", "0\n");
	put("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "performance\n");
	put("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
	put("/sys/devices/system/cpu/smt/active", "0\n");
	put("/proc/sys/kernel/randomize_va_space", "2\n");
	put("/proc/self/personality", "00040000\n");
	put("/proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
	put("/proc/sys/kernel/task_delayacct", "1\n");
	visit(true, &d);
	is(&d, "machine", DOCTOR_INFO, "A fine one, 8 processors", NULL);
	is(&d, "perf", DOCTOR_YES, "perf version 6.1.187", NULL);
	is(&d, "perf events", DOCTOR_YES, "r20c4:uppp; perf_event_paranoid is 1", NULL);
	is(&d, "branch stacks", DOCTOR_YES, "LBR", NULL);
	is(&d, "capabilities", DOCTOR_YES, "SYS_ADMIN, PERFMON, SYS_PTRACE", NULL);
	is(&d, "ptrace", DOCTOR_YES, "ptrace_scope is 0", NULL);
	is(&d, "container", DOCTOR_INFO, "none", NULL);
	is(&d, "governor", DOCTOR_YES, "performance", NULL);
	is(&d, "turbo", DOCTOR_YES, "off", NULL);
	is(&d, "SMT", DOCTOR_YES, "off", NULL);
	is(&d, "ASLR", DOCTOR_INFO, "on, but off for this process", NULL);
	is(&d, "pressure", DOCTOR_YES, "is told", NULL);
	is(&d, "disk wait", DOCTOR_YES, "each process", NULL);
}

static void nothing_is_to_be_seen(void **state)
{
	PGO_AUTO(doctor) d = DOCTOR_INIT;

	(void)state;
	answer = ENOENT;
	visit(false, &d);
	is(&d, "perf", DOCTOR_NO, "perf is not installed", "apt-get install linux-perf");
	is(&d, "perf events", DOCTOR_UNKNOWN, "no perf", NULL);
	is(&d, "branch stacks", DOCTOR_UNKNOWN, "nothing can be sampled", NULL);
	is(&d, "capabilities", DOCTOR_UNKNOWN, "/proc/self/status", NULL);
	is(&d, "CPU limit", DOCTOR_UNKNOWN, "not to be seen", NULL);
	is(&d, "throttling", DOCTOR_UNKNOWN, "not to be seen", NULL);
	is(&d, "memory limit", DOCTOR_UNKNOWN, "not to be seen", NULL);
	is(&d, "governor", DOCTOR_UNKNOWN, "does not tell", NULL);
	is(&d, "turbo", DOCTOR_UNKNOWN, "does not tell", NULL);
	is(&d, "SMT", DOCTOR_UNKNOWN, "does not tell", NULL);
	is(&d, "ASLR", DOCTOR_UNKNOWN, "does not tell", NULL);
	is(&d, "pressure", DOCTOR_NO, "/proc/pressure", "psi=1");
	is(&d, "disk wait", DOCTOR_UNKNOWN, "no switch", NULL);
}

static void a_paranoid_kernel(void **state)
{
	PGO_AUTO(doctor) d = DOCTOR_INIT;

	(void)state;
	answer = EACCES;
	put("/proc/sys/kernel/perf_event_paranoid", "4\n");
	put("/proc/self/status", "Name:\tx\nCapEff:\t0000000000000000\nSeccomp:\t0\n");
	put("/proc/sys/kernel/yama/ptrace_scope", "1\n");
	visit(true, &d);
	is(&d, "perf", DOCTOR_YES, "perf version", NULL);
	is(&d, "perf events", DOCTOR_NO, "perf_event_paranoid is 4",
	   "sudo sysctl kernel.perf_event_paranoid=1");
	is(&d, "branch stacks", DOCTOR_UNKNOWN, "nothing can be sampled", NULL);
	is(&d, "capabilities", DOCTOR_NO, "none of SYS_ADMIN", "sudo pgoctl");
	is(&d, "ptrace", DOCTOR_NO, "ptrace_scope is 1", "sudo sysctl kernel.yama.ptrace_scope=0");
}

static void tracing_has_levels(void **state)
{
	PGO_AUTO(doctor) a = DOCTOR_INIT, b = DOCTOR_INIT;

	(void)state;
	put("/proc/sys/kernel/yama/ptrace_scope", "2\n");
	put("/proc/self/status", "CapEff:\t0000000000080000\n");
	visit(true, &a);
	is(&a, "ptrace", DOCTOR_YES, "by SYS_PTRACE", NULL);
	put("/proc/sys/kernel/yama/ptrace_scope", "3\n");
	visit(true, &b);
	is(&b, "ptrace", DOCTOR_NO, "until the next boot", NULL);
}

static void a_container(void **state)
{
	PGO_AUTO(doctor) d = DOCTOR_INIT;

	(void)state;
	answer = EPERM;
	put("/.dockerenv", "");
	put("/proc/self/status", "CapEff:\t00000000a80425fb\nSeccomp:\t2\n");
	put("/proc/self/cgroup", "0::/\n");
	put("/proc/self/mountinfo",
	    "50 21 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
	put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
	put("/sys/fs/cgroup/cpu.stat", "usage_usec 5\nnr_throttled 12\nthrottled_usec 345\n");
	put("/sys/fs/cgroup/memory.max", "536870912\n");
	visit(true, &d);
	is(&d, "container", DOCTOR_INFO, "with a filter of system calls", NULL);
	is(&d, "perf events", DOCTOR_NO, "this container may not", "docker run --cap-add PERFMON");
	is(&d, "capabilities", DOCTOR_NO, "none of SYS_ADMIN", "docker run --cap-add");
	is(&d, "CPU limit", DOCTOR_INFO, "1.5 processors (control groups of version 2)", NULL);
	is(&d, "throttling", DOCTOR_NO, "held back 12 times", "docker update --cpus");
	is(&d, "memory limit", DOCTOR_INFO, "512.0 MiB (control groups of version 2)", NULL);
}

static void limits_of_version_1(void **state)
{
	PGO_AUTO(doctor) d = DOCTOR_INIT;

	(void)state;
	put("/proc/self/cgroup", "4:memory:/job\n3:cpu,cpuacct:/job\n");
	put("/proc/self/mountinfo",
	    "32 31 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	    "33 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
	put("/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "50000\n");
	put("/sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
	put("/sys/fs/cgroup/cpu/job/cpu.stat", "nr_periods 8\nnr_throttled 3\nthrottled_time 9\n");
	put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
	visit(true, &d);
	is(&d, "CPU limit", DOCTOR_INFO, "0.5 processors (control groups of version 1)", NULL);
	is(&d, "throttling", DOCTOR_NO, "held back 3 times", "/cpu/job/cpu.cfs_quota_us");
	is(&d, "throttling", DOCTOR_NO, "", "echo -1 | sudo tee");
	is(&d, "memory limit", DOCTOR_INFO, "none (control groups of version 1)", NULL);
}

/* Each is noise in what is measured. */
static void a_desktop(void **state)
{
	PGO_AUTO(doctor) d = DOCTOR_INIT, e = DOCTOR_INIT;

	(void)state;
	put("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "schedutil\n");
	put("/sys/devices/system/cpu/cpufreq/boost", "1\n");
	put("/sys/devices/system/cpu/smt/active", "1\n");
	put("/proc/sys/kernel/task_delayacct", "0\n");
	visit(true, &d);
	is(&d, "governor", DOCTOR_NO, "schedutil", "scaling_governor");
	is(&d, "turbo", DOCTOR_NO, "on", "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost");
	is(&d, "SMT", DOCTOR_NO, "on", "echo off | sudo tee /sys/devices/system/cpu/smt/control");
	is(&d, "disk wait", DOCTOR_NO, "not counted", "sudo sysctl kernel.task_delayacct=1");
	put("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
	visit(true, &e);
	is(&e, "turbo", DOCTOR_NO, "on", "intel_pstate/no_turbo");
}

static void no_stacks_in_a_virtual_machine(void **state)
{
	PGO_AUTO(doctor) d = DOCTOR_INIT;

	(void)state;
	answer = ENOENT;
	visit(true, &d);
	is(&d, "perf events", DOCTOR_NO, "samples no event", NULL);
	is(&d, "branch stacks", DOCTOR_UNKNOWN, "nothing can be sampled", NULL);
}

static void a_folder_without_room(void **state)
{
	const struct doctor_opts opts = {
		.root = root.path, .ops = &ops, .dir = "/proc/self", .timeout_ns = 10000000000u
	};
	PGO_AUTO(doctor_recorder) r = DOCTOR_RECORDER_INIT;
	PGO_AUTO(doctor) d = DOCTOR_INIT;

	(void)state;
	assert_int_equal(doctor_look(&opts, &r, &d, NULL), 0);
	assert_int_equal(find(&d, "project's room")->answer, DOCTOR_NO);
	assert_non_null(find(&d, "project's room")->mend);
}

static struct doctor_toolchain *toolchain(struct doctor *d, enum doctor_answer a)
{
	struct doctor_toolchain *t;

	d->toolchains = xrealloc_array(d->toolchains, d->nr_toolchains + 1, sizeof(*t));
	t = &d->toolchains[d->nr_toolchains++];
	*t = (struct doctor_toolchain){ .names = STRVEC_INIT };
	t->tries[DOCTOR_INSTRUMENT].answer = a;
	return t;
}

static void one_way_is_enough(void **state)
{
	PGO_AUTO(doctor) d = DOCTOR_INIT;

	(void)state;
	assert_false(doctor_is_well(&d));
	toolchain(&d, DOCTOR_NO);
	assert_false(doctor_is_well(&d));
	toolchain(&d, DOCTOR_YES);
	assert_true(doctor_is_well(&d));
	d.chosen = true; /* then each of them is wanted */
	assert_false(doctor_is_well(&d));
	d.toolchains[0].tries[DOCTOR_BOLT].answer = DOCTOR_YES;
	assert_true(doctor_is_well(&d));
	d.toolchains[0].tries[DOCTOR_BOLT].answer = DOCTOR_UNKNOWN;
	d.toolchains[0].tries[DOCTOR_BRANCHES].answer = DOCTOR_YES; /* no technique by itself */
	assert_false(doctor_is_well(&d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_is_in_order, new_machine, drop_machine),
		cmocka_unit_test_setup_teardown(nothing_is_to_be_seen, new_machine, drop_machine),
		cmocka_unit_test_setup_teardown(a_paranoid_kernel, new_machine, drop_machine),
		cmocka_unit_test_setup_teardown(tracing_has_levels, new_machine, drop_machine),
		cmocka_unit_test_setup_teardown(a_container, new_machine, drop_machine),
		cmocka_unit_test_setup_teardown(limits_of_version_1, new_machine, drop_machine),
		cmocka_unit_test_setup_teardown(a_desktop, new_machine, drop_machine),
		cmocka_unit_test_setup_teardown(no_stacks_in_a_virtual_machine, new_machine,
						drop_machine),
		cmocka_unit_test_setup_teardown(a_folder_without_room, new_machine, drop_machine),
		cmocka_unit_test(one_way_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
