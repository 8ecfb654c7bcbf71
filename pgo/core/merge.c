/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/merge.h"

#include <math.h>

#include "pgo/base/fs.h"
#include "pgo/base/progress.h"
#include "pgo/core/elf-info.h"
#include "pgo/core/environment.h"
#include "pgo/core/source.h"
#include "profiles/gcda.h"
#include "profiles/llvm.h"

#define CLANG_PAYLOAD "clang.profdata"
#define GCC_PAYLOAD "gcc"

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

/* Inputs of workload w (all when w is NR_ALL), in the order of workloads and runs. */
#define ALL_WORKLOADS SIZE_MAX

static int merge_llvm(const struct project *p, const struct training *t, size_t only,
		      const uint64_t *weights, const char *out, struct bundle_payload *payload,
		      struct pgo_err *err)
{
	/* One job: more make the order of equal names depend on the machine's processors. */
	const struct llvm_merge_opts opts = { .major = p->cc.llvm_major, .jobs = 1 };
	PGO_AUTO_FREE struct llvm_input *inputs = NULL;
	struct llvm_merge_result res = { 0 };
	size_t nr = 0, alloc = 0;
	int ret;

	for (size_t i = 0; i < t->nr_workloads; i++) {
		const struct training_workload *tw = &t->workloads[i];

		if (only != ALL_WORKLOADS && only != i)
			continue;
		for (size_t n = 0; n < tw->nr_runs; n++)
			for (size_t f = 0; f < tw->runs[n].files.nr; f++) {
				VEC_GROW(inputs, nr, alloc);
				inputs[nr++] = (struct llvm_input){ tw->runs[n].files.v[f],
								    weights ? weights[i] : 1 };
			}
	}
	ret = llvm_merge(inputs, nr, &opts, out, &res, err);
	if (ret)
		return ret;
	payload->format = xstrdup("llvm-indexed");
	payload->version = xstrfmt("%llu", (unsigned long long)res.version);
	payload->stats = (struct profile_stats){ res.nr_functions, res.nr_counters, res.total_count,
						 res.max_count, res.nr_overflow };
	return 0;
}

static int merge_gcc(const struct training *t, size_t only, const uint64_t *weights,
		     const char *out, struct bundle_payload *payload, struct pgo_err *err)
{
	/* What is left are the names that -fprofile-use looks for. */
	static const char strip[] = GCC_PROFILE_ROOT "/";
	PGO_AUTO_FREE struct gcda_tree *trees = NULL;
	struct gcda_merge_result res = { 0 };
	size_t nr = 0, alloc = 0;
	int ret;

	for (size_t i = 0; i < t->nr_workloads; i++) {
		const struct training_workload *tw = &t->workloads[i];

		if (only != ALL_WORKLOADS && only != i)
			continue;
		for (size_t n = 0; n < tw->nr_runs; n++) {
			VEC_GROW(trees, nr, alloc);
			trees[nr++] = (struct gcda_tree){ tw->runs[n].raw_dir, strip + 1,
							  weights ? weights[i] : 1 };
		}
	}
	ret = gcda_merge(trees, nr, out, &res, err);
	if (ret)
		return ret;
	payload->format = xstrdup("gcda");
	payload->version = xstrdup(res.version);
	payload->stats = (struct profile_stats){ res.nr_functions, res.nr_counters, res.total_count,
						 res.max_count, res.nr_saturated };
	return 0;
}

static bool is_gcc(const struct project *p)
{
	return !strcmp(p->compiler->raw_format, "gcda");
}

static int merge_some(const struct project *p, const struct training *t, size_t only,
		      const uint64_t *weights, const char *out, struct bundle_payload *payload,
		      struct pgo_err *err)
{
	int ret = is_gcc(p) ? merge_gcc(t, only, weights, out, payload, err)
			    : merge_llvm(p, t, only, weights, out, payload, err);

