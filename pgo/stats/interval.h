/* SPDX-License-Identifier: Apache-2.0 */
/* What every estimate here comes as. */
#ifndef PGO_STATS_INTERVAL_H
#define PGO_STATS_INTERVAL_H

/* lo <= estimate <= hi; lo and hi are infinite when the data are too few to bound it. */
struct interval {
	double lo, hi, estimate;
};

#endif
