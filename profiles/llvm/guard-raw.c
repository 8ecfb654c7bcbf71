/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw profiles: what the runtime writes at the end of a process, versions 8 to
 * 10. Source: llvm/ProfileData/InstrProfData.inc of LLVM 14, 19 and 22.
 */
#include "profiles/llvm/guard.h"

#include <string.h>

/* No table of names is this large; LLVM allocates what a compressed one claims. */
#define MAX_NAMES_BYTES (1ULL << 30)
/* deflate's densest: 258 bytes in 2 bits. */
#define MAX_INFLATION 1032

struct raw_header {
	uint64_t ids_bytes, nr_data, pad_before_counters, nr_counters, pad_after_counters;
	uint64_t bitmap_bytes, pad_after_bitmap, names_bytes, counters_delta;
	uint64_t nr_vtables, vtable_names_bytes;
};

struct raw_record {
	uint64_t hash, counters;
	uint32_t nr_counters, bitmap_bytes;
	bool has_values;
};

struct raw {
	uint64_t version;
	uint64_t variant;
	unsigned pointer_bytes, record_bytes, counter_bytes;
	uint64_t behind_counters; /* bytes of the file behind the section of counters */
	struct raw_header h;
};

static void read_header(struct raw *r, struct cursor *c)
{
	struct raw_header *h = &r->h;
	struct cursor at = *c;
	const uint8_t *magic = cursor_bytes(c, 8, "magic of the header");
	uint64_t version;

	if (magic && memcmp(magic, c->start, 8) != 0)
		llvm_guard_fail(c, &at, "what follows is no raw profile of the same kind");
	at = *c;
	version = cursor_u64(c, "version of the header");
	if ((version & UINT32_MAX) != r->version)
		llvm_guard_fail(c, &at, "version of the header");
	r->variant = version & ~(uint64_t)UINT32_MAX;
	r->counter_bytes = r->variant & LLVM_VARIANT_BYTE_COVERAGE ? 1 : 8;
	*h = (struct raw_header){ 0 };
	h->ids_bytes = cursor_u64(c, "size of binary ids");
	h->nr_data = cursor_u64(c, "number of functions");
	h->pad_before_counters = cursor_u64(c, "padding before counters");
	h->nr_counters = cursor_u64(c, "number of counters");
	h->pad_after_counters = cursor_u64(c, "padding after counters");
	if (r->version >= 9) {
		h->bitmap_bytes = cursor_u64(c, "size of bitmaps");
		h->pad_after_bitmap = cursor_u64(c, "padding after bitmaps");
	}
	h->names_bytes = cursor_u64(c, "size of names");
	h->counters_delta = cursor_u64(c, "place of counters");
	if (r->version >= 9)
		cursor_u64(c, "place of bitmaps");
	cursor_u64(c, "place of names");
	if (r->version >= 10) {
		h->nr_vtables = cursor_u64(c, "number of virtual tables");
		h->vtable_names_bytes = cursor_u64(c, "size of virtual tables' names");
	}
	cursor_u64(c, "last kind of values");
}

static uint64_t read_pointer(const struct raw *r, struct cursor *c, const char *what)
{
	return r->pointer_bytes == 4 ? cursor_u32(c, what) : cursor_u64(c, what);
}

static struct raw_record read_record(const struct raw *r, struct cursor *c)
{
	unsigned nr_kinds = r->version >= 10 ? 3 : 2;
	struct raw_record rec = { 0 };

	cursor_u64(c, "name of a function");
	rec.hash = cursor_u64(c, "hash of a function");
	rec.counters = read_pointer(r, c, "place of a function's counters");
	if (r->version >= 9)
		read_pointer(r, c, "place of a function's bitmap");
	read_pointer(r, c, "address of a function");
	read_pointer(r, c, "place of a function's values");
	rec.nr_counters = cursor_u32(c, "number of a function's counters");
	for (unsigned i = 0; i < nr_kinds; i++)
		rec.has_values |= cursor_u16(c, "number of a function's value sites") != 0;
	if (r->version >= 9) {
		cursor_align(c, 4, "record of a function");
		rec.bitmap_bytes = cursor_u32(c, "size of a function's bitmap");
	}
	cursor_align(c, 8, "record of a function");
	return rec;
}

