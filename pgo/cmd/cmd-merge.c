/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/watch.h"
#include "pgo/report/show.h"

struct options {
	const char *output, *list, *consumer, *to, *strip, *prefix, *quarantine, *max_lost;
	struct strvec weighted;
	bool sparse, text, json;
	unsigned jobs;
	const char *watch;
	unsigned until_exit;
};

static const struct opt opts[] = {
	{ OPT_STR, 'o', "output", "PATH", "what to write", offsetof(struct options, output) },
	{ OPT_STRS, 'w', "weighted-input", "W,PATH",
	  "an input whose counts are taken W times; may be repeated",
	  offsetof(struct options, weighted) },
	{ OPT_STR, 'f', "input-files", "FILE", "a file with an input, PATH or W,PATH, on each line",
	  offsetof(struct options, list) },
	{ OPT_STR, 0, "for", "COMPILER", "the compiler that is to read the result",
	  offsetof(struct options, consumer) },
	{ OPT_STR, 0, "to", "FORMAT", "bundle, profdata, proftext, gcda, or as convert",
	  offsetof(struct options, to) },
	{ OPT_FLAG, 0, "text", NULL, "write the text form", offsetof(struct options, text) },
	{ OPT_FLAG, 0, "sparse", NULL, "leave out functions whose counters are all zero",
	  offsetof(struct options, sparse) },
	{ OPT_STR, 0, "strip", "DIR", "folders to take off the names of .gcda files",
	  offsetof(struct options, strip) },
	{ OPT_STR, 0, "prefix", "DIR", "folders to put before them then",
	  offsetof(struct options, prefix) },
	{ OPT_STR, 0, "quarantine", "DIR", "move files that cannot be read there, and go on",
	  offsetof(struct options, quarantine) },
	{ OPT_STR, 0, "max-lost", "LIMIT",
	  "go on only while so many files, or 5% of the files and counts, are lost (default: 5%)",
	  offsetof(struct options, max_lost) },
	{ OPT_UINT, 'j', "jobs", "N", "threads at most (default: one for each processor)",
	  offsetof(struct options, jobs) },
	{ OPT_STR, 0, "watch", "DIR",
	  "fold in raw files as they appear below it, and remove them, until a signal",
	  offsetof(struct options, watch) },
	{ OPT_UINT, 0, "until-exit", "N", "end with the process of this number, too",
	  offsetof(struct options, until_exit) },
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON", offsetof(struct options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int check(const struct options *o, struct merge_request *req, struct pgo_err *err)
{
	if (!o->output) {
		pgo_error(err, PGO_EUSAGE, "pgoctl merge: -o PATH is missing");
		return pgo_err_hint(err, "for example -o merged.prof");
	}
	if (o->text && o->to)
		return pgo_error(err, PGO_EUSAGE, "--text and --to exclude each other");
	if (o->until_exit && !o->watch)
		return pgo_error(err, PGO_EUSAGE, "--until-exit is nothing without --watch");
	if (o->max_lost && !o->quarantine) {
		pgo_error(err, PGO_EUSAGE, "--max-lost is nothing without --quarantine");
		return pgo_err_hint(err, "add --quarantine DIR: bad files go there");
	}
	*req = (struct merge_request){
		.output = o->output,
		.to = o->to,
		.text = o->text,
		.sparse = o->sparse,
		.consumer = o->consumer,
		.strip = o->strip,
		.prefix = o->prefix,
		.quarantine = o->quarantine,
		.threads = o->jobs,
	};
	if (o->to && merge_check_form(o->to, err))
		return -PGO_EUSAGE;
	return merge_limit_parse(o->max_lost ? o->max_lost : "5%", &req->max_lost, err);
}

/* In llvm-profdata's order: operands, weighted inputs, the list. */
static int take_inputs(const struct options *o, int nr, char **operands, struct merge_inputs *in,
		       struct pgo_err *err)
{
	int ret = 0;

	in->output = o->output;
	in->collect_bad = o->quarantine != NULL;
	for (int i = 0; !ret && i < nr; i++)
		ret = merge_inputs_add(in, operands[i], 1, err);
	for (size_t i = 0; !ret && i < o->weighted.nr; i++)
		ret = merge_inputs_add_weighted(in, o->weighted.v[i], err);
	if (!ret && o->list)
		ret = merge_inputs_add_list(in, o->list, err);
	for (size_t i = 0; i < in->skipped.nr; i++)
		log_debug("no profile: '%s'", in->skipped.v[i]);
	return ret;
}

static int print(struct cmd_ctx *ctx, const struct options *o, const struct merge_outcome *m)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	if (o->json)
		return cmd_print_json(ctx, show_merge_json(m, o->output))
			       ? 0
			       : -(int)ctx->err->code;
	show_merge(m, o->output, &out);
	return cmd_print(ctx, &out) ? PGO_EXIT_OK : -(int)ctx->err->code;
}

static int merge(struct cmd_ctx *ctx, const struct options *o, int nr, char **operands)
{
	PGO_AUTO(merge_inputs) in = MERGE_INPUTS_INIT;
	PGO_AUTO(merge_outcome) m = MERGE_OUTCOME_INIT;
	struct merge_request req;
	int ret = check(o, &req, ctx->err);

	if (!ret)
		ret = take_inputs(o, nr, operands, &in, ctx->err);
	if (!ret)
		ret = merge_files(&in, &req, &m, ctx->err);
	return ret ? ret : print(ctx, o, &m);
}

static int check_watch(const struct options *o, int nr, struct pgo_err *err)
{
	if (nr || o->weighted.nr || o->list)
		return pgo_error(err, PGO_EUSAGE, "--watch takes no other inputs");
	if (o->text || (o->to && strcmp(o->to, "bundle") != 0)) {
		pgo_error(err, PGO_EUSAGE, "--watch writes a bundle only");
		return pgo_err_hint(err, "afterwards: pgoctl convert --to FORMAT %s",
				    o->output ? o->output : "merged.prof");
	}
	return 0;
}

static int watch(struct cmd_ctx *ctx, const struct options *o, int nr)
{
	PGO_AUTO(watch_outcome) out = WATCH_OUTCOME_INIT;
	struct merge_request req;
	const struct watch_request w = { o->watch, &req, (pid_t)o->until_exit };
	int ret = check_watch(o, nr, ctx->err);

	if (!ret)
		ret = check(o, &req, ctx->err);
	if (!ret)
		ret = watch_folder(&w, &out, ctx->err);
	if (ret)
		return ret;
	if (out.nr_left)
		log_warn("%llu files were still open and stay below '%s'",
			 (unsigned long long)out.nr_left, o->watch);
	return print(ctx, o, &out.merge);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .weighted = STRVEC_INIT };
	int nr = opt_parse(opts, &o, argc, argv, false, ctx->err);
	int ret = nr;

	if (nr >= 0)
		ret = o.watch ? watch(ctx, &o, nr) : merge(ctx, &o, nr, argv + 1);

	strvec_release(&o.weighted);
	return ret;
}

const struct cmd cmd_merge = {
	.name = "merge",
	.summary = "join profiles with weights into one, for the compiler that is to read it",
	.usage = "[options] -o PATH INPUT...",
	.opts = opts,
	.run = run,
};
