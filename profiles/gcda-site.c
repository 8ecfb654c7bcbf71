/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value sites. A process that ends reads the file into its own lists and writes
 * them, so it is the run's list, here "mem", that takes up what earlier runs left,
 * here "old". The lists are bounded: who takes whom decides what is kept.
 * Source: libgcov-merge.c and gcov_topn_add_value of libgcov.h, GCC 9 to 15.
 */
#include "profiles/gcda-file.h"

/* False when a value was dropped, or thrown out for another. */
static bool take_topn(struct gcda_site *mem, const struct gcda_site *old, uint64_t *saturated)
{
	bool lossless = true;

	for (uint32_t i = 0; i < old->nr; i++) {
		struct gcda_pair *least = NULL, in = old->pairs[i];
		uint32_t j;

		for (j = 0; j < mem->nr && mem->pairs[j].value != in.value; j++)
			if (!least || mem->pairs[j].count < least->count)
				least = &mem->pairs[j];
		if (j < mem->nr) {
			mem->pairs[j].count = gcda_add(mem->pairs[j].count, in.count, saturated);
		} else if (mem->nr < GCDA_TOPN_MAX) {
			mem->pairs[mem->nr++] = in;
		} else {
			least->count = gcda_sub(least->count, 1, saturated);
			if (least->count < in.count)
				*least = in;
			lossless = false;
		}
	}
	return lossless;
}

/* Four slots; one whose count is zero is free, but still matches its value. */
static bool take_top4(struct gcda_site *mem, const struct gcda_site *old, uint64_t *saturated)
{
	bool lossless = true;

	for (uint32_t i = 0; i < old->nr; i++) {
		struct gcda_pair *slot = &mem->pairs[0], in = old->pairs[i];
		uint32_t j;

		if (!in.count)
			continue;
		for (j = 0; j < mem->nr && mem->pairs[j].value != in.value; j++)
			if (mem->pairs[j].count < slot->count)
				slot = &mem->pairs[j];
		if (j < mem->nr) {
			mem->pairs[j].count = gcda_add(mem->pairs[j].count, in.count, saturated);
			continue;
		}
		if (slot->count)
			lossless = false;
		if (!slot->count || in.count > slot->count)
			*slot = in;
		else
			slot->count = gcda_sub(slot->count, in.count, saturated);
	}
	return lossless;
}

/* One slot, for which two values fight: the difference stays with the more frequent. */
static bool take_single(struct gcda_site *mem, const struct gcda_site *old, uint64_t *saturated)
{
	struct gcda_pair *slot = mem->pairs, in = old->pairs[0];

	mem->total = gcda_add(mem->total, old->total, saturated);
	if (slot->value == in.value) {
		slot->count = gcda_add(slot->count, in.count, saturated);
		return true;
	}
	if (in.count > slot->count) {
		slot->value = in.value;
		slot->count = gcda_sub(in.count, slot->count, saturated);
	} else {
		slot->count = gcda_sub(slot->count, in.count, saturated);
	}
	return false;
}

/* The four most frequent of both, by falling count; mem's before old's among equals. */
static void take_icall(struct gcda_site *mem, const struct gcda_site *old, uint64_t *saturated)
{
	struct gcda_pair all[8];
	uint32_t nr = mem->nr, j;

	memcpy(all, mem->pairs, nr * sizeof(*all));
	for (uint32_t i = 0; i < old->nr; i++) {
		for (j = 0; j < nr && all[j].value != old->pairs[i].value; j++)
			;
		if (j < nr)
			all[j].count = gcda_add(all[j].count, old->pairs[i].count, saturated);
		else
			all[nr++] = old->pairs[i];
	}
	for (uint32_t i = 1; i < nr; i++) {
		struct gcda_pair cur = all[i];

		for (j = i; j > 0 && all[j - 1].count < cur.count; j--)
			all[j] = all[j - 1];
		all[j] = cur;
	}
	memcpy(mem->pairs, all, mem->nr * sizeof(*all));
}

static int64_t magnitude(int64_t v)
{
	return v == INT64_MIN ? INT64_MAX : v < 0 ? -v : v;
}

