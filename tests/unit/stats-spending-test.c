/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pgo/stats/rng.h"
#include "pgo/stats/sign-flip.h"
#include "pgo/stats/signed-rank.h"
#include "pgo/stats/spending.h"
#include "tests/lib/boundaries.h"
#include "tests/lib/noise.h"

/* Simulated validations of each kind; compile with a larger one for a sharper bound. */
#ifndef REPS
#define REPS 500
#endif

#define MAX_N 100

/* Above it lies one in 10,000 counts of an event of probability p. */
static double binomial_bound(double p, double reps)
{
	return p + 3.72 * sqrt(p * (1 - p) / reps);
}

static struct spending make_spending(unsigned n_max, double alpha)
{
	struct spending s;

	assert_int_equal(spending_init(&s, n_max, alpha, SPENDING_SEED, NULL), 0);
	return s;
}

static void looks_end_with_the_last_pair(void **state)
{
	(void)state;
	for (unsigned n_max = 1; n_max <= SPENDING_MAX_N; n_max++) {
		unsigned looks[SPENDING_MAX_LOOKS], nr = spending_looks(n_max, looks);

		assert_in_range(nr, 1, SPENDING_MAX_LOOKS);
		assert_int_equal(looks[nr - 1], n_max);
		for (unsigned i = 1; i < nr; i++)
			assert_true(looks[i] >= looks[i - 1] + 2);
	}
}

static void check_row(const struct boundaries *row)
{
	struct spending s = make_spending(row->n_max, row->alpha);
	unsigned found = 0;

	for (unsigned q = 0; q < s.nr_looks; q++) {
		struct spending_look *look = &s.looks[q];

		assert_true(look->spent <= look->allowed + 1e-12);
		if (look->n != row->looks[found].n)
			continue;
		assert_in_range(look->c, row->looks[found].c - 1, row->looks[found].c + 1);
		if (look->n <= 20)
			assert_int_equal(look->c, row->looks[found].c);
		found++;
	}
	assert_true(found == BOUNDARIES_LOOKS || row->looks[found].n == 0);
}

static void boundaries_are_as_tabled(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_boundaries; i++)
		check_row(&boundaries[i]);
}

/* Six pairs in a row have a chance of 1/64, more than a look at 6 of 12 may spend of 0.025. */
static void a_look_too_early_cannot_decide(void **state)
{
	struct spending s = make_spending(12, 0.025);

	(void)state;
	assert_int_equal(s.looks[0].n, 6);
	assert_int_equal(s.looks[0].c, signed_rank_max(6) + 1);
	assert_true(s.looks[0].spent == 0 && s.looks[1].spent > 0.01);
}

static void one_look_is_the_plain_test(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 7; n++) {
		PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;
		struct spending s = make_spending(n, 0.04);

		signed_rank_law_init(&law, NULL, n);
		assert_int_equal(s.nr_looks, 1);
		assert_int_equal(s.looks[0].c, signed_rank_critical(&law, 0.04));
		assert_true(fabs(s.looks[0].spent - signed_rank_upper(&law, s.looks[0].c)) < 1e-12);
	}
}

/* W after each of n pairs, by definition: the d are given in order of time. */
static void walk(const double *d, unsigned n, uint32_t *w)
{
	w[0] = 0;
	for (unsigned i = 0; i < n; i++) {
		w[i + 1] = w[i];
		for (unsigned j = 0; j <= i; j++)
			w[i + 1] += d[i] + d[j] > 0;
	}
}

static int crossing(const struct spending *s, const uint32_t *w)
{
	for (unsigned q = 0; q < s->nr_looks; q++) {
		const struct spending_look *look = &s->looks[q];

		if (w[look->n] >= look->c)
			return 1;
		if (signed_rank_max(look->n) - w[look->n] >= look->c)
			return -1;
	}
	return 0;
}

/* The magnitudes 1 to 8, those at i < j put last. */
static void signed_magnitudes(double *d, unsigned i, unsigned j, unsigned signs)
{
	unsigned at = 0;

	for (unsigned k = 0; k < 8; k++)
		if (k != i && k != j)
			d[at++] = k + 1;
	d[6] = i + 1;
	d[7] = j + 1;
	for (unsigned k = 0; k < 8; k++)
		d[k] = signs >> k & 1 ? d[k] : -d[k];
}

