/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pgo/cmd/check.h"

static const struct opt opts[] = {
	{ OPT_FLAG, 0, "instrumented", NULL,
	  "which functions of programs and shared objects have no probes",
	  offsetof(struct check_options, instrumented) },
	{ OPT_PERCENT, 0, "min-share", "P%",
	  "instrumented: end with 0 when P% of the code and of the functions have probes "
	  "(default: 90%)",
	  offsetof(struct check_options, min_share) },
	{ OPT_STR, 0, "map", "FILE",
	  "instrumented: the linker's map of the one binary, which tells archives and objects",
	  offsetof(struct check_options, map) },
	{ OPT_UINT, 't', "top", "N", "lines of each table (default: 10)",
	  offsetof(struct check_options, top) },
	{ OPT_STR, 0, "error-format", "text|github", "how findings are written (default: text)",
	  offsetof(struct check_options, error_format) },
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON",
	  offsetof(struct check_options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

/* What can be checked. flag: of the option that asks for it. */
static const struct {
	const char *name;
	size_t flag;
	int (*run)(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv);
} modes[] = {
	{ "--instrumented", offsetof(struct check_options, instrumented), check_instrumented },
};

static bool is_asked(const struct check_options *o, size_t flag)
{
	return *(const bool *)((const char *)o + flag);
}

/* Exactly one. */
static int find_mode(struct cmd_ctx *ctx, const struct check_options *o, size_t *ret)
{
	PGO_AUTO(strbuf) names = STRBUF_INIT;
	size_t nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		strbuf_addf(&names, "%s%s", i ? ", " : "", modes[i].name);
		if (!is_asked(o, modes[i].flag))
			continue;
		*ret = i;
		nr++;
	}
	if (nr == 1)
		return 0;
	pgo_error(ctx->err, PGO_EUSAGE, "pgoctl check: say what is to be checked");
	return pgo_err_hint(ctx->err, "one of %s", names.buf);
}

static int check(struct cmd_ctx *ctx, const struct check_options *o)
{
	const char *format = o->error_format;

	if (!isinf(o->min_share) && (o->min_share < 0 || o->min_share > 1))
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "option --min-share wants a percentage from 0%% to 100%%");
	if (format && strcmp(format, "text") != 0 && strcmp(format, "github") != 0)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "option --error-format wants text or github, not '%s'", format);
	if (o->json && format && !strcmp(format, "github"))
		return pgo_error(ctx->err, PGO_EUSAGE, "either --json or --error-format=github");
	return 0;
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct check_options o = { .top = 10, .min_share = INFINITY };
	size_t mode = 0;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = find_mode(ctx, &o, &mode);
	if (!ret)
		ret = check(ctx, &o);
	return ret ? ret : modes[mode].run(ctx, &o, nr, argv);
}

const struct cmd cmd_check = {
	.name = "check",
	.summary = "tell what of an instrumented program has no probes",
	.usage = "[options] --instrumented BINARY...",
	.opts = opts,
	.run = run,
};
