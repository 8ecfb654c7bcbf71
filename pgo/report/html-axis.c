/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/report/html-axis.h"

#include <math.h>

#include "pgo/base/mem.h"

#define AIR 0.06		/* of the width, at each end */
#define OPEN_END 0.3		/* of an estimate: what is drawn of an interval that has no end */
#define NARROWEST 0.001		/* of a logarithm, or of the value itself */
#define WIDE M_LN2		/* of a ratio: from here on percents crowd at one end */

void axis_include(struct axis *a, double v)
{
	if (!isfinite(v))
		return;
	a->lo = a->any ? fmin(a->lo, v) : v;
	a->hi = a->any ? fmax(a->hi, v) : v;
	a->any = true;
}

void axis_include_interval(struct axis *a, const struct interval *ci)
{
	double beyond = fabs(ci->estimate) * OPEN_END;

	axis_include(a, isinf(ci->lo) ? ci->estimate - beyond : ci->lo);
	axis_include(a, isinf(ci->hi) ? ci->estimate + beyond : ci->hi);
	axis_include(a, ci->estimate);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void axis_include_bulk(struct axis *a, const double *v, size_t n)
{
	PGO_AUTO_FREE double *sorted = NULL;
	double low, high, reach;

	if (!n)
		return;
	sorted = xmemdup(v, n * sizeof(*v));
	qsort(sorted, n, sizeof(*sorted), by_value);
	low = sorted[n / 4];
	high = sorted[n - 1 - n / 4];
	reach = high > low ? 3 * (high - low) : INFINITY;
	for (size_t i = 0; i < n; i++)
		if (sorted[i] >= low - reach && sorted[i] <= high + reach)
			axis_include(a, sorted[i]);
}

void axis_finish(struct axis *a)
{
	double least = fmax(fabs(a->lo), 1) * NARROWEST;
	double air = fmax((a->hi - a->lo) * AIR, least);

	a->lo -= air;
	a->hi += air;
}

double axis_at(const struct axis *a, double v)
{
	return fmin(fmax((v - a->lo) / (a->hi - a->lo), 0), 1);
}

bool axis_holds(const struct axis *a, double v)
{
	return v >= a->lo && v <= a->hi;
}

/* 1, 2 or 5 times a power of ten: about want steps make up the width. */
static double round_step(double width, unsigned want)
{
	double raw = width / want;
	double power = pow(10, floor(log10(raw)));
	double lead = raw / power;

	return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

static size_t multiples(double lo, double hi, double step, double ticks[AXIS_MAX_TICKS])
{
	size_t n = 0;

	for (double k = ceil(lo / step); n < AXIS_MAX_TICKS && k * step <= hi; k++)
		ticks[n++] = k == 0 ? 0 : k * step;
	return n;
}

size_t axis_ticks(const struct axis *a, unsigned want, double ticks[AXIS_MAX_TICKS])
{
	return multiples(a->lo, a->hi, round_step(a->hi - a->lo, want), ticks);
}

size_t axis_ratio_ticks(const struct axis *a, unsigned want, double ticks[AXIS_MAX_TICKS])
{
	double lo = expm1(a->lo), hi = expm1(a->hi);
	size_t n;

	if (a->hi - a->lo > WIDE)
		return multiples(a->lo, a->hi, M_LN2 * ceil((a->hi - a->lo) / M_LN2 / want), ticks);
	n = multiples(lo, hi, round_step(hi - lo, want), ticks);
	for (size_t i = 0; i < n; i++)
		ticks[i] = log1p(ticks[i]);
	return n;
}

int axis_digits(const double *ticks, size_t n)
{
	double step = n > 1 ? ticks[1] - ticks[0] : n ? fabs(ticks[0]) : 1;

	if (!(step > 0))
		return 0;
	return (int)fmin(fmax(ceil(-log10(step) - 1e-3), 0), 6);
}
