/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/merge.h"

#include <math.h>

#include "pgo/base/fs.h"
#include "pgo/base/progress.h"
#include "pgo/core/bolt.h"
#include "pgo/core/contribution.h"
#include "pgo/core/elf-info.h"
#include "pgo/core/environment.h"
#include "pgo/core/merge-files.h"
#include "pgo/core/payload.h"
#include "pgo/core/sampling-convert.h"
#include "pgo/core/source.h"

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

void merge_integer_weights(const double *weights, size_t nr, uint64_t *ret)
{
	uint64_t common = 0;

	for (size_t i = 0; i < nr; i++) {
		ret[i] = (uint64_t)llround(weights[i] * 1000);
		if (!ret[i])
			ret[i] = 1;
		common = gcd(ret[i], common);
	}
	for (size_t i = 0; i < nr; i++)
		ret[i] /= common;
}

/* Of every workload. */
#define ALL_WORKLOADS SIZE_MAX

struct input_list {
	struct prof_input *v;
	size_t nr, alloc;
};

static void add_input(struct input_list *list, const char *path, uint64_t weight)
{
	VEC_GROW(list->v, list->nr, list->alloc);
	list->v[list->nr++] = (struct prof_input){ path, weight };
}

/* What a merge is of. */
struct selection {
	const struct prof_format *format;
	const char *target;	 /* BOLT: the artifact that left the files; NULL: all */
	size_t only;		 /* of that workload, or ALL_WORKLOADS */
	const uint64_t *weights; /* of each workload, or NULL: 1 */
};

/* In the order of workloads and runs. */
static void list_inputs(const struct selection *sel, const struct training *t,
			struct input_list *list)
{
	for (size_t i = 0; i < t->nr_workloads; i++) {
		const struct training_workload *tw = &t->workloads[i];
		uint64_t weight = sel->weights ? sel->weights[i] : 1;

		if (sel->only != ALL_WORKLOADS && sel->only != i)
			continue;
		for (size_t n = 0; n < tw->nr_runs; n++) {
			const struct training_run *run = &tw->runs[n];

			if (sel->format->caps & PROF_CAP_TREE) {
				add_input(list, run->raw_dir, weight);
				continue;
			}
			for (size_t f = 0; f < run->files.nr; f++)
				if (!sel->target ||
				    bolt_is_profile_of(run->files.v[f], sel->target))
					add_input(list, run->files.v[f], weight);
		}
	}
}

/* What a run leaves tells; what recordings were converted to is one form. */
static int find_format(const struct project *p, const struct training *t, bool bolt,
		       const struct prof_format **ret, struct pgo_err *err)
{
	for (size_t i = 0; t->sampler && i < t->nr_workloads; i++)
		for (size_t n = 0; n < t->workloads[i].nr_runs; n++)
			if (t->workloads[i].runs[n].files.nr)
				return prof_identify(t->workloads[i].runs[n].files.v[0], ret, err);
	*ret = prof_format_find(bolt ? "fdata" : p->compiler->raw_format, NULL);
	return 0;
}

static int no_function(const struct training *t, struct pgo_err *err)
{
	if (t->sampler) {
		pgo_error(err, PGO_ECHILD, "no sample is in a function whose lines are known");
		return pgo_err_hint(err, "build with -g1, and keep it in what is linked");
	}
	pgo_error(err, PGO_ECHILD, "the raw profiles hold no function");
	return pgo_err_hint(err,
			    "the program that ran was linked with the profile runtime, but "
			    "none of its objects was compiled with instrumentation");
}

static bool left_something(const struct selection *sel, const struct training *t)
{
	struct input_list list = { 0 };

	list_inputs(sel, t, &list);
	free(list.v);
	return list.nr;
}

static int merge_some(const struct project *p, const struct training *t,
		      const struct selection *sel, const char *dir, struct bundle_payload *payload,
		      struct pgo_err *err)
{
	/* What is left of a tree's names are those that -fprofile-use looks for. */
	static const char root[] = GCC_PROFILE_ROOT;
	const struct prof_merge_opts opts = { .llvm_major = p->cc.llvm_major, .strip = root + 1 };
	struct prof_merge_result res;
	struct input_list list = { 0 };
	PGO_AUTO_FREE char *path = NULL;
	int ret;

