/* SPDX-License-Identifier: Apache-2.0 */
/* What a training run depends on, and the environment that a run gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/core/workload.h"
#include "tests/lib/folder.h"

static int set_up(void **state)
{
	return sodium_init() < 0 || folder_enter(state);
}

struct given {
	const char *name, *run, *in, *stage_key;
	unsigned n;
	int expect_status;
};

/* The key of a run, malloc'ed. */
static char *key_of(const struct given *g)
{
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO_FREE char *name = xstrdup(g->name), *run = xstrdup(g->run), *in = xstrdup(g->in);
	const struct workload w = {
		.name = name, .run = run, .stdin_path = in, .expect_status = g->expect_status
	};
	char *hex = xcalloc(DIGEST_HEX_LEN + 1, 1);

	p.config.root = xstrdup(folder);
	assert_int_equal(workload_key(&p, &w, g->stage_key, g->n, hex, NULL), 0);
	return hex;
}

static const struct given base = {
	.name = "w",
	.stage_key = "s",
	.in = "in.txt",
	.run = "\"$PGO_OUT/prog\" --file=data/a.txt \"b c\"; ./script.sh 'q.txt' <r.txt | tee x",
};

static void plant(void)
{
	static const char *const files[] = { "in.txt", "data/a.txt", "data/unnamed", "script.sh",
					     "q.txt",  "r.txt",	     "other",	     "b",
					     "c",      "prog" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		folder_put(files[i], files[i]);
}

static void equal_inputs_have_equal_keys(void **state)
{
	PGO_AUTO_FREE char *one = NULL, *two = NULL;

	(void)state;
	plant();
	one = key_of(&base);
	folder_put("other", "changed");
	folder_put("data/unnamed", "changed");
	folder_put(".pgo/train/w/0/raw/x", "new");
	folder_put("in.txt", "in.txt");
	two = key_of(&base);
	assert_string_equal(one, two);
}

static void every_named_file_counts(void **state)
{
	static const char *const files[] = { "in.txt", "data/a.txt", "script.sh", "q.txt",
					     "r.txt",  "b",	     "c" };
	PGO_AUTO_FREE char *before = NULL;

	(void)state;
	plant();
	before = key_of(&base);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		PGO_AUTO_FREE char *changed = NULL, *again = NULL;

		folder_put(files[i], "changed");
		changed = key_of(&base);
		assert_string_not_equal(before, changed);
		folder_put(files[i], files[i]);
		again = key_of(&base);
		assert_string_equal(before, again);
	}
}

static void a_named_file_that_comes_counts(void **state)
{
	PGO_AUTO_FREE char *before = NULL, *after = NULL;

	(void)state;
	plant();
	before = key_of(&base);
	folder_put("x", "");
	after = key_of(&base);
	assert_string_not_equal(before, after);
}

static void a_named_folder_counts_whole(void **state)
{
	const struct given g = { .name = "w", .stage_key = "s", .run = "./run data" };
	PGO_AUTO_FREE char *before = NULL, *after = NULL, *ours = NULL;

	(void)state;
	plant();
	before = key_of(&g);
	folder_put("data/.pgo/x", "ours");
	folder_put("data/.git/x", "not an input");
	ours = key_of(&g);
	assert_string_equal(before, ours);
	folder_put("data/sub/deep", "new");
	after = key_of(&g);
	assert_string_not_equal(before, after);
}

static void everything_else_counts(void **state)
{
	struct given changed[6] = { base, base, base, base, base, base };
	char *keys[ARRAY_SIZE(changed) + 1];

	(void)state;
	plant();
	changed[0].name = "v";
	changed[1].run = "true";
	changed[2].in = NULL;
	changed[3].stage_key = "t";
	changed[4].n = 1;
	changed[5].expect_status = 1;
	keys[ARRAY_SIZE(changed)] = key_of(&base);
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		keys[i] = key_of(&changed[i]);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(keys[i], keys[k]);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		free(keys[i]);
}

/* What lies outside, what is no file, and the project itself are left alone. */
static void odd_words_do_no_harm(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		".",
		"..",
		". ..",
		"/",
		"/etc/passwd",
		"pipe",
		"./",
		"\"\"",
		"$x ${y} $(z) `w`",
		"a\nb\tc"
	};

	(void)state;
	assert_int_equal(mkfifo("pipe", 0644), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct given g = { .name = "w", .stage_key = "s", .run = lines[i] };
		PGO_AUTO_FREE char *one = key_of(&g), *two = key_of(&g);

		assert_string_equal(one, two);
	}
}

static void a_missing_stdin_is_an_error(void **state)
{
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	char name[] = "w", run[] = "true", in[] = "nothing", hex[DIGEST_HEX_LEN + 1];
	const struct workload w = { .name = name, .run = run, .stdin_path = in };

	(void)state;
	p.config.root = xstrdup(folder);
	assert_int_equal(workload_key(&p, &w, "s", 0, hex, &err), -PGO_ENOTFOUND);
}

static void a_run_knows_its_places(void **state)
{
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(strvec) env = STRVEC_INIT;
	char name[] = "fib";
	const struct workload w = { .name = name };

	(void)state;
	p.state = xstrdup("/s/.pgo");
	folder_put("out/lib/libx.so.1", "");
	folder_put("out/lib/liby.so", "");
	folder_put("out/plugins/z.so", "");
	folder_put("out/bin/prog", "");
	setenv("LLVM_PROFILE_FILE", "elsewhere", 1);
	setenv("GCOV_PREFIX", "elsewhere", 1);
	setenv("GCOV_PREFIX_STRIP", "3", 1);
	setenv("LD_LIBRARY_PATH", "/mine", 1);
	setenv("PGO_TEST", "kept", 1);
	workload_env(&p, &w, "instrumented", "out", "/tmp/x y", &env);
	unsetenv("LLVM_PROFILE_FILE");
	unsetenv("GCOV_PREFIX");
	unsetenv("GCOV_PREFIX_STRIP");
	unsetenv("LD_LIBRARY_PATH");
	unsetenv("PGO_TEST");
	assert_null(strvec_getenv(&env, "LLVM_PROFILE_FILE"));
	assert_null(strvec_getenv(&env, "GCOV_PREFIX"));
	assert_null(strvec_getenv(&env, "GCOV_PREFIX_STRIP"));
	assert_string_equal(strvec_getenv(&env, "PGO_OUT"), "out");
	assert_string_equal(strvec_getenv(&env, "PGO_TMP"), "/tmp/x y");
	assert_string_equal(strvec_getenv(&env, "PGO_STAGE"), "instrumented");
	assert_string_equal(strvec_getenv(&env, "PGO_WORKLOAD"), "fib");
	assert_string_equal(strvec_getenv(&env, "PGO_TEST"), "kept");
	assert_string_equal(strvec_getenv(&env, "PGOCTL_OWNER"), "/s/.pgo");
	assert_string_equal(strvec_getenv(&env, "LD_LIBRARY_PATH"), "out/lib:out/plugins:/mine");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_inputs_have_equal_keys),   TEST(every_named_file_counts),
		TEST(a_named_file_that_comes_counts), TEST(a_named_folder_counts_whole),
		TEST(everything_else_counts),	      TEST(odd_words_do_no_harm),
		TEST(a_missing_stdin_is_an_error),    TEST(a_run_knows_its_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
