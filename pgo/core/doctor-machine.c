/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine has and permits. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/personality.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/threads.h"
#include "pgo/core/cgroup.h"
#include "pgo/core/doctor-checks.h"
#include "pgo/core/environment.h"

/* What all of them look at. */
struct look {
	const struct doctor_opts *opts;
	const struct doctor_recorder *recorder;
	const struct collect_facts *facts;
	struct environment_text text;
	struct cgroup cpu, memory;
};

static void no(struct doctor_finding *f, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void no(struct doctor_finding *f, const char *mend, const char *fmt, ...)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	doctor_answer(f, DOCTOR_NO, text.buf, mend);
}

static void yes(struct doctor_finding *f, const char *what)
{
	doctor_answer(f, DOCTOR_YES, what, NULL);
}

static void unknown(struct doctor_finding *f, const char *why)
{
	doctor_answer(f, DOCTOR_UNKNOWN, why, NULL);
}

/* A number that stands alone in a file. */
static bool number_of(const struct look *l, const char *path, uint64_t *ret)
{
	PGO_AUTO_FREE char *text = environment_content(l->opts->root, path);

	return text && num_parse_u64(text, ret);
}

static bool is_unknown(const char *text)
{
	return !strcmp(text, "unknown");
}

static void look_machine(const struct look *l, struct doctor_finding *f)
{
	doctor_answer(f, DOCTOR_INFO, l->text.machine, NULL);
}

static void look_kernel(const struct look *l, struct doctor_finding *f)
{
	doctor_answer(f, DOCTOR_INFO, l->text.kernel, NULL);
}

static void look_processors(const struct look *l, struct doctor_finding *f)
{
	const unsigned nr = threads_for(0, UINT_MAX, UINT_MAX);
	PGO_AUTO_FREE char *text = xstrfmt("%u that this process may use", nr);

	(void)l;
	if (nr > 1)
		yes(f, text);
	else
		no(f, "taskset -c 0,1 pgoctl ...",
		   "one: whatever else runs takes its time from the runs that are measured");
}

static void look_perf(const struct look *l, struct doctor_finding *f)
{
	/* What preflight says first, where it is the tool. */
	if (l->facts->version)
		yes(f, l->facts->version);
	else
		doctor_settle(f, -PGO_ETOOL, NULL, &l->recorder->why);
}

/* The level is told beside the answer: it is what a refusal hangs on. */
static void look_events(const struct look *l, struct doctor_finding *f)
{
	const struct collect_choice *c = &l->recorder->sampler.choice;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	if (!l->facts->version) {
		unknown(f, "there is no perf to record them");
		return;
	}
	if (!l->recorder->can) {
		doctor_settle(f, -PGO_ETOOL, NULL, &l->recorder->why);
		return;
	}
	strbuf_addf(&text, "%s; perf_event_paranoid ", c->event);
	if (l->facts->paranoid == INT_MIN)
		strbuf_addstr(&text, "is not to be read");
	else
		strbuf_addf(&text, "is %d", l->facts->paranoid);
	yes(f, text.buf);
}

static void look_branches(const struct look *l, struct doctor_finding *f)
{
	const struct collect_choice *c = &l->recorder->sampler.choice;

	if (!l->recorder->can)
		unknown(f, "nothing can be sampled");
	else if (c->branches)
		yes(f, c->source);
	else
		doctor_answer(f, DOCTOR_NO, c->notes.nr ? c->notes.v[0] : "there are none",
			      DOCTOR_WITHOUT_BRANCHES);
}

/* linux/capability.h. */
static const struct {
	const char *name;
	unsigned bit;
} capabilities[] = {
	{ "SYS_ADMIN", 21 },
	{ "PERFMON", 38 },
	{ "SYS_PTRACE", 19 },
};

