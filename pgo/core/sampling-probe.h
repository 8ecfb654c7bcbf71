/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine can sample: found by opening each event as it would be recorded. */
#ifndef PGO_CORE_SAMPLING_PROBE_H
#define PGO_CORE_SAMPLING_PROBE_H

#include "drivers/collector.h"
#include "pgo/core/counters.h"

struct sampling_machine {
	struct collect_facts facts; /* its strings are those below */
	char *tool;		    /* the collector's program, absolute; NULL: there is none */
	char *version, *trouble, *kernel;
};
#define SAMPLING_MACHINE_INIT { 0 }
void sampling_machine_release(struct sampling_machine *m);
PGO_DEFINE_AUTO(sampling_machine, sampling_machine_release)

/*
 * Fill the empty *ret: files are read below root, "" is this machine's; events are opened by ops
 * on this process, and on pid unless it is 0. Never fails: what cannot be found out is unknown.
 */
void sampling_probe(const struct counters_ops *ops, const char *root,
		    const struct collector *collector, pid_t pid, struct sampling_machine *ret);
/* Find the program on PATH and ask its version; -PGO_ECANCELLED. */
int sampling_find_tool(const struct collector *collector, struct sampling_machine *m,
		       struct pgo_err *err);

#endif
