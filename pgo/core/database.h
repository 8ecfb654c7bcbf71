/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small SQLite files that several pgoctl write at once and that a kill leaves
 * whole: opening, their schema's version, statements, errors.
 */
#ifndef PGO_CORE_DATABASE_H
#define PGO_CORE_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "pgo/base/err.h"

/*
 * What a file of a kind holds. PRAGMA application_id tells it from the files
 * of others, PRAGMA user_version is its version.
 * Shapes: steps[v] is the SQL that takes version v to v + 1, v from 0.
 */
struct database_schema {
	uint32_t id; /* at most INT32_MAX, not 0 */
	unsigned version;
	const char *const *steps;
	/* A write-ahead log wants room on the disk of him who only reads. With this it is a
	 * journal, and what was committed is on the disk, the names of files, too. */
	bool rollback_journal;
};

struct database {
	sqlite3 *db;
	char *path;
	bool read_only; /* the system refused more; writing gives -PGO_EPERM */
	char *mend;	/* the hint when the file is damaged; NULL: move it away. Owned */
};
#define DATABASE_INIT { 0 }

enum database_mode {
	DATABASE_CREATE,   /* make the file and its folders where they are missing */
	DATABASE_EXISTING, /* -PGO_ENOTFOUND */
};

/*
 * Open, and bring an older schema up to date. Where the file or its folder
 * cannot be written, open what is there for reading. An open database is not
 * to be used after a fork.
 * Returns 0; -PGO_EPERM; -PGO_EIO; -PGO_EFORMAT for a corrupt file, with how
 * to mend it; -PGO_EMISMATCH for another kind of database; -PGO_EVERSION for
 * a newer pgoctl's, or an older one's that cannot be written; -PGO_ELIMIT
 * when others held it for too long.
 */
int database_open(struct database *d, const char *path, const struct database_schema *schema,
		  enum database_mode mode, struct pgo_err *err);
/* Takes back what was begun and not committed. */
void database_release(struct database *d);
PGO_DEFINE_AUTO(database, database_release)

/* Several changes as one: begin waits for other writers; all or, after a kill, nothing. */
int database_begin(struct database *d, struct pgo_err *err);
int database_commit(struct database *d, struct pgo_err *err);
void database_rollback(struct database *d);

/* One statement. Values are bound, and columns taken, from left to right. */
struct statement {
	struct database *d;
	sqlite3_stmt *s;
	int nr_bound, nr_taken;
};
#define STATEMENT_INIT { 0 }
int statement_init(struct statement *st, struct database *d, const char *sql, struct pgo_err *err);
void statement_release(struct statement *st);
PGO_DEFINE_AUTO(statement, statement_release)

void statement_bind_text(struct statement *st, const char *s); /* copies; NULL is NULL */
void statement_bind_int(struct statement *st, int64_t v);
void statement_bind_double(struct statement *st, double v); /* NaN is NULL */
/* 1: a row; 0: no more; else an error. */
int statement_step(struct statement *st, struct pgo_err *err);
/* For a statement without rows. Afterwards it may be bound and run again. */
int statement_run(struct statement *st, struct pgo_err *err);
char *statement_take_text(struct statement *st); /* malloc'ed, or NULL */
int64_t statement_take_int(struct statement *st);
double statement_take_double(struct statement *st); /* NULL is NaN */

#endif
