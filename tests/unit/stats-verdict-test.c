/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "pgo/base/mem.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/signed-rank.h"
#include "pgo/stats/spending.h"
#include "pgo/stats/verdict.h"

static const struct verdict_rule two_percent = { .margin = 0.02 };
static const struct verdict_rule at_least_five = { .margin = 0.02, .min_effect = 0.05 };

static struct interval make_interval(double lo, double hi)
{
	return (struct interval){ lo, hi, 0.5 * (lo + hi) };
}

/* Each row beside its neighbour: one end moved over one bound. */
static void verdicts_by_where_the_interval_lies(void **state)
{
	static const struct {
		double lo, hi;
		enum verdict want;
	} table[] = {
		{ 0.001, 0.5, VERDICT_FASTER },
		{ 0.001, 0.01, VERDICT_FASTER },
		{ 0.0, 0.5, VERDICT_NOT_SLOWER },
		{ -0.0198, 0.5, VERDICT_NOT_SLOWER },
		{ -0.0198, 0.0199, VERDICT_NOT_SLOWER },
		{ -0.0198, 0.0197, VERDICT_EQUIVALENT },
		{ -0.0198, 0.0, VERDICT_EQUIVALENT },
		{ -0.0198, -0.001, VERDICT_SLOWER_WITHIN_MARGIN },
		{ -0.0199, -0.001, VERDICT_REGRESSION },
		{ -0.3, -0.1, VERDICT_REGRESSION },
		{ -0.0199, 0.0, VERDICT_INCONCLUSIVE },
		{ -0.0199, 0.5, VERDICT_INCONCLUSIVE },
		{ -INFINITY, INFINITY, VERDICT_INCONCLUSIVE },
		{ -INFINITY, -0.1, VERDICT_REGRESSION },
		{ NAN, -0.1, VERDICT_INCONCLUSIVE },
		{ NAN, NAN, VERDICT_INCONCLUSIVE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct interval iv = make_interval(table[i].lo, table[i].hi);

		assert_int_equal(verdict_of(&iv, &two_percent), table[i].want);
	}
}

static void least_effect_raises_the_bar(void **state)
{
	struct interval small = make_interval(0.01, 0.1), large = make_interval(0.049, 0.1);

	(void)state;
	assert_int_equal(verdict_of(&small, &two_percent), VERDICT_FASTER);
	assert_int_equal(verdict_of(&small, &at_least_five), VERDICT_NOT_SLOWER);
	assert_int_equal(verdict_of(&large, &at_least_five), VERDICT_FASTER);
}

static void what_a_verdict_implies(void **state)
{
	struct interval just = make_interval(-0.3, -0.0198), more = make_interval(-0.3, -0.0199);

	(void)state;
	assert_true(verdict_is_not_slower(VERDICT_FASTER));
	assert_true(verdict_is_not_slower(VERDICT_EQUIVALENT));
	assert_true(verdict_is_not_slower(VERDICT_NOT_SLOWER));
	assert_true(verdict_is_not_slower(VERDICT_SLOWER_WITHIN_MARGIN));
	assert_false(verdict_is_not_slower(VERDICT_REGRESSION));
	assert_false(verdict_is_not_slower(VERDICT_INCONCLUSIVE));
	assert_false(verdict_is_material(&just, &two_percent));
	assert_true(verdict_is_material(&more, &two_percent));
}

static void every_verdict_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(verdict_name(VERDICT_FASTER), "FASTER");
	assert_string_equal(verdict_name(VERDICT_NOT_SLOWER), "NOT-SLOWER");
	assert_string_equal(verdict_name(VERDICT_EQUIVALENT), "EQUIVALENT");
	assert_string_equal(verdict_name(VERDICT_SLOWER_WITHIN_MARGIN), "SLOWER-WITHIN-MARGIN");
	assert_string_equal(verdict_name(VERDICT_REGRESSION), "REGRESSION");
	assert_string_equal(verdict_name(VERDICT_INCONCLUSIVE), "INCONCLUSIVE");
}

static void holm_known_answers(void **state)
{
	static const double p[] = { 0.01, 0.04, 0.03, 0.005 }, want[] = { 0.03, 0.06, 0.06, 0.02 };
	static const double big[] = { 0.6, 0.2 };
	double adjusted[4];

	(void)state;
	holm_adjust(p, 4, adjusted);
	for (int i = 0; i < 4; i++)
		assert_true(fabs(adjusted[i] - want[i]) < 1e-15);
	holm_adjust(big, 2, adjusted);
	assert_true(fabs(adjusted[0] - 0.6) < 1e-15 && adjusted[1] == 0.4);
	holm_adjust(big, 1, adjusted);
	assert_true(adjusted[0] == 0.6);
	holm_adjust(p, 0, adjusted);
	assert_true(adjusted[0] == 0.6);
}

