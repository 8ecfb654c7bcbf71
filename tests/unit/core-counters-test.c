/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/core/counters.h"

/* A machine of our own. */
static struct machine {
	unsigned lacks;		 /* a bit an event: not there (ENOENT) */
	unsigned silent;	 /* always zero */
	unsigned zero_once;	 /* zero the first time it is read */
	unsigned nr_counters;	 /* more are refused in a group */
	unsigned taken;		 /* by somebody else; the kernel learns of it only when it runs */
	int paranoid;		 /* 4: nothing, 2: the program's own part */
	int refuses;		 /* errno of everything */
	bool no_hv, no_user;	 /* what the processor cannot leave out */
	bool hybrid;		 /* kinds of core 8 and 10, the time divided 3 : 1 */
	unsigned percent;	 /* of its time in which the first event of a group ran */
	unsigned big;		 /* the factor of all counts */
	int fail_read;		 /* errno */
	enum counter opens_fail; /* errno EMFILE in counters_arm; NR_COUNTERS: none */
} m;

static struct fake_fd {
	bool open;
	enum counter event;
	uint32_t pmu;
	int leader;
	unsigned members;
} fds[4096];
static int nr_fds, nr_open;
static char *root;

static const struct {
	uint32_t type;
	uint64_t config;
} known[NR_COUNTERS] = {
	[COUNTER_CYCLES] = { 0, 0 },
	[COUNTER_INSTRUCTIONS] = { 0, 1 },
	[COUNTER_BRANCHES] = { 0, 4 },
	[COUNTER_BRANCH_MISSES] = { 0, 5 },
	[COUNTER_L1I_MISSES] = { 3, 0x10001 },
	[COUNTER_ITLB_MISSES] = { 3, 0x10004 },
	[COUNTER_STALLED_FRONTEND] = { 0, 7 },
	[COUNTER_LLC_MISSES] = { 3, 0x10002 },
	[COUNTER_DTLB_MISSES] = { 3, 0x10003 },
	[COUNTER_TASK_CLOCK] = { 1, 1 },
	[COUNTER_PAGE_FAULTS] = { 1, 2 },
	[COUNTER_CONTEXT_SWITCHES] = { 1, 3 },
	[COUNTER_MIGRATIONS] = { 1, 4 },
};

static enum counter identify(const struct perf_event_attr *attr)
{
	enum counter e = 0;

	while (e < NR_COUNTERS &&
	       (attr->type != known[e].type || (attr->config & UINT32_MAX) != known[e].config))
		e++;
	assert_true(e < NR_COUNTERS);
	return e;
}

static int may_open(const struct perf_event_attr *attr, enum counter e, int group)
{
	if (m.refuses)
		return -m.refuses;
	if (m.paranoid > 2 || (m.paranoid > 1 && !attr->exclude_kernel))
		return -EACCES;
	if (e < COUNTER_TASK_CLOCK &&
	    ((m.no_hv && attr->exclude_hv) || (m.no_user && attr->exclude_kernel)))
		return -EOPNOTSUPP;
	if (m.lacks & 1u << e)
		return -ENOENT;
	if (group >= 0 && fds[group].members >= m.nr_counters)
		return -EINVAL;
	return 0;
}

static int fake_open(struct perf_event_attr *attr, pid_t pid, int group)
{
	enum counter e = identify(attr);
	int ret;

	assert_true(attr->disabled && attr->enable_on_exec && attr->inherit);
	assert_int_equal(attr->read_format, 3);
	assert_int_equal(attr->size, sizeof(*attr));
	if (attr->exclude_hv)
		assert_true(attr->exclude_kernel);
	ret = may_open(attr, e, group);
	if (!ret && pid && e == m.opens_fail)
		ret = -EMFILE;
	if (ret)
		return ret;
	assert_true(nr_fds < (int)ARRAY_SIZE(fds));
	fds[nr_fds] = (struct fake_fd){ true, e, (uint32_t)(attr->config >> 32), group, 1 };
	if (group >= 0) {
		assert_true(fds[group].open && fds[group].leader < 0);
		assert_int_equal(fds[group].pmu, fds[nr_fds].pmu);
		fds[group].members++;
	}
	nr_open++;
	return nr_fds++;
}

