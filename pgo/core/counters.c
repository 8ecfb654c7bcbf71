/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pgo/base/num.h"

static int system_open(struct perf_event_attr *attr, pid_t pid, int group)
{
	long fd = syscall(SYS_perf_event_open, attr, pid, -1, group, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static int system_read(int fd, struct counters_value *ret)
{
	ssize_t got = read(fd, ret, sizeof(*ret));

	if (got == (ssize_t)sizeof(*ret))
		return 0;
	return got < 0 ? -errno : -EIO;
}

static void system_close(int fd)
{
	close(fd);
}

const struct counters_ops counters_system = {
	.open = system_open,
	.read = system_read,
	.close = system_close,
};

#define CACHE_READ_MISS(cache) \
	((cache) | PERF_COUNT_HW_CACHE_OP_READ << 8 | PERF_COUNT_HW_CACHE_RESULT_MISS << 16)

static const struct {
	uint32_t type;
	uint64_t config;
} events[NR_COUNTERS] = {
	[COUNTER_CYCLES] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	[COUNTER_INSTRUCTIONS] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	[COUNTER_BRANCHES] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	[COUNTER_BRANCH_MISSES] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
	[COUNTER_L1I_MISSES] = { PERF_TYPE_HW_CACHE, CACHE_READ_MISS(PERF_COUNT_HW_CACHE_L1I) },
	[COUNTER_ITLB_MISSES] = { PERF_TYPE_HW_CACHE, CACHE_READ_MISS(PERF_COUNT_HW_CACHE_ITLB) },
	[COUNTER_STALLED_FRONTEND] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND },
	[COUNTER_LLC_MISSES] = { PERF_TYPE_HW_CACHE, CACHE_READ_MISS(PERF_COUNT_HW_CACHE_LL) },
	[COUNTER_DTLB_MISSES] = { PERF_TYPE_HW_CACHE, CACHE_READ_MISS(PERF_COUNT_HW_CACHE_DTLB) },
	[COUNTER_TASK_CLOCK] = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK },
	[COUNTER_PAGE_FAULTS] = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
	[COUNTER_CONTEXT_SWITCHES] = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
	[COUNTER_MIGRATIONS] = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
};

/* Where the kind of core stands in an event's number; linux/perf_event.h has it since 5.13. */
enum { PMU_SHIFT = 32 };

/*
 * Inherited by all processes of the run, each then read alone: older kernels do
 * not read a group as one when it is inherited.
 */
int counters_open(const struct counters_plan *plan, enum counter event, uint32_t pmu, pid_t pid,
		  int group)
{
	enum counters_filter filter = plan->filter[event];
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = events[event].type,
		.config = events[event].config | (uint64_t)pmu << PMU_SHIFT,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.disabled = 1,
		.enable_on_exec = 1,
		.inherit = 1,
		.exclude_kernel = filter != COUNTERS_ALL,
		.exclude_hv = filter == COUNTERS_USER,
	};

	return plan->ops->open(&attr, pid, group);
}

static int add_slot(struct counters *c, enum counter event, uint32_t pmu, pid_t pid, int group)
{
	int fd = counters_open(c->plan, event, pmu, pid, group);

	c->slots[c->nr_slots].event = event;
	c->slots[c->nr_slots].fd = fd;
	c->nr_slots++;
	return fd;
}

/* Without its leader no event of the group is opened: alone it would compete with the others. */
static void add_group(struct counters *c, const struct counters_group *g, uint32_t pmu, pid_t pid)
{
	int leader = -1;

	for (unsigned i = 0; i < g->nr; i++) {
		if (i == 0) {
			leader = add_slot(c, g->events[i], pmu, pid, -1);
		} else if (leader >= 0) {
			add_slot(c, g->events[i], pmu, pid, leader);
		} else {
			c->slots[c->nr_slots].event = g->events[i];
			c->slots[c->nr_slots++].fd = leader;
		}
	}
}

int counters_arm(pid_t pid, void *counters)
{
	struct counters *c = counters;
	const struct counters_plan *plan = c->plan;

	counters_release(c);
	for (unsigned i = 0; plan->nr_groups && i < plan->nr_pmus; i++)
		add_group(c, &plan->groups[c->group % plan->nr_groups], plan->pmus[i], pid);
	for (enum counter e = NR_HARDWARE_COUNTERS; e < NR_COUNTERS; e++)
		if (!plan->why_not[e])
			add_slot(c, e, 0, pid, -1);
	return 0;
}

void counters_release(struct counters *c)
{
	for (unsigned i = 0; i < c->nr_slots; i++)
		if (c->slots[i].fd >= 0)
			c->plan->ops->close(c->slots[i].fd);
	c->nr_slots = 0;
}

/*
 * On a hybrid processor an event runs on one kind of core at a time while it is
 * enabled on all: the times of running add up, those of being enabled do not.
 */
int counters_read(const struct counters *c, enum counter event, uint64_t *ret)
{
	struct counters_value all = { 0 }, v;

	for (unsigned i = 0; i < c->nr_slots; i++) {
		int fd = c->slots[i].fd, r;

		if (c->slots[i].event != event)
			continue;
		r = fd < 0 ? fd : c->plan->ops->read(fd, &v);
		if (r)
			return r;
		all.count = num_add_sat(all.count, v.count, NULL);
		all.running_ns = num_add_sat(all.running_ns, v.running_ns, NULL);
		if (v.enabled_ns > all.enabled_ns)
			all.enabled_ns = v.enabled_ns;
	}
	if (!all.running_ns)
		return -ENODATA;
	if ((double)all.running_ns < 0.9 * (double)all.enabled_ns)
		return -EBUSY;
	if (all.running_ns < all.enabled_ns)
		all.count = (uint64_t)((double)all.count * (double)all.enabled_ns /
				       (double)all.running_ns);
	*ret = all.count;
	return 0;
}

void counters_collect(struct counters *c)
{
	bool seen[NR_COUNTERS] = { false };

	for (unsigned i = 0; i < c->nr_slots; i++) {
		enum counter e = c->slots[i].event;
		uint64_t count;

		if (seen[e])
			continue;
		seen[e] = true;
		if (counters_read(c, e, &count)) {
			c->lost[e] = true;
			continue;
		}
		c->sum[e] = num_add_sat(c->sum[e], count, NULL);
		c->counted[e] = true;
	}
	counters_release(c);
}

void counters_store(const struct counters *c, struct run_metrics *m)
{
	for (enum counter e = 0; e < NR_COUNTERS; e++)
		m->counters[e] = c->counted[e] && !c->lost[e] ? c->sum[e] : NOT_MEASURED;
}
