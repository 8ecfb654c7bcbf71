/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/experiment.h"

#include <math.h>

#include "pgo/base/child.h"
#include "pgo/base/clock.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/base/progress.h"
#include "pgo/core/explain-run.h"
#include "pgo/core/layout.h"
#include "pgo/core/measure.h"
#include "pgo/core/nature.h"
#include "pgo/core/source.h"
#include "pgo/stats/rng.h"

#define LONG_NS 1000000000u	/* a run longer than this is seen as it is */
#define MIN_PAIRS 6		/* below, the smallest possible p is above alpha */
#define MIN_AA 8		/* A/A pairs before the first A/B pair */
#define AB_PER_AA 10		/* afterwards, one A/A pair for so many A/B pairs */
#define MAX_WARM_UP 3
#define MAX_RETRIES 20		/* of one invalidated pair */
#define FLOOR_PAIRS 8		/* of the baseline and each of its layouts */

void experiment_release(struct experiment *e)
{
	engine_release(&e->engine);
	explanation_release(&e->why);
	evidence_release(&e->evidence);
	waits_list_release(&e->waits);
	free(e->path);
	*e = (struct experiment)EXPERIMENT_INIT;
}

/* The experiment while it runs. */
struct trial {
	struct project *p;
	const struct experiment_opts *opts;
	struct experiment *x;
	struct evidence *e; /* x's */
	struct meter meter;
	const struct workload **specs; /* beside e->workloads */
	uint64_t *process_ns; /* of one process, by the workload's metric; beside e->workloads */
	struct side sides[3];
	struct side *laid_out[2]; /* baseline and candidate by layout, from 1 */
	struct rng rng;
	uint64_t start_ns;
	unsigned round;
	size_t nr_aa, nr_ab;
	size_t next_aa;	   /* the workload of the next A/A pair */
	bool abba;	   /* units of two pairs, and a run before them */
	unsigned nr_looks; /* of the whole, when the order's effect was looked at */
	bool keeping;	   /* the evidence file has its head: pairs follow as they come */
};

static void trial_release(struct trial *t)
{
	free(t->specs);
	free(t->process_ns);
	for (size_t i = 0; i < ARRAY_SIZE(t->sides); i++)
		free(t->sides[i].out_dir);
	for (size_t i = 0; i < ARRAY_SIZE(t->laid_out); i++) {
		for (unsigned l = 1; t->laid_out[i] && l <= EVIDENCE_MAX_LAYOUTS; l++)
			free(t->laid_out[i][l].out_dir);
		free(t->laid_out[i]);
	}
	meter_release(&t->meter);
}
PGO_DEFINE_AUTO(trial, trial_release)

/* The layouts of one side, each in a folder of its number. */
static int lay_out_more(struct trial *t, int side, struct pgo_err *err)
{
	const struct layout_outs *outs = t->opts->outs[side];
	PGO_AUTO_FREE char *ab = project_path(t->p, "ab");
	int ret = 0;

	t->laid_out[side] = xcalloc(EVIDENCE_MAX_LAYOUTS + 1, sizeof(struct side));
	for (unsigned l = 1; !ret && outs && l <= outs->dirs.nr; l++) {
		struct side *s = &t->laid_out[side][l];

		s->label = (char)('a' + side);
		s->out_dir = xstrfmt("%s/%02u/%c", ab, l, s->label);
		ret = fs_copy_tree(outs->dirs.v[l - 1], s->out_dir, NULL, NULL, err);
	}
	return ret;
}

/* The sides lie beside each other under names of one length, the copy in files of its own. */
static int lay_out(struct trial *t, const char *baseline, const char *candidate,
		   struct pgo_err *err)
{
	const char *from[3] = { baseline, candidate, baseline };
	PGO_AUTO_FREE char *ab = project_path(t->p, "ab");
	int ret = fs_remove_tree(ab, err);

