/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/html-cases.h"

#include <math.h>

#include "pgo/stats/rng.h"

#define UNIT_NS 42e6	/* of the first workload; each further one takes half as long again */
#define TICK_NS 4000000	/* of a coarse clock */
#define OUTPUT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER  "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

const struct html_case html_cases[] = {
	{ .name = "faster",
	  .nr_workloads = 3,
	  .n_max = 30,
	  .rounds = 30,
	  .effect = 0.065,
	  .spread = 0.03,
	  .aa_every = 3,
	  .invalid_every = 23,
	  .counters = true },
	{ .name = "regression",
	  .nr_workloads = 2,
	  .n_max = 30,
	  .rounds = 30,
	  .effect = -0.07,
	  .spread = 0.03,
	  .aa_every = 3 },
	{ .name = "inconclusive",
	  .nr_workloads = 1,
	  .n_max = 50,
	  .rounds = 50,
	  .effect = 0.005,
	  .spread = 0.12,
	  .aa_every = 4,
	  .spike_every = 17 },
	{ .name = "ten",
	  .nr_workloads = 10,
	  .n_max = 20,
	  .rounds = 20,
	  .effect = 0.04,
	  .spread = 0.05,
	  .aa_every = 2,
	  .invalid_every = 31 },
	{ .name = "six",
	  .nr_workloads = 2,
	  .n_max = 12,
	  .rounds = 6,
	  .effect = 0.1,
	  .spread = 0.02,
	  .aa_every = 2 },
	{ .name = "unbounded",
	  .nr_workloads = 2,
	  .n_max = 20,
	  .rounds = 5,
	  .effect = 0.1,
	  .spread = 0.02,
	  .aa_every = 2 },
	{ .name = "one-pair",
	  .nr_workloads = 1,
	  .n_max = 2,
	  .rounds = 2,
	  .effect = 0.1,
	  .spread = 0.02 },
	{ .name = "none", .nr_workloads = 1, .n_max = 20 },
	{ .name = "all-invalid",
	  .nr_workloads = 1,
	  .n_max = 20,
	  .rounds = 4,
	  .effect = 0.1,
	  .spread = 0.02,
	  .invalid_every = 1 },
	{ .name = "hostile",
	  .nr_workloads = 2,
	  .n_max = 12,
	  .rounds = 12,
	  .effect = 0.05,
	  .spread = 0.03,
	  .aa_every = 2,
	  .invalid_every = 9,
	  .hostile = true },
	{ .name = "invalid",
	  .nr_workloads = 2,
	  .n_max = 20,
	  .rounds = 20,
	  .effect = 0.05,
	  .spread = 0.03,
	  .aa_every = 3,
	  .invalid_every = 3 },
	{ .name = "miscompare",
	  .nr_workloads = 2,
	  .n_max = 12,
	  .rounds = 12,
	  .effect = 0.05,
	  .spread = 0.03,
	  .aa_every = 2,
	  .miscompare = true },
	{ .name = "broken",
	  .nr_workloads = 1,
	  .n_max = 20,
	  .rounds = 20,
	  .effect = 0.05,
	  .spread = 0.03,
	  .aa_every = 1,
	  .aa_effect = 0.05 },
	{ .name = "ties",
	  .nr_workloads = 1,
	  .n_max = 20,
	  .rounds = 20,
	  .effect = 0.2,
	  .spread = 0.05,
	  .aa_every = 2,
	  .ties = true },
	{ .name = "most",
	  .nr_workloads = 1,
	  .n_max = 256,
	  .rounds = 256,
	  .effect = 0.02,
	  .spread = 0.08,
	  .aa_every = 4,
	  .spike_every = 61,
	  .invalid_every = 50 },
};
const size_t nr_html_cases = ARRAY_SIZE(html_cases);

const struct html_case *html_case_find(const char *name)
{
	for (size_t i = 0; i < nr_html_cases; i++)
		if (!strcmp(html_cases[i].name, name))
			return &html_cases[i];
	return NULL;
}

