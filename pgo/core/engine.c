/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/engine.h"

#include <math.h>

#include "pgo/core/engine-layout.h"
#include "pgo/stats/dist.h"
#include "pgo/stats/paired.h"
#include "pgo/stats/sign-flip.h"
#include "pgo/stats/signed-rank.h"

#define INVALID_SHARE 0.2	/* above, the machine is too unquiet to be believed */
#define NEAR_BOUNDARY 0.03	/* of the statistic's range: within, sign flips decide */

static void push(double **v, size_t *nr, size_t *alloc, double x)
{
	VEC_GROW(*v, *nr, *alloc);
	(*v)[(*nr)++] = x;
}

static void begin(struct engine *g, const struct evidence *e)
{
	g->e = e;
	g->workloads = xcalloc(e->nr_workloads, sizeof(*g->workloads));
}

int engine_init(struct engine *g, const struct evidence *e, struct pgo_err *err)
{
	*g = (struct engine)ENGINE_INIT;
	begin(g, e);
	g->holm = xcalloc(e->nr_workloads + 1, sizeof(*g->holm));
	/* Links are looked at once, after the last pair: nothing is spent. */
	return engine_is_of_build(g) ? 0
				     : spending_init(&g->spending, e->head.n_max, e->head.alpha,
						     SPENDING_SEED, err);
}

/* All that comes from pairs. */
static void forget(struct engine *g)
{
	for (size_t i = 0; g->workloads && i < g->e->nr_workloads; i++)
		free(g->workloads[i].series.d);
	free(g->workloads);
	free(g->overall.d);
	free(g->aa);
	free(g->position);
}

void engine_restart(struct engine *g, const struct evidence *e)
{
	struct engine fresh = { .spending = g->spending, .holm = g->holm };

	forget(g);
	*g = fresh;
	begin(g, e);
}

void engine_release(struct engine *g)
{
	forget(g);
	free(g->holm);
	*g = (struct engine)ENGINE_INIT;
}

const struct look *series_last(const struct series *s)
{
	return s->nr_looks ? &s->looks[s->nr_looks - 1] : NULL;
}

static struct verdict_rule rule_of(const struct engine *g)
{
	return (struct verdict_rule){ g->e->head.margin, g->e->head.min_effect };
}

static struct interval interval_at(const double *d, const struct spending_look *l)
{
	struct interval ci = { -INFINITY, INFINITY, 0 };
	uint32_t max = signed_rank_max(l->n);

	if (l->c <= max)
		return signed_rank_interval(d, l->n, l->c);
	ci.estimate = signed_rank_interval(d, l->n, max).estimate;
	return ci;
}

/* Whether a slightly other critical value would read otherwise. */
static bool is_near(const double *d, const struct spending_look *l, const struct verdict_rule *rule,
		    enum verdict v)
{
	uint32_t max = signed_rank_max(l->n);
	uint32_t step = (uint32_t)ceil(NEAR_BOUNDARY * max);
	struct spending_look wide = *l, tight = *l;
	struct interval iv;

	wide.c = l->c + step;
	tight.c = l->c > max / 2 + 1 + step ? l->c - step : max / 2 + 1;
	iv = interval_at(d, &wide);
	if (verdict_of(&iv, rule) != v)
		return true;
	iv = interval_at(d, &tight);
	return verdict_of(&iv, rule) != v;
}

/* One bound of the interval, moved to the side of centre that the exact test puts it on. */
static void settle(const struct engine *g, const double *d, unsigned n, double centre,
		   struct interval *ci)
{
	int side = spending_given(&g->spending, d, n, centre, g->e->head.seed);

	if (side > 0)
		ci->lo = fmax(ci->lo, nextafter(centre, INFINITY));
	else
		ci->lo = fmin(ci->lo, centre);
	if (side < 0)
		ci->hi = fmin(ci->hi, nextafter(centre, -INFINITY));
	else
		ci->hi = fmax(ci->hi, centre);
}

