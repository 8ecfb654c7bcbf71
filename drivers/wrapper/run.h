/* SPDX-License-Identifier: Apache-2.0 */
/* Run the compiler as if the caller had: same process group, same files, its end passed on. */
#ifndef PGO_DRIVERS_WRAPPER_RUN_H
#define PGO_DRIVERS_WRAPPER_RUN_H

#include "drivers/wrapper/warnings.h"
#include "pgo/base/err.h"
#include "pgo/base/strvec.h"

struct run_result {
	int status; /* of exit; 128 + n when ended by signal n */
	int signal; /* 0: none */
	uint64_t wall_ms;
};

/*
 * Run argv[0] (a path) to its end. Signals sent to this process alone, as make
 * sends TERM, go on to the child. With scan, stderr goes through this process,
 * at once and unchanged, and is looked at on its way.
 * -PGO_ETOOL when it cannot be started; otherwise 0, whatever its status.
 */
int run_compiler(char *const *argv, char *const *env, struct warning_scan *scan,
		 struct run_result *res, struct pgo_err *err);

/* End as the child did. */
_Noreturn void run_exit_as(const struct run_result *res);

#endif
