/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "pgo/stats/rng.h"
#include "pgo/stats/signed-rank.h"

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

static void law_of_three(void **state)
{
	static const double counts[] = { 1, 1, 1, 2, 1, 1, 1 };
	PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;

	(void)state;
	signed_rank_law_init(&law, NULL, 3);
	assert_int_equal(law.max, 6);
	for (uint32_t w = 0; w <= 6; w++)
		assert_true(signed_rank_pmf(&law, w) == counts[w] / 8);
	assert_true(signed_rank_pmf(&law, 7) == 0 && signed_rank_upper(&law, 7) == 0);
	assert_true(signed_rank_upper(&law, 0) == 1 && signed_rank_cdf(&law, 6) == 1);
	assert_true(signed_rank_upper(&law, 5) == 0.25 && signed_rank_cdf(&law, 0) == 0.125);
	assert_int_equal(signed_rank_critical(&law, 0.125), 6);
	assert_int_equal(signed_rank_critical(&law, 0.1249), 7);
	assert_int_equal(signed_rank_critical(&law, 0.25), 5);
}

static void law_of_nothing(void **state)
{
	PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;

	(void)state;
	signed_rank_law_init(&law, NULL, 0);
	assert_true(law.max == 0 && signed_rank_pmf(&law, 0) == 1);
	assert_int_equal(signed_rank_critical(&law, 0.5), 1);
}

/* Critical values that every table of the test prints, there as the lower one. */
static void critical_values_of_the_tables(void **state)
{
	static const struct {
		unsigned n, lower;
		double alpha;
	} table[] = {
		{ 5, 0, 0.05 },	    { 6, 0, 0.025 },	{ 8, 3, 0.025 },   { 10, 8, 0.025 },
		{ 10, 10, 0.05 },   { 12, 13, 0.025 },	{ 20, 52, 0.025 }, { 20, 60, 0.05 },
		{ 30, 137, 0.025 }, { 50, 434, 0.025 }, { 50, 466, 0.05 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;

		signed_rank_law_init(&law, NULL, table[i].n);
		assert_int_equal(signed_rank_critical(&law, table[i].alpha),
				 law.max - table[i].lower);
	}
}

static void largest_law_is_whole(void **state)
{
	PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;
	double n = SIGNED_RANK_MAX_N, sd = sqrt(n * (n + 1) * (2 * n + 1) / 24), z;

	(void)state;
	signed_rank_law_init(&law, NULL, SIGNED_RANK_MAX_N);
	assert_close(signed_rank_upper(&law, 0), 1.0);
	z = (signed_rank_critical(&law, 0.025) - 0.5 - law.max / 2.0) / sd;
	assert_true(fabs(z - 1.96) < 0.002);
}

/* P(sum of the scores of positive signs >= w), by all sign vectors. */
static double enumerate_upper(const uint32_t *scores, unsigned n, uint32_t w)
{
	uint64_t hits = 0;

	for (uint64_t signs = 0; signs < UINT64_C(1) << n; signs++) {
		uint32_t sum = 0;

		for (unsigned i = 0; i < n; i++)
			sum += signs >> i & 1 ? scores[i] : 0;
		hits += sum >= w;
	}
	return (double)hits / (double)(UINT64_C(1) << n);
}

/* The example of R's wilcox.test: V = 40, p-value = 0.01953. */
static void test_without_ties(void **state)
{
	static const double before[] = { 1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30 };
	static const double after[] = { 0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29 };
	struct signed_rank sr;
	double d[9];

	(void)state;
	for (int i = 0; i < 9; i++)
		d[i] = before[i] - after[i];
	sr = signed_rank_test(d, 9);
	assert_true(sr.w == 40 && !sr.tied && sr.nr_zero == 0);
	assert_close(sr.p_greater, 10 / 512.0);
	for (int i = 0; i < 9; i++)
		d[i] = -d[i];
	sr = signed_rank_test(d, 9);
	assert_true(sr.w == 5);
	assert_close(sr.p_less, 10 / 512.0);
	assert_close(sr.p_less + sr.p_greater, 1 + 3 / 512.0); /* 3 of 512 have w = 5 */
}

static void scores_of_ties_and_zeros(void **state)
{
	static const double d[] = { 3, 0, -1, 1, 5, -3, 3, 0 };
	static const uint32_t want[] = { 8, 0, 3, 3, 12, 8, 8, 0 };
	uint32_t scores[8];
	struct signed_rank sr = signed_rank_test(d, 8);

	(void)state;
	assert_true(signed_rank_scores(d, 8, 0, scores));
	assert_memory_equal(scores, want, sizeof(want));
	assert_true(sr.tied && sr.nr_zero == 2 && sr.w == 15.5);
	assert_close(sr.p_greater, enumerate_upper(want, 8, 31));
	assert_close(sr.p_less, 1 - enumerate_upper(want, 8, 32));
	assert_false(signed_rank_scores(d, 3, 0.5, scores));
	assert_int_equal(scores[0], 6);
	assert_int_equal(scores[1], 2);
	assert_int_equal(scores[2], 4);
}

/* A clock of coarse ticks: many ties and zeros, each p as by enumeration. */
static void ties_are_exact(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 11);
	for (unsigned n = 1; n <= 14; n++) {
		uint32_t scores[14], w = 0;
		struct signed_rank sr;
		double d[14];

		for (unsigned i = 0; i < n; i++)
			d[i] = (double)rng_below(&rng, 7) - 2;
		sr = signed_rank_test(d, n);
		signed_rank_scores(d, n, 0, scores);
		for (unsigned i = 0; i < n; i++)
			w += d[i] > 0 ? scores[i] : 0;
		assert_true(sr.w == 0.5 * w);
		assert_close(sr.p_greater, enumerate_upper(scores, n, w));
		assert_close(sr.p_less, 1 - enumerate_upper(scores, n, w + 1));
	}
}