/* 1000 of the first event, 2000 of the second, ... */
static uint64_t true_count(enum counter e)
{
	return m.silent & 1u << e ? 0 : (e + 1) * UINT64_C(1000) * m.big;
}

static int fake_read(int fd, struct counters_value *ret)
{
	const struct fake_fd *f = &fds[fd], *leader = f->leader < 0 ? f : &fds[f->leader];
	unsigned percent = leader->event < COUNTER_TASK_CLOCK ? m.percent : 100;

	assert_true(f->open);
	if (m.fail_read)
		return -m.fail_read;
	ret->count = true_count(f->event);
	ret->enabled_ns = 1000000;
	if (m.hybrid && f->event < COUNTER_TASK_CLOCK) {
		assert_true(f->pmu == 8 || f->pmu == 10);
		percent = percent * (f->pmu == 8 ? 3 : 1) / 4;
	} else {
		assert_int_equal(f->pmu, 0);
	}
	if (m.zero_once & 1u << f->event) {
		m.zero_once &= ~(1u << f->event);
		ret->count = 0;
	}
	if (f->event < COUNTER_TASK_CLOCK && leader->members > m.nr_counters - m.taken)
		percent = 0;
	ret->running_ns = ret->enabled_ns * percent / 100;
	ret->count = ret->count * percent / 100;
	return 0;
}

static void fake_close(int fd)
{
	assert_true(fds[fd].open);
	fds[fd].open = false;
	nr_open--;
}

static const struct counters_ops fake = {
	.open = fake_open,
	.read = fake_read,
	.close = fake_close,
};

static void put(const char *path, const char *text)
{
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root, path), *dir = fs_dirname(whole);

	assert_int_equal(fs_mkdir_p(dir, NULL), 0);
	assert_int_equal(fs_write_atomic(whole, text, strlen(text), 0666, NULL), 0);
}

static void set_paranoid(int paranoid)
{
	PGO_AUTO_FREE char *text = xstrfmt("%d\n", paranoid);

	m.paranoid = paranoid;
	put("/proc/sys/kernel/perf_event_paranoid", text);
}

static int new_machine(void **state)
{
	(void)state;
	root = xstrdup("/tmp/counters-test.XXXXXX");
	assert_non_null(mkdtemp(root));
	m = (struct machine){
		.nr_counters = 6, .percent = 100, .big = 1, .opens_fail = NR_COUNTERS
	};
	nr_fds = nr_open = 0;
	set_paranoid(1);
	put("/sys/bus/event_source/devices/cpu/type", "4\n");
	put("/sys/bus/event_source/devices/software/type", "1\n");
	return 0;
}

static int drop_machine(void **state)
{
	(void)state;
	fs_remove_tree(root, NULL);
	FREE_AND_NULL(root);
	return nr_open; /* every descriptor was closed */
}

static void probe(struct counters_plan *plan)
{
	assert_int_equal(counters_probe(&fake, root, plan, NULL), 0);
	assert_int_equal(nr_open, 0);
}

/* One unit of nr processes with group g. */
static struct run_metrics count(const struct counters_plan *plan, unsigned g, unsigned nr)
{
	PGO_AUTO(counters) c = COUNTERS_INIT(plan, g);
	struct run_metrics r;

	memset(&r, 0x5a, sizeof(r));
	for (unsigned i = 0; i < nr; i++) {
		assert_int_equal(counters_arm(4711, &c), 0);
		counters_collect(&c);
		assert_int_equal(nr_open, 0);
	}
	counters_store(&c, &r);
	return r;
}

static void check_counts(const struct run_metrics *r, unsigned events, unsigned nr)
{
	for (enum counter e = 0; e < NR_COUNTERS; e++)
		assert_int_equal(r->counters[e],
				 events & 1u << e ? true_count(e) * nr : NOT_MEASURED);
}

