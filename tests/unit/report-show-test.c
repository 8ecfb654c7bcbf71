/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, profiles and plans made by hand, as text and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/report/show.h"
#include "pgo/report/table.h"

static void check_table(const char *align, const char *const *cells, const char *want)
{
	struct table t = TABLE_INIT(align);
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	strbuf_addstr(&out, "before\n");
	for (; *cells; cells++)
		table_add(&t, *cells);
	table_print(&t, &out);
	table_release(&t);
	assert_memory_equal(out.buf, "before\n", 7);
	assert_string_equal(out.buf + 7, want);
}
#define CELLS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void columns_are_aligned(void **state)
{
	(void)state;
	check_table("lr", CELLS("name", "n", "a", "1234", "longer", "5"),
		    "name       n\n"
		    "a       1234\n"
		    "longer     5\n");
	check_table("rll", CELLS("x", "yy", "z", "100", "", "", "5", "y", "zz"),
		    "  x  yy  z\n"
		    "100\n"
		    "  5  y   zz\n");
}

static void widths_are_of_characters(void **state)
{
	(void)state;
	check_table("lr",
		    CELLS("gr\xc3\xb6\xc3\x9f"
			  "e",
			  "1", "\xe2\x82\xac", "22", "abcdefg", "333"),
		    "gr\xc3\xb6\xc3\x9f"
		    "e      1\n"
		    "\xe2\x82\xac         22\n"
		    "abcdefg  333\n");
}

static void hostile_cells_are_made_visible(void **state)
{
	(void)state;
	check_table("lr", CELLS("a\nb", "1", "\x1b[31m", "2", "\xff", "3", "%s%n", "4"),
		    "a\\nb      1\n"
		    "\\x1b[31m  2\n"
		    "\\xff      3\n"
		    "%s%n      4\n");
}

static void an_empty_row_is_an_empty_line(void **state)
{
	(void)state;
	check_table("ll", CELLS("a", "b", "", "", "", "", "c", "d"), "a  b\n\n\nc  d\n");
	check_table("l", CELLS("", "x"), "\nx\n");
}

static void no_cells_give_no_lines(void **state)
{
	PGO_AUTO(table) t = TABLE_INIT("lrl");
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	(void)state;
	table_print(&t, &out);
	assert_int_equal(out.len, 0);
	table_addf(&t, "%d|%s", 7, "x");
	assert_string_equal(t.cells.v[0], "7|x");
}

static double number(const json_t *o, const char *key)
{
	assert_true(json_is_number(json_object_get(o, key)));
	return json_number_value(json_object_get(o, key));
}

static void assert_text(const json_t *o, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(o, key));

	assert_non_null(got);
	assert_string_equal(got, want);
}

static void make_profile(struct profile *p)
{
	static const uint64_t counts[3][2] = { { 5, 10 }, { UINT64_MAX, 1 }, { 0, 0 } };
	static const char *const names[] = { "cold", "hot\n", "never" };

	p->kind = PROF_KIND_LLVM_IR;
	p->version = 13;
	for (size_t i = 0; i < 3; i++) {
		struct prof_func *f = profile_add(p);

		f->name = names[i];
		f->hash = UINT64_MAX - i;
		f->nr_counts = 2;
		f->counts = arena_alloc(&p->arena, 2, sizeof(uint64_t));
		memcpy(f->counts, counts[i], sizeof(counts[i]));
	}
	profile_finish(p);
}

static void a_profile_as_text(void **state)
{
	PGO_AUTO(profile) p = PROFILE_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	const char *table;

	(void)state;
	make_profile(&p);
	show_profile(&p, "a\x1b.prof", 2, &out);
	assert_non_null(strstr(out.buf, "profile     a\\x1b.prof\n"));
	assert_non_null(strstr(out.buf, "clang IR, version 13\n"));
	assert_non_null(strstr(out.buf, "functions   3\n"));
	assert_non_null(strstr(out.buf, "counters    6\n"));
	table = strstr(out.buf, "\n\n") + 2;
	assert_non_null(strstr(table, "  hot\\n\n"));
	assert_non_null(strstr(table, "  cold\n"));
	assert_true(strstr(table, "hot") < strstr(table, "cold"));
	assert_null(strstr(table, "never"));
}

static void a_profile_as_json(void **state)
{
	PGO_AUTO(profile) p = PROFILE_INIT;
	json_t *o, *hottest;

	(void)state;
	make_profile(&p);
	o = show_profile_json(&p, "x", 100);
	hottest = json_object_get(o, "hottest");
	assert_int_equal(json_array_size(hottest), 3);
	assert_text(json_array_get(hottest, 0), "name", "hot\n");
	assert_text(json_array_get(hottest, 0), "sum", "18446744073709551615");
	assert_text(json_array_get(hottest, 2), "name", "never");
	assert_true(number(o, "functions") == 3);
	json_decref(o);
}

static void an_empty_profile_is_shown(void **state)
{
	PGO_AUTO(profile) p = PROFILE_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	json_t *o;

	(void)state;
	profile_finish(&p);
	show_profile(&p, "x", 10, &out);
	assert_non_null(strstr(out.buf, "functions   0\n"));
	o = show_profile_json(&p, "x", 10);
	assert_int_equal(json_array_size(json_object_get(o, "hottest")), 0);
	json_decref(o);
}

static void a_plan_is_shown(void **state)
{
	PGO_AUTO(plan) p = PLAN_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	(void)state;
	strvec_push(&plan_add(&p, true, "build %s", "baseline")->commands, "make");
	plan_add(&p, false, "merge");
	show_plan(&p, &out);
	assert_string_equal(out.buf,
			    "1. build baseline (done: its inputs have not changed)\n"
			    "     make\n"
			    "2. merge\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(widths_are_of_characters),
		cmocka_unit_test(hostile_cells_are_made_visible),
		cmocka_unit_test(an_empty_row_is_an_empty_line),
		cmocka_unit_test(no_cells_give_no_lines),
		cmocka_unit_test(a_profile_as_text),
		cmocka_unit_test(a_profile_as_json),
		cmocka_unit_test(an_empty_profile_is_shown),
		cmocka_unit_test(a_plan_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
