/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence with layouts: its lines, what the engine makes of it, and the planning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "pgo/base/strbuf.h"
#include "pgo/core/engine.h"
#include "pgo/core/layout.h"
#include "pgo/stats/rng.h"

#define UNIT_NS 20000000

/* What a made experiment is like: logarithms, SDs. */
struct world {
	enum estimand estimand;
	unsigned nr, each, floor;
	double effect, layout_sd, noise_sd;
	size_t nr_workloads;
};

static void add_pair(struct evidence *e, struct rng *r, const struct world *w, size_t workload,
		     enum pair_kind kind, unsigned layout, double luck)
{
	struct ab_pair p = { .workload = workload,
			     .kind = kind,
			     .layout = layout,
			     .round = (unsigned)e->nr_pairs,
			     .swapped = rng_coin(r),
			     .run = { RUN_METRICS_INIT, RUN_METRICS_INIT } };
	double d = luck + w->noise_sd * rng_normal(r);

	p.run[0].wall_ns = p.run[0].cpu_ns = (uint64_t)(UNIT_NS * exp(d));
	p.run[1].wall_ns = p.run[1].cpu_ns = UNIT_NS;
	evidence_add(e, &p);
}

static void add_pairs(struct evidence *e, struct rng *r, const struct world *w)
{
	double luck[EVIDENCE_MAX_LAYOUTS];

	for (unsigned l = 0; l < EVIDENCE_MAX_LAYOUTS; l++)
		luck[l] = w->layout_sd * rng_normal(r);
	for (size_t k = 0; k < 8 * w->nr_workloads; k++)
		add_pair(e, r, w, k % w->nr_workloads, PAIR_AA, 0, 0);
	for (unsigned k = 0; k < 8; k++)
		for (unsigned l = 0; l < w->floor; l++)
			for (size_t i = 0; i < w->nr_workloads; i++)
				add_pair(e, r, w, i, PAIR_LAYOUT, l + 1, luck[l]);
	for (unsigned k = 0; k < w->each; k++)
		for (unsigned l = 0; l < (w->nr ? w->nr : 1); l++)
			for (size_t i = 0; i < w->nr_workloads; i++)
				add_pair(e, r, w, i, PAIR_AB, w->nr ? l + 1 : 0,
					 w->effect + (w->nr ? luck[l] : 0));
}

static void make(struct evidence *e, const struct world *w, uint64_t seed)
{
	struct rng r;

	rng_seed(&r, seed);
	*e = (struct evidence){
		.head = { .seed = seed,
			  .n_max = w->each * (w->nr ? w->nr : 1),
			  .alpha = 0.025,
			  .margin = 0.02,
			  .a = xstrdup("a"),
			  .b = xstrdup("b"),
			  .machine = xstrdup("m"),
			  .kernel = xstrdup("k"),
			  .layouts = { w->estimand, w->nr, w->floor, 500000000 } },
		.workloads = xcalloc(w->nr_workloads, sizeof(*e->workloads)),
		.nr_workloads = w->nr_workloads,
	};
	for (size_t i = 0; i < w->nr_workloads; i++)
		e->workloads[i] = (struct ab_workload_info){ .name = xstrfmt("w%zu", i),
							     .weight = 1 + (double)i,
							     .times = 1,
							     .unit_ns = UNIT_NS };
	add_pairs(e, &r, w);
}

static void judge(struct engine *g, const struct evidence *e)
{
	assert_int_equal(engine_init(g, e, NULL), 0);
	assert_int_equal(engine_replay(g, NULL), 0);
}

static void write_all(const struct evidence *e, struct strbuf *out)
{
	for (size_t i = 0; i <= e->nr_pairs; i++) {
		json_t *o = i ? evidence_pair_json(e, &e->pairs[i - 1]) : evidence_head_json(e);

		js_dump(o, out, true);
		strbuf_addch(out, '\n');
		json_decref(o);
	}
}

static const struct world build = {
	.estimand = ESTIMAND_BUILD,
	.nr = 5,
	.each = 4,
	.floor = 3,
	.effect = 0.05,
	.layout_sd = 0.01,
	.noise_sd = 0.01,
	.nr_workloads = 2,
};

