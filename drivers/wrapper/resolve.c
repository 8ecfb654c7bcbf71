/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/wrapper/resolve.h"

#include <string.h>

#include "pgo/base/fs.h"
#include "pgo/base/strbuf.h"

void resolved_release(struct resolved *r)
{
	free(r->real);
	strvec_release(&r->launchers);
	*r = (struct resolved)RESOLVED_INIT;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool is_self(const char *path)
{
	return same_file(path, "/proc/self/exe");
}

/* A program of this name on PATH that is not this one, however its folder is spelled. */
static char *find_other(const char *name)
{
	const char *p = getenv("PATH");

	for (size_t n; p && *p; p += n + (p[n] == ':')) {
		PGO_AUTO_FREE char *dir = xstrndup(p, n = strcspn(p, ":"));
		PGO_AUTO_FREE char *found = *dir ? fs_which(name, dir, NULL) : NULL;

		if (found && !is_self(found))
			return TAKE_PTR(found);
	}
	return NULL;
}

static char *find_real(const char *asked)
{
	char *path = strchr(asked, '/') ? fs_which(asked, NULL, NULL) : NULL;

	if (path && !is_self(path))
		return path;
	free(path);
	return find_other(fs_basename(asked));
}

static int take_launchers(struct resolved *r, char ***argv, struct pgo_err *err)
{
	for (; **argv && cc_is_launcher(fs_basename(**argv)); (*argv)++) {
		char *path = find_real(**argv);

		if (!path)
			return pgo_error(err, PGO_ETOOL, "no '%s' on PATH", **argv);
		strvec_push_take(&r->launchers, path);
	}
	return 0;
}

int resolve_call(struct resolved *r, char **argv, const struct wrapper_conf *conf,
		 struct pgo_err *err)
{
	int ret = 0;

	if (!cc_name_parse(&r->name, fs_basename(argv[0]))) {
		argv++;
		ret = take_launchers(r, &argv, err);
		if (ret)
			return ret;
		if (!*argv || !cc_name_parse(&r->name, fs_basename(*argv)))
			return pgo_error(err, PGO_EUSAGE, "'%s' is no compiler's name",
					 *argv ? *argv : "");
	}
	r->asked = fs_basename(*argv);
	r->args = argv + 1;
	r->foreign = !cc_name_is_ours(&r->name, conf);
	if (r->foreign)
		r->real = find_real(*argv);
	else if (r->name.stem->tool == CC_TOOL_RUST)
		r->real = xstrdup(conf->rustc);
	else
		r->real = xstrdup(r->name.stem->tool == CC_TOOL_CXX ? conf->cxx : conf->cc);
	if (!r->real)
		return pgo_error(err, PGO_ETOOL, "no '%s' on PATH behind this wrapper", r->asked);
	if (is_self(r->real))
		return pgo_error(err, PGO_ECONFIG, "the compiler '%s' is this wrapper", r->real);
	return 0;
}

char *path_without_shims(const char *shim_dir)
{
	struct strbuf out = STRBUF_INIT;
	const char *p = getenv("PATH");

	for (size_t n; p && *p; p += n + (p[n] == ':')) {
		PGO_AUTO_FREE char *dir = xstrndup(p, n = strcspn(p, ":"));

		if (same_file(dir, shim_dir))
			continue;
		if (out.len)
			strbuf_addch(&out, ':');
		strbuf_addstr(&out, dir);
	}
	return strbuf_take(&out);
}
