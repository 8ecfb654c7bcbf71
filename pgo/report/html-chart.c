/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/report/html-chart.h"

#include <math.h>

#include "pgo/report/html-text.h"

#define PLOT_HEIGHT 180.0
#define TIMES_HEIGHT 112.0
#define BAR_HEIGHT 20.0
#define CROWD 80		/* from so many marks on they are small */
#define CROWDED_LOOKS 9		/* above, a narrow window numbers every other one */
#define MARGIN_SHOWN 0.5	/* a wider one would leave no room for the data */

void chart_symbols(struct strbuf *out)
{
	strbuf_addstr(
		out,
		"<svg width=\"0\" height=\"0\" class=\"symbols\" aria-hidden=\"true\"><defs>\n"
		"<circle id=\"ab\" r=\"4\"/><path id=\"ba\" d=\"M0-5.5 5.5 0 0 5.5-5.5 0z\"/>\n"
		"<circle id=\"ab-small\" r=\"2.5\"/>"
		"<path id=\"ba-small\" d=\"M0-3.5 3.5 0 0 3.5-3.5 0z\"/>\n"
		"<path id=\"cap\" d=\"M-4 0H4\"/><path id=\"wall\" d=\"M0-4V4\"/>\n"
		"<path id=\"up\" d=\"M-4 6 0 0 4 6\"/><path id=\"down\" d=\"M-4-6 0 0 4-6\"/>\n"
		"<path id=\"left\" d=\"M6-4 0 0 6 4\"/><path id=\"right\" d=\"M-6-4 0 0-6 4\"/>\n"
		"</defs></svg>\n");
}

static void add_key(const char *class, const char *shape, const char *text, struct strbuf *out)
{
	strbuf_addf(out,
		    "<svg aria-hidden=\"true\"><use class=\"%s\" href=\"#%s\" x=\"7\" "
		    "y=\"6\"/></svg> %s",
		    class, shape, text);
}

void chart_key(const char *second, struct strbuf *out)
{
	add_key("key", "ab", "baseline first, ", out);
	add_key("key", "ba", second, out);
	strbuf_addstr(out, " first; ");
	add_key("key invalid", "ab", "not counted.", out);
}

static void open_plot(struct strbuf *out, const char *class, double height, const char *label)
{
	strbuf_addf(out,
		    "<svg class=\"%s\" width=\"100%%\" height=\"%.0f\" role=\"img\" "
		    "aria-label=\"%s\">\n",
		    class, height, label);
}

static double y_of(const struct axis *a, double v)
{
	return (1 - axis_at(a, v)) * PLOT_HEIGHT;
}

static void across(struct strbuf *out, const char *class, double y)
{
	strbuf_addf(out, "<line class=\"%s\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>\n", class, y,
		    y);
}

static bool shows_margin(const struct engine *g)
{
	return g->e->head.margin > 0 && g->e->head.margin <= MARGIN_SHOWN;
}

/* An axis with the two lines that every speed-up is read against. */
static struct axis ratio_axis(const struct engine *g)
{
	struct axis a = AXIS_INIT;

	axis_include(&a, 0);
	if (shows_margin(g))
		axis_include(&a, -log1p(g->e->head.margin));
	return a;
}

/* The scale at the left, the zero line and the margin line. */
static void draw_ratio_scale(const struct engine *g, const struct axis *a, struct strbuf *out)
{
	double ticks[AXIS_MAX_TICKS], percents[AXIS_MAX_TICKS];
	size_t n = axis_ratio_ticks(a, 5, ticks);
	double margin = -log1p(g->e->head.margin);
	int digits;

	for (size_t i = 0; i < n; i++)
		percents[i] = expm1(ticks[i]) * 100;
	digits = a->hi - a->lo > M_LN2 ? 0 : axis_digits(percents, n);
	for (size_t i = 0; i < n; i++) {
		across(out, ticks[i] == 0 ? "zero" : "grid", y_of(a, ticks[i]));
		strbuf_addf(out, "<text class=\"end\" x=\"-8\" y=\"%.1f\" dy=\".35em\">",
			    y_of(a, ticks[i]));
		html_speedup(out, ticks[i], digits);
		strbuf_addstr(out, "</text>\n");
	}
	if (shows_margin(g) && axis_holds(a, margin))
		across(out, "margin", y_of(a, margin));
}

