/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/report/history.h"

#define NR_ROWS 12

/* Two workloads and the whole; the medians of the first step by 10 % at row 6. */
struct example {
	struct history_row rows[3][NR_ROWS];
	struct history_trend trends[3];
	struct history_trends t;
};

static char commits[NR_ROWS][12];

static struct history_row row_of(const char *workload, size_t i, double a)
{
	snprintf(commits[i], sizeof(commits[i]), "%zx00000fff", i);
	return (struct history_row){
		.validation = (int64_t)i + 1,
		.time = 1700000000 + 86400 * (int64_t)i,
		.workload = (char *)workload,
		.commit = commits[i],
		.dirty = i == 1,
		.ci = { log(1.1), log(1.3), log(1.2) },
		.estimand = (char *)"binary",
		.verdict = VERDICT_FASTER,
		.median_a_s = a,
		.median_b_s = a / 1.2,
	};
}

static void make(struct example *e)
{
	static const char *const names[] = { NULL, "fib", "odd \033[31mname" };

	*e = (struct example){ 0 };
	for (size_t w = 0; w < 3; w++) {
		for (size_t i = 0; i < NR_ROWS; i++) {
			double a = w == 1 && i >= 6 ? 1.1 + 0.001 * (double)(i % 3)
						    : 1 + 0.001 * (double)(i % 3);

			e->rows[w][i] = row_of(names[w], i, w ? a : NAN);
		}
		e->trends[w].workload = (char *)names[w];
		e->trends[w].rows = e->rows[w];
		e->trends[w].nr = NR_ROWS;
	}
	e->t.v = e->trends;
	e->t.nr = 3;
	history_find_steps(&e->t);
}

static bool has(const struct strbuf *text, const char *part)
{
	return strstr(text->buf, part) != NULL;
}

static void text_tells_the_step(void **state)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct example e;

	(void)state;
	make(&e);
	show_history(&e.t, 0, &out);
	assert_true(has(&out, "2023-11-14 22:13  000000f   fib"));
	assert_true(has(&out, "2023-11-15 22:13  100000f+  fib"));
	assert_true(has(&out, "+20.0 %  +10.0 to +30.0 %  FASTER"));
	assert_true(has(&out, "\nbaseline of 'fib' stepped by +10.0 % at commit 600000f (p 0.0"));
	assert_true(has(&out, "\noptimized of 'fib' stepped by +10.0 % at commit 600000f (p 0.0"));
	assert_false(has(&out, "speed-up of 'fib' stepped"));
	assert_false(has(&out, "of 'odd"));
	assert_false(has(&out, "of 'overall'"));
	assert_false(has(&out, "not by a change"));
	assert_false(has(&out, "\033"));
	assert_true(has(&out, "▁▁▁▁▁▁███"));
	assert_false(has(&out, "nan"));
	assert_false(has(&out, "inf"));
	assert_false(has(&out, "(build)"));
	e.rows[1][0].estimand = (char *)"build";
	strbuf_clear(&out);
	show_history(&e.t, 0, &out);
	assert_true(has(&out, "000000f   fib (build) "));
	assert_true(has(&out, "100000f+  fib  "));
}

static void the_same_commit_is_told(void **state)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct example e;

	(void)state;
	make(&e);
	e.rows[1][5].commit = e.rows[1][6].commit;
	show_history(&e.t, 0, &out);
	assert_true(has(&out, "not by a change of the source"));
	e.rows[1][6].dirty = true;
	strbuf_clear(&out);
	show_history(&e.t, 0, &out);
	assert_false(has(&out, "not by a change of the source"));
	e.rows[1][6].commit = NULL;
	strbuf_clear(&out);
	show_history(&e.t, 0, &out);
	assert_true(has(&out, "at 2023-11-20 22:13 (p "));
}

static unsigned count_lines(const struct strbuf *text)
{
	unsigned nr = 0;

	for (const char *s = text->buf; *s; s++)
		nr += *s == '\n';
	return nr;
}

