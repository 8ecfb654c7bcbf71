/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/base/cursor.h"
#include "pgo/base/strbuf.h"

static const uint8_t bytes[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

/* A copy of exactly n bytes on the heap, so that reading past it is seen by the sanitizer. */
static struct cursor over(size_t n, void **ret_heap)
{
	struct cursor c;

	*ret_heap = xmemdup(bytes, n);
	cursor_init(&c, "in", *ret_heap, n);
	return c;
}

enum read { U8, U16, U32, U64, ULEB, BYTES, SKIP, ALIGN, SUB, FITS, NR_READS };

static uint64_t do_read(struct cursor *c, enum read r)
{
	switch (r) {
	case U8:
		return cursor_u8(c, "field");
	case U16:
		return cursor_u16(c, "field");
	case U32:
		return cursor_u32(c, "field");
	case U64:
		return cursor_u64(c, "field");
	case ULEB:
		return cursor_uleb(c, "field");
	case BYTES:
		return cursor_bytes(c, 5, "field") != NULL;
	case SKIP:
		return cursor_skip(c, 5, "field");
	case ALIGN:
		return cursor_u8(c, "field") && cursor_align(c, 8, "field");
	case SUB:
		return !cursor_sub(c, 5, "field").bad;
	case FITS:
	default:
		return cursor_fits(c, 3, 2, "field");
	}
}

static void every_read_at_every_truncation(void **state)
{
	static const size_t width[NR_READS] = { 1, 2, 4, 8, 1, 5, 5, 8, 5, 6 };

	(void)state;
	for (int r = 0; r < NR_READS; r++)
		for (size_t n = 0; n <= 16; n++) {
			PGO_AUTO_FREE void *heap = NULL;
			struct cursor c = over(n, &heap);
			uint64_t got = do_read(&c, r);

			assert_int_equal(c.bad, n < width[r]);
			assert_int_equal(cursor_check(&c, NULL), n < width[r] ? -PGO_EFORMAT : 0);
			if (n < width[r])
				assert_true(got == 0);
			else
				assert_true(got != 0);
			if (!c.bad)
				assert_int_equal(cursor_left(&c), n - (r == FITS ? 0 : width[r]));
		}
}

static void a_fault_sticks(void **state)
{
	(void)state;
	for (int r = 0; r < NR_READS; r++) {
		PGO_AUTO_FREE void *heap = NULL;
		struct cursor c = over(3, &heap);

		cursor_u16(&c, "first");
		assert_int_equal(cursor_u32(&c, "second"), 0);
		assert_true(c.bad);
		assert_int_equal(do_read(&c, r), 0);
		assert_int_equal(cursor_u8(&c, "third"), 0);
		assert_int_equal(c.bad_offset, 2);
		assert_string_equal(c.bad_what, "second");
		assert_int_equal(cursor_left(&c), 0);
		assert_true(cursor_at_end(&c));
		cursor_fail(&c, "fourth");
		assert_string_equal(c.bad_what, "second");
	}
}

static void bytes_are_swapped_when_asked(void **state)
{
	struct cursor c;

	(void)state;
	cursor_init(&c, "in", bytes, sizeof(bytes));
	assert_int_equal(cursor_u8(&c, ""), 1);
	assert_int_equal(cursor_u16(&c, ""), 0x0302);
	assert_true(cursor_u32(&c, "") == 0x07060504);
	assert_true(cursor_u64(&c, "") == UINT64_C(0x0f0e0d0c0b0a0908));
	cursor_init(&c, "in", bytes, sizeof(bytes));
	c.swap = true;
	assert_int_equal(cursor_u8(&c, ""), 1);
	assert_int_equal(cursor_u16(&c, ""), 0x0203);
	assert_true(cursor_u32(&c, "") == 0x04050607);
	assert_true(cursor_u64(&c, "") == UINT64_C(0x08090a0b0c0d0e0f));
	assert_int_equal(cursor_left(&c), 1);
}

static bool read_uleb(const char *data, size_t len, uint64_t *ret, size_t *used)
{
	PGO_AUTO_FREE void *heap = xmemdup(data, len);
	struct cursor c;

	cursor_init(&c, "in", heap, len);
	*ret = cursor_uleb(&c, "number");
	*used = (size_t)cursor_offset(&c);
	return !c.bad;
}

static void ulebs_are_read(void **state)
{
	static const struct {
		const char *data;
		size_t len;
		uint64_t value;
	} good[] = {
		{ "\x00", 1, 0 },
		{ "\x7f", 1, 127 },
		{ "\x80\x01", 2, 128 },
		{ "\xe5\x8e\x26", 3, 624485 },
		{ "\x80\x80\x00", 3, 0 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10, UINT64_C(1) << 63 },
	};
	uint64_t v;
	size_t used;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(read_uleb(good[i].data, good[i].len, &v, &used));
		assert_true(v == good[i].value);
		assert_int_equal(used, good[i].len);
		for (size_t n = 0; n < good[i].len; n++) {
			assert_false(read_uleb(good[i].data, n, &v, &used));
			assert_true(v == 0);
		}
	}
}

static void overlong_ulebs_are_refused(void **state)
{
	static const struct {
		const char *data;
		size_t len;
	} bad[] = {
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10 },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 },
	};
	uint64_t v;
	size_t used;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(read_uleb(bad[i].data, bad[i].len, &v, &used));
		assert_true(v == 0);
		assert_int_equal(used, 0);
	}
}

