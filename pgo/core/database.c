/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/database.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pgo/base/fs.h"

#define BUSY_MS 10000
#define BUSY_STEP_MS 5
#define MAX_CELL_BYTES (1 << 20)

static enum pgo_ecode code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return PGO_ENOTFOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return PGO_EPERM;
	default:
		return PGO_EIO;
	}
}

static enum pgo_ecode code_of(sqlite3 *db)
{
	switch (sqlite3_errcode(db) & 0xff) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_ERROR: /* a table or column is missing */
	case SQLITE_TOOBIG:
		return PGO_EFORMAT;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return PGO_EPERM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return PGO_ELIMIT;
	case SQLITE_CANTOPEN:
		return code_of_errno(sqlite3_system_errno(db));
	default:
		return PGO_EIO;
	}
}

static int hint_move_away(const char *path, struct pgo_err *err)
{
	PGO_AUTO(strbuf) from = STRBUF_INIT, to = STRBUF_INIT;
	PGO_AUTO_FREE char *broken = xstrfmt("%s.broken", path);

	strbuf_addquoted(&from, path);
	strbuf_addquoted(&to, broken);
	return pgo_err_hint(err, "move it away, and a new one is begun: mv %s %s", from.buf,
			    to.buf);
}

static int database_error(const struct database *d, struct pgo_err *err)
{
	enum pgo_ecode code = code_of(d->db);
	int errnum = sqlite3_system_errno(d->db);
	bool refused = (sqlite3_errcode(d->db) & 0xff) == SQLITE_CANTOPEN && errnum;

	pgo_error_at(err, code, d->path, -1, "cannot use the database '%s': %s", d->path,
		     refused ? strerror(errnum) : sqlite3_errmsg(d->db));
	if (code == PGO_EFORMAT && d->mend)
		pgo_err_hint(err, "%s", d->mend);
	else if (code == PGO_EFORMAT)
		hint_move_away(d->path, err);
	else if (code == PGO_ELIMIT)
		pgo_err_hint(err, "another program holds it; try again when that has ended");
	return -code;
}

