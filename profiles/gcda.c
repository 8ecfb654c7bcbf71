/* SPDX-License-Identifier: Apache-2.0 */
/* Whole trees: merging them, and reading them into the model. */
#include "profiles/gcda.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "profiles/gcda-file.h"

/* The arcs of a function, or NULL. */
static const struct gcda_ctrs *func_arcs(const struct gcda_func *func)
{
	return func->nr_kinds && func->ctrs[0].kind == 0 ? &func->ctrs[0] : NULL;
}

/* A count that became negative has passed the signed limit, not a second one. */
static uint64_t arc_count(const struct gcda_ctrs *arcs, size_t at)
{
	return arcs->v ? (uint64_t)arcs->v[at] : 0;
}

static void count_file(const struct gcda_file *f, struct gcda_merge_result *res)
{
	res->nr_files++;
	memcpy(res->version, f->version, sizeof(res->version));
	for (size_t i = 0; i < f->nr_funcs; i++) {
		const struct gcda_ctrs *arcs = func_arcs(&f->funcs[i]);

		res->nr_functions += f->funcs[i].present;
		res->nr_counters += arcs ? arcs->nr : 0;
		for (uint32_t j = 0; arcs && arcs->v && j < arcs->nr; j++) {
			uint64_t n = arc_count(arcs, j);

			res->total_count = num_add_sat(res->total_count, n, NULL);
			if (n > res->max_count)
				res->max_count = n;
		}
	}
}

/*
 * Merge the inputs of one name into *acc. The first file is read once to stand for
 * its first round, and again for the others that its weight asks for.
 */
static int merge_inputs(const struct gcda_tree *trees, const struct gcda_entry *e,
			struct gcda_file *acc, uint64_t *nr_saturated, struct pgo_err *err)
{
	int ret = gcda_file_open(acc, e->inputs[0].path, err);

	for (size_t i = 0; !ret && i < e->nr; i++) {
		const struct gcda_input *in = &e->inputs[i];
		uint64_t weight = trees[in->tree].weight - (i == 0);
		PGO_AUTO(gcda_file) run = GCDA_FILE_INIT;

		if (!weight)
			continue;
		ret = gcda_file_open(&run, in->path, err);
		if (!ret)
			ret = gcda_file_add(acc, &run, weight, nr_saturated, err);
	}
	return ret;
}

static int write_file(const char *path, const struct strbuf *bytes, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int ret = fd < 0 ? -errno : fs_write_all(fd, bytes->buf, bytes->len);

	if (!ret && close(TAKE_FD(fd)))
		ret = -errno;
	if (!ret)
		return 0;
	errno = -ret;
	return pgo_error_errno(err, "cannot write '%s'", path);
}

/* One output file, whole; what it counts is added to *res. Touches nothing that others share. */
static int merge_entry(const struct gcda_tree *trees, const struct gcda_entry *e, const char *dir,
		       struct gcda_merge_result *res, struct pgo_err *err)
{
	PGO_AUTO(gcda_file) acc = GCDA_FILE_INIT;
	PGO_AUTO(strbuf) bytes = STRBUF_INIT;
	PGO_AUTO_FREE char *path = fs_join(dir, e->name);
	PGO_AUTO_FREE char *parent = fs_dirname(path);
	int ret = merge_inputs(trees, e, &acc, &res->nr_saturated, err);

	if (ret)
		return ret;
	if (res->nr_files && strcmp(res->version, acc.version) != 0)
		return pgo_error_at(err, PGO_EMISMATCH, acc.path, 4,
				    "'%s' is of GCC version '%s', but files before it are of '%s'",
				    acc.path, acc.version, res->version);
	gcda_file_encode(&acc, &bytes);
	if (!fs_is_dir(parent)) {
		ret = fs_mkdir_p(parent, err);
		if (ret)
			return ret;
	}
	count_file(&acc, res);
	res->nr_inputs += e->nr;
	return write_file(path, &bytes, err);
}

static int merge_list(const struct gcda_tree *trees, const struct gcda_list *list, const char *dir,
		      struct gcda_merge_result *res, struct pgo_err *err)
{
	int ret = fs_remove_tree(dir, err);

	if (!ret)
		ret = fs_mkdir_p(dir, err);
	for (size_t i = 0; !ret && i < list->nr; i++) {
		if (child_cancelled())
			return pgo_error(err, PGO_ECANCELLED, "the merge was stopped");
		ret = merge_entry(trees, list->entries[i], dir, res, err);
	}
	return ret;
}

static int check_arguments(const struct gcda_tree *trees, size_t nr, const char *out_dir,
			   struct pgo_err *err)
{
	for (size_t i = 0; i < nr; i++)
		if (!trees[i].weight || trees[i].weight > GCDA_WEIGHT_MAX)
			return pgo_error(err, PGO_ELIMIT,
					 "the weight %" PRIu64 " of '%s' is not between 1 and %d",
					 trees[i].weight, trees[i].dir, GCDA_WEIGHT_MAX);
	if (!fs_exists(out_dir))
		return 0;
	errno = EEXIST;
	return pgo_error_errno(err, "cannot create '%s'", out_dir);
}

static char *trim_slashes(const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	return xstrndup(dir, len);
}

int gcda_merge(const struct gcda_tree *trees, size_t nr, const char *out_dir,
	       struct gcda_merge_result *res, struct pgo_err *err)
{
	PGO_AUTO(gcda_list) list = GCDA_LIST_INIT;
	PGO_AUTO_FREE char *out = trim_slashes(out_dir);
	PGO_AUTO_FREE char *tmp = xstrfmt("%s.tmp", out);
	struct gcda_merge_result sum = { 0 };
	int ret = check_arguments(trees, nr, out, err);

	if (!ret)
		ret = gcda_list_trees(&list, trees, nr, err);
	if (ret)
		return ret;
	ret = merge_list(trees, &list, tmp, &sum, err);
	if (!ret && rename(tmp, out))
		ret = pgo_error_errno(err, "cannot rename '%s' to '%s'", tmp, out);
	if (ret) {
		fs_remove_tree(tmp, NULL);
		return ret;
	}
	*res = sum;
	return 0;
}

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
	const struct gcda_ctrs *arcs = func_arcs(src);
	struct prof_func *func = profile_add(p);
	PGO_AUTO_FREE char *full = xstrfmt("%s:%" PRIu32, name, src->ident);

	func->name = arena_strdup(&p->arena, full);
	func->hash = (uint64_t)src->cfg_checksum << 32 | src->lineno_checksum;
	func->nr_counts = arcs ? arcs->nr : 0;
	func->counts = arena_alloc(&p->arena, func->nr_counts, sizeof(*func->counts));
	for (size_t i = 0; i < func->nr_counts; i++)
		func->counts[i] = arc_count(arcs, i);
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
	struct gcda_tree tree = { path, NULL, 1 };
	int ret;

	p.kind = PROF_KIND_GCC_ARCS;
	if (fs_is_dir(path))
		ret = gcda_list_trees(&list, &tree, 1, err);
	else
		ret = read_file(&p, path, fs_basename(path), err);
	for (size_t i = 0; !ret && i < list.nr; i++)
		ret = read_file(&p, list.entries[i]->inputs[0].path, list.entries[i]->name, err);
	if (ret)
		return ret;
	profile_finish(&p);
	*out = p;
	p = (struct profile)PROFILE_INIT;
	return 0;
}
