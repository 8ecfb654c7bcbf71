/* SPDX-License-Identifier: Apache-2.0 */
/* Collapsed stacks, their tree, and the SVG that is drawn of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/report/flame.h"
#include "profiles/collapsed.h"
#include "profiles/format.h"
#include "profiles/samples-write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BOTH(text) text, sizeof(text) - 1

/* What is written of what was read; the error's code when it is refused. */
static int rewrite(const char *text, size_t len, struct strbuf *out, struct pgo_err *err)
{
	const struct samples_opts so = { .stacks = true };
	const struct sample_image_opts io = { 0 };
	PGO_AUTO(samples) s = { 0 };
	PGO_AUTO(sample_names) names = { 0 };
	struct sample_written written;
	int ret;

	samples_init(&s);
	ret = collapsed_read_text("f", text, len, &so, &s, err);
	if (ret)
		return ret;
	sample_names_init(&names, &s, &io);
	samples_write_collapsed(&s, &names, out, &written);
	assert_int_equal(written.entries, s.tally.samples);
	for (size_t i = 0; i < s.warnings.nr; i++)
		strbuf_addf(out, "! %s\n", s.warnings.v[i]);
	return 0;
}

static void test_collapsed_round(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "a;b 1\n", "a;b 1\n" },
		{ "b;c 2\na;b 1\nb;c 3\n\n", "a;b 1\nb;c 5\n" },
		{ "a 7\r\na;b;c 1\r\n", "a 7\na;b;c 1\n" },
		{ "a;b;c 1\na;b 2\na;bc 4\na;b d 8\n", "a;b 2\na;b d 8\na;b;c 1\na;bc 4\n" },
		{ "t;f 1 2\n", "t;f 1 2\n" },
		{ "a;;b 0012\n", "a;;b 12\n" },
		{ "a;\x01\tb 3\na;__b 4\n", "a;__b 7\n" },
		{ "a;b 0\na;c 1\n", "a;c 1\n" },
		{ "[unknown];x 1\n", "[unknown];x 1\n" },
		{ "a;b 18446744073709551615\na;c 1\n",
		  "a;b 18446744073709551615\n! the counts of 1 lines are beyond 2^64-1 in sum\n" },
		{ "a;b 1", "a;b 1\n! the last line has no end: the file may be cut\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO(strbuf) out = STRBUF_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

		assert_int_equal(rewrite(cases[i].in, strlen(cases[i].in), &out, &err), 0);
		assert_string_equal(out.buf, cases[i].out);
	}
}