static int run_sql(struct database *d, const char *sql, struct pgo_err *err)
{
	if (sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return database_error(d, err);
	return 0;
}

/* The shared memory of a write-ahead log reaches one machine only; a home may serve many. */
static bool on_network(const char *path)
{
	static const uint32_t magics[] = {
		0x6969,	    /* NFS */
		0x517b,	    /* SMB */
		0xff534d42, /* CIFS */
		0xfe534d42, /* SMB2 */
		0x01021997, /* 9P */
		0x5346414f, /* AFS */
		0x00c36400, /* Ceph */
		0x65735546, /* FUSE: sshfs */
	};
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if ((uint32_t)fs.f_type == magics[i])
			return true;
	return false;
}

/* SQLite does not call its busy handler for this change, since that could wait for itself. */
static int use_wal(struct database *d, struct pgo_err *err)
{
	int rc;

	if (on_network(d->path))
		return 0;
	for (unsigned waited = 0;; waited += BUSY_STEP_MS) {
		rc = sqlite3_exec(d->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if (rc != SQLITE_BUSY || waited >= BUSY_MS)
			break;
		sqlite3_sleep(BUSY_STEP_MS);
	}
	return rc == SQLITE_OK ? 0 : database_error(d, err);
}

static int use_journal(struct database *d, const struct database_schema *schema,
		       struct pgo_err *err)
{
	if (!schema->rollback_journal)
		return use_wal(d, err);
	return run_sql(d, "PRAGMA synchronous = EXTRA", err);
}

static int query_int(struct database *d, const char *sql, int64_t *ret, struct pgo_err *err)
{
	PGO_AUTO(statement) st = { .d = d };
	int got = statement_init(&st, d, sql, err);

	if (!got)
		got = statement_step(&st, err);
	if (got < 0)
		return got;
	*ret = got ? statement_take_int(&st) : 0;
	return 0;
}

/* What the file is: *version, or an error when it is no file of this schema that we know. */
static int check_schema(struct database *d, const struct database_schema *schema, int64_t *version,
			struct pgo_err *err)
{
	int64_t id, found, nr_tables;
	int ret = query_int(d, "PRAGMA application_id", &id, err);

	if (!ret)
		ret = query_int(d, "PRAGMA user_version", &found, err);
	if (!ret)
		ret = query_int(d, "SELECT count(*) FROM sqlite_master", &nr_tables, err);
	if (ret)
		return ret;
	if (id != (int64_t)schema->id && (id || found || nr_tables)) {
		pgo_error_at(err, PGO_EMISMATCH, d->path, -1,
			     "the database '%s' belongs to another program", d->path);
		hint_move_away(d->path, err);
		return -PGO_EMISMATCH;
	}
	if (found < 0 || found > (int64_t)schema->version) {
		pgo_error_at(err, PGO_EVERSION, d->path, -1,
			     "the database '%s' is of version %" PRId64
			     ", this pgoctl knows up to %u",
			     d->path, found, schema->version);
		hint_move_away(d->path, err);
		return -PGO_EVERSION;
	}
	*version = found;
	return 0;
}

static int take_steps(struct database *d, const struct database_schema *schema, struct pgo_err *err)
{
	PGO_AUTO_FREE char *pragmas =
		xstrfmt("PRAGMA application_id = %" PRIu32 "; PRAGMA user_version = %u", schema->id,
			schema->version);
	int64_t version;
	/* Another process may have done it since: look again with the lock held. */
	int ret = check_schema(d, schema, &version, err);

	for (; !ret && version < (int64_t)schema->version; version++)
		ret = run_sql(d, schema->steps[version], err);
	return ret ? ret : run_sql(d, pragmas, err);
}

/* In one transaction: another process may be making the tables just now. */
static int look_at_schema(struct database *d, const struct database_schema *schema,
			  int64_t *version, struct pgo_err *err)
{
	int ret = run_sql(d, "BEGIN", err);

	if (!ret)
		ret = check_schema(d, schema, version, err);
	database_rollback(d);
	return ret;
}

static int migrate(struct database *d, const struct database_schema *schema, struct pgo_err *err)
{
	int64_t version;
	int ret = look_at_schema(d, schema, &version, err);

	if (ret || version == (int64_t)schema->version)
		return ret;
	if (d->read_only)
		return pgo_error_at(err, PGO_EVERSION, d->path, -1,
				    "the database '%s' is of the older version %" PRId64
				    " and cannot be written",
				    d->path, version);
	ret = database_begin(d, err);
	if (!ret)
		ret = take_steps(d, schema, err);
	if (!ret)
		return database_commit(d, err);
	database_rollback(d);
	return ret;
}

/* The file may come with a checkout: its schema is data, not code to trust. */
static void harden(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_CELL_BYTES);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
}

/* name is a path, or a URI that stands for d->path. */
static int open_as(struct database *d, const char *name, int flags,
		   const struct database_schema *schema, struct pgo_err *err)
{
	int ret;

	if (sqlite3_open_v2(name, &d->db, flags, NULL) != SQLITE_OK) {
		ret = database_error(d, err);
		goto close;
	}
	harden(d->db);
	sqlite3_busy_timeout(d->db, BUSY_MS);
	d->read_only = sqlite3_db_readonly(d->db, "main") == 1;
	ret = d->read_only ? 0 : use_journal(d, schema, err);
	if (!ret)
		ret = migrate(d, schema, err);
	if (!ret)
		return 0;
close:
	sqlite3_close(d->db);
	d->db = NULL;
	return ret;
}

static void add_uri(struct strbuf *out, const char *path)
{
	strbuf_addstr(out, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			strbuf_addf(out, "%%%02x", (unsigned char)*path);
		else
			strbuf_addch(out, *path);
	}
}

/*
 * In a folder that takes no shared memory file a reader must know that nobody
 * writes. With no log beside it, nothing is missing from the file itself.
 */
static int open_read_only(struct database *d, const struct database_schema *schema,
			  struct pgo_err *err)
{
	PGO_AUTO_FREE char *log = xstrfmt("%s-%s", d->path,
					  schema->rollback_journal ? "journal" : "wal");
	PGO_AUTO(strbuf) uri = STRBUF_INIT;
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
	int ret;

	add_uri(&uri, d->path);
	strbuf_addstr(&uri, "?mode=ro");
	if (fs_exists(log))
		return open_as(d, uri.buf, flags, schema, err);
	ret = open_as(d, uri.buf, flags, schema, NULL);
	if (!ret)
		return 0;
	strbuf_addstr(&uri, "&immutable=1");
	return open_as(d, uri.buf, flags, schema, err);
}

static int open_any(struct database *d, const struct database_schema *schema,
		    enum database_mode mode, struct pgo_err *err)
{
	int flags = SQLITE_OPEN_READWRITE | (mode == DATABASE_CREATE ? SQLITE_OPEN_CREATE : 0);
	PGO_AUTO(pgo_err) refused = PGO_ERR_INIT;
	int ret = open_as(d, d->path, flags, schema, &refused);

	if (!ret)
		return 0;
	if (ret == -PGO_EPERM && access(d->path, R_OK) == 0)
		return open_read_only(d, schema, err);
	if (err) {
		pgo_err_release(err);
		*err = refused;
		refused = (struct pgo_err)PGO_ERR_INIT;
	}
	return ret;
}

/* SQLite tells of a folder that it cannot write as of a missing file. */
static int make_room(const char *path, struct pgo_err *err)
{
	PGO_AUTO_FREE char *folder = fs_dirname(path);
	int ret = fs_mkdir_p(folder, err);

	if (!ret && access(folder, W_OK) < 0)
		ret = pgo_error_errno(err, "cannot make the database '%s'", path);
	return ret;
}

int database_open(struct database *d, const char *path, const struct database_schema *schema,
		  enum database_mode mode, struct pgo_err *err)
{
	PGO_AUTO(database) opened = { .path = fs_absolute(path) };
	int ret = 0;

	if (mode == DATABASE_CREATE && !fs_exists(opened.path))
		ret = make_room(opened.path, err);
	if (!ret)
		ret = open_any(&opened, schema, mode, err);
	if (ret)
		return ret;
	*d = opened;
	opened = (struct database)DATABASE_INIT;
	return 0;
}

void database_release(struct database *d)
{
	sqlite3_close(d->db);
	free(d->path);
	free(d->mend);
	*d = (struct database)DATABASE_INIT;
}

int database_begin(struct database *d, struct pgo_err *err)
{
	return run_sql(d, "BEGIN IMMEDIATE", err);
}

int database_commit(struct database *d, struct pgo_err *err)
{
	int ret = run_sql(d, "COMMIT", err);

	if (ret)
		database_rollback(d);
	return ret;
}

void database_rollback(struct database *d)
{
	if (!sqlite3_get_autocommit(d->db))
		sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
}

int statement_init(struct statement *st, struct database *d, const char *sql, struct pgo_err *err)
{
	struct statement made = { .d = d };

	if (sqlite3_prepare_v2(d->db, sql, -1, &made.s, NULL) != SQLITE_OK)
		return database_error(d, err);
	*st = made;
	return 0;
}

void statement_release(struct statement *st)
{
	sqlite3_finalize(st->s);
	*st = (struct statement)STATEMENT_INIT;
}

/* A bind fails only for a text above the limit, or without memory: then NULL stays. */
void statement_bind_text(struct statement *st, const char *s)
{
	sqlite3_bind_text(st->s, ++st->nr_bound, s, -1, SQLITE_TRANSIENT);
}

void statement_bind_int(struct statement *st, int64_t v)
{
	sqlite3_bind_int64(st->s, ++st->nr_bound, v);
}

void statement_bind_double(struct statement *st, double v)
{
	sqlite3_bind_double(st->s, ++st->nr_bound, v);
}

int statement_step(struct statement *st, struct pgo_err *err)
{
	st->nr_taken = 0;
	switch (sqlite3_step(st->s)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return database_error(st->d, err);
	}
}

int statement_run(struct statement *st, struct pgo_err *err)
{
	int ret = statement_step(st, err);

	sqlite3_reset(st->s);
	sqlite3_clear_bindings(st->s);
	st->nr_bound = 0;
	return ret < 0 ? ret : 0;
}

char *statement_take_text(struct statement *st)
{
	const unsigned char *s = sqlite3_column_text(st->s, st->nr_taken++);

	return s ? xstrdup((const char *)s) : NULL;
}

int64_t statement_take_int(struct statement *st)
{
	return sqlite3_column_int64(st->s, st->nr_taken++);
}

double statement_take_double(struct statement *st)
{
	int column = st->nr_taken++;

	if (sqlite3_column_type(st->s, column) == SQLITE_NULL)
		return NAN;
	return sqlite3_column_double(st->s, column);
}
