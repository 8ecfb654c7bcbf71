/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/convert-tools.h"

#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"

extern char **environ;

/* Majors that a tool without a number is looked for under, newest first. */
#define NEWEST 40
#define OLDEST 14

/*
 * These tools take a hundred megabytes in small pieces, each page of which the kernel clears when
 * it is touched: a page fault is what they do most where memory is virtual twice. Of huge pages
 * there are few. perf2bolt, of a static program of 1.3 MB: 0.42 s, and 0.16 s with them. Another
 * libc takes no notice. glibc's manual, "Memory Allocation Tunables".
 */
#define TUNABLES "GLIBC_TUNABLES"
#define HUGE_PAGES "glibc.malloc.hugetlb=1:glibc.malloc.top_pad=67108864"

static char *find_tool(const char *name, unsigned major, unsigned *ret_major)
{
	for (unsigned n = major ? major : NEWEST; n >= (major ? major : OLDEST); n--) {
		PGO_AUTO_FREE char *versioned = xstrfmt("%s-%u", name, n);
		char *path = fs_which(versioned, getenv("PATH"), NULL);

		if (path) {
			*ret_major = n;
			return path;
		}
	}
	*ret_major = 0;
	return major ? NULL : fs_which(name, getenv("PATH"), NULL);
}

unsigned convert_tool_major(const char *name, unsigned llvm_major)
{
	unsigned major;
	PGO_AUTO_FREE char *path = find_tool(name, llvm_major, &major);

	return path ? major : 0;
}

static int not_here(const char *name, const char *package, unsigned major, struct pgo_err *err)
{
	if (!major) {
		pgo_error(err, PGO_ETOOL, "no %s is on PATH", name);
		return pgo_err_hint(err, "apt-get install %s", package);
	}
	pgo_error(err, PGO_ETOOL, "no %s-%u is on PATH", name, major);
	return pgo_err_hint(err, "apt-get install %s-%u", package, major);
}

/* A tool that is to make one file of another, in a folder that goes away. */
struct job {
	struct tempdir dir;
	struct child child;
	char *path, *in, *out, *log;
};
#define JOB_INIT { .dir = TEMPDIR_INIT, .child = CHILD_INIT }

static void job_release(struct job *j)
{
	tempdir_release(&j->dir);
	child_release(&j->child);
	free(j->path);
	free(j->in);
	free(j->out);
	free(j->log);
}
PGO_DEFINE_AUTO(job, job_release)

static int job_init(struct job *j, const char *name, const char *package, unsigned llvm_major,
		    const struct strbuf *input, struct pgo_err *err)
{
	unsigned major;
	int ret;

	j->path = find_tool(name, llvm_major, &major);
	if (!j->path)
		return not_here(name, package, llvm_major, err);
	ret = tempdir_make(&j->dir, NULL, err);
	if (ret)
		return ret;
	j->in = fs_join(j->dir.path, "in");
	j->out = fs_join(j->dir.path, "out");
	j->log = fs_join(j->dir.path, "log");
	strvec_push(&j->child.argv, j->path);
	return fs_write_atomic(j->in, input->buf, input->len, 0666, err);
}

static int job_run(struct job *j, const char *output, struct pgo_err *err)
{
	PGO_AUTO(strbuf) tail = STRBUF_INIT;
	PGO_AUTO(fs_view) made = FS_VIEW_INIT;
	struct child_result res;
	int ret;

	strvec_pushv(&j->child.env, environ);
	strvec_setenv(&j->child.env, "LC_ALL", "C");
	if (!getenv(TUNABLES))
		strvec_setenv(&j->child.env, TUNABLES, HUGE_PAGES);
	j->child.out_path = j->child.err_path = j->log;
	ret = child_run(&j->child, &res, err);
	if (ret)
		return ret;
	if (res.exit_status != 0 || !fs_exists(j->out)) {
		fs_tail(j->log, 10, &tail);
		pgo_error(err, PGO_ECHILD, "'%s' failed", j->path);
		return pgo_err_detail(err, tail.buf);
	}
	ret = fs_view_open(&made, j->out, err);
	return ret ? ret : fs_write_atomic(output, made.data, made.len, 0666, err);
}

int convert_by_profgen(const struct convert_tool *tool, const struct strbuf *input,
		       const char *format, const char *output, struct pgo_err *err)
{
	PGO_AUTO(job) j = JOB_INIT;
	int ret = job_init(&j, "llvm-profgen", "llvm", tool->llvm_major, input, err);

	if (ret)
		return ret;
	strvec_pushf(&j.child.argv, "--%s=%s", tool->hybrid ? "perfscript" : "unsymbolized-profile",
		     j.in);
	strvec_pushf(&j.child.argv, "--binary=%s", tool->binary);
	if (tool->debug && strcmp(tool->debug, tool->binary) != 0)
		strvec_pushf(&j.child.argv, "--debug-binary=%s", tool->debug);
	strvec_pushf(&j.child.argv, "--format=%s", format);
	strvec_pushf(&j.child.argv, "--output=%s", j.out);
	return job_run(&j, output, err);
}

int convert_by_perf2bolt(const struct convert_tool *tool, const struct strbuf *preaggregated,
			 const char *output, struct pgo_err *err)
{
	PGO_AUTO(job) j = JOB_INIT;
	int ret = job_init(&j, "perf2bolt", "bolt", tool->llvm_major, preaggregated, err);

	if (ret)
		return ret;
	strvec_push(&j.child.argv, "--pa");
	strvec_push(&j.child.argv, "-p");
	strvec_push(&j.child.argv, j.in);
	strvec_push(&j.child.argv, "-o");
	strvec_push(&j.child.argv, j.out);
	strvec_push(&j.child.argv, tool->binary);
	return job_run(&j, output, err);
}
