/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/dwarf-units.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Numbers that an older dwarf.h may not have are DWARF's own. */
static const struct {
	unsigned code;
	const char *name;
} languages[] = {
	{ 0x01, "C" },		 { 0x02, "C" },		 { 0x04, "C++" },   { 0x07, "Fortran" },
	{ 0x08, "Fortran" },	 { 0x0c, "C" },		 { 0x0d, "Ada" },   { 0x0e, "Fortran" },
	{ 0x10, "Objective-C" }, { 0x13, "D" },		 { 0x16, "Go" },    { 0x1a, "C++" },
	{ 0x1c, "Rust" },	 { 0x1d, "C" },		 { 0x1e, "Swift" }, { 0x21, "C++" },
	{ 0x22, "Fortran" },	 { 0x23, "Fortran" },	 { 0x2b, "C++" },   { 0x2c, "C" },
	{ 0x2d, "Fortran" },	 { 0x8001, "assembly" },
};

void dwarf_units_release(struct dwarf_units *d)
{
	free(d->ranges);
	arena_release(&d->arena);
	*d = (struct dwarf_units)DWARF_UNITS_INIT;
}

static const char *text_of(struct dwarf_units *d, Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	const char *text = dwarf_attr(die, name, &attr) ? dwarf_formstring(&attr) : NULL;

	return text ? arena_strdup(&d->arena, text) : NULL;
}

static const char *language_of(Dwarf_Die *die, const char *producer)
{
	const int code = dwarf_srclang(die);

	/* As DWARF 5 has no number for it, gas and clang take the one of old MIPS assemblers. */
	if (producer && !strncmp(producer, "GNU AS", 6))
		return "assembly";
	for (size_t i = 0; code > 0 && i < ARRAY_SIZE(languages); i++)
		if (languages[i].code == (unsigned)code)
			return languages[i].name;
	return NULL;
}

/* die has the ranges, what the same texts: another one where they are in a file of their own. */
static void add_unit(struct dwarf_units *d, Dwarf_Die *die, Dwarf_Die *what)
{
	struct dwarf_unit *u = NULL;
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (start >= end || !start)
			continue;
		if (!u) {
			u = arena_zalloc(&d->arena, 1, sizeof(*u));
			u->name = text_of(d, what, DW_AT_name);
			u->dir = text_of(d, die, DW_AT_comp_dir);
			u->producer = text_of(d, what, DW_AT_producer);
			u->language = language_of(what, u->producer);
		}
		VEC_GROW(d->ranges, d->nr_ranges, d->alloc_ranges);
		d->ranges[d->nr_ranges++] = (struct dwarf_unit_range){ start, end, u };
	}
}

static int by_start(const void *a, const void *b)
{
	const struct dwarf_unit_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

int dwarf_units_read(const char *path, struct dwarf_units *ret, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, sub;
	Dwarf *dwarf;
	uint8_t type;

	if (fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	dwarf = dwarf_begin(fd, DWARF_C_READ);
	if (!dwarf)
		return 0;
	while (!dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, &sub))
		add_unit(ret, &die, type == DW_UT_skeleton && sub.addr ? &sub : &die);
	dwarf_end(dwarf);
	if (ret->nr_ranges)
		qsort(ret->ranges, ret->nr_ranges, sizeof(*ret->ranges), by_start);
	return 0;
}

const struct dwarf_unit *dwarf_units_find(const struct dwarf_units *d, uint64_t addr)
{
	size_t low = 0, high = d->nr_ranges;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->ranges[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr < d->ranges[low - 1].end ? d->ranges[low - 1].unit : NULL;
}