	for (int i = 0; !ret && i < 3; i++) {
		t->sides[i].label = (char)('a' + i);
		t->sides[i].out_dir = xstrfmt("%s/00/%c", ab, t->sides[i].label);
		ret = fs_copy_tree(from[i], t->sides[i].out_dir, NULL, NULL, err);
	}
	for (int i = 0; !ret && i < 2; i++)
		ret = lay_out_more(t, i, err);
	return ret;
}

static int choose_workloads(struct trial *t, struct pgo_err *err)
{
	const struct config *cfg = &t->p->config;
	struct evidence *e = t->e;

	e->workloads = xcalloc(cfg->nr_workloads, sizeof(*e->workloads));
	t->specs = xcalloc(cfg->nr_workloads, sizeof(*t->specs));
	t->process_ns = xcalloc(cfg->nr_workloads, sizeof(*t->process_ns));
	for (size_t i = 0; i < cfg->nr_workloads; i++) {
		const struct workload *w = &cfg->workloads[i];

		if (!(w->use & USE_VALIDATE))
			continue;
		t->specs[e->nr_workloads] = w;
		e->workloads[e->nr_workloads++] = (struct ab_workload_info){
			.name = xstrdup(w->name),
			.weight = w->weight,
			.times = 1,
			.held_out = !(w->use & USE_TRAIN),
			.output_compared = strcmp(w->output, "none") != 0,
		};
	}
	if (e->nr_workloads)
		return 0;
	pgo_error(err, PGO_ECONFIG, "no workload is marked 'validate' or 'both'");
	return pgo_err_hint(err, "set use: both on one in '%s'", cfg->path);
}

/* Before an hour is spent on it; by the baseline's last run, which reads from the disk least. */
static void note_waits(struct trial *t, char *name, const struct measured *m)
{
	const struct run_watch watch = { .metrics = m->metrics, .lone = m->lone };
	const struct waited w = { .stage = "warm-up",
				  .workload = name,
				  .metrics = m->metrics,
				  .cpu_limit = t->meter.env.cpu_limit,
				  .memory_limit = t->meter.env.memory_limit,
				  .judged = true,
				  .waits = waits_of(&watch) };
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	waits_list_add(&t->x->waits, &w);
	if (waits_tell(&w.waits, &text))
		log_warn("workload '%s' %s", name, text.buf);
}

/*
 * Discarded runs, until nothing is read from the disk any more; they fix the metric and the
 * unit.
 */
static int warm_up(struct trial *t, size_t i, struct pgo_err *err)
{
	struct ab_workload_info *w = &t->e->workloads[i];
	struct nature nature = NATURE_INIT;
	struct measured a, b;
	int ret = 0;

	for (int n = 0; n < MAX_WARM_UP; n++) {
		progress_step(i, w->name);
		ret = meter_run(&t->meter, t->specs[i], &t->sides[0], 1, 0, &a, err);
		if (!ret)
			ret = meter_run(&t->meter, t->specs[i], &t->sides[1], 1, 0, &b, err);
		if (ret)
			return ret;
		nature.settled = true;
		nature_observe(&nature, &a);
		nature_observe(&nature, &b);
		/* This program may be late to see an end: one quiet run of a few is enough. */
		if (nature.settled &&
		    (nature_metric(&nature) == METRIC_CPU || a.metrics.wall_ns > LONG_NS))
			break;
	}
	w->metric = nature_metric(&nature);
	nature_tell(&nature, w->name);
	note_waits(t, w->name, &a);
	if (a.nr_left || b.nr_left)
		log_warn(
			"workload '%s' leaves processes behind, %u in a run: they are ended with "
			"it, and their time is counted up to then",
			w->name, a.nr_left > b.nr_left ? a.nr_left : b.nr_left);
	t->process_ns[i] = (uint64_t)(evidence_metric(t->e, i, &a.metrics) * 1e9);
	w->times = nature_times(t->process_ns[i], a.metrics.wall_ns);
	w->unit_ns = a.metrics.wall_ns * w->times;
	t->x->forecast.round_ns += (a.metrics.wall_ns + b.metrics.wall_ns) * w->times;
	memcpy(w->output, a.metrics.output, sizeof(w->output));
	return 0;
}

