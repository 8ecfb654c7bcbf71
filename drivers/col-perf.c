/* SPDX-License-Identifier: Apache-2.0 */
/* perf record: which event, how often, and what stands in the way. */
#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <sys/stat.h>

#include "drivers/collector.h"

/*
 * A prime rate does not keep step with what a program does each millisecond. The period is
 * that of the kernel's Documentation/dev-tools/autofdo.rst, prime as well.
 */
#define RATE_HZ 3989
#define BRANCH_PERIOD 500009

#define HARDWARE(text_, precise_)                                          \
	.name = "cycles", .text = (text_), .type = PERF_TYPE_HARDWARE,     \
	.config = PERF_COUNT_HW_CPU_CYCLES, .precise = (precise_)

/*
 * Taken branches are what compilers weigh blocks by; with cycles the stacks are those of slow
 * places. Numbers: Intel SDM volume 3B, "BR_INST_RETIRED.NEAR_TAKEN" (event C4H, umask 20H);
 * AMD PPR of family 19H, "RETIRED_TAKEN_BRANCH_INSTRUCTIONS" (PMCx0C4), the only event that
 * the branch sampling of Zen 3 takes, and that without a rate: Linux,
 * arch/x86/events/amd/brs.c. Arm: drivers/perf/arm_brbe.c.
 */
static const struct collect_event events[] = {
	{ .name = "BR_INST_RETIRED.NEAR_TAKEN",
	  .text = "r20c4:uppp",
	  .cpu = COLLECT_CPU_INTEL,
	  .type = PERF_TYPE_RAW,
	  .config = 0x20c4,
	  .precise = 3,
	  .branches = true,
	  .period = BRANCH_PERIOD,
	  .source = "LBR" },
	{ .name = "RETIRED_TAKEN_BRANCH_INSTRUCTIONS",
	  .text = "rc4:u",
	  .cpu = COLLECT_CPU_AMD,
	  .type = PERF_TYPE_RAW,
	  .config = 0xc4,
	  .branches = true,
	  .period = BRANCH_PERIOD,
	  .period_only = true,
	  .source = "LBR or BRS of AMD" },
	{ HARDWARE("cycles:u", 0), .cpu = COLLECT_CPU_INTEL, .branches = true, .source = "LBR" },
	{ HARDWARE("cycles:u", 0), .cpu = COLLECT_CPU_AMD, .branches = true, .source = "LBR" },
	{ HARDWARE("cycles:u", 0), .cpu = COLLECT_CPU_ARM, .branches = true, .source = "BRBE" },
	{ HARDWARE("cycles:u", 0), .cpu = COLLECT_CPU_ANY, .branches = true,
	  .source = "branch records of the processor" },
	{ HARDWARE("cycles:uppp", 3) },
	{ HARDWARE("cycles:upp", 2) },
	{ HARDWARE("cycles:up", 1) },
	{ HARDWARE("cycles:u", 0) },
	{ .name = "cpu-clock",
	  .text = "cpu-clock:u",
	  .type = PERF_TYPE_SOFTWARE,
	  .config = PERF_COUNT_SW_CPU_CLOCK },
};

static int no_tool(const struct collect_facts *f, struct pgo_err *err)
{
	if (f->trouble)
		pgo_error(err, PGO_ETOOL, "perf does not run here: %s", f->trouble);
	else
		pgo_error(err, PGO_ETOOL, "perf is not installed");
	if (f->ubuntu)
		return pgo_err_hint(err, "sudo apt-get install linux-tools-%s", f->kernel);
	return pgo_err_hint(err, "sudo apt-get install linux-perf");
}

/* The kernel does not have it, or what stands between does not pass it on. */
static int no_events(const struct collect_facts *f, struct pgo_err *err)
{
	pgo_error(err, PGO_ETOOL, "this %s has no perf events (perf_event_open: %s)",
		  f->container || f->seccomp ? "container" : "kernel", strerror(ENOSYS));
	return pgo_err_hint(err,
			    "collect by instrumentation, which needs none: pgoctl collect without "
			    "--sample");
}

