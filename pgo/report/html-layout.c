/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/report/html-text.h"
#include "pgo/report/layout.h"

static void add_row(const struct engine *g, size_t i, struct strbuf *out)
{
	const struct layout_floor *f = &g->workloads[i].floor;

	strbuf_addstr(out, "<tr><th scope=\"row\">");
	html_name(out, g->e->workloads[i].name);
	strbuf_addstr(out, "</th><td class=\"num\">");
	if (isnan(f->floor))
		strbuf_addstr(out, "not known");
	else if (f->p > LAYOUT_ALPHA)
		strbuf_addstr(out, "not seen");
	else
		html_speedup(out, log1p(f->floor), 1);
	strbuf_addstr(out, "</td><td class=\"num\">");
	if (isnan(f->noise))
		strbuf_addstr(out, "not known");
	else
		html_speedup(out, log1p(f->noise), 1);
	strbuf_addf(out, "</td><td class=\"notes\">%s</td></tr>\n",
		    engine_inside_floor(g, i) ? "the claim is inside" : "");
}

static void add_floors(const struct engine *g, struct strbuf *out)
{
	strbuf_addstr(
		out,
		"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Layout "
		"floors\"><table>\n<thead><tr><th scope=\"col\">Workload</th><th scope=\"col\" "
		"class=\"num\">Layout floor</th><th scope=\"col\" class=\"num\">Noise</th><th "
		"scope=\"col\">Notes</th></tr></thead>\n"
		"<tbody>\n");
	for (size_t i = 0; i < g->e->nr_workloads; i++)
		add_row(g, i, out);
	strbuf_addstr(out,
		      "</tbody></table></div>\n<p class=\"soft\"><small>The floor is what two "
		      "links of the same code are expected to differ by at most, the noise what "
		      "links that do not differ may show. It does not "
		      "change a verdict: that is about these binaries.</small></p>\n");
}

void html_layout(const struct engine *g, struct strbuf *out)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	if (!evidence_has_layouts(g->e))
		return;
	show_layout(g, &text);
	strbuf_addstr(out, "<h2 id=\"layouts\">Does the layout matter?</h2>\n");
	for (const char *line = text.buf, *end; (end = strchr(line, '\n')); line = end + 1) {
		PGO_AUTO_FREE char *one = xstrndup(line, (size_t)(end - line));

		strbuf_addstr(out, "<p>");
		html_text(out, one);
		strbuf_addstr(out, ".</p>\n");
	}
	if (g->e->head.layouts.floor)
		add_floors(g, out);
}