static void all_zero_says_nothing(void **state)
{
	static const double d[6];
	struct signed_rank sr = signed_rank_test(d, 6);

	(void)state;
	assert_true(sr.nr_zero == 6 && !sr.tied && sr.w == 0);
	assert_true(sr.p_greater == 1 && sr.p_less == 1);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void selection_is_as_sorting(void **state)
{
	double v[200], sorted[200];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 13);
	for (size_t n = 1; n <= 200; n += 1 + n / 7) {
		for (uint64_t values = 1; values < 1000; values *= 9) {
			for (size_t i = 0; i < n; i++)
				v[i] = sorted[i] = (double)rng_below(&rng, values);
			qsort(sorted, n, sizeof(*sorted), compare_doubles);
			for (size_t k = 0; k < n; k += 1 + n / 9)
				assert_true(select_kth(v, n, k) == sorted[k]);
			assert_true(median(v, n) == 0.5 * (sorted[n / 2] + sorted[(n - 1) / 2]));
		}
	}
}

/* The interval is the set of centres that the test, as counted by ranks, keeps. */
static void interval_inverts_the_test(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 14);
	for (unsigned n = 6; n <= 60; n += 9) {
		PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;
		double d[60], shifted[60];
		struct interval iv;
		uint32_t c;

		for (unsigned i = 0; i < n; i++)
			d[i] = rng_normal(&rng) / (1 + rng_double(&rng));
		signed_rank_law_init(&law, NULL, n);
		c = signed_rank_critical(&law, 0.025);
		iv = signed_rank_interval(d, n, c);
		assert_true(iv.lo < iv.estimate && iv.estimate < iv.hi);
		for (int side = 0; side < 4; side++) {
			double end = side & 1 ? iv.hi : iv.lo, out = side & 1 ? 1e-9 : -1e-9;
			bool outside = side & 2;
			double w;

			for (unsigned i = 0; i < n; i++)
				shifted[i] = d[i] - (end + (outside ? out : -out));
			w = signed_rank_test(shifted, n).w;
			assert_int_equal(w >= c || law.max - w >= c, outside);
		}
	}
}

static void interval_known_answers(void **state)
{
	static const double d[] = { 4, 1, 2 }; /* means: 1 1.5 2 2.5 3 4 */
	struct interval iv = signed_rank_interval(d, 3, 6);

	(void)state;
	assert_true(iv.lo == 1 && iv.hi == 4 && iv.estimate == 2.25);
	iv = signed_rank_interval(d, 3, 5);
	assert_true(iv.lo == 1.5 && iv.hi == 3);
	iv = signed_rank_interval(d, 3, 7);
	assert_true(iv.lo == -INFINITY && iv.hi == INFINITY && iv.estimate == 2.25);
	iv = signed_rank_interval(d, 1, 1);
	assert_true(iv.lo == 4 && iv.hi == 4 && iv.estimate == 4);
}

#ifdef HAVE_RMATH
static void against_rmath(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 60; n++) {
		PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;

		signed_rank_law_init(&law, NULL, n);
		for (uint32_t w = 0; w <= law.max; w++) {
			assert_close(signed_rank_pmf(&law, w), dsignrank(w, n, 0));
			assert_close(signed_rank_cdf(&law, w), psignrank(w, n, 1, 0));
			assert_close(signed_rank_upper(&law, w), psignrank(w - 1.0, n, 0, 0));
		}
		for (double alpha = 0.0011; alpha < 0.4; alpha *= 1.7)
			assert_int_equal(signed_rank_critical(&law, alpha),
					 (uint32_t)qsignrank(alpha, n, 0, 0) + 1);
	}
	signrank_free();
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
		cmocka_unit_test(law_of_three),
		cmocka_unit_test(law_of_nothing),
		cmocka_unit_test(critical_values_of_the_tables),
		cmocka_unit_test(largest_law_is_whole),
		cmocka_unit_test(test_without_ties),
		cmocka_unit_test(scores_of_ties_and_zeros),
		cmocka_unit_test(ties_are_exact),
		cmocka_unit_test(all_zero_says_nothing),
		cmocka_unit_test(selection_is_as_sorting),
		cmocka_unit_test(interval_inverts_the_test),
		cmocka_unit_test(interval_known_answers),
		cmocka_unit_test(against_rmath),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
