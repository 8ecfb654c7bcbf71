/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/explain.h"

#include <math.h>

#include "pgo/stats/paired.h"
#include "pgo/stats/signed-rank.h"

/* Cycles that a miss costs, next to 1 of an instruction; kcachegrind estimates with the same. */
#define MISS_CYCLES 10.0
#define FLAT 0.002		/* of the instructions: a change that explains nothing */
#define MANY_INSTRUCTIONS 0.05	/* a change that should show in the time */

static void side_release(struct explain_side *s)
{
	free(s->why_not);
}

void explanation_release(struct explanation *x)
{
	for (size_t i = 0; i < x->nr; i++) {
		side_release(&x->workloads[i].side[0]);
		side_release(&x->workloads[i].side[1]);
		strvec_release(&x->workloads[i].remarks);
	}
	free(x->workloads);
	free(x->model);
	*x = (struct explanation)EXPLANATION_INIT;
}

void explanation_init(struct explanation *x, const struct evidence *e, const char *why_not)
{
	*x = (struct explanation){
		.workloads = xcalloc(e->nr_workloads, sizeof(*x->workloads)),
		.nr = e->nr_workloads,
	};
	for (size_t i = 0; i < x->nr; i++) {
		x->workloads[i].remarks = (struct strvec)STRVEC_INIT;
		for (int s = 0; s < 2; s++)
			x->workloads[i].side[s].why_not = xstrdup(why_not);
	}
}

static bool is_counted(const struct ab_pair *p, size_t workload, enum counter c)
{
	return p->workload == workload && p->kind == PAIR_AB && p->invalid == VALID &&
	       p->run[0].counters[c] != NOT_MEASURED && p->run[1].counters[c] != NOT_MEASURED;
}

/* A pair with a zero has no ratio: it counts for the medians only. */
static void count(const struct evidence *e, size_t workload, enum counter c,
		  struct explain_workload *w)
{
	PGO_AUTO_FREE double *a = xcalloc(e->nr_pairs + 1, sizeof(*a));
	PGO_AUTO_FREE double *b = xcalloc(e->nr_pairs + 1, sizeof(*b));
	PGO_AUTO_FREE double *d = xcalloc(e->nr_pairs + 1, sizeof(*d));
	struct explain_counter *k = &w->counters[w->nr_counters];
	struct paired_result r;
	size_t nr = 0, nr_d = 0;

	for (size_t i = 0; i < e->nr_pairs; i++) {
		if (!is_counted(&e->pairs[i], workload, c))
			continue;
		a[nr] = (double)e->pairs[i].run[0].counters[c];
		b[nr] = (double)e->pairs[i].run[1].counters[c];
		if (a[nr] > 0 && b[nr] > 0)
			d[nr_d++] = log(b[nr] / a[nr]);
		nr++;
	}
	if (!nr)
		return;
	*k = (struct explain_counter){ c, nr, median(a, nr), median(b, nr), { 0, 0, 0 } };
	k->change = (struct interval){ -INFINITY, INFINITY, 0 };
	if (nr_d == nr && !paired_analyze(d, nr, e->head.alpha, &r, NULL))
		k->change = r.ci;
	w->nr_counters++;
}

enum direction { DOWN = -1, FLAT_ = 0, UP = 1 };

/* What is known of the work that the sides do, by the model or by counting. */
struct directions {
	const char *source;
	enum direction instructions, i1_misses, mispredictions;
	double instructions_change; /* a fraction */
};

static enum direction direction_of(double cycles, double all)
{
	if (fabs(cycles) <= FLAT * all)
		return FLAT_;
	return cycles > 0 ? UP : DOWN;
}

static double change(const struct explain_workload *w, enum cachegrind_event e)
{
	return (double)w->side[1].events[e] - (double)w->side[0].events[e];
}

static bool by_model(const struct explain_workload *w, struct directions *ret)
{
	double all = (double)w->side[0].events[CACHEGRIND_INSTRUCTIONS];

	if (w->side[0].why_not || w->side[1].why_not || !(all > 0))
		return false;
	*ret = (struct directions){
		.source = "cachegrind",
		.instructions = direction_of(change(w, CACHEGRIND_INSTRUCTIONS), all),
		.i1_misses = direction_of(MISS_CYCLES * change(w, CACHEGRIND_I1_MISSES), all),
		.mispredictions = direction_of(MISS_CYCLES * change(w, CACHEGRIND_MISPREDICTIONS),
					       all),
		.instructions_change = change(w, CACHEGRIND_INSTRUCTIONS) / all,
	};
	return true;
}

