/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/base/num.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"

static void add_number(struct table *t, double v, void (*print)(struct strbuf *, uint64_t))
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	print(&sb, v < 9e18 ? (uint64_t)v : (uint64_t)INT64_MAX);
	table_add(t, sb.buf);
}

static void add_change(struct table *t, double a, double b)
{
	if (a == b)
		table_add(t, "same");
	else if (a > 0 && fabs(b / a - 1) < 0.00005)
		table_add(t, b > a ? "+0.0 %" : "-0.0 %");
	else if (a > 0)
		table_addf(t, fabs(b / a - 1) < 0.001 ? "%+.2f %%" : "%+.1f %%", (b / a - 1) * 100);
	else
		table_add(t, "");
}

static void add_row(struct table *t, const char *workload, const char *what, double a, double b,
		    void (*print)(struct strbuf *, uint64_t))
{
	table_add(t, workload);
	table_add(t, what);
	add_number(t, a, print);
	add_number(t, b, print);
	add_change(t, a, b);
	table_add(t, "");
}

static void add_counted(struct table *t, const struct explain_workload *w, const char *name)
{
	const struct explain_side *a = &w->side[0], *b = &w->side[1];

	if (a->why_not || b->why_not)
		return;
	for (int e = 0; e < NR_CACHEGRIND_EVENTS; e++)
		add_row(t, name, cachegrind_event_name((enum cachegrind_event)e),
			(double)a->events[e], (double)b->events[e], num_add_count);
}

static void add_sizes(struct table *t, const struct explain_workload *w, const char *name)
{
	const struct explain_side *a = &w->side[0], *b = &w->side[1];

	if (!a->nr_programs || !b->nr_programs)
		return;
	add_row(t, name, "code size", (double)a->text_bytes, (double)b->text_bytes, num_add_bytes);
	if (a->hot_bytes || b->hot_bytes)
		add_row(t, name, "of it .text.hot", (double)a->hot_bytes, (double)b->hot_bytes,
			num_add_bytes);
	if (a->unlikely_bytes || b->unlikely_bytes)
		add_row(t, name, "of it .text.unlikely", (double)a->unlikely_bytes,
			(double)b->unlikely_bytes, num_add_bytes);
}

static void add_counter(struct table *t, const struct explain_counter *k, const char *name)
{
	void (*print)(struct strbuf *, uint64_t) =
		k->counter == COUNTER_TASK_CLOCK ? num_add_duration : num_add_count;

	if (k->median_a < 1 && k->median_b < 1)
		return;
	table_add(t, name);
	table_add(t, counter_name(k->counter));
	add_number(t, k->median_a, print);
	add_number(t, k->median_b, print);
	if (isfinite(k->change.lo) || isfinite(k->change.hi))
		table_addf(t, "%+.1f %%", expm1(k->change.estimate) * 100);
	else
		add_change(t, k->median_a, k->median_b);
	if (isinf(k->change.lo) || isinf(k->change.hi))
		table_addf(t, "too few pairs (%zu)", k->nr);
	else
		table_addf(t, "%+.1f to %+.1f %% (%zu pairs)", expm1(k->change.lo) * 100,
			   expm1(k->change.hi) * 100, k->nr);
}

static void add_reasons(const struct explain_workload *w, const char *name, struct strbuf *out)
{
	static const char *const sides[] = { "baseline", "optimized" };

	if (w->side[0].why_not && w->side[1].why_not &&
	    !strcmp(w->side[0].why_not, w->side[1].why_not)) {
		strbuf_addf(out, "%s: not counted: %s\n", name, w->side[0].why_not);
		return;
	}
	for (int s = 0; s < 2; s++)
		if (w->side[s].why_not)
			strbuf_addf(out, "%s, %s: not counted: %s\n", name, sides[s],
				    w->side[s].why_not);
}

void show_explanation(const struct experiment *x, struct strbuf *out)
{
	static const char *const head[] = { "why",	 "",	   "baseline",
					    "optimized", "change", "95 % interval" };
	const struct explanation *why = &x->why;
	PGO_AUTO(table) t = TABLE_INIT("llrrrl");

	if (!why->nr)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < why->nr; i++) {
		const struct explain_workload *w = &why->workloads[i];
		const char *name = x->evidence.workloads[i].name;

		add_counted(&t, w, name);
		add_sizes(&t, w, name);
		for (unsigned c = 0; c < w->nr_counters; c++)
			add_counter(&t, &w->counters[c], name);
	}
	strbuf_addch(out, '\n');
	table_print(&t, out);
	for (size_t i = 0; i < why->nr; i++) {
		const struct explain_workload *w = &why->workloads[i];

		add_reasons(w, x->evidence.workloads[i].name, out);
		for (size_t k = 0; k < w->remarks.nr; k++)
			strbuf_addf(out, "%s: %s\n", x->evidence.workloads[i].name,
				    w->remarks.v[k]);
	}
	if (why->model)
		strbuf_addf(out,
			    "counted once a side by cachegrind, whose caches are a model (%s); "
			    "no verdict rests on it\n",
			    why->model);
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *side_json(const struct explain_side *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "not_counted", js_string(s->why_not));
	for (int e = 0; e < NR_CACHEGRIND_EVENTS; e++)
		json_object_set_new(o, cachegrind_event_key((enum cachegrind_event)e),
				    s->why_not ? json_null() : js_u64(s->events[e]));
	json_object_set_new(o, "processes", json_integer(s->nr_processes));
	json_object_set_new(o, "programs", json_integer(s->nr_programs));
	json_object_set_new(o, "text_bytes", s->nr_programs ? js_u64(s->text_bytes) : json_null());
	json_object_set_new(o, "text_hot_bytes",
			    s->nr_programs ? js_u64(s->hot_bytes) : json_null());
	json_object_set_new(o, "text_unlikely_bytes",
			    s->nr_programs ? js_u64(s->unlikely_bytes) : json_null());
	return o;
}

static json_t *counter_json(const struct explain_counter *k)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", js_string(counter_name(k->counter)));
	json_object_set_new(o, "pairs", js_u64(k->nr));
	json_object_set_new(o, "baseline_median", number(k->median_a));
	json_object_set_new(o, "optimized_median", number(k->median_b));
	json_object_set_new(o, "change",
			    isinf(k->change.lo) ? json_null() : number(expm1(k->change.estimate)));
	json_object_set_new(o, "change_low",
			    isinf(k->change.lo) ? json_null() : number(expm1(k->change.lo)));
	json_object_set_new(o, "change_high", number(expm1(k->change.hi)));
	return o;
}

json_t *show_explanation_json(const struct experiment *x)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < x->why.nr; i++) {
		const struct explain_workload *w = &x->why.workloads[i];
		json_t *of = json_object(), *counters = json_array(), *remarks = json_array();

		for (unsigned c = 0; c < w->nr_counters; c++)
			json_array_append_new(counters, counter_json(&w->counters[c]));
		for (size_t k = 0; k < w->remarks.nr; k++)
			json_array_append_new(remarks, js_string(w->remarks.v[k]));
		json_object_set_new(of, "name", js_string(x->evidence.workloads[i].name));
		json_object_set_new(of, "baseline", side_json(&w->side[0]));
		json_object_set_new(of, "optimized", side_json(&w->side[1]));
		json_object_set_new(of, "counters", counters);
		json_object_set_new(of, "remarks", remarks);
		json_array_append_new(list, of);
	}
	json_object_set_new(o, "model", js_string(x->why.model));
	json_object_set_new(o, "workloads", list);
	return o;
}
