/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "pgo/core/json.h"
#include "pgo/report/html-axis.h"
#include "pgo/report/html-text.h"
#include "pgo/report/html.h"
#include "tests/lib/html-cases.h"

struct page {
	struct evidence e;
	struct engine g;
	struct strbuf html;
};

static struct page *page_make(const char *name)
{
	struct page *p = xcalloc(1, sizeof(*p));
	struct pgo_err err = PGO_ERR_INIT;

	p->html = (struct strbuf)STRBUF_INIT;
	html_case_make(html_case_find(name), &p->e);
	assert_int_equal(engine_init(&p->g, &p->e, &err), 0);
	assert_int_equal(engine_replay(&p->g, &err), 0);
	html_report(&p->g, NULL, &p->html);
	return p;
}

static void page_free(struct page *p)
{
	engine_release(&p->g);
	evidence_release(&p->e);
	strbuf_release(&p->html);
	free(p);
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

/* --- the page is well-formed */

static size_t name_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]))
		n++;
	return n;
}

/* The end of a tag that begins at s: a quoted value may hold anything but its quote. */
static const char *tag_end(const char *s)
{
	for (bool quoted = false; *s && (quoted || *s != '>'); s++)
		if (*s == '"')
			quoted = !quoted;
	return *s ? s : NULL;
}

/* Every tag but <meta> is closed, in order, or closes itself. What is wrong, or NULL. */
static const char *ill_formed(const char *html)
{
	const char *open[64], *end;
	size_t depth = 0;

	for (const char *s = strchr(html + 1, '<'); s; s = strchr(end, '<')) {
		size_t n = name_length(s + 1);

		end = tag_end(s);
		if (!end || depth == ARRAY_SIZE(open))
			return s;
		if (s[1] == '/') {
			n = name_length(s + 2);
			if (!depth || strncmp(open[--depth], s + 2, n) ||
			    isalnum((unsigned char)open[depth][n]))
				return s;
		} else if (!n) {
			return s;
		} else if (end[-1] != '/' && strncmp(s + 1, "meta", 4) != 0) {
			open[depth++] = s + 1;
			if (!strncmp(s + 1, "script", 6))
				end = strstr(end, "</script>");
		}
	}
	return depth ? open[depth - 1] : NULL;
}

static void test_ill_formed(void **state)
{
	(void)state;
	assert_null(ill_formed("<!DOCTYPE html><p><b title=\"<\">x</b><i/></p>"));
	assert_non_null(ill_formed("<!DOCTYPE html><p><b>x</p></b>"));
	assert_non_null(ill_formed("<!DOCTYPE html><p><b>x</p>"));
	assert_non_null(ill_formed("<!DOCTYPE html><p>x < y</p>"));
}

static json_t *page_data(const struct page *p)
{
	const char *mark = "id=\"evidence\">";
	const char *from = strstr(p->html.buf, mark), *to;
	struct pgo_err err = PGO_ERR_INIT;
	json_t *o;

	assert_non_null(from);
	from += strlen(mark);
	to = strstr(from, "</script>");
	assert_non_null(to);
	assert_int_equal(js_parse("page", from, (size_t)(to - from), &o, &err), 0);
	return o;
}

static void check_marks(const struct page *p)
{
	const struct engine *g = &p->g;
	size_t invalid = p->e.nr_pairs - g->nr_valid, looks = 0;
	const char *html = p->html.buf;

	for (size_t i = 0; i < p->e.nr_workloads; i++)
		looks += g->workloads[i].series.nr_looks;
	if (p->e.nr_workloads > 1)
		looks += g->overall.nr_looks;
	assert_int_equal(count(html, "<use class=\"pair"), p->e.nr_pairs);
	assert_int_equal(count(html, "<use class=\"pair invalid"), invalid);
	assert_int_equal(count(html, "<circle class=\"run\""),
			 2 * (g->nr_units[0] + g->nr_units[1]));
	assert_int_equal(count(html, "<g class=\"look"), looks);
}

static void check_page(const struct page *p)
{
	const char *html = p->html.buf;
	json_t *o = page_data(p);

	if (ill_formed(html))
		fail_msg("ill-formed: %.80s", ill_formed(html));
	check_marks(p);
	assert_int_equal(count(html, "role=\"img\""), count(html, "role=\"img\" aria-label=\""));
	assert_int_equal(count(html, "<h1>"), 1);
	assert_int_equal(count(html, "<script"), 2);
	assert_null(strstr(html, "://"));
	assert_null(strstr(html, "=\"nan"));
	assert_null(strstr(html, "inf%"));
	assert_null(strstr(html, "nan%"));
	assert_int_equal(json_array_size(json_object_get(o, "pairs")), p->e.nr_pairs);
	assert_int_equal(json_integer_value(json_object_get(o, "exit")),
			 gate_exit(engine_gate(&p->g)));
	json_decref(o);
}

static void test_every_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_html_cases; i++) {
		struct page *p = page_make(html_cases[i].name);

		check_page(p);
		page_free(p);
	}
}

static void test_same_bytes(void **state)
{
	struct page *p = page_make("six"), *q = page_make("six");

	(void)state;
	assert_string_equal(p->html.buf, q->html.buf);
	page_free(p);
	page_free(q);
}

/* --- what it says */

