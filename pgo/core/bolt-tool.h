/* SPDX-License-Identifier: Apache-2.0 */
/* Finding llvm-bolt. */
#ifndef PGO_CORE_BOLT_TOOL_H
#define PGO_CORE_BOLT_TOOL_H

#include "drivers/postlink.h"
#include "pgo/core/project.h"

struct bolt_tool {
	const struct postlink *driver;
	char *path;
	char *banner; /* what --version printed, up to its list of targets */
	unsigned major;
};
#define BOLT_TOOL_INIT { 0 }
void bolt_tool_release(struct bolt_tool *t);
PGO_DEFINE_AUTO(bolt_tool, bolt_tool_release)

/*
 * The llvm-bolt of the LLVM of the project's compiler; for gcc the newest on PATH. It is run to
 * ask its version. -PGO_ETOOL with the package to install.
 */
int bolt_tool_find(const struct project *p, struct bolt_tool *ret, struct pgo_err *err);
/* The same without a project; llvm_major 0: the newest on PATH. Nothing is recorded. */
int bolt_tool_find_major(unsigned llvm_major, struct bolt_tool *ret, struct pgo_err *err);

#endif
