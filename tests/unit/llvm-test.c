/* SPDX-License-Identifier: Apache-2.0 */
/* The model, the registry, finding modules, and the checks before LLVM: files made word by word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "profiles/format.h"
#include "profiles/llvm.h"
#include "profiles/llvm/decode.h"
#include "profiles/llvm/guard.h"
#include "profiles/llvm/sum-group.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAW_MAGIC_64 0xff6c70726f667281ULL
#define RAW_MAGIC_32 0xff6c70726f665281ULL
#define INDEXED_MAGIC 0x8169666f72706cffULL

/* A file under construction. */
struct maker {
	struct strbuf bytes;
	bool swap;
};

static void put64(struct maker *m, uint64_t v)
{
	v = m->swap ? __builtin_bswap64(v) : v;
	strbuf_add(&m->bytes, &v, sizeof(v));
}

static void put32(struct maker *m, uint32_t v)
{
	v = m->swap ? __builtin_bswap32(v) : v;
	strbuf_add(&m->bytes, &v, sizeof(v));
}

static void put_at(struct maker *m, size_t at, uint64_t v)
{
	v = m->swap ? __builtin_bswap64(v) : v;
	assert_true(at + sizeof(v) <= m->bytes.len);
	memcpy(m->bytes.buf + at, &v, sizeof(v));
}

static void put_pointer(struct maker *m, bool narrow, uint64_t v)
{
	if (narrow)
		put32(m, (uint32_t)v);
	else
		put64(m, v);
}

/* Of a raw profile with one function 'f', two counters and one call site with one target. */
struct raw_opts {
	unsigned version;
	bool narrow, swap;
	size_t record, counters, names, values; /* filled: offsets */
};

static void put_raw_header(struct maker *m, const struct raw_opts *o)
{
	put64(m, o->narrow ? RAW_MAGIC_32 : RAW_MAGIC_64);
	put64(m, o->version | LLVM_VARIANT_IR);
	if (o->version >= 7)
		put64(m, 16); /* binary ids */
	put64(m, 1);	      /* functions */
	put64(m, 0);
	put64(m, 2); /* counters */
	put64(m, 0);
	if (o->version >= 9) {
		put64(m, 0);
		put64(m, 0);
	}
	for (unsigned i = 0; o->version >= 11 && i < 3; i++)
		put64(m, 0); /* a device's counters */
	put64(m, 3);	     /* names */
	put64(m, 4096);	     /* delta of counters */
	if (o->version >= 9)
		put64(m, 0);
	put64(m, 0);
	if (o->version >= 10) {
		put64(m, 0);
		put64(m, 0);
	}
	put64(m, o->version >= 10 ? 2 : 1);
}

static void put_raw_record(struct maker *m, const struct raw_opts *o)
{
	put64(m, 0xcc914f75dd4ca18fULL); /* of "f" */
	put64(m, 77);
	put_pointer(m, o->narrow, 4096);
	if (o->version >= 11)
		put_pointer(m, o->narrow, 0);
	if (o->version >= 9)
		put_pointer(m, o->narrow, 0);
	put_pointer(m, o->narrow, 5); /* where it is: the target of its only value */
	put_pointer(m, o->narrow, 0);
	put32(m, 2);
	/* Sites of each kind: 16 bits each, the first is 1. */
	put32(m, m->swap ? 0x10000 : 1);
	if (o->version >= 10)
		put32(m, 0);
	if (o->version >= 9)
		put32(m, 0);
	while (m->bytes.len % 8)
		strbuf_addch(&m->bytes, 0);
}

static void put_values(struct maker *m)
{
	put32(m, 8 + 16 + 16);
	put32(m, 1);
	put32(m, 0);
	put32(m, 1);
	strbuf_add(&m->bytes, "\1\0\0\0\0\0\0", 8);
	put64(m, 5);
	put64(m, 9);
}

