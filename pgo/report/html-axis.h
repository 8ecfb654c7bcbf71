/* SPDX-License-Identifier: Apache-2.0 */
/* The scale of a chart: from numbers to a share of its width or height. */
#ifndef PGO_REPORT_HTML_AXIS_H
#define PGO_REPORT_HTML_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#include "pgo/stats/interval.h"

/* lo < hi once it was fitted. */
struct axis {
	double lo, hi;
	bool any;
};
#define AXIS_INIT { 0 }

/* Make room for v; what is not finite is left out. */
void axis_include(struct axis *a, double v);
void axis_include_interval(struct axis *a, const struct interval *ci);
/* Make room for all but far outliers: three spans of the middle half away from it. */
void axis_include_bulk(struct axis *a, const double *v, size_t n);
/* Leave some air at both ends; an axis of nothing or of one value gets a width. */
void axis_finish(struct axis *a);

/* From 0 at lo to 1 at hi; what is beyond, infinities too, stands at the end. */
double axis_at(const struct axis *a, double v);
bool axis_holds(const struct axis *a, double v);

#define AXIS_MAX_TICKS 12
/* Round values within the axis, about want of them, ascending. Returns how many. */
size_t axis_ticks(const struct axis *a, unsigned want, double ticks[AXIS_MAX_TICKS]);
/* The same for logarithms of ratios: round in percent, or powers of two where it is wide. */
size_t axis_ratio_ticks(const struct axis *a, unsigned want, double ticks[AXIS_MAX_TICKS]);
/* Digits behind the point that tell these ticks apart. */
int axis_digits(const double *ticks, size_t n);

#endif
