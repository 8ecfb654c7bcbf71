/* SPDX-License-Identifier: Apache-2.0 */
/* A training run of a server: started, waited for, loaded, and ended. */
#ifndef PGO_CORE_SERVE_H
#define PGO_CORE_SERVE_H

#include "pgo/core/json.h"
#include "pgo/core/runner.h"

/* How it went. */
struct serve_report {
	uint64_t ready_ns;   /* from its start until it was ready; 0: that was not asked */
	uint64_t drive_ns;   /* of the load */
	size_t nr_processes; /* that wrote their profiles when the load had ended */
	size_t nr_without;   /* processes that could not: without the agent */
	size_t nr_hindered;  /* those of them for which a reason is seen */
	unsigned nr_killed;  /* that did not end when asked to */
	bool discarded;	     /* what was counted before it was ready */
};

/* What a server is run with. */
struct serve_req {
	const struct run_req
		*server;	   /* its line, with the environment of an instrumented program */
	const struct workload *w;  /* its ready and drive */
	struct strvec *client_env; /* of the lines that ask it and load it */
	const char *raw;	 /* the folder of its profiles, which is emptied once it is ready */
	const char *log;	 /* of those lines */
	struct run_watch *watch; /* of the server and all that descends from it; or NULL */
};

/*
 * Run it. Every process that descends from it is asked for its profile before it is ended by
 * SIGTERM, and by SIGKILL what is left ten seconds later, so that what is killed loses no more
 * than it counted in between. -PGO_ECHILD: it ended, it was not ready in the workload's
 * time, or its load failed: the message and the last lines tell; nothing of it runs on.
 */
int serve_run(const struct project *p, const struct serve_req *req, struct serve_report *ret,
	      struct pgo_err *err);

json_t *serve_report_json(const struct serve_report *r);

#endif