/* What the page of a case says, and what it does not. */
static const struct saying {
	const char *name, *with, *also, *without;
} sayings[] = {
	{ "faster", "<title>FASTER: ", "<th scope=\"row\">cycles</th><td class=\"num\">",
	  "class=\"alert\"" },
	{ "regression", "<title>REGRESSION: ",
	  "cycles</th><td colspan=\"4\" class=\"soft\">not measured", "<title>FASTER" },
	{ "broken", "<title>INSTRUMENT INVALID: ", "between the baseline and its own copy",
	  "More than 20" },
	{ "invalid", "<title>INSTRUMENT INVALID: ", "More than 20",
	  "between the baseline and its own copy" },
	{ "miscompare", "<title>OUTPUT DIFFERS: ", ">output differs</strong>", "<title>FASTER" },
	{ "unbounded", "<title>INCONCLUSIVE: ", "5 pairs are fewer than the first look needs",
	  "class=\"look" },
	{ "ties", "<title>FASTER: ", "exact test", "output differs" },
	{ "none", "<title>INCONCLUSIVE: ", "Not checked: there are no A/A pairs",
	  "Second run of a pair against" },
	{ "six", "<title>INCONCLUSIVE: ", "href=\"#up\"", "<title>FASTER" },
};

static void test_sayings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sayings); i++) {
		const struct saying *s = &sayings[i];
		struct page *p = page_make(s->name);

		if (!strstr(p->html.buf, s->with) || !strstr(p->html.buf, s->also))
			fail_msg("%s: no '%s' or no '%s'", s->name, s->with, s->also);
		if (strstr(p->html.buf, s->without))
			fail_msg("%s: '%s'", s->name, s->without);
		page_free(p);
	}
}

static void test_hostile_names(void **state)
{
	struct page *p = page_make("hostile");
	json_t *o = page_data(p), *workloads = json_object_get(o, "workloads");
	json_t *name = json_object_get(json_array_get(workloads, 0), "name");

	(void)state;
	assert_non_null(strstr(p->html.buf, "&lt;/script&gt;&lt;script&gt;alert(1)"));
	assert_null(strstr(p->html.buf, "<script>alert"));
	assert_null(strstr(p->html.buf, "x\" onload"));
	assert_null(strchr(p->html.buf, '\xff'));
	assert_null(strstr(p->html.buf, "<!--"));
	assert_non_null(strstr(json_string_value(name), "</script><script>alert(1)</script>"));
	json_decref(o);
	page_free(p);
}

/* --- numbers and scales */

#define check_text(want, call)                          \
	do {                                            \
		PGO_AUTO(strbuf) sb = STRBUF_INIT;      \
		call;                                   \
		assert_string_equal(sb.buf, (want));    \
	} while (0)
#define NB "\xc2\xa0"

static void test_numbers(void **state)
{
	const struct interval above = { log(1.01), INFINITY, log(1.02) };
	const struct interval below = { -INFINITY, log(0.98), log(0.97) };
	const struct interval none = { -INFINITY, INFINITY, 0 };
	struct time_unit ms = time_unit_of(0.04);

	(void)state;
	check_text("+5.1" NB "%", html_speedup(&sb, log(1.051), 1));
	check_text(
		"\xe2\x88\x92"
		"4.85" NB "%",
		html_speedup(&sb, log(0.9515), 2));
	check_text("0.0" NB "%", html_speedup(&sb, -1e-9, 1));
	check_text(
		"\xc3\x97"
		"20",
		html_speedup(&sb, log(20), 1));
	check_text("above +1.0" NB "%", html_interval(&sb, &above, 1));
	check_text(
		"below \xe2\x88\x92"
		"2.0" NB "%",
		html_interval(&sb, &below, 1));
	check_text("not bounded", html_interval(&sb, &none, 1));
	check_text("42.13" NB "ms", html_time(&sb, 0.04213, &ms));
	check_text("2" NB "%", html_percent(&sb, 0.02));
	check_text("&lt;a b=&quot;&#39;&amp;\\n\\xff", html_text(&sb, "<a b=\"'&\n\xff"));
}

static void test_axis(void **state)
{
	double v[20], ticks[AXIS_MAX_TICKS];
	struct axis a = AXIS_INIT, wide = { log(0.5), log(64), true };
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = 0.01 * (double)i;
	v[19] = 50;
	axis_include_bulk(&a, v, ARRAY_SIZE(v));
	axis_include(&a, INFINITY);
	assert_true(a.lo == 0 && a.hi == 0.18);
	axis_finish(&a);
	assert_true(!axis_holds(&a, 50) && axis_holds(&a, 0.18));
	assert_true(axis_at(&a, 50) == 1 && axis_at(&a, -INFINITY) == 0);
	n = axis_ratio_ticks(&a, 4, ticks);
	assert_true(n >= 3 && n <= 6);
	for (size_t i = 0; i < n; i++)
		assert_true(fabs(remainder(expm1(ticks[i]), 0.05)) < 1e-12);
	n = axis_ratio_ticks(&wide, 4, ticks);
	assert_true(n >= 3 && fabs(remainder(ticks[0], M_LN2)) < 1e-12);
}

static void test_axis_of_one_value(void **state)
{
	struct axis a = AXIS_INIT, none = AXIS_INIT;
	double ticks[AXIS_MAX_TICKS];

	(void)state;
	axis_include(&a, 1e12);
	axis_finish(&a);
	axis_finish(&none);
	assert_true(axis_at(&a, 1e12) > 0.4 && axis_at(&a, 1e12) < 0.6);
	assert_true(axis_at(&none, 0) > 0.4 && axis_at(&none, 0) < 0.6);
	assert_true(axis_ticks(&none, 4, ticks) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ill_formed),    cmocka_unit_test(test_every_case),
		cmocka_unit_test(test_same_bytes),    cmocka_unit_test(test_sayings),
		cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_axis),	      cmocka_unit_test(test_axis_of_one_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
