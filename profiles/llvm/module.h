/* SPDX-License-Identifier: Apache-2.0 */
/* The modules that are there, and opening them. */
#ifndef PGO_PROFILES_LLVM_MODULE_H
#define PGO_PROFILES_LLVM_MODULE_H

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"
#include "profiles/llvm/shim.h"

/* The table of a major's module, opened at first use. -PGO_ETOOL: none, or it does not load. */
int llvm_module(unsigned major, const struct shim_api **ret, struct pgo_err *err);
/* Its table for sampled profiles. */
int llvm_sample_module(unsigned major, const struct shim_sample_api **ret, struct pgo_err *err);
/* "22, 19 and 14", or "none". */
void llvm_add_majors(struct strbuf *sb);

#endif
