/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/experiment.h"

#include <math.h>
#include <time.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/progress.h"
#include "pgo/core/json.h"
#include "pgo/core/measure.h"
#include "pgo/stats/rng.h"

#define ALPHA 0.025		/* one-sided */
#define UNIT_NS 20000000u	/* a unit shorter than this is repeated inside */
#define MIN_PAIRS 6		/* below, the smallest possible p is above ALPHA */

const char *metric_name(enum metric m)
{
	return m == METRIC_CPU ? "cpu" : "wall";
}

void experiment_release(struct experiment *e)
{
	for (size_t i = 0; i < e->nr_workloads; i++) {
		free(e->workloads[i].a);
		free(e->workloads[i].b);
		free(e->workloads[i].d);
	}
	free(e->workloads);
	free(e->evidence);
	*e = (struct experiment)EXPERIMENT_INIT;
}

/* The experiment while it runs. */
struct trial {
	struct project *p;
	struct experiment *e;
	const struct workload **specs;	/* beside e->workloads */
	struct measurement *first;	/* the baseline's warm-up run of each */
	struct side sides[2];
	struct rng rng;
	size_t done, total;
};

static void trial_release(struct trial *t)
{
	free(t->specs);
	free(t->first);
	free(t->sides[0].out_dir);
	free(t->sides[1].out_dir);
}
PGO_DEFINE_AUTO(trial, trial_release)

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Both sides lie beside each other under names of one length. */
static int lay_out(struct trial *t, const struct stage *baseline, const struct stage *candidate,
		   struct pgo_err *err)
{
	const struct stage *stages[2] = { baseline, candidate };
	PGO_AUTO_FREE char *ab = project_path(t->p, "ab");
	PGO_AUTO_FREE char *keep = project_path(t->p, "validate");
	int ret = fs_remove_tree(ab, err);

	if (!ret)
		ret = fs_mkdir_p(keep, err);
	for (int i = 0; !ret && i < 2; i++) {
		t->sides[i].label = (char)('a' + i);
		t->sides[i].out_dir = xstrfmt("%s/%c", ab, t->sides[i].label);
		ret = fs_copy_tree(stages[i]->out, t->sides[i].out_dir, NULL, NULL, err);
	}
	return ret;
}

static int choose_workloads(struct trial *t, struct pgo_err *err)
{
	const struct config *cfg = &t->p->config;
	struct experiment *e = t->e;

	e->workloads = xcalloc(cfg->nr_workloads, sizeof(*e->workloads));
	t->specs = xcalloc(cfg->nr_workloads, sizeof(*t->specs));
	t->first = xcalloc(cfg->nr_workloads, sizeof(*t->first));
	for (size_t i = 0; i < cfg->nr_workloads; i++) {
		const struct workload *w = &cfg->workloads[i];

		if (!(w->use & USE_VALIDATE))
			continue;
		t->specs[e->nr_workloads] = w;
		e->workloads[e->nr_workloads++] = (struct ab_workload){
			.name = w->name, .weight = w->weight, .times = 1,
			.held_out = !(w->use & USE_TRAIN),
			.output_compared = strcmp(w->output, "none") != 0,
		};
	}
	if (e->nr_workloads)
		return 0;
	pgo_error(err, PGO_ECONFIG, "no workload is marked 'validate' or 'both'");
	return pgo_err_hint(err, "set use: both on one in '%s'", cfg->path);
}

/* CPU time for each second in which the program could have run: 1 when it neither waits nor has threads. */
static double busy_share(const struct measurement *m)
{
	double busy = (double)m->wall_ns - (double)(m->have_run_delay ? m->run_delay_ns : 0);

	return busy > 0 ? (double)m->cpu_ns / busy : 0;
}

/* CPU time says the same with less noise, where it is all that the program spends. */
static enum metric choose_metric(const struct measurement *a, const struct measurement *b)
{
	double share = fmax(busy_share(a), busy_share(b));

	return share > 0.95 && share < 1.10 ? METRIC_CPU : METRIC_WALL;
}

/* One discarded run a side: caches are filled, the metric and the unit are fixed, outputs compared. */
static int warm_up(struct trial *t, size_t i, uint64_t *round_ns, struct pgo_err *err)
{
	struct ab_workload *w = &t->e->workloads[i];
	struct measurement again, b;
	int ret;

	progress_step(t->done, w->name);
	ret = measure_run(t->p, t->specs[i], &t->sides[0], 1, &t->first[i], err);
	if (!ret)
		ret = measure_run(t->p, t->specs[i], &t->sides[1], 1, &b, err);
	if (ret)
		return ret;
	w->metric = choose_metric(&t->first[i], &b);
	if (t->first[i].wall_ns < UNIT_NS)
		w->times = (unsigned)(UNIT_NS / (t->first[i].wall_ns + 1)) + 1;
	*round_ns += (t->first[i].wall_ns + b.wall_ns) * w->times;
	if (!strcmp(t->first[i].output, b.output))
		return 0;
	/* Before it is called a difference: does the baseline agree with itself? */
	ret = measure_run(t->p, t->specs[i], &t->sides[0], 1, &again, err);
	if (ret)
		return ret;
	w->output_unstable = strcmp(t->first[i].output, again.output) != 0;
	w->miscompare = !w->output_unstable;
	return 0;
}

