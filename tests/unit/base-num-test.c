/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/base/num.h"

#define UNTOUCHED UINT64_C(0x5a5a5a5a)

static void whole_numbers_are_read_whole(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{ "0", 0 },
		{ "7", 7 },
		{ "007", 7 },
		{ "4294967296", UINT64_C(4294967296) },
		{ "18446744073709551615", UINT64_MAX },
		{ "00000000000000000000000000000000001", 1 },
	};
	static const char *const bad[] = {
		"",
		" ",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1\n",
		"0x10",
		"1e3",
		"1.0",
		"1,000",
		"one",
		"18446744073709551616",
		"18446744073709551620",
		"99999999999999999999",
		"340282366920938463463374607431768211456",
		"\xd9\xa1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t v = UNTOUCHED;

		assert_true(num_parse_u64(good[i].text, &v));
		assert_true(v == good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t v = UNTOUCHED;

		assert_false(num_parse_u64(bad[i], &v));
		assert_true(v == UNTOUCHED);
	}
}

static void an_unsigned_ends_at_its_own_limit(void **state)
{
	unsigned v = 5;

	(void)state;
	assert_true(num_parse_uint("4294967295", &v));
	assert_int_equal(v, UINT32_MAX);
	v = 5;
	assert_false(num_parse_uint("4294967296", &v));
	assert_false(num_parse_uint("-1", &v));
	assert_int_equal(v, 5);
}

static void doubles_are_finite_decimals(void **state)
{
	static const struct {
		const char *text;
		double value;
	} good[] = {
		{ "0", 0 },	 { "-0.5", -0.5 },
		{ "+2", 2 },	 { ".25", .25 },
		{ "3.", 3 },	 { "1e3", 1000 },
		{ "1E-2", .01 }, { "1.7976931348623157e308", 1.7976931348623157e308 },
	};
	static const char *const bad[] = {
		"",	  ".",	 "-",	  "+",	  "-.",	      "e5",    "1e",	"1e999",
		"-1e999", "nan", "inf",	  "-inf", "infinity", "0x1p3", "-0x10", " 1",
		"1 ",	  "1,5", "1.5.2", "--1",  "+-1",      "1e400",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		double v = NAN;

		assert_true(num_parse_double(good[i].text, &v));
		assert_true(v == good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		double v = 42;

		assert_false(num_parse_double(bad[i], &v));
		assert_true(v == 42);
	}
}

static void a_percentage_has_its_sign(void **state)
{
	static const char *const bad[] = {
		"", "%", "2", "2 %", "2%%", "x%", "%2", "nan%", "1e999%"
	};
	double v = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(num_parse_percent(bad[i], &v));
		assert_true(v == 42);
	}
	assert_true(num_parse_percent("2%", &v) && v == 0.02);
	assert_true(num_parse_percent("0.5%", &v) && v == 0.005);
	assert_true(num_parse_percent("-1%", &v) && v == -0.01);
	assert_true(num_parse_percent("0%", &v) && v == 0);
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "0", 0 },
		{ "30", UINT64_C(30000000000) },
		{ "30s", UINT64_C(30000000000) },
		{ "500ms", 500000000 },
		{ "1.5s", 1500000000 },
		{ "3m", UINT64_C(180000000000) },
		{ "3min", UINT64_C(180000000000) },
		{ "1h", UINT64_C(3600000000000) },
		{ "1ns", 1 },
		{ "2us", 2000 },
		{ "0.1ns", 0 },
		{ "0.6ns", 1 },
		{ "1e3ms", 1000000000 },
		{ "5124095h", UINT64_C(5124095) * 3600000000000u },
	};
	static const char *const bad[] = {
		"",    "s",	"-1s", "+1s",  "3 m",	   "3M",     "3 ",	     "1d",
		"1hs", "1h30m", "nan", "infs", "5124096h", "1e300h", "18446744074s", "0x1s",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t v = UNTOUCHED;

		assert_true(num_parse_duration(good[i].text, &v));
		assert_true(v == good[i].ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t v = UNTOUCHED;

		assert_false(num_parse_duration(bad[i], &v));
		assert_true(v == UNTOUCHED);
	}
}

