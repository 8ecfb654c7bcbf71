/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/merge-join.h"

#include "pgo/base/fs.h"
#include "pgo/core/merge-lost.h"
#include "pgo/core/payload.h"

int merge_no_input(const struct bundle *b, struct pgo_err *err)
{
	if (b->nr_lost)
		return pgo_error(err, PGO_EFORMAT, "no input is left: none can be read");
	pgo_error(err, PGO_EUSAGE, "there is no profile to merge");
	return pgo_err_hint(err, "name files, folders or bundles, or a list of them with -f");
}

/* Bad files are found one at a time in a merge: find the others that are inputs of their own. */
static void read_all(struct merge_inputs *in, unsigned llvm_major)
{
	const struct prof_read_opts opts = { .llvm_major = llvm_major };

	for (size_t i = 0; i < in->nr; i++) {
		PGO_AUTO(profile) model = PROFILE_INIT;
		PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
		int ret = 0;

		if (!fs_is_dir(in->v[i].path))
			ret = prof_read(in->v[i].path, &opts, &model, &why);
		if (ret == -PGO_EFORMAT || ret == -PGO_EVERSION)
			merge_inputs_add_bad(in, in->v[i].path, in->v[i].weight, &why);
	}
}

static bool is_bad(const struct merge_inputs *in, const char *path)
{
	for (size_t i = 0; i < in->nr_bad; i++)
		if (!strcmp(in->bad[i].path, path))
			return true;
	return false;
}

/* Whether the merge that failed may be tried again, without what made it fail. */
static bool note_bad(struct merge_inputs *in, unsigned llvm_major, int ret, struct pgo_err *err)
{
	const struct merge_input *at = err->path ? merge_inputs_find(in, err->path) : NULL;
	bool unpacked = at && strcmp(at->path, at->name) != 0;

	if (!in->collect_bad || !at || unpacked || (ret != -PGO_EFORMAT && ret != -PGO_EVERSION))
		return false;
	if (!fs_is_dir(at->path))
		read_all(in, llvm_major);
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

	for (;;) {
		PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
		int ret = merge_lost_move(in, req, b, err);

		if (!ret && !in->nr)
			ret = merge_no_input(b, err);
		if (ret)
			return ret;
		ret = merge_now(in, opts, dir, payload, res, &why);
		if (!ret)
			return 0;
		if (note_bad(in, opts->llvm_major, ret, &why))
			continue;
		name_bundle(in, &why);
		if (err) {
			pgo_err_release(err);
			*err = why;
			why = (struct pgo_err)PGO_ERR_INIT;
		}
		return ret;
	}
}
