/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the store: written aside, put on the disk, then put in their place. */
#ifndef PGO_CORE_STORE_OBJECT_H
#define PGO_CORE_STORE_OBJECT_H

#include "pgo/core/store.h"

/* A file that is being written below tmp/. */
struct store_staging {
	char *path; /* NULL: there is none, or it has its place */
	int fd;
	uint64_t bytes;
	struct digest sum;
	char digest[DIGEST_HEX_LEN + 1]; /* once it is sealed */
};
#define STORE_STAGING_INIT { .fd = -1 }
int store_staging_open(const struct store *s, struct store_staging *o, struct pgo_err *err);
int store_staging_add(const struct store *s, struct store_staging *o, const void *data, size_t len,
		      struct pgo_err *err);
/* All is written: the digest is known and the bytes are on the disk. */
int store_staging_seal(const struct store *s, struct store_staging *o, struct pgo_err *err);
/* Give it its place, on the disk, too. One that is there already has the same bytes. */
int store_staging_settle(const struct store *s, struct store_staging *o, struct pgo_err *err);
/* Removes what has no place yet. */
void store_staging_release(struct store_staging *o);
PGO_DEFINE_AUTO(store_staging, store_staging_release)

/* Make the folders that are missing; those of a new store are on the disk then. */
int store_object_prepare(const char *dir, bool is_new, struct pgo_err *err);
/*
 * Some room of the disk is held by a file, so that gc can change the index when all else is full.
 * Where there is none for it, it is done without.
 */
void store_object_reserve(const char *dir);
void store_object_spend_reserve(const struct store *s);
/* Whether there are any; what cannot be read has none. */
bool store_object_any(const char *dir);

/*
 * Whether the file has the size and the digest. -PGO_EFORMAT: it is not there or has not; the
 * other codes are of reading it.
 */
int store_object_check(const struct store *s, const char *digest, uint64_t bytes,
		       struct pgo_err *err);

/*
 * Append the path, relative to the store, of each file below objects/ and tmp/ whose digest known
 * does not hold; known is sorted. What is no name of a file of the store is among them.
 */
int store_object_unreferenced(const struct store *s, const struct strvec *known, struct strvec *ret,
			      struct pgo_err *err);

#endif
