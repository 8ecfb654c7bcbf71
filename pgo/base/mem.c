/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"

static void *checked(void *p, size_t size)
{
	static const char msg[] = "pgoctl: error: out of memory\n";

	if (p || !size)
		return p;
	if (write(STDERR_FILENO, msg, sizeof(msg) - 1) < 0)
		_exit(PGO_EXIT_TOOL);
	_exit(PGO_EXIT_TOOL);
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1), 1);
}

void *xcalloc(size_t nmemb, size_t size)
{
	return checked(calloc(nmemb ? nmemb : 1, size ? size : 1), 1);
}

void *xrealloc_array(void *ptr, size_t nmemb, size_t size)
{
	return checked(reallocarray(ptr, nmemb, size), nmemb && size);
}

char *xstrndup(const char *s, size_t n)
{
	return checked(strndup(s, n), 1);
}

char *xstrdup(const char *s)
{
	return s ? checked(strdup(s), 1) : NULL;
}

void *xmemdup(const void *p, size_t n)
{
	void *copy = xmalloc(n);

	if (n)
		memcpy(copy, p, n);
	return copy;
}

char *xstrfmt(const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	return strbuf_take(&sb);
}

void pgo_auto_closep(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}
