/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/core/layout.h"
#include "pgo/report/layout.h"
#include "pgo/stats/spending.h"

static double percent(double log_ratio)
{
	return fabs(expm1(log_ratio)) * 100;
}

static bool is_claim(enum verdict v)
{
	return v == VERDICT_FASTER || v == VERDICT_REGRESSION || v == VERDICT_SLOWER_WITHIN_MARGIN;
}

static void add_claim(const struct engine *g, struct strbuf *out)
{
	const struct look *k = series_last(&g->overall);
	bool inside = engine_inside_floor(g, LAYOUT_WHOLE);

	if (!k || !is_claim(engine_overall(g)) || g->e->head.layouts.estimand == ESTIMAND_BUILD) {
		strbuf_addf(out,
			    "two links of this program may differ by %.1f %%, its layout floor",
			    g->floor.floor * 100);
		return;
	}
	strbuf_addf(out, "a %s of %.1f %% is %s this program's layout floor of %.1f %%",
		    k->ci.estimate < 0 ? "loss" : "gain", percent(k->ci.estimate),
		    inside ? "inside" : "beyond", g->floor.floor * 100);
	if (inside)
		strbuf_addstr(out, ": another link of the same code may undo it");
}

static void add_floor(const struct engine *g, struct strbuf *out)
{
	unsigned nr = g->e->head.layouts.floor;

	strbuf_addstr(out, "layout: ");
	if (isnan(g->floor.floor))
		strbuf_addstr(out, "the layout floor is not known, too few pairs count");
	else if (g->floor.p <= LAYOUT_ALPHA)
		add_claim(g, out);
	else
		strbuf_addf(out, "links of this program do not differ beyond the noise of %.1f %%",
			    g->floor.noise * 100);
	strbuf_addf(out, " (%u relinks of the baseline, %zu pairs, p %.2g)\n", nr, g->nr_layout,
		    g->floor.p);
	if (g->layout_differs)
		strbuf_addstr(out,
			      "a relinked baseline printed something else: what this program "
			      "does depends on its layout\n");
}

static void add_build(const struct engine *g, struct strbuf *out)
{
	const struct cluster *c = &g->layouts;
	unsigned nr = g->e->head.layouts.nr, each = g->e->head.n_max / nr;

	if (!c->nr) {
		strbuf_addf(out, "layout: not each of %u links has a pair that counts\n", nr);
		return;
	}
	strbuf_addf(out,
		    "layout: of whatever is linked, by %u links of each side, %u pair%s each (%s)",
		    nr, each, each > 1 ? "s" : "",
		    nr < CLUSTER_RANK_MIN ? "Student's t of their means"
					  : "signed ranks of their means");
	if (c->var_between > 0)
		strbuf_addf(out,
			    "; links differ by %.1f %% (SD) beyond the noise, for which %u pair%s "
			    "a link would say most in the same time",
			    percent(sqrt(c->var_between)),
			    layout_repetitions(g->e, c, SPENDING_MAX_N / nr),
			    layout_repetitions(g->e, c, SPENDING_MAX_N / nr) > 1 ? "s" : "");
	else if (!isnan(c->var_between))
		strbuf_addstr(out, "; links do not differ beyond the noise");
	strbuf_addch(out, '\n');
}

void show_layout(const struct engine *g, struct strbuf *out)
{
	if (g->e->head.layouts.estimand == ESTIMAND_BUILD)
		add_build(g, out);
	if (g->e->head.layouts.floor)
		add_floor(g, out);
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *show_layout_json(const struct engine *g)
{
	const struct evidence_layouts *l = &g->e->head.layouts;
	const struct cluster *c = &g->layouts;
	json_t *o;

	if (!evidence_has_layouts(g->e))
		return json_null();
	o = json_object();
	json_object_set_new(o, "estimand", js_string(estimand_name(l->estimand)));
	json_object_set_new(o, "links", json_integer(l->nr));
	json_object_set_new(o, "pairs_per_link",
			    json_integer(l->nr ? g->e->head.n_max / l->nr : 0));
	json_object_set_new(o, "spread", c->nr ? number(sqrt(c->var_between)) : json_null());
	json_object_set_new(
		o, "best_pairs_per_link",
		l->nr && c->nr && c->var_between > 0
			? json_integer(layout_repetitions(g->e, c, SPENDING_MAX_N / l->nr))
			: json_null());
	json_object_set_new(o, "floor_links", json_integer(l->floor));
	json_object_set_new(o, "floor_pairs", js_u64(g->nr_layout));
	json_object_set_new(o, "floor", number(g->floor.floor));
	json_object_set_new(o, "floor_noise", number(g->floor.noise));
	json_object_set_new(o, "floor_p", json_real(g->floor.p));
	json_object_set_new(o, "inside_floor", json_boolean(engine_inside_floor(g, LAYOUT_WHOLE)));
	json_object_set_new(o, "outputs_differ", json_boolean(g->layout_differs));
	json_object_set_new(o, "link_ns", js_u64(l->link_ns));
	return o;
}

void show_layout_workload_json(const struct engine *g, size_t workload, json_t *o)
{
	const struct layout_floor *f = &g->workloads[workload].floor;

	json_object_set_new(o, "layout_floor", number(f->floor));
	json_object_set_new(o, "layout_floor_noise", number(f->noise));
	json_object_set_new(o, "layout_floor_p", json_real(f->p));
	json_object_set_new(o, "inside_layout_floor",
			    json_boolean(engine_inside_floor(g, workload)));
}
