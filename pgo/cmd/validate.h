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
	double margin, min_effect;
	const char *gate, *unit, *report, *evidence, *estimand;
	unsigned layouts, layout_floor;
	bool force_margin, no_padding, explain;
};
/* Not given on the command line: pgo.yaml's is taken. */
#define VALIDATE_OPTIONS_INIT                                                                \
	{ .pairs = UINT_MAX, .budget_ns = UINT64_MAX, .margin = NAN, .min_effect = NAN,      \
	  .layouts = UINT_MAX, .layout_floor = UINT_MAX }
#define VALIDATE_OPTS(type, member)                                                           \
	{ OPT_UINT, 0, "pairs", "N", "A/B pairs a workload at most (default: pgo.yaml's, or 20)", \
	  offsetof(type, member.pairs) },                                                     \
	{ OPT_PERCENT, 0, "margin", "P%", "a slow-down that does not matter (default: 2%)",   \
	  offsetof(type, member.margin) },                                                    \
	{ OPT_PERCENT, 0, "min-effect", "P%", "smaller speed-ups do not count (default: 0%)", \
	  offsetof(type, member.min_effect) },                                                \
	{ OPT_STR, 0, "gate", "GATE", "no-regression (default), prove-not-slower or prove-faster", \
	  offsetof(type, member.gate) },                                                      \
	{ OPT_DURATION, 0, "budget", "TIME", "as many pairs as fit into it",                  \
	  offsetof(type, member.budget_ns) },                                                 \
	{ OPT_U64, 0, "seed", "N", "of the coin, to repeat an order of runs",                 \
	  offsetof(type, member.seed) },                                                      \
	{ OPT_FLAG, 0, "force-margin", NULL, "try a margin that cannot be proven here",       \
	  offsetof(type, member.force_margin) },                                              \
	{ OPT_STR, 0, "unit", "pair|abba", "never, or always, four runs in place of a pair",  \
	  offsetof(type, member.unit) },                                                      \
	{ OPT_FLAG, 0, "no-padding", NULL, "do not move the stack from pair to pair",         \
	  offsetof(type, member.no_padding) },                                                \
	{ OPT_STR, 0, "estimand", "KIND", "the verdict is on: binary (default), or build",    \
	  offsetof(type, member.estimand) },                                                  \
	{ OPT_UINT, 0, "layouts", "N", "links of each side, on a build (default: 5)",         \
	  offsetof(type, member.layouts) },                                                   \
	{ OPT_UINT, 0, "layout-floor", "N",                                                   \
	  "relink the baseline N times: what does the layout alone do?",                      \
	  offsetof(type, member.layout_floor) },                                              \
	{ OPT_STR, 0, "evidence", "FILE", "keep every run here, too, as JSON lines",          \
	  offsetof(type, member.evidence) },                                                  \
	{ OPT_FLAG, 0, "explain", NULL, "also count what both sides execute, by cachegrind",  \
	  offsetof(type, member.explain) },                                                   \
	{ OPT_STR, 0, "report", "FILE", "write a page with the pairs, distributions and looks", \
	  offsetof(type, member.report) }

/* Whether an option is given that needs a build. */
bool validate_wants_layouts(const struct validate_options *v);
int validate_options_check(struct cmd_ctx *ctx, const struct validate_options *v,
			   struct experiment_opts *ret);
/*
 * What must be there before anything is built or run: the folders of the files to write, and
 * the tools.
 */
int validate_preflight(struct cmd_ctx *ctx, const struct validate_options *v);
/* That a file can be written there later; path may be NULL. */
int validate_check_output(struct cmd_ctx *ctx, const char *path);
/* Print the result, write the report; returns the exit code that it means. */
int validate_print(struct cmd_ctx *ctx, const struct experiment *x,
		   const struct validate_options *v, bool json);

#endif
