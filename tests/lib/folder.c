/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"

const char *folder;
static struct tempdir dir;

int folder_enter(void **state)
{
	(void)state;
	if (tempdir_make(&dir, NULL, NULL))
		return -1;
	folder = dir.path;
	return chdir(folder);
}

int folder_leave(void **state)
{
	(void)state;
	folder = NULL;
	tempdir_release(&dir);
	return chdir("/");
}

void folder_put(const char *path, const char *text)
{
	PGO_AUTO_FREE char *parent = fs_dirname(path);

	assert_int_equal(fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

void folder_has(const char *path, const char *text)
{
	PGO_AUTO(strbuf) got = STRBUF_INIT;

	assert_int_equal(fs_read_file(path, &got, NULL), 0);
	assert_string_equal(got.buf, text);
}
