/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/llvm/sum-group.h"

#define UNFIT_VARIANTS                                                                             \
	(LLVM_VARIANT_TEMPORAL | LLVM_VARIANT_MEMPROF | LLVM_VARIANT_DEBUG_CORRELATE)
#define MAX_RECORD_WORDS 9

void llvm_groups_init(struct llvm_groups *g)
{
	*g = (struct llvm_groups){ .arena = ARENA_INIT };
	pthread_mutex_init(&g->lock, NULL);
}

static void group_free(struct llvm_group *group)
{
	free(group->image);
	free(group->sited);
	llvm_names_release(&group->names);
	llvm_targets_release(&group->targets);
	free(group);
}

void llvm_groups_free(struct llvm_groups *g)
{
	for (size_t i = 0; i < g->nr; i++)
		group_free(g->groups[i]);
	for (size_t i = 0; i < g->nr_sites; i++)
		free(g->sites[i].values);
	free(g->groups);
	free(g->valued);
	free(g->sites);
	hashmap_release(&g->by_header);
	hashmap_release(&g->by_func);
	arena_release(&g->arena);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* Of words of the header: sizes of sections, and the places of these. */
#define BITMAP_BYTES (7 * 8)
#define NR_UNIFORM (9 * 8)
#define UNIFORM_DELTA (11 * 8)

static bool is_zero(const uint8_t *word)
{
	static const uint8_t zero[8];

	return !memcmp(word, zero, sizeof(zero));
}

/*
 * The header without what differs from run to run: the place of names, and that
 * of sections that are empty, whose start is not known to the program.
 */
static void header_key(const struct llvm_raw_layout *l, const uint8_t *data, uint8_t *key)
{
	memcpy(key, data, l->header_bytes);
	memset(key + l->names_delta, 0, 8);
	if (l->bitmap && is_zero(data + BITMAP_BYTES))
		memset(key + l->names_delta - 8, 0, 8);
	if (l->version >= 11 && is_zero(data + NR_UNIFORM))
		memset(key + UNIFORM_DELTA, 0, 8);
}

/* Words of a record, and those that are addresses, which a position-independent program moves. */
struct shape {
	unsigned words, address, values;
};

/*
 * True when n records are those of ref but for the addresses, and these all
 * differ by the same. Always inlined, so that the shape is constant.
 */
static inline __attribute__((always_inline)) bool
same_records(const uint8_t *ref, const uint8_t *data, uint64_t n, struct shape s, uint64_t *slide)
{
	uint64_t differs = 0, by = 0;
	bool known = false;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t a[MAX_RECORD_WORDS], b[MAX_RECORD_WORDS], here;

		memcpy(a, ref, s.words * 8);
		memcpy(b, data, s.words * 8);
		for (unsigned w = 0; w < s.words; w++)
			if (w != s.address && w != s.values)
				differs |= a[w] ^ b[w];
		here = b[s.address] - a[s.address];
		if (!known && a[s.address]) {
			by = here;
			known = true;
		}
		differs |= here ^ (a[s.address] ? by : 0);
		ref += s.words * 8;
		data += s.words * 8;
	}
	*slide = by;
	return !differs;
}

static bool same_data(const struct llvm_raw *raw, const uint8_t *data, uint64_t *slide)
{
	switch (raw->layout.version) {
	case 8:
		return same_records(raw->data, data, raw->nr_data, (struct shape){ 6, 3, 4 },
				    slide);
	case 9:
	case 10:
		return same_records(raw->data, data, raw->nr_data, (struct shape){ 8, 4, 5 },
				    slide);
	default:
		return same_records(raw->data, data, raw->nr_data, (struct shape){ 9, 5, 6 },
				    slide);
	}
}

static bool is_of(const struct llvm_group *group, const uint8_t *data, size_t len, uint64_t *slide)
{
	const struct llvm_raw *raw = &group->raw;
	unsigned header = raw->layout.header_bytes;
	size_t names = (size_t)(raw->names - raw->start);
	uint8_t key[LLVM_RAW_MAX_HEADER_BYTES];

	if (len < group->image_bytes)
		return false;
	header_key(&raw->layout, data, key);
	return !memcmp(key, group->key, header) &&
	       !memcmp(data + header, raw->ids, raw->ids_bytes) &&
	       !memcmp(data + names, raw->names, raw->names_bytes) &&
	       same_data(raw, data + (raw->data - raw->start), slide);
}

/* The layout of what begins at data, if profiles of its kind can be added up. */
static bool fit_layout(const uint8_t *data, size_t len, struct llvm_raw_layout *out)
{
	struct llvm_form form;

	if (len < 16 || !llvm_form_of(data, len, &form) || form.type != LLVM_FORM_RAW ||
	    form.swap || form.narrow || form.version < 8 || form.version > LLVM_RAW_NEWEST ||
	    form.variant & UNFIT_VARIANTS)
		return false;
	llvm_raw_layout(form.version, false, false, out);
	return len >= out->header_bytes;
}

static bool find_among(struct llvm_group *first, const uint8_t *data, size_t len,
		       struct llvm_match *out)
{
	for (struct llvm_group *group = first; group; group = group->next) {
		if (!is_of(group, data, len, &out->slide))
			continue;
		out->group = group;
		return true;
	}
	return false;
}

