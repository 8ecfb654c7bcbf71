/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/cluster.h"

#include <math.h>

#include "pgo/base/mem.h"
#include "pgo/stats/dist.h"
#include "pgo/stats/signed-rank.h"

static double mean_of(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

/* n >= 2 */
static double variance(const double *v, size_t n)
{
	double mean = mean_of(v, n), sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (v[i] - mean) * (v[i] - mean);
	return sum / (double)(n - 1);
}

static bool average(const double *d, const unsigned *of, size_t n, size_t nr, double *means,
		    double *inv_each)
{
	PGO_AUTO_FREE size_t *count = xcalloc(nr, sizeof(*count));
	PGO_AUTO_FREE double *sum = xcalloc(nr, sizeof(*sum));

	for (size_t i = 0; i < n; i++) {
		sum[of[i]] += d[i];
		count[of[i]]++;
	}
	*inv_each = 0;
	for (size_t c = 0; c < nr; c++) {
		if (!count[c])
			return false;
		*inv_each += 1 / (double)count[c] / (double)nr;
	}
	for (size_t c = 0; c < nr; c++)
		means[c] = sum[c] / (double)count[c];
	return true;
}

bool cluster_means(const double *d, const unsigned *of, size_t n, size_t nr, double *means,
		   struct cluster *ret)
{
	double squares = 0, inv_each;

	if (!average(d, of, n, nr, means, &inv_each))
		return false;
	for (size_t i = 0; i < n; i++)
		squares += (d[i] - means[of[i]]) * (d[i] - means[of[i]]);
	*ret = (struct cluster){
		.nr = nr,
		.nr_values = n,
		.df_within = n - nr,
		.var_within = n > nr ? squares / (double)(n - nr) : NAN,
		.var_means = variance(means, nr),
		.inv_each = inv_each,
		.var_between = NAN,
	};
	if (n > nr)
		ret->var_between = fmax(0, ret->var_means - ret->var_within * inv_each);
	return true;
}

void cluster_combine(const double *means, const struct cluster *c, const double *weights,
		     size_t nr_series, double *out, struct cluster *ret)
{
	size_t nr = c[0].nr;
	double total = 0, noise = 0;

	*ret = (struct cluster){ .nr = nr };
	for (size_t s = 0; s < nr_series; s++)
		total += weights[s];
	for (size_t k = 0; k < nr; k++)
		out[k] = 0;
	for (size_t s = 0; s < nr_series; s++) {
		double share = weights[s] / total;

		ret->nr_values += c[s].nr_values;
		ret->df_within += c[s].df_within;
		ret->var_within += share * share * c[s].var_within;
		noise += share * share * c[s].var_within * c[s].inv_each;
		for (size_t k = 0; k < nr; k++)
			out[k] += share * means[s * nr + k];
	}
	ret->var_means = variance(out, nr);
	ret->inv_each = ret->var_within > 0 ? noise / ret->var_within : c[0].inv_each;
	ret->var_between = isnan(noise) ? NAN : fmax(0, ret->var_means - noise);
}

static struct interval t_interval(const double *means, size_t nr, double alpha)
{
	double half = dist_t_quantile(1 - alpha, (double)nr - 1) *
		      sqrt(variance(means, nr) / (double)nr);
	struct interval ci = { .estimate = mean_of(means, nr) };

	ci.lo = ci.estimate - half;
	ci.hi = ci.estimate + half;
	return ci;
}

struct interval cluster_interval(const double *means, size_t nr, double alpha)
{
	PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;
	uint32_t c;

	if (nr < CLUSTER_RANK_MIN || nr > SIGNED_RANK_MAX_N)
		return t_interval(means, nr, alpha);
	signed_rank_law_init(&law, NULL, (unsigned)nr);
	c = signed_rank_critical(&law, alpha);
	return c > law.max ? t_interval(means, nr, alpha) : signed_rank_interval(means, nr, c);
}

double cluster_p(const struct cluster *c)
{
	double between = (double)c->nr - 1, within = (double)c->df_within, f;

	if (isnan(c->var_within) || !c->df_within)
		return 1;
	f = c->var_means / (c->var_within * c->inv_each);
	if (isnan(f))
		return 1;
	if (isinf(f))
		return 0;
	return dist_beta_cdf(within / (within + between * f), within / 2, between / 2);
}

double cluster_apart(const struct cluster *c, double alpha)
{
	return dist_t_quantile(1 - alpha, (double)c->nr - 1) * sqrt(2 * c->var_between);
}

double cluster_noise(const struct cluster *c, double alpha)
{
	return c->df_within ? dist_t_quantile(1 - alpha, (double)c->df_within) *
				      sqrt(2 * c->var_within * c->inv_each)
			    : NAN;
}

unsigned cluster_repetitions(const struct cluster *c, double cost_cluster, double cost_value,
			     unsigned most)
{
	double r = ceil(sqrt(cost_cluster / cost_value * (c->var_within / c->var_between)));

	if (!(r < most))
		return most;
	return r > 1 ? (unsigned)r : 1;
}

double cluster_detectable(const struct cluster *c, size_t nr, unsigned each, double alpha,
			  double power)
{
	double between = isnan(c->var_between) ? 0 : c->var_between;
	double sd = sqrt((between + c->var_within / each) / (double)nr);

	return (dist_t_quantile(1 - alpha, (double)nr - 1) + dist_norm_quantile(power)) * sd;
}