static void only_the_last_rows(void **state)
{
	PGO_AUTO(strbuf) all = STRBUF_INIT, few = STRBUF_INIT;
	struct example e;

	(void)state;
	make(&e);
	show_history(&e.t, 0, &all);
	show_history(&e.t, 2, &few);
	assert_int_equal(count_lines(&all) - count_lines(&few), 3 * (NR_ROWS - 2));
	assert_false(has(&few, "2023-11-14"));
	assert_true(has(&few, "600000f (p"));
}

static void unknown_values_are_dashes(void **state)
{
	struct history_row row = row_of("w", 0, 1e300);
	struct history_trend trend = { .workload = (char *)"w", .rows = &row, .nr = 1 };
	struct history_trends t = { .v = &trend, .nr = 1 };
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	(void)state;
	row.commit = NULL;
	row.time = INT64_MAX;
	row.median_b_s = -1;
	row.ci = (struct interval){ -INFINITY, INFINITY, NAN };
	history_find_steps(&t);
	show_history(&t, 0, &out);
	assert_true(has(&out, "\n-           -       w                -              -  FASTER"));
	assert_false(has(&out, "inf"));
	assert_false(has(&out, "nan"));
}

static void json_holds_all(void **state)
{
	PGO_AUTO(json_holder) h = { 0 };
	json_t *trend, *row, *step;
	struct example e;

	(void)state;
	make(&e);
	h.o = show_history_json(&e.t);
	assert_int_equal(json_integer_value(json_object_get(h.o, "schema")), 1);
	assert_int_equal(json_array_size(json_object_get(h.o, "trends")), 3);
	trend = json_array_get(json_object_get(h.o, "trends"), 0);
	assert_true(json_is_null(json_object_get(trend, "workload")));
	assert_int_equal(json_array_size(json_object_get(trend, "steps")), 1);
	row = json_array_get(json_object_get(trend, "rows"), 0);
	assert_true(json_is_null(json_object_get(row, "baseline_s")));
	trend = json_array_get(json_object_get(h.o, "trends"), 1);
	row = json_array_get(json_object_get(trend, "rows"), 1);
	assert_string_equal(json_string_value(json_object_get(row, "time")),
			    "2023-11-15T22:13:20Z");
	assert_true(json_is_true(json_object_get(row, "dirty")));
	assert_true(fabs(json_real_value(json_object_get(row, "speedup_high")) - 0.3) < 1e-12);
	step = json_array_get(json_object_get(trend, "steps"), 0);
	assert_string_equal(json_string_value(json_object_get(step, "series")), "baseline");
	assert_string_equal(json_string_value(json_object_get(step, "commit")), "600000fff");
	assert_string_equal(json_string_value(json_object_get(step, "commit_before")), "500000fff");
	assert_true(json_is_true(json_object_get(step, "found")));
	step = json_array_get(json_object_get(trend, "steps"), 2);
	assert_true(json_is_false(json_object_get(step, "found")));
}

static void sparklines(void **state)
{
	static const double v[] = { 1, 2, NAN, 8 }, flat[] = { 5, 5 }, none[] = { NAN };
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	(void)state;
	sparkline_add(v, 4, &out);
	assert_string_equal(out.buf, "▁▂ █");
	strbuf_clear(&out);
	sparkline_add(flat, 2, &out);
	assert_string_equal(out.buf, "▅▅");
	strbuf_clear(&out);
	sparkline_add(none, 1, &out);
	sparkline_add(v, 0, &out);
	assert_string_equal(out.buf, " ");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_tells_the_step), cmocka_unit_test(the_same_commit_is_told),
		cmocka_unit_test(only_the_last_rows),  cmocka_unit_test(unknown_values_are_dashes),
		cmocka_unit_test(json_holds_all),      cmocka_unit_test(sparklines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
