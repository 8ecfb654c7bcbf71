/* SPDX-License-Identifier: Apache-2.0 */
/* .fdata: lines taken and refused, sums, limits, order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiles/fdata.h"

static void takes_lines(void **state)
{
	struct fdata_record r;
	size_t at;

	(void)state;
	assert_null(fdata_parse_line("1 main 1fF 1 foo/2 0 3 17", 25, false, &r, &at));
	assert_int_equal(r.type, FDATA_BRANCH);
	assert_int_equal(r.from.scope, FDATA_GLOBAL);
	assert_int_equal(r.from.offset, 0x1ff);
	assert_int_equal(r.to.name_len, 5);
	assert_int_equal(r.mispredicted, 3);
	assert_int_equal(r.count, 17);
	assert_null(fdata_parse_line("2 a\\ b\\\\  c 8 ", 14, true, &r, &at));
	assert_int_equal(r.type, FDATA_SAMPLE);
	assert_int_equal(r.from.name_len, 6);
	assert_int_equal(r.from.offset, 12);
	assert_null(fdata_parse_line("4 main 0 3 [heap] 7f00 9", 24, false, &r, &at));
	assert_int_equal(r.type, FDATA_MEMORY);
	assert_int_equal(r.to.scope, FDATA_FILE);
	assert_int_equal(r.count, 9);
}

static void refuses_lines(void **state)
{
	static const struct {
		const char *line;
		bool no_lbr;
		size_t at;
	} cases[] = {
		{ "", false, 0 },
		{ "6 main 0 1 foo 0 0 1", false, 0 },
		{ "1", false, 1 },
		{ "1main 0 1 foo 0 0 1", false, 1 },
		{ "1 main g 1 foo 0 0 1", false, 7 },
		{ "1 main 10000000000000000 1 foo 0 0 1", false, 23 },
		{ "1 main 0 4 foo 0 0 1", false, 9 },
		{ "4 main 0 1 foo 0 1", false, 9 },
		{ "1 main 0 1 foo 0 0", false, 18 },
		{ "1 main 0 1 foo 0 0 -1", false, 19 },
		{ "1 main 0 1 foo 0 0 9223372036854775808", false, 37 },
		{ "1 main 0 1 foo 0 0 1 2", false, 21 },
		{ "1 main 0 1 foo 0 0 1", true, 11 },
		{ "1 main 0 12x", true, 11 },
		{ "1 a\\", true, 4 },
	};
	struct fdata_record r;
	size_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *line = cases[i].line;

		print_message("# %s\n", line);
		assert_non_null(fdata_parse_line(line, strlen(line), cases[i].no_lbr, &r, &at));
		assert_int_equal(at, cases[i].at);
	}
}

static int add(struct fdata *f, const char *text, uint64_t weight)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	return fdata_add_text(f, "t", text, strlen(text), weight, &err);
}

static void expect(struct fdata *f, const char *want)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	fdata_sort(f);
	fdata_format(f, &out);
	assert_string_equal(out.buf, want);
}

static void adds_and_sorts(void **state)
{
	PGO_AUTO(fdata) f = FDATA_INIT;

	(void)state;
	assert_int_equal(add(&f, "4 b 1 4 data 10 5\n1 b 10 1 b 2 1 10\n1 a 9 1 b 0 0 3\n", 1), 0);
	assert_int_equal(add(&f, "1  b 010  1 b 2 0 1\n1 b 9 1 b 2 0 1\n2 b 10 1 b 2 7 7\n", 3), 0);
	/* 0x9 is before 0x10, memory is last, a local symbol is another one. */
	expect(&f,
	       "1 a 9 1 b 0 0 3\n1 b 9 1 b 2 0 3\n1 b 10 1 b 2 1 13\n2 b 10 1 b 2 21 21\n"
	       "4 b 1 4 data 10 5\n");
}

static void stops_at_the_limit(void **state)
{
	PGO_AUTO(fdata) f = FDATA_INIT;

	(void)state;
	assert_int_equal(add(&f, "1 a 0 1 a 0 1 9223372036854775806\n", 1), 0);
	assert_int_equal(f.nr_saturated, 0);
	assert_int_equal(add(&f, "1 a 0 1 a 0 0 1\n", 1), 0);
	assert_int_equal(f.nr_saturated, 0);
	assert_int_equal(add(&f, "1 a 0 1 a 0 2 1\n", UINT64_MAX), 0);
	assert_int_equal(f.nr_saturated, 2);
	expect(&f, "1 a 0 1 a 0 9223372036854775807 9223372036854775807\n");
}