static void make_raw(struct maker *m, struct raw_opts *o)
{
	m->swap = o->swap;
	put_raw_header(m, o);
	if (o->version >= 7) {
		put64(m, 8);
		put64(m, 0x0102030405060708ULL);
	}
	o->record = m->bytes.len;
	put_raw_record(m, o);
	o->counters = m->bytes.len;
	put64(m, 10);
	put64(m, 20);
	o->names = m->bytes.len;
	strbuf_add(&m->bytes, "\1\0f\0\0\0\0", 8);
	o->values = m->bytes.len;
	put_values(m);
}

/* 0 when data passes; else the offset of the fault is in *at. */
static int guard(const struct maker *m, unsigned major, int64_t *at)
{
	struct pgo_err err = PGO_ERR_INIT;
	struct llvm_form form;
	int ret;

	assert_true(llvm_form_of(m->bytes.buf, m->bytes.len, &form) > 0);
	ret = llvm_guard(&form, "x", m->bytes.buf, m->bytes.len, major, &err);
	assert_int_equal(ret, -(int)err.code);
	*at = err.offset;
	pgo_err_release(&err);
	return ret;
}

static const struct raw_opts raw_kinds[] = {
	{ .version = 5 },
	{ .version = 6 },
	{ .version = 7 },
	{ .version = 8 },
	{ .version = 9 },
	{ .version = 10 },
	{ .version = 8, .narrow = true },
	{ .version = 10, .narrow = true, .swap = true },
	{ .version = 10, .swap = true },
	{ .version = 5, .narrow = true },
	{ .version = 11 },
	{ .version = 11, .narrow = true, .swap = true },
};
#define NR_RAW_KINDS (sizeof(raw_kinds) / sizeof(raw_kinds[0]))

static void test_raw_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RAW_KINDS; i++) {
		struct maker m = { .bytes = STRBUF_INIT };
		struct raw_opts o = raw_kinds[i];
		struct llvm_form form;
		int64_t at;

		make_raw(&m, &o);
		assert_int_equal(llvm_form_of(m.bytes.buf, m.bytes.len, &form), 64);
		assert_int_equal(form.type, LLVM_FORM_RAW);
		assert_int_equal(form.version, o.version);
		assert_true(form.variant == LLVM_VARIANT_IR);
		assert_int_equal(form.narrow, o.narrow);
		assert_int_equal(form.swap, o.swap);
		assert_int_equal(guard(&m, 22, &at), 0);
		strbuf_release(&m.bytes);
	}
}

static void test_raw_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RAW_KINDS; i++) {
		struct maker m = { .bytes = STRBUF_INIT };
		struct raw_opts o = raw_kinds[i];
		int64_t at;

		make_raw(&m, &o);
		for (size_t len = m.bytes.len - 1; len >= 8; len--) {
			strbuf_setlen(&m.bytes, len);
			assert_int_equal(guard(&m, 22, &at), -PGO_EFORMAT);
			assert_in_range(at, 0, len);
		}
		strbuf_release(&m.bytes);
	}
}

/* All versions say the same. */
static void test_raw_decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RAW_KINDS; i++) {
		PGO_AUTO(llvm_decoded) d = LLVM_DECODED_INIT;
		struct maker m = { .bytes = STRBUF_INIT };
		struct raw_opts o = raw_kinds[i];
		const struct shim_func *f;
		struct llvm_form form;

		make_raw(&m, &o);
		llvm_form_of(m.bytes.buf, m.bytes.len, &form);
		assert_int_equal(llvm_decode(&form, "x", m.bytes.buf, m.bytes.len, &d, NULL), 0);
		assert_true(d.batch.variant == LLVM_VARIANT_IR);
		assert_int_equal(d.batch.nr_ids, o.version >= 7);
		assert_int_equal(d.batch.nr_funcs, 1);
		f = d.batch.funcs;
		assert_int_equal(f->name_len, 1);
		assert_memory_equal(f->name, "f", 1);
		assert_int_equal(f->hash, 77);
		assert_int_equal(f->nr_counts, 2);
		assert_int_equal(f->counts[0], 10);
		assert_int_equal(f->counts[1], 20);
		assert_int_equal(f->nr_sites[0], 1);
		assert_int_equal(f->site_counts[0], 1);
		assert_true(f->values[0].value == 0xcc914f75dd4ca18fULL);
		assert_int_equal(f->values[0].count, 9);
		strbuf_release(&m.bytes);
	}
}

