/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/run-watch.h"

#define LONE 0.9	/* of the processor time; the rest is what a shell or the kernel adds */
#define AGENT_NS 2000000u	/* of it, that the agent's thread may take; seen: 0.3 to 1.3 ms */

void run_watch_begin(struct run_watch *w, const struct environment *env)
{
	struct run_metrics *m = &w->metrics;

	*w = (struct run_watch){ .env = env, .metrics = RUN_METRICS_INIT, .lone = true };
	m->wall_ns = m->cpu_ns = m->user_ns = m->sys_ns = m->run_delay_ns = 0;
	m->minor_faults = m->major_faults = 0;
	m->vol_switches = m->invol_switches = 0;
	if (env->has_io)
		m->read_bytes = m->written_bytes = 0;
	if (env->has_disk_wait)
		m->disk_wait_ns = 0;
	environment_take(env, &w->before);
}

static bool is_lone(const struct child_result *r)
{
	return r->have_run_delay && (double)r->main_ns >= LONE * (double)(r->user_ns + r->sys_ns);
}

/* To a sum that may be of what is not measured. */
static void add(uint64_t *sum, uint64_t more)
{
	if (*sum != NOT_MEASURED)
		*sum += more;
}

/* A child that was not held began in this program's memory. */
static uint64_t floor_of(const struct child_result *r)
{
	struct rusage ru;

	if (r->rss_floor_bytes || getrusage(RUSAGE_SELF, &ru))
		return r->rss_floor_bytes;
	return (uint64_t)ru.ru_maxrss * 1024;
}

void run_watch_add(struct run_watch *w, const struct child_result *r)
{
	struct run_metrics *m = &w->metrics;
	const uint64_t cpu_ns = r->user_ns + r->sys_ns;

	m->wall_ns += r->wall_ns;
	m->cpu_ns += cpu_ns;
	m->user_ns += r->user_ns;
	m->sys_ns += r->sys_ns;
	if (!r->have_run_delay)
		m->run_delay_ns = NOT_MEASURED;
	add(&m->run_delay_ns, r->run_delay_ns);
	m->minor_faults += r->minor_faults;
	m->major_faults += r->major_faults;
	m->vol_switches += r->vol_switches;
	m->invol_switches += r->invol_switches;
	add(&m->read_bytes, r->read_bytes);
	add(&m->written_bytes, r->written_bytes);
	add(&m->disk_wait_ns, r->disk_wait_ns);
	/* At or below the floor it may be this program's own, from before exec. */
	if (r->max_rss_bytes > floor_of(r) &&
	    (m->max_rss_bytes == NOT_MEASURED || r->max_rss_bytes > m->max_rss_bytes))
		m->max_rss_bytes = r->max_rss_bytes;
	w->lone = w->lone && is_lone(r);
	w->others_ns += cpu_ns > r->main_ns ? cpu_ns - r->main_ns : 0;
	w->nr_left += r->nr_left;
	w->nr_alive += r->nr_alive;
}

void run_watch_end(struct run_watch *w)
{
	struct environment_snapshot after;

	environment_take(w->env, &after);
	w->diff = environment_diff(&w->before, &after);
	environment_store(&w->diff, &w->metrics);
}

void run_watch_agent(struct run_watch *w)
{
	if (w->metrics.run_delay_ns != NOT_MEASURED && w->others_ns <= AGENT_NS)
		w->lone = true;
}
