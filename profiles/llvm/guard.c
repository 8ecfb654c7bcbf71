/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the forms apart, and the checks that raw and indexed profiles share. */
#include "profiles/llvm/guard.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC_RAW_64 0xff6c70726f667281ULL	/* ff 'lprofr' 81 */
#define MAGIC_RAW_32 0xff6c70726f665281ULL	/* ff 'lprofR' 81 */
#define MAGIC_INDEXED 0x8169666f72706cffULL	/* ff 'lprofi' 81, little endian in the file */

/* Of the kinds of profiled values: calls, sizes, virtual tables (LLVM 19 on). */
#define NR_VALUE_KINDS 3

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define HOST_IS_BIG true
#else
#define HOST_IS_BIG false
#endif

static bool raw_magic(uint64_t magic, struct llvm_form *out)
{
	uint64_t swapped = __builtin_bswap64(magic);

	out->type = LLVM_FORM_RAW;
	out->swap = swapped == MAGIC_RAW_64 || swapped == MAGIC_RAW_32;
	out->narrow = (out->swap ? swapped : magic) == MAGIC_RAW_32;
	return out->swap || magic == MAGIC_RAW_64 || magic == MAGIC_RAW_32;
}

int llvm_form_of(const void *head, size_t len, struct llvm_form *out)
{
	struct llvm_form form = { 0 };
	uint64_t magic = 0, version = 0;

	if (len >= 8)
		memcpy(&magic, head, 8);
	if (!raw_magic(magic, &form)) {
		form.type = LLVM_FORM_INDEXED;
		form.swap = HOST_IS_BIG;
		if ((HOST_IS_BIG ? __builtin_bswap64(magic) : magic) != MAGIC_INDEXED) {
			form = (struct llvm_form){ .type = LLVM_FORM_TEXT };
			*out = form;
			return llvm_text_bid(head, len, &out->variant);
		}
	}
	if (len >= 16)
		memcpy(&version, (const char *)head + 8, 8);
	if (form.swap)
		version = __builtin_bswap64(version);
	form.version = version & UINT32_MAX;
	form.variant = version & ~(uint64_t)UINT32_MAX;
	*out = form;
	return 64;
}

const char *llvm_form_name(enum llvm_form_type type)
{
	static const char *const names[] = {
		[LLVM_FORM_RAW] = "raw profile",
		[LLVM_FORM_INDEXED] = "indexed profile",
		[LLVM_FORM_TEXT] = "text profile",
	};

	return names[type];
}

void llvm_guard_fail(struct cursor *c, const struct cursor *at, const char *what)
{
	if (c->bad)
		return;
	*c = *at;
	cursor_fail(c, what);
}

/* The two keys that LLVM's hash table of hashes keeps for itself. */
void llvm_guard_hash(struct cursor *c, const struct cursor *at, uint64_t hash)
{
	if (hash >= UINT64_MAX - 1)
		llvm_guard_fail(c, at, "a function hash that is reserved");
}

static void guard_value_kind(struct cursor *c)
{
	struct cursor at = *c;
	uint32_t kind = cursor_u32(c, "kind of values");
	uint32_t nr_sites = cursor_u32(c, "number of value sites");
	const uint8_t *nr_values = cursor_bytes(c, nr_sites, "counts of a value site");
	uint64_t total = 0;

	if (kind >= NR_VALUE_KINDS)
		llvm_guard_fail(c, &at, "kind of values is unknown");
	cursor_skip(c, -(uint64_t)nr_sites % 8, "padding of value sites");
	if (!nr_values || c->bad)
		return;
	for (uint32_t i = 0; i < nr_sites; i++)
		total += nr_values[i];
	cursor_skip(c, total * 16, "profiled values");
}

void llvm_guard_values(struct cursor *c)
{
	struct cursor at = *c;
	uint32_t size = cursor_u32(c, "size of values");
	uint32_t nr_kinds = cursor_u32(c, "number of kinds of values");
	struct cursor block;

	if (size < 8 || size % 8)
		llvm_guard_fail(c, &at, "size of values");
	if (nr_kinds > NR_VALUE_KINDS)
		llvm_guard_fail(c, &at, "number of kinds of values");
	if (c->bad)
		return;
	block = cursor_sub(c, size - 8, "values");
	for (uint32_t i = 0; i < nr_kinds && !block.bad; i++)
		guard_value_kind(&block);
	if (block.bad)
		*c = block;
}

void llvm_guard_binary_ids(struct cursor *c)
{
	while (!cursor_at_end(c)) {
		struct cursor at = *c;
		uint64_t len = cursor_u64(c, "length of a binary id");

		if (!len)
			llvm_guard_fail(c, &at, "length of a binary id is 0");
		cursor_skip(c, len, "binary id");
		cursor_skip(c, -len % 8, "padding of a binary id");
	}
}

static int unsupported(const struct llvm_form *form, const char *path, struct pgo_err *err)
{
	int ret = 0;

	if (form->variant & LLVM_VARIANT_MEMPROF) {
		ret = pgo_error_at(err, PGO_EUNSUP, path, 8,
				   "'%s' holds a memory profile, which a merge would lose", path);
		pgo_err_hint(err,
			     "put the memory profile into the merged profile afterwards, with "
			     "llvm-profdata");
	} else if (form->type == LLVM_FORM_RAW && form->variant & LLVM_VARIANT_DEBUG_CORRELATE) {
		ret = pgo_error_at(err, PGO_EUNSUP, path, 8,
				   "'%s' cannot be read without the debug information of its "
				   "program",
				   path);
		pgo_err_hint(err, "build without -debug-info-correlate and -profile-correlate");
	}
	return ret;
}

int llvm_guard(const struct llvm_form *form, const char *path, const void *data, size_t len,
	       unsigned major, struct pgo_err *err)
{
	struct cursor c;
	int ret = unsupported(form, path, err);

	if (ret)
		return ret;
	cursor_init(&c, path, data, len);
	c.swap = form->swap;
	switch (form->type) {
	case LLVM_FORM_RAW:
		llvm_guard_raw(&c, form, major);
		break;
	case LLVM_FORM_INDEXED:
		llvm_guard_indexed(&c, form);
		break;
	case LLVM_FORM_TEXT:
		llvm_guard_text(&c, major);
		break;
	}
	if (!c.bad)
		return 0;
	return pgo_error_at(err, PGO_EFORMAT, path, (int64_t)c.bad_offset,
			    "'%s' is truncated or corrupt at byte %" PRIu64 " of %zu: %s", path,
			    c.bad_offset, len, c.bad_what);
}
