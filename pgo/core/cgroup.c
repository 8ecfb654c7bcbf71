/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/cgroup.h"

#include <string.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"

/* What each version calls it. */
static const char *const v1_names[] = {
	[CGROUP_CPU] = "cpu",
	[CGROUP_MEMORY] = "memory",
	[CGROUP_IO] = "blkio",
};

void cgroup_release(struct cgroup *g)
{
	strvec_release(&g->dirs);
	g->version = 0;
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
static char *own_cgroup(const char *cgroups, const char *controller, bool v2)
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
		if (v2 ? !strcmp(line, "0") && !*controllers : in_list(controllers, controller))
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

static bool split_mount(char *line, const char *controller, bool v2, struct mount *ret)
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
	       : strcmp(type, "cgroup") != 0 || !options || !in_list(options, controller))
		return false;
	ret->root = field[3];
	ret->point = field[4];
	unescape(ret->root);
	unescape(ret->point);
	return true;
}

static bool find_mount(const char *mounts, const char *controller, bool v2, struct mount *ret)
{
	PGO_AUTO_FREE char *copy = xstrdup(mounts);
	char *rest = copy, *line;

	while ((line = next_line(&rest))) {
		ret->line = xstrdup(line);
		if (split_mount(ret->line, controller, v2, ret))
			return true;
		free(ret->line);
	}
	return false;
}

/*
 * From this process's group up to the mount: each may have a limit of its own,
 * and each counts only by that.
 */
static void add_levels(const char *root, const struct mount *m, const char *path,
		       struct strvec *dirs)
{
	size_t len = strcmp(m->root, "/") ? strlen(m->root) : 0;
	bool inside = !strncmp(path, m->root, len) && (path[len] == '/' || !path[len]) &&
		      !strstr(path, "/..");
	PGO_AUTO_FREE char *dir = xstrfmt("%s%s", m->point, inside ? path + len : "");
	size_t top = strlen(m->point), end = strlen(dir);

	for (;;) {
		while (end > top && dir[end - 1] == '/')
			end--;
		dir[end] = '\0';
		strvec_pushf(dirs, "%s%s", root, dir);
		if (end <= top)
			return;
		while (end > top && dir[end - 1] != '/')
			end--;
	}
}

void cgroup_find(const char *root, enum cgroup_controller controller, struct cgroup *ret)
{
	PGO_AUTO_FREE char *cgroups_path = xstrfmt("%s/proc/self/cgroup", root);
	PGO_AUTO_FREE char *mounts_path = xstrfmt("%s/proc/self/mountinfo", root);
	PGO_AUTO(strbuf) cgroups = STRBUF_INIT, mounts = STRBUF_INIT;
	const char *name = v1_names[controller];

	if (fs_read_file(cgroups_path, &cgroups, NULL) || fs_read_file(mounts_path, &mounts, NULL))
		return;
	for (int v2 = 0; v2 < 2; v2++) {
		PGO_AUTO_FREE char *path = own_cgroup(cgroups.buf, name, v2);
		struct mount m;

		if (!path)
			continue;
		if (find_mount(mounts.buf, name, v2, &m)) {
			add_levels(root, &m, path, &ret->dirs);
			ret->version = v2 ? 2 : 1;
			free(m.line);
		}
		return;
	}
}

bool cgroup_read(const struct cgroup *g, size_t level, const char *name, struct strbuf *out)
{
	PGO_AUTO_FREE char *path = fs_join(g->dirs.v[level], name);

	return !fs_read_file(path, out, NULL);
}

/* One number at the start of a file; CGROUP_NO_LIMIT where it begins otherwise: "max", "-1". */
static uint64_t number_in(const struct cgroup *g, size_t level, const char *name)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO_FREE char *number = NULL;
	uint64_t ret;

	if (!cgroup_read(g, level, name, &text))
		return NOT_MEASURED;
	number = xstrndup(text.buf, strspn(text.buf, "0123456789"));
	return num_parse_u64(number, &ret) ? ret : CGROUP_NO_LIMIT;
}

/* The period behind the quota in cpu.max. */
static uint64_t second_number(const struct cgroup *g, size_t level, const char *name)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	const char *at;
	uint64_t ret;

	if (!cgroup_read(g, level, name, &text))
		return NOT_MEASURED;
	strbuf_rtrim(&text);
	at = strchr(text.buf, ' ');
	return at && num_parse_u64(at + 1, &ret) ? ret : NOT_MEASURED;
}

/* The top of a hierarchy has no such file, and no limit. */
static uint64_t none_at_top(uint64_t limit)
{
	return limit == NOT_MEASURED ? CGROUP_NO_LIMIT : limit;
}

uint64_t cgroup_cpu_limit(const struct cgroup *g, size_t level)
{
	const bool v2 = g->version == 2;
	uint64_t quota = none_at_top(number_in(g, level, v2 ? "cpu.max" : "cpu.cfs_quota_us"));
	uint64_t period;

	if (quota == CGROUP_NO_LIMIT)
		return quota;
	period = v2 ? second_number(g, level, "cpu.max") : number_in(g, level, "cpu.cfs_period_us");
	if (!period || period >= CGROUP_NO_LIMIT)
		return NOT_MEASURED;
	return num_mul_sat(quota, 1000, NULL) / period;
}

/* Version 1 has the largest number of whole pages for "no limit". */
#define V1_NO_LIMIT (UINT64_C(1) << 62)

uint64_t cgroup_memory_limit(const struct cgroup *g, size_t level)
{
	const bool v2 = g->version == 2;
	uint64_t limit =
		none_at_top(number_in(g, level, v2 ? "memory.max" : "memory.limit_in_bytes"));

	return limit >= V1_NO_LIMIT ? CGROUP_NO_LIMIT : limit;
}

uint64_t cgroup_tightest(const struct cgroup *g,
			 uint64_t (*limit)(const struct cgroup *g, size_t level), size_t *ret_level)
{
	uint64_t ret = g->version ? CGROUP_NO_LIMIT : NOT_MEASURED;

	*ret_level = 0;
	for (size_t i = 0; i < g->dirs.nr; i++) {
		uint64_t here = limit(g, i);

		if (here >= ret)
			continue;
		ret = here;
		*ret_level = i;
	}
	return ret;
}

uint64_t cgroup_number(const char *text, const char *key)
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
