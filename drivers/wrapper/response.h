/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments with the response files among them (@FILE) read, for looking at only. */
#ifndef PGO_DRIVERS_WRAPPER_RESPONSE_H
#define PGO_DRIVERS_WRAPPER_RESPONSE_H

#include "pgo/base/strvec.h"

/* top[i] is the index of the argument as given that args.v[i] is, or is from. */
struct flat_args {
	struct strvec args;
	size_t *top;
	size_t alloc;
	unsigned nr_files;
	size_t nr_bytes;
};
#define FLAT_ARGS_INIT { .args = STRVEC_INIT }

enum response_syntax {
	RESPONSE_GNU,	/* of gcc and clang: blanks, both quotes, backslash everywhere; nested */
	RESPONSE_LINES, /* of rustc: an argument a line */
};

void flat_args_release(struct flat_args *f);
PGO_DEFINE_AUTO(flat_args, flat_args_release)

/*
 * Flatten argv (until NULL). As with the compilers, "@x" where x cannot be
 * opened stands for itself. Returns NULL, or why it cannot be done: a
 * recursion, too much text, or a response file that is a pipe, which the
 * compiler could not read again.
 */
const char *flat_args_expand(struct flat_args *f, char *const *argv, enum response_syntax syntax);

#endif
