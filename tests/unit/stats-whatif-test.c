/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "pgo/base/mem.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/whatif.h"

#ifdef HAVE_RMATH
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#endif

static void check_close(double got, double want, const char *what, int line)
{
	if (got == want || fabs(got - want) <= 1e-12 * fabs(want))
		return;
	print_error("line %d: %s is %.17g, not %.17g\n", line, what, got, want);
	fail();
}
#define assert_close(got, want) check_close((got), (want), #got, __LINE__)

/* The sleep data of Student 1908, two hours added so that they are positive. */
static const double sleep_1[] = { 2.7, 0.4, 1.8, 0.8, 1.9, 5.4, 5.7, 2.8, 2.0, 4.0 };
static const double sleep_2[] = { 3.9, 2.8, 3.1, 2.1, 1.9, 6.4, 7.5, 3.6, 6.6, 5.4 };
/* Hollander and Wolfe 1973, page 69: the example of R's wilcox.test. */
static const double term[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 };
static const double early[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };

/* The digits are from R's t.test as it prints them, the rest from SciPy 1.10. */
static void welch_known_answers(void **state)
{
	struct welch w = whatif_welch(sleep_1, 10, sleep_2, 10);

	(void)state;
	assert_true(fabs(w.t + 1.8608) < 5e-5 && fabs(w.df - 17.776) < 5e-4);
	assert_close(w.t, -1.860813467486853);
	assert_close(w.p, 0.07939414018735814);
	assert_int_equal(w.says, 0);
	w = whatif_welch(term, 10, early, 5);
	assert_close(w.t, 2.0413830922100695);
	assert_close(w.p, 0.06210134378107843);
	assert_close(w.ratio, 1.313 / 0.976);
}

/* hyperfine 1.15 --export-json, and what it printed: "1.02 ± 1.04 times faster". */
static void hyperfine_prints_the_same_ratio(void **state)
{
	static const double named[] = { 0.0010675390000000002, 0.006333191 };
	static const double other[] = { 0.0033362080000000002, 0.004201226000000001 };
	struct welch w = whatif_welch(other, 2, named, 2);

	(void)state;
	assert_true(fabs(w.ratio - 1.02) < 0.005 && fabs(w.ratio_sd - 1.04) < 0.005);
}

static void swapping_sides_mirrors_it(void **state)
{
	const double a[] = { 1.20, 1.21, 1.19, 1.22, 1.18 }, b[] = { 1.0, 1.01, 0.99, 1.02 };
	struct welch w = whatif_welch(a, 5, b, 4), v = whatif_welch(b, 4, a, 5);
	struct mann_whitney m = whatif_mann_whitney(a, 5, b, 4);
	struct mann_whitney n = whatif_mann_whitney(b, 4, a, 5);

	(void)state;
	assert_true(w.says == 1 && v.says == -1 && m.says == 1 && n.says == -1);
	assert_true(w.t == -v.t && w.p == v.p && w.p < 1e-5);
	assert_close(w.ratio * v.ratio, 1);
	assert_true(m.u == 20 && n.u == 0);
	assert_close(m.p, 2.0 / 126);
	assert_close(n.p, m.p);
	assert_close(m.ratio, 1.2 / 1.005);
}

static void too_few_runs_say_nothing(void **state)
{
	const double a[] = { 5 }, b[] = { 1, 1.01, 1.02 };
	struct welch w = whatif_welch(a, 1, b, 3);
	struct mann_whitney m = whatif_mann_whitney(a, 1, b, 3);

	(void)state;
	assert_true(w.p == 1 && w.says == 0 && w.ratio > 4.9);
	assert_true(m.exact && m.says == 0);
	assert_close(m.p, 0.5);
}

static void equal_runs(void **state)
{
	double a[7], b[60];
	struct welch w;
	struct mann_whitney m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = 0.3;
	for (size_t i = 0; i < ARRAY_SIZE(b); i++)
		b[i] = 0.3;
	w = whatif_welch(a, ARRAY_SIZE(a), b, ARRAY_SIZE(b));
	m = whatif_mann_whitney(a, ARRAY_SIZE(a), b, ARRAY_SIZE(b));
	assert_true(w.p == 1 && w.says == 0 && m.p == 1 && m.says == 0 && !m.exact);
	for (size_t i = 0; i < ARRAY_SIZE(b); i++)
		b[i] = 0.2;
	w = whatif_welch(a, ARRAY_SIZE(a), b, ARRAY_SIZE(b));
	assert_true(w.p < 1e-100 && w.says == 1);
	m = whatif_mann_whitney(a, ARRAY_SIZE(a), b, ARRAY_SIZE(b));
	assert_true(m.says == 1 && !m.exact && m.u == 420);
}