/*
 * Looks at 6 and 8 see of the order only which two magnitudes come last: all
 * choices with every sign vector give the spent alpha, no estimate.
 */
static void spent_is_exact_by_brute_force(void **state)
{
	struct spending s = make_spending(8, 0.05);
	unsigned up = 0, down = 0, all = 0;

	(void)state;
	assert_int_equal(s.nr_looks, 2);
	for (unsigned i = 0; i < 8; i++)
		for (unsigned j = i + 1; j < 8; j++)
			for (unsigned signs = 0; signs < 256; signs++, all++) {
				uint32_t w[9];
				double d[8];

				signed_magnitudes(d, i, j, signs);
				walk(d, 8, w);
				up += crossing(&s, w) > 0;
				down += crossing(&s, w) < 0;
			}
	assert_int_equal(all, 28 * 256);
	assert_int_equal(up, down);
	assert_true(fabs((double)up / all - s.looks[1].spent) < 1e-12);
}

static void another_seed_gives_neighbours(void **state)
{
	struct spending a = make_spending(30, 0.025), b;

	(void)state;
	assert_int_equal(spending_init(&b, 30, 0.025, 99, NULL), 0);
	for (unsigned q = 0; q < a.nr_looks; q++)
		assert_in_range(b.looks[q].c, a.looks[q].c - 1, a.looks[q].c + 1);
	assert_true(a.looks[6].spent != b.looks[6].spent);
	b = make_spending(30, 0.025);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void smaller_alpha_asks_for_more(void **state)
{
	struct spending a = make_spending(30, 0.025), b = make_spending(30, 0.0025);

	(void)state;
	assert_int_equal(a.nr_looks, b.nr_looks);
	for (unsigned q = 0; q < a.nr_looks; q++)
		assert_true(b.looks[q].c >= a.looks[q].c);
	assert_true(b.looks[a.nr_looks - 1].c > a.looks[a.nr_looks - 1].c + 30);
}

static void nonsense_is_refused(void **state)
{
	struct spending s = { .alpha = 42 };

	(void)state;
	assert_int_equal(spending_init(&s, 0, 0.025, 1, NULL), -PGO_EUSAGE);
	assert_int_equal(spending_init(&s, SPENDING_MAX_N + 1, 0.025, 1, NULL), -PGO_EUSAGE);
	assert_int_equal(spending_init(&s, 20, 0, 1, NULL), -PGO_EUSAGE);
	assert_int_equal(spending_init(&s, 20, 0.5, 1, NULL), -PGO_EUSAGE);
	assert_int_equal(spending_init(&s, 20, NAN, 1, NULL), -PGO_EUSAGE);
	assert_true(s.alpha == 42);
}

/* Whether the interval of any look leaves the true centre, 0, outside. */
static bool any_look_misses(const struct spending *s, const double *d)
{
	for (unsigned q = 0; q < s->nr_looks; q++) {
		struct interval iv = signed_rank_interval(d, s->looks[q].n, s->looks[q].c);

		if (iv.lo > 0 || iv.hi < 0)
			return true;
	}
	return false;
}

static double miss_rate(const struct spending *s, enum noise noise)
{
	unsigned n_max = s->looks[s->nr_looks - 1].n, misses = 0;
	struct rng rng;

	rng_seed(&rng, 1000 * n_max + noise);
	for (unsigned rep = 0; rep < REPS; rep++) {
		double d[MAX_N];

		noise_pairs(&rng, noise, n_max, d);
		misses += any_look_misses(s, d);
	}
	return (double)misses / REPS;
}

static void intervals_of_all_looks_cover(void **state)
{
	static const unsigned sizes[] = { 12, 20, 30, 50 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct spending s = make_spending(sizes[i], 0.025);

		for (enum noise noise = NOISE_NORMAL; noise < NR_NOISES; noise++) {
			double rate = miss_rate(&s, noise);

			print_message("# n_max %u, noise %s: %.4f missed\n", sizes[i],
				      noise_name(noise), rate);
			assert_true(rate < binomial_bound(0.05, REPS));
			assert_true(rate > 0.01);
		}
	}
}

/* What the spending is for: the plain critical value at each look misses far more often. */
static void plain_looks_do_not_cover(void **state)
{
	struct spending s = make_spending(30, 0.025);

	(void)state;
	for (unsigned q = 0; q < s.nr_looks; q++) {
		PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;

		signed_rank_law_init(&law, NULL, s.looks[q].n);
		s.looks[q].c = signed_rank_critical(&law, 0.025);
	}
	assert_true(miss_rate(&s, NOISE_NORMAL) > binomial_bound(0.05, REPS));
}

/* Beyond 20 pairs, and beyond one word of signs, courses walked by definition spend as much. */
static void spent_is_as_simulated(void **state)
{
	enum { COURSES = 3000 };
	static const unsigned sizes[] = { 24, 100 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct spending s = make_spending(sizes[i], 0.2);
		unsigned crossed = 0;
		struct rng rng;

		rng_seed(&rng, sizes[i]);
		for (int rep = 0; rep < COURSES; rep++) {
			uint32_t w[MAX_N + 1];
			double d[MAX_N];

			noise_pairs(&rng, NOISE_NORMAL, sizes[i], d);
			walk(d, sizes[i], w);
			crossed += crossing(&s, w) != 0;
		}
		assert_true(fabs((double)crossed / COURSES - 0.4) < 0.036);
		assert_true(s.looks[s.nr_looks - 1].spent > 0.198);
	}
}

static void given_decides_as_the_table(void **state)
{
	struct spending s = make_spending(20, 0.025);
	unsigned decided = 0, agree = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 21);
	for (int rep = 0; rep < 12; rep++) {
		uint32_t w[MAX_N + 1];
		double d[MAX_N];
		int table_says;

		noise_pairs(&rng, NOISE_NORMAL, 20, d);
		for (int i = 0; i < 20; i++)
			d[i] += rep % 3 - 1;
		walk(d, 20, w);
		table_says = crossing(&s, w);
		decided += table_says != 0;
		agree += spending_given(&s, d, 20, 0, 5) == table_says;
	}
	assert_true(decided > 4 && agree >= 11);
}