static int append_evidence(const struct trial *t, json_t *o, struct pgo_err *err)
{
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	int ret;

	js_dump(o, &line, true);
	json_decref(o);
	strbuf_addch(&line, '\n');
	ret = fs_append_line(t->x->path, line.buf, line.len, err);
	if (!ret && t->opts->evidence)
		ret = fs_append_line(t->opts->evidence, line.buf, line.len, err);
	return ret;
}

static uint64_t spin_of(const struct trial *t, size_t i, const struct side *side)
{
	return side->label == 'b' ? (uint64_t)(t->opts->inject * (double)t->process_ns[i]) : 0;
}

static const struct side *side_of(const struct trial *t, const struct ab_pair *pair, int s)
{
	if (pair->kind == PAIR_AA)
		return &t->sides[s ? 2 : 0];
	if (pair->kind == PAIR_LAYOUT)
		return s ? &t->laid_out[0][pair->layout] : &t->sides[0];
	return pair->layout ? &t->laid_out[s][pair->layout] : &t->sides[s];
}

static int run_side(struct trial *t, const struct ab_pair *pair, int s, struct measured *m,
		    struct pgo_err *err)
{
	const struct side *side = side_of(t, pair, s);

	return meter_run(&t->meter, t->specs[pair->workload], side,
			 t->e->workloads[pair->workload].times, spin_of(t, pair->workload, side), m,
			 err);
}

static int run_both(struct trial *t, struct ab_pair *pair, struct pgo_err *err)
{
	struct measured m;
	int ret = 0;

	for (int n = 0; !ret && n < 2; n++) {
		int s = pair->swapped ? !n : n;

		ret = run_side(t, pair, s, &m, err);
		pair->run[s] = m.metrics;
		if (!ret && pair->invalid == VALID)
			pair->invalid = m.invalid;
	}
	return ret;
}

/*
 * ABBA or BAAB. The run before it, of the side that goes first, makes both sides follow each
 * side once: what a run leaves to the next falls on both alike.
 */
static int run_four(struct trial *t, struct ab_pair unit[2], struct pgo_err *err)
{
	struct measured rest;
	int ret = run_side(t, &unit[0], unit[0].swapped, &rest, err);

	unit[0].part = PART_FIRST;
	unit[1] = unit[0];
	unit[1].part = PART_SECOND;
	unit[1].swapped = !unit[0].swapped;
	for (int i = 0; !ret && i < 2; i++)
		ret = run_both(t, &unit[i], err);
	if (!ret && unit[0].invalid == VALID)
		unit[0].invalid = unit[1].invalid;
	unit[1].invalid = unit[0].invalid;
	return ret;
}

/* One attempt at a unit; what the environment did to it decides whether it counts. */
static int attempt(struct trial *t, struct ab_pair unit[2], struct pgo_err *err)
{
	struct ab_pair *pair = &unit[0];

	pair->swapped = rng_coin(&t->rng);
	pair->padding_bytes = t->opts->no_padding ? 0 : (unsigned)rng_below(&t->rng, 4096);
	pair->processor = meter_processor(&t->rng);
	pair->invalid = VALID;
	t->meter.padding_bytes = pair->padding_bytes;
	t->meter.processor = pair->processor;
	return t->abba ? run_four(t, unit, err) : run_both(t, pair, err);
}

static int keep_pair(struct trial *t, const struct ab_pair *pair, struct pgo_err *err)
{
	evidence_add(t->e, pair);
	return t->keeping ? append_evidence(t, evidence_pair_json(t->e, pair), err) : 0;
}

/* Run until an attempt is valid; each is kept as evidence. */
static int run_pair(struct trial *t, size_t workload, enum pair_kind kind, unsigned layout,
		    struct pgo_err *err)
{
	struct ab_pair unit[2] = {
		{ .workload = workload, .kind = kind, .round = t->round, .layout = layout }
	};

