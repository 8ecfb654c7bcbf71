/* SPDX-License-Identifier: Apache-2.0 */
/* A build's complaints of its profile, each function once, with its share of the counts. */
#ifndef PGO_CORE_LOSSES_H
#define PGO_CORE_LOSSES_H

#include "pgo/core/stage.h"

struct loss {
	char *function, *file;	   /* file NULL: not told */
	enum profile_warning kind; /* PROFILE_WARN_MISMATCH: its counts are lost */
	double share;		   /* of all of the profile's counts; NAN: not known */
};

struct losses {
	struct loss *v; /* the largest share first, then by name; those not known last */
	size_t nr, alloc;
	size_t nr_lost, nr_unknown; /* of kind mismatch: all, and those whose share is not known */
	double share;		    /* of those that are known */
};
#define LOSSES_INIT { 0 }
void losses_release(struct losses *l);
PGO_DEFINE_AUTO(losses, losses_release)

/*
 * Read what the build of s said of the profile at path, as its compiler got it. The functions of
 * GCC's profiles are known by the instrumented stage, where that is still there. Empty where
 * the build said nothing.
 */
int losses_read(const struct project *p, const struct stage *s, const char *path,
		struct losses *ret, struct pgo_err *err);

#endif
