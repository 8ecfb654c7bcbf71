/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/store-add.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/bundle.h"
#include "pgo/core/store-index.h"
#include "pgo/core/store-object.h"
#include "profiles/format.h"

#define MAX_FILES (1u << 20) /* in one bundle */

static char *unless_empty(const char *s)
{
	return s && *s ? xstrdup(s) : NULL;
}

/* Before anything is unpacked, which then is no larger than it says. */
static int check_size(const char *path, uint64_t max_bytes, struct pgo_err *err)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	uint64_t bytes = 0, files = 0;
	int ret = bundle_read(path, NULL, &b, err);

	for (size_t i = 0; !ret && i < b.nr_payloads; i++) {
		bytes = num_add_sat(bytes, b.payloads[i].bytes, NULL);
		files = num_add_sat(files, b.payloads[i].files, NULL);
	}
	if (ret || (bytes <= max_bytes && files <= MAX_FILES))
		return ret;
	return pgo_error(err, PGO_ELIMIT,
			 "'%s' would unpack to %" PRIu64 " bytes in %" PRIu64 " files", path, bytes,
			 files);
}

static int describe_bundle(const char *path, uint64_t max_bytes, struct store_entry *e,
			   struct pgo_err *err)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	int ret = check_size(path, max_bytes, err);

	if (!ret)
		ret = tempdir_make(&dir, NULL, err);
	if (!ret)
		ret = bundle_read(path, dir.path, &b, err);
	if (ret)
		return ret;
	e->format = xstrdup("bundle");
	e->technique = unless_empty(b.technique);
	e->compiler = unless_empty(b.banner);
	e->source_sha256 = unless_empty(b.source_sha256);
	e->commit = unless_empty(b.commit);
	e->machine = unless_empty(b.machine);
	e->dirty = b.dirty;
	return 0;
}

static int describe_bare(const char *path, struct store_entry *e, struct pgo_err *err)
{
	const struct prof_read_opts opts = { 0 };
	const struct prof_format *format;
	PGO_AUTO(profile) model = PROFILE_INIT;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	int ret = prof_identify(path, &format, err);

	if (ret)
		return ret;
	if (format->caps & PROF_CAP_SAMPLES) {
		pgo_error(err, PGO_EUSAGE, "'%s' is a recording, not yet a profile", path);
		return pgo_err_hint(err, "pgoctl convert makes one of it");
	}
	ret = prof_read(path, &opts, &model, &why);
	if (ret == -PGO_ETOOL) {
		log_warn("'%s' is added without being read through: %s", path, why.msg);
	} else if (ret) {
		if (err) {
			pgo_err_release(err);
			*err = why;
			why = (struct pgo_err)PGO_ERR_INIT;
		}
		return ret;
	}
	e->format = xstrdup(format->name);
	return 0;
}

int store_describe(const char *path, uint64_t max_bytes, struct store_entry *e, struct pgo_err *err)
{
	if (fs_is_dir(path)) {
		PGO_AUTO(strbuf) quoted = STRBUF_INIT;

		strbuf_addquoted(&quoted, path);
		pgo_error(err, PGO_EUSAGE, "'%s' is a folder: a profile in the store is one file",
			  path);
		return pgo_err_hint(err, "pgoctl merge -o merged.prof %s makes one of it",
				    quoted.buf);
	}
	return bundle_is(path) ? describe_bundle(path, max_bytes, e, err)
			       : describe_bare(path, e, err);
}

static int copy_bytes(const struct store *s, int fd, const char *path, struct store_staging *o,
		      struct pgo_err *err)
{
	PGO_AUTO_FREE char *buf = xmalloc(256 << 10);
	ssize_t n;
	int ret;

	while ((n = read(fd, buf, 256 << 10))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pgo_error_errno(err, "cannot read '%s'", path);
		ret = store_staging_add(s, o, buf, (size_t)n, err);
		if (ret)
			return ret;
	}
	return 0;
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What is copied is what was read through: the same file, which nobody wrote to meanwhile. */
static int stage(const struct store *s, const char *path, struct store_staging *o,
		 struct store_entry *e, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat before, after;
	int ret;

	if (fd < 0 || fstat(fd, &before))
		return pgo_error_errno(err, "cannot open '%s'", path);
	ret = store_describe(path, UINT64_MAX, e, err);
	if (!ret && !S_ISREG(before.st_mode))
		ret = pgo_error(err, PGO_EUSAGE, "'%s' is no regular file", path);
	if (!ret)
		ret = store_staging_open(s, o, err);
	if (!ret)
		ret = copy_bytes(s, fd, path, o, err);
	if (ret)
		return ret;
	if (stat(path, &after) || !is_unchanged(&before, &after))
		return pgo_error(err, PGO_EIO, "'%s' changed while it was read", path);
	return store_staging_seal(s, o, err);
}

static int enter_all(struct store *s, struct store_entry *e, const struct store_add_opts *opts,
		     bool *is_new, struct pgo_err *err)
{
	int ret = store_index_add(s, e, is_new, err);

	if (!ret && opts->key) {
		struct store_signature sig;

		memcpy(sig.key, opts->key->public_hex, sizeof(sig.key));
		sign_digest(opts->key, e->digest, sig.signature);
		ret = store_index_add_signature(s, e->digest, &sig, err);
	}
	if (!ret && opts->good)
		ret = store_index_mark_good(s, e->project, e->digest, e->added, err);
	return ret;
}

static int enter(struct store *s, struct store_entry *e, const struct store_add_opts *opts,
		 bool *is_new, struct pgo_err *err)
{
	int ret = database_begin(&s->db, err);

	if (ret)
		return ret;
	ret = enter_all(s, e, opts, is_new, err);
	if (!ret)
		return database_commit(&s->db, err);
	database_rollback(&s->db);
	return ret;
}

int store_add(struct store *s, const char *path, const struct store_add_opts *opts,
	      struct store_entry *ret, bool *is_new, struct pgo_err *err)
{
	PGO_AUTO(store_staging) o = STORE_STAGING_INIT;
	PGO_AUTO(store_entry) e = { .added = (int64_t)time(NULL) };
	struct utsname u;
	int code = 0;

	if (opts->note && strlen(opts->note) > STORE_MAX_TEXT)
		return pgo_error(err, PGO_EUSAGE, "the note is longer than %d bytes",
				 STORE_MAX_TEXT);
	code = stage(s, path, &o, &e, err);
	if (code)
		return code;
	memcpy(e.digest, o.digest, sizeof(e.digest));
	e.bytes = o.bytes;
	e.project = xstrdup(opts->project);
	e.note = xstrdup(opts->note);
	e.host = uname(&u) ? NULL : xstrdup(u.nodename);
	e.origin = fs_absolute(path);
	code = store_staging_settle(s, &o, err);
	if (!code)
		code = enter(s, &e, opts, is_new, err);
	return code ? code : store_find(s, e.digest, opts->project, ret, NULL, err);
}
