/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "pgo/report/html-measures.h"
#include "pgo/report/html-page.h"
#include "pgo/report/html-text.h"

static void add_name(const char *label, const char *value, struct strbuf *out)
{
	strbuf_addf(out, "<tr><th scope=\"row\">%s</th><td>", label);
	if (value && *value)
		html_name(out, value);
	else
		strbuf_addstr(out, "<span class=\"soft\">not known</span>");
	strbuf_addstr(out, "</td></tr>\n");
}

static void add_looks(const struct engine *g, struct strbuf *out)
{
	strbuf_addstr(out, "<tr><th scope=\"row\">Looks planned</th><td>at ");
	for (unsigned q = 0; q < g->spending.nr_looks; q++)
		strbuf_addf(out, "%s%u", q ? ", " : "", g->spending.looks[q].n);
	strbuf_addstr(out, " pairs</td></tr>\n");
}

static void add_numbers(const struct engine *g, struct strbuf *out)
{
	const struct evidence_head *h = &g->e->head;

	strbuf_addf(out, "<tr><th scope=\"row\">Seed</th><td>%" PRIu64 "</td></tr>\n", h->seed);
	strbuf_addf(out,
		    "<tr><th scope=\"row\">Alpha</th><td>%g on each side, all looks together"
		    "</td></tr>\n",
		    h->alpha);
	add_looks(g, out);
	strbuf_addstr(out, "<tr><th scope=\"row\">Margin</th><td>");
	html_percent(out, h->margin);
	strbuf_addstr(out, "</td></tr>\n<tr><th scope=\"row\">Least speed-up</th><td>");
	html_percent(out, h->min_effect);
	strbuf_addstr(out, "</td></tr>\n");
}

static void add_invalid(const struct engine *g, struct strbuf *out)
{
	const char *part = " (";
	size_t bad = 0;

	for (int why = VALID + 1; why < NR_INVALID; why++)
		bad += g->nr_invalid[why];
	strbuf_addf(out, "<tr><th scope=\"row\">Pairs not counted</th><td>%zu of %zu", bad,
		    bad + g->nr_valid);
	for (int why = VALID + 1; why < NR_INVALID; why++) {
		if (!g->nr_invalid[why])
			continue;
		strbuf_addf(out, "%s%s %zu", part, invalid_name((enum invalid)why),
			    g->nr_invalid[why]);
		part = ", ";
	}
	strbuf_addf(out, "%s</td></tr>\n", bad ? ")" : "");
}

void html_environment(const struct engine *g, struct strbuf *out)
{
	const struct evidence_head *h = &g->e->head;
	PGO_AUTO(strbuf) missing = STRBUF_INIT;

	strbuf_addstr(out,
		      "<h2 id=\"environment\">Environment</h2>\n"
		      "<table class=\"record\" aria-labelledby=\"environment\"><tbody>\n");
	add_name("Baseline", h->a, out);
	add_name("Optimized", h->b, out);
	if (h->commit)
		add_name("Commit", h->commit, out);
	add_name("Machine", h->machine, out);
	add_name("Kernel", h->kernel, out);
	add_numbers(g, out);
	add_invalid(g, out);
	html_not_measured(g, &missing);
	strbuf_addf(out, "<tr><th scope=\"row\">Not measured here</th><td>%s</td></tr>\n",
		    missing.len ? missing.buf : "nothing: all fields were measured");
	strbuf_addstr(out, "</tbody></table>\n");
}
