/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with linear probing, keyed by any value but nil. */
#include <stdlib.h>
#include <string.h>

#include "minivm.h"

bool value_equal(struct value a, struct value b)
{
	if (a.type != b.type)
		return false;
	switch (a.type) {
	case T_NIL:
		return true;
	case T_BOOL:
		return a.b == b.b;
	case T_INT:
		return a.i == b.i;
	case T_REAL:
		return a.r == b.r;
	case T_STRING:
		return a.string->hash == b.string->hash && a.string->len == b.string->len &&
		       !memcmp(a.string->text, b.string->text, a.string->len);
	default:
		return a.object == b.object;
	}
}

/* Objects other than strings share a bucket: their addresses would make
   the order of a map differ from run to run. */
static size_t value_hash(struct value v)
{
	switch (v.type) {
	case T_BOOL:
		return v.b;
	case T_INT:
	case T_REAL:
		return ((uint64_t)v.i * 0x9e3779b97f4a7c15u) >> 32;
	case T_STRING:
		return v.string->hash;
	default:
		return v.type;
	}
}

/* The entry of the key, or the free one where it belongs. */
static struct entry *find(const struct map *m, struct value key)
{
	size_t i = value_hash(key) & (m->room - 1);

	while (m->entries[i].key.type != T_NIL && !value_equal(m->entries[i].key, key))
		i = (i + 1) & (m->room - 1);
	return &m->entries[i];
}

struct value *map_find(const struct map *m, struct value key)
{
	struct entry *e;

	if (!m->len)
		return NULL;
	e = find(m, key);
	return e->key.type == T_NIL ? NULL : &e->value;
}

static void enlarge(struct vm *vm, struct map *m)
{
	struct map old = *m;
	size_t i, room = 0;

	m->entries = grow(NULL, &room, old.room * 2 + 8, sizeof(*m->entries));
	m->room = room;
	memset(m->entries, 0, room * sizeof(*m->entries));
	for (i = 0; i < old.room; i++)
		if (old.entries[i].key.type != T_NIL)
			*find(m, old.entries[i].key) = old.entries[i];
	free(old.entries);
	vm->bytes += (m->room - old.room) * sizeof(*m->entries);
}

void map_set(struct vm *vm, struct map *m, struct value key, struct value v)
{
	struct entry *e;

	if (m->len * 4 >= m->room * 3)
		enlarge(vm, m);
	e = find(m, key);
	if (e->key.type == T_NIL) {
		e->key = key;
		m->len++;
	}
	e->value = v;
}
