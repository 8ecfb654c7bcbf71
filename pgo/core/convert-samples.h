/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings of samples into the forms of other tools that need addresses only. */
#ifndef PGO_CORE_CONVERT_SAMPLES_H
#define PGO_CORE_CONVERT_SAMPLES_H

#include "profiles/sample-images.h"
#include "profiles/samples-write.h"

struct convert_samples_opts {
	struct sample_image_opts images;
	unsigned llvm_major; /* of the tool that will read it; 0: the newest form */
};

/* Whether to names a form that samples are converted to. */
bool convert_is_of_samples(const char *to);

/*
 * Read the recording at input and write it to output as to says: "unsymbolized",
 * "preaggregated" (both of one binary) or "collapsed". *ret tells what was written, and
 * *warnings, which is empty, what was lost or cannot be told. output is untouched on failure.
 * -PGO_EMISMATCH when input or the binary has nothing for it; errors of prof_read_samples
 * and sample_target_find.
 */
int convert_samples(const char *input, const char *to, const struct convert_samples_opts *opts,
		    const char *output, struct sample_written *ret, struct strvec *warnings,
		    struct pgo_err *err);

#endif
