/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <time.h>

#include "pgo/base/num.h"
#include "pgo/core/evidence.h"
#include "pgo/report/history.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"

#define SHORT_COMMIT 7
#define SPARKLINE_POINTS 40u

static double percent(double log_ratio)
{
	return expm1(log_ratio) * 100;
}

static const char *name_of(const struct history_trend *t)
{
	return t->workload ? t->workload : "overall";
}

void sparkline_add(const double *v, size_t n, struct strbuf *out)
{
	static const char *const heights[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double lo = INFINITY, hi = -INFINITY;

	for (size_t i = 0; i < n; i++) {
		if (isnan(v[i]))
			continue;
		lo = fmin(lo, v[i]);
		hi = fmax(hi, v[i]);
	}
	for (size_t i = 0; i < n; i++) {
		double height = hi > lo ? (v[i] - lo) / (hi - lo) : 0.5;

		strbuf_addstr(out, isnan(v[i]) ? " " : heights[(size_t)(height * 7 + 0.5)]);
	}
}

void show_add_time(int64_t seconds, bool iso, struct strbuf *out)
{
	time_t t = (time_t)seconds;
	char text[64] = "-";
	struct tm tm;

	if (gmtime_r(&t, &tm) && iso)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	else if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	strbuf_addstr(out, text);
}

static void add_commit(const struct history_row *r, struct strbuf *out)
{
	if (!r->commit)
		strbuf_addstr(out, "-");
	else
		strbuf_addf(out, "%.*s%s", SHORT_COMMIT, r->commit, r->dirty ? "+" : "");
}

static void add_seconds(struct table *t, double seconds)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	/* Above, and for what is no number, the conversion would not be defined. */
	if (seconds > 0 && seconds < 1e9)
		num_add_duration(&text, (uint64_t)(seconds * 1e9));
	table_add(t, text.len ? text.buf : "-");
}

static void add_interval(struct table *t, const struct interval *ci)
{
	if (isfinite(ci->lo) && isfinite(ci->hi))
		table_addf(t, "%+.1f to %+.1f %%", percent(ci->lo), percent(ci->hi));
	else
		table_add(t, "-");
}

static bool is_of(const struct history_row *r, enum estimand e)
{
	return !strcmp(r->estimand, estimand_name(e));
}

static void add_row(struct table *t, const char *workload, const struct history_row *r)
{
	PGO_AUTO(strbuf) when = STRBUF_INIT, commit = STRBUF_INIT;

	show_add_time(r->time, false, &when);
	add_commit(r, &commit);
	table_add(t, when.buf);
	table_add(t, commit.buf);
	if (is_of(r, ESTIMAND_BINARY))
		table_add(t, workload);
	else
		table_addf(t, "%s (%s)", workload, r->estimand);
	if (isfinite(r->ci.estimate))
		table_addf(t, "%+.1f %%", percent(r->ci.estimate));
	else
		table_add(t, "-");
	add_interval(t, &r->ci);
	table_add(t, verdict_name(r->verdict));
	add_seconds(t, r->median_a_s);
	add_seconds(t, r->median_b_s);
}

static void add_rows(const struct history_trends *trends, size_t last, struct strbuf *out)
{
	static const char *const head[] = {
		"time (UTC)",	 "commit",  "workload", "speed-up",
		"95 % interval", "verdict", "baseline", "optimized",
	};
	PGO_AUTO(table) t = TABLE_INIT("lllrrlrr");

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < trends->nr; i++) {
		const struct history_trend *trend = &trends->v[i];
		size_t first = last && trend->nr > last ? trend->nr - last : 0;

		for (size_t k = first; k < trend->nr; k++)
			add_row(&t, name_of(trend), &trend->rows[k]);
	}
	table_print(&t, out);
}

static void add_sparkline(struct table *table, const struct history_trend *t, enum history_series s)
{
	size_t n = t->nr < SPARKLINE_POINTS ? t->nr : SPARKLINE_POINTS;
	double v[SPARKLINE_POINTS];
	PGO_AUTO(strbuf) line = STRBUF_INIT;

	for (size_t i = 0; i < n; i++) {
		const struct history_row *r = &t->rows[t->nr - n + i];
		bool comparable = history_comparable(r, &t->rows[t->nr - 1]);

		v[i] = comparable ? history_point(r, s) : NAN;
	}
	sparkline_add(v, n, &line);
	table_add(table, line.buf);
}

static void add_sparklines(const struct history_trends *trends, struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("llll");

	table_add(&t, "trend");
	for (enum history_series s = 0; s < NR_HISTORY_SERIES; s++)
		table_add(&t, history_series_name(s));
	for (size_t i = 0; i < trends->nr; i++) {
		table_add(&t, name_of(&trends->v[i]));
		for (enum history_series s = 0; s < NR_HISTORY_SERIES; s++)
			add_sparkline(&t, &trends->v[i], s);
	}
	strbuf_addch(out, '\n');
	table_print(&t, out);
}

