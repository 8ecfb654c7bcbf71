/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/store-index.h"

#include <stdio.h>
#include <time.h>

#include "pgo/base/fs.h"

static const char *const steps[] = {
	"CREATE TABLE profile("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	project TEXT NOT NULL,"
	"	digest TEXT NOT NULL,"
	"	bytes INTEGER NOT NULL,"
	"	added INTEGER NOT NULL,"
	"	host TEXT,"
	"	origin TEXT,"
	"	note TEXT,"
	"	format TEXT NOT NULL,"
	"	technique TEXT,"
	"	compiler TEXT,"
	"	source TEXT,"
	"	commit_id TEXT,"
	"	machine TEXT,"
	"	dirty INTEGER NOT NULL,"
	"	pinned INTEGER NOT NULL DEFAULT 0,"
	"	UNIQUE(project, digest));"
	"CREATE INDEX profile_by_digest ON profile(digest);"
	"CREATE TABLE good("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	project TEXT NOT NULL,"
	"	digest TEXT NOT NULL,"
	"	marked INTEGER NOT NULL,"
	"	withdrawn INTEGER);"
	"CREATE INDEX good_by_project ON good(project, id);"
	"CREATE TABLE signature("
	"	digest TEXT NOT NULL,"
	"	key TEXT NOT NULL,"
	"	signature TEXT NOT NULL,"
	"	PRIMARY KEY(digest, key));",
};

static const struct database_schema schema = {
	.id = 0x70676f73, /* "pgos" */
	.version = ARRAY_SIZE(steps),
	.steps = steps,
	.rollback_journal = true,
};

int store_index_open(struct store *s, enum database_mode mode, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_join(s->dir, "index.db");

	return database_open(&s->db, path, &schema, mode, err);
}

int store_index_add(struct store *s, const struct store_entry *e, bool *is_new, struct pgo_err *err)
{
	static const char sql[] =
		"INSERT INTO profile(project, digest, bytes, added, host, origin, note, format,"
		" technique, compiler, source, commit_id, machine, dirty)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT DO NOTHING";
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret = statement_init(&st, &s->db, sql, err);

	if (ret)
		return ret;
	statement_bind_text(&st, e->project);
	statement_bind_text(&st, e->digest);
	statement_bind_int(&st, (int64_t)e->bytes);
	statement_bind_int(&st, e->added);
	statement_bind_text(&st, e->host);
	statement_bind_text(&st, e->origin);
	statement_bind_text(&st, e->note);
	statement_bind_text(&st, e->format);
	statement_bind_text(&st, e->technique);
	statement_bind_text(&st, e->compiler);
	statement_bind_text(&st, e->source_sha256);
	statement_bind_text(&st, e->commit);
	statement_bind_text(&st, e->machine);
	statement_bind_int(&st, e->dirty);
	ret = statement_run(&st, err);
	*is_new = !ret && sqlite3_changes(s->db.db) > 0;
	return ret;
}

/* Run a statement whose parameters are texts, up to two. */
static int run_with(struct store *s, const char *sql, const char *a, const char *b,
		    struct pgo_err *err)
{
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret = statement_init(&st, &s->db, sql, err);

	if (ret)
		return ret;
	statement_bind_text(&st, a);
	if (b)
		statement_bind_text(&st, b);
	return statement_run(&st, err);
}

int store_index_remove(struct store *s, const struct store_entry *e, struct pgo_err *err)
{
	int ret = run_with(s, "DELETE FROM profile WHERE project = ? AND digest = ?", e->project,
			   e->digest, err);

	if (ret)
		return ret;
	return run_with(s,
			"DELETE FROM signature WHERE digest = ?1 AND NOT EXISTS"
			" (SELECT 1 FROM profile WHERE digest = ?1)",
			e->digest, NULL, err);
}

int store_index_add_signature(struct store *s, const char *digest,
			      const struct store_signature *sig, struct pgo_err *err)
{
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret = statement_init(&st, &s->db, "INSERT OR REPLACE INTO signature VALUES (?, ?, ?)",
				 err);

	if (ret)
		return ret;
	statement_bind_text(&st, digest);
	statement_bind_text(&st, sig->key);
	statement_bind_text(&st, sig->signature);
	return statement_run(&st, err);
}

static bool take_fixed(struct statement *st, char *out, size_t len)
{
	PGO_AUTO_FREE char *text = statement_take_text(st);
	bool ok = text && strlen(text) == len;

	if (ok)
		memcpy(out, text, len + 1);
	return ok;
}

static int corrupt(const struct store *s, struct pgo_err *err)
{
	return pgo_error_at(err, PGO_EFORMAT, s->db.path, -1,
			    "the index '%s' has an entry that no pgoctl wrote", s->db.path);
}

