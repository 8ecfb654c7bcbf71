/* SPDX-License-Identifier: Apache-2.0 */
/* What pgoctl merge is given, as the native profiles that are in it. */
#ifndef PGO_CORE_MERGE_INPUT_H
#define PGO_CORE_MERGE_INPUT_H

#include "pgo/base/hashmap.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/bundle.h"
#include "profiles/format.h"

/* A file or folder that one merge takes as one input. */
struct merge_input {
	char *path; /* where it is to be read: for a bundle its unpacked payload */
	char *name; /* as the user knows it */
	uint64_t weight;
	const struct prof_format *format;
};

/* A file that could not be read. */
struct merge_bad {
	char *path;
	uint64_t weight;
	struct pgo_err err;
};

struct merge_inputs {
	const char *output; /* not taken for an input where it lies in a folder; may be NULL */
	bool collect_bad;   /* note what cannot be read in place of failing at the first */
	struct merge_input *v;
	size_t nr, alloc;
	struct merge_bad *bad;
	size_t nr_bad, alloc_bad, nr_bad_moved;
	uint64_t nr_before;    /* files that earlier merges took, where this one goes on */
	struct strvec skipped; /* files in folders that are no profile */
	uint64_t nr_bundles;
	struct bundle origin;		/* what the manifests of all bundles agree on */
	struct bundle workloads;	/* those of all bundles, and nothing else */
	struct strvec workload_bundles; /* whose each of them is */
	struct tempdir dir;		/* the bundles' payloads */
	struct hashmap seen;		/* absolute path of each input */
	struct strvec paths;		/* the keys of seen */
};
#define MERGE_INPUTS_INIT                                                                    \
	{ .skipped = STRVEC_INIT, .paths = STRVEC_INIT, .origin = BUNDLE_INIT,               \
	  .workloads = BUNDLE_INIT, .workload_bundles = STRVEC_INIT, \
	  .dir = TEMPDIR_INIT }
void merge_inputs_release(struct merge_inputs *in);
PGO_DEFINE_AUTO(merge_inputs, merge_inputs_release)

/* Note a file that cannot be read. Takes err, which is empty then. */
void merge_inputs_add_bad(struct merge_inputs *in, const char *path, uint64_t weight,
			  struct pgo_err *err);

/* The input that path is, or lies below; NULL: none. */
const struct merge_input *merge_inputs_find(const struct merge_inputs *in, const char *path);

/*
 * Add a native profile, a bundle's payload, a tree, one that the store has by that name, or every
 * profile below a folder, these in the order of their names. All are of one family:
 * -PGO_EMISMATCH names the one that is not. -PGO_EFORMAT, -PGO_EVERSION, -PGO_ENOTFOUND. Without
 * collect_bad the first that cannot be read is the error.
 */
int merge_inputs_add(struct merge_inputs *in, const char *path, uint64_t weight,
		     struct pgo_err *err);
/* "W,PATH", as in llvm-profdata's --weighted-input. -PGO_EUSAGE. */
int merge_inputs_add_weighted(struct merge_inputs *in, const char *text, struct pgo_err *err);
/*
 * Every line of a file: PATH, or W,PATH; blank lines and those that begin with # say nothing.
 * -PGO_EUSAGE with the line's number.
 */
int merge_inputs_add_list(struct merge_inputs *in, const char *file, struct pgo_err *err);

#endif
