/* SPDX-License-Identifier: Apache-2.0 */
/* A raw profile's records, made sense of without LLVM. */
#ifndef PGO_PROFILES_LLVM_DECODE_H
#define PGO_PROFILES_LLVM_DECODE_H

#include "pgo/base/arena.h"
#include "profiles/llvm/guard.h"
#include "profiles/llvm/names.h"
#include "profiles/llvm/shim.h"

/* All profiles of one file, in their order. */
struct llvm_decoded {
	struct arena arena;
	struct shim_batch batch;
	struct shim_func *funcs;
	struct shim_bytes *ids;
	struct llvm_names *names; /* of each profile */
	size_t nr_alloc, ids_alloc, nr_names, names_alloc;
};
#define LLVM_DECODED_INIT { .arena = ARENA_INIT }

/*
 * Decode data, which llvm_guard passed and which stays valid as long as the empty
 * *out. Values that are addresses become name hashes; the names of virtual tables
 * are left out, as llvm-profdata leaves them out. -PGO_EFORMAT with offset:
 * names that do not unpack, a function without a name, a counter larger than any
 * process counts. Memory is bounded by a constant times len, but for names, which
 * zlib bounds at 1032 times.
 */
int llvm_decode(const struct llvm_form *form, const char *path, const void *data, size_t len,
		struct llvm_decoded *out, struct pgo_err *err);
void llvm_decoded_release(struct llvm_decoded *d);
PGO_DEFINE_AUTO(llvm_decoded, llvm_decoded_release)

#endif
