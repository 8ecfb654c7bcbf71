/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/report/html.h"

#include <math.h>

#include "pgo/report/html-chart.h"
#include "pgo/report/html-page.h"
#include "pgo/report/html-text.h"
#include "pgo/report/layout.h"

#define FINE 0.002	/* half an interval's width: narrower ones get a digit more */

int html_digits(const struct engine *g)
{
	double least = INFINITY;

	for (size_t i = 0; i < g->e->nr_workloads; i++) {
		const struct look *l = series_last(&g->workloads[i].series);

		if (l)
			least = fmin(least, (l->ci.hi - l->ci.lo) / 2);
	}
	return least < FINE ? 2 : 1;
}

void html_level(struct strbuf *out, const struct engine *g)
{
	html_percent(out, 1 - 2 * g->e->head.alpha);
}

static void add_word(struct strbuf *out, const struct tone *tone, const char *word)
{
	strbuf_addf(out,
		    "<span class=\"verdict %s\"><span aria-hidden=\"true\">%s</span> "
		    "%s</span>",
		    tone->class, tone->sign, word);
}

void html_verdict(struct strbuf *out, enum verdict v)
{
	add_word(out, tone_of(v), verdict_name(v));
}

/* A difference of the outputs, a broken instrument: they come before any speed. */
static const char *headline_of(const struct engine *g, enum gate_answer answer)
{
	if (answer == GATE_MISCOMPARE)
		return "OUTPUT DIFFERS";
	if (answer == GATE_INSTRUMENT)
		return "INSTRUMENT INVALID";
	return verdict_name(engine_overall(g));
}

static void add_headline(const struct engine *g, enum gate_answer answer, struct strbuf *out)
{
	static const struct tone stop = { "bad", "\xe2\x9c\x95" };
	bool stopped = answer == GATE_MISCOMPARE || answer == GATE_INSTRUMENT;
	const struct look *l = series_last(&g->overall);

	strbuf_addstr(out, "<h1>");
	html_name(out, g->e->head.b);
	strbuf_addstr(out, " against ");
	html_name(out, g->e->head.a);
	strbuf_addstr(out, "</h1>\n<p class=\"headline\">");
	add_word(out, stopped ? &stop : tone_of(engine_overall(g)), headline_of(g, answer));
	if (l) {
		strbuf_addstr(out, "<span class=\"size\">");
		html_speedup(out, l->ci.estimate, html_digits(g));
		strbuf_addf(out, "%s</span><span class=\"interval\">",
			    g->e->nr_workloads > 1 ? " overall" : "");
		html_level(out, g);
		strbuf_addstr(out, " interval ");
		html_interval(out, &l->ci, html_digits(g));
		strbuf_addstr(out, "</span>");
	}
	strbuf_addstr(out, "</p>\n");
}

static void add_alerts(const struct engine *g, enum gate_answer answer, struct strbuf *out)
{
	if (answer == GATE_MISCOMPARE)
		strbuf_addstr(out,
			      "<p class=\"alert\"><strong>The two sides do not do the same "
			      "work.</strong> At least one workload printed something else, while "
			      "the baseline repeats itself; the speeds below do not matter until "
			      "that is understood.</p>\n");
	else if (answer == GATE_INSTRUMENT)
		strbuf_addf(out,
			    "<p class=\"alert\"><strong>Do not believe the speeds below."
			    "</strong> %s</p>\n",
			    g->instrument.broken
				    ? "The A/A check found a difference between the "
				      "baseline and its own "
				      "copy."
				    : "More than 20&nbsp;% of the pairs did not "
				      "count: the machine was too "
				      "unquiet.");
	if (g->instrument.position_effect)
		strbuf_addstr(out,
			      "<p class=\"alert\"><strong>The order matters.</strong> The "
			      "second run of a pair differs from the first; the coin keeps the "
			      "estimate fair, but the machine carries something over.</p>\n");
}

static void add_fact(struct strbuf *out, const char *label, const char *value, const char *more)
{
	strbuf_addf(out, "<div><dt>%s</dt><dd>%s<small>%s</small></dd></div>\n", label, value,
		    more);
}

static const char *answer_text(enum gate_answer answer)
{
	static const char *const texts[] = {
		[GATE_PASS] = "<span class=\"good\">passed</span>",
		[GATE_FAIL] = "<span class=\"bad\">failed</span>",
		[GATE_OPEN] = "<span class=\"open\">undecided</span>",
		[GATE_INSTRUMENT] = "<span class=\"bad\">no answer: instrument invalid</span>",
		[GATE_MISCOMPARE] = "<span class=\"bad\">no answer: output differs</span>",
	};

	return texts[answer];
}

static void add_facts(const struct engine *g, enum gate_answer answer, struct strbuf *out)
{
	PGO_AUTO(strbuf) value = STRBUF_INIT;
	PGO_AUTO(strbuf) more = STRBUF_INIT;

	strbuf_addstr(out, "<dl class=\"facts\">\n");
	strbuf_addf(&more, "%s, its exit status %d", gate_name(g->e->head.gate), gate_exit(answer));
	add_fact(out, "Gate", answer_text(answer), more.buf);
	html_percent(&value, g->e->head.margin);
	add_fact(out, "Margin", value.buf, "a slow-down that does not matter");
	strbuf_clear(&value);
	if (isfinite(g->instrument.floor))
		html_speedup(&value, log1p(g->instrument.floor), 2);
	else
		strbuf_addstr(&value, "not known");
	strbuf_clear(&more);
	strbuf_addf(&more, "from %zu A/A pairs", g->instrument.nr);
	add_fact(out, "Noise floor", value.buf + (*value.buf == '+'), more.buf);
	strbuf_clear(&value);
	strbuf_addf(&value, "%zu", g->nr_position);
	strbuf_clear(&more);
	strbuf_addf(&more, "of %zu workload%s", g->e->nr_workloads,
		    g->e->nr_workloads > 1 ? "s" : "");
	add_fact(out, g->nr_units[1] ? "A/B units" : "A/B pairs", value.buf, more.buf);
	strbuf_addstr(out, "</dl>\n");
}

