/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GCC's .gcda counter files, GCC 9 to 15, read, merged with weights and
 * written as libgcov would have left them.
 */
#ifndef PGO_PROFILES_GCDA_H
#define PGO_PROFILES_GCDA_H

#include "pgo/base/err.h"
#include "pgo/base/strvec.h"
#include "profiles/profile.h"

/* A folder with .gcda files in it, at any depth. */
struct gcda_tree {
	const char *dir;
	const char *strip;	/* leading part of the relative names to take off ("work/main/"), or NULL */
	uint64_t weight;	/* at least 1 */
};

struct gcda_merge_result {
	uint64_t nr_files;	/* written */
	uint64_t nr_inputs;	/* .gcda files read */
	uint64_t nr_functions;
	uint64_t nr_counters;
	uint64_t total_count;	/* of arcs, saturated */
	uint64_t max_count;
	uint64_t nr_saturated;
	char version[5];	/* "B22*" */
};

/*
 * Merge nr >= 1 trees into out_dir: file by file of the same relative name
 * (after strip), the union of the trees. out_dir is made beside and renamed; it
 * must not exist. The result is what libgcov leaves when the same runs are made
 * one after another into one folder (each run weight times).
 * Returns -PGO_EFORMAT (file and offset), -PGO_EVERSION, -PGO_EMISMATCH (stamp
 * or checksums differ: file and function in the message), -PGO_ENOTFOUND (no
 * .gcda below any tree), -PGO_EIO.
 */
int gcda_merge(const struct gcda_tree *trees, size_t nr, const char *out_dir,
	       struct gcda_merge_result *res, struct pgo_err *err);

/* Read one .gcda file, or every one below a folder, into the model. */
int gcda_read(const char *path, struct profile *out, struct pgo_err *err);

#endif