	list_inputs(sel, t, &list);
	ret = payload_merge(sel->format, list.v, list.nr, &opts, dir, payload, &res, err);
	free(list.v);
	if (!ret && !payload->stats.functions)
		return no_function(t, err);
	if (ret)
		return ret;
	path = fs_join(dir, payload->path);
	return bundle_hash_payload(path, payload, err);
}

/* What it counted in each function, for what is told of all. */
static int compare_workload(const struct project *p, size_t i, const char *path,
			    struct contributions *all, struct pgo_err *err)
{
	const struct prof_read_opts opts = { .llvm_major = p->cc.llvm_major };
	PGO_AUTO(profile) own = PROFILE_INIT;
	int ret = prof_read(path, &opts, &own, err);

	if (!ret)
		contributions_add(all, i, &own);
	return ret;
}

static void describe_contributions(const struct contributions *all, struct bundle *b)
{
	PGO_AUTO_FREE struct contribution *of = xcalloc(b->nr_workloads, sizeof(*of));
	PGO_AUTO_FREE double *weights = xcalloc(b->nr_workloads, sizeof(*weights));

	for (size_t i = 0; i < b->nr_workloads; i++)
		weights[i] = b->workloads[i].weight;
	contributions_finish(all, weights, of);
	for (size_t i = 0; i < b->nr_workloads; i++) {
		b->workloads[i].compared = true;
		b->workloads[i].only_functions = of[i].only;
		b->workloads[i].without = of[i].without;
	}
}

static int describe_workload(const struct project *p, const struct training *t,
			     const struct prof_format *format, size_t i, const char *dir,
			     struct bundle *b, struct contributions *all, struct pgo_err *err)
{
	const struct selection sel = { format, NULL, i, NULL };
	const struct training_workload *tw = &t->workloads[i];
	struct bundle_workload *w = bundle_add_workload(b);
	PGO_AUTO_FREE char *out = xstrfmt("%s/one-%zu", dir, i);
	struct bundle_payload one = { 0 };
	int ret = fs_mkdir_p(out, err);

	if (ret)
		return ret;

	w->name = xstrdup(tw->workload->name);
	w->run = xstrdup(tw->workload->run);
	w->weight = tw->workload->weight;
	w->runs = tw->nr_runs;
	for (size_t n = 0; n < tw->nr_runs; n++) {
		w->inputs += t->sampler ? 1 : tw->runs[n].files.nr;
		w->input_bytes += tw->runs[n].bytes;
		w->samples += tw->runs[n].samples;
		w->lost += tw->runs[n].lost;
	}
	w->overhead = tw->runs[0].overhead;
	ret = merge_some(p, t, &sel, out, &one, err);
	if (!ret) {
		PGO_AUTO_FREE char *path = fs_join(out, one.path);

		w->stats = one.stats;
		w->sha256 = TAKE_PTR(one.sha256);
		if (t->nr_workloads > 1)
			ret = compare_workload(p, i, path, all, err);
	}
	bundle_payload_release(&one);
	if (ret)
		return pgo_err_prefix(err, "workload '%s'", w->name);
	return fs_remove_tree(out, err);
}

static void describe_artifacts(const struct stage *s, struct bundle *b)
{
	for (size_t i = 0; i < s->artifacts.nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(s->out, s->artifacts.v[i]);
		PGO_AUTO(elf_info) elf = ELF_INFO_INIT;
		struct bundle_artifact *a = bundle_add_artifact(b);

		a->path = xstrdup(s->artifacts.v[i]);
		if (!elf_info_read(path, &elf, NULL))
			a->build_id = TAKE_PTR(elf.build_id);
	}
}

static void describe_sampling(const struct training *t, struct bundle *b)
{
	b->sampling = (struct bundle_sampling){
		.recorder = xstrdup(t->sampler->machine.version),
		.event = xstrdup(t->event),
		.rate_hz = t->sampler->choice.rate_hz,
		.period = t->sampler->choice.period,
		.branch_stacks = t->branch_entries != 0,
	};
}

/* Of processes that no stage of the project started: their source is not known. */
static void describe_attached(const struct project *p, struct bundle *b)
{
	PGO_AUTO(environment_text) text = { 0 };

	environment_describe("", &text);
	b->machine = TAKE_PTR(text.machine);
	b->technique = xstrdup(technique_name(TECHNIQUE_SAMPLE));
	merge_describe(b, &p->cc, p->cc.llvm_major);
}

