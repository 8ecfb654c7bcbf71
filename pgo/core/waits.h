/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a workload's time is spent where PGO can help: on a processor. What waits for a disk,
 * for memory, for its share of a processor or for others is no faster for better code.
 */
#ifndef PGO_CORE_WAITS_H
#define PGO_CORE_WAITS_H

#include "pgo/base/strbuf.h"
#include "pgo/core/run-watch.h"

/* What a run waited for; OTHER: a timer, another program, the network, a lock, input. */
enum wait { WAIT_DISK, WAIT_MEMORY, WAIT_THROTTLED, WAIT_OTHER, NR_WAITS };
const char *wait_name(enum wait w); /* "disk" "memory" "throttled" "other" */

/*
 * A run that waited for more than this part of its time is worth a word: even a gain of a fifth
 * of the processor time, which is much for PGO, is then less than a tenth of the whole.
 */
#define WAITS_SHARE 0.5
/*
 * Of a shorter run the starting of processes and the first touch of their files are much of the
 * time, whatever the workload is.
 */
#define WAITS_LEAST_NS 100000000u

/* Fractions of time_ns; -1: not measured. Those of part add up to share. */
struct waits {
	uint64_t time_ns; /* wall time, but for what others kept it from running; 0: not known */
	double share;	  /* neither ran nor was kept from running; -1: not known, see why_not */
	double part[NR_WAITS]; /* WAIT_OTHER: the rest; has in it what is not measured */
	bool at_most;	       /* the part of the disk is of the whole machine: an upper bound */
	const char *why_not;   /* static, or NULL */
};
/* Shapes: one run of one process tree, or several one after the other. */
struct waits waits_of(const struct run_watch *w);
/* The most of them; share must be known. */
enum wait waits_largest(const struct waits *w);
/* Whether it is worth a word; append it then: "waited for the disk 70 % of its 3.1 s: ...". */
bool waits_tell(const struct waits *w, struct strbuf *out);
json_t *waits_json(const struct waits *w);

/* Of the workloads of a training or a validation, for who wants to know. */
struct waits_list {
	struct waited {
		const char *stage; /* "train", "train-bolt", "samples", "warm-up"; static */
		char *workload;
		unsigned run; /* from 0 */
		struct run_metrics metrics;
		uint64_t cpu_limit, memory_limit;
		uint64_t unsaved; /* processes that were killed or aborted, with their counts */
		bool judged;	  /* its waits are the workload's own */
		struct waits waits;
	} *v;
	size_t nr, alloc;
};
#define WAITS_LIST_INIT { 0 }
void waits_list_release(struct waits_list *l);
PGO_DEFINE_AUTO(waits_list, waits_list_release)
void waits_list_add(struct waits_list *l, const struct waited *w); /* copies */
json_t *waits_list_json(const struct waits_list *l);

#endif