static double metric_of(const struct ab_workload *w, const struct measurement *m)
{
	uint64_t ns = w->metric == METRIC_CPU ? m->cpu_ns : m->wall_ns;

	return (double)(ns ? ns : 1) / 1e9;
}

static int write_evidence(const struct trial *t, const struct ab_workload *w, size_t pair,
			  int order, const struct side *side, const struct measurement *m,
			  struct pgo_err *err)
{
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	json_t *o = json_object();
	char label[2] = { side->label, '\0' };

	json_object_set_new(o, "workload", js_string(w->name));
	json_object_set_new(o, "pair", js_u64(pair));
	json_object_set_new(o, "order", json_integer(order));
	json_object_set_new(o, "side", js_string(label));
	json_object_set_new(o, "wall_ns", js_u64(m->wall_ns));
	json_object_set_new(o, "cpu_ns", js_u64(m->cpu_ns));
	json_object_set_new(o, "run_delay_ns",
			    m->have_run_delay ? js_u64(m->run_delay_ns) : json_null());
	json_object_set_new(o, "max_rss_bytes", js_u64(m->max_rss_bytes));
	json_object_set_new(o, "minor_faults", js_u64(m->minor_faults));
	json_object_set_new(o, "major_faults", js_u64(m->major_faults));
	json_object_set_new(o, "vol_switches", js_u64(m->vol_switches));
	json_object_set_new(o, "invol_switches", js_u64(m->invol_switches));
	json_object_set_new(o, "output", *m->output ? js_string(m->output) : json_null());
	js_dump(o, &line, true);
	json_decref(o);
	strbuf_addch(&line, '\n');
	return fs_append_line(t->e->evidence, line.buf, line.len, err);
}

static void compare_output(struct trial *t, size_t i, const struct measurement *a,
			   const struct measurement *b)
{
	struct ab_workload *w = &t->e->workloads[i];

	if (w->output_unstable || w->miscompare || !w->output_compared)
		return;
	if (strcmp(a->output, t->first[i].output) != 0)
		w->output_unstable = true;
	else if (strcmp(b->output, t->first[i].output) != 0)
		w->miscompare = true;
}

static int run_pair(struct trial *t, size_t i, struct pgo_err *err)
{
	struct ab_workload *w = &t->e->workloads[i];
	int first = rng_coin(&t->rng);
	struct measurement m[2];
	int ret = 0;

	for (int order = 0; !ret && order < 2; order++) {
		int s = order ? !first : first;

		ret = measure_run(t->p, t->specs[i], &t->sides[s], w->times, &m[s], err);
		if (!ret)
			ret = write_evidence(t, w, w->nr_pairs, order, &t->sides[s], &m[s], err);
	}
	if (ret)
		return ret;
	compare_output(t, i, &m[0], &m[1]);
	w->a[w->nr_pairs] = metric_of(w, &m[0]);
	w->b[w->nr_pairs] = metric_of(w, &m[1]);
	w->d[w->nr_pairs] = log(w->a[w->nr_pairs] / w->b[w->nr_pairs]);
	w->nr_pairs++;
	return 0;
}

static int run_round(struct trial *t, struct pgo_err *err)
{
	size_t nr = t->e->nr_workloads;
	PGO_AUTO_FREE size_t *order = xcalloc(nr, sizeof(*order));
	int ret = 0;

	for (size_t i = 0; i < nr; i++)
		order[i] = i;
	rng_shuffle(&t->rng, order, nr);
	for (size_t i = 0; !ret && i < nr; i++) {
		progress_step(t->done++, t->e->workloads[order[i]].name);
		ret = run_pair(t, order[i], err);
	}
	return ret;
}

/* Fixed before the first pair, so that no result can choose its own sample size. */
static unsigned pairs_within(const struct experiment *e, uint64_t budget_ns, uint64_t round_ns)
{
	uint64_t fit = budget_ns && round_ns ? budget_ns / round_ns : e->pairs_asked;

	if (fit >= e->pairs_asked)
		return e->pairs_asked;
	if (fit < MIN_PAIRS)
		fit = MIN_PAIRS;
	log_info("%llu pairs instead of %u fit into the budget", (unsigned long long)fit,
		 e->pairs_asked);
	return (unsigned)fit;
}

