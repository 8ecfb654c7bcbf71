/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/base/fs.h"
#include "pgo/cmd/validate.h"
#include "pgo/core/flow.h"

struct options {
	struct project_options common;
	struct validate_options v;
	const char *output;
};

static const struct opt opts[] = {
	{ OPT_STR, 'o', "output", "FILE",
	  "the bundle to write (default: merged.prof beside pgo.yaml)",
	  offsetof(struct options, output) },
	VALIDATE_OPTS(struct options, v),
	PROJECT_OPTS,
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int all_three(struct cmd_ctx *ctx, struct project *p, const char *path,
		     const struct experiment_opts *eo, struct experiment *e)
{
	PGO_AUTO(stage) optimized = STAGE_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	int ret = flow_collect(p, path, &b, ctx->err);

	if (!ret)
		ret = flow_build(p, path, &optimized, ctx->err);
	return ret ? ret : flow_validate(p, eo, false, e, ctx->err);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .v = VALIDATE_OPTIONS_INIT };
	PGO_AUTO(plan) plan = PLAN_INIT;
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(experiment) e = EXPERIMENT_INIT;
	PGO_AUTO_FREE char *path = NULL;
	struct experiment_opts eo;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_run, nr, 0, 0);
	if (!ret)
		ret = validate_options_check(ctx, &o.v, &eo);
	if (!ret)
		ret = validate_preflight(ctx, &o.v);
	if (!ret)
		ret = cmd_open_project(ctx, &o.common, &plan, &p);
	if (ret)
		return ret;
	path = o.output ? fs_absolute(o.output) : fs_join(p.config.root, "merged.prof");
	ret = all_three(ctx, &p, path, &eo, &e);
	if (ret)
		return ret;
	return p.plan ? cmd_print_plan(ctx, &plan) : validate_print(ctx, &e, &o.v, o.common.json);
}

const struct cmd cmd_run = {
	.name = "run",
	.summary = "collect, build and validate",
	.usage = "[options]",
	.opts = opts,
	.run = run,
};
