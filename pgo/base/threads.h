/* SPDX-License-Identifier: Apache-2.0 */
/* How many threads are worth having. */
#ifndef PGO_BASE_THREADS_H
#define PGO_BASE_THREADS_H

#include <sched.h>
#include <stddef.h>

/*
 * wanted threads, or for 0 one for each processor that this process may run on;
 * at most that many as limit and, where there are any, as jobs; at least one.
 */
static inline unsigned threads_for(unsigned wanted, size_t jobs, unsigned limit)
{
	unsigned nr = wanted;
	cpu_set_t set;

	CPU_ZERO(&set);
	if (!nr && !sched_getaffinity(0, sizeof(set), &set))
		nr = (unsigned)CPU_COUNT(&set);
	if (nr > limit)
		nr = limit;
	if (nr > jobs)
		nr = (unsigned)jobs;
	return nr ? nr : 1;
}

#endif
