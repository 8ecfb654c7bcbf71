/* SPDX-License-Identifier: Apache-2.0 */
/* The files on this machine that the binaries of a recording are. */
#ifndef PGO_PROFILES_SAMPLE_IMAGES_H
#define PGO_PROFILES_SAMPLE_IMAGES_H

#include "profiles/elf-image.h"
#include "profiles/samples.h"

struct sample_image_opts {
	const char *binary;  /* the file that is asked for, wherever it was recorded; or NULL */
	const char *root;    /* put before the paths of the recording; or NULL */
	const char *debug;   /* the file with the binary's debug information; or NULL */
	bool allow_mismatch; /* take a file of another build id */
};

/* The binary that a conversion is about: wanted[i] tells whether binaries[i] is it. */
struct sample_target {
	char *path; /* of the file here */
	bool *wanted;
	struct elf_image image;
};
#define SAMPLE_TARGET_INIT { .image = ELF_IMAGE_INIT }
void sample_target_release(struct sample_target *t);
PGO_DEFINE_AUTO(sample_target, sample_target_release)

/*
 * Find it: opts->binary by build id, else by path, else by name, or with allow_mismatch whatever
 * has the most; without one the file with the most branches, or where there are none the most
 * samples. -PGO_ENOTFOUND: it is not here (its build id in the message, where to look in the hint);
 * -PGO_EMISMATCH: it is another build, or the one that was recorded had been deleted, or nothing
 * was recorded in it (the hint names those that have samples). What is allowed or cannot be told
 * is put into s->warnings.
 */
int sample_target_find(struct samples *s, const struct sample_image_opts *opts,
		       struct sample_target *ret, struct pgo_err *err);

/*
 * The file with the target's debug information: opts->debug, the target itself, or for a
 * stripped one what has its build id below usr/lib/debug/.build-id; malloc'ed in *ret.
 * -PGO_EMISMATCH: there is none; -PGO_ENOTFOUND.
 */
int sample_debug_find(const struct sample_target *target, const struct sample_image_opts *opts,
		      char **ret, struct pgo_err *err);

/* images[i]: of binaries[i], once it was asked for; names of functions for call stacks. */
struct sample_names {
	struct samples *s;
	const struct sample_image_opts *opts;
	struct elf_image *images;
	struct elf_image *debug; /* debug[i]: the symbols that images[i] was stripped of */
	uint8_t *state;
	struct elf_image given; /* opts->binary, once it was asked for */
	bool given_read, told_unknown;
};
void sample_names_init(struct sample_names *n, struct samples *s,
		       const struct sample_image_opts *opts);
void sample_names_release(struct sample_names *n);
PGO_DEFINE_AUTO(sample_names, sample_names_release)
/*
 * Append what is at loc: the function, or where that is not known the file's name and
 * the offset, or the region in brackets. caller: loc is a return address, of the
 * instruction before it. A stripped file's symbols are taken from its debug file, below
 * usr/lib/debug/.build-id, if that is here. Files that are missing or of another build go
 * to s->warnings, once. opts->binary is taken for what it is by its build id, or without one by
 * its name.
 */
void sample_names_add(struct sample_names *n, uint64_t loc, bool caller, struct strbuf *out);

#endif
