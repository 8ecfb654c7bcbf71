/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/sampling-overhead.h"

#include "pgo/base/mem.h"

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sampling_overhead_of(const uint64_t (*cpu_ns)[2], unsigned pairs,
			  struct sampling_overhead *ret)
{
	PGO_AUTO_FREE double *more = xcalloc(pairs, sizeof(*more));

	for (unsigned i = 0; i < pairs; i++)
		more[i] = cpu_ns[i][0] ? (double)cpu_ns[i][1] / (double)cpu_ns[i][0] - 1 : 0;
	qsort(more, pairs, sizeof(*more), by_value);
	ret->pairs = pairs;
	ret->least = more[0];
	ret->most = more[pairs - 1];
	ret->median = (more[(pairs - 1) / 2] + more[pairs / 2]) / 2;
}
