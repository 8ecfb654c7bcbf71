/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of a profile that show, diff and check share: functions with
 * counts, whatever file they came from. It is a view for
 * understanding; merging works on the native form (llvm.h, gcda.h), so that
 * nothing is lost on the way to the compiler.
 */
#ifndef PGO_PROFILES_PROFILE_H
#define PGO_PROFILES_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/arena.h"
#include "pgo/base/strbuf.h"

enum prof_kind {
	PROF_KIND_UNKNOWN,
	PROF_KIND_LLVM_IR,  /* -fprofile-generate */
	PROF_KIND_LLVM_FE,  /* -fprofile-instr-generate */
	PROF_KIND_LLVM_CS,  /* IR with a context-sensitive part */
	PROF_KIND_GCC_ARCS, /* .gcda */
	PROF_KIND_LLVM_SAMPLE,
	PROF_KIND_GCC_AFDO,
	PROF_KIND_BOLT_BRANCHES,
	PROF_KIND_BOLT_SAMPLES, /* without branches */
	PROF_NR_KINDS,
};

enum prof_value_kind { PROF_VALUE_CALL, PROF_VALUE_SIZE, PROF_VALUE_VTABLE, PROF_NR_VALUE_KINDS };

/* What was seen at a place: whom it called, with which size, of which class. */
struct prof_value {
	enum prof_value_kind kind;
	uint32_t site;	  /* instrumentation: its number in the kind; samples: index of the count */
	uint64_t value;	  /* instrumentation */
	const char *name; /* of what was called, or NULL */
	uint64_t count;
};

/* A call that was inlined: of name, at line.discriminator of up, or of the function itself. */
struct prof_inline {
	const struct prof_inline *up; /* NULL: none */
	unsigned depth;		      /* up's and 1 */
	uint32_t line, discriminator;
	const char *name;
};

/* Where a count is that is no instrumentation counter. */
struct prof_place {
	const struct prof_inline *inlined; /* the innermost call that it is in; NULL: none */
	uint64_t at; /* line from the function's first; BOLT: offset of the instruction */
	uint32_t discriminator; /* samples */
	bool memory;		/* BOLT: an access, not a branch */
	const char *target;	/* BOLT: symbol jumped to or accessed; NULL */
	uint64_t target_at;
	uint64_t mispredicted;
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
	/* nr_counts, by inlined, at, discriminator, memory, target; NULL: counters by number. */
	const struct prof_place *places;
	const struct prof_value *values; /* by kind, site, value or name */
	size_t nr_values;
	uint64_t sum;	/* of counts, saturated */
	uint64_t max;	/* largest of counts */
	uint64_t entry; /* LLVM IR: counts[0]; samples: the head's; BOLT: branches to its start */
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
/* A count and where it is, while a reader collects them. */
struct prof_count {
	size_t func; /* index */
	struct prof_place place;
	uint64_t count;
};
/* Give every function its places and counts out of all of a reader's, which are sorted here;
 * counts of one place are added up. Strings must live as long as the profile. */
void profile_set_counts(struct profile *p, struct prof_count *all, size_t nr);
/* Compute sums of every function and of the profile; called once by a reader at its end. */
void profile_finish(struct profile *p);
/*
 * Functions by the sum of their counts, largest first; name (or NULL) must be in
 * their names. *nr: how many are wanted, made how many there are. malloc'ed.
 */
const struct prof_func **profile_hottest(const struct profile *p, const char *name, size_t *nr);
const char *prof_kind_name(enum prof_kind kind);
/*
 * What stands behind the file in a function's name: of LLVM's "a.c;f", or "a.c:f" before 17, f;
 * of gcc's "object:ident" the number. The whole name where no file is in it.
 */
const char *prof_name_alone(const char *name, bool gcc);
const char *prof_value_kind_name(enum prof_value_kind kind);
/* Append "3.1 f, 7 g", outermost first. */
void prof_inline_add(struct strbuf *sb, const struct prof_inline *in);
/* Their order in a function; 0 for the same place. */
int prof_place_compare(const struct prof_place *a, const struct prof_place *b);

#endif
