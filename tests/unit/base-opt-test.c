/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/base/opt.h"
#include "pgo/base/strvec.h"

struct options {
	bool flag, other;
	const char *str;
	struct strvec strs;
	unsigned uint_v, count;
	uint64_t u64, duration, size;
	double number, percent;
};

static const struct opt opts[] = {
	{ OPT_FLAG, 'f', "flag", NULL, "a flag", offsetof(struct options, flag) },
	{ OPT_FLAG, 0, "other", NULL, "no letter", offsetof(struct options, other) },
	{ OPT_STR, 's', "str", "TEXT", "a string", offsetof(struct options, str) },
	{ OPT_STRS, 'a', "add", "TEXT", "a list", offsetof(struct options, strs) },
	{ OPT_UINT, 'u', "uint", "N", "a number", offsetof(struct options, uint_v) },
	{ OPT_U64, 0, "u64", "N", "a large one", offsetof(struct options, u64) },
	{ OPT_DOUBLE, 0, "number", "X", "a real one", offsetof(struct options, number) },
	{ OPT_PERCENT, 0, "percent", "P%", "a share", offsetof(struct options, percent) },
	{ OPT_DURATION, 0, "time", "TIME", "a time", offsetof(struct options, duration) },
	{ OPT_SIZE, 0, "size", "SIZE", "a size", offsetof(struct options, size) },
	{ OPT_COUNT, 'v', "verbose", NULL, "counted", offsetof(struct options, count) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

/* A command line of words; it stands until the next one. */
struct line {
	struct strvec words; /* owns what argv points to */
	char *argv[16];
	int argc;
	struct options o;
	struct pgo_err err;
	int ret;
};
#define LINE_INIT                                                                  \
	{ .words = STRVEC_INIT, .o = { .strs = STRVEC_INIT }, .err = PGO_ERR_INIT }

static void line_release(struct line *l)
{
	strvec_release(&l->words);
	strvec_release(&l->o.strs);
	pgo_err_release(&l->err);
}
PGO_DEFINE_AUTO(line, line_release)

static void parse(struct line *l, bool stop_at_operand, const char *const *words)
{
	line_release(l);
	*l = (struct line)LINE_INIT;
	strvec_push(&l->words, "prog");
	for (; *words; words++)
		strvec_push(&l->words, *words);
	memcpy(l->argv, l->words.v, (l->words.nr + 1) * sizeof(*l->argv));
	l->argc = (int)l->words.nr;
	l->ret = opt_parse(opts, &l->o, l->argc, l->argv, stop_at_operand, &l->err);
}
#define PARSE(l, ...) parse(l, false, (const char *const[]){ __VA_ARGS__, NULL })

static void every_type_is_stored(void **state)
{
	PGO_AUTO(line) l = LINE_INIT;

	(void)state;
	PARSE(&l, "--flag", "--str", "x y", "--add=1", "-a2", "-a", "3", "--uint=42");
	assert_int_equal(l.ret, 0);
	assert_true(l.o.flag);
	assert_string_equal(l.o.str, "x y");
	assert_int_equal(l.o.strs.nr, 3);
	assert_string_equal(l.o.strs.v[2], "3");
	assert_int_equal(l.o.uint_v, 42);
	PARSE(&l, "--u64=18446744073709551615", "--number", "-1.5", "--percent=50%", "--time=1.5s",
	      "--size=2K", "-v", "-vv", "--verbose");
	assert_int_equal(l.ret, 0);
	assert_true(l.o.u64 == UINT64_MAX);
	assert_true(l.o.number == -1.5 && l.o.percent == .5);
	assert_true(l.o.duration == 1500000000 && l.o.size == 2048);
	assert_int_equal(l.o.count, 4);
}

static void the_last_one_counts(void **state)
{
	PGO_AUTO(line) l = LINE_INIT;

	(void)state;
	PARSE(&l, "-f", "--str=a", "--no-flag", "--str", "", "-u1", "--uint=2", "-vvv",
	      "--no-verbose");
	assert_int_equal(l.ret, 0);
	assert_false(l.o.flag);
	assert_string_equal(l.o.str, "");
	assert_int_equal(l.o.uint_v, 2);
	assert_int_equal(l.o.count, 0);
}

static void letters_join(void **state)
{
	PGO_AUTO(line) l = LINE_INIT;

	(void)state;
	PARSE(&l, "-fvu7", "-vfs", "-f");
	assert_int_equal(l.ret, 0);
	assert_true(l.o.flag);
	assert_int_equal(l.o.count, 2);
	assert_int_equal(l.o.uint_v, 7);
	assert_string_equal(l.o.str, "-f");
	PARSE(&l, "-s=x");
	assert_string_equal(l.o.str, "=x");
}

static void operands_stand_anywhere(void **state)
{
	PGO_AUTO(line) l = LINE_INIT;

	(void)state;
	PARSE(&l, "a", "-f", "b", "-", "--str", "x", "", "--", "-f", "--", "c");
	assert_int_equal(l.ret, 7);
	for (int i = 0; i < 7; i++) {
		static const char *const want[] = { "a", "b", "-", "", "-f", "--", "c" };

		assert_string_equal(l.argv[1 + i], want[i]);
	}
	assert_null(l.argv[8]);
	assert_true(l.o.flag);
}

static void parsing_stops_at_an_operand_when_asked(void **state)
{
	static const char *const words[] = { "-f", "run", "-v", "--zzz", "--", "x", NULL };
	static const char *const dashes[] = { "-f", "--", "-v", "x", NULL };
	PGO_AUTO(line) l = LINE_INIT;

	(void)state;
	parse(&l, true, words);
	assert_int_equal(l.ret, 5);
	assert_string_equal(l.argv[1], "run");
	assert_string_equal(l.argv[3], "--zzz");
	assert_string_equal(l.argv[4], "--");
	assert_null(l.argv[6]);
	assert_int_equal(l.o.count, 0);
	parse(&l, true, dashes);
	assert_int_equal(l.ret, 2);
	assert_string_equal(l.argv[1], "-v");
}

static void nothing_at_all(void **state)
{
	static const char *const none[] = { NULL };
	PGO_AUTO(line) l = LINE_INIT;

	(void)state;
	parse(&l, false, none);
	assert_int_equal(l.ret, 0);
	assert_null(l.argv[1]);
	PARSE(&l, "--");
	assert_int_equal(l.ret, 0);
	assert_null(l.argv[1]);
}

static void check_refused(const char *first, const char *second, const char *msg, const char *hint)
{
	PGO_AUTO(line) l = LINE_INIT;

	PARSE(&l, first, second);
	assert_int_equal(l.ret, -PGO_EUSAGE);
	assert_int_equal(l.err.code, PGO_EUSAGE);
	assert_string_equal(l.err.msg, msg);
	if (hint)
		assert_string_equal(l.err.hint, hint);
	else
		assert_null(l.err.hint);
}

static void bad_lines_are_refused(void **state)
{
	(void)state;
	check_refused("--flg", NULL, "unknown option '--flg'", "did you mean --flag?");
	check_refused("--flga=1", NULL, "unknown option '--flga'", "did you mean --flag?");
	check_refused("--hepl", NULL, "unknown option '--hepl'", "did you mean --help?");
}

static void bad_values_are_refused(void **state)
{
	(void)state;
	check_refused("--flag=1", NULL, "option --flag takes no value", NULL);
	check_refused("--no-flag=", NULL, "option --flag takes no value", NULL);
	check_refused("--str", NULL, "option --str wants a value", NULL);
	check_refused("-s", NULL, "option -s wants a value", NULL);
	check_refused("--uint", NULL, "option --uint wants a whole number", NULL);
	check_refused("-ux", NULL, "option --uint wants a whole number, not 'x'", NULL);
	check_refused("--uint", "4294967296",
		      "option --uint wants a whole number, not '4294967296'", NULL);
	check_refused("--u64=-1", NULL, "option --u64 wants a whole number, not '-1'", NULL);
	check_refused("--number=", NULL, "option --number wants a number, not ''", NULL);
	check_refused("--percent", "2", "option --percent wants a percentage like 2%, not '2'",
		      NULL);
	check_refused("--time=2d", NULL,
		      "option --time wants a duration like 500ms, 30s or 3m, not '2d'", NULL);
	check_refused("--size=2k", NULL, "option --size wants a size like 64K or 1.5G, not '2k'",
		      NULL);
}

static void unknown_ones_are_refused(void **state)
{
	(void)state;
	check_refused("--zzzzzzzz", NULL, "unknown option '--zzzzzzzz'", NULL);
	check_refused("--no-str", NULL, "unknown option '--no-str'", "did you mean --str?");
	check_refused("-Z", NULL, "unknown option '-Z'", NULL);
	check_refused("-fZ", NULL, "unknown option '-Z'", NULL);
	check_refused("---flag", NULL, "unknown option '---flag'", "did you mean --flag?");
}

static void a_fault_leaves_the_field_alone(void **state)
{
	PGO_AUTO(line) l = LINE_INIT;

	(void)state;
	PARSE(&l, "--uint=7", "--uint=x");
	assert_int_equal(l.ret, -PGO_EUSAGE);
	assert_int_equal(l.o.uint_v, 7);
}

static void check_nearest(const char *word, const char *want)
{
	static const char *const names[] = { "collect", "build", "validate", "cc", NULL };
	const char *got = opt_nearest(word, names);

	if (want) {
		assert_non_null(got);
		assert_string_equal(got, want);
	} else {
		assert_null(got);
	}
}

static void the_nearest_is_near(void **state)
{
	static const char *const none[] = { NULL };
	char word[200];

	(void)state;
	check_nearest("colect", "collect");
	check_nearest("ocllect", "collect");
	check_nearest("build", "build");
	check_nearest("bulid", "build");
	check_nearest("invalidate", "validate");
	check_nearest("c", "cc");
	check_nearest("xx", NULL);
	check_nearest("", NULL);
	check_nearest("something-else", NULL);
	memset(word, 'c', sizeof(word) - 1);
	for (size_t n = 3; n < sizeof(word); n += 61) {
		word[n] = '\0';
		check_nearest(word, n == 3 ? "cc" : NULL);
		word[n] = 'c';
	}
	assert_null(opt_nearest("x", none));
}

static void help_names_every_option(void **state)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;
	const struct opt *o = opts;

	(void)state;
	opt_add_help(&sb, opts);
	for (char *line = sb.buf; *line; o++) {
		PGO_AUTO_FREE char *name = xstrfmt("--%s%s%s ", o->name, o->arg ? " " : "",
						   o->arg ? o->arg : "");
		size_t len = strcspn(line, "\n");

		assert_int_equal(line[len], '\n');
		line[len] = '\0';
		assert_non_null(strstr(line, name));
		assert_string_equal(line + 30, o->help);
		if (o->letter)
			assert_int_equal(line[3], o->letter);
		line += len + 1;
	}
	assert_int_equal(o->type, OPT_END);
}

static void a_long_option_keeps_its_help_apart(void **state)
{
	static const struct opt long_one[] = {
		{ OPT_STR, 0, "a-very-long-name-of-an-option", "SOMETHING", "help", 0 },
		{ OPT_END, 0, NULL, NULL, NULL, 0 },
	};
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	(void)state;
	opt_add_help(&sb, long_one);
	assert_string_equal(sb.buf, "      --a-very-long-name-of-an-option SOMETHING  help\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_stored),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(letters_join),
		cmocka_unit_test(operands_stand_anywhere),
		cmocka_unit_test(parsing_stops_at_an_operand_when_asked),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(unknown_ones_are_refused),
		cmocka_unit_test(a_fault_leaves_the_field_alone),
		cmocka_unit_test(the_nearest_is_near),
		cmocka_unit_test(help_names_every_option),
		cmocka_unit_test(a_long_option_keeps_its_help_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