/* The four centres that verdicts are about, from the outside in. */
static void judge_exactly(const struct engine *g, const double *d, unsigned n, struct interval *ci)
{
	const struct verdict_rule rule = rule_of(g);
	double margin = log1p(rule.margin), effect = log1p(rule.min_effect);
	const double centres[] = { -margin, margin, 0, effect };
	size_t nr = ARRAY_SIZE(centres) - (effect == 0);

	for (size_t i = 0; i < nr; i++)
		settle(g, d, n, centres[i], ci);
	ci->estimate = fmin(fmax(ci->estimate, ci->lo), ci->hi);
}

static void intersect(struct interval *ci, const struct interval *with)
{
	double lo = fmax(ci->lo, with->lo), hi = fmin(ci->hi, with->hi);

	if (lo > hi)
		return; /* one of the looks missed: the newest knows most */
	ci->lo = lo;
	ci->hi = hi;
	ci->estimate = fmin(fmax(ci->estimate, lo), hi);
}

/* The table takes |d| that are all there and all different for granted. */
static bool any_tie(const double *d, unsigned n)
{
	uint32_t scores[SPENDING_MAX_N];
	bool tied = signed_rank_scores(d, n, 0, scores);

	for (unsigned i = 0; !tied && i < n; i++)
		tied = !scores[i];
	return tied;
}

static bool is_final(enum verdict v)
{
	return v != VERDICT_INCONCLUSIVE && v != VERDICT_NOT_SLOWER;
}

double engine_position_p(const struct engine *g)
{
	struct sign_flip p = sign_flip_test(g->position, g->nr_position, g->e->head.seed);

	return p_two_sided(p.p_greater, p.p_less);
}

/* The order in a pair widens the interval; units of two pairs will not have that. */
static bool order_in_the_way(const struct engine *g)
{
	return !g->nr_units[1] &&
	       sign_flip_rejects(g->position, g->nr_position, g->e->head.seed, INSTRUMENT_ALPHA);
}

static void judge(const struct engine *g, const struct series *s, struct look *k)
{
	const struct spending_look *l = &g->spending.looks[s->nr_looks];
	const struct verdict_rule rule = rule_of(g);

	*k = (struct look){ .n = l->n, .ci = interval_at(s->d, l) };
	k->verdict = verdict_of(&k->ci, &rule);
	/* Units of two kinds are not exchangeable, as the table has it. */
	k->exact = any_tie(s->d, l->n) || (g->nr_units[0] && g->nr_units[1]) ||
		   is_near(s->d, l, &rule, k->verdict);
	if (k->exact)
		judge_exactly(g, s->d, l->n, &k->ci);
	if (s->nr_looks)
		intersect(&k->ci, &s->looks[s->nr_looks - 1].ci);
	k->verdict = verdict_of(&k->ci, &rule);
}

/* A single workload is the whole: what was seen of the one is so of the other. */
static bool is_whole(const struct engine *g, const struct series *s)
{
	return g->e->nr_workloads == 1 && s == &g->overall &&
	       g->workloads[0].series.nr_looks > s->nr_looks;
}

static void look(const struct engine *g, struct series *s)
{
	const struct verdict_rule rule = rule_of(g);
	struct look *k = &s->looks[s->nr_looks];

	if (is_whole(g, s))
		*k = g->workloads[0].series.looks[s->nr_looks];
	else
		judge(g, s, k);
	s->nr_looks++;
	s->decided = s->decided || is_final(k->verdict);
	s->futile = !s->decided &&
		    verdict_prospect(&k->ci, k->n, g->e->head.n_max, &rule) < VERDICT_FUTILE &&
		    !order_in_the_way(g);
}

static void series_add(const struct engine *g, struct series *s, double d)
{
	if (s->nr >= g->e->head.n_max)
		return;
	push(&s->d, &s->nr, &s->alloc, d);
	if (engine_is_of_build(g))
		return;
	if (s->nr_looks < g->spending.nr_looks && s->nr == g->spending.looks[s->nr_looks].n)
		look(g, s);
}

static double log_ratio(const struct engine *g, const struct ab_pair *p)
{
	return log(evidence_metric(g->e, p->workload, &p->run[0]) /
		   evidence_metric(g->e, p->workload, &p->run[1]));
}

