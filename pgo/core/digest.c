/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "pgo/base/fs.h"

void digest_init(struct digest *d)
{
	crypto_hash_sha256_init(&d->state);
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	crypto_hash_sha256_update(&d->state, data, len);
}

void digest_add_str(struct digest *d, const char *s)
{
	uint64_t len = s ? strlen(s) : UINT64_MAX;

	digest_add(d, &len, sizeof(len));
	if (s)
		digest_add(d, s, (size_t)len);
}

int digest_add_file(struct digest *d, const char *path, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	PGO_AUTO_FREE char *buf = xmalloc(256 << 10);
	ssize_t n;

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	while ((n = read(fd, buf, 256 << 10))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pgo_error_errno(err, "cannot read '%s'", path);
		digest_add(d, buf, (size_t)n);
	}
	return 0;
}

struct tree {
	struct digest *d;
	bool (*skip)(const char *rel, void *arg);
	void *arg;
};

static int add_link(struct digest *d, const char *path, struct pgo_err *err)
{
	PGO_AUTO_FREE char *target = xcalloc(4097, 1);

	if (readlink(path, target, 4096) < 0)
		return pgo_error_errno(err, "cannot read the link '%s'", path);
	digest_add_str(d, target);
	return 0;
}

static int add_entry(const char *path, const char *rel, const struct stat *st, void *arg,
		     struct pgo_err *err)
{
	struct tree *t = arg;
	char hex[DIGEST_HEX_LEN + 1];
	int ret;

	if (t->skip && t->skip(rel, t->arg))
		return FS_WALK_SKIP;
	if (S_ISDIR(st->st_mode) || !(S_ISREG(st->st_mode) || S_ISLNK(st->st_mode)))
		return 0;
	digest_add_str(t->d, rel);
	if (S_ISLNK(st->st_mode)) {
		digest_add_str(t->d, "link");
		return add_link(t->d, path, err);
	}
	digest_add_str(t->d, st->st_mode & S_IXUSR ? "program" : "file");
	ret = digest_file_hex(path, hex, err);
	if (!ret)
		digest_add_str(t->d, hex);
	return ret;
}

int digest_add_tree(struct digest *d, const char *root, bool (*skip)(const char *rel, void *arg),
		    void *arg, struct pgo_err *err)
{
	struct tree t = { d, skip, arg };

	return fs_walk(root, add_entry, &t, err);
}

void digest_hex(struct digest *d, char hex[DIGEST_HEX_LEN + 1])
{
	unsigned char raw[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_final(&d->state, raw);
	sodium_bin2hex(hex, DIGEST_HEX_LEN + 1, raw, sizeof(raw));
}

int digest_file_hex(const char *path, char hex[DIGEST_HEX_LEN + 1], struct pgo_err *err)
{
	struct digest d;
	int ret;

	digest_init(&d);
	ret = digest_add_file(&d, path, err);
	if (!ret)
		digest_hex(&d, hex);
	return ret;
}
