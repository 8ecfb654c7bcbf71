/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up records, their order, and writing them. */
#include "profiles/fdata.h"

#include "pgo/base/num.h"

/* Names are indexes into fdata.names. */
struct fdata_entry {
	uint32_t from, to;
	uint64_t from_offset, to_offset;
	uint8_t type, from_scope, to_scope;
	uint64_t count, mispredicted;
};

/* index + 1 into fdata.entries, 0 is free; the hash is here so that growing reads no entry. */
struct fdata_slot {
	uint32_t index, hash;
};

#define FIRST_SLOTS 1024

void fdata_release(struct fdata *f)
{
	arena_release(&f->arena);
	hashmap_release(&f->names);
	hashmap_release(&f->events);
	free(f->entries);
	free(f->slots);
	*f = (struct fdata)FDATA_INIT;
}

static uint32_t intern(struct fdata *f, const struct fdata_place *place)
{
	struct hashmap_entry *e = hashmap_find(&f->names, place->name, place->name_len);

	if (!e) {
		const char *copy = arena_strndup(&f->arena, place->name, place->name_len);

		e = hashmap_put(&f->names, copy, place->name_len, NULL);
	}
	return (uint32_t)(e - f->names.entries);
}

void fdata_add_event(struct fdata *f, const char *name, size_t len)
{
	if (!hashmap_find(&f->events, name, len))
		hashmap_put(&f->events, arena_strndup(&f->arena, name, len), len, NULL);
}

static uint32_t entry_hash(const struct fdata_entry *e)
{
	const uint64_t key[] = { (uint64_t)e->from << 32 | e->to, e->from_offset, e->to_offset,
				 (uint64_t)e->type << 16 | (uint64_t)e->from_scope << 8 |
					 e->to_scope };

	return (uint32_t)hash_bytes(key, sizeof(key));
}

static bool same_place(const struct fdata_entry *a, const struct fdata_entry *b)
{
	return a->from == b->from && a->to == b->to && a->from_offset == b->from_offset &&
	       a->to_offset == b->to_offset && a->type == b->type &&
	       a->from_scope == b->from_scope && a->to_scope == b->to_scope;
}

static void grow_slots(struct fdata *f)
{
	size_t nr = f->nr_slots ? f->nr_slots * 2 : FIRST_SLOTS;
	struct fdata_slot *slots = xcalloc(nr, sizeof(*slots));

	for (size_t i = 0; i < f->nr_slots; i++) {
		size_t at = f->slots[i].hash & (nr - 1);

		if (!f->slots[i].index)
			continue;
		while (slots[at].index)
			at = (at + 1) & (nr - 1);
		slots[at] = f->slots[i];
	}
	free(f->slots);
	f->slots = slots;
	f->nr_slots = nr;
}

/* The entry of e's place; a new one has no counts. */
static struct fdata_entry *find_entry(struct fdata *f, const struct fdata_entry *e)
{
	uint32_t hash = entry_hash(e);
	struct fdata_slot *slot;
	size_t at;

	if (f->nr >= f->nr_slots / 2)
		grow_slots(f);
	for (at = hash & (f->nr_slots - 1); f->slots[at].index; at = (at + 1) & (f->nr_slots - 1)) {
		slot = &f->slots[at];
		if (slot->hash == hash && same_place(&f->entries[slot->index - 1], e))
			return &f->entries[slot->index - 1];
	}
	VEC_GROW(f->entries, f->nr, f->alloc);
	f->entries[f->nr++] = *e;
	f->slots[at] = (struct fdata_slot){ (uint32_t)f->nr, hash };
	return &f->entries[f->nr - 1];
}

static uint64_t add_times(struct fdata *f, uint64_t to, uint64_t count, uint64_t weight)
{
	uint64_t sum = num_add_sat(to, num_mul_sat(count, weight, NULL), NULL);

	if (sum <= FDATA_LIMIT)
		return sum;
	f->nr_saturated++;
	return FDATA_LIMIT;
}

