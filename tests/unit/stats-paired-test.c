/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "pgo/base/mem.h"
#include "pgo/stats/paired.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/signed-rank.h"

static struct paired_result analyze(const double *d, size_t n, double alpha)
{
	struct paired_result res;

	assert_int_equal(paired_analyze(d, n, alpha, &res, NULL), 0);
	return res;
}

static void six_pairs_by_hand(void **state)
{
	static const double d[] = { 0.1, 0.2, 0.4, 0.8, 1.6, 3.2 };
	struct paired_result res = analyze(d, 6, 0.025);

	(void)state;
	assert_int_equal(res.n, 6);
	assert_int_equal(res.c, 21);
	assert_true(res.ci.lo == 0.1 && res.ci.hi == 3.2 && fabs(res.ci.estimate - 0.85) < 1e-15);
	assert_true(res.attained_alpha == 1 / 64.0 && res.p_greater == 1 / 64.0);
	assert_true(res.p_less == 1);
	assert_true(fabs(res.mean - 1.05) < 1e-15);
	assert_true(!res.tied && !res.too_few && res.nr_zero == 0);
}

/* Five heads in a row have a chance of 1/32: no data could speak at 0.025. */
static void too_few_pairs_bound_nothing(void **state)
{
	static const double d[] = { 0.1, 0.2, 0.4, 0.8, 1.6 };
	struct paired_result res = analyze(d, 5, 0.025);

	(void)state;
	assert_true(res.too_few && res.ci.lo == -INFINITY && res.ci.hi == INFINITY);
	assert_true(res.ci.estimate == 0.5 && res.attained_alpha == 0);
	res = analyze(d, 5, 0.05);
	assert_true(!res.too_few && res.ci.lo == 0.1 && res.ci.hi == 1.6);
	res = analyze(d, 1, 0.025);
	assert_true(res.too_few && res.ci.estimate == 0.1 && res.lag1 == 0);
}

static void swapping_the_sides_mirrors_it(void **state)
{
	double d[21], mirrored[21];
	struct paired_result a, b;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 41);
	for (int i = 0; i < 21; i++) {
		d[i] = rng_normal(&rng) + 0.3;
		mirrored[i] = -d[i];
	}
	a = analyze(d, 21, 0.025);
	b = analyze(mirrored, 21, 0.025);
	assert_true(a.ci.lo == -b.ci.hi && a.ci.hi == -b.ci.lo);
	assert_true(a.ci.estimate == -b.ci.estimate);
	assert_true(a.p_greater == b.p_less && a.p_less == b.p_greater && a.p_greater < a.p_less);
	assert_true(a.lag1 == b.lag1);
}

/* Without ties the interval excludes 0 exactly when p is at most alpha. */
static void interval_and_p_agree(void **state)
{
	unsigned excluded = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 42);
	for (int rep = 0; rep < 300; rep++) {
		struct paired_result res;
		double d[14];

		for (int i = 0; i < 14; i++)
			d[i] = rng_normal(&rng) + 0.5;
		res = analyze(d, 14, 0.025);
		assert_int_equal(res.ci.lo > 0, res.p_greater <= 0.025);
		assert_int_equal(res.ci.hi < 0, res.p_less <= 0.025);
		excluded += res.ci.lo > 0;
	}
	assert_in_range(excluded, 50, 250);
}

static void equal_runs_are_flagged(void **state)
{
	static const double zeros[8], ties[] = { 1, 1, 1, 1, 1, 1, 1, 0 };
	struct paired_result res = analyze(zeros, 8, 0.025);

	(void)state;
	assert_true(res.nr_zero == 8 && res.lag1 == 0 && res.p_greater == 1);
	assert_true(res.ci.lo == 0 && res.ci.hi == 0 && res.ci.estimate == 0);
	res = analyze(ties, 8, 0.025);
	assert_true(res.tied && res.nr_zero == 1 && res.p_greater == 1 / 128.0);
	assert_true(res.ci.lo == 0.5 && res.ci.hi == 1);
}

static void neighbours_are_correlated(void **state)
{
	static const double swinging[] = { 1, -1, 1, -1 }, blocks[] = { 1, 1, 1, -1, -1, -1 };

	(void)state;
	assert_true(analyze(swinging, 4, 0.025).lag1 == -0.75);
	assert_true(analyze(blocks, 6, 0.025).lag1 == 0.5);
}

static void nonsense_is_refused(void **state)
{
	static const double d[] = { 0.1, NAN, 0.2 }, infinite[] = { 0.1, -INFINITY };
	struct paired_result res = { .n = 42 };
	struct pgo_err err = PGO_ERR_INIT;
	double *many = xcalloc(SIGNED_RANK_MAX_N + 1, sizeof(*many));

	(void)state;
	assert_int_equal(paired_analyze(d, 3, 0.025, &res, &err), -PGO_EFORMAT);
	assert_string_equal(err.msg, "pair 2 has no finite ratio");
	pgo_err_release(&err);
	assert_int_equal(paired_analyze(infinite, 2, 0.025, &res, NULL), -PGO_EFORMAT);
	assert_int_equal(paired_analyze(d, 0, 0.025, &res, NULL), -PGO_EFORMAT);
	assert_int_equal(paired_analyze(d, 1, 0.5, &res, NULL), -PGO_EUSAGE);
	assert_int_equal(paired_analyze(d, 1, 0, &res, NULL), -PGO_EUSAGE);
	assert_int_equal(paired_analyze(d, 1, NAN, &res, NULL), -PGO_EUSAGE);
	assert_int_equal(paired_analyze(many, SIGNED_RANK_MAX_N + 1, 0.025, &res, NULL),
			 -PGO_ELIMIT);
	assert_int_equal(res.n, 42);
	free(many);
}

static void log_ratios_are_positive_when_b_is_faster(void **state)
{
	static const double a[] = { 2, 3, 8 }, b[] = { 1, 3, 16 }, bad[] = { 1, 0, 1 };
	double d[3] = { 7, 7, 7 };

	(void)state;
	assert_int_equal(paired_log_ratios(a, bad, 3, d, NULL), -PGO_EFORMAT);
	assert_int_equal(paired_log_ratios(bad, a, 3, d, NULL), -PGO_EFORMAT);
	assert_true(d[0] == 7 && d[2] == 7);
	assert_int_equal(paired_log_ratios(a, b, 3, d, NULL), 0);
	assert_true(fabs(d[0] - M_LN2) < 1e-15 && d[1] == 0 && fabs(d[2] + M_LN2) < 1e-15);
	assert_true(log_median_ratio(a, b, 3) == 0);
	assert_true(fabs(log_median_ratio(a, b, 2) - log(2.5 / 2)) < 1e-15);
}

static void two_modes_are_noticed(void **state)
{
	struct paired_result res = { .ci = { -0.1, 0.3, 0.1 }, .mean = 0.25 };

	(void)state;
	assert_false(paired_disagrees(&res, 0.1));
	assert_true(paired_disagrees(&res, 0.31));
	assert_true(paired_disagrees(&res, -0.11));
	res.mean = 0.31;
	assert_true(paired_disagrees(&res, 0.1));
	res.ci.hi = INFINITY;
	assert_false(paired_disagrees(&res, 0.1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_pairs_by_hand),
		cmocka_unit_test(too_few_pairs_bound_nothing),
		cmocka_unit_test(swapping_the_sides_mirrors_it),
		cmocka_unit_test(interval_and_p_agree),
		cmocka_unit_test(equal_runs_are_flagged),
		cmocka_unit_test(neighbours_are_correlated),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(log_ratios_are_positive_when_b_is_faster),
		cmocka_unit_test(two_modes_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
