/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

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
	const char *event, *cgroup, *binary, *debug, *to;
	const char *ready, *drive;
	bool continuous;
};

static const struct opt opts[] = {
	{ OPT_STR, 'o', "output", "FILE",
	  "the bundle to write (default: merged.prof beside pgo.yaml)",
	  offsetof(struct options, output) },
	{ OPT_DURATION, 0, "every", "TIME",
	  "save the counters of running programs as often as that: a kill loses no more",
	  offsetof(struct options, every_ns) },
	{ OPT_FLAG, 0, "continuous", NULL,
	  "count in the profiles' files: a kill loses nothing (clang, rustc; no value profiles)",
	  offsetof(struct options, continuous) },
	{ OPT_STR, 0, "ready", "LINE",
	  "the command is a server: LINE succeeds once it is ready, what it counts before is "
	  "discarded",
	  offsetof(struct options, ready) },
	{ OPT_STR, 0, "drive", "LINE", "the command is a server: LINE loads it, then it is ended",
	  offsetof(struct options, drive) },
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
	{ OPT_STR, 0, "debug-file", "FILE", "sample: the file with its debug information",
	  offsetof(struct options, debug) },
	{ OPT_FLAG, 0, "allow-mismatch", NULL, "sample: take a binary of another build",
	  offsetof(struct options, allow_mismatch) },
	{ OPT_STR, 0, "to", "FORM",
	  "sample: sample-extbinary, afdo-1, afdo-2 or fdata (default: what the compiler reads)",
	  offsetof(struct options, to) },
	PROJECT_OPTS,
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

/* What of the artifacts has the counters that the profile is of. */
static json_t *audits(const struct project *p, const struct options *o)
{
	PGO_AUTO(stage) s = STAGE_INIT;

	if (o->sample || p->config.technique != TECHNIQUE_INSTRUMENT ||
	    stage_load(p, STAGE_INSTRUMENTED, &s, NULL))
		return json_null();
	return s.audits ? json_incref(s.audits) : json_null();
}

static int print(struct cmd_ctx *ctx, const struct project *p, const struct options *o,
		 const struct bundle *b, const struct waits_list *waits, const char *path)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	json_t *json;

	if (o->common.json) {
		json = show_bundle_json(b, path);
		json_object_set_new(json, "instrumentation", audits(p, o));
		json_object_set_new(json, "training", waits_list_json(waits));
		return cmd_print_json(ctx, json) ? 0 : -(int)ctx->err->code;
	}
	show_bundle(b, path, &out);
	return cmd_print(ctx, &out) ? PGO_EXIT_OK : -(int)ctx->err->code;
}

/* What is not given is 0 from here on. */
static int check_not_zero(struct cmd_ctx *ctx, struct options *o)
{
	const struct {
		const char *name;
		uint64_t *value;
	} given[] = {
		{ "every", &o->every_ns },
		{ "duration", &o->duration_ns },
		{ "rate", &o->rate_hz },
		{ "max-size", &o->max_bytes },
	};

	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		if (!*given[i].value)
			return pgo_error(ctx->err, PGO_EUSAGE, "option --%s wants more than 0",
					 given[i].name);
		if (*given[i].value == UINT64_MAX)
			*given[i].value = 0;
	}
	return 0;
}

static int check(struct cmd_ctx *ctx, const struct options *o, bool sample, int nr)
{
	static const char *const forms[] = { "sample-extbinary", "afdo-1", "afdo-2", "fdata",
					     NULL };
	const bool only = o->pid || o->cgroup || o->duration_ns || o->event || o->rate_hz ||
			  o->binary || o->debug || o->allow_mismatch || o->to ||
			  o->max_bytes != SAMPLER_MAX_BYTES || o->pairs != SAMPLER_PAIRS;
	size_t i = 0;

	if (!sample && only) {
		pgo_error(ctx->err, PGO_EUSAGE,
			  "these options are of recordings, and the technique is another");
		return pgo_err_hint(ctx->err, "pgoctl collect --sample ...");
	}
	if (sample && (o->every_ns || o->continuous || o->ready || o->drive))
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "--every, --continuous, --ready and --drive are of counters, and "
				 "recordings have none");
	if (o->every_ns && o->continuous)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "--every and --continuous: one of them, a program that counts in "
				 "its file has nothing to save");
	if ((o->ready || o->drive) && !nr) {
		pgo_error(ctx->err, PGO_EUSAGE, "--ready and --drive want the server's command");
		return pgo_err_hint(ctx->err,
				    "pgoctl collect --ready LINE --drive LINE -- COMMAND");
	}
	if (o->ready && !o->drive)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "--ready without --drive: nothing would load "
				 "the server");
	if (!!o->pid + !!o->cgroup + !!nr > 1)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "only one of --pid, --cgroup and a command can be recorded");
	if (o->cgroup && !*o->cgroup) {
		pgo_error(ctx->err, PGO_EUSAGE, "the control group has no name");
		return pgo_err_hint(ctx->err, "--cgroup / is the topmost one that is seen here");
	}
	while (o->to && forms[i] && strcmp(forms[i], o->to) != 0)
		i++;
	if (!o->to || forms[i])
		return 0;
	pgo_error(ctx->err, PGO_EUSAGE, "samples are not collected to form '%s'", o->to);
	return pgo_err_hint(ctx->err, "sample-extbinary, afdo-1, afdo-2 or fdata");
}

