/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pgo/base/fs.h"
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
	{ OPT_STR, 'p', "profile", "FILE",
	  "whether a profile still is of the code: of instrumented binaries, or the project's",
	  offsetof(struct check_options, profile) },
	{ OPT_PERCENT, 0, "max-lost", "P%",
	  "profile: end with 0 when no more of its counts is in functions that have changed or "
	  "are gone (default: 5%)",
	  offsetof(struct check_options, max_lost) },
	{ OPT_STR, 'c', "config", "FILE",
	  "profile: the project's pgo.yaml (default: here or above)",
	  offsetof(struct check_options, config) },
	{ OPT_STR, 0, "cc", "COMPILER", "profile: use this compiler in place of toolchain.cc",
	  offsetof(struct check_options, cc) },
	{ OPT_STR, 0, "against", "FILE",
	  "whether a profile (default: merged.prof) may take the place of FILE, or of "
	  "store:last-good: "
	  "last",
	  offsetof(struct check_options, against) },
	{ OPT_PERCENT, 0, "min-functions", "P%",
	  "against: least of the functions with counts (default: 90%)",
	  offsetof(struct check_options, limits.functions) },
	{ OPT_PERCENT, 0, "min-counts", "P%",
	  "against: least of the counts, in all and of each workload's run (default: 50%)",
	  offsetof(struct check_options, limits.counts) },
	{ OPT_PERCENT, 0, "min-hot", "P%",
	  "against: least of the hot code that is still hot (default: 80%)",
	  offsetof(struct check_options, limits.hot) },
	{ OPT_PERCENT, 0, "max-share-change", "P%",
	  "against: most that a workload's share of all counts may change (default: 20%)",
	  offsetof(struct check_options, limits.share) },
	{ OPT_PERCENT, 0, "max-rejected", "P%",
	  "against: most of the raw profiles that may have been left out (default: 0%)",
	  offsetof(struct check_options, limits.lost) },
	{ OPT_UINT, 't', "top", "N", "lines of each table (default: 10)",
	  offsetof(struct check_options, top) },
	{ OPT_STR, 0, "error-format", "text|github", "how findings are written (default: text)",
	  offsetof(struct check_options, error_format) },
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON",
	  offsetof(struct check_options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

/* What can be checked; option: the field that is set where it is asked for. */
static const struct {
	const char *name;
	bool is_flag; /* else it has a value */
	size_t option;
	int (*run)(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv);
} modes[] = {
	{ "--instrumented", true, offsetof(struct check_options, instrumented),
	  check_instrumented },
	{ "--profile", false, offsetof(struct check_options, profile), check_profile },
	{ "--against", false, offsetof(struct check_options, against), check_against },
};

static bool is_asked(const struct check_options *o, size_t mode)
{
	const char *option = (const char *)o + modes[mode].option;

	return modes[mode].is_flag ? *(const bool *)option : *(const char *const *)option != NULL;
}

bool check_wants_github(const struct check_options *o)
{
	return o->error_format && !strcmp(o->error_format, "github");
}

void check_answer_init(struct check_answer *a, const struct check_options *o)
{
	*a = (struct check_answer){
		.o = o, .text = STRBUF_INIT, .list = o->json ? json_array() : NULL
	};
}

void check_answer_release(struct check_answer *a)
{
	json_decref(a->list);
	strbuf_release(&a->text);
}

int check_answer_print(struct cmd_ctx *ctx, const struct check_answer *a, json_t *head,
		       const char *name)
{
	bool printed;

	if (a->list) {
		json_object_set(head, name, a->list);
		json_object_set_new(head, "exit_code", json_integer(a->refused));
		printed = cmd_print_json(ctx, head);
	} else {
		json_decref(head);
		printed = cmd_print(ctx, &a->text);
	}
	if (!printed)
		return -(int)ctx->err->code;
	return a->refused ? PGO_EXIT_NO : PGO_EXIT_OK;
}

char *check_default_profile(const struct check_options *o)
{
	PGO_AUTO_FREE char *config = o->config ? xstrdup(o->config) : config_find(".");
	PGO_AUTO_FREE char *dir = config ? fs_dirname(config) : xstrdup(".");

	return strcmp(dir, ".") != 0 ? fs_join(dir, "merged.prof") : xstrdup("merged.prof");
}

/* Exactly one. */
static int find_mode(struct cmd_ctx *ctx, const struct check_options *o, size_t *ret)
{
	PGO_AUTO(strbuf) names = STRBUF_INIT;
	size_t nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		strbuf_addf(&names, "%s%s", i ? ", " : "", modes[i].name);
		if (!is_asked(o, i))
			continue;
		*ret = i;
		nr++;
	}
	if (nr == 1)
		return 0;
	pgo_error(ctx->err, PGO_EUSAGE, "pgoctl check: say what is to be checked");
	return pgo_err_hint(ctx->err, "one of %s", names.buf);
}

