/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/stage.h"

#include <time.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/base/progress.h"
#include "pgo/core/artifacts.h"
#include "pgo/core/audit-stage.h"
#include "pgo/core/runner.h"
#include "pgo/core/source.h"
#include "pgo/core/stage-record.h"
#include "pgo/core/tree.h"

/* Raised when a stage's meaning changes, so that old results are not taken for new ones. */
#define STAGE_FORMAT "stage 3"

/* What a build does, fixed before it starts. */
struct build {
	struct project *p;
	struct build_stage spec;
	const struct stage_profile *profile;
	struct wrapper_conf conf;
	char *name;  /* "baseline", "baseline-layout-03" */
	char *dir;   /* the stage's final folder */
	char *fresh; /* the new one, beside it */
	char *cwd;
	char *conf_path;
	char base_key[DIGEST_HEX_LEN + 1]; /* of the objects: key without the layout */
	char key[DIGEST_HEX_LEN + 1];
	char source[DIGEST_HEX_LEN + 1];
};

static void build_release(struct build *b)
{
	wrapper_conf_release(&b->conf);
	free(b->name);
	free(b->dir);
	free(b->fresh);
	free(b->cwd);
	free(b->conf_path);
}
PGO_DEFINE_AUTO(build, build_release)

static void add_vec(struct digest *d, const struct strvec *sv)
{
	digest_add(d, &sv->nr, sizeof(sv->nr));
	for (size_t i = 0; i < sv->nr; i++)
		digest_add_str(d, sv->v[i]);
}

/* What of our own environment compilers and build systems look at. */
static void add_environment(struct digest *d, const struct project *p)
{
	static const char *const names[] = {
		"PATH",
		"CFLAGS",
		"CXXFLAGS",
		"CPPFLAGS",
		"LDFLAGS",
		"LIBS",
		"MAKEFLAGS",
		"RUSTFLAGS",
		"CPATH",
		"C_INCLUDE_PATH",
		"CPLUS_INCLUDE_PATH",
		"LIBRARY_PATH",
		"LD_LIBRARY_PATH",
		"PKG_CONFIG_PATH",
		"SOURCE_DATE_EPOCH",
		"GCC_EXEC_PREFIX",
	};

	PGO_AUTO(strvec) env = STRVEC_INIT;

	project_base_env(p, &env);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		digest_add_str(d, strvec_getenv(&env, names[i]));
}

/* The layout's flags are what the linker takes: found out link by link, a function of this. */
static void add_layout(struct build *b)
{
	struct digest d;

	memcpy(b->key, b->base_key, sizeof(b->key));
	if (!b->conf.layout)
		return;
	digest_init(&d);
	digest_add_str(&d, b->base_key);
	digest_add_str(&d, b->name);
	digest_hex(&d, b->key);
}

static int compute_key(struct build *b, struct pgo_err *err)
{
	const struct config *cfg = &b->p->config;
	struct digest d;
	int ret = source_hash(b->p, b->source, err);

	if (ret)
		return ret;
	digest_init(&d);
	digest_add_str(&d, STAGE_FORMAT);
	digest_add_str(&d, stage_kind_name(b->spec.kind));
	digest_add_str(&d, b->source);
	digest_add_str(&d, b->cwd);
	digest_add_str(&d, b->p->cc.path);
	digest_add_str(&d, b->p->cc.banner);
	digest_add_str(&d, b->p->cc.target);
	digest_add_str(&d, b->p->cxx.path);
	digest_add_str(&d, b->p->cxx.banner);
	digest_add_str(&d, cfg->command);
	digest_add_str(&d, cfg->clean);
	add_vec(&d, &cfg->env);
	add_vec(&d, &cfg->artifacts);
	add_vec(&d, &b->conf.cflags);
	add_vec(&d, &b->conf.ldflags);
	digest_add_str(&d, b->p->rustc.banner);
	add_vec(&d, &b->conf.rustflags);
	digest_add_str(&d, b->profile ? b->profile->id : NULL);
	add_environment(&d, b->p);
	digest_hex(&d, b->base_key);
	add_layout(b);
	return 0;
}