static void survives_the_file(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT, back = EVIDENCE_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT, again = STRBUF_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT, h = ENGINE_INIT;

	(void)state;
	make(&e, &build, 1);
	write_all(&e, &text);
	assert_int_equal(evidence_parse("x", text.buf, text.len, &back, NULL), 0);
	assert_int_equal(back.head.layouts.estimand, ESTIMAND_BUILD);
	assert_int_equal(back.head.layouts.nr, 5);
	assert_int_equal(back.head.layouts.floor, 3);
	assert_int_equal(back.head.layouts.link_ns, 500000000);
	write_all(&back, &again);
	assert_string_equal(again.buf, text.buf);
	judge(&g, &e);
	judge(&h, &back);
	assert_memory_equal(&g.overall.looks[0].ci, &h.overall.looks[0].ci,
			    sizeof(struct interval));
	assert_memory_equal(&g.floor, &h.floor, sizeof(g.floor));
	assert_memory_equal(&g.layouts, &h.layouts, sizeof(g.layouts));
}

/* Without layouts not a byte of the file is other than before there were any. */
static void absent_without_layouts(void **state)
{
	const struct world plain = { .each = 8, .noise_sd = 0.01, .nr_workloads = 1 };
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	(void)state;
	make(&e, &plain, 1);
	e.head.layouts = (struct evidence_layouts){ .link_ns = 0 };
	write_all(&e, &text);
	assert_null(strstr(text.buf, "layout"));
	assert_null(strstr(text.buf, "estimand"));
}

static void refuses(void **state)
{
	static const struct {
		const char *from, *to, *says;
	} wrong[] = {
		{ "\"estimand\":\"build\"", "\"estimand\":\"bulid\"", "'estimand'" },
		{ "\"estimand\":\"build\"", "\"estimand\":\"binary\"", "5 layouts with" },
		{ "\"nr\":5", "\"nr\":0", "0 layouts with" },
		{ "\"nr\":5", "\"nr\":1", "1 layouts with" },
		{ "\"nr\":5", "\"nr\":65", "65 layouts with" },
		{ "\"nr\":5", "\"nr\":5,\"odd\":1", "5 fields where 4" },
		{ "\"floor\":3", "\"floor\":1", "1 layouts of the baseline" },
		{ "\"floor\":3", "\"floor\":65", "65 layouts of the baseline" },
		{ "\"link_ns\":500000000", "\"link_ns\":-1", "'link_ns'" },
		{ "\"layouts\":{", "\"layouts\":7,\"x\":{", "fields" },
		{ "\"kind\":\"aa\",", "\"kind\":\"layout\",", "layout 0 is none" },
		{ "\"layout\":0", "\"layout\":1", "layout 1 is none" },
		{ "\"layout\":3", "\"layout\":4", "layout 4 is none" },
		{ "\"layout\":5", "\"layout\":6", "layout 6 is none" },
		{ ",\"layout\":2", "", "fields where" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		PGO_AUTO(evidence) e = EVIDENCE_INIT, back = EVIDENCE_INIT;
		PGO_AUTO(strbuf) text = STRBUF_INIT, bad = STRBUF_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
		const char *at;

		make(&e, &build, 1);
		write_all(&e, &text);
		at = strstr(text.buf, wrong[i].from);
		assert_non_null(at);
		strbuf_add(&bad, text.buf, (size_t)(at - text.buf));
		strbuf_addstr(&bad, wrong[i].to);
		strbuf_addstr(&bad, at + strlen(wrong[i].from));
		assert_int_equal(evidence_parse("x", bad.buf, bad.len, &back, &err), -PGO_EFORMAT);
		if (!strstr(err.msg, wrong[i].says))
			fail_msg("'%s' does not say '%s'", err.msg, wrong[i].says);
	}
}

/* A pair of layouts, or of one, in a file that has none. */
static void refuses_layouts_of_none(void **state)
{
	const struct world plain = { .each = 8, .noise_sd = 0.01, .nr_workloads = 1 };
	static const char *const to[] = { "\"kind\":\"layout\"", "\"layout\":1,\"kind\":\"aa\"" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
		PGO_AUTO(evidence) e = EVIDENCE_INIT, back = EVIDENCE_INIT;
		PGO_AUTO(strbuf) text = STRBUF_INIT, bad = STRBUF_INIT;
		const char *at;

		make(&e, &plain, 1);
		write_all(&e, &text);
		at = strstr(text.buf, "\"kind\":\"aa\"");
		strbuf_add(&bad, text.buf, (size_t)(at - text.buf));
		strbuf_addf(&bad, "%s%s", to[i], at + strlen("\"kind\":\"aa\""));
		assert_int_equal(evidence_parse("x", bad.buf, bad.len, &back, NULL), -PGO_EFORMAT);
	}
}

static void verdict_by_means(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;
	double means[5], whole[5];
	struct interval ci;
	struct cluster c;

	(void)state;
	make(&e, &build, 2);
	judge(&g, &e);
	assert_int_equal(engine_overall(&g), VERDICT_FASTER);
	assert_int_equal(g.overall.nr_looks, 1);
	assert_int_equal(g.overall.looks[0].n, 20);
	assert_true(layout_means(&e, e.nr_pairs, PAIR_AB, LAYOUT_WHOLE, whole, &c));
	ci = cluster_interval(whole, 5, 0.025);
	assert_true(ci.lo == g.overall.looks[0].ci.lo && ci.hi == g.overall.looks[0].ci.hi);
	assert_int_equal(c.nr_values, 40);
	/* Weights 1 and 2. */
	assert_true(layout_means(&e, e.nr_pairs, PAIR_AB, 0, means, &c));
	whole[0] -= means[0] / 3;
	assert_true(layout_means(&e, e.nr_pairs, PAIR_AB, 1, means, &c));
	assert_true(fabs(whole[0] - means[0] * 2 / 3) < 1e-15);
	assert_false(engine_inside_floor(&g, LAYOUT_WHOLE));
	/* The A/A check is the copies' alone. */
	assert_int_equal(g.instrument.nr, 16);
	assert_int_equal(g.nr_layout, 48);
	/* They tell of the order as well. */
	assert_int_equal(g.nr_position, 40 + 16);
}

/* Pairs of one layout only, however many, prove nothing of the build. */
static void no_verdict_without_every_layout(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;

	(void)state;
	make(&e, &build, 2);
	for (size_t i = 0; i < e.nr_pairs; i++)
		if (e.pairs[i].kind == PAIR_AB && e.pairs[i].layout == 3)
			e.pairs[i].invalid = INVALID_STEAL;
	judge(&g, &e);
	assert_int_equal(engine_overall(&g), VERDICT_INCONCLUSIVE);
	assert_int_equal(engine_verdict(&g, 0), VERDICT_INCONCLUSIVE);
	assert_int_equal(g.overall.nr_looks, 0);
	assert_int_equal(g.layouts.nr, 0);
}

/* How often equal programs are told apart. */
static void false_verdicts(void **state)
{
	struct world w = build;
	int nr = 0;

	(void)state;
	w.effect = 0;
	w.floor = 0;
	w.nr_workloads = 1;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		PGO_AUTO(evidence) e = EVIDENCE_INIT;
		PGO_AUTO(engine) g = ENGINE_INIT;
		const struct look *k;

		make(&e, &w, seed);
		judge(&g, &e);
		k = series_last(&g.overall);
		nr += k->ci.lo > 0 || k->ci.hi < 0;
	}
	print_message("%d of 400 false\n", nr);
	assert_in_range(nr, 8, 34); /* binomial, 0.05: beyond with 1 in 1000 */
}

