/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs that come in clusters: those of one link share that link's luck with
 * caches and alignments, so that more of them do not average it away. What is
 * said of the program rests on the means of the clusters.
 */
#ifndef PGO_STATS_CLUSTER_H
#define PGO_STATS_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "pgo/stats/interval.h"

/* All of d's unit: natural logarithms of ratios, and their squares. */
struct cluster {
	size_t nr;	    /* clusters */
	size_t nr_values;   /* in all of them */
	size_t df_within;   /* degrees of freedom of var_within */
	double var_within;  /* of the values about their cluster's mean, pooled; NaN: no two */
	double var_means;   /* of the means */
	double inv_each;    /* the mean of 1 / (values of a cluster) */
	double var_between; /* of the clusters proper: at least 0; NaN when var_within is */
};

/*
 * Sort d by its clusters: means[c] is the mean of the d[i] with of[i] == c.
 * Shapes: d and of have n, means nr; nr >= 2; every of[i] < nr; d finite.
 * Returns false when a cluster has no value; *ret is untouched then.
 */
bool cluster_means(const double *d, const unsigned *of, size_t n, size_t nr, double *means,
		   struct cluster *ret);

/*
 * Several series over the same clusters as one, each mean the weighted mean of theirs.
 * Shapes: means holds those of series 0, then of 1, ...; c[i] has their variances, all of the
 * same number of clusters; weights above 0; out has that number.
 */
void cluster_combine(const double *means, const struct cluster *c, const double *weights,
		     size_t nr_series, double *out, struct cluster *ret);

/* From this many clusters on a decision can rest on signs and ranks alone. */
#define CLUSTER_RANK_MIN 8u
/*
 * The interval of the mean over all clusters that there could be, from those of
 * a sample: Student's t with nr - 1 degrees of freedom, or, from
 * CLUSTER_RANK_MIN clusters on and where alpha allows, the inverted signed
 * rank test. Each end misses with a probability of alpha.
 * Shapes: nr >= 2, alpha in (0, 0.5).
 */
struct interval cluster_interval(const double *means, size_t nr, double alpha);

/*
 * The chance of means that lie so far apart when clusters do not differ, by the F test;
 * 1 when var_within is not known.
 */
double cluster_p(const struct cluster *c);

/*
 * How far apart two clusters of one kind are expected to be: |difference| is
 * below it with a probability of 1 - 2 alpha, the spread being estimated from
 * c->nr of them. NaN when var_between is.
 */
double cluster_apart(const struct cluster *c, double alpha);
/* The same of the means of two clusters that do not differ: what the noise alone may do. */
double cluster_noise(const struct cluster *c, double alpha);

/*
 * The number of values a cluster that gives the narrowest interval in a given
 * time: ceil(sqrt(cost_cluster / cost_value * var_within / var_between)), from 1
 * to most; most where no spread between clusters is seen. Costs are of one unit.
 * Source: Kalibera and Jones 2013, "Rigorous benchmarking in reasonable time".
 */
unsigned cluster_repetitions(const struct cluster *c, double cost_cluster, double cost_value,
			     unsigned most);

/*
 * The smallest effect that nr clusters of each values will find with a
 * probability of power, if the variances are c's; by the normal law of the
 * estimate and t of the interval. A var_between of NaN counts as 0: a lower bound.
 */
double cluster_detectable(const struct cluster *c, size_t nr, unsigned each, double alpha,
			  double power);

#endif
