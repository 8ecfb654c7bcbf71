/* SPDX-License-Identifier: Apache-2.0 */
/* What the archives of the store look like; docs/manifest.md has their manifest. */
#ifndef PGO_CORE_STORE_ARCHIVE_H
#define PGO_CORE_STORE_ARCHIVE_H

#include "pgo/core/json.h"
#include "pgo/core/store.h"

#define STORE_ARCHIVE_FORMAT 1
#define STORE_ARCHIVE_FOLDER "objects/" /* of each file; its digest is the rest of the name */

/* A manifest, and what of it is unpacked so far. */
struct store_archive_file {
	char digest[DIGEST_HEX_LEN + 1];
	uint64_t bytes;
	struct store_staging *staging; /* NULL: it has not come yet */
	struct store_entry about;      /* what the file says of itself */
};
struct store_archive_profile {
	struct store_entry entry; /* what the manifest says of it */
	bool last_good;
};
struct store_archive_signature {
	char digest[DIGEST_HEX_LEN + 1];
	struct store_signature sig;
};
struct store_archive {
	struct store_archive_file *files; /* sorted by their digests */
	size_t nr_files;
	struct store_archive_profile *profiles;
	size_t nr_profiles;
	struct store_archive_signature *signatures;
	size_t nr_signatures;
};
#define STORE_ARCHIVE_INIT { 0 }
void store_archive_release(struct store_archive *a);
PGO_DEFINE_AUTO(store_archive, store_archive_release)

/* NULL: no file of the manifest has it. */
struct store_archive_file *store_archive_find(const struct store_archive *a, const char *digest);

/*
 * Take the text of a manifest. Each digest, name and signature is one; files are sorted and each
 * is there once; profiles and signatures are of files. -PGO_EFORMAT; -PGO_EVERSION; -PGO_ELIMIT
 * for more than max_bytes of files.
 */
int store_archive_parse(struct store_archive *ret, const char *path, const struct strbuf *text,
			uint64_t max_bytes, struct pgo_err *err);

#endif
