/* SPDX-License-Identifier: Apache-2.0 */
/* The records of all that was added up, for LLVM to write. */
#include "profiles/llvm/sum-group.h"

struct result {
	struct llvm_groups *g;
	struct llvm_sum *out;
	struct shim_func *funcs;
	struct shim_bytes *ids;
	size_t nr_funcs, nr_ids;
};

/* A function that came more than once was merged, so its values are sorted. */
static bool sort_values(struct llvm_groups *g)
{
	for (size_t i = 0; i < g->nr; i++)
		for (size_t n = 0; n < g->groups[i]->nr_sited; n++)
			if (g->groups[i]->nr_images > 1)
				g->valued[g->groups[i]->sited[n].valued].many = true;
	for (size_t i = 0; i < g->nr_valued; i++)
		for (uint32_t s = 0; g->valued[i].many && s < g->valued[i].nr_all_sites; s++)
			if (!llvm_site_sort(&g->sites[g->valued[i].first_site + s]))
				return false;
	return true;
}

static bool has_values(const struct llvm_groups *g)
{
	for (size_t i = 0; i < g->nr_sites; i++)
		if (g->sites[i].nr)
			return true;
	return false;
}

/* The values of a function, with its first record; its others have none to add. */
static void give_values(struct result *r, const struct llvm_sited *s, struct shim_func *f)
{
	struct llvm_valued *v = &r->g->valued[s->valued];
	const struct llvm_site *sites = &r->g->sites[v->first_site];
	uint8_t *nr_values = arena_zalloc(&r->out->arena, v->nr_all_sites, 1);
	struct shim_value *values;
	size_t nr = 0;

	for (unsigned kind = 0; kind < LLVM_NR_VALUE_KINDS; kind++)
		f->nr_sites[kind] = s->nr_sites[kind];
	f->site_counts = nr_values;
	if (v->given)
		return;
	v->given = true;
	for (uint32_t i = 0; i < v->nr_all_sites; i++)
		nr += sites[i].nr;
	f->values = values = arena_alloc(&r->out->arena, nr, sizeof(*values));
	for (uint32_t i = 0; i < v->nr_all_sites; i++) {
		nr_values[i] = (uint8_t)sites[i].nr;
		if (!sites[i].nr)
			continue;
		memcpy(values, sites[i].values, sites[i].nr * sizeof(*values));
		values += sites[i].nr;
	}
}

static void give_ids(struct result *r, const struct llvm_raw *raw)
{
	struct cursor c;

	cursor_init(&c, "", raw->ids, raw->ids_bytes);
	while (!cursor_at_end(&c)) {
		uint64_t len = cursor_u64(&c, "length of a binary id");
		const uint8_t *id = cursor_bytes(&c, len, "binary id");

		if (!id)
			return;
		r->ids[r->nr_ids++] = (struct shim_bytes){ id, len };
		cursor_skip(&c, -len % 8, "padding of a binary id");
	}
}

static void give_group(struct result *r, const struct llvm_group *group,
		       const struct llvm_total *total)
{
	const struct llvm_raw *raw = &group->raw;
	const struct llvm_sited *sited = group->sited;

	for (uint64_t i = 0; i < raw->nr_data; i++) {
		struct shim_func *out = &r->funcs[r->nr_funcs++];
		const struct llvm_name *name;
		struct llvm_raw_func f;

		llvm_raw_func(raw, i, &f);
		name = llvm_names_find(&group->names, f.name_ref);
		*out = (struct shim_func){
			.name = name->name,
			.name_len = name->len,
			.hash = f.hash,
			.counts = total->counts + f.counters / raw->counter_bytes,
			.nr_counts = f.nr_counters,
			.bitmap = total->bitmap + f.bitmap,
			.nr_bitmap = f.bitmap_bytes
		};
		if (llvm_raw_has_sites(&f))
			give_values(r, sited++, out);
	}
	give_ids(r, raw);
}

bool llvm_groups_result(struct llvm_groups *g, const struct llvm_total *totals,
			struct llvm_sum *out)
{
	struct result r = { .g = g, .out = out };
	size_t nr_funcs = 0, ids_bytes = 0;

	if (!sort_values(g))
		return false;
	for (size_t i = 0; i < g->nr; i++) {
		nr_funcs += g->groups[i]->raw.nr_data;
		ids_bytes += g->groups[i]->raw.ids_bytes;
	}
	r.funcs = arena_alloc(&out->arena, nr_funcs, sizeof(*r.funcs));
	/* An id is of 16 bytes at least. */
	r.ids = arena_alloc(&out->arena, ids_bytes / 16 + 1, sizeof(*r.ids));
	for (size_t i = 0; i < g->nr; i++)
		give_group(&r, g->groups[i], &totals[i]);
	out->batch.funcs = r.funcs;
	out->batch.nr_funcs = r.nr_funcs;
	out->batch.ids = r.ids;
	out->batch.nr_ids = r.nr_ids;
	out->nr_binaries = g->nr;
	out->has_values = has_values(g);
	return true;
}
