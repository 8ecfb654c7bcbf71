/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/measure.h"

#include <sched.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/core/digest.h"
#include "pgo/core/run-watch.h"
#include "pgo/core/runner.h"
#include "pgo/core/workload.h"

int meter_init(struct meter *m, const struct project *p, const char *prepare, bool no_shell,
	       struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = project_path(p, "validate");
	PGO_AUTO_FREE char *ab = project_path(p, "ab");
	int ret = fs_mkdir_p(dir, err);

	*m = (struct meter){
		.p = p, .prepare = prepare, .no_shell = no_shell, .processor = NOT_MEASURED
	};
	m->tmp = project_path(p, "ab/t");
	m->out = project_path(p, "ab/stdout");
	m->log = fs_join(dir, "output.log");
	environment_open(&m->env, "");
	if (!ret)
		ret = fs_mkdir_p(ab, err);
	return ret ? ret : counters_probe(&counters_system, "", &m->plan, err);
}

uint64_t meter_processor(struct rng *rng)
{
	cpu_set_t allowed;
	uint64_t n;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return NOT_MEASURED;
	n = rng_below(rng, (uint64_t)CPU_COUNT(&allowed));
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &allowed) && !n--)
			return i;
	return NOT_MEASURED;
}

void meter_release(struct meter *m)
{
	free(m->tmp);
	free(m->out);
	free(m->log);
	counters_plan_release(&m->plan);
	environment_release(&m->env);
	*m = (struct meter){ 0 };
}

static int hash_output(const struct meter *m, const struct workload *w, struct run_metrics *rm,
		       struct pgo_err *err)
{
	PGO_AUTO_FREE char *file = NULL;

	if (!strcmp(w->output, "none"))
		return 0;
	file = strcmp(w->output, "stdout") ? fs_join(m->tmp, w->output) : xstrdup(m->out);
	if (fs_exists(file))
		return digest_file_hex(file, rm->output, err);
	pgo_error(err, PGO_ECHILD, "workload '%s' left no file '%s' in $PGO_TMP", w->name,
		  w->output);
	return pgo_err_hint(err, "its output: in pgo.yaml names what is compared");
}

static void pad(struct strvec *env, unsigned bytes)
{
	PGO_AUTO_FREE char *value = xcalloc(bytes + 1, 1);

	memset(value, 'x', bytes);
	strvec_setenv(env, "PGO_PADDING", value);
}

static const char *side_name(char label)
{
	return label == 'a' ? "baseline" : label == 'b' ? "candidate" : "baseline's copy";
}

static int run_prepare(const struct meter *m, struct strvec *env, struct pgo_err *err)
{
	const struct run_req req = { .what = "the --prepare command",
				     .line = m->prepare,
				     .dir = m->p->config.root,
				     .env = env,
				     .log = m->log };

	return runner_shell(m->p, &req, NULL, err);
}

/* A run in a fresh $PGO_TMP: what is left open is filled in here. */
static int run_side(const struct meter *m, const struct workload *w, const struct side *side,
		    const struct run_req *asked, struct child_result *res, struct pgo_err *err)
{
	PGO_AUTO_FREE char *what = xstrfmt("%s run of workload '%s' (%s)", asked->what, w->name,
					   side_name(side->label));
	PGO_AUTO_FREE char *in = workload_stdin(m->p, w);
	PGO_AUTO(strvec) env = STRVEC_INIT;
	struct run_req req = *asked;
	int ret = fs_remove_tree(m->tmp, err);

	if (!ret)
		ret = fs_mkdir_p(m->tmp, err);
	if (ret)
		return ret;
	req.what = what;
	req.line = side->line ? side->line : w->run;
	req.dir = m->p->config.root;
	req.env = &env;
	req.in_path = in;
	req.out_path = m->out;
	req.log = m->log;
	req.expect_status = w->expect_status;
	req.no_shell = m->no_shell;
	workload_env(m->p, w, "validate", side->out_dir, m->tmp, &env);
	pad(&env, m->padding_bytes);
	if (m->prepare)
		ret = run_prepare(m, &env, err);
	return ret ? ret : runner_shell(m->p, &req, res, err);
}

static int run_once(const struct meter *m, const struct workload *w, const struct side *side,
		    uint64_t spin_ns, struct counters *counters, struct child_result *res,
		    struct pgo_err *err)
{
	const unsigned processor = (unsigned)m->processor;
	const struct run_req req = {
		.what = "validation",
		.timeout_ns = w->timeout_ns,
		.armed = counters_arm,
		.armed_arg = counters,
		.spin_ns = spin_ns,
		.processor = m->processor == NOT_MEASURED ? NULL : &processor,
	};
	int ret = run_side(m, w, side, &req, res, err);

	counters_collect(counters);
	return ret;
}

int meter_run_under(struct meter *m, const struct workload *w, const struct side *side,
		    const struct strvec *tool, unsigned slower, struct pgo_err *err)
{
	const struct run_req req = {
		.what = fs_basename(tool->v[0]),
		.timeout_ns = num_mul_sat(w->timeout_ns, slower, NULL),
		.tool = tool,
	};
	int ret;

	m->padding_bytes = 0;
	ret = run_side(m, w, side, &req, NULL, err);
	return ret ? ret : fs_remove_tree(m->tmp, err);
}

int meter_run(struct meter *m, const struct workload *w, const struct side *side, unsigned times,
	      uint64_t spin_ns, struct measured *ret, struct pgo_err *err)
{
	PGO_AUTO(counters) counters = { .plan = &m->plan, .group = m->group };
	struct run_watch watch;
	int r = 0;

	run_watch_begin(&watch, &m->env);
	for (unsigned i = 0; !r && i < times; i++) {
		struct child_result res = { 0 };

		r = run_once(m, w, side, spin_ns, &counters, &res, err);
		run_watch_add(&watch, &res);
		if (!r && i == 0)
			r = hash_output(m, w, &watch.metrics, err);
	}
	if (!r)
		r = fs_remove_tree(m->tmp, err);
	if (r)
		return r;
	run_watch_end(&watch);
	counters_store(&counters, &watch.metrics);
	*ret = (struct measured){
		.metrics = watch.metrics,
		.invalid = environment_verdict(&watch.diff, watch.metrics.wall_ns,
					       watch.metrics.cpu_ns),
		.lone = watch.lone,
		.nr_left = watch.nr_left,
	};
	return 0;
}
