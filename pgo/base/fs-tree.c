/* SPDX-License-Identifier: Apache-2.0 */
/* Trees: make, walk, copy, remove. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pgo/base/fs.h"

int fs_mkdir_p(const char *path, struct pgo_err *err)
{
	PGO_AUTO_FREE char *part = xstrdup(path);

	for (char *p = part + (*part != '\0');; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			return pgo_error_errno(err, "cannot make the folder '%s'", part);
		*p = c;
		if (!c)
			break;
	}
	if (!fs_is_dir(path)) {
		errno = ENOTDIR;
		return pgo_error_errno(err, "cannot make the folder '%s'", path);
	}
	return 0;
}

int fs_sync_dir(const char *path, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return pgo_error_errno(err, "cannot open the folder '%s'", path);
	/* EINVAL: a file system that knows no such thing. */
	if (fsync(fd) && errno != EINVAL)
		return pgo_error_errno(err, "cannot write the folder '%s'", path);
	return 0;
}

int fs_list(const char *path, struct strvec *names, struct pgo_err *err)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		return pgo_error_errno(err, "cannot open the folder '%s'", path);
	while (errno = 0, (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			strvec_push(names, e->d_name);
	if (errno) {
		pgo_error_errno(err, "cannot read the folder '%s'", path);
		closedir(d);
		return -PGO_EIO;
	}
	closedir(d);
	strvec_sort(names);
	return 0;
}

static int walk(const char *path, const char *rel, fs_walk_fn fn, void *arg, struct pgo_err *err)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;
	int ret = fs_list(path, &names, err);

	for (size_t i = 0; !ret && i < names.nr; i++) {
		PGO_AUTO_FREE char *sub = fs_join(path, names.v[i]);
		PGO_AUTO_FREE char *sub_rel = fs_join(rel, names.v[i]);
		struct stat st;

		if (lstat(sub, &st)) {
			if (errno == ENOENT)
				continue;
			return pgo_error_errno(err, "cannot look at '%s'", sub);
		}
		ret = fn(sub, sub_rel, &st, arg, err);
		if (!ret && S_ISDIR(st.st_mode))
			ret = walk(sub, sub_rel, fn, arg, err);
		else if (ret == FS_WALK_SKIP)
			ret = 0;
	}
	return ret;
}

int fs_walk(const char *root, fs_walk_fn fn, void *arg, struct pgo_err *err)
{
	return walk(root, "", fn, arg, err);
}

int fs_remove_tree(const char *path, struct pgo_err *err)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;
	struct stat st;
	int ret = 0;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : pgo_error_errno(err, "cannot remove '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return unlink(path) && errno != ENOENT
			       ? pgo_error_errno(err, "cannot remove '%s'", path)
			       : 0;
	if ((st.st_mode & S_IRWXU) != S_IRWXU)
		chmod(path, st.st_mode | S_IRWXU);
	ret = fs_list(path, &names, err);
	for (size_t i = 0; !ret && i < names.nr; i++) {
		PGO_AUTO_FREE char *sub = fs_join(path, names.v[i]);

		ret = fs_remove_tree(sub, err);
	}
	if (!ret && rmdir(path) && errno != ENOENT)
		ret = pgo_error_errno(err, "cannot remove the folder '%s'", path);
	return ret;
}

static int copy_bytes(int in, int out)
{
	char buf[64 << 10];
	ssize_t n;

	if (!ioctl(out, FICLONE, in))
		return 0;
	while ((n = copy_file_range(in, NULL, out, NULL, 1u << 30, 0)) > 0)
		;
	if (!n)
		return 0;
	while ((n = read(in, buf, sizeof(buf)))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		n = fs_write_all(out, buf, (size_t)n);
		if (n)
			return (int)n;
	}
	return 0;
}

static int copy_link(const char *src, const char *dst, const struct stat *st, struct pgo_err *err)
{
	size_t size = st->st_size > 0 ? (size_t)st->st_size + 1 : 4096;
	PGO_AUTO_FREE char *target = xcalloc(size + 1, 1);

	if (readlink(src, target, size) < 0)
		return pgo_error_errno(err, "cannot read the link '%s'", src);
	unlink(dst);
	if (symlink(target, dst))
		return pgo_error_errno(err, "cannot make the link '%s'", dst);
	return 0;
}

static int copy_regular(const char *src, const char *dst, const struct stat *st,
			struct pgo_err *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	PGO_AUTO_CLOSE int in = open(src, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	PGO_AUTO_CLOSE int out = -1;
	int ret;

	if (in < 0)
		return pgo_error_errno(err, "cannot open '%s'", src);
	unlink(dst);
	out = open(dst, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return pgo_error_errno(err, "cannot create '%s'", dst);
	ret = copy_bytes(in, out);
	if (!ret && (fchmod(out, st->st_mode & 07777) || futimens(out, times)))
		ret = -errno;
	if (ret) {
		unlink(dst);
		errno = -ret;
		return pgo_error_errno(err, "cannot copy '%s' to '%s'", src, dst);
	}
	return 0;
}

/* dst's folder must exist. Sockets, pipes and devices are left out. */
static int copy_entry(const char *src, const char *dst, const struct stat *st, struct pgo_err *err)
{
	if (S_ISLNK(st->st_mode))
		return copy_link(src, dst, st, err);
	if (S_ISREG(st->st_mode))
		return copy_regular(src, dst, st, err);
	return 0;
}

int fs_copy_file(const char *src, const char *dst, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = fs_dirname(dst);
	struct stat st;
	int ret;

	if (lstat(src, &st))
		return pgo_error_errno(err, "cannot open '%s'", src);
	ret = fs_mkdir_p(dir, err);
	return ret ? ret : copy_entry(src, dst, &st, err);
}

struct copy {
	const char *dst;
	bool (*skip)(const char *rel, void *arg);
	void *arg;
};

static int copy_one(const char *path, const char *rel, const struct stat *st, void *arg,
		    struct pgo_err *err)
{
	const struct copy *c = arg;
	PGO_AUTO_FREE char *dst = fs_join(c->dst, rel);

	if (c->skip && c->skip(rel, c->arg))
		return FS_WALK_SKIP;
	if (!S_ISDIR(st->st_mode))
		return copy_entry(path, dst, st, err);
	if (mkdir(dst, (st->st_mode & 0777) | S_IRWXU) && errno != EEXIST)
		return pgo_error_errno(err, "cannot make the folder '%s'", dst);
	return 0;
}

int fs_copy_tree(const char *src, const char *dst, bool (*skip)(const char *rel, void *arg),
		 void *arg, struct pgo_err *err)
{
	struct copy c = { dst, skip, arg };
	int ret = fs_mkdir_p(dst, err);

	return ret ? ret : fs_walk(src, copy_one, &c, err);
}