static void mann_whitney_known_answers(void **state)
{
	static const double tied_a[] = { 1, 2, 2, 3, 5, 5, 5, 8 };
	static const double tied_b[] = { 2, 3, 4, 5, 6, 7, 9, 9, 9 };
	struct mann_whitney m = whatif_mann_whitney(term, 10, early, 5);

	(void)state;
	assert_true(m.exact && m.u == 35);
	assert_close(m.p, 0.2544122544122544);
	m = whatif_mann_whitney(sleep_1, 10, sleep_2, 10);
	assert_true(!m.exact && m.u == 25.5);
	assert_close(m.p, 0.06932757543362658);
	m = whatif_mann_whitney(tied_a, 8, tied_b, 9);
	assert_true(!m.exact && m.u == 19);
	assert_close(m.p, 0.10815820296796463);
}

/* Each of the binomial(m + n, m) ways to share the ranks, one by one. */
static void count_all_ways(unsigned m, unsigned n, double *counts)
{
	for (uint32_t set = 0; set < 1u << (m + n); set++) {
		unsigned below = 0, u = 0;

		if (__builtin_popcount(set) != (int)m)
			continue;
		for (unsigned rank = 0; rank < m + n; rank++) {
			if (set >> rank & 1)
				u += below;
			else
				below++;
		}
		counts[u]++;
	}
}

static void law_by_enumeration(void **state)
{
	(void)state;
	for (unsigned m = 1; m <= 7; m++) {
		for (unsigned n = 1; n <= 7; n++) {
			double counts[50] = { 0 }, total = 0, sum = 0;

			count_all_ways(m, n, counts);
			for (unsigned u = 0; u <= m * n; u++)
				total += counts[u];
			for (unsigned u = 0; u <= m * n; u++) {
				sum += counts[u];
				assert_close(mann_whitney_cdf(m, n, u), sum / total);
			}
		}
	}
}

#ifdef HAVE_RMATH
static void law_by_rmath(void **state)
{
	(void)state;
	for (unsigned m = 1; m <= 49; m += 6)
		for (unsigned n = 4; n <= 49; n += 9)
			for (unsigned u = 0; u <= m * n; u += 1 + m * n / 13)
				assert_close(mann_whitney_cdf(m, n, u), pwilcox(u, m, n, 1, 0));
}

/* R's formulas for t.test and wilcox.test, written out, with its distribution functions. */
static double r_welch(const double *a, size_t m, const double *b, size_t n)
{
	double ma = 0, mb = 0, va = 0, vb = 0, sa, sb;

	for (size_t i = 0; i < m; i++)
		ma += a[i];
	for (size_t i = 0; i < n; i++)
		mb += b[i];
	ma /= (double)m;
	mb /= (double)n;
	for (size_t i = 0; i < m; i++)
		va += pow(a[i] - ma, 2);
	for (size_t i = 0; i < n; i++)
		vb += pow(b[i] - mb, 2);
	sa = va / ((double)m - 1) / (double)m;
	sb = vb / ((double)n - 1) / (double)n;
	return 2 *
	       pt(-fabs(ma - mb) / sqrt(sa + sb),
		  pow(sa + sb, 2) / (sa * sa / ((double)m - 1) + sb * sb / ((double)n - 1)), 1, 0);
}

