/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Majors of LLVM that this pgoctl has no module for. What their compilers are to read is written
 * by llvm-profdata of that major, which is run, from the text form.
 */
#ifndef PGO_CORE_OTHER_LLVM_H
#define PGO_CORE_OTHER_LLVM_H

#include "profiles/format.h"

/* What to read profiles with: major, or 0 (the newest module) where it has none. */
unsigned other_llvm_reader(unsigned major);
/*
 * As format->merge, for any major. Without a module for it -PGO_ETOOL when its llvm-profdata is
 * not there either (the hint names the package), -PGO_EVERSION when that one cannot read what
 * newer compilers have put into the profile. res->lost tells what text has no place for.
 */
int other_llvm_merge(const struct prof_format *format, const struct prof_input *inputs, size_t nr,
		     const struct prof_merge_opts *opts, const char *out_path,
		     struct prof_merge_result *res, struct pgo_err *err);
/* Whether text, made of the binary profile file, becomes other bytes when it is binary again. */
int other_llvm_text_loses(const struct prof_format *format, const char *file, const char *text,
			  unsigned major, bool *ret, struct pgo_err *err);

#endif
