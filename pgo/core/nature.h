/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of program a workload is, as its warm-up shows it: what it is to be measured by. */
#ifndef PGO_CORE_NATURE_H
#define PGO_CORE_NATURE_H

#include "pgo/core/measure.h"

struct nature {
	double share; /* the largest of processor time in the time that it could have run */
	bool lone;    /* the main thread did it all: its delay is the whole's */
	bool settled; /* nothing was read from the disk any more */
};
#define NATURE_INIT { 0, true, false }
void nature_observe(struct nature *n, const struct measured *m);
enum metric nature_metric(const struct nature *n);
/* Say what it is measured by, and why, where that is not CPU time. */
void nature_tell(const struct nature *n, const char *name);
/* Processes a unit, by one's time in the metric and on the wall. */
unsigned nature_times(uint64_t process_ns, uint64_t wall_ns);

#endif
