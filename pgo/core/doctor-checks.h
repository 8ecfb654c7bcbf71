/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a doctor's visit share; each part is a const table of checks. */
#ifndef PGO_CORE_DOCTOR_CHECKS_H
#define PGO_CORE_DOCTOR_CHECKS_H

#include "pgo/core/doctor-shop.h"

/* Fill f: what and mend are copied, either may be NULL. */
void doctor_answer(struct doctor_finding *f, enum doctor_answer a, const char *what,
		   const char *mend);
/* By how something ended: 0 is a yes with what, anything else a no with err's message and hint. */
void doctor_settle(struct doctor_finding *f, int ret, const char *what, const struct pgo_err *err);

/* What mends the lack of branch stacks where the machine has none. */
#define DOCTOR_WITHOUT_BRANCHES \
	"set profile.technique to instrument, or to bolt, in pgo.yaml: exact without them"

/* doctor-find.c: every compiler on PATH, each program once; or those that are asked for. */
int doctor_find(const struct doctor_opts *opts, struct doctor *d, struct pgo_err *err);

/* doctor-toolchain.c: fill t->tries. *s is empty, and stays for doctor_try_pair. */
int doctor_try_all(struct doctor_shop *s, const struct doctor_opts *opts,
		   struct doctor_recorder *recorder, struct doctor_toolchain *t, const char *dir,
		   struct pgo_err *err);
/* Give to's compiler the profile that from's program has left. -PGO_ECANCELLED. */
int doctor_try_pair(struct doctor_shop *to, const struct doctor_shop *from,
		    struct doctor_finding *f, struct pgo_err *err);

/* doctor-machine.c: all facts. -PGO_ECANCELLED. */
int doctor_look(const struct doctor_opts *opts, const struct doctor_recorder *recorder,
		struct doctor *d, struct pgo_err *err);

#endif
