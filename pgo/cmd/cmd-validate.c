/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/cmd/validate.h"
#include "pgo/core/calibrate.h"
#include "pgo/core/commands.h"
#include "pgo/core/flow.h"
#include "pgo/core/hyperfine.h"
#include "pgo/core/keep.h"
#include "pgo/report/history.h"
#include "pgo/report/show.h"

struct options {
	struct project_options common;
	struct validate_options v;
	struct command_pair commands;
	const char *replay, *export, *what_if;
	unsigned calibrate;
	bool history;
	double inject;
};

static const struct opt opts[] = {
	{ OPT_STR, 'a', "baseline", "COMMAND", "compare this command ...",
	  offsetof(struct options, commands.a) },
	{ OPT_STR, 'b', "candidate", "COMMAND", "... with this one; no project is needed",
	  offsetof(struct options, commands.b) },
	{ OPT_STR, 0, "prepare", "COMMAND", "run before each run of -a and -b, not timed",
	  offsetof(struct options, commands.prepare) },
	{ OPT_STR, 0, "stdin", "FILE", "standard input of -a and -b",
	  offsetof(struct options, commands.stdin_path) },
	{ OPT_STR, 0, "shell", "sh|none", "how -a and -b are run (default: sh)",
	  offsetof(struct options, commands.shell) },
	{ OPT_DURATION, 0, "timeout", "TIME", "of a run of -a and -b (default: 10m)",
	  offsetof(struct options, commands.timeout_ns) },
	{ OPT_STR, 0, "replay", "FILE", "compute the verdict of an evidence file anew",
	  offsetof(struct options, replay) },
	{ OPT_STR, 0, "export", "FILE", "write the times in hyperfine's JSON form",
	  offsetof(struct options, export) },
	{ OPT_STR, 0, "what-if", "METHOD", "also say what hyperfine or mann-whitney would",
	  offsetof(struct options, what_if) },
	{ OPT_FLAG, 0, "history", NULL, "run nothing: the trend of each workload, and steps in it",
	  offsetof(struct options, history) },
	{ OPT_UINT, 0, "calibrate", "N", "N validations of the baseline against itself",
	  offsetof(struct options, calibrate) },
	{ OPT_PERCENT, 0, "inject", "P%", "slow the candidate down by this much, as a test",
	  offsetof(struct options, inject) },
	VALIDATE_OPTS(struct options, v),
	PROJECT_OPTS,
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

/* One invocation while it runs. */
struct job {
	struct cmd_ctx *ctx;
	const struct options *o;
	struct experiment_opts eo;
	struct project p;
	struct plan plan;
	struct tempdir tmp;
	bool against_itself; /* --calibrate */
};

static void job_release(struct job *j)
{
	project_release(&j->p);
	plan_release(&j->plan);
	tempdir_release(&j->tmp);
}
PGO_DEFINE_AUTO(job, job_release)

static bool of_commands(const struct options *o)
{
	return o->commands.a || o->commands.b;
}

static int prepare(struct job *j)
{
	if (of_commands(j->o))
		return tempdir_make(&j->tmp, NULL, j->ctx->err);
	return cmd_open_project(j->ctx, &j->o->common, &j->plan, &j->p);
}

static int compare(void *arg, struct experiment *x, struct pgo_err *err)
{
	struct job *j = arg;
	struct command_pair c = j->o->commands;

	if (!of_commands(j->o))
		return flow_validate(&j->p, &j->eo, j->against_itself, x, err);
	if (j->against_itself)
		c.b = c.a;
	return commands_run(&c, j->tmp.path, &j->eo, x, err);
}

static int run_calibration(struct job *j)
{
	struct calibration c;
	int ret;

	j->against_itself = true;
	ret = calibrate(j->o->calibrate, compare, j, &c, j->ctx->err);
	if (ret)
		return ret;
	if (j->o->common.json)
		return cmd_print_json(j->ctx, show_calibration_json(&c))
			       ? calibration_exit(&c)
			       : -(int)j->ctx->err->code;
	{
		PGO_AUTO(strbuf) out = STRBUF_INIT;

		show_calibration(&c, &out);
		return cmd_print(j->ctx, &out) ? calibration_exit(&c) : -(int)j->ctx->err->code;
	}
}

static int export_times(const struct job *j, const struct experiment *x)
{
	PGO_AUTO(hyperfine) h = { 0 };
	PGO_AUTO(json_holder) json = { NULL };
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	hyperfine_from_evidence(&x->evidence, &h);
	json.o = hyperfine_json(&h);
	js_dump(json.o, &text, false);
	strbuf_addch(&text, '\n');
	return fs_write_atomic(j->o->export, text.buf, text.len, 0666, j->ctx->err);
}

static int answer(struct job *j, const struct experiment *x)
{
	const struct options *o = j->o;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	int ret = 0;

	if (o->export)
		ret = export_times(j, x);
	if (!ret && o->what_if)
		ret = show_what_if(&x->engine, o->what_if, &text, j->ctx->err);
	if (ret)
		return ret;
	ret = validate_print(j->ctx, x, &o->v, o->common.json);
	if (text.len && !o->common.json && !cmd_print(j->ctx, &text))
		return -(int)j->ctx->err->code;
	return ret;
}

static int print_history(struct job *j)
{
	PGO_AUTO(history_trends) t = { 0 };
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	int ret = keep_read_history(&j->p, &t, j->ctx->err);

	if (ret)
		return ret;
	if (j->o->common.json)
		return cmd_print_json(j->ctx, show_history_json(&t)) ? 0 : -(int)j->ctx->err->code;
	show_history(&t, 20, &out);
	return cmd_print(j->ctx, &out) ? PGO_EXIT_OK : -(int)j->ctx->err->code;
}

static int run_job(struct job *j)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	int ret;

	if (j->o->replay) {
		ret = experiment_replay(j->o->replay, &x, j->ctx->err);
		return ret ? ret : answer(j, &x);
	}
	ret = prepare(j);
	if (ret)
		return ret;
	if (j->o->history)
		return print_history(j);
	if (j->o->calibrate)
		return run_calibration(j);
	ret = compare(j, &x, j->ctx->err);
	if (ret)
		return ret;
	return j->p.plan ? cmd_print_plan(j->ctx, &j->plan) : answer(j, &x);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .v = VALIDATE_OPTIONS_INIT };
	PGO_AUTO(job) j = { .ctx = ctx, .o = &o, .p = PROJECT_INIT };
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_validate, nr, 0, 0);
	if (!ret)
		ret = validate_options_check(ctx, &o.v, &j.eo);
	if (!ret && of_commands(&o) && validate_wants_layouts(&o.v)) {
		ret = pgo_error(ctx->err, PGO_EUSAGE,
				"commands cannot be linked anew: --estimand, --layouts and "
				"--layout-floor need a project");
		pgo_err_hint(ctx->err, "pgoctl init, then the same without -a and -b");
	}
	if (ret)
		return ret;
	j.eo.inject = o.inject;
	return run_job(&j);
}

const struct cmd cmd_validate = {
	.name = "validate",
	.summary = "prove the gain: baseline against optimized in coin-flipped pairs of runs",
	.usage = "[options] [-a COMMAND -b COMMAND]",
	.opts = opts,
	.run = run,
};
