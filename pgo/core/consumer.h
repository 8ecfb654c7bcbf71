/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler that a profile is for, where there is no project to tell. */
#ifndef PGO_CORE_CONSUMER_H
#define PGO_CORE_CONSUMER_H

#include "drivers/compiler.h"
#include "profiles/format.h"

/*
 * name: a compiler on PATH or by its path, which is run to ask its version; or, when there is no
 * such program, "FAMILY-N" ("clang-19", "llvm-19", "gcc-12"): then only family, major and
 * llvm_major are known. -PGO_ETOOL for anything else, -PGO_EUNSUP for a program that is no
 * compiler.
 */
int consumer_find(const char *name, struct tool_version *ret, struct pgo_err *err);
/* -PGO_EMISMATCH for a profile (path, of format) that another compiler reads, and not v. */
int consumer_check(const struct tool_version *v, const struct prof_format *format, const char *path,
		   struct pgo_err *err);

#endif
