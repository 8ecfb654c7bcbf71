/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/cmd/validate.h"
#include "pgo/core/flow.h"

struct options {
	struct project_options common;
	struct validate_options v;
};

static const struct opt opts[] = {
	VALIDATE_OPTS(struct options, v),
	PROJECT_OPTS,
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .v = VALIDATE_OPTIONS_INIT };
	PGO_AUTO(plan) plan = PLAN_INIT;
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(experiment) e = EXPERIMENT_INIT;
	struct experiment_opts eo;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_validate, nr, 0, 0);
	if (!ret)
		ret = validate_options_check(ctx, &o.v, &eo);
	if (!ret)
		ret = cmd_open_project(ctx, &o.common, &plan, &p);
	if (!ret)
		ret = flow_validate(&p, &eo, &e, ctx->err);
	if (ret)
		return ret;
	return p.plan ? cmd_print_plan(ctx, &plan) : validate_print(ctx, &e, o.common.json);
}

const struct cmd cmd_validate = {
	.name = "validate",
	.summary = "prove the gain: baseline against optimized in coin-flipped pairs of runs",
	.usage = "[options]",
	.opts = opts,
	.run = run,
};
