/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiler's command line asks for. */
#ifndef PGO_DRIVERS_WRAPPER_ARGS_H
#define PGO_DRIVERS_WRAPPER_ARGS_H

#include <stdbool.h>

#include "pgo/base/strvec.h"

enum cc_mode { CC_PASSED, CC_COMPILE, CC_LINK, CC_COMPILE_LINK };
const char *cc_mode_name(enum cc_mode mode);

struct cc_call {
	enum cc_mode mode;
	const char *why;       /* CC_PASSED: a static string */
	size_t insert_at;      /* index into argv of where flags go */
	struct strvec sources; /* to be compiled */
	struct strvec objects; /* linker inputs by name, not -l */
	struct strvec target;  /* options that choose the machine or the linker */
	char *output;	       /* of -o, or NULL */
	bool has_std;	       /* -std= or -ansi */
	bool no_default_libs;  /* -nostdlib, -nodefaultlibs */
	bool has_colour;       /* rustc: --color or another --error-format */
};
#define CC_CALL_INIT \
	{ .sources = STRVEC_INIT, .objects = STRVEC_INIT, .target = STRVEC_INIT }
void cc_call_release(struct cc_call *call);
PGO_DEFINE_AUTO(cc_call, cc_call_release)

/* argv (until NULL) follows the compiler's name. What cannot be made sense of is CC_PASSED. */
void cc_call_analyse(struct cc_call *call, char *const *argv);
void rust_call_analyse(struct cc_call *call, char *const *argv);

/* Whether a build system only tries what the compiler can do: all sources are those of
 * autoconf's, CMake's or Meson's checks. */
bool cc_call_is_probe(const struct cc_call *call, const char *cwd);

/* Whether opt, an option of gcc or clang, has its value in the next argument. */
bool cc_option_takes_value(const char *opt);
/* The same for rustc. */
bool rust_option_takes_value(const char *opt);

#endif
