/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/paired.h"

#include <math.h>

#include "pgo/stats/signed-rank.h"

static double mean_of(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

static double lag1_of(const double *v, size_t n, double mean)
{
	double products = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		squares += (v[i] - mean) * (v[i] - mean);
		if (i > 0)
			products += (v[i] - mean) * (v[i - 1] - mean);
	}
	return n < 3 || squares == 0 ? 0 : products / squares;
}

static int check_input(const double *d, size_t n, double alpha, struct pgo_err *err)
{
	if (!(alpha > 0 && alpha < 0.5))
		return pgo_error(err, PGO_EUSAGE, "alpha must be between 0 and 0.5");
	if (n == 0)
		return pgo_error(err, PGO_EFORMAT, "there are no pairs to analyse");
	if (n > SIGNED_RANK_MAX_N)
		return pgo_error(err, PGO_ELIMIT, "%zu pairs are more than the limit of %u", n,
				 SIGNED_RANK_MAX_N);
	for (size_t i = 0; i < n; i++)
		if (!isfinite(d[i]))
			return pgo_error(err, PGO_EFORMAT, "pair %zu has no finite ratio", i + 1);
	return 0;
}

int paired_analyze(const double *d, size_t n, double alpha, struct paired_result *res,
		   struct pgo_err *err)
{
	PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;
	struct signed_rank sr;
	uint32_t c;
	int ret = check_input(d, n, alpha, err);

	if (ret)
		return ret;
	signed_rank_law_init(&law, NULL, (unsigned)n);
	c = signed_rank_critical(&law, alpha);
	sr = signed_rank_test(d, n);
	*res = (struct paired_result){
		.n = n,
		.ci = signed_rank_interval(d, n, c),
		.c = c,
		.attained_alpha = signed_rank_upper(&law, c),
		.p_greater = sr.p_greater,
		.p_less = sr.p_less,
		.mean = mean_of(d, n),
		.nr_zero = sr.nr_zero,
		.tied = sr.tied,
		.too_few = c > law.max,
	};
	res->lag1 = lag1_of(d, n, res->mean);
	return 0;
}

int paired_log_ratios(const double *a, const double *b, size_t n, double *d, struct pgo_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!(a[i] > 0 && b[i] > 0 && isfinite(a[i]) && isfinite(b[i])))
			return pgo_error(err, PGO_EFORMAT,
					 "pair %zu has a time that is not positive", i + 1);
	for (size_t i = 0; i < n; i++)
		d[i] = log(a[i]) - log(b[i]);
	return 0;
}

double log_median_ratio(const double *a, const double *b, size_t n)
{
	return log(median(a, n)) - log(median(b, n));
}

bool paired_disagrees(const struct paired_result *res, double log_ratio_of_medians)
{
	double half = 0.5 * (res->ci.hi - res->ci.lo), centre = res->ci.estimate;

	return fabs(res->mean - centre) > half || fabs(log_ratio_of_medians - centre) > half;
}
