/* SPDX-License-Identifier: Apache-2.0 */
/* What the addresses among a raw profile's values are: functions and virtual tables. */
#ifndef PGO_PROFILES_LLVM_TARGETS_H
#define PGO_PROFILES_LLVM_TARGETS_H

#include "profiles/llvm/raw.h"

struct llvm_vtable {
	uint64_t start, end, hash;
};

struct llvm_targets {
	uint64_t *slots;	     /* pairs of address and name hash; an address of 0 is free */
	size_t nr_slots;	     /* pairs: a power of 2 */
	struct llvm_vtable *vtables; /* by start */
	size_t nr_vtables;
	bool ambiguous; /* two functions are at one address: which one counts is LLVM's sort's */
};
#define LLVM_TARGETS_INIT { 0 }

void llvm_targets_make(const struct llvm_raw *raw, struct llvm_targets *out);
/*
 * The name hash that a profiled value of a kind stands for: 0 for an address
 * that is of nothing profiled; a size is itself.
 */
uint64_t llvm_target_of(const struct llvm_targets *t, unsigned kind, uint64_t value);
void llvm_targets_release(struct llvm_targets *t);
PGO_DEFINE_AUTO(llvm_targets, llvm_targets_release)

#endif
