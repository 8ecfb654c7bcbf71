/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pgoctl's core does with the drivers, for shell tests:
 *   driver-tool conf OUT CC CXX STAGE SHIMS LOG [PROFILE [ROOT]]
 *                             "CC -v" on stdin; with $TEST_RUSTC also that rustc; $TEST_UPDATE
 *                             is profile.update
 *   driver-tool shims DIR WRAPPER
 *   driver-tool build CONF KEY JUNK COMMAND...    run a build's command
 *   driver-tool train FAMILY RAW COMMAND...       run an instrumented program; with $TEST_AGENT
 *                             also that agent
 *   driver-tool use RAW DIR                       lay gcc's files out for -fprofile-use=DIR
 *   driver-tool sum LOG
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/agent.h"
#include "drivers/wrapper.h"
#include "pgo/base/fs.h"
#include "pgo/base/strbuf.h"

static int fail(const struct pgo_err *err)
{
	fprintf(stderr, "driver-tool: %s\n", err->msg);
	return 1;
}

static char *given(const char *s)
{
	return s && *s ? xstrdup(s) : NULL;
}

static enum stage_kind stage_of(const char *name)
{
	for (int k = STAGE_BASELINE; k <= STAGE_BOLT_INSTRUMENTED; k++)
		if (!strcmp(name, stage_kind_name((enum stage_kind)k)))
			return (enum stage_kind)k;
	return STAGE_OPTIMIZED;
}

static enum technique technique_of(const char *name)
{
	return name && !strcmp(name, "sample") ? TECHNIQUE_SAMPLE : TECHNIQUE_INSTRUMENT;
}

static enum profile_update update_of(const char *name)
{
	return name && !strcmp(name, "atomic") ? PROFILE_UPDATE_ATOMIC : PROFILE_UPDATE_DEFAULT;
}

static char rustc_family[] = "rustc";

static int fill(struct wrapper_conf *c, char **argv, const struct tool_version *v,
		struct pgo_err *err)
{
	const char *root = argv[6] ? argv[7] : NULL;
	struct build_stage stage = {
		.kind = stage_of(argv[3]),
		.technique = technique_of(getenv("TEST_TECHNIQUE")),
		.profile = argv[6],
		.update = update_of(getenv("TEST_UPDATE")),
		.source_root = root && *root ? root : NULL,
	};
	const struct compiler *compiler = compiler_find(v);
	const struct tool_version rust = { .family = rustc_family };
	struct timespec now;
	int ret;

	clock_gettime(CLOCK_REALTIME, &now);
	c->started_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	c->stage = xstrdup(argv[3]);
	c->rustc = given(getenv("TEST_RUSTC"));
	c->cc = xstrdup(argv[1]);
	c->cxx = given(argv[2]);
	c->family = xstrdup(v->family);
	c->version = xstrdup(v->version);
	c->target = xstrdup(v->target);
	c->shim_dir = xstrdup(argv[4]);
	c->log = xstrdup(argv[5]);
	ret = compiler->add_flags(&stage, v, &c->cflags, &c->ldflags, err);
	if (!ret && c->rustc)
		ret = compiler_find(&rust)->add_flags(&stage, &rust, &c->rustflags, &c->ldflags,
						      err);
	return ret;
}

static int do_conf(char **argv, struct pgo_err *err)
{
	PGO_AUTO(wrapper_conf) c = WRAPPER_CONF_INIT;
	PGO_AUTO(tool_version) v = TOOL_VERSION_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	int ret = fs_read_file("/dev/stdin", &text, err);

	if (!ret)
		ret = tool_version_parse(&v, argv[1], text.buf, err);
	if (!ret)
		ret = fill(&c, argv, &v, err);
	return ret ? ret : wrapper_conf_write(&c, argv[0], err);
}

