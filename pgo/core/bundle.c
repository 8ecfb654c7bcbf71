/* SPDX-License-Identifier: Apache-2.0 */
/* The archive side; the manifest's JSON is in bundle-manifest.c. */
#include "pgo/core/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/core/bundle-manifest.h"
#include "pgo/core/pack.h"

#define WHAT "profile bundle"

struct sum {
	struct digest d;
	struct bundle_payload *payload;
};

static int sum_file(const char *path, const char *rel, const struct stat *st, void *arg,
		    struct pgo_err *err)
{
	struct sum *s = arg;

	if (S_ISDIR(st->st_mode))
		return 0;
	s->payload->files++;
	s->payload->bytes += (uint64_t)st->st_size;
	digest_add_str(&s->d, rel);
	digest_add(&s->d, &st->st_size, sizeof(st->st_size));
	return digest_add_file(&s->d, path, err);
}

int bundle_hash_payload(const char *path, struct bundle_payload *payload, struct pgo_err *err)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct sum s = { .payload = payload };
	struct stat st;
	int ret;

	payload->files = payload->bytes = 0;
	digest_init(&s.d);
	if (stat(path, &st))
		return pgo_error_errno(err, "cannot open '%s'", path);
	if (S_ISDIR(st.st_mode)) {
		ret = fs_walk(path, sum_file, &s, err);
	} else {
		payload->files = 1;
		payload->bytes = (uint64_t)st.st_size;
		ret = digest_add_file(&s.d, path, err);
	}
	if (ret)
		return ret;
	digest_hex(&s.d, hex);
	free(payload->sha256);
	payload->sha256 = xstrdup(hex);
	return 0;
}

struct writing {
	struct archive *a;
	const char *prefix; /* of the names in the archive */
	const char *path;
};

static int put_file(const char *file, const char *rel, const struct stat *st, void *arg,
		    struct pgo_err *err)
{
	const struct writing *w = arg;
	PGO_AUTO_FREE char *name = fs_join(w->prefix, rel);
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	int ret;

	if (!S_ISREG(st->st_mode))
		return 0;
	ret = fs_view_open(&view, file, err);
	return ret ? ret : pack_put(w->a, name, view.data, view.len, w->path, err);
}

static int put_payloads(struct archive *a, const struct bundle *b, const char *dir,
			const char *path, struct pgo_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < b->nr_payloads; i++) {
		PGO_AUTO_FREE char *full = fs_join(dir, b->payloads[i].path);
		struct writing w = { a, b->payloads[i].path, path };
		struct stat st;

		if (stat(full, &st))
			return pgo_error_errno(err, "cannot open '%s'", full);
		ret = S_ISDIR(st.st_mode) ? fs_walk(full, put_file, &w, err)
					  : put_file(full, "", &st, &w, err);
	}
	return ret;
}

static int note_odd_name(const char *path, const char *rel, const struct stat *st, void *arg,
			 struct pgo_err *err)
{
	bool *odd = arg;

	(void)path;
	(void)st;
	(void)err;
	*odd |= mbstowcs(NULL, rel, 0) == (size_t)-1;
	return 0;
}

/* A source file's name may be of any encoding: then names are bytes, which GNU tar warns of. */
static int choose_options(const struct bundle *b, const char *dir, const char **ret,
			  struct pgo_err *err)
{
	bool odd = false;
	int r = 0;

	for (size_t i = 0; !r && i < b->nr_payloads; i++) {
		PGO_AUTO_FREE char *full = fs_join(dir, b->payloads[i].path);

		r = fs_is_dir(full) ? fs_walk(full, note_odd_name, &odd, err) : 0;
	}
	*ret = odd ? PACK_OPTIONS ",hdrcharset=BINARY" : PACK_OPTIONS;
	return r;
}

static int write_archive(struct archive *a, const struct bundle *b, const char *dir, int fd,
			 const char *path, struct pgo_err *err)
{
	PGO_AUTO(strbuf) manifest = STRBUF_INIT;
	const char *options;
	int ret = choose_options(b, dir, &options, err);

	if (!ret)
		ret = pack_begin(a, fd, options, path, err);
	manifest_write(b, &manifest);
	if (!ret)
		ret = pack_put_manifest(a, &manifest, path, err);
	if (!ret)
		ret = put_payloads(a, b, dir, path, err);
	return ret ? ret : pack_end(a, path, err);
}

int bundle_write(const struct bundle *b, const char *dir, const char *path, struct pgo_err *err)
{
	PGO_AUTO(fs_atomic) out = FS_ATOMIC_INIT;
	struct archive *a;
	int ret = fs_atomic_open(&out, path, 0666, err);

	if (ret)
		return ret;
	a = archive_write_new();
	ret = write_archive(a, b, dir, out.fd, path, err);
	archive_write_free(a);
	return ret ? ret : fs_atomic_commit(&out, err);
}