enum {
	SOFTWARE = 0xf << COUNTER_TASK_CLOCK,
	GROUP_1 = 1 << COUNTER_CYCLES | 1 << COUNTER_INSTRUCTIONS | 1 << COUNTER_BRANCHES |
		  1 << COUNTER_BRANCH_MISSES,
	GROUP_2 = 1 << COUNTER_INSTRUCTIONS | 1 << COUNTER_L1I_MISSES | 1 << COUNTER_ITLB_MISSES |
		  1 << COUNTER_STALLED_FRONTEND,
	GROUP_3 = 1 << COUNTER_INSTRUCTIONS | 1 << COUNTER_LLC_MISSES | 1 << COUNTER_DTLB_MISSES,
	HARDWARE = (1 << COUNTER_TASK_CLOCK) - 1,
};

static void a_whole_machine_counts_group_by_group(void **state)
{
	static const unsigned groups[] = { GROUP_1, GROUP_2, GROUP_3 };
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;

	(void)state;
	probe(&plan);
	assert_int_equal(plan.nr_groups, 3);
	for (enum counter e = 0; e < NR_COUNTERS; e++)
		assert_null(plan.why_not[e]);
	for (unsigned g = 0; g < 7; g++) {
		struct run_metrics r = count(&plan, g, 1);

		check_counts(&r, groups[g % 3] | SOFTWARE, 1);
	}
}

static void the_processes_of_a_unit_add_up(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	probe(&plan);
	r = count(&plan, 1, 5);
	check_counts(&r, GROUP_2 | SOFTWARE, 5);
	r = count(&plan, 1, 0);
	check_counts(&r, 0, 0);
	m.big = UINT32_MAX;
	r = count(&plan, 0, 3);
	check_counts(&r, GROUP_1 | SOFTWARE, 3);
}

static void paranoid_4_counts_nothing_and_says_so(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	set_paranoid(4);
	probe(&plan);
	assert_int_equal(plan.nr_groups, 0);
	for (enum counter e = 0; e < NR_COUNTERS; e++)
		assert_string_equal(plan.why_not[e], "perf_event_paranoid is 4");
	r = count(&plan, 0, 1);
	check_counts(&r, 0, 0);
}

/* The own part of hardware events, time and faults; a switch is always the kernel's. */
static void paranoid_2_counts_the_programs_own(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	set_paranoid(2);
	probe(&plan);
	assert_int_equal(plan.nr_groups, 3);
	r = count(&plan, 0, 1);
	check_counts(&r, GROUP_1 | 1 << COUNTER_TASK_CLOCK | 1 << COUNTER_PAGE_FAULTS, 1);
	assert_string_equal(plan.why_not[COUNTER_CONTEXT_SWITCHES], "perf_event_paranoid is 2");
	assert_string_equal(plan.why_not[COUNTER_MIGRATIONS], "perf_event_paranoid is 2");
	assert_int_equal(plan.filter[COUNTER_CYCLES], COUNTERS_USER);
	assert_int_equal(plan.filter[COUNTER_PAGE_FAULTS], COUNTERS_USER);
}

