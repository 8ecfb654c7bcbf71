/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/environment.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/core/cgroup.h"

enum kind {
	STAT,
	PRESSURE,
	MEMORY_PRESSURE,
	IO_PRESSURE,
	ONLINE,
	CAP,
	THROTTLED_V1,
	THROTTLED_V2,
	MEMORY_HITS_V1, /* one number */
	MEMORY_OOM_V1,
	MEMORY_V2,
};

struct environment_file {
	enum kind kind;
	int fd;
};

static bool add_file(struct environment *env, enum kind kind, const char *root, const char *path)
{
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root, path);
	int fd = open(whole, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	VEC_GROW(env->files, env->nr_files, env->alloc_files);
	env->files[env->nr_files++] = (struct environment_file){ kind, fd };
	return true;
}

/*
 * Per processor on most machines: of a very large one a part will do, as a cap is set for all
 * of them or follows from the same heat.
 */
enum { MAX_POLICIES = 64 };

static void add_caps(struct environment *env, const char *root)
{
	static const char policies[] = "/sys/devices/system/cpu/cpufreq";
	PGO_AUTO_FREE char *dir = xstrfmt("%s%s", root, policies);
	DIR *d = opendir(dir);
	struct dirent *e;

	for (int nr = 0; d && nr < MAX_POLICIES && (e = readdir(d));) {
		PGO_AUTO_FREE char *path = xstrfmt("%s/%s/scaling_max_freq", policies, e->d_name);

		if (!strncmp(e->d_name, "policy", strlen("policy")))
			nr += add_file(env, CAP, root, path);
	}
	if (d)
		closedir(d);
	add_file(env, CAP, root, "/sys/devices/system/cpu/cpufreq/boost");
	add_file(env, CAP, root, "/sys/devices/system/cpu/intel_pstate/no_turbo");
	add_file(env, CAP, root, "/sys/devices/system/cpu/intel_pstate/max_perf_pct");
}

/* Only a group that has a quota can be throttled; and reading cpu.stat is not for nothing. */
static void add_throttling(struct environment *env, const struct cgroup *g)
{
	size_t level;

	env->cgroup_known = g->version;
	env->cpu_limit = cgroup_tightest(g, cgroup_cpu_limit, &level);
	for (size_t i = 0; i < g->dirs.nr; i++)
		if (cgroup_cpu_limit(g, i) != CGROUP_NO_LIMIT)
			add_file(env, g->version == 2 ? THROTTLED_V2 : THROTTLED_V1, g->dirs.v[i],
				 "/cpu.stat");
}

/* In version 2 what happens in a group counts in those above it, too: the highest is enough. */
static void add_memory(struct environment *env, const struct cgroup *g)
{
	size_t level;

	env->memory_known = g->version;
	env->memory_limit = cgroup_tightest(g, cgroup_memory_limit, &level);
	for (size_t i = g->dirs.nr; i-- > 0;) {
		if (cgroup_memory_limit(g, i) == CGROUP_NO_LIMIT)
			continue;
		if (g->version == 2 && add_file(env, MEMORY_V2, g->dirs.v[i], "/memory.events"))
			return;
		add_file(env, MEMORY_HITS_V1, g->dirs.v[i], "/memory.failcnt");
		add_file(env, MEMORY_OOM_V1, g->dirs.v[i], "/memory.oom_control");
	}
}

/* The group's own: what others on the machine wait for is not in it. */
static void add_pressure(struct environment *env, enum kind kind, const char *root,
			 const struct cgroup *g, const char *in_group, const char *in_machine)
{
	if (g->version == 2 && g->dirs.nr && add_file(env, kind, g->dirs.v[0], in_group))
		return;
	add_file(env, kind, root, in_machine);
}

static void add_cgroups(struct environment *env, const char *root)
{
	PGO_AUTO(cgroup) cpu = CGROUP_INIT, memory = CGROUP_INIT, io = CGROUP_INIT;

	cgroup_find(root, CGROUP_CPU, &cpu);
	cgroup_find(root, CGROUP_MEMORY, &memory);
	cgroup_find(root, CGROUP_IO, &io);
	add_throttling(env, &cpu);
	add_memory(env, &memory);
	add_pressure(env, MEMORY_PRESSURE, root, &memory, "/memory.pressure",
		     "/proc/pressure/memory");
	add_pressure(env, IO_PRESSURE, root, &io, "/io.pressure", "/proc/pressure/io");
}

/* What the kernel tells of each process. */
static void find_accounts(struct environment *env, const char *root)
{
	PGO_AUTO_FREE char *io = environment_content(root, "/proc/self/io");
	PGO_AUTO_FREE char *delays = environment_content(root, "/proc/sys/kernel/task_delayacct");

	env->has_io = io;
	env->has_disk_wait = delays && !strcmp(delays, "1");
}

