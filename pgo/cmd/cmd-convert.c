/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/convert.h"

struct options {
	const char *to, *output;
	unsigned llvm;
};

static const struct opt opts[] = {
	{ OPT_STR, 0, "to", "FORMAT", "profdata, proftext or gcda", offsetof(struct options, to) },
	{ OPT_STR, 'o', "output", "PATH",
	  "where to (default: the input's name with the new suffix)",
	  offsetof(struct options, output) },
	{ OPT_UINT, 0, "llvm", "MAJOR",
	  "write for this LLVM (default: the bundle's, or the newest)",
	  offsetof(struct options, llvm) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

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
		return pgo_err_hint(ctx->err, "formats: profdata, proftext, gcda");
	}
	output = o.output ? xstrdup(o.output) : convert_default_output(argv[1], o.to);
	ret = convert_profile(argv[1], o.to, o.llvm, output, ctx->err);
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
