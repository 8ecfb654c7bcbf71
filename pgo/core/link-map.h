/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A linker's map: which object file, of which archive, each piece of a program comes from.
 * Source: GNU ld and gold 2.40, lld 14, 19 and 22, by trial.
 */
#ifndef PGO_CORE_LINK_MAP_H
#define PGO_CORE_LINK_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "pgo/base/arena.h"
#include "pgo/base/err.h"

/* [start, end) of virtual addresses. */
struct link_piece {
	uint64_t start, end;
	const char *file;   /* as the linker was told it: an object, or an archive */
	const char *member; /* of the archive, or NULL */
};

struct link_map {
	struct arena arena;
	struct link_piece *pieces; /* by start */
	size_t nr_pieces, alloc_pieces;
	uint64_t text_start, text_bytes; /* of the section .text; 0, 0: it has none */
};
#define LINK_MAP_INIT { .arena = ARENA_INIT }
void link_map_release(struct link_map *m);
PGO_DEFINE_AUTO(link_map, link_map_release)

/*
 * Read what -Wl,-Map=FILE wrote into the empty *ret. -PGO_EFORMAT when the file is no map of
 * a form known here, or names no piece of code.
 */
int link_map_read(const char *path, struct link_map *ret, struct pgo_err *err);
/* The same of a text in memory; path is for messages. */
int link_map_parse(const char *path, const char *text, size_t len, struct link_map *ret,
		   struct pgo_err *err);
/* The piece that addr is in, or NULL. */
const struct link_piece *link_map_find(const struct link_map *m, uint64_t addr);

#endif