static void views_are_bounded(void **state)
{
	struct cursor c;

	(void)state;
	cursor_init(&c, "in", bytes, 4);
	assert_ptr_equal(cursor_bytes(&c, 0, ""), bytes);
	assert_ptr_equal(cursor_bytes(&c, 4, ""), bytes);
	assert_non_null(cursor_bytes(&c, 0, ""));
	assert_true(cursor_at_end(&c));
	assert_false(c.bad);
	assert_null(cursor_bytes(&c, UINT64_MAX, ""));
	assert_true(c.bad);
	assert_null(cursor_bytes(&c, 0, ""));
	cursor_init(&c, "in", NULL, 0);
	assert_non_null(cursor_bytes(&c, 0, ""));
	assert_true(cursor_at_end(&c));
}

static void a_part_has_its_own_end_and_the_whole_offsets(void **state)
{
	struct cursor c, sub, subsub;

	(void)state;
	cursor_init(&c, "in", bytes, sizeof(bytes));
	c.base = 100;
	cursor_skip(&c, 2, "");
	sub = cursor_sub(&c, 6, "part");
	assert_int_equal(cursor_offset(&c), 108);
	assert_int_equal(cursor_offset(&sub), 102);
	assert_int_equal(cursor_u8(&sub, ""), 3);
	subsub = cursor_sub(&sub, 2, "part of it");
	assert_int_equal(cursor_offset(&subsub), 103);
	assert_int_equal(cursor_u16(&subsub, ""), 0x0504);
	assert_int_equal(cursor_u8(&subsub, "more"), 0);
	assert_int_equal(subsub.bad_offset, 105);
	assert_false(sub.bad || c.bad);
	assert_int_equal(cursor_u32(&sub, "last"), 0);
	assert_int_equal(sub.bad_offset, 105);
	assert_int_equal(cursor_u8(&c, ""), 9);
}

static void a_part_that_is_not_there_is_bad_on_both_sides(void **state)
{
	struct cursor c, sub;

	(void)state;
	cursor_init(&c, "in", bytes, 4);
	sub = cursor_sub(&c, 5, "part");
	assert_true(c.bad && sub.bad);
	assert_int_equal(cursor_u8(&sub, ""), 0);
	sub = cursor_sub(&c, 0, "another");
	assert_true(sub.bad);
	assert_string_equal(sub.bad_what, "part");
}

static void alignment_is_of_the_whole(void **state)
{
	struct cursor c, sub;

	(void)state;
	cursor_init(&c, "in", bytes, sizeof(bytes));
	assert_true(cursor_align(&c, 8, ""));
	assert_int_equal(cursor_offset(&c), 0);
	cursor_skip(&c, 3, "");
	sub = cursor_sub(&c, 8, "");
	assert_true(cursor_align(&sub, 4, ""));
	assert_int_equal(cursor_offset(&sub), 4);
	assert_true(cursor_align(&sub, 4, ""));
	assert_int_equal(cursor_offset(&sub), 4);
	cursor_skip(&sub, 5, "");
	assert_false(cursor_align(&sub, 8, "padding"));
	assert_true(sub.bad);
}

static void what_fits_is_asked_without_wrapping(void **state)
{
	static const struct {
		uint64_t nmemb, size;
		bool fits;
	} cases[] = {
		{ 0, 8, true },
		{ 2, 8, true },
		{ 16, 1, true },
		{ 17, 1, false },
		{ 3, 8, false },
		{ UINT64_MAX, 1, false },
		{ UINT64_MAX, 2, false },
		{ 1, UINT64_MAX, false },
		{ UINT64_C(1) << 61, 8, false },
		{ (UINT64_C(1) << 61) + 1, 8, false },
		{ UINT64_C(1) << 63, 2, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cursor c;

		cursor_init(&c, "in", bytes, sizeof(bytes));
		assert_int_equal(cursor_fits(&c, cases[i].nmemb, cases[i].size, "count"),
				 cases[i].fits);
		assert_int_equal(c.bad, !cases[i].fits);
	}
}

static void the_message_tells_where_and_what(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct cursor c;

	(void)state;
	cursor_init(&c, "some file", bytes, 4);
	assert_int_equal(cursor_check(&c, &err), 0);
	assert_null(err.msg);
	c.base = 8;
	cursor_u16(&c, "");
	cursor_u64(&c, "function count");
	assert_int_equal(cursor_check(&c, &err), -PGO_EFORMAT);
	assert_int_equal(err.code, PGO_EFORMAT);
	assert_int_equal(err.offset, 10);
	assert_string_equal(err.path, "some file");
	assert_string_equal(err.msg,
			    "'some file' is truncated or corrupt at byte 10: function count");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_read_at_every_truncation),
		cmocka_unit_test(a_fault_sticks),
		cmocka_unit_test(bytes_are_swapped_when_asked),
		cmocka_unit_test(ulebs_are_read),
		cmocka_unit_test(overlong_ulebs_are_refused),
		cmocka_unit_test(views_are_bounded),
		cmocka_unit_test(a_part_has_its_own_end_and_the_whole_offsets),
		cmocka_unit_test(a_part_that_is_not_there_is_bad_on_both_sides),
		cmocka_unit_test(alignment_is_of_the_whole),
		cmocka_unit_test(what_fits_is_asked_without_wrapping),
		cmocka_unit_test(the_message_tells_where_and_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