/* The source was the same on both sides of the step. */
static bool is_same_commit(const struct history_row *a, const struct history_row *b)
{
	return a->commit && b->commit && !a->dirty && !b->dirty && !strcmp(a->commit, b->commit);
}

static void add_step(const struct history_trend *t, enum history_series s, struct strbuf *out)
{
	const struct history_step *step = &t->steps[s];
	const struct history_row *row = &t->rows[step->row];

	strbuf_addf(out, "%s of '", history_series_name(s));
	strbuf_addvis(out, name_of(t));
	strbuf_addf(out, "' stepped by %+.1f %% at ", percent(step->shift));
	if (row->commit) {
		PGO_AUTO(strbuf) commit = STRBUF_INIT;

		add_commit(row, &commit);
		strbuf_addstr(out, "commit ");
		strbuf_addvis(out, commit.buf);
	} else {
		show_add_time(row->time, false, out);
	}
	strbuf_addf(out, " (p %.1g)", step->p);
	if (is_same_commit(row, &t->rows[step->before]))
		strbuf_addstr(out, ", the same as before: not by a change of the source");
	strbuf_addch(out, '\n');
}

static void add_steps(const struct history_trends *trends, struct strbuf *out)
{
	bool any = false;

	for (size_t i = 0; i < trends->nr; i++) {
		for (enum history_series s = 0; s < NR_HISTORY_SERIES; s++) {
			if (!trends->v[i].steps[s].found)
				continue;
			if (!any)
				strbuf_addch(out, '\n');
			any = true;
			add_step(&trends->v[i], s, out);
		}
	}
}

void show_history(const struct history_trends *t, size_t last, struct strbuf *out)
{
	add_rows(t, last, out);
	add_sparklines(t, out);
	add_steps(t, out);
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *row_json(const struct history_row *r)
{
	json_t *o = json_object();
	PGO_AUTO(strbuf) when = STRBUF_INIT;

	show_add_time(r->time, true, &when);
	json_object_set_new(o, "validation", json_integer(r->validation));
	json_object_set_new(o, "time", js_string(when.buf));
	json_object_set_new(o, "commit", js_string(r->commit));
	json_object_set_new(o, "dirty", json_boolean(r->dirty));
	json_object_set_new(o, "source", js_string(r->source));
	json_object_set_new(o, "compiler", js_string(r->compiler));
	json_object_set_new(o, "profile", js_string(r->profile));
	json_object_set_new(o, "metric", js_string(r->metric));
	json_object_set_new(o, "machine", js_string(r->machine));
	json_object_set_new(o, "estimand", js_string(r->estimand));
	json_object_set_new(o, "verdict", js_string(verdict_name(r->verdict)));
	json_object_set_new(o, "speedup", number(expm1(r->ci.estimate)));
	json_object_set_new(o, "speedup_low", number(expm1(r->ci.lo)));
	json_object_set_new(o, "speedup_high", number(expm1(r->ci.hi)));
	json_object_set_new(o, "baseline_s", number(r->median_a_s));
	json_object_set_new(o, "optimized_s", number(r->median_b_s));
	return o;
}

static json_t *steps_json(const struct history_trend *t)
{
	json_t *list = json_array();

	for (enum history_series s = 0; s < NR_HISTORY_SERIES; s++) {
		const struct history_step *step = &t->steps[s];
		json_t *o = json_object();

		if (step->tested) {
			json_object_set_new(o, "series", js_string(history_series_name(s)));
			json_object_set_new(o, "found", json_boolean(step->found));
			json_object_set_new(o, "row", js_u64(step->row));
			json_object_set_new(o, "commit", js_string(t->rows[step->row].commit));
			json_object_set_new(o, "commit_before",
					    js_string(t->rows[step->before].commit));
			json_object_set_new(o, "shift", number(expm1(step->shift)));
			json_object_set_new(o, "p", number(step->p));
			json_array_append(list, o);
		}
		json_decref(o);
	}
	return list;
}

json_t *show_history_json(const struct history_trends *t)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < t->nr; i++) {
		json_t *w = json_object(), *rows = json_array();

		for (size_t k = 0; k < t->v[i].nr; k++)
			json_array_append_new(rows, row_json(&t->v[i].rows[k]));
		json_object_set_new(w, "workload", js_string(t->v[i].workload));
		json_object_set_new(w, "rows", rows);
		json_object_set_new(w, "steps", steps_json(&t->v[i]));
		json_array_append_new(list, w);
	}
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "trends", list);
	return o;
}
