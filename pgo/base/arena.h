/* SPDX-License-Identifier: Apache-2.0 */
/* Many small allocations that are freed together. */
#ifndef PGO_BASE_ARENA_H
#define PGO_BASE_ARENA_H

#include "pgo/base/mem.h"

struct arena_chunk;
struct arena {
	struct arena_chunk *head;
	size_t used_bytes;
};

#define ARENA_INIT { 0 }

void arena_release(struct arena *a);
PGO_DEFINE_AUTO(arena, arena_release)
/* Aligned for any type, not cleared. Ends the program when nmemb * size overflows. */
void *arena_alloc(struct arena *a, size_t nmemb, size_t size);
void *arena_zalloc(struct arena *a, size_t nmemb, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);

#endif
