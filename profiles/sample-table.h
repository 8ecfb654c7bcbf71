/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that samples are counted in: open addressing, one probe for most
 * entries, memory in proportion to what is distinct. A place in code is a
 * location: the number of its binary in the upper 16 bits, the offset in its
 * file in the lower 48. Location 0 is none.
 */
#ifndef PGO_PROFILES_SAMPLE_TABLE_H
#define PGO_PROFILES_SAMPLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/mem.h"

#define SAMPLE_OFFSET_BITS 48
#define SAMPLE_OFFSET_MASK ((UINT64_C(1) << SAMPLE_OFFSET_BITS) - 1)
#define SAMPLE_MAX_BINARIES 65536

static inline uint64_t sample_loc(uint32_t binary, uint64_t offset)
{
	return (uint64_t)binary << SAMPLE_OFFSET_BITS | (offset & SAMPLE_OFFSET_MASK);
}
static inline uint32_t sample_loc_binary(uint64_t loc)
{
	return (uint32_t)(loc >> SAMPLE_OFFSET_BITS);
}
static inline uint64_t sample_loc_offset(uint64_t loc)
{
	return loc & SAMPLE_OFFSET_MASK;
}

/* A taken branch and where the straight run after it ended; end 0: not known. */
struct sample_trace {
	uint64_t from, to, end;
	uint64_t count; /* 0: the slot is free */
	uint64_t mispredicted;
};

/* slots[0..mask]; mask + 1 is a power of two, or slots is NULL. */
struct trace_table {
	struct sample_trace *slots;
	size_t nr, mask;
	uint64_t key;
};

struct sample_address {
	uint64_t loc, count; /* count 0: the slot is free */
};
struct address_table {
	struct sample_address *slots;
	size_t nr, mask;
	uint64_t key;
};

/* frames[0..nr): frames[0] the sampled place, then its callers. */
struct sample_stack {
	uint64_t count;
	size_t first; /* index into the table's frames */
	uint32_t nr;
	uint32_t comm; /* index into the names of threads */
	uint64_t hash;
};
/* stacks[0..nr) in order of first appearance. */
struct stack_table {
	struct sample_stack *stacks;
	size_t nr, alloc;
	uint64_t *frames;
	size_t nr_frames, alloc_frames;
	uint32_t *slots; /* index + 1; 0 is free */
	size_t mask;
	uint64_t key;
};

void trace_table_release(struct trace_table *t);
void address_table_release(struct address_table *t);
void stack_table_release(struct stack_table *t);

/* Make room for extra more entries, so that trace_table_add needs not look. */
void trace_table_reserve(struct trace_table *t, size_t extra);
/* Where the search for a trace begins; the table has been reserved. */
static inline size_t trace_table_slot(const struct trace_table *t, uint64_t from, uint64_t to,
				      uint64_t end)
{
	uint64_t h = (from ^ (to << 21 | to >> 43) ^ (end << 42 | end >> 22)) * t->key;

	return (size_t)(h ^ h >> 32) & t->mask;
}
/* Count a trace whose search begins at slot. */
static inline void trace_table_add_at(struct trace_table *t, size_t slot,
				      const struct sample_trace *add)
{
	for (;; slot = (slot + 1) & t->mask) {
		struct sample_trace *s = &t->slots[slot];

		if (!s->count) {
			*s = *add;
			t->nr++;
			return;
		}
		if (s->from == add->from && s->to == add->to && s->end == add->end) {
			s->count += add->count;
			s->mispredicted += add->mispredicted;
			return;
		}
	}
}
void trace_table_add(struct trace_table *t, const struct sample_trace *add);
void address_table_add(struct address_table *t, uint64_t loc, uint64_t count);
void stack_table_add(struct stack_table *t, const uint64_t *frames, uint32_t nr, uint32_t comm,
		     uint64_t count);

#endif
