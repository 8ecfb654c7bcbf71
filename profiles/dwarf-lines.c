/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/dwarf-lines.h"

#include <dwarf.h>
#include <fcntl.h>
#include <unistd.h>

#include "pgo/base/hashmap.h"

#define GNU_DISCRIMINATOR 0x2136 /* DW_AT_GNU_discriminator, which dwarf.h has not */
/* Deeper trees are no compiler's: what lies below is taken for a part of what is above. */
#define MAX_DEPTH 256

void dwarf_lines_release(struct dwarf_lines *d)
{
	if (d->dwarf)
		dwarf_end(d->dwarf);
	if (d->fd >= 0)
		close(d->fd);
	free(d->ranges);
	free(d->group_ranges);
	free(d->segments);
	arena_release(&d->arena);
	*d = (struct dwarf_lines)DWARF_LINES_INIT;
}

static uint32_t number_of(Dwarf_Die *die, unsigned name, bool follow)
{
	Dwarf_Attribute attr;
	Dwarf_Word value = 0;

	if ((follow ? dwarf_attr_integrate(die, name, &attr) : dwarf_attr(die, name, &attr)) &&
	    !dwarf_formudata(&attr, &value))
		return (uint32_t)value;
	return 0;
}

static const char *name_of(Dwarf_Die *die)
{
	static const unsigned names[] = { DW_AT_MIPS_linkage_name, DW_AT_linkage_name, DW_AT_name };
	Dwarf_Attribute attr;
	const char *name = NULL;

	for (size_t i = 0; !name && i < sizeof(names) / sizeof(*names); i++)
		if (dwarf_attr_integrate(die, names[i], &attr))
			name = dwarf_formstring(&attr);
	return name && *name ? name : NULL;
}

struct reader {
	struct dwarf_lines *d;
	struct hashmap groups;
	uint64_t unit;
};

static void add_function(struct reader *r, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	const char *name = NULL;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		struct dwarf_lines *d = r->d;
		struct hashmap_entry *e;

		if (!name)
			name = name_of(die);
		if (!name || start >= end || !start)
			continue;
		e = hashmap_put(&r->groups, name, strlen(name), NULL);
		VEC_GROW(d->ranges, d->nr_ranges, d->alloc_ranges);
		d->ranges[d->nr_ranges++] = (struct dwarf_range){
			.start = start,
			.end = end,
			.name = name,
			.group = (uint32_t)(e - r->groups.entries),
			.die = dwarf_dieoffset(die),
			.unit = r->unit,
		};
	}
}

static void walk(struct reader *r, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth > MAX_DEPTH || dwarf_child(parent, &die))
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			add_function(r, &die);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
			walk(r, &die, depth + 1);
			break;
		default:
			break;
		}
	} while (!dwarf_siblingof(&die, &die));
}

/* Of equal starts the first one in the file stays in front. */
static int by_start(const void *a, const void *b)
{
	const struct dwarf_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->die > y->die) - (x->die < y->die);
}

static void finish_ranges(struct reader *r)
{
	struct dwarf_lines *d = r->d;
	size_t nr = 0;

	d->nr_groups = (uint32_t)r->groups.nr;
	d->group_ranges = xcalloc(r->groups.nr + 1, sizeof(*d->group_ranges));
	for (size_t i = 0; i < d->nr_ranges; i++)
		d->group_ranges[d->ranges[i].group]++;
	if (d->nr_ranges)
		qsort(d->ranges, d->nr_ranges, sizeof(*d->ranges), by_start);
	for (size_t i = 0; i < d->nr_ranges; i++)
		if (!nr || d->ranges[nr - 1].start != d->ranges[i].start)
			d->ranges[nr++] = d->ranges[i];
	d->nr_ranges = nr;
	for (size_t i = 0; i + 1 < nr; i++)
		if (d->ranges[i].end > d->ranges[i + 1].start)
			d->ranges[i].end = d->ranges[i + 1].start;
}

