/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding a file that has the shape of one that is decoded already, as all files of one build
 * but the first do. It is gone through twice: to compare every byte that is no counter, and
 * then, with nothing left to go wrong, to add.
 */
#include "profiles/gcda-file.h"

struct raw {
	const uint8_t *pos, *end;
	unsigned unit; /* a counter's length in records: 8 bytes or 2 words */
};

static size_t left(const struct raw *r)
{
	return (size_t)(r->end - r->pos);
}

/* Of the next words, which are there; they are not taken. */
static uint32_t word_at(const struct raw *r, size_t index)
{
	uint32_t w;

	memcpy(&w, r->pos + 4 * index, sizeof(w));
	return w;
}

/* Whether the next nr words are those, which are taken then. */
static bool take_words(struct raw *r, const uint32_t *words, size_t nr)
{
	if (left(r) < 4 * nr || memcmp(r->pos, words, 4 * nr) != 0)
		return false;
	r->pos += 4 * nr;
	return true;
}

static int64_t load(const uint8_t *p)
{
	uint32_t w[2];

	memcpy(w, p, sizeof(w));
	return (int64_t)((uint64_t)w[1] << 32 | w[0]);
}

/* acc + v * weight for each; a sum that passes its limit is noticed behind, and mended. */
static void add_sums(int64_t *acc, const uint8_t *p, uint32_t nr, int64_t weight,
		     uint64_t *saturated)
{
	for (uint32_t i = 0; i < nr; i++) {
		int64_t v = load(p + 8 * (size_t)i), sum;

		if (weight == 1 && !__builtin_add_overflow(acc[i], v, &sum))
			acc[i] = sum;
		else
			acc[i] = gcda_add(acc[i], gcda_mul(v, weight, saturated), saturated);
	}
}

static void add_plain(struct arena *arena, struct gcda_ctrs *acc, const uint8_t *p, int64_t weight,
		      uint64_t *saturated)
{
	if (!acc->v)
		acc->v = arena_zalloc(arena, acc->nr, sizeof(*acc->v));
	if (acc->rule == GCDA_ADD) {
		add_sums(acc->v, p, acc->nr, weight, saturated);
		return;
	}
	for (uint32_t i = 0; i < acc->nr; i++) {
		int64_t v = load(p + 8 * (size_t)i);

		if (acc->rule == GCDA_OR)
			acc->v[i] |= v;
		else if (v && (!acc->v[i] || v < acc->v[i]))
			acc->v[i] = v;
	}
}

static void load_pairs(struct gcda_scratch *s, const uint8_t *p, uint32_t nr)
{
	if (nr > s->run_alloc) {
		s->run_alloc = nr;
		s->run_pairs = xrealloc_array(s->run_pairs, nr, sizeof(*s->run_pairs));
	}
	for (uint32_t i = 0; i < nr; i++, p += 16)
		s->run_pairs[i] = (struct gcda_pair){ load(p), load(p + 8) };
}

/* A place that was not reached leaves a list of at most one value as it is. */
static bool changes_nothing(const struct gcda_site *acc, int64_t total, uint32_t nr)
{
	return !total && !nr && acc->nr <= 1 && acc->total != INT64_MIN;
}

/* Sites of lengths of their own in the n counters at p; false when they do not add up. */
static bool run_topn(struct gcda_file *acc, struct gcda_ctrs *ctrs, const uint8_t *p, uint64_t n,
		     int64_t weight, struct gcda_scratch *s)
{
	for (uint32_t i = 0; i < ctrs->nr; i++) {
		struct gcda_site site;
		uint64_t nr;

		if (n < 2)
			return false;
		nr = (uint64_t)load(p + 8);
		if (nr > (n - 2) / 2)
			return false;
		site = (struct gcda_site){ load(p), NULL, (uint32_t)nr, 0 };
		p += 16;
		n -= 2 + 2 * nr;
		if (s && !changes_nothing(&ctrs->sites[i], site.total, site.nr)) {
			load_pairs(s, p, site.nr);
			site.pairs = s->run_pairs;
			gcda_site_add(&acc->arena, ctrs->rule, &ctrs->sites[i], &site, weight, s);
		}
		p += 16 * nr;
	}
	return !n;
}