/* Two functions: up to version 7 a place of counters is an address, then seen from its record. */
static void make_raw_pair(struct maker *m, unsigned version)
{
	struct raw_opts o = { .version = version };
	struct llvm_raw_layout l;
	uint64_t seen_from_second;

	llvm_raw_layout(version, false, false, &l);
	make_raw(m, &o);
	strbuf_setlen(&m->bytes, o.counters);
	memcpy(m->bytes.buf + (version >= 7 ? 24 : 16), &(uint64_t){ 2 }, 8);
	memcpy(m->bytes.buf + (version >= 7 ? 40 : 32), &(uint64_t){ 4 }, 8);
	strbuf_add(&m->bytes, m->bytes.buf + o.record, l.record_bytes);
	/* No sites, so that no values follow. */
	memset(m->bytes.buf + o.record + l.nr_sites, 0, 2);
	memset(m->bytes.buf + o.counters + l.nr_sites, 0, 2);
	m->bytes.buf[o.counters + 8] = 78;
	seen_from_second = 4096 + 16 - (version >= 8 ? l.record_bytes : 0);
	memcpy(m->bytes.buf + o.counters + l.counters, &seen_from_second, 8);
	for (unsigned i = 1; i <= 4; i++)
		put64(m, i);
	strbuf_add(&m->bytes, "\1\0f\0\0\0\0", 8);
}

static void test_raw_places(void **state)
{
	(void)state;
	for (unsigned version = 5; version <= 11; version++) {
		PGO_AUTO(llvm_decoded) d = LLVM_DECODED_INIT;
		struct maker m = { .bytes = STRBUF_INIT };
		struct llvm_form form;

		make_raw_pair(&m, version);
		llvm_form_of(m.bytes.buf, m.bytes.len, &form);
		assert_int_equal(llvm_decode(&form, "x", m.bytes.buf, m.bytes.len, &d, NULL), 0);
		assert_int_equal(d.batch.nr_funcs, 2);
		assert_int_equal(d.batch.funcs[0].counts[0], 1);
		assert_int_equal(d.batch.funcs[1].hash, 78);
		assert_int_equal(d.batch.funcs[1].counts[0], 3);
		assert_int_equal(d.batch.funcs[1].counts[1], 4);
		strbuf_release(&m.bytes);
	}
}

/* The fuzzer's own checks, of every cut and of every byte inverted. */
static void test_raw_fuzzed(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RAW_KINDS; i++) {
		struct maker m = { .bytes = STRBUF_INIT };
		struct raw_opts o = raw_kinds[i];
		uint8_t *bytes;

		make_raw(&m, &o);
		bytes = (uint8_t *)m.bytes.buf;
		for (size_t k = 0; k <= m.bytes.len; k++)
			LLVMFuzzerTestOneInput(bytes, k);
		for (size_t k = 0; k < m.bytes.len; k++) {
			bytes[k] = (uint8_t)~bytes[k];
			LLVMFuzzerTestOneInput(bytes, m.bytes.len);
			bytes[k] = (uint8_t)~bytes[k];
		}
		strbuf_release(&m.bytes);
	}
}

static void refuse_decode(size_t at, uint64_t value, int64_t want_offset)
{
	PGO_AUTO(llvm_decoded) d = LLVM_DECODED_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct maker m = { .bytes = STRBUF_INIT };
	struct raw_opts o = { .version = 10 };
	struct llvm_form form;

	make_raw(&m, &o);
	put_at(&m, at, value);
	llvm_form_of(m.bytes.buf, m.bytes.len, &form);
	assert_int_equal(llvm_guard(&form, "x", m.bytes.buf, m.bytes.len, 0, NULL), 0);
	assert_int_equal(llvm_decode(&form, "x", m.bytes.buf, m.bytes.len, &d, &err), -PGO_EFORMAT);
	assert_int_equal(err.offset, want_offset);
	strbuf_release(&m.bytes);
}

