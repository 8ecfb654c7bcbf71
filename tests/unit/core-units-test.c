/* SPDX-License-Identifier: Apache-2.0 */
/* Units of one pair and of two in the engine: ABBA, and the effect of the order. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/core/engine.h"

enum { N_MAX = 20 };

static void evidence_begin(struct evidence *e)
{
	*e = (struct evidence)EVIDENCE_INIT;
	e->head =
		(struct evidence_head){ .n_max = N_MAX, .alpha = 0.025, .margin = 0.02, .seed = 7 };
	e->workloads = xcalloc(1, sizeof(*e->workloads));
	e->workloads[0] =
		(struct ab_workload_info){ .name = xstrdup("w"), .weight = 1, .times = 1 };
	e->nr_workloads = 1;
}

/* The second run of a pair takes order times as long as the first, whichever it is. */
static void add(struct evidence *e, enum pair_part part, bool swapped, unsigned round, double a,
		double b, double order)
{
	struct ab_pair p = { .part = part,
			     .swapped = swapped,
			     .round = round,
			     .run = { run_metrics_none(), run_metrics_none() } };

	p.run[0].cpu_ns = p.run[0].wall_ns = (uint64_t)(1e9 * a * (swapped ? order : 1));
	p.run[1].cpu_ns = p.run[1].wall_ns = (uint64_t)(1e9 * b * (swapped ? 1 : order));
	evidence_add(e, &p);
}

/* A coin that is known: both sides often enough. */
static bool coin(unsigned i)
{
	return (0x5b2d3a96u >> (i % 32)) & 1;
}

static void add_unit(struct evidence *e, unsigned round, double a, double b, double order)
{
	bool s = coin(round);

	add(e, PART_FIRST, s, round, a, b, order);
	add(e, PART_SECOND, !s, round, a, b, order);
}

static void run(struct evidence *e, struct engine *g)
{
	assert_int_equal(engine_init(g, e, NULL), 0);
	assert_int_equal(engine_replay(g, NULL), 0);
}

static void the_order_cancels_in_a_unit(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;

	(void)state;
	evidence_begin(&e);
	for (unsigned r = 0; r < 12; r++)
		add_unit(&e, r, 1.1, 1 + 0.0001 * r, 1.5);
	run(&e, &g);
	assert_int_equal(g.workloads[0].series.nr, 12);
	assert_int_equal(g.nr_units[0], 0);
	assert_int_equal(g.nr_units[1], 12);
	assert_int_equal(g.nr_valid, 12);
	for (unsigned r = 0; r < 12; r++)
		assert_true(fabs(g.workloads[0].series.d[r] - log(1.1 / (1 + 0.0001 * r))) < 1e-6);
	assert_int_equal(engine_overall(&g), VERDICT_FASTER);
	assert_int_equal(g.nr_position, 0);
	assert_false(g.instrument.position_effect);
}

/* The same in pairs: the order is found, and no verdict. */
static void the_order_is_found_in_pairs(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;

	(void)state;
	evidence_begin(&e);
	for (unsigned r = 0; r < 12; r++)
		add(&e, PART_WHOLE, coin(r), r, 1, 1 + 0.0001 * r, 1.5);
	run(&e, &g);
	assert_true(g.instrument.position_effect);
	assert_true(g.instrument.position_p < 0.01);
	assert_int_equal(engine_overall(&g), VERDICT_INCONCLUSIVE);
	/* It is not given up for a width that units of two pairs do not have. */
	assert_false(g.overall.futile);
	assert_false(engine_done(&g));
}

static void without_an_effect_none_is_found(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;

	(void)state;
	evidence_begin(&e);
	for (unsigned r = 0; r < 12; r++)
		add(&e, PART_WHOLE, coin(r), r, 1, r % 2 ? 1.5 : 1 / 1.5, 1);
	run(&e, &g);
	assert_false(g.instrument.position_effect);
	assert_true(g.overall.futile);
	assert_true(engine_done(&g));
}

/* From pairs to units in the middle: judged by sign flips, not by the table. */
static void mixed_units_are_judged_exactly(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;

	(void)state;
	evidence_begin(&e);
	for (unsigned r = 0; r < 8; r++)
		add(&e, PART_WHOLE, coin(r), r, 1, 1 + 0.0001 * r, 1.5);
	for (unsigned r = 8; r < N_MAX; r++)
		add_unit(&e, r, 1.3, 1 + 0.0003 * r, 1.5);
	run(&e, &g);
	assert_int_equal(g.nr_units[0], 8);
	assert_int_equal(g.nr_units[1], N_MAX - 8);
	assert_int_equal(g.overall.nr, N_MAX);
	assert_true(g.instrument.position_effect);
	for (unsigned q = 0; q < g.overall.nr_looks; q++)
		if (g.overall.looks[q].n > 8)
			assert_true(g.overall.looks[q].exact);
}

/* Both halves carry the reason, the unit counts once; one without its second not at all. */
static void an_invalid_unit_counts_once(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;

	(void)state;
	evidence_begin(&e);
	add_unit(&e, 0, 1, 1, 1);
	e.pairs[0].invalid = e.pairs[1].invalid = INVALID_STEAL;
	add_unit(&e, 0, 1, 1, 1);
	add(&e, PART_FIRST, true, 0, 1, 1, 1);
	run(&e, &g);
	assert_int_equal(g.nr_invalid[INVALID_STEAL], 1);
	assert_int_equal(g.nr_valid, 1);
	assert_int_equal(g.overall.nr, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_cancels_in_a_unit),
		cmocka_unit_test(the_order_is_found_in_pairs),
		cmocka_unit_test(without_an_effect_none_is_found),
		cmocka_unit_test(mixed_units_are_judged_exactly),
		cmocka_unit_test(an_invalid_unit_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