static void a_refusal_for_another_reason_is_told(void **state)
{
	static const struct {
		int errnum;
		const char *why;
	} cases[] = {
		{ EPERM, "no permission" },
		{ EACCES, "no permission" },
		{ ENOENT, "not supported by this machine" },
		{ EOPNOTSUPP, "not supported by this machine" },
		{ ENODEV, "not supported by this machine" },
		{ ENOSYS, "not supported by this kernel" },
		{ EMFILE, "Too many open files" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
		struct run_metrics r;

		m.refuses = cases[i].errnum;
		probe(&plan);
		for (enum counter e = 0; e < NR_COUNTERS; e++)
			assert_string_equal(plan.why_not[e], cases[i].why);
		r = count(&plan, 3, 2);
		check_counts(&r, 0, 0);
	}
}

/* As on a virtual machine: no PMU, the kernel's events work. */
static void software_alone(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	m.lacks = HARDWARE;
	probe(&plan);
	assert_int_equal(plan.nr_groups, 0);
	assert_string_equal(plan.why_not[COUNTER_CYCLES], "not supported by this machine");
	r = count(&plan, 5, 2);
	check_counts(&r, SOFTWARE, 2);
}

static void single_events_that_are_not_there_are_left_out(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	m.lacks = 1 << COUNTER_INSTRUCTIONS | 1 << COUNTER_STALLED_FRONTEND |
		  1 << COUNTER_LLC_MISSES | 1 << COUNTER_DTLB_MISSES;
	probe(&plan);
	assert_int_equal(plan.nr_groups, 2);
	r = count(&plan, 1, 1);
	check_counts(&r, 1 << COUNTER_L1I_MISSES | 1 << COUNTER_ITLB_MISSES | SOFTWARE, 1);
	assert_string_equal(plan.why_not[COUNTER_LLC_MISSES], "not supported by this machine");
}

static void an_event_that_opens_and_counts_zero_is_none(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	m.silent = 1 << COUNTER_BRANCH_MISSES | 1 << COUNTER_LLC_MISSES | 1 << COUNTER_DTLB_MISSES |
		   1 << COUNTER_PAGE_FAULTS | 1 << COUNTER_CONTEXT_SWITCHES |
		   1 << COUNTER_MIGRATIONS;
	m.zero_once = 1 << COUNTER_CYCLES;
	probe(&plan);
	assert_int_equal(plan.nr_groups, 2); /* the third would have instructions alone */
	assert_string_equal(plan.why_not[COUNTER_BRANCH_MISSES], "counts nothing here");
	assert_string_equal(plan.why_not[COUNTER_PAGE_FAULTS], "counts nothing here");
	assert_null(plan.why_not[COUNTER_CYCLES]);     /* a zero now and then */
	assert_null(plan.why_not[COUNTER_MIGRATIONS]); /* nothing moved: that is a count */
	r = count(&plan, 0, 1);
	check_counts(&r,
		     (GROUP_1 | SOFTWARE) & ~(1u << COUNTER_BRANCH_MISSES) &
			     ~(1u << COUNTER_PAGE_FAULTS),
		     1);
	assert_int_equal(r.counters[COUNTER_MIGRATIONS], 0);
}

static unsigned planned(const struct counters_plan *plan)
{
	unsigned all = 0;

	for (unsigned i = 0; i < plan->nr_groups; i++)
		for (unsigned j = 0; j < plan->groups[i].nr; j++)
			all |= 1u << plan->groups[i].events[j];
	return all;
}

static void check_smaller(unsigned nr_counters, unsigned taken)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;

	m.nr_counters = nr_counters;
	m.taken = taken;
	probe(&plan);
	assert_int_equal(planned(&plan), HARDWARE);
	assert_true(plan.nr_groups > 3);
	for (unsigned g = 0; g < plan.nr_groups; g++) {
		struct run_metrics r = count(&plan, g, 1);

		assert_true(plan.groups[g].nr <= nr_counters - taken);
		for (unsigned j = 0; j < plan.groups[g].nr; j++)
			assert_int_equal(r.counters[plan.groups[g].events[j]],
					 true_count(plan.groups[g].events[j]));
	}
}

static void what_does_not_fit_is_divided(void **state)
{
	(void)state;
	check_smaller(2, 0);
	check_smaller(1, 0);
	check_smaller(3, 1);
	check_smaller(4, 1); /* the watchdog has one: opening is no proof */
	check_smaller(4, 3);
}

static void no_counter_is_free(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	m.taken = m.nr_counters;
	probe(&plan);
	assert_int_equal(plan.nr_groups, 0);
	assert_string_equal(plan.why_not[COUNTER_CYCLES], "no free counter");
	r = count(&plan, 0, 1);
	check_counts(&r, SOFTWARE, 1);
}

/* Another profiler comes and goes: what was multiplexed is no count of this run. */
static void shared_counters_are_discarded(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	probe(&plan);
	m.percent = 89;
	r = count(&plan, 0, 1);
	check_counts(&r, SOFTWARE, 1);
	m.percent = 0;
	r = count(&plan, 0, 1);
	check_counts(&r, SOFTWARE, 1);
	m.percent = 90; /* scaled to the whole time */
	r = count(&plan, 0, 1);
	check_counts(&r, GROUP_1 | SOFTWARE, 1);
}

