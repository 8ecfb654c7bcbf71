/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/measure.h"

#include "pgo/base/fs.h"
#include "pgo/core/runner.h"
#include "pgo/core/workload.h"

/* Where a run's output goes; both sides use the same places. */
struct places {
	char *tmp, *out, *log, *in;
};

static void places_release(struct places *pl)
{
	free(pl->tmp);
	free(pl->out);
	free(pl->log);
	free(pl->in);
}
PGO_DEFINE_AUTO(places, places_release)

static void add_result(struct measurement *m, const struct child_result *r)
{
	m->wall_ns += r->wall_ns;
	m->cpu_ns += r->user_ns + r->sys_ns;
	m->run_delay_ns += r->run_delay_ns;
	m->have_run_delay = r->have_run_delay;
	m->minor_faults += r->minor_faults;
	m->major_faults += r->major_faults;
	m->vol_switches += r->vol_switches;
	m->invol_switches += r->invol_switches;
	if (r->max_rss_bytes > m->max_rss_bytes)
		m->max_rss_bytes = r->max_rss_bytes;
}

static int hash_output(const struct workload *w, const struct places *pl, struct measurement *m,
		       struct pgo_err *err)
{
	PGO_AUTO_FREE char *file = NULL;

	if (!strcmp(w->output, "none"))
		return 0;
	file = strcmp(w->output, "stdout") ? fs_join(pl->tmp, w->output) : xstrdup(pl->out);
	if (fs_exists(file))
		return digest_file_hex(file, m->output, err);
	pgo_error(err, PGO_ECHILD, "workload '%s' left no file '%s' in $PGO_TMP", w->name, w->output);
	return pgo_err_hint(err, "its output: in pgo.yaml names what is compared");
}

static int run_once(const struct project *p, const struct workload *w, const struct side *side,
		    const struct places *pl, struct child_result *res, struct pgo_err *err)
{
	PGO_AUTO_FREE char *what = xstrfmt("validation run of workload '%s' (%s)", w->name,
					   side->label == 'a' ? "baseline" : "optimized");
	PGO_AUTO(strvec) env = STRVEC_INIT;
	struct run_req req = { .what = what, .line = w->run, .dir = p->config.root, .env = &env,
			       .in_path = pl->in, .out_path = pl->out, .log = pl->log,
			       .timeout_ns = w->timeout_ns, .expect_status = w->expect_status };
	int ret = fs_remove_tree(pl->tmp, err);

	if (!ret)
		ret = fs_mkdir_p(pl->tmp, err);
	if (ret)
		return ret;
	workload_env(p, w, "validate", side->out_dir, pl->tmp, &env);
	return runner_shell(p, &req, res, err);
}

int measure_run(const struct project *p, const struct workload *w, const struct side *side,
		unsigned times, struct measurement *ret, struct pgo_err *err)
{
	PGO_AUTO(places) pl = {
		project_path(p, "ab/t"), project_path(p, "ab/stdout"),
		project_path(p, "validate/output.log"), workload_stdin(p, w),
	};
	struct measurement m = { 0 };
	int r = 0;

	for (unsigned i = 0; !r && i < times; i++) {
		struct child_result res = { 0 };

		r = run_once(p, w, side, &pl, &res, err);
		add_result(&m, &res);
		if (!r && i == 0)
			r = hash_output(w, &pl, &m, err);
	}
	if (!r)
		r = fs_remove_tree(pl.tmp, err);
	if (!r)
		*ret = m;
	return r;
}
