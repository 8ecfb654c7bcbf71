/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archives that pgoctl writes: pax, zstd-compressed, the same bytes for
 * the same content. manifest.json is first, manifest.sha256, its hash as
 * sha256sum has it, second.
 */
#ifndef PGO_CORE_PACK_H
#define PGO_CORE_PACK_H

#include <archive.h>
#include <archive_entry.h>

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"

#define PACK_OPTIONS "zstd:compression-level=6"

/* Begin to write to fd; options are libarchive's. path is for messages, here and below. */
int pack_begin(struct archive *a, int fd, const char *options, const char *path,
	       struct pgo_err *err);
/* An entry: a file without time, owner or mode of its own. */
int pack_put(struct archive *a, const char *name, const void *data, size_t len, const char *path,
	     struct pgo_err *err);
/* The first two entries. */
int pack_put_manifest(struct archive *a, const struct strbuf *text, const char *path,
		      struct pgo_err *err);
int pack_end(struct archive *a, const char *path, struct pgo_err *err);

/* For a new archive of libarchive's that is to be opened for reading. */
void pack_expect(struct archive *a);
/* The first two entries, which must belong together; what names the kind of archive ("profile
 * bundle"). -PGO_EFORMAT; -PGO_ELIMIT: more than anything that was ever written. */
int pack_read_manifest(struct archive *a, const char *path, const char *what, struct strbuf *text,
		       struct pgo_err *err);
/* -PGO_EFORMAT for what libarchive has just refused, with the offset. */
int pack_corrupt(struct archive *a, const char *path, const char *what, struct pgo_err *err);

#endif