static int do_exec(struct strvec *env, char **argv, struct pgo_err *err)
{
	const char *path = strvec_getenv(env, "PATH");
	char *program = fs_which(argv[0], path, NULL);

	if (program)
		execve(program, argv, env->v);
	return pgo_error_errno(err, "cannot run '%s'", argv[0]);
}

static int do_build(char **argv, struct pgo_err *err)
{
	PGO_AUTO(wrapper_conf) c = WRAPPER_CONF_INIT;
	PGO_AUTO(strvec) env = STRVEC_INIT;
	int ret = wrapper_conf_read(&c, argv[0], err);

	if (ret)
		return ret;
	strvec_pushv(&env, environ);
	wrapper_build_env(&env, &c, argv[0], argv[1], argv[2]);
	return do_exec(&env, argv + 3, err);
}

static int do_train(char **argv, struct pgo_err *err)
{
	PGO_AUTO(strvec) env = STRVEC_INIT;
	struct tool_version v = { .family = argv[0] };
	const char *agent = getenv("TEST_AGENT");
	int ret;

	strvec_pushv(&env, environ);
	ret = compiler_find(&v)->run_env(argv[1], false, &env, err);
	if (!ret && agent && *agent)
		ret = agent_env(agent, &env, err);
	return ret ? ret : do_exec(&env, argv + 2, err);
}

static int do_sum(char **argv, struct pgo_err *err)
{
	PGO_AUTO(wrapper_summary) s = WRAPPER_SUMMARY_INIT;
	int ret = wrapper_log_read(&s, argv[0], err);

	if (ret)
		return ret;
	printf("calls=%llu compiles=%llu links=%llu passed=%llu foreign=%llu failed=%llu "
	       "stale=%llu",
	       (unsigned long long)s.nr_calls, (unsigned long long)s.nr_compiles,
	       (unsigned long long)s.nr_links, (unsigned long long)s.nr_passed,
	       (unsigned long long)s.nr_foreign, (unsigned long long)s.nr_failed,
	       (unsigned long long)s.nr_stale_inputs);
	for (int k = 0; k < PROFILE_WARN_NR; k++)
		printf(" %s=%llu", profile_warning_name((enum profile_warning)k),
		       (unsigned long long)s.warnings[k]);
	for (size_t i = 0; i < s.foreign.nr; i++)
		printf(" foreign:%s", s.foreign.v[i]);
	for (size_t i = 0; i < s.stale_inputs.nr; i++)
		printf(" stale:%s", s.stale_inputs.v[i]);
	printf("\n");
	return 0;
}

static int use_one(const char *path, const char *rel, const struct stat *st, void *arg,
		   struct pgo_err *err)
{
	PGO_AUTO_FREE char *absolute = xstrfmt("/%s", rel), *name = gcc_mangle_path(absolute);
	PGO_AUTO_FREE char *dst = fs_join(arg, name);

	return S_ISREG(st->st_mode) ? fs_copy_file(path, dst, err) : 0;
}

static int do_use(char **argv, struct pgo_err *err)
{
	return fs_walk(argv[0], use_one, argv[1], err);
}

static int do_shims(char **argv, struct pgo_err *err)
{
	return wrapper_make_shims(argv[0], argv[1], err);
}

static const struct {
	const char *name;
	int nr_args;
	int (*run)(char **argv, struct pgo_err *err);
} verbs[] = {
	{ "conf", 6, do_conf },	  { "shims", 2, do_shims }, { "build", 4, do_build },
	{ "train", 3, do_train }, { "use", 2, do_use },	    { "sum", 1, do_sum },
};

int main(int argc, char **argv)
{
	struct pgo_err err = PGO_ERR_INIT;
	int ret = 2;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (argc > 1 && !strcmp(argv[1], verbs[i].name) && argc - 2 >= verbs[i].nr_args)
			ret = verbs[i].run(argv + 2, &err);
	if (ret < 0)
		ret = fail(&err);
	pgo_err_release(&err);
	return ret;
}
