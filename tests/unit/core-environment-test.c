/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/core/environment.h"

/* A machine of our own: a tree of files, written in place as they are held open. */
static char *root;

static void put(const char *path, const char *text)
{
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root, path), *dir = fs_dirname(whole);
	FILE *f;

	assert_int_equal(fs_mkdir_p(dir, NULL), 0);
	f = fopen(whole, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int new_machine(void **state)
{
	(void)state;
	root = xstrdup("/tmp/environment-test.XXXXXX");
	assert_non_null(mkdtemp(root));
	return 0;
}

static int drop_machine(void **state)
{
	(void)state;
	fs_remove_tree(root, NULL);
	FREE_AND_NULL(root);
	return 0;
}

#define MOUNT_ROOT                                                \
	"21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n" \
	"22 21 0:20 / /proc rw shared:5 - proc proc rw\n"
#define MOUNT_V2 \
	"30 21 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNT_V1                                                         \
	"31 21 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs ro,mode=755\n"     \
	"32 31 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" \
	"33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:8 - cgroup cgroup rw,cpu,cpuacct\n"

static void put_cgroups(const char *own, const char *mounts)
{
	PGO_AUTO_FREE char *all = xstrfmt("%s%s", MOUNT_ROOT, mounts);

	put("/proc/self/cgroup", own);
	put("/proc/self/mountinfo", all);
}

static void put_v2(const char *group, const char *max, unsigned us, unsigned nr)
{
	PGO_AUTO_FREE char *limit = xstrfmt("/sys/fs/cgroup%s/cpu.max", group);
	PGO_AUTO_FREE char *stat = xstrfmt("/sys/fs/cgroup%s/cpu.stat", group);
	PGO_AUTO_FREE char *text = xstrfmt(
		"usage_usec 9999\nuser_usec 1\nsystem_usec 2\n"
		"nr_periods 77\nnr_throttled %u\nthrottled_usec %u\n"
		"nr_bursts 0\nburst_usec 5\n",
		nr, us);

	put(limit, max);
	put(stat, text);
}

static void put_v1(const char *group, const char *quota, unsigned ns, unsigned nr)
{
	PGO_AUTO_FREE char *limit = xstrfmt("/sys/fs/cgroup/cpu,cpuacct%s/cpu.cfs_quota_us", group);
	PGO_AUTO_FREE char *stat = xstrfmt("/sys/fs/cgroup/cpu,cpuacct%s/cpu.stat", group);
	PGO_AUTO_FREE char *text = xstrfmt("nr_periods 8\nnr_throttled %u\nthrottled_time %u\n", nr,
					   ns);

	put(limit, quota);
	put(stat, text);
}

static void put_stat(unsigned steal_ticks, const char *online)
{
	PGO_AUTO_FREE char *text =
		xstrfmt("cpu  10 20 30 40 50 60 70 %u 90 100\n"
			"cpu0 1 2 3 4 5 6 7 8 9 10\nintr 5 0 0\nctxt 1\n",
			steal_ticks);

	put("/proc/stat", text);
	put("/sys/devices/system/cpu/online", online);
}

static struct environment_snapshot take(const struct environment *env)
{
	struct environment_snapshot s;

	memset(&s, 0x5a, sizeof(s));
	environment_take(env, &s);
	return s;
}

static void nothing_is_there(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a, b;
	struct environment_diff d;
	struct run_metrics m;

	(void)state;
	environment_open(&env, root);
	a = take(&env);
	assert_int_equal(a.throttled_ns, NOT_MEASURED);
	assert_int_equal(a.nr_throttled, NOT_MEASURED);
	assert_int_equal(a.steal_ns, NOT_MEASURED);
	assert_int_equal(a.busy_ns, NOT_MEASURED);
	assert_int_equal(a.pressure_ns, NOT_MEASURED);
	assert_int_equal(a.memory_some_ns, NOT_MEASURED);
	assert_int_equal(a.io_full_ns, NOT_MEASURED);
	assert_int_equal(a.memory_limit_hits, NOT_MEASURED);
	assert_int_equal(a.oom_kills, NOT_MEASURED);
	assert_true(env.cpu_limit == NOT_MEASURED && env.memory_limit == NOT_MEASURED);
	assert_false(env.has_io || env.has_disk_wait);
	b = take(&env);
	d = environment_diff(&a, &b);
	environment_store(&d, &m);
	assert_int_equal(m.throttled_ns, NOT_MEASURED);
	assert_int_equal(m.steal_ns, NOT_MEASURED);
	assert_int_equal(m.pressure_ns, NOT_MEASURED);
	assert_false(d.hotplug || d.recapped || d.suspended);
	assert_int_equal(environment_verdict(&d, 1, 1), VALID);
}

static void version_2_from_the_group_upwards(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a, b;
	struct environment_diff d;

	(void)state;
	put_cgroups("0::/user.slice/job.scope\n", MOUNT_V2);
	put("/sys/fs/cgroup/cpu.stat", "usage_usec 5\nuser_usec 1\nsystem_usec 4\n");
	put_v2("/user.slice", "150000 100000\n", 2000, 20);
	put_v2("/user.slice/job.scope", "50000 100000\n", 300, 3);
	put_v2("/other.slice", "50000 100000\n", 7000000, 700);
	environment_open(&env, root);
	a = take(&env);
	assert_int_equal(a.throttled_ns, 2300000);
	assert_int_equal(a.nr_throttled, 23);
	put_v2("/other.slice", "50000 100000\n", 8000000, 800);
	b = take(&env);
	d = environment_diff(&a, &b);
	assert_int_equal(environment_verdict(&d, 1000000, 0), VALID);
	put_v2("/user.slice", "150000 100000\n", 2001, 20);
	b = take(&env);
	d = environment_diff(&a, &b);
	assert_int_equal(d.throttled_ns, 1000);
	assert_int_equal(environment_verdict(&d, 1000000, 0), INVALID_THROTTLED);
}

static void without_a_quota_nothing_is_throttled(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a;

	(void)state;
	put_cgroups("0::/job\n", MOUNT_V2);
	put_v2("/job", "max 100000\n", 55, 5);
	environment_open(&env, root);
	a = take(&env);
	assert_int_equal(a.throttled_ns, 0);
	assert_int_equal(a.nr_throttled, 0);
	assert_true(env.cgroup_known);
}

static void version_1(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a, b;
	struct environment_diff d;

	(void)state;
	put_cgroups("5:memory:/else\n4:cpu,cpuacct:/a/b\n1:name=systemd:/a/b\n", MOUNT_V1);
	put_v1("", "-1\n", 9, 9);
	put_v1("/a", "50000\n", 1000, 1);
	put_v1("/a/b", "-1\n", 9, 9);
	environment_open(&env, root);
	a = take(&env);
	assert_int_equal(a.throttled_ns, 1000);
	assert_int_equal(a.nr_throttled, 1);
	put_v1("/a", "50000\n", 1000, 2); /* the time is booked when it ends */
	b = take(&env);
	d = environment_diff(&a, &b);
	assert_int_equal(d.throttled_ns, 0);
	assert_int_equal(environment_verdict(&d, 1000000, 0), INVALID_THROTTLED);
}

static void hybrid_has_the_controller_in_version_1(void **state)
{
	static const char unified[] =
		"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
	PGO_AUTO_FREE char *mounts = xstrfmt("%s%s", MOUNT_V1, unified);
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a;

	(void)state;
	put_cgroups("2:cpuacct:/x\n3:cpu,cpuacct:/job\n0::/job\n", mounts);
	put_v1("/job", "20000\n", 700, 7);
	put("/sys/fs/cgroup/unified/job/cpu.stat", "usage_usec 5\nthrottled_usec 123\n");
	environment_open(&env, root);
	a = take(&env);
	assert_int_equal(a.throttled_ns, 700);
}

static void hybrid_has_the_controller_in_version_2(void **state)
{
	static const char mounts[] =
		"31 21 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs ro,mode=755\n"
		"32 31 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
		"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a;

	(void)state;
	put_cgroups("2:cpuset:/x\n0::/job\n", mounts);
	put_v2("/unified/job", "1000 100000\n", 4, 1);
	environment_open(&env, root);
	a = take(&env);
	assert_int_equal(a.throttled_ns, 4000);
}

/* Of the host's path only what lies below the mount's root is here; a path may need \040. */
static void in_a_container(void **state)
{
	static const char bound[] =
		"50 21 0:26 /docker/a\\040b /sys/fs/cgroup\\040x ro - cgroup2 "
		"cgroup rw\n";
	PGO_AUTO(environment)
	env = ENVIRONMENT_INIT, beside = ENVIRONMENT_INIT, outside = ENVIRONMENT_INIT;

	(void)state;
	put_cgroups("0::/docker/a b/sub\n", bound);
	put_v2(" x", "1000 100000\n", 10, 1);
	put_v2(" x/sub", "1000 100000\n", 200, 1);
	put_v2(" x/docker/a b/sub", "1000 100000\n", 5000, 1);
	environment_open(&env, root);
	assert_int_equal(take(&env).throttled_ns, 210000);
	put_v2(" xc", "1000 100000\n", 5000, 1);
	put_cgroups("0::/docker/a bc\n", bound); /* another whose name begins alike */
	environment_open(&beside, root);
	assert_int_equal(take(&beside).throttled_ns, 10000);
	put_v2("", "1000 100000\n", 10, 1);
	put_v2("/../else", "1000 100000\n", 5000, 1);
	put_cgroups("0::/../else\n", MOUNT_V2);
	environment_open(&outside, root);
	assert_int_equal(take(&outside).throttled_ns, 10000);
}

static void put_pressure(const char *path, unsigned some_us, unsigned full_us)
{
	PGO_AUTO_FREE char *text =
		xstrfmt("some avg10=0.00 avg60=0.00 avg300=0.00 total=%u\n"
			"full avg10=0.00 avg60=0.00 avg300=0.00 total=%u\n",
			some_us, full_us);

	put(path, text);
}

static void put_events(const char *group, unsigned high, unsigned max, unsigned killed)
{
	PGO_AUTO_FREE char *path = xstrfmt("/sys/fs/cgroup%s/memory.events", group);
	PGO_AUTO_FREE char *text =
		xstrfmt("low 0\nhigh %u\nmax %u\noom %u\noom_kill %u\n"
			"oom_group_kill 0\n",
			high, max, killed, killed);

	put(path, text);
}

/* The group's own pressure; its events by the highest group that has a limit. */
static void memory_and_disks_of_version_2(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a, b;
	struct environment_diff d;
	struct run_metrics m;

	(void)state;
	put_cgroups("0::/job.slice/one\n", MOUNT_V2);
	put("/sys/fs/cgroup/job.slice/memory.max", "1073741824\n");
	put("/sys/fs/cgroup/job.slice/one/memory.max", "max\n");
	put_events("/job.slice", 1, 2, 0);
	put_events("/job.slice/one", 0, 1, 0);
	put_pressure("/proc/pressure/memory", 900000, 900000);
	put_pressure("/proc/pressure/io", 40, 4);
	put_pressure("/sys/fs/cgroup/job.slice/one/memory.pressure", 50, 5);
	put("/proc/self/io", "rchar: 1\nread_bytes: 0\nwrite_bytes: 0\n");
	put("/proc/sys/kernel/task_delayacct", "1\n");
	environment_open(&env, root);
	assert_true(env.has_io && env.has_disk_wait);
	assert_int_equal(env.memory_limit, 1073741824);
	assert_true(env.cpu_limit == EVIDENCE_NO_LIMIT);
	a = take(&env);
	assert_int_equal(a.memory_some_ns, 50000);
	assert_int_equal(a.memory_full_ns, 5000);
	assert_int_equal(a.io_some_ns, 40000); /* the group does not tell it */
	assert_int_equal(a.memory_limit_hits, 3);
	put_events("/job.slice", 1, 7, 1);
	put_pressure("/sys/fs/cgroup/job.slice/one/memory.pressure", 150, 25);
	put_pressure("/proc/pressure/io", 140, 4);
	b = take(&env);
	d = environment_diff(&a, &b);
	environment_store(&d, &m);
	assert_int_equal(m.memory_some_ns, 100000);
	assert_int_equal(m.memory_full_ns, 20000);
	assert_int_equal(m.io_some_ns, 100000);
	assert_int_equal(m.io_full_ns, 0);
	assert_int_equal(m.memory_limit_hits, 5);
	assert_int_equal(m.oom_kills, 1);
	assert_int_equal(environment_verdict(&d, 1000000, 0), VALID);
}

static void memory_of_version_1(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a;

	(void)state;
	put_cgroups("5:memory:/job\n4:cpu,cpuacct:/\n", MOUNT_V1);
	put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("/sys/fs/cgroup/memory/memory.failcnt", "77\n");
	put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4194304\n");
	put("/sys/fs/cgroup/memory/job/memory.failcnt", "5\n");
	put("/sys/fs/cgroup/memory/job/memory.oom_control",
	    "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
	put("/proc/sys/kernel/task_delayacct", "0\n");
	environment_open(&env, root);
	a = take(&env);
	assert_int_equal(env.memory_limit, 4194304);
	assert_int_equal(a.memory_limit_hits, 5); /* of the one with a limit */
	assert_int_equal(a.oom_kills, 2);
	assert_int_equal(a.memory_some_ns, NOT_MEASURED);
	assert_false(env.has_io || env.has_disk_wait);
}

static void limits_of_processors(void **state)
{
	PGO_AUTO(environment) two = ENVIRONMENT_INIT, one = ENVIRONMENT_INIT;

	(void)state;
	put_cgroups("0::/a/b\n", MOUNT_V2);
	put_v2("/a", "50000 100000\n", 0, 0);
	put_v2("/a/b", "150000 100000\n", 0, 0);
	environment_open(&two, root);
	assert_int_equal(two.cpu_limit, 500); /* the tightest */
	put_cgroups("4:cpu,cpuacct:/c\n", MOUNT_V1);
	put_v1("/c", "30000\n", 0, 0);
	put("/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "20000\n");
	environment_open(&one, root);
	assert_int_equal(one.cpu_limit, 1500);
}

static void a_hierarchy_that_cannot_be_seen_is_not_measured(void **state)
{
	PGO_AUTO(environment)
	unmounted = ENVIRONMENT_INIT, hidden = ENVIRONMENT_INIT, rubbish = ENVIRONMENT_INIT;

	(void)state;
	put_cgroups("0::/job\n", "");
	environment_open(&unmounted, root);
	assert_int_equal(take(&unmounted).throttled_ns, NOT_MEASURED);
	put_cgroups("3:cpu:/job\n0::/job\n", MOUNT_V2);
	environment_open(&hidden, root);
	assert_int_equal(take(&hidden).throttled_ns, NOT_MEASURED);
	put_cgroups("0\n:\n::\n0:\n\n9:cpu\n", "- \n - \n1 2 3 4 - cgroup2\n5 6 7 8 9 - \n\n1 - 2");
	environment_open(&rubbish, root);
	assert_int_equal(take(&rubbish).throttled_ns, NOT_MEASURED);
}

static void a_file_that_says_nothing_is_not_measured(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a;

	(void)state;
	put_cgroups("0::/a/b\n", MOUNT_V2);
	put_v2("/a", "1000 100000\n", 10, 1);
	put("/sys/fs/cgroup/a/b/cpu.max", "1000 100000\n");
	put("/sys/fs/cgroup/a/b/cpu.stat", "xnr_throttled 3\nthrottled_usec x\nnr_throttled\n");
	put("/proc/stat", "cpu 1 2 3 4 5 6 7\n"); /* before Linux 2.6.11 */
	put("/proc/pressure/cpu", "");
	environment_open(&env, root);
	a = take(&env);
	assert_int_equal(a.throttled_ns, NOT_MEASURED);
	assert_int_equal(a.nr_throttled, NOT_MEASURED);
	assert_int_equal(a.steal_ns, NOT_MEASURED);
	assert_int_equal(a.pressure_ns, NOT_MEASURED);
}

static void counters_are_differences(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a, b;
	struct environment_diff d, back;
	struct run_metrics m;

	(void)state;
	put_stat(80, "0-3\n");
	put("/proc/pressure/cpu",
	    "some avg10=1.00 avg60=0.00 avg300=0.00 total=5000\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
	environment_open(&env, root);
	a = take(&env);
	assert_int_equal(a.steal_ns, 80 * environment_tick_ns());
	assert_int_equal(a.busy_ns, (10 + 20 + 30 + 60 + 70) * environment_tick_ns());
	assert_int_equal(a.pressure_ns, 5000000);
	put_stat(83, "0-3\n");
	put("/proc/pressure/cpu", "some avg10=1.00 avg60=0.00 avg300=0.00 total=5100\n");
	b = take(&env);
	d = environment_diff(&a, &b);
	environment_store(&d, &m);
	assert_int_equal(m.steal_ns, 3 * environment_tick_ns());
	assert_int_equal(m.busy_ns, 0);
	assert_int_equal(m.pressure_ns, 100000);
	assert_int_equal(m.throttled_ns, NOT_MEASURED);
	back = environment_diff(&b, &a);
	assert_int_equal(back.steal_ns, NOT_MEASURED);
	assert_int_equal(back.pressure_ns, NOT_MEASURED);
	assert_int_equal(environment_verdict(&back, 1, 1), VALID);
}

static enum invalid steal_verdict(uint64_t ticks, uint64_t wall_ms, uint64_t cpu_ms)
{
	struct environment_diff d = ENVIRONMENT_DIFF_INIT;

	d.steal_ns = ticks * environment_tick_ns();
	return environment_verdict(&d, wall_ms * 1000000, cpu_ms * 1000000);
}

/* 5 % of what was asked for, and a tick that may have been nearly full before. */
static void steal_is_judged_by_the_time_asked_for(void **state)
{
	uint64_t tick_ms = environment_tick_ns() / 1000000;

	(void)state;
	assert_int_equal(steal_verdict(0, 0, 0), VALID);
	assert_int_equal(steal_verdict(1, 40, 40), VALID);
	assert_int_equal(steal_verdict(2, 40, 40), INVALID_STEAL);
	assert_int_equal(steal_verdict(6, 100 * tick_ms, 90 * tick_ms), VALID);
	assert_int_equal(steal_verdict(7, 100 * tick_ms, 90 * tick_ms), INVALID_STEAL);
	/* sixteen threads ask for sixteen times as much; a sleeper for what it waits */
	assert_int_equal(steal_verdict(7, 100 * tick_ms, 1600 * tick_ms), VALID);
	assert_int_equal(steal_verdict(81, 100 * tick_ms, 1600 * tick_ms), VALID);
	assert_int_equal(steal_verdict(82, 100 * tick_ms, 1600 * tick_ms), INVALID_STEAL);
	assert_int_equal(steal_verdict(6, 100 * tick_ms, 1), VALID);
}

static void processors_come_and_go(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a, b;
	struct environment_diff d;

	(void)state;
	put_stat(1, "0-3\n");
	environment_open(&env, root);
	a = take(&env);
	b = take(&env);
	d = environment_diff(&a, &b);
	assert_false(d.hotplug);
	put_stat(1, "0-2\n");
	b = take(&env);
	d = environment_diff(&a, &b);
	assert_true(d.hotplug);
	assert_int_equal(environment_verdict(&d, 1, 1), INVALID_HOTPLUG);
}

static void check_cap(const char *path, const char *from, const char *to)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a, b;
	struct environment_diff d;

	put(path, from);
	environment_open(&env, root);
	a = take(&env);
	b = take(&env);
	d = environment_diff(&a, &b);
	assert_false(d.recapped);
	put(path, to);
	b = take(&env);
	d = environment_diff(&a, &b);
	assert_true(d.recapped);
	assert_int_equal(environment_verdict(&d, 1, 1), INVALID_HOTPLUG);
}

static void caps_change(void **state)
{
	(void)state;
	put("/sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq", "3000000\n");
	check_cap("/sys/devices/system/cpu/cpufreq/policy1/scaling_max_freq", "3000000\n",
		  "2000000\n");
	check_cap("/sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq", "3000000\n",
		  "2000000\n");
	check_cap("/sys/devices/system/cpu/cpufreq/boost", "1\n", "0\n");
	check_cap("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n", "1\n");
}

static void a_suspend_is_seen(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a, b;
	struct environment_diff d;

	(void)state;
	environment_open(&env, root);
	a = take(&env);
	for (int i = 0; i < 100; i++) {
		b = take(&env);
		d = environment_diff(&a, &b);
		assert_false(d.suspended);
	}
	b.asleep_ns = a.asleep_ns + 50000000;
	d = environment_diff(&a, &b);
	assert_true(d.suspended);
	assert_int_equal(environment_verdict(&d, 1, 1), INVALID_SUSPENDED);
}

static void the_weightiest_reason_is_told(void **state)
{
	struct environment_diff d = { .throttled_ns = 1,
				      .nr_throttled = 0,
				      .pressure_ns = 0,
				      .steal_ns = 1000 * environment_tick_ns(),
				      .suspended = true,
				      .recapped = true };

	(void)state;
	assert_int_equal(environment_verdict(&d, 1, 1), INVALID_SUSPENDED);
	d.suspended = false;
	assert_int_equal(environment_verdict(&d, 1, 1), INVALID_HOTPLUG);
	d.recapped = false;
	assert_int_equal(environment_verdict(&d, 1, 1), INVALID_THROTTLED);
	d.throttled_ns = NOT_MEASURED;
	assert_int_equal(environment_verdict(&d, 1, 1), INVALID_STEAL);
}

static void this_machine(void **state)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot a, b;
	struct environment_diff d;

	(void)state;
	environment_open(&env, "");
	a = take(&env);
	b = take(&env);
	d = environment_diff(&a, &b);
	assert_false(d.suspended);
	if (fs_exists("/proc/stat"))
		assert_true(d.steal_ns != NOT_MEASURED);
	if (fs_exists("/sys/devices/system/cpu/online"))
		assert_true(a.online != NOT_MEASURED);
	if (a.throttled_ns == NOT_MEASURED)
		print_message("# the quotas cannot be seen here\n");
	if (a.pressure_ns == NOT_MEASURED)
		print_message("# no pressure here\n");
}

static void an_unknown_machine_is_described_so(void **state)
{
	PGO_AUTO(environment_text) t = ENVIRONMENT_TEXT_INIT;

	(void)state;
	environment_describe(root, &t);
	assert_string_equal(t.machine, "unknown CPU");
	assert_string_equal(t.kernel, "unknown");
	assert_string_equal(t.governor, "unknown");
	assert_string_equal(t.turbo, "unknown");
	assert_string_equal(t.smt, "unknown");
	assert_string_equal(t.aslr, "unknown");
	assert_string_equal(t.thp, "unknown");
	assert_string_equal(t.clocksource, "unknown");
}

#define CPU "/sys/devices/system/cpu"

static void a_known_machine_is_described(void **state)
{
	PGO_AUTO(environment_text) t = ENVIRONMENT_TEXT_INIT;

	(void)state;
	put("/proc/cpuinfo",
	    "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Xeon 6: x\n"
	    "flags\t\t: fpu vme hypervisor lahf_lm\n\nprocessor\t: 1\n");
	put(CPU "/online", "0-3,8,10-11\n");
	put("/proc/sys/kernel/ostype", "Linux\n");
	put("/proc/sys/kernel/osrelease", "6.1.0-13-amd64\n");
	put(CPU "/cpufreq/policy0/scaling_governor", "schedutil\n");
	put(CPU "/cpufreq/policy1/scaling_governor", "powersave\n");
	put(CPU "/cpufreq/policy2/scaling_governor", "schedutil\n");
	put(CPU "/cpufreq/boost", "1\n");
	put(CPU "/smt/active", "0\n");
	put("/proc/sys/kernel/randomize_va_space", "1\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
	environment_describe(root, &t);
	assert_string_equal(t.machine, "Xeon 6: x, 7 processors, virtual");
	assert_string_equal(t.kernel, "Linux 6.1.0-13-amd64");
	assert_string_equal(t.governor, "powersave schedutil");
	assert_string_equal(t.turbo, "on");
	assert_string_equal(t.smt, "off");
	assert_string_equal(t.aslr, "partial");
	assert_string_equal(t.thp, "madvise");
	assert_string_equal(t.clocksource, "tsc");
}

static void check_machine(const char *cpuinfo, const char *online, const char *want)
{
	PGO_AUTO(environment_text) t = ENVIRONMENT_TEXT_INIT;

	put("/proc/cpuinfo", cpuinfo);
	put(CPU "/online", online);
	environment_describe(root, &t);
	assert_string_equal(t.machine, want);
}

static void other_architectures_have_other_words(void **state)
{
	PGO_AUTO(environment_text) t = ENVIRONMENT_TEXT_INIT;

	(void)state;
	check_machine(
		"processor\t: 0\nBogoMIPS\t: 50\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n",
		"0\n", "CPU implementer 0x41 part 0xd0c, 1 processor");
	check_machine("processor\t: 0\ncpu\t\t: POWER9, altivec\n", "0-1\n",
		      "POWER9, altivec, 2 processors");
	check_machine("cpu\n:\nmodel name\n", "3-1\n", "unknown CPU");
	check_machine("model name:\nflags\t: hypervisors\n", "0-\n", "unknown CPU");
	check_machine("", "0-4294967295\n", "unknown CPU");
	put("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
	put(CPU "/cpufreq/boost", "1\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise\n");
	put("/proc/sys/kernel/randomize_va_space", "7\n");
	environment_describe(root, &t);
	assert_string_equal(t.turbo, "off");
	assert_string_equal(t.thp, "unknown");
	assert_string_equal(t.aslr, "unknown");
}

int main(void)
{
#define with_machine(test) cmocka_unit_test_setup_teardown(test, new_machine, drop_machine)
	const struct CMUnitTest tests[] = {
		with_machine(nothing_is_there),
		with_machine(version_2_from_the_group_upwards),
		with_machine(without_a_quota_nothing_is_throttled),
		with_machine(version_1),
		with_machine(memory_and_disks_of_version_2),
		with_machine(memory_of_version_1),
		with_machine(limits_of_processors),
		with_machine(hybrid_has_the_controller_in_version_1),
		with_machine(hybrid_has_the_controller_in_version_2),
		with_machine(in_a_container),
		with_machine(a_hierarchy_that_cannot_be_seen_is_not_measured),
		with_machine(a_file_that_says_nothing_is_not_measured),
		with_machine(counters_are_differences),
		cmocka_unit_test(steal_is_judged_by_the_time_asked_for),
		with_machine(processors_come_and_go),
		with_machine(caps_change),
		with_machine(a_suspend_is_seen),
		cmocka_unit_test(the_weightiest_reason_is_told),
		cmocka_unit_test(this_machine),
		with_machine(an_unknown_machine_is_described_so),
		with_machine(a_known_machine_is_described),
		with_machine(other_architectures_have_other_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
