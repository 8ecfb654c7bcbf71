/* SPDX-License-Identifier: Apache-2.0 */
/* Native profiles out of bundles, and between the forms of one family. */
#ifndef PGO_CORE_CONVERT_H
#define PGO_CORE_CONVERT_H

#include "pgo/base/err.h"

/*
 * to: "profdata", "proftext" (one file) or "gcda" (a folder, which must not
 * exist). llvm_major 0: the bundle's own, or the newest module.
 * -PGO_EUSAGE for an unknown format, -PGO_EMISMATCH when input has no such profile.
 */
int convert_profile(const char *input, const char *to, unsigned llvm_major, const char *output,
		    struct pgo_err *err);
/* "merged.prof" to profdata: "merged.profdata". malloc'ed. */
char *convert_default_output(const char *input, const char *to);

#endif