/* --- pairs over time */

/* What a chart of pairs is made of: pairs of one kind, perhaps of one workload only. */
struct pairs {
	const struct ab_pair **pair;
	double *d;
	size_t nr;
	double *valid; /* the d that count */
	size_t nr_valid;
};

static void pairs_release(struct pairs *p)
{
	free(p->pair);
	free(p->d);
	free(p->valid);
}
PGO_DEFINE_AUTO(pairs, pairs_release)

static struct pairs pick_pairs(const struct evidence *e, enum pair_kind kind, size_t workload)
{
	struct pairs s = {
		.pair = xcalloc(e->nr_pairs, sizeof(*s.pair)),
		.d = xcalloc(e->nr_pairs, sizeof(*s.d)),
		.valid = xcalloc(e->nr_pairs, sizeof(*s.valid)),
	};

	for (size_t i = 0; i < e->nr_pairs; i++) {
		const struct ab_pair *p = &e->pairs[i];
		double d;

		if (p->kind != kind || (kind == PAIR_AB && p->workload != workload))
			continue;
		d = log(evidence_metric(e, p->workload, &p->run[0]) /
			evidence_metric(e, p->workload, &p->run[1]));
		s.pair[s.nr] = p;
		s.d[s.nr++] = d;
		if (p->invalid == VALID)
			s.valid[s.nr_valid++] = d;
	}
	return s;
}

static void describe_pair(const struct engine *g, const struct pairs *s, size_t i,
			  struct strbuf *out)
{
	const struct ab_pair *p = s->pair[i];
	const struct ab_workload_info *w = &g->e->workloads[p->workload];
	const char *second = p->kind == PAIR_AA ? "copy" : "optimized";
	double a = evidence_metric(g->e, p->workload, &p->run[0]) / w->times;
	double b = evidence_metric(g->e, p->workload, &p->run[1]) / w->times;
	struct time_unit unit = time_unit_of(a);

	strbuf_addf(out, "Pair %zu", i + 1);
	if (p->kind == PAIR_AA && g->e->nr_workloads > 1) {
		strbuf_addstr(out, " of ");
		html_text(out, w->name);
	}
	strbuf_addstr(out, ": ");
	html_speedup(out, s->d[i], 2);
	strbuf_addstr(out, "; baseline ");
	html_time(out, a, &unit);
	strbuf_addf(out, ", %s ", second);
	html_time(out, b, &unit);
	strbuf_addf(out, "; %s first", p->swapped ? second : "baseline");
	if (p->invalid != VALID)
		strbuf_addf(out, "; not counted: %s", invalid_name(p->invalid));
}

static void draw_pair(const struct engine *g, const struct pairs *s, size_t i, const struct axis *a,
		      struct strbuf *out)
{
	const struct ab_pair *p = s->pair[i];

	strbuf_addf(out, "<use class=\"pair%s%s\" href=\"#%s%s\" x=\"%.2f%%\" y=\"%.1f\"><title>",
		    p->invalid != VALID ? " invalid" : "", axis_holds(a, s->d[i]) ? "" : " beyond",
		    p->swapped ? "ba" : "ab", s->nr > CROWD ? "-small" : "",
		    ((double)i + 0.5) * 100 / (double)s->nr, y_of(a, s->d[i]));
	describe_pair(g, s, i, out);
	strbuf_addstr(out, "</title></use>\n");
}

/* Along the lower edge: the numbers of some pairs, the first and the last among them. */
static void number_pairs(size_t nr, struct strbuf *out)
{
	double ticks[AXIS_MAX_TICKS];
	struct axis a = { 0, (double)nr, true };
	size_t n = axis_ticks(&a, 5, ticks);

	for (size_t i = 0; i < n; i++) {
		double k = ticks[i] == 0 ? 1 : ticks[i];

		if (k != floor(k) || ticks[i] == 1)
			continue;
		strbuf_addf(out, "<text class=\"mid\" x=\"%.2f%%\" y=\"%.0f\">%.0f</text>\n",
			    (k - 0.5) * 100 / (double)nr, PLOT_HEIGHT + 18, k);
	}
}

