/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/experiment.h"

#include <math.h>

#include "pgo/base/child.h"
#include "pgo/base/clock.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/base/progress.h"
#include "pgo/core/measure.h"
#include "pgo/core/source.h"
#include "pgo/stats/rng.h"

#define UNIT_NS 20000000u	/* a unit shorter than this is repeated inside */
#define MIN_PAIRS 6		/* below, the smallest possible p is above alpha */
#define MIN_AA 8		/* A/A pairs before the first A/B pair */
#define AB_PER_AA 10		/* afterwards, one A/A pair for so many A/B pairs */
#define MAX_WARM_UP 3
#define MAX_RETRIES 20		/* of one invalidated pair */

void experiment_release(struct experiment *e)
{
	engine_release(&e->engine);
	evidence_release(&e->evidence);
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
	struct rng rng;
	uint64_t start_ns;
	unsigned round;
	size_t nr_aa, nr_ab;
	size_t next_aa; /* the workload of the next A/A pair */
	bool keeping;	/* the evidence file has its head: pairs follow as they come */
};

static void trial_release(struct trial *t)
{
	free(t->specs);
	free(t->process_ns);
	for (size_t i = 0; i < ARRAY_SIZE(t->sides); i++)
		free(t->sides[i].out_dir);
	meter_release(&t->meter);
}
PGO_DEFINE_AUTO(trial, trial_release)

/* The sides lie beside each other under names of one length, the copy in files of its own. */
static int lay_out(struct trial *t, const char *baseline, const char *candidate,
		   struct pgo_err *err)
{
	const char *from[3] = { baseline, candidate, baseline };
	PGO_AUTO_FREE char *ab = project_path(t->p, "ab");
	int ret = fs_remove_tree(ab, err);

	for (int i = 0; !ret && i < 3; i++) {
		t->sides[i].label = (char)('a' + i);
		t->sides[i].out_dir = xstrfmt("%s/%c", ab, t->sides[i].label);
		ret = fs_copy_tree(from[i], t->sides[i].out_dir, NULL, NULL, err);
	}
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

static double share_of(uint64_t part, uint64_t whole, uint64_t less)
{
	return whole > less ? (double)part / (double)(whole - less) : 0;
}

/*
 * What a run is measured by. CPU time says the same as wall time with less
 * noise, where it is all that the program spends; a program that waits is
 * measured by the time in which it was not kept from running; one with threads
 * by wall time, since threads trade one for the other.
 */
static enum metric choose_metric(const struct run_metrics *m)
{
	uint64_t delay = m->run_delay_ns == NOT_MEASURED ? 0 : m->run_delay_ns;
	double share = share_of(m->cpu_ns, m->wall_ns, delay);

