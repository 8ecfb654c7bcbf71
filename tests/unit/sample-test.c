/* SPDX-License-Identifier: Apache-2.0 */
/* Sampled profiles built in memory: sums, order, limits, and what writers make of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiles/afdo.h"

static struct sample_func *function(struct sample_profile *p, const char *name)
{
	return sample_add_func(p, name, strlen(name));
}

static struct sample_func *call(struct sample_profile *p, struct sample_func *in, uint32_t line,
				const char *name)
{
	return sample_add_call(p, in, line, 0, name, strlen(name));
}

static void expect(struct sample_profile *p, const char *want)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	sample_format(p, &text);
	assert_string_equal(text.buf, want);
}

/* The same function, line, target and call twice are one. */
static void adds_up(void **state)
{
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sample_func *f = function(&p, "f");
		struct sample_line *l;

		f->head = 3;
		sample_add_line(&p, f, 9, 0, 5);
		l = sample_add_line(&p, f, 2, 7, 10);
		sample_add_target(&p, l, "t", 1, 4);
		sample_add_target(&p, l, "a", 1, 4);
		sample_add_target(&p, l, "t", 1, 2);
		sample_add_line(&p, call(&p, f, 4, "g"), 1, 0, 100);
		sample_add_line(&p, call(&p, call(&p, f, 4, "g"), 2, "h"), 1, 0, 1);
	}
	sample_add_line(&p, function(&p, "big"), 1, 0, 1000);
	sample_finish(&p);
	sample_compute_totals(&p);
	expect(&p,
	       "big:1000:0\n 1: 1000\nf:232:6\n 2.7: 20 t:12 a:8\n 9: 10\n 4: g:202\n"
	       "  1: 200\n  2: h:2\n   1: 2\n");
}

static void weights_and_limits(void **state)
{
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;
	PGO_AUTO(sample_profile) sum = SAMPLE_PROFILE_INIT;

	(void)state;
	sample_add_line(&p, function(&p, "f"), 1, 0, 1ULL << 62);
	sample_add_line(&p, p.funcs[0], 2, 0, 5);
	sample_finish(&p);
	sum.limit = AFDO_LIMIT;
	sample_add(&sum, &p, 1);
	sample_finish(&sum);
	assert_int_equal(sum.nr_saturated, 0);
	sample_add(&sum, &p, 2);
	sample_finish(&sum);
	assert_int_equal(sum.nr_saturated, 2);
	sample_compute_totals(&sum);
	expect(&sum, "f:9223372036854775807:0\n 1: 9223372036854775807\n 2: 15\n");
}

static void reads_what_it_writes(void **state)
{
	static const char text[] =
		"main:1300:7\n 0: 7\n 4.3: 100 b:60 a b::c(int):40\n"
		" 6: vtables _ZTVx:9\n 8: f:900\n  1: 900\n";
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;

	(void)state;
	assert_int_equal(sample_read_text(&p, "t", text, sizeof(text) - 1, NULL), 0);
	assert_true(p.vtables);
	assert_int_equal(p.funcs[0]->nr_lines, 3);
	assert_string_equal(p.funcs[0]->lines[1].targets[0].name, "a b::c(int)");
	expect(&p,
	       "main:1300:7\n 0: 7\n 4.3: 100 b:60 a b::c(int):40\n 6: 0\n"
	       " 6: vtables _ZTVx:9\n 8: f:900\n  1: 900\n");
}

static void refuses(void **state)
{
	static const struct {
		const char *text;
		int64_t at;
	} cases[] = {
		{ "", 0 },
		{ "f\n", 0 },
		{ "f:1\n", 0 },
		{ "f:1:x\n", 0 },
		{ ":1:2\n", 0 },
		{ " 1: 2\n", 0 },
		{ "f:1:2", 5 },
		{ "f:1:2\n 1:2\n", 7 },
		{ "f:1:2\n 1: 2 x\n", 12 },
		{ "f:1:2\n 1: g\n", 10 },
		{ "f:1:2\n 1: 2\n  1: 3\n", 12 },
		{ "f:1:2\n !What: 3\n", 7 },
		{ "f:1:2\n 1.4294967296: 3\n", 8 },
		{ "[f:1:2\n", 0 },
		{ "[]:1:2\n", 0 },
		{ "[f]:1:2\ng:1:1\n", 0 },
		{ "f:1:2\n !CFGChecksum: 3\ng:1:1\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
		const char *text = cases[i].text;

		print_message("# %s\n", text);
		assert_int_equal(sample_read_text(&p, "t", text, strlen(text), &err), -PGO_EFORMAT);
		assert_int_equal(err.offset, cases[i].at);
	}
}

static void afdo_loses_what_it_has_no_place_for(void **state)
{
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;
	PGO_AUTO(sample_profile) back = SAMPLE_PROFILE_INIT;
	PGO_AUTO(strbuf) bytes = STRBUF_INIT;
	struct sample_func *f = function(&p, "f"), *g;

	(void)state;
	sample_add_line(&p, f, 65535, 65535, 1);
	sample_add_line(&p, f, 65536, 0, 2);
	sample_add_line(&p, f, 1, 65536, 3);
	g = call(&p, f, 70000, "g");
	sample_add_line(&p, g, 1, 0, 4);
	sample_add_line(&p, g, 2, 0, 5);
	sample_finish(&p);
	assert_int_equal(afdo_format(&p, 2, &bytes), 4);
	assert_int_equal(afdo_read(&back, "t", bytes.buf, bytes.len, NULL), 0);
	expect(&back, "f:1:0\n 65535.65535: 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up),
		cmocka_unit_test(weights_and_limits),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(refuses),
		cmocka_unit_test(afdo_loses_what_it_has_no_place_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
