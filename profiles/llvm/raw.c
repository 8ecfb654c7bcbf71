/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/llvm/raw.h"

#include <string.h>

/* No table of names is this large; a compressed one claims what is to be allocated. */
#define MAX_NAMES_BYTES (1ULL << 30)
/* deflate's densest: 258 bytes in 2 bits. */
#define MAX_INFLATION 1032

/* Take n bytes at *at, aligned to them, and return where they are. */
static unsigned place(unsigned *at, unsigned n)
{
	unsigned here = (*at + n - 1) / n * n;

	*at = here + n;
	return here;
}

void llvm_raw_layout(uint64_t version, bool narrow, bool swap, struct llvm_raw_layout *out)
{
	struct llvm_raw_layout l = { .version = version, .swap = swap, .relative = version >= 8 };
	unsigned p = narrow ? 4 : 8, at = 16;

	l.pointer_bytes = p;
	l.nr_kinds = version >= 10 ? 3 : 2;
	l.counters = place(&at, p);
	if (version >= 11)
		place(&at, p); /* counters of a device */
	if (version >= 9)
		l.bitmap = place(&at, p);
	l.address = place(&at, p);
	l.values = place(&at, p);
	l.nr_counters = place(&at, 4);
	l.nr_sites = at;
	at += 2 * l.nr_kinds;
	if (version >= 11)
		place(&at, 2); /* size of a device's wave */
	if (version >= 9)
		l.bitmap_bytes = place(&at, 4);
	l.record_bytes = (at + 7) / 8 * 8;

	/* Of 10 words; 7 has binary ids, 9 three words of bitmaps, 10 two of virtual tables. */
	l.header_bytes = 8 * (10 + (version >= 7) + 3 * (version >= 9) + 2 * (version >= 10) +
			      3 * (version >= 11));
	l.names_delta = l.header_bytes - 16 - 16 * (version >= 10);
	*out = l;
}

uint64_t llvm_raw_u64(const struct llvm_raw_layout *l, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return l->swap ? __builtin_bswap64(v) : v;
}

uint32_t llvm_raw_u32(const struct llvm_raw_layout *l, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return l->swap ? __builtin_bswap32(v) : v;
}

static uint16_t raw_u16(const struct llvm_raw_layout *l, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return l->swap ? __builtin_bswap16(v) : v;
}

uint64_t llvm_raw_pointer(const struct llvm_raw_layout *l, const uint8_t *p)
{
	return l->pointer_bytes == 4 ? llvm_raw_u32(l, p) : llvm_raw_u64(l, p);
}

/* The offset in a section of what record i points to there. */
static uint64_t offset_in(const struct llvm_raw_layout *l, uint64_t pointer, uint64_t delta,
			  uint64_t i)
{
	uint64_t at = pointer - delta;

	if (l->relative)
		at += i * l->record_bytes;
	return l->pointer_bytes == 4 ? at & UINT32_MAX : at;
}

void llvm_raw_func(const struct llvm_raw *raw, uint64_t i, struct llvm_raw_func *out)
{
	const struct llvm_raw_layout *l = &raw->layout;
	const uint8_t *p = raw->data + i * l->record_bytes;

	*out = (struct llvm_raw_func){
		.name_ref = llvm_raw_u64(l, p),
		.hash = llvm_raw_u64(l, p + 8),
		.address = llvm_raw_pointer(l, p + l->address),
		.counters = offset_in(l, llvm_raw_pointer(l, p + l->counters), raw->counters_delta,
				      i),
		.nr_counters = llvm_raw_u32(l, p + l->nr_counters),
	};
	for (unsigned k = 0; k < l->nr_kinds; k++)
		out->nr_sites[k] = raw_u16(l, p + l->nr_sites + 2 * k);
	if (l->bitmap)
		out->bitmap_bytes = llvm_raw_u32(l, p + l->bitmap_bytes);
	if (out->bitmap_bytes)
		out->bitmap = offset_in(l, llvm_raw_pointer(l, p + l->bitmap), raw->bitmap_delta,
					i);
}

/* Paddings and what devices add, which nothing else needs. */
struct skips {
	uint64_t before_counters, after_counters, after_bitmap, nr_uniform, after_uniform;
};

