/* SPDX-License-Identifier: Apache-2.0 */
/* The hash map and the arena. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/arena.h"
#include "pgo/base/err.h"
#include "pgo/base/hashmap.h"

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void an_empty_map_finds_nothing(void **state)
{
	PGO_AUTO(hashmap) m = HASHMAP_INIT;

	(void)state;
	assert_null(hashmap_find(&m, "a", 1));
	assert_null(hashmap_find(&m, "", 0));
	hashmap_release(&m);
	hashmap_release(&m);
}

static void keys_are_bytes(void **state)
{
	static const struct {
		const char *key;
		size_t len;
	} keys[] = {
		{ "", 0 },	    { "\0", 1 },      { "\0\0", 2 },	 { "a", 1 },
		{ "a\0", 2 },	    { "a\0b", 3 },    { "abcdefgh", 8 }, { "abcdefgh\0", 9 },
		{ "abcdefghi", 9 }, { "abcdefg", 7 },
	};
	PGO_AUTO(hashmap) m = HASHMAP_INIT;
	bool is_new;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_null(hashmap_find(&m, keys[i].key, keys[i].len));
		hashmap_put(&m, keys[i].key, keys[i].len, &is_new)->value = &m + i;
		assert_true(is_new);
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_ptr_equal(hashmap_put(&m, keys[i].key, keys[i].len, &is_new)->value, &m + i);
		assert_false(is_new);
	}
	assert_int_equal(m.nr, ARRAY_SIZE(keys));
}

static void a_hundred_thousand_keys_stay_in_order(void **state)
{
	enum { NR = 100000 };
	PGO_AUTO(arena) a = ARENA_INIT;
	PGO_AUTO(hashmap) m = HASHMAP_INIT;
	char text[32];

	(void)state;
	for (size_t i = 0; i < NR; i++) {
		int len = snprintf(text, sizeof(text), "%zu", i * 7919 % NR);
		struct hashmap_entry *e = hashmap_put(&m, arena_strdup(&a, text), (size_t)len,
						      NULL);

		assert_null(e->value);
		e->value = (void *)(uintptr_t)(i + 1);
	}
	assert_int_equal(m.nr, NR);
	assert_true(m.nr_slots >= NR && m.nr_slots <= 4 * NR);
	for (size_t i = 0; i < NR; i++) {
		int len = snprintf(text, sizeof(text), "%zu", i * 7919 % NR);

		assert_ptr_equal(hashmap_find(&m, text, (size_t)len), &m.entries[i]);
		assert_int_equal((uintptr_t)m.entries[i].value, i + 1);
		len = snprintf(text, sizeof(text), "x%zu", i);
		assert_null(hashmap_find(&m, text, (size_t)len));
	}
}

/* Keys that differ in one bit spread over the slots: no more than a few in one of 256. */
static void similar_keys_spread(void **state)
{
	unsigned hits[256] = { 0 }, most = 0;
	uint64_t key;

	(void)state;
	for (int bit = 0; bit < 64; bit++) {
		key = UINT64_C(1) << bit;
		hits[hash_bytes(&key, sizeof(key)) & 255]++;
	}
	for (int i = 0; i < 256; i++)
		most = hits[i] > most ? hits[i] : most;
	assert_true(most <= 8);
	assert_true(hash_bytes("a", 1) == hash_bytes("a", 1));
	assert_true(hash_bytes("a", 1) != hash_bytes("a\0", 2));
}

static void allocations_are_aligned_and_apart(void **state)
{
	PGO_AUTO(arena) a = ARENA_INIT;
	unsigned char *p[500];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = arena_alloc(&a, i, 3);
		assert_int_equal((uintptr_t)p[i] % alignof(max_align_t), 0);
		memset(p[i], (int)i, i * 3);
	}
	for (size_t i = 0; i < ARRAY_SIZE(p); i++)
		for (size_t k = 0; k < i * 3; k++)
			assert_int_equal(p[i][k], (unsigned char)i);
	assert_true(a.used_bytes >= 3 * 499 * 500 / 2);
}

static void a_large_one_does_not_retire_the_chunk(void **state)
{
	PGO_AUTO(arena) a = ARENA_INIT;
	char *first = arena_alloc(&a, 16, 1), *large = arena_alloc(&a, 1u << 20, 1), *next;

	(void)state;
	memset(large, 1, 1u << 20);
	next = arena_alloc(&a, 16, 1);
	assert_ptr_equal(next, first + 16);
}

static void a_large_one_may_come_first(void **state)
{
	PGO_AUTO(arena) a = ARENA_INIT;
	char *large = arena_zalloc(&a, 1u << 20, 1), *small = arena_zalloc(&a, 1, 1);

	(void)state;
	assert_int_equal(large[(1u << 20) - 1], 0);
	assert_int_equal(*small, 0);
	arena_release(&a);
	assert_int_equal(a.used_bytes, 0);
	assert_string_equal(arena_strdup(&a, "again"), "again");
}

static void zeroes_and_copies(void **state)
{
	PGO_AUTO(arena) a = ARENA_INIT;
	uint64_t *v;

	(void)state;
	memset(arena_alloc(&a, 1000, 1), 0xff, 1000);
	arena_release(&a);
	v = arena_zalloc(&a, 125, sizeof(*v));
	for (int i = 0; i < 125; i++)
		assert_true(v[i] == 0);
	assert_string_equal(arena_strndup(&a, "abc", 2), "ab");
	assert_string_equal(arena_strndup(&a, "abc", 0), "");
	assert_non_null(arena_alloc(&a, 0, 8));
	assert_non_null(arena_zalloc(&a, SIZE_MAX, 0));
}

static void check_ends(size_t nmemb, size_t size)
{
	struct arena a = ARENA_INIT;
	pid_t pid = fork();
	int status;

	if (!pid) {
		close(STDERR_FILENO);
		arena_alloc(&a, 8, 8);
		arena_zalloc(&a, nmemb, size);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), PGO_EXIT_TOOL);
}

static void a_size_that_overflows_ends_the_program(void **state)
{
	(void)state;
	check_ends(SIZE_MAX, 2);
	check_ends(SIZE_MAX / 8 + 1, 8);
	check_ends(SIZE_MAX, 1);
	check_ends(1, SIZE_MAX - 7);
	check_ends(SIZE_MAX / 2 + 2, 1);
	check_ends(SIZE_MAX / 2, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_finds_nothing),
		cmocka_unit_test(keys_are_bytes),
		cmocka_unit_test(a_hundred_thousand_keys_stay_in_order),
		cmocka_unit_test(similar_keys_spread),
		cmocka_unit_test(allocations_are_aligned_and_apart),
		cmocka_unit_test(a_large_one_does_not_retire_the_chunk),
		cmocka_unit_test(a_large_one_may_come_first),
		cmocka_unit_test(zeroes_and_copies),
		cmocka_unit_test(a_size_that_overflows_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
