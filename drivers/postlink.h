/* SPDX-License-Identifier: Apache-2.0 */
/* Tools that lay a linked program out anew. A driver fills argv and reads what the tool said. */
#ifndef PGO_DRIVERS_POSTLINK_H
#define PGO_DRIVERS_POSTLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "pgo/base/err.h"
#include "pgo/base/strvec.h"

/* What the tool is asked to make of one linked file. All paths are absolute. */
struct postlink_job {
	const char *program; /* the tool */
	unsigned major;	     /* its version */
	const char *input, *output;
	const char *profile; /* to optimize with; or where to leave profiles: see instrument */
	unsigned every_s;    /* instrument: write the counters as often as that; 0: at exit */
};

/* What the tool said of a file that it optimized; 0 where it said nothing. */
struct postlink_report {
	uint64_t nr_functions;	/* in the file */
	uint64_t nr_profiled;	/* that the profile has counts for */
	uint64_t nr_reordered;	/* whose blocks have another order now */
	uint64_t nr_stale;	/* whose profile does not fit */
	uint64_t stale_samples; /* counts of those, of nr_samples; both 0 when none is stale */
	uint64_t nr_samples;
	/* By the profile, before and after. */
	uint64_t instructions[2], branches[2], taken_branches[2];
};

struct postlink {
	const char *name; /* "bolt" */
	/* The name on PATH of the tool of that LLVM; malloc'ed. */
	char *(*program_name)(unsigned llvm_major);
	/* Its Debian package; malloc'ed, or NULL: there is none of that LLVM. */
	char *(*package)(unsigned llvm_major);
	/* That of the library with its counters. */
	char *(*runtime_package)(unsigned llvm_major);
	/* The major version in what "PROGRAM --version" printed; 0: it is not the tool. */
	unsigned (*version)(const char *text);
	/* Write output with counters; a process that ends leaves PROFILE.PID.fdata, with every_s
	 * PROFILE.fdata, and its forks count there, too. */
	void (*instrument)(const struct postlink_job *job, struct strvec *argv);
	/* Write output laid out by the profile. */
	void (*optimize)(const struct postlink_job *job, struct strvec *argv);
	/* Read what optimize's command printed; text has both streams. */
	void (*read_report)(const char *text, struct postlink_report *ret);
};

extern const struct postlink postlink_bolt;

#endif