static void test_raw_not_decoded(void **state)
{
	struct maker m = { .bytes = STRBUF_INIT };
	struct raw_opts o = { .version = 10 };

	(void)state;
	make_raw(&m, &o);
	strbuf_release(&m.bytes);
	refuse_decode(o.record, 1, (int64_t)o.record); /* no such name */
	refuse_decode(o.counters + 8, (1ULL << 56) + 1, (int64_t)o.counters + 8);
	refuse_decode(o.names, 0x660101, (int64_t)o.names + 2); /* no zlib data */
}

/* The cases of RFC 1321; LLVM takes the first half. */
static void test_name_hash(void **state)
{
	char digits[81];

	(void)state;
	assert_true(llvm_name_hash("", 0) == 0x04b2008fd98c1dd4ULL);
	assert_true(llvm_name_hash("abc", 3) == 0xb04fd23c98500190ULL);
	assert_true(llvm_name_hash("message digest", 14) == 0x8d93b77c7d696bf9ULL);
	for (unsigned i = 0; i < 80; i++)
		digits[i] = (char)('0' + (i + 1) % 10);
	assert_true(llvm_name_hash(digits, 80) == 0x55c9e32ba2f4ed57ULL);
}

static bool merge_all(struct llvm_site *s, const struct shim_value *in, unsigned n)
{
	struct shim_value own[300];

	memcpy(own, in, n * sizeof(*own));
	return llvm_values_sort(own, n) && llvm_site_merge(s, own, n, 3, false);
}

/* As LLVM has it: what is new to a known function is not weighted, equals meet in their order. */
static void test_site_merge(void **state)
{
	static const struct shim_value first[] = { { 7, 2 }, { 0, 1 }, { 0, 5 }, { 3, 4 } };
	static const struct shim_value second[] = { { 9, 1 }, { 0, 10 }, { 3, 1 } };
	static const struct shim_value want[] = {
		{ 0, 45 }, { 0, 3 }, { 3, 15 }, { 7, 6 }, { 9, 1 }
	};
	struct llvm_site s = { 0 };

	(void)state;
	assert_true(llvm_site_merge(&s, first, 4, 3, true));
	assert_int_equal(s.values[0].value, 7); /* a single file's order is kept */
	assert_true(merge_all(&s, second, 3));
	assert_int_equal(s.nr, 5);
	assert_memory_equal(s.values, want, sizeof(want));
	s.values[2].count = UINT64_MAX - 4;
	assert_false(merge_all(&s, second, 3)); /* near the limit */
	free(s.values);
}

/* A site keeps 255 values; where versions of LLVM would differ, the sum gives up. */
static void test_site_limits(void **state)
{
	struct shim_value many[255], equal[17];
	struct llvm_site s = { 0 };

	(void)state;
	for (unsigned i = 0; i < 255; i++)
		many[i] = (struct shim_value){ i, 1 };
	assert_true(llvm_site_merge(&s, many, 255, 1, true));
	assert_true(merge_all(&s, many, 255));
	/* The 256th value goes, being the rarest; then the last of those that are rarest by now. */
	assert_true(merge_all(&s, &(struct shim_value){ 7000, 1 }, 1));
	assert_int_equal(s.nr, 255);
	assert_int_equal(s.values[254].value, 254);
	assert_true(merge_all(&s, &(struct shim_value){ 8000, 9 }, 1));
	assert_int_equal(s.nr, 255);
	assert_int_equal(s.values[253].value, 253);
	assert_int_equal(s.values[254].value, 8000);
	for (unsigned i = 0; i < 17; i++)
		equal[i] = (struct shim_value){ i ? i : 1, 1 };
	assert_true(llvm_values_sort(equal, 16));
	assert_false(llvm_values_sort(equal, 17));
	free(s.values);
}

