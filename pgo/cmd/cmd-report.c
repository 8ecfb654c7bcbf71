/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/convert.h"
#include "pgo/report/flame.h"

struct options {
	struct flame_opts flame;
	struct strvec baseline;
	const char *output, *title, *by;
	bool json;
};

static const struct opt opts[] = {
	{ OPT_STR, 'o', "output", "FILE", "where to (default: the first input's name with .svg)",
	  offsetof(struct options, output) },
	{ OPT_STRS, 'b', "baseline", "FILE", "colour by the change against this recording",
	  offsetof(struct options, baseline) },
	{ OPT_STR, 0, "by", "self|total",
	  "colour by the change of a frame itself or with what it calls (default: total)",
	  offsetof(struct options, by) },
	{ OPT_STR, 0, "title", "TEXT", "what stands above it", offsetof(struct options, title) },
	{ OPT_FLAG, 0, "reverse", NULL, "from the sampled functions to their callers",
	  offsetof(struct options, flame.reverse) },
	{ OPT_FLAG, 0, "join-threads", NULL, "leave the threads' names out",
	  offsetof(struct options, flame.join_threads) },
	{ OPT_PERCENT, 0, "min-share", "P%",
	  "leave out frames with less of the samples (default: one pixel's)",
	  offsetof(struct options, flame.min_share) },
	{ OPT_STR, 0, "root", "DIR", "look for the recorded files below DIR",
	  offsetof(struct options, flame.images.root) },
	{ OPT_FLAG, 0, "allow-mismatch", NULL, "take names from programs of another build",
	  offsetof(struct options, flame.images.allow_mismatch) },
	{ OPT_FLAG, 0, "json", NULL, "print what was drawn and left out as JSON",
	  offsetof(struct options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static void tell(const struct flame *f, const char *output)
{
	for (size_t i = 0; i < f->warnings.nr; i++)
		log_warn("%s", f->warnings.v[i]);
	if (f->frames_left_out)
		log_info("%" PRIu64 " frames with %" PRIu64
			 " samples are left out: too narrow or too deep",
			 f->frames_left_out, f->samples_left_out);
	if (f->is_diff)
		log_info("%zu functions of the baseline are gone", f->nr_gone);
	log_info("wrote '%s': %zu frames of %" PRIu64 " samples", output, f->nr_frames - 1,
		 f->sides[FLAME_CANDIDATE].samples);
}

static int check_output(char *const *inputs, const char *output, struct pgo_err *err)
{
	PGO_AUTO_FREE char *to = fs_absolute(output);

	for (; *inputs; inputs++) {
		PGO_AUTO_FREE char *from = fs_absolute(*inputs);

		if (strcmp(from, to) != 0)
			continue;
		pgo_error(err, PGO_EUSAGE, "'%s' would be written over itself", *inputs);
		return pgo_err_hint(err, "name another file with -o");
	}
	return 0;
}

static int report_flame(struct cmd_ctx *ctx, const struct options *o, char **inputs, size_t nr)
{
	const bool by_self = o->by && !strcmp(o->by, "self");
	PGO_AUTO_FREE char *output = o->output ? xstrdup(o->output)
					       : convert_default_output(inputs[0], "svg");
	PGO_AUTO(strbuf) svg = STRBUF_INIT;
	PGO_AUTO(flame) f = { 0 };
	int ret = check_output(inputs, output, ctx->err);

	if (!ret)
		ret = check_output(o->baseline.v, output, ctx->err);
	flame_init(&f, &o->flame);
	if (!ret)
		ret = flame_read(&f, FLAME_CANDIDATE, inputs, nr, ctx->err);
	if (!ret && o->baseline.nr)
		ret = flame_read(&f, FLAME_BASELINE, o->baseline.v, o->baseline.nr, ctx->err);
	if (!ret)
		ret = flame_finish(&f, ctx->err);
	if (ret)
		return ret;
	flame_svg(&f, o->title ? o->title : fs_basename(inputs[0]), by_self, &svg);
	ret = fs_write_atomic(output, svg.buf, svg.len, 0666, ctx->err);
	if (ret)
		return ret;
	tell(&f, output);
	if (o->json && !cmd_print_json(ctx, flame_json(&f, output)))
		return -(int)ctx->err->code;
	return 0;
}

/* The kinds of reports, by the first operand. */
static const struct {
	const char *name;
	int (*run)(struct cmd_ctx *ctx, const struct options *o, char **inputs, size_t nr);
} kinds[] = {
	{ "flame", report_flame },
};

static int run_kind(struct cmd_ctx *ctx, const struct options *o, char **argv, int nr)
{
	PGO_AUTO(strbuf) names = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(argv[1], kinds[i].name))
			return kinds[i].run(ctx, o, argv + 2, (size_t)nr - 1);
		strbuf_addf(&names, "%s%s", i ? ", " : "", kinds[i].name);
	}
	pgo_error(ctx->err, PGO_EUSAGE, "unknown kind of report '%s'", argv[1]);
	return pgo_err_hint(ctx->err, "kinds: %s", names.buf);
}

static int check(struct cmd_ctx *ctx, const struct options *o, int nr)
{
	if (o->by && strcmp(o->by, "self") != 0 && strcmp(o->by, "total") != 0)
		return pgo_error(ctx->err, PGO_EUSAGE, "option --by wants self or total, not '%s'",
				 o->by);
	if (o->by && !o->baseline.nr)
		return pgo_error(ctx->err, PGO_EUSAGE, "--by is for --baseline");
	if (o->flame.min_share < 0 || o->flame.min_share > 1)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "option --min-share wants a percentage from 0%% to 100%%");
	return cmd_check_operands(ctx, &cmd_report, nr, 2, INT32_MAX);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .flame.min_share = 1.0 / FLAME_WIDTH_PX, .baseline = STRVEC_INIT };
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	ret = nr < 0 ? nr : check(ctx, &o, nr);
	if (!ret)
		ret = run_kind(ctx, &o, argv, nr);
	strvec_release(&o.baseline);
	return ret;
}

const struct cmd cmd_report = {
	.name = "report",
	.summary = "draw a flame graph of recordings, or of how two differ",
	.usage = "[options] flame INPUT...",
	.opts = opts,
	.run = run,
};
