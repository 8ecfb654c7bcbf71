/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/wrapper/response.h"

#include <string.h>

#include "pgo/base/fs.h"

#define MAX_FILES 2000			/* gcc's own limit */
#define MAX_BYTES (64u << 20)

void flat_args_release(struct flat_args *f)
{
	strvec_release(&f->args);
	free(f->top);
	*f = (struct flat_args)FLAT_ARGS_INIT;
}

static void push(struct flat_args *f, char *arg, size_t top)
{
	VEC_GROW(f->top, f->args.nr, f->alloc);
	f->top[f->args.nr] = top;
	strvec_push_take(&f->args, arg);
}

static const char *is_blank(char c)
{
	return c ? strchr(" \t\n\v\f\r", c) : NULL;
}

/* The next token of *p by GNU's rules, malloc'ed; NULL at the end. */
static char *next_gnu(const char **p)
{
	struct strbuf token = STRBUF_INIT;
	const char *s = *p;
	char quote = '\0';

	while (is_blank(*s))
		s++;
	if (!*s)
		return NULL;
	for (; *s && (quote || !is_blank(*s)); s++) {
		if (*s == '\\' && s[1])
			strbuf_addch(&token, *++s);
		else if (quote && *s == quote)
			quote = '\0';
		else if (!quote && (*s == '\'' || *s == '"'))
			quote = *s;
		else
			strbuf_addch(&token, *s);
	}
	*p = s;
	return strbuf_take(&token);
}

static char *next_line(const char **p)
{
	size_t n = strcspn(*p, "\n");
	char *line;

	if (!**p)
		return NULL;
	line = xstrndup(*p, n && (*p)[n - 1] == '\r' ? n - 1 : n);
	*p += n + ((*p)[n] == '\n');
	return line;
}

static const char *add(struct flat_args *f, char *arg, size_t top, enum response_syntax syntax,
		       bool expand);

static const char *add_file(struct flat_args *f, const char *path, size_t top,
			    enum response_syntax syntax)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	const char *p, *why = NULL;
	char *token;

	if (++f->nr_files > MAX_FILES)
		return "response files in a circle";
	if (fs_read_file(path, &text, NULL))
		return "unreadable response file";
	f->nr_bytes += text.len;
	if (f->nr_bytes > MAX_BYTES)
		return "response files too long";
	p = text.buf;
	while (!why && (token = syntax == RESPONSE_GNU ? next_gnu(&p) : next_line(&p)))
		why = add(f, token, top, syntax, syntax == RESPONSE_GNU);
	return why;
}

/* Owns arg. */
static const char *add(struct flat_args *f, char *arg, size_t top, enum response_syntax syntax,
		       bool expand)
{
	const char *why;
	struct stat st;

	if (!expand || arg[0] != '@' || stat(arg + 1, &st) || S_ISDIR(st.st_mode)) {
		push(f, arg, top);
		return NULL;
	}
	if (S_ISREG(st.st_mode))
		why = add_file(f, arg + 1, top, syntax);
	else
		why = "response file is a pipe";
	free(arg);
	return why;
}

const char *flat_args_expand(struct flat_args *f, char *const *argv, enum response_syntax syntax)
{
	const char *why = NULL;

	for (size_t i = 0; !why && argv[i]; i++)
		why = add(f, xstrdup(argv[i]), i, syntax, true);
	return why;
}
