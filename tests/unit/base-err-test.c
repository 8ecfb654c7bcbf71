/* SPDX-License-Identifier: Apache-2.0 */
/* The error model and plain memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/err.h"

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void a_code_is_given_and_filled_in(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(pgo_error(&err, PGO_EFORMAT, "bad %s %d", "thing", 7), -PGO_EFORMAT);
	assert_int_equal(err.code, PGO_EFORMAT);
	assert_string_equal(err.msg, "bad thing 7");
	assert_null(err.hint);
	assert_int_equal(err.offset, -1);
	assert_int_equal(pgo_err_hint(&err, "do %d", 1), -PGO_EFORMAT);
	assert_int_equal(pgo_err_hint(&err, "do %d", 2), -PGO_EFORMAT);
	assert_string_equal(err.hint, "do 2");
	assert_int_equal(pgo_err_detail(&err, "a\nb"), -PGO_EFORMAT);
	assert_string_equal(err.detail, "a\nb");
	assert_int_equal(pgo_err_prefix(&err, "in '%s'", "x"), -PGO_EFORMAT);
	assert_string_equal(err.msg, "in 'x': bad thing 7");
}

static void a_new_error_replaces_the_old(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	pgo_error_at(&err, PGO_EFORMAT, "file", 12, "first");
	pgo_err_hint(&err, "hint");
	pgo_err_detail(&err, "detail");
	assert_int_equal(pgo_error(&err, PGO_EIO, "after %s at %s", err.msg, err.path), -PGO_EIO);
	assert_string_equal(err.msg, "after first at file");
	assert_int_equal(err.offset, -1);
	assert_null(err.path);
	assert_null(err.hint);
	assert_null(err.detail);
}

static void data_have_path_and_offset(void **state)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	assert_int_equal(pgo_error_at(&err, PGO_EVERSION, "a/b", 77, "no %d", 1), -PGO_EVERSION);
	assert_string_equal(err.path, "a/b");
	assert_int_equal(err.offset, 77);
	/* The path may be that of the error that is replaced. */
	assert_int_equal(pgo_error_at(&err, PGO_EFORMAT, err.path, 78, "x"), -PGO_EFORMAT);
	assert_string_equal(err.path, "a/b");
	assert_int_equal(pgo_error_at(&err, PGO_EFORMAT, NULL, -1, "x"), -PGO_EFORMAT);
	assert_null(err.path);
}

static void errno_chooses_the_code(void **state)
{
	static const struct {
		int errnum;
		enum pgo_ecode code;
	} cases[] = {
		{ EACCES, PGO_EPERM },	   { EPERM, PGO_EPERM },       { EROFS, PGO_EPERM },
		{ ENOENT, PGO_ENOTFOUND }, { ENOTDIR, PGO_ENOTFOUND }, { ENOSPC, PGO_EIO },
		{ EIO, PGO_EIO },	   { EISDIR, PGO_EIO },	       { EMFILE, PGO_EIO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
		PGO_AUTO_FREE char *want = xstrfmt("cannot open 'x': %s",
						   strerror(cases[i].errnum));

		errno = cases[i].errnum;
		assert_int_equal(pgo_error_errno(&err, "cannot open '%s'", "x"),
				 -(int)cases[i].code);
		assert_int_equal(err.errnum, cases[i].errnum);
		assert_string_equal(err.msg, want);
	}
}

static void nobody_has_to_listen(void **state)
{
	(void)state;
	errno = ENOENT;
	assert_int_equal(pgo_error_errno(NULL, "x"), -PGO_ENOTFOUND);
	assert_int_equal(pgo_error(NULL, PGO_ELIMIT, "x"), -PGO_ELIMIT);
	assert_int_equal(pgo_error_at(NULL, PGO_EFORMAT, "p", 1, "x"), -PGO_EFORMAT);
	assert_int_equal(pgo_err_hint(NULL, "x"), -PGO_EIO);
	assert_int_equal(pgo_err_detail(NULL, "x"), -PGO_EIO);
	assert_int_equal(pgo_err_prefix(NULL, "x"), -PGO_EIO);
}

static void every_code_has_a_name_and_an_exit(void **state)
{
	(void)state;
	for (int i = 0; i < PGO_NR_ECODES; i++) {
		assert_non_null(pgo_ecode_name(i));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(pgo_ecode_name(i), pgo_ecode_name(k));
		if (i)
			assert_in_range(pgo_ecode_exit(i), PGO_EXIT_USAGE, 130);
	}
	assert_int_equal(pgo_ecode_exit(PGO_OK), 0);
	assert_int_equal(pgo_ecode_exit(PGO_ECONFIG), PGO_EXIT_USAGE);
	assert_int_equal(pgo_ecode_exit(PGO_EFORMAT), PGO_EXIT_DATA);
	assert_int_equal(pgo_ecode_exit(PGO_ETOOL), PGO_EXIT_TOOL);
	assert_int_equal(pgo_ecode_exit(PGO_ECHILD), PGO_EXIT_CHILD);
	assert_string_equal(pgo_ecode_name(PGO_NR_ECODES), "unknown");
}

static void strings_and_vectors(void **state)
{
	PGO_AUTO_FREE char *taken = NULL, *s = xstrndup("abcdef", 3);
	PGO_AUTO_FREE int *v = NULL;
	size_t nr = 0, alloc = 0;

	(void)state;
	assert_string_equal(s, "abc");
	assert_null(xstrdup(NULL));
	taken = TAKE_PTR(s);
	assert_null(s);
	assert_string_equal(taken, "abc");
	for (int i = 0; i < 1000; i++) {
		VEC_GROW(v, nr, alloc);
		v[nr++] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v[i], i);
}

static void check_ends(void *(*allocate)(size_t, size_t), size_t nmemb, size_t size)
{
	int fds[2], status;
	char text[8192] = ""; /* a sanitizer warns before */
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		allocate(nmemb, size);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), PGO_EXIT_TOOL);
	while (len < sizeof(text) - 1 && (n = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(fds[0]);
	assert_non_null(strstr(text, "pgoctl: error: out of memory\n"));
}

static void *reallocate(size_t nmemb, size_t size)
{
	return xrealloc_array(NULL, nmemb, size);
}

static void *allocate_one(size_t nmemb, size_t size)
{
	return xmalloc(nmemb * size);
}

static void no_memory_ends_the_program(void **state)
{
	(void)state;
	check_ends(xcalloc, SIZE_MAX / 2, 4);
	check_ends(reallocate, SIZE_MAX / 2, 4);
	check_ends(reallocate, SIZE_MAX / 2, 1);
	check_ends(allocate_one, SIZE_MAX / 2, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_is_given_and_filled_in),
		cmocka_unit_test(a_new_error_replaces_the_old),
		cmocka_unit_test(data_have_path_and_offset),
		cmocka_unit_test(errno_chooses_the_code),
		cmocka_unit_test(nobody_has_to_listen),
		cmocka_unit_test(every_code_has_a_name_and_an_exit),
		cmocka_unit_test(strings_and_vectors),
		cmocka_unit_test(no_memory_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
