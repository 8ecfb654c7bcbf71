/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "pgo/base/child.h"
#include "pgo/base/strbuf.h"
#include "pgo/base/strvec.h"

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void an_empty_one_is_a_string(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char *taken;

	(void)state;
	assert_string_equal(sb.buf, "");
	strbuf_clear(&sb);
	strbuf_setlen(&sb, 0);
	strbuf_add(&sb, NULL, 0);
	strbuf_rtrim(&sb);
	assert_int_equal(sb.alloc, 0);
	taken = strbuf_take(&sb);
	assert_string_equal(taken, "");
	free(taken);
	strbuf_release(&sb);
	strbuf_release(&sb);
	assert_string_equal(sb.buf, "");
}

static void it_grows_and_stays_terminated(void **state)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		strbuf_addch(&sb, 'a' + i % 26);
		assert_int_equal(sb.buf[sb.len], '\0');
	}
	assert_int_equal(sb.len, 100000);
	for (size_t i = 0; i < sb.len; i++)
		assert_int_equal(sb.buf[i], (int)('a' + i % 26));
	strbuf_clear(&sb);
	assert_string_equal(sb.buf, "");
	assert_true(sb.alloc > 100000);
}

static void formatting_takes_any_length(void **state)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	(void)state;
	for (int width = 0; width < 300; width++) {
		strbuf_release(&sb);
		strbuf_addstr(&sb, "ab");
		strbuf_addf(&sb, "%*d|", width, 7);
		assert_int_equal(sb.len, 3 + (width > 1 ? width : 1));
		assert_int_equal(strlen(sb.buf), sb.len);
		assert_string_equal(sb.buf + sb.len - 2, "7|");
	}
}

static void nul_bytes_are_kept(void **state)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	(void)state;
	strbuf_add(&sb, "a\0b \n", 5);
	strbuf_rtrim(&sb);
	assert_int_equal(sb.len, 3);
	assert_memory_equal(sb.buf, "a\0b", 4);
}

static void a_size_that_overflows_ends_the_program(void **state)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;
	int status;
	pid_t pid;

	(void)state;
	strbuf_addstr(&sb, "abc");
	pid = fork();
	if (!pid) {
		close(STDERR_FILENO);
		strbuf_grow(&sb, SIZE_MAX - 2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), PGO_EXIT_TOOL);
}

/* What a real shell makes of the quoted word. */
static char *through_sh(const char *word)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) line = STRBUF_INIT, out = STRBUF_INIT;

	strbuf_addstr(&line, "printf '%s|' ");
	strbuf_addquoted(&line, word);
	strvec_push(&c.argv, "/bin/sh");
	strvec_push(&c.argv, "-c");
	strvec_push(&c.argv, line.buf);
	assert_int_equal(child_capture(&c, &out, true, NULL, NULL), 0);
	return strbuf_take(&out);
}

static void check_quoting(const char *word)
{
	PGO_AUTO_FREE char *got = through_sh(word), *want = xstrfmt("%s|", word);

	assert_string_equal(got, want);
}

static void quoting_survives_a_shell(void **state)
{
	static const char *const words[] = {
		"",	 " ",	  "a b",      "\n",   "a\n\nb\n", "'",	  "''",
		"a'b'c", "\"",	  "$HOME",    "${x}", "$(id)",	  "`id`", "\\",
		"\\\\",	 "a\\'b", "*",	      "?",    "[a]",	  "~",	  "~root",
		"#x",	 "!x",	  "a;b",      "a&b",  "a|b",	  "<x",	  ">x",
		"(x)",	 "{a,b}", "-n",	      "--",   "\t",	  "\r",	  "\x1b[31m",
		"\x7f",	 "\xff",  "\xc3\xa4", "a=b",  "if",	  "%s",	  "%%",
	};
	char all[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		check_quoting(words[i]);
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	check_quoting(all);
}

static void safe_words_stay_readable(void **state)
{
	static const char *const words[] = { "a", "/usr/bin/x", "-O2", "--a=b", "a,b:c@d_e%f+g" };
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		strbuf_clear(&sb);
		strbuf_addquoted(&sb, words[i]);
		assert_string_equal(sb.buf, words[i]);
	}
	strbuf_clear(&sb);
	strbuf_addquoted(&sb, "a b");
	assert_string_equal(sb.buf, "'a b'");
}

static void vis_leaves_nothing_for_a_terminal(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "a b", "a b" },
		{ "a\nb\tc", "a\\nb\\tc" },
		{ "\x1b[31m", "\\x1b[31m" },
		{ "\x7f\r", "\\x7f\\x0d" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xc2\x9b", "\\xc2\\x9b" },
		{ "\xc2\xa0", "\xc2\xa0" },
		{ "\x9b", "\\x9b" },
		{ "\xff"
		  "a",
		  "\\xffa" },
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	};
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		strbuf_clear(&sb);
		strbuf_addvis(&sb, cases[i].in);
		assert_string_equal(sb.buf, cases[i].out);
	}
}

/* jansson reads it; what it takes for UTF-8 comes back as it was, the rest with U+FFFD. */
static void check_json(const char *s)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;
	json_t *direct = json_string(s), *read;

	strbuf_addjson(&sb, s);
	read = json_loadb(sb.buf, sb.len, JSON_DECODE_ANY, NULL);
	assert_true(json_is_string(read));
	if (direct)
		assert_true(json_equal(direct, read));
	else
		assert_non_null(strstr(json_string_value(read), "\xef\xbf\xbd"));
	json_decref(direct);
	json_decref(read);
}

