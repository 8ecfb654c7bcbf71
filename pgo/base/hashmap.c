/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/hashmap.h"

#include <sys/auxv.h>

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t seed(void)
{
	static uint64_t value;

	if (!value) {
		const void *random = (const void *)getauxval(AT_RANDOM);

		if (random)
			memcpy(&value, random, sizeof(value));
		value |= 1;
	}
	return value;
}

uint64_t hash_bytes(const void *p, size_t len)
{
	const uint64_t k1 = 0x9e3779b97f4a7c15u, k2 = 0xd6e8feb86659fd93u;
	const unsigned char *s = p;
	uint64_t h = seed() ^ mix(len ^ k2, k1), w;

	for (; len >= 8; len -= 8, s += 8) {
		memcpy(&w, s, 8);
		h = mix(h ^ w, k1);
	}
	w = 0;
	if (len)
		memcpy(&w, s, len);
	return mix(mix(h ^ w, k2), k1 ^ h);
}

void hashmap_release(struct hashmap *m)
{
	free(m->entries);
	free(m->slots);
	*m = (struct hashmap)HASHMAP_INIT;
}

/* The slot that holds key, or the free one where it would go. */
static uint32_t *probe(const struct hashmap *m, const void *key, size_t len, uint64_t hash)
{
	size_t i = hash & (m->nr_slots - 1);

	for (;; i = (i + 1) & (m->nr_slots - 1)) {
		const struct hashmap_entry *e;

		if (!m->slots[i])
			return &m->slots[i];
		e = &m->entries[m->slots[i] - 1];
		if (e->hash == hash && e->len == len && !memcmp(e->key, key, len))
			return &m->slots[i];
	}
}

static void rehash(struct hashmap *m)
{
	m->nr_slots = m->nr_slots ? m->nr_slots * 2 : 16;
	free(m->slots);
	m->slots = xcalloc(m->nr_slots, sizeof(*m->slots));
	for (size_t i = 0; i < m->nr; i++) {
		const struct hashmap_entry *e = &m->entries[i];

		*probe(m, e->key, e->len, e->hash) = (uint32_t)i + 1;
	}
}

struct hashmap_entry *hashmap_find(const struct hashmap *m, const void *key, size_t len)
{
	uint32_t *slot;

	if (!m->nr)
		return NULL;
	slot = probe(m, key, len, hash_bytes(key, len));
	return *slot ? &m->entries[*slot - 1] : NULL;
}

struct hashmap_entry *hashmap_put(struct hashmap *m, const void *key, size_t len, bool *is_new)
{
	uint64_t hash = hash_bytes(key, len);
	uint32_t *slot;

	if ((m->nr + 1) * 4 > m->nr_slots * 3)
		rehash(m);
	slot = probe(m, key, len, hash);
	if (is_new)
		*is_new = !*slot;
	if (!*slot) {
		VEC_GROW(m->entries, m->nr, m->alloc);
		m->entries[m->nr] = (struct hashmap_entry){ .key = key, .len = len, .hash = hash };
		*slot = (uint32_t)++m->nr;
	}
	return &m->entries[*slot - 1];
}
