/* SPDX-License-Identifier: Apache-2.0 */
/* Where each key and value of a yaml text stands. Only for config-*.c. */
#ifndef PGO_CORE_CONFIG_WHERE_H
#define PGO_CORE_CONFIG_WHERE_H

#include <stdbool.h>
#include <stddef.h>

#include "pgo/base/arena.h"
#include "pgo/base/err.h"

/* From 1; the column counts characters. */
struct place {
	size_t line, column;
};

enum where_kind { WHERE_SCALAR, WHERE_LIST, WHERE_MAP };

/* A value. The children of a list or map are first, first->next, ... in the order of the text. */
struct where {
	enum where_kind kind;
	struct place at;
	const char *text; /* of a scalar: never NULL, without NUL inside */
	bool plain;	  /* of a scalar: not quoted */
	const char *key;  /* of an entry of a map, else NULL */
	struct place key_at;
	struct where *first, *next;
};

/* What the passes over one text share. path is as the user wrote it. */
struct where_ctx {
	const char *path;
	struct arena *arena; /* holds the tree and what is shown of it */
	struct pgo_err *err;
};

/*
 * Read len bytes of text into a tree. Everything that is no plain YAML subset
 * (bytes that are no text, anchors, tags, a second document, a nesting deeper
 * than WHERE_MAX_DEPTH) is -PGO_ECONFIG at its line and column.
 */
#define WHERE_MAX_DEPTH 16
int where_parse(const struct where_ctx *ctx, const char *text, size_t len, struct where **ret_root);

/* The entry of a map, the nth of a list; NULL when there is none or node is NULL. */
const struct where *where_get(const struct where *map, const char *key);
const struct where *where_nth(const struct where *list, size_t n);

/* Set ctx->err to "path:line:column: ...", and its hint. Both return -PGO_ECONFIG. */
int where_error(const struct where_ctx *ctx, struct place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int where_hint(const struct where_ctx *ctx, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* text as it may stand in a message: no control bytes, shortened. In the arena. */
const char *where_show(const struct where_ctx *ctx, const char *text);

/* All of text must be UTF-8 without control characters; the first fault is told like the others. */
int where_check_text(const struct where_ctx *ctx, const char *text, size_t len);

#endif