static int analyze(struct experiment *e, struct pgo_err *err)
{
	const struct verdict_rule rule = { .margin = e->margin };
	size_t nr = e->nr_workloads, rounds = e->workloads[0].nr_pairs;
	PGO_AUTO_FREE const double **d = xcalloc(nr, sizeof(*d));
	PGO_AUTO_FREE double *weights = xcalloc(nr, sizeof(*weights));
	PGO_AUTO_FREE double *all = xcalloc(rounds, sizeof(*all));
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++) {
		struct ab_workload *w = &e->workloads[i];

		d[i] = w->d;
		weights[i] = w->weight;
		ret = paired_analyze(w->d, w->nr_pairs, ALPHA, &w->paired, err);
		w->verdict = verdict_of(&w->paired.ci, &rule);
	}
	if (ret)
		return ret;
	combine_workloads(d, weights, nr, rounds, all);
	ret = paired_analyze(all, rounds, ALPHA, &e->overall, err);
	e->verdict = verdict_of(&e->overall.ci, &rule);
	return ret;
}

static int write_head(struct trial *t, unsigned pairs, struct pgo_err *err)
{
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	json_t *o = json_object();

	json_object_set_new(o, "evidence", json_integer(1));
	json_object_set_new(o, "seed", js_u64(t->e->seed));
	json_object_set_new(o, "pairs", js_u64(pairs));
	json_object_set_new(o, "margin", json_real(t->e->margin));
	js_dump(o, &line, true);
	json_decref(o);
	strbuf_addch(&line, '\n');
	return fs_write_atomic(t->e->evidence, line.buf, line.len, 0644, err);
}

static int run_trial(struct trial *t, uint64_t budget_ns, struct pgo_err *err)
{
	struct experiment *e = t->e;
	uint64_t round_ns = 0;
	unsigned pairs;
	int ret = 0;

	progress_start("warm up", e->nr_workloads);
	for (size_t i = 0; !ret && i < e->nr_workloads; i++)
		ret = warm_up(t, i, &round_ns, err);
	if (ret)
		return ret;
	pairs = pairs_within(e, budget_ns, round_ns);
	for (size_t i = 0; i < e->nr_workloads; i++) {
		e->workloads[i].a = xcalloc(pairs, sizeof(double));
		e->workloads[i].b = xcalloc(pairs, sizeof(double));
		e->workloads[i].d = xcalloc(pairs, sizeof(double));
	}
	ret = write_head(t, pairs, err);
	t->done = 0;
	progress_start("validate", pairs * e->nr_workloads);
	for (unsigned r = 0; !ret && r < pairs; r++)
		ret = run_round(t, err);
	return ret ? ret : analyze(e, err);
}

int experiment_run(struct project *p, const struct stage *baseline, const struct stage *candidate,
		   const struct experiment_opts *opts, struct experiment *ret, struct pgo_err *err)
{
	PGO_AUTO(experiment) e = EXPERIMENT_INIT;
	PGO_AUTO(trial) t = { .p = p, .e = &e };
	PGO_AUTO_FREE char *ab = project_path(p, "ab");
	uint64_t start = now_ns(), budget = opts->budget_ns ? opts->budget_ns : p->config.budget_ns;
	int r;

	e.seed = opts->seed ? opts->seed : now_ns() * 0x9e3779b97f4a7c15u;
	e.pairs_asked = opts->pairs ? opts->pairs : p->config.pairs;
	e.margin = opts->margin >= 0 ? opts->margin : p->config.margin;
	e.evidence = project_path(p, "validate/evidence.jsonl");
	rng_seed(&t.rng, e.seed);
	r = choose_workloads(&t, err);
	if (!r)
		r = lay_out(&t, baseline, candidate, err);
	if (!r)
		r = run_trial(&t, budget, err);
	progress_stop();
	fs_remove_tree(ab, NULL);
	if (r)
		return r;
	e.wall_ns = now_ns() - start;
	*ret = e;
	e = (struct experiment)EXPERIMENT_INIT;
	return 0;
}

int experiment_exit(const struct experiment *e)
{
	bool regressed = e->verdict == VERDICT_REGRESSION;

	for (size_t i = 0; i < e->nr_workloads; i++) {
		if (e->workloads[i].miscompare)
			return PGO_EXIT_MISCOMPARE;
		regressed |= e->workloads[i].verdict == VERDICT_REGRESSION;
	}
	if (regressed)
		return PGO_EXIT_NO;
	return e->verdict == VERDICT_INCONCLUSIVE ? PGO_EXIT_INCONCLUSIVE : PGO_EXIT_OK;
}