/* A word of a 64-bit version 10 profile that is changed to something that it must not be. */
static void test_raw_bad_words(void **state)
{
	static const struct {
		size_t at;
		uint64_t value;
		int64_t fault; /* -1: passes */
	} cases[] = {
		{ 16, 8, -2 }, /* binary ids overlap the record */
		{ 16, UINT64_MAX - 7, -2 },
		{ 24, 1ULL << 58, -2 }, /* functions: the product wraps */
		{ 24, 0, -2 },		/* their record is taken for counters */
		{ 40, 1ULL << 61, -2 }, /* counters: the product wraps */
		{ 72, 2, -2 },		/* names */
		{ 72, 1ULL << 63, -2 },
		{ 80, 4088, 144 }, /* counters outside of their section */
		{ 80, 4097, 144 },
		{ 80, 8192, 144 },
		{ 128, 0, 128 }, /* length of a binary id */
		{ 128, UINT64_MAX, -2 },
		{ 144 + 8, UINT64_MAX, 144 }, /* the hash */
		{ 144 + 8, UINT64_MAX - 1, 144 },
		{ 144 + 8, UINT64_MAX - 2, -1 },
		{ 144 + 16, 4104, 144 }, /* one counter too many */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct maker m = { .bytes = STRBUF_INIT };
		struct raw_opts o = { .version = 10 };
		int64_t at;
		int ret;

		make_raw(&m, &o);
		assert_int_equal(o.record, 144);
		put_at(&m, cases[i].at, cases[i].value);
		ret = guard(&m, 22, &at);
		if (cases[i].fault == -1)
			assert_int_equal(ret, 0);
		else
			assert_int_equal(ret, -PGO_EFORMAT);
		if (cases[i].fault >= 0)
			assert_int_equal(at, cases[i].fault);
		strbuf_release(&m.bytes);
	}
}

static void raw_with_bytes(size_t from_names, const char *bytes, size_t len, int want)
{
	struct maker m = { .bytes = STRBUF_INIT };
	struct raw_opts o = { .version = 10 };
	int64_t at;

	make_raw(&m, &o);
	memcpy(m.bytes.buf + o.names + from_names, bytes, len);
	assert_int_equal(guard(&m, 22, &at), want);
	strbuf_release(&m.bytes);
}

static void test_raw_names_and_values(void **state)
{
	(void)state;
	raw_with_bytes(0, "\1\0f", 3, 0);
	raw_with_bytes(0, "\2\0f", 3, -PGO_EFORMAT);	    /* longer than the table */
	raw_with_bytes(0, "\x80\x80\x80", 3, -PGO_EFORMAT); /* a number without end */
	raw_with_bytes(0, "\1\1f", 3, 0);		    /* compressed */
	raw_with_bytes(0, "\xff\1f", 3, -PGO_EFORMAT);
	raw_with_bytes(8, "\x30", 1, -PGO_EFORMAT); /* size of values */
	raw_with_bytes(8, "\x24", 1, -PGO_EFORMAT);
	raw_with_bytes(8 + 4, "\4", 1, -PGO_EFORMAT); /* kinds */
	raw_with_bytes(8 + 8, "\3", 1, -PGO_EFORMAT); /* kind */
	raw_with_bytes(8 + 8, "\1", 1, 0);
	raw_with_bytes(8 + 15, "\1", 1, -PGO_EFORMAT); /* sites: 2^24 */
	raw_with_bytes(8 + 16, "\2", 1, -PGO_EFORMAT); /* values of a site */
}

