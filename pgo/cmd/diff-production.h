/* SPDX-License-Identifier: Apache-2.0 */
/* pgoctl diff of a profile with recordings of production. */
#ifndef PGO_CMD_DIFF_PRODUCTION_H
#define PGO_CMD_DIFF_PRODUCTION_H

#include "pgo/cmd/cmd.h"

struct diff_production {
	const char *profile, *recording;
	const char *binary; /* or NULL */
	const char *config; /* of the project, for weights */
	bool weights, json;
	unsigned top, llvm;
	double least; /* overlap, below which the answer is no; 0: none is */
};

int diff_production(struct cmd_ctx *ctx, const struct diff_production *d);

#endif
