/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "pgo/base/mem.h"
#include "pgo/stats/dist.h"

#ifdef HAVE_RMATH
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#endif

#define TOLERANCE 1e-12

static void check_close(double got, double want, const char *what, int line)
{
	if (got == want || fabs(got - want) <= TOLERANCE * fabs(want))
		return;
	print_error("line %d: %s is %.17g, not %.17g\n", line, what, got, want);
	fail();
}
#define assert_close(got, want) check_close((got), (want), #got, __LINE__)

static const double probabilities[] = { 1e-300, 1e-100, 1e-20, 1e-10, 1e-5, 0.001, 0.005, 0.025,
					0.05,	0.075,	0.1,   0.25,  0.4,  0.499, 0.501, 0.6,
					0.75,	0.925,	0.95,  0.975, 0.99, 0.9999 };

/* The values that the paper of AS 241 gives to check an implementation by, and one more. */
static void normal_known_answers(void **state)
{
	(void)state;
	assert_close(dist_norm_quantile(0.25), -0.6744897501960817);
	assert_close(dist_norm_quantile(0.001), -3.090232306167814);
	assert_close(dist_norm_quantile(1e-20), -9.262340089798408);
	assert_close(dist_norm_quantile(0.975), 1.959963984540054);
	assert_close(dist_norm_cdf(1.0), 0.8413447460685429);
	assert_true(dist_norm_quantile(0.5) == 0);
}

static void normal_inverts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(probabilities); i++) {
		double p = probabilities[i], x = dist_norm_quantile(p);

		/* one unit in x's last place moves the tail by x^2 of its own */
		assert_true(fabs(dist_norm_cdf(x) / p - 1) < 1e-15 * (8 + x * x));
	}
}

static void limits_and_nonsense(void **state)
{
	(void)state;
	assert_true(dist_norm_quantile(0) == -INFINITY && dist_norm_quantile(1) == INFINITY);
	assert_true(dist_norm_cdf(-INFINITY) == 0 && dist_norm_cdf(INFINITY) == 1);
	assert_true(dist_t_cdf(-INFINITY, 3) == 0 && dist_t_cdf(INFINITY, 3) == 1);
	assert_true(dist_t_cdf(0, 3) == 0.5 && dist_t_quantile(0.5, 3) == 0);
	assert_true(dist_t_quantile(0, 3) == -INFINITY && dist_t_quantile(1, 3) == INFINITY);
	assert_true(dist_beta_cdf(-1, 2, 3) == 0 && dist_beta_cdf(2, 2, 3) == 1);
	assert_true(dist_beta_quantile(0, 2, 3) == 0 && dist_beta_quantile(1, 2, 3) == 1);
	assert_true(isnan(dist_norm_quantile(NAN)) && isnan(dist_norm_cdf(NAN)));
	assert_true(isnan(dist_t_cdf(1, 0)) && isnan(dist_t_cdf(NAN, 1)));
	assert_true(isnan(dist_t_quantile(0.1, -1)) && isnan(dist_t_quantile(NAN, 1)));
	assert_true(isnan(dist_beta_cdf(0.5, 0, 1)) && isnan(dist_beta_cdf(NAN, 1, 1)));
	assert_true(isnan(dist_beta_quantile(0.5, 1, NAN)) && isnan(dist_beta_quantile(NAN, 1, 1)));
}

/* One, two: the laws of t that have closed forms. */
static void t_closed_forms(void **state)
{
	(void)state;
	for (double t = -50; t <= 50; t += 0.37) {
		double upper = t > 0 ? 1 - atan2(1, t) / M_PI : atan2(1, -t) / M_PI;

		assert_close(dist_t_cdf(t, 1), upper);
		if (t > 0)
			assert_close(dist_t_cdf(t, 2), 0.5 + t / (2 * sqrt(2 + t * t)));
	}
	for (size_t i = 0; i < ARRAY_SIZE(probabilities); i++) {
		double p = probabilities[i];

		if (p > 1e-200)
			assert_close(dist_t_quantile(p, 2), (2 * p - 1) / sqrt(2 * p * (1 - p)));
	}
	assert_close(dist_t_quantile(0.975, 10), 2.2281388519862739);
}

static void beta_closed_forms(void **state)
{
	(void)state;
	for (double x = 1 / 128.0; x < 1; x += 1 / 128.0) {
		for (double a = 0.5; a < 300; a *= 2.5) {
			assert_close(dist_beta_cdf(x, a, 1), pow(x, a));
			assert_close(dist_beta_cdf(x, 1, a), -expm1(a * log1p(-x)));
		}
		assert_close(dist_beta_cdf(x, 0.5, 0.5), 2 / M_PI * asin(sqrt(x)));
	}
}

