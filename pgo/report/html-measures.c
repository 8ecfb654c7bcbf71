/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/report/html-measures.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "pgo/base/num.h"
#include "pgo/report/html-text.h"
#include "pgo/stats/signed-rank.h"

enum unit { UNIT_COUNT, UNIT_NS, UNIT_BYTES };

static const struct measure {
	const char *name;
	size_t offset;
	enum unit unit;
} measures[] = {
#define MEASURE(member, unit, name) { (name), offsetof(struct run_metrics, member), (unit) }
	MEASURE(wall_ns, UNIT_NS, "wall time"),
	MEASURE(cpu_ns, UNIT_NS, "CPU time"),
	MEASURE(user_ns, UNIT_NS, "of it the program's"),
	MEASURE(sys_ns, UNIT_NS, "of it the kernel's"),
	MEASURE(run_delay_ns, UNIT_NS, "waiting for a processor"),
	MEASURE(max_rss_bytes, UNIT_BYTES, "peak memory"),
	MEASURE(minor_faults, UNIT_COUNT, "minor page faults"),
	MEASURE(major_faults, UNIT_COUNT, "major page faults"),
	MEASURE(vol_switches, UNIT_COUNT, "voluntary switches"),
	MEASURE(invol_switches, UNIT_COUNT, "involuntary switches"),
	MEASURE(read_bytes, UNIT_BYTES, "read from disks"),
	MEASURE(written_bytes, UNIT_BYTES, "written for disks"),
	MEASURE(throttled_ns, UNIT_NS, "throttled by the cgroup"),
	MEASURE(steal_ns, UNIT_NS, "stolen by the hypervisor"),
	MEASURE(busy_ns, UNIT_NS, "processors at work, all programs"),
	MEASURE(pressure_ns, UNIT_NS, "processor pressure"),
	MEASURE(memory_some_ns, UNIT_NS, "memory pressure"),
	MEASURE(io_some_ns, UNIT_NS, "disk pressure"),
#undef MEASURE
};
#define NR_MEASURES (ARRAY_SIZE(measures) + NR_COUNTERS)

/* The plain fields, then the counters. */
static struct measure measure_of(size_t k)
{
	size_t c = k - ARRAY_SIZE(measures);

	if (k < ARRAY_SIZE(measures))
		return measures[k];
	return (struct measure){ counter_name((enum counter)c),
				 offsetof(struct run_metrics, counters) + c * sizeof(uint64_t),
				 c == COUNTER_TASK_CLOCK ? UNIT_NS : UNIT_COUNT };
}

static uint64_t value_of(const struct run_metrics *m, size_t offset)
{
	uint64_t v;

	memcpy(&v, (const char *)m + offset, sizeof(v));
	return v;
}

/* Of the counted pairs whose two runs both have it; returns how many. */
static size_t collect(const struct evidence *e, size_t workload, size_t offset, double *a,
		      double *b)
{
	size_t n = 0;

	for (size_t i = 0; i < e->nr_pairs; i++) {
		const struct ab_pair *p = &e->pairs[i];
		uint64_t x = value_of(&p->run[0], offset), y = value_of(&p->run[1], offset);

		if (p->workload != workload || p->kind != PAIR_AB || p->invalid != VALID ||
		    x == NOT_MEASURED || y == NOT_MEASURED)
			continue;
		a[n] = (double)x;
		b[n++] = (double)y;
	}
	return n;
}

static void add_value(double v, enum unit unit, struct strbuf *out)
{
	uint64_t whole = v < 9e18 ? (uint64_t)v : (uint64_t)INT64_MAX;

	strbuf_addstr(out, "<td class=\"num\">");
	if (unit == UNIT_NS)
		num_add_duration(out, whole);
	else if (unit == UNIT_BYTES)
		num_add_bytes(out, whole);
	else
		num_add_count(out, whole);
	strbuf_addstr(out, "</td>");
}

static void add_change(double a, double b, struct strbuf *out)
{
	strbuf_addstr(out, "<td class=\"num\">");
	if (a == b)
		strbuf_addstr(out, "same");
	else if (a > 0 && b > 0)
		html_speedup(out, log(b / a), 1);
	else
		strbuf_addstr(out, "\xe2\x80\x93");
	strbuf_addstr(out, "</td>");
}

void html_measures(const struct engine *g, size_t workload, struct strbuf *out)
{
	PGO_AUTO_FREE double *a = xcalloc(g->e->nr_pairs, sizeof(*a));
	PGO_AUTO_FREE double *b = xcalloc(g->e->nr_pairs, sizeof(*b));

	strbuf_addf(out,
		    "<details><summary>All that was measured</summary>\n"
		    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		    "aria-label=\"All that was measured of workload %zu\">"
		    "<table class=\"measures\">\n<caption>Medians of a run%s; no verdict rests on "
		    "them.</caption>\n<thead><tr><th scope=\"col\">Measured</th>"
		    "<th scope=\"col\" class=\"num\">Baseline</th>"
		    "<th scope=\"col\" class=\"num\">Optimized</th>"
		    "<th scope=\"col\" class=\"num\">Change</th>"
		    "<th scope=\"col\" class=\"num\">Pairs</th></tr></thead>\n<tbody>\n",
		    workload + 1,
		    g->e->workloads[workload].times > 1 ? ", of all its processes together" : "");
	for (size_t k = 0; k < NR_MEASURES; k++) {
		const struct measure m = measure_of(k);
		size_t n = collect(g->e, workload, m.offset, a, b);

		strbuf_addf(out, "<tr><th scope=\"row\">%s</th>", m.name);
		if (n) {
			double x = median(a, n), y = median(b, n);

			add_value(x, m.unit, out);
			add_value(y, m.unit, out);
			add_change(x, y, out);
			strbuf_addf(out, "<td class=\"num\">%zu</td></tr>\n", n);
		} else {
			strbuf_addstr(out,
				      "<td colspan=\"4\" class=\"soft\">not measured</td>"
				      "</tr>\n");
		}
	}
	strbuf_addstr(out, "</tbody></table></div>\n</details>\n");
}

static bool is_measured(const struct evidence *e, size_t offset)
{
	for (size_t i = 0; i < e->nr_pairs; i++)
		for (int k = 0; k < 2; k++)
			if (value_of(&e->pairs[i].run[k], offset) != NOT_MEASURED)
				return true;
	return false;
}

void html_not_measured(const struct engine *g, struct strbuf *out)
{
	const char *part = "";

	for (size_t k = 0; k < NR_MEASURES; k++) {
		const struct measure m = measure_of(k);

		if (is_measured(g->e, m.offset))
			continue;
		strbuf_addf(out, "%s%s", part, m.name);
		part = ", ";
	}
}
