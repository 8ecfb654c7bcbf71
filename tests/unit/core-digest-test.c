/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/core/digest.h"
#include "tests/lib/folder.h"

static int set_up(void **state)
{
	return sodium_init() < 0 || folder_enter(state);
}

/* FIPS 180-4 examples. */
static void known_answers(void **state)
{
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	static const char empty[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char million[] =
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
	PGO_AUTO_FREE char *a = xcalloc(1000001, 1);
	char hex[DIGEST_HEX_LEN + 1];
	struct digest d;

	(void)state;
	digest_init(&d);
	digest_add(&d, "a", 1);
	digest_add(&d, NULL, 0);
	digest_add(&d, "bc", 2);
	digest_hex(&d, hex);
	assert_string_equal(hex, abc);
	digest_init(&d);
	digest_hex(&d, hex);
	assert_string_equal(hex, empty);
	memset(a, 'a', 1000000);
	folder_put("million", a);
	assert_int_equal(digest_file_hex("million", hex, NULL), 0);
	assert_string_equal(hex, million);
	folder_put("empty", "");
	assert_int_equal(digest_file_hex("empty", hex, NULL), 0);
	assert_string_equal(hex, empty);
	assert_int_equal(digest_file_hex("nothing", hex, NULL), -PGO_ENOTFOUND);
	assert_int_equal(digest_file_hex(".", hex, NULL), -PGO_EIO);
	assert_string_equal(hex, empty);
}

static void hash_strings(const char *const *s, size_t nr, char hex[DIGEST_HEX_LEN + 1])
{
	struct digest d;

	digest_init(&d);
	for (size_t i = 0; i < nr; i++)
		digest_add_str(&d, s[i]);
	digest_hex(&d, hex);
}

static void fields_do_not_run_together(void **state)
{
	static const char *const lists[][3] = {
		{ "ab", "c", "" },   { "a", "bc", "" },	  { "", "abc", "" },	{ "abc", "", "" },
		{ "abc", NULL, "" }, { "abc", "", NULL }, { NULL, NULL, NULL }, { "", "", "" },
	};
	char hex[ARRAY_SIZE(lists)][DIGEST_HEX_LEN + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		hash_strings(lists[i], 3, hex[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(hex[i], hex[k]);
	}
}

static char *tree_hex(const char *root, bool (*skip)(const char *, void *))
{
	char *hex = xcalloc(DIGEST_HEX_LEN + 1, 1);
	struct digest d;

	digest_init(&d);
	assert_int_equal(digest_add_tree(&d, root, skip, NULL, NULL), 0);
	digest_hex(&d, hex);
	return hex;
}

static void plant(const char *root)
{
	assert_int_equal(fs_mkdir_p(root, NULL), 0);
	assert_int_equal(chdir(root), 0);
	folder_put("a", "1");
	folder_put("b/c", "2");
	folder_put("b/d", "3");
	assert_int_equal(chmod("b/d", 0755), 0);
	assert_int_equal(symlink("a", "l"), 0);
	assert_int_equal(chdir(folder), 0);
}

static void what_does_not_count_in_a_tree(void **state)
{
	static const struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
	PGO_AUTO_FREE char *one = NULL, *two = NULL;

	(void)state;
	plant("one");
	plant("elsewhere/two");
	one = tree_hex("one", NULL);
	assert_int_equal(utimensat(AT_FDCWD, "elsewhere/two/a", old, 0), 0);
	assert_int_equal(chmod("elsewhere/two/a", 0600), 0);
	assert_int_equal(chmod("elsewhere/two/b/d", 0711), 0);
	assert_int_equal(mkfifo("elsewhere/two/fifo", 0644), 0);
	assert_int_equal(mkdir("elsewhere/two/empty", 0755), 0);
	two = tree_hex("elsewhere/two", NULL);
	assert_string_equal(one, two);
}

static void change(int how)
{
	switch (how) {
	case 0:
		folder_put("t/a", "2");
		break;
	case 1:
		folder_put("t/new", "");
		break;
	case 2:
		assert_int_equal(chmod("t/a", 0755), 0);
		break;
	case 3:
		assert_int_equal(chmod("t/b/d", 0644), 0);
		break;
	case 4:
		assert_int_equal(rename("t/a", "t/A"), 0);
		break;
	case 5:
		assert_int_equal(rename("t/b", "t/B"), 0);
		break;
	case 6:
		assert_int_equal(unlink("t/l"), 0);
		assert_int_equal(symlink("b", "t/l"), 0);
		break;
	case 7:
		assert_int_equal(unlink("t/l"), 0);
		folder_put("t/l", "a");
		break;
	case 8: /* the same bytes, divided otherwise */
		folder_put("t/b/c", "23");
		folder_put("t/b/d", "");
		assert_int_equal(chmod("t/b/d", 0755), 0);
		break;
	case 9:
		assert_int_equal(unlink("t/b/c"), 0);
		break;
	default:
		fail();
	}
}

static void what_counts_in_a_tree(void **state)
{
	enum { NR = 10 };
	char *hex[NR + 1];

	(void)state;
	plant("t");
	hex[NR] = tree_hex("t", NULL);
	for (int i = 0; i < NR; i++) {
		assert_int_equal(fs_remove_tree("t", NULL), 0);
		plant("t");
		change(i);
		hex[i] = tree_hex("t", NULL);
		assert_string_not_equal(hex[i], hex[NR]);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(hex[i], hex[k]);
	}
	for (int i = 0; i <= NR; i++)
		free(hex[i]);
}

static bool skip_b(const char *rel, void *arg)
{
	(void)arg;
	return !strcmp(rel, "b");
}

static void what_is_skipped_does_not_count(void **state)
{
	PGO_AUTO_FREE char *whole = NULL, *skipped = NULL, *without = NULL;

	(void)state;
	plant("t");
	whole = tree_hex("t", NULL);
	skipped = tree_hex("t", skip_b);
	assert_int_equal(fs_remove_tree("t/b", NULL), 0);
	without = tree_hex("t", NULL);
	assert_string_equal(skipped, without);
	assert_string_not_equal(skipped, whole);
}

static void a_tree_that_cannot_be_read(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct digest d;

	(void)state;
	digest_init(&d);
	assert_int_equal(digest_add_tree(&d, "nowhere", NULL, NULL, &err), -PGO_ENOTFOUND);
	if (!geteuid())
		return;
	plant("t");
	assert_int_equal(chmod("t/a", 0), 0);
	assert_int_equal(digest_add_tree(&d, "t", NULL, NULL, &err), -PGO_EPERM);
	assert_string_equal(err.msg, "cannot open 't/a': Permission denied");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, folder_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(known_answers),
		TEST(fields_do_not_run_together),
		TEST(what_does_not_count_in_a_tree),
		TEST(what_counts_in_a_tree),
		TEST(what_is_skipped_does_not_count),
		TEST(a_tree_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
