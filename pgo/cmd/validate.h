/* SPDX-License-Identifier: Apache-2.0 */
/* Options and output that pgoctl validate and pgoctl run share. */
#ifndef PGO_CMD_VALIDATE_H
#define PGO_CMD_VALIDATE_H

#include <limits.h>
#include <math.h>

#include "pgo/cmd/cmd.h"
#include "pgo/core/experiment.h"

struct validate_options {
	unsigned pairs;
	uint64_t seed, budget_ns;
	double margin;
};
/* Not given on the command line: pgo.yaml's is taken. */
#define VALIDATE_OPTIONS_INIT { .pairs = UINT_MAX, .margin = NAN }
#define VALIDATE_OPTS(type, member)                                                           \
	{ OPT_UINT, 0, "pairs", "N", "A/B pairs a workload (default: pgo.yaml's, or 20)",     \
	  offsetof(type, member.pairs) },                                                     \
	{ OPT_PERCENT, 0, "margin", "P%", "a slow-down that does not matter (default: 2%)",   \
	  offsetof(type, member.margin) },                                                    \
	{ OPT_DURATION, 0, "budget", "TIME", "fewer pairs when they would take longer",       \
	  offsetof(type, member.budget_ns) },                                                 \
	{ OPT_U64, 0, "seed", "N", "of the coin, to repeat an order of runs",                 \
	  offsetof(type, member.seed) }

int validate_options_check(struct cmd_ctx *ctx, const struct validate_options *v,
			   struct experiment_opts *ret);
/* Print the result; returns the exit code that it means. */
int validate_print(struct cmd_ctx *ctx, const struct experiment *e, bool json);

#endif
