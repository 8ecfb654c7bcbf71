/* SPDX-License-Identifier: Apache-2.0 */
/* One interface over the profile formats; a format is one fmt-*.c and one line in registry.c. */
#ifndef PGO_PROFILES_FORMAT_H
#define PGO_PROFILES_FORMAT_H

#include "pgo/base/err.h"
#include "profiles/profile.h"
#include "profiles/samples.h"

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
	PROF_CAP_TREE = 1 << 1,	   /* reads a folder of files */
	PROF_CAP_TEXT = 1 << 2,	   /* the text form of its family */
	PROF_CAP_SAMPLES = 1 << 3, /* holds samples of addresses: read_samples, not read */
	PROF_CAP_RAW = 1 << 4,	   /* what a process leaves */
};

struct prof_read_opts {
	unsigned llvm_major; /* the module to read LLVM profiles with; 0: the newest there is */
};

/* One input of a merge: a file, or for PROF_CAP_TREE a folder. */
struct prof_input {
	const char *path;
	uint64_t weight; /* at least 1: its counts are taken that many times */
};

struct prof_merge_opts {
	unsigned llvm_major; /* of the compiler that will read the result; 0: the newest module */
	bool sparse;	     /* leave out functions whose counts are all zero, where the form can */
	bool text;	     /* write the family's text form, where it has one */
	const char *to;	     /* name of the format to write, of the family; NULL: as text says */
	const char *strip;   /* trees: leading folders to take off the names, or NULL */
	const char *prefix;  /* trees: folders to put before them, or NULL */
	unsigned threads;    /* at most; 0: as many as there are processors */
};

/* What a merge did. */
struct prof_merge_result {
	uint64_t nr_inputs; /* files read */
	uint64_t nr_functions;
	uint64_t nr_counters;
	uint64_t total_count; /* saturated */
	uint64_t max_count;
	uint64_t nr_saturated; /* counts that stopped at their limit */
	uint64_t nr_builds;    /* different binaries that left the inputs; 0: not told apart */
	char version[16];      /* of the form that was written, "" where it has none */
	/* What of the inputs the form that was written has no place for: a static string
	 * that goes on "without ", or NULL. */
	const char *lost;
};

struct prof_format {
	const char *name, *summary, *suffix;
	unsigned caps;
	/* Inputs of formats of one family are merged together; NULL: it cannot be merged. */
	const char *family;
	const char *payload; /* its name in a bundle; NULL: the family's name and the suffix */
	/* Bits of the head that were verified; 0: not mine. The highest bid reads. */
	int (*bid)(const struct prof_probe *probe);
	/* Fill the empty *out. -PGO_EFORMAT with offset, -PGO_EVERSION, -PGO_ETOOL (no module). */
	int (*read)(const struct prof_probe *probe, const struct prof_read_opts *opts,
		    struct profile *out, struct pgo_err *err);
	/* Fill *out, which is as samples_init leaves it, and finish it. Errors as read. */
	int (*read_samples)(const struct prof_probe *probe, const struct samples_opts *opts,
			    struct samples *out, struct pgo_err *err);
	/* Merge nr >= 1 inputs of the family, in their order, into out_path, written atomically
	 * (a tree: a folder that does not exist yet). The same function for all formats of a
	 * family. Errors as read, and -PGO_EMISMATCH for inputs that do not belong together;
	 * pgo_err's path is the input at fault. out_path is untouched then. */
	int (*merge)(const struct prof_input *inputs, size_t nr, const struct prof_merge_opts *opts,
		     const char *out_path, struct prof_merge_result *res, struct pgo_err *err);
};

extern const struct prof_format *const prof_formats[]; /* NULL-terminated */

/*
 * The format with that suffix ("gcda": no dot), of that family unless family is NULL; or NULL.
 */
const struct prof_format *prof_format_find(const char *suffix, const char *family);
/* The format of path, by content. *ret_format NULL is never given: unknown is -PGO_EFORMAT. */
int prof_identify(const char *path, const struct prof_format **ret_format, struct pgo_err *err);
/* -PGO_EFORMAT for a file of no bytes, with the likely cause as the hint. */
int prof_error_empty(const char *path, struct pgo_err *err);
/* Identify and read. -PGO_EUNSUP for a recording of samples, which is not counters. */
int prof_read(const char *path, const struct prof_read_opts *opts, struct profile *out,
	      struct pgo_err *err);
/* Whether path is of a format that holds samples; what cannot be identified is not. */
bool prof_has_samples(const char *path);
/* Identify and read samples; *out is to be released either way. -PGO_EMISMATCH: it has none. */
int prof_read_samples(const char *path, const struct samples_opts *opts, struct samples *out,
		      struct pgo_err *err);

#endif
