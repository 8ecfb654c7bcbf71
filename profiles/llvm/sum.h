/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many raw profiles of few binaries, added up as arrays of counters: no record
 * is made before the end, and memory is that of the binaries' profiles, however
 * many files there are.
 */
#ifndef PGO_PROFILES_LLVM_SUM_H
#define PGO_PROFILES_LLVM_SUM_H

#include "pgo/base/arena.h"
#include "profiles/llvm.h"
#include "profiles/llvm/shim.h"

struct llvm_groups;
struct llvm_total;

/* What a merge of the same files, one after the other, would hold. */
struct llvm_sum {
	struct shim_batch batch;
	struct arena arena;
	struct llvm_groups *groups;
	struct llvm_total *totals; /* by group */
	size_t nr_totals;
	size_t nr_binaries; /* that left the files */
	/* Merged into what was there before, the order of merges may be in the result: of
	 * values that a site has twice, and of more than 255 in one. */
	bool has_values;
	size_t unfit; /* after a failure: the first input that is unfit; SIZE_MAX: all together */
};
#define LLVM_SUM_INIT { .arena = ARENA_INIT }

/*
 * Add up nr inputs with at most that many threads (0: one a processor). The
 * result does not depend on their number: it is what InstrProfWriter of LLVM 14,
 * 19 and 22 makes of the files in their order.
 * False, with out->unfit set, for whatever this way does not take: any form but
 * raw profiles of 64 bits, this byte order and version 8 or later, without
 * traces and virtual tables; corrupt or unreadable files; counters near their
 * limit; values of which LLVM's order of sorting would be seen in the result.
 */
bool llvm_sum_files(const struct llvm_input *inputs, size_t nr, unsigned threads,
		    struct llvm_sum *out);
void llvm_sum_release(struct llvm_sum *s);
PGO_DEFINE_AUTO(llvm_sum, llvm_sum_release)

#endif
