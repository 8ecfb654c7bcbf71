/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/trace.h"

#include <math.h>

#include "pgo/base/child.h"

void trace_release(struct trace *t)
{
	for (int m = 0; m < NR_TRACE_METRICS; m++)
		free(t->s[m]);
	*t = (struct trace){ 0 };
}

static int run(const char *program, struct child_result *res, struct pgo_err *err)
{
	PGO_AUTO(child) c = CHILD_INIT;
	int ret;

	strvec_push(&c.argv, program);
	c.out_path = "/dev/null";
	ret = child_run(&c, res, err);
	if (ret || res->exit_status == 0)
		return ret;
	return pgo_error(err, PGO_ECHILD, "'%s' failed", program);
}

int trace_record(struct trace *t, const char *program, size_t nr, struct pgo_err *err)
{
	struct child_result res;
	int ret = 0;

	for (int m = 0; m < NR_TRACE_METRICS; m++)
		t->s[m] = xcalloc(nr, sizeof(*t->s[m]));
	for (t->nr = 0; t->nr < nr; t->nr++) {
		ret = run(program, &res, err);
		if (ret)
			return ret;
		t->s[TRACE_CPU][t->nr] = (double)(res.user_ns + res.sys_ns) / 1e9;
		t->s[TRACE_WALL][t->nr] = (double)res.wall_ns / 1e9;
	}
	return 0;
}

size_t trace_window(const struct trace *t, size_t nr, struct rng *rng)
{
	return rng_below(rng, t->nr - nr + 1);
}

double trace_pair(const struct trace *t, enum trace_metric m, size_t at, struct rng *rng)
{
	double d = log(t->s[m][at] / t->s[m][at + 1]);

	return rng_coin(rng) ? d : -d;
}
