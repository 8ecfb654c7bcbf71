/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running the user's commands: each leaves a line in the record, and a failure tells the whole
 * story.
 */
#ifndef PGO_CORE_RUNNER_H
#define PGO_CORE_RUNNER_H

#include "pgo/base/child.h"
#include "pgo/core/project.h"
#include "pgo/core/run-watch.h"

/* One shell line of pgo.yaml. env is complete; log takes both streams unless out_path is given. */
struct run_req {
	const char *what; /* "build:baseline", "train:fib": into the record and messages */
	const char *line;
	const char *dir;
	struct strvec *env;
	const char *in_path;  /* NULL: /dev/null */
	const char *out_path; /* stdout, or NULL: into the log */
	const char *log;      /* stderr (and stdout), truncated first unless append */
	bool append;
	uint64_t timeout_ns;
	/* Not 0: ended after that time, which is no failure; it gets a minute to do so. */
	uint64_t stop_after_ns;
	uint64_t spin_ns;	   /* time to burn before it starts */
	const unsigned *processor; /* where it begins; NULL: anywhere. As in struct child */
	/*
	 * Not NULL: started behind the barrier, which counts the program alone; as in struct
	 * child.
	 */
	int (*armed)(pid_t pid, void *arg);
	void *armed_arg;
	bool no_shell;		   /* split the line into words, run it as it is; none: the tool */
	const struct strvec *tool; /* words that come before it: a tool that runs it; or NULL */
	int expect_status;
	struct run_watch *watch; /* its env is set: filled with what the run waited for; or NULL */
};

/*
 * Run it and append a line to .pgo/record.jsonl. Any other end than expect_status is
 * -PGO_ECHILD: what, how it ended, the line, the log's last 20 lines and where it is.
 */
int runner_shell(const struct project *p, const struct run_req *req, struct child_result *res,
		 struct pgo_err *err);

/* A line that runs on while others are run: a server. */
struct run_background {
	struct child c;
	struct child_background child;
};
#define RUN_BACKGROUND_INIT { CHILD_INIT, CHILD_BACKGROUND_INIT }
void run_background_release(struct run_background *b); /* it has been stopped */
PGO_DEFINE_AUTO(run_background, run_background_release)
/* req's tool, armed, times and expect_status do not matter. Errors as child_start. */
int runner_start(const struct run_req *req, struct run_background *b, struct pgo_err *err);
/* As child_stop, and a line into the record. */
int runner_stop(const struct project *p, const struct run_req *req, struct run_background *b,
		uint64_t grace_ns, struct pgo_err *err);
/* -PGO_ECHILD: it has ended, which it should not: told as by runner_shell. */
int runner_ended(const struct run_req *req, const struct run_background *b, struct pgo_err *err);

/*
 * Append a line to the record: what was run, the environment that differs from ours, the
 * outcome.
 */
int record_child(const struct project *p, const char *what, const struct child *c,
		 const struct child_result *res, struct pgo_err *err);
/* The same, with what was measured of the run; m may be NULL. */
int record_run(const struct project *p, const char *what, const struct child *c,
	       const struct child_result *res, const struct run_metrics *m, struct pgo_err *err);

/*
 * Set LD_LIBRARY_PATH so that shared objects kept below out_dir are found before those of the
 * system.
 */
void runner_add_library_path(struct strvec *env, const char *out_dir);

#endif