static void draw_band(const struct axis *a, const struct interval *ci, struct strbuf *out)
{
	double top = y_of(a, ci->hi), bottom = y_of(a, ci->lo);

	if (isinf(ci->lo) || isinf(ci->hi))
		return;
	strbuf_addf(out, "<rect class=\"band\" width=\"100%%\" y=\"%.1f\" height=\"%.1f\"/>\n", top,
		    fmax(bottom - top, 1));
	across(out, "estimate", y_of(a, ci->estimate));
}

static void label_pairs(const struct pairs *s, const struct interval *ci, struct strbuf *out)
{
	double lo = INFINITY, hi = -INFINITY;

	for (size_t i = 0; i < s->nr_valid; i++) {
		lo = fmin(lo, s->valid[i]);
		hi = fmax(hi, s->valid[i]);
	}
	strbuf_addf(out, "Speed-up of each of %zu pairs in the order of time, %zu not counted. ",
		    s->nr, s->nr - s->nr_valid);
	if (!s->nr_valid)
		return;
	strbuf_addstr(out, "They range from ");
	html_speedup(out, lo, 1);
	strbuf_addstr(out, " to ");
	html_speedup(out, hi, 1);
	strbuf_addstr(out, "; interval ");
	html_interval(out, ci, 1);
	strbuf_addch(out, '.');
}

void chart_pairs(const struct engine *g, enum pair_kind kind, size_t workload, struct strbuf *out)
{
	PGO_AUTO(pairs) s = pick_pairs(g->e, kind, workload);
	PGO_AUTO(strbuf) label = STRBUF_INIT;
	const struct look *last = series_last(&g->workloads[workload].series);
	struct interval ci = { -INFINITY, INFINITY, 0 };
	struct axis a = ratio_axis(g);

	if (kind == PAIR_AA)
		ci = g->instrument.ci;
	else if (last)
		ci = last->ci;
	axis_include_interval(&a, &ci);
	axis_include_bulk(&a, s.nr_valid ? s.valid : s.d, s.nr_valid ? s.nr_valid : s.nr);
	axis_finish(&a);
	label_pairs(&s, &ci, &label);
	open_plot(out, "plot", PLOT_HEIGHT, label.buf);
	draw_band(&a, &ci, out);
	draw_ratio_scale(g, &a, out);
	number_pairs(s.nr, out);
	for (size_t i = 0; i < s.nr; i++)
		draw_pair(g, &s, i, &a, out);
	strbuf_addstr(out, "</svg>\n");
}

/* --- rounds */

static void draw_round(const struct series *s, size_t i, const struct axis *a, struct strbuf *out)
{
	strbuf_addf(out,
		    "<use class=\"round%s\" href=\"#ab%s\" x=\"%.2f%%\" y=\"%.1f\"><title>"
		    "Round %zu: ",
		    axis_holds(a, s->d[i]) ? "" : " beyond", s->nr > CROWD ? "-small" : "",
		    ((double)i + 0.5) * 100 / (double)s->nr, y_of(a, s->d[i]), i + 1);
	html_speedup(out, s->d[i], 2);
	strbuf_addstr(out, "</title></use>\n");
}

void chart_rounds(const struct engine *g, struct strbuf *out)
{
	const struct series *s = &g->overall;
	const struct look *last = series_last(s);
	PGO_AUTO(strbuf) label = STRBUF_INIT;
	struct axis a = ratio_axis(g);

	axis_include_bulk(&a, s->d, s->nr);
	if (last)
		axis_include_interval(&a, &last->ci);
	axis_finish(&a);
	strbuf_addf(&label, "Weighted mean speed-up of each of %zu rounds, in the order of time.",
		    s->nr);
	open_plot(out, "plot", PLOT_HEIGHT, label.buf);
	if (last)
		draw_band(&a, &last->ci, out);
	draw_ratio_scale(g, &a, out);
	number_pairs(s->nr, out);
	for (size_t i = 0; i < s->nr; i++)
		draw_round(s, i, &a, out);
	strbuf_addstr(out, "</svg>\n");
}

