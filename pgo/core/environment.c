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

enum kind { STAT, PRESSURE, ONLINE, CAP, THROTTLED_V1, THROTTLED_V2 };

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

/* The next line of *text, cut off; NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!*line)
		return NULL;
	end = strchrnul(line, '\n');
	*text = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

/* Whether a list with commas has the word. */
static bool in_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, word, len) && (!p[len] || p[len] == ','))
			return true;
	return false;
}

/*
 * This process's place in a hierarchy, malloc'ed; NULL when there is none.
 * A line is "number:controllers:path"; version 2 is number 0, without controllers.
 */
static char *own_cgroup(const char *cgroups, bool v2)
{
	PGO_AUTO_FREE char *copy = xstrdup(cgroups);
	char *rest = copy, *line;

	while ((line = next_line(&rest))) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		*controllers++ = '\0';
		*path++ = '\0';
		if (v2 ? !strcmp(line, "0") && !*controllers : in_list(controllers, "cpu"))
			return xstrdup(path);
	}
	return NULL;
}

/* In mountinfo a blank, a newline and the like are \040, \012, ... */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/*
 * Where the hierarchy is mounted, and what of it is there. Source: Linux,
 * Documentation/filesystems/proc.rst 3.5: "id parent major:minor root mountpoint
 * options fields... - type source superoptions".
 */
struct mount {
	char *line; /* owned; the others point into it */
	char *root, *point;
};

static bool split_mount(char *line, bool v2, struct mount *ret)
{
	char *tail = strstr(line, " - "), *field[5], *save = NULL, *type, *options;

	if (!tail)
		return false;
	*tail = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(field); i++)
		if (!(field[i] = strtok_r(i ? NULL : line, " ", &save)))
			return false;
	type = strtok_r(tail + 3, " ", &save);
	if (!type || !strtok_r(NULL, " ", &save))
		return false;
	options = strtok_r(NULL, " ", &save);
	if (v2 ? strcmp(type, "cgroup2") != 0
	       : strcmp(type, "cgroup") != 0 || !options || !in_list(options, "cpu"))
		return false;
	ret->root = field[3];
	ret->point = field[4];
	unescape(ret->root);
	unescape(ret->point);
	return true;
}

static bool find_mount(const char *mounts, bool v2, struct mount *ret)
{
	PGO_AUTO_FREE char *copy = xstrdup(mounts);
	char *rest = copy, *line;

	while ((line = next_line(&rest))) {
		ret->line = xstrdup(line);
		if (split_mount(ret->line, v2, ret))
			return true;
		free(ret->line);
	}
	return false;
}

/* Only a group that has a quota can be throttled; and reading cpu.stat is not for nothing. */
static bool has_quota(const char *root, const char *dir, bool v2)
{
	PGO_AUTO_FREE char *path = xstrfmt("%s%s/%s", root, dir,
					   v2 ? "cpu.max" : "cpu.cfs_quota_us");
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	return !fs_read_file(path, &text, NULL) && isdigit((unsigned char)text.buf[0]);
}

/*
 * From this process's group up to the mount: each may have a quota of its own,
 * and each counts only by that. In a container the path may lead out of what is
 * mounted, then the mount itself is the group.
 */
static void add_levels(struct environment *env, const char *root, const struct mount *m,
		       const char *path, bool v2)
{
	size_t len = strcmp(m->root, "/") ? strlen(m->root) : 0;
	bool inside = !strncmp(path, m->root, len) && (path[len] == '/' || !path[len]) &&
		      !strstr(path, "/..");
	PGO_AUTO_FREE char *dir = xstrfmt("%s%s", m->point, inside ? path + len : "");
	size_t top = strlen(m->point), end = strlen(dir);

	for (;;) {
		PGO_AUTO_FREE char *stat = NULL;

		while (end > top && dir[end - 1] == '/')
			end--;
		dir[end] = '\0';
		stat = xstrfmt("%s/cpu.stat", dir);
		if (has_quota(root, dir, v2))
			add_file(env, v2 ? THROTTLED_V2 : THROTTLED_V1, root, stat);
		if (end <= top)
			return;
		while (end > top && dir[end - 1] != '/')
			end--;
	}
}