static bool effective(const struct look *l, uint64_t *ret)
{
	PGO_AUTO_FREE char *status = environment_content(l->opts->root, "/proc/self/status");
	PGO_AUTO_FREE char *caps = status ? environment_value(status, "CapEff") : NULL;
	char *end;

	if (!caps || !*caps)
		return false;
	errno = 0;
	*ret = strtoull(caps, &end, 16);
	return !*end && !errno;
}

static void look_capabilities(const struct look *l, struct doctor_finding *f)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	uint64_t caps;

	if (!effective(l, &caps)) {
		unknown(f, "/proc/self/status does not tell");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (caps >> capabilities[i].bit & 1)
			strbuf_addf(&text, "%s%s", text.len ? ", " : "", capabilities[i].name);
	if (text.len)
		yes(f, text.buf);
	else
		no(f,
		   l->facts->container ? "docker run --cap-add PERFMON --cap-add SYS_PTRACE ..."
				       : "sudo pgoctl ...",
		   "none of SYS_ADMIN, PERFMON, SYS_PTRACE: only own processes can be observed");
}

/* Source: Linux, Documentation/admin-guide/LSM/Yama.rst. */
static void look_ptrace(const struct look *l, struct doctor_finding *f)
{
	static const char mend[] = "sudo sysctl kernel.yama.ptrace_scope=0";
	uint64_t scope, caps = 0;

	if (!number_of(l, "/proc/sys/kernel/yama/ptrace_scope", &scope)) {
		yes(f, "own processes; this kernel has no further rule (Yama)");
		return;
	}
	effective(l, &caps);
	if (!scope)
		yes(f, "own processes; ptrace_scope is 0");
	else if (scope < 3 && caps >> 19 & 1)
		yes(f, "by SYS_PTRACE");
	else
		no(f, scope < 3 ? mend : NULL,
		   scope == 1  ? "ptrace_scope is 1: only what was started by the one that traces"
		   : scope < 3 ? "ptrace_scope is 2: only with SYS_PTRACE"
			       : "ptrace_scope is 3: none, until the next boot");
}

static void look_container(const struct look *l, struct doctor_finding *f)
{
	doctor_answer(f, DOCTOR_INFO,
		      l->facts->container
			      ? l->facts->seccomp ? "this is one, with a filter of system calls"
						  : "this is one"
		      : l->facts->seccomp ? "none, but a filter of system calls"
					  : "none",
		      NULL);
}

static void look_cpu_limit(const struct look *l, struct doctor_finding *f)
{
	PGO_AUTO_FREE char *text = NULL;
	size_t level;
	uint64_t limit = cgroup_tightest(&l->cpu, cgroup_cpu_limit, &level);

	if (limit == NOT_MEASURED) {
		unknown(f, "the control group of this process is not to be seen");
		return;
	}
	text = limit == CGROUP_NO_LIMIT
		       ? xstrfmt("none (control groups of version %u)", l->cpu.version)
		       : xstrfmt("%.2g processors (control groups of version %u)",
				 (double)limit / 1000, l->cpu.version);
	doctor_answer(f, DOCTOR_INFO, text, NULL);
}

/* How the limit of a group is lifted. */
static char *lift(const struct look *l, size_t level)
{
	if (l->facts->container)
		return xstrdup("docker update --cpus 0 CONTAINER");
	return xstrfmt("echo %s | sudo tee %s/%s", l->cpu.version == 2 ? "max" : "-1",
		       l->cpu.dirs.v[level], l->cpu.version == 2 ? "cpu.max" : "cpu.cfs_quota_us");
}

static void look_throttling(const struct look *l, struct doctor_finding *f)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	struct environment_snapshot now;
	PGO_AUTO_FREE char *mend = NULL;
	size_t level;

	environment_open(&env, l->opts->root);
	environment_take(&env, &now);
	cgroup_tightest(&l->cpu, cgroup_cpu_limit, &level);
	if (now.nr_throttled == NOT_MEASURED) {
		unknown(f, "the control group of this process is not to be seen");
	} else if (!now.nr_throttled) {
		yes(f, "never held back so far");
	} else {
		mend = lift(l, level);
		no(f, mend, "held back %" PRIu64 " times so far, by the limit of processor time",
		   now.nr_throttled);
	}
}

