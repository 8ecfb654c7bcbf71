/* SPDX-License-Identifier: Apache-2.0 */
/* Which events this machine counts, and which of them at the same time. */
#include <dirent.h>
#include <errno.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/core/counters.h"

/* What is read together belongs together: rates a cycle, rates an instruction. */
static const struct counters_group wanted[] = {
	{ { COUNTER_CYCLES, COUNTER_INSTRUCTIONS, COUNTER_BRANCHES, COUNTER_BRANCH_MISSES }, 4 },
	{ { COUNTER_INSTRUCTIONS, COUNTER_L1I_MISSES, COUNTER_ITLB_MISSES,
	    COUNTER_STALLED_FRONTEND },
	  4 },
	{ { COUNTER_INSTRUCTIONS, COUNTER_LLC_MISSES, COUNTER_DTLB_MISSES }, 3 },
};

void counters_plan_release(struct counters_plan *plan)
{
	for (enum counter e = 0; e < NR_COUNTERS; e++)
		free(plan->why_not[e]);
	*plan = (struct counters_plan)COUNTERS_PLAN_INIT;
}

static bool read_number(const char *root, const char *path, unsigned *ret)
{
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root, path);
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	if (fs_read_file(whole, &text, NULL))
		return false;
	strbuf_rtrim(&text);
	return num_parse_uint(text.buf, ret);
}

/*
 * The kinds of core of a hybrid processor, as perf's types. Only such have a
 * list of their processors in "cpus". A plain event would be counted on the
 * first kind alone. Source: Linux, Documentation/ABI/testing/
 * sysfs-bus-event_source-devices, tools/perf/Documentation/intel-hybrid.txt.
 */
static void find_pmus(const char *root, struct counters_plan *plan)
{
	static const char devices[] = "/sys/bus/event_source/devices";
	PGO_AUTO_FREE char *dir = xstrfmt("%s%s", root, devices);
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		PGO_AUTO_FREE char *cpus = xstrfmt("%s/%s/cpus", dir, e->d_name);
		PGO_AUTO_FREE char *type = xstrfmt("%s/%s/type", devices, e->d_name);
		unsigned nr;

		if (e->d_name[0] != '.' && plan->nr_pmus < COUNTERS_MAX_PMUS && fs_exists(cpus) &&
		    read_number(root, type, &nr))
			plan->pmus[plan->nr_pmus++] = nr;
	}
	if (d)
		closedir(d);
	if (plan->nr_pmus < 2) {
		plan->nr_pmus = 1;
		plan->pmus[0] = 0;
	}
}

/* What paranoid allows anybody: 2 to count a program's own part, 1 the kernel's, too. */
static char *permission(const char *root, enum counters_filter filter)
{
	unsigned paranoid;

	if (read_number(root, "/proc/sys/kernel/perf_event_paranoid", &paranoid) &&
	    paranoid > (filter == COUNTERS_ALL ? 1 : 2))
		return xstrfmt("perf_event_paranoid is %u", paranoid);
	return xstrdup("no permission");
}

static char *reason(const char *root, enum counters_filter filter, int errnum)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
		return permission(root, filter);
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case EINVAL:
	case EOPNOTSUPP:
		return xstrdup("not supported by this machine");
	case ENOSYS:
		return xstrdup("not supported by this kernel");
	case ENODATA:
		return xstrdup("no free counter");
	case EBUSY:
		return xstrdup("another program uses the counter");
	default:
		return xstrdup(strerror(errnum));
	}
}

/* On this process, never enabled. */
static int can_open(const struct counters_plan *plan, enum counter event)
{
	unsigned nr = event < NR_HARDWARE_COUNTERS ? plan->nr_pmus : 1;

	for (unsigned i = 0; i < nr; i++) {
		int fd = counters_open(plan, event, nr > 1 ? plan->pmus[i] : 0, 0, -1);

		if (fd < 0)
			return fd;
		plan->ops->close(fd);
	}
	return 0;
}

/* The program's own part; where a processor cannot tell it apart all of it, if that is allowed. */
static void choose_hardware(const char *root, enum counter event, struct counters_plan *plan)
{
	int first = 0, ret;

	for (enum counters_filter f = COUNTERS_USER; f <= COUNTERS_ALL; f++) {
		plan->filter[event] = f;
		ret = can_open(plan, event);
		if (!ret)
			return;
		if (!first)
			first = ret;
		if (ret != -EINVAL && ret != -EOPNOTSUPP)
			break;
	}
	plan->filter[event] = COUNTERS_USER;
	plan->why_not[event] = reason(root, COUNTERS_USER, -first);
}

/*
 * With the kernel's part where that is allowed. A switch or a migration always
 * happens in the kernel: without its part it would be counted as zero.
 */
static void choose_software(const char *root, enum counter event, struct counters_plan *plan)
{
	bool of_program = event == COUNTER_TASK_CLOCK || event == COUNTER_PAGE_FAULTS;
	int ret;

	plan->filter[event] = COUNTERS_ALL;
	ret = can_open(plan, event);
	if ((ret == -EACCES || ret == -EPERM) && of_program) {
		plan->filter[event] = COUNTERS_USER;
		ret = can_open(plan, event);
	}
	if (ret)
		plan->why_not[event] = reason(root, plan->filter[event], -ret);
}

struct trial {
	int ret[NR_COUNTERS];
	uint64_t count[NR_COUNTERS];
};

