/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The charts: inline SVG whose x is in percent and whose y is in pixels, so
 * that they follow the window's width and their letters keep their size.
 */
#ifndef PGO_REPORT_HTML_CHART_H
#define PGO_REPORT_HTML_CHART_H

#include "pgo/base/strbuf.h"
#include "pgo/core/engine.h"
#include "pgo/report/html-axis.h"

/* The shapes that the charts and their keys refer to; once a page. */
void chart_symbols(struct strbuf *out);

/* What the shapes of chart_pairs mean, in words; second is the other side than the baseline. */
void chart_key(const char *second, struct strbuf *out);

/* Pairs in the order of time: of one workload, or the A/A pairs of all (workload is ignored). */
void chart_pairs(const struct engine *g, enum pair_kind kind, size_t workload, struct strbuf *out);
/* The weighted mean of all workloads in each round. */
void chart_rounds(const struct engine *g, struct strbuf *out);
/* Both sides' times of one process, with their medians. */
void chart_times(const struct engine *g, size_t workload, struct strbuf *out);
/* The interval at each look; told is the verdict that the page tells of this series. */
void chart_looks(const struct engine *g, const struct series *s, enum verdict told,
		 struct strbuf *out);

/* The column of intervals in the table: its scale, and one line. */
struct axis chart_bar_axis(const struct engine *g);
void chart_bar_scale(const struct axis *a, struct strbuf *out);
void chart_bar(const struct engine *g, const struct axis *a, const struct interval *ci,
	       struct strbuf *out);

#endif