/* The counters of record i are within their section; offsets in it are relative to the record. */
static void check_counters(const struct raw *r, struct cursor *c, const struct raw_record *rec,
			   uint64_t i)
{
	uint64_t size = r->h.nr_counters * r->counter_bytes;
	uint64_t at = rec->counters - (r->h.counters_delta - i * r->record_bytes);
	/* LLVM reads a timestamp of 8 bytes, whatever the size of a counter. */
	uint64_t least = r->variant & LLVM_VARIANT_TEMPORAL ? 8 : 1;

	if (r->pointer_bytes == 4)
		at &= UINT32_MAX;
	if (!rec->nr_counters)
		cursor_fail(c, "number of a function's counters is 0");
	else if (at >= size || size - at + r->behind_counters < least)
		cursor_fail(c, "place of a function's counters is outside of their section");
	else if (rec->nr_counters > (size - at) / r->counter_bytes)
		cursor_fail(c, "a function has more counters than there are");
	if (rec->bitmap_bytes > r->h.bitmap_bytes)
		cursor_fail(c, "a function's bitmap is larger than all");
}

static void check_records(const struct raw *r, struct cursor *c)
{
	for (uint64_t i = 0; i < r->h.nr_data && !c->bad; i++) {
		struct cursor at = *c;
		struct raw_record rec = read_record(r, c);

		check_counters(r, &at, &rec, i);
		llvm_guard_hash(&at, &at, rec.hash);
		if (at.bad)
			*c = at;
	}
}

static void check_names(struct cursor *c)
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

static void check_one(struct raw *r, struct cursor *c)
{
	unsigned vtable_bytes = r->pointer_bytes == 4 ? 16 : 24;
	struct cursor ids, records, again, names, vtable_names;

	read_header(r, c);
	ids = cursor_sub(c, r->h.ids_bytes, "binary ids");
	records = cursor_sub(c, bytes_of(c, r->h.nr_data, r->record_bytes, "functions"),
			     "functions");
	cursor_skip(c, r->h.pad_before_counters, "padding before counters");
	cursor_skip(c, bytes_of(c, r->h.nr_counters, r->counter_bytes, "counters"), "counters");
	r->behind_counters = cursor_left(c);
	cursor_skip(c, r->h.pad_after_counters, "padding after counters");
	cursor_skip(c, r->h.bitmap_bytes, "bitmaps");
	cursor_skip(c, r->h.pad_after_bitmap, "padding after bitmaps");
	names = section(c, r->h.names_bytes, "names");
	section(c, bytes_of(c, r->h.nr_vtables, vtable_bytes, "virtual tables"), "virtual tables");
	vtable_names = section(c, r->h.vtable_names_bytes, "virtual tables' names");
	if (c->bad)
		return;

	llvm_guard_binary_ids(&ids);
	take_fault(c, &ids);
	check_names(&names);
	take_fault(c, &names);
	check_names(&vtable_names);
	take_fault(c, &vtable_names);
	again = records;
	check_records(r, &again);
	take_fault(c, &again);
	for (uint64_t i = 0; i < r->h.nr_data && !c->bad; i++)
		if (read_record(r, &records).has_values)
			llvm_guard_values(c);
}

/* A file may hold several: one of each shared library, with zeros between. */
void llvm_guard_raw(struct cursor *c, const struct llvm_form *form, unsigned major)
{
	unsigned pointer_bytes = form->narrow ? 4 : 8;
	struct raw r = {
		.version = form->version,
		.pointer_bytes = pointer_bytes,
		.record_bytes = form->version >= 9 ? 32 + 4 * pointer_bytes
						   : (24 + 3 * pointer_bytes + 7) / 8 * 8,
	};
	uint64_t nr = 0;

	while (!cursor_at_end(c)) {
		struct cursor at = *c;

		check_one(&r, c);
		if (nr++ && !r.h.nr_data && major < 15)
			llvm_guard_fail(c, &at, "a profile without functions behind another one");
		while (!cursor_at_end(c) && !*c->pos)
			cursor_skip(c, 1, "padding between profiles");
		if (!cursor_at_end(c) && cursor_offset(c) % 8)
			cursor_fail(c, "padding between profiles");
	}
}
