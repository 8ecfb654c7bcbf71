/* SPDX-License-Identifier: Apache-2.0 */
/* Cachegrind's files, and what is concluded from counts that do or do not go with the time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/core/explain.h"

/* The shape of what valgrind 3.19 --tool=cachegrind --cache-sim=yes --branch-sim=yes leaves. */
static const char good[] =
	"desc: I1 cache:         32768 B, 64 B, 8-way associative\n"
	"desc: D1 cache:         49152 B, 64 B, 12-way associative\n"
	"desc: LL cache:         1048576 B, 64 B, 16-way associative\n"
	"cmd: ./prog 1000 'two words'\n"
	"events: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw Bc Bcm Bi Bim\n"
	"fl=???\n"
	"fn=main\n"
	"0 1 2 3 4 5 6 7 8 9 10 11 12 13\n"
	"summary: 9131580 1257 1238 29826 1156 1002 10676 372 348 1026367 3359 "
	"303 162\n";

static void a_file_is_read(void **state)
{
	PGO_AUTO(cachegrind) c = CACHEGRIND_INIT;

	(void)state;
	assert_int_equal(cachegrind_parse("x", good, sizeof(good) - 1, &c, NULL), 0);
	assert_string_equal(c.cmd, "./prog 1000 'two words'");
	assert_string_equal(c.model,
			    "I1 32768 B, 64 B, 8-way associative; "
			    "LL 1048576 B, 64 B, 16-way associative");
	assert_int_equal(c.events[CACHEGRIND_INSTRUCTIONS], 9131580);
	assert_int_equal(c.events[CACHEGRIND_I1_MISSES], 1257);
	assert_int_equal(c.events[CACHEGRIND_LL_MISSES], 1238);
	assert_int_equal(c.events[CACHEGRIND_BRANCHES], 1026367);
	assert_int_equal(c.events[CACHEGRIND_MISPREDICTIONS], 3359);
}

/* A run that was killed leaves a part: refused wherever it ends, but for the last newline. */
static void a_part_of_a_file_is_refused(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(good) - 5; len++) {
		PGO_AUTO_FREE char *part = xmemdup(good, len ? len : 1);
		PGO_AUTO(cachegrind) c = CACHEGRIND_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

		assert_int_equal(cachegrind_parse("x", part, len, &c, &err), -PGO_EFORMAT);
		assert_null(c.cmd);
		assert_true(err.offset >= 0 && (size_t)err.offset <= len);
	}
}

static void wrong_files_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"\n\n\n",
		"events: Ir\nsummary: 1\n",
		"cmd: x\nevents: Ir\nsummary: 1\n",
		"cmd: x\nevents: Ir I1mr ILmr Bc Bcm\nsummary: 1 2 3 4\n",
		"cmd: x\nevents: Ir I1mr ILmr Bc Bcm\nsummary: 1 2 3 4 5 6\n",
		"cmd: x\nevents: Ir I1mr ILmr Bc Bcm\nsummary: 1 2 3 4 -5\n",
		"cmd: x\nevents: Ir I1mr ILmr Bc Bcm\nsummary: 1 2 3 4 18446744073709551616\n",
		"cmd: x\nevents: Ir I1mr ILmr Bc Bxm\nsummary: 1 2 3 4 5\n",
		"cmd: x\nevents: Ir I1mr ILmr Bc Bcm\nsummary: 1 2 3 4 5\nmore: 1\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		PGO_AUTO(cachegrind) c = CACHEGRIND_INIT;

		assert_int_equal(cachegrind_parse("x", wrong[i], strlen(wrong[i]), &c, NULL),
				 -PGO_EFORMAT);
	}
}

/* --- conclusions */

enum { PAIRS = 12 };

struct fixture {
	struct evidence e;
	struct engine g;
	struct explanation x;
};

/* The candidate takes 1 / speedup of the baseline's time by CPU, and by the clock on the wall. */
static void setup(struct fixture *f, double speedup, double wall_speedup)
{
	*f = (struct fixture){ 0 };
	f->e.head = (struct evidence_head){ .n_max = PAIRS, .alpha = 0.025, .margin = 0.02 };
	f->e.workloads = xcalloc(1, sizeof(*f->e.workloads));
	f->e.workloads[0] =
		(struct ab_workload_info){ .name = xstrdup("w"), .weight = 1, .times = 1 };
	f->e.nr_workloads = 1;
	for (unsigned r = 0; r < PAIRS; r++) {
		double noise = 1 + 0.002 * ((double)(r * 7 % 11) - 5);
		struct ab_pair p = { .round = r,
				     .swapped = r % 3 == 0,
				     .run = { run_metrics_none(), run_metrics_none() } };

		p.run[0].cpu_ns = 100000000;
		p.run[1].cpu_ns = (uint64_t)(1e8 / speedup * noise);
		p.run[0].wall_ns = 110000000;
		p.run[1].wall_ns = (uint64_t)(1.1e8 / wall_speedup * noise);
		p.run[0].counters[COUNTER_PAGE_FAULTS] = 100;
		p.run[1].counters[COUNTER_PAGE_FAULTS] = 90 + r % 3;
		p.run[r % 2].counters[COUNTER_MIGRATIONS] = 1; /* never both of a pair */
		evidence_add(&f->e, &p);
	}
	assert_int_equal(engine_init(&f->g, &f->e, NULL), 0);
	assert_int_equal(engine_replay(&f->g, NULL), 0);
	explanation_init(&f->x, &f->e, NULL);
}

static void teardown(struct fixture *f)
{
	explanation_release(&f->x);
	engine_release(&f->g);
	evidence_release(&f->e);
}

