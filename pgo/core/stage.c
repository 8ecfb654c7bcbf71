/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/stage.h"

#include <time.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/base/progress.h"
#include "pgo/core/artifacts.h"
#include "pgo/core/json.h"
#include "pgo/core/runner.h"
#include "pgo/core/source.h"

/* Raised when a stage's meaning changes, so that old results are not taken for new ones. */
#define STAGE_FORMAT "stage 1"

void stage_release(struct stage *s)
{
	free(s->dir);
	free(s->out);
	strvec_release(&s->artifacts);
	wrapper_summary_release(&s->calls);
	*s = (struct stage)STAGE_INIT;
}

/* What a build does, fixed before it starts. */
struct build {
	struct project *p;
	struct build_stage spec;
	struct wrapper_conf conf;
	char *dir;   /* the stage's final folder */
	char *fresh; /* the new one, beside it */
	char *cwd;
	char *conf_path;
	char key[DIGEST_HEX_LEN + 1];
	char source[DIGEST_HEX_LEN + 1];
};

static void build_release(struct build *b)
{
	wrapper_conf_release(&b->conf);
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

static int compute_key(struct build *b, const struct stage_profile *profile, struct pgo_err *err)
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
	digest_add_str(&d, profile ? profile->id : NULL);
	add_environment(&d, b->p);
	digest_hex(&d, b->key);
	return 0;
}

static int add_rust_flags(struct build *b, struct pgo_err *err)
{
	const struct tool_version *v = &b->p->rustc;
	PGO_AUTO(strvec) ldflags = STRVEC_INIT;

	b->conf.rustc = xstrdup(v->path);
	return compiler_find(v)->add_flags(&b->spec, v, &b->conf.rustflags, &ldflags, err);
}

static int prepare(struct build *b, enum stage_kind kind, const struct stage_profile *profile,
		   struct pgo_err *err)
{
	struct project *p = b->p;
	int ret;

	b->spec = (struct build_stage){
		.kind = kind,
		.profile = profile ? profile->path : NULL,
		.source_root = profile && profile->full_names ? NULL : p->work,
		.partial_training = p->config.partial_training,
		.update = p->config.update,
	};
	ret = p->compiler->add_flags(&b->spec, &p->cc, &b->conf.cflags, &b->conf.ldflags, err);
	if (!ret && p->rustc.path)
		ret = add_rust_flags(b, err);
	if (ret)
		return ret;
	b->dir = project_path(p, "stages/%s", stage_kind_name(kind));
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
	return compute_key(b, profile, err);
}

static int fresh_tree(struct build *b, struct pgo_err *err)
{
	PGO_AUTO_FREE char *exe = fs_join(b->p->tool_dir, "pgoctl-cc");
	struct timespec now;
	int ret = fs_remove_tree(b->fresh, err);

	if (!ret)
		ret = fs_mkdir_p(b->fresh, err);
	if (!ret)
		ret = source_copy(b->p, err);
	if (!ret)
		ret = fs_mkdir_p(b->cwd, err);
	if (!ret)
		ret = wrapper_make_shims(b->conf.shim_dir, exe, err);
	if (ret)
		return ret;
	clock_gettime(CLOCK_REALTIME, &now);
	b->conf.started_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	return wrapper_conf_write(&b->conf, b->conf_path, err);
}

static void build_env(const struct build *b, struct strvec *env, const char *junk)
{
	PGO_AUTO_FREE char *src = fs_join(b->p->work, "src");
	PGO_AUTO_FREE char *build = fs_join(b->p->work, "build");
	const struct config *cfg = &b->p->config;

	project_base_env(b->p, env);
	wrapper_build_env(env, &b->conf, b->conf_path, b->key, junk);
	strvec_setenv(env, "PGO_STAGE", b->conf.stage);
	strvec_setenv(env, "PGO_SOURCE_DIR", src);
	strvec_setenv(env, "PGO_BUILD_DIR", build);
	for (size_t i = 0; i < cfg->env.nr; i++) {
		const char *eq = strchr(cfg->env.v[i], '=');
		PGO_AUTO_FREE char *name = xstrndup(cfg->env.v[i], (size_t)(eq - cfg->env.v[i]));

		strvec_setenv(env, name, eq + 1);
	}
}