static int add_rust_flags(struct build *b, struct pgo_err *err)
{
	const struct tool_version *v = &b->p->rustc;
	PGO_AUTO(strvec) ldflags = STRVEC_INIT;

	b->conf.rustc = xstrdup(v->path);
	return compiler_find(v)->add_flags(&b->spec, v, &b->conf.rustflags, &ldflags, err);
}

static int prepare(struct build *b, enum stage_kind kind, unsigned layout, struct pgo_err *err)
{
	const struct stage_profile *profile = b->profile;
	struct project *p = b->p;
	int ret;

	b->spec = (struct build_stage){
		.kind = kind,
		.technique = p->config.technique,
		.profile = profile ? profile->path : NULL,
		.source_root = profile && profile->full_names ? NULL : p->work,
		.partial_training = p->config.partial_training,
		.update = p->config.update,
		.continuous = p->continuous,
	};
	ret = p->compiler->add_flags(&b->spec, &p->cc, &b->conf.cflags, &b->conf.ldflags, err);
	if (!ret && p->rustc.path)
		ret = add_rust_flags(b, err);
	if (ret)
		return ret;
	b->name = stage_name(kind, layout);
	b->dir = project_path(p, "stages/%s", b->name);
	b->fresh = xstrfmt("%s.new", b->dir);
	b->cwd = project_build_dir(p);
	b->conf.stage = xstrdup(stage_kind_name(kind));
	b->conf.cc = xstrdup(p->cc.path);
	b->conf.cxx = xstrdup(p->cxx.path);
	b->conf.family = xstrdup(p->cc.family);
	b->conf.version = xstrdup(p->cc.version);
	b->conf.target = xstrdup(p->cc.target);
	b->conf.shim_dir = project_path(p, "bin");
	b->conf.log = fs_join(b->fresh, "cc.jsonl");
	b->conf_path = fs_join(b->fresh, "cc.conf");
	b->conf.layout = layout;
	b->conf.maps = kind == STAGE_INSTRUMENTED ? fs_join(b->fresh, "maps") : NULL;
	b->conf.pad = layout ? fs_join(b->fresh, "pad.s") : NULL;
	return compute_key(b, err);
}

/* The stage's folder and the wrapper. Objects older than started_ns are foreign to the build. */
static int fresh_stage(struct build *b, int64_t started_ns, struct pgo_err *err)
{
	PGO_AUTO_FREE char *exe = fs_join(b->p->tool_dir, "pgoctl-cc");
	PGO_AUTO(strbuf) pad = STRBUF_INIT;
	int ret = fs_remove_tree(b->fresh, err);

	if (!ret)
		ret = fs_mkdir_p(b->fresh, err);
	if (!ret && b->conf.maps)
		ret = fs_mkdir_p(b->conf.maps, err);
	if (!ret)
		ret = wrapper_make_shims(b->conf.shim_dir, exe, err);
	if (!ret && b->conf.pad) {
		wrapper_pad_source(b->conf.layout, &pad);
		ret = fs_write_atomic(b->conf.pad, pad.buf, pad.len, 0644, err);
	}
	b->conf.started_ns = started_ns;
	return ret ? ret : wrapper_conf_write(&b->conf, b->conf_path, err);
}

static int fresh_tree(struct build *b, struct pgo_err *err)
{
	struct timespec now;
	int ret = source_copy(b->p, err);

	if (!ret)
		ret = fs_mkdir_p(b->cwd, err);
	clock_gettime(CLOCK_REALTIME, &now);
	return ret ? ret : fresh_stage(b, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec, err);
}

static void build_env(const struct build *b, struct strvec *env, const char *junk)
{
	PGO_AUTO_FREE char *src = fs_join(b->p->work, "src");
	PGO_AUTO_FREE char *build = fs_join(b->p->work, "build");
	const struct config *cfg = &b->p->config;

	project_base_env(b->p, env);
	wrapper_build_env(env, &b->conf, b->conf_path, b->base_key, junk);
	strvec_setenv(env, "PGO_STAGE", b->conf.stage);
	strvec_setenv(env, "PGO_SOURCE_DIR", src);
	strvec_setenv(env, "PGO_BUILD_DIR", build);
	for (size_t i = 0; i < cfg->env.nr; i++) {
		const char *eq = strchr(cfg->env.v[i], '=');
		PGO_AUTO_FREE char *name = xstrndup(cfg->env.v[i], (size_t)(eq - cfg->env.v[i]));

		strvec_setenv(env, name, eq + 1);
	}
}

