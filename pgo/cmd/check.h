/* SPDX-License-Identifier: Apache-2.0 */
/* The modes of pgoctl check: each asks another question, one file and one line in a table. */
#ifndef PGO_CMD_CHECK_H
#define PGO_CMD_CHECK_H

#include "pgo/cmd/cmd.h"

/* Of all modes; a mode's own options stand with its name. */
struct check_options {
	bool json;
	const char *error_format; /* NULL or "text", "github" */
	unsigned top;
	/* instrumented */
	bool instrumented;
	double min_share; /* INFINITY: not given */
	const char *map;
};

/* Print what the mode finds; errors as struct cmd's run. The operands are argv[1..nr]. */
int check_instrumented(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv);

#endif
