/* SPDX-License-Identifier: Apache-2.0 */
/* Any two commands as a project of one workload, kept in a temporary folder. */
#ifndef PGO_CORE_COMMANDS_H
#define PGO_CORE_COMMANDS_H

#include "pgo/core/experiment.h"

struct command_pair {
	const char *a, *b;
	const char *prepare; /* run before each run, not timed, or NULL */
	const char *stdin_path;
	const char *shell;   /* "sh" (or NULL), "none" */
	uint64_t timeout_ns; /* 0: ten minutes */
};

/*
 * Compare them in the present folder; state_dir holds what is kept of it.
 * -PGO_EUSAGE when one is missing or the shell is neither, -PGO_ECHILD.
 */
int commands_run(const struct command_pair *c, const char *state_dir,
		 const struct experiment_opts *opts, struct experiment *ret, struct pgo_err *err);

#endif
