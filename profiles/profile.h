/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of an instrumentation profile that show, diff and check share:
 * functions with counters, whatever file they came from. It is a view for
 * understanding; merging works on the native form (llvm.h, gcda.h), so that
 * nothing is lost on the way to the compiler.
 */
#ifndef PGO_PROFILES_PROFILE_H
#define PGO_PROFILES_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/arena.h"

enum prof_kind {
	PROF_KIND_UNKNOWN,
	PROF_KIND_LLVM_IR,  /* -fprofile-generate */
	PROF_KIND_LLVM_FE,  /* -fprofile-instr-generate */
	PROF_KIND_LLVM_CS,  /* IR with a context-sensitive part */
	PROF_KIND_GCC_ARCS, /* .gcda */
};

/*
 * One function. name: LLVM's PGO name, or "object:ident" for GCC, where names are not in the
 * file.
 */
struct prof_func {
	const char *name; /* in the profile's arena */
	uint64_t hash;	  /* LLVM: function hash; GCC: cfg_checksum << 32 | lineno_checksum */
	uint64_t *counts; /* nr_counts, saturated at UINT64_MAX */
	size_t nr_counts;
	uint64_t sum;	/* of counts, saturated */
	uint64_t max;	/* largest of counts */
	uint64_t entry; /* counts[0] for LLVM IR; 0 where not known */
	uint32_t nr_value_sites;
	uint64_t value_total; /* of all value profiling counts */
	bool cs;	      /* of the context-sensitive part */
};

struct profile {
	struct arena arena;
	enum prof_kind kind;
	uint64_t version; /* the file format's own */
	struct prof_func *funcs;
	size_t nr_funcs, alloc_funcs;
	uint64_t total; /* of all counters, saturated */
	uint64_t max_count;
	uint64_t nr_counters;
	uint64_t nr_saturated; /* counters that stand at their limit */
};
#define PROFILE_INIT { .arena = ARENA_INIT }

void profile_release(struct profile *p);
PGO_DEFINE_AUTO(profile, profile_release)
/* A new zeroed function at the end; valid until the next call. */
struct prof_func *profile_add(struct profile *p);
/* Compute sums of every function and of the profile; called once by a reader at its end. */
void profile_finish(struct profile *p);
const char *prof_kind_name(enum prof_kind kind);

#endif