static void look_memory_limit(const struct look *l, struct doctor_finding *f)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	size_t level;
	uint64_t limit = cgroup_tightest(&l->memory, cgroup_memory_limit, &level);

	if (limit == NOT_MEASURED) {
		unknown(f, "the control group of this process is not to be seen");
		return;
	}
	if (limit == CGROUP_NO_LIMIT)
		strbuf_addstr(&text, "none");
	else
		num_add_bytes(&text, limit);
	strbuf_addf(&text, " (control groups of version %u)", l->memory.version);
	doctor_answer(f, DOCTOR_INFO, text.buf, NULL);
}

static void look_governor(const struct look *l, struct doctor_finding *f)
{
	if (is_unknown(l->text.governor))
		unknown(f, "this machine does not tell, as most virtual ones");
	else if (!strcmp(l->text.governor, "performance"))
		yes(f, l->text.governor);
	else
		no(f,
		   "echo performance | sudo tee "
		   "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
		   "%s: the clock follows the load, which is noise in what is measured",
		   l->text.governor);
}

static void look_turbo(const struct look *l, struct doctor_finding *f)
{
	static const char intel[] = "/sys/devices/system/cpu/intel_pstate/no_turbo";
	PGO_AUTO_FREE char *has_intel = environment_content(l->opts->root, intel);

	if (is_unknown(l->text.turbo))
		unknown(f, "this machine does not tell, as most virtual ones");
	else if (!strcmp(l->text.turbo, "off"))
		yes(f, "off");
	else
		no(f,
		   has_intel ? "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"
			     : "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost",
		   "on: the clock hangs on heat and neighbours, which is noise in what is "
		   "measured");
}

static void look_smt(const struct look *l, struct doctor_finding *f)
{
	if (is_unknown(l->text.smt))
		unknown(f, "this machine does not tell");
	else if (!strcmp(l->text.smt, "off"))
		yes(f, "off");
	else
		no(f, "echo off | sudo tee /sys/devices/system/cpu/smt/control",
		   "on: a run shares its core with whatever runs beside it");
}

/* The kernel's setting, and that of this process, which its children inherit. */
static void look_aslr(const struct look *l, struct doctor_finding *f)
{
	PGO_AUTO_FREE char *own = environment_content(l->opts->root, "/proc/self/personality");
	PGO_AUTO_FREE char *text = NULL;
	const bool off = own && (strtoul(own, NULL, 16) & ADDR_NO_RANDOMIZE);

	if (is_unknown(l->text.aslr)) {
		unknown(f, "this kernel does not tell");
		return;
	}
	text = xstrfmt("%s%s", l->text.aslr, off ? ", but off for this process" : "");
	doctor_answer(f, DOCTOR_INFO, text, NULL);
}

static void look_fixed_addresses(const struct look *l, struct doctor_finding *f)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	struct child_result res;
	int ret;

	strvec_push(&c.argv, "true");
	c.no_aslr = true;
	c.timeout_ns = l->opts->timeout_ns;
	ret = child_run(&c, &res, &why);
	if (!ret)
		yes(f, "a run can have the same addresses each time");
	else
		no(f,
		   l->facts->container ? "docker run --security-opt seccomp=unconfined ..." : NULL,
		   "%s", why.msg);
}

static void look_pressure(const struct look *l, struct doctor_finding *f)
{
	PGO_AUTO_FREE char *cpu = environment_content(l->opts->root, "/proc/pressure/cpu");

	if (cpu)
		yes(f, "waiting for processor, memory and disk is told");
	else
		no(f, "add psi=1 to the kernel's command line, and boot",
		   "this kernel does not tell how long tasks waited (no /proc/pressure)");
}

