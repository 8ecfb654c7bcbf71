/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only way that a parser touches input: bounded, sticky. After the first
 * fault every read gives zero and the cursor stands still, so a parser may
 * read a whole record and ask once.
 */
#ifndef PGO_BASE_CURSOR_H
#define PGO_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/err.h"

struct cursor {
	const uint8_t *start, *pos, *end;
	const char *path; /* for messages; not owned */
	uint64_t base;	  /* offset in path of start */
	bool swap;	  /* multi-byte reads are byte-swapped */
	bool bad;
	uint64_t bad_offset;  /* where the first fault was */
	const char *bad_what; /* what was being read: a static string */
};

void cursor_init(struct cursor *c, const char *path, const void *data, size_t len);
size_t cursor_left(const struct cursor *c);
uint64_t cursor_offset(const struct cursor *c); /* in path */
bool cursor_at_end(const struct cursor *c);

/* what names the field, for the message ("function count"). Zero when bad. */
uint8_t cursor_u8(struct cursor *c, const char *what);
uint16_t cursor_u16(struct cursor *c, const char *what);
uint32_t cursor_u32(struct cursor *c, const char *what);
uint64_t cursor_u64(struct cursor *c, const char *what);
uint64_t cursor_uleb(struct cursor *c, const char *what);
/* A view of n bytes, or NULL when fewer are left. n == 0 gives a non-NULL pointer. */
const uint8_t *cursor_bytes(struct cursor *c, uint64_t n, const char *what);
bool cursor_skip(struct cursor *c, uint64_t n, const char *what);
bool cursor_align(struct cursor *c, unsigned to, const char *what); /* relative to base */
/* A cursor over the next n bytes, which are skipped here; it is bad when they are not there. */
struct cursor cursor_sub(struct cursor *c, uint64_t n, const char *what);
/* True when nmemb things of size bytes are still there: asked before an allocation. */
bool cursor_fits(struct cursor *c, uint64_t nmemb, uint64_t size, const char *what);
/* Declare a fault at the current place. */
void cursor_fail(struct cursor *c, const char *what);
/*
 * 0, or -PGO_EFORMAT with path and offset: "'x' is truncated or corrupt at byte 12: function
 * count".
 */
int cursor_check(const struct cursor *c, struct pgo_err *err);

#endif