static void compare_outputs(struct engine *g, const struct ab_pair *p)
{
	const struct ab_workload_info *w = &g->e->workloads[p->workload];
	struct workload_result *r = &g->workloads[p->workload];
	bool same[2];

	if (!w->output_compared)
		return;
	for (int i = 0; i < 2; i++)
		same[i] = !strcmp(p->run[i].output, w->output);
	if (!same[0] || (p->kind == PAIR_AA && !same[1]))
		r->unstable = true;
	else if (!same[1] && p->kind == PAIR_LAYOUT)
		g->layout_differs = true;
	else if (!same[1])
		r->miscompare = true;
}

static void take_unit(struct engine *g, const struct ab_pair *p, double d)
{
	if (p->invalid != VALID) {
		g->nr_invalid[p->invalid]++;
		g->workloads[p->workload].nr_invalid++;
		return;
	}
	g->nr_valid++;
	if (p->kind == PAIR_LAYOUT) {
		g->nr_layout++;
		return;
	}
	if (p->part == PART_WHOLE)
		push(&g->position, &g->nr_position, &g->alloc_position, p->swapped ? -d : d);
	if (p->kind == PAIR_AA) {
		push(&g->aa, &g->nr_aa, &g->alloc_aa, d);
		return;
	}
	g->nr_units[p->part != PART_WHOLE]++;
	series_add(g, &g->workloads[p->workload].series, d);
}

static void take_pair(struct engine *g, const struct ab_pair *p)
{
	double d = log_ratio(g, p);

	if (p->invalid == VALID)
		compare_outputs(g, p);
	if (p->part == PART_FIRST)
		g->half = d;
	else
		take_unit(g, p, p->part == PART_SECOND ? (g->half + d) / 2 : d);
}

/* A round counts for the whole once each workload has a pair in it. */
static void extend_overall(struct engine *g)
{
	size_t nr = g->e->nr_workloads;

	while (g->overall.nr < g->e->head.n_max) {
		double sum = 0, weights = 0;

		for (size_t i = 0; i < nr; i++) {
			const struct series *s = &g->workloads[i].series;

			if (s->nr <= g->overall.nr)
				return;
			sum += g->e->workloads[i].weight * s->d[g->overall.nr];
			weights += g->e->workloads[i].weight;
		}
		series_add(g, &g->overall,
			   nr == 1 ? g->workloads[0].series.d[g->overall.nr] : sum / weights);
	}
}

/* Slower, and not within the margin, at some look with the boundaries of this table. */
static bool regressed_by(const struct engine *g, const struct series *s,
			 const struct spending *table)
{
	const struct verdict_rule rule = rule_of(g);

	for (unsigned q = 0; q < s->nr_looks; q++) {
		struct interval ci = interval_at(s->d, &table->looks[q]);

		if (verdict_of(&ci, &rule) == VERDICT_REGRESSION)
			return true;
	}
	return false;
}

/* The table for m hypotheses that are still open. */
static const struct spending *table_for(struct engine *g, size_t m, struct pgo_err *err)
{
	const struct evidence_head *h = &g->e->head;

	if (m <= 1 || engine_is_of_build(g))
		return &g->spending;
	if (!g->holm[m].nr_looks &&
	    spending_init(&g->holm[m], h->n_max, h->alpha / (double)m, SPENDING_SEED, err))
		return NULL;
	return &g->holm[m];
}

static size_t count_suspects(struct engine *g)
{
	size_t nr = 0;

	for (size_t i = 0; i < g->e->nr_workloads; i++) {
		struct workload_result *r = &g->workloads[i];
		const struct look *k = series_last(&r->series);

		r->suspected = k && k->verdict == VERDICT_REGRESSION;
		nr += r->suspected && !r->regressed;
	}
	return nr;
}

/*
 * "Some workload regressed" with one error rate for all of them: Holm's
 * step-down, allowed at every look because the boundaries of a smaller level
 * lie outside those of a larger one. Maurer and Bretz 2013.
 */
