/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/waits.h"

#include "pgo/base/num.h"

const char *wait_name(enum wait w)
{
	static const char *const names[NR_WAITS] = {
		[WAIT_DISK] = "disk",
		[WAIT_MEMORY] = "memory",
		[WAIT_THROTTLED] = "throttled",
		[WAIT_OTHER] = "other",
	};

	return names[w];
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * The time that counts: that in which nothing else kept it from running. The main thread's own
 * delay is the whole's only where that thread does all of the work.
 */
static uint64_t own_time(const struct run_watch *w)
{
	const struct run_metrics *m = &w->metrics;
	uint64_t delay = w->lone && m->run_delay_ns != NOT_MEASURED ? m->run_delay_ns : 0;

	return m->wall_ns - least(delay, m->wall_ns);
}

/*
 * On a processor, or, of several processes, perhaps kept from it: that is not known, and what the
 * machine's tasks waited for processors is the most that it can be.
 */
static uint64_t active_time(const struct run_watch *w)
{
	const struct run_metrics *m = &w->metrics;
	uint64_t delay = w->lone || m->pressure_ns == NOT_MEASURED ? 0 : m->pressure_ns;

	return num_add_sat(m->cpu_ns, delay, NULL);
}

/* A part of what is left, which it is taken from; -1 when it was not measured. */
static double take(uint64_t ns, uint64_t *left_ns, uint64_t time_ns)
{
	uint64_t part = ns == NOT_MEASURED ? 0 : least(ns, *left_ns);

	*left_ns -= part;
	return ns == NOT_MEASURED ? -1 : (double)part / (double)time_ns;
}

/*
 * What a run may have waited for disks, where it has no account of its own. Pressure is a mean over
 * the processors that are not idle, so that one task that waits beside busy ones is a part of it:
 * it is taken as often as there were processors at work for others, and for the run.
 * Source: Linux, kernel/sched/psi.c.
 */
static uint64_t disk_by_pressure(const struct run_metrics *m)
{
	uint64_t others = m->busy_ns == NOT_MEASURED ? 0 : m->busy_ns;

	if (m->io_some_ns == NOT_MEASURED || !m->wall_ns)
		return m->io_some_ns;
	others -= least(m->cpu_ns, others);
	return m->io_some_ns +
	       (uint64_t)((double)m->io_some_ns * (double)others / (double)m->wall_ns);
}

/* What moved no block waited for none, however long other tasks did. */
static uint64_t disk_by_machine(const struct run_metrics *m)
{
	return m->read_bytes || m->written_bytes ? disk_by_pressure(m) : 0;
}

/*
 * Memory comes before the disk: reading back what was thrown out is in both. Throttling comes
 * first: a group that is held back waits for nothing else.
 */
static void divide(struct waits *ret, const struct run_watch *w, uint64_t waited_ns)
{
	const struct run_metrics *m = &w->metrics;
	const bool own = w->lone && m->disk_wait_ns != NOT_MEASURED;
	uint64_t left = waited_ns;

	ret->part[WAIT_THROTTLED] = take(m->throttled_ns, &left, ret->time_ns);
	ret->part[WAIT_MEMORY] = take(m->memory_some_ns, &left, ret->time_ns);
	ret->part[WAIT_DISK] = take(own ? m->disk_wait_ns : disk_by_machine(m), &left,
				    ret->time_ns);
	ret->part[WAIT_OTHER] = (double)left / (double)ret->time_ns;
	ret->at_most = !own && ret->part[WAIT_DISK] != 0;
}

struct waits waits_of(const struct run_watch *w)
{
	const struct run_metrics *m = &w->metrics;
	struct waits ret = { .share = -1, .part = { -1, -1, -1, -1 } };
	uint64_t waited;

	if (m->wall_ns == NOT_MEASURED || m->cpu_ns == NOT_MEASURED)
		ret.why_not = "its time was not measured";
	else
		ret.time_ns = own_time(w);
	if (w->nr_alive)
		ret.why_not = "a process lives on, and what it used is not known";
	else if (!ret.why_not && ret.time_ns < WAITS_LEAST_NS)
		ret.why_not = "it is too short to tell";
	if (ret.why_not)
		return ret;
	waited = ret.time_ns - least(active_time(w), ret.time_ns);
	ret.share = (double)waited / (double)ret.time_ns;
	divide(&ret, w, waited);
	return ret;
}

enum wait waits_largest(const struct waits *w)
{
	enum wait ret = WAIT_OTHER;

	for (enum wait i = 0; i < NR_WAITS; i++)
		if (w->part[i] > w->part[ret])
			ret = i;
	return ret;
}

static const struct {
	const char *does, *mend;
} words[NR_WAITS] = {
	[WAIT_DISK] = { "waited for the disk",
			"let it read from memory: from a tmpfs, or once before it counts" },
	[WAIT_MEMORY] = { "waited for memory", "give it more memory, or less data" },
	[WAIT_THROTTLED] = { "was held back by the limit of its control group",
			     "raise the limit: pgoctl doctor tells how" },
	[WAIT_OTHER] = { "slept, or waited for something else than a processor or the disk",
			 "let a workload do only what the program computes" },
};

bool waits_tell(const struct waits *w, struct strbuf *out)
{
	enum wait most = waits_largest(w);

	if (w->share < WAITS_SHARE)
		return false;
	strbuf_addf(out, "%s %s%.0f %% of its ", words[most].does,
		    most == WAIT_DISK && w->at_most ? "up to " : "", w->part[most] * 100);
	num_add_duration(out, w->time_ns);
	if (most != WAIT_OTHER && w->part[WAIT_OTHER] * 100 >= 1)
		strbuf_addf(out, ", and for other things %.0f %%", w->part[WAIT_OTHER] * 100);
	strbuf_addf(out, ": PGO will not help it much, as it shortens only the other %.0f %%; %s",
		    (1 - w->share) * 100, words[most].mend);
	return true;
}

static json_t *part_json(double part)
{
	return part < 0 ? json_null() : json_real(part);
}

json_t *waits_json(const struct waits *w)
{
	json_t *o = json_object();

	json_object_set_new(o, "time_ns", w->time_ns ? js_u64(w->time_ns) : json_null());
	json_object_set_new(o, "share", part_json(w->share));
	for (enum wait i = 0; i < NR_WAITS; i++)
		json_object_set_new(o, wait_name(i), part_json(w->part[i]));
	json_object_set_new(o, "disk_at_most", json_boolean(w->share >= 0 && w->at_most));
	json_object_set_new(o, "mostly",
			    w->share >= WAITS_SHARE ? json_string(wait_name(waits_largest(w)))
						    : json_null());
	json_object_set_new(o, "why_not", js_string(w->why_not));
	return o;
}

void waits_list_release(struct waits_list *l)
{
	for (size_t i = 0; i < l->nr; i++)
		free(l->v[i].workload);
	free(l->v);
	*l = (struct waits_list)WAITS_LIST_INIT;
}

void waits_list_add(struct waits_list *l, const struct waited *w)
{
	VEC_GROW(l->v, l->nr, l->alloc);
	l->v[l->nr] = *w;
	l->v[l->nr++].workload = xstrdup(w->workload);
}

json_t *waits_list_json(const struct waits_list *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->nr; i++) {
		const struct waited *w = &l->v[i];
		json_t *o = json_object();

		json_object_set_new(o, "stage", json_string(w->stage));
		json_object_set_new(o, "workload", js_string(w->workload));
		json_object_set_new(o, "run", js_u64(w->run));
		json_object_set_new(o, "metrics", run_metrics_json(&w->metrics));
		json_object_set_new(o, "cpu_limit", evidence_limit_json(w->cpu_limit));
		json_object_set_new(o, "memory_limit", evidence_limit_json(w->memory_limit));
		json_object_set_new(o, "unsaved", js_u64(w->unsaved));
		json_object_set_new(o, "waits", w->judged ? waits_json(&w->waits) : json_null());
		json_array_append_new(list, o);
	}
	return list;
}
