/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text, and finding programs. */
#include <limits.h>
#include <unistd.h>

#include "pgo/base/fs.h"

char *fs_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);

	if (name[0] == '/' || !len)
		return xstrdup(name);
	if (!*name)
		return xstrdup(dir);
	return xstrfmt("%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
}

/* Take "." and ".." and double slashes out of an absolute path, by text alone. */
static char *clean(const char *path)
{
	struct strbuf out = STRBUF_INIT;

	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && !memcmp(path, "..", 2)) {
			while (out.len && out.buf[out.len - 1] != '/')
				strbuf_setlen(&out, out.len - 1);
			if (out.len)
				strbuf_setlen(&out, out.len - 1);
		} else if (n && !(n == 1 && *path == '.')) {
			strbuf_addch(&out, '/');
			strbuf_add(&out, path, n);
		}
		path += n;
	}
	if (!out.len)
		strbuf_addch(&out, '/');
	return strbuf_take(&out);
}

char *fs_absolute(const char *path)
{
	PGO_AUTO_FREE char *cwd = NULL, *joined = NULL;

	if (path[0] == '/')
		return clean(path);
	cwd = getcwd(NULL, 0);
	joined = fs_join(cwd ? cwd : "/", path);
	return clean(joined);
}

char *fs_dirname(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	while (slash > path && slash[-1] == '/')
		slash--;
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

const char *fs_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

char *fs_which(const char *name, const char *path_env, const char *skip_dir)
{
	const char *p = path_env ? path_env : "/usr/local/bin:/usr/bin:/bin";

	if (strchr(name, '/')) {
		PGO_AUTO_FREE char *path = fs_absolute(name);

		return is_program(path) ? TAKE_PTR(path) : NULL;
	}
	for (size_t n; *name; p += n + 1) {
		n = strcspn(p, ":");
		if (n && !(skip_dir && strlen(skip_dir) == n && !memcmp(p, skip_dir, n))) {
			PGO_AUTO_FREE char *dir = xstrndup(p, n), *path = fs_join(dir, name);

			if (is_program(path))
				return path[0] == '/' ? TAKE_PTR(path) : fs_absolute(path);
		}
		if (!p[n])
			break;
	}
	return NULL;
}

char *fs_exe_dir(void)
{
	PGO_AUTO_FREE char *exe = realpath("/proc/self/exe", NULL);

	return exe ? fs_dirname(exe) : xstrdup(".");
}