static int step_down(struct engine *g, struct pgo_err *err)
{
	size_t open = g->e->nr_workloads;
	bool again = count_suspects(g) > 0;

	for (size_t i = 0; i < g->e->nr_workloads; i++)
		open -= g->workloads[i].regressed;
	while (again) {
		const struct spending *table = table_for(g, open, err);
		double level = g->e->head.alpha / (double)open;

		if (!table)
			return -(int)err->code;
		again = false;
		for (size_t i = 0; i < g->e->nr_workloads; i++) {
			struct workload_result *r = &g->workloads[i];

			if (!r->suspected || r->regressed)
				continue;
			if (engine_is_of_build(g) ? !engine_layouts_regressed(g, i, level)
						  : !regressed_by(g, &r->series, table))
				continue;
			r->regressed = true;
			open--;
			again = true;
		}
	}
	return 0;
}

/* A slow-down that Holm does not confirm is no verdict yet. */
static void hold_back_suspects(struct engine *g)
{
	for (size_t i = 0; i < g->e->nr_workloads; i++) {
		struct workload_result *r = &g->workloads[i];

		if (r->suspected)
			r->series.decided = r->regressed;
	}
}

static int update_to(struct engine *g, size_t nr_pairs, struct pgo_err *err)
{
	int ret;

	for (; g->taken < nr_pairs; g->taken++)
		take_pair(g, &g->e->pairs[g->taken]);
	extend_overall(g);
	ret = step_down(g, err);
	hold_back_suspects(g);
	return ret;
}

int engine_update(struct engine *g, struct pgo_err *err)
{
	return update_to(g, g->e->nr_pairs, err);
}

/* Round by round, as it was when they came: Holm must not see the future. */
int engine_replay(struct engine *g, struct pgo_err *err)
{
	const struct evidence *e = g->e;
	int ret = 0;

	for (size_t i = 1; !ret && i <= e->nr_pairs; i++)
		if (i == e->nr_pairs || e->pairs[i].round != e->pairs[i - 1].round)
			ret = update_to(g, i, err);
	return ret ? ret : engine_finish(g, err);
}

static bool series_done(const struct engine *g, const struct series *s)
{
	return s->decided || s->futile || s->nr >= g->e->head.n_max;
}

bool engine_wants(const struct engine *g, size_t workload)
{
	return !series_done(g, &g->overall) || !series_done(g, &g->workloads[workload].series);
}

bool engine_done(const struct engine *g)
{
	for (size_t i = 0; i < g->e->nr_workloads; i++)
		if (engine_wants(g, i))
			return false;
	return true;
}

static void check_instrument(struct engine *g)
{
	struct instrument *in = &g->instrument;
	struct paired_result r;

	*in = (struct instrument){ .nr = g->nr_aa,
				   .floor = INFINITY,
				   .p = 1,
				   .position_p = engine_position_p(g),
				   .ci = { -INFINITY, INFINITY, 0 } };
	if (g->nr_aa && !paired_analyze(g->aa, g->nr_aa, g->e->head.alpha, &r, NULL)) {
		in->ci = r.ci;
		in->floor = expm1((r.ci.hi - r.ci.lo) / 2);
		in->p = p_two_sided(r.p_greater, r.p_less);
	}
	in->broken = in->p < INSTRUMENT_ALPHA;
	in->position_effect = in->position_p < INSTRUMENT_ALPHA;
}

static double slope(const double *d, size_t n)
{
	double mid = ((double)n - 1) / 2, xy = 0, xx = 0;

	for (size_t i = 0; i < n; i++) {
		xy += ((double)i - mid) * d[i];
		xx += ((double)i - mid) * ((double)i - mid);
	}
	return xx > 0 ? xy / xx : 0;
}

