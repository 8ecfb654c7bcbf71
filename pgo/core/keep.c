/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/keep.h"

#include <math.h>
#include <time.h>

#include "pgo/base/log.h"

bool keep_check(const struct experiment *x, struct ledger_rate *ret)
{
	const struct instrument *in = &x->engine.instrument;
	char machine[DIGEST_HEX_LEN + 1];

	machine_key(machine);
	return ledger_note(
		&(struct ledger_entry){
			.time = time(NULL),
			.machine = machine,
			.metric = metric_name(x->evidence.workloads[0].metric),
			.nr_pairs = (unsigned)in->nr,
			.p = in->p,
			.floor = in->floor,
		},
		ret);
}

/* workload SIZE_MAX: the whole. */
static struct history_row row_of(const struct project *p, const struct stage *baseline,
				 const struct experiment *x, size_t workload, const char *machine)
{
	const struct engine *g = &x->engine;
	bool whole = workload == SIZE_MAX;
	const struct workload_result *r = whole ? NULL : &g->workloads[workload];
	const struct look *k = series_last(whole ? &g->overall : &r->series);
	size_t of = whole ? 0 : workload;

	return (struct history_row){
		.time = time(NULL),
		.workload = whole ? NULL : xstrdup(x->evidence.workloads[of].name),
		.commit = xstrdup(x->evidence.head.commit),
		.dirty = x->dirty,
		.source = xstrdup(baseline->source),
		.compiler = xstrdup(p->cc.banner),
		.metric = xstrdup(metric_name(x->evidence.workloads[of].metric)),
		.machine = xstrdup(machine),
		.estimand = xstrdup(estimand_name(x->evidence.head.layouts.estimand)),
		.ci = k ? k->ci : (struct interval){ -INFINITY, INFINITY, 0 },
		.verdict = whole ? engine_overall(g) : engine_verdict(g, workload),
		.median_a_s = whole ? NAN : r->median_a_s,
		.median_b_s = whole ? NAN : r->median_b_s,
	};
}

static char *history_path(const struct project *p)
{
	return project_path(p, "history.db");
}

void keep_history(const struct project *p, const struct stage *baseline, const struct experiment *x)
{
	size_t nr = x->evidence.nr_workloads + 1;
	PGO_AUTO_FREE struct history_row *rows = xcalloc(nr, sizeof(*rows));
	PGO_AUTO_FREE char *path = history_path(p);
	PGO_AUTO(history) h = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	char machine[DIGEST_HEX_LEN + 1];

	if (x->evidence.head.inject > 0) {
		log_info("a test with --inject is not taken into the history");
		return;
	}
	machine_key(machine);
	for (size_t i = 0; i < nr; i++)
		rows[i] = row_of(p, baseline, x, i ? i - 1 : SIZE_MAX, machine);
	if (history_open(&h, path, DATABASE_CREATE, &err) || history_add(&h, rows, nr, &err))
		log_warn("this validation is not in the history: %s", err.msg);
	for (size_t i = 0; i < nr; i++)
		history_row_release(&rows[i]);
}

int keep_read_history(const struct project *p, struct history_trends *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = history_path(p);
	PGO_AUTO(history) h = { 0 };
	int r = history_open(&h, path, DATABASE_EXISTING, err);

	if (r == -PGO_ENOTFOUND) {
		pgo_error(err, PGO_ENOTFOUND, "this project has not been validated yet");
		return pgo_err_hint(err, "pgoctl run");
	}
	return r ? r : history_read(&h, NULL, ret, err);
}
