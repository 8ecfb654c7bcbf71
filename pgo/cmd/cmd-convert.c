/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>

#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/convert.h"
#include "pgo/core/convert-samples.h"

struct options {
	const char *to, *output;
	struct sample_image_opts images;
	unsigned llvm;
};

static const struct opt opts[] = {
	{ OPT_STR, 0, "to", "FORMAT",
	  "profdata, proftext, gcda, unsymbolized, preaggregated or collapsed",
	  offsetof(struct options, to) },
	{ OPT_STR, 'o', "output", "PATH",
	  "where to (default: the input's name with the new suffix)",
	  offsetof(struct options, output) },
	{ OPT_UINT, 0, "llvm", "MAJOR",
	  "write for this LLVM (default: the bundle's, or the newest)",
	  offsetof(struct options, llvm) },
	{ OPT_STR, 0, "binary", "FILE", "samples: of this program (default: the one with the most)",
	  offsetof(struct options, images.binary) },
	{ OPT_STR, 0, "root", "DIR", "samples: look for the recorded files below DIR",
	  offsetof(struct options, images.root) },
	{ OPT_FLAG, 0, "allow-mismatch", NULL, "samples: take a program of another build",
	  offsetof(struct options, images.allow_mismatch) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int run_samples(const struct options *o, const char *input, const char *output,
		       struct pgo_err *err)
{
	const struct convert_samples_opts co = { .images = o->images, .llvm_major = o->llvm };
	PGO_AUTO(strvec) warnings = STRVEC_INIT;
	struct sample_written done;
	int ret = convert_samples(input, o->to, &co, output, &done, &warnings, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < warnings.nr; i++)
		log_warn("%s", warnings.v[i]);
	log_info("%" PRIu64 " %s are in it, %" PRIu64 " lie elsewhere and are not", done.entries,
		 done.stacks || !done.branches ? "samples" : "branch entries", done.left_out);
	return 0;
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { 0 };
	PGO_AUTO_FREE char *output = NULL;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_convert, nr, 1, 1);
	if (ret)
		return ret;
	if (!o.to) {
		pgo_error(ctx->err, PGO_EUSAGE, "pgoctl convert: --to FORMAT is missing");
		return pgo_err_hint(ctx->err,
				    "formats: profdata, proftext, gcda, unsymbolized, "
				    "preaggregated, collapsed");
	}
	output = o.output ? xstrdup(o.output) : convert_default_output(argv[1], o.to);
	ret = convert_is_of_samples(o.to)
		      ? run_samples(&o, argv[1], output, ctx->err)
		      : convert_profile(argv[1], o.to, o.llvm, output, ctx->err);
	if (!ret)
		log_info("wrote '%s'", output);
	return ret;
}

const struct cmd cmd_convert = {
	.name = "convert",
	.summary = "take a native profile out of a bundle, or change its form",
	.usage = "[options] --to FORMAT PROFILE",
	.opts = opts,
	.run = run,
};
