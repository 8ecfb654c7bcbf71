/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/flow.h"

#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/core/bolt.h"
#include "pgo/core/intake.h"
#include "pgo/core/keep.h"

/* Before the work of hours, not after it. */
static int check_output(const char *path, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = fs_dirname(path);
	int ret;

	if (fs_is_dir(path))
		ret = pgo_error(err, PGO_EUSAGE, "cannot write the profile to '%s': it is a folder",
				path);
	else if (access(dir, W_OK))
		ret = pgo_error_errno(err, "cannot write the profile below '%s'", dir);
	else
		return 0;
	pgo_err_hint(err, "name a file in a folder that is there: -o merged.prof");
	return ret;
}

/* Counters of the compiler's. */
static int collect_instrumented(struct project *p, const char *path, struct bundle *ret,
				struct pgo_err *err)
{
	PGO_AUTO(stage) instrumented = STAGE_INIT;
	PGO_AUTO(training) t = TRAINING_INIT;
	int r = stage_build(p, STAGE_INSTRUMENTED, NULL, &instrumented, err);

	if (!r)
		r = training_run_all(p, &instrumented, NULL, &t, err);
	return r ? r : merge_training(p, &instrumented, &t, NULL, path, ret, err);
}

/* What BOLT works on: with the profile that base holds for the compiler, or NULL without one. */
static int build_prebolt(struct project *p, const char *base, struct stage *ret,
			 struct pgo_err *err)
{
	PGO_AUTO(intake) in = INTAKE_INIT;
	int r = 0;

	if (base)
		r = p->plan ? intake_plan(p, &in) : intake_open(p, base, &in, err);
	return r ? r : stage_build(p, STAGE_PREBOLT, base ? &in.profile : NULL, ret, err);
}

/* Counters of BOLT's, behind what base, a bundle or NULL, holds. */
static int collect_bolt(struct project *p, const char *base, const char *path, struct bundle *ret,
			struct pgo_err *err)
{
	PGO_AUTO(stage) prebolt = STAGE_INIT;
	PGO_AUTO(stage) counting = STAGE_INIT;
	PGO_AUTO(training) t = TRAINING_INIT;
	int r = build_prebolt(p, base, &prebolt, err);

	if (!r)
		r = bolt_instrument(p, &prebolt, &counting, err);
	if (!r)
		r = training_run_all(p, &counting, NULL, &t, err);
	return r ? r : merge_training(p, &counting, &t, base, path, ret, err);
}

/* A process that runs already is watched for so long. */
#define ATTACHED_NS 30000000000u

/* Under one name each, so that old recordings make room for new ones. */
static void take_target(struct project *p, struct sampler *s)
{
	PGO_AUTO_FREE char *process = xstrfmt("process %ld", (long)s->wish.pid);
	PGO_AUTO_FREE char *group = xstrfmt("control group %s",
					    s->wish.cgroup ? s->wish.cgroup : "");

	if (s->command)
		config_set_workload(&p->config, "command", s->command);
	else if (s->wish.pid)
		config_set_workload(&p->config, "process", process);
	else if (s->wish.cgroup)
		config_set_workload(&p->config, "cgroup", group);
	if (sampler_attaches(s) && !s->duration_ns)
		s->duration_ns = ATTACHED_NS;
}

static void tell_overhead(const struct bundle *b)
{
	for (size_t i = 0; i < b->nr_workloads; i++) {
		const struct sampling_overhead *v = &b->workloads[i].overhead;
		PGO_AUTO(strbuf) own = STRBUF_INIT;

		num_add_duration(&own, v->recorder_ns);
		if (v->pairs)
			log_info(
				"'%s' takes about %+.1f %% processor time while it is recorded "
				"(%+.1f to %+.1f %%, pairs of runs: %u), perf itself %s",
				b->workloads[i].name, 100 * v->median, 100 * v->least,
				100 * v->most, v->pairs, own.buf);
		else
			log_info("'%s': what recording costs was not measured",
				 b->workloads[i].name);
	}
}

