/* SPDX-License-Identifier: Apache-2.0 */
/* The laws against libRmath: the largest relative difference over grids of arguments. */
#include <math.h>

#include "pgo/stats/dist.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/signed-rank.h"
#include "tests/bench/bench.h"

#ifdef HAVE_RMATH
#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#define LIMIT 1e-12
#define MAX_N 50

/* What was compared: the largest difference, and of how many values. */
struct worst {
	double difference;
	unsigned long nr;
};

static void compare(struct worst *w, double got, double want)
{
	double difference = got == want ? 0 : fabs(got - want) / fabs(want);

	w->nr++;
	if (!(difference <= w->difference))
		w->difference = difference;
}

static void compare_signed_rank(struct worst *worst)
{
	for (unsigned n = 5; n <= MAX_N; n++) {
		PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;

		signed_rank_law_init(&law, NULL, n);
		for (uint32_t w = 0; w <= law.max; w++) {
			compare(worst, signed_rank_pmf(&law, w), dsignrank(w, n, 0));
			compare(worst, signed_rank_cdf(&law, w), psignrank(w, n, 1, 0));
			compare(worst, signed_rank_upper(&law, w), psignrank(w - 1.0, n, 0, 0));
		}
	}
	signrank_free();
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The ends that R's wilcox.test takes: all means of two in order, counted off by qsignrank. */
static void compare_interval(struct worst *worst, const double *d, unsigned n, double alpha)
{
	PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;
	double walsh[MAX_N * (MAX_N + 1) / 2], below = qsignrank(alpha, n, 1, 0);
	unsigned nr = 0;
	struct interval iv;

	for (unsigned i = 0; i < n; i++)
		for (unsigned j = i; j < n; j++)
			walsh[nr++] = (d[i] + d[j]) / 2;
	qsort(walsh, nr, sizeof(*walsh), compare_doubles);
	signed_rank_law_init(&law, NULL, n);
	if (below < 1)
		return;
	iv = signed_rank_interval(d, n, signed_rank_critical(&law, alpha));
	compare(worst, iv.lo, walsh[(unsigned)below - 1]);
	compare(worst, iv.hi, walsh[nr - (unsigned)below]);
	compare(worst, iv.estimate, (walsh[(nr - 1) / 2] + walsh[nr / 2]) / 2);
}

static void compare_intervals(struct worst *worst, uint64_t seed)
{
	static const double alphas[] = { 0.005, 0.025, 0.05, 0.1 };
	struct rng rng;

	rng_seed(&rng, seed);
	for (unsigned n = 5; n <= MAX_N; n++)
		for (unsigned rep = 0; rep < 8; rep++) {
			double d[MAX_N];

			for (unsigned i = 0; i < n; i++)
				d[i] = rep % 2 ? rng_normal(&rng) : round(4 * rng_normal(&rng)) / 4;
			for (size_t k = 0; k < ARRAY_SIZE(alphas); k++)
				compare_interval(worst, d, n, alphas[k]);
		}
	signrank_free();
}

static const double probabilities[] = { 1e-10, 1e-5, 0.001, 0.005, 0.025,
					0.05,  0.1,  0.25,  0.4,   0.499 };

static void compare_t(struct worst *worst)
{
	static const double dfs[] = { 0.7, 1, 2, 3, 4, 5, 7, 9.5, 11, 19, 29, 49, 99, 250, 999 };

	for (size_t i = 0; i < ARRAY_SIZE(dfs); i++) {
		for (double t = -40; t <= 40; t += 0.173)
			compare(worst, dist_t_cdf(t, dfs[i]), pt(t, dfs[i], 1, 0));
		for (size_t k = 0; k < ARRAY_SIZE(probabilities); k++)
			compare(worst, dist_t_quantile(probabilities[k], dfs[i]),
				qt(probabilities[k], dfs[i], 1, 0));
	}
}

static void compare_beta(struct worst *worst)
{
	static const double shapes[] = { 0.5, 1, 1.5, 3, 6, 10.5, 25, 60, 100, 200, 500, 1000 };

	for (size_t i = 0; i < ARRAY_SIZE(shapes) * ARRAY_SIZE(shapes); i++) {
		double a = shapes[i / ARRAY_SIZE(shapes)], b = shapes[i % ARRAY_SIZE(shapes)];

		for (double x = 1 / 64.0; x < 1; x += 1 / 64.0)
			if (pbeta(x, a, b, 1, 0) > 1e-280)
				compare(worst, dist_beta_cdf(x, a, b), pbeta(x, a, b, 1, 0));
		for (size_t k = 0; k < ARRAY_SIZE(probabilities); k++)
			compare(worst, dist_beta_quantile(probabilities[k], a, b),
				qbeta(probabilities[k], a, b, 1, 0));
	}
}

static void compare_normal(struct worst *worst)
{
	for (double x = -37; x <= 9; x += 0.0137)
		compare(worst, dist_norm_cdf(x), pnorm(x, 0, 1, 1, 0));
	for (size_t k = 0; k < ARRAY_SIZE(probabilities); k++)
		compare(worst, dist_norm_quantile(probabilities[k]),
			qnorm(probabilities[k], 0, 1, 1, 0));
}

static void add_line(struct bench *b, const char *what, const struct worst *w)
{
	const struct line line = { .row = "1",
				   .what = what,
				   .target = "equal to 1e-12",
				   .outcome = met(w->difference <= LIMIT),
				   .figures = json_pack("{s:f,s:i}", "largest_relative_difference",
							w->difference, "values", (int)w->nr) };

	bench_line(b, &line, "%.1e, the largest of %lu", w->difference, w->nr);
}

int row_laws(struct bench *b, struct pgo_err *err)
{
	struct worst w[5] = { { 0, 0 } };

	(void)err;
	compare_signed_rank(&w[0]);
	compare_intervals(&w[1], b->seed);
	compare_t(&w[2]);
	compare_beta(&w[3]);
	compare_normal(&w[4]);
	add_line(b, "signed-rank law against libRmath", &w[0]);
	add_line(b, "signed-rank intervals against libRmath", &w[1]);
	add_line(b, "t distribution against libRmath", &w[2]);
	add_line(b, "beta distribution against libRmath", &w[3]);
	add_line(b, "normal distribution against libRmath", &w[4]);
	return 0;
}
#else
int row_laws(struct bench *b, struct pgo_err *err)
{
	const struct line line = { .row = "1",
				   .what = "laws against libRmath",
				   .target = "equal to 1e-12",
				   .outcome = ABSENT };

	(void)err;
	bench_line(b, &line, "configure found no libRmath (Debian: r-mathlib)");
	return 0;
}
#endif