/* One slow workload among many good ones fails the gate, after Holm. */
static void regression_by_holm(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;

	(void)state;
	make(&e, &build, 3);
	for (size_t i = 0; i < e.nr_pairs; i++)
		if (e.pairs[i].kind == PAIR_AB && e.pairs[i].workload == 0)
			e.pairs[i].run[1].cpu_ns = UNIT_NS * 5 / 4;
	judge(&g, &e);
	assert_int_equal(engine_verdict(&g, 0), VERDICT_REGRESSION);
	assert_true(g.workloads[0].regressed);
	assert_int_equal(engine_verdict(&g, 1), VERDICT_FASTER);
	assert_int_equal(engine_gate(&g), GATE_FAIL);
}

static void floor_beside_the_claim(void **state)
{
	struct world w = { .floor = 5,
			   .each = 20,
			   .effect = 0.011,
			   .layout_sd = 0.02,
			   .noise_sd = 0.003,
			   .nr_workloads = 1 };
	PGO_AUTO(evidence) small = EVIDENCE_INIT, large = EVIDENCE_INIT, calm = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT, h = ENGINE_INIT, k = ENGINE_INIT;

	(void)state;
	make(&small, &w, 5);
	judge(&g, &small);
	assert_int_equal(engine_overall(&g), VERDICT_FASTER);
	assert_true(g.floor.floor > 0.02 && g.floor.p < 0.001);
	assert_true(engine_inside_floor(&g, LAYOUT_WHOLE));
	assert_true(engine_inside_floor(&g, 0));
	w.effect = 0.4;
	make(&large, &w, 5);
	judge(&h, &large);
	assert_int_equal(engine_overall(&h), VERDICT_FASTER);
	assert_true(h.floor.floor == g.floor.floor);
	assert_false(engine_inside_floor(&h, LAYOUT_WHOLE));
	/* No spread of layouts: nothing is inside of what is not there. */
	w.effect = 0.011;
	w.layout_sd = 0;
	make(&calm, &w, 8);
	judge(&k, &calm);
	assert_int_equal(engine_overall(&k), VERDICT_FASTER);
	assert_true(k.floor.p > LAYOUT_ALPHA);
	assert_false(engine_inside_floor(&k, LAYOUT_WHOLE));
	/* The verdicts are what they are without the floor. */
	assert_true(isnan(layout_floor(&(struct evidence){ .nr_pairs = 0 }, 0).floor));
}