/* --- distributions */

struct times {
	double *side[2]; /* seconds of one process, of the pairs that count */
	double median[2];
	size_t nr;
	struct time_unit unit;
};

static void times_release(struct times *t)
{
	free(t->side[0]);
	free(t->side[1]);
}
PGO_DEFINE_AUTO(times, times_release)

static struct times pick_times(const struct engine *g, size_t workload)
{
	const struct evidence *e = g->e;
	const struct workload_result *r = &g->workloads[workload];
	struct times t = { .median = { r->median_a_s, r->median_b_s } };

	for (int k = 0; k < 2; k++)
		t.side[k] = xcalloc(e->nr_pairs, sizeof(*t.side[k]));
	for (size_t i = 0; i < e->nr_pairs; i++) {
		const struct ab_pair *p = &e->pairs[i];

		if (p->kind != PAIR_AB || p->workload != workload || p->invalid != VALID)
			continue;
		for (int k = 0; k < 2; k++)
			t.side[k][t.nr] = evidence_metric(e, workload, &p->run[k]) /
					  e->workloads[workload].times;
		t.nr++;
	}
	t.unit = time_unit_of(t.median[0]);
	return t;
}

static void draw_time_scale(const struct axis *a, const struct time_unit *unit, struct strbuf *out)
{
	struct axis scaled = { a->lo * unit->per_second, a->hi * unit->per_second, true };
	double ticks[AXIS_MAX_TICKS];
	size_t n = axis_ticks(&scaled, 4, ticks);

	for (size_t i = 0; i < n; i++) {
		double x = axis_at(&scaled, ticks[i]) * 100;

		strbuf_addf(out,
			    "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y2=\"%.0f\"/>"
			    "<text class=\"mid\" x=\"%.2f%%\" y=\"%.0f\">%.*f</text>\n",
			    x, x, TIMES_HEIGHT, x, TIMES_HEIGHT + 18, axis_digits(ticks, n),
			    ticks[i]);
	}
}

/* One side: a mark a run, spread over the row so that equal ones are seen, and the median. */
static void draw_side(const struct times *t, int k, const struct axis *a, struct strbuf *out)
{
	static const char *const names[] = { "baseline", "optimized" };
	double y = TIMES_HEIGHT * (k ? 0.77 : 0.29);
	double x = axis_at(a, t->median[k]) * 100;

	strbuf_addf(out,
		    "<g class=\"side-%c\">\n<text class=\"end\" x=\"-8\" y=\"%.1f\" "
		    "dy=\".35em\">%s</text>\n",
		    "ab"[k], y, names[k]);
	for (size_t i = 0; i < t->nr; i++) {
		double spread = ((double)(i * 7 % 11) - 5) * 2;

		strbuf_addf(out,
			    "<circle class=\"run\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"%s\">"
			    "<title>%s, run %zu: ",
			    axis_at(a, t->side[k][i]) * 100, y + spread, t->nr > CROWD ? "2" : "3",
			    names[k], i + 1);
		html_time(out, t->side[k][i], &t->unit);
		strbuf_addstr(out, "</title></circle>\n");
	}
	strbuf_addf(out,
		    "<line class=\"median\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%.1f\" "
		    "y2=\"%.1f\"/>\n<text class=\"%s halo\" x=\"%.2f%%\" y=\"%.1f\">",
		    x, x, y - 15, y + 15,
		    x < 15   ? "start"
		    : x > 85 ? "end"
			     : "mid",
		    x, y - 19);
	html_time(out, t->median[k], &t->unit);
	strbuf_addstr(out, "</text>\n</g>\n");
}

