/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/accept.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pgo/base/hashmap.h"
#include "pgo/base/num.h"

const char *accept_check_name(enum accept_check check)
{
	static const char *const names[] = {
		[ACCEPT_PROGRAM] = "program",	  [ACCEPT_INPUTS] = "inputs",
		[ACCEPT_WORKLOADS] = "workloads", [ACCEPT_FUNCTIONS] = "functions",
		[ACCEPT_COUNTS] = "counts",	  [ACCEPT_HOT_SET] = "hot set",
		[ACCEPT_SHARES] = "shares",
	};

	return (size_t)check < ARRAY_SIZE(names) ? names[check] : "unknown";
}

void acceptance_release(struct acceptance *a)
{
	for (int i = 0; i < ACCEPT_NR_CHECKS; i++)
		free(a->findings[i].text);
	*a = (struct acceptance){ 0 };
}

/* One side: its functions with counts, the most first, and by name. */
struct side {
	const struct profile *p;
	const struct bundle *b; /* NULL: it is no bundle */
	const struct prof_func **hottest;
	size_t nr, nr_hot;    /* of them: with counts, hot */
	struct hashmap known; /* all functions; value: its place among the hottest and 1, or NULL */
};

static void side_release(struct side *s)
{
	free(s->hottest);
	hashmap_release(&s->known);
}

static void side_init(struct side *s, const struct profile_views *v, const struct profile_view *x)
{
	double hot = 0;
	size_t all = x->model.nr_funcs;

	*s = (struct side){ .p = &x->model, .b = v->is_bundle ? &v->bundle : NULL };
	s->hottest = profile_hottest(&x->model, NULL, &all);
	for (size_t i = 0; i < all; i++) {
		const char *name = s->hottest[i]->name;
		struct hashmap_entry *e = hashmap_put(&s->known, name, strlen(name), NULL);

		if (!s->hottest[i]->sum)
			continue;
		s->nr++;
		if (hot < ACCEPT_HOT * (double)x->model.total)
			s->nr_hot++;
		hot += (double)s->hottest[i]->sum;
		if (!e->value)
			e->value = (void *)(uintptr_t)(i + 1);
	}
}

static const struct hashmap_entry *find(const struct side *s, const struct prof_func *f)
{
	return hashmap_find(&s->known, f->name, strlen(f->name));
}

/* A judgement that is being made. */
struct judge {
	const struct accept_limits *limits;
	struct side now, before;
	struct accept_finding *findings;
};

static void __attribute__((format(printf, 5, 6)))
note(struct judge *j, enum accept_check check, enum accept_answer answer, double measure,
     const char *fmt, ...)
{
	struct accept_finding *f = &j->findings[check];
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	free(f->text);
	f->check = check;
	f->answer = answer;
	f->measure = measure;
	f->text = strbuf_take(&text);
}

static enum accept_answer at_least(double measure, double limit)
{
	return measure >= limit ? ACCEPT_YES : ACCEPT_NO;
}

static void judge_program(struct judge *j)
{
	double known = 0;

	for (size_t i = 0; i < j->before.nr; i++)
		if (find(&j->now, j->before.hottest[i]))
			known += (double)j->before.hottest[i]->sum;
	known = j->before.p->total ? known / (double)j->before.p->total : 1;
	note(j, ACCEPT_PROGRAM, at_least(known, ACCEPT_SAME_PROGRAM), known,
	     "%.1f %% of the reference's counts are in functions that it knows, too%s", 100 * known,
	     known < ACCEPT_SAME_PROGRAM ? ": it is of another program" : "");
}

static void judge_functions(struct judge *j)
{
	double share = j->before.nr ? (double)j->now.nr / (double)j->before.nr : 1;

	note(j, ACCEPT_FUNCTIONS, at_least(share, j->limits->functions), share,
	     "%zu have counts, of the reference's %zu (%.1f %%)", j->now.nr, j->before.nr,
	     100 * share);
}

static void judge_hot(struct judge *j)
{
	double all = 0, kept = 0;
	const struct prof_func *worst = NULL;

	for (size_t i = 0; i < j->before.nr_hot; i++) {
		const struct prof_func *f = j->before.hottest[i];
		const struct hashmap_entry *e = find(&j->now, f);
		const size_t place = e ? (uintptr_t)e->value : 0;

		all += (double)f->sum;
		if (place && place <= j->now.nr_hot)
			kept += (double)f->sum;
		else if (!worst)
			worst = f;
	}
	kept = all > 0 ? kept / all : 1;
	note(j, ACCEPT_HOT_SET, at_least(kept, j->limits->hot), kept,
	     "%.1f %% of the reference's hot code is hot%s%s%s", 100 * kept,
	     worst ? "; of the rest most is in '" : "", worst ? worst->name : "", worst ? "'" : "");
}

static const struct bundle_workload *find_workload(const struct bundle *b, const char *name)
{
	for (size_t i = 0; i < b->nr_workloads; i++)
		if (!strcmp(b->workloads[i].name, name))
			return &b->workloads[i];
	return NULL;
}

static bool know_workloads(const struct judge *j)
{
	return j->now.b && j->before.b && j->now.b->nr_workloads && j->before.b->nr_workloads;
}

