/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte string, always NUL-terminated. */
#ifndef PGO_BASE_STRBUF_H
#define PGO_BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

#include "pgo/base/mem.h"

/* buf is never NULL once initialised; len excludes the NUL; buf is owned unless alloc is 0. */
struct strbuf {
	size_t len, alloc;
	char *buf;
};

extern char strbuf_slop[1];
#define STRBUF_INIT { .buf = strbuf_slop }

void strbuf_release(struct strbuf *sb); /* frees, and makes it STRBUF_INIT again */
PGO_DEFINE_AUTO(strbuf, strbuf_release)
void strbuf_clear(struct strbuf *sb); /* len = 0, memory kept */
void strbuf_grow(struct strbuf *sb, size_t extra);
void strbuf_setlen(struct strbuf *sb, size_t len);
char *strbuf_take(struct strbuf *sb); /* the malloc'ed string; sb becomes empty */

void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_addstr(struct strbuf *sb, const char *s);
void strbuf_addch(struct strbuf *sb, int c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void strbuf_rtrim(struct strbuf *sb);

/* Append s quoted for a POSIX shell: 'as it is' where safe, else in single quotes. */
void strbuf_addquoted(struct strbuf *sb, const char *s);
/* Append s with control characters and bytes that are no UTF-8 shown as \n, \x1b: for printing a
 * hostile name on a terminal. */
void strbuf_addvis(struct strbuf *sb, const char *s);
/* Append s as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void strbuf_addjson(struct strbuf *sb, const char *s);

#endif