/* Recordings of the baseline build, or without one of what is there. */
static int collect_samples(struct project *p, struct sampler *sampler, bool builds,
			   const char *path, struct bundle *ret, struct pgo_err *err)
{
	PGO_AUTO(stage) baseline = STAGE_INIT;
	PGO_AUTO(training) t = TRAINING_INIT;
	int r = sampler_prepare(sampler, err);

	if (!r && builds)
		r = stage_build(p, STAGE_BASELINE, NULL, &baseline, err);
	if (!r)
		r = training_run_all(p, builds ? &baseline : NULL, sampler, &t, err);
	if (!r)
		r = merge_training(p, builds ? &baseline : NULL, &t, NULL, path, ret, err);
	if (!r && !p->plan)
		tell_overhead(ret);
	return r;
}

/* What is recorded ends by itself: nothing asks it whether it is ready, loads it and ends it. */
static int check_no_servers(const struct project *p, const struct sampler *sampler,
			    struct pgo_err *err)
{
	for (size_t i = 0; !sampler->command && i < p->config.nr_workloads; i++) {
		const struct workload *w = &p->config.workloads[i];

		if (!w->drive || !(w->use & USE_TRAIN))
			continue;
		pgo_error(err, PGO_EUNSUP,
			  "workload '%s' is a server with 'drive', which is not recorded", w->name);
		return pgo_err_hint(err,
				    "start it, load it, and meanwhile: pgoctl collect --sample "
				    "--pid PID");
	}
	return 0;
}

int flow_sample(struct project *p, struct sampler *sampler, const char *path, struct bundle *ret,
		struct pgo_err *err)
{
	const bool builds = p->config.path && !sampler_attaches(sampler);
	PGO_AUTO_FREE char *first = project_path(p, "compiler.prof");
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	int r = check_output(path, err);

	if (!r && builds)
		r = check_no_servers(p, sampler, err);
	if (r)
		return r;
	p->config.technique = TECHNIQUE_SAMPLE;
	take_target(p, sampler);
	if (!builds || sampler->command || !p->config.bolt)
		return collect_samples(p, sampler, builds, path, ret, err);
	r = collect_samples(p, sampler, builds, first, &b, err);
	return r ? r : collect_bolt(p, first, path, ret, err);
}

int flow_collect(struct project *p, const char *path, struct bundle *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *first = project_path(p, "compiler.prof");
	PGO_AUTO(sampler) sampler = SAMPLER_INIT;
	int r = check_output(path, err);

	if (r)
		return r;
	switch (p->config.technique) {
	case TECHNIQUE_BOLT:
		return collect_bolt(p, NULL, path, ret, err);
	case TECHNIQUE_SAMPLE:
		return flow_sample(p, &sampler, path, ret, err);
	case TECHNIQUE_INSTRUMENT:
		break;
	}
	if (!p->config.bolt)
		return collect_instrumented(p, path, ret, err);
	r = collect_instrumented(p, first, NULL, err);
	return r ? r : collect_bolt(p, first, path, ret, err);
}

int flow_build(struct project *p, const char *profile, struct stage *ret, struct pgo_err *err)
{
	PGO_AUTO(intake) in = INTAKE_INIT;
	PGO_AUTO(stage) prebolt = STAGE_INIT;
	PGO_AUTO_FREE char *bolt_dir = project_path(p, "bolt/profile");
	bool compiled = p->config.technique != TECHNIQUE_BOLT;
	int r = 0;

	if (compiled)
		r = p->plan ? intake_plan(p, &in) : intake_open(p, profile, &in, err);
	if (!r && p->config.bolt && !p->plan)
		r = intake_bolt(p, profile, bolt_dir, err);
	if (r)
		return r;
	if (!p->config.bolt)
		return stage_build(p, STAGE_OPTIMIZED, &in.profile, ret, err);
	r = stage_build(p, STAGE_PREBOLT, compiled ? &in.profile : NULL, &prebolt, err);
	return r ? r : bolt_optimize(p, &prebolt, bolt_dir, ret, err);
}

