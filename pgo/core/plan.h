/* SPDX-License-Identifier: Apache-2.0 */
/* What would be done, step by step, with every command: filled instead of acting under -n. */
#ifndef PGO_CORE_PLAN_H
#define PGO_CORE_PLAN_H

#include "pgo/base/strvec.h"

struct plan_step {
	char *name;		/* "build baseline" */
	bool done;		/* its inputs are those of the last time */
	struct strvec commands; /* ready to be read by a person */
};

struct plan {
	struct plan_step *steps;
	size_t nr, alloc;
};
#define PLAN_INIT { 0 }

void plan_release(struct plan *p);
PGO_DEFINE_AUTO(plan, plan_release)
/* A new step at the end; valid until the next call. */
struct plan_step *plan_add(struct plan *p, bool done, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
