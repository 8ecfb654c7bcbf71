/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/flow.h"
#include "pgo/report/show.h"

struct options {
	struct project_options common;
	const char *output;
};

static const struct opt opts[] = {
	{ OPT_STR, 'o', "output", "FILE",
	  "the bundle to write (default: merged.prof beside pgo.yaml)",
	  offsetof(struct options, output) },
	PROJECT_OPTS,
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int print(struct cmd_ctx *ctx, const struct options *o, const struct bundle *b,
		 const char *path)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	if (o->common.json)
		return cmd_print_json(ctx, show_bundle_json(b, path)) ? 0 : -(int)ctx->err->code;
	show_bundle(b, path, &out);
	return cmd_print(ctx, &out) ? PGO_EXIT_OK : -(int)ctx->err->code;
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { 0 };
	PGO_AUTO(plan) plan = PLAN_INIT;
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO_FREE char *path = NULL;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_collect, nr, 0, 0);
	if (!ret)
		ret = cmd_open_project(ctx, &o.common, &plan, &p);
	if (ret)
		return ret;
	path = o.output ? fs_absolute(o.output) : fs_join(p.config.root, "merged.prof");
	ret = flow_collect(&p, path, &b, ctx->err);
	if (ret)
		return ret;
	return p.plan ? cmd_print_plan(ctx, &plan) : print(ctx, &o, &b, path);
}

const struct cmd cmd_collect = {
	.name = "collect",
	.summary = "build with instrumentation, run the training workloads, write merged.prof",
	.usage = "[options]",
	.opts = opts,
	.run = run,
};
