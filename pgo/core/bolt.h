/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BOLT, the last step of a build: from the prebolt stage, whose linked files have their
 * relocations, to the same files with counters, and to those laid out by what was counted.
 */
#ifndef PGO_CORE_BOLT_H
#define PGO_CORE_BOLT_H

#include "pgo/core/stage.h"

#define BOLT_FORMAT "bolt-fdata" /* of its payloads */

/*
 * The artifacts of the prebolt stage that BOLT can work on: programs and shared objects with
 * symbols and relocations, by their relative paths.
 * -PGO_ECONFIG when there is none.
 */
int bolt_targets(const struct stage *prebolt, struct strvec *rels, struct pgo_err *err);
/* An artifact's relative path as a file name, which begins those of its profiles; malloc'ed. */
char *bolt_file_name(const char *rel);
/* Whether a raw profile (its path) is one of that artifact. */
bool bolt_is_profile_of(const char *path, const char *rel);
/* "bolt.fdata" where there is one target, "bolt-FILE_NAME.fdata" among several; malloc'ed. */
char *bolt_payload_name(const struct strvec *targets, const char *rel);

/*
 * Make STAGE_BOLT_INSTRUMENTED and STAGE_OPTIMIZED, unless what they are made of hashes as it
 * did. profile_dir: the payloads. A file that has none, or that llvm-bolt cannot do, stays as it
 * is, with a warning. What was optimized has run the first workload to validate before it takes
 * the stage's place.
 * -PGO_ETOOL (no llvm-bolt of the compiler's LLVM; of gcc: none at all; the hint names the
 * package), -PGO_ECHILD (it can do no file, or the program it made fails), -PGO_EMISMATCH (no
 * payload is of any artifact).
 */
int bolt_instrument(struct project *p, const struct stage *prebolt, struct stage *ret,
		    struct pgo_err *err);
int bolt_optimize(struct project *p, const struct stage *prebolt, const char *profile_dir,
		  struct stage *ret, struct pgo_err *err);

/*
 * A program with counters leaves its profiles at one fixed place: let that be raw_dir (absolute),
 * which exists, until the next call.
 */
int bolt_aim(const struct project *p, const char *raw_dir, struct pgo_err *err);

#endif
