/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/base/mem.h"
#include "pgo/stats/dist.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/step.h"

/* The definition, by counting pairs: the most extreme standardised Mann-Whitney statistic. */
static double plain_statistic(const double *v, size_t n, size_t *at)
{
	double best = -1;

	for (size_t k = STEP_MIN_SIDE; k + STEP_MIN_SIDE <= n; k++) {
		double nr = (double)(k * (n - k)), u = 0, z;

		for (size_t i = 0; i < k; i++)
			for (size_t j = k; j < n; j++)
				u += v[j] > v[i] ? 1 : v[j] == v[i] ? 0.5 : 0;
		z = fabs(u - nr / 2) / sqrt(nr * (double)(n + 1) / 12);
		if (z > best + 1e-9) {
			best = z;
			*at = k;
		}
	}
	return best;
}

struct census {
	double observed;
	double nr, nr_as_extreme;
};

static void visit_orders(double *v, size_t n, size_t fixed, struct census *c)
{
	size_t at;

	if (fixed == n) {
		c->nr++;
		c->nr_as_extreme += plain_statistic(v, n, &at) >= c->observed - 1e-9;
		return;
	}
	for (size_t i = fixed; i < n; i++) {
		double first = v[fixed];

		v[fixed] = v[i];
		v[i] = first;
		visit_orders(v, n, fixed + 1, c);
		v[i] = v[fixed];
		v[fixed] = first;
	}
}

static void check_against_all_orders(const double *v, size_t n)
{
	PGO_AUTO_FREE double *copy = xmemdup(v, n * sizeof(*v));
	struct step s = step_find(v, n, 1);
	struct census c = { 0 };
	double p, error;
	size_t at = 0;

	c.observed = plain_statistic(v, n, &at);
	visit_orders(copy, n, 0, &c);
	p = c.nr_as_extreme / c.nr;
	error = sqrt(p * (1 - p) / STEP_PERMUTATIONS);
	assert_int_equal(s.at, at);
	assert_true(fabs(s.p - p) <= 4 * error + 1.0 / STEP_PERMUTATIONS);
}

static void agrees_with_all_orders(void **state)
{
	static const double step[] = { 1, 2, 3, 4, 11, 12, 13, 14 };
	static const double noise[] = { 3, 1, 4, 1.5, 9, 2.6, 5 };
	static const double ties[] = { 1, 1, 2, 2, 2, 1, 2, 3 };
	static const double least[] = { 1, 2, 3, 4, 5, 6 };

	(void)state;
	check_against_all_orders(step, ARRAY_SIZE(step));
	check_against_all_orders(noise, ARRAY_SIZE(noise));
	check_against_all_orders(ties, ARRAY_SIZE(ties));
	check_against_all_orders(least, ARRAY_SIZE(least));
}

static void finds_a_clear_step(void **state)
{
	static const double v[] = { 10.1, 10, 10.2, 10.1, 10.3, 12.1, 12, 12.2, 12.3, 12.1, 12 };
	struct step s = step_find(v, ARRAY_SIZE(v), 7), again = step_find(v, ARRAY_SIZE(v), 7);

	(void)state;
	assert_int_equal(s.at, 5);
	assert_true(fabs(s.shift - 2) < 1e-9);
	assert_true(s.p < 0.01);
	assert_true(s.p == again.p);
}

/* A scale, a direction and single wild points do not matter: only the order of the values does. */
static void knows_ranks_only(void **state)
{
	double v[] = { 1, 1.2, 0.9, 1.1, 1.3, 0.8, 2.1, 2.4, 2, 2.3, 2.2, 2.5 };
	double wild[ARRAY_SIZE(v)], down[ARRAY_SIZE(v)];
	struct step s = step_find(v, ARRAY_SIZE(v), 3), t, u;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		wild[i] = v[i] == 2.5 ? 1e9 : exp(v[i]);
		down[i] = -v[i];
	}
	t = step_find(wild, ARRAY_SIZE(v), 3);
	u = step_find(down, ARRAY_SIZE(v), 3);
	assert_int_equal(s.at, 6);
	assert_int_equal(t.at, 6);
	assert_true(t.p == s.p);
	assert_int_equal(u.at, 6);
	assert_true(u.p == s.p);
	assert_true(u.shift == -s.shift);
}

