/* SPDX-License-Identifier: Apache-2.0 */
/* .gcda files made by hand, word by word: layouts, refusals, merge rules, hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "profiles/format.h"
#include "profiles/gcda-file.h"

extern const struct prof_format prof_format_gcda;

/* A file under construction. */
struct maker {
	struct strbuf bytes;
	unsigned major;
	bool swap;
};

static void word(struct maker *m, uint32_t v)
{
	if (m->swap)
		v = __builtin_bswap32(v);
	strbuf_add(&m->bytes, &v, sizeof(v));
}

static void counter(struct maker *m, int64_t v)
{
	word(m, (uint32_t)v);
	word(m, (uint32_t)((uint64_t)v >> 32));
}

static uint32_t length(const struct maker *m, unsigned words)
{
	return m->major >= 12 ? words * 4 : words;
}

static void begin(struct maker *m, unsigned major, bool swap, uint32_t stamp, uint32_t checksum)
{
	*m = (struct maker){ STRBUF_INIT, major, swap };
	word(m, GCDA_MAGIC);
	word(m, (uint32_t)('A' + major / 10) << 24 | (uint32_t)('0' + major % 10) << 16 | '3' << 8 |
			'*');
	word(m, stamp);
	if (major >= 12)
		word(m, checksum);
	word(m, GCDA_TAG_SUMMARY);
	word(m, length(m, 2));
	word(m, 1);
	word(m, 100);
}

static void function(struct maker *m, uint32_t ident, uint32_t lines, uint32_t cfg)
{
	word(m, GCDA_TAG_FUNCTION);
	word(m, length(m, 3));
	word(m, ident);
	word(m, lines);
	word(m, cfg);
}

