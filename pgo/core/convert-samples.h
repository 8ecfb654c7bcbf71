/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings of samples into profiles of compilers and BOLT, and forms of other tools. */
#ifndef PGO_CORE_CONVERT_SAMPLES_H
#define PGO_CORE_CONVERT_SAMPLES_H

#include "profiles/sample-images.h"
#include "profiles/samples-write.h"

struct convert_samples_opts {
	struct sample_image_opts images;
	unsigned llvm_major; /* of the tool that will read it; 0: the newest form */
};

/*
 * Whether to names a form that samples alone are converted to, or one that they are as well
 * and input is a recording.
 */
bool convert_is_of_samples(const char *input, const char *to);

/*
 * Read the recording at input and write it to output as to says: "collapsed", or of one
 * binary "unsymbolized", "preaggregated", "sample-text", "sample-binary",
 * "sample-extbinary" (the last two by LLVM's module), "afdo-1", "afdo-2" or "fdata". A binary
 * with pseudo-probes is given to llvm-profgen, with contexts where call stacks were recorded
 * beside the branch stacks; branch stacks for BOLT to perf2bolt: those of
 * opts->llvm_major. *ret tells what was written, and *warnings, which is empty, what was
 * lost or cannot be told. output is untouched on failure.
 * -PGO_EMISMATCH when input or the binary has nothing for it, also no debug information;
 * -PGO_ETOOL when the tool or the module is not here; errors of prof_read_samples,
 * sample_target_find, sample_debug_find and convert_by_profgen.
 */
int convert_samples(const char *input, const char *to, const struct convert_samples_opts *opts,
		    const char *output, struct sample_written *ret, struct strvec *warnings,
		    struct pgo_err *err);

#endif
