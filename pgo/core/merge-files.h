/* SPDX-License-Identifier: Apache-2.0 */
/* Merging profiles that no project tells of. */
#ifndef PGO_CORE_MERGE_FILES_H
#define PGO_CORE_MERGE_FILES_H

#include "drivers/compiler.h"
#include "pgo/core/merge-input.h"

/* How much may be lost: so many files, or that share of the files and of the counts. */
struct merge_limit {
	bool is_share;
	double share;
	uint64_t nr_files;
};
/* Whether to is "bundle" or a suffix that some format has: 0, or -PGO_EUSAGE with a hint. */
int merge_check_form(const char *to, struct pgo_err *err);

/* "5%" or "3". -PGO_EUSAGE. */
int merge_limit_parse(const char *text, struct merge_limit *ret, struct pgo_err *err);

struct merge_request {
	const char *output;
	const char *to;	      /* as merge_check_form takes it, or NULL: by the output's name */
	bool text, sparse;    /* as in prof_merge_opts; text is a --to, too */
	const char *consumer; /* as consumer_find takes it, or NULL */
	const char *strip, *prefix;
	const char *quarantine; /* where to bad files go; NULL: the first is the error */
	struct merge_limit max_lost;
	unsigned threads;
};

struct merge_outcome {
	bool is_bundle;
	/*
	 * One payload (path: the output itself when it is no bundle), inputs, lost. Hashes and
	 * numbers of files are there for a bundle only.
	 */
	struct bundle bundle;
	uint64_t nr_files;    /* read */
	uint64_t nr_skipped;  /* files in folders that are no profile */
	uint64_t nr_builds;   /* as in prof_merge_result */
	const char *left_out; /* what the form has no place for; static, or NULL */
};
#define MERGE_OUTCOME_INIT { .bundle = BUNDLE_INIT }
static inline void merge_outcome_release(struct merge_outcome *o)
{
	bundle_release(&o->bundle);
}
PGO_DEFINE_AUTO(merge_outcome, merge_outcome_release)

/*
 * Merge in, which has collect_bad set where there is a quarantine, and write the output. Equal
 * inputs in the same order give equal bytes.
 * -PGO_EUSAGE (no input, an unknown form, an output that is there already and is a folder),
 * -PGO_EMISMATCH (another family's form or compiler; inputs that do not belong together),
 * -PGO_EFORMAT and -PGO_EVERSION (an input cannot be read; with a quarantine: more than
 * max_lost cannot). The output is untouched then, but bad files may have been moved.
 */
int merge_files(struct merge_inputs *in, const struct merge_request *req, struct merge_outcome *ret,
		struct pgo_err *err);

/* Fill what of a manifest tells the toolchain: consumer, where its family is set; none is NULL. */
void merge_describe(struct bundle *b, const struct tool_version *consumer, unsigned llvm_major);

#endif
