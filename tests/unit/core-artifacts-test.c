/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/core/artifacts.h"
#include "tests/lib/folder.h"

/* Nothing in it may be taken for a pattern. */
#define BUILD "b[u]i*l? d\\x"

static char *build_dir;

static int set_up(void **state)
{
	if (folder_enter(state))
		return -1;
	build_dir = fs_join(folder, BUILD);
	return fs_mkdir_p(build_dir, NULL);
}

static int tear_down(void **state)
{
	free(build_dir);
	return folder_leave(state);
}

/* A file below the build folder; its content is its name. */
static void make(const char *name, mode_t mode)
{
	PGO_AUTO_FREE char *path = fs_join(build_dir, name), *parent = fs_dirname(path);

	assert_int_equal(fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(fs_write_atomic(path, name, strlen(name), mode, NULL), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void make_link(const char *target, const char *name)
{
	PGO_AUTO_FREE char *path = fs_join(build_dir, name);

	assert_int_equal(symlink(target, path), 0);
}

static void plant(void)
{
	make("prog", 0755);
	make("libx.so.1", 0644);
	make(".hidden.so.1", 0644);
	make("bin/one", 0755);
	make("bin/two", 0750);
	make("bin/deep/three", 0644);
	make("[ab].txt", 0644);
	make("a.txt", 0644);
	make("a b\n$x'", 0644);
	make_link("libx.so.1", "libx.so");
	make_link("../prog", "bin/link");
	make_link("deep", "bin/folder");
}

static int collect(const char *const *patterns, struct strvec *rels, struct pgo_err *err)
{
	PGO_AUTO(project) p = PROJECT_INIT;

	for (; *patterns; patterns++)
		strvec_push(&p.config.artifacts, *patterns);
	assert_int_equal(fs_remove_tree("out", NULL), 0);
	return artifacts_collect(&p, build_dir, "out", rels, err);
}

static void assert_copied(const char *rel, const char *content)
{
	PGO_AUTO_FREE char *copy = fs_join("out", rel), *original = fs_join(build_dir, rel);
	PGO_AUTO(strbuf) got = STRBUF_INIT;
	struct stat a, b;

	assert_int_equal(fs_read_file(copy, &got, NULL), 0);
	assert_string_equal(got.buf, content);
	assert_int_equal(lstat(copy, &a), 0);
	assert_int_equal(stat(original, &b), 0);
	assert_true(S_ISREG(a.st_mode));
	assert_int_equal(a.st_mode, b.st_mode);
}

/* The patterns give these files, in this order; both lists end with NULL. */
static void check(const char *const *patterns, const char *const *want)
{
	PGO_AUTO(strvec) rels = STRVEC_INIT;
	size_t nr = 0;

	assert_int_equal(collect(patterns, &rels, NULL), 0);
	for (; want[nr]; nr++) {
		assert_true(nr < rels.nr);
		assert_string_equal(rels.v[nr], want[nr]);
	}
	assert_int_equal(rels.nr, nr);
}
#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static void names_are_taken_as_they_stand(void **state)
{
	(void)state;
	plant();
	check(LIST("prog"), LIST("prog"));
	assert_copied("prog", "prog");
	check(LIST("bin/two", "a b\n$x'", "bin/one"), LIST("a b\n$x'", "bin/one", "bin/two"));
	assert_copied("bin/two", "bin/two");
	check(LIST("[ab].txt"), LIST("[ab].txt"));
	assert_copied("[ab].txt", "[ab].txt");
}

static void patterns_are_matched(void **state)
{
	(void)state;
	plant();
	check(LIST("*.so*"), LIST("libx.so", "libx.so.1"));
	check(LIST("bin/t*"), LIST("bin/two"));
	check(LIST("b?n/on[a-e]"), LIST("bin/one"));
	check(LIST("[abc].txt"), LIST("a.txt"));
	check(LIST("\\[ab\\].txt"), LIST("[ab].txt"));
	check(LIST(".hid*"), LIST(".hidden.so.1"));
	check(LIST("prog", "pro*", "*rog"), LIST("prog"));
}

static void folders_are_taken_whole(void **state)
{
	(void)state;
	plant();
	check(LIST("bin"), LIST("bin/deep/three", "bin/link", "bin/one", "bin/two"));
	assert_copied("bin/deep/three", "bin/deep/three");
	check(LIST("bin/"), LIST("bin/deep/three", "bin/link", "bin/one", "bin/two"));
	check(LIST("b*"), LIST("bin/deep/three", "bin/link", "bin/one", "bin/two"));
	check(LIST("bin/folder"), LIST("bin/folder/three"));
}

static void links_are_followed(void **state)
{
	(void)state;
	plant();
	check(LIST("libx.so", "bin/link"), LIST("bin/link", "libx.so"));
	assert_copied("libx.so", "libx.so.1");
	assert_copied("bin/link", "prog");
}

static void a_link_to_nothing_is_told(void **state)
{
	PGO_AUTO(strvec) rels = STRVEC_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	make_link("nowhere", "dangling");
	make_link("loop", "loop");
	assert_true(collect(LIST("dangling"), &rels, &err) < 0);
	assert_non_null(strstr(err.msg, "dangling'"));
	assert_true(collect(LIST("lo*"), &rels, &err) < 0);
	assert_int_equal(rels.nr, 0);
}

static void what_is_not_there_is_told(void **state)
{
	PGO_AUTO(strvec) rels = STRVEC_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO_FREE char *want = NULL;

	(void)state;
	assert_int_equal(collect(LIST("prog"), &rels, &err), -PGO_ECONFIG);
	want = xstrfmt("paths are relative to '%s'; there is no program there", build_dir);
	assert_string_equal(err.msg, "the build made no 'prog', which build.artifacts asks for");
	assert_string_equal(err.hint, want);
	plant();
	assert_int_equal(collect(LIST("prog", "*.dll"), &rels, &err), -PGO_ECONFIG);
	assert_string_equal(err.msg, "the build made no '*.dll', which build.artifacts asks for");
	free(want);
	want = xstrfmt("paths are relative to '%s'; programs there: bin/one, bin/two, prog",
		       build_dir);
	assert_string_equal(err.hint, want);
}

static void an_empty_folder_gives_nothing(void **state)
{
	PGO_AUTO(strvec) rels = STRVEC_INIT;
	PGO_AUTO_FREE char *empty = fs_join(build_dir, "empty");
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(fs_mkdir_p(empty, NULL), 0);
	assert_int_equal(collect(LIST("empty"), &rels, &err), -PGO_ECONFIG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_taken_as_they_stand), TEST(patterns_are_matched),
		TEST(folders_are_taken_whole),	     TEST(links_are_followed),
		TEST(a_link_to_nothing_is_told),     TEST(what_is_not_there_is_told),
		TEST(an_empty_folder_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
