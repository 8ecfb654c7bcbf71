/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as the user gives it, a bundle or a bare native one, read for looking at. */
#ifndef PGO_CORE_VIEWS_H
#define PGO_CORE_VIEWS_H

#include "pgo/core/bundle.h"
#include "profiles/profile.h"

struct profile_view {
	char *name;	    /* the payload's path in the bundle; of a bare profile its path */
	const char *format; /* "llvm-indexed" */
	struct profile model;
};

struct profile_views {
	bool is_bundle;
	struct bundle bundle; /* with is_bundle */
	struct profile_view *items;
	size_t nr;
};
#define PROFILE_VIEWS_INIT { .bundle = BUNDLE_INIT }
void profile_views_release(struct profile_views *v);
PGO_DEFINE_AUTO(profile_views, profile_views_release)

/*
 * Read path, which may be a name of the store, into the empty *ret: each payload of a bundle, or
 * the one profile. llvm_major as in struct prof_read_opts. Returns as store_locate, bundle_read and
 * prof_read.
 */
int profile_views_open(const char *path, unsigned llvm_major, struct profile_views *ret,
		       struct pgo_err *err);

/* The profile of v for the same consumer as x, or NULL. */
const struct profile_view *
profile_views_counterpart(const struct profile_views *v, const struct profile_view *x);

#endif