static bool is_place(const struct fdata *f, uint32_t name, uint64_t offset, uint8_t scope,
		     const struct fdata_place *place)
{
	const struct hashmap_entry *e = &f->names.entries[name];

	return offset == place->offset && scope == place->scope && e->len == place->name_len &&
	       !memcmp(e->key, place->name, e->len);
}

static bool is_next(const struct fdata *f, const struct fdata_record *r)
{
	const struct fdata_entry *e = &f->entries[f->next];

	return f->next < f->nr && e->type == r->type &&
	       is_place(f, e->from, e->from_offset, e->from_scope, &r->from) &&
	       (r->type == FDATA_SAMPLE || is_place(f, e->to, e->to_offset, e->to_scope, &r->to));
}

static struct fdata_entry *entry_of(struct fdata *f, const struct fdata_record *r)
{
	struct fdata_entry e = { .type = (uint8_t)r->type,
				 .from_offset = r->from.offset,
				 .from_scope = (uint8_t)r->from.scope };

	if (is_next(f, r))
		return &f->entries[f->next];
	e.from = intern(f, &r->from);
	if (r->type != FDATA_SAMPLE) {
		e.to = intern(f, &r->to);
		e.to_offset = r->to.offset;
		e.to_scope = (uint8_t)r->to.scope;
	}
	return find_entry(f, &e);
}

void fdata_add(struct fdata *f, const struct fdata_record *r, uint64_t weight)
{
	struct fdata_entry *sum = entry_of(f, r);

	sum->count = add_times(f, sum->count, r->count, weight);
	sum->mispredicted = add_times(f, sum->mispredicted, r->mispredicted, weight);
	f->next = (size_t)(sum - f->entries) + 1;
}

struct fdata_record fdata_get(const struct fdata *f, size_t i)
{
	const struct fdata_entry *e = &f->entries[i];
	const struct hashmap_entry *from = &f->names.entries[e->from],
				   *to = &f->names.entries[e->to];
	struct fdata_record r = {
		.type = (enum fdata_type)e->type,
		.from = { (enum fdata_scope)e->from_scope, from->key, from->len, e->from_offset },
		.count = e->count,
		.mispredicted = e->mispredicted,
	};

	if (r.type != FDATA_SAMPLE)
		r.to = (struct fdata_place){ (enum fdata_scope)e->to_scope, to->key, to->len,
					     e->to_offset };
	return r;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Of entries from one name. */
static int by_place(const void *a, const void *b)
{
	const struct fdata_entry *x = a, *y = b;
	int order = compare_u64(x->from_offset, y->from_offset);

	if (!order)
		order = compare_u64(x->to, y->to);
	if (!order)
		order = compare_u64(x->to_offset, y->to_offset);
	return order ? order
		     : compare_u64((uint64_t)x->from_scope << 8 | x->to_scope,
				   (uint64_t)y->from_scope << 8 | y->to_scope);
}

static int by_key(const void *a, const void *b)
{
	const struct hashmap_entry *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->key, y->key, len);

	return order ? order : compare_u64(x->len, y->len);
}

static void sort_map(struct hashmap *m)
{
	struct hashmap sorted = HASHMAP_INIT;

	if (m->nr)
		qsort(m->entries, m->nr, sizeof(*m->entries), by_key);
	for (size_t i = 0; i < m->nr; i++) {
		const struct hashmap_entry *e = &m->entries[i];

		hashmap_put(&sorted, e->key, e->len, NULL)->value = e->value;
	}
	hashmap_release(m);
	*m = sorted;
}

/* Memory accesses behind all else, in each part by name. */
static size_t bucket_of(const struct fdata *f, const struct fdata_entry *e)
{
	return e->from + (e->type == FDATA_MEMORY ? f->names.nr : 0);
}

