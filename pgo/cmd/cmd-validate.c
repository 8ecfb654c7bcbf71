/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
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

#define MAX_INJECT 10.0 /* of a unit of time */

struct options {
	struct project_options common;
	struct validate_options v;
	struct command_pair commands;
	const char *replay, *import, *export, *what_if;
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
	{ OPT_STR, 0, "import", "FILE", "run nothing: what hyperfine's JSON results tell",
	  offsetof(struct options, import) },
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

enum mode {
	MODE_PROJECT = 1,
	MODE_COMMANDS = 2,
	MODE_CALIBRATE = 4, /* of either */
	MODE_REPLAY = 8,
	MODE_IMPORT = 16,
	MODE_HISTORY = 32,
};
#define MODE_VALIDATE ((unsigned)(MODE_PROJECT | MODE_COMMANDS))
#define MODE_RUN (MODE_VALIDATE | MODE_CALIBRATE)

/* Two of what each says what is to be done. */
static int find_mode(const struct options *o, enum mode *ret, const char **name,
		     struct pgo_err *err)
{
	const struct {
		bool given;
		enum mode mode;
		const char *name;
	} ways[] = {
		{ of_commands(o), MODE_COMMANDS, "-a and -b" },
		{ o->replay, MODE_REPLAY, "--replay" },
		{ o->import, MODE_IMPORT, "--import" },
		{ o->history, MODE_HISTORY, "--history" },
	};

	*ret = MODE_PROJECT;
	*name = "a project";
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!ways[i].given)
			continue;
		if (*ret != MODE_PROJECT)
			return pgo_error(err, PGO_EUSAGE, "%s and %s exclude each other", *name,
					 ways[i].name);
		*ret = ways[i].mode;
		*name = ways[i].name;
	}
	return 0;
}

/* An option that would be passed over is an error: who gave it meant something by it. */
static int check_uses(const struct options *o, struct pgo_err *err)
{
	const struct validate_options *v = &o->v;
	const unsigned of_project = of_commands(o) ? 0 : MODE_CALIBRATE;
	const struct {
		const char *name;
		bool given;
		unsigned modes;
	} uses[] = {
		{ "prepare", o->commands.prepare, MODE_COMMANDS },
		{ "stdin", o->commands.stdin_path, MODE_COMMANDS },
		{ "shell", o->commands.shell, MODE_COMMANDS },
		{ "timeout", o->commands.timeout_ns != UINT64_MAX, MODE_COMMANDS },
		{ "calibrate", o->calibrate != UINT_MAX, MODE_RUN },
		{ "inject", !isnan(o->inject), MODE_VALIDATE },
		{ "export", o->export, MODE_VALIDATE | MODE_REPLAY },
		{ "what-if", o->what_if, MODE_VALIDATE | MODE_REPLAY },
		{ "report", v->report, MODE_VALIDATE | MODE_REPLAY },
		{ "explain", v->explain, MODE_VALIDATE | MODE_REPLAY },
		{ "evidence", v->evidence, MODE_VALIDATE },
		{ "pairs", v->pairs != UINT_MAX, MODE_RUN },
		{ "margin", !isnan(v->margin), MODE_RUN },
		{ "min-effect", !isnan(v->min_effect), MODE_RUN },
		{ "gate", v->gate, MODE_RUN },
		{ "budget", v->budget_ns != UINT64_MAX, MODE_RUN },
		{ "seed", v->seed, MODE_VALIDATE },
		{ "unit", v->unit, MODE_RUN },
		{ "force-margin", v->force_margin, MODE_RUN },
		{ "no-padding", v->no_padding, MODE_RUN },
		{ "config", o->common.config, MODE_PROJECT | MODE_HISTORY | of_project },
		{ "cc", o->common.cc, MODE_PROJECT | MODE_HISTORY | of_project },
		{ "force", o->common.force, MODE_PROJECT | of_project },
		{ "dry-run", o->common.dry_run, MODE_PROJECT },
	};
	const char *name;
	enum mode mode;
	int ret = find_mode(o, &mode, &name, err);

	for (size_t i = 0; !ret && i < ARRAY_SIZE(uses); i++) {
		bool calibrated = o->calibrate != UINT_MAX && !(uses[i].modes & MODE_CALIBRATE) &&
				  uses[i].modes != MODE_COMMANDS;

		if (uses[i].given && (!(uses[i].modes & mode) || calibrated))
			return pgo_error(err, PGO_EUSAGE, "option --%s means nothing with %s",
					 uses[i].name, calibrated ? "--calibrate" : name);
	}
	return ret;
}

