/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collector drivers: how the programs of a training run are observed from
 * outside. What a machine can do is found out by core and handed over as facts;
 * a driver decides by them and fills argv and env. It never starts a process.
 */
#ifndef PGO_DRIVERS_COLLECTOR_H
#define PGO_DRIVERS_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pgo/base/err.h"
#include "pgo/base/strvec.h"

enum collect_cpu { COLLECT_CPU_ANY, COLLECT_CPU_INTEL, COLLECT_CPU_AMD, COLLECT_CPU_ARM };

/* An event that can be sampled, as the kernel and as the collector takes it. */
struct collect_event {
	const char *name; /* for people: "BR_INST_RETIRED.NEAR_TAKEN" */
	const char *text; /* for the collector: "r20c4:uppp" */
	enum collect_cpu cpu;
	uint32_t type; /* of perf_event_attr, with config and precise_ip */
	uint64_t config;
	unsigned precise;
	bool branches;	    /* with branch stacks: any branch of the program's own part */
	uint64_t period;    /* one sample each so many events; 0: by the rate */
	bool period_only;   /* the processor takes no rate */
	const char *source; /* of the stacks: "LBR"; NULL without them */
};

/* The most events that a collector may know. */
enum { COLLECT_MAX_EVENTS = 16 };

/* What was found out of the machine, before anything is recorded. */
struct collect_facts {
	enum collect_cpu cpu;
	const char *version; /* what the tool says: "perf version 6.1.187"; NULL: there is none */
	const char *trouble; /* why the tool that is there does not run: its own words; or NULL */
	const char *kernel;  /* the release that runs: "6.1.0-18-amd64" */
	bool ubuntu;	     /* packages are named as there */
	/* Of each event of the collector: 0, or the errno of opening it; ENODATA: it counts
	 * nothing; ENOENT, too, where it is another processor's. */
	int answers[COLLECT_MAX_EVENTS];
	int pid_errno;	      /* of observing the process that was named */
	int paranoid;	      /* perf_event_paranoid, INT_MIN: unknown */
	bool privileged;      /* CAP_PERFMON or CAP_SYS_ADMIN */
	bool container;	      /* in one */
	bool seccomp;	      /* a filter may refuse system calls */
	bool spe;	      /* Arm's statistical profiling is there */
	uint64_t max_rate_hz; /* perf_event_max_sample_rate, 0: unknown */
};

/* What is asked for. */
struct collect_wish {
	const char *event;  /* as the collector takes it; NULL: the best that there is */
	uint64_t rate_hz;   /* 0: the event's own */
	pid_t pid;	    /* a process that runs; 0: a command is started */
	const char *cgroup; /* the processes of this control group; or NULL */
};

/* What is done. Strings are owned. */
struct collect_choice {
	char *event;
	uint64_t rate_hz, period; /* one of them is 0 */
	bool branches;
	const char *source;  /* of the branch stacks, static, or NULL */
	struct strvec notes; /* what the user is to know, a sentence each */
};
#define COLLECT_CHOICE_INIT { .notes = STRVEC_INIT }
void collect_choice_release(struct collect_choice *c);
PGO_DEFINE_AUTO(collect_choice, collect_choice_release)

struct collect_req {
	const struct collect_choice *choice;
	const struct collect_wish *wish;
	const char *tool;   /* the program, absolute */
	const char *output; /* the recording, absolute */
	uint64_t max_bytes; /* of the recording; 0: no bound */
};

struct collector {
	const char *name;		    /* of the tool */
	const char *suffix;		    /* of recordings: "data" */
	const struct collect_event *events; /* the best first */
	size_t nr_events;
	/*
	 * Decide by the facts. -PGO_ETOOL: the tool is missing or does not run here, or the
	 * machine does not let itself be observed; -PGO_ENOTFOUND: there is no such process;
	 * -PGO_EUSAGE: a rate that the kernel does not take. Each with the command that mends it.
	 */
	int (*preflight)(const struct collect_facts *facts, const struct collect_wish *wish,
			 struct collect_choice *ret, struct pgo_err *err);
	/* Append the words before the command, and what the environment needs. */
	void (*wrap)(const struct collect_req *req, struct strvec *argv, struct strvec *env);
	/* Whether what is at req->output is a recording at all. -PGO_ECHILD. */
	int (*finish)(const struct collect_req *req, struct pgo_err *err);
};

extern const struct collector *const collectors[]; /* NULL-terminated, the first is taken */

#endif
