/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/core/json.h"
#include "pgo/report/html-page.h"
#include "pgo/report/layout.h"

#define DATA_SCHEMA 1

/* null for what is not bounded or not known: JSON has no infinity. */
static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static void put_interval(json_t *o, const struct interval *ci)
{
	json_object_set_new(o, "speedup", number(expm1(ci->estimate)));
	json_object_set_new(o, "low", isinf(ci->lo) ? json_null() : number(expm1(ci->lo)));
	json_object_set_new(o, "high", isinf(ci->hi) ? json_null() : number(expm1(ci->hi)));
}

static json_t *looks_json(const struct series *s)
{
	json_t *list = json_array();

	for (unsigned q = 0; q < s->nr_looks; q++) {
		const struct look *l = &s->looks[q];
		json_t *o = json_object();

		json_object_set_new(o, "pairs", json_integer(l->n));
		put_interval(o, &l->ci);
		json_object_set_new(o, "verdict", js_string(verdict_name(l->verdict)));
		json_object_set_new(o, "exact", json_boolean(l->exact));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *workload_json(const struct engine *g, size_t i)
{
	const struct ab_workload_info *w = &g->e->workloads[i];
	const struct workload_result *r = &g->workloads[i];
	json_t *o = json_object();

	json_object_set_new(o, "name", js_string(w->name));
	json_object_set_new(o, "verdict", js_string(verdict_name(engine_verdict(g, i))));
	json_object_set_new(o, "metric", js_string(metric_name(w->metric)));
	json_object_set_new(o, "held_out", json_boolean(w->held_out));
	json_object_set_new(o, "miscompare", json_boolean(r->miscompare));
	json_object_set_new(o, "unstable", json_boolean(r->unstable));
	json_object_set_new(o, "disagrees", json_boolean(r->disagrees));
	json_object_set_new(o, "invalid", js_u64(r->nr_invalid));
	json_object_set_new(o, "median_baseline_s", number(r->median_a_s));
	json_object_set_new(o, "median_optimized_s", number(r->median_b_s));
	json_object_set_new(o, "mean", number(expm1(r->mean)));
	json_object_set_new(o, "ratio_of_medians", number(exp(r->log_median_ratio)));
	json_object_set_new(o, "lag1_autocorrelation", number(r->lag1));
	json_object_set_new(o, "drift", number(r->drift));
	json_object_set_new(o, "looks", looks_json(&r->series));
	return o;
}

static json_t *pair_json(const struct evidence *e, const struct ab_pair *p)
{
	json_t *o = json_object();

	json_object_set_new(o, "workload", js_u64(p->workload));
	json_object_set_new(o, "kind", js_string(pair_kind_name(p->kind)));
	json_object_set_new(o, "layout", json_integer(p->layout));
	json_object_set_new(o, "part",
			    js_string(p->part == PART_FIRST    ? "first"
				      : p->part == PART_SECOND ? "second"
							       : "whole"));
	json_object_set_new(o, "round", json_integer(p->round));
	json_object_set_new(o, "swapped", json_boolean(p->swapped));
	json_object_set_new(o, "validity", js_string(invalid_name(p->invalid)));
	json_object_set_new(o, "a_s", number(evidence_metric(e, p->workload, &p->run[0])));
	json_object_set_new(o, "b_s", number(evidence_metric(e, p->workload, &p->run[1])));
	return o;
}

static json_t *instrument_json(const struct instrument *in)
{
	json_t *o = json_object();

	json_object_set_new(o, "pairs", js_u64(in->nr));
	put_interval(o, &in->ci);
	json_object_set_new(o, "noise_floor", number(in->floor));
	json_object_set_new(o, "p", number(in->p));
	json_object_set_new(o, "broken", json_boolean(in->broken));
	json_object_set_new(o, "position_p", number(in->position_p));
	json_object_set_new(o, "position_effect", json_boolean(in->position_effect));
	return o;
}

static json_t *report_json(const struct engine *g)
{
	json_t *o = json_object(), *workloads = json_array(), *pairs = json_array();

	for (size_t i = 0; i < g->e->nr_workloads; i++)
		json_array_append_new(workloads, workload_json(g, i));
	for (size_t i = 0; i < g->e->nr_pairs; i++)
		json_array_append_new(pairs, pair_json(g->e, &g->e->pairs[i]));
	json_object_set_new(o, "schema", json_integer(DATA_SCHEMA));
	json_object_set_new(o, "verdict", js_string(verdict_name(engine_overall(g))));
	json_object_set_new(o, "exit", json_integer(gate_exit(engine_gate(g))));
	json_object_set_new(o, "head", evidence_head_json(g->e));
	json_object_set_new(o, "overall", looks_json(&g->overall));
	json_object_set_new(o, "layouts", show_layout_json(g));
	json_object_set_new(o, "instrument", instrument_json(&g->instrument));
	json_object_set_new(o, "workloads", workloads);
	json_object_set_new(o, "pairs", pairs);
	return o;
}

/* A name may hold "</script>" or "<!--": no '<' is left to begin them. */
void html_data(const struct engine *g, struct strbuf *out)
{
	PGO_AUTO(json_holder) o = { report_json(g) };
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	js_dump(o.o, &text, true);
	for (const char *p = text.buf; *p; p++) {
		if (*p == '<')
			strbuf_addstr(out, "\\u003c");
		else
			strbuf_addch(out, *p);
	}
}
