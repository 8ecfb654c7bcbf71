/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/nature.h"

#include <math.h>

#include "pgo/base/log.h"

#define UNIT_NS 20000000u	/* a unit shorter than this is repeated inside */

/*
 * Of processor time in the time in which it was not kept from running. The main thread's delay is
 * the whole's only when it does all of the work: a shell may wait to run while its child does.
 */
static double share_of(const struct measured *m)
{
	const struct run_metrics *r = &m->metrics;
	uint64_t delay = m->lone && r->run_delay_ns != NOT_MEASURED ? r->run_delay_ns : 0;

	return r->wall_ns > delay ? (double)r->cpu_ns / (double)(r->wall_ns - delay) : 0;
}

/*
 * What a run is measured by. CPU time says the same as wall time with less
 * noise, where it is all that the program spends; a program that waits is
 * measured by the time in which it was not kept from running; one with threads
 * by wall time, since threads trade one for the other. Of several processes
 * what kept them from running is not known.
 */
enum metric nature_metric(const struct nature *n)
{
	if (n->share > 1.10 && !n->lone)
		return METRIC_WALL;
	if (n->share > 0.95)
		return METRIC_CPU;
	return n->lone ? METRIC_ACTIVE : METRIC_WALL;
}

void nature_tell(const struct nature *n, const char *name)
{
	enum metric metric = nature_metric(n);

	if (metric == METRIC_ACTIVE)
		log_info(
			"%s: it waits, and is measured by the time in which it was not kept "
			"from running",
			name);
	else if (metric == METRIC_WALL && n->share > 1.10)
		log_info("%s: it runs on several processors at once, and is measured by wall time",
			 name);
	else if (metric == METRIC_WALL)
		log_info(
			"%s: several processes, which wait or are kept waiting: measured by wall "
			"time; if the last is the work, put 'exec' before it",
			name);
}

void nature_observe(struct nature *n, const struct measured *m)
{
	n->share = fmax(n->share, share_of(m));
	n->lone = n->lone && m->lone;
	n->settled = n->settled && !m->metrics.major_faults;
}

/*
 * Processes a unit, so that it takes UNIT_NS by the metric. On a busy machine wall time alone
 * would take a short process for a long one; a metric far below it is not to be believed.
 */
unsigned nature_times(uint64_t process_ns, uint64_t wall_ns)
{
	uint64_t ns = process_ns > wall_ns / 8 ? process_ns : wall_ns / 8;

	return ns < UNIT_NS ? (unsigned)(UNIT_NS / (ns + 1)) + 1 : 1;
}