/*
 * most: the level of perf_event_paranoid that allows it. Docker's default filter lets
 * perf_event_open pass with CAP_PERFMON; then paranoid does not matter either.
 */
static int refused(const struct collect_facts *f, const char *what, int most, struct pgo_err *err)
{
	if (f->container) {
		pgo_error(err, PGO_ETOOL, "this container may not %s", what);
		return pgo_err_hint(err, "start it with: docker run --cap-add PERFMON ...");
	}
	if (f->paranoid > most) {
		pgo_error(err, PGO_ETOOL, "perf_event_paranoid is %d: this process may not %s",
			  f->paranoid, what);
		return pgo_err_hint(err, "sudo sysctl kernel.perf_event_paranoid=%d",
				    most > 1 ? 1 : most);
	}
	if (f->seccomp) {
		pgo_error(err, PGO_ETOOL, "a seccomp filter does not let this process %s", what);
		return pgo_err_hint(err,
				    "of a service of systemd: "
				    "SystemCallFilter=perf_event_open");
	}
	pgo_error(err, PGO_ETOOL, "the system does not let this process %s", what);
	return pgo_err_hint(err, "sudo pgoctl collect --sample");
}

static bool is_refusal(int errnum)
{
	return errnum == EACCES || errnum == EPERM;
}

/* The best event that answers, or NULL with the most telling of the errors. */
static const struct collect_event *best(const struct collect_facts *f, bool branches, int *errnum)
{
	*errnum = 0;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (branches && !events[i].branches)
			continue;
		if (!f->answers[i]) {
			*errnum = 0;
			return &events[i];
		}
		/* Of another processor's event ENOENT says nothing. */
		if (!*errnum || *errnum == ENOENT || is_refusal(f->answers[i]) ||
		    f->answers[i] == ENOSYS)
			*errnum = f->answers[i];
	}
	return NULL;
}

/* Which any event may have; not those of a processor that records them for one event alone. */
static const struct collect_event *stacks_of_any(const struct collect_facts *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (events[i].branches && !events[i].period_only && !f->answers[i])
			return &events[i];
	return NULL;
}

static int check_target(const struct collect_facts *f, const struct collect_wish *w,
			struct pgo_err *err)
{
	if (w->cgroup && !f->privileged && f->paranoid > 0)
		return refused(f, "observe a control group", 0, err);
	if (!w->pid || !f->pid_errno)
		return 0;
	if (f->pid_errno == ESRCH)
		return pgo_error(err, PGO_ENOTFOUND, "there is no process %ld", (long)w->pid);
	if (!is_refusal(f->pid_errno))
		return pgo_error(err, PGO_ETOOL, "process %ld cannot be observed: %s", (long)w->pid,
				 strerror(f->pid_errno));
	pgo_error(err, PGO_EPERM, "process %ld is another user's, or may not be observed",
		  (long)w->pid);
	return pgo_err_hint(err,
			    "run it as that user, or as root: sudo pgoctl collect --sample "
			    "--pid %ld",
			    (long)w->pid);
}

static int choose_rate(const struct collect_facts *f, const struct collect_wish *w,
		       const struct collect_event *e, struct collect_choice *c, struct pgo_err *err)
{
	if (w->rate_hz && f->max_rate_hz && w->rate_hz > f->max_rate_hz) {
		pgo_error(err, PGO_EUSAGE,
			  "%llu samples a second are more than the kernel allows: "
			  "%llu",
			  (unsigned long long)w->rate_hz, (unsigned long long)f->max_rate_hz);
		return pgo_err_hint(err, "sudo sysctl kernel.perf_event_max_sample_rate=%llu",
				    (unsigned long long)w->rate_hz);
	}
	if (e && e->period && (!w->rate_hz || e->period_only)) {
		c->period = e->period;
		if (w->rate_hz)
			strvec_pushf(&c->notes,
				     "this processor's branch sampling takes no rate: one sample "
				     "each %llu events",
				     (unsigned long long)e->period);
		return 0;
	}
	c->rate_hz = w->rate_hz ? w->rate_hz : RATE_HZ;
	if (f->max_rate_hz && c->rate_hz > f->max_rate_hz)
		c->rate_hz = f->max_rate_hz;
	return 0;
}