static void test_collapsed_refused(void **state)
{
	static const struct {
		const char *in;
		int64_t offset;
	} cases[] = {
		{ "", 0 },
		{ "a;b 1\na;b\n", 6 },
		{ "a;b 1\na;b 1.5\n", 6 },
		{ "a;b 1\n 1\n", 6 },
		{ "a;b -1\n", 0 },
		{ "12\n", 0 },
		{ "a;b 0\n", 0 },
		{ "a;b 1\na 18446744073709551616\n", 6 },
		{ ";b 1\n", 0 },
		{ "a;b 1\n# note 2\n", 6 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO(strbuf) out = STRBUF_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

		assert_int_equal(rewrite(cases[i].in, strlen(cases[i].in), &out, &err),
				 -PGO_EFORMAT);
		assert_int_equal(err.offset, cases[i].offset);
	}
}

static void test_collapsed_bid(void **state)
{
	static const char cut[] = "a;b 1\na;b;c", prose[] = "a word\nfoo 12\n";

	(void)state;
	assert_int_equal(collapsed_lines((const uint8_t *)BOTH("a;b 1\nc 2\n"), true), 2);
	assert_int_equal(collapsed_lines((const uint8_t *)cut, strlen(cut), false), 1);
	assert_int_equal(collapsed_lines((const uint8_t *)cut, strlen(cut), true), 0);
	assert_int_equal(collapsed_lines((const uint8_t *)BOTH("a;b"), false), 1);
	assert_int_equal(collapsed_lines((const uint8_t *)BOTH("ab"), false), 0);
	assert_int_equal(collapsed_lines((const uint8_t *)prose, strlen(prose), true), 0);
}

static void test_fuzz_little(void **state)
{
	static const char good[] = "t;a;b 12\nt;a 3\nt;a;b;[kernel] 4\n\nu 0\n";
	char bad[sizeof(good)];

	(void)state;
	for (size_t i = 0; i < sizeof(good); i++) {
		LLVMFuzzerTestOneInput((const uint8_t *)good, i);
		for (unsigned c = 0; c < 256; c++) {
			memcpy(bad, good, sizeof(good));
			bad[i] = (char)c;
			LLVMFuzzerTestOneInput((const uint8_t *)bad, sizeof(good) - 1);
		}
	}
}

/* A graph of collapsed stacks; baseline may be NULL. */
static int draw(const char *text, const char *baseline, const struct flame_opts *opts,
		struct flame *f, struct pgo_err *err)
{
	static const char *const files[] = { "candidate", "baseline" };
	const char *texts[] = { text, baseline };
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	int ret = tempdir_make(&dir, NULL, NULL);

	flame_init(f, opts);
	assert_int_equal(ret, 0);
	for (unsigned i = 0; i < 2 && texts[i] && !ret; i++) {
		PGO_AUTO_FREE char *path = fs_join(dir.path, files[i]);

		ret = fs_write_atomic(path, texts[i], strlen(texts[i]), 0600, NULL);
		assert_int_equal(ret, 0);
		ret = flame_read(f, i, &path, 1, err);
	}
	return ret ? ret : flame_finish(f, err);
}

/* "name start+total, ...", in their order. */
static void frames_are(const struct flame *f, const char *want)
{
	PGO_AUTO(strbuf) got = STRBUF_INIT;

	for (size_t i = 1; i < f->nr_frames; i++) {
		const struct tree_node *n = &f->tree.nodes[f->frames[i].node];

		strbuf_addf(&got, "%s%s@%u %llu+%llu", got.len ? ", " : "",
			    f->tree.names[n->name].text, f->frames[i].level,
			    (unsigned long long)f->frames[i].start,
			    (unsigned long long)n->total[0]);
	}
	assert_string_equal(got.buf, want);
}

static const char stacks[] = "t;main;b;b 4\nt;main;a 3\nt;main 1\nu;main;a 2\nt;main;b 90\n";

static void test_frames(void **state)
{
	PGO_AUTO(flame) f = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(draw(stacks, NULL, &(struct flame_opts){ 0 }, &f, &err), 0);
	frames_are(&f,
		   "t@1 0+98, main@2 0+98, a@3 0+3, b@3 3+94, b@4 3+4, u@1 98+2, "
		   "main@2 98+2, a@3 98+2");
	assert_int_equal(f.nr_levels, 5);
	assert_int_equal(f.frames_left_out, 0);
	assert_int_equal(f.sides[0].samples, 100);
	assert_int_equal(f.warnings.nr, 0);
}

static void test_frames_left_out(void **state)
{
	PGO_AUTO(flame) f = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(draw(stacks, NULL, &(struct flame_opts){ .min_share = .04 }, &f, &err), 0);
	frames_are(&f, "t@1 0+98, main@2 0+98, b@3 0+94, b@4 0+4");
	assert_int_equal(f.frames_left_out, 4);
	assert_int_equal(f.samples_left_out, 3 + 2);
}

static void test_frames_ways(void **state)
{
	PGO_AUTO(flame) up = { 0 };
	PGO_AUTO(flame) joined = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(draw(stacks, NULL, &(struct flame_opts){ .reverse = true }, &up, &err), 0);
	frames_are(&up,
		   "a@1 0+5, main@2 0+5, t@3 0+3, u@3 3+2, b@1 5+94, b@2 5+4, main@3 5+4, "
		   "t@4 5+4, main@2 9+90, t@3 9+90, main@1 99+1, t@2 99+1");
	assert_int_equal(
		draw(stacks, NULL, &(struct flame_opts){ .join_threads = true }, &joined, &err), 0);
	frames_are(&joined, "main@1 0+100, a@2 0+5, b@2 5+94, b@3 5+4");
}

static void test_recursion_counts_once(void **state)
{
	PGO_AUTO(flame) f = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO_FREE struct frame_sum *sums = NULL;

	(void)state;
	assert_int_equal(draw(stacks, NULL, &(struct flame_opts){ 0 }, &f, &err), 0);
	sums = sample_tree_sums(&f.tree);
	for (size_t i = 0; i < f.tree.nr_names; i++)
		if (!strcmp(f.tree.names[i].text, "b")) {
			assert_int_equal(sums[i].self[0], 94);
			assert_int_equal(sums[i].total[0], 94);
		} else if (!strcmp(f.tree.names[i].text, "main")) {
			assert_int_equal(sums[i].self[0], 1);
			assert_int_equal(sums[i].total[0], 100);
		}
}

static uint32_t node_of(const struct flame *f, const char *name)
{
	for (size_t i = 1; i < f->tree.nr; i++)
		if (!strcmp(f->tree.names[f->tree.nodes[i].name].text, name))
			return (uint32_t)i;
	fail_msg("no frame %s", name);
	return 0;
}

/* Twice as many samples in all: only shares count. */
static void test_change(void **state)
{
	static const char now[] =
		"t;same 1000\nt;up 400\nt;up;in 100\nt;less 200\nt;few 2\n"
		"t;new 98\nt;rest 200\n";
	static const char before[] =
		"t;same 2000\nt;up 400\nt;up;in 600\nt;less 240\nt;few 2\n"
		"t;rest 358\nt;old;same 300\nt;older 100\n";
	PGO_AUTO(flame) f = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(draw(now, before, &(struct flame_opts){ 0 }, &f, &err), 0);
	assert_int_equal(flame_change(&f, 0, false), 0);
	assert_int_equal(flame_change(&f, node_of(&f, "same"), false), 0);
	assert_int_equal(flame_change(&f, node_of(&f, "up"), false), 0);
	assert_int_equal(flame_change(&f, node_of(&f, "up"), true), 4);
	assert_int_equal(flame_change(&f, node_of(&f, "in"), false), -4);
	assert_int_equal(flame_change(&f, node_of(&f, "less"), false), 3);
	assert_int_equal(flame_change(&f, node_of(&f, "few"), false), 0);
	assert_int_equal(flame_change(&f, node_of(&f, "new"), true), 4);
	assert_int_equal(flame_change(&f, node_of(&f, "t"), true), 0);
	assert_int_equal(f.nr_gone, 2);
	assert_string_equal(f.gone[0].name, "old");
	assert_int_equal(f.gone[0].total, 300);
	assert_int_equal(f.gone[0].self, 0);
	assert_string_equal(f.gone[1].name, "older");
	assert_int_equal(f.samples_gone, 400);
}

static void test_warnings(void **state)
{
	PGO_AUTO(flame) flat = { 0 };
	PGO_AUTO(flame) apart = { 0 };
	PGO_AUTO(flame) mixed = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(draw("t;a 1\nt;b 2\n", NULL, &(struct flame_opts){ 0 }, &flat, &err), 0);
	assert_non_null(strstr(flat.warnings.v[0], "the graph is flat"));
	assert_int_equal(draw("x;a;b 1\n", "y;a;b 1\n", &(struct flame_opts){ 0 }, &apart, &err),
			 0);
	assert_non_null(strstr(apart.warnings.v[0], "no call is in both"));
	assert_int_equal(draw("t;a 1\n", "t;a;b 1\n", &(struct flame_opts){ 0 }, &mixed, &err),
			 -PGO_EMISMATCH);
	assert_non_null(strstr(err.hint, "perf record -g"));
}

/* Nothing of a name is markup, nor what XML does not take. */
static void test_svg_escapes(void **state)
{
	static const char bad[] =
		"t;</title><script>alert(1)</script>;]]>&amp\"'\x1b[31m\xff\xef\xbf\xbe 5\n";
	PGO_AUTO(flame) f = { 0 };
	PGO_AUTO(strbuf) svg = STRBUF_INIT;
	PGO_AUTO(strbuf) again = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	const char *script;

	(void)state;
	assert_int_equal(draw(bad, NULL, &(struct flame_opts){ 0 }, &f, &err), 0);
	flame_svg(&f, "<b>&\"", false, &svg);
	assert_non_null(strstr(svg.buf, "&lt;b&gt;&amp;&quot;"));
	assert_non_null(strstr(svg.buf, "<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script"));
	assert_non_null(strstr(svg.buf, "]]&gt;&amp;amp&quot;&#39;_[31m\\xff\xef\xbf\xbd\n"));
	script = strstr(svg.buf, "<script");
	assert_non_null(script);
	assert_null(strstr(script + 1, "<script"));
	for (size_t i = 0; i < svg.len; i++)
		assert_true((unsigned char)svg.buf[i] >= ' ' || svg.buf[i] == '\n');
	flame_svg(&f, "<b>&\"", false, &again);
	assert_string_equal(svg.buf, again.buf);
}

static void test_svg_fits(void **state)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(flame) f = { 0 };
	PGO_AUTO(strbuf) svg = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	strbuf_addstr(&text, "t;main;");
	for (size_t i = 0; i < 300; i++)
		strbuf_addstr(&text, "\xe5\x90\x8d");
	strbuf_addstr(&text, " 50\nt;main;name_of_a_function 45\nt;main;b 3\nt;main;longer 2\n");
	assert_int_equal(draw(text.buf, NULL, &(struct flame_opts){ 0 }, &f, &err), 0);
	flame_svg(&f, "x", false, &svg);
	assert_non_null(strstr(svg.buf, ">name_of_a_function</text>"));
	assert_non_null(strstr(svg.buf, ">b</text>"));
	assert_null(strstr(svg.buf, ">longer</text>"));
	assert_non_null(strstr(svg.buf, "<title>longer\n"));
	assert_non_null(strstr(svg.buf, "\xe5\x90\x8d\xe2\x80\xa6</text>"));
}

static void test_deep(void **state)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(flame) f = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	strbuf_addstr(&text, "t");
	for (size_t i = 0; i < 100000; i++)
		strbuf_addstr(&text, ";a");
	strbuf_addstr(&text, " 9\nt;b 1\n");
	assert_int_equal(draw(text.buf, NULL, &(struct flame_opts){ 0 }, &f, &err), 0);
	assert_int_equal(f.nr_levels, FLAME_MAX_LEVELS + 1);
	assert_int_equal(f.samples_left_out, 9);
	assert_int_equal(f.frames_left_out, 100000 + 1 - FLAME_MAX_LEVELS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collapsed_round),
		cmocka_unit_test(test_collapsed_refused),
		cmocka_unit_test(test_collapsed_bid),
		cmocka_unit_test(test_fuzz_little),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_frames_left_out),
		cmocka_unit_test(test_frames_ways),
		cmocka_unit_test(test_recursion_counts_once),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_svg_escapes),
		cmocka_unit_test(test_svg_fits),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
