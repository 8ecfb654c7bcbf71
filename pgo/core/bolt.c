/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/bolt.h"

#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/progress.h"
#include "pgo/core/bolt-tool.h"
#include "pgo/core/elf-info.h"
#include "pgo/core/runner.h"
#include "pgo/core/stage-record.h"
#include "pgo/core/workload.h"

/* Raised when the meaning of a stage that is made here changes. */
#define BOLT_STAGE_FORMAT "bolt 1"

/* One stage that is made from the prebolt stage. */
struct post {
	struct project *p;
	const struct stage *prebolt;
	const char *profile_dir; /* NULL: to be instrumented */
	enum stage_kind kind;
	struct bolt_tool tool;
	struct strvec targets;
	char *dir, *fresh, *out, *log;
	char key[DIGEST_HEX_LEN + 1];
	struct stage_post *reports;
	size_t nr_reports;
	uint64_t wall_ns;
};

static void post_release(struct post *b)
{
	bolt_tool_release(&b->tool);
	strvec_release(&b->targets);
	free(b->dir);
	free(b->fresh);
	free(b->out);
	free(b->log);
	stage_posts_free(b->reports, b->nr_reports);
}
PGO_DEFINE_AUTO(post, post_release)

char *bolt_file_name(const char *rel)
{
	char *name = xstrdup(rel);

	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = '#';
	return name;
}

bool bolt_is_profile_of(const char *path, const char *rel)
{
	PGO_AUTO_FREE char *name = bolt_file_name(rel);
	const char *base = fs_basename(path);
	size_t len = strlen(name), digits;

	if (strncmp(base, name, len) != 0 || base[len] != '.')
		return false;
	digits = strspn(base + len + 1, "0123456789");
	return digits && !strcmp(base + len + 1 + digits, ".fdata");
}

char *bolt_payload_name(const struct strvec *targets, const char *rel)
{
	PGO_AUTO_FREE char *name = bolt_file_name(rel);

	return targets->nr == 1 ? xstrdup("bolt.fdata") : xstrfmt("bolt-%s.fdata", name);
}

/* Whether an artifact is linked code at all; *ret_obstacle: why BOLT cannot do it, or NULL. */
static bool is_linked_code(const struct stage *prebolt, const char *rel, const char **ret_obstacle)
{
	PGO_AUTO_FREE char *path = fs_join(prebolt->out, rel);
	PGO_AUTO(elf_info) e = ELF_INFO_INIT;

	if (elf_info_read(path, &e, NULL) || !e.text_bytes || !e.is_linked)
		return false;
	*ret_obstacle = NULL;
	if (!e.has_symbols)
		*ret_obstacle = "stripped";
	else if (!e.has_relocations)
		*ret_obstacle = "linked without its relocations";
	return true;
}

int bolt_targets(const struct stage *prebolt, struct strvec *rels, struct pgo_err *err)
{
	size_t nr = rels->nr;
	const char *obstacle;

	for (size_t i = 0; i < prebolt->artifacts.nr; i++)
		if (is_linked_code(prebolt, prebolt->artifacts.v[i], &obstacle) && !obstacle)
			strvec_push(rels, prebolt->artifacts.v[i]);
	if (rels->nr > nr)
		return 0;
	pgo_error(err, PGO_ECONFIG,
		  "no artifact is a program or shared object with symbols and relocations, which "
		  "BOLT needs");
	return pgo_err_hint(err,
			    "let the build link with $CC, or a compiler found on PATH, and not "
			    "strip: leave out -s and strip");
}

int bolt_aim(const struct project *p, const char *raw_dir, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = project_path(p, "bolt");
	PGO_AUTO_FREE char *link = fs_join(dir, "raw");
	int ret = fs_mkdir_p(dir, err);

	if (ret)
		return ret;
	if ((unlink(link) && fs_exists(link)) || symlink(raw_dir, link))
		return pgo_error_errno(err, "cannot make the link '%s'", link);
	return 0;
}

static char *profile_of(const struct post *b, const char *rel)
{
	PGO_AUTO_FREE char *name = NULL;

	if (!b->profile_dir) {
		name = bolt_file_name(rel);
		return project_path(b->p, "bolt/raw/%s", name);
	}
	name = bolt_payload_name(&b->targets, rel);
	return fs_join(b->profile_dir, name);
}