	if (share > 1.10)
		return METRIC_WALL;
	if (share > 0.95)
		return METRIC_CPU;
	return m->run_delay_ns == NOT_MEASURED ? METRIC_WALL : METRIC_ACTIVE;
}

/*
 * Discarded runs, until nothing is read from the disk any more; they fix the metric and the
 * unit.
 */
static int warm_up(struct trial *t, size_t i, struct pgo_err *err)
{
	struct ab_workload_info *w = &t->e->workloads[i];
	struct measured a, b;
	int ret = 0;

	for (int n = 0; n < MAX_WARM_UP; n++) {
		progress_step(i, w->name);
		ret = meter_run(&t->meter, t->specs[i], &t->sides[0], 1, 0, &a, err);
		if (!ret)
			ret = meter_run(&t->meter, t->specs[i], &t->sides[1], 1, 0, &b, err);
		if (ret)
			return ret;
		if (!a.metrics.major_faults && !b.metrics.major_faults)
			break;
	}
	w->metric = choose_metric(&a.metrics);
	if (w->metric != METRIC_CPU && choose_metric(&b.metrics) == METRIC_CPU)
		w->metric = METRIC_CPU;
	if (a.metrics.wall_ns < UNIT_NS)
		w->times = (unsigned)(UNIT_NS / (a.metrics.wall_ns + 1)) + 1;
	t->process_ns[i] = (uint64_t)(evidence_metric(t->e, i, &a.metrics) * 1e9);
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

/* One attempt at a pair; what the environment did to it decides whether it counts. */
static int attempt(struct trial *t, struct ab_pair *pair, struct pgo_err *err)
{
	const struct side *sides[2] = { &t->sides[0], &t->sides[pair->kind == PAIR_AA ? 2 : 1] };
	const struct ab_workload_info *w = &t->e->workloads[pair->workload];
	int ret = 0;

	pair->swapped = rng_coin(&t->rng);
	pair->padding_bytes = t->opts->no_padding ? 0 : (unsigned)rng_below(&t->rng, 4096);
	pair->invalid = VALID;
	t->meter.padding_bytes = pair->padding_bytes;
	for (int n = 0; !ret && n < 2; n++) {
		int s = pair->swapped ? !n : n;
		struct measured m;

		ret = meter_run(&t->meter, t->specs[pair->workload], sides[s], w->times,
				spin_of(t, pair->workload, sides[s]), &m, err);
		pair->run[s] = m.metrics;
		if (pair->invalid == VALID)
			pair->invalid = m.invalid;
	}
	return ret;
}

/* Run until an attempt is valid; each is kept as evidence. */
static int run_pair(struct trial *t, size_t workload, enum pair_kind kind, struct pgo_err *err)
{
	struct ab_pair pair = { .workload = workload, .kind = kind, .round = t->round };
	int ret;

	for (int n = 0; n < MAX_RETRIES; n++) {
		ret = attempt(t, &pair, err);
		if (ret)
			return ret;
		evidence_add(t->e, &pair);
		if (t->keeping)
			ret = append_evidence(t, evidence_pair_json(t->e, &pair), err);
		if (ret || pair.invalid == VALID)
			return ret;
	}
	return 0;
}

static int run_aa(struct trial *t, struct pgo_err *err)
{
	int ret = run_pair(t, t->next_aa, PAIR_AA, err);

	t->next_aa = (t->next_aa + 1) % t->e->nr_workloads;
	t->nr_aa++;
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

static int run_round(struct trial *t, struct pgo_err *err)
{
	PGO_AUTO_FREE size_t *order = xcalloc(t->e->nr_workloads, sizeof(*order));
	size_t nr = shuffle_wanted(t, order);
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++) {
		progress_step(t->round, t->e->workloads[order[i]].name);
		ret = run_pair(t, order[i], PAIR_AB, err);
		t->nr_ab++;
		if (!ret && t->nr_ab % AB_PER_AA == 0)
			ret = run_aa(t, err);
	}
	t->round++;
	t->meter.group = t->round;
	return ret ? ret : engine_update(&t->x->engine, err);
}

/* Fixed before the first A/B pair, so that no result can choose its own sample size. */
static unsigned fix_n_max(const struct trial *t)
{
	uint64_t budget = t->opts->budget_ns ? t->opts->budget_ns : t->p->config.budget_ns;
	unsigned most = t->opts->pairs ? t->opts->pairs : t->p->config.pairs;
	uint64_t round = t->x->forecast.round_ns * (AB_PER_AA + 1) / AB_PER_AA;
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
	int ret;

	h->n_max = fix_n_max(t);
	ret = forecast_make(t->e, f, err);
	if (ret)
		return ret;
	num_add_duration(&time, f->pairs * f->round_ns);
	if (f->pairs)
		log_step("to prove a margin of %.1f %% here takes about %u pairs, %s",
			 h->margin * 100, f->pairs, time.buf);
	if (f->provable <= h->margin || isinf(f->provable))
		return 0;
	if (!t->opts->insist || t->opts->force) {
		log_step("%u pairs can prove a margin of %.1f %% here, not of %.1f %%", h->n_max,
			 f->provable * 100, h->margin * 100);
		return 0;
	}
	pgo_error(err, PGO_ELIMIT,
		  "a margin of %.2g %% is below what %u pairs can prove here: %.1f %%",
		  h->margin * 100, h->n_max, f->provable * 100);
	return pgo_err_hint(err, "allow more --pairs or --budget, or insist with --force-margin");
}

static int calibrate(struct trial *t, struct pgo_err *err)
{
	size_t each = (MIN_AA + t->e->nr_workloads - 1) / t->e->nr_workloads;
	size_t total = each * t->e->nr_workloads;
	int ret = 0;

	progress_start("A/A pairs", total);
	for (size_t i = 0; !ret && i < total; i++) {
		progress_step(i, t->e->workloads[t->next_aa].name);
		ret = run_aa(t, err);
	}
	return ret;
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
	h->gate = t->opts->gate;
	h->n_max = t->opts->pairs ? t->opts->pairs : t->p->config.pairs;
	h->a = xstrdup(t->sides[0].line ? t->sides[0].line : "baseline");
	h->b = xstrdup(t->sides[1].line ? t->sides[1].line : "optimized");
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
	while (!ret && !engine_done(&t->x->engine))
		ret = run_round(t, err);
	return ret;
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
		ret = make_forecast(t, err);
	if (!ret)
		ret = start_evidence(t, err);
	if (ret)
		return ret;
	ret = run_rounds(t, err);
	/* What the last look said before a signal came is as good as ever. */
	if (ret == -PGO_ECANCELLED && t->x->engine.overall.nr_looks) {
		t->x->cancelled = true;
		ret = 0;
	}
	return ret ? ret : engine_finish(&t->x->engine, err);
}

static int run_all(struct trial *t, const char *baseline, const char *candidate,
		   struct pgo_err *err)
{
	PGO_AUTO_FREE char *ab = project_path(t->p, "ab");
	int ret = choose_workloads(t, err);

	t->start_ns = clock_now_ns();
	if (!ret && baseline)
		ret = lay_out(t, baseline, candidate, err);
	if (!ret)
		ret = fill_head(t, err);
	if (!ret)
		ret = meter_init(&t->meter, t->p, t->opts->prepare, t->opts->no_shell, err);
	if (!ret)
		ret = run_trial(t, err);
	progress_stop();
	fs_remove_tree(ab, NULL);
	t->x->live = true;
	t->x->inject = t->opts->inject;
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
