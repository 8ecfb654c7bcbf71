/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/sim.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pgo/base/child.h"

#define RUN_NS 25e6
#define MAX_LOG_RATIO 15.0 /* so that no time is below some 10 us nor above some minutes */

static unsigned nr_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

/* This program only notes a signal: what it forks and does not wait for in child_run dies of it. */
void sim_child(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

_Noreturn static void work(const struct sim *s, unsigned first, unsigned step, double *sums)
{
	sim_child();
	for (unsigned r = first; r < s->reps; r += step) {
		struct rng rng;

		rng_seed(&rng, s->seed + r);
		s->one(s->arg, &rng, sums);
	}
	_exit(0);
}

static int wait_for(pid_t pid, struct pgo_err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return pgo_error_errno(err, "cannot wait for a simulation");
		if (child_cancelled())
			kill(pid, SIGKILL);
	}
	if (status)
		return pgo_error(err, child_cancelled() ? PGO_ECANCELLED : PGO_ECHILD,
				 "a simulation ended with status %d", status);
	return 0;
}

int sim_run(const struct sim *s, double *sums, struct pgo_err *err)
{
	unsigned nr = nr_processors(), nr_started = 0;
	size_t size = nr * SIM_MAX_SUMS * sizeof(*sums);
	PGO_AUTO_FREE pid_t *pids = xcalloc(nr, sizeof(*pids));
	double *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			      0);
	int ret = 0;

	if (shared == MAP_FAILED)
		return pgo_error_errno(err, "cannot share memory");
	for (; !ret && nr_started < nr; nr_started++) {
		pids[nr_started] = fork();
		if (!pids[nr_started])
			work(s, nr_started, nr, shared + nr_started * SIM_MAX_SUMS);
		if (pids[nr_started] < 0)
			ret = pgo_error_errno(err, "cannot start a simulation");
	}
	for (unsigned i = 0; i < nr_started; i++) {
		int r = pids[i] > 0 ? wait_for(pids[i], err) : 0;

		ret = ret ? ret : r;
	}
	for (unsigned k = 0; k < s->nr_sums; k++) {
		sums[k] = 0;
		for (unsigned i = 0; i < nr; i++)
			sums[k] += shared[i * SIM_MAX_SUMS + k];
	}
	munmap(shared, size);
	return ret;
}

int model_init(struct model *m, unsigned nr_workloads, unsigned n_max, struct pgo_err *err)
{
	m->e.head = (struct evidence_head){ .n_max = n_max, .alpha = 0.025, .margin = 0.02 };
	m->e.nr_workloads = nr_workloads;
	m->e.workloads = xcalloc(nr_workloads, sizeof(*m->e.workloads));
	for (unsigned i = 0; i < nr_workloads; i++)
		m->e.workloads[i] = (struct ab_workload_info){ .weight = 1, .times = 1 };
	return engine_init(&m->g, &m->e, err);
}

void model_release(struct model *m)
{
	engine_release(&m->g);
	evidence_release(&m->e);
}

void model_restart(struct model *m, struct rng *rng)
{
	m->e.nr_pairs = 0;
	m->e.head.seed = rng_u64(rng);
	m->round = 0;
	engine_restart(&m->g, &m->e);
}

void model_pair(struct model *m, size_t workload, enum pair_kind kind, double d)
{
	struct ab_pair p = { .workload = workload, .kind = kind, .round = m->round };
	double half = fmax(-MAX_LOG_RATIO, fmin(MAX_LOG_RATIO, d)) / 2;

	for (int i = 0; i < 2; i++) {
		p.run[i] = run_metrics_none();
		p.run[i].cpu_ns = p.run[i].wall_ns = (uint64_t)(RUN_NS * exp(i ? -half : half));
	}
	evidence_add(&m->e, &p);
}

void model_look(struct model *m)
{
	struct pgo_err err = PGO_ERR_INIT;

	/* Only a table of boundaries could fail, for an alpha or n_max that was good before. */
	if (engine_update(&m->g, &err))
		_exit(2);
	m->round++;
}

void model_round(struct model *m, double d)
{
	model_pair(m, 0, PAIR_AB, d);
	model_look(m);
}

bool verdict_claims(enum verdict v)
{
	return v == VERDICT_FASTER || v == VERDICT_REGRESSION || v == VERDICT_SLOWER_WITHIN_MARGIN;
}
