/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest of an archive that may come from anywhere. */
#include "pgo/core/store-archive.h"

#include <inttypes.h>

#include "pgo/base/num.h"
#include "pgo/core/store-object.h"

void store_archive_release(struct store_archive *a)
{
	for (size_t i = 0; i < a->nr_files; i++) {
		if (a->files[i].staging)
			store_staging_release(a->files[i].staging);
		free(a->files[i].staging);
		store_entry_release(&a->files[i].about);
	}
	for (size_t i = 0; i < a->nr_profiles; i++)
		store_entry_release(&a->profiles[i].entry);
	free(a->files);
	free(a->profiles);
	free(a->signatures);
	*a = (struct store_archive)STORE_ARCHIVE_INIT;
}

static int compare(const void *key, const void *file)
{
	return strcmp(key, ((const struct store_archive_file *)file)->digest);
}

struct store_archive_file *store_archive_find(const struct store_archive *a, const char *digest)
{
	if (!a->nr_files)
		return NULL;
	return bsearch(digest, a->files, a->nr_files, sizeof(*a->files), compare);
}

static void take_hex(const json_t *o, const char *key, char *out, size_t len, bool *ok)
{
	const char *s = js_get_string(o, key, ok);

	if (strlen(s) != len || strspn(s, "0123456789abcdef") != len)
		*ok = false;
	else
		memcpy(out, s, len + 1);
}

/* A text, or null. */
static char *take_text(const json_t *o, const char *key, bool *ok)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_string(v) && json_string_length(v) <= STORE_MAX_TEXT)
		return xstrdup(json_string_value(v));
	if (!json_is_null(v))
		*ok = false;
	return NULL;
}

static void take_file(const json_t *o, struct store_archive *a, uint64_t *sum, bool *ok)
{
	struct store_archive_file *f = &a->files[a->nr_files++];

	take_hex(o, "sha256", f->digest, DIGEST_HEX_LEN, ok);
	f->bytes = js_get_u64(o, "bytes", ok);
	*sum = num_add_sat(*sum, f->bytes, NULL);
	if (a->nr_files > 1 && strcmp(f[-1].digest, f->digest) >= 0)
		*ok = false;
}

static void take_profile(const json_t *o, struct store_archive *a, bool *ok)
{
	struct store_archive_profile *p = &a->profiles[a->nr_profiles++];
	const struct store_archive_file *f;

	if (store_project(js_get_string(o, "project", ok), NULL, &p->entry.project, NULL))
		*ok = false;
	take_hex(o, "sha256", p->entry.digest, DIGEST_HEX_LEN, ok);
	f = store_archive_find(a, p->entry.digest);
	if (!f || !json_is_integer(json_object_get(o, "added")))
		*ok = false;
	else
		p->entry.bytes = f->bytes;
	p->entry.added = json_integer_value(json_object_get(o, "added"));
	p->entry.host = take_text(o, "host", ok);
	p->entry.origin = take_text(o, "origin", ok);
	p->entry.note = take_text(o, "note", ok);
	p->last_good = json_is_true(json_object_get(o, "last_good"));
}

static void take_signature(const json_t *o, struct store_archive *a, bool *ok)
{
	struct store_archive_signature *s = &a->signatures[a->nr_signatures++];

	take_hex(o, "sha256", s->digest, DIGEST_HEX_LEN, ok);
	take_hex(o, "key", s->sig.key, SIGN_KEY_HEX_LEN, ok);
	take_hex(o, "signature", s->sig.signature, SIGN_HEX_LEN, ok);
	if (*ok && (!store_archive_find(a, s->digest) ||
		    !sign_is_valid(s->sig.key, s->digest, s->sig.signature)))
		*ok = false;
}

static const json_t *take_list(const json_t *o, const char *key, bool *ok)
{
	const json_t *list = json_object_get(o, key);

	if (!json_is_array(list))
		*ok = false;
	return list;
}

static void take_all(const json_t *o, struct store_archive *a, uint64_t *sum, bool *ok)
{
	const json_t *files = take_list(o, "files", ok), *profiles = take_list(o, "profiles", ok);
	const json_t *signatures = take_list(o, "signatures", ok), *item;
	size_t i;

	a->files = xcalloc(json_array_size(files) + 1, sizeof(*a->files));
	a->profiles = xcalloc(json_array_size(profiles) + 1, sizeof(*a->profiles));
	a->signatures = xcalloc(json_array_size(signatures) + 1, sizeof(*a->signatures));
	json_array_foreach(files, i, item)
		take_file(item, a, sum, ok);
	json_array_foreach(profiles, i, item)
		take_profile(item, a, ok);
	json_array_foreach(signatures, i, item)
		take_signature(item, a, ok);
}

static int too_large(const char *path, uint64_t sum, uint64_t max_bytes, struct pgo_err *err)
{
	pgo_error(err, PGO_ELIMIT,
		  "'%s' would unpack to %" PRIu64 " bytes, more than the %" PRIu64
		  " that are allowed",
		  path, sum, max_bytes);
	return pgo_err_hint(err, "--max-size SIZE allows more");
}

int store_archive_parse(struct store_archive *ret, const char *path, const struct strbuf *text,
			uint64_t max_bytes, struct pgo_err *err)
{
	PGO_AUTO(store_archive) a = STORE_ARCHIVE_INIT;
	PGO_AUTO(json_holder) h = { NULL };
	uint64_t format, sum = 0;
	bool ok = true;
	int code = js_parse(path, text->buf, text->len, &h.o, err);

	if (code)
		return pgo_err_prefix(err, "the manifest of '%s'", path);
	format = js_get_u64(h.o, "format", &ok);
	if (ok && format != STORE_ARCHIVE_FORMAT) {
		pgo_error(err, PGO_EVERSION,
			  "'%s' is of store archive format %" PRIu64 "; this pgoctl reads %d", path,
			  format, STORE_ARCHIVE_FORMAT);
		return pgo_err_hint(err, "use the pgoctl that made it, or a newer one");
	}
	if (ok)
		take_all(h.o, &a, &sum, &ok);
	if (!ok)
		return pgo_error(err, PGO_EFORMAT,
				 "the manifest of '%s' lacks a field or has a wrong one", path);
	if (sum > max_bytes)
		return too_large(path, sum, max_bytes, err);
	*ret = a;
	a = (struct store_archive)STORE_ARCHIVE_INIT;
	return 0;
}