static void keeps_heads_apart(void **state)
{
	PGO_AUTO(fdata) f = FDATA_INIT;
	PGO_AUTO(fdata) g = FDATA_INIT;

	(void)state;
	assert_int_equal(add(&f, "no_lbr cycles:u\nboltedcollection\n1 a 0 2\n", 1), 0);
	assert_int_equal(add(&f, "boltedcollection\nno_lbr  br cycles:u\n1 a 0 2\n", 1), 0);
	assert_int_equal(add(&f, "1 a 0 1 a 0 0 2\n", 1), -PGO_EMISMATCH);
	assert_int_equal(add(&f, "no_lbr cycles:u\n1 a 0 2\n", 1), -PGO_EMISMATCH);
	expect(&f, "no_lbr br cycles:u\nboltedcollection\n1 a 0 4\n");
	assert_int_equal(add(&g, "1 a 0 1 a 0 0 2\n", 1), 0);
	assert_int_equal(add(&g, "no_lbr\n1 a 0 2\n", 1), -PGO_EMISMATCH);
	assert_int_equal(add(&g, "boltedcollection\n1 a 0 1 a 0 0 2\n", 1), -PGO_EMISMATCH);
	assert_int_equal(add(&g, "no_lbr\n", 1), -PGO_EFORMAT);
	assert_int_equal(add(&g, "1 a 0 1 a 0 0 2", 1), -PGO_EFORMAT);
	assert_int_equal(add(&g, "1 a 0 1 a 0 0 2\n\n", 1), -PGO_EFORMAT);
}

/* Names are strings; what is behind a zero must not be lost. */
static void refuses_zero_bytes(void **state)
{
	static const char data[] = "no_lbr a\0b\n1 f 0 2\n";
	PGO_AUTO(fdata) f = FDATA_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(fdata_add_text(&f, "t", data, sizeof(data) - 1, 1, &err), -PGO_EFORMAT);
	assert_int_equal(err.offset, 8);
}

/* More names and entries than the tables begin with. */
static void grows(void **state)
{
	PGO_AUTO(fdata) f = FDATA_INIT;
	uint64_t total = 0;

	(void)state;
	for (unsigned i = 0; i < 30000; i++) {
		PGO_AUTO_FREE char *name = xstrfmt("f%u", i % 7000);
		struct fdata_record r = { FDATA_BRANCH,
					  { FDATA_GLOBAL, name, strlen(name), i % 5000 },
					  { FDATA_GLOBAL, "main", 4, 0 },
					  1,
					  0 };

		fdata_add(&f, &r, 2);
	}
	assert_int_equal(f.nr, 30000); /* lcm(7000, 5000) is 35000 */
	fdata_sort(&f);
	for (size_t i = 0; i < f.nr; i++)
		total += fdata_get(&f, i).count;
	assert_int_equal(total, 60000);
	assert_string_equal(fdata_get(&f, 0).from.name, "f0");
	assert_string_equal(fdata_get(&f, f.nr - 1).from.name, "f999");
}

static void bids(void **state)
{
	(void)state;
	assert_true(fdata_bid("no_lbr cycles:\n", 15) > 0);
	assert_true(fdata_bid("boltedcollection\n", 17) > 0);
	assert_true(fdata_bid("1 main 0 1 main 4 0 1\n", 22) > 0);
	assert_int_equal(fdata_bid("1 main 0 1 main 4 0 1", 21), 0);
	assert_int_equal(fdata_bid("no_lbrs\n", 8), 0);
	assert_int_equal(fdata_bid("main:10:1\n", 10), 0);
	assert_int_equal(fdata_bid("main\n# Func Hash:\n", 18), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_lines),	      cmocka_unit_test(refuses_lines),
		cmocka_unit_test(adds_and_sorts),     cmocka_unit_test(stops_at_the_limit),
		cmocka_unit_test(keeps_heads_apart),  cmocka_unit_test(grows),
		cmocka_unit_test(refuses_zero_bytes), cmocka_unit_test(bids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
