/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats of LLVM's family share. */
#ifndef PGO_PROFILES_LLVM_FORMAT_H
#define PGO_PROFILES_LLVM_FORMAT_H

#include "profiles/format.h"
#include "profiles/llvm/guard.h"

/* The bid of the format that is of the given form. */
int llvm_format_bid(const struct prof_probe *probe, enum llvm_form_type type);
/* read and merge of struct prof_format. */
int llvm_format_read(const struct prof_probe *probe, const struct prof_read_opts *opts,
		     struct profile *out, struct pgo_err *err);
int llvm_format_merge(const struct prof_input *inputs, size_t nr,
		      const struct prof_merge_opts *opts, const char *out_path,
		      struct prof_merge_result *res, struct pgo_err *err);

#endif