static void look_disk_wait(const struct look *l, struct doctor_finding *f)
{
	uint64_t on;

	if (!number_of(l, "/proc/sys/kernel/task_delayacct", &on))
		unknown(f, "this kernel has no switch for it (before 5.14)");
	else if (on)
		yes(f, "counted for each process");
	else
		no(f, "sudo sysctl kernel.task_delayacct=1",
		   "not counted for each process: told by the pressure of the whole machine");
}

/* What a recording may take; builds of large projects take more. */
#define ROOM_BYTES SAMPLER_MAX_BYTES

static void look_room(const char *dir, const char *mend, struct doctor_finding *f)
{
	PGO_AUTO(strbuf) room = STRBUF_INIT;
	struct statvfs st;
	uint64_t bytes;

	if (statvfs(dir, &st)) {
		no(f, mend, "'%s': %s", dir, strerror(errno));
		return;
	}
	bytes = num_mul_sat(st.f_bavail, st.f_frsize, NULL);
	num_add_bytes(&room, bytes);
	if (st.f_flag & ST_RDONLY || access(dir, W_OK))
		no(f, mend, "'%s' cannot be written to", dir);
	else if (st.f_flag & ST_NOEXEC)
		no(f, mend, "programs in '%s' may not run (noexec)", dir);
	else if (bytes < ROOM_BYTES)
		no(f, mend, "%s free in '%s': a recording may take 1 GiB", room.buf, dir);
	else {
		strbuf_addf(&room, " free in '%s'", dir);
		yes(f, room.buf);
	}
}

static void look_room_here(const struct look *l, struct doctor_finding *f)
{
	look_room(l->opts->dir, "rm -r .pgo/samples .pgo/work, or a folder on another disk", f);
}

static void look_room_tmp(const struct look *l, struct doctor_finding *f)
{
	const char *dir = getenv("TMPDIR");

	(void)l;
	look_room(dir && *dir ? dir : "/tmp", "TMPDIR=/var/tmp pgoctl ...", f);
}

static const struct {
	const char *name;
	void (*look)(const struct look *l, struct doctor_finding *f);
} looks[] = {
	{ "machine", look_machine },
	{ "kernel", look_kernel },
	{ "processors", look_processors },
	{ "perf", look_perf },
	{ "perf events", look_events },
	{ "branch stacks", look_branches },
	{ "capabilities", look_capabilities },
	{ "ptrace", look_ptrace },
	{ "container", look_container },
	{ "CPU limit", look_cpu_limit },
	{ "throttling", look_throttling },
	{ "memory limit", look_memory_limit },
	{ "governor", look_governor },
	{ "turbo", look_turbo },
	{ "SMT", look_smt },
	{ "ASLR", look_aslr },
	{ "fixed addresses", look_fixed_addresses },
	{ "pressure", look_pressure },
	{ "disk wait", look_disk_wait },
	{ "project's room", look_room_here },
	{ "temporary room", look_room_tmp },
};

int doctor_look(const struct doctor_opts *opts, const struct doctor_recorder *recorder,
		struct doctor *d, struct pgo_err *err)
{
	struct look l = { .opts = opts,
			  .recorder = recorder,
			  .facts = &recorder->sampler.machine.facts,
			  .cpu = CGROUP_INIT,
			  .memory = CGROUP_INIT };

	environment_describe(opts->root, &l.text);
	cgroup_find(opts->root, CGROUP_CPU, &l.cpu);
	cgroup_find(opts->root, CGROUP_MEMORY, &l.memory);
	d->facts = xcalloc(ARRAY_SIZE(looks), sizeof(*d->facts));
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		struct doctor_fact *fact = &d->facts[d->nr_facts++];

		fact->name = looks[i].name;
		looks[i].look(&l, &fact->finding);
	}
	environment_text_release(&l.text);
	cgroup_release(&l.cpu);
	cgroup_release(&l.memory);
	if (child_cancelled())
		return pgo_error(err, PGO_ECANCELLED, "stopped by a signal");
	return 0;
}