static void counters(struct maker *m, unsigned kind, const int64_t *v, unsigned nr)
{
	word(m, GCDA_TAG_COUNTER + (kind << 17));
	word(m, length(m, nr * 2));
	for (unsigned i = 0; i < nr; i++)
		counter(m, v[i]);
}
#define COUNTERS(m, kind, ...)                                                           \
	counters((m), (kind), (const int64_t[]){ __VA_ARGS__ },                          \
		 sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

static void zeros(struct maker *m, unsigned kind, unsigned nr)
{
	word(m, GCDA_TAG_COUNTER + (kind << 17));
	word(m, 0u - length(m, nr * 2));
}

/* One function with every kind that the version has, and one slot that is absent. */
static void make_full(struct maker *m, unsigned major, bool swap)
{
	begin(m, major, swap, 0x1234, 0x5678);
	function(m, 17, 0xabc, 0xdef);
	COUNTERS(m, 0, 5, 0, INT64_C(1) << 40);
	COUNTERS(m, 1, 1, 2);
	COUNTERS(m, 2, 3, 4);
	if (major == 9) {
		COUNTERS(m, 3, 7, 2, 9, -7, 1, 3);
		COUNTERS(m, 4, 70, 20, 90);
	} else if (major == 10) {
		COUNTERS(m, 3, 9, 1, 4, 2, 3, 0, 0, 0, 0);
		COUNTERS(m, 4, -9, 10, 4, 0, 0, 20, 2, 30, 1);
	} else {
		COUNTERS(m, 3, 9, 2, 1, 4, 2, 3, 0, 0, -50, 1, 8, 8);
		COUNTERS(m, 4, 3, 1, 99, 3);
	}
	COUNTERS(m, 5, -12, 3);
	COUNTERS(m, 6, 0x30);
	COUNTERS(m, 7, 4);
	if (major == 9)
		COUNTERS(m, 8, 1, 11, 9, 12, 8, 13, 7, 14, 6);
	if (major >= 14)
		COUNTERS(m, 8, 0x5);
	if (major >= 15)
		COUNTERS(m, 9, 0x9, 0x1);
	word(m, GCDA_TAG_FUNCTION);
	word(m, 0);
	function(m, 18, 1, 2);
	if (major >= 11) {
		zeros(m, 0, 6);
		COUNTERS(m, 3, 0, 0);
	} else {
		COUNTERS(m, 0, 0, 0, 0, 0, 0, 0);
	}
	word(m, 0);
}

static int decode(struct gcda_file *f, const struct strbuf *bytes, struct pgo_err *err)
{
	return gcda_file_decode(f, "x.gcda", bytes->buf, bytes->len, err);
}

static void test_round_trip(void **state)
{
	(void)state;
	for (unsigned major = 9; major <= 15; major++) {
		for (int swap = 0; swap < 2; swap++) {
			PGO_AUTO(gcda_file) f = GCDA_FILE_INIT;
			PGO_AUTO(strbuf) out = STRBUF_INIT;
			struct maker m;

			make_full(&m, major, swap);
			assert_int_equal(decode(&f, &m.bytes, NULL), 0);
			assert_int_equal(f.major, major);
			assert_int_equal(f.nr_funcs, 3);
			assert_false(f.funcs[1].present);
			assert_int_equal(f.funcs[0].ctrs[0].v[2], INT64_C(1) << 40);
			assert_int_equal(f.funcs[2].ctrs[0].nr, 6);
			assert_null(f.funcs[2].ctrs[0].v);
			assert_int_equal(f.runs, 1);
			gcda_file_encode(&f, &out);
			assert_int_equal(out.len, m.bytes.len);
			assert_memory_equal(out.buf, m.bytes.buf, out.len);
			strbuf_release(&m.bytes);
		}
	}
}

/* Zeros that were written out come back as a negative length, as libgcov 11 would write them. */
static void test_zeros_are_folded(void **state)
{
	PGO_AUTO(gcda_file) f = GCDA_FILE_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct maker a, b;

	(void)state;
	begin(&a, 12, false, 1, 2);
	function(&a, 1, 2, 3);
	COUNTERS(&a, 0, 0, 0);
	word(&a, 0);
	begin(&b, 12, false, 1, 2);
	function(&b, 1, 2, 3);
	zeros(&b, 0, 2);
	word(&b, 0);
	assert_int_equal(decode(&f, &a.bytes, NULL), 0);
	gcda_file_encode(&f, &out);
	assert_int_equal(out.len, b.bytes.len);
	assert_memory_equal(out.buf, b.bytes.buf, out.len);
	strbuf_release(&a.bytes);
	strbuf_release(&b.bytes);
}

/* Decoding fails with code, and the message has text in it. */
static void check_refused(struct maker *m, int code, const char *text)
{
	PGO_AUTO(gcda_file) f = GCDA_FILE_INIT;
	struct pgo_err err = PGO_ERR_INIT;

	assert_int_equal(decode(&f, &m->bytes, &err), -code);
	assert_int_equal(err.code, code);
	if (!strstr(err.msg, text))
		fail_msg("'%s' is not in '%s'", text, err.msg);
	assert_string_equal(err.path, "x.gcda");
	assert_in_range(err.offset, 0, m->bytes.len);
	pgo_err_release(&err);
	strbuf_release(&m->bytes);
}

static void test_versions(void **state)
{
	static const struct {
		const char *version, *text;
	} cases[] = {
		{ "A83*", "GCC 8.3 (version 'A83*')" },
		{ "B60 ", "GCC 16.0 (version 'B60 ')" },
		{ "408*", "unknown GCC version '408*'" },
		{ "B2\n*", "unknown GCC version" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *v = cases[i].version;
		struct maker m = { STRBUF_INIT, 12, false };

		word(&m, GCDA_MAGIC);
		word(&m, (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 |
				 (uint32_t)v[3]);
		counter(&m, 0);
		check_refused(&m, PGO_EVERSION, cases[i].text);
	}
}

static void test_not_gcda(void **state)
{
	struct maker m = { STRBUF_INIT, 12, false };

	(void)state;
	check_refused(&m, PGO_EFORMAT, "killed before it ended");
	strbuf_addstr(&m.bytes, "int main(void) { return 0; }");
	check_refused(&m, PGO_EFORMAT, "no .gcda file");
}

typedef void (*make_fn)(struct maker *m);

static void bad_kind(struct maker *m)
{
	function(m, 1, 2, 3);
	COUNTERS(m, 8, 1);
}
static void bad_order(struct maker *m)
{
	function(m, 1, 2, 3);
	COUNTERS(m, 2, 1);
	COUNTERS(m, 1, 1);
}
static void bad_twice(struct maker *m)
{
	function(m, 1, 2, 3);
	COUNTERS(m, 0, 1);
	COUNTERS(m, 0, 1);
}
static void bad_place(struct maker *m)
{
	COUNTERS(m, 0, 1);
}
static void bad_tag(struct maker *m)
{
	word(m, 0x01430000);
	word(m, 0);
}
static void bad_summary(struct maker *m)
{
	word(m, GCDA_TAG_SUMMARY);
	word(m, 8);
	counter(m, 1);
}
static void bad_absent(struct maker *m)
{
	word(m, GCDA_TAG_FUNCTION);
	word(m, 0);
	COUNTERS(m, 0, 1);
}
static void bad_function(struct maker *m)
{
	word(m, GCDA_TAG_FUNCTION);
	word(m, 3);
	counter(m, 1);
	word(m, 1);
}
static void bad_length(struct maker *m)
{
	function(m, 1, 2, 3);
	word(m, GCDA_TAG_COUNTER);
	word(m, 12);
	counter(m, 1);
	word(m, 1);
}
static void bad_topn_count(struct maker *m)
{
	function(m, 1, 2, 3);
	COUNTERS(m, 3, 9, 2, 1, 1);
}
static void bad_topn_huge(struct maker *m)
{
	function(m, 1, 2, 3);
	COUNTERS(m, 3, 9, -1, 1, 1);
}
static void bad_topn_odd(struct maker *m)
{
	function(m, 1, 2, 3);
	COUNTERS(m, 3, 9);
}
static void bad_topn_zeros(struct maker *m)
{
	function(m, 1, 2, 3);
	zeros(m, 3, 2);
}
static void bad_zeros(struct maker *m)
{
	function(m, 1, 2, 3);
	zeros(m, 0, 250u << 20);
}
static void bad_more(struct maker *m)
{
	function(m, 1, 2, 3);
	word(m, GCDA_TAG_COUNTER);
	word(m, 0x7ffffff8);
}

static void test_corrupt(void **state)
{
	static const struct {
		make_fn make;
		const char *text;
	} cases[] = {
		{ bad_kind, "counter kind that this version" },
		{ bad_order, "out of order" },
		{ bad_twice, "out of order" },
		{ bad_place, "outside of a function" },
		{ bad_absent, "outside of a function" },
		{ bad_tag, "unknown record tag" },
		{ bad_summary, "summary out of place" },
		{ bad_function, "function length" },
		{ bad_length, "counter length" },
		{ bad_topn_count, "number of values" },
		{ bad_topn_huge, "number of values" },
		{ bad_topn_odd, "number of values" },
		{ bad_topn_zeros, "negative counter length" },
		{ bad_zeros, "more zero counters" },
		{ bad_more, "counters" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct maker m;

		begin(&m, 12, i & 1, 1, 2);
		cases[i].make(&m);
		word(&m, 0);
		check_refused(&m, PGO_EFORMAT, cases[i].text);
	}
}

static void test_words_have_no_zero_runs(void **state)
{
	struct maker m;

	(void)state;
	begin(&m, 10, false, 1, 2);
	function(&m, 1, 2, 3);
	zeros(&m, 0, 2);
	word(&m, 0);
	check_refused(&m, PGO_EFORMAT, "negative counter length");
	begin(&m, 10, false, 1, 2);
	function(&m, 1, 2, 3);
	COUNTERS(&m, 3, 1, 2, 3);
	word(&m, 0);
	check_refused(&m, PGO_EFORMAT, "whole number of value sites");
}

/* Cut anywhere, it is an error; with something behind its end mark, it is whole. */
static void test_truncated(void **state)
{
	(void)state;
	for (unsigned major = 9; major <= 15; major++) {
		PGO_AUTO(gcda_file) whole = GCDA_FILE_INIT;
		struct maker m;

		make_full(&m, major, false);
		for (size_t len = 0; len < m.bytes.len; len++) {
			PGO_AUTO(gcda_file) f = GCDA_FILE_INIT;
			PGO_AUTO_FREE char *part = len ? xmemdup(m.bytes.buf, len) : xmalloc(1);
			struct pgo_err err = PGO_ERR_INIT;

			assert_int_equal(gcda_file_decode(&f, "x", part, len, &err), -PGO_EFORMAT);
			assert_in_range(err.offset, 0, len);
			pgo_err_release(&err);
		}
		strbuf_addstr(&m.bytes, "tail");
		assert_int_equal(decode(&whole, &m.bytes, NULL), 0);
		strbuf_release(&m.bytes);
	}
}

/* Whatever it decodes to can be merged, with the whole file too, and written, and read again. */
static void use_bytes(const void *data, size_t len, const struct gcda_file *whole)
{
	PGO_AUTO(gcda_file) f = GCDA_FILE_INIT;
	PGO_AUTO(gcda_file) run = GCDA_FILE_INIT;
	PGO_AUTO(gcda_file) again = GCDA_FILE_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	uint64_t saturated = 0;

	if (gcda_file_decode(&f, "f", data, len, NULL))
		return;
	assert_int_equal(gcda_file_decode(&run, "run", data, len, NULL), 0);
	assert_int_equal(gcda_file_add(&f, &run, 3, &saturated, NULL), 0);
	gcda_file_add(&f, whole, whole->major == 9 ? 100 : 1000000, &saturated, NULL);
	gcda_file_encode(&f, &out);
	assert_int_equal(gcda_file_decode(&again, "again", out.buf, out.len, NULL), 0);
}

static void test_bit_flips(void **state)
{
	(void)state;
	for (unsigned major = 9; major <= 15; major++) {
		PGO_AUTO(gcda_file) whole = GCDA_FILE_INIT;
		struct maker m;

		make_full(&m, major, major & 1);
		assert_int_equal(decode(&whole, &m.bytes, NULL), 0);
		for (size_t bit = 0; bit < 8 * m.bytes.len; bit++) {
			m.bytes.buf[bit / 8] ^= (char)(1 << bit % 8);
			use_bytes(m.bytes.buf, m.bytes.len, &whole);
			m.bytes.buf[bit / 8] ^= (char)(1 << bit % 8);
		}
		strbuf_release(&m.bytes);
	}
}

static uint64_t next_random(uint64_t *s)
{
	*s += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = *s;

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void mutate(struct strbuf *b, uint64_t *seed)
{
	static const uint32_t words[] = {
		0,
		1,
		8,
		0x7fffffff,
		0x80000000,
		0xfffffff8,
		0xffffffff,
		GCDA_TAG_FUNCTION,
		GCDA_TAG_COUNTER + (3 << 17),
		GCDA_TAG_SUMMARY
	};

	for (unsigned n = 1 + next_random(seed) % 4; n; n--) {
		size_t at = next_random(seed) % (b->len / 4) * 4;
		uint32_t w = words[next_random(seed) % ARRAY_SIZE(words)];

		if (next_random(seed) % 2)
			w = (uint32_t)next_random(seed) >> next_random(seed) % 32;
		memcpy(b->buf + at, &w, sizeof(w));
	}
	if (next_random(seed) % 4 == 0)
		strbuf_setlen(b, next_random(seed) % b->len);
}

static void test_mutations(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 21000; round++) {
		PGO_AUTO(gcda_file) whole = GCDA_FILE_INIT;
		struct maker m;

		make_full(&m, 9 + round % 7, false);
		assert_int_equal(decode(&whole, &m.bytes, NULL), 0);
		mutate(&m.bytes, &seed);
		use_bytes(m.bytes.buf, m.bytes.len, &whole);
		strbuf_release(&m.bytes);
	}
}

/* Adding straight from bytes is taken for nothing that decoding refuses, and gives the same. */
static bool same_both_ways(const struct strbuf *first, const struct strbuf *run, uint64_t weight)
{
	PGO_AUTO(gcda_file) fast = GCDA_FILE_INIT, slow = GCDA_FILE_INIT, more = GCDA_FILE_INIT;
	PGO_AUTO(strbuf) fast_bytes = STRBUF_INIT, slow_bytes = STRBUF_INIT;
	struct gcda_scratch scratch = { 0 };
	uint64_t nr_saturated = 0;
	bool taken;

	assert_int_equal(decode(&fast, first, NULL), 0);
	assert_int_equal(decode(&slow, first, NULL), 0);
	gcda_file_encode(&slow, &slow_bytes);
	taken = gcda_file_add_raw(&fast, run->buf, run->len, weight, &scratch);
	if (taken) {
		strbuf_clear(&slow_bytes);
		assert_int_equal(decode(&more, run, NULL), 0);
		assert_int_equal(gcda_file_add(&slow, &more, weight, &nr_saturated, NULL), 0);
		gcda_file_encode(&slow, &slow_bytes);
		assert_int_equal(nr_saturated, scratch.nr_saturated);
	}
	gcda_file_encode(&fast, &fast_bytes);
	assert_int_equal(fast_bytes.len, slow_bytes.len);
	assert_memory_equal(fast_bytes.buf, slow_bytes.buf, slow_bytes.len);
	free(scratch.pairs);
	free(scratch.run_pairs);
	return taken;
}

static void test_raw_is_decoded(void **state)
{
	unsigned nr_taken = 0;
	uint64_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 7000; round++) {
		struct maker a, b;

		make_full(&a, 9 + round % 7, false);
		make_full(&b, 9 + round % 7, false);
		if (round < 7)
			assert_true(same_both_ways(&a.bytes, &b.bytes, 1 + round % 3));
		mutate(&b.bytes, &seed);
		nr_taken += same_both_ways(&a.bytes, &b.bytes, 1 + round % 3);
		strbuf_release(&a.bytes);
		strbuf_release(&b.bytes);
	}
	/* A counter that was changed is still one; most other changes are not taken. */
	assert_in_range(nr_taken, 500, 5000);
}

/* acc and run of one kind in one function; after the merge the counters must be expected. */
static void check_merge(unsigned major, unsigned kind, const int64_t *acc, unsigned nr_acc,
			const int64_t *run, unsigned nr_run, uint64_t weight,
			const int64_t *expected, unsigned nr_expected, uint64_t nr_saturated)
{
	PGO_AUTO(gcda_file) a = GCDA_FILE_INIT;
	PGO_AUTO(gcda_file) b = GCDA_FILE_INIT;
	PGO_AUTO(gcda_file) e = GCDA_FILE_INIT;
	PGO_AUTO(strbuf) got = STRBUF_INIT;
	PGO_AUTO(strbuf) want = STRBUF_INIT;
	struct maker m[3];
	uint64_t saturated = 0;

	for (unsigned i = 0; i < 3; i++) {
		begin(&m[i], major, false, 1, 2);
		function(&m[i], 1, 2, 3);
	}
	counters(&m[0], kind, acc, nr_acc);
	counters(&m[1], kind, run, nr_run);
	counters(&m[2], kind, expected, nr_expected);
	for (unsigned i = 0; i < 3; i++)
		word(&m[i], 0);
	assert_int_equal(decode(&a, &m[0].bytes, NULL), 0);
	assert_int_equal(decode(&b, &m[1].bytes, NULL), 0);
	assert_int_equal(decode(&e, &m[2].bytes, NULL), 0);
	assert_int_equal(gcda_file_add(&a, &b, weight, &saturated, NULL), 0);
	assert_int_equal(saturated, nr_saturated);
	assert_int_equal(a.runs, 1 + weight);
	assert_int_equal(a.sum_max, 100 * (1 + weight));
	e.runs = a.runs;
	e.sum_max = a.sum_max;
	gcda_file_encode(&a, &got);
	gcda_file_encode(&e, &want);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.buf, want.buf, want.len);
	for (unsigned i = 0; i < 3; i++)
		strbuf_release(&m[i].bytes);
}
#define L(...) __VA_ARGS__
#define CHECK_MERGE(major, kind, acc, run, weight, expected, nr_saturated)               \
	check_merge(major, kind, (const int64_t[]){ acc },                               \
		    sizeof((const int64_t[]){ acc }) / 8, (const int64_t[]){ run },      \
		    sizeof((const int64_t[]){ run }) / 8, weight,                        \
		    (const int64_t[]){ expected },                                       \
		    sizeof((const int64_t[]){ expected }) / 8, nr_saturated)

static void test_plain_rules(void **state)
{
	(void)state;
	CHECK_MERGE(12, 0, L(5, 0, 7), L(1, 2, 0), 1, L(6, 2, 7), 0);
	CHECK_MERGE(12, 0, L(5, 0, 7), L(1, 2, 0), 10, L(15, 20, 7), 0);
	CHECK_MERGE(11, 0, L(0, 0, 0), L(1, 2, 0), 2, L(2, 4, 0), 0);
	CHECK_MERGE(12, 0, L(1, 2, 3), L(0, 0, 0), 9, L(1, 2, 3), 0);
	CHECK_MERGE(12, 0, L(INT64_MAX - 1, 1), L(2, INT64_MAX), 1, L(INT64_MAX, INT64_MAX), 2);
	CHECK_MERGE(12, 0, L(0, 1), L(INT64_MAX / 2, 1), 3, L(INT64_MAX, 4), 1);
	/* Averages are sums with a sign, and may become all zero again. */
	CHECK_MERGE(12, 5, L(-6, 3), L(2, -1), 3, L(0, 0), 0);
	CHECK_MERGE(12, 5, L(INT64_MIN + 1, 3), L(-2, 1), 1, L(INT64_MIN, 4), 1);
	CHECK_MERGE(12, 6, L(0x11, 0), L(0x21, 8), 5, L(0x31, 8), 0);
	CHECK_MERGE(12, 7, L(9, 0, 4, 0), L(3, 8, 6, 0), 5, L(3, 8, 4, 0), 0);
	CHECK_MERGE(14, 8, L(1), L(2), 1, L(3), 0);
	CHECK_MERGE(15, 9, L(4), L(2), 3, L(6), 0);
}

static void test_topn_rule(void **state)
{
	(void)state;
	/* The run's values stand in front, the older ones follow in their order. */
	CHECK_MERGE(12, 3, L(9, 3, 1, 4, 2, 3, 3, 2), L(5, 2, 4, 2, 2, 3), 1,
		    L(14, 4, 4, 2, 2, 6, 1, 4, 3, 2), 0);
	CHECK_MERGE(12, 3, L(9, 3, 1, 4, 2, 3, 3, 2), L(5, 2, 4, 2, 2, 3), 3,
		    L(24, 4, 4, 6, 2, 12, 1, 4, 3, 2), 0);
	CHECK_MERGE(12, 4, L(0, 0), L(5, 1, 4, 5), 1000000, L(5000000, 1, 4, 5000000), 0);
	CHECK_MERGE(12, 4, L(5, 1, 4, 5), L(0, 0), 1000000, L(5, 1, 4, 5), 0);
	/* What once lost values says so for ever. */
	CHECK_MERGE(11, 3, L(-9, 1, 1, 4), L(5, 1, 1, 5), 1, L(-14, 1, 1, 9), 0);
	CHECK_MERGE(11, 3, L(9, 1, 1, 4), L(-5, 1, 1, 5), 2, L(-19, 1, 1, 14), 0);
	/* Two sites keep apart. */
	CHECK_MERGE(13, 3, L(1, 1, 1, 1, 2, 1, 2, 2), L(3, 1, 2, 3, 4, 1, 1, 4), 1,
		    L(4, 2, 2, 3, 1, 1, 6, 2, 1, 4, 2, 2), 0);
	/* A value that is there twice, from threads that raced: the first one takes. */
	CHECK_MERGE(12, 3, L(4, 1, 7, 4), L(3, 2, 7, 1, 7, 2), 1, L(7, 2, 7, 5, 7, 2), 0);
	CHECK_MERGE(12, 3, L(4, 1, 7, 4), L(3, 2, 7, 1, 7, 2), 3, L(13, 2, 7, 11, 7, 2), 0);
}

/* n values from first on, each with count, as a site's record. */
static unsigned fill_site(int64_t *to, int64_t total, unsigned n, int64_t first, int64_t count)
{
	to[0] = total;
	to[1] = n;
	for (unsigned i = 0; i < n; i++) {
		to[2 + 2 * i] = first + i;
		to[3 + 2 * i] = count;
	}
	return 2 + 2 * n;
}

static void test_topn_full(void **state)
{
	int64_t acc[80], run[80], want[80];
	unsigned nr_acc, nr_run, nr_want;

	(void)state;
	/* 32 of the run, each worth 3: two older values of 2 only wear two of them down. */
	nr_acc = fill_site(acc, 4, 2, 1000, 2);
	nr_run = fill_site(run, 96, 32, 1, 3);
	nr_want = fill_site(want, -100, 32, 1, 3);
	want[3] = 2;
	want[5] = 3;
	/* The first wears value 1 to 2; the second finds it least, wears it to 1, and takes it. */
	want[2] = 1001;
	want[3] = 2;
	check_merge(12, 3, acc, nr_acc, run, nr_run, 1, want, nr_want, 0);
	/* An older value that is worth more throws the least one out at once. */
	nr_acc = fill_site(acc, 50, 1, 1000, 50);
	nr_want = fill_site(want, -146, 32, 1, 3);
	want[2] = 1000;
	want[3] = 50;
	check_merge(12, 3, acc, nr_acc, run, nr_run, 1, want, nr_want, 0);
	/* Exactly 32 in all: nothing is lost. */
	nr_acc = fill_site(acc, 4, 2, 1000, 2);
	nr_run = fill_site(run, 90, 30, 1, 3);
	nr_want = fill_site(want, 94, 32, 1, 3);
	fill_site(want + 60, 0, 2, 1000, 2);
	want[60] = 30;
	want[61] = 3;
	check_merge(12, 3, acc, nr_acc, run, nr_run, 1, want, nr_want, 0);
}

static void test_gcc10_rule(void **state)
{
	(void)state;
	CHECK_MERGE(10, 3, L(9, 1, 4, 2, 5, 0, 0, 0, 0), L(3, 2, 2, 3, 1, 0, 0, 0, 0), 1,
		    L(12, 2, 7, 3, 1, 1, 4, 0, 0), 0);
	/* Full: the smallest gives way to what is worth more, else it is worn down. */
	CHECK_MERGE(10, 4, L(9, 8, 9, 0, 0, 0, 0, 0, 0), L(10, 1, 4, 2, 3, 3, 2, 4, 1), 1,
		    L(-19, 1, 4, 2, 3, 3, 2, 8, 9), 0);
	CHECK_MERGE(10, 4, L(9, 8, 1, 0, 0, 0, 0, 0, 0), L(10, 1, 4, 2, 3, 3, 3, 4, 2), 1,
		    L(-19, 1, 4, 2, 3, 3, 3, 4, 1), 0);
}

static void test_gcc9_rules(void **state)
{
	(void)state;
	CHECK_MERGE(9, 3, L(7, 4, 9), L(7, 2, 3), 2, L(7, 8, 15), 0);
	CHECK_MERGE(9, 4, L(7, 9, 9), L(8, 2, 3), 1, L(7, 7, 12), 0);
	CHECK_MERGE(9, 4, L(7, 1, 9), L(8, 4, 5), 1, L(8, 3, 14), 0);
	/* 9 - 2 - 2 - 2 - 2 leaves 1, which the run's fifth 2 outvotes. */
	CHECK_MERGE(9, 4, L(7, 9, 9), L(8, 2, 3), 5, L(8, 1, 24), 0);
	CHECK_MERGE(9, 8, L(3, 1, 9, 2, 8, 3, 7, 4, 6), L(5, 2, 2, 9, 7, 0, 0, 0, 0), 1,
		    L(5, 2, 10, 1, 9, 9, 7, 3, 7), 0);
}

/* A record of random values for kind; small numbers, so that lists meet, fill and tie. */
static unsigned random_record(unsigned major, unsigned kind, int64_t *to, uint64_t *seed)
{
	struct gcda_layout at = gcda_site_layout(gcda_rule_of(major, kind));
	unsigned n = 0, nr_values = (unsigned)(next_random(seed) % 33);
	int64_t span = 1 + (int64_t)(next_random(seed) % 60);

	if (at.stride) {
		for (; n < at.stride; n++)
			to[n] = (int64_t)(next_random(seed) % 5);
		return n;
	}
	to[n++] = (int64_t)(next_random(seed) % 100);
	to[n++] = 0;
	for (unsigned i = 0; i < nr_values; i++) {
		int64_t v = (int64_t)next_random(seed) % span;
		unsigned j;

		for (j = 0; j < to[1] && to[2 + 2 * j] != v; j++)
			;
		if (j < to[1])
			continue;
		to[n++] = v;
		to[n++] = 1 + (int64_t)(next_random(seed) % 20);
		to[1]++;
	}
	return n;
}

static void one_site(struct gcda_file *f, unsigned major, unsigned kind, const int64_t *v,
		     unsigned nr)
{
	struct maker m;

	begin(&m, major, false, 1, 2);
	function(&m, 1, 2, 3);
	counters(&m, kind, v, nr);
	word(&m, 0);
	assert_int_equal(decode(f, &m.bytes, NULL), 0);
	strbuf_release(&m.bytes);
}

/* A weight of n is n merges, for every rule, whatever short cut is taken. */
static void test_weight_is_repetition(void **state)
{
	static const struct {
		unsigned major, kind;
	} which[] = {
		{ 9, 3 },
		{ 9, 8 },
		{ 10, 3 },
		{ 12, 3 },
	};
	uint64_t seed = 7, saturated = 0;
	int64_t old[80], now[80];

	(void)state;
	for (unsigned round = 0; round < 40000; round++) {
		unsigned major = which[round % 4].major, kind = which[round % 4].kind;
		unsigned nr_old = random_record(major, kind, old, &seed);
		unsigned nr_now = random_record(major, kind, now, &seed);
		uint64_t weight = 1 + next_random(&seed) % 40;
		PGO_AUTO(gcda_file) fast = GCDA_FILE_INIT;
		PGO_AUTO(gcda_file) slow = GCDA_FILE_INIT;
		PGO_AUTO(gcda_file) run = GCDA_FILE_INIT;
		PGO_AUTO(strbuf) a = STRBUF_INIT;
		PGO_AUTO(strbuf) b = STRBUF_INIT;

		one_site(&fast, major, kind, old, nr_old);
		one_site(&slow, major, kind, old, nr_old);
		one_site(&run, major, kind, now, nr_now);
		assert_int_equal(gcda_file_add(&fast, &run, weight, &saturated, NULL), 0);
		for (uint64_t i = 0; i < weight; i++)
			assert_int_equal(gcda_file_add(&slow, &run, 1, &saturated, NULL), 0);
		gcda_file_encode(&fast, &a);
		gcda_file_encode(&slow, &b);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.buf, b.buf, a.len);
	}
	assert_int_equal(saturated, 0);
}

static void test_summary_stops(void **state)
{
	PGO_AUTO(gcda_file) a = GCDA_FILE_INIT;
	PGO_AUTO(gcda_file) b = GCDA_FILE_INIT;
	const int64_t one = 1;
	uint64_t saturated = 0;

	(void)state;
	one_site(&a, 12, 0, &one, 1);
	one_site(&b, 12, 0, &one, 1);
	a.sum_max = UINT32_MAX - 150;
	assert_int_equal(gcda_file_add(&a, &b, 1, &saturated, NULL), 0);
	assert_int_equal(a.sum_max, UINT32_MAX - 50);
	assert_int_equal(saturated, 0);
	assert_int_equal(gcda_file_add(&a, &b, 1, &saturated, NULL), 0);
	assert_int_equal(a.sum_max, UINT32_MAX);
	assert_int_equal(a.runs, 3);
	assert_int_equal(saturated, 1);
}

/* A function that only one of the programs linked in. */
static void test_absent_function(void **state)
{
	for (unsigned which = 0; which < 2; which++) {
		PGO_AUTO(gcda_file) a = GCDA_FILE_INIT;
		PGO_AUTO(gcda_file) b = GCDA_FILE_INIT;
		PGO_AUTO(strbuf) got = STRBUF_INIT;
		struct maker with, without;
		uint64_t saturated = 0;

		make_full(&with, 12, false);
		begin(&without, 12, false, 0x1234, 0x5678);
		for (unsigned i = 0; i < 3; i++)
			counter(&without, GCDA_TAG_FUNCTION);
		word(&without, 0);
		assert_int_equal(decode(which ? &b : &a, &with.bytes, NULL), 0);
		assert_int_equal(decode(which ? &a : &b, &without.bytes, NULL), 0);
		assert_int_equal(gcda_file_add(&a, &b, 2, &saturated, NULL), 0);
		assert_true(a.funcs[0].present);
		assert_false(a.funcs[1].present);
		assert_int_equal(a.funcs[0].ctrs[0].v[0], which ? 10 : 5);
		assert_int_equal(a.funcs[0].ctrs[3].sites[0].total, which ? 18 : 9);
		gcda_file_encode(&a, &got);
		assert_int_equal(got.len, with.bytes.len);
		strbuf_release(&with.bytes);
		strbuf_release(&without.bytes);
	}
	(void)state;
}

static void check_mismatch(struct maker *a, struct maker *b, const char *text)
{
	PGO_AUTO(gcda_file) acc = GCDA_FILE_INIT;
	PGO_AUTO(gcda_file) run = GCDA_FILE_INIT;
	PGO_AUTO(strbuf) before = STRBUF_INIT;
	PGO_AUTO(strbuf) after = STRBUF_INIT;
	struct pgo_err err = PGO_ERR_INIT;
	uint64_t saturated = 0;
	int ret;

	word(a, 0);
	word(b, 0);
	assert_int_equal(gcda_file_decode(&acc, "old.gcda", a->bytes.buf, a->bytes.len, NULL), 0);
	assert_int_equal(gcda_file_decode(&run, "new.gcda", b->bytes.buf, b->bytes.len, NULL), 0);
	gcda_file_encode(&acc, &before);
	ret = gcda_file_add(&acc, &run, 1, &saturated, &err);
	if (!text) {
		assert_int_equal(ret, 0);
	} else {
		assert_int_equal(ret, -PGO_EMISMATCH);
		if (!strstr(err.msg, text))
			fail_msg("'%s' is not in '%s'", text, err.msg);
		assert_non_null(strstr(err.msg, "old.gcda"));
		assert_non_null(strstr(err.msg, "new.gcda"));
		assert_non_null(err.hint);
		gcda_file_encode(&acc, &after);
		assert_int_equal(before.len, after.len);
		assert_memory_equal(before.buf, after.buf, after.len);
	}
	pgo_err_release(&err);
	strbuf_release(&a->bytes);
	strbuf_release(&b->bytes);
}

static void test_mismatch_heads(void **state)
{
	struct maker a, b;

	(void)state;
	begin(&a, 11, false, 1, 0);
	begin(&b, 11, false, 2, 0);
	check_mismatch(&a, &b, "stamp 00000002, not 00000001");
	begin(&a, 12, false, 1, 3);
	begin(&b, 12, false, 1, 4);
	check_mismatch(&a, &b, "checksum 00000004, not 00000003");
	/* From 12 on libgcov looks at the checksum only. */
	begin(&a, 12, false, 1, 3);
	begin(&b, 12, false, 2, 3);
	check_mismatch(&a, &b, NULL);
	begin(&a, 12, false, 1, 3);
	begin(&b, 13, false, 1, 3);
	check_mismatch(&a, &b, "GCC version 'B33*'");
	begin(&a, 12, false, 1, 3);
	begin(&b, 12, true, 1, 3);
	check_mismatch(&a, &b, "byte orders");
	begin(&a, 12, false, 1, 3);
	begin(&b, 12, false, 1, 3);
	function(&b, 1, 2, 3);
	check_mismatch(&a, &b, "has 1 functions");
}

static void test_mismatch_functions(void **state)
{
	static const struct {
		uint32_t ident, lines, cfg;
		unsigned kind, nr;
		const char *text;
	} cases[] = {
		{ 1, 2, 3, 0, 2, NULL },
		{ 9, 2, 3, 0, 2, "has ident 00000009, but 00000001" },
		{ 1, 9, 3, 0, 2, "has line checksum 00000009, but 00000002" },
		{ 1, 2, 9, 0, 2, "(ident 1) of 'new.gcda' has cfg checksum 00000009" },
		{ 1, 2, 3, 0, 3, "has 3 arcs counters" },
		{ 1, 2, 3, 1, 2, "has 2 interval counters" },
		{ 1, 2, 3, 0, 0, "0 kinds of counters" },
	};
	static const int64_t v[4] = { 1, 1, 1, 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct maker a, b;

		begin(&a, 12, false, 1, 3);
		begin(&b, 12, false, 1, 3);
		function(&a, 1, 2, 3);
		counters(&a, 0, v, 2);
		function(&b, cases[i].ident, cases[i].lines, cases[i].cfg);
		if (cases[i].nr)
			counters(&b, cases[i].kind, v, cases[i].nr);
		check_mismatch(&a, &b, cases[i].text);
	}
}

/* A folder for one test, with helpers that put files into it. */
static char *put_file(const struct tempdir *t, const char *name, unsigned major, uint32_t checksum)
{
	char *path = fs_join(t->path, name);
	PGO_AUTO_FREE char *dir = fs_dirname(path);
	struct maker m;

	assert_int_equal(fs_mkdir_p(dir, NULL), 0);
	begin(&m, major, false, 1, checksum);
	function(&m, 17, 0xabc, 0xdef);
	COUNTERS(&m, 0, 5, 6);
	COUNTERS(&m, 3, 9, 1, 1, 7);
	word(&m, 0);
	assert_int_equal(fs_write_atomic(path, m.bytes.buf, m.bytes.len, 0666, NULL), 0);
	strbuf_release(&m.bytes);
	return path;
}

static void drop_file(const struct tempdir *t, const char *name, unsigned major, uint32_t checksum)
{
	free(put_file(t, name, major, checksum));
}

static void test_merge_trees(void **state)
{
	PGO_AUTO(tempdir) t = TEMPDIR_INIT;
	PGO_AUTO(profile) p = PROFILE_INIT;
	struct gcda_merge_result res;

	(void)state;
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	drop_file(&t, "a/src/main/x.gcda", 12, 1);
	drop_file(&t, "a/src/main/sub/y.gcda", 12, 2);
	drop_file(&t, "a/src/mainly/z.gcda", 12, 3);
	drop_file(&t, "b/src/main/x.gcda", 12, 1);
	drop_file(&t, "b/only b.gcda", 12, 4);
	PGO_AUTO_FREE char *a = fs_join(t.path, "a");
	PGO_AUTO_FREE char *b = fs_join(t.path, "b");
	PGO_AUTO_FREE char *out = fs_join(t.path, "out/");
	PGO_AUTO_FREE char *tmp = fs_join(t.path, "out.tmp");
	const struct gcda_tree trees[] = { { a, "/src/main/", 2, NULL },
					   { b, "src/main", 3, NULL } };

	assert_int_equal(gcda_merge(trees, 2, 0, out, &res, NULL), 0);
	assert_int_equal(res.nr_files, 4);
	assert_int_equal(res.nr_inputs, 5);
	assert_int_equal(res.nr_functions, 4);
	assert_int_equal(res.nr_counters, 8);
	assert_int_equal(res.total_count, 11 * (5 + 2 + 2 + 3));
	assert_int_equal(res.max_count, 30);
	assert_string_equal(res.version, "B23*");
	assert_false(fs_exists(tmp));
	assert_int_equal(gcda_read(out, &p, NULL), 0);
	assert_int_equal(p.kind, PROF_KIND_GCC_ARCS);
	assert_int_equal(p.version, 12);
	assert_int_equal(p.nr_funcs, 4);
	assert_string_equal(p.funcs[0].name, "only b.gcda:17");
	assert_string_equal(p.funcs[1].name, "src/mainly/z.gcda:17");
	assert_string_equal(p.funcs[2].name, "sub/y.gcda:17");
	assert_string_equal(p.funcs[3].name, "x.gcda:17");
	assert_true(p.funcs[3].hash == UINT64_C(0xdef00000abc));
	assert_int_equal(p.funcs[3].counts[0], 25);
	assert_int_equal(p.funcs[3].nr_value_sites, 1);
	assert_int_equal(p.funcs[3].value_total, 35);
	assert_int_equal(p.total, res.total_count);
}

/* The merge fails with code and text, and leaves neither out nor out.tmp. */
static void check_merge_fails(const struct tempdir *t, const struct gcda_tree *trees, size_t nr,
			      int code, const char *text)
{
	PGO_AUTO_FREE char *out = fs_join(t->path, "out");
	PGO_AUTO_FREE char *tmp = fs_join(t->path, "out.tmp");
	struct gcda_merge_result res = { .nr_files = 77 };
	struct pgo_err err = PGO_ERR_INIT;

	assert_int_equal(gcda_merge(trees, nr, 0, out, &res, &err), -code);
	if (!strstr(err.msg, text))
		fail_msg("'%s' is not in '%s'", text, err.msg);
	assert_int_equal(res.nr_files, 77);
	assert_false(fs_exists(out));
	assert_false(fs_exists(tmp));
	pgo_err_release(&err);
}

static void test_merge_refusals(void **state)
{
	PGO_AUTO(tempdir) t = TEMPDIR_INIT;

	(void)state;
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	PGO_AUTO_FREE char *a = fs_join(t.path, "a");
	PGO_AUTO_FREE char *b = fs_join(t.path, "b");
	struct gcda_tree trees[] = { { a, NULL, 1, NULL }, { b, NULL, 1, NULL } };

	check_merge_fails(&t, trees, 2, PGO_ENOTFOUND, "cannot open the folder");
	drop_file(&t, "a/x.gcda", 12, 1);
	assert_int_equal(fs_mkdir_p(b, NULL), 0);
	check_merge_fails(&t, trees, 2, PGO_ENOTFOUND, "no .gcda file below");
	drop_file(&t, "b/x.gcda", 12, 2);
	check_merge_fails(&t, trees, 2, PGO_EMISMATCH, "checksum 00000002");
	drop_file(&t, "b/x.gcda", 12, 1);
	drop_file(&t, "b/y.gcda", 11, 1);
	check_merge_fails(&t, trees, 2, PGO_EMISMATCH, "'B13*', but files before");
	drop_file(&t, "b/y.gcda", 8, 1);
	check_merge_fails(&t, trees, 2, PGO_EVERSION, "GCC 8.3");
	drop_file(&t, "b/y.gcda", 12, 1);
	drop_file(&t, "b/s/y.gcda", 12, 1);
	trees[1].strip = "s";
	check_merge_fails(&t, trees, 2, PGO_EMISMATCH, "same name without 's'");
	trees[1].strip = NULL;
	trees[1].weight = 0;
	check_merge_fails(&t, trees, 2, PGO_ELIMIT, "weight 0");
	trees[1].weight = GCDA_WEIGHT_MAX + 1;
	check_merge_fails(&t, trees, 2, PGO_ELIMIT, "weight 1000001");
}

/* What is there already stays as it is. */
static void test_merge_never_overwrites(void **state)
{
	PGO_AUTO(tempdir) t = TEMPDIR_INIT;
	struct gcda_merge_result res;
	struct pgo_err err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	PGO_AUTO_FREE char *a = fs_join(t.path, "a");
	PGO_AUTO_FREE char *out = fs_join(t.path, "out");
	PGO_AUTO_FREE char *stale = fs_join(t.path, "out.tmp/stale.gcda");
	const struct gcda_tree tree = { a, NULL, 1, NULL };

	drop_file(&t, "a/x.gcda", 12, 1);
	drop_file(&t, "out.tmp/stale.gcda", 12, 1);
	assert_int_equal(gcda_merge(&tree, 1, 1, out, &res, NULL), 0);
	assert_int_equal(res.nr_files, 1);
	assert_false(fs_exists(stale));
	assert_int_equal(gcda_merge(&tree, 1, 1, out, &res, &err), -PGO_EIO);
	assert_non_null(strstr(err.msg, "cannot create"));
	pgo_err_release(&err);
}

static int bid(const char *path, const void *head, size_t len, bool is_dir)
{
	const struct prof_probe probe = { path, head, len, len, is_dir };

	return prof_format_gcda.bid(&probe);
}

static void test_bid(void **state)
{
	PGO_AUTO(tempdir) t = TEMPDIR_INIT;

	(void)state;
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	PGO_AUTO_FREE char *empty = fs_join(t.path, "empty");
	PGO_AUTO_FREE char *full = fs_join(t.path, "full");

	assert_int_equal(fs_mkdir_p(empty, NULL), 0);
	drop_file(&t, "full/deep/er/x.gcda", 12, 1);
	assert_true(bid("x", "adcg*22B", 8, false) > 0);
	assert_true(bid("x", "gcdaB22*", 8, false) > 0);
	assert_int_equal(bid("x", "oncg*22B", 8, false), 0);
	assert_int_equal(bid("x", "adcg", 4, false), 0);
	assert_int_equal(bid(empty, NULL, 0, true), 0);
	assert_true(bid(full, NULL, 0, true) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_zeros_are_folded),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_not_gcda),
		cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_words_have_no_zero_runs),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_raw_is_decoded),
		cmocka_unit_test(test_plain_rules),
		cmocka_unit_test(test_topn_rule),
		cmocka_unit_test(test_topn_full),
		cmocka_unit_test(test_gcc10_rule),
		cmocka_unit_test(test_gcc9_rules),
		cmocka_unit_test(test_weight_is_repetition),
		cmocka_unit_test(test_summary_stops),
		cmocka_unit_test(test_absent_function),
		cmocka_unit_test(test_mismatch_heads),
		cmocka_unit_test(test_mismatch_functions),
		cmocka_unit_test(test_merge_trees),
		cmocka_unit_test(test_merge_refusals),
		cmocka_unit_test(test_merge_never_overwrites),
		cmocka_unit_test(test_bid),
	};

	return cmocka_run_group_tests_name("gcda", tests, NULL, NULL);
}