static bool take_entry(struct statement *st, struct store_entry *e)
{
	int64_t bytes;
	bool ok;

	e->project = statement_take_text(st);
	ok = take_fixed(st, e->digest, DIGEST_HEX_LEN) &&
	     strspn(e->digest, "0123456789abcdef") == DIGEST_HEX_LEN;
	bytes = statement_take_int(st);
	e->bytes = bytes < 0 ? 0 : (uint64_t)bytes;
	e->added = statement_take_int(st);
	e->host = statement_take_text(st);
	e->origin = statement_take_text(st);
	e->note = statement_take_text(st);
	e->format = statement_take_text(st);
	e->technique = statement_take_text(st);
	e->compiler = statement_take_text(st);
	e->source_sha256 = statement_take_text(st);
	e->commit = statement_take_text(st);
	e->machine = statement_take_text(st);
	e->dirty = statement_take_int(st) != 0;
	e->pinned = statement_take_int(st) != 0;
	return ok && e->project && e->format && bytes >= 0;
}

static struct store_entry *entry_of(struct store_entries *list, const char *project,
				    const char *digest)
{
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->v[i].digest, digest) && !strcmp(list->v[i].project, project))
			return &list->v[i];
	return NULL;
}

static bool has_mark(const struct store_entries *list, const char *project, bool fallback)
{
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->v[i].project, project) &&
		    (fallback ? list->v[i].fallback : list->v[i].last_good))
			return true;
	return false;
}

/* The last that was marked, of what is there, is the last good one; then comes the fallback. */
static int mark(struct store *s, const char *project, struct store_entries *list,
		struct pgo_err *err)
{
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret = statement_init(&st, &s->db,
				 "SELECT project, digest FROM good WHERE withdrawn IS NULL"
				 " AND (?1 IS NULL OR project = ?1) ORDER BY id DESC",
				 err);

	if (ret)
		return ret;
	statement_bind_text(&st, project);
	while ((ret = statement_step(&st, err)) > 0) {
		PGO_AUTO_FREE char *of = statement_take_text(&st);
		char digest[DIGEST_HEX_LEN + 1];
		struct store_entry *e;

		if (!of || !take_fixed(&st, digest, DIGEST_HEX_LEN))
			return corrupt(s, err);
		e = entry_of(list, of, digest);
		if (!e || e->last_good || has_mark(list, of, true))
			continue;
		*(has_mark(list, of, false) ? &e->fallback : &e->last_good) = true;
	}
	return ret;
}

int store_list(struct store *s, const char *project, struct store_entries *ret, struct pgo_err *err)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int code = statement_init(
		&st, &s->db,
		"SELECT project, digest, bytes, added, host, origin, note, format,"
		" technique, compiler, source, commit_id, machine, dirty, pinned"
		" FROM profile WHERE ?1 IS NULL OR project = ?1 ORDER BY id",
		err);

	if (code)
		return code;
	statement_bind_text(&st, project);
	while ((code = statement_step(&st, err)) > 0) {
		VEC_GROW(list.v, list.nr, list.alloc);
		list.v[list.nr] = (struct store_entry){ 0 };
		if (!take_entry(&st, &list.v[list.nr++]))
			return corrupt(s, err);
	}
	if (!code)
		code = mark(s, project, &list, err);
	if (code)
		return code;
	*ret = list;
	list = (struct store_entries)STORE_ENTRIES_INIT;
	return 0;
}

int store_index_mark_good(struct store *s, const char *project, const char *digest, int64_t time,
			  struct pgo_err *err)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret = store_list(s, project, &list, err);

	for (size_t i = 0; !ret && i < list.nr; i++)
		if (list.v[i].last_good && !strcmp(list.v[i].digest, digest))
			return 0;
	if (!ret)
		ret = statement_init(&st, &s->db,
				     "INSERT INTO good(project, digest, marked) VALUES (?, ?, ?)",
				     err);
	if (ret)
		return ret;
	statement_bind_text(&st, project);
	statement_bind_text(&st, digest);
	statement_bind_int(&st, time);
	return statement_run(&st, err);
}

static const struct store_entry *with_mark(const struct store_entries *list, bool fallback)
{
	for (size_t i = 0; i < list->nr; i++)
		if (fallback ? list->v[i].fallback : list->v[i].last_good)
			return &list->v[i];
	return NULL;
}

/* Every mark behind the last one of the digest. */
static int withdraw_after(struct store *s, const char *project, const char *digest,
			  struct pgo_err *err)
{
	static const char sql[] =
		"UPDATE good SET withdrawn = ?1 WHERE project = ?2 AND withdrawn IS NULL AND id >"
		" (SELECT max(id) FROM good WHERE project = ?2 AND digest = ?3"
		"  AND withdrawn IS NULL AND id <"
		"  (SELECT max(id) FROM good WHERE project = ?2 AND digest <> ?3"
		"   AND withdrawn IS NULL))";
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret = statement_init(&st, &s->db, sql, err);

	if (ret)
		return ret;
	statement_bind_int(&st, (int64_t)time(NULL));
	statement_bind_text(&st, project);
	statement_bind_text(&st, digest);
	return statement_run(&st, err);
}

