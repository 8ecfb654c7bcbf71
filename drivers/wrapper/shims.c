/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of links that stands first on PATH. */
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "drivers/wrapper/names.h"
#include "pgo/base/fs.h"

/* Which names of PATH would escape without a link here: those that stand there with a version or
 * a prefix, and rustc, since a rustc that is not installed must not seem to be. */
static void add_names_in(struct strvec *names, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	struct cc_name n;

	while (d && (e = readdir(d)))
		if (cc_name_parse(&n, e->d_name) && !strvec_has(names, e->d_name))
			strvec_push(names, e->d_name);
	if (d)
		closedir(d);
}

static void list_names(struct strvec *names, const char *shim_dir)
{
	const char *p = getenv("PATH");

	for (const struct cc_stem *stem = cc_stems; stem->name; stem++)
		if (stem->tool != CC_TOOL_RUST)
			strvec_push(names, stem->name);
	for (size_t n; p && *p; p += n + (p[n] == ':')) {
		PGO_AUTO_FREE char *dir = xstrndup(p, n = strcspn(p, ":"));

		if (*dir && strcmp(dir, shim_dir) != 0)
			add_names_in(names, dir);
	}
}

/* A link that is right already stays: a compiler may be running through it. */
static int make_link(const char *path, const char *target, struct pgo_err *err)
{
	PGO_AUTO_FREE char *tmp = NULL;
	char old[4096];
	ssize_t n = readlink(path, old, sizeof(old));

	if (n == (ssize_t)strlen(target) && !memcmp(old, target, (size_t)n))
		return 0;
	tmp = xstrfmt("%s.%ld", path, (long)getpid());
	unlink(tmp);
	if (symlink(target, tmp))
		return pgo_error_errno(err, "cannot make the link '%s'", tmp);
	if (rename(tmp, path)) {
		int saved = errno;

		unlink(tmp);
		errno = saved;
		return pgo_error_errno(err, "cannot make the link '%s'", path);
	}
	return 0;
}

int wrapper_make_shims(const char *shim_dir, const char *wrapper_exe, struct pgo_err *err)
{
	PGO_AUTO_FREE char *target = fs_absolute(wrapper_exe);
	PGO_AUTO(strvec) names = STRVEC_INIT;
	PGO_AUTO_FREE char *rust_dir = fs_join(shim_dir, "rust");
	int ret = fs_mkdir_p(rust_dir, err);

	if (!ret && access(target, X_OK))
		ret = pgo_error(err, PGO_ETOOL, "the compiler wrapper '%s' is missing", target);
	list_names(&names, shim_dir);
	strvec_push(&names, RUSTC_LINK);
	for (size_t i = 0; !ret && i < names.nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(shim_dir, names.v[i]);

		ret = make_link(path, target, err);
	}
	return ret;
}
