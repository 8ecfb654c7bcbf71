/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/cmd/cmd.h"

#include <errno.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/report/show.h"

const struct cmd *const commands[] = {
	&cmd_init, &cmd_collect, &cmd_merge,  &cmd_build,    &cmd_validate, &cmd_run, &cmd_show,
	&cmd_diff, &cmd_convert, &cmd_report, &cmd_snapshot, &cmd_store,    NULL,
};

int cmd_open_project(struct cmd_ctx *ctx, const struct project_options *o, struct plan *plan,
		     struct project *p)
{
	const struct project_open_opts opts = {
		.config = o->config,
		.cc = o->cc,
		.tool_dir = ctx->tool_dir,
		.force = o->force,
		.plan = o->dry_run ? plan : NULL,
		.config_optional = o->config_optional,
	};

	return project_open(p, &opts, ctx->err);
}

int cmd_check_operands(struct cmd_ctx *ctx, const struct cmd *cmd, int nr, int least, int most)
{
	if (nr >= least && nr <= most)
		return 0;
	pgo_error(ctx->err, PGO_EUSAGE,
		  nr < least ? "pgoctl %s: an operand is missing" : "pgoctl %s: too many operands",
		  cmd->name);
	return pgo_err_hint(ctx->err, "usage: pgoctl %s %s", cmd->name, cmd->usage);
}

bool cmd_print(struct cmd_ctx *ctx, const struct strbuf *text)
{
	int ret = fs_write_all(STDOUT_FILENO, text->buf, text->len);

	if (!ret)
		return true;
	errno = -ret;
	pgo_error_errno(ctx->err, "cannot write to standard output");
	return false;
}

bool cmd_print_json(struct cmd_ctx *ctx, json_t *o)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	js_dump(o, &text, false);
	json_decref(o);
	strbuf_addch(&text, '\n');
	return cmd_print(ctx, &text);
}

int cmd_print_plan(struct cmd_ctx *ctx, const struct plan *plan)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	show_plan(plan, &text);
	return cmd_print(ctx, &text) ? PGO_EXIT_OK : -(int)ctx->err->code;
}
