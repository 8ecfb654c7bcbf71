/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of layouts, as text, JSON and HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "pgo/report/html.h"
#include "pgo/report/layout.h"
#include "pgo/report/show.h"

#define UNIT_NS 20000000
#define EACH 8

/* Logarithms, the same in every run of the test. */
struct world {
	unsigned nr, floor;
	double effect, layout, noise;
};

static void add_pair(struct evidence *e, enum pair_kind kind, unsigned layout, double d)
{
	struct ab_pair p = { .kind = kind,
			     .layout = layout,
			     .round = (unsigned)e->nr_pairs,
			     .swapped = e->nr_pairs % 2,
			     .run = { RUN_METRICS_INIT, RUN_METRICS_INIT } };

	p.run[0].wall_ns = p.run[0].cpu_ns = (uint64_t)(UNIT_NS * exp(d));
	p.run[1].wall_ns = p.run[1].cpu_ns = UNIT_NS;
	evidence_add(e, &p);
}

static void make(struct experiment *x, const struct world *w)
{
	struct evidence *e = &x->evidence;

	e->head = (struct evidence_head){
		.n_max = EACH * (w->nr ? w->nr : 1),
		.alpha = 0.025,
		.margin = 0.02,
		.a = xstrdup("baseline"),
		.b = xstrdup("optimized"),
		.machine = xstrdup("m"),
		.kernel = xstrdup("k"),
		.layouts = { w->nr ? ESTIMAND_BUILD : ESTIMAND_BINARY, w->nr, w->floor, 80000000 },
	};
	e->nr_workloads = 1;
	e->workloads = xcalloc(1, sizeof(*e->workloads));
	e->workloads[0] = (struct ab_workload_info){
		.name = xstrdup("fib"), .weight = 1, .times = 1, .unit_ns = UNIT_NS
	};
	for (int k = 0; k < EACH; k++) {
		double noise = w->noise * (k - 3.5 + 0.01 * k * k);

		for (unsigned l = 1; l <= w->floor; l++)
			add_pair(e, PAIR_LAYOUT, l, w->layout * l + noise);
		for (unsigned l = 1; l <= w->nr; l++)
			add_pair(e, PAIR_AB, l, w->effect + w->layout * l + noise);
		if (!w->nr)
			add_pair(e, PAIR_AB, 0, w->effect + noise);
		add_pair(e, PAIR_AA, 0, noise);
	}
	x->path = xstrdup("/p/evidence.jsonl");
	assert_int_equal(engine_init(&x->engine, e, NULL), 0);
	assert_int_equal(engine_replay(&x->engine, NULL), 0);
}

static void check(const struct world *w, const char *text, const char * not, const char *json)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT, page = STRBUF_INIT, dump = STRBUF_INIT;
	PGO_AUTO(json_holder) o = { NULL };

	make(&x, w);
	show_experiment(&x, false, &out);
	html_report(&x.engine, NULL, &page);
	o.o = show_experiment_json(&x);
	js_dump(o.o, &dump, true);
	if (text && !strstr(out.buf, text))
		fail_msg("no '%s' in:\n%s", text, out.buf);
	if (not&&strstr(out.buf, not))
		fail_msg("'%s' in:\n%s", not, out.buf);
	if (json && !strstr(dump.buf, json))
		fail_msg("no '%s' in:\n%s", json, dump.buf);
	assert_int_equal(!!strstr(page.buf, "Does the layout matter?"),
			 evidence_has_layouts(&x.evidence));
	assert_int_equal(!!strstr(page.buf, "Layout floor"), w->floor > 0);
}

static void nothing_without_layouts(void **state)
{
	const struct world w = { .effect = 0.05, .noise = 0.001 };

	(void)state;
	check(&w, NULL, "layout", "\"layouts\":null");
}

static void inside_the_floor(void **state)
{
	const struct world w = { .floor = 3, .effect = 0.011, .layout = 0.004, .noise = 0.0005 };

	(void)state;
	check(&w,
	      "layout: a gain of 1.1 % is inside this program's layout floor of 2.4 %: ", "beyond",
	      "\"inside_floor\":true");
	check(&w, "(3 relinks of the baseline, 24 pairs, p ", NULL, "\"inside_layout_floor\":true");
	check(&w, "inside the layout floor of 2.4 %\n", NULL, "\"floor_links\":3");
}

static void a_loss_inside_the_floor(void **state)
{
	const struct world w = { .floor = 3, .effect = -0.011, .layout = 0.004, .noise = 0.0005 };

	(void)state;
	check(&w, "layout: a loss of 1.1 % is inside this program's", NULL,
	      "\"inside_floor\":true");
}

static void beyond_the_floor(void **state)
{
	const struct world w = { .floor = 3, .effect = 0.2, .layout = 0.004, .noise = 0.0005 };

	(void)state;
	check(&w, "layout: a gain of 22.2 % is beyond this program's layout floor of 2.4 % (3 ",
	      "inside", "\"inside_floor\":false");
}

static void no_claim(void **state)
{
	const struct world w = { .floor = 3, .effect = 0, .layout = 0.004, .noise = 0.0005 };

	(void)state;
	check(&w, "two links of this program may differ by 2.4 %, its layout floor", "inside",
	      "\"inside_floor\":false");
}

static void no_spread(void **state)
{
	const struct world w = { .floor = 3, .effect = 0.2, .layout = 0, .noise = 0.002 };

	(void)state;
	check(&w, "links of this program do not differ beyond the noise of ", "inside",
	      "\"inside_floor\":false");
}

static void of_a_build(void **state)
{
	struct world w = { .nr = 5, .effect = 0.1, .layout = 0.004, .noise = 0.002 };

	(void)state;
	check(&w,
	      "of whatever is linked, by 5 links of each side, 8 pairs each (Student's t of their "
	      "means); links differ by 0.6 % (SD) beyond the noise, for which 2 pairs a link",
	      NULL, "\"estimand\":\"build\",\"links\":5,\"pairs_per_link\":8");
	w.layout = 0;
	check(&w, "; links do not differ beyond the noise\n", NULL, "\"best_pairs_per_link\":null");
	w.nr = 8;
	check(&w, "(signed ranks of their means)", NULL, "\"spread\":0.0");
	w.floor = 3;
	w.layout = 0.004;
	check(&w, "two links of this program may differ by ", "inside", "\"floor_links\":3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_without_layouts),
		cmocka_unit_test(inside_the_floor),
		cmocka_unit_test(a_loss_inside_the_floor),
		cmocka_unit_test(beyond_the_floor),
		cmocka_unit_test(no_claim),
		cmocka_unit_test(no_spread),
		cmocka_unit_test(of_a_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
