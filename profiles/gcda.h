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

#define GCDA_WEIGHT_MAX 1000000

/*
 * A folder with .gcda files in it, at any depth: what one run, or several, left; or one such
 * file, whose name is its last part. strip and prefix work on whole folders. In a name that
 * -fprofile-generate=DIR has made ("#work#main#a.gcda") they work on the path that it stands for.
 */
struct gcda_tree {
	const char *dir;
	const char *strip;  /* leading folders to take off the names ("work/main"), or NULL */
	uint64_t weight;    /* 1 to GCDA_WEIGHT_MAX */
	const char *prefix; /* folders to put before the names then, or NULL */
};

struct gcda_merge_result {
	uint64_t nr_files;  /* written */
	uint64_t nr_inputs; /* .gcda files read */
	uint64_t nr_functions;
	uint64_t nr_counters;  /* of arcs */
	uint64_t total_count;  /* of arcs, saturated */
	uint64_t max_count;    /* of arcs */
	uint64_t nr_saturated; /* sums that stopped at their limit, of any kind */
	char version[5];       /* "B22*" */
};

/*
 * Merge nr >= 1 trees into out_dir: file by file of the same relative name (after
 * strip and prefix), the union of the trees, by at most so many threads (0: one for
 * each processor), whose number changes nothing in the result. out_dir is made beside,
 * as out_dir.tmp, and renamed; it must not exist. The bytes are those that libgcov
 * leaves when the runs are made one after another, in the order of the trees and each
 * weight times, into one folder. Where libgcov would wrap a sum it stops at its limit
 * instead. For a tree that several processes left this holds as long as no list of values
 * was full (GCC 11 on), since the file does not tell what each process had in it.
 * Returns -PGO_EFORMAT (file and offset), -PGO_EVERSION, -PGO_EMISMATCH (stamp,
 * checksums, numbers of counters or versions differ: file and function in the
 * message), -PGO_ENOTFOUND (a tree has no .gcda file), -PGO_ELIMIT (a weight out of
 * range), -PGO_ECANCELLED, -PGO_EIO. Nothing is left behind then.
 * Source: libgcov-driver.c, libgcov-merge.c and gcov-io.h of GCC; 11.3 and 12.2 were
 * tried, 9, 10 and 13 to 15 only read.
 */
int gcda_merge(const struct gcda_tree *trees, size_t nr, unsigned threads, const char *out_dir,
	       struct gcda_merge_result *res, struct pgo_err *err);

/*
 * Read one .gcda file, or every one below a folder, into the empty *out. A function
 * is named "path:ident", path as below the folder. Errors as above.
 */
int gcda_read(const char *path, struct profile *out, struct pgo_err *err);

#endif
