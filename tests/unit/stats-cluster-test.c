/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clustered pairs: known answers against libRmath, the repetitions of Kalibera
 * and Jones, and, on simulated layouts, how often equal programs are told apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#ifdef HAVE_RMATH
#define MATHLIB_STANDALONE 1
#include <Rmath.h>
#endif

#include "pgo/base/mem.h"
#include "pgo/stats/cluster.h"
#include "pgo/stats/dist.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/signed-rank.h"

#define ALPHA 0.025
#define MOST_LAYOUTS 10
#define EACH 6

static void near_to(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
		fail_msg("got %.17g, want %.17g", got, want);
}

static void test_means(void **state)
{
	const double d[] = { 1, 10, 3, 20, 30, 2 };
	const unsigned of[] = { 0, 1, 0, 1, 1, 0 };
	struct cluster c;
	double means[2];

	(void)state;
	assert_true(cluster_means(d, of, 6, 2, means, &c));
	near_to(means[0], 2, 1e-15);
	near_to(means[1], 20, 1e-15);
	assert_int_equal(c.nr, 2);
	assert_int_equal(c.nr_values, 6);
	assert_int_equal(c.df_within, 4);
	/* Squares about the means: 1 + 1 + 0 and 100 + 0 + 100, with four degrees of freedom. */
	near_to(c.var_within, 202.0 / 4, 1e-15);
	near_to(c.var_means, 162, 1e-15);
	near_to(c.inv_each, 1.0 / 3, 1e-15);
	near_to(c.var_between, 162 - 202.0 / 12, 1e-15);
}

static void test_unequal_clusters(void **state)
{
	const double d[] = { 1, 3, 5 };
	const unsigned of[] = { 1, 1, 0 }, lacking[] = { 1, 1, 1 };
	struct cluster c = { .nr = 77 };
	double means[2] = { -1, -1 };

	(void)state;
	assert_false(cluster_means(d, lacking, 3, 2, means, &c));
	assert_int_equal(c.nr, 77);
	assert_true(cluster_means(d, of, 3, 2, means, &c));
	near_to(means[0], 5, 1e-15);
	near_to(c.inv_each, (1 + 0.5) / 2, 1e-15);
	near_to(c.var_within, 2, 1e-15);
}

static void test_one_value_each(void **state)
{
	const double d[] = { 1, 3, 8 };
	const unsigned of[] = { 2, 0, 1 };
	struct cluster c;
	double means[3];

	(void)state;
	assert_true(cluster_means(d, of, 3, 3, means, &c));
	near_to(means[0], 3, 0);
	near_to(means[1], 8, 0);
	near_to(means[2], 1, 0);
	assert_true(isnan(c.var_within));
	assert_true(isnan(c.var_between));
	near_to(c.var_means, 13, 1e-15);
	assert_true(isnan(cluster_apart(&c, ALPHA)));
	/* The spread between is not known: a lower bound from nothing is no number either. */
	assert_true(isnan(cluster_detectable(&c, 5, 4, ALPHA, 0.9)));
}

static void test_combine(void **state)
{
	const double a[] = { 1, 3, 7, 9 }, b[] = { 10, 14, 20, 20 };
	const unsigned of[] = { 0, 0, 1, 1 };
	const double weights[] = { 3, 1 };
	struct cluster c[2], whole;
	double means[4], out[2];

	(void)state;
	assert_true(cluster_means(a, of, 4, 2, means, &c[0]));
	assert_true(cluster_means(b, of, 4, 2, means + 2, &c[1]));
	cluster_combine(means, c, weights, 2, out, &whole);
	near_to(out[0], 0.75 * 2 + 0.25 * 12, 1e-15);
	near_to(out[1], 0.75 * 8 + 0.25 * 20, 1e-15);
	assert_int_equal(whole.nr, 2);
	assert_int_equal(whole.nr_values, 8);
	assert_int_equal(whole.df_within, 4);
	near_to(whole.var_within, 0.5625 * 2 + 0.0625 * 4, 1e-15);
	near_to(whole.inv_each, 0.5, 1e-15);
	near_to(whole.var_means, 6.5 * 6.5 / 2, 1e-15);
	near_to(whole.var_between, 6.5 * 6.5 / 2 - (0.5625 * 2 + 0.0625 * 4) / 2, 1e-15);
	/* One series alone is itself. */
	cluster_combine(means, c, weights, 1, out, &whole);
	near_to(whole.var_between, c[0].var_between, 1e-15);
	near_to(whole.inv_each, c[0].inv_each, 1e-15);
}

/* R: t.test(c(.011, .025, -.004, .013, .018), conf.level = .95)$conf.int */
static void test_interval_as_r(void **state)
{
	const double means[] = { .011, .025, -.004, .013, .018 };
	struct interval ci = cluster_interval(means, 5, ALPHA);

	(void)state;
	near_to(ci.estimate, 0.0126, 1e-14);
#ifdef HAVE_RMATH
	{
		double half = qt(1 - ALPHA, 4, 1, 0) * sqrt(0.0001153 / 5);

		near_to(ci.lo, 0.0126 - half, 1e-12);
		near_to(ci.hi, 0.0126 + half, 1e-12);
	}
#endif
}