static void sort_entries(struct fdata *f)
{
	size_t nr = 2 * f->names.nr;
	PGO_AUTO_FREE size_t *end = xcalloc(nr + 1, sizeof(*end));
	struct fdata_entry *sorted = xcalloc(f->alloc, sizeof(*sorted));

	for (size_t i = 0; i < f->nr; i++)
		end[bucket_of(f, &f->entries[i]) + 1]++;
	for (size_t i = 0; i < nr; i++)
		end[i + 1] += end[i];
	/* What was each bucket's begin becomes its end. */
	for (size_t i = 0; i < f->nr; i++)
		sorted[end[bucket_of(f, &f->entries[i])]++] = f->entries[i];
	for (size_t i = 0, at = 0; i < nr; at = end[i++])
		if (end[i] > at)
			qsort(sorted + at, end[i] - at, sizeof(*sorted), by_place);
	free(f->entries);
	f->entries = sorted;
	f->next = f->nr;
	/* The slots are of the old order. */
	f->nr_slots = 0;
	FREE_AND_NULL(f->slots);
}

void fdata_sort(struct fdata *f)
{
	PGO_AUTO_FREE uint32_t *rank = xcalloc(f->names.nr, sizeof(*rank));

	for (size_t i = 0; i < f->names.nr; i++)
		f->names.entries[i].value = &rank[i];
	sort_map(&f->names);
	sort_map(&f->events);
	for (size_t i = 0; i < f->names.nr; i++)
		*(uint32_t *)f->names.entries[i].value = (uint32_t)i;
	for (size_t i = 0; i < f->nr; i++) {
		struct fdata_entry *e = &f->entries[i];

		e->from = rank[e->from];
		e->to = e->type == FDATA_SAMPLE ? 0 : rank[e->to];
	}
	sort_entries(f);
}

uint64_t fdata_nr_functions(const struct fdata *f)
{
	PGO_AUTO_FREE bool *seen = xcalloc(f->names.nr, sizeof(*seen));
	uint64_t nr = 0;

	for (size_t i = 0; i < f->nr; i++) {
		const struct fdata_entry *e = &f->entries[i];

		seen[e->from] = true;
		if (e->type == FDATA_BRANCH && e->to_scope != FDATA_FILE)
			seen[e->to] = true;
	}
	for (size_t i = 0; i < f->names.nr; i++)
		nr += seen[i];
	return nr;
}

static void add_number(struct strbuf *sb, uint64_t v, unsigned base, char end)
{
	char digits[24];
	size_t at = sizeof(digits);

	digits[--at] = end;
	do {
		digits[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	strbuf_add(sb, digits + at, sizeof(digits) - at);
}

static void add_place(struct strbuf *sb, const struct fdata_place *place, bool memory)
{
	strbuf_addch(sb, '0' + (int)place->scope + (memory ? 3 : 0));
	strbuf_addch(sb, ' ');
	strbuf_add(sb, place->name, place->name_len);
	strbuf_addch(sb, ' ');
	add_number(sb, place->offset, 16, ' ');
}

static void format_record(const struct fdata_record *r, struct strbuf *out)
{
	add_place(out, &r->from, r->type == FDATA_MEMORY);
	if (r->type != FDATA_SAMPLE)
		add_place(out, &r->to, r->type == FDATA_MEMORY);
	if (r->type == FDATA_BRANCH)
		add_number(out, r->mispredicted, 10, ' ');
	add_number(out, r->count, 10, '\n');
}

void fdata_format(const struct fdata *f, struct strbuf *out)
{
	/* llvm-bolt looks for them in this order. */
	if (f->no_lbr) {
		strbuf_addstr(out, FDATA_NO_LBR);
		for (size_t i = 0; i < f->events.nr; i++)
			strbuf_addf(out, " %s", f->events.entries[i].key);
		strbuf_addch(out, '\n');
	}
	if (f->bolted)
		strbuf_addstr(out, FDATA_BOLTED "\n");
	for (size_t i = 0; i < f->nr; i++) {
		struct fdata_record r = fdata_get(f, i);

		format_record(&r, out);
	}
}

const char *fdata_name(struct arena *arena, const struct fdata_place *place)
{
	char *name = arena_strndup(arena, place->name, place->name_len);
	size_t len = 0;

	for (size_t i = 0; i < place->name_len; i++) {
		if (name[i] == '\\' && i + 1 < place->name_len)
			i++;
		name[len++] = name[i];
	}
	name[len] = '\0';
	return name;
}
