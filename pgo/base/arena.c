/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/arena.h"

#include <stdalign.h>

#define CHUNK_BYTES (64u << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

void arena_release(struct arena *a)
{
	struct arena_chunk *c, *next;

	for (c = a->head; c; c = next) {
		next = c->next;
		free(c);
	}
	*a = (struct arena)ARENA_INIT;
}

static struct arena_chunk *add_chunk(struct arena *a, size_t size)
{
	struct arena_chunk *c = xmalloc(sizeof(*c) + size);

	c->used = 0;
	c->size = size;
	/* A large allocation of its own must not retire a chunk that has room. */
	if (a->head && size > CHUNK_BYTES) {
		c->next = a->head->next;
		a->head->next = c;
	} else {
		c->next = a->head;
		a->head = c;
	}
	return c;
}

void *arena_alloc(struct arena *a, size_t nmemb, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_chunk *c = a->head;
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(nmemb, size, &bytes) || bytes > SIZE_MAX / 2)
		bytes = SIZE_MAX / 2; /* fails in malloc, which ends the program */
	bytes = (bytes + align - 1) & ~(align - 1);
	if (!c || c->size - c->used < bytes)
		c = add_chunk(a, bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES);
	p = c->data + c->used;
	c->used += bytes;
	a->used_bytes += bytes;
	return p;
}

void *arena_zalloc(struct arena *a, size_t nmemb, size_t size)
{
	void *p = arena_alloc(a, nmemb, size);

	if (nmemb && size)
		memset(p, 0, nmemb * size);
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1, 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}
