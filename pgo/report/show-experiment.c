/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

#include "pgo/base/num.h"
#include "pgo/report/layout.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"

static double percent(double log_ratio)
{
	return expm1(log_ratio) * 100;
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

static void add_interval(struct strbuf *out, const struct interval *ci)
{
	if (isinf(ci->lo) || isinf(ci->hi))
		strbuf_addstr(out, "too few pairs");
	else
		strbuf_addf(out, "%+.1f to %+.1f %%", percent(ci->lo), percent(ci->hi));
}

static void __attribute__((format(printf, 2, 3))) add_note(struct strbuf *out, const char *fmt, ...)
{
	va_list ap;

	if (out->len)
		strbuf_addstr(out, ", ");
	va_start(ap, fmt);
	strbuf_vaddf(out, fmt, ap);
	va_end(ap);
}

static void add_notes(struct strbuf *out, const struct engine *g, size_t i)
{
	const struct ab_workload_info *w = &g->e->workloads[i];
	const struct workload_result *r = &g->workloads[i];

	if (r->unstable)
		add_note(out, "output differs run by run, not compared");
	else if (r->miscompare)
		add_note(out, "OUTPUT DIFFERS");
	else if (!w->output_compared)
		add_note(out, "output not compared");
	if (w->held_out)
		add_note(out, "held out");
	if (r->suspected && !r->regressed)
		add_note(out, "slower alone, not among all");
	if (engine_inside_floor(g, i))
		add_note(out, "inside the layout floor of %.1f %%", r->floor.floor * 100);
	if (r->series.nr_looks && series_last(&r->series)->n < r->series.nr)
		add_note(out, "as of pair %u", series_last(&r->series)->n);
	if (r->series.futile)
		add_note(out, "no verdict in prospect");
	if (r->disagrees)
		add_note(out, "mean and median disagree: look at the runs");
	if (r->nr_invalid)
		add_note(out, "%zu pairs invalid", r->nr_invalid);
}

static void add_time(struct table *t, double seconds)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	num_add_duration(&sb, (uint64_t)(seconds * 1e9));
	table_add(t, sb.buf);
}

static void add_row(struct table *t, const struct engine *g, size_t i)
{
	const struct ab_workload_info *w = &g->e->workloads[i];
	const struct workload_result *r = &g->workloads[i];
	const struct look *k = series_last(&r->series);
	const struct interval none = { -INFINITY, INFINITY, 0 };
	PGO_AUTO(strbuf) interval = STRBUF_INIT;
	PGO_AUTO(strbuf) notes = STRBUF_INIT;

	add_interval(&interval, k ? &k->ci : &none);
	add_notes(&notes, g, i);
	table_add(t, w->name);
	table_add(t, verdict_name(engine_verdict(g, i)));
	if (k)
		table_addf(t, "%+.1f %%", percent(k->ci.estimate));
	else
		table_add(t, "");
	table_add(t, interval.buf);
	add_time(t, r->median_a_s);
	add_time(t, r->median_b_s);
	table_addf(t, "%zu", r->series.nr);
	table_add(t, metric_name(w->metric));
	table_add(t, notes.buf);
}

static void add_headline(const struct engine *g, bool colour, struct strbuf *out)
{
	static const char *const answers[] = {
		[GATE_PASS] = "passed",
		[GATE_FAIL] = "FAILED",
		[GATE_OPEN] = "open",
		[GATE_INSTRUMENT] = "not answered: the instrument is invalid",
		[GATE_MISCOMPARE] = "FAILED: the outputs differ",
	};
	const struct look *k = series_last(&g->overall);
	enum verdict v = engine_overall(g);

	if (engine_gate(g) == GATE_MISCOMPARE)
		strbuf_addf(out, "%sOUTPUTS DIFFER%s between baseline and candidate; ",
			    colour ? colour_of(VERDICT_REGRESSION) : "", colour ? "\033[0m" : "");
	strbuf_addf(out, "%s%s%s", colour ? colour_of(v) : "", verdict_name(v),
		    colour ? "\033[0m" : "");
	if (k) {
		strbuf_addf(out, ": %+.1f %% overall (95 %% interval ", percent(k->ci.estimate));
		add_interval(out, &k->ci);
		strbuf_addch(out, ')');
	}
	strbuf_addf(out, "; gate %s: %s\n\n", gate_name(g->e->head.gate), answers[engine_gate(g)]);
}