/* Ten workloads without a difference: one false alarm in twenty suites, not in two. */
static void holm_holds_the_family(void **state)
{
	enum { SUITES = 4000, WORKLOADS = 10 };
	unsigned plain = 0, holm = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 31);
	for (int suite = 0; suite < SUITES; suite++) {
		double p[WORKLOADS], adjusted[WORKLOADS], least = 1, least_adjusted = 1;

		for (int w = 0; w < WORKLOADS; w++) {
			p[w] = rng_double(&rng);
			least = fmin(least, p[w]);
		}
		holm_adjust(p, WORKLOADS, adjusted);
		for (int w = 0; w < WORKLOADS; w++)
			least_adjusted = fmin(least_adjusted, adjusted[w]);
		plain += least <= 0.05;
		holm += least_adjusted <= 0.05;
	}
	assert_true(holm > 0.03 * SUITES && holm < 0.063 * SUITES);
	assert_true(plain > 0.3 * SUITES);
}

static void workloads_combine_by_weight(void **state)
{
	static const double a[] = { 1, 2, 3 }, b[] = { 5, 4, -1 };
	static const double *const d[] = { a, b };
	static const double weights[] = { 3, 1 };
	double out[3];

	(void)state;
	combine_workloads(d, NULL, 2, 3, out);
	assert_true(out[0] == 3 && out[1] == 3 && out[2] == 1);
	combine_workloads(d, weights, 2, 3, out);
	assert_true(out[0] == 2 && out[1] == 2.5 && out[2] == 2);
	combine_workloads(d, weights, 1, 3, out);
	assert_true(out[0] == 1 && out[1] == 2 && out[2] == 3);
}

static void prospect_known_answers(void **state)
{
	struct interval iv = make_interval(-0.4, 0.4), unknown = make_interval(-INFINITY, INFINITY);
	struct interval clear = make_interval(-0.05, 0.35);
	struct interval fine = make_interval(-0.018, 0.018);

	(void)state;
	assert_true(verdict_prospect(&unknown, 8, 50, &two_percent) == 1);
	/* the whole width at the end is below the margin: nothing can stay open */
	assert_true(verdict_prospect(&fine, 12, 50, &two_percent) == 1);
	assert_true(verdict_prospect(&fine, 30, 50, &two_percent) < 1);
	/* nothing more to come: what it is now */
	assert_true(verdict_prospect(&iv, 50, 50, &two_percent) == 0);
	assert_true(verdict_prospect(&clear, 50, 50, &two_percent) == 0);
	clear.lo = -0.019;
	clear.estimate = 0.5 * (clear.lo + clear.hi);
	assert_true(verdict_prospect(&clear, 50, 50, &two_percent) == 1);
	assert_true(verdict_prospect(&iv, 40, 50, &two_percent) < VERDICT_FUTILE);
	assert_true(verdict_prospect(&iv, 8, 50, &two_percent) > VERDICT_FUTILE);
}

struct course {
	bool decided, given_up;
	unsigned pairs, pairs_with_rule;
};

static struct course follow(const struct spending *s, const double *d)
{
	struct course course = { .decided = false };

	for (unsigned q = 0; q < s->nr_looks && !course.decided; q++) {
		unsigned n = s->looks[q].n;
		struct interval iv = signed_rank_interval(d, n, s->looks[q].c);

		course.pairs = n;
		if (!course.given_up)
			course.pairs_with_rule = n;
		course.decided = verdict_of(&iv, &two_percent) != VERDICT_INCONCLUSIVE;
		if (!course.decided && verdict_prospect(&iv, n, 50, &two_percent) < VERDICT_FUTILE)
			course.given_up = true;
	}
	return course;
}

/* Far too noisy for the margin: the rule saves pairs, and loses hardly a verdict. */
static void giving_up_costs_little(void **state)
{
	enum { COURSES = 400 };
	unsigned decided = 0, lost = 0, pairs = 0, pairs_with_rule = 0;
	struct spending s;
	struct rng rng;

	(void)state;
	assert_int_equal(spending_init(&s, 50, 0.025, SPENDING_SEED, NULL), 0);
	rng_seed(&rng, 32);
	for (int rep = 0; rep < COURSES; rep++) {
		struct course course;
		double d[50];

		for (int i = 0; i < 50; i++)
			d[i] = 0.15 * rng_normal(&rng) + 0.02;
		course = follow(&s, d);
		decided += course.decided;
		lost += course.decided && course.given_up;
		pairs += course.pairs;
		pairs_with_rule += course.pairs_with_rule;
	}
	assert_true(decided > COURSES / 10);
	assert_true(lost <= 0.03 * COURSES);
	assert_true(pairs_with_rule < 0.9 * pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_by_where_the_interval_lies),
		cmocka_unit_test(least_effect_raises_the_bar),
		cmocka_unit_test(what_a_verdict_implies),
		cmocka_unit_test(every_verdict_has_its_name),
		cmocka_unit_test(holm_known_answers),
		cmocka_unit_test(holm_holds_the_family),
		cmocka_unit_test(workloads_combine_by_weight),
		cmocka_unit_test(prospect_known_answers),
		cmocka_unit_test(giving_up_costs_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
