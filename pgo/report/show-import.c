/* SPDX-License-Identifier: Apache-2.0 */
/* Times that were measured elsewhere, one command's after the other's: hyperfine's JSON. */
#include <math.h>

#include "pgo/base/num.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"
#include "pgo/stats/paired.h"
#include "pgo/stats/signed-rank.h"
#include "pgo/stats/whatif.h"

#define CORRELATED 0.3	/* of neighbours: above, runs are far from independent */

/* A test takes no ratio of a time that is zero. */
static bool is_usable(const struct hyperfine_result *r)
{
	for (size_t i = 0; i < r->nr; i++)
		if (!(r->times_s[i] > 0))
			return false;
	return true;
}

static size_t nr_failed(const struct hyperfine_result *r)
{
	size_t nr = 0;

	for (size_t i = 0; r->exit_codes && i < r->nr; i++)
		nr += r->exit_codes[i] != 0;
	return nr;
}

static double median_of(const struct hyperfine_result *r)
{
	return median(r->times_s, r->nr);
}

/* Of neighbours in the order of time; 0 where there is no order to speak of. */
static double correlation(const struct hyperfine_result *r)
{
	PGO_AUTO_FREE double *logs = xcalloc(r->nr, sizeof(*logs));
	struct paired_result p;

	if (r->nr > SIGNED_RANK_MAX_N)
		return NAN;
	for (size_t i = 0; i < r->nr; i++)
		logs[i] = log(r->times_s[i]);
	return paired_analyze(logs, r->nr, 0.025, &p, NULL) ? NAN : p.lag1;
}

/* So many independent runs would tell as much of the mean; lag-1 autocorrelation assumed. */
static double effective(const struct hyperfine_result *r, double lag1)
{
	return lag1 > 0 ? (double)r->nr * (1 - lag1) / (1 + lag1) : (double)r->nr;
}

static void add_time(struct table *t, double seconds)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	num_add_duration(&sb, (uint64_t)(fmin(seconds, 1e9) * 1e9));
	table_add(t, sb.buf);
}

static const char *said(int says)
{
	return says > 0 ? "faster" : says < 0 ? "slower" : "no difference";
}

static void add_result(const struct hyperfine *h, size_t i, struct table *t)
{
	const struct hyperfine_result *a = &h->results[0], *b = &h->results[i];
	struct mann_whitney mw;
	struct welch w;

	table_add(t, b->command);
	table_addf(t, "%zu", b->nr);
	add_time(t, median_of(b));
	if (!i || !is_usable(a) || !is_usable(b)) {
		for (int n = 0; n < 5; n++)
			table_add(t, "");
		return;
	}
	w = whatif_welch(a->times_s, a->nr, b->times_s, b->nr);
	mw = whatif_mann_whitney(a->times_s, a->nr, b->times_s, b->nr);
	table_addf(t, "%+.1f %%", (w.ratio - 1) * 100);
	table_addf(t, "%.2g", w.p);
	table_add(t, said(w.says));
	table_addf(t, "%.2g", mw.p);
	table_add(t, said(mw.says));
}

static void add_remarks(const struct hyperfine_result *r, struct strbuf *out)
{
	double lag1 = is_usable(r) ? correlation(r) : NAN;

	if (!is_usable(r))
		strbuf_addf(out, "'%s': a time of zero, which no test can take\n", r->command);
	if (nr_failed(r))
		strbuf_addf(out, "'%s': %zu of %zu runs did not end with status 0\n", r->command,
			    nr_failed(r), r->nr);
	if (lag1 > CORRELATED)
		strbuf_addf(out,
			    "'%s': neighbouring runs are alike (correlation %.2f): its %zu runs "
			    "tell no more than %.0f independent ones\n",
			    r->command, lag1, r->nr, fmax(1, floor(effective(r, lag1))));
}

void show_import(const struct hyperfine *h, const char *path, struct strbuf *out)
{
	static const char *const head[] = { "command", "runs", "median",	 "speed-up",
					    "Welch p", "says", "Mann-Whitney p", "says" };
	PGO_AUTO(table) t = TABLE_INIT("lrrrrlrl");
	PGO_AUTO(strbuf) a = STRBUF_INIT;
	PGO_AUTO(strbuf) b = STRBUF_INIT;

	strbuf_addf(out,
		    "NO VERDICT: the runs of '%s' are not paired; against the first command, the "
		    "usual tests say:\n\n",
		    path);
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < h->nr; i++)
		add_result(h, i, &t);
	table_print(&t, out);
	strbuf_addch(out, '\n');
	for (size_t i = 0; i < h->nr; i++)
		add_remarks(&h->results[i], out);
	strbuf_addstr(out,
		      "Both tests take each run for an independent draw. Where all runs of one "
		      "command come before those of the other,\nwhatever the machine did meanwhile "
		      "counts as a difference between the commands: on a busy machine the tests\n"
		      "find one between equal programs far more often than the 5 % that they "
		      "promise, and more runs make that worse.\nNo interval and no error rate "
		      "can be given for these times. Pairs of runs give both:\n");
	strbuf_addquoted(&a, h->results[0].command);
	strbuf_addquoted(&b, h->results[1].command);
	strbuf_addf(out, "  pgoctl validate -a %s -b %s\n", a.buf, b.buf);
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *test_json(double p, int says)
{
	json_t *o = json_object();

	json_object_set_new(o, "p", number(p));
	json_object_set_new(o, "says", js_string(said(says)));
	return o;
}

static json_t *result_json(const struct hyperfine *h, size_t i)
{
	const struct hyperfine_result *a = &h->results[0], *b = &h->results[i];
	json_t *o = json_object();

	json_object_set_new(o, "command", js_string(b->command));
	json_object_set_new(o, "runs", js_u64(b->nr));
	json_object_set_new(o, "failed_runs", js_u64(nr_failed(b)));
	json_object_set_new(o, "median_s", number(median_of(b)));
	json_object_set_new(o, "lag1_autocorrelation", number(is_usable(b) ? correlation(b) : NAN));
	if (i && is_usable(a) && is_usable(b)) {
		struct welch w = whatif_welch(a->times_s, a->nr, b->times_s, b->nr);
		struct mann_whitney mw = whatif_mann_whitney(a->times_s, a->nr, b->times_s, b->nr);

		json_object_set_new(o, "speedup", number(w.ratio - 1));
		json_object_set_new(o, "welch", test_json(w.p, w.says));
		json_object_set_new(o, "mann_whitney", test_json(mw.p, mw.says));
	}
	return o;
}

json_t *show_import_json(const struct hyperfine *h)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < h->nr; i++)
		json_array_append_new(list, result_json(h, i));
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "verdict", json_null());
	json_object_set_new(o, "results", list);
	return o;
}