static void judge_workloads(struct judge *j)
{
	PGO_AUTO(strbuf) missing = STRBUF_INIT;
	size_t nr = 0;

	for (size_t i = 0; i < j->before.b->nr_workloads; i++) {
		const char *name = j->before.b->workloads[i].name;

		if (find_workload(j->now.b, name))
			continue;
		strbuf_addf(&missing, "%s'%s'", nr++ ? ", " : "", name);
	}
	if (nr)
		note(j, ACCEPT_WORKLOADS, ACCEPT_NO, (double)nr, "missing: %s", missing.buf);
	else
		note(j, ACCEPT_WORKLOADS, ACCEPT_YES, 0, "all %zu of the reference's are there",
		     j->before.b->nr_workloads);
}

/* Of one run, so that more runs hide no loss. */
static double counts_of(const struct bundle_workload *w)
{
	return w->runs ? (double)w->stats.total_count / (double)w->runs : 0;
}

/* The workload whose counts have shrunk most, or NULL; and to which share. */
static const char *most_shrunk(const struct judge *j, double *ret)
{
	const char *worst = NULL;

	for (size_t i = 0; know_workloads(j) && i < j->before.b->nr_workloads; i++) {
		const struct bundle_workload *was = &j->before.b->workloads[i];
		const struct bundle_workload *is = find_workload(j->now.b, was->name);

		if (!is || counts_of(was) <= 0 || counts_of(is) / counts_of(was) >= *ret)
			continue;
		*ret = counts_of(is) / counts_of(was);
		worst = was->name;
	}
	return worst;
}

static void judge_counts(struct judge *j)
{
	double share = j->before.p->total ? (double)j->now.p->total / (double)j->before.p->total
					  : 1;
	double least = share;
	const char *worst = most_shrunk(j, &least);
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	strbuf_addf(&text, "%.4g times the reference's", share);
	if (worst)
		strbuf_addf(&text, "; a run of workload '%s' has %.4g times what it had", worst,
			    least);
	note(j, ACCEPT_COUNTS, at_least(least, j->limits->counts), least, "%s", text.buf);
}

static void judge_shares(struct judge *j)
{
	const struct bundle_workload *worst = NULL;
	double most = 0, was = 0, is = 0;

	for (size_t i = 0; i < j->before.b->nr_workloads; i++) {
		const struct bundle_workload *w =
			find_workload(j->now.b, j->before.b->workloads[i].name);
		double a, b;

		if (!w)
			continue;
		a = bundle_workload_share(j->before.b, i);
		b = bundle_workload_share(j->now.b, (size_t)(w - j->now.b->workloads));
		if (worst && fabs(b - a) <= most)
			continue;
		worst = w;
		most = fabs(b - a);
		was = a;
		is = b;
	}
	if (worst)
		note(j, ACCEPT_SHARES, at_least(j->limits->share, most), most,
		     "'%s' has changed most: from %.1f %% to %.1f %% of all counts", worst->name,
		     100 * was, 100 * is);
}

static void judge_inputs(struct judge *j)
{
	const struct bundle *b = j->now.b;
	uint64_t read = 0;
	double share;

	for (size_t i = 0; i < b->nr_inputs; i++)
		read += b->inputs[i].files;
	for (size_t i = 0; !b->nr_inputs && i < b->nr_workloads; i++)
		read += b->workloads[i].inputs;
	share = read + b->nr_lost ? (double)b->nr_lost / (double)(read + b->nr_lost) : 0;
	note(j, ACCEPT_INPUTS, at_least(j->limits->lost, share), share,
	     "%llu raw profiles were read, %zu left out%s%s%s", (unsigned long long)read,
	     b->nr_lost, b->nr_lost ? ", first '" : "", b->nr_lost ? b->lost[0].path : "",
	     b->nr_lost ? "'" : "");
}

static void set_limits(struct judge *j)
{
	const struct accept_limits *l = j->limits;
	const double limits[ACCEPT_NR_CHECKS] = {
		[ACCEPT_PROGRAM] = ACCEPT_SAME_PROGRAM,
		[ACCEPT_INPUTS] = l->lost,
		[ACCEPT_WORKLOADS] = 0,
		[ACCEPT_FUNCTIONS] = l->functions,
		[ACCEPT_COUNTS] = l->counts,
		[ACCEPT_HOT_SET] = l->hot,
		[ACCEPT_SHARES] = l->share,
	};

	for (int i = 0; i < ACCEPT_NR_CHECKS; i++) {
		note(j, (enum accept_check)i, ACCEPT_UNKNOWN, NAN,
		     "not known of a profile that is no bundle");
		j->findings[i].limit = limits[i];
	}
}

void accept_judge(const struct profile_views *now, const struct profile_view *x,
		  const struct profile_views *before, const struct profile_view *y,
		  const struct accept_limits *limits, struct acceptance *ret)
{
	struct acceptance a = { .name = x->name, .accepted = true };
	struct judge j = { .limits = limits, .findings = a.findings };

	side_init(&j.now, now, x);
	side_init(&j.before, before, y);
	set_limits(&j);
	judge_program(&j);
	if (j.now.b && (j.now.b->nr_inputs || j.now.b->nr_workloads))
		judge_inputs(&j);
	if (know_workloads(&j)) {
		judge_workloads(&j);
		judge_shares(&j);
	}
	judge_functions(&j);
	judge_counts(&j);
	judge_hot(&j);
	side_release(&j.now);
	side_release(&j.before);
	for (int i = 0; i < ACCEPT_NR_CHECKS; i++)
		a.accepted &= a.findings[i].answer != ACCEPT_NO;
	acceptance_release(ret);
	*ret = a;
}