static int describe_project(const struct project *p, const struct stage *s, struct bundle *b,
			    struct pgo_err *err)
{
	const struct build_stage spec = {
		.kind = s->kind == STAGE_BOLT_INSTRUMENTED ? STAGE_PREBOLT : s->kind,
		.technique = p->config.technique,
		.source_root = p->work,
		.update = p->config.update,
		.continuous = p->continuous,
	};
	PGO_AUTO(source_commit) commit = { 0 };
	PGO_AUTO(environment_text) text = { 0 };
	PGO_AUTO(strvec) ldflags = STRVEC_INIT;
	char source[DIGEST_HEX_LEN + 1];
	int ret = source_hash(p, source, err);

	if (!ret)
		ret = source_commit_get(p, &commit, err);
	if (!ret)
		ret = p->compiler->add_flags(&spec, &p->cc, &b->cflags, &ldflags, err);
	if (ret)
		return ret;
	b->tool = xstrdup("pgoctl " PGOCTL_VERSION);
	b->family = xstrdup(p->cc.family);
	b->version = xstrdup(p->cc.version);
	b->banner = xstrdup(p->cc.banner);
	b->target = xstrdup(p->cc.target);
	b->major = p->cc.major;
	b->llvm_major = p->cc.llvm_major;
	b->technique = xstrdup(technique_name(p->config.technique));
	b->source_sha256 = xstrdup(source);
	b->commit = TAKE_PTR(commit.commit);
	b->dirty = commit.dirty;
	b->work_root = xstrdup(p->work);
	environment_describe("", &text);
	b->machine = TAKE_PTR(text.machine);
	return 0;
}

static int describe(const struct project *p, const struct stage *s, const struct training *t,
		    struct bundle *b, struct pgo_err *err)
{
	if (t->sampler)
		describe_sampling(t, b);
	if (s) {
		describe_artifacts(s, b);
		return describe_project(p, s, b, err);
	}
	describe_attached(p, b);
	return 0;
}

static void whole_weights(const struct training *t, uint64_t *ret)
{
	PGO_AUTO_FREE double *weights = xcalloc(t->nr_workloads, sizeof(*weights));

	for (size_t i = 0; i < t->nr_workloads; i++)
		weights[i] = t->workloads[i].workload->weight;
	merge_integer_weights(weights, t->nr_workloads, ret);
}

static int describe_workloads(const struct project *p, const struct training *t,
			      const struct prof_format *format, const char *dir, struct bundle *b,
			      struct pgo_err *err)
{
	struct contributions all;
	int ret = 0;

	contributions_init(&all, t->nr_workloads);
	for (size_t i = 0; !ret && i < t->nr_workloads; i++) {
		progress_step(i, t->workloads[i].workload->name);
		ret = describe_workload(p, t, format, i, dir, b, &all, err);
	}
	if (!ret && t->nr_workloads > 1)
		describe_contributions(&all, b);
	contributions_release(&all);
	progress_step(t->nr_workloads, "all");
	return ret;
}

/* A payload for each artifact that has left a profile: a line of theirs does not tell whose. */
static int add_bolt(const struct project *p, const struct training *t, const uint64_t *weights,
		    const char *dir, struct bundle *b, struct pgo_err *err)
{
	PGO_AUTO(strvec) targets = STRVEC_INIT;
	PGO_AUTO(stage) prebolt = STAGE_INIT;
	int ret = stage_load(p, STAGE_PREBOLT, &prebolt, err);

	if (!ret)
		ret = bolt_targets(&prebolt, &targets, err);
	for (size_t i = 0; !ret && i < targets.nr; i++) {
		const struct selection sel = { prof_format_find("fdata", NULL), targets.v[i],
					       ALL_WORKLOADS, weights };
		PGO_AUTO_FREE char *name = bolt_payload_name(&targets, targets.v[i]);
		PGO_AUTO_FREE char *from = NULL, *to = fs_join(dir, name);
		struct bundle_payload *payload;

		if (!left_something(&sel, t))
			continue;
		payload = bundle_add_payload(b);
		ret = merge_some(p, t, &sel, dir, payload, err);
		if (ret)
			break;
		from = fs_join(dir, payload->path);
		if (rename(from, to))
			return pgo_error_errno(err, "cannot rename '%s'", from);
		free(payload->path);
		payload->path = TAKE_PTR(name);
	}
	return ret;
}

