/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/cmd/validate.h"

#include <string.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/core/explain-run.h"
#include "pgo/core/keep.h"
#include "pgo/report/html.h"
#include "pgo/report/show.h"

static int check_fraction(struct cmd_ctx *ctx, const char *name, double v)
{
	if (isnan(v) || (v >= 0 && v < 1))
		return 0;
	return pgo_error(ctx->err, PGO_EUSAGE,
			 "option --%s wants a percentage from 0%% to less than 100%%", name);
}

/* "prove-faster=3%": the gate, and how much faster. */
static int parse_gate(struct cmd_ctx *ctx, const char *text, struct experiment_opts *ret)
{
	const char *names[] = { gate_name(GATE_NO_REGRESSION), gate_name(GATE_PROVE_NOT_SLOWER),
				gate_name(GATE_PROVE_FASTER), NULL };
	size_t len = strcspn(text, "=");
	const char *near;

	for (int g = 0; names[g]; g++) {
		if (strlen(names[g]) != len || memcmp(names[g], text, len) != 0)
			continue;
		ret->gate = (enum gate)g;
		if (!text[len])
			return 0;
		if (g == GATE_PROVE_FASTER && num_parse_percent(text + len + 1, &ret->min_effect))
			return check_fraction(ctx, "gate", ret->min_effect);
	}
	near = opt_nearest(text, names);
	pgo_error(ctx->err, PGO_EUSAGE, "unknown gate '%s'", text);
	return pgo_err_hint(ctx->err,
			    "did you mean %s? Only prove-faster takes a percentage: "
			    "prove-faster=3%%",
			    near ? near : names[0]);
}

#define LAYOUTS 5

static int check_number(struct cmd_ctx *ctx, const char *name, unsigned n)
{
	if (n == UINT_MAX || (n >= 2 && n <= EVIDENCE_MAX_LAYOUTS))
		return 0;
	return pgo_error(ctx->err, PGO_EUSAGE, "option --%s wants 2 to %u, not %u", name,
			 EVIDENCE_MAX_LAYOUTS, n);
}

static int parse_estimand(struct cmd_ctx *ctx, const char *text, enum estimand *ret)
{
	const char *names[] = { estimand_name(ESTIMAND_BINARY), estimand_name(ESTIMAND_BUILD),
				NULL };

	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*ret = (enum estimand)i;
		return 0;
	}
	return pgo_error(ctx->err, PGO_EUSAGE, "option --estimand wants binary or build, not '%s'",
			 text);
}

static int check_layouts(struct cmd_ctx *ctx, const struct validate_options *v,
			 struct experiment_opts *ret)
{
	int r = v->estimand ? parse_estimand(ctx, v->estimand, &ret->estimand) : 0;

	if (!r)
		r = check_number(ctx, "layouts", v->layouts);
	if (!r)
		r = check_number(ctx, "layout-floor", v->layout_floor);
	if (r)
		return r;
	ret->floor = v->layout_floor == UINT_MAX ? 0 : v->layout_floor;
	ret->layouts = v->layouts == UINT_MAX ? LAYOUTS : v->layouts;
	if (ret->estimand != ESTIMAND_BUILD && v->layouts != UINT_MAX) {
		pgo_error(ctx->err, PGO_EUSAGE, "option --layouts is for --estimand=build");
		return pgo_err_hint(ctx->err, "to see what the layout alone does: --layout-floor");
	}
	if (ret->estimand == ESTIMAND_BUILD && ret->pairs && ret->pairs < ret->layouts)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "%u pairs are less than one for each of %u layouts", ret->pairs,
				 ret->layouts);
	return 0;
}

bool validate_wants_layouts(const struct validate_options *v)
{
	return v->estimand || v->layouts != UINT_MAX || v->layout_floor != UINT_MAX;
}

