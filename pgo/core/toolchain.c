/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a compiler and what it is, by running it. */
#include <ctype.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/runner.h"

extern char **environ;

/* How long a compiler may take to tell its version. */
#define VERSION_NS 30000000000u

int toolchain_ask(const struct project *p, struct tool_version *v, const char *path,
		  uint64_t timeout_ns, struct pgo_err *err)
{
	struct child_result res = { 0 };
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	int ret;

	compiler_version_argv(path, &c.argv);
	strvec_pushv(&c.env, environ);
	strvec_setenv(&c.env, "LC_ALL", "C");
	c.timeout_ns = timeout_ns;
	ret = child_capture(&c, &text, true, &res, err);
	if (ret == -PGO_ECHILD && res.timed_out)
		pgo_error(err, PGO_ECHILD, "'%s' does not tell its version in time", path);
	if (!ret && p && !p->plan)
		ret = record_child(p, "probe:version", &c, &res, err);
	if (ret)
		return ret;
	return tool_version_parse(v, path, text.buf, err);
}

int toolchain_find(const char *name, char **ret, struct pgo_err *err)
{
	*ret = fs_which(name, getenv("PATH"), NULL);
	if (*ret)
		return 0;
	pgo_error(err, PGO_ETOOL, "no compiler '%s' on PATH", name);
	return pgo_err_hint(err,
			    "apt-get install %s, or name another: toolchain.cc in pgo.yaml, --cc",
			    fs_basename(name));
}

int toolchain_probe(const struct project *p, struct tool_version *v, const char *name,
		    struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = NULL;
	int ret = toolchain_find(name, &path, err);

	return ret ? ret : toolchain_ask(p, v, path, VERSION_NS, err);
}

/* The C++ driver of a C driver: clang-22 -> clang++-22, gcc-12 -> g++-12, cc -> c++. */
static char *cxx_name(const char *cc)
{
	static const struct {
		const char *c, *cxx;
	} pairs[] = {
		{ "clang", "clang++" },
		{ "gcc", "g++" },
		{ "cc", "c++" },
	};
	const char *base = fs_basename(cc), *at;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		at = strstr(base, pairs[i].c);
		if (at)
			return xstrfmt("%.*s%s%s", (int)(at - cc), cc, pairs[i].cxx,
				       at + strlen(pairs[i].c));
	}
	return NULL;
}

void toolchain_probe_cxx(struct project *p)
{
	PGO_AUTO_FREE char *name = cxx_name(p->cc.path);

	if (name && !access(name, X_OK))
		toolchain_probe(p, &p->cxx, name, NULL);
}

static int run_compiler(const struct project *p, struct child *c, const char *dir,
			struct strbuf *out, struct pgo_err *err)
{
	struct child_result res;
	int ret;

	project_base_env(p, &c->env);
	c->dir = dir;
	c->timeout_ns = 60000000000u;
	ret = child_capture(c, out, true, &res, err);
	if (ret && ret != -PGO_ECHILD)
		return ret;
	if (record_child(p, "probe:runtime", c, &res, err))
		return -(int)err->code;
	return ret ? 1 : 0;
}

bool toolchain_lacks_runtime(const char *text)
{
	return strstr(text, "clang_rt.profile") || strstr(text, "lgcov") ||
	       strstr(text, "profiler_builtins");
}

int toolchain_check_runtime(const struct project *p, struct pgo_err *err)
{
	static const char source[] = "int main(void) { return 0; }\n";
	const struct build_stage stage = { .kind = STAGE_INSTRUMENTED, .source_root = p->work };
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO(strvec) cflags = STRVEC_INIT, ldflags = STRVEC_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO_FREE char *file = NULL, *package = NULL;
	int ret = tempdir_make(&dir, NULL, err);

	if (!ret)
		ret = p->compiler->add_flags(&stage, &p->cc, &cflags, &ldflags, err);
	if (ret)
		return ret;
	file = fs_join(dir.path, "probe.c");
	ret = fs_write_atomic(file, source, strlen(source), 0644, err);
	if (ret)
		return ret;
	strvec_push(&c.argv, p->cc.path);
	strvec_pushv(&c.argv, cflags.v);
	strvec_pushv(&c.argv, ldflags.v);
	strvec_push(&c.argv, "probe.c");
	strvec_push(&c.argv, "-o");
	strvec_push(&c.argv, "probe");
	ret = run_compiler(p, &c, dir.path, &out, err);
	if (ret <= 0)
		return ret;
	package = p->compiler->runtime_package(&p->cc);
	if (toolchain_lacks_runtime(out.buf))
		pgo_error(err, PGO_ETOOL, "'%s' has no profile runtime", p->cc.path);
	else
		pgo_error(err, PGO_ETOOL, "'%s' cannot build an instrumented program", p->cc.path);
	pgo_err_detail(err, out.buf);
	return pgo_err_hint(err, "apt-get install %s", package);
}