static void given_takes_ties_zeros_and_a_centre(void **state)
{
	struct spending s = make_spending(12, 0.025);
	double d[12];

	(void)state;
	for (int i = 0; i < 12; i++)
		d[i] = 2;
	assert_int_equal(spending_given(&s, d, 12, 0, 1), 1);
	assert_int_equal(spending_given(&s, d, 12, 4, 1), -1);
	assert_int_equal(spending_given(&s, d, 12, 2, 1), 0);
	assert_int_equal(spending_given(&s, d, 7, 0, 1), 0); /* before the look at 8 */
	assert_int_equal(spending_given(&s, d, 0, 0, 1), 0);
	d[0] = d[1] = -2;
	assert_int_equal(spending_given(&s, d, 8, 0, 1), 0);
	assert_int_equal(spending_given(&s, d, 12, 0, 1), 1);
}

/* The sum of scores of a path: the first one has the observed signs, the others drawn ones. */
static void sums_by_definition(const double *d, unsigned n, unsigned nr_words, double centre,
			       uint64_t seed, uint32_t *w)
{
	uint32_t scores[MAX_N];
	struct rng rng;

	rng_seed(&rng, seed);
	signed_rank_scores(d, n, centre, scores);
	for (unsigned path = 0; path <= SIGN_FLIP_REPS; path++) {
		uint64_t signs[2] = { 0, 0 };

		for (unsigned i = 0; i < n && !path; i++)
			signs[i / 64] |= (uint64_t)(d[i] > centre) << i % 64;
		for (unsigned k = 0; k < nr_words && path; k++)
			signs[k] = rng_u64(&rng);
		w[path] = 0;
		for (unsigned i = 0; i < n; i++)
			w[path] += signs[i / 64] >> i % 64 & 1 ? scores[i] : 0;
	}
}