static void add_position(const struct engine *g, struct strbuf *out)
{
	const struct instrument *in = &g->instrument;

	strbuf_addstr(out, "<p>Second run of a pair against the first, over all pairs: p ");
	html_p(out, in->position_p);
	strbuf_addf(out, "; %s.</p>\n",
		    in->position_effect ? "<strong class=\"bad\">the order "
					  "matters</strong>"
					: "no effect of the order is found");
}

static void add_units(const struct engine *g, struct strbuf *out)
{
	strbuf_addf(out,
		    "<p>%zu of %zu A/B units are of two pairs, ABBA or BAAB, with a run before "
		    "them, so that what a run leaves to the next falls on both sides alike; each "
		    "of their pairs is drawn by itself.</p>\n",
		    g->nr_units[1], g->nr_units[0] + g->nr_units[1]);
}

static void add_instrument(const struct engine *g, struct strbuf *out)
{
	const struct instrument *in = &g->instrument;

	strbuf_addstr(out, "<h2 id=\"instrument\">Does the instrument work?</h2>\n<p>");
	if (in->nr) {
		strbuf_addf(out, "The baseline against its own copy, %zu pairs: ", in->nr);
		html_interval(out, &in->ci, 2);
		strbuf_addstr(out, ", p ");
		html_p(out, in->p);
		strbuf_addf(out, ". %s",
			    in->broken ? "<strong class=\"bad\">Broken:</strong> two copies of one "
					 "program do "
					 "not differ, so this result is an error of measurement."
				       : "As it should be, no difference is found.");
	} else {
		strbuf_addstr(out, "Not checked: there are no A/A pairs.");
	}
	strbuf_addstr(out, "</p>\n");
	if (g->nr_position)
		add_position(g, out);
	if (g->nr_units[1])
		add_units(g, out);
	if (!in->nr)
		return;
	strbuf_addstr(out,
		      "<div class=\"charts\"><figure class=\"wide\"><h4>A/A pairs, in the "
		      "order of time</h4>\n");
	chart_pairs(g, PAIR_AA, 0, out);
	strbuf_addstr(out, "<figcaption>");
	chart_key("copy", out);
	strbuf_addstr(out,
		      " Half the band's height is the noise floor.</figcaption></figure>"
		      "</div>\n");
}

static void add_reading(const struct engine *g, struct strbuf *out)
{
	strbuf_addstr(out,
		      "<h2>How to read it</h2>\n<p>A pair is one run of each side, back to "
		      "back, a coin deciding which goes first, so that whatever the machine does "
		      "meanwhile falls on both alike. The speed-up is the time of the "
		      "baseline over that of "
		      "the optimized side, less one: positive is faster. All looks together, the "
		      "interval misses the true speed-up with a chance of at most ");
	html_percent(out, 2 * g->e->head.alpha);
	strbuf_addstr(out,
		      ", which is why stopping at an early look costs nothing. An interval "
		      "wholly above zero is FASTER, one that stays above the margin is NOT-SLOWER, "
		      "one wholly below zero is a slow-down. INCONCLUSIVE says that these pairs do "
		      "not settle it, not that there is no difference.</p>\n");
}

static void add_start(const struct engine *g, enum gate_answer answer, struct strbuf *out)
{
	strbuf_addstr(out,
		      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
		      "<title>");
	strbuf_addf(out, "%s: ", headline_of(g, answer));
	html_text(out, g->e->head.b);
	strbuf_addstr(out, " against ");
	html_text(out, g->e->head.a);
	strbuf_addf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", html_style);
}

void html_report(const struct engine *g, const struct explanation *why, struct strbuf *out)
{
	enum gate_answer answer = engine_gate(g);

	add_start(g, answer, out);
	chart_symbols(out);
	strbuf_addstr(out, "<main>\n<header>\n");
	add_headline(g, answer, out);
	add_alerts(g, answer, out);
	add_facts(g, answer, out);
	strbuf_addstr(out, "</header>\n");
	html_table(g, out);
	add_reading(g, out);
	html_layout(g, out);
	strbuf_addstr(out, "<h2>The pairs</h2>\n");
	if (g->e->nr_workloads > 1 && g->overall.nr_looks)
		html_overall(g, out);
	for (size_t i = 0; i < g->e->nr_workloads; i++)
		html_workload(g, i, out);
	if (why && why->nr)
		html_explain(g, why, out);
	add_instrument(g, out);
	html_environment(g, out);
	strbuf_addstr(out, "</main>\n<script type=\"application/json\" id=\"evidence\">");
	html_data(g, out);
	strbuf_addf(out, "</script>\n<script>\n%s</script>\n</body>\n</html>\n", html_script);
}