static int run_commands(struct build *b, const char *clean, struct child_result *res,
			struct pgo_err *err)
{
	PGO_AUTO_FREE char *log = fs_join(b->fresh, "build.log");
	PGO_AUTO_FREE char *what = xstrfmt("build:%s", b->name);
	PGO_AUTO_FREE char *junk = fs_join(b->fresh, "junk");
	PGO_AUTO(strvec) env = STRVEC_INIT;
	struct run_req req = { .what = what, .dir = b->cwd, .env = &env, .log = log };
	int ret = fs_mkdir_p(junk, err);

	build_env(b, &env, junk);
	if (!ret && clean) {
		req.line = clean;
		ret = runner_shell(b->p, &req, NULL, err);
		req.append = true;
	}
	if (!ret) {
		req.line = b->p->config.command;
		ret = runner_shell(b->p, &req, res, err);
	}
	return ret ? ret : fs_remove_tree(junk, err);
}

/* PGO that silently does nothing starts here: a build that never met the wrapper. */
static int check_calls(const struct build *b, const struct wrapper_summary *calls,
		       struct pgo_err *err)
{
	if (b->spec.kind == STAGE_BASELINE)
		return 0;
	if (!calls->nr_compiles) {
		pgo_error(err, PGO_ECONFIG,
			  "the %s build compiled nothing through pgoctl's compiler wrapper",
			  b->conf.stage);
		return pgo_err_hint(
			err,
			"let the build use $CC, or a compiler found on PATH; if the "
			"source tree holds built objects, set build.clean (\"make clean\")");
	}
	for (size_t i = 0; i < calls->foreign.nr; i++)
		log_warn("the build calls another compiler, '%s': what it makes has no profile",
			 calls->foreign.v[i]);
	if (calls->nr_stale_inputs)
		log_warn(
			"%llu objects on link lines were not built by the %s stage (the first: "
			"'%s'); "
			"if they belong to the project, set build.clean",
			(unsigned long long)calls->nr_stale_inputs, b->conf.stage,
			calls->stale_inputs.nr ? calls->stale_inputs.v[0] : "");
	return 0;
}

/* What a build leaves behind, until finish() keeps it. */
struct made {
	struct strvec artifacts;
	struct strvec links; /* absolute paths */
	struct wrapper_summary calls;
	struct child_result res;
	json_t *audits; /* or NULL */
};
#define MADE_INIT \
	{ .artifacts = STRVEC_INIT, .links = STRVEC_INIT, .calls = WRAPPER_SUMMARY_INIT }

static void made_release(struct made *m)
{
	strvec_release(&m->artifacts);
	strvec_release(&m->links);
	wrapper_summary_release(&m->calls);
	json_decref(m->audits);
}
PGO_DEFINE_AUTO(made, made_release)

static int finish(const struct build *b, const struct made *m, struct pgo_err *err)
{
	const struct stage_record r = {
		.key = b->key,
		.source = b->source,
		.stage = b->conf.stage,
		.wall_ns = m->res.wall_ns,
		.artifacts = &m->artifacts,
		.calls = &m->calls,
		.profile = b->profile,
		.audits = m->audits,
	};

	return stage_record_settle(&r, b->fresh, b->dir, err);
}

/* whole: in a fresh tree; else only what is missing in it. */
static int run_build(struct build *b, bool whole, struct made *m, struct pgo_err *err)
{
	PGO_AUTO_FREE char *out = fs_join(b->fresh, "out");
	int ret = run_commands(b, whole ? b->p->config.clean : NULL, &m->res, err);

	if (!ret)
		ret = wrapper_log_read(&m->calls, b->conf.log, err);
	if (!ret)
		ret = wrapper_log_outputs(b->conf.log, &m->links, err);
	if (!ret && whole)
		ret = check_calls(b, &m->calls, err);
	return ret ? ret : artifacts_collect(b->p, b->cwd, out, &m->artifacts, err);
}

