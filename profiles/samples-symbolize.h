/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of addresses into counts of source lines, by the binary's debug information. */
#ifndef PGO_PROFILES_SAMPLES_SYMBOLIZE_H
#define PGO_PROFILES_SAMPLES_SYMBOLIZE_H

#include "profiles/sample-images.h"
#include "profiles/sample.h"
#include "profiles/samples-write.h"

enum sample_compiler { SAMPLE_LLVM, SAMPLE_GCC };

/*
 * Fill the empty *out, and finish it. A line's count is that of its most frequent
 * instruction; for LLVM times the copies that its discriminator tells of. With branch stacks
 * runs count for all instructions in them, what never ran of a function that did counts 0,
 * and branches give the heads and the targets of calls; the result is llvm-profgen's.
 * Without, an address counts for itself alone, and a head is the count of the function's
 * first line, 1 at least.
 * debug: the file with the debug information, as sample_debug_find says.
 * -PGO_EMISMATCH: there is none, or no sample is in a function that it knows. What could
 * not be told is put into s->warnings.
 * Source: llvm-profgen's ProfileGenerator.cpp and ProfiledBinary.cpp of LLVM 22;
 * google/autofdo's profile.cc.
 */
int samples_symbolize(struct samples *s, const struct sample_target *target, const char *debug,
		      enum sample_compiler compiler, struct sample_profile *out,
		      struct sample_written *ret, struct pgo_err *err);

#endif
