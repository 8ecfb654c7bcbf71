/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What works on this machine, found by doing it: each compiler builds, runs and optimizes a
 * program of ten lines by each technique, takes the profiles of the others, and the machine is
 * looked at.
 */
#ifndef PGO_CORE_DOCTOR_H
#define PGO_CORE_DOCTOR_H

#include "drivers/compiler.h"
#include "pgo/core/counters.h"

/* UNKNOWN: not measured. INFO: a fact, neither good nor bad. */
enum doctor_answer { DOCTOR_UNKNOWN, DOCTOR_YES, DOCTOR_NO, DOCTOR_INFO };
const char *doctor_answer_name(enum doctor_answer a); /* "not measured" "yes" "no" "info" */

/* The answer to one question. */
struct doctor_finding {
	enum doctor_answer answer;
	char *what; /* what was found; of a no or an unknown the reason; owned, or NULL */
	char *mend; /* the one command or line that mends it; owned, or NULL: nothing does here */
};
void doctor_finding_release(struct doctor_finding *f);

/* What is tried with each toolchain. */
enum doctor_try {
	DOCTOR_BUILD,	   /* a plain program, which runs */
	DOCTOR_INSTRUMENT, /* counters, runs, merge, optimized build */
	DOCTOR_SAMPLE,	   /* the same by perf's samples */
	DOCTOR_BRANCHES,   /* whether those had branch stacks */
	DOCTOR_BOLT,	   /* the same by BOLT's counters, after the link */
	DOCTOR_NR_TRIES
};
const char *doctor_try_name(enum doctor_try t); /* "build" "instrument" ... */

struct doctor_toolchain {
	char *path;
	struct strvec names;	     /* on PATH, the most telling first; of one asked for: that */
	struct tool_version version; /* .family NULL: it does not tell */
	bool has_module; /* what it reads is written here; else by llvm-profdata, or it is GCC */
	struct doctor_finding tries[DOCTOR_NR_TRIES];
};

/* Whether one compiler takes the profile of programs that another one has made. */
struct doctor_pair {
	size_t from, to; /* indices of toolchains */
	struct doctor_finding finding;
};

/* About the machine. */
struct doctor_fact {
	const char *name; /* static */
	struct doctor_finding finding;
};

struct doctor {
	struct doctor_toolchain *toolchains;
	size_t nr_toolchains;
	struct doctor_pair *pairs;
	size_t nr_pairs;
	struct doctor_fact *facts;
	size_t nr_facts;
	bool chosen; /* the toolchains were asked for by name */
};
#define DOCTOR_INIT { 0 }
void doctor_release(struct doctor *d);
PGO_DEFINE_AUTO(doctor, doctor_release)

struct doctor_opts {
	const char *root;		/* before "/proc", "/sys", "/etc"; "": this machine */
	const struct counters_ops *ops; /* opens events */
	const struct strvec *compilers; /* asked for; none: every one on PATH */
	const char *dir;		/* the project's, whose room is looked at */
	uint64_t timeout_ns;		/* of each thing that is started */
	bool quick;			/* neither other compilers' profiles nor BOLT */
};

/*
 * Fill the empty *ret. What does not work, hangs or crashes is an answer, not an error.
 * -PGO_ETOOL: a compiler that was asked for is not there; -PGO_ECANCELLED; -PGO_EIO: the
 * temporary folder.
 */
int doctor_run(const struct doctor_opts *opts, struct doctor *ret, struct pgo_err *err);
/* Whether profiles can be had here, by any technique, and from each compiler asked for. */
bool doctor_is_well(const struct doctor *d);

#endif
