/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/store-object.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "pgo/base/fs.h"

#define OBJECTS "objects"
#define STAGING "tmp"
#define RESERVE "reserve"
#define RESERVE_BYTES (128 << 10) /* a journal of some pages is far smaller */

char *store_object_path(const struct store *s, const char *digest)
{
	return xstrfmt("%s/" OBJECTS "/%.2s/%s", s->dir, digest, digest + 2);
}

static int cannot_write(const struct store *s, int errnum, struct pgo_err *err)
{
	int ret;

	errno = errnum;
	ret = pgo_error_errno(err, "cannot write to the store '%s'", s->dir);
	if (errnum == ENOSPC || errnum == EDQUOT)
		pgo_err_hint(err, "pgoctl store gc -n tells what could be removed from it");
	return ret;
}

int store_staging_open(const struct store *s, struct store_staging *o, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = xstrfmt("%s/" STAGING "/XXXXXX", s->dir);
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return cannot_write(s, errno, err);
	*o = (struct store_staging){ .fd = fd, .path = TAKE_PTR(path) };
	digest_init(&o->sum);
	return 0;
}

int store_staging_add(const struct store *s, struct store_staging *o, const void *data, size_t len,
		      struct pgo_err *err)
{
	int ret = fs_write_all(o->fd, data, len);

	if (ret)
		return cannot_write(s, -ret, err);
	digest_add(&o->sum, data, len);
	o->bytes += len;
	return 0;
}

int store_staging_seal(const struct store *s, struct store_staging *o, struct pgo_err *err)
{
	int fd = TAKE_FD(o->fd), bad;

	/* Nobody has a reason to write to it again. */
	bad = fchmod(fd, 0444) || fsync(fd) ? errno : 0;
	if (close(fd) && !bad)
		bad = errno;
	if (bad)
		return cannot_write(s, bad, err);
	digest_hex(&o->sum, o->digest);
	return 0;
}

/*
 * The rename is done also where the file is there: that one may be damaged, or its name not yet on
 * the disk. For the same reason both folders are written, whoever made them.
 */
int store_staging_settle(const struct store *s, struct store_staging *o, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = store_object_path(s, o->digest);
	PGO_AUTO_FREE char *folder = fs_dirname(path), *parent = fs_dirname(folder);
	int ret = 0;

	if (mkdir(folder, 0777) && errno != EEXIST)
		return cannot_write(s, errno, err);
	if (rename(o->path, path))
		return cannot_write(s, errno, err);
	FREE_AND_NULL(o->path);
	ret = fs_sync_dir(folder, err);
	return ret ? ret : fs_sync_dir(parent, err);
}

void store_staging_release(struct store_staging *o)
{
	if (o->fd >= 0)
		close(o->fd);
	if (o->path)
		unlink(o->path);
	free(o->path);
	*o = (struct store_staging)STORE_STAGING_INIT;
}

int store_object_prepare(const char *dir, bool is_new, struct pgo_err *err)
{
	PGO_AUTO_FREE char *objects = fs_join(dir, OBJECTS), *staging = fs_join(dir, STAGING);
	int ret = fs_mkdir_p(objects, err);

	if (!ret)
		ret = fs_mkdir_p(staging, err);
	if (ret || !is_new)
		return ret;
	ret = fs_sync_dir(dir, err);
	/* Its parents may be new, too. Those that cannot be opened are not. */
	for (PGO_AUTO_FREE char *at = xstrdup(dir); !ret && strcmp(at, "/") != 0;) {
		char *up = fs_dirname(at);

		free(at);
		at = up;
		fs_sync_dir(at, NULL);
	}
	return ret;
}

void store_object_reserve(const char *dir)
{
	PGO_AUTO_FREE char *path = fs_join(dir, RESERVE);
	PGO_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd >= 0 && posix_fallocate(fd, 0, RESERVE_BYTES))
		unlink(path);
}

void store_object_spend_reserve(const struct store *s)
{
	PGO_AUTO_FREE char *path = fs_join(s->dir, RESERVE);

	unlink(path);
}

static int note_any(const char *path, const char *rel, const struct stat *st, void *arg,
		    struct pgo_err *err)
{
	bool *any = arg;

	(void)path;
	(void)rel;
	(void)err;
	*any |= S_ISREG(st->st_mode);
	return 0;
}

bool store_object_any(const char *dir)
{
	PGO_AUTO_FREE char *objects = fs_join(dir, OBJECTS);
	bool any = false;

	return !fs_walk(objects, note_any, &any, NULL) && any;
}

int store_object_check(const struct store *s, const char *digest, uint64_t bytes,
		       struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = store_object_path(s, digest);
	char found[DIGEST_HEX_LEN + 1];
	struct stat st;
	int ret;

	if (lstat(path, &st)) {
		if (errno != ENOENT && errno != ENOTDIR)
			return pgo_error_errno(err, "cannot look at '%s'", path);
		return pgo_error_at(err, PGO_EFORMAT, path, -1, "its file '%s' is missing", path);
	}
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != bytes)
		return pgo_error_at(err, PGO_EFORMAT, path, -1,
				    "its file '%s' has %" PRIu64 " bytes, not %" PRIu64, path,
				    (uint64_t)st.st_size, bytes);
	ret = digest_file_hex(path, found, err);
	if (ret || !strcmp(found, digest))
		return ret;
	return pgo_error_at(err, PGO_EFORMAT, path, -1,
			    "its file '%s' has other bytes than were added", path);
}

struct sweep {
	const struct strvec *known;
	const char *top;
	struct strvec *ret;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "ab/cdef..." as a digest; false: it is none. */
static bool digest_of(const char *rel, char ret[DIGEST_HEX_LEN + 1])
{
	if (strlen(rel) != DIGEST_HEX_LEN + 1 || rel[2] != '/')
		return false;
	memcpy(ret, rel, 2);
	memcpy(ret + 2, rel + 3, DIGEST_HEX_LEN - 1);
	return strspn(ret, "0123456789abcdef") == DIGEST_HEX_LEN;
}

static int sweep_one(const char *path, const char *rel, const struct stat *st, void *arg,
		     struct pgo_err *err)
{
	struct sweep *s = arg;
	char digest[DIGEST_HEX_LEN + 1], *key = digest;

	(void)path;
	(void)err;
	if (S_ISDIR(st->st_mode))
		return 0;
	if (!strcmp(s->top, OBJECTS) && digest_of(rel, digest) && s->known->nr &&
	    bsearch(&key, s->known->v, s->known->nr, sizeof(char *), compare))
		return 0;
	strvec_pushf(s->ret, "%s/%s", s->top, rel);
	return 0;
}

int store_object_unreferenced(const struct store *s, const struct strvec *known, struct strvec *ret,
			      struct pgo_err *err)
{
	static const char *const tops[] = { OBJECTS, STAGING };

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		PGO_AUTO_FREE char *root = fs_join(s->dir, tops[i]);
		struct sweep sweep = { known, tops[i], ret };
		int code = fs_walk(root, sweep_one, &sweep, err);

		if (code)
			return code;
	}
	return 0;
}
