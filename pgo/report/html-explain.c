/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/base/num.h"
#include "pgo/report/html-page.h"
#include "pgo/report/html-text.h"

static void add_value(double v, void (*print)(struct strbuf *, uint64_t), struct strbuf *out)
{
	strbuf_addstr(out, "<td class=\"num\">");
	print(out, v < 9e18 ? (uint64_t)v : (uint64_t)INT64_MAX);
	strbuf_addstr(out, "</td>");
}

/* change: the logarithm of the ratio, or NAN: that of a and b. */
static void add_changed(const char *what, double a, double b, double change,
			void (*print)(struct strbuf *, uint64_t), struct strbuf *out)
{
	strbuf_addf(out, "<tr><th scope=\"row\">%s</th>", what);
	add_value(a, print, out);
	add_value(b, print, out);
	strbuf_addstr(out, "<td class=\"num\">");
	if (!isnan(change))
		html_speedup(out, change, 2);
	else if (a == b)
		strbuf_addstr(out, "same");
	else if (a > 0 && b > 0)
		html_speedup(out, log(b / a), 2);
	strbuf_addstr(out, "</td>");
}

static void add_row(const char *what, double a, double b, void (*print)(struct strbuf *, uint64_t),
		    struct strbuf *out)
{
	add_changed(what, a, b, NAN, print, out);
}

static void end_row(const char *source, struct strbuf *out)
{
	strbuf_addf(out, "<td class=\"soft\">%s</td></tr>\n", source);
}

static void add_model(const struct explain_workload *w, struct strbuf *out)
{
	const struct explain_side *a = &w->side[0], *b = &w->side[1];

	for (int e = 0; !a->why_not && !b->why_not && e < NR_CACHEGRIND_EVENTS; e++) {
		add_row(cachegrind_event_name((enum cachegrind_event)e), (double)a->events[e],
			(double)b->events[e], num_add_count, out);
		end_row("cachegrind, one run", out);
	}
	if (!a->nr_programs || !b->nr_programs)
		return;
	add_row("code size", (double)a->text_bytes, (double)b->text_bytes, num_add_bytes, out);
	end_row("the programs", out);
	if (a->hot_bytes || b->hot_bytes) {
		add_row("of it .text.hot", (double)a->hot_bytes, (double)b->hot_bytes,
			num_add_bytes, out);
		end_row("the programs", out);
	}
	if (a->unlikely_bytes || b->unlikely_bytes) {
		add_row("of it .text.unlikely", (double)a->unlikely_bytes,
			(double)b->unlikely_bytes, num_add_bytes, out);
		end_row("the programs", out);
	}
}

static void add_counters(const struct explain_workload *w, struct strbuf *out)
{
	for (unsigned c = 0; c < w->nr_counters; c++) {
		const struct explain_counter *k = &w->counters[c];
		PGO_AUTO(strbuf) source = STRBUF_INIT;

		if (k->median_a < 1 && k->median_b < 1)
			continue;
		strbuf_addf(&source, "counted, %zu pairs: ", k->nr);
		html_interval(&source, &k->change, 2);
		add_changed(
			counter_name(k->counter), k->median_a, k->median_b,
			isfinite(k->change.lo) || isfinite(k->change.hi) ? k->change.estimate : NAN,
			k->counter == COUNTER_TASK_CLOCK ? num_add_duration : num_add_count, out);
		end_row(source.buf, out);
	}
}

static void add_words(const struct explain_workload *w, struct strbuf *out)
{
	static const char *const sides[] = { "baseline", "optimized side" };

	for (size_t i = 0; i < w->remarks.nr; i++) {
		strbuf_addstr(out, "<p class=\"alert\">");
		html_text(out, w->remarks.v[i]);
		strbuf_addstr(out, "</p>\n");
	}
	for (int s = 0; s < 2; s++) {
		if (!w->side[s].why_not)
			continue;
		strbuf_addf(out, "<p class=\"soft\">The %s was not counted: ", sides[s]);
		html_text(out, w->side[s].why_not);
		strbuf_addstr(out, "</p>\n");
	}
}

static void add_workload(const char *name, const struct explain_workload *w, struct strbuf *out)
{
	strbuf_addstr(out, "<h3>");
	html_name(out, name);
	strbuf_addstr(out, "</h3>\n");
	add_words(w, out);
	strbuf_addstr(out,
		      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"What was "
		      "counted of ");
	html_text(out, name);
	strbuf_addstr(out,
		      "\"><table class=\"measures\">\n<thead><tr><th scope=\"col\">Counted</th>"
		      "<th scope=\"col\" class=\"num\">Baseline</th>"
		      "<th scope=\"col\" class=\"num\">Optimized</th>"
		      "<th scope=\"col\" class=\"num\">Change</th>"
		      "<th scope=\"col\">By</th></tr></thead>\n<tbody>\n");
	add_model(w, out);
	add_counters(w, out);
	strbuf_addstr(out, "</tbody></table></div>\n");
}

void html_explain(const struct engine *g, const struct explanation *why, struct strbuf *out)
{
	strbuf_addstr(out, "<h2 id=\"why\">Why?</h2>\n<p>No verdict rests on this.");
	if (why->model) {
		strbuf_addstr(out,
			      " Cachegrind ran each side once; its caches and its branch "
			      "predictor are a model (");
		html_text(out, why->model);
		strbuf_addstr(out, ").");
	}
	strbuf_addstr(out, "</p>\n");
	for (size_t i = 0; i < why->nr; i++)
		add_workload(g->e->workloads[i].name, &why->workloads[i], out);
}