static int convert(struct project *p, const struct stage *stage, struct training *t,
		   const char *dir, struct pgo_err *err)
{
	PGO_AUTO_FREE char *in = fs_join(dir, "converted");
	int ret = fs_mkdir_p(in, err);

	return ret ? ret : sampling_convert(p, stage, t, in, err);
}

/* A profile for the compiler, or BOLT's alone. */
static int merge_first(struct project *p, const struct stage *s, struct training *t,
		       const char *dir, struct bundle *b, struct pgo_err *err)
{
	bool bolt = s && s->kind == STAGE_BOLT_INSTRUMENTED;
	PGO_AUTO_FREE uint64_t *whole = xcalloc(t->nr_workloads, sizeof(*whole));
	struct selection sel = { NULL, NULL, ALL_WORKLOADS, whole };
	int ret = t->sampler ? convert(p, s, t, dir, err) : 0;

	if (!ret)
		ret = find_format(p, t, bolt, &sel.format, err);
	if (!ret)
		ret = describe(p, s, t, b, err);
	if (!ret)
		ret = describe_workloads(p, t, sel.format, dir, b, err);
	if (ret)
		return ret;
	whole_weights(t, whole);
	return bolt ? add_bolt(p, t, whole, dir, b, err)
		    : merge_some(p, t, &sel, dir, bundle_add_payload(b), err);
}

/* What base holds, and BOLT's payloads. */
static int merge_behind(struct project *p, const struct training *t, const char *base,
			const char *dir, struct bundle *b, struct pgo_err *err)
{
	PGO_AUTO_FREE uint64_t *whole = xcalloc(t->nr_workloads, sizeof(*whole));
	int ret = bundle_read(base, dir, b, err);

	if (ret)
		return ret;
	whole_weights(t, whole);
	return add_bolt(p, t, whole, dir, b, err);
}

static int merge_in(struct project *p, const struct stage *s, struct training *t, const char *base,
		    const char *dir, struct bundle *b, struct pgo_err *err)
{
	int ret = fs_remove_tree(dir, err);

	if (!ret)
		ret = fs_mkdir_p(dir, err);
	if (ret)
		return ret;
	if (base)
		return merge_behind(p, t, base, dir, b, err);
	return merge_first(p, s, t, dir, b, err);
}

int merge_training(struct project *p, const struct stage *s, struct training *t, const char *base,
		   const char *out_path, struct bundle *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = project_path(p, "merge");
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	int r;

	if (p->plan) {
		struct plan_step *step = plan_add(p->plan, false, "merge");

		strvec_pushf(&step->commands, "merge .pgo/%s/*/*/raw into %s",
			     training_folder(s, t->sampler), out_path);
		return 0;
	}
	progress_start("merge", t->nr_workloads + 1);
	r = merge_in(p, s, t, base, dir, &b, err);
	if (!r)
		r = bundle_write(&b, dir, out_path, err);
	progress_stop();
	fs_remove_tree(dir, NULL);
	if (r)
		return r;
	if (ret) {
		*ret = b;
		b = (struct bundle)BUNDLE_INIT;
	}
	return 0;
}

int merge_contributions(const struct project *p, const struct training *t,
			struct contributions *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = project_path(p, "merge");
	const struct prof_format *format;
	int r = find_format(p, t, false, &format, err);

	for (size_t i = 0; !r && i < t->nr_workloads; i++) {
		const struct selection sel = { format, NULL, i, NULL };
		struct bundle_payload one = { 0 };

		r = fs_remove_tree(dir, err);
		if (!r)
			r = fs_mkdir_p(dir, err);
		if (!r)
			r = merge_some(p, t, &sel, dir, &one, err);
		if (!r) {
			PGO_AUTO_FREE char *path = fs_join(dir, one.path);

			r = compare_workload(p, i, path, ret, err);
		}
		bundle_payload_release(&one);
	}
	fs_remove_tree(dir, NULL);
	return r;
}
