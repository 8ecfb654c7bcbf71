/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stddef.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/flow.h"
#include "pgo/core/losses.h"
#include "pgo/report/check.h"
#include "pgo/core/store.h"
#include "pgo/report/show.h"

struct options {
	struct project_options common;
	const char *profile;
	double max_lost; /* INFINITY: not given */
	struct strvec trust;
};

static const struct opt opts[] = {
	{ OPT_STR, 'p', "profile", "FILE",
	  "a bundle or a native profile, as the technique has it, or store:last-good (default: "
	  "merged.prof beside pgo.yaml)",
	  offsetof(struct options, profile) },
	{ OPT_PERCENT, 0, "max-lost", "P%",
	  "end with 1 when more of the profile's counts is of functions whose code has changed",
	  offsetof(struct options, max_lost) },
	{ OPT_STRS, 0, "trust", "FILE",
	  "refuse a profile that no public key in FILE has signed; may be repeated",
	  offsetof(struct options, trust) },
	PROJECT_OPTS,
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

/* Functions whose complaints are printed. */
#define TOP 10

static int print(struct cmd_ctx *ctx, const struct options *o, const struct stage *s,
		 const struct losses *l, bool refused)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO(strbuf) complaints = STRBUF_INIT;
	const int answer = refused ? PGO_EXIT_NO : PGO_EXIT_OK;
	json_t *json;

	if (o->common.json) {
		json = show_stage_json(s);
		json_object_set_new(json, "losses", show_losses_json(l));
		json_object_set_new(json, "exit_code", json_integer(answer));
		return cmd_print_json(ctx, json) ? answer : -(int)ctx->err->code;
	}
	show_losses(l, TOP, &complaints);
	strbuf_rtrim(&complaints);
	if (complaints.len)
		log_warn("%s", complaints.buf);
	for (size_t i = 0; i < s->artifacts.nr; i++)
		strbuf_addf(&out, "%s/%s\n", s->out, s->artifacts.v[i]);
	return cmd_print(ctx, &out) ? answer : -(int)ctx->err->code;
}

/* The file of the profile, which is one of this project's where it is in the store. */
static int locate(struct cmd_ctx *ctx, const struct options *o, const char *root, char **ret)
{
	PGO_AUTO_FREE char *name = o->profile ? xstrdup(o->profile) : fs_join(root, "merged.prof");
	PGO_AUTO_FREE char *project = NULL;
	PGO_AUTO(trust) trust = TRUST_INIT;
	int code = 0;

	for (size_t i = 0; !code && i < o->trust.nr; i++)
		code = trust_add(&trust, o->trust.v[i], ctx->err);
	if (!code && store_is_name(name))
		code = store_project(NULL, root, &project, ctx->err);
	return code ? code
		    : store_locate(name, project, o->trust.nr ? &trust : NULL, ret, ctx->err);
}

static int build(struct cmd_ctx *ctx, const struct options *o)
{
	PGO_AUTO(plan) plan = PLAN_INIT;
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(stage) s = STAGE_INIT;
	PGO_AUTO(losses) l = LOSSES_INIT;
	PGO_AUTO_FREE char *profile = NULL;
	int ret = cmd_open_project(ctx, &o->common, &plan, &p);

	if (!ret)
		ret = locate(ctx, o, p.config.root, &profile);
	if (!ret)
		ret = flow_build(&p, profile, &s, ctx->err);
	if (!ret && !p.plan && s.profile)
		ret = losses_read(&p, &s, s.profile, &l, ctx->err);
	if (ret)
		return ret;
	return p.plan ? cmd_print_plan(ctx, &plan) : print(ctx, o, &s, &l, l.share > o->max_lost);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .max_lost = INFINITY, .trust = STRVEC_INIT };
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	ret = nr < 0 ? nr : cmd_check_operands(ctx, &cmd_build, nr, 0, 0);
	if (!ret)
		ret = build(ctx, &o);
	strvec_release(&o.trust);
	return ret;
}

const struct cmd cmd_build = {
	.name = "build",
	.summary = "build optimized with a profile",
	.usage = "[options] --profile FILE",
	.opts = opts,
	.run = run,
};