static void sizes_have_powers_of_1024(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },	   { "64", 64 },
		{ "64K", 65536 },  { "1.5G", UINT64_C(1610612736) },
		{ "1M", 1048576 }, { "2T", UINT64_C(2199023255552) },
		{ "0.5K", 512 },   { "16777215T", UINT64_C(16777215) << 40 },
	};
	static const char *const bad[] = {
		"", "K", "64k", "64KB", "64KiB", "-1", "1P", "16777216T", "1e40", "64 K",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t v = UNTOUCHED;

		assert_true(num_parse_size(good[i].text, &v));
		assert_true(v == good[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t v = UNTOUCHED;

		assert_false(num_parse_size(bad[i], &v));
		assert_true(v == UNTOUCHED);
	}
}

static void sums_and_products_stop_at_the_top(void **state)
{
	uint64_t n = 0;

	(void)state;
	assert_true(num_add_sat(1, 2, &n) == 3);
	assert_true(num_add_sat(UINT64_MAX, 0, &n) == UINT64_MAX);
	assert_true(num_add_sat(UINT64_MAX - 1, 1, &n) == UINT64_MAX);
	assert_true(num_mul_sat(UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1, &n) ==
		    UINT64_MAX - (UINT64_C(1) << 32) + 1);
	assert_true(num_mul_sat(0, UINT64_MAX, &n) == 0);
	assert_int_equal(n, 0);
	assert_true(num_add_sat(UINT64_MAX, 1, &n) == UINT64_MAX);
	assert_int_equal(n, 1);
	assert_true(num_mul_sat(UINT64_C(1) << 32, UINT64_C(1) << 32, &n) == UINT64_MAX);
	assert_int_equal(n, 2);
	assert_true(num_add_sat(UINT64_MAX, UINT64_MAX, NULL) == UINT64_MAX);
	assert_true(num_mul_sat(UINT64_MAX, UINT64_MAX, NULL) == UINT64_MAX);
}

static void check_text(void (*add)(struct strbuf *, uint64_t), uint64_t value, const char *want)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	strbuf_addch(&sb, '>');
	add(&sb, value);
	assert_string_equal(sb.buf + 1, want);
	assert_int_equal(sb.buf[0], '>');
}

static void counts_have_commas(void **state)
{
	(void)state;
	check_text(num_add_count, 0, "0");
	check_text(num_add_count, 999, "999");
	check_text(num_add_count, 1000, "1,000");
	check_text(num_add_count, 999999, "999,999");
	check_text(num_add_count, 1234567, "1,234,567");
	check_text(num_add_count, UINT64_MAX, "18,446,744,073,709,551,615");
}

static void bytes_keep_below_1024_of_a_unit(void **state)
{
	(void)state;
	check_text(num_add_bytes, 0, "0 B");
	check_text(num_add_bytes, 1023, "1023 B");
	check_text(num_add_bytes, 1024, "1.0 KiB");
	check_text(num_add_bytes, 1258291, "1.2 MiB");
	check_text(num_add_bytes, 1048575, "1.0 MiB");
	check_text(num_add_bytes, UINT64_MAX, "16.0 EiB");
}

static void durations_carry_into_the_next_unit(void **state)
{
	(void)state;
	check_text(num_add_duration, 0, "0.0 ms");
	check_text(num_add_duration, 1240000000, "1.24 s");
	check_text(num_add_duration, 12300000, "12.3 ms");
	check_text(num_add_duration, 999900000, "999.9 ms");
	check_text(num_add_duration, 999960000, "1.00 s");
	check_text(num_add_duration, UINT64_C(59990000000), "59.99 s");
	check_text(num_add_duration, UINT64_C(59996000000), "1 min 00 s");
	check_text(num_add_duration, UINT64_C(185000000000), "3 min 05 s");
	check_text(num_add_duration, UINT64_C(3599400000000), "59 min 59 s");
	check_text(num_add_duration, UINT64_C(7260000000000), "121 min 00 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_read_whole),
		cmocka_unit_test(an_unsigned_ends_at_its_own_limit),
		cmocka_unit_test(doubles_are_finite_decimals),
		cmocka_unit_test(a_percentage_has_its_sign),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(sizes_have_powers_of_1024),
		cmocka_unit_test(sums_and_products_stop_at_the_top),
		cmocka_unit_test(counts_have_commas),
		cmocka_unit_test(bytes_keep_below_1024_of_a_unit),
		cmocka_unit_test(durations_carry_into_the_next_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