/* Start a short program with the group and the software events; what came of each. */
static int try_once(const struct counters_plan *plan, const struct counters_group *g,
		    struct trial *t, struct pgo_err *err)
{
	struct counters_plan one = *plan;
	PGO_AUTO(counters) c = COUNTERS_INIT(&one, 0);
	PGO_AUTO(child) sh = CHILD_INIT;
	struct child_result res;
	int ret;

	one.groups[0] = *g;
	one.nr_groups = 1;
	strvec_push(&sh.argv, "/bin/sh");
	strvec_push(&sh.argv, "-c");
	strvec_push(&sh.argv, ":");
	sh.out_path = sh.err_path = "/dev/null";
	sh.armed = counters_arm;
	sh.armed_arg = &c;
	ret = child_run(&sh, &res, err);
	for (enum counter e = 0; !ret && e < NR_COUNTERS; e++)
		t->ret[e] = counters_read(&c, e, &t->count[e]);
	return ret;
}

/* A fresh process misses in every cache, in some of them rarely: a zero is asked again. */
static int try_group(const struct counters_plan *plan, const struct counters_group *g,
		     struct trial *t, struct pgo_err *err)
{
	bool zero = true;
	int ret = 0;

	for (int i = 0; !ret && zero && i < 3; i++) {
		*t = (struct trial){ 0 };
		ret = try_once(plan, g, t, err);
		zero = false;
		for (unsigned j = 0; j < g->nr; j++)
			zero |= !t->ret[g->events[j]] && !t->count[g->events[j]];
	}
	return ret;
}

static void give_up(struct counters_plan *plan, enum counter event, char *why)
{
	free(plan->why_not[event]);
	plan->why_not[event] = why;
}

static char *counts_nothing(void)
{
	return xstrdup("counts nothing here");
}

static struct counters_group
without_lost(const struct counters_plan *plan, const struct counters_group *g, unsigned from,
	     unsigned to)
{
	struct counters_group ret = { .nr = 0 };

	for (unsigned i = from; i < to; i++)
		if (!plan->why_not[g->events[i]])
			ret.events[ret.nr++] = g->events[i];
	return ret;
}

static bool is_planned(const struct counters_plan *plan, enum counter event)
{
	for (unsigned i = 0; i < plan->nr_groups; i++)
		for (unsigned j = 0; j < plan->groups[i].nr; j++)
			if (plan->groups[i].events[j] == event)
				return true;
	return false;
}

static bool adds_nothing(const struct counters_plan *plan, const struct counters_group *g)
{
	for (unsigned i = 0; i < g->nr; i++)
		if (!is_planned(plan, g->events[i]))
			return false;
	return true;
}

/* Plan the group when all of it runs at once; else each half for itself. */
static int place(struct counters_plan *plan, const struct counters_group *want, const char *root,
		 struct pgo_err *err)
{
	struct counters_group g = without_lost(plan, want, 0, want->nr), a, b;
	struct trial t;
	bool fits = true;
	int ret;

	if (adds_nothing(plan, &g))
		return 0;
	ret = try_group(plan, &g, &t, err);
	if (ret)
		return ret;
	for (unsigned i = 0; i < g.nr; i++) {
		fits &= !t.ret[g.events[i]];
		if (!t.ret[g.events[i]] && !t.count[g.events[i]])
			give_up(plan, g.events[i], counts_nothing());
	}
	if (!fits && g.nr == 1)
		give_up(plan, g.events[0],
			reason(root, plan->filter[g.events[0]], -t.ret[g.events[0]]));
	if (fits || g.nr == 1) {
		g = without_lost(plan, &g, 0, g.nr);
		if (!adds_nothing(plan, &g))
			plan->groups[plan->nr_groups++] = g;
		return 0;
	}
	a = without_lost(plan, &g, 0, g.nr / 2);
	b = without_lost(plan, &g, g.nr / 2, g.nr);
	ret = place(plan, &a, root, err);
	return ret ? ret : place(plan, &b, root, err);
}

/* A start of a program takes time and touches memory; it need not wait nor move. */
static int check_software(struct counters_plan *plan, const char *root, struct pgo_err *err)
{
	static const struct counters_group none = { .nr = 0 };
	struct trial t = { 0 };
	int ret = try_once(plan, &none, &t, err);

	for (enum counter e = NR_HARDWARE_COUNTERS; !ret && e < NR_COUNTERS; e++) {
		bool expected = e == COUNTER_TASK_CLOCK || e == COUNTER_PAGE_FAULTS;

		if (plan->why_not[e])
			continue;
		if (t.ret[e])
			give_up(plan, e, reason(root, plan->filter[e], -t.ret[e]));
		else if (expected && !t.count[e])
			give_up(plan, e, counts_nothing());
	}
	return ret;
}

int counters_probe(const struct counters_ops *ops, const char *root, struct counters_plan *ret,
		   struct pgo_err *err)
{
	PGO_AUTO(counters_plan) plan = { .ops = ops };
	int r;

	find_pmus(root, &plan);
	for (enum counter e = 0; e < NR_HARDWARE_COUNTERS; e++)
		choose_hardware(root, e, &plan);
	for (enum counter e = NR_HARDWARE_COUNTERS; e < NR_COUNTERS; e++)
		choose_software(root, e, &plan);
	r = check_software(&plan, root, err);
	for (size_t i = 0; !r && i < ARRAY_SIZE(wanted); i++)
		r = place(&plan, &wanted[i], root, err);
	if (r)
		return r;
	*ret = plan;
	plan = (struct counters_plan)COUNTERS_PLAN_INIT;
	return 0;
}