	for (int n = 0; n < MAX_RETRIES; n++) {
		int ret = attempt(t, unit, err);

		for (int i = 0; !ret && i < (t->abba ? 2 : 1); i++)
			ret = keep_pair(t, &unit[i], err);
		if (ret || unit[0].invalid == VALID)
			return ret;
	}
	return 0;
}

static int run_aa(struct trial *t, struct pgo_err *err)
{
	int ret = run_pair(t, t->next_aa, PAIR_AA, 0, err);

	t->next_aa = (t->next_aa + 1) % t->e->nr_workloads;
	t->nr_aa++;
	return ret;
}

static void end_round(struct trial *t)
{
	t->round++;
	t->meter.group = t->round;
}

static int run_ab(struct trial *t, size_t workload, unsigned layout, struct pgo_err *err)
{
	int ret;

	progress_step(t->round, t->e->workloads[workload].name);
	ret = run_pair(t, workload, PAIR_AB, layout, err);
	t->nr_ab++;
	return ret || t->nr_ab % AB_PER_AA ? ret : run_aa(t, err);
}

/* One pair of every workload in every layout, in an order of its own each time. */
static int run_layouts(struct trial *t, enum pair_kind kind, unsigned nr_layouts,
		       struct pgo_err *err)
{
	size_t nr = t->e->nr_workloads * nr_layouts;
	PGO_AUTO_FREE size_t *order = xcalloc(nr, sizeof(*order));
	int ret = 0;

	for (size_t i = 0; i < nr; i++)
		order[i] = i;
	rng_shuffle(&t->rng, order, nr);
	for (size_t i = 0; !ret && i < nr; i++) {
		size_t workload = order[i] % t->e->nr_workloads;
		unsigned layout = 1 + (unsigned)(order[i] / t->e->nr_workloads);

		if (kind == PAIR_AB)
			ret = run_ab(t, workload, layout, err);
		else
			ret = run_pair(t, workload, kind, layout, err);
	}
	end_round(t);
	return ret;
}

static size_t shuffle_wanted(struct trial *t, size_t *order)
{
	size_t nr = 0;

	for (size_t i = 0; i < t->e->nr_workloads; i++)
		if (engine_wants(&t->x->engine, i))
			order[nr++] = i;
	rng_shuffle(&t->rng, order, nr);
	return nr;
}

/*
 * Whether the order matters is looked at when the whole is, not after every pair, so that chance
 * seldom says yes. Each later unit costs five runs in place of two.
 */
static void consider_order(struct trial *t)
{
	const struct engine *g = &t->x->engine;
	double p;

	if (t->abba || t->opts->unit != UNIT_AUTO || t->nr_looks == g->overall.nr_looks)
		return;
	t->nr_looks = g->overall.nr_looks;
	p = engine_position_p(g);
	if (p >= INSTRUMENT_ALPHA || engine_done(g))
		return;
	t->abba = true;
	log_warn(
		"the second run of a pair differs from the first by itself (p %.2g): from here "
		"on a unit is ABBA with a run before it",
		p);
}

static int run_round(struct trial *t, struct pgo_err *err)
{
	PGO_AUTO_FREE size_t *order = xcalloc(t->e->nr_workloads, sizeof(*order));
	size_t nr = shuffle_wanted(t, order);
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++)
		ret = run_ab(t, order[i], 0, err);
	end_round(t);
	if (!ret)
		ret = engine_update(&t->x->engine, err);
	if (!ret)
		consider_order(t);
	return ret;
}

/* Fixed before the first A/B pair, so that no result can choose its own sample size. */
static unsigned fix_n_max(const struct trial *t)
{
	uint64_t budget = t->opts->budget_ns ? t->opts->budget_ns : t->p->config.budget_ns;
	unsigned most = t->opts->pairs ? t->opts->pairs : t->p->config.pairs;
	uint64_t runs = t->x->forecast.round_ns * (t->abba ? 5 : 2) / 2;
	uint64_t round = runs * (AB_PER_AA + 1) / AB_PER_AA;
	uint64_t spent = clock_now_ns() - t->start_ns, fit;

	if (!budget || !round)
		return most;
	/* A budget alone sets the number; with a number given it only cuts it. */
	if (!t->opts->pairs && t->opts->budget_ns)
		most = SPENDING_MAX_N;
	fit = budget > spent ? (budget - spent) / round : 0;
	if (fit < MIN_PAIRS)
		fit = MIN_PAIRS;
	return fit < most ? (unsigned)fit : most;
}

