/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>

#include "pgo/base/num.h"
#include "pgo/report/html-chart.h"
#include "pgo/report/html-measures.h"
#include "pgo/report/html-page.h"
#include "pgo/report/html-text.h"

static void add_summary(const struct engine *g, size_t i, struct strbuf *out)
{
	const struct workload_result *r = &g->workloads[i];
	const struct look *l = series_last(&r->series);

	strbuf_addstr(out, "<p>");
	html_verdict(out, engine_verdict(g, i));
	if (l) {
		strbuf_addstr(out, " &nbsp;");
		html_speedup(out, l->ci.estimate, html_digits(g));
		strbuf_addstr(out, " <span class=\"soft\">(");
		html_interval(out, &l->ci, html_digits(g));
		strbuf_addstr(out, ")</span>");
	} else {
		strbuf_addf(out,
			    " &nbsp;<span class=\"soft\">%zu pairs are fewer than the first "
			    "look needs</span>",
			    r->series.nr);
	}
	strbuf_addstr(out, "</p>\n");
}

static void add_figure(const char *class, const char *title, struct strbuf *out)
{
	strbuf_addf(out, "<figure%s><h4>%s</h4>\n", class, title);
}

static void add_pairs(const struct engine *g, size_t i, struct strbuf *out)
{
	add_figure(" class=\"wide\"", "Speed-up of each pair, in the order of time", out);
	chart_pairs(g, PAIR_AB, i, out);
	strbuf_addstr(out, "<figcaption>");
	chart_key("optimized", out);
	strbuf_addstr(out,
		      " The band is the interval, the line in it the estimate; dashed: the "
		      "margin. Outlined marks at the edge lie beyond it.</figcaption></figure>\n");
}

static void add_distributions(const struct engine *g, size_t i, struct strbuf *out)
{
	const struct ab_workload_info *w = &g->e->workloads[i];

	add_figure("", "Times of both sides", out);
	chart_times(g, i, out);
	strbuf_addf(out,
		    "<figcaption>Metric: %s, of one process%s. Each mark is a run, the bar "
		    "the median.</figcaption></figure>\n",
		    metric_name(w->metric), w->times > 1 ? " (the mean of those in a run)" : "");
}

static void add_looks(const struct engine *g, const struct series *s, enum verdict told,
		      struct strbuf *out)
{
	add_figure("", "Interval at each look", out);
	chart_looks(g, s, told, out);
	strbuf_addf(out,
		    "<figcaption>Pairs at the look%s. Solid: no change; dashed: the margin."
		    "</figcaption></figure>\n",
		    s->nr_looks < g->spending.nr_looks ? "; a pale number is a look not taken"
						       : "");
}

static void add_diagnostics(const struct engine *g, size_t i, struct strbuf *out)
{
	const struct workload_result *r = &g->workloads[i];

	strbuf_addstr(out, "<p class=\"soft\"><small>Mean of the pairs ");
	html_speedup(out, r->mean, 2);
	strbuf_addstr(out, "; ratio of the medians ");
	html_speedup(out, r->log_median_ratio, 2);
	strbuf_addf(out, "; correlation of neighbours %s%.2f; drift ",
		    r->lag1 < 0 ? "\xe2\x88\x92" : "", fabs(r->lag1));
	html_speedup(out, r->drift, 3);
	strbuf_addstr(out, " a pair.</small></p>\n");
}

void html_workload(const struct engine *g, size_t i, struct strbuf *out)
{
	const struct workload_result *r = &g->workloads[i];

	strbuf_addf(out,
		    "<section class=\"workload\" id=\"workload-%zu\" "
		    "aria-labelledby=\"name-%zu\">\n<h3 id=\"name-%zu\">",
		    i + 1, i + 1, i + 1);
	html_name(out, g->e->workloads[i].name);
	strbuf_addstr(out, "</h3>\n");
	add_summary(g, i, out);
	strbuf_addstr(out, "<div class=\"charts\">\n");
	if (r->series.nr || r->nr_invalid)
		add_pairs(g, i, out);
	if (r->series.nr)
		add_distributions(g, i, out);
	if (r->series.nr_looks)
		add_looks(g, &r->series, engine_verdict(g, i), out);
	strbuf_addstr(out, "</div>\n");
	if (r->series.nr) {
		add_diagnostics(g, i, out);
		html_measures(g, i, out);
	}
	strbuf_addstr(out, "</section>\n");
}

void html_overall(const struct engine *g, struct strbuf *out)
{
	strbuf_addstr(out,
		      "<section class=\"workload\" aria-labelledby=\"overall\">\n"
		      "<h3 id=\"overall\">Overall</h3>\n<div class=\"charts\">\n");
	add_figure("", "Weighted mean of each round", out);
	chart_rounds(g, out);
	strbuf_addstr(out,
		      "<figcaption>A round is a pair of every workload. The band is the "
		      "interval.</figcaption></figure>\n");
	add_looks(g, &g->overall, engine_overall(g), out);
	strbuf_addstr(out, "</div>\n</section>\n");
}