	if (!ret && !payload->stats.functions) {
		pgo_error(err, PGO_ECHILD, "the raw profiles hold no function");
		return pgo_err_hint(err,
				    "the program that ran was linked with the profile runtime, but "
				    "none of its objects was compiled with instrumentation");
	}
	return ret ? ret : bundle_hash_payload(out, payload, err);
}

static int describe_workload(const struct project *p, const struct training *t, size_t i,
			     const char *dir, struct bundle *b, struct pgo_err *err)
{
	const struct training_workload *tw = &t->workloads[i];
	struct bundle_workload *w = bundle_add_workload(b);
	PGO_AUTO_FREE char *out = xstrfmt("%s/one-%zu", dir, i);
	struct bundle_payload one = { 0 };
	int ret;

	w->name = xstrdup(tw->workload->name);
	w->run = xstrdup(tw->workload->run);
	w->weight = tw->workload->weight;
	w->runs = tw->nr_runs;
	for (size_t n = 0; n < tw->nr_runs; n++) {
		w->inputs += tw->runs[n].files.nr;
		w->input_bytes += tw->runs[n].bytes;
	}
	ret = merge_some(p, t, i, NULL, out, &one, err);
	if (!ret) {
		w->stats = one.stats;
		w->sha256 = TAKE_PTR(one.sha256);
	}
	free(one.format);
	free(one.version);
	free(one.sha256);
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

static int describe_project(const struct project *p, struct bundle *b, struct pgo_err *err)
{
	const struct build_stage spec = {
		.kind = STAGE_INSTRUMENTED, .source_root = p->work, .update = p->config.update
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
	b->technique = xstrdup("instrument");
	b->source_sha256 = xstrdup(source);
	b->commit = TAKE_PTR(commit.commit);
	b->dirty = commit.dirty;
	b->work_root = xstrdup(p->work);
	environment_describe("", &text);
	b->machine = TAKE_PTR(text.machine);
	return 0;
}

static int merge_into(struct project *p, const struct training *t, const char *dir,
		      const char *out_path, struct bundle *b, struct pgo_err *err)
{
	PGO_AUTO_FREE double *weights = xcalloc(t->nr_workloads, sizeof(*weights));
	PGO_AUTO_FREE uint64_t *whole = xcalloc(t->nr_workloads, sizeof(*whole));
	const char *name = is_gcc(p) ? GCC_PAYLOAD : CLANG_PAYLOAD;
	PGO_AUTO_FREE char *out = fs_join(dir, name);
	struct bundle_payload *payload;
	int ret = describe_project(p, b, err);

	for (size_t i = 0; !ret && i < t->nr_workloads; i++) {
		weights[i] = t->workloads[i].workload->weight;
		progress_step(i, t->workloads[i].workload->name);
		ret = describe_workload(p, t, i, dir, b, err);
	}
	if (ret)
		return ret;
	merge_integer_weights(weights, t->nr_workloads, whole);
	payload = bundle_add_payload(b);
	payload->path = xstrdup(name);
	progress_step(t->nr_workloads, name);
	ret = merge_some(p, t, ALL_WORKLOADS, whole, out, payload, err);
	return ret ? ret : bundle_write(b, dir, out_path, err);
}

int merge_training(struct project *p, const struct stage *instrumented, const struct training *t,
		   const char *out_path, struct bundle *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = project_path(p, "merge");
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	int r;

	if (p->plan) {
		struct plan_step *s = plan_add(p->plan, false, "merge");

		strvec_pushf(&s->commands, "merge .pgo/train/*/*/raw into %s", out_path);
		return 0;
	}
	describe_artifacts(instrumented, &b);
	progress_start("merge", t->nr_workloads + 1);
	r = fs_remove_tree(dir, err);
	if (!r)
		r = fs_mkdir_p(dir, err);
	if (!r)
		r = merge_into(p, t, dir, out_path, &b, err);
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
