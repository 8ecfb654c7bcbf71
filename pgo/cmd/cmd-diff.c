/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stddef.h>

#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/cmd/diff-production.h"
#include "pgo/core/views.h"
#include "pgo/report/show.h"
#include "profiles/format.h"

struct options {
	bool json;
	unsigned top, llvm;
	double max_diff; /* INFINITY: not given */
	bool weights;
	const char *binary, *config;
};

static const struct opt opts[] = {
	{ OPT_UINT, 't', "top", "N", "functions to list, largest change first (default: 10)",
	  offsetof(struct options, top) },
	{ OPT_PERCENT, 0, "max-diff", "P%",
	  "end with 0 when at least 100 % less P% is alike (default: when nothing differs)",
	  offsetof(struct options, max_diff) },
	{ OPT_STR, 0, "binary", "FILE",
	  "AFTER is a recording: the program that is wanted (default: most samples)",
	  offsetof(struct options, binary) },
	{ OPT_FLAG, 0, "suggest-weights", NULL,
	  "AFTER is a recording: find the workloads' weights that come nearest to it",
	  offsetof(struct options, weights) },
	{ OPT_STR, 'c', "config", "FILE",
	  "suggest-weights: the project's pgo.yaml (default: here or above)",
	  offsetof(struct options, config) },
	{ OPT_UINT, 0, "llvm", "MAJOR", "read with this LLVM's library (default: the newest)",
	  offsetof(struct options, llvm) },
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON", offsetof(struct options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

struct answer {
	const struct options *o;
	struct strbuf text;
	json_t *list; /* NULL: text is wanted */
	size_t nr;
	bool refused;
};

static bool is_refused(const struct options *o, const struct prof_diff *d)
{
	return isinf(o->max_diff) ? prof_diff_differs(d) : d->overlap < 1 - o->max_diff;
}

static int add_pair(struct answer *a, const struct profile_view *x, const struct profile_view *y,
		    struct pgo_err *err)
{
	PGO_AUTO(prof_diff) d = PROF_DIFF_INIT;
	int ret = profile_diff(&x->model, &y->model, &d, err);
	json_t *o;

	if (ret)
		return ret;
	a->nr++;
	a->refused |= is_refused(a->o, &d);
	if (!a->list) {
		strbuf_addf(&a->text, "%sbefore               ", a->text.len ? "\n" : "");
		strbuf_addvis(&a->text, x->name);
		strbuf_addf(&a->text, " (%s)\nafter                ",
			    prof_kind_name(x->model.kind));
		strbuf_addvis(&a->text, y->name);
		strbuf_addf(&a->text, " (%s)\n", prof_kind_name(y->model.kind));
		show_diff(&d, a->o->top, &a->text);
		return 0;
	}
	o = show_diff_json(&d, a->o->top);
	json_object_set_new(o, "before", js_string(x->name));
	json_object_set_new(o, "after", js_string(y->name));
	json_object_set_new(o, "before_kind", js_string(prof_kind_name(x->model.kind)));
	json_object_set_new(o, "after_kind", js_string(prof_kind_name(y->model.kind)));
	json_array_append_new(a->list, o);
	return 0;
}

static int add_pairs(struct answer *a, const struct profile_views *x, const struct profile_views *y,
		     struct pgo_err *err)
{
	int ret = 0;

	if (x->nr == 1 && y->nr == 1)
		return add_pair(a, &x->items[0], &y->items[0], err);
	for (size_t i = 0; i < x->nr && !ret; i++) {
		const struct profile_view *other = profile_views_counterpart(y, &x->items[i]);

		if (other)
			ret = add_pair(a, &x->items[i], other, err);
		else
			log_warn("'%s' has no counterpart in the second profile", x->items[i].name);
	}
	for (size_t i = 0; i < y->nr; i++)
		if (!profile_views_counterpart(x, &y->items[i]))
			log_warn("'%s' has no counterpart in the first profile", y->items[i].name);
	if (!ret && !a->nr)
		ret = pgo_error(err, PGO_EMISMATCH,
				"no profile in one is for a compiler of the "
				"other's");
	return ret;
}

static int print(struct cmd_ctx *ctx, struct answer *a, char **argv)
{
	json_t *o;

	if (!a->list)
		return cmd_print(ctx, &a->text);
	o = json_object();
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "before", js_string(argv[1]));
	json_object_set_new(o, "after", js_string(argv[2]));
	json_object_set(o, "diffs", a->list);
	json_object_set_new(o, "exit_code", json_integer(a->refused));
	return cmd_print_json(ctx, o);
}

static int with_recording(struct cmd_ctx *ctx, const struct options *o, char **argv)
{
	const struct diff_production d = {
		.profile = argv[1],
		.recording = argv[2],
		.binary = o->binary,
		.config = o->config,
		.weights = o->weights,
		.json = o->json,
		.top = o->top,
		.llvm = o->llvm,
		.least = isinf(o->max_diff) ? 0 : 1 - o->max_diff,
	};

	return diff_production(ctx, &d);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .top = 10, .max_diff = INFINITY };
	struct answer a = { .o = &o, .text = STRBUF_INIT };
	PGO_AUTO(profile_views) x = PROFILE_VIEWS_INIT;
	PGO_AUTO(profile_views) y = PROFILE_VIEWS_INIT;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	if (!isinf(o.max_diff) && (o.max_diff < 0 || o.max_diff > 1))
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "option --max-diff wants a percentage from 0%% to 100%%");
	ret = cmd_check_operands(ctx, &cmd_diff, nr, 2, 2);
	if (!ret && prof_has_samples(argv[2]) && !prof_has_samples(argv[1]))
		return with_recording(ctx, &o, argv);
	if (!ret && (o.weights || o.binary))
		ret = pgo_error(ctx->err, PGO_EUSAGE,
				"--suggest-weights and --binary want a recording of production, "
				"and '%s' is none",
				argv[2]);
	if (!ret)
		ret = profile_views_open(argv[1], o.llvm, &x, ctx->err);
	if (!ret)
		ret = profile_views_open(argv[2], o.llvm, &y, ctx->err);
	if (ret)
		return ret;
	a.list = o.json ? json_array() : NULL;
	ret = add_pairs(&a, &x, &y, ctx->err);
	if (!ret)
		ret = print(ctx, &a, argv) ? (a.refused ? PGO_EXIT_NO : PGO_EXIT_OK)
					   : -(int)ctx->err->code;
	json_decref(a.list);
	strbuf_release(&a.text);
	return ret;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.summary = "tell what two profiles have in common and which functions changed",
	.usage = "[options] BEFORE AFTER",
	.opts = opts,
	.run = run,
};