void chart_times(const struct engine *g, size_t workload, struct strbuf *out)
{
	PGO_AUTO(times) t = pick_times(g, workload);
	PGO_AUTO(strbuf) label = STRBUF_INIT;
	struct axis a = AXIS_INIT;

	for (int k = 0; k < 2; k++) {
		axis_include(&a, t.median[k]);
		axis_include_bulk(&a, t.side[k], t.nr);
	}
	a.lo -= (a.hi - a.lo) * 0.05;
	a.hi += fmax((a.hi - a.lo) * 0.05, a.hi * 0.01);
	strbuf_addf(&label, "Times of %zu runs a side. Median of the baseline ", t.nr);
	html_time(&label, t.median[0], &t.unit);
	strbuf_addstr(&label, ", of the optimized side ");
	html_time(&label, t.median[1], &t.unit);
	strbuf_addch(&label, '.');
	open_plot(out, "plot", TIMES_HEIGHT, label.buf);
	draw_time_scale(&a, &t.unit, out);
	draw_side(&t, 0, &a, out);
	draw_side(&t, 1, &a, out);
	strbuf_addf(out, "<text class=\"end\" x=\"-24\" y=\"%.0f\">%s</text>\n</svg>\n",
		    TIMES_HEIGHT + 18, t.unit.name);
}

/* --- looks */

static void describe_look(const struct look *l, struct strbuf *out)
{
	strbuf_addf(out, "After %u pairs: ", l->n);
	html_speedup(out, l->ci.estimate, 2);
	strbuf_addstr(out, ", interval ");
	html_interval(out, &l->ci, 2);
	strbuf_addf(out, "; %s%s", verdict_name(l->verdict),
		    l->exact ? "; judged by exact sign flips" : "");
}

/* The look from which on the verdict that is told has stood; nr_looks when there is none. */
static unsigned decision_of(const struct series *s, enum verdict told)
{
	unsigned q = s->nr_looks;

	if (told == VERDICT_INCONCLUSIVE)
		return q;
	while (q && s->looks[q - 1].verdict == told)
		q--;
	return q;
}

static void draw_end(double x, double y, bool bounded, const char *open, struct strbuf *out)
{
	strbuf_addf(out, "<use class=\"stroke\" href=\"#%s\" x=\"%.2f%%\" y=\"%.1f\"/>",
		    bounded ? "cap" : open, x, y);
}

static void draw_look(const struct look *l, double x, bool decision, const struct axis *a,
		      struct strbuf *out)
{
	double top = y_of(a, l->ci.hi), bottom = y_of(a, l->ci.lo);
	double y = y_of(a, l->ci.estimate);

	strbuf_addf(out, "<g class=\"look%s\"><title>", decision ? " decision" : "");
	describe_look(l, out);
	strbuf_addf(out,
		    "</title><line class=\"stroke\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%.1f\" "
		    "y2=\"%.1f\"/>",
		    x, x, top, bottom);
	draw_end(x, top, isfinite(l->ci.hi), "up", out);
	draw_end(x, bottom, isfinite(l->ci.lo), "down", out);
	strbuf_addf(out, "<circle cx=\"%.2f%%\" cy=\"%.1f\" r=\"4\"/>", x, y);
	if (decision)
		strbuf_addf(out,
			    "<circle class=\"ring\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"8\"/>"
			    "<text class=\"%s\" x=\"%.2f%%\" y=\"-7\">decided</text>",
			    x, y,
			    x < 15   ? "start"
			    : x > 85 ? "end"
				     : "mid",
			    x);
	strbuf_addstr(out, "</g>\n");
}

static void label_looks(const struct series *s, unsigned decision, enum verdict told,
			struct strbuf *out)
{
	const struct look *last = series_last(s);

	if (!last) {
		strbuf_addf(out, "No look yet: %zu pairs are fewer than the first look needs.",
			    s->nr);
		return;
	}
	strbuf_addf(out, "The interval at each of %u looks. After %u pairs it is ", s->nr_looks,
		    last->n);
	html_interval(out, &last->ci, 1);
	if (decision < s->nr_looks)
		strbuf_addf(out, "; %s since the look at %u pairs.", verdict_name(told),
			    s->looks[decision].n);
	else
		strbuf_addstr(out, "; not decided.");
}

