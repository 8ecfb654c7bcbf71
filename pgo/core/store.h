/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: profiles of any number of projects, each file once, under the
 * SHA-256 of its bytes.
 *
 *   index.db       which profiles there are, where they are from, what is known good
 *   lock           held shared by those who add and read, alone by gc
 *   objects/ab/... the files; the rest of the digest is the name
 *   tmp/           what is being written; with the lock held alone nobody's
 *   reserve        room that gc takes when the disk is full
 *
 * A file is on the disk before the index names it. So one that was added stays
 * whatever happens, and one whose writer was killed is at most a file without
 * an entry.
 */
#ifndef PGO_CORE_STORE_H
#define PGO_CORE_STORE_H

#include "pgo/base/strvec.h"
#include "pgo/core/database.h"
#include "pgo/core/digest.h"
#include "pgo/core/store-sign.h"

#define STORE_ENV "PGOCTL_STORE"
#define STORE_PREFIX "store:"
#define STORE_LAST_GOOD "last-good"
#define STORE_MAX_TEXT 4096 /* bytes of a note, a host's name, a path */

struct store {
	char *dir; /* absolute */
	int lock_fd;
	struct database db;
};
#define STORE_INIT { .lock_fd = -1 }

enum store_use {
	STORE_READ,   /* it must be there; nothing is removed while it is open */
	STORE_CHANGE, /* the same, and its entries are to be changed */
	STORE_ADD,    /* made where it is missing */
	STORE_ALONE,  /* it must be there; wait until nobody else has it open, and keep all out */
};

/* given, or $PGOCTL_STORE, or pgoctl/store in $XDG_DATA_HOME or ~/.local/share; malloc'ed.
 * -PGO_ENOTFOUND without a home. */
int store_path(const char *given, char **ret, struct pgo_err *err);
/*
 * The codes of database_open. -PGO_ENOTFOUND: there is none; -PGO_EVERSION: a newer pgoctl's;
 * -PGO_EFORMAT: there are files, but no index that could be read.
 */
int store_open(struct store *s, const char *dir, enum store_use use, struct pgo_err *err);
void store_release(struct store *s);
PGO_DEFINE_AUTO(store, store_release)

/* Strings are owned. NULL: not known. */
struct store_entry {
	char *project;
	char digest[DIGEST_HEX_LEN + 1];
	uint64_t bytes;
	int64_t added;	     /* seconds since 1970, UTC */
	char *host, *origin; /* where add was called, and the file that it was given */
	char *note;	     /* what the user said of it */
	char *format;	     /* "bundle", or that of the profile: "llvm-indexed" */
	char *technique;     /* of a bundle, as its manifest has them */
	char *compiler;	     /* its banner */
	char *source_sha256, *commit;
	char *machine;
	bool dirty;
	bool pinned;	/* gc keeps it */
	bool last_good; /* of its project */
	bool fallback;	/* what rollback would make the last good one */
};
void store_entry_release(struct store_entry *e);
PGO_DEFINE_AUTO(store_entry, store_entry_release)

/* In the order in which they were added. */
struct store_entries {
	struct store_entry *v;
	size_t nr, alloc;
};
#define STORE_ENTRIES_INIT { 0 }
void store_entries_release(struct store_entries *list);
PGO_DEFINE_AUTO(store_entries, store_entries_release)

/* All entries, or those of a project. */
int store_list(struct store *s, const char *project, struct store_entries *ret,
	       struct pgo_err *err);

/* The name of a project: given, or that of the folder root, or, where both are NULL, of the folder
 * of the nearest pgo.yaml or else of this one; malloc'ed. -PGO_EUSAGE for what is no name. */
int store_project(const char *given, const char *root, char **ret, struct pgo_err *err);

/*
 * The profile that [store:][PROJECT/]last-good or [store:][PROJECT/]DIGEST-PREFIX names; project is
 * that of a name without one, NULL: as store_project finds it. A prefix has four digits or more and
 * names one of any project, rather of this one. *has_project (may be NULL): whether the name had
 * one. -PGO_ENOTFOUND; -PGO_EUSAGE: no such name, or more than one profile.
 */
int store_find(struct store *s, const char *name, const char *project, struct store_entry *ret,
	       bool *has_project, struct pgo_err *err);

struct store_add_opts {
	const char *project;
	const char *note;	    /* or NULL */
	const struct sign_key *key; /* sign it; NULL: do not */
	bool good;		    /* it becomes the last good one of the project */
};
/*
 * Add the profile at path: a bundle or a bare profile in one file, which is read through first.
 * *is_new: the project did not have it yet. When this returns 0 it is on the disk.
 * -PGO_EFORMAT, -PGO_EVERSION: no profile; -PGO_EUSAGE: a folder, or a recording; -PGO_EIO: the
 * disk is full.
 */
int store_add(struct store *s, const char *path, const struct store_add_opts *opts,
	      struct store_entry *ret, bool *is_new, struct pgo_err *err);

/* gc keeps it, or need not. Without a project (NULL) in all that have it. */
int store_pin(struct store *s, const char *digest, const char *project, bool pinned,
	      struct pgo_err *err);
/*
 * Make the profile that was the last good one before the last good one again. The marks that are
 * taken back stay in the history. -PGO_ENOTFOUND: there is none before.
 */
