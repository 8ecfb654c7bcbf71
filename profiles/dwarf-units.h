/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What debug information says of the origin of code: which source was compiled, where, by
 * what. Source: DWARF 5, section 3.1.1.
 */
#ifndef PGO_PROFILES_DWARF_UNITS_H
#define PGO_PROFILES_DWARF_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "pgo/base/arena.h"
#include "pgo/base/err.h"

/* What a compiler was called for once. Each text may be NULL: not said. */
struct dwarf_unit {
	const char *name, *dir; /* the source as it was given; where the compiler ran */
	const char *producer;	/* "GNU C17 12.2.0 -O2", "Debian clang version 19.1.7" */
	const char *language;	/* "C", "C++", "assembly", ... */
};

struct dwarf_unit_range {
	uint64_t start, end;
	const struct dwarf_unit *unit;
};

struct dwarf_units {
	struct arena arena;
	struct dwarf_unit_range *ranges; /* by start */
	size_t nr_ranges, alloc_ranges;
};
#define DWARF_UNITS_INIT { .arena = ARENA_INIT }
void dwarf_units_release(struct dwarf_units *d);
PGO_DEFINE_AUTO(dwarf_units, dwarf_units_release)

/*
 * Read the units of the file at path into the empty *ret, which stays empty for a file without
 * debug information. -PGO_ENOTFOUND, -PGO_EPERM, -PGO_EIO when it cannot be opened.
 */
int dwarf_units_read(const char *path, struct dwarf_units *ret, struct pgo_err *err);
/* The unit that addr is code of, or NULL. */
const struct dwarf_unit *dwarf_units_find(const struct dwarf_units *d, uint64_t addr);

#endif
