/* SPDX-License-Identifier: Apache-2.0 */
/* GCC's .gcda: one file, or a folder of them. */
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

const struct prof_format prof_format_gcda = {
	.name = "gcda",
	.summary = "GCC counters, one file or a folder",
	.suffix = ".gcda",
	.caps = PROF_CAP_READ | PROF_CAP_TREE,
	.bid = bid,
	.read = read_gcda,
};