static void read_header(struct llvm_raw *r, struct skips *s, struct cursor *c)
{
	const uint64_t v = r->layout.version;
	struct cursor at = *c;
	const uint8_t *magic = cursor_bytes(c, 8, "magic of the header");
	uint64_t version;

	if (magic && memcmp(magic, c->start, 8) != 0)
		llvm_guard_fail(c, &at, "what follows is no raw profile of the same kind");
	at = *c;
	version = cursor_u64(c, "version of the header");
	if ((version & UINT32_MAX) != v)
		llvm_guard_fail(c, &at, "version of the header");
	r->variant = version & ~(uint64_t)UINT32_MAX;
	r->counter_bytes = r->variant & LLVM_VARIANT_BYTE_COVERAGE ? 1 : 8;
	r->ids_bytes = v >= 7 ? cursor_u64(c, "size of binary ids") : 0;
	r->nr_data = cursor_u64(c, "number of functions");
	s->before_counters = cursor_u64(c, "padding before counters");
	r->nr_counters = cursor_u64(c, "number of counters");
	s->after_counters = cursor_u64(c, "padding after counters");
	if (v >= 9) {
		r->bitmap_bytes = cursor_u64(c, "size of bitmaps");
		s->after_bitmap = cursor_u64(c, "padding after bitmaps");
	}
	if (v >= 11) {
		s->nr_uniform = cursor_u64(c, "number of a device's counters");
		s->after_uniform = cursor_u64(c, "padding after a device's counters");
		cursor_u64(c, "place of a device's counters");
	}
	r->names_bytes = cursor_u64(c, "size of names");
	r->counters_delta = cursor_u64(c, "place of counters");
	r->bitmap_delta = v >= 9 ? cursor_u64(c, "place of bitmaps") : 0;
	cursor_u64(c, "place of names");
	if (v >= 10) {
		r->nr_vtables = cursor_u64(c, "number of virtual tables");
		r->vtable_names_bytes = cursor_u64(c, "size of virtual tables' names");
	}
	cursor_u64(c, "last kind of values");
}

/* Bytes that records may still claim, together; see llvm_raw_next. */
struct budget {
	uint64_t counters, bitmap;
	uint64_t behind_counters; /* bytes of the file behind the section of counters */
};

/* What is wrong with the places that a record names, or NULL. */
static const char *fault_of(const struct llvm_raw *r, const struct llvm_raw_func *f,
			    struct budget *b)
{
	uint64_t size = r->nr_counters * r->counter_bytes;
	/* A timestamp is of 8 bytes, whatever the size of a counter. */
	uint64_t least = r->variant & LLVM_VARIANT_TEMPORAL ? 8 : 1;

	if (!f->nr_counters)
		return "number of a function's counters is 0";
	if (f->counters >= size || size - f->counters + b->behind_counters < least)
		return "place of a function's counters is outside of their section";
	if (f->nr_counters > (size - f->counters) / r->counter_bytes)
		return "a function has more counters than there are";
	if (f->nr_counters > b->counters)
		return "functions have more counters together than the file has bytes";
	b->counters -= f->nr_counters;
	if (!f->bitmap_bytes)
		return NULL;
	if (f->bitmap_bytes > r->bitmap_bytes)
		return "a function's bitmap is larger than all";
	if (f->bitmap > r->bitmap_bytes - f->bitmap_bytes)
		return "place of a function's bitmap is outside of their section";
	if (f->bitmap_bytes > b->bitmap)
		return "functions have larger bitmaps together than the file";
	b->bitmap -= f->bitmap_bytes;
	return NULL;
}

static void check_records(const struct llvm_raw *r, struct cursor *c, struct budget *b)
{
	for (uint64_t i = 0; i < r->nr_data && !c->bad; i++) {
		struct cursor at = *c;
		struct llvm_raw_func f;
		const char *fault;

		cursor_skip(c, r->layout.record_bytes, "record of a function");
		llvm_raw_func(r, i, &f);
		fault = fault_of(r, &f, b);
		if (fault)
			llvm_guard_fail(c, &at, fault);
		llvm_guard_hash(c, &at, f.hash);
	}
}

void llvm_raw_check_names(struct cursor *c)
{
	while (!cursor_at_end(c)) {
		struct cursor at = *c;
		uint64_t plain = cursor_uleb(c, "size of a table of names");
		uint64_t packed = cursor_uleb(c, "compressed size of a table of names");

		if (packed && (plain > MAX_NAMES_BYTES || plain / MAX_INFLATION > packed))
			llvm_guard_fail(c, &at, "size of a table of names");
		cursor_skip(c, packed ? packed : plain, "table of names");
		while (!cursor_at_end(c) && !*c->pos)
			cursor_skip(c, 1, "padding of names");
	}
}

