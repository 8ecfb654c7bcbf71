/* SPDX-License-Identifier: Apache-2.0 */
/* What the work copy is known to hold, and how it is told that its links were done again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/tree.h"

static const char *const key = "k1";

struct place {
	struct tempdir dir;
	struct project p;
	char *prog, *lib;
};

static void put(const char *path, const char *text)
{
	assert_int_equal(fs_write_atomic(path, text, strlen(text), 0755, NULL), 0);
}

static int set_up(void **state)
{
	struct place *at = xcalloc(1, sizeof(*at));

	at->p = (struct project)PROJECT_INIT;
	if (tempdir_make(&at->dir, NULL, NULL))
		return -1;
	at->p.work = fs_join(at->dir.path, "work");
	at->prog = fs_join(at->p.work, "src/prog");
	at->lib = fs_join(at->p.work, "src/lib.so");
	*state = at;
	{
		PGO_AUTO_FREE char *src = fs_join(at->p.work, "src");

		return fs_mkdir_p(src, NULL);
	}
}

static int tear_down(void **state)
{
	struct place *at = *state;

	project_release(&at->p);
	tempdir_release(&at->dir);
	free(at->prog);
	free(at->lib);
	free(at);
	return 0;
}

/* A note of prog, lib and one link that is gone. */
static void note(const struct place *at)
{
	PGO_AUTO(strvec) links = STRVEC_INIT;

	put(at->prog, "program");
	put(at->lib, "library");
	strvec_push(&links, at->prog);
	strvec_push(&links, at->lib);
	strvec_pushf(&links, "%s/src/conftest", at->p.work);
	assert_int_equal(tree_note(&at->p, key, &links, NULL), 0);
}

static void takes_what_was_noted(void **state)
{
	const struct place *at = *state;
	PGO_AUTO(strvec) links = STRVEC_INIT;

	assert_false(tree_take(&at->p, key, &links));
	note(at);
	assert_true(tree_take(&at->p, key, &links));
	assert_int_equal(links.nr, 2);
	assert_string_equal(links.v[0], at->prog);
	assert_string_equal(links.v[1], at->lib);
	assert_false(fs_exists(at->prog) || fs_exists(at->lib));
	/* Once. */
	strvec_clear(&links);
	put(at->prog, "program");
	assert_false(tree_take(&at->p, key, &links));
	assert_true(fs_exists(at->prog));
}

static void leaves_what_it_does_not_know(void **state)
{
	const struct place *at = *state;
	PGO_AUTO(strvec) links = STRVEC_INIT;
	PGO_AUTO_FREE char *path = fs_join(at->p.work, "built.json");
	PGO_AUTO_FREE char *outside = fs_join(at->dir.path, "mine");
	PGO_AUTO(strvec) alien = STRVEC_INIT;

	note(at);
	assert_false(tree_take(&at->p, "k2", &links));
	/* Somebody built here by hand. */
	put(at->lib, "another library");
	assert_false(tree_take(&at->p, key, &links));
	assert_int_equal(links.nr, 0);
	assert_true(fs_exists(at->prog) && fs_exists(at->lib));
	note(at);
	unlink(at->lib);
	assert_false(tree_take(&at->p, key, &links));
	/* A link outside of the work copy is never removed. */
	put(outside, "mine");
	strvec_push(&alien, outside);
	assert_int_equal(tree_note(&at->p, key, &alien, NULL), 0);
	assert_false(tree_take(&at->p, key, &links));
	strvec_clear(&alien);
	strvec_pushf(&alien, "%s/src/../../mine", at->p.work);
	assert_int_equal(tree_note(&at->p, key, &alien, NULL), 0);
	assert_false(tree_take(&at->p, key, &links));
	assert_true(fs_exists(outside));
	put(path, "{ no JSON");
	assert_false(tree_take(&at->p, key, &links));
	put(path, "{\"key\":\"k1\",\"links\":[7]}");
	assert_false(tree_take(&at->p, key, &links));
	put(path, "{\"key\":\"k1\",\"links\":[]}");
	assert_false(tree_take(&at->p, key, &links));
}

static void put_elf(const char *path, unsigned type, time_t mtime)
{
	unsigned char head[64] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 };
	const struct timespec times[2] = { { mtime, 500 }, { mtime, 500 } };

	head[16] = (unsigned char)type;
	assert_int_equal(fs_write_atomic(path, head, sizeof(head), 0755, NULL), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void tells_whether_links_were_redone(void **state)
{
	const struct place *at = *state;
	PGO_AUTO_FREE char *src = fs_join(at->p.work, "src"), *data = fs_join(src, "data");
	PGO_AUTO(strvec) wanted = STRVEC_INIT, redone = STRVEC_INIT, artifacts = STRVEC_INIT;
	const struct timespec since = { 1000, 500 };

	strvec_push(&wanted, at->prog);
	strvec_push(&artifacts, "prog");
	strvec_push(&artifacts, "data");
	put_elf(at->prog, ET_DYN, 1000);
	put(data, "old data, kept as they are");
	assert_false(tree_is_relinked(&wanted, &redone, src, &artifacts, &since));
	strvec_push(&redone, at->lib);
	strvec_push(&redone, at->prog);
	assert_true(tree_is_relinked(&wanted, &redone, src, &artifacts, &since));
	/* Linked anew, but what is kept is an older copy. */
	put_elf(at->prog, ET_DYN, 999);
	assert_false(tree_is_relinked(&wanted, &redone, src, &artifacts, &since));
	put_elf(at->prog, ET_EXEC, 999);
	assert_false(tree_is_relinked(&wanted, &redone, src, &artifacts, &since));
	/* An object is no link. */
	put_elf(at->prog, ET_REL, 999);
	assert_true(tree_is_relinked(&wanted, &redone, src, &artifacts, &since));
	unlink(at->prog);
	assert_false(tree_is_relinked(&wanted, &redone, src, &artifacts, &since));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes_what_was_noted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_what_it_does_not_know, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_whether_links_were_redone, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
