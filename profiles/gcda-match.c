/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two files are of one build of one object. */
#include <inttypes.h>

#include "profiles/gcda-file.h"

/* Numbers that must be the same in both. */
struct same {
	const char *what;
	uint32_t acc, run;
	int64_t offset;
};

static const struct same *first_difference(const struct same *s, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (s[i].acc != s[i].run)
			return &s[i];
	return NULL;
}

/* From 12 on the stamp tells apart builds that may be merged, and the checksum decides. */
static int match_heads(const struct gcda_file *acc, const struct gcda_file *run,
		       struct pgo_err *err)
{
	bool by_checksum = acc->major >= GCDA_MAJOR_BYTES;
	const struct same ids[] = {
		{ "checksum", acc->checksum, run->checksum, 12 },
		{ "stamp", by_checksum ? 0 : acc->stamp, by_checksum ? 0 : run->stamp, 8 },
	};
	const struct same *bad = first_difference(ids, ARRAY_SIZE(ids));

	if (acc->version_word != run->version_word)
		return pgo_error_at(err, PGO_EMISMATCH, run->path, 4,
				    "'%s' is of GCC version '%s', but '%s' is of '%s'", run->path,
				    run->version, acc->path, acc->version);
	if (acc->swap != run->swap)
		return pgo_error_at(err, PGO_EMISMATCH, run->path, 0,
				    "'%s' and '%s' are of machines with different byte orders",
				    run->path, acc->path);
	if (bad)
		return pgo_error_at(err, PGO_EMISMATCH, run->path, bad->offset,
				    "'%s' is of another build than '%s': %s %08" PRIx32
				    ", not %08" PRIx32,
				    run->path, acc->path, bad->what, bad->run, bad->acc);
	if (acc->nr_funcs != run->nr_funcs)
		return pgo_error_at(err, PGO_EMISMATCH, run->path, -1,
				    "'%s' has %zu functions, but '%s' has %zu", run->path,
				    run->nr_funcs, acc->path, acc->nr_funcs);
	return 0;
}

static int match_counters(const struct gcda_file *acc, const struct gcda_file *run, size_t at,
			  struct pgo_err *err)
{
	const struct gcda_func *a = &acc->funcs[at], *b = &run->funcs[at];

	if (a->nr_kinds != b->nr_kinds)
		return pgo_error_at(err, PGO_EMISMATCH, run->path, -1,
				    "function %zu (ident %" PRIu32
				    ") has %u kinds of counters in '%s', but %u in '%s'",
				    at, b->ident, b->nr_kinds, run->path, a->nr_kinds, acc->path);
	for (unsigned i = 0; i < a->nr_kinds; i++) {
		const struct gcda_ctrs *x = &a->ctrs[i], *y = &b->ctrs[i];

		if (x->kind == y->kind && x->nr == y->nr)
			continue;
		return pgo_error_at(err, PGO_EMISMATCH, run->path, -1,
				    "function %zu (ident %" PRIu32 ") has %" PRIu32
				    " %s counters in '%s', but %" PRIu32 " %s counters in '%s'",
				    at, b->ident, y->nr, gcda_kind_name(run->major, y->kind),
				    run->path, x->nr, gcda_kind_name(acc->major, x->kind),
				    acc->path);
	}
	return 0;
}

static int match_function(const struct gcda_file *acc, const struct gcda_file *run, size_t at,
			  struct pgo_err *err)
{
	const struct gcda_func *a = &acc->funcs[at], *b = &run->funcs[at];
	const struct same ids[] = {
		{ "ident", a->ident, b->ident, -1 },
		{ "line checksum", a->lineno_checksum, b->lineno_checksum, -1 },
		{ "cfg checksum", a->cfg_checksum, b->cfg_checksum, -1 },
	};
	const struct same *bad = first_difference(ids, ARRAY_SIZE(ids));

	if (!a->present || !b->present)
		return 0;
	if (bad)
		return pgo_error_at(err, PGO_EMISMATCH, run->path, -1,
				    "function %zu (ident %" PRIu32 ") of '%s' has %s %08" PRIx32
				    ", but %08" PRIx32 " in '%s'",
				    at, b->ident, run->path, bad->what, bad->run, bad->acc,
				    acc->path);
	return match_counters(acc, run, at, err);
}

int gcda_file_match(const struct gcda_file *acc, const struct gcda_file *run, struct pgo_err *err)
{
	int ret = match_heads(acc, run, err);

	for (size_t i = 0; !ret && i < acc->nr_funcs; i++)
		ret = match_function(acc, run, i, err);
	if (ret)
		pgo_err_hint(err, "collect every tree with one and the same build");
	return ret;
}
