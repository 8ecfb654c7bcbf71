/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexed profiles: an on-disk hash table of functions with sections behind it,
 * versions 1 to 13. Source: llvm/ProfileData/InstrProf.h of LLVM 22 and
 * llvm/Support/OnDiskHashTable.h.
 */
#include "profiles/llvm/guard.h"

#define NR_SUMMARY_FIELDS 6
#define MAX_SUMMARY 65536
#define HASH_MD5 0

struct indexed {
	uint64_t version, variant;
	uint64_t table, binary_ids, traces, vtable_names; /* offsets */
};

static void read_header(struct indexed *x, struct cursor *c)
{
	struct cursor at;

	cursor_skip(c, 8 + 8, "magic and version");
	cursor_skip(c, 8, "unused field");
	at = *c;
	if (cursor_u64(c, "type of hash") != HASH_MD5)
		llvm_guard_fail(c, &at, "type of hash");
	x->table = cursor_u64(c, "place of the hash table");
	if (x->version >= 8)
		cursor_skip(c, 8, "place of the memory profile");
	if (x->version >= 9)
		x->binary_ids = cursor_u64(c, "place of binary ids");
	if (x->version >= 10)
		x->traces = cursor_u64(c, "place of traces");
	if (x->version >= 12)
		x->vtable_names = cursor_u64(c, "place of virtual tables' names");
}

static void skip_summary(struct cursor *c)
{
	struct cursor at = *c;
	uint64_t nr_fields = cursor_u64(c, "number of fields of the summary");
	uint64_t nr_cutoffs = cursor_u64(c, "number of cutoffs of the summary");

	if (nr_fields < NR_SUMMARY_FIELDS || nr_fields > MAX_SUMMARY || nr_cutoffs > MAX_SUMMARY)
		llvm_guard_fail(c, &at, "size of the summary");
	cursor_skip(c, nr_fields * 8 + nr_cutoffs * 24, "summary");
}

/* What stands at an offset of the header, up to the end of the file. */
static struct cursor section_at(const struct cursor *file, uint64_t offset, const char *what)
{
	struct cursor c = *file;

	c.pos = c.start;
	cursor_skip(&c, offset, what);
	return c;
}

static void check_counts(const struct indexed *x, struct cursor *c)
{
	uint64_t nr = x->version == 1 ? cursor_left(c) / 8 : cursor_u64(c, "number of counters");

	if (cursor_fits(c, nr, 8, "counters"))
		cursor_skip(c, nr * 8, "counters");
	if (x->version <= 10)
		return;
	nr = cursor_u64(c, "size of a bitmap");
	if (cursor_fits(c, nr, 8, "bitmap"))
		cursor_skip(c, nr * 8, "bitmap");
}

/* The records under one name. */
static void check_data(const struct indexed *x, struct cursor *c)
{
	if (cursor_at_end(c))
		cursor_fail(c, "a name without a function");
	while (!cursor_at_end(c)) {
		struct cursor at = *c;

		llvm_guard_hash(c, &at, cursor_u64(c, "hash of a function"));
		check_counts(x, c);
		if (x->version > 2)
			llvm_guard_values(c);
	}
}

static void check_item(const struct indexed *x, struct cursor *c)
{
	uint64_t key_len, data_len;
	struct cursor at, data;

	cursor_u64(c, "hash of a name");
	key_len = cursor_u64(c, "length of a name");
	at = *c;
	data_len = cursor_u64(c, "size of a function's data");
	cursor_skip(c, key_len, "name");
	if (data_len % 8)
		llvm_guard_fail(c, &at, "size of a function's data");
	data = cursor_sub(c, data_len, "data of a function");
	check_data(x, &data);
	if (data.bad)
		*c = data;
}

/* Items lie in buckets, one bucket after the other, from the end of the header to the table. */
static void check_items(const struct indexed *x, struct cursor *c, uint64_t nr)
{
	unsigned in_bucket = 0;

	while (nr-- && !c->bad) {
		struct cursor at = *c;

		if (!in_bucket)
			in_bucket = cursor_u16(c, "number of functions in a bucket");
		if (!in_bucket)
			llvm_guard_fail(c, &at, "number of functions in a bucket is 0");
		check_item(x, c);
		in_bucket--;
	}
}

static void check_table(const struct indexed *x, struct cursor *c)
{
	struct cursor table = section_at(c, x->table, "place of the hash table");
	uint64_t nr_buckets = cursor_u64(&table, "number of buckets");
	uint64_t nr_items = cursor_u64(&table, "number of functions");
	struct cursor items;

	cursor_fits(&table, nr_buckets, 8, "buckets");
	if (x->table % 8 || x->table < cursor_offset(c))
		cursor_fail(&table, "place of the hash table");
	if (table.bad) {
		*c = table;
		return;
	}
	items = cursor_sub(c, x->table - cursor_offset(c), "functions");
	check_items(x, &items, nr_items);
	if (items.bad)
		*c = items;
}

static void check_traces(struct cursor *c)
{
	uint64_t nr = cursor_u64(c, "number of traces");

	cursor_skip(c, 8, "length of the stream of traces");
	while (nr-- && !c->bad) {
		uint64_t nr_functions;

		cursor_skip(c, 8, "weight of a trace");
		nr_functions = cursor_u64(c, "length of a trace");
		if (cursor_fits(c, nr_functions, 8, "trace"))
			cursor_skip(c, nr_functions * 8, "trace");
	}
}

static void check_sections(const struct indexed *x, struct cursor *c)
{
	struct cursor at, part;

	if (x->version >= 9 && !c->bad) {
		at = section_at(c, x->binary_ids, "place of binary ids");
		part = cursor_sub(&at, cursor_u64(&at, "size of binary ids"), "binary ids");
		llvm_guard_binary_ids(&part);
		if (part.bad)
			*c = part;
	}
	if (x->version >= 10 && x->variant & LLVM_VARIANT_TEMPORAL && !c->bad) {
		at = section_at(c, x->traces, "place of traces");
		check_traces(&at);
		if (at.bad)
			*c = at;
	}
	if (x->version >= 12 && !c->bad) {
		at = section_at(c, x->vtable_names, "place of virtual tables' names");
		cursor_skip(&at, cursor_u64(&at, "size of virtual tables' names"),
			    "virtual tables' names");
		if (at.bad)
			*c = at;
	}
}

void llvm_guard_indexed(struct cursor *c, const struct llvm_form *form)
{
	struct indexed x = { .version = form->version, .variant = form->variant };
	struct cursor file = *c;

	read_header(&x, c);
	if (x.version >= 4)
		skip_summary(c);
	if (x.version >= 4 && x.variant & LLVM_VARIANT_CS)
		skip_summary(c);
	check_table(&x, c);
	if (c->bad)
		return;
	check_sections(&x, &file);
	if (file.bad)
		*c = file;
}