static double r_wilcox(const double *a, size_t m, const double *b, size_t n, bool exact)
{
	double u = 0, ties = 0, all[256], z, sigma;
	size_t nr = 0;

	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < n; j++)
			u += a[i] > b[j] ? 1 : a[i] == b[j] ? 0.5 : 0;
	if (exact)
		return fmin(1, 2 * (u > (double)(m * n) / 2
					    ? pwilcox(u - 1, (double)m, (double)n, 0, 0)
					    : pwilcox(u, (double)m, (double)n, 1, 0)));
	for (size_t i = 0; i < m + n; i++)
		all[nr++] = i < m ? a[i] : b[i - m];
	/* a group of t equal values is met t times, and t * (t * t - 1) is t^3 - t */
	for (size_t i = 0; i < nr; i++) {
		double t = 0;

		for (size_t j = 0; j < nr; j++)
			t += all[i] == all[j];
		ties += t * t - 1;
	}
	z = u - (double)(m * n) / 2;
	sigma = sqrt((double)(m * n) / 12 * ((double)(nr + 1) - ties / (double)(nr * (nr - 1))));
	z = (z - (z > 0 ? 0.5 : z < 0 ? -0.5 : 0)) / sigma;
	return fmin(1, 2 * fmin(pnorm(z, 0, 1, 1, 0), pnorm(z, 0, 1, 0, 0)));
}

static void random_runs_by_rmath(void **state)
{
	static const unsigned steps[] = { 0, 3, 20, 200 };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5);
	for (int rep = 0; rep < 400; rep++) {
		size_t m = 2 + rng_below(&rng, 60), n = 2 + rng_below(&rng, 60);
		double a[64], b[64], step = steps[rep % 4];
		struct mann_whitney w;

		for (size_t i = 0; i < m; i++)
			a[i] = exp(0.1 * rng_normal(&rng));
		for (size_t i = 0; i < n; i++)
			b[i] = exp(0.05 * rng_normal(&rng) - 0.02);
		for (size_t i = 0; step > 0 && i < 64; i++) {
			a[i] = i < m ? ceil(a[i] * step) / step : 0;
			b[i] = i < n ? ceil(b[i] * step) / step : 0;
		}
		w = whatif_mann_whitney(a, m, b, n);
		if (step == 0)
			assert_int_equal(w.exact, m < WHATIF_EXACT_RUNS && n < WHATIF_EXACT_RUNS);
		assert_close(w.p, r_wilcox(a, m, b, n, w.exact));
		if (step == 0)
			assert_close(whatif_welch(a, m, b, n).p, r_welch(a, m, b, n));
	}
	wilcox_free();
}
#else
/* Not cmocka's skip(): its TAP says "not ok", which prove counts as a failure. */
static void law_by_rmath(void **state)
{
	(void)state;
	print_message("# skipped: libRmath (package r-mathlib) was not found by configure\n");
}
#define random_runs_by_rmath law_by_rmath
#endif

/* Of 2000 comparisons of twelve runs with twelve later ones of the same program. */
static void count_false(double autocorrelation, int *welch, int *ranks)
{
	double noise = 0, fresh = sqrt(1 - autocorrelation * autocorrelation);
	struct rng rng;

	rng_seed(&rng, 6);
	*welch = *ranks = 0;
	for (int rep = 0; rep < 2000; rep++) {
		double t[24];

		for (int i = 0; i < 24; i++) {
			noise = autocorrelation * noise + fresh * rng_normal(&rng);
			t[i] = exp(0.05 * noise);
		}
		*welch += whatif_welch(t, 12, t + 12, 12).says != 0;
		*ranks += whatif_mann_whitney(t, 12, t + 12, 12).says != 0;
	}
}

/* As often wrong as they say on independent runs; on a machine with weather, far more often. */
static void wrong_where_runs_depend(void **state)
{
	int welch, ranks;

	(void)state;
	count_false(0, &welch, &ranks);
	assert_in_range(welch, 70, 130);
	assert_in_range(ranks, 70, 130);
	count_false(0.8, &welch, &ranks);
	assert_in_range(welch, 500, 2000);
	assert_in_range(ranks, 500, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(welch_known_answers),
		cmocka_unit_test(hyperfine_prints_the_same_ratio),
		cmocka_unit_test(swapping_sides_mirrors_it),
		cmocka_unit_test(too_few_runs_say_nothing),
		cmocka_unit_test(equal_runs),
		cmocka_unit_test(mann_whitney_known_answers),
		cmocka_unit_test(law_by_enumeration),
		cmocka_unit_test(law_by_rmath),
		cmocka_unit_test(random_runs_by_rmath),
		cmocka_unit_test(wrong_where_runs_depend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