static int make_forecast(struct trial *t, struct pgo_err *err)
{
	struct forecast *f = &t->x->forecast;
	struct evidence_head *h = &t->e->head;
	PGO_AUTO(strbuf) time = STRBUF_INIT;
	PGO_AUTO(strbuf) least = STRBUF_INIT;
	int ret;

	h->n_max = fix_n_max(t);
	if (h->layouts.estimand == ESTIMAND_BUILD) {
		layout_plan(t->e, t->opts->pairs || t->opts->budget_ns);
		layout_forecast(t->e, f);
		ret = 0;
	} else {
		ret = forecast_make(t->e, f, err);
	}
	if (ret)
		return ret;
	num_add_duration(&time, f->pairs * f->round_ns);
	if (f->pairs)
		log_info("to prove a margin of %.3g %% here takes about %u pairs, %s",
			 h->margin * 100, f->pairs, time.buf);
	if (f->provable <= h->margin || (isinf(f->provable) && !f->known))
		return 0;
	if (isinf(f->provable))
		strbuf_addstr(&least, "none at all");
	else
		strbuf_addf(&least, "%.1f %%", f->provable * 100);
	if (!t->opts->insist || t->opts->force) {
		log_info("the margin that %u pairs can prove here: %s; it is %.3g %%", h->n_max,
			 least.buf, h->margin * 100);
		return 0;
	}
	pgo_error(err, PGO_ELIMIT, "a margin of %.3g %% is below what %u pairs can prove here: %s",
		  h->margin * 100, h->n_max, least.buf);
	return pgo_err_hint(err, "allow more --pairs or --budget, or insist with --force-margin");
}

/* Said before hours are spent, not after them. */
static void tell_time(const struct trial *t, size_t nr_aa_rounds)
{
	uint64_t least = t->x->forecast.round_ns * (nr_aa_rounds + MIN_PAIRS);
	uint64_t budget = t->opts->budget_ns ? t->opts->budget_ns : t->p->config.budget_ns;
	PGO_AUTO(strbuf) need = STRBUF_INIT;
	PGO_AUTO(strbuf) have = STRBUF_INIT;

	if (t->abba)
		least = least * 5 / 2;
	num_add_duration(&need, least);
	num_add_duration(&have, budget);
	if (budget && budget < least)
		log_warn("the budget is %s, but the fewest pairs that can tell anything take %s",
			 have.buf, need.buf);
	else
		log_step("the fewest pairs that can tell anything take %s", need.buf);
}

static int calibrate(struct trial *t, struct pgo_err *err)
{
	size_t nr = t->e->nr_workloads ? t->e->nr_workloads : 1;
	size_t each = (MIN_AA + nr - 1) / nr, total = each * nr;
	int ret = 0;

	tell_time(t, each);
	progress_start("A/A pairs", total);
	for (size_t i = 0; !ret && i < total; i++) {
		progress_step(i, t->e->workloads[t->next_aa].name);
		ret = run_aa(t, err);
	}
	return ret;
}

/* How far the baseline's layouts lie apart; known before the first A/B pair. */
static int measure_floor(struct trial *t, struct pgo_err *err)
{
	int ret = 0;

	progress_start("layouts", FLOOR_PAIRS);
	for (unsigned i = 0; !ret && t->e->head.layouts.floor && i < FLOOR_PAIRS; i++) {
		progress_step(i, "");
		ret = run_layouts(t, PAIR_LAYOUT, t->e->head.layouts.floor, err);
	}
	return ret;
}

