/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/whatif.h"

#include <float.h>
#include <math.h>

#include "pgo/base/mem.h"
#include "pgo/stats/dist.h"
#include "pgo/stats/signed-rank.h"

static int says(double p, double b_is_faster)
{
	if (!(p < WHATIF_ALPHA))
		return 0;
	return (b_is_faster > 0) - (b_is_faster < 0);
}

struct moments {
	double mean;
	double variance; /* of the sample; 0 for a single value */
};

static struct moments moments_of(const double *v, size_t n)
{
	struct moments m = { 0, 0 };

	for (size_t i = 0; i < n; i++)
		m.mean += v[i] / (double)n;
	for (size_t i = 0; n > 1 && i < n; i++)
		m.variance += (v[i] - m.mean) * (v[i] - m.mean) / ((double)n - 1);
	return m;
}

struct welch whatif_welch(const double *a, size_t nr_a, const double *b, size_t nr_b)
{
	struct moments x = moments_of(a, nr_a), y = moments_of(b, nr_b);
	double va = x.variance / (double)nr_a, vb = y.variance / (double)nr_b;
	double df_a = (double)nr_a - 1, df_b = (double)nr_b - 1, differ = x.mean - y.mean;
	struct welch w = { .ratio = x.mean / y.mean, .df = df_a + df_b, .p = 1 };

	w.ratio_sd = w.ratio *
		     sqrt(x.variance / (x.mean * x.mean) + y.variance / (y.mean * y.mean));
	/* means of equal times differ by their roundings */
	if (nr_a < 2 || nr_b < 2 || fabs(differ) <= 10 * DBL_EPSILON * x.mean)
		return w;
	w.t = differ / sqrt(va + vb);
	if (va + vb > 0) {
		/* shares, so that no square of a square underflows */
		double share_a = va / (va + vb), share_b = vb / (va + vb);

		w.df = 1 / (share_a * share_a / df_a + share_b * share_b / df_b);
	}
	w.p = 2 * dist_t_cdf(-fabs(w.t), w.df);
	w.says = says(w.p, differ);
	return w;
}

/*
 * p(i, j, u) for i values of one side and j of the other, by whose value is the
 * largest: with chance i / (i + j) it is above all j others. A row of at most u
 * for each i; round j turns p(i, j - 1, .) into p(i, j, .).
 */
double mann_whitney_cdf(unsigned m, unsigned n, uint32_t u)
{
	size_t width = (size_t)u + 1;
	PGO_AUTO_FREE double *p = xcalloc((m + (size_t)1) * width, sizeof(*p));
	double sum = 0;

	for (unsigned i = 0; i <= m; i++)
		p[i * width] = 1;
	for (unsigned j = 1; j <= n; j++) {
		for (unsigned i = 1; i <= m; i++) {
			double *row = &p[i * width], *fewer = row - width;
			double share = (double)i / (i + j);

			for (size_t k = 0; k < width; k++)
				row[k] = (1 - share) * row[k] + share * (k >= j ? fewer[k - j] : 0);
		}
	}
	for (size_t k = 0; k < width; k++)
		sum += p[m * width + k];
	return fmin(sum, 1);
}

struct run {
	double time;
	bool of_a;
};

static int compare_runs(const void *x, const void *y)
{
	const struct run *v = x, *w = y;

	return (v->time > w->time) - (v->time < w->time);
}

/* Returns U; *ties: the sum of t^3 - t over all groups of t equal times. */
static double u_statistic(struct run *runs, size_t n, double *ties)
{
	double u = 0, b_below = 0;
	size_t end;

	*ties = 0;
	qsort(runs, n, sizeof(*runs), compare_runs);
	for (size_t first = 0; first < n; first = end) {
		double t, nr_a = 0;

		for (end = first; end < n && runs[end].time == runs[first].time; end++)
			nr_a += runs[end].of_a;
		t = (double)(end - first);
		u += nr_a * (b_below + 0.5 * (t - nr_a));
		b_below += t - nr_a;
		*ties += t * t * t - t;
	}
	return u;
}

static double normal_p(double off, double pairs, double n, double ties)
{
	double variance = pairs / 12 * (n + 1 - ties / (n * (n - 1)));

	/* all equal, or the correction leaves nothing */
	if (!(variance > 0) || fabs(off) <= 0.5)
		return 1;
	return 2 * dist_norm_cdf((0.5 - fabs(off)) / sqrt(variance));
}

struct mann_whitney whatif_mann_whitney(const double *a, size_t nr_a, const double *b, size_t nr_b)
{
	PGO_AUTO_FREE struct run *runs = xcalloc(nr_a + nr_b, sizeof(*runs));
	double pairs = (double)nr_a * (double)nr_b, n = (double)(nr_a + nr_b), off, ties;
	struct mann_whitney w = { .ratio = median(a, nr_a) / median(b, nr_b) };

	for (size_t i = 0; i < nr_a; i++)
		runs[i] = (struct run){ a[i], true };
	for (size_t i = 0; i < nr_b; i++)
		runs[nr_a + i] = (struct run){ b[i], false };
	w.u = u_statistic(runs, nr_a + nr_b, &ties);
	off = w.u - pairs / 2;
	w.exact = ties == 0 && nr_a < WHATIF_EXACT_RUNS && nr_b < WHATIF_EXACT_RUNS;
	if (w.exact)
		w.p = fmin(1, 2 * mann_whitney_cdf((unsigned)nr_a, (unsigned)nr_b,
						   (uint32_t)fmin(w.u, pairs - w.u)));
	else
		w.p = normal_p(off, pairs, n, ties);
	w.says = says(w.p, off);
	return w;
}
