/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pgo/stats/rng.h"
#include "pgo/stats/simplex-fit.h"

#define ROWS 40
#define MOST 6

/* |A x - q|^2, and the fit of A to q. */
struct problem {
	double a[ROWS][MOST], q[ROWS];
	size_t nr;
};

static double distance(const struct problem *p, const double *x)
{
	double sum = 0;

	for (size_t r = 0; r < ROWS; r++) {
		double d = -p->q[r];

		for (size_t i = 0; i < p->nr; i++)
			d += p->a[r][i] * x[i];
		sum += d * d;
	}
	return sum;
}

static void fit(const struct problem *p, double *x)
{
	double gram[MOST * MOST] = { 0 }, rhs[MOST] = { 0 };

	for (size_t r = 0; r < ROWS; r++)
		for (size_t i = 0; i < p->nr; i++) {
			rhs[i] += p->a[r][i] * p->q[r];
			for (size_t j = 0; j < p->nr; j++)
				gram[i * p->nr + j] += p->a[r][i] * p->a[r][j];
		}
	simplex_fit(gram, rhs, p->nr, x);
}

static void make(struct problem *p, struct rng *rng, size_t nr)
{
	p->nr = nr;
	for (size_t i = 0; i < nr; i++) {
		double sum = 0;

		for (size_t r = 0; r < ROWS; r++)
			sum += p->a[r][i] = pow(rng_double(rng), 4);
		for (size_t r = 0; r < ROWS; r++)
			p->a[r][i] /= sum;
	}
}

static void check_shares(const double *x, size_t nr)
{
	double sum = 0;

	for (size_t i = 0; i < nr; i++) {
		assert_true(x[i] >= 0);
		sum += x[i];
	}
	assert_true(fabs(sum - 1) < 1e-12);
}

/* A mixture is found again. */
static void test_mixture(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	for (int n = 0; n < 50; n++) {
		struct problem p;
		double want[MOST], x[MOST], sum = 0;

		make(&p, &rng, 2 + (size_t)n % (MOST - 1));
		for (size_t i = 0; i < p.nr; i++)
			sum += want[i] = i % 3 == 2 ? 0 : rng_double(&rng);
		for (size_t i = 0; i < p.nr; i++)
			want[i] /= sum;
		for (size_t r = 0; r < ROWS; r++) {
			p.q[r] = 0;
			for (size_t i = 0; i < p.nr; i++)
				p.q[r] += p.a[r][i] * want[i];
		}
		fit(&p, x);
		check_shares(x, p.nr);
		for (size_t i = 0; i < p.nr; i++)
			assert_true(fabs(x[i] - want[i]) < 1e-5);
	}
}

/* Of what is no mixture nothing near is better, in any direction that keeps the sum. */
static void test_best(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 11);
	for (int n = 0; n < 50; n++) {
		struct problem p;
		double x[MOST], best;

		make(&p, &rng, 2 + (size_t)n % (MOST - 1));
		for (size_t r = 0; r < ROWS; r++)
			p.q[r] = rng_double(&rng) / ROWS;
		fit(&p, x);
		check_shares(x, p.nr);
		best = distance(&p, x);
		for (size_t i = 0; i < p.nr; i++)
			for (size_t j = 0; j < p.nr; j++) {
				double y[MOST], step = x[i] < 1e-4 ? x[i] : 1e-4;

				memcpy(y, x, sizeof(y));
				y[i] -= step;
				y[j] += step;
				assert_true(distance(&p, y) >= best - 1e-12);
			}
	}
}

static void test_alike(void **state)
{
	const double gram[] = { 1, 1, 1, 1 }, rhs[] = { 1, 1 }, none[4] = { 0 };
	double x[2];

	(void)state;
	simplex_fit(gram, rhs, 2, x);
	check_shares(x, 2);
	simplex_fit(none, none, 2, x);
	check_shares(x, 2);
	simplex_fit(gram, rhs, 1, x);
	assert_true(fabs(x[0] - 1) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mixture),
		cmocka_unit_test(test_best),
		cmocka_unit_test(test_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