static void fill_layouts(const struct trial *t, struct evidence_layouts *l)
{
	const struct layout_outs *const *outs = t->opts->outs;

	l->estimand = t->opts->estimand;
	l->nr = l->estimand == ESTIMAND_BUILD ? t->opts->layouts : 0;
	l->floor = t->opts->floor;
	for (int i = 0; i < 2; i++)
		if (outs[i] && outs[i]->dirs.nr)
			l->link_ns += outs[i]->link_ns / outs[i]->dirs.nr;
}

static int fill_head(struct trial *t, struct pgo_err *err)
{
	struct evidence_head *h = &t->e->head;
	PGO_AUTO(source_commit) commit = { 0 };
	PGO_AUTO(environment_text) text = { 0 };

	h->seed = t->opts->seed ? t->opts->seed : clock_now_ns() * 0x9e3779b97f4a7c15u;
	h->alpha = t->opts->alpha > 0 ? t->opts->alpha : 0.025;
	h->margin = t->opts->margin >= 0 ? t->opts->margin : t->p->config.margin;
	h->min_effect = t->opts->min_effect;
	h->inject = t->opts->inject;
	h->gate = t->opts->gate;
	h->n_max = t->opts->pairs ? t->opts->pairs : t->p->config.pairs;
	h->a = xstrdup(t->sides[0].line ? t->sides[0].line : "baseline");
	h->b = xstrdup(t->sides[1].line ? t->sides[1].line : "optimized");
	fill_layouts(t, &h->layouts);
	environment_describe("", &text);
	h->machine = TAKE_PTR(text.machine);
	h->kernel = TAKE_PTR(text.kernel);
	rng_seed(&t->rng, h->seed);
	if (!t->p->config.source || source_commit_get(t->p, &commit, err))
		return err && err->code ? -(int)err->code : 0;
	h->commit = TAKE_PTR(commit.commit);
	t->x->dirty = commit.dirty;
	return 0;
}

/* The head names n_max, which the A/A pairs decided: it is written after them, they behind it. */
static int start_evidence(struct trial *t, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = project_path(t->p, "validate");
	int ret = fs_mkdir_p(dir, err);

	t->x->path = fs_join(dir, "evidence.jsonl");
	if (!ret)
		ret = fs_write_atomic(t->x->path, "", 0, 0666, err);
	if (!ret && t->opts->evidence)
		ret = fs_write_atomic(t->opts->evidence, "", 0, 0666, err);
	if (!ret)
		ret = append_evidence(t, evidence_head_json(t->e), err);
	for (size_t i = 0; !ret && i < t->e->nr_pairs; i++)
		ret = append_evidence(t, evidence_pair_json(t->e, &t->e->pairs[i]), err);
	t->keeping = true;
	return ret;
}

static int run_rounds(struct trial *t, struct pgo_err *err)
{
	int ret = engine_init(&t->x->engine, t->e, err);

	if (!ret)
		ret = engine_update(&t->x->engine, err);
	progress_start("validate", t->e->head.n_max);
	if (t->e->head.layouts.estimand == ESTIMAND_BUILD) {
		unsigned nr = t->e->head.layouts.nr;

		for (unsigned i = 0; !ret && i < t->e->head.n_max / nr; i++)
			ret = run_layouts(t, PAIR_AB, nr, err);
		return ret;
	}
	while (!ret && !engine_done(&t->x->engine))
		ret = run_round(t, err);
	return ret;
}

/* After the last pair, so that it disturbs none; a signal ends it, and takes no verdict back. */
static int explain(struct trial *t, struct pgo_err *err)
{
	struct explanation *why = &t->x->why;
	int ret = 0;

	explanation_init(why, t->e, "not run: a signal came before");
	if (!t->x->cancelled)
		ret = explain_run(&t->meter, t->specs, t->sides, why, err);
	if (ret && ret != -PGO_ECANCELLED)
		return ret;
	t->x->cancelled |= ret != 0;
	explanation_conclude(why, &t->x->engine);
	return 0;
}

/* A run that fails takes no pair back that came before it. Two commands have no project to keep
 * the evidence in. */