void environment_open(struct environment *env, const char *root)
{
	*env = (struct environment)ENVIRONMENT_INIT;
	add_file(env, STAT, root, "/proc/stat");
	add_file(env, PRESSURE, root, "/proc/pressure/cpu");
	add_file(env, ONLINE, root, "/sys/devices/system/cpu/online");
	add_caps(env, root);
	add_cgroups(env, root);
	find_accounts(env, root);
}

void environment_release(struct environment *env)
{
	for (size_t i = 0; i < env->nr_files; i++)
		close(env->files[i].fd);
	free(env->files);
	*env = (struct environment)ENVIRONMENT_INIT;
}

/* "cpu  user nice system idle iowait irq softirq steal ...", in ticks, of all processors. */
static uint64_t steal_of(const char *text)
{
	unsigned long long ticks;

	if (sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		return NOT_MEASURED;
	return num_mul_sat(ticks, environment_tick_ns(), NULL);
}

/* But for idling, waiting for disks, and what the hypervisor took. */
static uint64_t busy_of(const char *text)
{
	unsigned long long user, nice, kernel, irq, softirq;

	if (sscanf(text, "cpu %llu %llu %llu %*u %*u %llu %llu", &user, &nice, &kernel, &irq,
		   &softirq) != 5)
		return NOT_MEASURED;
	return num_mul_sat(user + nice + kernel + irq + softirq, environment_tick_ns(), NULL);
}

static uint64_t microseconds(uint64_t us)
{
	return us == NOT_MEASURED ? us : num_mul_sat(us, 1000, NULL);
}

/* Two parts of a sum that is known only when both are. */
static uint64_t together(uint64_t a, uint64_t b)
{
	return a == NOT_MEASURED || b == NOT_MEASURED ? NOT_MEASURED : num_add_sat(a, b, NULL);
}

/* FNV-1a, going on from the files before. */
static uint64_t hash(uint64_t h, const char *text)
{
	if (h == NOT_MEASURED)
		h = UINT64_C(0xcbf29ce484222325);
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The two clocks one after the other, until nothing has come between them for long. */
static uint64_t asleep_ns(void)
{
	uint64_t best = UINT64_MAX, ret = 0;

	for (int i = 0; i < 10 && best > 50000; i++) {
		uint64_t before = clock_ns(CLOCK_MONOTONIC);
		uint64_t boot = clock_ns(CLOCK_BOOTTIME);
		uint64_t gap = clock_ns(CLOCK_MONOTONIC) - before;

		if (gap >= best)
			continue;
		best = gap;
		ret = boot > before ? boot - before : 0;
	}
	return ret;
}

/* The total of a line "some avg10=... total=N", or of "full". */
static uint64_t stalled(const char *text, const char *which)
{
	const char *line = strstr(text, which);

	return line ? microseconds(cgroup_number(line, "total")) : NOT_MEASURED;
}

/* A number alone on its line. */
static uint64_t lone_number(const char *text)
{
	PGO_AUTO_FREE char *number = xstrndup(text, strspn(text, "0123456789"));
	uint64_t ret;

	return num_parse_u64(number, &ret) ? ret : NOT_MEASURED;
}

static void take_file(struct environment_snapshot *s, enum kind kind, const char *text)
{
	switch (kind) {
	case STAT:
		s->steal_ns = steal_of(text);
		s->busy_ns = busy_of(text);
		break;
	case PRESSURE:
		s->pressure_ns = stalled(text, "some ");
		break;
	case MEMORY_PRESSURE:
		s->memory_some_ns = stalled(text, "some ");
		s->memory_full_ns = stalled(text, "full ");
		break;
	case IO_PRESSURE:
		s->io_some_ns = stalled(text, "some ");
		s->io_full_ns = stalled(text, "full ");
		break;
	case ONLINE:
		s->online = hash(s->online, text);
		break;
	case CAP:
		s->caps = hash(s->caps, text);
		break;
	case THROTTLED_V1:
		s->throttled_ns = together(s->throttled_ns, cgroup_number(text, "throttled_time"));
		s->nr_throttled = together(s->nr_throttled, cgroup_number(text, "nr_throttled"));
		break;
	case THROTTLED_V2:
		s->throttled_ns = together(s->throttled_ns,
					   microseconds(cgroup_number(text, "throttled_usec")));
		s->nr_throttled = together(s->nr_throttled, cgroup_number(text, "nr_throttled"));
		break;
	case MEMORY_HITS_V1:
		s->memory_limit_hits = together(s->memory_limit_hits, lone_number(text));
		break;
	case MEMORY_OOM_V1:
		s->oom_kills = together(s->oom_kills, cgroup_number(text, "oom_kill"));
		break;
	case MEMORY_V2:
		s->memory_limit_hits = together(cgroup_number(text, "high"),
						cgroup_number(text, "max"));
		s->oom_kills = cgroup_number(text, "oom_kill");
		break;
	}
}

/* Longer than each of the files, but for /proc/stat, of which the first line is wanted. */
enum { SNAPSHOT_BYTES = 4096 };

void environment_take(const struct environment *env, struct environment_snapshot *ret)
{
	uint64_t none = env->cgroup_known ? 0 : NOT_MEASURED;
	uint64_t no_memory = env->memory_known ? 0 : NOT_MEASURED;
	struct environment_snapshot s = {
		.throttled_ns = none,
		.nr_throttled = none,
		.steal_ns = NOT_MEASURED,
		.busy_ns = NOT_MEASURED,
		.pressure_ns = NOT_MEASURED,
		.memory_some_ns = NOT_MEASURED,
		.memory_full_ns = NOT_MEASURED,
		.io_some_ns = NOT_MEASURED,
		.io_full_ns = NOT_MEASURED,
		.memory_limit_hits = no_memory,
		.oom_kills = no_memory,
		.asleep_ns = asleep_ns(),
		.online = NOT_MEASURED,
		.caps = NOT_MEASURED,
	};
	char text[SNAPSHOT_BYTES];

	for (size_t i = 0; i < env->nr_files; i++) {
		ssize_t got = pread(env->files[i].fd, text, sizeof(text) - 1, 0);

		/* What cannot be read any more looks different from what could. */
		text[got > 0 ? got : 0] = '\0';
		take_file(&s, env->files[i].kind, text);
	}
	*ret = s;
}

static uint64_t delta(uint64_t before, uint64_t after)
{
	if (before == NOT_MEASURED || after == NOT_MEASURED || after < before)
		return NOT_MEASURED;
	return after - before;
}

/* Far below the shortest suspend, far above what reading two clocks takes. */
enum { SUSPEND_NS = 5000000 };

struct environment_diff environment_diff(const struct environment_snapshot *before,
					 const struct environment_snapshot *after)
{
	return (struct environment_diff){
		.throttled_ns = delta(before->throttled_ns, after->throttled_ns),
		.nr_throttled = delta(before->nr_throttled, after->nr_throttled),
		.steal_ns = delta(before->steal_ns, after->steal_ns),
		.busy_ns = delta(before->busy_ns, after->busy_ns),
		.pressure_ns = delta(before->pressure_ns, after->pressure_ns),
		.memory_some_ns = delta(before->memory_some_ns, after->memory_some_ns),
		.memory_full_ns = delta(before->memory_full_ns, after->memory_full_ns),
		.io_some_ns = delta(before->io_some_ns, after->io_some_ns),
		.io_full_ns = delta(before->io_full_ns, after->io_full_ns),
		.memory_limit_hits = delta(before->memory_limit_hits, after->memory_limit_hits),
		.oom_kills = delta(before->oom_kills, after->oom_kills),
		.suspended = after->asleep_ns > before->asleep_ns + SUSPEND_NS,
		.hotplug = before->online != after->online,
		.recapped = before->caps != after->caps,
	};
}

uint64_t environment_tick_ns(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return 1000000000u / (uint64_t)(hz > 0 ? hz : 100);
}

static bool happened(uint64_t count)
{
	return count != NOT_MEASURED && count > 0;
}

enum invalid environment_verdict(const struct environment_diff *diff, uint64_t wall_ns,
				 uint64_t cpu_ns)
{
	uint64_t asked = wall_ns > cpu_ns ? wall_ns : cpu_ns;

	if (diff->suspended)
		return INVALID_SUSPENDED;
	if (diff->hotplug || diff->recapped)
		return INVALID_HOTPLUG;
	if (happened(diff->throttled_ns) || happened(diff->nr_throttled))
		return INVALID_THROTTLED;
	if (happened(diff->steal_ns) && diff->steal_ns > environment_tick_ns() + asked / 20)
		return INVALID_STEAL;
	return VALID;
}

void environment_store(const struct environment_diff *diff, struct run_metrics *m)
{
	m->throttled_ns = diff->throttled_ns;
	m->nr_throttled = diff->nr_throttled;
	m->steal_ns = diff->steal_ns;
	m->busy_ns = diff->busy_ns;
	m->pressure_ns = diff->pressure_ns;
	m->memory_some_ns = diff->memory_some_ns;
	m->memory_full_ns = diff->memory_full_ns;
	m->io_some_ns = diff->io_some_ns;
	m->io_full_ns = diff->io_full_ns;
	m->memory_limit_hits = diff->memory_limit_hits;
	m->oom_kills = diff->oom_kills;
}