static int check_range(struct cmd_ctx *ctx, const char *name, double value)
{
	if (isinf(value) || (value >= 0 && value <= 1))
		return 0;
	return pgo_error(ctx->err, PGO_EUSAGE, "option %s wants a percentage from 0%% to 100%%",
			 name);
}

static int check(struct cmd_ctx *ctx, const struct check_options *o)
{
	const char *format = o->error_format;
	int ret = check_range(ctx, "--min-share", o->min_share);

	if (!ret)
		ret = check_range(ctx, "--max-lost", o->max_lost);
	if (ret)
		return ret;
	if (format && strcmp(format, "text") != 0 && strcmp(format, "github") != 0)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "option --error-format wants text or github, not '%s'", format);
	if (o->json && check_wants_github(o))
		return pgo_error(ctx->err, PGO_EUSAGE, "either --json or --error-format=github");
	return 0;
}

static const struct check_options nothing_given = {
	.top = 10, .min_share = INFINITY, .max_lost = INFINITY, .limits = ACCEPT_LIMITS
};

/* An option of another mode is an error: who gave it takes it for a gate. */
static int check_uses(struct cmd_ctx *ctx, const struct check_options *o, size_t mode)
{
	const struct accept_limits *l = &o->limits, *none = &nothing_given.limits;
	const struct {
		const char *name;
		bool given;
		bool modes[ARRAY_SIZE(modes)]; /* instrumented, profile, against */
	} uses[] = {
		{ "--min-share", o->min_share != nothing_given.min_share, { true } },
		{ "--map", o->map, { true } },
		{ "--max-lost", o->max_lost != nothing_given.max_lost, { false, true } },
		{ "--cc", o->cc, { false, true } },
		{ "--config", o->config, { false, true, true } },
		{ "--top", o->top != nothing_given.top, { true, true } },
		{ "--min-functions", l->functions != none->functions, { false, false, true } },
		{ "--min-counts", l->counts != none->counts, { false, false, true } },
		{ "--min-hot", l->hot != none->hot, { false, false, true } },
		{ "--max-share-change", l->share != none->share, { false, false, true } },
		{ "--max-rejected", l->lost != none->lost, { false, false, true } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		if (uses[i].given && !uses[i].modes[mode])
			return pgo_error(ctx->err, PGO_EUSAGE, "option %s means nothing with %s",
					 uses[i].name, modes[mode].name);
	return 0;
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct check_options o = nothing_given;
	size_t mode = 0;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = find_mode(ctx, &o, &mode);
	if (!ret)
		ret = check(ctx, &o);
	if (!ret)
		ret = check_uses(ctx, &o, mode);
	return ret ? ret : modes[mode].run(ctx, &o, nr, argv);
}

const struct cmd cmd_check = {
	.name = "check",
	.summary =
		"tell what a profile lacks: probes, code that is still the same, what was in the "
		"last",
	.usage = "[options] --instrumented BINARY... | --profile FILE [BINARY...] | --against FILE "
		 "[FILE]",
	.opts = opts,
	.run = run,
};