static void tell_what_is_kept(const struct trial *t)
{
	const char *kept = t->opts->evidence;

	if (!series_last(&t->x->engine.overall))
		return;
	if (!kept && t->p->config.source)
		kept = t->x->path;
	if (kept)
		log_info(
			"what the pairs before the run that failed say: pgoctl validate "
			"--replay %s",
			kept);
	else
		log_info(
			"the pairs before the run that failed are not kept; with --evidence FILE "
			"they are");
}

static int run_trial(struct trial *t, struct pgo_err *err)
{
	int ret = 0;

	progress_start("warm up", t->e->nr_workloads);
	for (size_t i = 0; !ret && i < t->e->nr_workloads; i++)
		ret = warm_up(t, i, err);
	if (!ret)
		ret = calibrate(t, err);
	if (!ret)
		ret = measure_floor(t, err);
	if (!ret)
		ret = make_forecast(t, err);
	if (!ret)
		ret = start_evidence(t, err);
	if (ret)
		return ret;
	ret = run_rounds(t, err);
	/* What the last look said before a signal came is as good as ever. */
	if (ret == -PGO_ECANCELLED && !engine_finish(&t->x->engine, err) &&
	    t->x->engine.overall.nr_looks) {
		t->x->cancelled = true;
		ret = 0;
	}
	if (!ret)
		ret = engine_finish(&t->x->engine, err);
	else if (ret != -PGO_ECANCELLED)
		tell_what_is_kept(t);
	return ret || !t->opts->explain ? ret : explain(t, err);
}

static int run_all(struct trial *t, const char *baseline, const char *candidate,
		   struct pgo_err *err)
{
	PGO_AUTO_FREE char *ab = project_path(t->p, "ab");
	int ret = choose_workloads(t, err);

	t->start_ns = clock_now_ns();
	t->abba = t->opts->unit == UNIT_ABBA;
	if (!ret && baseline)
		ret = lay_out(t, baseline, candidate, err);
	if (!ret)
		ret = fill_head(t, err);
	if (!ret)
		ret = meter_init(&t->meter, t->p, t->opts->prepare, t->opts->no_shell, err);
	t->e->head.cpu_limit = t->meter.env.cpu_limit;
	t->e->head.memory_limit = t->meter.env.memory_limit;
	if (!ret)
		ret = run_trial(t, err);
	progress_stop();
	fs_remove_tree(ab, NULL);
	t->x->live = true;
	t->x->wall_ns = clock_now_ns() - t->start_ns;
	return ret;
}

/* *ret is filled in place: the engine points at its evidence. */
int experiment_run(struct project *p, const char *baseline, const char *candidate,
		   const struct experiment_opts *opts, struct experiment *ret, struct pgo_err *err)
{
	PGO_AUTO(trial) t = { .p = p, .opts = opts, .x = ret, .e = &ret->evidence };

	return run_all(&t, baseline, candidate, err);
}

int experiment_commands(struct project *p, const char *a, const char *b,
			const struct experiment_opts *opts, struct experiment *ret,
			struct pgo_err *err)
{
	PGO_AUTO(trial) t = { .p = p, .opts = opts, .x = ret, .e = &ret->evidence };
	const char *const lines[3] = { a, b, a };

	for (int i = 0; i < 3; i++)
		t.sides[i] = (struct side){ (char)('a' + i), xstrdup(""), lines[i] };
	return run_all(&t, NULL, NULL, err);
}

int experiment_exit(const struct experiment *x)
{
	return x->cancelled ? 128 + child_cancelled() : gate_exit(engine_gate(&x->engine));
}

int experiment_replay(const char *path, struct experiment *ret, struct pgo_err *err)
{
	int r = evidence_read(path, &ret->evidence, err);

	if (!r)
		r = engine_init(&ret->engine, &ret->evidence, err);
	if (r)
		return r;
	ret->path = xstrdup(path);
	return engine_replay(&ret->engine, err);
}

void experiment_explain_counters(struct experiment *x)
{
	explanation_init(&x->why, &x->evidence, "not run: a replay runs nothing");
	explanation_conclude(&x->why, &x->engine);
}
