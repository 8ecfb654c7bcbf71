/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/bolt-tool.h"

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/core/runner.h"

#define OLDEST_LLVM 14
#define NEWEST_LLVM 60
#define PLAIN_NAME "llvm-bolt"

void bolt_tool_release(struct bolt_tool *t)
{
	free(t->path);
	free(t->banner);
	*t = (struct bolt_tool)BOLT_TOOL_INIT;
}

static char *find_newest(const struct postlink *driver)
{
	for (unsigned major = NEWEST_LLVM; major >= OLDEST_LLVM; major--) {
		PGO_AUTO_FREE char *name = driver->program_name(major);
		char *path = fs_which(name, getenv("PATH"), NULL);

		if (path)
			return path;
	}
	return NULL;
}

static char *find_path(const struct postlink *driver, unsigned llvm_major)
{
	PGO_AUTO_FREE char *name = NULL;
	char *path;

	if (llvm_major) {
		name = driver->program_name(llvm_major);
		path = fs_which(name, getenv("PATH"), NULL);
	} else {
		path = find_newest(driver);
	}
	return path ? path : fs_which(PLAIN_NAME, getenv("PATH"), NULL);
}

/* BOLT 19 looks for its library beside the name that it was called by, which may be a link's. */
static char *resolve(char *path)
{
	char *real = path ? realpath(path, NULL) : NULL;

	if (!real)
		return path;
	free(path);
	return real;
}

static int ask_version(const struct project *p, struct bolt_tool *t, struct pgo_err *err)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct child_result res;
	const char *end;
	int ret;

	strvec_push(&c.argv, t->path);
	strvec_push(&c.argv, "--version");
	if (p)
		project_base_env(p, &c.env);
	c.timeout_ns = 60000000000u;
	ret = child_capture(&c, &text, true, &res, err);
	if (ret && ret != -PGO_ECHILD)
		return ret;
	if (p && !p->plan && record_child(p, "probe:" PLAIN_NAME, &c, &res, err))
		return -(int)err->code;
	t->major = ret ? 0 : t->driver->version(text.buf);
	if (!t->major)
		return pgo_error(err, PGO_ETOOL, "'%s' is no llvm-bolt that works", t->path);
	end = strstr(text.buf, "\n  Registered Targets");
	t->banner = xstrndup(text.buf, end ? (size_t)(end - text.buf) : text.len);
	return 0;
}

static int missing(const struct postlink *driver, unsigned llvm_major, struct pgo_err *err)
{
	PGO_AUTO_FREE char *package = driver->package(llvm_major);

	if (!llvm_major) {
		pgo_error(err, PGO_ETOOL, "no llvm-bolt on PATH");
		return pgo_err_hint(err, "apt-get install bolt-22, or that of another LLVM");
	}
	pgo_error(err, PGO_ETOOL, "no llvm-bolt of LLVM %u on PATH", llvm_major);
	if (!package)
		return pgo_err_hint(err,
				    "apt-get install clang-22 bolt-22, and name clang-22 in "
				    "toolchain.cc: that LLVM's has no package");
	return pgo_err_hint(err, "apt-get install %s", package);
}

/* p NULL: nothing is recorded. */
static int find(const struct project *p, unsigned wanted, struct bolt_tool *ret,
		struct pgo_err *err)
{
	PGO_AUTO(bolt_tool) t = { .driver = &postlink_bolt };
	int r;

	t.path = resolve(find_path(t.driver, wanted));
	if (!t.path)
		return missing(t.driver, wanted, err);
	r = ask_version(p, &t, err);
	if (r)
		return r;
	if (wanted && t.major != wanted)
		return missing(t.driver, wanted, err);
	*ret = t;
	t = (struct bolt_tool)BOLT_TOOL_INIT;
	return 0;
}

int bolt_tool_find(const struct project *p, struct bolt_tool *ret, struct pgo_err *err)
{
	return find(p, p->cc.llvm_major, ret, err);
}

int bolt_tool_find_major(unsigned llvm_major, struct bolt_tool *ret, struct pgo_err *err)
{
	return find(NULL, llvm_major, ret, err);
}
