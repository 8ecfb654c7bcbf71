/* SPDX-License-Identifier: Apache-2.0 */
/* Trees: make, walk, copy, remove; temporary folders. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "tests/lib/folder.h"

static char type_of(const struct stat *st)
{
	return S_ISDIR(st->st_mode)   ? '/'
	       : S_ISLNK(st->st_mode) ? '@'
	       : S_ISREG(st->st_mode) ? '.'
				      : '?';
}

struct walk {
	struct strbuf names;
	const char *skip, *stop;
};

static int note(const char *path, const char *rel, const struct stat *st, void *arg,
		struct pgo_err *err)
{
	struct walk *w = arg;
	struct stat again;

	(void)err;
	assert_int_equal(lstat(path, &again), 0);
	assert_int_equal(again.st_ino, st->st_ino);
	strbuf_addf(&w->names, "%s%c ", rel, type_of(st));
	if (w->skip && !strcmp(rel, w->skip))
		return FS_WALK_SKIP;
	return w->stop && !strcmp(rel, w->stop) ? -77 : 0;
}

static void check_walk(const char *root, const char *skip, const char *stop, int ret,
		       const char *want)
{
	struct walk w = { STRBUF_INIT, skip, stop };

	assert_int_equal(fs_walk(root, note, &w, NULL), ret);
	assert_string_equal(w.names.buf, want);
	strbuf_release(&w.names);
}

/* A tree with a bit of everything; a\nb is a name with a newline. */
static void plant(void)
{
	assert_int_equal(fs_mkdir_p("t/b/c", NULL), 0);
	assert_int_equal(fs_mkdir_p("t/a", NULL), 0);
	folder_put("t/a-", "1");
	folder_put("t/a/z", "2");
	folder_put("t/a/\xff\n", "3");
	folder_put("t/B", "4");
	folder_put("t/b/c/d", "5");
	folder_put("outside", "6");
	assert_int_equal(symlink("../outside", "t/link"), 0);
	assert_int_equal(symlink("b", "t/folder"), 0);
	assert_int_equal(symlink("nowhere", "t/dangling"), 0);
	assert_int_equal(mkfifo("t/pipe", 0644), 0);
}

static void a_walk_is_sorted_by_bytes(void **state)
{
	(void)state;
	plant();
	check_walk("t", NULL, NULL, 0,
		   "B. a/ a/z. a/\xff\n. a-. b/ b/c/ b/c/d. dangling@ folder@ "
		   "link@ pipe? ");
	check_walk("t/a", NULL, NULL, 0, "z. \xff\n. ");
	check_walk("t/folder", NULL, NULL, 0, "c/ c/d. ");
}

static void a_walk_skips_and_stops(void **state)
{
	(void)state;
	plant();
	check_walk("t", "b", NULL, 0, "B. a/ a/z. a/\xff\n. a-. b/ dangling@ folder@ link@ pipe? ");
	check_walk("t", "a-", NULL, 0,
		   "B. a/ a/z. a/\xff\n. a-. b/ b/c/ b/c/d. dangling@ folder@ "
		   "link@ pipe? ");
	check_walk("t", NULL, "b/c", -77, "B. a/ a/z. a/\xff\n. a-. b/ b/c/ ");
	check_walk("nowhere", NULL, NULL, -PGO_ENOTFOUND, "");
	check_walk("outside", NULL, NULL, -PGO_ENOTFOUND, "");
}

static void folders_are_made(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(fs_mkdir_p("a b/c//d/./e/", NULL), 0);
	assert_true(fs_is_dir("a b/c/d/e"));
	assert_int_equal(fs_mkdir_p("a b/c", NULL), 0);
	assert_int_equal(fs_mkdir_p("/", NULL), 0);
	assert_int_equal(fs_mkdir_p("", &err), -PGO_ENOTFOUND);
	folder_put("file", "");
	assert_true(fs_mkdir_p("file", &err) < 0);
	assert_true(fs_mkdir_p("file/x", &err) < 0);
	assert_int_equal(symlink("a b", "link"), 0);
	assert_int_equal(fs_mkdir_p("link/f", NULL), 0);
	assert_true(fs_is_dir("a b/f"));
	assert_true(fs_is_dir("link"));
	assert_false(fs_is_dir("file"));
	assert_false(fs_exists("nothing"));
}

static void assert_same_times(const char *a, const char *b)
{
	struct stat x, y;

	assert_int_equal(lstat(a, &x), 0);
	assert_int_equal(lstat(b, &y), 0);
	assert_int_equal(x.st_mode, y.st_mode);
	assert_int_equal(x.st_mtim.tv_sec, y.st_mtim.tv_sec);
	assert_int_equal(x.st_mtim.tv_nsec, y.st_mtim.tv_nsec);
	assert_int_equal(x.st_size, y.st_size);
}

static void a_copy_keeps_mode_and_time(void **state)
{
	static const struct timespec times[2] = { { 1000, 1 }, { 1234567, 89 } };
	static const mode_t modes[] = { 0644, 0755, 0400, 0600, 04755, 0777 };
	PGO_AUTO_FREE char *large = xcalloc(300000, 1);
	mode_t old = umask(077);

	(void)state;
	memset(large, 'x', 299999);
	folder_put("large", large);
	folder_put("src", "content");
	folder_put("empty", "");
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod("src", modes[i]), 0);
		assert_int_equal(utimensat(AT_FDCWD, "src", times, 0), 0);
		assert_int_equal(fs_copy_file("src", "new/folder/dst", NULL), 0);
		folder_has("new/folder/dst", "content");
		assert_same_times("src", "new/folder/dst");
	}
	assert_int_equal(fs_copy_file("large", "dst", NULL), 0);
	folder_has("dst", large);
	assert_int_equal(fs_copy_file("empty", "dst", NULL), 0);
	folder_has("dst", "");
	umask(old);
}