static void a_constant_has_no_step(void **state)
{
	double v[20] = { 0 };

	(void)state;
	assert_true(step_find(v, ARRAY_SIZE(v), 1).p == 1);
	assert_true(step_find(v, ARRAY_SIZE(v), 1).shift == 0);
}

/* Single spikes are no step, wherever they are. */
static void a_spike_is_no_step(void **state)
{
	(void)state;
	for (size_t at = 0; at < 12; at++) {
		double v[] = { 1, 5, 3, 2, 6, 4, 5.5, 1.5, 3.5, 2.5, 4.5, 6.5 };

		v[at] = 1000;
		assert_true(step_find(v, ARRAY_SIZE(v), at).p > 0.05);
	}
}

enum law { NORMAL, CAUCHY, SKEWED, CLOCK_TICKS, NR_LAWS };

static double draw(enum law law, struct rng *r)
{
	double z = rng_normal(r);

	switch (law) {
	case CAUCHY:
		return z / rng_normal(r);
	case SKEWED:
		return exp(z);
	case CLOCK_TICKS:
		return floor(2 * z);
	default:
		return z;
	}
}

#define NR_SIMULATIONS 300u

static unsigned count_false_steps(enum law law, size_t n, struct rng *r)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < NR_SIMULATIONS; i++) {
		double v[24];

		for (size_t k = 0; k < n; k++)
			v[k] = draw(law, r);
		nr += step_find(v, n, i).p <= 0.05;
	}
	return nr;
}

/* P(X > k) of a binomial. */
static double above(unsigned k, unsigned n, double rate)
{
	return dist_beta_cdf(rate, k + 1.0, n - k);
}

/* The chance that this test fails for a right step_find is below 1e-3 an assertion. */
static void noise_is_a_step_in_five_of_hundred(void **state)
{
	static const size_t sizes[] = { 8, 24 };
	struct rng r;

	(void)state;
	rng_seed(&r, 20261122);
	for (enum law law = 0; law < NR_LAWS; law++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			unsigned nr = count_false_steps(law, sizes[i], &r);

			print_message("# law %u, %zu points: %u of %u\n", (unsigned)law, sizes[i],
				      nr, NR_SIMULATIONS);
			assert_true(nr == 0 || above(nr - 1, NR_SIMULATIONS, 0.05) > 1e-3);
			/* Few points have few orders: only with many is 5 % reached. */
			if (sizes[i] == 24)
				assert_true(above(nr, NR_SIMULATIONS, 0.05) < 1 - 1e-3);
		}
	}
}

static void a_real_step_is_found_where_it_is(void **state)
{
	unsigned nr_found = 0, nr_right = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 4);
	for (unsigned i = 0; i < 200; i++) {
		double v[24];
		struct step s;

		for (size_t k = 0; k < ARRAY_SIZE(v); k++)
			v[k] = draw(NORMAL, &r) + (k >= 15 ? 3 : 0);
		s = step_find(v, ARRAY_SIZE(v), i);
		nr_found += s.p <= 0.05;
		nr_right += s.at >= 14 && s.at <= 16;
	}
	print_message("# %u of 200 found, %u within one point\n", nr_found, nr_right);
	assert_true(nr_found >= 195);
	assert_true(nr_right >= 180);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_all_orders),
		cmocka_unit_test(finds_a_clear_step),
		cmocka_unit_test(knows_ranks_only),
		cmocka_unit_test(a_constant_has_no_step),
		cmocka_unit_test(a_spike_is_no_step),
		cmocka_unit_test(noise_is_a_step_in_five_of_hundred),
		cmocka_unit_test(a_real_step_is_found_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
