/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/project.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"

extern char **environ;

char *project_path(const struct project *p, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	strbuf_addf(&sb, "%s/", p->state);
	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	return strbuf_take(&sb);
}

char *project_build_dir(const struct project *p)
{
	return fs_join(p->work, p->config.out_of_tree ? "build" : "src");
}

void project_base_env(const struct project *p, struct strvec *env)
{
	static const char *const of_make[] = { "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKE_TERMERR",
					       "MAKE_TERMOUT" };

	strvec_pushv(env, environ);
	/* Called from a Makefile: its job server is not the project's, nor are its variables. */
	for (size_t i = 0; getenv("MAKELEVEL") && i < ARRAY_SIZE(of_make); i++)
		strvec_setenv(env, of_make[i], NULL);
	strvec_setenv(env, OWNER_ENV, p->state);
}

static int locked_by_other(int fd, const char *path, struct pgo_err *err)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	fs_read_file(path, &text, NULL);
	strbuf_rtrim(&text);
	close(fd);
	pgo_error(err, PGO_EPERM, "another pgoctl (process %s) is at work in this project",
		  text.len ? text.buf : "unknown");
	return pgo_err_hint(err, "wait for it to end, or stop it");
}

static int take_lock(struct project *p, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = project_path(p, "lock");
	PGO_AUTO_FREE char *text = xstrfmt("%ld\n", (long)getpid());
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return locked_by_other(fd, path, err);
	if (ftruncate(fd, 0) || fs_write_all(fd, text, strlen(text))) {
		pgo_error_errno(err, "cannot write '%s'", path);
		close(fd);
		return -PGO_EIO;
	}
	p->lock_fd = fd;
	return 0;
}

static int find_config(const char *given, char **ret, struct pgo_err *err)
{
	if (given) {
		*ret = fs_absolute(given);
		return 0;
	}
	*ret = config_find(".");
	if (*ret)
		return 0;
	pgo_error(err, PGO_ENOTFOUND, "no pgo.yaml here or in a folder above");
	return pgo_err_hint(err, "pgoctl init writes one for this source tree");
}

/* Profiles of C and Rust objects are merged into one, so one LLVM must read both. */
static int find_rustc(struct project *p, struct pgo_err *err)
{
	int ret = p->config.rustc ? toolchain_probe(p, &p->rustc, p->config.rustc, err) : 0;

	if (ret || !p->config.rustc || p->rustc.llvm_major == p->cc.llvm_major)
		return ret;
	pgo_error(err, PGO_EUNSUP, "'%s' is built on LLVM %u, but '%s' is %s %s", p->rustc.path,
		  p->rustc.llvm_major, p->cc.path, p->cc.family, p->cc.version);
	return pgo_err_hint(err, "set toolchain.cc to clang-%u", p->rustc.llvm_major);
}

static int find_toolchain(struct project *p, const char *cc, struct pgo_err *err)
{
	int ret = toolchain_probe(p, &p->cc, cc ? cc : p->config.cc, err);

	if (ret)
		return ret;
	p->compiler = compiler_find(&p->cc);
	if (!p->compiler)
		return pgo_error(err, PGO_EUNSUP, "'%s' is a compiler without a driver here: %s",
				 p->cc.path, p->cc.banner);
	if (p->config.cxx && !cc)
		ret = toolchain_probe(p, &p->cxx, p->config.cxx, err);
	else
		toolchain_probe_cxx(p);
	return ret ? ret : find_rustc(p, err);
}

/* Compilers tell paths as the kernel does: the project's must be the same, link by link. */
static int check_paths(struct project *p, struct pgo_err *err)
{
	char *real = realpath(p->config.root, NULL);

	if (!real)
		return pgo_error_errno(err, "cannot find the folder '%s'", p->config.root);
	free(p->config.root);
	p->config.root = real;
	if (strchr(real, '%'))
		return pgo_error(err, PGO_EUNSUP,
				 "the project's path '%s' has a '%%' in it, which the profile "
				 "runtimes of all compilers would expand",
				 real);
	if (strchr(p->config.root, ':'))
		return pgo_error(err, PGO_EUNSUP,
				 "the project's path '%s' has a ':' in it, which PATH cannot hold",
				 p->config.root);
	return 0;
}

static int take_config(struct project *p, const struct project_open_opts *opts, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = NULL;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	int ret = find_config(opts->config, &path, opts->config_optional ? &why : err);

	if (ret && opts->config_optional) {
		p->config.root = fs_absolute(".");
		p->config.cc = xstrdup("cc");
		return 0;
	}
	return ret ? ret : config_load(&p->config, path, err);
}

int project_open(struct project *p, const struct project_open_opts *opts, struct pgo_err *err)
{
	int ret = take_config(p, opts, err);

	if (!ret)
		ret = check_paths(p, err);
	if (ret)
		return ret;
	p->force = opts->force;
	p->plan = opts->plan;
	p->tool_dir = xstrdup(opts->tool_dir);
	p->state = fs_join(p->config.root, ".pgo");
	p->work = fs_join(p->state, "work");
	if (!p->plan) {
		ret = fs_mkdir_p(p->state, err);
		if (!ret)
			ret = take_lock(p, err);
		if (ret)
			return ret;
		orphans_end(p->state);
	}
	return find_toolchain(p, opts->cc, err);
}

void project_release(struct project *p)
{
	config_release(&p->config);
	tool_version_release(&p->cc);
	tool_version_release(&p->cxx);
	tool_version_release(&p->rustc);
	free(p->state);
	free(p->work);
	free(p->tool_dir);
	if (p->lock_fd >= 0)
		close(p->lock_fd);
	*p = (struct project)PROJECT_INIT;
}