static int given_by_definition(const struct spending *s, const double *d, unsigned n, double centre,
			       uint64_t seed)
{
	static uint32_t w[SIGN_FLIP_REPS + 1], mass[MAX_N * (MAX_N + 1) + 1];
	static bool ended[SIGN_FLIP_REPS + 1];
	unsigned nr_ended = 0;

	memset(ended, 0, sizeof(ended));
	for (unsigned q = 0; q < s->nr_looks && s->looks[q].n <= n; q++) {
		unsigned m = s->looks[q].n, max = m * (m + 1), c = max + 1, sum = 0;
		unsigned most = (unsigned)(s->looks[q].allowed * (SIGN_FLIP_REPS + 1) + 1e-6);
		uint32_t scores[MAX_N], highest = 0;

		sums_by_definition(d, m, (n + 63) / 64, centre, seed, w);
		signed_rank_scores(d, m, centre, scores);
		for (unsigned i = 0; i < m; i++)
			highest += scores[i];
		memset(mass, 0, sizeof(mass));
		for (unsigned i = 0; i <= SIGN_FLIP_REPS; i++)
			mass[w[i]] += !ended[i];
		while (c > 0 && nr_ended + sum + mass[c - 1] <= most)
			sum += mass[--c];
		for (unsigned i = 0; i <= SIGN_FLIP_REPS; i++)
			ended[i] |= w[i] >= c;
		nr_ended += sum;
		if (w[0] >= c || highest - w[0] >= c)
			return w[0] >= c ? 1 : -1;
	}
	return 0;
}

/* Also with ties, zeros, and more pairs than a word has signs. */
static void given_is_as_defined(void **state)
{
	static const unsigned sizes[] = { 12, 20, 70 };
	struct spending s[ARRAY_SIZE(sizes)];
	unsigned decided = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 23);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		s[i] = make_spending(sizes[i], 0.025);
	for (unsigned rep = 0; rep < 18; rep++) {
		const struct spending *of = &s[rep % ARRAY_SIZE(sizes)];
		unsigned n = sizes[rep % ARRAY_SIZE(sizes)];
		double d[MAX_N];
		int side;

		noise_pairs(&rng, NOISE_NORMAL, n, d);
		for (unsigned i = 0; i < n; i++) {
			d[i] += 3.2 / sqrt(n);
			d[i] = rep % 2 ? round(4 * d[i]) / 4 : d[i];
		}
		side = spending_given(of, d, n - rep % 3, 0.25, rep);
		decided += side != 0;
		assert_int_equal(side, given_by_definition(of, d, n - rep % 3, 0.25, rep));
	}
	assert_in_range(decided, 4, 14);
}

/*
 * |d| that grow from pair to pair. The table takes every order of them for
 * equally likely, and errs; the flips of these very |d| do not.
 */
static void given_holds_alpha_for_any_order(void **state)
{
	enum { TRIES = 32 };
	struct spending s = make_spending(12, 0.025);
	unsigned table_rejects = 0, given_rejects = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 22);
	for (unsigned signs = 0; signs < 4096; signs++) {
		bool tried = signs % (4096 / TRIES) == 0;
		uint32_t w[13];
		double d[12];

		for (unsigned i = 0; i < 12; i++)
			d[i] = (signs >> i & 1 ? 1.0 : -1.0) * (i + 1);
		walk(d, 12, w);
		table_rejects += crossing(&s, w) != 0;
		for (unsigned i = 0; i < 12; i++)
			d[i] = rng_coin(&rng) ? i + 1 : -1.0 - i;
		given_rejects += tried && spending_given(&s, d, 12, 0, 1);
	}
	assert_true(table_rejects / 4096.0 > 0.06);
	assert_true((double)given_rejects / TRIES < binomial_bound(0.05, TRIES));
	assert_true(given_rejects > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_end_with_the_last_pair),
		cmocka_unit_test(boundaries_are_as_tabled),
		cmocka_unit_test(a_look_too_early_cannot_decide),
		cmocka_unit_test(one_look_is_the_plain_test),
		cmocka_unit_test(spent_is_exact_by_brute_force),
		cmocka_unit_test(another_seed_gives_neighbours),
		cmocka_unit_test(smaller_alpha_asks_for_more),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(intervals_of_all_looks_cover),
		cmocka_unit_test(plain_looks_do_not_cover),
		cmocka_unit_test(spent_is_as_simulated),
		cmocka_unit_test(given_decides_as_the_table),
		cmocka_unit_test(given_takes_ties_zeros_and_a_centre),
		cmocka_unit_test(given_is_as_defined),
		cmocka_unit_test(given_holds_alpha_for_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
