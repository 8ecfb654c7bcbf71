/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/simplex-fit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pgo/base/mem.h"

#define MAX_STEPS 20000
#define CLOSE 1e-13

static int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

/* The nearest point that has no share below 0 and 1 in all; sorted is scratch. */
static void project(double *x, size_t nr, double *sorted)
{
	double sum = 0, shift = 0;

	memcpy(sorted, x, nr * sizeof(*x));
	qsort(sorted, nr, sizeof(*sorted), descending);
	for (size_t i = 0; i < nr; i++) {
		double t = (sum + sorted[i] - 1) / (double)(i + 1);

		if (sorted[i] - t <= 0)
			break;
		sum += sorted[i];
		shift = t;
	}
	for (size_t i = 0; i < nr; i++)
		x[i] = x[i] > shift ? x[i] - shift : 0;
}

/* One step of length 1 / bound from y to next, which is projected. */
static void step(const double *gram, const double *rhs, size_t nr, double bound, const double *y,
		 double *next)
{
	for (size_t i = 0; i < nr; i++) {
		double slope = -rhs[i];

		for (size_t j = 0; j < nr; j++)
			slope += gram[i * nr + j] * y[j];
		next[i] = y[i] - slope / bound;
	}
}

void simplex_fit(const double *gram, const double *rhs, size_t nr, double *x)
{
	PGO_AUTO_FREE double *y = xcalloc(nr, sizeof(*y));
	PGO_AUTO_FREE double *next = xcalloc(nr, sizeof(*next));
	PGO_AUTO_FREE double *scratch = xcalloc(nr, sizeof(*scratch));
	double bound = 0, t = 1;

	/* The sum of the eigenvalues, none of which is below 0, bounds the largest. */
	for (size_t i = 0; i < nr; i++) {
		bound += gram[i * nr + i];
		x[i] = y[i] = 1 / (double)nr;
	}
	for (int n = 0; bound > 0 && n < MAX_STEPS; n++) {
		const double t_next = (1 + sqrt(1 + 4 * t * t)) / 2;
		double moved = 0, back = 0;

		step(gram, rhs, nr, bound, y, next);
		project(next, nr, scratch);
		for (size_t i = 0; i < nr; i++) {
			moved += fabs(next[i] - x[i]);
			back += (y[i] - next[i]) * (next[i] - x[i]);
		}
		/* Momentum that leads away is given up. */
		t = back > 0 ? 1 : t;
		for (size_t i = 0; i < nr; i++) {
			y[i] = next[i] + (back > 0 ? 0 : (t - 1) / t_next) * (next[i] - x[i]);
			x[i] = next[i];
		}
		t = t_next;
		if (moved < CLOSE)
			break;
	}
}