static void test_raw_behind_another(void **state)
{
	struct maker one = { .bytes = STRBUF_INIT }, m = { .bytes = STRBUF_INIT };
	struct raw_opts o = { .version = 10 };
	int64_t at;

	(void)state;
	make_raw(&one, &o);
	strbuf_add(&m.bytes, one.bytes.buf, one.bytes.len);
	put64(&m, 0);
	strbuf_add(&m.bytes, one.bytes.buf, one.bytes.len);
	assert_int_equal(guard(&m, 22, &at), 0);
	put64(&m, 1);
	assert_int_equal(guard(&m, 22, &at), -PGO_EFORMAT);
	assert_int_equal(at, 2 * one.bytes.len + 8);
	strbuf_setlen(&m.bytes, one.bytes.len);
	strbuf_add(&m.bytes, "\0\0\0\0", 4);
	strbuf_add(&m.bytes, one.bytes.buf, one.bytes.len);
	assert_int_equal(guard(&m, 22, &at), -PGO_EFORMAT); /* not at a multiple of 8 */
	strbuf_release(&one.bytes);
	strbuf_release(&m.bytes);
}

static void test_unsupported_variants(void **state)
{
	struct maker m = { .bytes = STRBUF_INIT };
	struct raw_opts o = { .version = 10 };
	int64_t at;

	(void)state;
	make_raw(&m, &o);
	put_at(&m, 8, 10 | LLVM_VARIANT_DEBUG_CORRELATE);
	assert_int_equal(guard(&m, 22, &at), -PGO_EUNSUP);
	put_at(&m, 8, 10 | LLVM_VARIANT_MEMPROF);
	assert_int_equal(guard(&m, 22, &at), -PGO_EUNSUP);
	put_at(&m, 8, 10);
	assert_int_equal(guard(&m, 22, &at), 0);
	strbuf_release(&m.bytes);
}

/* Version 12 with one function 'f' of one counter. Returns the offset of its item. */
static size_t make_indexed(struct maker *m)
{
	size_t item, table;

	put64(m, INDEXED_MAGIC);
	put64(m, 12);
	for (unsigned i = 0; i < 7; i++)
		put64(m, 0);
	put64(m, 6);
	put64(m, 0);
	for (unsigned i = 0; i < 6; i++)
		put64(m, 0);
	item = m->bytes.len;
	strbuf_add(&m->bytes, "\1\0", 2);
	put64(m, 0x1234); /* hash of the name */
	put64(m, 1);
	put64(m, 40);
	strbuf_addch(&m->bytes, 'f');
	put64(m, 77);
	put64(m, 1);
	put64(m, 5);
	put64(m, 0); /* bitmap */
	put32(m, 8);
	put32(m, 0);
	while (m->bytes.len % 8)
		strbuf_addch(&m->bytes, 0);
	table = m->bytes.len;
	put_at(m, 32, table);
	put64(m, 1);
	put64(m, 1);
	put64(m, item);
	put_at(m, 48, m->bytes.len);
	put64(m, 0);
	put_at(m, 64, m->bytes.len);
	put64(m, 0);
	return item;
}

static void test_indexed(void **state)
{
	struct maker m = { .bytes = STRBUF_INIT };
	size_t item = make_indexed(&m), len = m.bytes.len;
	static const struct {
		size_t at; /* in the file, or from the item on */
		bool in_item;
		uint64_t value;
	} bad[] = {
		{ 24, false, 1 },	       /* type of hash */
		{ 32, false, UINT64_MAX - 7 }, /* place of the table */
		{ 32, false, 8 },
		{ 48, false, UINT64_MAX }, /* place of binary ids */
		{ 64, false, 1ULL << 40 }, /* place of names */
		{ 72, false, 5 },	   /* fields of the summary */
		{ 80, false, 1ULL << 32 },
		{ 0, true, 0 },		  /* a bucket of none */
		{ 10, true, UINT64_MAX }, /* name */
		{ 18, true, 48 },	  /* data */
		{ 18, true, 39 },
		{ 27, true, UINT64_MAX }, /* hash */
		{ 35, true, 1ULL << 61 }, /* counters */
		{ 51, true, 1ULL << 61 }, /* bitmap */
		{ 59, true, 16 },	  /* values */
		{ 59, true, 4ULL << 32 | 8 },
	};
	int64_t at;

	(void)state;
	assert_int_equal(guard(&m, 22, &at), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t where = bad[i].at + (bad[i].in_item ? item : 0);
		uint64_t old;

		memcpy(&old, m.bytes.buf + where, sizeof(old));
		put_at(&m, where, bad[i].value);
		assert_int_equal(guard(&m, 22, &at), -PGO_EFORMAT);
		put_at(&m, where, old);
		assert_int_equal(guard(&m, 22, &at), 0);
	}
	while (--len >= 8) {
		strbuf_setlen(&m.bytes, len);
		assert_int_equal(guard(&m, 22, &at), -PGO_EFORMAT);
	}
	strbuf_release(&m.bytes);
}

