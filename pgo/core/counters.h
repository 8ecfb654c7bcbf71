/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events counted by the processor and the kernel over a run, from exec to the
 * end, in all its processes (perf_event_open). What a machine has is found out
 * once, by counting; nothing is ever multiplexed: what does not fit together is
 * counted in different runs.
 */
#ifndef PGO_CORE_COUNTERS_H
#define PGO_CORE_COUNTERS_H

#include <sys/types.h>

#include "pgo/core/evidence.h"

struct perf_event_attr;

/* One reading. */
struct counters_value {
	uint64_t count, enabled_ns, running_ns;
};

/* The system's side; tests put a machine of their own here. */
struct counters_ops {
	/* A descriptor, or -errno. group: the leader's, or -1. Any processor, closed on exec. */
	int (*open)(struct perf_event_attr *attr, pid_t pid, int group);
	int (*read)(int fd, struct counters_value *ret); /* 0 or -errno */
	void (*close)(int fd);
};
extern const struct counters_ops counters_system;

#define NR_HARDWARE_COUNTERS COUNTER_TASK_CLOCK	/* the software's follow */
enum {
	COUNTERS_MAX_PMUS = 4, /* kinds of core: hybrid processors have two or three */
	COUNTERS_MAX_GROUP = 4,
	COUNTERS_MAX_GROUPS = NR_HARDWARE_COUNTERS, /* each brings at least one event */
	COUNTERS_MAX_SLOTS = COUNTERS_MAX_PMUS * COUNTERS_MAX_GROUP + NR_COUNTERS,
};

/* Events that the processor counts at the same time. */
struct counters_group {
	enum counter events[COUNTERS_MAX_GROUP];
	unsigned nr;
};

/* Whose part is in a count: what this machine and its permissions allow of what is wanted. */
enum counters_filter {
	COUNTERS_USER,
	COUNTERS_USER_HV, /* a hypervisor's, too: the processor cannot leave it out */
	COUNTERS_ALL,	  /* the kernel's, too */
};

/* What is counted on this machine. */
struct counters_plan {
	const struct counters_ops *ops;
	struct counters_group groups[COUNTERS_MAX_GROUPS]; /* of hardware events */
	unsigned nr_groups;
	uint32_t pmus[COUNTERS_MAX_PMUS]; /* perf's types of the kinds of core; 0: the only one */
	unsigned nr_pmus;
	enum counters_filter filter[NR_COUNTERS];
	char *why_not[NR_COUNTERS]; /* owned; NULL: it is counted */
};
#define COUNTERS_PLAN_INIT { 0 }
void counters_plan_release(struct counters_plan *plan);
PGO_DEFINE_AUTO(counters_plan, counters_plan_release)

/*
 * Find out what can be counted, by counting a few short processes. root is put
 * before "/proc" and "/sys", "" is this machine's. A machine that counts nothing
 * is no error: why_not then says "not supported by this machine",
 * "perf_event_paranoid is 4", "no permission", ... for each event. Fails only as
 * child_run() does.
 */
int counters_probe(const struct counters_ops *ops, const char *root, struct counters_plan *ret,
		   struct pgo_err *err);

/* The counts of a unit: one process after the other, each by counters_arm and counters_collect. */
struct counters {
	const struct counters_plan *plan;
	unsigned group; /* of plan->groups; taken modulo their number */
	struct {
		enum counter event;
		int fd; /* -errno: could not be opened */
	} slots[COUNTERS_MAX_SLOTS];
	unsigned nr_slots;
	uint64_t sum[NR_COUNTERS];
	bool counted[NR_COUNTERS], lost[NR_COUNTERS];
};
/* Both members of a pair take the same group; rotate by rounds, so that each workload gets all. */
#define COUNTERS_INIT(plan_, group_) { .plan = (plan_), .group = (group_) }
void counters_release(struct counters *c); /* closes what is open */
PGO_DEFINE_AUTO(counters, counters_release)

/* For struct child: armed = counters_arm, armed_arg = a struct counters. Never fails: an event that
 * cannot be opened now is not measured in this unit. */
int counters_arm(pid_t pid, void *counters);
/* Once the process has been reaped: read, add to the unit's sums and close. */
void counters_collect(struct counters *c);
/*
 * The sums of the unit into m->counters; NOT_MEASURED for an event of another
 * group, and for one that ran in any of the processes less than 90 % of its time
 * (another program took the counter) or never.
 */
void counters_store(const struct counters *c, struct run_metrics *m);

/* For counters_probe: a fresh event that begins at exec; a descriptor, or -errno. */
int counters_open(const struct counters_plan *plan, enum counter event, uint32_t pmu, pid_t pid,
		  int group);
/* And its reading, over all kinds of core: 0, -errno of open or read, -ENODATA when it never ran,
 * -EBUSY when it ran less than 90 % of its time. A count that ran less than all of it is scaled. */
int counters_read(const struct counters *c, enum counter event, uint64_t *ret);

#endif
