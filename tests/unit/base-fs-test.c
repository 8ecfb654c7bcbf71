/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files and paths; trees are in base-tree-test.c. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "tests/lib/folder.h"

static int note_name(const char *path, const char *rel, const struct stat *st, void *arg,
		     struct pgo_err *err)
{
	(void)path;
	(void)st;
	(void)err;
	strbuf_addf(arg, "%s ", rel);
	return 0;
}

/* What lies in the current folder, sorted, with a blank behind each name. */
static void assert_names(const char *want)
{
	PGO_AUTO(strbuf) got = STRBUF_INIT;

	assert_int_equal(fs_walk(".", note_name, &got, NULL), 0);
	assert_string_equal(got.buf, want);
}

static void a_file_is_read_whole(void **state)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT, big = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++)
		strbuf_addf(&big, "%d\n", i);
	folder_put("big", big.buf);
	strbuf_addstr(&sb, "before ");
	assert_int_equal(fs_read_file("big", &sb, &err), 0);
	assert_int_equal(sb.len, big.len + 7);
	assert_memory_equal(sb.buf + 7, big.buf, big.len);
	assert_null(err.msg);
	assert_int_equal(fs_read_file("nothing", &sb, &err), -PGO_ENOTFOUND);
	assert_string_equal(err.msg, "cannot open 'nothing': No such file or directory");
	assert_int_equal(fs_read_file(".", &sb, &err), -PGO_EIO);
}

static void a_view_shows_the_bytes(void **state)
{
	PGO_AUTO(fs_view) v = FS_VIEW_INIT;

	(void)state;
	assert_int_equal(fs_write_atomic("f", "a\0b", 3, 0644, NULL), 0);
	assert_int_equal(fs_view_open(&v, "f", NULL), 0);
	assert_int_equal(v.len, 3);
	assert_memory_equal(v.data, "a\0b", 3);
	fs_view_release(&v);
	folder_put("f", "");
	assert_int_equal(fs_view_open(&v, "f", NULL), 0);
	assert_int_equal(v.len, 0);
	assert_non_null(v.data);
	fs_view_release(&v);
	/* Its size is said to be 0. */
	assert_int_equal(fs_view_open(&v, "/proc/self/status", NULL), 0);
	assert_true(v.len > 10);
	assert_memory_equal(v.data, "Name:", 5);
}

static void a_view_of_nothing_leaves_it_alone(void **state)
{
	PGO_AUTO(fs_view) v = FS_VIEW_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(fs_view_open(&v, "nothing", &err), -PGO_ENOTFOUND);
	assert_int_equal(fs_view_open(&v, ".", &err), -PGO_EIO);
	assert_string_equal(err.msg, "cannot read '.': Is a directory");
	assert_null(v.data);
}

static void check_tail(const char *text, size_t len, unsigned nr, const char *want)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	assert_int_equal(fs_write_atomic("log", text, len, 0644, NULL), 0);
	fs_tail("log", nr, &sb);
	assert_string_equal(sb.buf, want);
}

static void a_tail_has_the_last_lines(void **state)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT, big = STRBUF_INIT;

	(void)state;
	check_tail("", 0, 5, "");
	check_tail("a", 1, 5, "a");
	check_tail("a\nb\nc\n", 6, 2, "b\nc");
	check_tail("a\nb\nc\n\n\n", 8, 1, "c");
	check_tail("a\nb\nc", 5, 3, "a\nb\nc");
	check_tail("a\nb\nc", 5, 9, "a\nb\nc");
	check_tail("a\nb\0c\nd\n", 8, 2, "b?c\nd");
	fs_tail("nothing", 3, &sb);
	fs_tail(".", 3, &sb);
	assert_int_equal(sb.len, 0);
	for (int i = 0; i < 20000; i++)
		strbuf_addstr(&big, "0123456789");
	folder_put("log", big.buf);
	fs_tail("log", 20, &sb);
	assert_int_equal(sb.len, 16 << 10);
}

static void writing_replaces_whole(void **state)
{
	struct stat st;
	mode_t old = umask(022);

	(void)state;
	folder_put("old", "first");
	folder_put("old", "second");
	folder_has("old", "second");
	assert_int_equal(fs_write_atomic("new", "x", 1, 0777, NULL), 0);
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_names("new old ");
	umask(old);
}

static void an_uncommitted_file_goes_away(void **state)
{
	struct fs_atomic f = FS_ATOMIC_INIT;

	(void)state;
	folder_put("old", "stays");
	assert_int_equal(fs_atomic_open(&f, "old", 0644, NULL), 0);
	assert_true(fs_exists(f.tmp_path));
	assert_int_equal(fs_write_all(f.fd, "half", 4), 0);
	folder_has("old", "stays");
	fs_atomic_release(&f);
	assert_names("old ");
	folder_has("old", "stays");
	fs_atomic_release(&f);
}

