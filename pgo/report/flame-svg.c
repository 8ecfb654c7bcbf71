/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "pgo/base/num.h"
#include "pgo/report/flame.h"
#include "pgo/report/html-text.h"

#define MARGIN_PX 10
#define ROW_PX 19
#define FRAME_PX 18
#define PAD_PX 4
#define LETTER_PX 7.3 /* of the monospaced fonts that the style asks for, at 12 px */
#define BAR_TOP_PX 58 /* where the script puts its controls */
#define GRAPH_TOP_PX 112
#define LINE_PX 18
#define MAX_LISTED 10

struct page {
	const struct flame *f;
	struct strbuf *out;
	double y; /* of the next line of text */
};

/* U+FFFE and U+FFFF, which XML does not take even escaped, become U+FFFD. */
static void xml_text(struct strbuf *out, const char *s)
{
	PGO_AUTO_FREE char *clean = xstrdup(s);

	for (char *p = clean; (p = strstr(p, "\xef\xbf")); p += 2)
		if (p[2] == '\xbe' || p[2] == '\xbf')
			p[2] = '\xbd';
	html_text(out, clean);
}

/* The bytes of shown, well-formed UTF-8, that take at most so many columns. */
static size_t fitting(const char *shown, size_t columns)
{
	size_t at = 0, used = 0;

	while (shown[at]) {
		unsigned char c = (unsigned char)shown[at];
		size_t bytes = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		/* Scripts that are as wide as two letters begin among those of three bytes. */
		size_t wide = bytes < 3 ? 1 : 2;

		if (used + wide > columns)
			break;
		used += wide;
		at += bytes;
	}
	return at;
}

/* As much of s as fits; false, and nothing, when that is too little to be of use. */
static bool add_fitted(struct strbuf *out, const char *s, double width_px)
{
	PGO_AUTO(strbuf) shown = STRBUF_INIT;
	size_t columns = width_px > 0 ? (size_t)(width_px / LETTER_PX) : 0;
	bool cut;

	strbuf_addvis(&shown, s);
	cut = fitting(shown.buf, columns) < shown.len;
	if (!shown.len || (cut && columns < 3))
		return false;
	if (cut)
		strbuf_setlen(&shown, fitting(shown.buf, columns - 1));
	xml_text(out, shown.buf);
	if (cut)
		strbuf_addstr(out, "\xe2\x80\xa6");
	return true;
}

static double share(uint64_t n, uint64_t of)
{
	return of ? (double)n / (double)of * 100 : 0;
}

static void add_plural(struct strbuf *out, uint64_t n, const char *what)
{
	num_add_count(out, n);
	strbuf_addf(out, " %s%s", what, n == 1 ? "" : "s");
}

/* A line of text below the one before. */
static void add_line(struct page *p, const char *class, const char *text)
{
	strbuf_addf(p->out, "<text class=\"%s\" x=\"%d\" y=\"%g\">", class, MARGIN_PX, p->y);
	add_fitted(p->out, text, FLAME_WIDTH_PX);
	strbuf_addstr(p->out, "</text>\n");
	p->y += LINE_PX;
}

static uint64_t total_of(const struct flame *f, unsigned side)
{
	return f->tree.nodes[0].total[side];
}

static const char *name_of(const struct flame *f, uint32_t node)
{
	const char *name = node ? f->tree.names[f->tree.nodes[node].name].text : "all";

	return *name ? name : "[no name]";
}

static void add_change(struct strbuf *out, char letter, int change)
{
	if (change)
		strbuf_addf(out, "%c%c%d", letter, change < 0 ? 'm' : 'p', abs(change));
	else
		strbuf_addf(out, "%c0", letter);
}

/* Neighbours are told apart by shades: one of three, by the name. */
static unsigned shade(const char *name)
{
	unsigned sum = 0;

	for (; *name; name++)
		sum = sum * 31 + (unsigned char)*name;
	return sum % 3;
}

static void add_classes(const struct flame *f, uint32_t node, struct strbuf *out)
{
	const enum frame_kind kind = node ? f->tree.names[f->tree.nodes[node].name].kind
					  : FRAME_THREAD;

	strbuf_addstr(out, "f ");
	if (f->is_diff) {
		add_change(out, 't', flame_change(f, node, false));
		strbuf_addch(out, ' ');
		add_change(out, 's', flame_change(f, node, true));
	} else {
		strbuf_addstr(out, frame_kind_name(kind));
		if (kind != FRAME_THREAD && kind != FRAME_UNKNOWN)
			strbuf_addf(out, "%u", shade(name_of(f, node)));
	}
}

static void add_against(const struct flame *f, const uint64_t *counts, struct strbuf *out)
{
	double now = share(counts[FLAME_CANDIDATE], total_of(f, FLAME_CANDIDATE)),
	       before = share(counts[FLAME_BASELINE], total_of(f, FLAME_BASELINE));

	strbuf_addf(out, "%.2f %% (baseline %.2f %%, %+.2f)", now, before, now - before);
}