static void add_instrument(const struct engine *g, struct strbuf *out)
{
	const struct instrument *in = &g->instrument;

	strbuf_addf(out, "A/A: %zu pairs of the baseline and its copy, noise floor ", in->nr);
	if (isinf(in->floor))
		strbuf_addstr(out, "unknown (too few pairs)");
	else
		strbuf_addf(out, "%.1f %%", in->floor * 100);
	strbuf_addf(out, ", p %.2g%s\n", in->p,
		    in->broken ? ": THE INSTRUMENT IS BROKEN HERE AND NOW" : "");
	if (in->position_effect)
		strbuf_addf(out,
			    "the second run of a pair differs from the first by itself "
			    "(p %.2g): runs disturb each other%s\n",
			    in->position_p, g->nr_units[1] ? "" : "; try --unit=abba");
	if (g->nr_units[1])
		strbuf_addf(out, "%zu of %zu units are ABBA, four runs with one before them\n",
			    g->nr_units[1], g->nr_units[0] + g->nr_units[1]);
}

static void add_invalid(const struct engine *g, struct strbuf *out)
{
	PGO_AUTO(strbuf) list = STRBUF_INIT;

	for (int i = VALID + 1; i < NR_INVALID; i++)
		if (g->nr_invalid[i])
			add_note(&list, "%s %zu", invalid_name(i), g->nr_invalid[i]);
	if (list.len)
		strbuf_addf(out, "pairs that do not count, and were run again: %s\n", list.buf);
}

/* Against what it does to equal sides. */
static void add_injected(const struct engine *g, struct strbuf *out)
{
	const struct look *k = series_last(&g->overall);
	double expected = -log1p(g->e->head.inject);

	if (!(g->e->head.inject > 0))
		return;
	strbuf_addf(out,
		    "a test: the candidate also span for %.1f %% of each run, which makes equal "
		    "sides %+.1f %%: ",
		    g->e->head.inject * 100, percent(expected));
	if (!k)
		strbuf_addstr(out, "no look yet\n");
	else
		strbuf_addf(out, "%s the interval\n",
			    k->ci.lo <= expected && expected <= k->ci.hi ? "in" : "NOT in");
}

void show_experiment(const struct experiment *x, bool colour, struct strbuf *out)
{
	static const char *const head[] = { "workload",	     "verdict",	 "speed-up",
					    "95 % interval", "baseline", "optimized",
					    "pairs",	     "metric",	 "" };
	const struct engine *g = &x->engine;
	PGO_AUTO(table) t = TABLE_INIT("llrrrrrll");

	add_headline(g, colour, out);
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < g->e->nr_workloads; i++)
		add_row(&t, g, i);
	table_print(&t, out);
	strbuf_addch(out, '\n');
	show_layout(g, out);
	add_instrument(g, out);
	add_invalid(g, out);
	add_injected(g, out);
	strbuf_addf(out, "at most %u coin-flipped pairs, margin %.3g %%, ", g->e->head.n_max,
		    g->e->head.margin * 100);
	if (g->e->head.min_effect > 0)
		strbuf_addf(out, "FASTER is more than %.3g %%, ", g->e->head.min_effect * 100);
	strbuf_addf(out, "seed %" PRIu64, g->e->head.seed);
	if (x->wall_ns) {
		strbuf_addstr(out, "; ");
		num_add_duration(out, x->wall_ns);
	}
	if (x->cancelled)
		strbuf_addstr(out, "; ended early by a signal");
	else if (!x->live && !engine_done(g))
		strbuf_addstr(out, "; the evidence ends early");
	strbuf_addch(out, '\n');
	show_explanation(x, out);
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

/* An end that is not bounded is null, also where the ratio of it would be a number. */
static json_t *ratio(double log_ratio)
{
	return isinf(log_ratio) ? json_null() : number(expm1(log_ratio));
}

static void put_interval(json_t *o, const struct look *k)
{
	json_object_set_new(o, "speedup", k ? ratio(k->ci.estimate) : json_null());
	json_object_set_new(o, "speedup_low", k ? ratio(k->ci.lo) : json_null());
	json_object_set_new(o, "speedup_high", k ? ratio(k->ci.hi) : json_null());
}

static json_t *series_json(const struct series *s, enum verdict v)
{
	json_t *o = json_object(), *looks = json_array();

	json_object_set_new(o, "verdict", js_string(verdict_name(v)));
	json_object_set_new(o, "pairs", js_u64(s->nr));
	json_object_set_new(o, "looked_at_pairs",
			    json_integer(s->nr_looks ? series_last(s)->n : 0));
	put_interval(o, series_last(s));
	json_object_set_new(o, "decided", json_boolean(s->decided));
	json_object_set_new(o, "futile", json_boolean(s->futile));
	for (unsigned q = 0; q < s->nr_looks; q++) {
		json_t *l = json_object();

		json_object_set_new(l, "pairs", json_integer(s->looks[q].n));
		json_object_set_new(l, "verdict", js_string(verdict_name(s->looks[q].verdict)));
		put_interval(l, &s->looks[q]);
		json_object_set_new(l, "exact", json_boolean(s->looks[q].exact));
		json_array_append_new(looks, l);
	}
	json_object_set_new(o, "looks", looks);
	return o;
}

