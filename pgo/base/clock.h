/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that durations are measured by. */
#ifndef PGO_BASE_CLOCK_H
#define PGO_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC, which nobody sets and which stands still while the machine is suspended. */
static inline uint64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

#endif
