/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The continuous laws that the analysis needs. Relative accuracy is 1e-12 or
 * better for shapes and degrees of freedom up to 1000. An argument outside
 * the law's support gives the limit there, a parameter outside its range NaN.
 */
#ifndef PGO_STATS_DIST_H
#define PGO_STATS_DIST_H

#include <stdint.h>

#include "pgo/stats/interval.h"

double dist_norm_cdf(double x);
/* Source: Wichura 1988, Applied Statistics 37:477, algorithm AS 241 (PPND16). */
double dist_norm_quantile(double p);

/* The regularised incomplete beta function I_x(a, b); a, b > 0. */
double dist_beta_cdf(double x, double a, double b);
double dist_beta_quantile(double p, double a, double b);

/* df > 0, need not be whole. */
double dist_t_cdf(double t, double df);
double dist_t_quantile(double p, double df);

/*
 * The Clopper-Pearson interval of a proportion: k of n, n > 0, missed on each
 * side with a probability of at most alpha / 2.
 */
struct interval dist_binomial_interval(uint64_t k, uint64_t n, double alpha);

/* The p on both sides: twice the smaller one, at most 1. */
double p_two_sided(double p_greater, double p_less);

#endif
