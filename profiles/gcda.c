/* SPDX-License-Identifier: Apache-2.0 */
/* Files and trees as the model of a profile. */
#include "profiles/gcda.h"

#include <inttypes.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "profiles/gcda-file.h"

static void add_sites(struct prof_func *func, const struct gcda_ctrs *ctrs)
{
	uint64_t all = func->value_total;

	for (uint32_t i = 0; i < ctrs->nr; i++)
		for (uint32_t j = 0; j < ctrs->sites[i].nr; j++) {
			int64_t n = ctrs->sites[i].pairs[j].count;

			all = num_add_sat(all, n > 0 ? (uint64_t)n : 0, NULL);
		}
	func->value_total = all;
	func->nr_value_sites += ctrs->nr;
}

static void add_func(struct profile *p, const struct gcda_func *src, const char *name)
{
	const struct gcda_ctrs *arcs = gcda_func_arcs(src);
	struct prof_func *func = profile_add(p);
	PGO_AUTO_FREE char *full = xstrfmt("%s:%" PRIu32, name, src->ident);

	func->name = arena_strdup(&p->arena, full);
	func->hash = (uint64_t)src->cfg_checksum << 32 | src->lineno_checksum;
	func->nr_counts = arcs ? arcs->nr : 0;
	func->counts = arena_alloc(&p->arena, func->nr_counts, sizeof(*func->counts));
	for (size_t i = 0; i < func->nr_counts; i++)
		func->counts[i] = gcda_arc_count(arcs, i);
	for (unsigned i = 0; i < src->nr_kinds; i++)
		if (src->ctrs[i].sites)
			add_sites(func, &src->ctrs[i]);
}

static int read_file(struct profile *p, const char *path, const char *name, struct pgo_err *err)
{
	PGO_AUTO(gcda_file) f = GCDA_FILE_INIT;
	int ret = gcda_file_open(&f, path, err);

	if (ret)
		return ret;
	if (p->version && p->version != f.major)
		return pgo_error_at(err, PGO_EMISMATCH, path, 4,
				    "'%s' is of GCC %u, but files before it are of GCC %" PRIu64,
				    path, f.major, p->version);
	p->version = f.major;
	for (size_t i = 0; i < f.nr_funcs; i++)
		if (f.funcs[i].present)
			add_func(p, &f.funcs[i], name);
	return 0;
}

int gcda_read(const char *path, struct profile *out, struct pgo_err *err)
{
	PGO_AUTO(gcda_list) list = GCDA_LIST_INIT;
	PGO_AUTO(profile) p = PROFILE_INIT;
	const struct gcda_tree tree = { .dir = path, .weight = 1 };
	PGO_AUTO(strbuf) file = STRBUF_INIT;
	int ret;

	p.kind = PROF_KIND_GCC_ARCS;
	if (fs_is_dir(path))
		ret = gcda_list_trees(&list, &tree, 1, err);
	else
		ret = read_file(&p, path, fs_basename(path), err);
	for (size_t i = 0; !ret && i < list.nr; i++) {
		gcda_input_path(&tree, list.entries[i], &list.entries[i]->inputs[0], &file);
		ret = read_file(&p, file.buf, list.entries[i]->name, err);
	}
	if (ret)
		return ret;
	profile_finish(&p);
	*out = p;
	p = (struct profile)PROFILE_INIT;
	return 0;
}
