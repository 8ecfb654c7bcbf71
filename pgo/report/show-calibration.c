/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands beside a verdict: other methods on the same runs, and the instrument's own error
 * rate.
 */
#include <string.h>

#include "pgo/report/show.h"
#include "pgo/report/table.h"
#include "pgo/stats/whatif.h"

/* The valid A/B runs of a workload, both sides; *nr of each. */
static void gather(const struct engine *g, size_t workload, double *a, double *b, size_t *nr)
{
	*nr = 0;
	for (size_t i = 0; i < g->e->nr_pairs; i++) {
		const struct ab_pair *p = &g->e->pairs[i];

		if (p->workload != workload || p->kind != PAIR_AB || p->invalid != VALID)
			continue;
		a[*nr] = evidence_metric(g->e, workload, &p->run[0]);
		b[(*nr)++] = evidence_metric(g->e, workload, &p->run[1]);
	}
}

static const char *said(int says)
{
	return says > 0 ? "faster" : says < 0 ? "slower" : "no difference";
}

static void add_method(const struct engine *g, size_t i, bool welch, struct table *t)
{
	PGO_AUTO_FREE double *a = xcalloc(g->e->nr_pairs, sizeof(*a));
	PGO_AUTO_FREE double *b = xcalloc(g->e->nr_pairs, sizeof(*b));
	struct mann_whitney mw;
	struct welch w;
	size_t nr;

	gather(g, i, a, b, &nr);
	if (!nr)
		return;
	w = whatif_welch(a, nr, b, nr);
	mw = whatif_mann_whitney(a, nr, b, nr);
	table_add(t, g->e->workloads[i].name);
	table_addf(t, "%+.1f %%", ((welch ? w.ratio : mw.ratio) - 1) * 100);
	table_addf(t, "%.2g", welch ? w.p : mw.p);
	table_add(t, said(welch ? w.says : mw.says));
	table_add(t, verdict_name(engine_verdict(g, i)));
}

int show_what_if_check(const char *method, struct pgo_err *err)
{
	if (!strcmp(method, "hyperfine") || !strcmp(method, "mann-whitney"))
		return 0;
	pgo_error(err, PGO_EUSAGE, "unknown method '%s'", method);
	return pgo_err_hint(err, "methods: hyperfine, mann-whitney");
}

int show_what_if(const struct engine *g, const char *method, struct strbuf *out,
		 struct pgo_err *err)
{
	static const char *const head[] = { "workload", "change", "p", "would say",
					    "verdict here" };
	bool welch = !strcmp(method, "hyperfine");
	PGO_AUTO(table) t = TABLE_INIT("lrrll");
	int ret = show_what_if_check(method, err);

	if (ret)
		return ret;
	strbuf_addf(out,
		    "\nwhat %s would have said of the same runs, as if they were independent:\n",
		    welch ? "hyperfine with Welch's test" : "the Mann-Whitney test");
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < g->e->nr_workloads; i++)
		add_method(g, i, welch, &t);
	table_print(&t, out);
	return 0;
}

void show_ledger(const struct ledger_rate *r, struct strbuf *out)
{
	if (!r->n)
		return;
	strbuf_addf(out,
		    "A/A checks on this machine so far: %llu of %llu with p at most 0.05 "
		    "(95 %% interval of the rate %.1f to %.1f %%)%s\n",
		    (unsigned long long)r->k, (unsigned long long)r->n, r->ci.lo * 100,
		    r->ci.hi * 100, r->broken ? ": TOO OFTEN, do not trust its verdicts" : "");
}

void show_calibration(const struct calibration *c, struct strbuf *out)
{
	strbuf_addf(out,
		    "%u validations of the baseline against itself: %u false verdicts, %.1f %% "
		    "(95 %% interval %.1f to %.1f %%; nominal at most 5 %%)%s\n",
		    c->runs, c->false_verdicts, c->rate * 100, c->low * 100, c->high * 100,
		    c->signal ? "; ended early by a signal" : "");
}

json_t *show_calibration_json(const struct calibration *c)
{
	json_t *o = json_object();

	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "validations", json_integer(c->runs));
	json_object_set_new(o, "cancelled", json_boolean(c->signal));
	json_object_set_new(o, "false_verdicts", json_integer(c->false_verdicts));
	json_object_set_new(o, "rate", json_real(c->rate));
	json_object_set_new(o, "rate_low", json_real(c->low));
	json_object_set_new(o, "rate_high", json_real(c->high));
	return o;
}