static void diagnose(struct engine *g, size_t i)
{
	const struct evidence *e = g->e;
	struct workload_result *r = &g->workloads[i];
	PGO_AUTO_FREE double *a = xcalloc(e->nr_pairs, sizeof(*a));
	PGO_AUTO_FREE double *b = xcalloc(e->nr_pairs, sizeof(*b));
	struct paired_result p;
	size_t n = 0;

	for (size_t k = 0; k < e->nr_pairs; k++) {
		const struct ab_pair *pair = &e->pairs[k];

		if (pair->workload != i || pair->kind != PAIR_AB || pair->invalid != VALID)
			continue;
		a[n] = evidence_metric(e, i, &pair->run[0]) / e->workloads[i].times;
		b[n++] = evidence_metric(e, i, &pair->run[1]) / e->workloads[i].times;
	}
	if (!n || paired_analyze(r->series.d, r->series.nr, e->head.alpha, &p, NULL))
		return;
	r->log_median_ratio = log_median_ratio(a, b, n);
	r->median_a_s = median(a, n);
	r->median_b_s = median(b, n);
	r->mean = p.mean;
	r->lag1 = p.lag1;
	r->drift = slope(r->series.d, r->series.nr);
	r->disagrees = paired_disagrees(&p, r->log_median_ratio);
}

int engine_finish(struct engine *g, struct pgo_err *err)
{
	int ret = engine_update(g, err);

	if (!ret && engine_is_of_build(g)) {
		engine_judge_layouts(g);
		ret = update_to(g, g->taken, err);
	}
	if (ret)
		return ret;
	for (size_t i = 0; i < g->e->nr_workloads; i++)
		diagnose(g, i);
	check_instrument(g);
	engine_find_floor(g);
	return 0;
}

enum verdict engine_verdict(const struct engine *g, size_t workload)
{
	const struct workload_result *r = &g->workloads[workload];
	const struct look *k = series_last(&r->series);

	if (!k || (r->suspected && !r->regressed))
		return VERDICT_INCONCLUSIVE;
	return k->verdict;
}

enum verdict engine_overall(const struct engine *g)
{
	const struct look *k = series_last(&g->overall);

	return k ? k->verdict : VERDICT_INCONCLUSIVE;
}

static bool too_many_invalid(const struct engine *g)
{
	size_t bad = 0;

	for (int i = 0; i < NR_INVALID; i++)
		bad += g->nr_invalid[i];
	return (double)bad > INVALID_SHARE * (double)(bad + g->nr_valid);
}

/* The gates proper, outputs and instrument being in order. */
static enum gate_answer answer(const struct engine *g)
{
	enum verdict whole = engine_overall(g);
	bool all_not_slower = true;

	for (size_t i = 0; i < g->e->nr_workloads; i++) {
		if (g->workloads[i].regressed)
			return GATE_FAIL;
		all_not_slower &= verdict_is_not_slower(engine_verdict(g, i));
	}
	if (whole == VERDICT_REGRESSION)
		return GATE_FAIL;
	switch (g->e->head.gate) {
	case GATE_NO_REGRESSION:
		return whole == VERDICT_INCONCLUSIVE ? GATE_OPEN : GATE_PASS;
	case GATE_PROVE_NOT_SLOWER:
		return all_not_slower ? GATE_PASS : GATE_OPEN;
	case GATE_PROVE_FASTER:
		if (whole == VERDICT_FASTER)
			return all_not_slower ? GATE_PASS : GATE_OPEN;
		return is_final(whole) ? GATE_FAIL : GATE_OPEN;
	}
	return GATE_OPEN;
}

enum gate_answer engine_gate(const struct engine *g)
{
	for (size_t i = 0; i < g->e->nr_workloads; i++)
		if (g->workloads[i].miscompare && !g->workloads[i].unstable)
			return GATE_MISCOMPARE;
	if (g->instrument.broken || too_many_invalid(g))
		return GATE_INSTRUMENT;
	return answer(g);
}

int gate_exit(enum gate_answer a)
{
	static const int codes[] = {
		[GATE_PASS] = PGO_EXIT_OK,
		[GATE_FAIL] = PGO_EXIT_NO,
		[GATE_OPEN] = PGO_EXIT_INCONCLUSIVE,
		[GATE_INSTRUMENT] = PGO_EXIT_INSTRUMENT,
		[GATE_MISCOMPARE] = PGO_EXIT_MISCOMPARE,
	};

	return codes[a];
}
