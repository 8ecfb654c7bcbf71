/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/store-archive.h"

#include "pgo/base/fs.h"
#include "pgo/core/pack.h"
#include "pgo/core/store-index.h"

static int by_digest(const void *a, const void *b)
{
	const struct store_entry *const *x = a, *const *y = b;

	return strcmp((*x)->digest, (*y)->digest);
}

/* Within a project as they were added, so that the last ones are the last ones again. */
static int by_project(const void *a, const void *b)
{
	const struct store_entry *const *x = a, *const *y = b;
	int order = strcmp((*x)->project, (*y)->project);

	if (!order)
		order = ((*x)->added > (*y)->added) - ((*x)->added < (*y)->added);
	return order ? order : strcmp((*x)->digest, (*y)->digest);
}

/* The entries as a sorted vector of pointers, one for each digest where unique is set. */
static const struct store_entry **sorted(const struct store_entries *list, bool unique, size_t *ret)
{
	const struct store_entry **v = xcalloc(list->nr + 1, sizeof(*v));
	size_t nr = 0;

	for (size_t i = 0; i < list->nr; i++)
		v[i] = &list->v[i];
	if (list->nr)
		qsort(v, list->nr, sizeof(struct store_entry *), unique ? by_digest : by_project);
	for (size_t i = 0; i < list->nr; i++)
		if (!unique || !nr || strcmp(v[nr - 1]->digest, v[i]->digest) != 0)
			v[nr++] = v[i];
	*ret = nr;
	return v;
}

static json_t *profile_json(const struct store_entry *e)
{
	json_t *o = json_object();

	json_object_set_new(o, "project", js_string(e->project));
	json_object_set_new(o, "sha256", js_string(e->digest));
	json_object_set_new(o, "added", json_integer(e->added));
	json_object_set_new(o, "host", js_string(e->host));
	json_object_set_new(o, "origin", js_string(e->origin));
	json_object_set_new(o, "note", js_string(e->note));
	json_object_set_new(o, "last_good", json_boolean(e->last_good));
	return o;
}

static json_t *signature_json(const char *digest, const char *key, const char *signature)
{
	json_t *o = json_object();

	json_object_set_new(o, "sha256", js_string(digest));
	json_object_set_new(o, "key", js_string(key));
	json_object_set_new(o, "signature", js_string(signature));
	return o;
}

static int add_signatures(struct store *s, const char *digest, const struct sign_key *key,
			  json_t *list, struct pgo_err *err)
{
	PGO_AUTO(store_signatures) found = STORE_SIGNATURES_INIT;
	int ret = store_signatures_of(s, digest, &found, err);
	char signature[SIGN_HEX_LEN + 1];

	if (ret)
		return ret;
	if (key) {
		sign_digest(key, digest, signature);
		json_array_append_new(list, signature_json(digest, key->public_hex, signature));
	}
	for (size_t i = 0; i < found.nr; i++)
		if (!key || strcmp(found.v[i].key, key->public_hex) != 0)
			json_array_append_new(list, signature_json(digest, found.v[i].key,
								   found.v[i].signature));
	return 0;
}

static int make_manifest(struct store *s, const struct store_entries *list,
			 const struct sign_key *key, struct strbuf *out, struct pgo_err *err)
{
	PGO_AUTO(json_holder) h = { json_object() };
	json_t *files = json_array(), *profiles = json_array(), *signatures = json_array();
	size_t nr_files, nr;
	PGO_AUTO_FREE const struct store_entry **file = sorted(list, true, &nr_files);
	PGO_AUTO_FREE const struct store_entry **profile = sorted(list, false, &nr);
	int ret = 0;

	json_object_set_new(h.o, "format", json_integer(STORE_ARCHIVE_FORMAT));
	json_object_set_new(h.o, "tool", js_string("pgoctl " PGOCTL_VERSION));
	json_object_set_new(h.o, "files", files);
	json_object_set_new(h.o, "profiles", profiles);
	json_object_set_new(h.o, "signatures", signatures);
	for (size_t i = 0; !ret && i < nr_files; i++) {
		json_t *o = json_object();

		json_object_set_new(o, "sha256", js_string(file[i]->digest));
		json_object_set_new(o, "bytes", js_u64(file[i]->bytes));
		json_array_append_new(files, o);
		ret = add_signatures(s, file[i]->digest, key, signatures, err);
	}
	for (size_t i = 0; i < nr; i++)
		json_array_append_new(profiles, profile_json(profile[i]));
	js_dump(h.o, out, false);
	strbuf_addch(out, '\n');
	return ret;
}

static int put_object(struct store *s, struct archive *a, const struct store_entry *e,
		      const char *path, struct pgo_err *err)
{
	PGO_AUTO_FREE char *file = store_object_path(s, e->digest);
	PGO_AUTO_FREE char *name = xstrfmt(STORE_ARCHIVE_FOLDER "%s", e->digest);
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	char found[DIGEST_HEX_LEN + 1];
	struct digest d;
	int ret = fs_view_open(&view, file, err);

	if (ret)
		return ret;
	digest_init(&d);
	digest_add(&d, view.data, view.len);
	digest_hex(&d, found);
	if (strcmp(found, e->digest) != 0 || view.len != e->bytes) {
		pgo_error_at(err, PGO_EFORMAT, file, -1, "profile %.12s is damaged: '%s'",
			     e->digest, file);
		return pgo_err_hint(err, "pgoctl store verify tells of each");
	}
	return pack_put(a, name, view.data, view.len, path, err);
}

static int write_archive(struct store *s, struct archive *a, const struct store_entries *list,
			 const struct sign_key *key, int fd, const char *path, struct pgo_err *err)
{
	PGO_AUTO(strbuf) manifest = STRBUF_INIT;
	size_t nr;
	PGO_AUTO_FREE const struct store_entry **file = sorted(list, true, &nr);
	int ret = make_manifest(s, list, key, &manifest, err);

	if (!ret)
		ret = pack_begin(a, fd, PACK_OPTIONS, path, err);
	if (!ret)
		ret = pack_put_manifest(a, &manifest, path, err);
	for (size_t i = 0; !ret && i < nr; i++)
		ret = put_object(s, a, file[i], path, err);
	return ret ? ret : pack_end(a, path, err);
}

/* A kill in between leaves the signature of another archive, which is refused. */
int store_export(struct store *s, const struct store_entries *list, const struct sign_key *key,
		 const char *path, struct pgo_err *err)
{
	PGO_AUTO(fs_atomic) out = FS_ATOMIC_INIT;
	char digest[DIGEST_HEX_LEN + 1];
	struct archive *a;
	int ret = fs_atomic_open(&out, path, 0666, err);

	if (ret)
		return ret;
	a = archive_write_new();
	ret = write_archive(s, a, list, key, out.fd, path, err);
	archive_write_free(a);
	if (!ret && key)
		ret = digest_file_hex(out.tmp_path, digest, err);
	if (!ret)
		ret = fs_atomic_commit(&out, err);
	return ret || !key ? ret : sign_write(key, path, digest, err);
}