static int guard_text(const char *text, unsigned major)
{
	struct llvm_form form = { .type = LLVM_FORM_TEXT };

	return llvm_guard(&form, "x", text, strlen(text), major, NULL);
}

static void test_text(void **state)
{
	static const char *const good[] = {
		"f\n1\n1\n5\n",
		"f\n0x1f\n1\n5",
		"f\r\n1\r\n1\r\n5\r\n",
		"# c\n\n:ir\n\nf\n1\n1\n5\n\n\n",
		":csir\n:entry_first\nf\n017\n2\n5\n6\ng\n0b11\n1\n0\n",
		"f\n1\n1\n5\n1\n0\n2\n1\nx:3\n0\n",
		"f\n1\n1\n5\n2\n0\n1\n1\na:b:3\n1\n1\n1\n8:9\n",
		":temporal_prof_traces\n1\n1\n7\nf,g,\nf\n1\n1\n5\n",
	};
	static const char *const bad[] = {
		":ir\n",
		"# c\n",
		"f\n",
		"f\n1\n",
		"f\n1\n1\n",
		"f\n1\n0\n",
		"f\n1\n2\n5\n",
		"f\n1\n-1\n5\n",
		"f\n1\n1\n5x\n",
		"f\n1\n1\n18446744073709551616\n",
		"f\nx\n1\n5\n",
		"f\n18446744073709551615\n1\n5\n",
		"f\n1\n999999999\n5\n",
		"f\n1\n1\n5\n4\n",
		"f\n1\n1\n5\n1\n3\n1\n0\n",
		"f\n1\n1\n5\n1\n0\n4000000000\n",
		"f\n1\n1\n5\n1\n0\n1\n4000000000\nx:1\n",
		"f\n1\n1\n5\n1\n1\n1\n1\nx:1\n",
		"f\n1\n1\n5\n1\n0\n1\n1\nx\n",
		":temporal_prof_traces\n4000000000\n1\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(guard_text(good[i], 22), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(guard_text(bad[i], 22), -PGO_EFORMAT);
	assert_int_equal(guard_text("f\n1\n1\n5\n$2\n0x1\n2\n", 18), 0);
	assert_int_equal(guard_text("f\n1\n1\n5\n$2\n0x1\n2\n", 17), -PGO_EFORMAT);
}

static const char *identify(const char *path, int *ret)
{
	const struct prof_format *format = NULL;

	*ret = prof_identify(path, &format, NULL);
	return format ? format->name : NULL;
}

static void expect_format(const char *dir, const char *text, const char *name)
{
	PGO_AUTO_FREE char *path = fs_join(dir, "probe");
	const char *got;
	int ret;

	assert_int_equal(fs_write_atomic(path, text, strlen(text), 0600, NULL), 0);
	got = identify(path, &ret);
	if (name) {
		assert_int_equal(ret, 0);
		assert_string_equal(got, name);
	} else {
		assert_int_equal(ret, -PGO_EFORMAT);
	}
}

static void test_registry(void **state)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	int ret;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	expect_format(dir.path,
		      "\x81"
		      "rforpl\xff",
		      "llvm-raw");
	expect_format(dir.path,
		      "\xff"
		      "lprofr\x81",
		      "llvm-raw");
	expect_format(dir.path,
		      "\xff"
		      "lprofi\x81"
		      "x",
		      "llvm-indexed");
	expect_format(dir.path, ":IR\n", "llvm-text");
	expect_format(dir.path, "main\n123\n1\n5\n", "llvm-text");
	expect_format(dir.path, "main\n123\n", NULL);
	expect_format(dir.path, "main:123:1\n 1: 5\n", "llvm-sample-text");
	expect_format(dir.path, "main:123\n 1: 5\n", NULL);
	expect_format(dir.path, "", NULL);
	expect_format(dir.path,
		      "\xff"
		      "lprofi\x82",
		      NULL);
	assert_null(identify("/nonexistent/file", &ret));
	assert_int_equal(ret, -PGO_ENOTFOUND);
}

