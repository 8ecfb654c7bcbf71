/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "pgo/base/mem.h"
#include "pgo/stats/rng.h"

static void known_state_gives_known_words(void **state)
{
	static const uint64_t want[] = {
		11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600
	};
	struct rng r = { { 1, 2, 3, 4 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(rng_u64(&r), want[i]);
}

static void seed_is_spread_by_splitmix(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, 1234567);
	assert_int_equal(r.s[0], UINT64_C(6457827717110365317));
	assert_int_equal(r.s[1], UINT64_C(3203168211198807973));
	assert_int_equal(r.s[2], UINT64_C(9817491932198370423));
	assert_int_equal(r.s[3], UINT64_C(4593380528125082431));
}

static void equal_seeds_repeat_others_differ(void **state)
{
	struct rng a, b, c;
	unsigned differ = 0;

	(void)state;
	rng_seed(&a, 7);
	rng_seed(&b, 7);
	rng_seed(&c, 8);
	for (int i = 0; i < 100; i++) {
		uint64_t word = rng_u64(&a);

		assert_int_equal(word, rng_u64(&b));
		differ += word != rng_u64(&c);
	}
	assert_int_equal(differ, 100);
}

/* chi-square with 6 degrees of freedom stays below 27.9 in 9999 of 10000 seeds */
static void below_is_uniform_and_bounded(void **state)
{
	enum { SIDES = 7, DRAWS = 70000 };
	double chi2 = 0, expected = (double)DRAWS / SIDES;
	unsigned count[SIDES] = { 0 };
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t side = rng_below(&r, SIDES);

		assert_in_range(side, 0, SIDES - 1);
		count[side]++;
	}
	for (int i = 0; i < SIDES; i++)
		chi2 += (count[i] - expected) * (count[i] - expected) / expected;
	assert_true(chi2 < 27.9);
	assert_int_equal(rng_below(&r, 1), 0);
}

/* Four words for three values: taken as they come, each third value would come twice as often. */
static void below_has_no_bias_for_large_bounds(void **state)
{
	uint64_t bound = UINT64_C(3) << 62;
	unsigned thirds = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 4);
	for (int i = 0; i < 30000; i++)
		thirds += rng_below(&r, bound) % 3 == 0;
	assert_in_range(thirds, 10000 - 330, 10000 + 330);
}

static void coin_is_fair_and_double_in_range(void **state)
{
	unsigned heads = 0;
	double sum = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	for (int i = 0; i < 40000; i++) {
		double u = rng_double(&r);

		assert_true(u >= 0 && u < 1);
		sum += u;
		heads += rng_coin(&r);
	}
	assert_in_range(heads, 20000 - 400, 20000 + 400);
	assert_true(fabs(sum / 40000 - 0.5) < 4 * 0.2887 / 200);
}

static void normal_has_its_moments(void **state)
{
	double sum = 0, squares = 0, fourths = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 6);
	for (int i = 0; i < 40000; i++) {
		double x = rng_normal(&r);

		sum += x;
		squares += x * x;
		fourths += x * x * x * x;
	}
	assert_true(fabs(sum / 40000) < 4 * 1.0 / 200);
	assert_true(fabs(squares / 40000 - 1) < 4 * 1.4143 / 200);
	assert_true(fabs(fourths / 40000 - 3) < 4 * 9.8 / 200);
}

static void normal_is_finite_at_both_ends(void **state)
{
	struct rng least = { { 1, 0, 2, 3 } }; /* the first word drawn is 0 */

	(void)state;
	assert_true(isfinite(rng_normal(&least)));
}

static void shuffle_reaches_every_order_alike(void **state)
{
	unsigned count[6] = { 0 };
	struct rng r;

	(void)state;
	rng_seed(&r, 9);
	for (int i = 0; i < 12000; i++) {
		size_t v[3] = { 0, 1, 2 };

		rng_shuffle(&r, v, 3);
		assert_int_equal(v[0] + v[1] + v[2], 3);
		count[v[0] * 2 + (v[1] > v[2])]++;
	}
	for (int i = 0; i < 6; i++)
		assert_in_range(count[i], 2000 - 165, 2000 + 165);
	rng_shuffle(&r, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_state_gives_known_words),
		cmocka_unit_test(seed_is_spread_by_splitmix),
		cmocka_unit_test(equal_seeds_repeat_others_differ),
		cmocka_unit_test(below_is_uniform_and_bounded),
		cmocka_unit_test(below_has_no_bias_for_large_bounds),
		cmocka_unit_test(coin_is_fair_and_double_in_range),
		cmocka_unit_test(normal_has_its_moments),
		cmocka_unit_test(normal_is_finite_at_both_ends),
		cmocka_unit_test(shuffle_reaches_every_order_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