static void floor_changes_no_verdict(void **state)
{
	struct world w = { .floor = 4,
			   .each = 20,
			   .effect = 0.008,
			   .layout_sd = 0.02,
			   .noise_sd = 0.01,
			   .nr_workloads = 2 };

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		PGO_AUTO(evidence) e = EVIDENCE_INIT;
		PGO_AUTO(engine) with = ENGINE_INIT, without = ENGINE_INIT;
		size_t kept = 0;

		make(&e, &w, seed);
		judge(&with, &e);
		for (size_t i = 0; i < e.nr_pairs; i++)
			if (e.pairs[i].kind != PAIR_LAYOUT)
				e.pairs[kept++] = e.pairs[i];
		e.nr_pairs = kept;
		e.head.layouts = (struct evidence_layouts){ .link_ns = 0 };
		judge(&without, &e);
		assert_int_equal(with.overall.nr_looks, without.overall.nr_looks);
		assert_memory_equal(with.overall.looks, without.overall.looks,
				    sizeof(with.overall.looks));
		assert_int_equal(engine_gate(&with), engine_gate(&without));
	}
}

/* A baseline whose output depends on its layout is told, and fails nothing. */
static void output_by_layout(void **state)
{
	const struct world w = { .floor = 2, .each = 8, .noise_sd = 0.01, .nr_workloads = 1 };
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;

	(void)state;
	make(&e, &w, 1);
	e.workloads[0].output_compared = true;
	memset(e.workloads[0].output, 'a', 64);
	for (size_t i = 0; i < e.nr_pairs; i++)
		for (int s = 0; s < 2; s++)
			memset(e.pairs[i].run[s].output,
			       s && e.pairs[i].kind == PAIR_LAYOUT ? 'b' : 'a', 64);
	judge(&g, &e);
	assert_true(g.layout_differs);
	assert_false(g.workloads[0].miscompare || g.workloads[0].unstable);
	assert_int_not_equal(engine_gate(&g), GATE_MISCOMPARE);
}

static void planning(void **state)
{
	struct world w = build;
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(evidence) blind = EVIDENCE_INIT;
	struct forecast f = { 0 }, best = { 0 };
	double means[3];
	struct cluster c;

	(void)state;
	w.noise_sd = 0.03;
	make(&e, &w, 7);
	e.head.n_max = 23;
	layout_plan(&e, true);
	assert_int_equal(e.head.n_max, 20);
	e.head.n_max = 3;
	layout_plan(&e, true);
	assert_int_equal(e.head.n_max, 5);
	/* With a floor: the best number, of the A/B pairs' variances. */
	layout_plan(&e, false);
	assert_true(layout_means(&e, e.nr_pairs, PAIR_LAYOUT, LAYOUT_WHOLE, means, &c));
	c.var_between *= 2;
	assert_int_equal(e.head.n_max, 5 * cluster_repetitions(&c, 5e8, 4 * UNIT_NS + 1, 256 / 5));
	layout_forecast(&e, &f);
	assert_true(f.provable > 0 && isfinite(f.provable));
	assert_true(fabs(f.provable -
			 expm1(cluster_detectable(&c, 5, e.head.n_max / 5, 0.025, 0.9))) < 1e-12);
	/* Without one: the noise alone, at best. */
	w.floor = 0;
	make(&blind, &w, 7);
	layout_plan(&blind, false);
	assert_int_equal(blind.head.n_max, 20);
	layout_forecast(&blind, &best);
	assert_true(best.provable > 0 && best.provable < 0.1);
	/* A wide margin needs one pair a layout, an absurd one more than there are. */
	blind.head.margin = 0.5;
	layout_forecast(&blind, &best);
	assert_int_equal(best.pairs, 5);
	blind.head.margin = 1e-6;
	layout_forecast(&blind, &best);
	assert_int_equal(best.pairs, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_the_file),
		cmocka_unit_test(absent_without_layouts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_layouts_of_none),
		cmocka_unit_test(verdict_by_means),
		cmocka_unit_test(no_verdict_without_every_layout),
		cmocka_unit_test(false_verdicts),
		cmocka_unit_test(regression_by_holm),
		cmocka_unit_test(floor_beside_the_claim),
		cmocka_unit_test(floor_changes_no_verdict),
		cmocka_unit_test(output_by_layout),
		cmocka_unit_test(planning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
