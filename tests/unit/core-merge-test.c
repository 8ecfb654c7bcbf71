/* SPDX-License-Identifier: Apache-2.0 */
/* Weights as whole numbers; the plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/core/convert.h"
#include "pgo/core/merge.h"
#include "pgo/core/plan.h"

static void check_weights(size_t nr, const double *weights, const uint64_t *want)
{
	uint64_t got[4] = { 77, 77, 77, 77 };

	merge_integer_weights(weights, nr, got);
	for (size_t i = 0; i < 4; i++)
		assert_true(got[i] == (i < nr ? want[i] : 77));
}
#define WEIGHTS(...) (const double[]){ __VA_ARGS__ }
#define WHOLE(...) (const uint64_t[]){ __VA_ARGS__ }

static void weights_keep_their_proportions(void **state)
{
	(void)state;
	check_weights(0, NULL, NULL);
	check_weights(1, WEIGHTS(1), WHOLE(1));
	check_weights(1, WEIGHTS(3), WHOLE(1));
	check_weights(1, WEIGHTS(0.001), WHOLE(1));
	check_weights(2, WEIGHTS(1, 1), WHOLE(1, 1));
	check_weights(2, WEIGHTS(0.5, 1), WHOLE(1, 2));
	check_weights(3, WEIGHTS(4, 6, 10), WHOLE(2, 3, 5));
	check_weights(3, WEIGHTS(0.1, 0.2, 0.3), WHOLE(1, 2, 3));
	check_weights(2, WEIGHTS(0.333, 0.667), WHOLE(333, 667));
	check_weights(2, WEIGHTS(1000000, 0.001), WHOLE(1000000000, 1));
	check_weights(2, WEIGHTS(1.5, 2.25), WHOLE(2, 3));
}

static void a_weight_that_rounds_to_nothing_still_counts(void **state)
{
	(void)state;
	check_weights(2, WEIGHTS(0.0001, 1), WHOLE(1, 1000));
	check_weights(2, WEIGHTS(1e-300, 1e-300), WHOLE(1, 1));
}

static void a_plan_keeps_its_steps(void **state)
{
	PGO_AUTO(plan) p = PLAN_INIT;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct plan_step *s = plan_add(&p, i % 2, "step %d", i);

		strvec_pushf(&s->commands, "command %d", i);
	}
	assert_int_equal(p.nr, 100);
	for (int i = 0; i < 100; i++) {
		PGO_AUTO_FREE char *name = xstrfmt("step %d", i),
				   *command = xstrfmt("command %d", i);

		assert_string_equal(p.steps[i].name, name);
		assert_int_equal(p.steps[i].done, i % 2);
		assert_int_equal(p.steps[i].commands.nr, 1);
		assert_string_equal(p.steps[i].commands.v[0], command);
	}
	plan_release(&p);
	assert_int_equal(p.nr, 0);
	plan_release(&p);
}

static void a_converted_profile_has_a_name(void **state)
{
	static const struct {
		const char *input, *to, *want;
	} cases[] = {
		{ "merged.prof", "profdata", "merged.profdata" },
		{ "a/b.c.profraw", "proftext", "a/b.c.proftext" },
		{ "raw", "gcda", "raw.gcda" },
		{ "a.b/raw", "gcda", "a.b/raw.gcda" },
		{ ".hidden", "profdata", ".hidden.profdata" },
		{ "a.d/.x", "gcda", "a.d/.x.gcda" },
		{ "raw/", "gcda", "raw.gcda" },
		{ "a.d//", "gcda", "a.gcda" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PGO_AUTO_FREE char *got = convert_default_output(cases[i].input, cases[i].to);

		assert_string_equal(got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_keep_their_proportions),
		cmocka_unit_test(a_weight_that_rounds_to_nothing_still_counts),
		cmocka_unit_test(a_plan_keeps_its_steps),
		cmocka_unit_test(a_converted_profile_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