/*
 * Only the links, where the work copy holds this build's objects. *ret_done says whether it
 * did; a command that cannot be run twice, or does not see what is missing, is no error.
 */
static int relink(struct build *b, struct made *m, bool *ret_done, struct pgo_err *err)
{
	PGO_AUTO(strvec) wanted = STRVEC_INIT;
	PGO_AUTO(made) got = MADE_INIT;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	struct stat st;
	int ret;

	*ret_done = false;
	if (!b->conf.layout || !tree_take(b->p, b->base_key, &wanted))
		return 0;
	ret = fresh_stage(b, 0, err);
	if (ret || stat(b->conf_path, &st))
		return ret;
	ret = run_build(b, false, &got, &why);
	if (ret == -PGO_ECANCELLED)
		return pgo_error(err, PGO_ECANCELLED, "%s", why.msg);
	if (ret || !tree_is_relinked(&wanted, &got.links, b->cwd, &got.artifacts, &st.st_mtim)) {
		log_debug("%s: the links alone cannot be redone (%s)", b->name,
			  ret ? why.msg : "the build does not redo them");
		return 0;
	}
	*m = got;
	got = (struct made)MADE_INIT;
	*ret_done = true;
	return 0;
}

/* A relinked stage whose files are its base's measured nothing. */
static int check_layout(const struct build *b, struct pgo_err *err)
{
	PGO_AUTO_FREE char *base = project_path(b->p, "stages/%s/out", b->conf.stage);
	PGO_AUTO_FREE char *out = fs_join(b->fresh, "out");
	const char *const trees[] = { base, out };
	char hex[2][DIGEST_HEX_LEN + 1];

	for (int i = 0; i < 2; i++) {
		struct digest d;
		int ret;

		digest_init(&d);
		ret = digest_add_tree(&d, trees[i], NULL, NULL, err);
		if (ret)
			return ret;
		digest_hex(&d, hex[i]);
	}
	if (strcmp(hex[0], hex[1]) != 0)
		return 0;
	pgo_error(err, PGO_EUNSUP,
		  "the %s build cannot be laid out anew: no artifact is linked through pgoctl's "
		  "compiler wrapper",
		  b->conf.stage);
	return pgo_err_hint(err, "let the build link with $CC, or a compiler found on PATH");
}

static int build_tree(struct build *b, struct made *m, struct pgo_err *err)
{
	bool done;
	int ret = relink(b, m, &done, err);

	if (ret || done)
		return ret;
	ret = fresh_tree(b, err);
	return ret ? ret : run_build(b, true, m, err);
}

static json_t *audit(const struct build *b, const struct made *m)
{
	PGO_AUTO_FREE char *out = fs_join(b->fresh, "out");
	const struct audit_stage s = {
		.built = b->cwd,
		.out = out,
		.log = b->conf.log,
		.artifacts = &m->artifacts,
		.started_ns = b->conf.started_ns,
	};

	return audit_stage(&s);
}

static int build_now(struct build *b, struct pgo_err *err)
{
	PGO_AUTO(made) m = MADE_INIT;
	PGO_AUTO_FREE char *title = xstrfmt("build %s", b->name);
	int ret;

	ret = b->spec.kind == STAGE_INSTRUMENTED ? toolchain_check_runtime(b->p, err) : 0;
	if (ret)
		return ret;
	progress_start(title, 0);
	ret = build_tree(b, &m, err);
	progress_stop();
	if (!ret && b->conf.layout)
		ret = check_layout(b, err);
	if (!ret && b->spec.kind == STAGE_INSTRUMENTED)
		m.audits = audit(b, &m);
	if (!ret)
		ret = tree_note(b->p, b->base_key, &m.links, err);
	return ret ? ret : finish(b, &m, err);
}

