/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/core/pack.h"
#include "pgo/core/store-add.h"
#include "pgo/core/store-archive.h"
#include "pgo/core/store-index.h"
#include "pgo/core/store-object.h"

#define WHAT "archive of a store"

/* The archive's bytes, hashed on their way: what is unpacked is what was signed. */
struct source {
	int fd;
	struct digest sum;
	char buf[64 << 10];
};

static la_ssize_t read_some(struct archive *a, void *arg, const void **data)
{
	struct source *src = arg;
	ssize_t n;

	do
		n = read(src->fd, src->buf, sizeof(src->buf));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "cannot read: %s", strerror(errno));
	if (n < 0 || child_cancelled())
		return -1;
	digest_add(&src->sum, src->buf, (size_t)n);
	*data = src->buf;
	return n;
}

static int drain(struct source *src, const char *path, char hex[DIGEST_HEX_LEN + 1],
		 struct pgo_err *err)
{
	ssize_t n;

	while ((n = read(src->fd, src->buf, sizeof(src->buf)))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pgo_error_errno(err, "cannot read '%s'", path);
		digest_add(&src->sum, src->buf, (size_t)n);
	}
	digest_hex(&src->sum, hex);
	return 0;
}

static int bad_entry(const char *path, const char *name, const char *what, struct pgo_err *err)
{
	return pgo_error(err, PGO_EFORMAT, "'%s' is corrupt: its entry '%s' %s", path, name, what);
}

/* The file of the manifest that the entry is, which only a plain new file can be; or NULL. */
static struct store_archive_file *
match(struct store_archive *m, struct archive_entry *e, const char *path, struct pgo_err *err)
{
	static const size_t prefix = sizeof(STORE_ARCHIVE_FOLDER) - 1;
	const char *name = archive_entry_pathname(e);
	struct store_archive_file *f = NULL;

	if (name && !strncmp(name, STORE_ARCHIVE_FOLDER, prefix))
		f = store_archive_find(m, name + prefix);
	if (!f)
		bad_entry(path, name ? name : "", "is not in its manifest", err);
	else if (archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e) ||
		 archive_entry_symlink(e))
		bad_entry(path, name, "is no regular file", err);
	else if (f->staging)
		bad_entry(path, name, "is there twice", err);
	else if (!archive_entry_size_is_set(e) || (uint64_t)archive_entry_size(e) != f->bytes)
		bad_entry(path, name, "has not the size of its manifest", err);
	else
		return f;
	return NULL;
}

static int unpack_bytes(const struct store *s, struct archive *a, const char *path,
			struct store_archive_file *f, struct pgo_err *err)
{
	PGO_AUTO_FREE char *buf = xmalloc(256 << 10);
	la_ssize_t n;
	int ret;

	while ((n = archive_read_data(a, buf, 256 << 10)) > 0) {
		if ((uint64_t)n > f->bytes - f->staging->bytes)
			return bad_entry(path, f->digest, "is larger than its manifest says", err);
		ret = store_staging_add(s, f->staging, buf, (size_t)n, err);
		if (ret)
			return ret;
	}
	return n < 0 ? pack_corrupt(a, path, WHAT, err) : 0;
}

static int unpack_entry(const struct store *s, struct archive *a, const char *path,
			struct store_archive_file *f, uint64_t max_bytes, struct pgo_err *err)
{
	int ret;

	f->staging = xmalloc(sizeof(*f->staging));
	*f->staging = (struct store_staging)STORE_STAGING_INIT;
	ret = store_staging_open(s, f->staging, err);
	if (!ret)
		ret = unpack_bytes(s, a, path, f, err);
	if (!ret)
		ret = store_staging_seal(s, f->staging, err);
	if (ret)
		return ret;
	if (strcmp(f->staging->digest, f->digest) != 0)
		return bad_entry(path, f->digest, "has not the digest of its manifest", err);
	ret = store_describe(f->staging->path, max_bytes, &f->about, err);
	return ret ? pgo_err_prefix(err, "'%s' holds no good profile as %.12s", path, f->digest)
		   : 0;
}

static int unpack(const struct store *s, struct archive *a, const char *path,
		  struct store_archive *m, uint64_t max_bytes, struct pgo_err *err)
{
	struct archive_entry *e;
	int ret, r;

	while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK) {
		struct store_archive_file *f = match(m, e, path, err);

		ret = f ? unpack_entry(s, a, path, f, max_bytes, err) : -PGO_EFORMAT;
		if (ret)
			return ret;
	}
	if (r != ARCHIVE_EOF)
		return pack_corrupt(a, path, WHAT, err);
	for (size_t i = 0; i < m->nr_files; i++)
		if (!m->files[i].staging)
			return pgo_error(err, PGO_EFORMAT, "'%s' is truncated: %s is missing", path,
					 m->files[i].digest);
	return 0;
}