static void job_argv(const struct post *b, const char *rel, struct strvec *argv)
{
	PGO_AUTO_FREE char *in = project_path(b->p, "stages/%s/out/%s",
					      stage_kind_name(STAGE_PREBOLT), rel);
	PGO_AUTO_FREE char *out = fs_join(b->out, rel);
	PGO_AUTO_FREE char *profile = profile_of(b, rel);
	const struct postlink_job job = {
		.program = b->tool.path,
		.major = b->tool.major,
		.input = in,
		.output = out,
		.profile = profile,
		.every_s = (unsigned)((b->p->every_ns + 999999999) / 1000000000),
	};

	if (b->profile_dir)
		b->tool.driver->optimize(&job, argv);
	else
		b->tool.driver->instrument(&job, argv);
}

/* Everything that a file's new form depends on; the command names the project's folder. */
static int compute_key(struct post *b, struct pgo_err *err)
{
	struct digest d;
	int ret = 0;

	digest_init(&d);
	digest_add_str(&d, BOLT_STAGE_FORMAT);
	digest_add_str(&d, stage_kind_name(b->kind));
	digest_add_str(&d, b->prebolt->key);
	digest_add_str(&d, b->tool.banner);
	for (size_t i = 0; !ret && i < b->targets.nr; i++) {
		PGO_AUTO_FREE char *profile = profile_of(b, b->targets.v[i]);
		PGO_AUTO(strvec) argv = STRVEC_INIT;

		job_argv(b, b->targets.v[i], &argv);
		for (size_t k = 0; k < argv.nr; k++)
			digest_add_str(&d, argv.v[k]);
		if (b->profile_dir && fs_exists(profile))
			ret = digest_add_file(&d, profile, err);
	}
	digest_hex(&d, b->key);
	return ret;
}

/* All that it said goes into the stage's log, too. */
static int run_tool(struct post *b, const char *rel, struct strbuf *said, struct pgo_err *err)
{
	PGO_AUTO_FREE char *what = xstrfmt("%s:%s", stage_kind_name(b->kind), rel);
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	struct child_result res = { 0 };
	int ret, status;

	job_argv(b, rel, &c.argv);
	project_base_env(b->p, &c.env);
	c.idle = progress_tick;
	status = child_capture(&c, said, true, &res, &why);
	if (status && status != -PGO_ECHILD)
		return pgo_error(err, why.code, "%s", why.msg);
	b->wall_ns += res.wall_ns;
	ret = record_child(b->p, what, &c, &res, err);
	if (!ret)
		ret = fs_append_line(b->log, said->buf, said->len, err);
	if (ret || !status)
		return ret;
	pgo_error(err, PGO_ECHILD, "llvm-bolt cannot work on '%s'", rel);
	pgo_err_detail(err, said->len > 2000 ? said->buf + said->len - 2000 : said->buf);
	return pgo_err_hint(err, "the whole log is in '%s'", b->log);
}

static int unprofiled(const struct post *b, struct pgo_err *err)
{
	PGO_AUTO_FREE char *name = bolt_payload_name(&b->targets, b->targets.v[0]);

	pgo_error(err, PGO_EMISMATCH, "the profile holds nothing for BOLT: it has no '%s'", name);
	return pgo_err_hint(err, "pgoctl collect, with this pgo.yaml, makes one that has it");
}

static void note_report(struct post *b, const char *rel, const char *said)
{
	struct stage_post *r;

	b->reports = xrealloc_array(b->reports, b->nr_reports + 1, sizeof(*b->reports));
	r = &b->reports[b->nr_reports++];
	r->artifact = xstrdup(rel);
	b->tool.driver->read_report(said, &r->report);
}

