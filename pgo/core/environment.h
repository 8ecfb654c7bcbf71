/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine did to a run from outside: throttling, steal, pressure,
 * suspend, processors that came and went, frequency caps. Two snapshots, their
 * difference, and whether it makes the run invalid. And what the machine is.
 */
#ifndef PGO_CORE_ENVIRONMENT_H
#define PGO_CORE_ENVIRONMENT_H

#include "pgo/core/evidence.h"

struct environment_file;

/* Files held open, so that a snapshot only reads. */
struct environment {
	struct environment_file *files;
	size_t nr_files, alloc_files;
	bool cgroup_known; /* the limits of this process are visible, be there some or none */
	bool memory_known; /* the same of memory */
	bool has_io, has_disk_wait; /* the kernel accounts bytes, and waiting, of each process */
	uint64_t cpu_limit, memory_limit; /* as in struct evidence_head */
};
#define ENVIRONMENT_INIT { 0 }
/*
 * root is put before "/proc" and "/sys"; "" is this machine's. What is not there
 * is not measured; nothing is an error. The quotas of cgroups (version 1, 2 or
 * both) are looked for here: one that is set later goes unnoticed.
 */
void environment_open(struct environment *env, const char *root);
void environment_release(struct environment *env);
PGO_DEFINE_AUTO(environment, environment_release)

/* Counters since boot, NOT_MEASURED each where they are not to be had. */
struct environment_snapshot {
	uint64_t throttled_ns, nr_throttled; /* of all cgroups from this process's upwards */
	uint64_t steal_ns;    /* of all processors, in ticks of environment_tick_ns() */
	uint64_t busy_ns;     /* of all processors, by all tasks; in ticks, too */
	uint64_t pressure_ns; /* some task waited for a processor */
	/* For memory and for disks: in the control group where that tells, else in the machine. */
	uint64_t memory_some_ns, memory_full_ns, io_some_ns, io_full_ns;
	uint64_t memory_limit_hits, oom_kills; /* of all cgroups that limit memory */
	uint64_t asleep_ns;		       /* CLOCK_BOOTTIME - CLOCK_MONOTONIC */
	uint64_t online, caps; /* hashes: the processors online; their frequency caps */
};
void environment_take(const struct environment *env, struct environment_snapshot *ret);

/* What came between two snapshots. A counter that ran backwards is NOT_MEASURED. */
struct environment_diff {
	uint64_t throttled_ns, nr_throttled, steal_ns, busy_ns, pressure_ns;
	uint64_t memory_some_ns, memory_full_ns, io_some_ns, io_full_ns;
	uint64_t memory_limit_hits, oom_kills;
	bool suspended, hotplug, recapped;
};
#define ENVIRONMENT_DIFF_INIT { NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, \
				NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, \
				NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, false, false, \
				false }
struct environment_diff environment_diff(const struct environment_snapshot *before,
					 const struct environment_snapshot *after);
uint64_t environment_tick_ns(void);

/*
 * Whether a run of wall_ns, which used cpu_ns, counts. Suspended before hot-plug
 * and caps, these before throttled, this before steal. The clocks that time a run
 * are CLOCK_MONOTONIC: a step of the time of day is no event.
 *
 * Steal: more than 5 % of the processor time that the run asked for, which is
 * max(wall_ns, cpu_ns). Not of wall x processors: steal comes up only where there
 * is work, so on a machine of 64 a single thread that loses half of its processor
 * would stay at 0.8 %. Not of wall alone: sixteen threads that lose 0.5 % each
 * would be at 8 %. The kernel tells it in ticks (10 ms) and a tick may have been
 * due for almost nothing, so one tick less than was seen is taken for certain.
 */
enum invalid environment_verdict(const struct environment_diff *diff, uint64_t wall_ns,
				 uint64_t cpu_ns);

/* What m has of the machine and of the control group. */
void environment_store(const struct environment_diff *diff, struct run_metrics *m);

/* The content of the file root/path without the blanks at its end; NULL when there is none. */
char *environment_content(const char *root, const char *path);
/* From lines "key<blanks>: value", the first that has the key; NULL when none has. malloc'ed. */
char *environment_value(const char *text, const char *key);

/* What a number was measured on; each owned and never NULL: "unknown" where nothing tells it. */
struct environment_text {
	char *machine;	   /* "AMD EPYC, 2 processors, virtual" */
	char *kernel;	   /* "Linux 6.1.0-13-amd64" */
	char *governor;	   /* "performance"; "powersave schedutil" when they differ */
	char *turbo;	   /* "on" "off" */
	char *smt;	   /* "on" "off" */
	char *aslr;	   /* "on" "off" "partial" */
	char *thp;	   /* transparent huge pages: "always" "madvise" "never" */
	char *clocksource; /* "tsc" */
};
#define ENVIRONMENT_TEXT_INIT { 0 }
void environment_describe(const char *root, struct environment_text *ret);
void environment_text_release(struct environment_text *t);
PGO_DEFINE_AUTO(environment_text, environment_text_release)

#endif
