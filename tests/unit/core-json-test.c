/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/json.h"

static void assert_dumped(json_t *o, const char *want)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;
	json_t *a = json_array();

	json_array_append_new(a, o);
	js_dump(a, &sb, true);
	json_decref(a);
	assert_string_equal(sb.buf, want);
}

static void any_bytes_are_a_string(void **state)
{
	(void)state;
	assert_dumped(js_string(NULL), "[null]");
	assert_dumped(js_string(""), "[\"\"]");
	assert_dumped(js_string("a\"\n\x01"), "[\"a\\\"\\n\\u0001\"]");
	assert_dumped(js_string("\xc3\xa4"), "[\"\xc3\xa4\"]");
	assert_dumped(js_string("/tmp/\xff/\xe2\x82"),
		      "[\"/tmp/\xef\xbf\xbd/\xef\xbf\xbd\xef\xbf\xbd\"]");
}

static void large_counts_lose_nothing(void **state)
{
	static const struct {
		uint64_t v;
		const char *want;
	} cases[] = {
		{ 0, "[0]" },
		{ 1, "[1]" },
		{ INT64_MAX, "[9223372036854775807]" },
		{ (uint64_t)INT64_MAX + 1, "[\"9223372036854775808\"]" },
		{ UINT64_MAX, "[\"18446744073709551615\"]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *o = json_object();
		bool ok = true;

		assert_dumped(js_u64(cases[i].v), cases[i].want);
		json_object_set_new(o, "n", js_u64(cases[i].v));
		assert_true(js_get_u64(o, "n", &ok) == cases[i].v);
		assert_true(ok);
		json_decref(o);
	}
}

static void keys_keep_their_order(void **state)
{
	PGO_AUTO(strbuf) line = STRBUF_INIT, lines = STRBUF_INIT;
	json_t *o = json_object();

	(void)state;
	json_object_set_new(o, "z", json_integer(1));
	json_object_set_new(o, "a", json_object());
	json_object_set_new(o, "m", json_null());
	js_dump(o, &line, true);
	js_dump(o, &lines, false);
	json_decref(o);
	assert_string_equal(line.buf, "{\"z\":1,\"a\":{},\"m\":null}");
	assert_string_equal(lines.buf, "{\n  \"z\": 1,\n  \"a\": {},\n  \"m\": null\n}");
}

static void check_bad(const char *text, size_t len, const char *said)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	json_t *o = NULL;

	assert_int_equal(js_parse("in.json", text, len, &o, &err), -PGO_EFORMAT);
	assert_null(o);
	assert_non_null(strstr(err.msg, said));
	assert_string_equal(err.path, "in.json");
}

static void bad_text_is_refused(void **state)
{
	PGO_AUTO(strbuf) deep = STRBUF_INIT;
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"{}x",
		"{} {}",
		"{\"a\":}",
		"{\"a\":1,\"a\":2}",
		"{a:1}",
		"{'a':1}",
		"{\"a\":01}",
		"{\"a\":1e999}",
		"{\"a\":9223372036854775808}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":\"\n\"}",
		"{\"a\":NaN}",
		"\xef\xbb\xbf{}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		check_bad(bad[i], strlen(bad[i]), "'in.json' is no valid JSON: line 1: ");
	check_bad("{}\0", 3, "is no valid JSON");
	check_bad("{\n\n\"a\": x}", 10, "line 3: ");
	check_bad("[]", 2, "'in.json' holds no JSON object");
	for (int i = 0; i < 100000; i++)
		strbuf_addstr(&deep, "{\"a\":[");
	check_bad(deep.buf, deep.len, "is no valid JSON");
}

static void good_text_is_read(void **state)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO(json_holder) h = { NULL };
	PGO_AUTO_FREE char *path = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	path = fs_join(dir.path, "x.json");
	assert_int_equal(js_load(path, &h.o, NULL), -PGO_ENOTFOUND);
	assert_int_equal(fs_write_atomic(path, " {\"a\": 1}\n", 10, 0644, NULL), 0);
	assert_int_equal(js_load(path, &h.o, NULL), 0);
	assert_int_equal(json_integer_value(json_object_get(h.o, "a")), 1);
}

static void fields_are_strict(void **state)
{
	static const char text[] =
		"{\"s\":\"x\",\"n\":7,\"neg\":-1,\"r\":1.5,\"big\":"
		"\"18446744073709551615\",\"over\":\"18446744073709551616\","
		"\"null\":null,\"word\":\"7x\",\"list\":[],\"b\":true,\"e\":\"\"}";
	static const char *const no_u64[] = { "s",    "neg",  "r", "over", "null",
					      "word", "list", "b", "e",	   "missing" };
	static const char *const no_string[] = { "n", "r", "null", "list", "b", "missing" };
	static const char *const no_double[] = { "s", "big", "null", "list", "b", "missing" };
	PGO_AUTO(json_holder) h = { NULL };
	bool ok = true;

	(void)state;
	assert_int_equal(js_parse("x", text, strlen(text), &h.o, NULL), 0);
	assert_string_equal(js_get_string(h.o, "s", &ok), "x");
	assert_string_equal(js_get_string(h.o, "e", &ok), "");
	assert_int_equal(js_get_u64(h.o, "n", &ok), 7);
	assert_true(js_get_u64(h.o, "big", &ok) == UINT64_MAX);
	assert_true(js_get_double(h.o, "r", &ok) == 1.5);
	assert_true(js_get_double(h.o, "neg", &ok) == -1);
	assert_true(ok);
	for (size_t i = 0; i < ARRAY_SIZE(no_u64); i++, ok = true) {
		assert_int_equal(js_get_u64(h.o, no_u64[i], &ok), 0);
		assert_false(ok);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no_string); i++, ok = true) {
		assert_string_equal(js_get_string(h.o, no_string[i], &ok), "");
		assert_false(ok);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no_double); i++, ok = true) {
		assert_true(js_get_double(h.o, no_double[i], &ok) == 0);
		assert_false(ok);
	}
	assert_int_equal(js_get_u64(NULL, "a", &ok), 0);
	assert_false(ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_are_a_string),
		cmocka_unit_test(large_counts_lose_nothing),
		cmocka_unit_test(keys_keep_their_order),
		cmocka_unit_test(bad_text_is_refused),
		cmocka_unit_test(good_text_is_read),
		cmocka_unit_test(fields_are_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