bool bundle_is(const char *path)
{
	static const unsigned char zstd[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char head[4];

	return fd >= 0 && read(fd, head, 4) == 4 && !memcmp(head, zstd, 4);
}

/* The payload that an entry belongs to; NULL: none, or a name that climbs out. */
static struct bundle_payload *payload_of(const struct bundle *b, const char *name)
{
	if (name[0] == '/' || !strncmp(name, "../", 3) || strstr(name, "/../") ||
	    strstr(name, "//") || strstr(name, "/./"))
		return NULL;
	for (size_t i = 0; i < b->nr_payloads; i++) {
		const char *p = b->payloads[i].path;
		size_t len = strlen(p);

		if (!strncmp(name, p, len) && (!name[len] || (name[len] == '/' && name[len + 1])) &&
		    strcmp(fs_basename(name), "..") != 0)
			return &b->payloads[i];
	}
	return NULL;
}

static int read_manifest(struct archive *a, const char *path, struct bundle *b, struct pgo_err *err)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	int ret = pack_read_manifest(a, path, WHAT, &text, err);

	return ret ? ret : manifest_read(path, text.buf, text.len, b, err);
}

/* What of a payload may still come, by the manifest. */
struct room {
	uint64_t bytes, files;
};

static int too_large(const char *path, const char *name, struct pgo_err *err)
{
	return pgo_error(err, PGO_EFORMAT, "'%s' is corrupt: '%s' is larger than its manifest says",
			 path, name);
}

/* A new file for an entry. The folder was empty: what is in the way came from the archive. */
static int create(const char *path, const char *name, const char *full, int *ret_fd,
		  struct pgo_err *err)
{
	PGO_AUTO_FREE char *parent = fs_dirname(full);
	int ret = fs_mkdir_p(parent, err);

	if (!ret) {
		*ret_fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (*ret_fd >= 0)
			return 0;
		ret = pgo_error_errno(err, "cannot create '%s'", full);
	}
	if (fs_exists(full) || (fs_exists(parent) && !fs_is_dir(parent)))
		return pgo_error(err, PGO_EFORMAT,
				 "'%s' is corrupt: another entry is in the way of '%s'", path,
				 name);
	return ret;
}

static int unpack_entry(struct archive *a, const char *path, const char *name, const char *dir,
			struct room *room, struct pgo_err *err)
{
	PGO_AUTO_FREE char *full = fs_join(dir, name);
	PGO_AUTO_CLOSE int fd = -1;
	char buf[64 << 10];
	la_ssize_t n;
	int ret;

	if (!room->files--)
		return too_large(path, name, err);
	ret = create(path, name, full, &fd, err);
	if (ret)
		return ret;
	while ((n = archive_read_data(a, buf, sizeof(buf))) > 0) {
		if ((uint64_t)n > room->bytes)
			return too_large(path, name, err);
		room->bytes -= (uint64_t)n;
		ret = fs_write_all(fd, buf, (size_t)n);
		if (ret) {
			errno = -ret;
			return pgo_error_errno(err, "cannot write '%s'", full);
		}
	}
	return n < 0 ? pack_corrupt(a, path, WHAT, err) : 0;
}

static int unpack(struct archive *a, const char *path, const char *dir, const struct bundle *b,
		  struct pgo_err *err)
{
	PGO_AUTO_FREE struct room *rooms = xcalloc(b->nr_payloads, sizeof(*rooms));
	struct archive_entry *e;
	int ret = 0, r;

	for (size_t i = 0; i < b->nr_payloads; i++)
		rooms[i] = (struct room){ b->payloads[i].bytes, b->payloads[i].files };
	while (!ret && (r = archive_read_next_header(a, &e)) != ARCHIVE_EOF) {
		const char *name = r == ARCHIVE_OK ? archive_entry_pathname(e) : NULL;
		struct bundle_payload *p = name ? payload_of(b, name) : NULL;

		if (r != ARCHIVE_OK)
			return pack_corrupt(a, path, WHAT, err);
		if (!p || archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e))
			return pgo_error(err, PGO_EFORMAT,
					 "'%s' is corrupt: its entry '%s' is not in its manifest",
					 path, name ? name : "");
		ret = unpack_entry(a, path, name, dir, &rooms[p - b->payloads], err);
	}
	return ret;
}

static int verify(const char *path, const char *dir, const struct bundle *b, struct pgo_err *err)
{
	for (size_t i = 0; i < b->nr_payloads; i++) {
		PGO_AUTO_FREE char *full = fs_join(dir, b->payloads[i].path);
		struct bundle_payload found = { 0 };
		bool same;
		int ret;

		if (!fs_exists(full))
			return pgo_error(err, PGO_EFORMAT, "'%s' is truncated: '%s' is missing",
					 path, b->payloads[i].path);
		ret = bundle_hash_payload(full, &found, err);
		if (ret)
			return ret;
		same = !strcmp(found.sha256, b->payloads[i].sha256);
		free(found.sha256);
		if (!same)
			return pgo_error(err, PGO_EFORMAT,
					 "'%s' is corrupt: '%s' has not the hash of its manifest",
					 path, b->payloads[i].path);
	}
	return 0;
}

int bundle_read(const char *path, const char *dir, struct bundle *ret, struct pgo_err *err)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	struct archive *a;
	int r = 0;

	if (!fs_exists(path)) {
		errno = ENOENT;
		return pgo_error_errno(err, "cannot open '%s'", path);
	}
	a = archive_read_new();
	pack_expect(a);
	if (archive_read_open_filename(a, path, 64 << 10) != ARCHIVE_OK)
		r = pack_corrupt(a, path, WHAT, err);
	if (!r)
		r = read_manifest(a, path, &b, err);
	if (!r && dir)
		r = unpack(a, path, dir, &b, err);
	archive_read_free(a);
	if (!r && dir)
		r = verify(path, dir, &b, err);
	if (r)
		return r;
	*ret = b;
	b = (struct bundle)BUNDLE_INIT;
	return 0;
}