/* Files that cannot be done stay as they are, if one can. */
static int convert_all(struct post *b, struct pgo_err *err)
{
	size_t nr_done = 0, nr_failed = 0;
	PGO_AUTO(pgo_err) first = PGO_ERR_INIT;

	for (size_t i = 0; i < b->targets.nr; i++) {
		const char *rel = b->targets.v[i];
		PGO_AUTO_FREE char *profile = profile_of(b, rel);
		PGO_AUTO(strbuf) said = STRBUF_INIT;
		PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
		int ret;

		if (b->profile_dir && !fs_exists(profile)) {
			log_warn("'%s' has no profile for BOLT, which leaves it as it is", rel);
			continue;
		}
		ret = run_tool(b, rel, &said, nr_failed ? &why : &first);
		if (ret == -PGO_ECANCELLED)
			return pgo_error(err, PGO_ECANCELLED, "stopped");
		if (ret) {
			nr_failed++;
			log_warn("llvm-bolt cannot work on '%s', which stays as it is", rel);
			continue;
		}
		nr_done++;
		if (b->profile_dir)
			note_report(b, rel, said.buf);
	}
	if (nr_done)
		return 0;
	if (!nr_failed)
		return unprofiled(b, err);
	*err = first;
	first = (struct pgo_err)PGO_ERR_INIT;
	return -(int)err->code;
}

static const struct workload *first_validated(const struct config *cfg)
{
	for (size_t i = 0; i < cfg->nr_workloads; i++)
		if (cfg->workloads[i].use & USE_VALIDATE)
			return &cfg->workloads[i];
	return &cfg->workloads[0];
}

/* BOLT has made programs that crash, and has said nothing: one run before it is believed. */
static int smoke_run(const struct post *b, struct pgo_err *err)
{
	const struct workload *w = first_validated(&b->p->config);
	PGO_AUTO_FREE char *tmp = fs_join(b->fresh, "tmp");
	PGO_AUTO_FREE char *log = fs_join(b->fresh, "smoke.log");
	PGO_AUTO_FREE char *what = xstrfmt("workload '%s' with what llvm-bolt made", w->name);
	PGO_AUTO_FREE char *in = workload_stdin(b->p, w);
	PGO_AUTO(strvec) env = STRVEC_INIT;
	struct run_req req = { .what = what,
			       .line = w->run,
			       .dir = b->p->config.root,
			       .env = &env,
			       .in_path = in,
			       .log = log,
			       .timeout_ns = w->timeout_ns,
			       .expect_status = w->expect_status };
	int ret = fs_mkdir_p(tmp, err);

	if (ret)
		return ret;
	workload_env(b->p, w, "validate", b->out, tmp, &env);
	ret = runner_shell(b->p, &req, NULL, err);
	return ret ? ret : fs_remove_tree(tmp, err);
}

static int settle(struct post *b, struct pgo_err *err)
{
	const struct stage_profile profile = { b->prebolt->profile, b->prebolt->profile_id,
					       b->prebolt->full_names };
	const struct stage_record r = {
		.key = b->key,
		.source = b->prebolt->source,
		.stage = stage_kind_name(b->kind),
		.wall_ns = b->wall_ns,
		.artifacts = &b->prebolt->artifacts,
		.calls = &b->prebolt->calls,
		.profile = profile.path ? &profile : NULL,
		.posts = b->reports,
		.nr_posts = b->nr_reports,
	};

	return stage_record_settle(&r, b->fresh, b->dir, err);
}

static int make(struct post *b, struct pgo_err *err)
{
	int ret = fs_remove_tree(b->fresh, err);

	if (!ret)
		ret = fs_mkdir_p(b->fresh, err);
	if (!ret)
		ret = fs_copy_tree(b->prebolt->out, b->out, NULL, NULL, err);
	if (ret)
		return ret;
	progress_start(b->profile_dir ? "lay out" : "add counters", 0);
	ret = convert_all(b, err);
	if (!ret && b->profile_dir)
		ret = smoke_run(b, err);
	progress_stop();
	return ret ? ret : settle(b, err);
}

static void plan_it(const struct post *b)
{
	struct plan_step *s = plan_add(b->p->plan, false, "%s",
				       b->profile_dir ? "lay out what is linked with BOLT"
						      : "add BOLT's counters to what is linked");

	for (size_t i = 0; i < b->targets.nr; i++) {
		PGO_AUTO(strvec) argv = STRVEC_INIT;
		PGO_AUTO(strbuf) line = STRBUF_INIT;

		job_argv(b, b->targets.v[i], &argv);
		for (size_t k = 0; k < argv.nr; k++) {
			strbuf_addstr(&line, k ? " " : "");
			strbuf_addquoted(&line, argv.v[k]);
		}
		strvec_push(&s->commands, line.buf);
	}
}

