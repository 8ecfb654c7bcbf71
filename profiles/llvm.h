/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LLVM instrumentation profiles through the shim modules, one for each LLVM
 * major that was found at build time. A module is opened at first use.
 */
#ifndef PGO_PROFILES_LLVM_H
#define PGO_PROFILES_LLVM_H

#include "pgo/base/err.h"
#include "pgo/base/strvec.h"
#include "profiles/profile.h"

struct llvm_input {
	const char *path; /* raw, indexed or text */
	uint64_t weight;  /* at least 1 */
};

/* What is told of a text form that loses something. */
#define LLVM_TEXT_LOSES                                                                    \
	"what the text form has no place for, such as the build ids of the programs that " \
	"ran"

struct llvm_merge_opts {
	unsigned major; /* of the compiler that will read the result */
	bool sparse;
	bool text; /* write the text form */
	/*
	 * As llvm-profdata's -j; 0: what it takes by default, which depends on the
	 * number of processors. LLVM 14's bytes depend on it when the inputs are not
	 * all of the same functions; those of 19 and 22 do only where one name has
	 * several hashes.
	 */
	unsigned jobs;
	unsigned threads; /* that add up raw profiles; 0: one a processor. Not seen in the result */
};

/* What a merge did. */
struct llvm_merge_result {
	uint64_t nr_functions;
	uint64_t nr_counters;
	uint64_t total_count; /* saturated */
	uint64_t max_count;
	uint64_t version;     /* indexed version written; 0 for text */
	uint64_t nr_overflow; /* times that a counter stopped at its limit */
	uint64_t nr_summed;   /* raw files that were added up as arrays */
	uint64_t nr_binaries; /* that left the files, where all were added up; 0: not known */
	bool text_loses;      /* inputs of newer LLVMs had what their text form has no place for */
	/* bitmaps, traces and values of virtual tables that this major has no place for */
	uint64_t nr_lost;
};

/*
 * Merge nr >= 1 inputs, in the given order, into out_path (written atomically).
 * The bytes are those of "llvm-profdata-MAJOR merge -j=JOBS" of the same files
 * given in the same order; where LLVM 14's tool forgets that inputs were
 * context-sensitive, those of its -j=1. Stricter than the tool, which skips empty
 * files, mixes IR and front-end profiles, and only warns of counters that
 * disagree.
 * Returns -PGO_EFORMAT (with the path at fault, and offset where known),
 * -PGO_EVERSION (a raw version that this major does not read, or an indexed one that no module
 * does; the hint names who does), -PGO_EMISMATCH (front-end and IR kinds mixed, or counters of
 * one function disagree), -PGO_EUNSUP (a memory profile, or one that needs debug
 * information), -PGO_ETOOL (no module for major: the hint names those there
 * are), -PGO_EIO. out_path is untouched then.
 */
int llvm_merge(const struct llvm_input *inputs, size_t nr, const struct llvm_merge_opts *opts,
	       const char *out_path, struct llvm_merge_result *res, struct pgo_err *err);

/*
 * Read any LLVM instrumentation profile into the empty *out, functions by name,
 * then hash. major: by its module; 0, or where an indexed one is newer: by the newest module that
 * reads it. Returns as llvm_merge.
 */
int llvm_read(const char *path, unsigned major, struct profile *out, struct pgo_err *err);

/* Whether that LLVM reads indexed profiles of the version; one that is not known yet does. */
bool llvm_reads_indexed(unsigned major, uint64_t version);
/* The majors that have a module, descending, 0-terminated; valid for the program's life. */
const unsigned *llvm_majors(void);
/* "22.1.8": the library's own version, or NULL when there is no such module. */
const char *llvm_version(unsigned major);
/* Where the modules are; called once by main before any other call. dir is copied. */
void llvm_set_module_dir(const char *dir);

#endif
