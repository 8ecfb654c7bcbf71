/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/pack.h"

#include <sys/stat.h>

#include "pgo/core/digest.h"

#define MANIFEST "manifest.json"
#define MANIFEST_SUM "manifest.sha256"
#define MANIFEST_MAX (64u << 20)

static int failed(struct archive *a, const char *path, struct pgo_err *err)
{
	int errnum = archive_errno(a);

	return pgo_error(err, PGO_EIO, "cannot write '%s': %s", path,
			 errnum > 0 ? strerror(errnum) : archive_error_string(a));
}

int pack_begin(struct archive *a, int fd, const char *options, const char *path,
	       struct pgo_err *err)
{
	if (archive_write_set_format_pax_restricted(a) != ARCHIVE_OK ||
	    archive_write_add_filter_zstd(a) != ARCHIVE_OK ||
	    archive_write_set_options(a, options) != ARCHIVE_OK ||
	    archive_write_open_fd(a, fd) != ARCHIVE_OK)
		return failed(a, path, err);
	return 0;
}

static int put_header(struct archive *a, const char *name, uint64_t size, const char *path,
		      struct pgo_err *err)
{
	struct archive_entry *e = archive_entry_new();
	int ret = 0;

	archive_entry_set_pathname(e, name);
	archive_entry_set_size(e, (int64_t)size);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_mtime(e, 0, 0);
	if (archive_write_header(a, e) != ARCHIVE_OK)
		ret = failed(a, path, err);
	archive_entry_free(e);
	return ret;
}

int pack_put(struct archive *a, const char *name, const void *data, size_t len, const char *path,
	     struct pgo_err *err)
{
	int ret = put_header(a, name, len, path, err);

	if (!ret && len && archive_write_data(a, data, len) != (la_ssize_t)len)
		ret = failed(a, path, err);
	return ret;
}

static void manifest_sum(const struct strbuf *text, struct strbuf *out)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct digest d;

	digest_init(&d);
	digest_add(&d, text->buf, text->len);
	digest_hex(&d, hex);
	strbuf_addf(out, "%s  " MANIFEST "\n", hex);
}

int pack_put_manifest(struct archive *a, const struct strbuf *text, const char *path,
		      struct pgo_err *err)
{
	PGO_AUTO(strbuf) sum = STRBUF_INIT;
	int ret = pack_put(a, MANIFEST, text->buf, text->len, path, err);

	manifest_sum(text, &sum);
	return ret ? ret : pack_put(a, MANIFEST_SUM, sum.buf, sum.len, path, err);
}

int pack_end(struct archive *a, const char *path, struct pgo_err *err)
{
	return archive_write_close(a) == ARCHIVE_OK ? 0 : failed(a, path, err);
}

void pack_expect(struct archive *a)
{
	archive_read_support_filter_zstd(a);
	archive_read_support_format_tar(a);
}

int pack_corrupt(struct archive *a, const char *path, const char *what, struct pgo_err *err)
{
	const char *text = archive_error_string(a);
	long long at = archive_filter_bytes(a, -1);
	struct stat st;

	/* Nothing could be decoded: the head is no archive's, or is all that there is. */
	if (at < 0)
		at = stat(path, &st) ? 0 : (long long)st.st_size;
	return pgo_error_at(err, PGO_EFORMAT, path, at,
			    "'%s' is no %s, or truncated or corrupt, at byte %lld: %s", path, what,
			    at, text ? text : "unexpected end");
}

static int read_text(struct archive *a, const char *path, const char *what, struct strbuf *out,
		     struct pgo_err *err)
{
	char buf[16 << 10];
	la_ssize_t n;

	while ((n = archive_read_data(a, buf, sizeof(buf))) > 0) {
		strbuf_add(out, buf, (size_t)n);
		if (out->len > MANIFEST_MAX)
			return pgo_error(err, PGO_ELIMIT, "the manifest of '%s' is too large",
					 path);
	}
	return n < 0 ? pack_corrupt(a, path, what, err) : 0;
}

/* The next entry, which must be name, as text. */
static int read_entry(struct archive *a, const char *path, const char *what, const char *name,
		      struct strbuf *out, struct pgo_err *err)
{
	struct archive_entry *e;
	const char *found;

	if (archive_read_next_header(a, &e) != ARCHIVE_OK)
		return pack_corrupt(a, path, what, err);
	found = archive_entry_pathname(e);
	if (!found || strcmp(found, name) != 0)
		return pgo_error_at(err, PGO_EFORMAT, path, 0,
				    "'%s' is no %s: it does not begin with " MANIFEST
				    " and " MANIFEST_SUM,
				    path, what);
	return read_text(a, path, what, out, err);
}

int pack_read_manifest(struct archive *a, const char *path, const char *what, struct strbuf *text,
		       struct pgo_err *err)
{
	PGO_AUTO(strbuf) sum = STRBUF_INIT, found = STRBUF_INIT;
	int ret = read_entry(a, path, what, MANIFEST, text, err);

	if (!ret)
		ret = read_entry(a, path, what, MANIFEST_SUM, &found, err);
	if (ret)
		return ret;
	manifest_sum(text, &sum);
	if (strcmp(sum.buf, found.buf) != 0)
		return pgo_error(err, PGO_EFORMAT,
				 "'%s' is corrupt: " MANIFEST " has not the hash of " MANIFEST_SUM,
				 path);
	return 0;
}
