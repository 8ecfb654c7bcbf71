/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: allocation that cannot fail, ownership in the type. */
#ifndef PGO_BASE_MEM_H
#define PGO_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* These end the program (exit 6, a message) when memory is exhausted or a size overflows. */
void *xmalloc(size_t size);
void *xcalloc(size_t nmemb, size_t size);
void *xrealloc_array(void *ptr, size_t nmemb, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n);
char *xstrfmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Grow a vector so that nr + 1 elements fit: VEC_GROW(v->items, v->nr, v->alloc). */
#define VEC_GROW(items, nr, alloc)                                                       \
	do {                                                                             \
		if ((nr) + 1 > (alloc)) {                                                \
			(alloc) = (alloc) ? (alloc) * 2 : 8;                             \
			(items) = xrealloc_array((items), (alloc), sizeof(*(items)));    \
		}                                                                        \
	} while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FREE_AND_NULL(p) do { free(p); (p) = NULL; } while (0)

/*
 * PGO_AUTO(strbuf) buf = STRBUF_INIT; calls strbuf_releasep(&buf) at the end of the scope.
 * A type takes part by PGO_DEFINE_AUTO(type, release function) beside its declaration.
 */
#define PGO_DEFINE_AUTO(type, release)                                                   \
	static inline void pgo_auto_##type(struct type *p) { release(p); }
#define PGO_AUTO(type) __attribute__((cleanup(pgo_auto_##type))) struct type

/* For plain pointers from malloc, and for file descriptors. */
static inline void pgo_auto_freep(void *p)
{
	free(*(void **)p);
}
#define PGO_AUTO_FREE __attribute__((cleanup(pgo_auto_freep)))
void pgo_auto_closep(const int *fd);
#define PGO_AUTO_CLOSE __attribute__((cleanup(pgo_auto_closep)))

/* Hand a pointer over: the variable becomes NULL, so that its cleanup does nothing. */
#define TAKE_PTR(p) ({ __typeof__(p) take_ = (p); (p) = NULL; take_; })
#define TAKE_FD(fd) ({ int take_ = (fd); (fd) = -1; take_; })

#endif