static const struct explain_counter *counter_of(const struct explain_workload *w, enum counter c)
{
	for (unsigned i = 0; i < w->nr_counters; i++)
		if (w->counters[i].counter == c)
			return &w->counters[i];
	return NULL;
}

/* Of a counter whose interval excludes no change. */
static enum direction proven(const struct explain_counter *k, double per_event, double all)
{
	if (!k || (k->change.lo <= 0 && k->change.hi >= 0))
		return FLAT_;
	return direction_of(per_event * (k->median_b - k->median_a), all);
}

static bool by_counting(const struct explain_workload *w, struct directions *ret)
{
	const struct explain_counter *k = counter_of(w, COUNTER_INSTRUCTIONS);
	const struct explain_counter *i1 = counter_of(w, COUNTER_L1I_MISSES);
	const struct explain_counter *mp = counter_of(w, COUNTER_BRANCH_MISSES);

	/* With one of them missing, that nothing changed is not known. */
	if (!k || !i1 || !mp || !(k->median_a > 0))
		return false;
	*ret = (struct directions){
		.source = "the counters",
		.instructions = proven(k, 1, k->median_a),
		.i1_misses = proven(i1, MISS_CYCLES, k->median_a),
		.mispredictions = proven(mp, MISS_CYCLES, k->median_a),
		.instructions_change = expm1(k->change.estimate),
	};
	return true;
}

static const char *word_of(enum direction d)
{
	return d == UP ? "up" : d == DOWN ? "down" : "flat";
}

static bool any(const struct directions *d, enum direction which)
{
	return d->instructions == which || d->i1_misses == which || d->mispredictions == which;
}

/* The time goes one way, and nothing that is counted goes with it. */
static void contradict(struct explain_workload *w, const struct directions *d, const struct look *l)
{
	bool faster = l->ci.lo > 0, slower = l->ci.hi < 0;
	double less = d->instructions_change * 100;

	if ((faster && !any(d, DOWN)) || (slower && !any(d, UP)))
		strvec_pushf(&w->remarks,
			     "%s, but by %s instructions are %s, I1 misses %s, mispredictions %s: "
			     "layout %s?",
			     faster ? "faster" : "slower", d->source, word_of(d->instructions),
			     word_of(d->i1_misses), word_of(d->mispredictions),
			     faster ? "luck, or the data's caches" : "or the data's caches");
	if (!faster && !slower && fabs(d->instructions_change) > MANY_INSTRUCTIONS)
		strvec_pushf(&w->remarks,
			     "by %s instructions are %+.1f %%, but no difference in time is proven",
			     d->source, less);
}

static double wall_ratio(const struct ab_pair *p)
{
	return log((double)(p->run[0].wall_ns + 1) / (double)(p->run[1].wall_ns + 1));
}

/* The metric says one thing, the clock on the wall another. */
static void compare_with_wall(const struct engine *g, size_t i, struct explain_workload *w,
			      const struct look *l)
{
	const struct evidence *e = g->e;
	PGO_AUTO_FREE double *d = xcalloc(e->nr_pairs + 1, sizeof(*d));
	struct paired_result r;
	size_t nr = 0;

	if (e->workloads[i].metric == METRIC_WALL)
		return;
	for (size_t k = 0; k < e->nr_pairs; k++)
		if (e->pairs[k].workload == i && e->pairs[k].kind == PAIR_AB &&
		    e->pairs[k].invalid == VALID)
			d[nr++] = wall_ratio(&e->pairs[k]);
	if (!nr || paired_analyze(d, nr, e->head.alpha, &r, NULL))
		return;
	if ((l->ci.lo > 0 && r.ci.hi < 0) || (l->ci.hi < 0 && r.ci.lo > 0))
		strvec_pushf(&w->remarks, "%s by %s time, but %s by wall time (%+.1f %%)",
			     l->ci.lo > 0 ? "faster" : "slower",
			     e->workloads[i].metric == METRIC_CPU ? "CPU" : "active",
			     l->ci.lo > 0 ? "slower" : "faster", expm1(r.ci.estimate) * 100);
}

static void conclude(const struct engine *g, size_t i, struct explain_workload *w)
{
	const struct look *l = series_last(&g->workloads[i].series);
	struct directions d;

	for (int c = 0; c < NR_COUNTERS; c++)
		count(g->e, i, (enum counter)c, w);
	if (!l)
		return;
	if (by_model(w, &d))
		contradict(w, &d, l);
	if (by_counting(w, &d))
		contradict(w, &d, l);
	compare_with_wall(g, i, w, l);
}

void explanation_conclude(struct explanation *x, const struct engine *g)
{
	for (size_t i = 0; i < x->nr; i++)
		conclude(g, i, &x->workloads[i]);
}