static int change_in_tenths(const uint64_t v[2])
{
	return v[0] ? (int)(((double)v[1] / (double)v[0] - 1) * 1000) : 0;
}

static void add_change(struct strbuf *out, const char *what, const uint64_t v[2])
{
	int tenths = change_in_tenths(v);

	if (v[0])
		strbuf_addf(out, ", %s %s%d.%d %%", what, tenths < 0 ? "-" : "+", abs(tenths) / 10,
			    abs(tenths) % 10);
}

static void tell_report(const struct stage_post *s)
{
	const struct postlink_report *r = &s->report;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	add_change(&text, "taken branches", r->taken_branches);
	add_change(&text, "instructions", r->instructions);
	log_step("%s: %llu of %llu functions have a profile, %llu reordered%s", s->artifact,
		 (unsigned long long)r->nr_profiled, (unsigned long long)r->nr_functions,
		 (unsigned long long)r->nr_reordered, text.buf);
	if (r->nr_stale)
		log_warn("the profile of %llu functions of '%s' does not fit: %llu of %llu counts",
			 (unsigned long long)r->nr_stale, s->artifact,
			 (unsigned long long)r->stale_samples, (unsigned long long)r->nr_samples);
}

static void tell(const struct post *b, const struct stage *s)
{
	const char *obstacle;

	for (size_t i = 0; i < s->artifacts.nr; i++)
		if (is_linked_code(b->prebolt, s->artifacts.v[i], &obstacle) && obstacle)
			log_warn("'%s' is %s: BOLT leaves it as it is", s->artifacts.v[i],
				 obstacle);
	if (s->skipped)
		log_step("%s: unchanged, kept", stage_kind_name(b->kind));
	else
		log_step("%s: by %s", stage_kind_name(b->kind), b->tool.path);
	for (size_t i = 0; i < s->nr_posts; i++)
		tell_report(&s->posts[i]);
}

static int run(struct post *b, struct stage *ret, struct pgo_err *err)
{
	PGO_AUTO(stage) old = STAGE_INIT;
	int r = bolt_tool_find(b->p, &b->tool, err);

	if (r)
		return r;
	b->dir = project_path(b->p, "stages/%s", stage_kind_name(b->kind));
	b->fresh = xstrfmt("%s.new", b->dir);
	b->out = fs_join(b->fresh, "out");
	b->log = fs_join(b->fresh, "bolt.log");
	ret->kind = b->kind;
	if (b->p->plan) {
		strvec_pushv(&b->targets, b->p->config.artifacts.v);
		plan_it(b);
		return 0;
	}
	r = bolt_targets(b->prebolt, &b->targets, err);
	if (!r)
		r = compute_key(b, err);
	if (r)
		return r;
	if (!b->p->force && !stage_load(b->p, b->kind, &old, NULL) && !strcmp(old.key, b->key)) {
		*ret = old;
		old = (struct stage)STAGE_INIT;
		ret->skipped = true;
	} else {
		r = make(b, err);
		if (!r)
			r = stage_load(b->p, b->kind, ret, err);
	}
	if (!r)
		tell(b, ret);
	return r;
}

int bolt_instrument(struct project *p, const struct stage *prebolt, struct stage *ret,
		    struct pgo_err *err)
{
	PGO_AUTO(post)
	b = { .p = p, .prebolt = prebolt, .kind = STAGE_BOLT_INSTRUMENTED, .targets = STRVEC_INIT };

	return run(&b, ret, err);
}

int bolt_optimize(struct project *p, const struct stage *prebolt, const char *profile_dir,
		  struct stage *ret, struct pgo_err *err)
{
	PGO_AUTO(post)
	b = { .p = p,
	      .prebolt = prebolt,
	      .profile_dir = profile_dir,
	      .kind = STAGE_OPTIMIZED,
	      .targets = STRVEC_INIT };

	return run(&b, ret, err);
}
