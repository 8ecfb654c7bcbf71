/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/flow.h"
#include "pgo/report/show.h"

struct options {
	struct project_options common;
	const char *output;
	bool sample, allow_mismatch;
	uint64_t every_ns, duration_ns, rate_hz, max_bytes;
	unsigned pid, pairs;
	const char *event, *cgroup, *binary, *to;
};

static const struct opt opts[] = {
	{ OPT_STR, 'o', "output", "FILE",
	  "the bundle to write (default: merged.prof beside pgo.yaml)",
	  offsetof(struct options, output) },
	{ OPT_DURATION, 0, "every", "TIME",
	  "save the counters of running programs as often as that: a kill loses no more",
	  offsetof(struct options, every_ns) },
	{ OPT_FLAG, 0, "sample", NULL,
	  "record the baseline build with perf, without counters in it",
	  offsetof(struct options, sample) },
	{ OPT_UINT, 0, "pid", "PID", "sample: the process that runs, in place of the workloads",
	  offsetof(struct options, pid) },
	{ OPT_STR, 0, "cgroup", "NAME", "sample: the processes of a control group",
	  offsetof(struct options, cgroup) },
	{ OPT_DURATION, 0, "duration", "TIME",
	  "sample: end each recording after that time (of a process or group: 30s)",
	  offsetof(struct options, duration_ns) },
	{ OPT_STR, 0, "event", "EVENT", "sample: what perf is to sample (default: the best here)",
	  offsetof(struct options, event) },
	{ OPT_U64, 0, "rate", "N", "sample: samples a second", offsetof(struct options, rate_hz) },
	{ OPT_SIZE, 0, "max-size", "SIZE", "sample: of a recording, which ends there (default: 1G)",
	  offsetof(struct options, max_bytes) },
	{ OPT_UINT, 0, "overhead-runs", "N",
	  "sample: pairs of runs that measure what perf costs (default: 3; 0: none)",
	  offsetof(struct options, pairs) },
	{ OPT_STR, 0, "binary", "FILE", "sample: the program that is wanted (default: artifacts)",
	  offsetof(struct options, binary) },
	{ OPT_FLAG, 0, "allow-mismatch", NULL, "sample: take a binary of another build",
	  offsetof(struct options, allow_mismatch) },
	{ OPT_STR, 0, "to", "FORM",
	  "sample: sample-extbinary, afdo-1, afdo-2 or fdata (default: what the compiler reads)",
	  offsetof(struct options, to) },
	PROJECT_OPTS,
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int print(struct cmd_ctx *ctx, const struct options *o, const struct bundle *b,
		 const struct waits_list *waits, const char *path)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	if (o->common.json) {
		json_t *answer = show_bundle_json(b, path);

		json_object_set_new(answer, "training", waits_list_json(waits));
		return cmd_print_json(ctx, answer) ? 0 : -(int)ctx->err->code;
	}
	show_bundle(b, path, &out);
	return cmd_print(ctx, &out) ? PGO_EXIT_OK : -(int)ctx->err->code;
}

static int check(struct cmd_ctx *ctx, const struct options *o, bool sample, int nr)
{
	static const char *const forms[] = { "sample-extbinary", "afdo-1", "afdo-2", "fdata",
					     NULL };
	const bool only = o->pid || o->cgroup || o->duration_ns || o->event || o->rate_hz ||
			  o->binary || o->allow_mismatch || o->to ||
			  o->max_bytes != SAMPLER_MAX_BYTES || o->pairs != SAMPLER_PAIRS;
	size_t i = 0;

	if (!sample && only) {
		pgo_error(ctx->err, PGO_EUSAGE,
			  "these options are of recordings, and the technique is another");
		return pgo_err_hint(ctx->err, "pgoctl collect --sample ...");
	}
	if (sample && o->every_ns)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "--every is of counters, and recordings have none");
	if (!!o->pid + !!o->cgroup + !!nr > 1)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "only one of --pid, --cgroup and a command can be recorded");
	while (o->to && forms[i] && strcmp(forms[i], o->to) != 0)
		i++;
	if (!o->to || forms[i])
		return 0;
	pgo_error(ctx->err, PGO_EUSAGE, "samples are not collected to form '%s'", o->to);
	return pgo_err_hint(ctx->err, "sample-extbinary, afdo-1, afdo-2 or fdata");
}

/* The operands as a shell line that takes the shell's place. */
static char *command_line(int nr, char **argv)
{
	struct strbuf line = STRBUF_INIT;

	strbuf_addstr(&line, "exec");
	for (int i = 1; i <= nr; i++) {
		strbuf_addch(&line, ' ');
		strbuf_addquoted(&line, argv[i]);
	}
	return strbuf_take(&line);
}

static int sample(struct cmd_ctx *ctx, struct project *p, const struct options *o, int nr,
		  char **argv, const char *path, struct bundle *b)
{
	PGO_AUTO_FREE char *command = nr ? command_line(nr, argv) : NULL;
	PGO_AUTO_FREE char *dir = fs_absolute(".");
	PGO_AUTO(sampler) s = SAMPLER_INIT;

	s.wish = (struct collect_wish){
		.event = o->event, .rate_hz = o->rate_hz, .pid = (pid_t)o->pid, .cgroup = o->cgroup
	};
	s.duration_ns = o->duration_ns;
	s.max_bytes = o->max_bytes;
	s.pairs = o->pairs;
	s.to = o->to;
	s.binary = o->binary;
	s.allow_mismatch = o->allow_mismatch;
	s.command = command;
	s.dir = command ? dir : NULL;
	return flow_sample(p, &s, path, b, ctx->err);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .max_bytes = SAMPLER_MAX_BYTES, .pairs = SAMPLER_PAIRS };
	PGO_AUTO(plan) plan = PLAN_INIT;
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(waits_list) waits = WAITS_LIST_INIT;
	PGO_AUTO_FREE char *path = NULL;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	if (!o.sample) {
		ret = cmd_check_operands(ctx, &cmd_collect, nr, 0, 0);
		if (ret)
			return ret;
	}
	o.common.config_optional = o.sample && (o.pid || o.cgroup || nr);
	ret = cmd_open_project(ctx, &o.common, &plan, &p);
	if (!ret)
		ret = check(ctx, &o, o.sample || p.config.technique == TECHNIQUE_SAMPLE, nr);
	if (ret)
		return ret;
	p.every_ns = o.every_ns;
	p.waits = &waits;
	path = o.output ? fs_absolute(o.output) : fs_join(p.config.root, "merged.prof");
	if (o.sample || p.config.technique == TECHNIQUE_SAMPLE)
		ret = sample(ctx, &p, &o, nr, argv, path, &b);
	else
		ret = flow_collect(&p, path, &b, ctx->err);
	if (ret)
		return ret;
	return p.plan ? cmd_print_plan(ctx, &plan) : print(ctx, &o, &b, &waits, path);
}

const struct cmd cmd_collect = {
	.name = "collect",
	.summary = "run the training workloads, write their profile to merged.prof",
	.usage = "[options] | --sample [options] -- COMMAND...",
	.opts = opts,
	.run = run,
};