static void add_fixed_sites(struct gcda_file *acc, struct gcda_ctrs *ctrs, const uint8_t *p,
			    int64_t weight, struct gcda_scratch *s)
{
	struct gcda_layout at = gcda_site_layout(ctrs->rule);

	for (uint32_t i = 0; i < ctrs->nr; i++, p += 8 * at.stride) {
		struct gcda_site site = { load(p + 8 * at.total_at), NULL, at.nr_pairs, 0 };

		load_pairs(s, p + 8 * at.pairs_at, at.nr_pairs);
		site.pairs = s->run_pairs;
		gcda_site_add(&acc->arena, ctrs->rule, &ctrs->sites[i], &site, weight, s);
	}
}

/* One counter record. s NULL: it is only compared. */
static bool run_counters(struct raw *r, struct gcda_file *acc, struct gcda_ctrs *ctrs,
			 int64_t weight, struct gcda_scratch *s)
{
	uint64_t nr = ctrs->nr, n;
	const uint8_t *p;
	int64_t len;

	if (left(r) < 8 || word_at(r, 0) != GCDA_TAG_COUNTER + ((uint32_t)ctrs->kind << 17))
		return false;
	len = (int32_t)word_at(r, 1);
	r->pos += 8;
	if (len < 0)
		return acc->major >= GCDA_MAJOR_ZERO_RUNS && !gcda_has_sites(ctrs->rule) &&
		       (uint64_t)-len == nr * r->unit;
	n = (uint64_t)len / r->unit;
	if ((uint64_t)len % r->unit || n > left(r) / 8)
		return false;
	p = r->pos;
	r->pos += 8 * n;
	if (ctrs->rule == GCDA_TOPN)
		return run_topn(acc, ctrs, p, n, weight, s);
	if (gcda_has_sites(ctrs->rule))
		nr *= gcda_site_layout(ctrs->rule).stride;
	if (n != nr)
		return false;
	if (s && gcda_has_sites(ctrs->rule))
		add_fixed_sites(acc, ctrs, p, weight, s);
	else if (s)
		add_plain(&acc->arena, ctrs, p, weight, &s->nr_saturated);
	return true;
}

static bool run_function(struct raw *r, struct gcda_file *acc, struct gcda_func *func,
			 int64_t weight, struct gcda_scratch *s)
{
	const uint32_t head[] = {
		GCDA_TAG_FUNCTION,  !func->present ? 0 : acc->major >= GCDA_MAJOR_BYTES ? 12 : 3,
		func->ident,	    func->lineno_checksum,
		func->cfg_checksum,
	};

	if (!take_words(r, head, func->present ? 5 : 2))
		return false;
	for (unsigned i = 0; i < func->nr_kinds; i++)
		if (!run_counters(r, acc, &func->ctrs[i], weight, s))
			return false;
	return true;
}

/* From behind the summary to the end mark. */
static bool run_functions(struct raw r, struct gcda_file *acc, int64_t weight,
			  struct gcda_scratch *s)
{
	const uint32_t end = 0;

	for (size_t i = 0; i < acc->nr_funcs; i++)
		if (!run_function(&r, acc, &acc->funcs[i], weight, s))
			return false;
	return take_words(&r, &end, 1);
}

/* Magic, version, the stamp or the checksum, and the head of the summary. */
static bool run_head(struct raw *r, const struct gcda_file *acc, uint32_t *stamp,
		     uint32_t summary[2])
{
	bool bytes = acc->major >= GCDA_MAJOR_BYTES;
	const uint32_t magic[] = { GCDA_MAGIC, acc->version_word };
	const uint32_t tag[] = { GCDA_TAG_SUMMARY, bytes ? 8 : 2 };

	if (!take_words(r, magic, 2) || left(r) < 8)
		return false;
	*stamp = word_at(r, 0);
	if (bytes ? word_at(r, 1) != acc->checksum : *stamp != acc->stamp)
		return false;
	r->pos += bytes ? 8 : 4;
	if (!acc->has_summary)
		return true;
	if (!take_words(r, tag, 2) || left(r) < 8)
		return false;
	summary[0] = word_at(r, 0);
	summary[1] = word_at(r, 1);
	r->pos += 8;
	return true;
}

bool gcda_file_add_raw(struct gcda_file *acc, const void *data, size_t len, uint64_t weight,
		       struct gcda_scratch *s)
{
	struct raw r = { data, (const uint8_t *)data + len,
			 acc->major >= GCDA_MAJOR_BYTES ? 8 : 2 };
	uint32_t stamp, summary[2] = { 0 };

	if (acc->swap || !run_head(&r, acc, &stamp, summary) ||
	    !run_functions(r, acc, (int64_t)weight, NULL))
		return false;
	gcda_add_head(acc, stamp, summary[0], summary[1], weight, &s->nr_saturated);
	return run_functions(r, acc, (int64_t)weight, s);
}
