/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that a validation saw, in the order in which it happened: what the
 * verdict is computed from, live and on replay. In memory and as JSON lines:
 * a head, a line a pair, docs/evidence.md.
 */
#ifndef PGO_CORE_EVIDENCE_H
#define PGO_CORE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "pgo/base/err.h"
#include "pgo/base/mem.h"
#include "pgo/core/json.h"

enum metric { METRIC_CPU, METRIC_ACTIVE, METRIC_WALL, NR_METRICS };
const char *metric_name(enum metric m); /* "cpu" "active" "wall" */

/* Hardware and software events; which of them a machine has is found by counting. */
enum counter {
	COUNTER_CYCLES,
	COUNTER_INSTRUCTIONS,
	COUNTER_BRANCHES,
	COUNTER_BRANCH_MISSES,
	COUNTER_L1I_MISSES,
	COUNTER_ITLB_MISSES,
	COUNTER_STALLED_FRONTEND,
	COUNTER_LLC_MISSES,
	COUNTER_DTLB_MISSES,
	COUNTER_TASK_CLOCK,
	COUNTER_PAGE_FAULTS,
	COUNTER_CONTEXT_SWITCHES,
	COUNTER_MIGRATIONS,
	NR_COUNTERS,
};
const char *counter_name(enum counter c); /* perf's name: "branch-misses" */

/* A field that was not measured is NOT_MEASURED, never zero. */
#define NOT_MEASURED UINT64_MAX
/* Of a limit: it is known that none is set. */
#define EVIDENCE_NO_LIMIT (UINT64_MAX - 1)

/* Of one run: all processes of the unit together. Times in ns. */
struct run_metrics {
	uint64_t wall_ns, cpu_ns;
	uint64_t user_ns, sys_ns; /* cpu_ns is their sum */
	uint64_t run_delay_ns;	  /* of the main thread: runnable, not running */
	uint64_t max_rss_bytes, minor_faults, major_faults, vol_switches, invol_switches;
	uint64_t read_bytes, written_bytes; /* from and for disks */
	uint64_t disk_wait_ns;		    /* of the main thread */
	/* From here to the counters of the machine, or of the control group, during the run. */
	uint64_t throttled_ns;			 /* by the cgroup's quota */
	uint64_t nr_throttled;			 /* periods in which that was */
	uint64_t steal_ns;			 /* of all processors */
	uint64_t busy_ns;			 /* of all processors, by all tasks */
	uint64_t pressure_ns;			 /* some task waited for a processor */
	uint64_t memory_some_ns, memory_full_ns; /* some task, all tasks waited for memory */
	uint64_t io_some_ns, io_full_ns;	 /* for disks */
	uint64_t memory_limit_hits;		 /* times that a limit of memory held it back */
	uint64_t oom_kills;			 /* processes ended for want of memory */
	uint64_t counters[NR_COUNTERS];
	char output[65]; /* SHA-256 of what is compared; "" when nothing is */
};
#define RUN_METRICS_INIT run_metrics_none()
struct run_metrics run_metrics_none(void); /* all NOT_MEASURED */
/* As in the evidence: an object, null for what was not measured. */
json_t *run_metrics_json(const struct run_metrics *m);
/* The reverse, of an object of this version; false, and *ret undefined, when it is none. */
bool run_metrics_take(const json_t *o, struct run_metrics *ret);
/* A limit: null, "none" or a number. */
json_t *evidence_limit_json(uint64_t limit);
bool evidence_take_limit(const json_t *o, const char *key, uint64_t *ret); /* false: neither */

/* Why a pair does not count: events of the environment only, fixed before any data. */
enum invalid {
	VALID,
	INVALID_THROTTLED,
	INVALID_STEAL,
	INVALID_SUSPENDED,
	INVALID_HOTPLUG,
	NR_INVALID,
};
const char *invalid_name(enum invalid why);

/* AA: the baseline against its copy; LAYOUT: against itself in another layout. */
enum pair_kind { PAIR_AB, PAIR_AA, PAIR_LAYOUT };
const char *pair_kind_name(enum pair_kind k); /* "ab" "aa" "layout" */

/*
 * A unit is one pair; or two, ABBA or BAAB, where runs disturb each other: they follow at once,
 * their coins are opposite, and they count as one, by the mean of their log ratios.
 */
