/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile must be before LLVM sees it. LLVM's readers trust many sizes
 * and offsets of the file; whatever they trust is checked here first, and a
 * fault is named with its place, which LLVM does not do.
 */
#ifndef PGO_PROFILES_LLVM_GUARD_H
#define PGO_PROFILES_LLVM_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/cursor.h"
#include "pgo/base/err.h"

enum llvm_form_type { LLVM_FORM_RAW, LLVM_FORM_INDEXED, LLVM_FORM_TEXT };

/* What the head of a file says. */
struct llvm_form {
	enum llvm_form_type type;
	uint64_t version; /* 0 for text */
	uint64_t variant; /* LLVM_VARIANT_*: kept above the version in raw and indexed files */
	bool swap;	  /* raw, of the other byte order */
	bool narrow;	  /* raw, of a 32-bit process */
};

#define LLVM_VARIANT_IR (1ULL << 56)
#define LLVM_VARIANT_CS (1ULL << 57)
#define LLVM_VARIANT_DEBUG_CORRELATE (1ULL << 59)
#define LLVM_VARIANT_BYTE_COVERAGE (1ULL << 60)
#define LLVM_VARIANT_MEMPROF (1ULL << 62)
#define LLVM_VARIANT_TEMPORAL (1ULL << 63)

/*
 * The form of a file that begins with head[0..len), which must be more than its
 * first 16 bytes unless the file is shorter. Returns the number of bits that
 * were verified; 0: no profile of LLVM's. A cut-off head has version 0.
 */
int llvm_form_of(const void *head, size_t len, struct llvm_form *out);
const char *llvm_form_name(enum llvm_form_type type); /* "raw profile" */

/*
 * Check data, the whole file, for a reader of the given LLVM major, or 0 for the
 * native one (raw profiles only); form is what llvm_form_of says of it.
 * -PGO_EFORMAT with the offset, -PGO_EUNSUP for what would be lost (memory
 * profiles) or cannot be read from this file alone.
 */
int llvm_guard(const struct llvm_form *form, const char *path, const void *data, size_t len,
	       unsigned major, struct pgo_err *err);

/* The parts. Each walks a cursor and leaves it bad at the first fault. */
void llvm_guard_raw(struct cursor *c, const struct llvm_form *form, unsigned major);
void llvm_guard_indexed(struct cursor *c, const struct llvm_form *form);
void llvm_guard_text(struct cursor *c, unsigned major);
void llvm_guard_values(struct cursor *c);
void llvm_guard_binary_ids(struct cursor *c); /* all of c */
void llvm_guard_hash(struct cursor *c, const struct cursor *at, uint64_t hash);
/* A fault at what was read from at on. */
void llvm_guard_fail(struct cursor *c, const struct cursor *at, const char *what);

/* The text form's view of the head: its variant bits, and the bits verified as above. */
int llvm_text_bid(const char *head, size_t len, uint64_t *ret_variant);

#endif
