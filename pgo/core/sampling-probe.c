/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/sampling-probe.h"

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <sys/utsname.h>
#include <time.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"

void sampling_machine_release(struct sampling_machine *m)
{
	free(m->tool);
	free(m->version);
	free(m->trouble);
	free(m->kernel);
	*m = (struct sampling_machine)SAMPLING_MACHINE_INIT;
}

static bool read_text(const char *root, const char *path, struct strbuf *out)
{
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root, path);

	return !fs_read_file(whole, out, NULL);
}

static bool has(const char *root, const char *path)
{
	PGO_AUTO_FREE char *whole = xstrfmt("%s%s", root, path);

	return fs_exists(whole);
}

/* The rest of the first line that begins with key, behind blanks and a colon; or NULL. */
static char *field(const struct strbuf *text, const char *key)
{
	const char *line = text->buf;
	size_t len = strlen(key);

	while (strncmp(line, key, len) != 0) {
		line = strchr(line, '\n');
		if (!line)
			return NULL;
		line++;
	}
	line += len;
	line += strspn(line, " \t:=\"");
	return xstrndup(line, strcspn(line, "\n\""));
}

static enum collect_cpu find_cpu(const char *root)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO_FREE char *vendor = NULL, *arm = NULL;

	if (!read_text(root, "/proc/cpuinfo", &text))
		return COLLECT_CPU_ANY;
	vendor = field(&text, "vendor_id");
	arm = field(&text, "CPU implementer");
	if (vendor && !strcmp(vendor, "GenuineIntel"))
		return COLLECT_CPU_INTEL;
	if (vendor && (!strcmp(vendor, "AuthenticAMD") || !strcmp(vendor, "HygonGenuine")))
		return COLLECT_CPU_AMD;
	return arm ? COLLECT_CPU_ARM : COLLECT_CPU_ANY;
}

/* linux/capability.h: CAP_SYS_ADMIN 21, CAP_PERFMON 38. */
#define CAPABLE (1ull << 21 | 1ull << 38)

static void find_rights(const char *root, struct collect_facts *f)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO_FREE char *caps = NULL, *seccomp = NULL;

	if (!read_text(root, "/proc/self/status", &text))
		return;
	caps = field(&text, "CapEff");
	seccomp = field(&text, "Seccomp:");
	f->privileged = caps && (strtoull(caps, NULL, 16) & CAPABLE);
	f->seccomp = seccomp && !strcmp(seccomp, "2");
}

static bool in_container(const char *root)
{
	static const char *const marks[] = { "/.dockerenv", "/run/.containerenv",
					     "/run/systemd/container",
					     "/var/run/secrets/kubernetes.io" };
	static const char *const words[] = { "/docker", "/kubepods", "/lxc", "/libpod" };
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (has(root, marks[i]))
			return true;
	if (!read_text(root, "/proc/1/cgroup", &text))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(text.buf, words[i]))
			return true;
	return false;
}

static void find_limits(const char *root, struct collect_facts *f)
{
	PGO_AUTO(strbuf) paranoid = STRBUF_INIT, rate = STRBUF_INIT, release = STRBUF_INIT;
	PGO_AUTO_FREE char *id = NULL;
	double level;

	f->paranoid = INT_MIN;
	if (read_text(root, "/proc/sys/kernel/perf_event_paranoid", &paranoid)) {
		strbuf_rtrim(&paranoid);
		if (num_parse_double(paranoid.buf, &level) && level >= -9 && level <= 9)
			f->paranoid = (int)level;
	}
	if (read_text(root, "/proc/sys/kernel/perf_event_max_sample_rate", &rate)) {
		strbuf_rtrim(&rate);
		num_parse_u64(rate.buf, &f->max_rate_hz);
	}
	if (read_text(root, "/etc/os-release", &release))
		id = field(&release, "ID=");
	f->ubuntu = id && !strcmp(id, "ubuntu");
	f->spe = has(root, "/sys/bus/event_source/devices/arm_spe_0");
}

/* As perf record opens it. */
static void fill_attr(const struct collect_event *e, struct perf_event_attr *attr)
{
	*attr = (struct perf_event_attr){
		.size = sizeof(*attr),
		.type = e->type,
		.config = e->config,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.precise_ip = e->precise,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.inherit = 1,
	};
	if (e->period) {
		attr->sample_period = e->period;
	} else {
		attr->freq = 1;
		attr->sample_freq = 1000;
	}
	if (e->branches) {
		attr->sample_type |= PERF_SAMPLE_BRANCH_STACK;
		attr->branch_sample_type = PERF_SAMPLE_BRANCH_ANY | PERF_SAMPLE_BRANCH_USER;
	}
}

static void work_a_little(void)
{
	const clock_t end = clock() + CLOCKS_PER_SEC / 500;

	while (clock() < end)
		;
}

/* Some machines let an event be opened and never count it. */
static int ask(const struct counters_ops *ops, const struct collect_event *e, pid_t pid)
{
	struct counters_value v = { 0 };
	struct perf_event_attr attr;
	int fd, ret = 0;

	fill_attr(e, &attr);
	fd = ops->open(&attr, pid, -1);
	if (fd < 0)
		return -fd;
	if (!pid) {
		work_a_little();
		ret = -ops->read(fd, &v);
		if (!ret && !v.count)
			ret = ENODATA;
	}
	ops->close(fd);
	return ret;
}

void sampling_probe(const struct counters_ops *ops, const char *root,
		    const struct collector *collector, pid_t pid, struct sampling_machine *ret)
{
	struct collect_facts *f = &ret->facts;
	const struct collect_event *last = &collector->events[collector->nr_events - 1];
	struct utsname names;

	f->cpu = find_cpu(root);
	find_limits(root, f);
	find_rights(root, f);
	f->container = in_container(root);
	ret->kernel = xstrdup(uname(&names) ? "generic" : names.release);
	f->kernel = ret->kernel;
	for (size_t i = 0; i < collector->nr_events; i++) {
		const struct collect_event *e = &collector->events[i];

		f->answers[i] = e->cpu == COLLECT_CPU_ANY || e->cpu == f->cpu ? ask(ops, e, 0)
									      : ENOENT;
	}
	f->pid_errno = pid ? ask(ops, last, pid) : 0;
}

/* How long it may take to tell its version. */
#define VERSION_NS 30000000000u

int sampling_find_tool(const struct collector *collector, struct sampling_machine *m,
		       struct pgo_err *err)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	struct child_result res;
	int ret;

	m->tool = fs_which(collector->name, getenv("PATH"), NULL);
	if (!m->tool)
		return 0;
	strvec_push(&c.argv, m->tool);
	strvec_push(&c.argv, "--version");
	c.timeout_ns = VERSION_NS;
	ret = child_capture(&c, &text, true, &res, &why);
	if (ret == -PGO_ECANCELLED)
		return pgo_error(err, PGO_ECANCELLED, "%s", why.msg);
	strbuf_rtrim(&text);
	if (strchr(text.buf, '\n'))
		strbuf_setlen(&text, (size_t)(strchr(text.buf, '\n') - text.buf));
	if (ret)
		m->trouble = xstrdup(text.len ? text.buf : why.msg);
	else
		m->version = xstrdup(text.buf);
	m->facts.trouble = m->trouble;
	m->facts.version = m->version;
	return 0;
}
