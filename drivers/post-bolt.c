/* SPDX-License-Identifier: Apache-2.0 */
/*
 * llvm-bolt. Source: llvm-bolt 19.1.7 and 22.1.8, by trial.
 *
 * Counters are private to a process and written when it ends by exit: with the process id in
 * the file's name no run of a program writes over another's. The tool's other way, a watching
 * child that writes every N seconds, survives SIGKILL, but excludes names of their own for
 * processes, and a program that waits for all its children waits for the watcher, forever.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/postlink.h"
#include "pgo/base/mem.h"
#include "pgo/base/num.h"
#include "pgo/base/strbuf.h"

#define FIRST_ICF_BY_NAME 20
#define FIRST_PACKAGED 15

static char *bolt_program_name(unsigned llvm_major)
{
	return xstrfmt("llvm-bolt-%u", llvm_major);
}

static char *bolt_package(unsigned llvm_major)
{
	return llvm_major < FIRST_PACKAGED ? NULL : xstrfmt("bolt-%u", llvm_major);
}

static char *bolt_runtime_package(unsigned llvm_major)
{
	return xstrfmt("libbolt-%u-dev", llvm_major);
}

static unsigned bolt_version(const char *text)
{
	static const char label[] = "LLVM version ";
	const char *at = strstr(text, label);
	PGO_AUTO_FREE char *major = NULL;
	unsigned ret = 0;

	if (!at || !strstr(text, "BOLT"))
		return 0;
	at += strlen(label);
	major = xstrndup(at, strspn(at, "0123456789"));
	return num_parse_uint(major, &ret) ? ret : 0;
}

static void push_job(const struct postlink_job *job, struct strvec *argv)
{
	strvec_push(argv, job->program);
	strvec_push(argv, job->input);
	strvec_push(argv, "-o");
	strvec_push(argv, job->output);
}

static void bolt_instrument(const struct postlink_job *job, struct strvec *argv)
{
	push_job(job, argv);
	strvec_push(argv, "-instrument");
	if (!job->every_s) {
		strvec_pushf(argv, "-instrumentation-file=%s", job->profile);
		strvec_push(argv, "-instrumentation-file-append-pid");
		return;
	}
	/* By a process beside it, which outlives a kill and its forks, and writes all that they
	 * counted so far. llvm-bolt refuses a file for each process then. */
	strvec_pushf(argv, "-instrumentation-file=%s.fdata", job->profile);
	strvec_pushf(argv, "-instrumentation-sleep-time=%u", job->every_s);
	strvec_push(argv, "-instrumentation-no-counters-clear");
	strvec_push(argv, "-instrumentation-wait-forks");
}

static void bolt_optimize(const struct postlink_job *job, struct strvec *argv)
{
	static const char *const options[] = {
		"-reorder-blocks=ext-tsp",
		"-reorder-functions=cdsort",
		"-split-functions",
		"-split-all-cold",
		"-split-eh",
		"-use-gnu-stack",
		"-update-debug-sections",
		"-dyno-stats",
	};

	push_job(job, argv);
	strvec_pushf(argv, "-data=%s", job->profile);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		strvec_push(argv, options[i]);
	strvec_push(argv, job->major >= FIRST_ICF_BY_NAME ? "-icf=all" : "-icf=1");
}

/* A number before a name, as the statistics have it: "   1014 : executed instructions (-0.2%)". */
static void take_stat(const char *line, struct postlink_report *r, unsigned *nr_seen)
{
	static const char first[] = "executed forward branches";
	const struct {
		const char *name;
		uint64_t *values;
	} stats[] = {
		{ "executed instructions", r->instructions },
		{ "total branches", r->branches },
		{ "taken branches", r->taken_branches },
	};
	uint64_t value;
	int len = 0;

	if (sscanf(line, " %" SCNu64 " : %n", &value, &len) < 1 || !len)
		return;
	line += len;
	if (!strncmp(line, first, strlen(first)))
		++*nr_seen;
	for (size_t i = 0; i < ARRAY_SIZE(stats) && *nr_seen >= 1 && *nr_seen <= 2; i++)
		if (!strncmp(line, stats[i].name, strlen(stats[i].name)))
			stats[i].values[*nr_seen - 1] = value;
}

static void take_sentence(const char *line, struct postlink_report *r)
{
	uint64_t a, b;
	double share;

	if (sscanf(line,
		   "BOLT-INFO: %" SCNu64 " out of %" SCNu64 " functions in the binary (%lf%%) have",
		   &a, &b, &share) == 3) {
		r->nr_profiled = a;
		r->nr_functions = b;
	} else if (sscanf(line, "BOLT-WARNING: %" SCNu64 " (%lf%% of all profiled) function", &a,
			  &share) == 2 &&
		   strstr(line, "stale")) {
		r->nr_stale = a;
	} else if (sscanf(line,
			  "BOLT-WARNING: %" SCNu64 " out of %" SCNu64 " samples in the binary", &a,
			  &b) == 2) {
		r->stale_samples = a;
		r->nr_samples = b;
	} else if (sscanf(line,
			  "BOLT-INFO: basic block reordering modified layout of %" SCNu64
			  " functions",
			  &a) == 1) {
		r->nr_reordered = a;
	}
}

static void bolt_read_report(const char *text, struct postlink_report *ret)
{
	struct postlink_report r = { 0 };
	unsigned nr_seen = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		PGO_AUTO_FREE char *line = xstrndup(text, len);

		take_sentence(line, &r);
		take_stat(line, &r, &nr_seen);
		text += len + (text[len] == '\n');
	}
	*ret = r;
}

const struct postlink postlink_bolt = {
	.name = "bolt",
	.program_name = bolt_program_name,
	.package = bolt_package,
	.runtime_package = bolt_runtime_package,
	.version = bolt_version,
	.instrument = bolt_instrument,
	.optimize = bolt_optimize,
	.read_report = bolt_read_report,
};
