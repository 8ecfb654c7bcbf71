/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/base/fs.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/flow.h"
#include "pgo/report/show.h"

struct options {
	struct project_options common;
	const char *profile;
};

static const struct opt opts[] = {
	{ OPT_STR, 'p', "profile", "FILE",
	  "a bundle or a native profile, as the technique has it (default: merged.prof beside "
	  "pgo.yaml)",
	  offsetof(struct options, profile) },
	PROJECT_OPTS,
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int print(struct cmd_ctx *ctx, const struct options *o, const struct stage *s)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	if (o->common.json)
		return cmd_print_json(ctx, show_stage_json(s)) ? 0 : -(int)ctx->err->code;
	for (size_t i = 0; i < s->artifacts.nr; i++)
		strbuf_addf(&out, "%s/%s\n", s->out, s->artifacts.v[i]);
	return cmd_print(ctx, &out) ? PGO_EXIT_OK : -(int)ctx->err->code;
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { 0 };
	PGO_AUTO(plan) plan = PLAN_INIT;
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(stage) s = STAGE_INIT;
	PGO_AUTO_FREE char *profile = NULL;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_build, nr, 0, 0);
	if (!ret)
		ret = cmd_open_project(ctx, &o.common, &plan, &p);
	if (ret)
		return ret;
	profile = o.profile ? xstrdup(o.profile) : fs_join(p.config.root, "merged.prof");
	ret = flow_build(&p, profile, &s, ctx->err);
	if (ret)
		return ret;
	return p.plan ? cmd_print_plan(ctx, &plan) : print(ctx, &o, &s);
}

const struct cmd cmd_build = {
	.name = "build",
	.summary = "build optimized with a profile",
	.usage = "[options] --profile FILE",
	.opts = opts,
	.run = run,
};