/* Hybrid machines have both versions, and the controller in one of them: in the first if there. */
static void add_cgroups(struct environment *env, const char *root)
{
	PGO_AUTO_FREE char *cgroups_path = xstrfmt("%s/proc/self/cgroup", root);
	PGO_AUTO_FREE char *mounts_path = xstrfmt("%s/proc/self/mountinfo", root);
	PGO_AUTO(strbuf) cgroups = STRBUF_INIT, mounts = STRBUF_INIT;

	if (fs_read_file(cgroups_path, &cgroups, NULL) || fs_read_file(mounts_path, &mounts, NULL))
		return;
	for (int v2 = 0; v2 < 2; v2++) {
		PGO_AUTO_FREE char *path = own_cgroup(cgroups.buf, v2);
		struct mount m;

		if (!path)
			continue;
		if (find_mount(mounts.buf, v2, &m)) {
			add_levels(env, root, &m, path, v2);
			env->cgroup_known = true;
			free(m.line);
		}
		return;
	}
}

void environment_open(struct environment *env, const char *root)
{
	*env = (struct environment)ENVIRONMENT_INIT;
	add_file(env, STAT, root, "/proc/stat");
	add_file(env, PRESSURE, root, "/proc/pressure/cpu");
	add_file(env, ONLINE, root, "/sys/devices/system/cpu/online");
	add_caps(env, root);
	add_cgroups(env, root);
}

void environment_release(struct environment *env)
{
	for (size_t i = 0; i < env->nr_files; i++)
		close(env->files[i].fd);
	free(env->files);
	*env = (struct environment)ENVIRONMENT_INIT;
}

/* The number behind the key and a blank or '=' at the start of a line or word. */
static uint64_t number_of(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = text; (p = strstr(p, key)); p++) {
		PGO_AUTO_FREE char *number = NULL;
		uint64_t ret;

		if ((p > text && p[-1] != '\n' && p[-1] != ' ') || (p[len] != ' ' && p[len] != '='))
			continue;
		number = xstrndup(p + len + 1, strspn(p + len + 1, "0123456789"));
		if (num_parse_u64(number, &ret))
			return ret;
	}
	return NOT_MEASURED;
}

/* "cpu  user nice system idle iowait irq softirq steal ...", in ticks, of all processors. */
static uint64_t steal_of(const char *text)
{
	unsigned long long ticks;

	if (sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		return NOT_MEASURED;
	return num_mul_sat(ticks, environment_tick_ns(), NULL);
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

static void take_file(struct environment_snapshot *s, enum kind kind, const char *text)
{
	switch (kind) {
	case STAT:
		s->steal_ns = steal_of(text);
		break;
	case PRESSURE:
		s->pressure_ns = strncmp(text, "some ", 5) ? NOT_MEASURED
							   : microseconds(number_of(text, "total"));
		break;
	case ONLINE:
		s->online = hash(s->online, text);
		break;
	case CAP:
		s->caps = hash(s->caps, text);
		break;
	case THROTTLED_V1:
		s->throttled_ns = together(s->throttled_ns, number_of(text, "throttled_time"));
		s->nr_throttled = together(s->nr_throttled, number_of(text, "nr_throttled"));
		break;
	case THROTTLED_V2:
		s->throttled_ns = together(s->throttled_ns,
					   microseconds(number_of(text, "throttled_usec")));
		s->nr_throttled = together(s->nr_throttled, number_of(text, "nr_throttled"));
		break;
	}
}

/* Longer than each of the files, but for /proc/stat, of which the first line is wanted. */
enum { SNAPSHOT_BYTES = 4096 };

void environment_take(const struct environment *env, struct environment_snapshot *ret)
{
	uint64_t none = env->cgroup_known ? 0 : NOT_MEASURED;
	struct environment_snapshot s = {
		.throttled_ns = none,
		.nr_throttled = none,
		.steal_ns = NOT_MEASURED,
		.pressure_ns = NOT_MEASURED,
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
		.pressure_ns = delta(before->pressure_ns, after->pressure_ns),
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
	m->steal_ns = diff->steal_ns;
	m->pressure_ns = diff->pressure_ns;
}
