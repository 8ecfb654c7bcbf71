/* SPDX-License-Identifier: Apache-2.0 */
/* Which compiler a call of the wrapper means, and where the real one is. */
#ifndef PGO_DRIVERS_WRAPPER_RESOLVE_H
#define PGO_DRIVERS_WRAPPER_RESOLVE_H

#include "drivers/wrapper/names.h"

struct resolved {
	struct cc_name name;
	const char *asked;	 /* as it was called: "gcc-11" */
	char *real;		 /* a path */
	char **args;		 /* what follows its name, in the caller's argv */
	struct strvec launchers; /* "ccache", by path, to stand before real */
	bool foreign;
};
#define RESOLVED_INIT { .launchers = STRVEC_INIT }
void resolved_release(struct resolved *r);
PGO_DEFINE_AUTO(resolved, resolved_release)

/*
 * argv[0] is the name of a link ("gcc"), or pgoctl-cc's own with a command
 * line after it ("pgoctl-cc ccache gcc ..."). -PGO_EUSAGE when that is no
 * compiler's, -PGO_ETOOL when the real one is not there.
 */
int resolve_call(struct resolved *r, char **argv, const struct wrapper_conf *conf,
		 struct pgo_err *err);

/* This environment's PATH without the folder of links, malloc'ed: what the real compiler starts
 * (ccache) must not come back here. */
char *path_without_shims(const char *shim_dir);

#endif
