/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two profiles have in common, and which functions changed. A pure
 * function of two models.
 * Source: the definitions of "llvm-profdata overlap" and "overlap --sample" of
 * LLVM 22 (InstrProfRecord::overlap, SampleOverlapAggregator), where a is the
 * base profile and b the test profile.
 */
#ifndef PGO_PROFILES_DIFF_H
#define PGO_PROFILES_DIFF_H

#include "pgo/base/err.h"
#include "profiles/profile.h"

enum prof_change {
	PROF_SAME,    /* same share of the profile, same shares inside */
	PROF_MOVED,   /* other shares */
	PROF_GAINED,  /* has counts in b only */
	PROF_LOST,    /* has counts in a only */
	PROF_CHANGED, /* of the same name, but other code: hash or number of counters */
	PROF_NR_CHANGES,
};
const char *prof_change_name(enum prof_change change);

/* One function. Shares are of all counts of its profile. */
struct prof_diff_func {
	const char *name;
	const struct prof_func *a, *b; /* NULL: not there */
	enum prof_change change;
	double share_a, share_b;
	double overlap; /* of its counts by themselves: sum of min(share in a's, share in b's) */
};

/* Pointers into both profiles, which must live as long. All shares are fractions. */
struct prof_diff {
	/* The profiles are of kinds whose counts are not in the same places: only functions'
	 * shares are compared. */
	bool by_function;
	bool samples;		  /* the two of samples below are meaningful */
	double overlap;		  /* sum of min(share in a, share in b) of matched counts */
	double sample_overlap;	  /* sum of min(count in a, in b) by the sum of max */
	double sample_similarity; /* "whole program profile similarity" */
	double changed;		  /* share of b's counts in functions that are other code in a */
	double only_a, only_b;	  /* share of the counts in functions that the other has not */
	bool has_values[PROF_NR_VALUE_KINDS]; /* a and b both have counts of the kind */
	double value_overlap[PROF_NR_VALUE_KINDS];
	size_t nr[PROF_NR_CHANGES];   /* functions of each */
	struct prof_diff_func *funcs; /* largest change of share first, then by name */
	size_t nr_funcs;
};
#define PROF_DIFF_INIT { 0 }
void prof_diff_release(struct prof_diff *d);
PGO_DEFINE_AUTO(prof_diff, prof_diff_release)

/*
 * Compare. *ret is empty before. -PGO_EMISMATCH for kinds that cannot be
 * compared, even by function: .gcda files have no names.
 */
int profile_diff(const struct profile *a, const struct profile *b, struct prof_diff *ret,
		 struct pgo_err *err);
/* Whether any count, share or function differs beyond rounding. */
bool prof_diff_differs(const struct prof_diff *d);

#endif
