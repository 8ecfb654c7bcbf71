/* SPDX-License-Identifier: Apache-2.0 */
/* GCC's .gcda: one file, or a folder of them. */
#include <string.h>

#include "pgo/base/mem.h"
#include "profiles/format.h"
#include "profiles/gcda-file.h"

/* A folder is known by what is in it; any file format that matched more bits goes first. */
static int bid(const struct prof_probe *probe)
{
	if (probe->is_dir)
		return gcda_is_tree(probe->path) ? 8 : 0;
	return gcda_is_head(probe->head, probe->head_len) ? 32 : 0;
}

static int read_gcda(const struct prof_probe *probe, const struct prof_read_opts *opts,
		     struct profile *out, struct pgo_err *err)
{
	(void)opts;
	return gcda_read(probe->path, out, err);
}

static int merge_gcda(const struct prof_input *inputs, size_t nr,
		      const struct prof_merge_opts *opts, const char *out_path,
		      struct prof_merge_result *res, struct pgo_err *err)
{
	PGO_AUTO_FREE struct gcda_tree *trees = xcalloc(nr, sizeof(*trees));
	struct gcda_merge_result r;
	int ret;

	for (size_t i = 0; i < nr; i++)
		trees[i] = (struct gcda_tree){ inputs[i].path, opts->strip, inputs[i].weight,
					       opts->prefix };
	ret = gcda_merge(trees, nr, opts->threads, out_path, &r, err);
	if (ret)
		return ret;
	*res = (struct prof_merge_result){
		r.nr_inputs,
		r.nr_functions,
		r.nr_counters,
		r.total_count,
		r.max_count,
		r.nr_saturated,
		1,
		"",
		NULL
	};
	memcpy(res->version, r.version, sizeof(r.version));
	return 0;
}

const struct prof_format prof_format_gcda = {
	.name = "gcda",
	.summary = "GCC counters, one file or a folder",
	.suffix = ".gcda",
	.caps = PROF_CAP_READ | PROF_CAP_TREE | PROF_CAP_RAW,
	.family = "gcda",
	.payload = "gcc",
	.bid = bid,
	.read = read_gcda,
	.merge = merge_gcda,
};