/* Two values: t of one degree of freedom is Cauchy's, tan(0.475 pi) at 0.975. */
static void test_two_clusters(void **state)
{
	const double means[] = { 1, 3 };
	struct interval ci = cluster_interval(means, 2, ALPHA);

	(void)state;
	near_to(ci.hi - ci.estimate, tan(0.475 * acos(-1)), 1e-12);
	near_to(ci.estimate, 2, 1e-15);
	near_to(ci.estimate - ci.lo, ci.hi - ci.estimate, 1e-12);
}

static void test_ranks_from_eight_on(void **state)
{
	double v[] = { .1, .2, .35, .4, .55, .6, .72, 80 };
	struct interval t, rank;

	(void)state;
	/* One wild mean: t's interval is wide and holds zero, that of the ranks is not. */
	t = cluster_interval(v + 1, 7, ALPHA);
	assert_true(t.lo < 0);
	rank = cluster_interval(v, 8, ALPHA);
	assert_true(rank.lo > 0);
#ifdef HAVE_RMATH
	{
		uint32_t c = 36 - (uint32_t)qsignrank(ALPHA, 8, 1, 0) + 1;
		struct interval want = signed_rank_interval(v, 8, c);

		near_to(rank.lo, want.lo, 0);
		near_to(rank.hi, want.hi, 0);
	}
#endif
	/* A level that eight signs cannot reach: 2^-8 is above it. */
	t = cluster_interval(v, 8, 0.003);
	assert_true(isfinite(t.lo) && t.lo < 0);
}

static void test_apart(void **state)
{
	const struct cluster c = { .nr = 4, .var_between = 2e-4 };
	const struct cluster none = { .nr = 4, .var_between = 0 };

	(void)state;
	near_to(cluster_apart(&c, ALPHA), 0.02 * dist_t_quantile(0.975, 3), 1e-14);
#ifdef HAVE_RMATH
	near_to(cluster_apart(&c, ALPHA), 0.02 * qt(0.975, 3, 1, 0), 1e-12);
#endif
	near_to(cluster_apart(&none, ALPHA), 0, 0);
}

static void test_f(void **state)
{
	const struct cluster c = {
		.nr = 4, .df_within = 12, .var_means = 3, .var_within = 2, .inv_each = 0.25
	};
	struct cluster odd = c;

	(void)state;
#ifdef HAVE_RMATH
	near_to(cluster_p(&c), pf(3 / (2 * 0.25), 3, 12, 0, 0), 1e-12);
	near_to(cluster_noise(&c, ALPHA), qt(0.975, 12, 1, 0), 1e-12);
#endif
	assert_true(cluster_p(&c) > 0.009 && cluster_p(&c) < 0.011);
	odd.var_within = 0;
	near_to(cluster_p(&odd), 0, 0);
	odd.var_means = 0;
	near_to(cluster_p(&odd), 1, 0);
	odd = (struct cluster){ .nr = 4, .var_means = 3, .var_within = NAN, .inv_each = 1 };
	near_to(cluster_p(&odd), 1, 0);
	assert_true(isnan(cluster_noise(&odd, ALPHA)));
}

static void test_repetitions(void **state)
{
	const struct cluster c = { .nr = 5, .var_within = 4, .var_between = 1 };
	const struct cluster even = { .nr = 5, .var_within = 4, .var_between = 0 };
	const struct cluster loud = { .nr = 5, .var_within = 1, .var_between = 400 };
	const struct cluster unknown = { .nr = 5, .var_within = NAN, .var_between = NAN };

	(void)state;
	assert_int_equal(cluster_repetitions(&c, 9, 1, 100), 6);
	assert_int_equal(cluster_repetitions(&c, 9.1, 1, 100), 7);
	assert_int_equal(cluster_repetitions(&c, 9, 1, 5), 5);
	assert_int_equal(cluster_repetitions(&c, 0, 1, 100), 1);
	assert_int_equal(cluster_repetitions(&loud, 1, 1, 100), 1);
	assert_int_equal(cluster_repetitions(&even, 9, 1, 100), 100);
	assert_int_equal(cluster_repetitions(&unknown, 9, 1, 100), 100);
}

/* In a fixed time, r* has the least variance of all numbers of repetitions. */
static void test_repetitions_are_the_best(void **state)
{
	const struct cluster c = { .nr = 5, .var_within = 2.5, .var_between = 0.7 };
	const double link = 12, pair = 1, time = 1e6;
	unsigned best = 1, r = cluster_repetitions(&c, link, pair, 100);
	double least = INFINITY;

	(void)state;
	for (unsigned k = 1; k <= 100; k++) {
		double layouts = time / (link + k * pair);
		double var = (c.var_between + c.var_within / k) / layouts;

		if (var < least) {
			least = var;
			best = k;
		}
	}
	assert_in_range(r, best - 1, best + 1);
}

