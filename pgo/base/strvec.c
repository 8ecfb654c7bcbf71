/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/strvec.h"

#include <stdarg.h>

#include "pgo/base/strbuf.h"

char *strvec_empty[1];

void strvec_clear(struct strvec *sv)
{
	for (size_t i = 0; i < sv->nr; i++)
		free(sv->v[i]);
	sv->nr = 0;
	if (sv->alloc)
		sv->v[0] = NULL;
}

void strvec_release(struct strvec *sv)
{
	strvec_clear(sv);
	if (sv->alloc)
		free(sv->v);
	*sv = (struct strvec)STRVEC_INIT;
}

void strvec_push_take(struct strvec *sv, char *s)
{
	if (sv->nr + 2 > sv->alloc) {
		size_t alloc = sv->alloc ? sv->alloc * 2 : 8;

		sv->v = xrealloc_array(sv->alloc ? sv->v : NULL, alloc, sizeof(*sv->v));
		sv->alloc = alloc;
	}
	sv->v[sv->nr++] = s;
	sv->v[sv->nr] = NULL;
}

const char *strvec_push(struct strvec *sv, const char *s)
{
	strvec_push_take(sv, xstrdup(s));
	return sv->v[sv->nr - 1];
}

const char *strvec_pushf(struct strvec *sv, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	strvec_push_take(sv, strbuf_take(&sb));
	return sv->v[sv->nr - 1];
}

void strvec_pushv(struct strvec *sv, char *const *v)
{
	for (; *v; v++)
		strvec_push(sv, *v);
}

/* One word at *p, which is moved behind it; false for a quote that does not end. */
static bool take_word(const char **p, struct strbuf *word)
{
	char quote = 0;

	for (; **p && (quote || !strchr(" \t\n", **p)); (*p)++) {
		char c = **p;

		if (quote == '\'' ? c == quote : c == quote && quote) {
			quote = 0;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
		} else if (c == '\\' && quote != '\'' && (*p)[1] &&
			   (!quote || strchr("\"\\$`", (*p)[1]))) {
			strbuf_addch(word, *++*p);
		} else {
			strbuf_addch(word, c);
		}
	}
	return !quote;
}

bool strvec_split(struct strvec *sv, const char *line)
{
	size_t before = sv->nr;

	for (line += strspn(line, " \t\n"); *line; line += strspn(line, " \t\n")) {
		PGO_AUTO(strbuf) word = STRBUF_INIT;

		if (!take_word(&line, &word)) {
			while (sv->nr > before)
				free(sv->v[--sv->nr]);
			if (sv->alloc)
				sv->v[sv->nr] = NULL;
			return false;
		}
		strvec_push(sv, word.buf);
	}
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strvec_sort(struct strvec *sv)
{
	if (sv->nr)
		qsort(sv->v, sv->nr, sizeof(*sv->v), by_bytes);
}

bool strvec_has(const struct strvec *sv, const char *s)
{
	for (size_t i = 0; i < sv->nr; i++)
		if (!strcmp(sv->v[i], s))
			return true;
	return false;
}

static char **find_env(const struct strvec *sv, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < sv->nr; i++)
		if (!strncmp(sv->v[i], name, len) && sv->v[i][len] == '=')
			return &sv->v[i];
	return NULL;
}

void strvec_setenv(struct strvec *sv, const char *name, const char *value)
{
	char **slot = find_env(sv, name);

	if (slot && value) {
		free(*slot);
		*slot = xstrfmt("%s=%s", name, value);
	} else if (value) {
		strvec_pushf(sv, "%s=%s", name, value);
	}
	/* An environment may hold a name twice. */
	for (; slot && !value; slot = find_env(sv, name)) {
		free(*slot);
		memmove(slot, slot + 1, (size_t)(sv->v + sv->nr - slot) * sizeof(*slot));
		sv->nr--;
	}
}

const char *strvec_getenv(const struct strvec *sv, const char *name)
{
	char **slot = find_env(sv, name);

	return slot ? *slot + strlen(name) + 1 : NULL;
}
