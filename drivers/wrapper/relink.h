/* SPDX-License-Identifier: Apache-2.0 */
/* Giving one link of a build another layout, whatever linker it uses. */
#ifndef PGO_DRIVERS_WRAPPER_RELINK_H
#define PGO_DRIVERS_WRAPPER_RELINK_H

#include "drivers/wrapper.h"

/* What is added to the command line. */
struct relink {
	char *pad;	     /* an object to stand first, to be removed after the link, or NULL */
	struct strvec flags; /* to stand with the other flags */
};
#define RELINK_INIT { .flags = STRVEC_INIT }
/* Removes the object, too. */
void relink_release(struct relink *r);
PGO_DEFINE_AUTO(relink, relink_release)

/*
 * Ask the linker that real (a compiler) uses with these options what it is, and
 * make what lays its output out as conf->layout says. env is that of the real
 * compiler. -PGO_ETOOL when the padding cannot be assembled.
 */
int relink_prepare(struct relink *r, const struct wrapper_conf *conf, const char *real,
		   const struct strvec *target, const struct strvec *env, struct pgo_err *err);

#endif
