/* SPDX-License-Identifier: Apache-2.0 */
/* Samples without branch stacks as BOLT's profile. */
#ifndef PGO_PROFILES_SAMPLES_FDATA_H
#define PGO_PROFILES_SAMPLES_FDATA_H

#include "profiles/fdata.h"
#include "profiles/sample-images.h"
#include "profiles/samples-write.h"

/*
 * Fill the empty *out, and sort it: how often each instruction of a function was met, by the
 * function's name as perf2bolt gives it: local symbols with "/1", "/2" in order of addresses.
 * Samples outside functions are left out and counted. -PGO_EMISMATCH: the binary has no symbols.
 * Source: RewriteInstance::discoverFileObjects of LLVM 22's bolt/lib/Rewrite.
 */
int samples_to_fdata(const struct samples *s, const struct sample_target *target, struct fdata *out,
		     struct sample_written *ret, struct pgo_err *err);

#endif