int dwarf_lines_read(const char *path, struct dwarf_lines *ret, struct pgo_err *err)
{
	PGO_AUTO(dwarf_lines) d = DWARF_LINES_INIT;
	struct reader r = { .d = &d, .groups = HASHMAP_INIT };
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, sub;
	uint8_t type;

	d.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (d.fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	d.dwarf = dwarf_begin(d.fd, DWARF_C_READ);
	if (!d.dwarf)
		return pgo_error_at(err, PGO_EMISMATCH, path, -1, "'%s' has no debug information",
				    path);
	while (!dwarf_get_units(d.dwarf, cu, &cu, NULL, &type, &die, &sub)) {
		r.unit = dwarf_dieoffset(&die);
		walk(&r, &die, 0);
	}
	finish_ranges(&r);
	hashmap_release(&r.groups);
	if (!d.nr_ranges)
		return pgo_error_at(err, PGO_EMISMATCH, path, -1,
				    "the debug information of '%s' names no functions", path);
	*ret = d;
	d = (struct dwarf_lines)DWARF_LINES_INIT;
	return 0;
}

struct dwarf_range *dwarf_lines_range(const struct dwarf_lines *d, uint64_t addr)
{
	size_t low = 0, high = d->nr_ranges;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->ranges[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr < d->ranges[low - 1].end ? &d->ranges[low - 1] : NULL;
}

/* Lines of a unit by address, each address once; line 0 where a sequence ends. */
struct row {
	uint64_t addr;
	uint32_t line, discriminator;
};
struct rows {
	struct row *v;
	size_t nr;
	uint64_t unit;
	bool read;
};

static void read_rows(struct dwarf_lines *d, uint64_t unit, struct rows *rows)
{
	Dwarf_Lines *lines;
	Dwarf_Die die;
	size_t nr = 0;

	if (rows->read && rows->unit == unit)
		return;
	rows->nr = 0;
	rows->read = true;
	rows->unit = unit;
	if (!dwarf_offdie(d->dwarf, unit, &die) || dwarf_getsrclines(&die, &lines, &nr))
		return;
	rows->v = xrealloc_array(rows->v, nr + 1, sizeof(*rows->v));
	for (size_t i = 0; i < nr; i++) {
		Dwarf_Line *l = dwarf_onesrcline(lines, i);
		struct row row = { 0 };
		unsigned discriminator = 0;
		bool end = false;
		int line = 0;

		if (!l || dwarf_lineaddr(l, &row.addr) || dwarf_lineendsequence(l, &end))
			continue;
		if (!end && !dwarf_lineno(l, &line) &&
		    !dwarf_linediscriminator(l, &discriminator)) {
			row.line = (uint32_t)line;
			row.discriminator = discriminator;
		}
		/* Of several at one address the last one holds. */
		if (!rows->nr || rows->v[rows->nr - 1].addr != row.addr)
			rows->nr++;
		rows->v[rows->nr - 1] = row;
	}
}

/* The number of rows at or before addr. */
static size_t rows_until(const struct rows *rows, uint64_t addr)
{
	size_t low = 0, high = rows->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (rows->v[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Cut [start, end) of a scope up into segments by line. */
static void add_segments(struct dwarf_lines *d, const struct rows *rows, uint64_t start,
			 uint64_t end, const struct dwarf_scope *scope)
{
	size_t at = rows_until(rows, start);

	while (start < end) {
		const struct row *row = at ? &rows->v[at - 1] : NULL;
		uint64_t next = at < rows->nr && rows->v[at].addr < end ? rows->v[at].addr : end;

		VEC_GROW(d->segments, d->nr_segments, d->alloc_segments);
		d->segments[d->nr_segments++] = (struct dwarf_segment){
			start, next, scope, row ? row->line : 0, row ? row->discriminator : 0
		};
		start = next;
		at++;
	}
}

/* Where a scope's code is, while the scopes of a function are collected: outer ones first. */
struct span {
	uint64_t start, end;
	const struct dwarf_scope *scope;
};
struct spans {
	struct span *v;
	size_t nr, alloc;
};

static void add_span(struct spans *spans, uint64_t start, uint64_t end,
		     const struct dwarf_scope *scope)
{
	VEC_GROW(spans->v, spans->nr, spans->alloc);
	spans->v[spans->nr++] = (struct span){ start, end, scope };
}

static void add_spans(struct spans *spans, Dwarf_Die *die, const struct dwarf_scope *scope)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0)
		if (start < end)
			add_span(spans, start, end, scope);
}

static struct dwarf_scope *new_scope(struct dwarf_lines *d, Dwarf_Die *die,
				     const struct dwarf_scope *up)
{
	struct dwarf_scope *scope = arena_zalloc(&d->arena, 1, sizeof(*scope));

	scope->up = up;
	scope->name = name_of(die);
	scope->decl_line = number_of(die, DW_AT_decl_line, true);
	scope->id = d->nr_scopes++;
	if (up) {
		scope->call_line = number_of(die, DW_AT_call_line, false);
		scope->call_discriminator = number_of(die, GNU_DISCRIMINATOR, false);
	}
	return scope;
}

static void collect(struct dwarf_lines *d, Dwarf_Die *parent, const struct dwarf_scope *scope,
		    struct spans *spans, unsigned depth)
{
	Dwarf_Die die;

	if (depth > MAX_DEPTH || dwarf_child(parent, &die))
		return;
	do {
		const struct dwarf_scope *inner = scope;
		int tag = dwarf_tag(&die);

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block)
			continue;
		if (tag == DW_TAG_inlined_subroutine) {
			inner = new_scope(d, &die, scope);
			add_spans(spans, &die, inner);
		}
		collect(d, &die, inner, spans, depth + 1);
	} while (!dwarf_siblingof(&die, &die));
}

static int by_span(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->scope->id > y->scope->id) - (x->scope->id < y->scope->id);
}

/* Every address goes to the innermost scope; one that leaves what it is in is cut. */
static void flatten(struct dwarf_lines *d, const struct rows *rows, struct spans *spans)
{
	PGO_AUTO_FREE struct span *stack = xcalloc(spans->nr, sizeof(*stack));
	size_t depth = 0;
	uint64_t at = 0;

	qsort(spans->v, spans->nr, sizeof(*spans->v), by_span);
	for (size_t i = 0; i <= spans->nr; i++) {
		const struct span *s = i < spans->nr ? &spans->v[i] : NULL;

		for (; depth && (!s || stack[depth - 1].end <= s->start); depth--) {
			add_segments(d, rows, at, stack[depth - 1].end, stack[depth - 1].scope);
			if (at < stack[depth - 1].end)
				at = stack[depth - 1].end;
		}
		if (!s)
			break;
		/* What is inlined is in its function. */
		if (!depth && s->scope->up)
			continue;
		if (depth)
			add_segments(d, rows, at, s->start, stack[depth - 1].scope);
		at = s->start;
		stack[depth] = *s;
		if (depth && stack[depth].end > stack[depth - 1].end)
			stack[depth].end = stack[depth - 1].end;
		depth++;
	}
}

/* range[0..nr) are those of one function. */
static void look_into(struct dwarf_lines *d, const struct dwarf_range *range, size_t nr,
		      const struct rows *rows, struct spans *spans)
{
	struct dwarf_scope *scope;
	Dwarf_Die die;

	spans->nr = 0;
	if (!dwarf_offdie(d->dwarf, range->die, &die))
		return;
	scope = new_scope(d, &die, NULL);
	for (size_t i = 0; i < nr; i++)
		add_span(spans, range[i].start, range[i].end, scope);
	collect(d, &die, scope, spans, 0);
	flatten(d, rows, spans);
}

static int by_die(const void *a, const void *b)
{
	const struct dwarf_range *x = a, *y = b;

	if (x->die != y->die)
		return x->die < y->die ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

static int by_segment(const void *a, const void *b)
{
	const struct dwarf_segment *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

void dwarf_lines_segments(struct dwarf_lines *d)
{
	PGO_AUTO_FREE struct dwarf_range *wanted = xcalloc(d->nr_ranges, sizeof(*wanted));
	struct spans spans = { 0 };
	struct rows rows = { 0 };
	size_t nr = 0;

	for (size_t i = 0; i < d->nr_ranges; i++)
		if (d->ranges[i].wanted)
			wanted[nr++] = d->ranges[i];
	qsort(wanted, nr, sizeof(*wanted), by_die);
	for (size_t i = 0, next; i < nr; i = next) {
		for (next = i + 1; next < nr && wanted[next].die == wanted[i].die; next++)
			;
		read_rows(d, wanted[i].unit, &rows);
		look_into(d, &wanted[i], next - i, &rows, &spans);
	}
	free(rows.v);
	free(spans.v);
	if (d->nr_segments)
		qsort(d->segments, d->nr_segments, sizeof(*d->segments), by_segment);
}

const struct dwarf_segment *dwarf_lines_segment(const struct dwarf_lines *d, uint64_t addr)
{
	size_t low = 0, high = d->nr_segments;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->segments[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr < d->segments[low - 1].end ? &d->segments[low - 1] : NULL;
}