static void tell_cost(const struct collect_facts *f, int why, struct collect_choice *c)
{
	strvec_pushf(&c->notes,
		     "no branch stacks (%s): the profile is by sampled addresses, which is less "
		     "exact for branches and rare code",
		     !why	       ? "this processor has them for another event"
		     : is_refusal(why) ? "no permission"
		     : why == ENODATA  ? "they count nothing here"
				       : "this machine offers none, as most virtual machines");
	strvec_push(&c->notes,
		    "exact counts need no branch stacks: pgoctl collect with profile.technique "
		    "instrument, or bolt, which instruments the finished program");
	if (f->spe)
		strvec_push(&c->notes,
			    "Arm's statistical profiling (SPE) is there, but is not read yet");
}

static int preflight(const struct collect_facts *f, const struct collect_wish *w,
		     struct collect_choice *ret, struct pgo_err *err)
{
	const struct collect_event *event, *stacks = NULL;
	struct collect_choice c = COLLECT_CHOICE_INIT;
	int errnum, no_stacks, r;

	if (!f->version)
		return no_tool(f, err);
	event = best(f, false, &errnum);
	if (!event && is_refusal(errnum))
		return refused(f, "sample a program", 2, err);
	if (!event && errnum == ENOSYS)
		return no_events(f, err);
	if (!event)
		return pgo_error(err, PGO_ETOOL, "this machine samples no event: %s",
				 strerror(errnum));
	r = check_target(f, w, err);
	if (r)
		return r;
	best(f, true, &no_stacks);
	if (w->event) { /* of the user's own: how often it occurs is not known */
		event = NULL;
		stacks = stacks_of_any(f);
	}
	r = choose_rate(f, w, event, &c, err);
	if (r)
		return r;
	c.event = xstrdup(event ? event->text : w->event);
	c.branches = event ? event->branches : stacks != NULL;
	c.source = c.branches ? (event ? event : stacks)->source : NULL;
	if (!c.branches)
		tell_cost(f, no_stacks, &c);
	*ret = c;
	return 0;
}

/*
 * The user's perfconfig and cache of build ids are left alone: what a recording holds must not
 * depend on them, and nothing is to grow outside of the project.
 */
static void wrap(const struct collect_req *req, struct strvec *argv, struct strvec *env)
{
	const struct collect_choice *c = req->choice;

	strvec_push(argv, req->tool);
	strvec_push(argv, "record");
	strvec_push(argv, "-N");
	strvec_push(argv, "-e");
	strvec_push(argv, c->event);
	if (c->period)
		strvec_pushf(argv, "-c%llu", (unsigned long long)c->period);
	else
		strvec_pushf(argv, "-F%llu", (unsigned long long)c->rate_hz);
	if (c->branches) {
		strvec_push(argv, "-j");
		strvec_push(argv, "any,u");
	}
	if (req->max_bytes)
		strvec_pushf(argv, "--max-size=%lluB", (unsigned long long)req->max_bytes);
	strvec_push(argv, "-o");
	strvec_push(argv, req->output);
	if (req->wish->pid) {
		strvec_push(argv, "-p");
		strvec_pushf(argv, "%ld", (long)req->wish->pid);
	} else if (req->wish->cgroup) {
		strvec_push(argv, "-a");
		strvec_push(argv, "-G");
		strvec_push(argv, req->wish->cgroup);
	} else {
		strvec_push(argv, "--");
	}
	strvec_setenv(env, "PERF_CONFIG", "/dev/null");
}

static int finish(const struct collect_req *req, struct pgo_err *err)
{
	struct stat st;

	if (stat(req->output, &st))
		return pgo_error(err, PGO_ECHILD, "perf left no recording");
	if (!st.st_size)
		return pgo_error(err, PGO_ECHILD,
				 "perf left an empty recording: it was killed "
				 "before it had written anything");
	return 0;
}

extern const struct collector collector_perf;
const struct collector collector_perf = {
	.name = "perf",
	.suffix = "data",
	.events = events,
	.nr_events = ARRAY_SIZE(events),
	.preflight = preflight,
	.wrap = wrap,
	.finish = finish,
};
