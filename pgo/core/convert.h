/* SPDX-License-Identifier: Apache-2.0 */
/* Native profiles out of bundles, and between the forms of one family. */
#ifndef PGO_CORE_CONVERT_H
#define PGO_CORE_CONVERT_H

#include <stdbool.h>

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"
#include "pgo/base/strvec.h"

struct convert_opts {
	const char *to;	     /* "profdata", as convert_add_formats says */
	unsigned llvm_major; /* 0: the bundle's own, or the newest module */
	bool strict;	     /* refuse what would lose something */
};

/*
 * Write input, a bundle, a native profile or a name of the store, to output: one file, or for
 * gcda a folder, which must not exist. lost gets a line for each thing that the form has
 * no place for. -PGO_EUSAGE for an unknown format, -PGO_EMISMATCH when input has
 * no such profile, -PGO_EUNSUP for a loss under strict. output is untouched then.
 */
int convert_profile(const char *input, const struct convert_opts *opts, const char *output,
		    struct strvec *lost, struct pgo_err *err);
/* "merged.prof" to profdata: "merged.profdata"; "store:x/last-good": "last-good.profdata".
 * malloc'ed. */
char *convert_default_output(const char *input, const char *to);
/* "profdata, proftext, ... or fdata". */
void convert_add_formats(struct strbuf *sb);
/* Those that are no form of recordings alone. */
void convert_list_profiles(struct strvec *names);

#endif
