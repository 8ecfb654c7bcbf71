/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "pgo/stats/dist.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/sign-flip.h"

static void check(const double *x, size_t n, double greater, double less)
{
	struct sign_flip p = sign_flip_test(x, n, 1);

	assert_true(p.p_greater == greater && p.p_less == less);
}

static void known_answers(void **state)
{
	static const double up[] = { 1, 2, 3 }, mixed[] = { -1, 2, 3 };
	static const double equal[] = { 0.6, 0.6, -0.7, 0.6, 0.2, 0.1 };
	static const double tenfold[] = { 6, 6, -7, 6, 2, 1 };

	(void)state;
	check(up, 3, 1 / 8.0, 1);
	check(mixed, 3, 2 / 8.0, 7 / 8.0);
	check(mixed, 0, 1, 1);
	/* tenths add up to unlike last bits in another order: that may not count */
	check(tenfold, 6, 11 / 64.0, 57 / 64.0);
	check(equal, 6, 11 / 64.0, 57 / 64.0);
}

/* 17 values are sampled, 16 enumerated; a zero changes nothing but which of the two it is. */
static void sampled_are_as_enumerated(void **state)
{
	double x[70] = { 0 }, exact, drawn, half;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 12);
	for (int i = 0; i < 16; i++)
		x[i] = rng_normal(&rng) + 0.4;
	exact = sign_flip_test(x, 16, 0).p_greater;
	half = 4 * sqrt(exact * (1 - exact) / SIGN_FLIP_REPS);
	assert_true(exact > 0.001 && exact < 0.5);
	drawn = sign_flip_test(x, 17, 1).p_greater;
	assert_true(fabs(drawn - exact) < half);
	assert_true(fabs(sign_flip_test(x, 70, 2).p_greater - exact) < half);
	assert_true(drawn == sign_flip_test(x, 17, 1).p_greater);
	assert_true(drawn != sign_flip_test(x, 17, 2).p_greater);
	for (int i = 0; i < 70; i++)
		x[i] = 1;
	check(x, 70, 1 / (SIGN_FLIP_REPS + 1.0), 1);
}

/* Each value has a sign of its own: a bit of the number drawn, from the lowest. */
static void a_sum_has_every_sign_once(void **state)
{
	enum { N = 75 };
	double x[N], sum = 0, upper = 1, lower = 1;
	struct sign_flip p;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5);
	for (int i = 0; i < N; i++)
		sum += x[i] = rng_normal(&rng);
	rng_seed(&rng, 9);
	for (unsigned rep = 0; rep < SIGN_FLIP_REPS; rep++) {
		uint64_t bits[] = { rng_u64(&rng), rng_u64(&rng) };
		double flipped = 0;

		for (int i = 0; i < N; i++)
			flipped += bits[i / 64] >> i % 64 & 1 ? x[i] : -x[i];
		upper += flipped >= sum;
		lower += flipped <= sum;
	}
	p = sign_flip_test(x, N, 9);
	assert_true(p.p_greater == upper / (SIGN_FLIP_REPS + 1.0));
	assert_true(p.p_less == lower / (SIGN_FLIP_REPS + 1.0));
}

/* Ending early must not change the answer, on either side of alpha. */
static void rejects_as_the_whole_test(void **state)
{
	static const double alphas[] = { 0.001, 0.01, 0.05, 0.2, 1 };
	int nr[2] = { 0 };
	double x[40];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3);
	for (int rep = 0; rep < 30; rep++) {
		size_t n = rep % 2 ? 40 : 12;
		struct sign_flip p;

		for (size_t i = 0; i < n; i++)
			x[i] = rng_normal(&rng) + (rep % 5 - 2) * 0.2;
		p = sign_flip_test(x, n, (uint64_t)rep);
		for (size_t a = 0; a < sizeof(alphas) / sizeof(*alphas); a++) {
			bool want = p_two_sided(p.p_greater, p.p_less) < alphas[a];

			assert_true(sign_flip_rejects(x, n, (uint64_t)rep, alphas[a]) == want);
			nr[want]++;
		}
	}
	assert_true(nr[0] > 20 && nr[1] > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(sampled_are_as_enumerated),
		cmocka_unit_test(a_sum_has_every_sign_once),
		cmocka_unit_test(rejects_as_the_whole_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