static void add_title(const struct flame *f, uint32_t node, struct strbuf *out)
{
	const struct tree_node *n = &f->tree.nodes[node];

	strbuf_addstr(out, "<title>");
	xml_text(out, name_of(f, node));
	strbuf_addch(out, '\n');
	if (f->is_diff) {
		strbuf_addstr(out, "total ");
		add_against(f, n->total, out);
		strbuf_addstr(out, "\nself ");
		add_against(f, n->self, out);
	} else {
		add_plural(out, n->total[FLAME_CANDIDATE], "sample");
		strbuf_addf(out, ", %.2f %%\nself %.2f %%",
			    share(n->total[FLAME_CANDIDATE], total_of(f, FLAME_CANDIDATE)),
			    share(n->self[FLAME_CANDIDATE], total_of(f, FLAME_CANDIDATE)));
	}
	strbuf_addstr(out, "</title>");
}

static void add_frame(const struct flame *f, const struct flame_frame *frame, struct strbuf *out)
{
	const struct tree_node *n = &f->tree.nodes[frame->node];
	const double all = (double)total_of(f, FLAME_CANDIDATE);
	const double x = MARGIN_PX + (double)frame->start / all * FLAME_WIDTH_PX;
	const double width = (double)n->total[FLAME_CANDIDATE] / all * FLAME_WIDTH_PX;
	const unsigned y = GRAPH_TOP_PX + frame->level * ROW_PX;
	size_t before;

	strbuf_addstr(out, "<g class=\"");
	add_classes(f, frame->node, out);
	strbuf_addf(out,
		    "\" data-l=\"%" PRIu32 "\" data-x=\"%" PRIu64 "\" data-n=\"%" PRIu64 " %" PRIu64
		    "\"",
		    frame->level, frame->start, n->total[FLAME_CANDIDATE],
		    n->self[FLAME_CANDIDATE]);
	if (f->is_diff)
		strbuf_addf(out, " data-b=\"%" PRIu64 " %" PRIu64 "\"", n->total[FLAME_BASELINE],
			    n->self[FLAME_BASELINE]);
	strbuf_addch(out, '>');
	add_title(f, frame->node, out);
	strbuf_addf(out, "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" rx=\"1.5\"/>", x,
		    y, width > 0.9 ? width - 0.6 : 0.3, FRAME_PX);
	before = out->len;
	strbuf_addf(out, "<text x=\"%.2f\" y=\"%u\">", x + PAD_PX, y + 13);
	if (add_fitted(out, name_of(f, frame->node), width - 2 * PAD_PX))
		strbuf_addstr(out, "</text>");
	else
		strbuf_setlen(out, before);
	strbuf_addstr(out, "</g>\n");
}

static void add_side(const struct flame *f, unsigned side, struct strbuf *out)
{
	add_plural(out, total_of(f, side), "sample");
	if (f->sides[side].lost) {
		strbuf_addstr(out, " (and ");
		num_add_count(out, f->sides[side].lost);
		strbuf_addstr(out, " lost)");
	}
}

static void add_subtitle(struct page *p)
{
	const struct flame *f = p->f;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	add_side(f, FLAME_CANDIDATE, &text);
	if (f->is_diff) {
		strbuf_addstr(&text, " against a baseline of ");
		add_side(f, FLAME_BASELINE, &text);
	}
	strbuf_addstr(&text, f->opts.reverse ? "; callers are below what they call"
					     : "; what is called is below its caller");
	add_line(p, "soft", text.buf);
}

struct key {
	const char *class, *text;
};

static void add_keys(struct page *p, const struct key *keys, size_t nr)
{
	double x = MARGIN_PX;

	for (size_t i = 0; i < nr; i++) {
		strbuf_addf(p->out,
			    "<g class=\"%s\"><rect x=\"%g\" y=\"%g\" width=\"22\" height=\"12\" "
			    "rx=\"1.5\"/><text x=\"%g\" y=\"%g\">%s</text></g>\n",
			    keys[i].class, x, p->y - 10, x + 28, p->y, keys[i].text);
		x += 28 + ((double)strlen(keys[i].text) + 2.5) * LETTER_PX;
	}
	p->y += LINE_PX + 4;
}

static void add_legend(struct page *p)
{
	static const struct key kinds[] = {
		{ "user0", "user" },	{ "kernel0", "kernel" },	{ "jit0", "JIT" },
		{ "thread", "thread" }, { "unknown", "no name known" },
	};
	static const struct key changes[] = {
		{ "tm4 sm4", "half or less" },
		{ "tm3 sm3", "" },
		{ "tm2 sm2", "" },
		{ "tm1 sm1", "less" },
		{ "t0 s0", "within noise" },
		{ "tp1 sp1", "more" },
		{ "tp2 sp2", "" },
		{ "tp3 sp3", "" },
		{ "tp4 sp4", "twice or more" },
	};

	if (p->f->is_diff)
		add_keys(p, changes, ARRAY_SIZE(changes));
	else
		add_keys(p, kinds, ARRAY_SIZE(kinds));
}