static void a_copy_follows_no_link(void **state)
{
	char target[100] = "";

	(void)state;
	folder_put("src", "content");
	folder_put("outside", "stays");
	assert_int_equal(symlink("outside", "dst"), 0);
	assert_int_equal(fs_copy_file("src", "dst", NULL), 0);
	folder_has("outside", "stays");
	folder_has("dst", "content");
	assert_int_equal(symlink("nowhere at all", "dangling"), 0);
	assert_int_equal(fs_copy_file("dangling", "dst", NULL), 0);
	assert_int_equal(readlink("dst", target, sizeof(target) - 1), 14);
	assert_string_equal(target, "nowhere at all");
}

static void a_copy_that_cannot_be(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	folder_put("src", "content");
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(fs_copy_file("nothing", "dst", &err), -PGO_ENOTFOUND);
	assert_true(fs_copy_file("src", "folder", &err) < 0);
	assert_true(fs_copy_file("src", "src/x", &err) < 0);
	folder_has("src", "content");
	if (!geteuid())
		return;
	assert_int_equal(chmod("src", 0), 0);
	assert_int_equal(fs_copy_file("src", "dst", &err), -PGO_EPERM);
}

static bool skip_b(const char *rel, void *arg)
{
	++*(unsigned *)arg;
	return !strcmp(rel, "b") || !strcmp(rel, "a-");
}

static void a_tree_is_copied(void **state)
{
	unsigned asked = 0;

	(void)state;
	plant();
	assert_int_equal(chmod("t/a", 0500), 0);
	assert_int_equal(fs_copy_tree("t", "x/y", NULL, NULL, NULL), 0);
	check_walk("x/y", NULL, NULL, 0,
		   "B. a/ a/z. a/\xff\n. a-. b/ b/c/ b/c/d. dangling@ folder@ "
		   "link@ ");
	folder_has("x/y/b/c/d", "5");
	assert_same_times("t/a/z", "x/y/a/z");
	assert_int_equal(fs_copy_tree("t", "z", skip_b, &asked, NULL), 0);
	check_walk("z", NULL, NULL, 0, "B. a/ a/z. a/\xff\n. dangling@ folder@ link@ ");
	assert_int_equal(asked, 10);
	/* Over what is there already. */
	folder_put("t/B", "new");
	assert_int_equal(fs_copy_tree("t", "x/y", NULL, NULL, NULL), 0);
	folder_has("x/y/B", "new");
	assert_int_equal(fs_copy_tree("nowhere", "w", NULL, NULL, NULL), -PGO_ENOTFOUND);
}

static void removing_follows_no_link(void **state)
{
	(void)state;
	plant();
	assert_int_equal(fs_mkdir_p("kept/sub", NULL), 0);
	folder_put("kept/sub/f", "stays");
	assert_int_equal(symlink("../kept", "t/b/out"), 0);
	assert_int_equal(symlink("kept", "to-kept"), 0);
	assert_int_equal(chmod("t/b/c", 0), 0);
	assert_int_equal(fs_remove_tree("t", NULL), 0);
	assert_false(fs_exists("t"));
	folder_has("kept/sub/f", "stays");
	folder_has("outside", "6");
	assert_int_equal(fs_remove_tree("to-kept", NULL), 0);
	assert_false(fs_exists("to-kept"));
	folder_has("kept/sub/f", "stays");
	assert_int_equal(fs_remove_tree("outside", NULL), 0);
	assert_int_equal(fs_remove_tree("nothing", NULL), 0);
	check_walk(".", NULL, NULL, 0, "kept/ kept/sub/ kept/sub/f. ");
}

static void temporary_folders_go_away(void **state)
{
	struct tempdir a = TEMPDIR_INIT, b = TEMPDIR_INIT;
	PGO_AUTO_FREE char *f = NULL, *path = NULL;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(tempdir_make(&a, ".", NULL), 0);
	assert_int_equal(tempdir_make(&b, ".", NULL), 0);
	assert_string_not_equal(a.path, b.path);
	assert_int_equal(stat(a.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	f = fs_join(a.path, "x/y");
	path = xstrdup(a.path);
	assert_int_equal(fs_mkdir_p(f, NULL), 0);
	tempdir_release(&a);
	assert_false(fs_exists(path));
	tempdir_release(&a);
	tempdir_release(&b);
	assert_true(tempdir_make(&a, "nowhere", &err) < 0);
	assert_null(a.path);
}

static void the_place_for_them_is_tmpdir(void **state)
{
	PGO_AUTO_FREE char *was = xstrdup(getenv("TMPDIR"));
	struct tempdir t = TEMPDIR_INIT;

	(void)state;
	setenv("TMPDIR", folder, 1);
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	assert_memory_equal(t.path, folder, strlen(folder));
	tempdir_release(&t);
	setenv("TMPDIR", "", 1);
	assert_int_equal(tempdir_make(&t, NULL, NULL), 0);
	assert_memory_equal(t.path, "/tmp/", 5);
	tempdir_release(&t);
	if (was)
		setenv("TMPDIR", was, 1);
	else
		unsetenv("TMPDIR");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_enter, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_walk_is_sorted_by_bytes), TEST(a_walk_skips_and_stops),
		TEST(folders_are_made),		 TEST(a_copy_keeps_mode_and_time),
		TEST(a_copy_follows_no_link),	 TEST(a_copy_that_cannot_be),
		TEST(a_tree_is_copied),		 TEST(removing_follows_no_link),
		TEST(temporary_folders_go_away), TEST(the_place_for_them_is_tmpdir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
