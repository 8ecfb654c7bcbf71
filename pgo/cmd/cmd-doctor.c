/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/cmd/cmd.h"
#include "pgo/core/doctor.h"
#include "pgo/report/doctor.h"

#define TIMEOUT_NS UINT64_C(20000000000)

struct options {
	struct strvec compilers;
	uint64_t timeout_ns;
	bool quick, json;
};

static const struct opt opts[] = {
	{ OPT_STRS, 0, "cc", "COMPILER", "look at this one alone (may be repeated)",
	  offsetof(struct options, compilers) },
	{ OPT_FLAG, 0, "quick", NULL, "without BOLT and other compilers' profiles",
	  offsetof(struct options, quick) },
	{ OPT_DURATION, 0, "timeout", "TIME", "for each thing that is started (default: 20s)",
	  offsetof(struct options, timeout_ns) },
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON", offsetof(struct options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int print(struct cmd_ctx *ctx, const struct options *o, const struct doctor *d)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	bool ok;

	if (!o->json)
		show_doctor(d, &out);
	ok = o->json ? cmd_print_json(ctx, show_doctor_json(d)) : cmd_print(ctx, &out);
	if (!ok)
		return -(int)ctx->err->code;
	return doctor_is_well(d) ? PGO_EXIT_OK : PGO_EXIT_TOOL;
}

static int visit(struct cmd_ctx *ctx, const struct options *o)
{
	const struct doctor_opts how = {
		.root = "",
		.ops = &counters_system,
		.compilers = &o->compilers,
		.dir = ".",
		.timeout_ns = o->timeout_ns,
		.quick = o->quick,
	};
	PGO_AUTO(doctor) d = DOCTOR_INIT;
	int ret = doctor_run(&how, &d, ctx->err);

	return ret ? ret : print(ctx, o, &d);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .compilers = STRVEC_INIT, .timeout_ns = TIMEOUT_NS };
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	ret = nr < 0 ? nr : cmd_check_operands(ctx, &cmd_doctor, nr, 0, 0);
	if (!ret)
		ret = visit(ctx, &o);
	strvec_release(&o.compilers);
	return ret;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.summary = "try what works on this machine, and tell what mends the rest",
	.usage = "[options]",
	.opts = opts,
	.run = run,
};