/* I_x(k, n - k + 1) is the chance of k or more hits in n. */
static void beta_sums_the_binomial(void **state)
{
	double x = 0.3, term = pow(0.7, 60), sum = 0;
	double pmf[61];

	(void)state;
	for (int k = 0; k <= 60; k++) {
		pmf[k] = term;
		term *= (60.0 - k) / (k + 1) * x / (1 - x);
	}
	for (int k = 60; k > 0; k--) {
		sum += pmf[k];
		assert_close(dist_beta_cdf(x, k, 61 - k), sum);
	}
}

static void quantiles_invert(void **state)
{
	static const double shapes[] = { 0.5, 1, 2.5, 7, 30, 200, 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		for (size_t k = 5; k < ARRAY_SIZE(probabilities); k++) {
			double a = shapes[i], b = shapes[ARRAY_SIZE(shapes) - 1 - i];
			double p = probabilities[k], x = dist_beta_quantile(p, a, b);

			assert_close(dist_t_cdf(dist_t_quantile(p, a), a), p);
			assert_true(dist_beta_cdf(x * (1 - 1e-15), a, b) <= p * (1 + 1e-13));
			assert_true(dist_beta_cdf(x * (1 + 1e-15), a, b) >= p * (1 - 1e-13));
		}
}

static void binomial_interval(void **state)
{
	struct interval iv = dist_binomial_interval(0, 10, 0.05);

	(void)state;
	assert_true(iv.lo == 0 && iv.estimate == 0);
	assert_close(iv.hi, 1 - pow(0.025, 0.1));
	iv = dist_binomial_interval(10, 10, 0.05);
	assert_true(iv.hi == 1 && iv.estimate == 1);
	assert_close(iv.lo, pow(0.025, 0.1));
	iv = dist_binomial_interval(16, 200, 0.05);
	assert_close(dist_beta_cdf(iv.lo, 16, 185), 0.025);
	assert_close(1 - dist_beta_cdf(iv.hi, 17, 184), 0.025);
	assert_true(fabs(iv.lo - 0.046) < 0.001 && fabs(iv.hi - 0.127) < 0.001);
}

#ifdef HAVE_RMATH
static void against_rmath_normal(void **state)
{
	(void)state;
	for (double x = -37; x <= 9; x += 0.0137)
		assert_close(dist_norm_cdf(x), pnorm(x, 0, 1, 1, 0));
	for (size_t i = 0; i < ARRAY_SIZE(probabilities); i++)
		assert_close(dist_norm_quantile(probabilities[i]),
			     qnorm(probabilities[i], 0, 1, 1, 0));
}

static void against_rmath_t(void **state)
{
	static const double dfs[] = { 0.7, 1, 2, 3, 4, 5, 7, 9.5, 11, 19, 29, 49, 99, 250, 999 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dfs); i++) {
		for (double t = -40; t <= 40; t += 0.173)
			assert_close(dist_t_cdf(t, dfs[i]), pt(t, dfs[i], 1, 0));
		/* qt's own error passes 1e-12 near probability 1: ask for its lower tail */
		for (size_t k = 2; k < ARRAY_SIZE(probabilities); k++)
			if (probabilities[k] < 0.5)
				assert_close(dist_t_quantile(probabilities[k], dfs[i]),
					     qt(probabilities[k], dfs[i], 1, 0));
	}
}

static void against_rmath_beta(void **state)
{
	static const double shapes[] = { 0.5, 1, 1.5, 3, 6, 10.5, 25, 60, 100, 200, 500, 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(shapes); j++) {
			double a = shapes[i], b = shapes[j];

			for (double x = 1 / 64.0; x < 1; x += 1 / 64.0)
				if (pbeta(x, a, b, 1, 0) > 1e-280)
					assert_close(dist_beta_cdf(x, a, b), pbeta(x, a, b, 1, 0));
			for (size_t k = 4; k < ARRAY_SIZE(probabilities); k++)
				assert_close(dist_beta_quantile(probabilities[k], a, b),
					     qbeta(probabilities[k], a, b, 1, 0));
		}
}
#else
/* Not cmocka's skip(): its TAP says "not ok", which prove counts as a failure. */
static void against_rmath(void **state)
{
	(void)state;
	print_message("# skipped: libRmath (package r-mathlib) was not found by configure\n");
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_known_answers), cmocka_unit_test(normal_inverts),
		cmocka_unit_test(limits_and_nonsense),	cmocka_unit_test(t_closed_forms),
		cmocka_unit_test(beta_closed_forms),	cmocka_unit_test(beta_sums_the_binomial),
		cmocka_unit_test(quantiles_invert),	cmocka_unit_test(binomial_interval),
#ifdef HAVE_RMATH
		cmocka_unit_test(against_rmath_normal), cmocka_unit_test(against_rmath_t),
		cmocka_unit_test(against_rmath_beta),
#else
		cmocka_unit_test(against_rmath),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