static void json_strings_are_read_by_jansson(void **state)
{
	static const char *const words[] = { "", "a\"b\\c/d", "\b\f\n\r\t\x01\x1f\x7f",
					     "</script>" };
	char two[3] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		check_json(words[i]);
	for (int a = 1; a < 256; a++)
		for (int b = 0; b < 256; b++) {
			two[0] = (char)a;
			two[1] = (char)b;
			check_json(two);
		}
}

/* Every edge of the UTF-8 table in every place of a sequence. */
static void json_agrees_with_jansson_on_utf8(void **state)
{
	static const unsigned char edges[] = {
		'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2,
		0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff, 0,
	};
	const size_t n = sizeof(edges);
	char s[5] = "";

	(void)state;
	for (size_t i = 0; i < n * n * n * n; i++) {
		s[0] = (char)edges[i % n];
		s[1] = (char)edges[i / n % n];
		s[2] = (char)edges[i / n / n % n];
		s[3] = (char)edges[i / n / n / n];
		check_json(s);
	}
}

static void bad_utf8_is_replaced_byte_by_byte(void **state)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	(void)state;
	strbuf_addjson(&sb, "a\xff\xe2\x82z");
	assert_string_equal(sb.buf, "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
}

static void a_vector_ends_with_null(void **state)
{
	PGO_AUTO(strvec) sv = STRVEC_INIT;
	char *own = xstrdup("own");

	(void)state;
	assert_null(sv.v[0]);
	strvec_sort(&sv);
	strvec_clear(&sv);
	for (size_t i = 0; i < 1000; i++) {
		strvec_pushf(&sv, "%zu", i);
		assert_int_equal(sv.nr, i + 1);
		assert_null(sv.v[sv.nr]);
	}
	assert_string_equal(sv.v[999], "999");
	strvec_push_take(&sv, own);
	assert_ptr_equal(sv.v[1000], own);
	strvec_clear(&sv);
	assert_int_equal(sv.nr, 0);
	assert_null(sv.v[0]);
	strvec_release(&sv);
	assert_null(sv.v[0]);
}

static void push_all(struct strvec *sv, const char *const *words)
{
	PGO_AUTO(strvec) copy = STRVEC_INIT;

	for (; *words; words++)
		strvec_push(&copy, *words);
	strvec_pushv(sv, copy.v);
}

static void sorting_is_by_bytes(void **state)
{
	static const char *const in[] = { "b", "\xc3\xa4", "B", "", "a", "ab", "a-", NULL };
	static const char *const out[] = { "", "B", "a", "a-", "ab", "b", "\xc3\xa4" };
	PGO_AUTO(strvec) sv = STRVEC_INIT;

	(void)state;
	push_all(&sv, in);
	strvec_sort(&sv);
	assert_int_equal(sv.nr, ARRAY_SIZE(out));
	for (size_t i = 0; i < sv.nr; i++)
		assert_string_equal(sv.v[i], out[i]);
	assert_true(strvec_has(&sv, "a-"));
	assert_false(strvec_has(&sv, "a-b"));
}

static void environments_are_set_and_unset(void **state)
{
	static const char *const in[] = { "A=1", "AB=2", "ODD", "C=x=y", "A=again", "D=", NULL };
	PGO_AUTO(strvec) env = STRVEC_INIT;

	(void)state;
	assert_null(strvec_getenv(&env, "A"));
	strvec_setenv(&env, "A", NULL);
	push_all(&env, in);
	assert_string_equal(strvec_getenv(&env, "A"), "1");
	assert_string_equal(strvec_getenv(&env, "C"), "x=y");
	assert_string_equal(strvec_getenv(&env, "D"), "");
	assert_null(strvec_getenv(&env, "ODD"));
	assert_null(strvec_getenv(&env, ""));
	strvec_setenv(&env, "AB", "two");
	strvec_setenv(&env, "E", "");
	strvec_setenv(&env, "C", NULL);
	assert_int_equal(env.nr, 6);
	assert_string_equal(env.v[1], "AB=two");
	assert_string_equal(env.v[5], "E=");
	assert_null(env.v[6]);
	assert_null(strvec_getenv(&env, "C"));
}

static void a_name_that_stands_twice_goes_away_whole(void **state)
{
	static const char *const in[] = { "A=1", "B=2", "A=3", NULL };
	PGO_AUTO(strvec) env = STRVEC_INIT;

	(void)state;
	push_all(&env, in);
	strvec_setenv(&env, "A", NULL);
	assert_int_equal(env.nr, 1);
	assert_string_equal(env.v[0], "B=2");
	assert_null(env.v[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_is_a_string),
		cmocka_unit_test(it_grows_and_stays_terminated),
		cmocka_unit_test(formatting_takes_any_length),
		cmocka_unit_test(nul_bytes_are_kept),
		cmocka_unit_test(a_size_that_overflows_ends_the_program),
		cmocka_unit_test(quoting_survives_a_shell),
		cmocka_unit_test(safe_words_stay_readable),
		cmocka_unit_test(vis_leaves_nothing_for_a_terminal),
		cmocka_unit_test(json_strings_are_read_by_jansson),
		cmocka_unit_test(json_agrees_with_jansson_on_utf8),
		cmocka_unit_test(bad_utf8_is_replaced_byte_by_byte),
		cmocka_unit_test(a_vector_ends_with_null),
		cmocka_unit_test(sorting_is_by_bytes),
		cmocka_unit_test(environments_are_set_and_unset),
		cmocka_unit_test(a_name_that_stands_twice_goes_away_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