/* As many layouts of one program pair, all runs of it. */
struct sample {
	double d[MOST_LAYOUTS * EACH];
	unsigned of[MOST_LAYOUTS * EACH];
	size_t nr;
};

static void draw(struct rng *rng, unsigned layouts, double effect, double sd_layout,
		 struct sample *s)
{
	s->nr = 0;
	for (unsigned l = 0; l < layouts; l++) {
		double luck = effect + sd_layout * rng_normal(rng);

		for (unsigned r = 0; r < EACH; r++) {
			s->of[s->nr] = l;
			s->d[s->nr++] = luck + 0.01 * rng_normal(rng);
		}
	}
}

struct rates {
	double cluster, naive;
};

/* The share of samples whose interval leaves zero out: by clusters, and by all pairs alike. */
static struct rates simulate(struct rng *rng, unsigned layouts, double effect, double sd_layout,
			     int reps)
{
	PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;
	struct rates found = { 0, 0 };
	uint32_t c;

	signed_rank_law_init(&law, NULL, layouts * EACH);
	c = signed_rank_critical(&law, ALPHA);
	for (int i = 0; i < reps; i++) {
		double means[MOST_LAYOUTS];
		struct sample s;
		struct cluster k;
		struct interval ci;

		draw(rng, layouts, effect, sd_layout, &s);
		assert_true(cluster_means(s.d, s.of, s.nr, layouts, means, &k));
		ci = cluster_interval(means, layouts, ALPHA);
		found.cluster += ci.lo > 0 || ci.hi < 0;
		ci = signed_rank_interval(s.d, s.nr, c);
		found.naive += ci.lo > 0 || ci.hi < 0;
	}
	return (struct rates){ found.cluster / reps, found.naive / reps };
}

/* Equal programs, layouts 1 % apart, pairs 1 % noisy. */
static void test_false_positives(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20261127);
	for (unsigned layouts = 5; layouts <= MOST_LAYOUTS; layouts++) {
		struct rates r = simulate(&rng, layouts, 0, 0.01, 5000);

		print_message(
			"%2u layouts of %d pairs, layout SD 1 %%: %4.1f %% false by layouts, "
			"%4.1f %% by pairs\n",
			layouts, EACH, r.cluster * 100, r.naive * 100);
		assert_true(r.cluster >= 0.035 && r.cluster <= 0.065);
		assert_true(r.naive > 0.25);
	}
}

/* Without any spread of layouts both keep the level: the fault is not in the ranks. */
static void test_false_positives_of_one_layout(void **state)
{
	struct rng rng;
	struct rates r;

	(void)state;
	rng_seed(&rng, 1);
	r = simulate(&rng, 5, 0, 0, 4000);
	assert_true(r.cluster >= 0.035 && r.cluster <= 0.065);
	assert_true(r.naive >= 0.035 && r.naive <= 0.065);
}

/* An effect of the size that is said to be found nine times in ten is. */
static void test_detectable(void **state)
{
	const struct cluster c = { .nr = 7, .var_within = 1e-4, .var_between = 1e-4 };
	struct rng rng;
	double effect = cluster_detectable(&c, 7, EACH, ALPHA, 0.9);
	struct rates r;

	(void)state;
	rng_seed(&rng, 2);
	r = simulate(&rng, 7, effect, 0.01, 4000);
	assert_true(r.cluster > 0.86 && r.cluster < 0.97);
}

/* The estimate of the layouts' own variance is right on average, but for its cut at zero. */
static void test_components(void **state)
{
	double sum = 0, within = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3);
	for (int i = 0; i < 4000; i++) {
		double means[MOST_LAYOUTS];
		struct sample s;
		struct cluster k;

		draw(&rng, MOST_LAYOUTS, 0, 0.01, &s);
		assert_true(cluster_means(s.d, s.of, s.nr, MOST_LAYOUTS, means, &k));
		sum += k.var_between;
		within += k.var_within;
	}
	near_to(sum / 4000, 1e-4, 3e-6);
	near_to(within / 4000, 1e-4, 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_means),
		cmocka_unit_test(test_unequal_clusters),
		cmocka_unit_test(test_one_value_each),
		cmocka_unit_test(test_combine),
		cmocka_unit_test(test_interval_as_r),
		cmocka_unit_test(test_two_clusters),
		cmocka_unit_test(test_ranks_from_eight_on),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_f),
		cmocka_unit_test(test_repetitions),
		cmocka_unit_test(test_repetitions_are_the_best),
		cmocka_unit_test(test_false_positives),
		cmocka_unit_test(test_false_positives_of_one_layout),
		cmocka_unit_test(test_detectable),
		cmocka_unit_test(test_components),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