static void plan_validation(struct project *p, const struct experiment_opts *opts)
{
	struct plan_step *s = plan_add(p->plan, false, "validate: %u coin-flipped pairs a workload",
				       opts->pairs ? opts->pairs : p->config.pairs);

	if (opts->floor)
		strvec_pushf(&s->commands, "relink the baseline with layouts 1 to %u", opts->floor);
	if (opts->estimand == ESTIMAND_BUILD)
		strvec_pushf(&s->commands, "relink both builds with layouts 1 to %u",
			     opts->layouts);
	for (size_t i = 0; i < p->config.nr_workloads; i++)
		if (p->config.workloads[i].use & USE_VALIDATE)
			strvec_pushf(&s->commands, "%s: %s", p->config.workloads[i].name,
				     p->config.workloads[i].run);
}

/* Layouts 1 to nr of a stage. */
static int relink(struct project *p, const struct stage *base, unsigned nr,
		  struct layout_outs *outs, struct pgo_err *err)
{
	int ret = 0;

	for (unsigned l = 1; !ret && l <= nr; l++) {
		PGO_AUTO(stage) s = STAGE_INIT;

		ret = stage_relink(p, base, l, &s, err);
		if (ret)
			break;
		strvec_push(&outs->dirs, s.out);
		outs->link_ns += s.wall_ns;
	}
	return ret;
}

/* The layouts that an experiment asks for. */
struct layouts {
	struct layout_outs a, b;
	unsigned nr_a, nr_b;
};

static void layouts_release(struct layouts *l)
{
	strvec_release(&l->a.dirs);
	strvec_release(&l->b.dirs);
}
PGO_DEFINE_AUTO(layouts, layouts_release)

/* The candidate's layouts are there already. */
static int compare(struct project *p, const struct stage *baseline, const char *candidate,
		   const struct experiment_opts *opts, struct layouts *l, struct experiment *ret,
		   struct pgo_err *err)
{
	struct experiment_opts o = *opts;
	int r = relink(p, baseline, l->nr_a, &l->a, err);

	if (r)
		return r;
	o.outs[0] = &l->a;
	o.outs[1] = candidate == baseline->out ? &l->a : &l->b;
	return experiment_run(p, baseline->out, candidate, &o, ret, err);
}

int flow_validate(struct project *p, const struct experiment_opts *opts, bool against_itself,
		  struct experiment *ret, struct pgo_err *err)
{
	PGO_AUTO(stage) baseline = STAGE_INIT;
	PGO_AUTO(stage) optimized = STAGE_INIT;
	PGO_AUTO(layouts) l = { LAYOUT_OUTS_INIT, LAYOUT_OUTS_INIT, opts->floor, 0 };
	int r;

	if (opts->estimand == ESTIMAND_BUILD && p->config.bolt) {
		pgo_error(err, PGO_EUNSUP, "what BOLT has laid out cannot be linked anew");
		return pgo_err_hint(err, "leave out --estimand=build: the claim is of this binary");
	}
	if (opts->estimand == ESTIMAND_BUILD) {
		l.nr_b = opts->layouts;
		l.nr_a = l.nr_b > l.nr_a ? l.nr_b : l.nr_a;
	}
	if (!p->plan && !against_itself) {
		r = stage_load(p, STAGE_OPTIMIZED, &optimized, err);
		if (r == -PGO_ENOTFOUND)
			pgo_err_hint(err, "pgoctl build --profile merged.prof");
		/* Before the baseline is built: the work copy may hold the optimized objects. */
		if (!r)
			r = relink(p, &optimized, l.nr_b, &l.b, err);
		if (r)
			return r;
	}
	r = stage_build(p, STAGE_BASELINE, NULL, &baseline, err);
	if (r)
		return r;
	if (p->plan) {
		plan_validation(p, opts);
		return 0;
	}
	if (against_itself)
		return compare(p, &baseline, baseline.out, opts, &l, ret, err);
	if (strcmp(baseline.source, optimized.source) != 0) {
		pgo_error(err, PGO_EMISMATCH, "the sources have changed since the optimized build");
		return pgo_err_hint(err, "pgoctl build --profile merged.prof");
	}
	r = compare(p, &baseline, optimized.out, opts, &l, ret, err);
	if (!r)
		keep_history(p, &baseline, ret);
	return r;
}
