/* SPDX-License-Identifier: Apache-2.0 */
/* LLVM's own converters, for what only they know: pseudo-probes, and the layout of BOLT. */
#ifndef PGO_CORE_CONVERT_TOOLS_H
#define PGO_CORE_CONVERT_TOOLS_H

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"

/* The LLVM that goes with major; 0: the newest that is here. */
struct convert_tool {
	unsigned llvm_major;
	const char *binary; /* the program that was recorded */
	const char *debug;  /* the file with its debug information; NULL: itself */
	bool hybrid;	    /* llvm-profgen's input is of samples_write_hybrid */
};

/*
 * llvm-profgen: input, as samples_write_unsymbolized makes it, to output in that format
 * ("text", "binary", "extbinary"). -PGO_ETOOL: it is not here (the package in the hint);
 * -PGO_ECHILD: it failed. output is untouched then.
 */
int convert_by_profgen(const struct convert_tool *tool, const struct strbuf *input,
		       const char *format, const char *output, struct pgo_err *err);
/* perf2bolt: preaggregated, for the tool's major, to .fdata at output. Errors as above. */
int convert_by_perf2bolt(const struct convert_tool *tool, const struct strbuf *preaggregated,
			 const char *output, struct pgo_err *err);
/* The major that a tool of that name would be of; 0: it is not here, or its name tells none. */
unsigned convert_tool_major(const char *name, unsigned llvm_major);

#endif