enum pair_part { PART_WHOLE, PART_FIRST, PART_SECOND };

struct ab_pair {
	size_t workload; /* index */
	enum pair_kind kind;
	enum pair_part part;
	unsigned round;		/* from 0; none without a pair */
	bool swapped;		/* the coin: run[1] went first */
	unsigned padding_bytes; /* of the environment, the same for both */
	uint64_t processor;	/* where both began; NOT_MEASURED: anywhere */
	unsigned layout; /* of both sides, of a LAYOUT pair the second's; 0: as it was built */
	enum invalid invalid;
	struct run_metrics run[2]; /* [0] baseline, [1] candidate or the copy */
};

struct ab_workload_info {
	char *name;
	double weight;
	enum metric metric; /* fixed before any A/B data */
	unsigned times;	    /* processes a unit */
	bool held_out;
	bool output_compared;
	char output[65];  /* the baseline's, from the warm-up */
	uint64_t unit_ns; /* wall time of a baseline unit in the warm-up */
};

enum gate { GATE_NO_REGRESSION, GATE_PROVE_NOT_SLOWER, GATE_PROVE_FASTER };
const char *gate_name(enum gate g);

/* Whom the claim is about: these very binaries, or what the build makes, whatever its layout. */
enum estimand { ESTIMAND_BINARY, ESTIMAND_BUILD };
const char *estimand_name(enum estimand e); /* "binary" "build" */

/* Links of the same code. All zero: one layout a side, as it was built. */
struct evidence_layouts {
	enum estimand estimand;
	unsigned nr;	  /* of each side, with ESTIMAND_BUILD: at least 2; else 0 */
	unsigned floor;	  /* of the baseline, compared with itself: at least 2, or 0 */
	uint64_t link_ns; /* what making one layout of all sides took */
};
#define EVIDENCE_MAX_LAYOUTS 64u

/* What was fixed before the first pair. */
struct evidence_head {
	uint64_t seed;
	unsigned n_max;
	double alpha; /* one-sided */
	double margin, min_effect;
	double inject; /* the candidate also spun for this part of its time, as a test */
	enum gate gate;
	char *a, *b; /* what the sides are: commands, or stage names */
	char *machine, *kernel;
	char *commit; /* of the project, or NULL */
	/* Of the control groups: thousandths of a processor, bytes; or EVIDENCE_NO_LIMIT. */
	uint64_t cpu_limit, memory_limit;
	struct evidence_layouts layouts;
};

struct evidence {
	struct evidence_head head;
	struct ab_workload_info *workloads;
	size_t nr_workloads;
	struct ab_pair *pairs; /* in the order of time */
	size_t nr_pairs, alloc_pairs;
	size_t left_out_bytes; /* read from a file: of a last line without its newline */
};
#define EVIDENCE_INIT { 0 }
void evidence_release(struct evidence *e);
PGO_DEFINE_AUTO(evidence, evidence_release)
void evidence_add(struct evidence *e, const struct ab_pair *pair);
/*
 * Seconds of the workload's metric, at least a nanosecond. ACTIVE is the wall
 * time where the delay was not measured.
 * Shapes: wall_ns was measured; so was cpu_ns where the metric is CPU.
 */
double evidence_metric(const struct evidence *e, size_t workload, const struct run_metrics *m);

/* Whether more than one layout is in it. */
bool evidence_has_layouts(const struct evidence *e);

/* The lines, without their newlines; read back they give the same bits. */
json_t *evidence_head_json(const struct evidence *e);
json_t *evidence_pair_json(const struct evidence *e, const struct ab_pair *p);
/*
 * Read a file, of this version or an older one, in which what came later is not
 * measured. A last line without its newline (a killed run) is left out, with
 * a warning. Strict: every field is there, none is unknown, each is in its
 * range. -PGO_EFORMAT with the line's number and offset; -PGO_EVERSION.
 */
#define EVIDENCE_VERSION 5
#define EVIDENCE_MAX_LINE (4u << 20)	/* bytes */
#define EVIDENCE_MAX_WEIGHT 1e9		/* so that no sum of weighted ratios overflows */
int evidence_read(const char *path, struct evidence *ret, struct pgo_err *err);
/* The same from memory, and no warning; path is for messages. */
int evidence_parse(const char *path, const char *text, size_t len, struct evidence *ret,
		   struct pgo_err *err);

#endif
