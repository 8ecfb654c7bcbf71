/* SPDX-License-Identifier: Apache-2.0 */
/* Byte-string keys to pointers: open addressing, insertion order kept for iteration. */
#ifndef PGO_BASE_HASHMAP_H
#define PGO_BASE_HASHMAP_H

#include "pgo/base/mem.h"

struct hashmap_entry {
	const char *key; /* not owned: must live as long as the map */
	size_t len;
	uint64_t hash;
	void *value;
};

/* entries[0..nr) in order of insertion; nothing is ever removed. */
struct hashmap {
	struct hashmap_entry *entries;
	size_t nr, alloc;
	uint32_t *slots; /* index + 1 into entries; 0 is free */
	size_t nr_slots;
};

#define HASHMAP_INIT { 0 }

void hashmap_release(struct hashmap *m);
PGO_DEFINE_AUTO(hashmap, hashmap_release)
/* The entry of key, or NULL. */
struct hashmap_entry *hashmap_find(const struct hashmap *m, const void *key, size_t len);
/* The entry of key; a new one has value NULL and *is_new (may be NULL) set. */
struct hashmap_entry *hashmap_put(struct hashmap *m, const void *key, size_t len, bool *is_new);
/* 64-bit hash of bytes, keyed per process against chosen collisions. */
uint64_t hash_bytes(const void *p, size_t len);

#endif
