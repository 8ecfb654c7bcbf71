/* SPDX-License-Identifier: Apache-2.0 */
/* Joining one run to what earlier runs left. */
#include "pgo/base/num.h"
#include "profiles/gcda-file.h"

static void add_plain(struct arena *arena, struct gcda_ctrs *acc, const struct gcda_ctrs *run,
		      int64_t weight, uint64_t *saturated)
{
	if (!run->v)
		return;
	if (!acc->v)
		acc->v = arena_zalloc(arena, acc->nr, sizeof(*acc->v));
	for (uint32_t i = 0; i < acc->nr; i++) {
		int64_t *a = &acc->v[i], v = run->v[i];

		if (acc->rule == GCDA_ADD)
			*a = gcda_add(*a, gcda_mul(v, weight, saturated), saturated);
		else if (acc->rule == GCDA_OR)
			*a |= v;
		else if (v && (!*a || v < *a))
			*a = v;
	}
}

static void add_function(struct arena *arena, struct gcda_func *acc, const struct gcda_func *run,
			 int64_t weight, struct gcda_scratch *s)
{
	for (unsigned i = 0; weight && i < acc->nr_kinds; i++) {
		struct gcda_ctrs *a = &acc->ctrs[i];
		const struct gcda_ctrs *b = &run->ctrs[i];

		if (!gcda_has_sites(a->rule)) {
			add_plain(arena, a, b, weight, &s->nr_saturated);
			continue;
		}
		for (uint32_t j = 0; j < a->nr; j++)
			gcda_site_add(arena, a->rule, &a->sites[j], &b->sites[j], weight, s);
	}
}

static void *arena_memdup(struct arena *arena, const void *p, size_t nmemb, size_t size)
{
	void *copy = arena_alloc(arena, nmemb, size);

	if (nmemb)
		memcpy(copy, p, nmemb * size);
	return copy;
}

/* A function that no earlier run had linked in. */
static void copy_function(struct arena *arena, struct gcda_func *dst, const struct gcda_func *src)
{
	*dst = *src;
	dst->ctrs = arena_memdup(arena, src->ctrs, src->nr_kinds, sizeof(*src->ctrs));
	for (unsigned i = 0; i < dst->nr_kinds; i++) {
		struct gcda_ctrs *c = &dst->ctrs[i];

		if (c->v)
			c->v = arena_memdup(arena, c->v, c->nr, sizeof(*c->v));
		if (!c->sites)
			continue;
		c->sites = arena_memdup(arena, c->sites, c->nr, sizeof(*c->sites));
		for (uint32_t j = 0; j < c->nr; j++) {
			struct gcda_site *site = &c->sites[j];

			site->pairs = arena_memdup(arena, site->pairs, site->nr,
						   sizeof(*site->pairs));
			site->alloc = site->nr;
		}
	}
}

static uint32_t add_u32(uint32_t a, uint32_t b, uint64_t weight, uint64_t *saturated)
{
	uint64_t sum = num_add_sat(a, num_mul_sat(b, weight, NULL), NULL);

	if (sum <= UINT32_MAX)
		return (uint32_t)sum;
	++*saturated;
	return UINT32_MAX;
}

void gcda_add_head(struct gcda_file *acc, uint32_t stamp, uint32_t runs, uint32_t sum_max,
		   uint64_t weight, uint64_t *saturated)
{
	acc->stamp = stamp;
	acc->runs = add_u32(acc->runs, runs, weight, saturated);
	acc->sum_max = add_u32(acc->sum_max, sum_max, weight, saturated);
}

int gcda_file_add(struct gcda_file *acc, const struct gcda_file *run, uint64_t weight,
		  uint64_t *nr_saturated, struct pgo_err *err)
{
	struct gcda_scratch s = { 0 };
	int ret = gcda_file_match(acc, run, err);

	if (ret)
		return ret;
	gcda_add_head(acc, run->stamp, run->runs, run->sum_max, weight, &s.nr_saturated);
	acc->has_summary |= run->has_summary;
	for (size_t i = 0; i < acc->nr_funcs; i++) {
		bool absent = !acc->funcs[i].present;

		if (!run->funcs[i].present)
			continue;
		if (absent)
			copy_function(&acc->arena, &acc->funcs[i], &run->funcs[i]);
		add_function(&acc->arena, &acc->funcs[i], &run->funcs[i], (int64_t)weight - absent,
			     &s);
	}
	*nr_saturated += s.nr_saturated;
	free(s.pairs);
	return 0;
}