static void sharing_is_noticed_by_the_probe(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;

	(void)state;
	m.percent = 50;
	probe(&plan);
	assert_int_equal(plan.nr_groups, 0);
	assert_string_equal(plan.why_not[COUNTER_CYCLES], "another program uses the counter");
}

static void one_lost_process_loses_the_unit(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	probe(&plan);
	{
		PGO_AUTO(counters) c = COUNTERS_INIT(&plan, 0);

		for (int i = 0; i < 3; i++) {
			m.percent = i == 1 ? 10 : 100;
			counters_arm(4711, &c);
			counters_collect(&c);
		}
		counters_store(&c, &r);
	}
	for (enum counter e = 0; e < NR_COUNTERS; e++)
		assert_int_equal(r.counters[e],
				 e < COUNTER_TASK_CLOCK ? NOT_MEASURED : true_count(e) * 3);
}

static void what_cannot_be_opened_or_read_is_not_measured(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	probe(&plan);
	m.opens_fail = COUNTER_BRANCHES;
	r = count(&plan, 0, 1);
	check_counts(&r, (GROUP_1 | SOFTWARE) & ~(1u << COUNTER_BRANCHES), 1);
	m.opens_fail = COUNTER_CYCLES; /* the leader: the others would compete without it */
	r = count(&plan, 0, 1);
	check_counts(&r, SOFTWARE, 1);
	m.opens_fail = NR_COUNTERS;
	m.fail_read = EIO;
	r = count(&plan, 0, 2);
	check_counts(&r, 0, 0);
}

static void arming_twice_leaks_nothing(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct counters c = COUNTERS_INIT(&plan, 0);
	int once;

	(void)state;
	probe(&plan);
	counters_arm(1, &c);
	once = nr_open;
	assert_true(once > 0);
	counters_arm(2, &c);
	assert_int_equal(nr_open, once);
	counters_release(&c);
	assert_int_equal(nr_open, 0);
}

static void what_cannot_be_left_out_is_taken_in(void **state)
{
	PGO_AUTO(counters_plan)
	hv = COUNTERS_PLAN_INIT, all = COUNTERS_PLAN_INIT, none = COUNTERS_PLAN_INIT;

	(void)state;
	m.no_hv = true;
	probe(&hv);
	assert_int_equal(hv.filter[COUNTER_CYCLES], COUNTERS_USER_HV);
	assert_int_equal(hv.nr_groups, 3);
	m.no_user = true;
	probe(&all);
	assert_int_equal(all.filter[COUNTER_CYCLES], COUNTERS_ALL);
	assert_int_equal(all.nr_groups, 3);
	set_paranoid(2);
	probe(&none);
	assert_int_equal(none.nr_groups, 0);
	assert_string_equal(none.why_not[COUNTER_CYCLES], "not supported by this machine");
}

static void both_kinds_of_core_are_counted(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	struct run_metrics r;

	(void)state;
	m.hybrid = true;
	put("/sys/bus/event_source/devices/cpu_core/type", "8\n");
	put("/sys/bus/event_source/devices/cpu_core/cpus", "0-7\n");
	put("/sys/bus/event_source/devices/cpu_atom/type", "10\n");
	put("/sys/bus/event_source/devices/cpu_atom/cpus", "8-11\n");
	probe(&plan);
	assert_int_equal(plan.nr_pmus, 2);
	assert_int_equal(plan.nr_groups, 3);
	r = count(&plan, 0, 1);
	check_counts(&r, GROUP_1 | SOFTWARE, 1); /* three quarters and one quarter */
	m.percent = 80;
	r = count(&plan, 0, 1);
	check_counts(&r, SOFTWARE, 1);
}

static void nothing_to_read_about_the_machine(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;

	(void)state;
	assert_int_equal(fs_remove_tree(root, NULL), 0);
	m.refuses = EACCES;
	probe(&plan);
	assert_string_equal(plan.why_not[COUNTER_CYCLES], "no permission");
}

/* From here on this machine's own. */
static volatile char *touched;
enum { TOUCHED_SIZE = 64 << 20 };

static void touch(void)
{
	for (size_t i = 0; touched && i < TOUCHED_SIZE; i += 4096)
		touched[i]++;
}