static json_t *workload_json(const struct engine *g, size_t i)
{
	const struct ab_workload_info *w = &g->e->workloads[i];
	const struct workload_result *r = &g->workloads[i];
	const char *output = !w->output_compared ? "not compared"
			     : r->unstable	 ? "unstable"
			     : r->miscompare	 ? "differs"
						 : "same";
	json_t *o = series_json(&r->series, engine_verdict(g, i));

	json_object_set_new(o, "name", js_string(w->name));
	json_object_set_new(o, "weight", json_real(w->weight));
	json_object_set_new(o, "held_out", json_boolean(w->held_out));
	json_object_set_new(o, "metric", js_string(metric_name(w->metric)));
	json_object_set_new(o, "processes_per_run", json_integer(w->times));
	json_object_set_new(o, "output", js_string(output));
	json_object_set_new(o, "baseline_median_s", number(r->median_a_s));
	json_object_set_new(o, "optimized_median_s", number(r->median_b_s));
	json_object_set_new(o, "ratio_of_medians", number(exp(r->log_median_ratio)));
	json_object_set_new(o, "mean_log_ratio", number(r->mean));
	json_object_set_new(o, "regressed_after_holm", json_boolean(r->regressed));
	json_object_set_new(o, "slower_alone", json_boolean(r->suspected));
	json_object_set_new(o, "lag1_autocorrelation", number(r->lag1));
	json_object_set_new(o, "drift_per_pair", number(r->drift));
	json_object_set_new(o, "invalid_pairs", js_u64(r->nr_invalid));
	show_layout_workload_json(g, i, o);
	return o;
}

static json_t *instrument_json(const struct engine *g)
{
	const struct instrument *in = &g->instrument;
	json_t *o = json_object(), *invalid = json_object();

	for (int i = VALID + 1; i < NR_INVALID; i++)
		json_object_set_new(invalid, invalid_name(i), js_u64(g->nr_invalid[i]));
	json_object_set_new(o, "aa_pairs", js_u64(in->nr));
	json_object_set_new(o, "noise_floor", number(in->floor));
	json_object_set_new(o, "aa_p", number(in->p));
	json_object_set_new(o, "broken", json_boolean(in->broken));
	json_object_set_new(o, "position_p", number(in->position_p));
	json_object_set_new(o, "position_effect", json_boolean(in->position_effect));
	json_object_set_new(o, "abba_units", js_u64(g->nr_units[1]));
	json_object_set_new(o, "invalid_pairs", invalid);
	return o;
}

static json_t *forecast_json(const struct forecast *f)
{
	json_t *o = json_object();

	json_object_set_new(o, "provable_margin", number(f->provable));
	json_object_set_new(o, "pairs_for_margin", f->pairs ? json_integer(f->pairs) : json_null());
	json_object_set_new(o, "round_ns", js_u64(f->round_ns));
	return o;
}

json_t *show_experiment_json(const struct experiment *x)
{
	const struct engine *g = &x->engine;
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < g->e->nr_workloads; i++)
		json_array_append_new(list, workload_json(g, i));
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "verdict", js_string(verdict_name(engine_overall(g))));
	json_object_set_new(o, "gate", js_string(gate_name(g->e->head.gate)));
	json_object_set_new(o, "exit_code", json_integer(experiment_exit(x)));
	json_object_set_new(o, "margin", json_real(g->e->head.margin));
	json_object_set_new(o, "min_effect", json_real(g->e->head.min_effect));
	json_object_set_new(o, "forecast", x->live ? forecast_json(&x->forecast) : json_null());
	json_object_set_new(o, "pairs_at_most", json_integer(g->e->head.n_max));
	json_object_set_new(o, "seed", js_u64(g->e->head.seed));
	json_object_set_new(o, "wall_ns", js_u64(x->wall_ns));
	json_object_set_new(o, "cancelled", json_boolean(x->cancelled));
	json_object_set_new(o, "injected", json_real(g->e->head.inject));
	json_object_set_new(o, "overall", series_json(&g->overall, engine_overall(g)));
	json_object_set_new(o, "workloads", list);
	json_object_set_new(o, "layouts", show_layout_json(g));
	json_object_set_new(o, "instrument", instrument_json(g));
	if (x->why.nr)
		json_object_set_new(o, "explanation", show_explanation_json(x));
	json_object_set_new(o, "waits", waits_list_json(&x->waits));
	json_object_set_new(o, "evidence", js_string(x->path));
	return o;
}