void chart_looks(const struct engine *g, const struct series *s, enum verdict told,
		 struct strbuf *out)
{
	PGO_AUTO(strbuf) label = STRBUF_INIT;
	unsigned decision = decision_of(s, told), nr = g->spending.nr_looks;
	struct axis a = ratio_axis(g);

	for (unsigned q = 0; q < s->nr_looks; q++)
		axis_include_interval(&a, &s->looks[q].ci);
	axis_finish(&a);
	label_looks(s, decision, told, &label);
	open_plot(out, "plot", PLOT_HEIGHT, label.buf);
	draw_ratio_scale(g, &a, out);
	for (unsigned q = 0; q < nr; q++) {
		double x = (q + 0.5) * 100 / nr;

		strbuf_addf(out, "<text class=\"mid%s%s\" x=\"%.2f%%\" y=\"%.0f\">%u</text>\n",
			    q < s->nr_looks ? "" : " faint",
			    nr > CROWDED_LOOKS && q % 2 && q != decision ? " alternate" : "", x,
			    PLOT_HEIGHT + 18, g->spending.looks[q].n);
		if (q < s->nr_looks)
			draw_look(&s->looks[q], x, q == decision, &a, out);
	}
	strbuf_addstr(out, "</svg>\n");
}

/* --- the column of intervals */

struct axis chart_bar_axis(const struct engine *g)
{
	struct axis a = ratio_axis(g);
	const struct look *l = series_last(&g->overall);

	if (l)
		axis_include_interval(&a, &l->ci);
	for (size_t i = 0; i < g->e->nr_workloads; i++) {
		l = series_last(&g->workloads[i].series);
		if (l)
			axis_include_interval(&a, &l->ci);
	}
	axis_finish(&a);
	return a;
}

void chart_bar_scale(const struct axis *a, struct strbuf *out)
{
	double ticks[AXIS_MAX_TICKS];
	size_t n = axis_ratio_ticks(a, 2, ticks);

	strbuf_addf(out, "<svg class=\"bar\" width=\"100%%\" height=\"%.0f\" aria-hidden=\"true\">",
		    BAR_HEIGHT);
	for (size_t i = 0; i < n; i++) {
		double x = axis_at(a, ticks[i]) * 100;

		strbuf_addf(out, "<text class=\"%s\" x=\"%.2f%%\" y=\"14\">",
			    x < 12   ? "start"
			    : x > 88 ? "end"
				     : "mid",
			    x);
		html_speedup(out, ticks[i], 0);
		strbuf_addstr(out, "</text>");
	}
	strbuf_addstr(out, "</svg>");
}

static void upright(struct strbuf *out, const char *class, double x)
{
	strbuf_addf(out, "<line class=\"%s\" x1=\"%.2f%%\" x2=\"%.2f%%\" y2=\"%.0f\"/>", class, x,
		    x, BAR_HEIGHT);
}

void chart_bar(const struct engine *g, const struct axis *a, const struct interval *ci,
	       struct strbuf *out)
{
	double lo = axis_at(a, ci->lo) * 100, hi = axis_at(a, ci->hi) * 100;

	strbuf_addf(out, "<svg class=\"bar\" width=\"100%%\" height=\"%.0f\" aria-hidden=\"true\">",
		    BAR_HEIGHT);
	upright(out, "zero", axis_at(a, 0) * 100);
	if (shows_margin(g))
		upright(out, "margin", axis_at(a, -log1p(g->e->head.margin)) * 100);
	strbuf_addf(out, "<line class=\"stroke\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"10\" y2=\"10\"/>",
		    lo, hi);
	strbuf_addf(out, "<use class=\"stroke\" href=\"#%s\" x=\"%.2f%%\" y=\"10\"/>",
		    isinf(ci->lo) ? "left" : "wall", lo);
	strbuf_addf(out, "<use class=\"stroke\" href=\"#%s\" x=\"%.2f%%\" y=\"10\"/>",
		    isinf(ci->hi) ? "right" : "wall", hi);
	strbuf_addf(out, "<circle class=\"dot\" cx=\"%.2f%%\" cy=\"10\" r=\"4\"/></svg>",
		    axis_at(a, ci->estimate) * 100);
}