/*
 * The artifact that a path from the folder that is built names, "./server" as it is typed where
 * it was built; malloc'ed, relative to $PGO_OUT, or NULL.
 */
static char *artifact_of(const struct config *cfg, const char *path)
{
	PGO_AUTO_FREE char *joined = fs_join(cfg->root, cfg->source);
	PGO_AUTO_FREE char *source = fs_absolute(joined), *full = fs_absolute(path);
	const size_t len = strlen(source);

	if (!strchr(path, '/') || strncmp(full, source, len) != 0 || full[len] != '/')
		return NULL;
	for (size_t i = 0; i < cfg->artifacts.nr; i++)
		if (!fnmatch(cfg->artifacts.v[i], full + len + 1, FNM_PATHNAME))
			return xstrdup(full + len + 1);
	return NULL;
}

/* The operands as a shell line that takes the shell's place. */
static char *command_line(const struct config *cfg, bool sample, int nr, char **argv)
{
	PGO_AUTO_FREE char *artifact = sample ? NULL : artifact_of(cfg, argv[1]);
	struct strbuf line = STRBUF_INIT;

	strbuf_addstr(&line, "exec ");
	if (artifact) {
		log_info("'%s' is run as the instrumented build has made it", argv[1]);
		strbuf_addstr(&line, "\"$PGO_OUT\"/");
	}
	strbuf_addquoted(&line, artifact ? artifact : argv[1]);
	for (int i = 2; i <= nr; i++) {
		strbuf_addch(&line, ' ');
		strbuf_addquoted(&line, argv[i]);
	}
	return strbuf_take(&line);
}

static int instrument(struct cmd_ctx *ctx, struct project *p, const struct options *o,
		      const char *command, const char *path, struct bundle *b)
{
	if (command) {
		struct workload *w = config_set_workload(&p->config, "command", command);

		w->ready = o->ready ? xstrdup(o->ready) : NULL;
		w->drive = o->drive ? xstrdup(o->drive) : NULL;
	}
	p->every_ns = o->every_ns;
	p->continuous = o->continuous;
	return flow_collect(p, path, b, ctx->err);
}

static int sample(struct cmd_ctx *ctx, struct project *p, const struct options *o,
		  const char *command, const char *path, struct bundle *b)
{
	PGO_AUTO(sampler) s = SAMPLER_INIT;

	s.wish = (struct collect_wish){
		.event = o->event, .rate_hz = o->rate_hz, .pid = (pid_t)o->pid, .cgroup = o->cgroup
	};
	s.duration_ns = o->duration_ns;
	s.max_bytes = o->max_bytes;
	s.pairs = o->pairs;
	s.to = o->to;
	s.binary = o->binary;
	s.debug = o->debug;
	s.allow_mismatch = o->allow_mismatch;
	s.command = command;
	return flow_sample(p, &s, path, b, ctx->err);
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .every_ns = UINT64_MAX,
			     .duration_ns = UINT64_MAX,
			     .rate_hz = UINT64_MAX,
			     .max_bytes = SAMPLER_MAX_BYTES,
			     .pairs = SAMPLER_PAIRS };
	PGO_AUTO(plan) plan = PLAN_INIT;
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO(waits_list) waits = WAITS_LIST_INIT;
	PGO_AUTO_FREE char *path = NULL, *command = NULL;
	PGO_AUTO_FREE char *here = fs_absolute(".");
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);
	bool samples;

	if (nr < 0)
		return nr;
	ret = check_not_zero(ctx, &o);
	if (ret)
		return ret;
	o.common.config_optional = o.sample && (o.pid || o.cgroup || nr);
	ret = cmd_open_project(ctx, &o.common, &plan, &p);
	samples = o.sample || p.config.technique == TECHNIQUE_SAMPLE;
	if (!ret)
		ret = check(ctx, &o, samples, nr);
	if (ret)
		return ret;
	p.waits = &waits;
	path = o.output ? fs_absolute(o.output) : fs_join(p.config.root, "merged.prof");
	if (nr) {
		command = command_line(&p.config, samples, nr, argv);
		p.run_dir = here;
	}
	ret = samples ? sample(ctx, &p, &o, command, path, &b)
		      : instrument(ctx, &p, &o, command, path, &b);
	if (ret)
		return ret;
	return p.plan ? cmd_print_plan(ctx, &plan) : print(ctx, &p, &o, &b, &waits, path);
}

const struct cmd cmd_collect = {
	.name = "collect",
	.summary = "run the training workloads, write their profile to merged.prof",
	.usage = "[options] [-- COMMAND...]",
	.opts = opts,
	.run = run,
};