/* One end of a process. True: no value was lost, and none changed its place in mem. */
static bool take_site(enum gcda_rule rule, struct gcda_site *mem, const struct gcda_site *old,
		      uint64_t *saturated)
{
	bool lost = mem->total < 0 || old->total < 0, lossless;

	switch (rule) {
	case GCDA_SINGLE:
		return take_single(mem, old, saturated);
	case GCDA_ICALL:
		take_icall(mem, old, saturated);
		return false;
	case GCDA_TOP4:
		lossless = take_top4(mem, old, saturated);
		break;
	default:
		lossless = take_topn(mem, old, saturated);
	}
	mem->total = gcda_add(magnitude(mem->total), magnitude(old->total), saturated);
	if (lost || !lossless)
		mem->total = -mem->total;
	return lossless;
}

static bool same_pairs(const struct gcda_site *a, const struct gcda_site *b)
{
	if (a->nr != b->nr)
		return false;
	for (uint32_t i = 0; i < a->nr; i++)
		if (a->pairs[i].value != b->pairs[i].value ||
		    a->pairs[i].count != b->pairs[i].count)
			return false;
	return true;
}

static void store_site(struct arena *arena, struct gcda_site *site, const struct gcda_site *mem)
{
	if (mem->nr > site->alloc) {
		site->alloc = (mem->nr + 7) & ~UINT32_C(7);
		site->pairs = arena_alloc(arena, site->alloc, sizeof(*site->pairs));
	}
	if (mem->nr)
		memcpy(site->pairs, mem->pairs, mem->nr * sizeof(*site->pairs));
	site->nr = mem->nr;
	site->total = mem->total;
}

/* The executions of further rounds; a sign that says values were lost stays. */
static void finish_total(struct gcda_site *acc, int64_t more, enum gcda_rule rule,
			 uint64_t *saturated)
{
	if (rule == GCDA_ICALL)
		return;
	if (rule != GCDA_SINGLE)
		more = acc->total < 0 ? -magnitude(more) : magnitude(more);
	acc->total = gcda_add(acc->total, more, saturated);
}

/*
 * All further rounds at once. Either the list stays as it is (fixed), or the run's
 * values stand in front of it, and each round adds the run's counts to them: a value
 * that stands there twice, which threads that race can do, to its first place.
 */
static void finish_rounds(struct gcda_site *acc, const struct gcda_site *run, int64_t rounds,
			  bool fixed, enum gcda_rule rule, uint64_t *saturated)
{
	finish_total(acc, gcda_mul(run->total, rounds, saturated), rule, saturated);
	for (uint32_t i = 0; !fixed && i < run->nr; i++) {
		int64_t more = gcda_mul(run->pairs[i].count, rounds, saturated);
		uint32_t at = 0;

		while (at < acc->nr && acc->pairs[at].value != run->pairs[i].value)
			at++;
		if (at < acc->nr && more)
			acc->pairs[at].count = gcda_add(acc->pairs[at].count, more, saturated);
	}
}

void gcda_site_add(struct arena *arena, enum gcda_rule rule, struct gcda_site *acc,
		   const struct gcda_site *run, int64_t weight, struct gcda_scratch *s)
{
	size_t most = run->nr > GCDA_TOPN_MAX ? run->nr : GCDA_TOPN_MAX;

	if (most > s->alloc) {
		s->alloc = most;
		s->pairs = xrealloc_array(s->pairs, most, sizeof(*s->pairs));
	}
	while (weight-- > 0) {
		struct gcda_site mem = { run->total, s->pairs, run->nr, 0 };
		bool lossless, fixed;

		if (run->nr)
			memcpy(mem.pairs, run->pairs, run->nr * sizeof(*mem.pairs));
		lossless = take_site(rule, &mem, acc, &s->nr_saturated);
		fixed = weight && same_pairs(&mem, acc);
		store_site(arena, acc, &mem);
		if (fixed || (weight && lossless)) {
			finish_rounds(acc, run, weight, fixed, rule, &s->nr_saturated);
			return;
		}
	}
}