static void make_workloads(const struct html_case *c, struct evidence *e)
{
	static const char *const names[] = { "parse", "compress", "query-large", "sort" };

	e->nr_workloads = c->nr_workloads;
	e->workloads = xcalloc(c->nr_workloads, sizeof(*e->workloads));
	for (size_t i = 0; i < c->nr_workloads; i++) {
		struct ab_workload_info *w = &e->workloads[i];

		w->name = c->hostile && !i	  ? xstrdup(HOSTILE_NAME)
			  : i < ARRAY_SIZE(names) ? xstrdup(names[i])
						  : xstrfmt("workload-%zu", i + 1);
		w->weight = 1;
		w->metric = (enum metric)(i % NR_METRICS);
		w->times = i == 1 ? 4 : 1;
		w->held_out = i % 2;
		w->output_compared = i != 2;
		memcpy(w->output, OUTPUT, sizeof(w->output));
		w->unit_ns = (uint64_t)(UNIT_NS * (1 + (double)i / 2));
	}
}

static struct run_metrics make_run(const struct html_case *c, const struct ab_workload_info *w,
				   double log_time, const char *output)
{
	struct run_metrics m = RUN_METRICS_INIT;
	uint64_t ns = (uint64_t)((double)w->unit_ns * exp(log_time));

	if (c->ties)
		ns = (ns + TICK_NS / 2) / TICK_NS * TICK_NS;
	m.cpu_ns = ns;
	m.run_delay_ns = ns / 50;
	m.wall_ns = ns + ns / 50;
	m.max_rss_bytes = 12 << 20;
	m.minor_faults = 1234;
	m.major_faults = 0;
	m.counters[COUNTER_TASK_CLOCK] = ns;
	m.counters[COUNTER_PAGE_FAULTS] = 1234;
	if (c->counters) {
		m.counters[COUNTER_CYCLES] = ns * 3;
		m.counters[COUNTER_INSTRUCTIONS] = w->unit_ns * 4 + ns / 100;
	}
	memcpy(m.output, output, sizeof(m.output));
	return m;
}

static bool every(unsigned n, size_t i)
{
	return n && i % n == n - 1;
}

static void add_pair(const struct html_case *c, struct evidence *e, struct rng *r, size_t w,
		     enum pair_kind kind, unsigned round)
{
	double effect = kind == PAIR_AA ? c->aa_effect : c->effect * (1 - (double)w / 12);
	double noise = rng_normal(r) * c->spread * 2;
	double spike = every(c->spike_every, e->nr_pairs) ? log(20) : 0;
	bool differs = c->miscompare && kind == PAIR_AB && w == 0;
	struct ab_pair p = { .workload = w, .kind = kind, .round = round };

	p.swapped = rng_coin(r);
	if (every(c->invalid_every, e->nr_pairs))
		p.invalid = (enum invalid)(1 + e->nr_pairs % (NR_INVALID - 1));
	p.run[0] = make_run(c, &e->workloads[w],
			    noise + spike + rng_normal(r) * c->spread * M_SQRT1_2, OUTPUT);
	p.run[1] = make_run(c, &e->workloads[w],
			    noise - effect + rng_normal(r) * c->spread * M_SQRT1_2,
			    differs ? OTHER : OUTPUT);
	evidence_add(e, &p);
}

void html_case_make(const struct html_case *c, struct evidence *ret)
{
	struct evidence e = EVIDENCE_INIT;
	struct rng r;

	rng_seed(&r, 20);
	e.head = (struct evidence_head){
		.seed = UINT64_MAX - 1,
		.n_max = c->n_max,
		.alpha = 0.025,
		.margin = 0.02,
		.gate = GATE_NO_REGRESSION,
		.a = xstrdup(c->hostile ? HOSTILE_NAME : "baseline"),
		.b = xstrdup(c->hostile ? "x\" onload=\"alert(2)" : "optimized"),
		.machine = xstrdup("2 x Example CPU 3.0 GHz, 8 GiB"),
		.kernel = xstrdup("Linux 6.1.0-example"),
		.commit = xstrdup("4762867"),
	};
	make_workloads(c, &e);
	for (unsigned round = 0; round < c->rounds; round++) {
		for (size_t w = 0; w < c->nr_workloads; w++)
			add_pair(c, &e, &r, w, PAIR_AB, round);
		if (every(c->aa_every, round))
			add_pair(c, &e, &r, round % c->nr_workloads, PAIR_AA, round);
	}
	*ret = e;
}
