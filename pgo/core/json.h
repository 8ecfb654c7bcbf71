/* SPDX-License-Identifier: Apache-2.0 */
/* What jansson leaves to its users: any bytes as a string, 64-bit counts, strict field access. */
#ifndef PGO_CORE_JSON_H
#define PGO_CORE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"

/* Bytes that are no UTF-8 become U+FFFD: a path may be any bytes, JSON may not. NULL gives null. */
json_t *js_string(const char *s);
/* Above INT64_MAX the number stands as a decimal string, so that no reader rounds it. */
json_t *js_u64(uint64_t v);

/* Append the text: keys in the order of insertion, on one line or indented by two. */
void js_dump(const json_t *o, struct strbuf *out, bool one_line);

/* Read a file. -PGO_EFORMAT with the line in the message. */
int js_load(const char *path, json_t **ret, struct pgo_err *err);
int js_parse(const char *path, const char *text, size_t len, json_t **ret, struct pgo_err *err);

/* Fields that must be there; "" or 0 with *ok cleared otherwise. */
const char *js_get_string(const json_t *o, const char *key, bool *ok);
uint64_t js_get_u64(const json_t *o, const char *key, bool *ok);
double js_get_double(const json_t *o, const char *key, bool *ok);

struct json_holder {
	json_t *o;
};
static inline void json_holder_release(struct json_holder *h)
{
	json_decref(h->o);
	h->o = NULL;
}
PGO_DEFINE_AUTO(json_holder, json_holder_release)

#endif
