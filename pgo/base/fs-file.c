/* SPDX-License-Identifier: Apache-2.0 */
/* Single files: whole reads, atomic writes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pgo/base/fs.h"

int fs_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_rest(int fd, const char *path, struct strbuf *out, struct pgo_err *err)
{
	ssize_t n;

	do {
		strbuf_grow(out, 64u << 10);
		n = read(fd, out->buf + out->len, out->alloc - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pgo_error_errno(err, "cannot read '%s'", path);
		strbuf_setlen(out, out->len + (size_t)n);
	} while (n);
	return 0;
}

int fs_read_file(const char *path, struct strbuf *out, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	return read_rest(fd, path, out, err);
}

bool fs_read_proc(pid_t pid, const char *name, struct strbuf *out)
{
	PGO_AUTO_FREE char *path = xstrfmt("/proc/%d/%s", (int)pid, name);

	return !fs_read_file(path, out, NULL);
}

int fs_view_open(struct fs_view *view, const char *path, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct stat st;
	void *map;
	int ret;

	if (fd < 0 || fstat(fd, &st))
		return pgo_error_errno(err, "cannot open '%s'", path);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return pgo_error_errno(err, "cannot read '%s'", path);
	}
	if (S_ISREG(st.st_mode) && st.st_size > 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED) {
			*view = (struct fs_view){ map, (size_t)st.st_size, true };
			return 0;
		}
	}
	ret = read_rest(fd, path, &text, err);
	if (ret)
		return ret;
	view->len = text.len;
	view->mapped = false;
	view->data = (const uint8_t *)strbuf_take(&text);
	return 0;
}

void fs_view_release(struct fs_view *view)
{
	if (view->mapped)
		munmap((void *)(uintptr_t)view->data, view->len);
	else
		free((void *)(uintptr_t)view->data);
	*view = (struct fs_view)FS_VIEW_INIT;
}

int fs_same_content(const char *a, const char *b, bool *ret, struct pgo_err *err)
{
	PGO_AUTO(fs_view) x = FS_VIEW_INIT;
	PGO_AUTO(fs_view) y = FS_VIEW_INIT;
	int status = fs_view_open(&x, a, err);

	if (!status)
		status = fs_view_open(&y, b, err);
	if (!status)
		*ret = x.len == y.len && !memcmp(x.data, y.data, x.len);
	return status;
}

void fs_tail(const char *path, unsigned nr_lines, struct strbuf *out)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	const off_t most = 16 << 10;
	const char *p;
	off_t size;

	if (fd < 0)
		return;
	size = lseek(fd, 0, SEEK_END);
	if (size < 0 || lseek(fd, size > most ? size - most : 0, SEEK_SET) < 0 ||
	    read_rest(fd, path, &text, NULL))
		return;
	strbuf_rtrim(&text);
	for (p = text.buf + text.len; p > text.buf; p--)
		if (p[-1] == '\n' && !--nr_lines)
			break;
	/* What follows a NUL byte is part of the story, too. */
	for (; p < text.buf + text.len; p++)
		strbuf_addch(out, *p ? *p : '?');
}

int fs_atomic_open(struct fs_atomic *f, const char *path, mode_t mode, struct pgo_err *err)
{
	PGO_AUTO_FREE char *tmp = xstrfmt("%s.tmp-%ld", path, (long)getpid());
	struct stat st;
	int fd;

	/* The rename would put a file in the place of /dev/null. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return pgo_error(err, PGO_EUSAGE, "cannot write '%s': it is no regular file", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return pgo_error_errno(err, "cannot write '%s'", path);
	f->fd = fd;
	f->path = xstrdup(path);
	f->tmp_path = TAKE_PTR(tmp);
	return 0;
}

int fs_atomic_commit(struct fs_atomic *f, struct pgo_err *err)
{
	int fd = TAKE_FD(f->fd), bad = fsync(fd);

	if (close(fd) || bad)
		return pgo_error_errno(err, "cannot write '%s'", f->path);
	if (rename(f->tmp_path, f->path))
		return pgo_error_errno(err, "cannot rename '%s' to '%s'", f->tmp_path, f->path);
	FREE_AND_NULL(f->tmp_path);
	return 0;
}

void fs_atomic_release(struct fs_atomic *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->tmp_path)
		unlink(f->tmp_path);
	free(f->tmp_path);
	free(f->path);
	*f = (struct fs_atomic)FS_ATOMIC_INIT;
}

int fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
		    struct pgo_err *err)
{
	PGO_AUTO(fs_atomic) f = FS_ATOMIC_INIT;
	int ret = fs_atomic_open(&f, path, mode, err);

	if (ret)
		return ret;
	ret = fs_write_all(f.fd, data, len);
	if (ret) {
		errno = -ret;
		return pgo_error_errno(err, "cannot write '%s'", path);
	}
	return fs_atomic_commit(&f, err);
}

int fs_append_line(const char *path, const char *line, size_t len, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	int ret = fd < 0 ? -errno : fs_write_all(fd, line, len);

	if (!ret)
		return 0;
	errno = -ret;
	return pgo_error_errno(err, "cannot append to '%s'", path);
}

bool fs_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

bool fs_is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}
