/* SPDX-License-Identifier: Apache-2.0 */
/* Children: argv vectors, no shell of ours, own process group, nothing of ours leaks in. */
#ifndef PGO_BASE_CHILD_H
#define PGO_BASE_CHILD_H

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"
#include "pgo/base/strvec.h"

/* How a child is to run. in/out/err_path NULL: /dev/null for stdin, inherited for the others. */
struct child {
	struct strvec argv;
	struct strvec env;			   /* complete; empty: the parent's */
	const char *dir;			   /* working directory, NULL: the parent's */
	const char *in_path, *out_path, *err_path; /* out == err by content: one open file */
	int out_fd, err_fd;			   /* used when >= 0 and the path is NULL */
	bool append;	     /* out_path and err_path are appended to, not truncated */
	uint64_t timeout_ns; /* 0: none; then TERM to the group, KILL after grace_ns */
	uint64_t grace_ns;   /* 0: 2 s, which it is always where a signal asked to stop */
	void (*idle)(void);  /* called about 10 times a second while waiting, may be NULL */
	/*
	 * The barrier, for what is measured: the child is set up completely, blocks, armed(pid) is
	 * called (it may open counters that begin at exec), and only then the clock is started and
	 * the child let go. Everything in the result counts from there. Non-zero from armed: the
	 * child is ended before it has executed anything and child_run returns that value; armed
	 * fills the message, through its arg.
	 */
	int (*armed)(pid_t pid, void *arg);
	void *armed_arg;
	/* Processor time to burn between the barrier and exec: a known slow-down. */
	uint64_t spin_ns;
	bool no_aslr; /* addresses are the same in each run */
	/*
	 * The processor on which it waits at the barrier and begins, free to leave it; NULL, or one
	 * that it may not run on: the kernel's choice. Only where there is a barrier.
	 */
	const unsigned *processor;
	/*
	 * Daemons leave the group, by setsid and a second fork: end these too, and take their
	 * usage in. Only in a program that has no other children.
	 */
	bool sweep;
	/*
	 * Become the parent of what loses its own meanwhile: the usage of those that end before the
	 * leader is taken in, the others live on and are counted. Only as sweep.
	 */
	bool adopt;
};
#define CHILD_INIT { .argv = STRVEC_INIT, .env = STRVEC_INIT, .out_fd = -1, .err_fd = -1 }

/* How it went. Exactly one of exit_status >= 0 and term_signal > 0 holds. */
struct child_result {
	int exit_status; /* -1: did not exit */
	int term_signal; /* 0: was not ended by a signal */
	bool timed_out;
	pid_t pid;
	uint64_t wall_ns, user_ns, sys_ns;
	uint64_t run_delay_ns; /* time runnable but not running, of the main thread */
	uint64_t main_ns;      /* time on a processor, of the main thread */
	bool have_run_delay;   /* false: /proc/PID/schedstat not readable, or not kept */
	uint64_t max_rss_bytes, minor_faults, major_faults, vol_switches, invol_switches;
	/* At the barrier: what the child had of this program's memory, and a margin. A peak that is
	 * not above it may be this program's own: the child's is not known. Else 0. */
	uint64_t rss_floor_bytes;
	uint64_t read_bytes, written_bytes; /* from and for disks; 0 where not accounted, too */
	uint64_t disk_wait_ns;		    /* of the main thread; 0 where not accounted, too */
	unsigned nr_left;  /* sweep: processes that outlived the leader and were ended */
	unsigned nr_alive; /* adopt: that live on; what they use is not known */
};

void child_release(struct child *c);
PGO_DEFINE_AUTO(child, child_release)
/*
 * Run to the end. Returns 0 when the child was started and reaped, whatever its
 * status; -PGO_ETOOL or -PGO_EPERM when it could not be executed;
 * -PGO_ECANCELLED when a signal asked this program to stop (the group is ended).
 * Members of the process group that outlive the leader are ended; those that left
 * the group only with sweep. Without it, and when this program is killed itself,
 * they live on: core's orphans_end() finds them by their environment later.
 * The clock is CLOCK_MONOTONIC: setting the time of day changes no result.
 */
int child_run(struct child *c, struct child_result *res, struct pgo_err *err);
/* Run and keep stdout (stderr to /dev/null unless merge). Non-zero exit is -PGO_ECHILD. */
int child_capture(struct child *c, struct strbuf *out, bool merge_stderr, struct child_result *res,
		  struct pgo_err *err);

/* A child that runs while others are run: a server. */
struct child_background {
	pid_t pid; /* its leader; 0: none */
	uint64_t start_ns;
	bool reaped;		 /* the leader has ended, and res tells how */
	struct child_result res; /* wall_ns, run_delay_ns and main_ns are not measured */
};
#define CHILD_BACKGROUND_INIT { .res = { .exit_status = -1 } }
/*
 * Start it; what is left behind by processes that end becomes this program's child until it
 * is stopped. c's armed, spin_ns, no_aslr and timeout_ns do not matter. Errors as child_run.
 */
int child_start(struct child *c, struct child_background *bg, struct pgo_err *err);
/* Whether a process of it is alive; the leader may have put itself into the background. */
bool child_alive(struct child_background *bg);
/*
 * Ask all by SIGTERM, those first that nobody else is the parent of, and end after grace_ns what
 * is left by SIGKILL: bg->res.nr_left of them. Afterwards none lives, and bg->res is complete.
 */
void child_stop(struct child_background *bg, uint64_t grace_ns);

/* SIGINT, SIGTERM, SIGHUP: noted, and passed to the running child's group. */
void child_signals_init(void);
int child_cancelled(void); /* the signal's number, or 0 */

#endif
