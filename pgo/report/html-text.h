/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and names as the page shows them. */
#ifndef PGO_REPORT_HTML_TEXT_H
#define PGO_REPORT_HTML_TEXT_H

#include "pgo/base/strbuf.h"
#include "pgo/core/engine.h"

/*
 * For text and for attributes in double quotes: markup is escaped; control
 * characters and bytes that are no UTF-8 are shown as \n, \x1b.
 */
void html_text(struct strbuf *out, const char *s);
/* The same within <bdi>: a name does not turn the text around it. */
void html_name(struct strbuf *out, const char *s);

/* Of a natural logarithm of a ratio: "+5.1 %", or "×12.3" from ten times up. */
void html_speedup(struct strbuf *out, double log_ratio, int digits);
/* "+4.2 % to +6.0 %", "above +4.2 %", "not bounded". */
void html_interval(struct strbuf *out, const struct interval *ci, int digits);
/* A fraction: "2 %". */
void html_percent(struct strbuf *out, double fraction);
/* A probability, to two digits. */
void html_p(struct strbuf *out, double p);

/* One unit for all times of a chart or a row. */
struct time_unit {
	double per_second;
	const char *name;
};
struct time_unit time_unit_of(double seconds);
/* Four significant digits at the size of the scale, so that a column aligns. */
void html_time(struct strbuf *out, double seconds, const struct time_unit *unit);

/* What a verdict means to its reader. */
struct tone {
	const char *class; /* "good" "bad" "open" "even" */
	const char *sign;  /* beside the word, so that it is not colour alone */
};
const struct tone *tone_of(enum verdict v);

#endif