bool llvm_group_find(struct llvm_groups *g, struct llvm_group *hint, const uint8_t *data,
		     size_t len, struct llvm_match *out)
{
	uint8_t key[LLVM_RAW_MAX_HEADER_BYTES];
	struct llvm_raw_layout layout;
	struct hashmap_entry *e;
	struct llvm_group *first;

	if (hint && is_of(hint, data, len, &out->slide)) {
		out->group = hint;
		return true;
	}
	if (!fit_layout(data, len, &layout))
		return false;
	header_key(&layout, data, key);
	pthread_mutex_lock(&g->lock);
	e = hashmap_find(&g->by_header, key, layout.header_bytes);
	first = e ? e->value : NULL;
	pthread_mutex_unlock(&g->lock);
	return find_among(first, data, len, out);
}

/* The function of a record, new or known. False: it is known with other sites. */
static bool valued_of(struct llvm_groups *g, const struct llvm_raw_func *f, uint32_t *ret_index,
		      bool *is_new)
{
	const uint64_t key[2] = { f->name_ref, f->hash };
	struct hashmap_entry *e = hashmap_find(&g->by_func, key, sizeof(key));
	struct llvm_valued *v;

	*is_new = !e;
	if (e) {
		*ret_index = (uint32_t)((uintptr_t)e->value - 1);
		v = &g->valued[*ret_index];
		v->many = true;
		return !memcmp(v->nr_sites, f->nr_sites, sizeof(v->nr_sites));
	}
	VEC_GROW(g->valued, g->nr_valued, g->alloc_valued);
	v = &g->valued[g->nr_valued];
	*v = (struct llvm_valued){
		.name_ref = f->name_ref, .hash = f->hash, .first_site = (uint32_t)g->nr_sites
	};
	memcpy(v->nr_sites, f->nr_sites, sizeof(v->nr_sites));
	v->nr_all_sites = (uint32_t)f->nr_sites[0] + f->nr_sites[1] + f->nr_sites[2];
	for (uint32_t i = 0; i < v->nr_all_sites; i++) {
		VEC_GROW(g->sites, g->nr_sites, g->alloc_sites);
		g->sites[g->nr_sites++] = (struct llvm_site){ 0 };
	}
	*ret_index = (uint32_t)g->nr_valued++;
	e = hashmap_put(&g->by_func, arena_strndup(&g->arena, (const char *)key, sizeof(key)),
			sizeof(key), NULL);
	e->value = (void *)(uintptr_t)g->nr_valued;
	return true;
}

static bool add_sited(struct llvm_groups *g, struct llvm_group *group)
{
	const struct llvm_raw *raw = &group->raw;
	size_t alloc = 0;

	for (uint64_t i = 0; i < raw->nr_data; i++) {
		struct llvm_raw_func f;
		struct llvm_sited *s;

		llvm_raw_func(raw, i, &f);
		/* LLVM reads counters wherever they are; an array has them at their multiples. */
		if (!llvm_names_find(&group->names, f.name_ref) || f.counters % raw->counter_bytes)
			return false;
		if (!llvm_raw_has_sites(&f))
			continue;
		VEC_GROW(group->sited, group->nr_sited, alloc);
		s = &group->sited[group->nr_sited++];
		if (!valued_of(g, &f, &s->valued, &s->fresh))
			return false;
		memcpy(s->nr_sites, f.nr_sites, sizeof(s->nr_sites));
		s->first_site = g->valued[s->valued].first_site;
	}
	return true;
}

/* Read the profile at data, of which an own copy is kept. */
static bool read_image(struct llvm_group *group, const uint8_t *data, size_t len)
{
	struct llvm_raw_layout layout;
	struct cursor c;

	if (!fit_layout(data, len, &layout))
		return false;
	cursor_init(&c, "", data, len);
	llvm_raw_next(&c, &layout, &group->raw);
	if (c.bad || !group->raw.nr_data || group->raw.nr_vtables)
		return false;
	group->image_bytes = (size_t)(group->raw.values - data);
	group->image = xmemdup(data, group->image_bytes);
	group->raw.start = group->image;
	group->raw.ids = group->image + (group->raw.ids - data);
	group->raw.data = group->image + (group->raw.data - data);
	group->raw.counters = group->image + (group->raw.counters - data);
	group->raw.bitmap = group->image + (group->raw.bitmap - data);
	group->raw.names = group->image + (group->raw.names - data);
	group->raw.values = group->raw.end = group->image + group->image_bytes;
	return true;
}

static bool fill_group(struct llvm_groups *g, struct llvm_group *group, const uint8_t *data,
		       size_t len)
{
	if (!read_image(group, data, len) || llvm_names_read(&group->raw, "", &group->names, NULL))
		return false;
	llvm_targets_make(&group->raw, &group->targets);
	return !group->targets.ambiguous && add_sited(g, group);
}

struct llvm_group *llvm_group_make(struct llvm_groups *g, const uint8_t *data, size_t len)
{
	struct llvm_group *group = xcalloc(1, sizeof(*group));
	struct hashmap_entry *e;

	group->names = (struct llvm_names)LLVM_NAMES_INIT;
	if (!fill_group(g, group, data, len)) {
		group_free(group);
		return NULL;
	}
	header_key(&group->raw.layout, data, group->key);
	VEC_GROW(g->groups, g->nr, g->alloc);
	group->index = g->nr;
	g->groups[g->nr++] = group;
	pthread_mutex_lock(&g->lock);
	e = hashmap_put(&g->by_header, group->key, group->raw.layout.header_bytes, NULL);
	group->next = e->value;
	e->value = group;
	pthread_mutex_unlock(&g->lock);
	return group;
}