static void a_killed_writer_leaves_the_old_one(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	folder_put("old", "stays");
	pid = fork();
	if (!pid) {
		struct fs_atomic f = FS_ATOMIC_INIT;

		if (fs_atomic_open(&f, "old", 0644, NULL) || fs_write_all(f.fd, "half", 4))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	folder_has("old", "stays");
}

static void places_that_cannot_be_written(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(fs_write_atomic("no/such/f", "x", 1, 0644, &err), -PGO_ENOTFOUND);
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(fs_write_atomic("folder", "x", 1, 0644, &err), -PGO_EUSAGE);
	assert_int_equal(mkfifo("fifo", 0644), 0);
	assert_int_equal(fs_write_atomic("fifo", "x", 1, 0644, &err), -PGO_EUSAGE);
	assert_string_equal(err.msg, "cannot write 'fifo': it is no regular file");
	assert_int_equal(fs_write_atomic("/dev/null", "x", 1, 0644, &err), -PGO_EUSAGE);
	assert_names("fifo folder ");
}

/* 0 when a write of 1 MiB to path fails as it should and the old content stays. */
static int write_too_much(const char *path)
{
	PGO_AUTO_FREE char *large = xcalloc(1 << 20, 1);
	PGO_AUTO_FREE char *said = xstrfmt("cannot write '%s': ", path);
	PGO_AUTO(strbuf) content = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	if (fs_write_atomic(path, large, 1 << 20, 0644, &err) != -PGO_EIO)
		return 1;
	if (strncmp(err.msg, said, strlen(said)) != 0)
		return 2;
	return fs_read_file(path, &content, NULL) || strcmp(content.buf, "stays") ? 3 : 0;
}

static void a_file_size_limit_leaves_the_old_one(void **state)
{
	struct rlimit was, small = { 4096, RLIM_INFINITY };

	(void)state;
	folder_put("old", "stays");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(write_too_much("old"), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_names("old ");
}

/* In a child with a mount namespace of its own; 77 when that is not allowed. */
static int fill_a_disk(void)
{
	PGO_AUTO(strbuf) names = STRBUF_INIT;
	PGO_AUTO_FREE char *large = xcalloc(1, 1 << 20);
	int ret;

	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 77;
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mkdir("disk", 0755) || mount("tmpfs", "disk", "tmpfs", 0, "size=64k"))
		return 77;
	ret = fs_write_atomic("large", large, 1 << 20, 0644, NULL);
	if (!ret)
		ret = fs_write_atomic("disk/old", "stays", 5, 0644, NULL);
	if (!ret)
		ret = write_too_much("disk/old");
	if (!ret && fs_copy_file("large", "disk/copy", NULL) != -PGO_EIO)
		ret = 4;
	if (!ret && (fs_walk("disk", note_name, &names, NULL) || strcmp(names.buf, "old ")))
		ret = 5;
	return ret;
}

static void a_full_disk_leaves_the_old_one(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(fill_a_disk());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void appended_lines_do_not_mix(void **state)
{
	enum { WRITERS = 4, LINES = 200, LEN = 3000 };
	PGO_AUTO(strbuf) all = STRBUF_INIT;
	char line[LEN];
	int status;

	(void)state;
	for (int w = 0; w < WRITERS; w++) {
		if (fork())
			continue;
		memset(line, 'a' + w, LEN - 1);
		line[LEN - 1] = '\n';
		for (int i = 0; i < LINES; i++)
			if (fs_append_line("lines", line, LEN, NULL))
				_exit(1);
		_exit(0);
	}
	for (int w = 0; w < WRITERS; w++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(fs_read_file("lines", &all, NULL), 0);
	assert_int_equal(all.len, WRITERS * LINES * LEN);
	for (size_t i = 0; i < all.len; i++)
		if (i % LEN == LEN - 1)
			assert_int_equal(all.buf[i], '\n');
		else
			assert_int_equal(all.buf[i], all.buf[i / LEN * LEN]);
	assert_int_equal(fs_append_line("no/lines", "x", 1, NULL), -PGO_ENOTFOUND);
	assert_int_equal(fs_append_line("/dev/full", "x", 1, NULL), -PGO_EIO);
}

static void paths_are_joined(void **state)
{
	static const struct {
		const char *dir, *name, *want;
	} cases[] = {
		{ "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "", "b", "b" },
		{ "a", "/b", "/b" }, { "/", "b", "/b" },   { ".", "b", "./b" },
		{ "a", "", "a" },    { "", "", "" },	   { "a b", "c'd", "a b/c'd" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO_FREE char *got = fs_join(cases[i].dir, cases[i].name);

		assert_string_equal(got, cases[i].want);
	}
}

static void paths_are_cleaned(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{ "/", "/" },		{ "//", "/" },
		{ "/a/b", "/a/b" },	{ "/a//b/", "/a/b" },
		{ "/a/./b", "/a/b" },	{ "/a/../b", "/b" },
		{ "/../a", "/a" },	{ "/a/../..", "/" },
		{ "/a/...", "/a/..." }, { "/a/..b/.c", "/a/..b/.c" },
		{ "/.", "/" },		{ "/a/b/../../../c", "/c" },
	};
	PGO_AUTO_FREE char *cwd = getcwd(NULL, 0), *here = fs_absolute(""), *dot = fs_absolute(".");
	PGO_AUTO_FREE char *want = xstrfmt("%s/x", cwd), *sub = fs_absolute("./a/../x");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO_FREE char *got = fs_absolute(cases[i].path);

		assert_string_equal(got, cases[i].want);
	}
	assert_string_equal(here, cwd);
	assert_string_equal(dot, cwd);
	assert_string_equal(sub, want);
}

static void paths_are_split(void **state)
{
	static const struct {
		const char *path, *dir, *base;
	} cases[] = {
		{ "a", ".", "a" },   { "/a", "/", "a" },   { "//a", "/", "a" },
		{ "a/b", "a", "b" }, { "a//b", "a", "b" }, { "/a/b", "/a", "b" },
		{ "", ".", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO_FREE char *got = fs_dirname(cases[i].path);

		assert_string_equal(got, cases[i].dir);
		assert_string_equal(fs_basename(cases[i].path), cases[i].base);
	}
}

static void check_which(const char *name, const char *path, const char *skip_dir, const char *want)
{
	PGO_AUTO_FREE char *got = fs_which(name, path, skip_dir);
	PGO_AUTO_FREE char *full = want ? fs_absolute(want) : NULL;

	if (!want) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, full);
}

static void programs_are_found_on_path(void **state)
{
	PGO_AUTO_FREE char *a = fs_absolute("a"), *b = fs_absolute("b");
	PGO_AUTO_FREE char *path = xstrfmt("/nowhere::%s:%s", a, b);

	(void)state;
	assert_int_equal(fs_mkdir_p("a/folder", NULL), 0);
	assert_int_equal(fs_mkdir_p("b", NULL), 0);
	folder_put("a/text", "");
	folder_put("b/text", "");
	folder_put("prog", "");
	folder_put("a/prog", "");
	folder_put("b/prog", "");
	folder_put("b/only", "");
	for (size_t i = 0; i < 5; i++) {
		static const char *const programs[] = { "b/text", "prog", "a/prog", "b/prog",
							"b/only" };

		assert_int_equal(chmod(programs[i], 0755), 0);
	}
	check_which("prog", path, NULL, "a/prog");
	check_which("prog", path, a, "b/prog");
	check_which("only", path, NULL, "b/only");
	check_which("only", path, b, NULL);
	check_which("text", path, NULL, "b/text");
	check_which("folder", path, NULL, NULL);
	check_which("./prog", "/nowhere", NULL, "prog");
	check_which("a/text", path, NULL, NULL);
	check_which("prog", "a:b", NULL, "a/prog");
	check_which("prog", "", NULL, NULL);
	check_which("", path, NULL, NULL);
	check_which("sh", NULL, NULL, fs_exists("/usr/bin/sh") ? "/usr/bin/sh" : "/bin/sh");
}

static void the_own_program_is_known(void **state)
{
	PGO_AUTO_FREE char *got = fs_exe_dir(), *exe = fs_join(got, "base-fs-test");

	(void)state;
	assert_int_equal(got[0], '/');
	assert_true(fs_exists(exe));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, folder_enter, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_read_whole),
		TEST(a_view_shows_the_bytes),
		TEST(a_view_of_nothing_leaves_it_alone),
		TEST(a_tail_has_the_last_lines),
		TEST(writing_replaces_whole),
		TEST(an_uncommitted_file_goes_away),
		TEST(a_killed_writer_leaves_the_old_one),
		TEST(places_that_cannot_be_written),
		TEST(a_file_size_limit_leaves_the_old_one),
		TEST(a_full_disk_leaves_the_old_one),
		TEST(appended_lines_do_not_mix),
		TEST(paths_are_joined),
		TEST(paths_are_cleaned),
		TEST(paths_are_split),
		TEST(programs_are_found_on_path),
		TEST(the_own_program_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