static int check_values(const struct options *o, struct cmd_ctx *ctx)
{
	int ret = o->what_if ? show_what_if_check(o->what_if, ctx->err) : 0;

	if (ret)
		return ret;
	if (!o->calibrate)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "option --calibrate wants one validation at least");
	if (!o->commands.timeout_ns)
		return pgo_error(ctx->err, PGO_EUSAGE, "option --timeout wants more than no time");
	if (!isnan(o->inject) && !(o->inject > 0 && o->inject <= MAX_INJECT))
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "option --inject wants more than 0 %% and at most %.0f %%",
				 MAX_INJECT * 100);
	if (o->what_if && o->common.json)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "option --what-if means nothing with --json");
	if (o->export && ((o->v.report && !strcmp(o->export, o->v.report)) ||
			  (o->v.evidence && !strcmp(o->export, o->v.evidence))))
		return pgo_error(ctx->err, PGO_EUSAGE, "--export wants a file of its own, not '%s'",
				 o->export);
	return validate_check_output(ctx, o->export);
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

	if (c.timeout_ns == UINT64_MAX)
		c.timeout_ns = 0;
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

/* Unpaired times have no verdict here. */
static int print_import(struct job *j)
{
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	int ret = hyperfine_read(j->o->import, &h, j->ctx->err);
	bool printed;

	if (ret)
		return ret;
	if (h.nr < 2) {
		pgo_error(j->ctx->err, PGO_EMISMATCH,
			  "'%s' has %zu result%s: there is nothing to "
			  "compare",
			  j->o->import, h.nr, h.nr == 1 ? "" : "s");
		return pgo_err_hint(j->ctx->err, "hyperfine --export-json %s './old x' './new x'",
				    j->o->import);
	}
	if (j->o->common.json) {
		printed = cmd_print_json(j->ctx, show_import_json(&h));
	} else {
		show_import(&h, j->o->import, &out);
		printed = cmd_print(j->ctx, &out);
	}
	return printed ? PGO_EXIT_INCONCLUSIVE : -(int)j->ctx->err->code;
}

static int run_job(struct job *j)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	int ret;

	if (j->o->replay) {
		ret = experiment_replay(j->o->replay, &x, j->ctx->err);
		if (!ret && j->o->v.explain)
			experiment_explain_counters(&x);
		return ret ? ret : answer(j, &x);
	}
	if (j->o->import)
		return print_import(j);
	ret = j->o->history ? 0 : validate_preflight(j->ctx, &j->o->v);
	if (!ret)
		ret = prepare(j);
	if (ret)
		return ret;
	if (j->o->history)
		return print_history(j);
	if (j->o->calibrate != UINT_MAX)
		return run_calibration(j);
	ret = compare(j, &x, j->ctx->err);
	if (ret)
		return ret;
	return j->p.plan ? cmd_print_plan(j->ctx, &j->plan) : answer(j, &x);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = {
		.v = VALIDATE_OPTIONS_INIT,
		.calibrate = UINT_MAX,
		.inject = NAN,
		.commands.timeout_ns = UINT64_MAX,
	};
	PGO_AUTO(job) j = { .ctx = ctx, .o = &o, .p = PROJECT_INIT };
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_validate, nr, 0, 0);
	if (!ret)
		ret = check_uses(&o, ctx->err);
	if (!ret)
		ret = check_values(&o, ctx);
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
	j.eo.inject = isnan(o.inject) ? 0 : o.inject;
	return run_job(&j);
}

const struct cmd cmd_validate = {
	.name = "validate",
	.summary = "prove the gain: baseline against optimized in coin-flipped pairs of runs",
	.usage = "[options] [-a COMMAND -b COMMAND]",
	.opts = opts,
	.run = run,
};
