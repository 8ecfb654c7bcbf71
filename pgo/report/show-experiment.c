/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>

#include "pgo/base/num.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"

static double percent(double log_ratio)
{
	return expm1(log_ratio) * 100;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *v, size_t n)
{
	PGO_AUTO_FREE double *copy = xmemdup(v, n * sizeof(*v));

	qsort(copy, n, sizeof(*copy), by_value);
	return n % 2 ? copy[n / 2] : (copy[n / 2 - 1] + copy[n / 2]) / 2;
}

static void add_interval(struct table *t, const struct paired_result *r)
{
	if (r->too_few)
		table_add(t, "too few pairs");
	else
		table_addf(t, "%+.1f to %+.1f %%", percent(r->ci.lo), percent(r->ci.hi));
}

static const char *colour_of(enum verdict v)
{
	switch (v) {
	case VERDICT_FASTER:
		return "\033[1;32m";
	case VERDICT_REGRESSION:
		return "\033[1;31m";
	case VERDICT_INCONCLUSIVE:
	case VERDICT_SLOWER_WITHIN_MARGIN:
		return "\033[1;33m";
	default:
		return "\033[1m";
	}
}

static const char *note_of(const struct ab_workload *w)
{
	if (w->miscompare)
		return "OUTPUT DIFFERS";
	if (w->output_unstable)
		return "output differs run by run, not compared";
	if (!w->output_compared)
		return "output not compared";
	return w->held_out ? "held out" : "";
}

static void add_row(struct table *t, const struct ab_workload *w)
{
	PGO_AUTO(strbuf) a = STRBUF_INIT, b = STRBUF_INIT;

	num_add_duration(&a, (uint64_t)(median(w->a, w->nr_pairs) / w->times * 1e9));
	num_add_duration(&b, (uint64_t)(median(w->b, w->nr_pairs) / w->times * 1e9));
	table_add(t, w->name);
	table_add(t, a.buf);
	table_add(t, b.buf);
	table_addf(t, "%+.1f %%", percent(w->paired.ci.estimate));
	add_interval(t, &w->paired);
	table_add(t, verdict_name(w->verdict));
	table_add(t, metric_name(w->metric));
	table_add(t, note_of(w));
}

static void add_headline(const struct experiment *e, bool colour, struct strbuf *out)
{
	const struct interval *ci = &e->overall.ci;

	strbuf_addf(out, "%s%s%s", colour ? colour_of(e->verdict) : "", verdict_name(e->verdict),
		    colour ? "\033[0m" : "");
	strbuf_addf(out, ": %+.1f %% overall", percent(ci->estimate));
	if (!e->overall.too_few)
		strbuf_addf(out, " (95 %% interval %+.1f to %+.1f %%)", percent(ci->lo),
			    percent(ci->hi));
	strbuf_addstr(out, "\n\n");
}

void show_experiment(const struct experiment *e, bool colour, struct strbuf *out)
{
	static const char *const head[] = { "workload", "baseline", "optimized", "speed-up",
					    "95 % interval", "verdict", "metric", "" };
	PGO_AUTO(table) t = TABLE_INIT("lrrrrlll");

	add_headline(e, colour, out);
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < e->nr_workloads; i++)
		add_row(&t, &e->workloads[i]);
	table_print(&t, out);
	strbuf_addf(out, "\n%zu coin-flipped pairs a workload, signed rank; margin %.1f %%; seed %"
		    PRIu64 "; ", e->workloads[0].nr_pairs, e->margin * 100, e->seed);
	num_add_duration(out, e->wall_ns);
	strbuf_addch(out, '\n');
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *series(const double *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_real(v[i]));
	return a;
}

static void put_result(json_t *o, const struct paired_result *r, enum verdict v)
{
	json_object_set_new(o, "verdict", js_string(verdict_name(v)));
	json_object_set_new(o, "pairs", js_u64(r->n));
	json_object_set_new(o, "speedup", number(expm1(r->ci.estimate)));
	json_object_set_new(o, "speedup_low", number(expm1(r->ci.lo)));
	json_object_set_new(o, "speedup_high", number(expm1(r->ci.hi)));
	json_object_set_new(o, "p_faster", number(r->p_greater));
	json_object_set_new(o, "p_slower", number(r->p_less));
	json_object_set_new(o, "one_sided_alpha", number(r->attained_alpha));
	json_object_set_new(o, "lag1_autocorrelation", number(r->lag1));
	json_object_set_new(o, "ties", json_boolean(r->tied));
}

static json_t *workload_json(const struct ab_workload *w)
{
	json_t *o = json_object();
	const char *output = w->miscompare ? "differs" : w->output_unstable ? "unstable"
			     : w->output_compared ? "same" : "not compared";

	json_object_set_new(o, "name", js_string(w->name));
	json_object_set_new(o, "weight", json_real(w->weight));
	json_object_set_new(o, "held_out", json_boolean(w->held_out));
	json_object_set_new(o, "metric", js_string(metric_name(w->metric)));
	json_object_set_new(o, "processes_per_run", json_integer(w->times));
	json_object_set_new(o, "output", js_string(output));
	put_result(o, &w->paired, w->verdict);
	json_object_set_new(o, "baseline_s", series(w->a, w->nr_pairs));
	json_object_set_new(o, "optimized_s", series(w->b, w->nr_pairs));
	return o;
}

json_t *show_experiment_json(const struct experiment *e)
{
	json_t *o = json_object(), *list = json_array(), *overall = json_object();

	for (size_t i = 0; i < e->nr_workloads; i++)
		json_array_append_new(list, workload_json(&e->workloads[i]));
	put_result(overall, &e->overall, e->verdict);
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "verdict", js_string(verdict_name(e->verdict)));
	json_object_set_new(o, "margin", json_real(e->margin));
	json_object_set_new(o, "seed", js_u64(e->seed));
	json_object_set_new(o, "wall_ns", js_u64(e->wall_ns));
	json_object_set_new(o, "overall", overall);
	json_object_set_new(o, "workloads", list);
	json_object_set_new(o, "evidence", js_string(e->evidence));
	return o;
}