/* The compiler's thousands of warnings in one line. */
static void tell_warnings(const struct stage *s)
{
	PGO_AUTO(strbuf) list = STRBUF_INIT;

	for (int i = 0; i < PROFILE_WARN_NR; i++)
		if (s->calls.warnings[i])
			strbuf_addf(&list, "%s%s %llu", list.len ? ", " : "",
				    profile_warning_name(i),
				    (unsigned long long)s->calls.warnings[i]);
	if (list.len)
		log_warn("the compiler complains of the profile (%s): see '%s/build.log'", list.buf,
			 s->dir);
}

static void tell(const struct stage *s)
{
	PGO_AUTO_FREE char *name = stage_name(s->kind, s->layout);
	PGO_AUTO(strbuf) time = STRBUF_INIT;

	num_add_duration(&time, s->wall_ns);
	if (s->skipped)
		log_step("%s: unchanged, kept", name);
	else
		log_step("%s: %llu compiles, %llu links in %s", name,
			 (unsigned long long)s->calls.nr_compiles,
			 (unsigned long long)s->calls.nr_links, time.buf);
	tell_warnings(s);
	if (s->audits)
		audit_stage_tell(s->audits, s->out);
}

static void plan_it(const struct build *b, bool done)
{
	const struct config *cfg = &b->p->config;
	struct plan_step *s = plan_add(b->p->plan, done, "build %s", b->conf.stage);
	PGO_AUTO(strbuf) flags = STRBUF_INIT;

	strvec_pushf(&s->commands, "copy %s to %s/src", cfg->source, b->p->work);
	for (size_t i = 0; i < b->conf.cflags.nr; i++) {
		strbuf_addch(&flags, ' ');
		strbuf_addquoted(&flags, b->conf.cflags.v[i]);
	}
	strvec_pushf(&s->commands, "cd %s; CC=%s/cc (%s%s)", b->cwd, b->conf.shim_dir, b->conf.cc,
		     flags.buf);
	if (cfg->clean)
		strvec_push(&s->commands, cfg->clean);
	strvec_push(&s->commands, cfg->command);
}

static int build(struct build *b, struct stage *ret, struct pgo_err *err)
{
	struct project *p = b->p;
	PGO_AUTO(stage) old = STAGE_INIT;
	bool done = !p->force && !stage_record_read(p, b->spec.kind, b->conf.layout, &old, NULL) &&
		    !strcmp(old.key, b->key);
	int r;

	if (p->plan) {
		plan_it(b, done);
		return 0;
	}
	if (!done) {
		r = build_now(b, err);
		if (r)
			return r;
	}
	r = stage_record_read(p, b->spec.kind, b->conf.layout, ret, err);
	if (r)
		return r;
	ret->skipped = done;
	tell(ret);
	return 0;
}

int stage_build(struct project *p, enum stage_kind kind, const struct stage_profile *profile,
		struct stage *ret, struct pgo_err *err)
{
	PGO_AUTO(build) b = { .p = p, .profile = profile, .conf = WRAPPER_CONF_INIT };
	int r = prepare(&b, kind, 0, err);

	return r ? r : build(&b, ret, err);
}

static int outdated(const struct stage *base, struct pgo_err *err)
{
	pgo_error(err, PGO_EMISMATCH,
		  "the %s build cannot be laid out anew: what it was made with has changed",
		  stage_kind_name(base->kind));
	return pgo_err_hint(err, "pgoctl build --profile merged.prof");
}

int stage_relink(struct project *p, const struct stage *base, unsigned layout, struct stage *ret,
		 struct pgo_err *err)
{
	const struct stage_profile profile = { base->profile, base->profile_id, base->full_names };
	PGO_AUTO(build) b = { .p = p, .conf = WRAPPER_CONF_INIT };
	int r;

	if (base->profile)
		b.profile = &profile;
	if (base->kind == STAGE_OPTIMIZED && (!b.profile || !fs_exists(base->profile)))
		return outdated(base, err);
	r = prepare(&b, base->kind, layout, err);
	if (r)
		return r;
	return strcmp(b.base_key, base->key) ? outdated(base, err) : build(&b, ret, err);
}
