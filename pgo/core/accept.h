/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a new profile may take the place of the last good one. */
#ifndef PGO_CORE_ACCEPT_H
#define PGO_CORE_ACCEPT_H

#include "pgo/core/views.h"

/* What is still accepted; fractions. */
struct accept_limits {
	double functions; /* least, of the reference's functions with counts */
	double counts;	  /* least, of the reference's counts: in all, and of each workload */
	double hot;	  /* least, of the reference's hot functions by weight */
	double share;	  /* most that a workload's share of the counts may change */
	double lost;	  /* most of the raw profiles that may have been left out */
};
#define ACCEPT_LIMITS { .functions = 0.9, .counts = 0.5, .hot = 0.8, .share = 0.2, .lost = 0 }
/* The hot functions are the fewest that have this much of all counts. */
#define ACCEPT_HOT 0.9
/* With less of the reference's counts in functions that the profile knows it is another program. */
#define ACCEPT_SAME_PROGRAM 0.5

enum accept_check {
	ACCEPT_PROGRAM,	  /* the functions that the reference's counts are in are known */
	ACCEPT_INPUTS,	  /* raw profiles were read, not left out */
	ACCEPT_WORKLOADS, /* none is missing */
	ACCEPT_FUNCTIONS, /* with counts */
	ACCEPT_COUNTS,	  /* in all, and of each workload's run */
	ACCEPT_HOT_SET,
	ACCEPT_SHARES, /* of the workloads */
	ACCEPT_NR_CHECKS
};
const char *accept_check_name(enum accept_check check);

enum accept_answer { ACCEPT_YES, ACCEPT_NO, ACCEPT_UNKNOWN };

struct accept_finding {
	enum accept_check check;
	enum accept_answer answer;
	char *text;	/* what was found */
	double measure; /* the figure that was held against the limit; NAN: none */
	double limit;
};

/* Of one payload for one consumer. */
struct acceptance {
	const char *name; /* the payload's, in the views */
	struct accept_finding findings[ACCEPT_NR_CHECKS];
	bool accepted; /* no answer is no */
};
void acceptance_release(struct acceptance *a);
PGO_DEFINE_AUTO(acceptance, acceptance_release)

/* x, of views now, against its counterpart y of views before. */
void accept_judge(const struct profile_views *now, const struct profile_view *x,
		  const struct profile_views *before, const struct profile_view *y,
		  const struct accept_limits *limits, struct acceptance *ret);

#endif