static int parse_unit(struct cmd_ctx *ctx, const char *text, enum unit *ret)
{
	if (!text)
		*ret = UNIT_AUTO;
	else if (!strcmp(text, "pair"))
		*ret = UNIT_PAIR;
	else if (!strcmp(text, "abba"))
		*ret = UNIT_ABBA;
	else
		return pgo_error(ctx->err, PGO_EUSAGE, "option --unit wants pair or abba, not '%s'",
				 text);
	return 0;
}

int validate_options_check(struct cmd_ctx *ctx, const struct validate_options *v,
			   struct experiment_opts *ret)
{
	bool pairs_given = v->pairs != UINT_MAX, margin_given = !isnan(v->margin);
	bool budget_given = v->budget_ns != UINT64_MAX;
	int r;

	if (v->pairs < 6)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "%u pairs can decide nothing: at least 6 are needed", v->pairs);
	if (pairs_given && v->pairs > SPENDING_MAX_N)
		return pgo_error(ctx->err, PGO_EUSAGE, "more than %u pairs are not supported",
				 SPENDING_MAX_N);
	if (budget_given && !v->budget_ns)
		return pgo_error(ctx->err, PGO_EUSAGE, "option --budget wants more than no time");
	r = check_fraction(ctx, "margin", v->margin);
	if (!r)
		r = check_fraction(ctx, "min-effect", v->min_effect);
	if (r)
		return r;
	*ret = (struct experiment_opts){
		.pairs = pairs_given ? v->pairs : 0,
		.seed = v->seed,
		.margin = margin_given ? v->margin : -1,
		.insist = margin_given,
		.min_effect = isnan(v->min_effect) ? 0 : v->min_effect,
		.budget_ns = budget_given ? v->budget_ns : 0,
		.force = v->force_margin,
		.no_padding = v->no_padding,
		.explain = v->explain,
		.evidence = v->evidence,
	};
	r = parse_unit(ctx, v->unit, &ret->unit);
	if (!r && v->gate)
		r = parse_gate(ctx, v->gate, ret);
	return r ? r : check_layouts(ctx, v, ret);
}

int validate_check_output(struct cmd_ctx *ctx, const char *path)
{
	PGO_AUTO_FREE char *dir = path ? fs_dirname(path) : NULL;

	if (!path)
		return 0;
	if (fs_is_dir(path))
		return pgo_error(ctx->err, PGO_EUSAGE, "cannot write '%s': it is a folder", path);
	if (access(dir, W_OK | X_OK))
		return pgo_error_errno(ctx->err, "cannot write '%s'", path);
	return 0;
}

int validate_preflight(struct cmd_ctx *ctx, const struct validate_options *v)
{
	int ret = validate_check_output(ctx, v->report);

	if (!ret)
		ret = validate_check_output(ctx, v->evidence);
	if (!ret && v->report && v->evidence && !strcmp(v->report, v->evidence))
		ret = pgo_error(ctx->err, PGO_EUSAGE, "--report and --evidence are both '%s'",
				v->report);
	return ret || !v->explain ? ret : explain_check(ctx->err);
}

static int write_report(struct cmd_ctx *ctx, const struct experiment *x, const char *path)
{
	PGO_AUTO(strbuf) page = STRBUF_INIT;

	html_report(&x->engine, &x->why, &page);
	return fs_write_atomic(path, page.buf, page.len, 0666, ctx->err);
}

int validate_print(struct cmd_ctx *ctx, const struct experiment *x,
		   const struct validate_options *v, bool json)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	int ret = v->report ? write_report(ctx, x, v->report) : 0;
	struct ledger_rate rate;
	bool printed, noted = !ret && x->live && keep_check(x, &rate);

	if (ret)
		return ret;
	if (json) {
		printed = cmd_print_json(ctx, show_experiment_json(x));
	} else {
		show_experiment(x, log_colour(STDOUT_FILENO), &out);
		if (noted)
			show_ledger(&rate, &out);
		printed = cmd_print(ctx, &out);
	}
	if (!printed)
		return -(int)ctx->err->code;
	return experiment_exit(x);
}