static void test_modules(void **state)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	struct pgo_err err = PGO_ERR_INIT;
	struct llvm_merge_opts opts = { .major = 7 };
	static const char *const names[] = {
		"llvm-7.so", "llvm-12.so", "llvm-.so", "llvm-9.so.1", "xllvm-9.so", "llvm-9x.so",
	};
	struct llvm_merge_result res;
	struct llvm_input in = { "x", 1 };

	(void)state;
	llvm_set_module_dir("/nonexistent");
	assert_int_equal(llvm_majors()[0], 0);
	assert_null(llvm_version(22));
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		PGO_AUTO_FREE char *path = fs_join(dir.path, names[i]);

		assert_int_equal(fs_write_atomic(path, "junk", 4, 0700, NULL), 0);
	}
	llvm_set_module_dir(dir.path);
	assert_int_equal(llvm_majors()[0], 12);
	assert_int_equal(llvm_majors()[1], 7);
	assert_int_equal(llvm_majors()[2], 0);
	assert_null(llvm_version(7));
	assert_int_equal(llvm_merge(&in, 1, &opts, "out", &res, &err), -PGO_ETOOL);
	assert_non_null(strstr(err.msg, "LLVM 7 module"));
	opts.major = 8;
	assert_int_equal(llvm_merge(&in, 1, &opts, "out", &res, &err), -PGO_ETOOL);
	assert_non_null(strstr(err.hint, "12 and 7"));
	pgo_err_release(&err);
}

static void test_profile(void **state)
{
	PGO_AUTO(profile) p = PROFILE_INIT;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		struct prof_func *f = profile_add(&p);

		assert_null(f->name);
		f->counts = arena_zalloc(&p.arena, 2, sizeof(*f->counts));
		f->nr_counts = 2;
		f->counts[i % 2] = i;
	}
	p.kind = PROF_KIND_LLVM_IR;
	profile_finish(&p);
	assert_int_equal(p.nr_counters, 2000);
	assert_int_equal(p.total, 999 * 500);
	assert_int_equal(p.max_count, 999);
	assert_int_equal(p.nr_saturated, 0);
	assert_int_equal(p.funcs[7].sum, 7);
	p.funcs[3].counts[0] = p.funcs[3].counts[1] = UINT64_MAX - 2;
	profile_finish(&p);
	assert_true(p.funcs[3].sum == UINT64_MAX);
	assert_true(p.total == UINT64_MAX);
	assert_int_equal(p.nr_saturated, 2);
	assert_string_equal(prof_kind_name(PROF_KIND_LLVM_IR), "clang IR");
	assert_string_equal(prof_kind_name((enum prof_kind)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw_good),
		cmocka_unit_test(test_raw_cut),
		cmocka_unit_test(test_raw_decoded),
		cmocka_unit_test(test_raw_places),
		cmocka_unit_test(test_raw_fuzzed),
		cmocka_unit_test(test_raw_not_decoded),
		cmocka_unit_test(test_name_hash),
		cmocka_unit_test(test_site_merge),
		cmocka_unit_test(test_site_limits),
		cmocka_unit_test(test_raw_bad_words),
		cmocka_unit_test(test_raw_names_and_values),
		cmocka_unit_test(test_raw_behind_another),
		cmocka_unit_test(test_unsupported_variants),
		cmocka_unit_test(test_indexed),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_profile),
	};

	return cmocka_run_group_tests_name("llvm", tests, NULL, NULL);
}
