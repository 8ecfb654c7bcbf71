/* SPDX-License-Identifier: Apache-2.0 */
/* What each workload adds to a merged profile that the others do not have. */
#ifndef PGO_CORE_CONTRIBUTION_H
#define PGO_CORE_CONTRIBUTION_H

#include "pgo/base/arena.h"
#include "pgo/base/hashmap.h"
#include "profiles/profile.h"

/* Functions by name, and what each workload's own profile counted in them. */
struct contributions {
	struct arena names;
	struct hashmap functions; /* value: index into sums, by nr_workloads */
	double *sums;		  /* nr functions * nr_workloads */
	size_t nr_workloads, alloc;
};

struct contribution {
	uint64_t only; /* functions that have counts in this workload's profile alone */
	/* Overlap, by function, of the merged profile with what the others would merge to: 1 when
	 * it is not missed, 0 when there are no others. */
	double without;
};

void contributions_init(struct contributions *c, size_t nr_workloads);
void contributions_release(struct contributions *c);
/* Take in the i-th workload's own profile. */
void contributions_add(struct contributions *c, size_t i, const struct profile *p);
/* Of all: ret has nr_workloads elements, weights too. */
void contributions_finish(const struct contributions *c, const double *weights,
			  struct contribution *ret);

#endif
