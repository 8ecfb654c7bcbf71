/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the debug information of a program says of its code: which function, inlined
 * where, and which line each address is of.
 * Source: DWARF 5, sections 2.17, 3.3 and 6.2; LLVM's DW_AT_GNU_discriminator for calls.
 */
#ifndef PGO_PROFILES_DWARF_LINES_H
#define PGO_PROFILES_DWARF_LINES_H

#include <elfutils/libdw.h>

#include "pgo/base/arena.h"
#include "pgo/base/err.h"

/* A function, or with up a call of it that was inlined there. */
struct dwarf_scope {
	const struct dwarf_scope *up;
	const char *name; /* of linkage, else of the source; NULL: none */
	uint32_t decl_line;
	uint32_t call_line, call_discriminator; /* in up */
	uint32_t id;				/* 0, 1, ...: in order of creation */
};

/* [start, end) are one piece of straight code of one line. line 0: of none. */
struct dwarf_segment {
	uint64_t start, end;
	const struct dwarf_scope *scope; /* the innermost */
	uint32_t line, discriminator;
};

/* [start, end) of a function that is there as code of its own; one that is split has several. */
struct dwarf_range {
	uint64_t start, end;
	const char *name;
	uint32_t group; /* ranges of one name have one, below nr_groups */
	bool wanted;	/* dwarf_lines_segments is to look into it */
	uint64_t die, unit;
};

struct dwarf_lines {
	struct arena arena;
	int fd;
	Dwarf *dwarf;
	struct dwarf_range *ranges; /* sorted, each start once: the first one in the file */
	size_t nr_ranges, alloc_ranges;
	uint32_t nr_groups;
	uint32_t *group_ranges; /* how many ranges each group has */
	struct dwarf_segment *segments;
	size_t nr_segments, alloc_segments;
	uint32_t nr_scopes;
};
#define DWARF_LINES_INIT { .arena = ARENA_INIT, .fd = -1 }
void dwarf_lines_release(struct dwarf_lines *d);
PGO_DEFINE_AUTO(dwarf_lines, dwarf_lines_release)

/*
 * Open the file at path and read into the empty *ret which functions it has code of;
 * those inside other functions are taken for a part of them.
 * -PGO_EMISMATCH: it has no debug information; -PGO_EFORMAT, -PGO_ENOTFOUND.
 */
int dwarf_lines_read(const char *path, struct dwarf_lines *ret, struct pgo_err *err);
/* The range that addr is in, or NULL. */
struct dwarf_range *dwarf_lines_range(const struct dwarf_lines *d, uint64_t addr);
/* Make the segments, sorted and apart, of all ranges that are wanted. Called once. */
void dwarf_lines_segments(struct dwarf_lines *d);
/* The segment that addr is in, or NULL. */
const struct dwarf_segment *dwarf_lines_segment(const struct dwarf_lines *d, uint64_t addr);

#endif
