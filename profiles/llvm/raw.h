/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw profiles: what the runtime writes at the end of a process, versions 5 to
 * 11, of 32 and 64 bits and of either byte order. Source:
 * llvm/ProfileData/InstrProfData.inc of LLVM 14, 19 and 22; the older and newer
 * versions differ from these as struct llvm_raw_layout tells.
 */
#ifndef PGO_PROFILES_LLVM_RAW_H
#define PGO_PROFILES_LLVM_RAW_H

#include "profiles/llvm/guard.h"

#define LLVM_RAW_OLDEST 5
#define LLVM_RAW_NEWEST 11
#define LLVM_RAW_MAX_HEADER_BYTES 152
#define LLVM_NR_VALUE_KINDS 3 /* calls, sizes of memory, virtual tables (version 10 on) */

/* A counter of a process is never larger; LLVM 17 and later warn from it on. */
#define LLVM_RAW_MAX_COUNT (1ULL << 56)

/* Where things are: bytes, and offsets within a function's record. 0: not there. */
struct llvm_raw_layout {
	uint64_t version;
	bool swap;
	bool relative; /* version 8 on: places of counters are relative to the record */
	unsigned header_bytes, names_delta; /* the latter: offset in the header */
	unsigned pointer_bytes, record_bytes, nr_kinds;
	unsigned counters, bitmap, address, values, nr_counters, nr_sites, bitmap_bytes;
};

/* One profile of a file, all sizes checked; pointers are into the file's bytes. */
struct llvm_raw {
	struct llvm_raw_layout layout;
	uint64_t variant;
	unsigned counter_bytes; /* 8, or 1 for byte coverage */
	uint64_t ids_bytes, nr_data, nr_counters, bitmap_bytes, names_bytes;
	uint64_t nr_vtables, vtable_names_bytes, counters_delta, bitmap_delta;
	const uint8_t *start, *ids, *data, *counters, *bitmap, *names, *vtables;
	const uint8_t *values, *end; /* the values of all functions; behind them */
	uint64_t offset;	     /* of start in the file */
};

/* One function's record. counters and bitmap are offsets in their sections. */
struct llvm_raw_func {
	uint64_t name_ref, hash, address, counters, bitmap;
	uint32_t nr_counters, bitmap_bytes;
	uint16_t nr_sites[LLVM_NR_VALUE_KINDS];
};

static inline bool llvm_raw_known(uint64_t version)
{
	return version >= LLVM_RAW_OLDEST && version <= LLVM_RAW_NEWEST;
}

/* version must be a known one, or 0 for a head that is cut off. */
void llvm_raw_layout(uint64_t version, bool narrow, bool swap, struct llvm_raw_layout *out);

/*
 * The profile at c, whole and checked; c is left behind it and the zeros that
 * follow, or bad. Counters are within their section and no larger together than
 * the file is long, so that what is made of them is bounded by it.
 */
void llvm_raw_next(struct cursor *c, const struct llvm_raw_layout *layout, struct llvm_raw *out);

/* Record i < nr_data of a checked profile. */
void llvm_raw_func(const struct llvm_raw *raw, uint64_t i, struct llvm_raw_func *out);

/* Tables of names until the end: none may claim to be larger than it can be. c is bad else. */
void llvm_raw_check_names(struct cursor *c);

uint64_t llvm_raw_u64(const struct llvm_raw_layout *l, const uint8_t *p);
uint32_t llvm_raw_u32(const struct llvm_raw_layout *l, const uint8_t *p);
uint64_t llvm_raw_pointer(const struct llvm_raw_layout *l, const uint8_t *p);

static inline bool llvm_raw_has_sites(const struct llvm_raw_func *f)
{
	return f->nr_sites[0] | f->nr_sites[1] | f->nr_sites[2];
}

#endif