static int read_archive(const struct store *s, struct source *src, const char *path,
			const struct store_import_opts *opts, struct store_archive *m,
			struct pgo_err *err)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct archive *a = archive_read_new();
	int ret = 0;

	pack_expect(a);
	if (archive_read_open(a, src, NULL, read_some, NULL) != ARCHIVE_OK)
		ret = pack_corrupt(a, path, WHAT, err);
	if (!ret)
		ret = pack_read_manifest(a, path, WHAT, &text, err);
	if (!ret)
		ret = store_archive_parse(m, path, &text, opts->max_bytes, err);
	if (!ret)
		ret = unpack(s, a, path, m, opts->max_bytes, err);
	archive_read_free(a);
	if (ret && child_cancelled())
		return pgo_error(err, PGO_ECANCELLED, "stopped while reading '%s'", path);
	return ret;
}

/* Before the first byte is unpacked, and of the very bytes that were unpacked. */
static int read_trusted(const struct store *s, const char *path,
			const struct store_import_opts *opts, struct store_archive *m,
			struct pgo_err *err)
{
	PGO_AUTO_FREE struct source *src = xcalloc(1, sizeof(*src));
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char before[DIGEST_HEX_LEN + 1], after[DIGEST_HEX_LEN + 1];
	PGO_AUTO_FREE char *signature = xstrfmt("%s" SIGN_SUFFIX, path);
	const bool check = opts->trust || fs_exists(signature);
	int ret = 0;

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	src->fd = fd;
	digest_init(&src->sum);
	if (check)
		ret = drain(src, path, before, err);
	if (!ret && check)
		ret = sign_check(opts->trust, path, before, err);
	if (!ret && check && lseek(fd, 0, SEEK_SET) < 0)
		ret = pgo_error_errno(err, "cannot read '%s' twice", path);
	digest_init(&src->sum);
	if (!ret)
		ret = read_archive(s, src, path, opts, m, err);
	if (!ret)
		ret = drain(src, path, after, err);
	if (!ret && check && strcmp(before, after) != 0)
		ret = pgo_error(err, PGO_EFORMAT, "'%s' changed while it was read", path);
	return ret;
}

/* Who it is from is the manifest's word; what it is, the file's own. */
static void complete(struct store_entry *e, const struct store_entry *about)
{
	e->format = xstrdup(about->format);
	e->technique = xstrdup(about->technique);
	e->compiler = xstrdup(about->compiler);
	e->source_sha256 = xstrdup(about->source_sha256);
	e->commit = xstrdup(about->commit);
	e->machine = xstrdup(about->machine);
	e->dirty = about->dirty;
}

static int enter_all(struct store *s, struct store_archive *m, bool good,
		     struct store_imported *done, struct pgo_err *err)
{
	int64_t now = (int64_t)time(NULL);
	int ret = 0;

	for (size_t i = 0; !ret && i < m->nr_profiles; i++) {
		struct store_archive_profile *p = &m->profiles[i];
		bool is_new = false;

		complete(&p->entry, &store_archive_find(m, p->entry.digest)->about);
		ret = store_index_add(s, &p->entry, &is_new, err);
		done->nr_new += is_new;
		if (!ret && good && p->last_good)
			ret = store_index_mark_good(s, p->entry.project, p->entry.digest, now, err);
	}
	for (size_t i = 0; !ret && i < m->nr_signatures; i++)
		ret = store_index_add_signature(s, m->signatures[i].digest, &m->signatures[i].sig,
						err);
	return ret;
}

static int enter(struct store *s, struct store_archive *m, bool good, struct store_imported *done,
		 struct pgo_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < m->nr_files; i++)
		ret = store_staging_settle(s, m->files[i].staging, err);
	if (!ret)
		ret = database_begin(&s->db, err);
	if (ret)
		return ret;
	ret = enter_all(s, m, good, done, err);
	if (!ret)
		return database_commit(&s->db, err);
	database_rollback(&s->db);
	return ret;
}

int store_import(struct store *s, const char *path, const struct store_import_opts *opts,
		 struct store_imported *ret, struct pgo_err *err)
{
	PGO_AUTO(store_archive) m = STORE_ARCHIVE_INIT;
	PGO_AUTO(store_imported) done = STORE_IMPORTED_INIT;
	int code = read_trusted(s, path, opts, &m, err);

	if (!code)
		code = enter(s, &m, opts->good, &done, err);
	if (code)
		return code;
	for (size_t i = 0; i < m.nr_profiles; i++) {
		VEC_GROW(done.entries.v, done.entries.nr, done.entries.alloc);
		done.entries.v[done.entries.nr++] = m.profiles[i].entry;
		m.profiles[i].entry = (struct store_entry){ 0 };
	}
	*ret = done;
	done = (struct store_imported)STORE_IMPORTED_INIT;
	return 0;
}