static struct run_metrics run_here(const struct counters_plan *plan, const char *line)
{
	PGO_AUTO(counters) c = COUNTERS_INIT(plan, 0);
	PGO_AUTO(child) sh = CHILD_INIT;
	struct child_result res;
	struct run_metrics r;

	strvec_push(&sh.argv, "/bin/sh");
	strvec_push(&sh.argv, "-c");
	strvec_push(&sh.argv, line);
	sh.armed = counters_arm;
	sh.armed_arg = &c;
	assert_int_equal(child_run(&sh, &res, NULL), 0);
	assert_int_equal(res.exit_status, 0);
	counters_collect(&c);
	counters_store(&c, &r);
	return r;
}

static bool have(const struct counters_plan *plan, enum counter e)
{
	if (plan->why_not[e])
		print_message("# event %d: %s\n", (int)e, plan->why_not[e]);
	return !plan->why_not[e];
}

static void check_here(const struct counters_plan *plan, enum counter e, uint64_t least,
		       const struct run_metrics *little, const struct run_metrics *much)
{
	if (!have(plan, e))
		return;
	assert_true(little->counters[e] != NOT_MEASURED);
	assert_true(much->counters[e] != NOT_MEASURED);
	assert_true(much->counters[e] - little->counters[e] >= least);
	assert_true(much->counters[e] > little->counters[e]);
}

static void this_machine_counts_what_it_says(void **state)
{
	PGO_AUTO(counters_plan) plan = COUNTERS_PLAN_INIT;
	PGO_AUTO_FREE char *mem = xmalloc(TOUCHED_SIZE);
	struct run_metrics little, much;

	(void)state;
	assert_int_equal(counters_probe(&counters_system, "", &plan, NULL), 0);
	assert_int_equal(pthread_atfork(NULL, NULL, touch), 0);
	madvise(mem, TOUCHED_SIZE, MADV_NOHUGEPAGE);
	memset(mem, 1, TOUCHED_SIZE);
	touched = mem;
	little = run_here(&plan, ":");
	touched = NULL;
	/* Several processes, below one another: all of them count. */
	much = run_here(&plan,
			"i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; "
			"for i in 1 2 3; do (sleep 0.01; head -c 1m /dev/zero | "
			"tail -c 1m >/dev/null) & done; wait");
	check_here(&plan, COUNTER_TASK_CLOCK, 1000000, &little, &much);
	check_here(&plan, COUNTER_PAGE_FAULTS, 200, &little, &much);
	check_here(&plan, COUNTER_CONTEXT_SWITCHES, 3, &little, &much);
	check_here(&plan, COUNTER_INSTRUCTIONS, 1000000, &little, &much);
	check_here(&plan, COUNTER_CYCLES, 1, &little, &much);
	if (have(&plan, COUNTER_PAGE_FAULTS)) /* the 16,000 before exec are not in it */
		assert_true(little.counters[COUNTER_PAGE_FAULTS] < 2000);
}

int main(void)
{
#define with_machine(test) cmocka_unit_test_setup_teardown(test, new_machine, drop_machine)
	const struct CMUnitTest tests[] = {
		with_machine(a_whole_machine_counts_group_by_group),
		with_machine(the_processes_of_a_unit_add_up),
		with_machine(paranoid_4_counts_nothing_and_says_so),
		with_machine(paranoid_2_counts_the_programs_own),
		with_machine(a_refusal_for_another_reason_is_told),
		with_machine(software_alone),
		with_machine(single_events_that_are_not_there_are_left_out),
		with_machine(an_event_that_opens_and_counts_zero_is_none),
		with_machine(what_does_not_fit_is_divided),
		with_machine(no_counter_is_free),
		with_machine(shared_counters_are_discarded),
		with_machine(sharing_is_noticed_by_the_probe),
		with_machine(one_lost_process_loses_the_unit),
		with_machine(what_cannot_be_opened_or_read_is_not_measured),
		with_machine(arming_twice_leaks_nothing),
		with_machine(what_cannot_be_left_out_is_taken_in),
		with_machine(both_kinds_of_core_are_counted),
		with_machine(nothing_to_read_about_the_machine),
		cmocka_unit_test(this_machine_counts_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
