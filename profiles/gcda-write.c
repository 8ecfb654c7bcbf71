/* SPDX-License-Identifier: Apache-2.0 */
/* From struct gcda_file to the bytes that libgcov leaves. */
#include "profiles/gcda-file.h"

struct writer {
	struct strbuf *out;
	bool swap;
	unsigned unit; /* a counter's length in records: 8 bytes or 2 words */
};

static void put_u32(struct writer *w, uint32_t v)
{
	if (w->swap)
		v = __builtin_bswap32(v);
	strbuf_add(w->out, &v, sizeof(v));
}

static void put_counter(struct writer *w, int64_t v)
{
	put_u32(w, (uint32_t)v);
	put_u32(w, (uint32_t)((uint64_t)v >> 32));
}

static void put_head(struct writer *w, const struct gcda_ctrs *ctrs, int64_t nr_counters)
{
	put_u32(w, GCDA_TAG_COUNTER + ((uint32_t)ctrs->kind << 17));
	put_u32(w, (uint32_t)(nr_counters * w->unit));
}

/* Sums of a merge may have become zero again: averages have a sign. */
static bool all_zero(const struct gcda_ctrs *ctrs)
{
	for (uint32_t i = 0; ctrs->v && i < ctrs->nr; i++)
		if (ctrs->v[i])
			return false;
	return true;
}

static void put_plain(struct writer *w, const struct gcda_ctrs *ctrs, unsigned major)
{
	if (major >= GCDA_MAJOR_ZERO_RUNS && all_zero(ctrs)) {
		put_head(w, ctrs, -(int64_t)ctrs->nr);
		return;
	}
	put_head(w, ctrs, ctrs->nr);
	for (uint32_t i = 0; i < ctrs->nr; i++)
		put_counter(w, ctrs->v ? ctrs->v[i] : 0);
}

static void put_pairs(struct writer *w, const struct gcda_site *site)
{
	for (uint32_t i = 0; i < site->nr; i++) {
		put_counter(w, site->pairs[i].value);
		put_counter(w, site->pairs[i].count);
	}
}

static void put_topn(struct writer *w, const struct gcda_ctrs *ctrs)
{
	int64_t nr_counters = 2 * (int64_t)ctrs->nr;

	for (uint32_t i = 0; i < ctrs->nr; i++)
		nr_counters += 2 * (int64_t)ctrs->sites[i].nr;
	put_head(w, ctrs, nr_counters);
	for (uint32_t i = 0; i < ctrs->nr; i++) {
		put_counter(w, ctrs->sites[i].total);
		put_counter(w, ctrs->sites[i].nr);
		put_pairs(w, &ctrs->sites[i]);
	}
}

static void put_fixed_sites(struct writer *w, const struct gcda_ctrs *ctrs)
{
	struct gcda_layout at = gcda_site_layout(ctrs->rule);

	put_head(w, ctrs, (int64_t)ctrs->nr * at.stride);
	for (uint32_t i = 0; i < ctrs->nr; i++) {
		if (at.total_at < at.pairs_at)
			put_counter(w, ctrs->sites[i].total);
		put_pairs(w, &ctrs->sites[i]);
		if (at.total_at > at.pairs_at)
			put_counter(w, ctrs->sites[i].total);
	}
}

static void put_function(struct writer *w, const struct gcda_func *func, unsigned major)
{
	put_u32(w, GCDA_TAG_FUNCTION);
	put_u32(w, !func->present ? 0 : major >= GCDA_MAJOR_BYTES ? 12 : 3);
	if (!func->present)
		return;
	put_u32(w, func->ident);
	put_u32(w, func->lineno_checksum);
	put_u32(w, func->cfg_checksum);
	for (unsigned i = 0; i < func->nr_kinds; i++) {
		const struct gcda_ctrs *ctrs = &func->ctrs[i];

		if (ctrs->rule == GCDA_TOPN)
			put_topn(w, ctrs);
		else if (gcda_has_sites(ctrs->rule))
			put_fixed_sites(w, ctrs);
		else
			put_plain(w, ctrs, major);
	}
}

void gcda_file_encode(const struct gcda_file *f, struct strbuf *out)
{
	bool bytes = f->major >= GCDA_MAJOR_BYTES;
	struct writer w = { out, f->swap, bytes ? 8 : 2 };

	put_u32(&w, GCDA_MAGIC);
	put_u32(&w, f->version_word);
	put_u32(&w, f->stamp);
	if (bytes)
		put_u32(&w, f->checksum);
	if (f->has_summary) {
		put_u32(&w, GCDA_TAG_SUMMARY);
		put_u32(&w, bytes ? 8 : 2);
		put_u32(&w, f->runs);
		put_u32(&w, f->sum_max);
	}
	for (size_t i = 0; i < f->nr_funcs; i++)
		put_function(&w, &f->funcs[i], f->major);
	put_u32(&w, 0);
}
