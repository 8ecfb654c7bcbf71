/* SPDX-License-Identifier: Apache-2.0 */
/* What a source tree shows of how it is built. Nothing is run. Only for config-*.c. */
#ifndef PGO_CORE_CONFIG_GUESS_H
#define PGO_CORE_CONFIG_GUESS_H

#include "pgo/core/config.h"

/*
 * Every name is of letters, digits and "._+-/" alone, so that it may stand in
 * yaml and in a shell line as it is.
 */
struct guess {
	enum project_kind kind;
	struct strvec programs; /* relative to where the build runs; the likeliest first */
	struct strvec jobs;	/* tests and benchmarks: "bench/", "test.sh", "make check" */
	bool has_configure;	/* autotools: ./configure is there */
	bool has_makefile;	/* autotools: the tree was configured in place */
	bool has_clean;		/* make: there is a target "clean" */
	bool has_lock;		/* cargo: Cargo.lock is there */
};
#define GUESS_INIT { .programs = STRVEC_INIT, .jobs = STRVEC_INIT }

void guess_tree(struct guess *g, const char *dir);
void guess_release(struct guess *g);
PGO_DEFINE_AUTO(guess, guess_release)

#endif
