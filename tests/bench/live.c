/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/live.h"

#include <math.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/core/json.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/whatif.h"
#include "tests/bench/sim.h"

static char *copy(const char *program, const char *dir, const char *name, struct pgo_err *err)
{
	PGO_AUTO_FREE char *sub = fs_join(dir, name);
	PGO_AUTO_FREE char *to = fs_join(sub, "spin");
	int ret = fs_mkdir_p(sub, err);

	if (!ret && !fs_exists(to))
		ret = fs_copy_file(program, to, err);
	return ret ? NULL : TAKE_PTR(to);
}

int copies_make(struct copies *c, struct bench *b, double effect, unsigned steps,
		struct pgo_err *err)
{
	PGO_AUTO_FREE char *a = copy(b->spin, b->tmp.path, "a", err);
	PGO_AUTO_FREE char *other = a ? copy(b->spin, b->tmp.path, "b", err) : NULL;

	if (!other)
		return -(int)err->code;
	*c = (struct copies){ xstrfmt("%s %u", a, steps),
			      xstrfmt("%s %.0f", other, steps * (1 + effect)), effect };
	return 0;
}

void copies_release(struct copies *c)
{
	free(c->a);
	free(c->b);
	*c = (struct copies){ 0 };
}

static bool verdict_from(const char *name, enum verdict *ret)
{
	for (enum verdict v = 0; v < NR_VERDICTS; v++)
		if (!strcmp(name, verdict_name(v))) {
			*ret = v;
			return true;
		}
	return false;
}

static int read_answer(const struct strbuf *text, struct live *ret, struct pgo_err *err)
{
	PGO_AUTO(json_holder) json = { NULL };
	bool ok = true;
	int r = js_parse("pgoctl's answer", text->buf, text->len, &json.o, err);

	if (r)
		return r;
	*ret = (struct live){
		.pairs = (unsigned)js_get_u64(json_object_get(json.o, "overall"), "pairs", &ok),
		.broken = json_is_true(json_object_get(json_object_get(json.o, "instrument"),
						       "broken")),
	};
	if (verdict_from(js_get_string(json.o, "verdict", &ok), &ret->verdict) && ok)
		return 0;
	return pgo_error(err, PGO_EFORMAT, "pgoctl's answer has no verdict");
}

/* The coin makes the mean 0. */
static int read_variance(const char *path, double *ret, struct pgo_err *err)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	double sum = 0;
	unsigned nr = 0;
	int r = evidence_read(path, &e, err);

	for (size_t i = 0; !r && i < e.nr_pairs; i++) {
		const struct ab_pair *p = &e.pairs[i];
		double d = log(evidence_metric(&e, p->workload, &p->run[0]) /
			       evidence_metric(&e, p->workload, &p->run[1]));

		if (p->kind != PAIR_AA || p->invalid != VALID)
			continue;
		sum += d * d;
		nr++;
	}
	*ret = nr ? sum / nr : 0;
	return r;
}

/* Run to the end; its exit status must be among the first so many that mean an answer. */
static int run_tool(struct child *c, struct strbuf *out, int last_answer, struct pgo_err *err)
{
	PGO_AUTO(pgo_err) ignored = PGO_ERR_INIT;
	struct child_result res = { .exit_status = -1 };
	int ret = child_capture(c, out, false, &res, &ignored);

	if (!ret || (ret == -PGO_ECHILD && res.exit_status >= 0 && res.exit_status <= last_answer &&
		     res.exit_status != PGO_EXIT_USAGE))
		return 0;
	return pgo_error(err, ret == -PGO_ECANCELLED ? PGO_ECANCELLED : PGO_ECHILD, "%s: %s",
			 c->argv.v[0], ignored.msg);
}

int live_validate(struct bench *b, const struct copies *c, unsigned pairs, struct live *ret,
		  struct pgo_err *err)
{
	PGO_AUTO(child) child = CHILD_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO_FREE char *number = xstrfmt("%u", pairs);
	PGO_AUTO_FREE char *file = fs_join(b->tmp.path, "evidence.jsonl");
	const char *const argv[] = { b->pgoctl, "validate",   "-a",   c->a,	"-b",
				     c->b,	"--shell",    "none", "--json", "--pairs",
				     number,	"--evidence", file };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
		strvec_push(&child.argv, argv[i]);
	r = run_tool(&child, &out, PGO_EXIT_INSTRUMENT, err);
	if (!r)
		r = read_answer(&out, ret, err);
	return r ? r : read_variance(file, &ret->variance, err);
}

int live_hyperfine(struct bench *b, const struct copies *c, unsigned runs, int *says,
		   struct pgo_err *err)
{
	PGO_AUTO(child) child = CHILD_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	PGO_AUTO_FREE char *number = xstrfmt("%u", runs);
	PGO_AUTO_FREE char *file = fs_join(b->tmp.path, "hyperfine.json");
	const char *const argv[] = { "hyperfine", "-N",	  "--style",	   "none", "-w", "2",
				     "-r",	  number, "--export-json", file,   c->a, c->b };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
		strvec_push(&child.argv, argv[i]);
	r = run_tool(&child, &out, 0, err);
	if (!r)
		r = hyperfine_read(file, &h, err);
	if (r)
		return r;
	if (h.nr != 2)
		return pgo_error(err, PGO_EFORMAT, "hyperfine exported %zu results, not two", h.nr);
	*says = whatif_welch(h.results[0].times_s, h.results[0].nr, h.results[1].times_s,
			     h.results[1].nr)
			.says;
	return 0;
}

static void pause_or_burn(uint64_t ns, bool burn)
{
	struct timespec t = { 0, (long)ns }, start, now;

	if (!burn) {
		nanosleep(&t, NULL);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((uint64_t)(now.tv_sec - start.tv_sec) * 1000000000u + (uint64_t)now.tv_nsec -
		       (uint64_t)start.tv_nsec <
	       ns);
}

_Noreturn static void make_noise(uint64_t seed)
{
	cpu_set_t all, last;
	struct rng rng;

	sim_child();
	CPU_ZERO(&last);
	if (!sched_getaffinity(0, sizeof(all), &all))
		for (int i = CPU_SETSIZE; i-- > 0 && !CPU_COUNT(&last);)
			if (CPU_ISSET(i, &all))
				CPU_SET(i, &last);
	sched_setaffinity(0, sizeof(last), &last);
	rng_seed(&rng, seed);
	for (bool burn = true;; burn = !burn)
		pause_or_burn(1000000 + rng_below(&rng, 40000000), burn);
}

int noise_start(pid_t *pid, uint64_t seed, struct pgo_err *err)
{
	*pid = fork();
	if (!*pid)
		make_noise(seed);
	return *pid < 0 ? pgo_error_errno(err, "cannot start the noise") : 0;
}

void noise_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