static int run_commands(struct build *b, struct child_result *res, struct pgo_err *err)
{
	PGO_AUTO_FREE char *log = fs_join(b->fresh, "build.log");
	PGO_AUTO_FREE char *what = xstrfmt("build:%s", b->conf.stage);
	PGO_AUTO_FREE char *junk = fs_join(b->fresh, "junk");
	PGO_AUTO(strvec) env = STRVEC_INIT;
	struct run_req req = { .what = what, .dir = b->cwd, .env = &env, .log = log };
	int ret = fs_mkdir_p(junk, err);

	build_env(b, &env, junk);
	if (!ret && b->p->config.clean) {
		req.line = b->p->config.clean;
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

static json_t *calls_json(const struct wrapper_summary *c)
{
	json_t *o = json_object(), *w = json_object();

	for (int i = 0; i < PROFILE_WARN_NR; i++)
		json_object_set_new(w, profile_warning_name(i), js_u64(c->warnings[i]));
	json_object_set_new(o, "calls", js_u64(c->nr_calls));
	json_object_set_new(o, "compiles", js_u64(c->nr_compiles));
	json_object_set_new(o, "links", js_u64(c->nr_links));
	json_object_set_new(o, "passed", js_u64(c->nr_passed));
	json_object_set_new(o, "foreign", js_u64(c->nr_foreign));
	json_object_set_new(o, "failed", js_u64(c->nr_failed));
	json_object_set_new(o, "stale_inputs", js_u64(c->nr_stale_inputs));
	json_object_set_new(o, "profile_warnings", w);
	return o;
}

/* stage.json is the mark of a finished stage: written last, then the folder takes its place. */
static int finish(const struct build *b, const struct strvec *artifacts, uint64_t wall_ns,
		  const struct wrapper_summary *calls, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_join(b->fresh, "stage.json");
	PGO_AUTO_FREE char *old = xstrfmt("%s.old", b->dir);
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	json_t *o = json_object(), *list = json_array();
	int ret;

	for (size_t i = 0; i < artifacts->nr; i++)
		json_array_append_new(list, js_string(artifacts->v[i]));
	json_object_set_new(o, "key", js_string(b->key));
	json_object_set_new(o, "source", js_string(b->source));
	json_object_set_new(o, "stage", js_string(b->conf.stage));
	json_object_set_new(o, "wall_ns", js_u64(wall_ns));
	json_object_set_new(o, "artifacts", list);
	json_object_set_new(o, "compiler", calls_json(calls));
	js_dump(o, &text, false);
	json_decref(o);
	strbuf_addch(&text, '\n');
	ret = fs_write_atomic(path, text.buf, text.len, 0644, err);
	if (!ret)
		ret = fs_remove_tree(old, err);
	if (ret)
		return ret;
	if (fs_exists(b->dir) && rename(b->dir, old))
		return pgo_error_errno(err, "cannot rename '%s'", b->dir);
	if (rename(b->fresh, b->dir))
		return pgo_error_errno(err, "cannot rename '%s'", b->fresh);
	return fs_remove_tree(old, err);
}

static int build_now(struct build *b, struct pgo_err *err)
{
	PGO_AUTO(wrapper_summary) calls = WRAPPER_SUMMARY_INIT;
	PGO_AUTO(strvec) artifacts = STRVEC_INIT;
	PGO_AUTO_FREE char *out = fs_join(b->fresh, "out");
	PGO_AUTO_FREE char *title = xstrfmt("build %s", b->conf.stage);
	struct child_result res = { 0 };
	int ret;

	ret = b->spec.kind == STAGE_INSTRUMENTED ? toolchain_check_runtime(b->p, err) : 0;
	if (ret)
		return ret;
	progress_start(title, 0);
	ret = fresh_tree(b, err);
	if (!ret)
		ret = run_commands(b, &res, err);
	progress_stop();
	if (!ret)
		ret = wrapper_log_read(&calls, b->conf.log, err);
	if (!ret)
		ret = check_calls(b, &calls, err);
	if (!ret)
		ret = artifacts_collect(b->p, b->cwd, out, &artifacts, err);
	return ret ? ret : finish(b, &artifacts, res.wall_ns, &calls, err);
}

static void take_hash(const json_t *o, const char *key, char hex[DIGEST_HEX_LEN + 1], bool *ok)
{
	const char *text = js_get_string(o, key, ok);

	if (strlen(text) == DIGEST_HEX_LEN)
		memcpy(hex, text, DIGEST_HEX_LEN + 1);
	else
		*ok = false;
}

static int load_json(struct stage *s, const json_t *o, const char *path, struct pgo_err *err)
{
	const json_t *list = json_object_get(o, "artifacts"), *item;
	const json_t *calls = json_object_get(o, "compiler"), *w;
	bool ok = json_is_array(list) && json_is_object(calls);
	size_t i;

	take_hash(o, "key", s->key, &ok);
	take_hash(o, "source", s->source, &ok);
	s->wall_ns = js_get_u64(o, "wall_ns", &ok);
	json_array_foreach(list, i, item)
		strvec_push(&s->artifacts, json_string_value(item) ? json_string_value(item) : "");
	s->calls.nr_compiles = js_get_u64(calls, "compiles", &ok);
	s->calls.nr_links = js_get_u64(calls, "links", &ok);
	s->calls.nr_stale_inputs = js_get_u64(calls, "stale_inputs", &ok);
	w = json_object_get(calls, "profile_warnings");
	for (int k = 0; k < PROFILE_WARN_NR; k++)
		s->calls.warnings[k] = js_get_u64(w, profile_warning_name(k), &ok);
	if (!ok)
		return pgo_error(err, PGO_EFORMAT, "'%s' is not what pgoctl wrote", path);
	return 0;
}

int stage_load(const struct project *p, enum stage_kind kind, struct stage *ret,
	       struct pgo_err *err)
{
	PGO_AUTO(stage) s = STAGE_INIT;
	PGO_AUTO(json_holder) h = { NULL };
	PGO_AUTO_FREE char *path = NULL;
	int r;

	s.kind = kind;
	s.dir = project_path(p, "stages/%s", stage_kind_name(kind));
	s.out = fs_join(s.dir, "out");
	path = fs_join(s.dir, "stage.json");
	if (!fs_exists(path)) {
		pgo_error(err, PGO_ENOTFOUND, "the %s stage has not been built",
			  stage_kind_name(kind));
		return -PGO_ENOTFOUND;
	}
	r = js_load(path, &h.o, err);
	if (!r)
		r = load_json(&s, h.o, path, err);
	if (r)
		return r;
	*ret = s;
	s = (struct stage)STAGE_INIT;
	return 0;
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
	PGO_AUTO(strbuf) time = STRBUF_INIT;

	num_add_duration(&time, s->wall_ns);
	if (s->skipped)
		log_step("%s: unchanged, kept", stage_kind_name(s->kind));
	else
		log_step("%s: %llu compiles, %llu links in %s", stage_kind_name(s->kind),
			 (unsigned long long)s->calls.nr_compiles,
			 (unsigned long long)s->calls.nr_links, time.buf);
	tell_warnings(s);
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

int stage_build(struct project *p, enum stage_kind kind, const struct stage_profile *profile,
		struct stage *ret, struct pgo_err *err)
{
	PGO_AUTO(build) b = { .p = p, .conf = WRAPPER_CONF_INIT };
	PGO_AUTO(stage) old = STAGE_INIT;
	int r = prepare(&b, kind, profile, err);
	bool done;

	if (r)
		return r;
	done = !p->force && !stage_load(p, kind, &old, NULL) && !strcmp(old.key, b.key);
	if (p->plan) {
		plan_it(&b, done);
		return 0;
	}
	if (!done) {
		r = build_now(&b, err);
		if (r)
			return r;
	}
	r = stage_load(p, kind, ret, err);
	if (r)
		return r;
	ret->skipped = done;
	tell(ret);
	return 0;
}