/* A section of n bytes, padded to a multiple of 8, as a cursor of its own. */
static struct cursor section(struct cursor *c, uint64_t n, const char *what)
{
	struct cursor sub = cursor_sub(c, n, what);

	cursor_skip(c, -n % 8, what);
	return sub;
}

static void take_fault(struct cursor *c, const struct cursor *part)
{
	if (part->bad && !c->bad)
		*c = *part;
}

/* nmemb things of size bytes; never wraps, as a product that does is not there. */
static uint64_t bytes_of(struct cursor *c, uint64_t nmemb, uint64_t size, const char *what)
{
	return cursor_fits(c, nmemb, size, what) ? nmemb * size : 0;
}

static void check_values(const struct llvm_raw *r, struct cursor *c)
{
	for (uint64_t i = 0; i < r->nr_data && !c->bad; i++) {
		struct llvm_raw_func f;

		llvm_raw_func(r, i, &f);
		if (llvm_raw_has_sites(&f))
			llvm_guard_values(c);
	}
}

void llvm_raw_next(struct cursor *c, const struct llvm_raw_layout *layout, struct llvm_raw *out)
{
	struct llvm_raw r = { .layout = *layout, .start = c->pos, .offset = cursor_offset(c) };
	unsigned vtable_bytes = layout->pointer_bytes == 4 ? 16 : 24;
	uint64_t file_bytes = cursor_left(c);
	struct budget budget = { .counters = file_bytes, .bitmap = file_bytes };
	struct cursor ids, records, names, vtables, vtable_names;
	struct skips skips = { 0 };

	read_header(&r, &skips, c);
	ids = cursor_sub(c, r.ids_bytes, "binary ids");
	records = cursor_sub(c, bytes_of(c, r.nr_data, layout->record_bytes, "functions"),
			     "functions");
	cursor_skip(c, skips.before_counters, "padding before counters");
	r.counters = c->pos;
	cursor_skip(c, bytes_of(c, r.nr_counters, r.counter_bytes, "counters"), "counters");
	budget.behind_counters = cursor_left(c);
	cursor_skip(c, skips.after_counters, "padding after counters");
	r.bitmap = c->pos;
	cursor_skip(c, r.bitmap_bytes, "bitmaps");
	cursor_skip(c, skips.after_bitmap, "padding after bitmaps");
	cursor_skip(c, bytes_of(c, skips.nr_uniform, 8, "a device's counters"),
		    "a device's counters");
	cursor_skip(c, skips.after_uniform, "padding after a device's counters");
	names = section(c, r.names_bytes, "names");
	vtables = section(c, bytes_of(c, r.nr_vtables, vtable_bytes, "virtual tables"),
			  "virtual tables");
	vtable_names = section(c, r.vtable_names_bytes, "virtual tables' names");
	if (c->bad)
		return;

	r.ids = ids.pos;
	r.data = records.pos;
	r.names = names.pos;
	r.vtables = vtables.pos;
	r.values = c->pos;
	llvm_guard_binary_ids(&ids);
	take_fault(c, &ids);
	llvm_raw_check_names(&names);
	take_fault(c, &names);
	llvm_raw_check_names(&vtable_names);
	take_fault(c, &vtable_names);
	check_records(&r, &records, &budget);
	take_fault(c, &records);
	check_values(&r, c);
	r.end = c->pos;
	while (!cursor_at_end(c) && !*c->pos)
		cursor_skip(c, 1, "padding between profiles");
	if (!cursor_at_end(c) && cursor_offset(c) % 8)
		cursor_fail(c, "padding between profiles");
	if (!c->bad)
		*out = r;
}

/* A file may hold several: one of each shared library, with zeros between. */
void llvm_guard_raw(struct cursor *c, const struct llvm_form *form, unsigned major)
{
	struct llvm_raw_layout layout;
	uint64_t nr = 0;

	llvm_raw_layout(form->version, form->narrow, form->swap, &layout);
	while (!cursor_at_end(c)) {
		struct llvm_raw raw = { .nr_data = 1 };
		struct cursor at = *c;

		llvm_raw_next(c, &layout, &raw);
		if (nr++ && !raw.nr_data && major && major < 15)
			llvm_guard_fail(c, &at, "a profile without functions behind another one");
	}
}
