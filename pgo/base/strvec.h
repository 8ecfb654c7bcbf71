/* SPDX-License-Identifier: Apache-2.0 */
/* A NULL-terminated vector of owned strings: argv, env, lists of files. */
#ifndef PGO_BASE_STRVEC_H
#define PGO_BASE_STRVEC_H

#include "pgo/base/mem.h"

/* v[nr] is NULL; v is never NULL once initialised. */
struct strvec {
	char **v;
	size_t nr, alloc;
};

extern char *strvec_empty[1];
#define STRVEC_INIT { .v = strvec_empty }

void strvec_release(struct strvec *sv);
PGO_DEFINE_AUTO(strvec, strvec_release)
void strvec_clear(struct strvec *sv);
const char *strvec_push(struct strvec *sv, const char *s); /* copies s */
void strvec_push_take(struct strvec *sv, char *s);	   /* owns s */
const char *strvec_pushf(struct strvec *sv, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void strvec_pushv(struct strvec *sv, char *const *v); /* until NULL */
/* Split a line into words as a shell would, with its quotes and backslashes, but without any
 * expansion, and append them. false, nothing appended, for a quote that does not end. */
bool strvec_split(struct strvec *sv, const char *line);
void strvec_sort(struct strvec *sv); /* by bytes */
bool strvec_has(const struct strvec *sv, const char *s);
/* "NAME=value" vectors: replace or add NAME. value NULL removes it. */
void strvec_setenv(struct strvec *sv, const char *name, const char *value);
const char *strvec_getenv(const struct strvec *sv, const char *name);

#endif