static int no_fallback(const struct store *s, const char *project, const struct store_entry *now,
		       struct pgo_err *err)
{
	if (!now)
		pgo_error(err, PGO_ENOTFOUND, "project '%s' has no last good profile in '%s'",
			  project, s->dir);
	else
		pgo_error(err, PGO_ENOTFOUND,
			  "project '%s' has no good profile before %.12s in '%s'", project,
			  now->digest, s->dir);
	return pgo_err_hint(err,
			    "pgoctl store add --good FILE makes another one the last good one");
}

/* The entry of the list as the caller's own. */
static void take(struct store_entries *list, const struct store_entry *e, struct store_entry *ret)
{
	struct store_entry *from = &list->v[e - list->v];

	*ret = *from;
	*from = (struct store_entry){ 0 };
}

static int roll_back(struct store *s, const char *project, struct store_entry *from,
		     struct store_entry *to, struct pgo_err *err)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	const struct store_entry *now, *before;
	int ret = store_list(s, project, &list, err);

	if (ret)
		return ret;
	now = with_mark(&list, false);
	before = with_mark(&list, true);
	if (!before)
		return no_fallback(s, project, now, err);
	ret = withdraw_after(s, project, before->digest, err);
	if (ret)
		return ret;
	take(&list, now, from);
	take(&list, before, to);
	return 0;
}

int store_rollback(struct store *s, const char *project, struct store_entry *from,
		   struct store_entry *to, struct pgo_err *err)
{
	int ret = database_begin(&s->db, err);

	if (ret)
		return ret;
	ret = roll_back(s, project, from, to, err);
	if (!ret)
		return database_commit(&s->db, err);
	database_rollback(&s->db);
	return ret;
}

int store_pin(struct store *s, const char *digest, const char *project, bool pinned,
	      struct pgo_err *err)
{
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int ret = statement_init(&st, &s->db,
				 "UPDATE profile SET pinned = ?1 WHERE digest = ?2"
				 " AND (?3 IS NULL OR project = ?3)",
				 err);

	if (ret)
		return ret;
	statement_bind_int(&st, pinned);
	statement_bind_text(&st, digest);
	statement_bind_text(&st, project);
	return statement_run(&st, err);
}

static bool take_signature(struct statement *st, struct store_signatures *list)
{
	struct store_signature *sig;

	VEC_GROW(list->v, list->nr, list->alloc);
	sig = &list->v[list->nr++];
	return take_fixed(st, sig->key, SIGN_KEY_HEX_LEN) &&
	       take_fixed(st, sig->signature, SIGN_HEX_LEN);
}

int store_signatures_of(struct store *s, const char *digest, struct store_signatures *ret,
			struct pgo_err *err)
{
	PGO_AUTO(store_signatures) list = STORE_SIGNATURES_INIT;
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int code = statement_init(&st, &s->db,
				  "SELECT key, signature FROM signature WHERE digest = ?"
				  " ORDER BY key",
				  err);

	if (code)
		return code;
	statement_bind_text(&st, digest);
	while ((code = statement_step(&st, err)) > 0)
		if (!take_signature(&st, &list))
			return corrupt(s, err);
	if (code)
		return code;
	*ret = list;
	list = (struct store_signatures)STORE_SIGNATURES_INIT;
	return 0;
}

int store_history(struct store *s, const char *project, struct store_good **ret, size_t *ret_nr,
		  struct pgo_err *err)
{
	PGO_AUTO_FREE struct store_good *v = NULL;
	PGO_AUTO(statement) st = STATEMENT_INIT;
	size_t nr = 0, alloc = 0;
	int code = statement_init(&st, &s->db,
				  "SELECT digest, marked, withdrawn FROM good WHERE project = ?"
				  " ORDER BY id",
				  err);

	if (code)
		return code;
	statement_bind_text(&st, project);
	while ((code = statement_step(&st, err)) > 0) {
		VEC_GROW(v, nr, alloc);
		if (!take_fixed(&st, v[nr].digest, DIGEST_HEX_LEN))
			return corrupt(s, err);
		v[nr].marked = statement_take_int(&st);
		v[nr++].withdrawn = statement_take_int(&st);
	}
	if (code)
		return code;
	*ret = TAKE_PTR(v);
	*ret_nr = nr;
	return 0;
}

int store_index_check(struct store *s, struct strvec *ret, struct pgo_err *err)
{
	PGO_AUTO(statement) st = STATEMENT_INIT;
	int code = statement_init(&st, &s->db, "PRAGMA integrity_check", err);

	if (code)
		return code;
	while ((code = statement_step(&st, err)) > 0) {
		PGO_AUTO_FREE char *line = statement_take_text(&st);

		if (line && strcmp(line, "ok") != 0)
			strvec_push(ret, line);
	}
	return code;
}

void store_entries_digests(const struct store_entries *list, struct strvec *ret)
{
	for (size_t i = 0; i < list->nr; i++)
		strvec_push(ret, list->v[i].digest);
	strvec_sort(ret);
}