static void add_left_out(struct page *p)
{
	const struct flame *f = p->f;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	add_plural(&text, f->nr_frames - 1, "frame");
	strbuf_addstr(&text, " drawn");
	if (f->frames_left_out) {
		strbuf_addstr(&text, "; ");
		add_plural(&text, f->frames_left_out, "frame");
		strbuf_addstr(&text, " too narrow or too deep left out, with ");
		add_plural(&text, f->samples_left_out, "sample");
		strbuf_addf(&text, " (%.2f %%)",
			    share(f->samples_left_out, total_of(f, FLAME_CANDIDATE)));
	}
	add_line(p, "soft", text.buf);
}

static void add_gone(struct page *p)
{
	const struct flame *f = p->f;
	const uint64_t all = total_of(f, FLAME_BASELINE);
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	if (!f->is_diff)
		return;
	p->y += 6;
	add_plural(&text, f->nr_gone, "function");
	strbuf_addf(&text,
		    " only in the baseline; %.2f %% of its samples are in calls that are gone",
		    share(f->samples_gone, all));
	add_line(p, "head", text.buf);
	for (size_t i = 0; i < f->nr_gone && i < MAX_LISTED; i++) {
		strbuf_clear(&text);
		strbuf_addf(&text, "total %6.2f %%  self %6.2f %%  %s",
			    share(f->gone[i].total, all), share(f->gone[i].self, all),
			    *f->gone[i].name ? f->gone[i].name : "[no name]");
		add_line(p, "gone", text.buf);
	}
	if (f->nr_gone > MAX_LISTED) {
		strbuf_clear(&text);
		strbuf_addf(&text, "and %zu more", f->nr_gone - MAX_LISTED);
		add_line(p, "soft", text.buf);
	}
}

static void add_notes(struct page *p)
{
	const struct strvec *notes = &p->f->warnings;

	p->y += notes->nr ? 6 : 0;
	for (size_t i = 0; i < notes->nr && i < MAX_LISTED; i++) {
		PGO_AUTO_FREE char *text = xstrfmt("note: %s", notes->v[i]);

		add_line(p, "soft", text);
	}
	if (notes->nr > MAX_LISTED) {
		PGO_AUTO_FREE char *text = xstrfmt("and %zu more notes", notes->nr - MAX_LISTED);

		add_line(p, "soft", text);
	}
}

static void add_head(const struct flame *f, const char *title, bool by_self, double height,
		     struct strbuf *out)
{
	strbuf_addf(out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%g\" "
		    "class=\"by-%s\"%s%s>\n<title>",
		    FLAME_WIDTH_PX + 2 * MARGIN_PX, height, by_self ? "self" : "total",
		    f->is_diff ? " data-diff=\"\"" : "",
		    f->frames_left_out ? " data-part=\"\"" : "");
	xml_text(out, title);
	strbuf_addf(out,
		    "</title>\n<style><![CDATA[\n%s]]></style>\n"
		    "<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n"
		    "<text id=\"title\" x=\"%d\" y=\"28\">",
		    flame_style, MARGIN_PX);
	add_fitted(out, title, FLAME_WIDTH_PX * 0.75);
	strbuf_addstr(out, "</text>\n");
}

void flame_svg(const struct flame *f, const char *title, bool by_self, struct strbuf *out)
{
	PGO_AUTO(strbuf) body = STRBUF_INIT;
	struct page p = { .f = f, .out = &body, .y = 49 };

	add_subtitle(&p);
	strbuf_addf(
		&body,
		"<text id=\"line\" role=\"status\" x=\"%d\" y=\"%d\" data-bar=\"%d\">%s</text>\n",
		MARGIN_PX, GRAPH_TOP_PX - 10, BAR_TOP_PX,
		f->is_diff ? (by_self ? "Colours: change of the share of a frame's own samples"
				      : "Colours: change of the share of a frame with all that "
					"it calls")
			   : "");
	for (size_t i = 0; i < f->nr_frames; i++)
		add_frame(f, &f->frames[i], &body);
	p.y = GRAPH_TOP_PX + f->nr_levels * ROW_PX + 24;
	add_legend(&p);
	add_left_out(&p);
	add_gone(&p);
	add_notes(&p);
	add_head(f, title, by_self, p.y, out);
	strbuf_add(out, body.buf, body.len);
	strbuf_addf(out, "<script><![CDATA[\n%s]]></script>\n</svg>\n", flame_script);
}