int store_rollback(struct store *s, const char *project, struct store_entry *from,
		   struct store_entry *to, struct pgo_err *err);

struct store_gc {
	struct store_entries removed;
	struct strvec unreferenced; /* files below the store's folder that no entry names */
	uint64_t freed_bytes;
};
#define STORE_GC_INIT { .unreferenced = STRVEC_INIT }
void store_gc_release(struct store_gc *g);
PGO_DEFINE_AUTO(store_gc, store_gc_release)
/*
 * Remove what is not to be kept. Of each project are kept: what is pinned, the last good one and
 * the one that rollback would take, and the last keep that were added. With dry_run only tell.
 * The store is open STORE_ALONE, with dry_run STORE_READ.
 */
int store_collect(struct store *s, unsigned keep, bool dry_run, struct store_gc *ret,
		  struct pgo_err *err);

struct store_damage {
	char digest[DIGEST_HEX_LEN + 1]; /* "": the index */
	char *project;			 /* or NULL */
	char *what;
};
struct store_check {
	uint64_t nr_profiles, nr_files, bytes, nr_signatures;
	struct store_damage *damage;
	size_t nr_damage, alloc_damage;
	struct strvec unreferenced; /* as of gc: left by writers that were killed, or at work */
};
#define STORE_CHECK_INIT { .unreferenced = STRVEC_INIT }
void store_check_release(struct store_check *c);
PGO_DEFINE_AUTO(store_check, store_check_release)
/*
 * Read everything: the index, each file against its digest, each signature. With trust (may be
 * NULL) each profile must be signed by one of its keys. only, when it is not NULL: look at the
 * profile of that digest alone. Damage is a result, not an error.
 */
int store_verify(struct store *s, const struct trust *trust, const char *only,
		 struct store_check *ret, struct pgo_err *err);

#define STORE_IMPORT_MAX_BYTES (UINT64_C(4) << 30)

/*
 * Write the profiles to path, a pax archive compressed by zstd: manifest.json, then each file.
 * Equal profiles give equal bytes. With a key each profile is signed, and the archive by path.sig.
 */
int store_export(struct store *s, const struct store_entries *list, const struct sign_key *key,
		 const char *path, struct pgo_err *err);

struct store_import_opts {
	const struct trust *trust; /* path.sig must be of one of these keys; NULL: need not be */
	uint64_t max_bytes;	   /* of all files together, unpacked */
	bool good;		   /* take over which are the last good ones */
};
struct store_imported {
	struct store_entries entries; /* all that are in the archive */
	size_t nr_new;		      /* of them were not in the store */
};
#define STORE_IMPORTED_INIT { 0 }
static inline void store_imported_release(struct store_imported *i)
{
	store_entries_release(&i->entries);
}
PGO_DEFINE_AUTO(store_imported, store_imported_release)
/*
 * Take in what store_export wrote: all or nothing. -PGO_EFORMAT for an archive that is not as its
 * manifest says: other names, links, larger files, another digest, no profile; -PGO_EVERSION: a
 * newer pgoctl's; -PGO_ELIMIT: more than max_bytes; -PGO_EMISMATCH: not signed by a trusted key.
 */
int store_import(struct store *s, const char *path, const struct store_import_opts *opts,
		 struct store_imported *ret, struct pgo_err *err);

struct store_signature {
	char key[SIGN_KEY_HEX_LEN + 1];
	char signature[SIGN_HEX_LEN + 1];
};
struct store_signatures {
	struct store_signature *v;
	size_t nr, alloc;
};
#define STORE_SIGNATURES_INIT { 0 }
void store_signatures_release(struct store_signatures *list);
PGO_DEFINE_AUTO(store_signatures, store_signatures_release)
/* Those of a profile, by their keys. */
int store_signatures_of(struct store *s, const char *digest, struct store_signatures *ret,
			struct pgo_err *err);
/*
 * Whether one of them is of a trusted key. -PGO_EMISMATCH: there is none, or only of others;
 * -PGO_EFORMAT: one is false. trust NULL: only that none is false.
 */
int store_signatures_check(const struct store_signatures *list, const char *digest,
			   const struct trust *trust, struct pgo_err *err);

/* Which profiles of a project were good, the oldest first. */
struct store_good {
	char digest[DIGEST_HEX_LEN + 1];
	int64_t marked, withdrawn; /* withdrawn 0: it holds */
};
int store_history(struct store *s, const char *project, struct store_good **ret, size_t *ret_nr,
		  struct pgo_err *err);

/* The path of a profile's file in the store; malloc'ed. */
char *store_object_path(const struct store *s, const char *digest);

/* By its spelling: "store:...". */
bool store_is_name(const char *name);
/* What stands behind the store and the project: "last-good". Points into name. */
const char *store_which(const char *name);
/*
 * What the user calls a profile, as a path: a copy of name, or, for store:..., that of the file in
 * the usual store, which has its digest. project as in store_find.
 * With trust it must be signed by one of its keys: -PGO_EMISMATCH, and -PGO_EUSAGE for what is not
 * in the store.
 */
int store_locate(const char *name, const char *project, const struct trust *trust, char **ret,
		 struct pgo_err *err);

#endif
