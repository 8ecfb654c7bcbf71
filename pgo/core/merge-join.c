/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/merge-join.h"

#include "pgo/base/fs.h"
#include "pgo/core/merge-lost.h"
#include "pgo/core/other-llvm.h"
#include "pgo/core/payload.h"

int merge_no_input(const struct bundle *b, struct pgo_err *err)
{
	if (b->nr_lost)
		return pgo_error(err, PGO_EFORMAT, "no input is left: none can be read");
	pgo_error(err, PGO_EUSAGE, "there is no profile to merge");
	return pgo_err_hint(err, "name files, folders or bundles, or a list of them with -f");
}

static bool is_bad(const struct merge_inputs *in, const char *path)
{
	for (size_t i = 0; i < in->nr_bad; i++)
		if (!strcmp(in->bad[i].path, path))
			return true;
	return false;
}

/* Reading everything once, so that all that is bad is known before any of it is moved. */
struct reading {
	struct merge_inputs *in;
	const struct merge_input *input;
	struct prof_read_opts opts;
};

static void read_file(const struct reading *r, const char *path)
{
	PGO_AUTO(profile) model = PROFILE_INIT;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	int ret = is_bad(r->in, path) ? 0 : prof_read(path, &r->opts, &model, &why);

	if (ret == -PGO_EFORMAT || ret == -PGO_EVERSION)
		merge_inputs_add_bad(r->in, path, r->input->weight, &why);
}

static int read_below(const char *path, const char *rel, const struct stat *st, void *arg,
		      struct pgo_err *err)
{
	const struct reading *r = arg;
	const char *suffix = r->input->format->suffix;
	size_t len = strlen(rel), n = strlen(suffix);

	(void)err;
	if (!S_ISDIR(st->st_mode) && len > n && !strcmp(rel + len - n, suffix))
		read_file(r, path);
	return 0;
}

static int read_all(struct merge_inputs *in, unsigned llvm_major, struct pgo_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < in->nr; i++) {
		struct reading r = { in, &in->v[i], { .llvm_major = llvm_major } };

		if (fs_is_dir(in->v[i].path))
			ret = fs_walk(in->v[i].path, read_below, &r, err);
		else if (!strcmp(in->v[i].path, in->v[i].name))
			read_file(&r, in->v[i].path);
	}
	return ret;
}

/* Whether the merge that failed may be tried again, without what made it fail. */
static bool note_bad(struct merge_inputs *in, unsigned llvm_major, int ret, struct pgo_err *err)
{
	const struct merge_input *at = err->path ? merge_inputs_find(in, err->path) : NULL;
	bool unpacked = at && strcmp(at->path, at->name) != 0;

	if (!in->collect_bad || !at || unpacked || (ret != -PGO_EFORMAT && ret != -PGO_EVERSION))
		return false;
	if (read_all(in, llvm_major, NULL))
		return false;
	if (!is_bad(in, err->path)) {
		PGO_AUTO_FREE char *path = xstrdup(err->path);

		merge_inputs_add_bad(in, path, at->weight, err);
	}
	return true;
}

static int merge_now(const struct merge_inputs *in, const struct prof_merge_opts *opts,
		     const char *dir, struct bundle_payload *payload, struct prof_merge_result *res,
		     struct pgo_err *err)
{
	PGO_AUTO_FREE struct prof_input *list = xcalloc(in->nr, sizeof(*list));

	for (size_t i = 0; i < in->nr; i++)
		list[i] = (struct prof_input){ in->v[i].path, in->v[i].weight };
	return payload_merge(in->v[0].format, list, in->nr, opts, dir, payload, res, err);
}

/* A payload's path is in a folder that goes away. */
static void name_bundle(const struct merge_inputs *in, struct pgo_err *err)
{
	const struct merge_input *at = err->path ? merge_inputs_find(in, err->path) : NULL;

	if (at && strcmp(at->path, at->name) != 0)
		pgo_err_prefix(err, "in '%s'", at->name);
}

int merge_join(struct merge_inputs *in, const struct merge_request *req,
	       const struct prof_merge_opts *opts, const char *dir, struct bundle *b,
	       struct prof_merge_result *res, struct pgo_err *err)
{
	struct bundle_payload *payload = bundle_add_payload(b);
	int ret = in->nr_bad > in->nr_bad_moved
			  ? read_all(in, other_llvm_reader(opts->llvm_major), err)
			  : 0;

	while (!ret) {
		PGO_AUTO(pgo_err) why = PGO_ERR_INIT;

		ret = merge_lost_move(in, req, b, err);
		if (!ret && !in->nr)
			ret = merge_no_input(b, err);
		if (ret)
			return ret;
		ret = merge_now(in, opts, dir, payload, res, &why);
		if (!ret)
			return 0;
		if (note_bad(in, other_llvm_reader(opts->llvm_major), ret, &why)) {
			ret = 0;
			continue;
		}
		name_bundle(in, &why);
		if (err) {
			pgo_err_release(err);
			*err = why;
			why = (struct pgo_err)PGO_ERR_INIT;
		}
	}
	return ret;
}
