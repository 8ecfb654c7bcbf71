/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiler is called: [TRIPLE-]STEM[-VERSION]. */
#ifndef PGO_DRIVERS_WRAPPER_NAMES_H
#define PGO_DRIVERS_WRAPPER_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/wrapper.h"

enum cc_tool { CC_TOOL_C, CC_TOOL_CXX, CC_TOOL_RUST };

struct cc_stem {
	const char *name; /* "g++" */
	enum cc_tool tool;
	const char *family; /* NULL: a name that no family owns, like cc */
	const char *std;    /* "-std=c99" for c99, else NULL */
};

/* Parts of a name, pointing into it. */
struct cc_name {
	const struct cc_stem *stem;
	const char *triple; /* not NUL-terminated; NULL: none */
	size_t triple_len;
	const char *version; /* "12"; NULL: none */
};

/* The link for $RUSTC, not in a folder of PATH: rustc must not seem to be there where it is not. */
#define RUSTC_LINK "rust/rustc"

extern const struct cc_stem cc_stems[]; /* ended by name NULL */

bool cc_name_parse(struct cc_name *n, const char *base);
/* "ccache" and its like, which take a compiler's command line as arguments. */
bool cc_is_launcher(const char *base);
/* Whether the name means the project's own toolchain, not another compiler. */
bool cc_name_is_ours(const struct cc_name *n, const struct wrapper_conf *conf);

#endif
