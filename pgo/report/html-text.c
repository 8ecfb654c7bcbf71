/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/report/html-text.h"

#include <math.h>

#define NBSP "\xc2\xa0"
#define MINUS "\xe2\x88\x92"
#define TIMES "\xc3\x97"

void html_text(struct strbuf *out, const char *s)
{
	PGO_AUTO(strbuf) shown = STRBUF_INIT;

	strbuf_addvis(&shown, s);
	for (const char *p = shown.buf; *p; p++) {
		switch (*p) {
		case '&':
			strbuf_addstr(out, "&amp;");
			break;
		case '<':
			strbuf_addstr(out, "&lt;");
			break;
		case '>':
			strbuf_addstr(out, "&gt;");
			break;
		case '"':
			strbuf_addstr(out, "&quot;");
			break;
		case '\'':
			strbuf_addstr(out, "&#39;");
			break;
		default:
			strbuf_addch(out, *p);
		}
	}
}

void html_name(struct strbuf *out, const char *s)
{
	strbuf_addstr(out, "<bdi>");
	html_text(out, s);
	strbuf_addstr(out, "</bdi>");
}

void html_speedup(struct strbuf *out, double log_ratio, int digits)
{
	double percent = expm1(log_ratio) * 100;

	if (fabs(log_ratio) >= log(10)) {
		strbuf_addf(out, TIMES "%.3g", exp(log_ratio));
		return;
	}
	if (fabs(percent) < 0.5 * pow(10, -digits))
		percent = 0;
	strbuf_addf(out, "%s%.*f" NBSP "%%",
		    percent < 0	  ? MINUS
		    : percent > 0 ? "+"
				  : "",
		    digits, fabs(percent));
}

void html_interval(struct strbuf *out, const struct interval *ci, int digits)
{
	if (isinf(ci->lo) && isinf(ci->hi)) {
		strbuf_addstr(out, "not bounded");
		return;
	}
	if (isinf(ci->lo)) {
		strbuf_addstr(out, "below ");
		html_speedup(out, ci->hi, digits);
	} else if (isinf(ci->hi)) {
		strbuf_addstr(out, "above ");
		html_speedup(out, ci->lo, digits);
	} else {
		html_speedup(out, ci->lo, digits);
		strbuf_addstr(out, " to ");
		html_speedup(out, ci->hi, digits);
	}
}

void html_percent(struct strbuf *out, double fraction)
{
	strbuf_addf(out, "%.3g" NBSP "%%", fraction * 100);
}

void html_p(struct strbuf *out, double p)
{
	if (p < 0.0001)
		strbuf_addstr(out, "below 0.0001");
	else
		strbuf_addf(out, "%.2g", p);
}

struct time_unit time_unit_of(double seconds)
{
	if (seconds < 1e-3)
		return (struct time_unit){ 1e6, "\xc2\xb5s" };
	if (seconds < 1)
		return (struct time_unit){ 1e3, "ms" };
	return (struct time_unit){ 1, "s" };
}

void html_time(struct strbuf *out, double seconds, const struct time_unit *unit)
{
	double v = seconds * unit->per_second;
	int digits = v >= 1000 ? 0 : v >= 100 ? 1 : v >= 10 ? 2 : 3;

	strbuf_addf(out, "%.*f" NBSP "%s", digits, v, unit->name);
}

const struct tone *tone_of(enum verdict v)
{
	static const struct tone tones[NR_VERDICTS] = {
		[VERDICT_FASTER] = { "good", "\xe2\x96\xb2" },
		[VERDICT_EQUIVALENT] = { "even", "\xe2\x89\x88" },
		[VERDICT_NOT_SLOWER] = { "even", "\xe2\x89\xa5" },
		[VERDICT_SLOWER_WITHIN_MARGIN] = { "open", "\xe2\x96\xbd" },
		[VERDICT_REGRESSION] = { "bad", "\xe2\x96\xbc" },
		[VERDICT_INCONCLUSIVE] = { "open", "?" },
	};

	return &tones[v];
}
