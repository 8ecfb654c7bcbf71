/* SPDX-License-Identifier: Apache-2.0 */
/* One interface over the profile formats; a format is one fmt-*.c and one line in registry.c. */
#ifndef PGO_PROFILES_FORMAT_H
#define PGO_PROFILES_FORMAT_H

#include "pgo/base/err.h"
#include "profiles/profile.h"

/* What is known of an input before it is read. A directory has head_len 0 and is_dir. */
struct prof_probe {
	const char *path;
	const uint8_t *head; /* the first bytes, at most 4096 */
	size_t head_len;
	uint64_t size_bytes;
	bool is_dir;
};

enum prof_caps {
	PROF_CAP_READ = 1 << 0,
	PROF_CAP_TREE = 1 << 1, /* reads a folder of files */
};

struct prof_read_opts {
	unsigned llvm_major; /* the module to read LLVM profiles with; 0: the newest there is */
};

struct prof_format {
	const char *name, *summary, *suffix;
	unsigned caps;
	/* Bits of the head that were verified; 0: not mine. The highest bid reads. */
	int (*bid)(const struct prof_probe *probe);
	/* Fill the empty *out. -PGO_EFORMAT with offset, -PGO_EVERSION, -PGO_ETOOL (no module). */
	int (*read)(const struct prof_probe *probe, const struct prof_read_opts *opts,
		    struct profile *out, struct pgo_err *err);
};

extern const struct prof_format *const prof_formats[]; /* NULL-terminated */

/* The format of path, by content. *ret_format NULL is never given: unknown is -PGO_EFORMAT. */
int prof_identify(const char *path, const struct prof_format **ret_format, struct pgo_err *err);
/* -PGO_EFORMAT for a file of no bytes, with the likely cause as the hint. */
int prof_error_empty(const char *path, struct pgo_err *err);
/* Identify and read. */
int prof_read(const char *path, const struct prof_read_opts *opts, struct profile *out,
	      struct pgo_err *err);

#endif