static void counts(struct fixture *f, int side, uint64_t instructions, uint64_t i1, uint64_t bcm)
{
	struct explain_side *s = &f->x.workloads[0].side[side];

	s->events[CACHEGRIND_INSTRUCTIONS] = instructions;
	s->events[CACHEGRIND_I1_MISSES] = i1;
	s->events[CACHEGRIND_MISPREDICTIONS] = bcm;
}

struct case_ {
	double speedup;
	uint64_t b[3];
	const char *remark; /* NULL: none */
};

static const struct case_ cases[] = {
	/* Faster, and something went down: of a piece. */
	{ 1.2, { 900000, 1000, 1000 }, NULL },
	{ 1.2, { 1000000, 500, 1000 }, NULL },
	{ 1.2, { 1000000, 1000, 500 }, NULL },
	/* Faster, and nothing did. */
	{ 1.2, { 1000000, 1000, 1000 }, "faster, but by cachegrind instructions are flat" },
	{ 1.2,
	  { 1100000, 1000, 1000 },
	  "instructions are up, I1 misses flat, mispredictions flat" },
	{ 1.2, { 1000000, 990, 990 }, "I1 misses flat" },
	/* Slower. */
	{ 0.8, { 1100000, 1000, 1000 }, NULL },
	{ 0.8, { 1000000, 2000, 1000 }, NULL },
	{ 0.8, { 900000, 1000, 1000 }, "slower, but by cachegrind instructions are down" },
	{ 0.8, { 1000000, 1000, 1000 }, "slower, but" },
	/* No difference in time. */
	{ 1.0, { 1000000, 1000, 1000 }, NULL },
	{ 1.0, { 960000, 1000, 1000 }, NULL },
	{ 1.0, { 900000, 1000, 1000 }, "instructions are -10.0 %, but no difference in time" },
	{ 1.0, { 1100000, 1000, 1000 }, "instructions are +10.0 %, but no difference in time" },
};

static void contradictions_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct case_ *c = &cases[i];
		const struct strvec *remarks;
		struct fixture f;

		setup(&f, c->speedup, c->speedup);
		counts(&f, 0, 1000000, 1000, 1000);
		counts(&f, 1, c->b[0], c->b[1], c->b[2]);
		explanation_conclude(&f.x, &f.g);
		remarks = &f.x.workloads[0].remarks;
		if (remarks->nr != (c->remark != NULL))
			fail_msg("case %zu: %zu remarks, %s", i, remarks->nr,
				 remarks->nr ? remarks->v[0] : "");
		if (c->remark && !strstr(remarks->v[0], c->remark))
			fail_msg("case %zu: %s", i, remarks->v[0]);
		teardown(&f);
	}
}

static void what_was_not_counted_contradicts_nothing(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 1.2, 1.2);
	counts(&f, 0, 1000000, 1000, 1000);
	f.x.workloads[0].side[1].why_not = xstrdup("it did not end");
	explanation_conclude(&f.x, &f.g);
	assert_int_equal(f.x.workloads[0].remarks.nr, 0);
	teardown(&f);
}

static void the_wall_is_compared_with_the_metric(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 1.2, 0.9);
	explanation_conclude(&f.x, &f.g);
	assert_int_equal(f.x.workloads[0].remarks.nr, 1);
	assert_non_null(strstr(f.x.workloads[0].remarks.v[0],
			       "faster by CPU time, but slower by wall time (-"));
	teardown(&f);
}

static void counters_have_their_interval(void **state)
{
	const struct explain_workload *w;
	struct fixture f;

	(void)state;
	setup(&f, 1.2, 1.2);
	explanation_conclude(&f.x, &f.g);
	w = &f.x.workloads[0];
	assert_int_equal(w->nr_counters, 1); /* no pair has both migrations */
	assert_int_equal(w->counters[0].counter, COUNTER_PAGE_FAULTS);
	assert_int_equal(w->counters[0].nr, PAIRS);
	assert_true(w->counters[0].median_a == 100 && w->counters[0].median_b == 91);
	assert_true(w->counters[0].change.lo > log(0.89) && w->counters[0].change.hi < log(0.93));
	teardown(&f);
}

/* All three real counters: the same judgement by what was counted in the pairs. */
static void real_counters_contradict_too(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 1.2, 1.2);
	for (size_t i = 0; i < f.e.nr_pairs; i++)
		for (int s = 0; s < 2; s++) {
			uint64_t *c = f.e.pairs[i].run[s].counters;

			c[COUNTER_INSTRUCTIONS] = 1000000 + (uint64_t)s * 100000 + i;
			c[COUNTER_L1I_MISSES] = 1000 + i % 2;
			c[COUNTER_BRANCH_MISSES] = 1000 + i % 5;
		}
	f.x.workloads[0].side[0].why_not = xstrdup("not run");
	explanation_conclude(&f.x, &f.g);
	assert_int_equal(f.x.workloads[0].remarks.nr, 1);
	assert_non_null(strstr(f.x.workloads[0].remarks.v[0],
			       "faster, but by the counters instructions are up, I1 misses flat"));
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read),
		cmocka_unit_test(a_part_of_a_file_is_refused),
		cmocka_unit_test(wrong_files_are_refused),
		cmocka_unit_test(contradictions_are_told),
		cmocka_unit_test(what_was_not_counted_contradicts_nothing),
		cmocka_unit_test(the_wall_is_compared_with_the_metric),
		cmocka_unit_test(counters_have_their_interval),
		cmocka_unit_test(real_counters_contradict_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
