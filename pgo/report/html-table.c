/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/report/html-chart.h"
#include "pgo/report/html-page.h"
#include "pgo/report/html-text.h"

/* Notes stand in one cell, parted by commas. */
static void add_note(struct strbuf *notes, const char *note)
{
	if (notes->len)
		strbuf_addstr(notes, ", ");
	strbuf_addstr(notes, note);
}

static void add_notes(const struct engine *g, size_t i, struct strbuf *out)
{
	const struct ab_workload_info *w = &g->e->workloads[i];
	const struct workload_result *r = &g->workloads[i];
	const struct look *last = series_last(&r->series);
	PGO_AUTO(strbuf) notes = STRBUF_INIT;

	if (r->miscompare && !r->unstable)
		add_note(&notes, "<strong class=\"bad\">output differs</strong>");
	if (r->unstable)
		add_note(&notes, "output unstable");
	else if (!w->output_compared)
		add_note(&notes, "output not compared");
	if (r->suspected && !r->regressed)
		add_note(&notes, "slower alone, not among all");
	if (last && last->exact)
		add_note(&notes, "exact test");
	if (r->disagrees)
		add_note(&notes, "averages disagree");
	if (r->series.futile)
		add_note(&notes, "given up");
	if (r->nr_invalid)
		strbuf_addf(&notes, "%s%zu not counted", notes.len ? ", " : "", r->nr_invalid);
	strbuf_addstr(out, notes.buf);
}

/* The cells of a series: verdict, speed-up, interval, its picture. */
static void add_claim(const struct engine *g, const struct series *s, const struct axis *a,
		      enum verdict v, struct strbuf *out)
{
	const struct look *l = series_last(s);

	strbuf_addstr(out, "<td class=\"verdict-cell\">");
	html_verdict(out, v);
	strbuf_addstr(out, "</td>");
	if (!l) {
		strbuf_addstr(out,
			      "<td class=\"num\">\xe2\x80\x93</td><td class=\"num\">too few "
			      "pairs</td><td class=\"bar-cell\"></td>");
	} else {
		strbuf_addstr(out, "<td class=\"num\">");
		html_speedup(out, l->ci.estimate, html_digits(g));
		strbuf_addstr(out, "</td><td class=\"num\">");
		html_interval(out, &l->ci, html_digits(g));
		strbuf_addstr(out, "</td><td class=\"bar-cell\">");
		chart_bar(g, a, &l->ci, out);
		strbuf_addstr(out, "</td>");
	}
}

static void add_median(double seconds, const struct time_unit *unit, struct strbuf *out)
{
	strbuf_addstr(out, "<td class=\"num\">");
	if (seconds > 0)
		html_time(out, seconds, unit);
	else
		strbuf_addstr(out, "\xe2\x80\x93");
	strbuf_addstr(out, "</td>");
}

/* Two commands have no training. */
static bool of_project(const struct evidence *e)
{
	return !strcmp(e->head.a, "baseline");
}

static void add_row(const struct engine *g, size_t i, const struct axis *a, struct strbuf *out)
{
	const struct ab_workload_info *w = &g->e->workloads[i];
	const struct workload_result *r = &g->workloads[i];
	struct time_unit unit = time_unit_of(r->median_a_s);

	strbuf_addf(out, "<tr><th scope=\"row\"><a href=\"#workload-%zu\">", i + 1);
	html_name(out, w->name);
	strbuf_addf(out, "</a><small>%s%s</small></th>", metric_name(w->metric),
		    w->held_out	       ? ", held-out input"
		    : of_project(g->e) ? ", training input"
				       : "");
	add_claim(g, &r->series, a, engine_verdict(g, i), out);
	add_median(r->median_a_s, &unit, out);
	add_median(r->median_b_s, &unit, out);
	strbuf_addf(out, "<td class=\"num\">%zu</td><td class=\"notes\">", r->series.nr);
	add_notes(g, i, out);
	strbuf_addstr(out, "</td></tr>\n");
}

static void add_head(const struct engine *g, const struct axis *a, struct strbuf *out)
{
	strbuf_addstr(out,
		      "<thead><tr><th scope=\"col\">Workload</th>"
		      "<th scope=\"col\">Verdict</th>"
		      "<th scope=\"col\" class=\"num\">Speed-up</th>"
		      "<th scope=\"col\" class=\"num\">");
	html_level(out, g);
	strbuf_addstr(out,
		      " interval</th><th scope=\"col\" class=\"bar-cell\" "
		      "aria-label=\"Interval, drawn\">");
	chart_bar_scale(a, out);
	strbuf_addstr(out,
		      "</th><th scope=\"col\" class=\"num\">Baseline</th>"
		      "<th scope=\"col\" class=\"num\">Optimized</th>"
		      "<th scope=\"col\" class=\"num\">Pairs</th>"
		      "<th scope=\"col\">Notes</th></tr></thead>\n");
}

static void add_overall(const struct engine *g, const struct axis *a, struct strbuf *out)
{
	strbuf_addstr(out,
		      "<tfoot><tr><th scope=\"row\">Overall<small>weighted geometric mean"
		      "</small></th>");
	add_claim(g, &g->overall, a, engine_overall(g), out);
	strbuf_addf(out, "<td></td><td></td><td class=\"num\">%zu</td><td></td></tr></tfoot>\n",
		    g->overall.nr);
}

/* Each once, and only where it is used. */
static void explain_notes(const struct engine *g, struct strbuf *out)
{
	static const char *const words[] = {
		"<b>Output differs</b>: the two sides printed something else from the same input.",
		"<b>Output unstable</b>: already the baseline prints something else from run to "
		"run, so outputs cannot be compared.",
		"<b>Slower alone, not among all</b>: looked at by itself it is slower, but among "
		"this many workloads one such result is to be expected by chance.",
		"<b>Exact test</b>: times tie or the result is close to a boundary; sign flips of "
		"the very values were counted.",
		"<b>Averages disagree</b>: mean, medians and estimate lie apart; look at the "
		"distribution.",
		"<b>Given up</b>: no verdict was in prospect with the pairs that were left.",
	};
	bool used[ARRAY_SIZE(words)] = { false };

	for (size_t i = 0; i < g->e->nr_workloads; i++) {
		const struct workload_result *r = &g->workloads[i];
		const struct look *l = series_last(&r->series);

		used[0] |= r->miscompare && !r->unstable;
		used[1] |= r->unstable;
		used[2] |= r->suspected && !r->regressed;
		used[3] |= l && l->exact;
		used[4] |= r->disagrees;
		used[5] |= r->series.futile;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (used[i])
			strbuf_addf(out, "<p class=\"soft\"><small>%s</small></p>\n", words[i]);
}

void html_table(const struct engine *g, struct strbuf *out)
{
	struct axis a = chart_bar_axis(g);

	strbuf_addstr(out,
		      "<h2 id=\"workloads\">Workloads</h2>\n<p class=\"soft\"><small>"
		      "Medians are of one process. In the picture the solid line is no change, the "
		      "dashed one the margin.</small></p>\n<div class=\"scroll\" tabindex=\"0\" "
		      "role=\"region\" aria-labelledby=\"workloads\">\n"
		      "<table aria-labelledby=\"workloads\">\n");
	add_head(g, &a, out);
	strbuf_addstr(out, "<tbody>\n");
	for (size_t i = 0; i < g->e->nr_workloads; i++)
		add_row(g, i, &a, out);
	strbuf_addstr(out, "</tbody>\n");
	if (g->e->nr_workloads > 1)
		add_overall(g, &a, out);
	strbuf_addstr(out, "</table>\n</div>\n");
	explain_notes(g, out);
}
