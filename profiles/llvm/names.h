/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a raw profile, which are stored beside its functions and found by their hash. */
#ifndef PGO_PROFILES_LLVM_NAMES_H
#define PGO_PROFILES_LLVM_NAMES_H

#include "pgo/base/arena.h"
#include "profiles/llvm/raw.h"

struct llvm_name {
	uint64_t hash;
	const char *name; /* in the arena or the file, not terminated */
	size_t len;
};

struct llvm_names {
	struct arena arena;
	struct llvm_name *names; /* by hash */
	size_t nr, alloc;
};
#define LLVM_NAMES_INIT { .arena = ARENA_INIT }

/* The first 8 bytes of MD5 (RFC 1321), little endian: how LLVM refers to a name. */
uint64_t llvm_name_hash(const void *name, size_t len);

/*
 * Unpack the names of a checked raw profile, whose bytes stay valid as long as
 * out. -PGO_EFORMAT, with the offset, for what does not unpack to the size that
 * it claims, and for an empty name. Source: collectGlobalObjectNameStrings of
 * LLVM; tables are packed with zlib.
 */
int llvm_names_read(const struct llvm_raw *raw, const char *path, struct llvm_names *out,
		    struct pgo_err *err);
const struct llvm_name *llvm_names_find(const struct llvm_names *names, uint64_t hash);
void llvm_names_release(struct llvm_names *names);
PGO_DEFINE_AUTO(llvm_names, llvm_names_release)

#endif
