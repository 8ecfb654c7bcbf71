/* SPDX-License-Identifier: Apache-2.0 */
/* The samples of one binary by its virtual addresses, for the writers. */
#ifndef PGO_PROFILES_SAMPLES_CODE_H
#define PGO_PROFILES_SAMPLES_CODE_H

#include "profiles/sample-images.h"
#include "profiles/samples-write.h"

/* Where a branch comes from that is from elsewhere: llvm-profgen's ExternalAddr. */
#define CODE_EXTERNAL 1

/* Something between two addresses, counted. */
struct code_pair {
	uint64_t a, b, end; /* end: of traces only */
	uint64_t count, mispredicted;
};
struct code_pairs {
	struct code_pair *v;
	size_t nr, alloc;
};
void code_pairs_release(struct code_pairs *p);
PGO_DEFINE_AUTO(code_pairs, code_pairs_release)
void code_pairs_add(struct code_pairs *p, struct code_pair add);
/* Sort, and make equals one. */
void code_pairs_fold(struct code_pairs *p);

/* The virtual address of loc; false when that is not in the binary. */
bool sample_target_vaddr(const struct sample_target *t, uint64_t loc, uint64_t *ret);
/* The same of what llvm-profgen disassembles. */
bool sample_target_code(const struct sample_target *t, uint64_t loc, uint64_t *ret);

/*
 * Append the branches into the binary's code, those from elsewhere as from CODE_EXTERNAL,
 * and the runs in it, both folded. *done gets the numbers of entries.
 */
void samples_code(const struct samples *s, const struct sample_target *target,
		  struct code_pairs *branches, struct code_pairs *ranges,
		  struct sample_written *done);

#endif
