/* SPDX-License-Identifier: Apache-2.0 */
/* The form of "hyperfine --export-json": what scripts and plots that exist already take. */
#ifndef PGO_CORE_HYPERFINE_H
#define PGO_CORE_HYPERFINE_H

#include <limits.h>

#include "pgo/core/evidence.h"

#define HYPERFINE_NO_EXIT INT_MIN	/* null: ended by a signal */

/* Times in seconds; NAN is null: not known. */
struct hyperfine_result {
	char *command;
	double mean_s, stddev_s, median_s;
	double user_s, system_s; /* means */
	double min_s, max_s;
	double *times_s;	/* of each run */
	size_t nr;		/* runs, at least one */
	int *exit_codes;	/* nr, or NULL: not known */
	uint64_t *memory_bytes; /* nr, or NULL: not known (1.15 has none) */
};

struct hyperfine {
	struct hyperfine_result *results;
	size_t nr, alloc;
};
#define HYPERFINE_INIT { 0 }
void hyperfine_release(struct hyperfine *h);
PGO_DEFINE_AUTO(hyperfine, hyperfine_release)

/*
 * Add a result with the summary that hyperfine gives of its times. User and
 * system time are NAN, exit codes and memory NULL: the caller may set them
 * (until the next call). Shapes: nr > 0, every time finite.
 */
struct hyperfine_result *hyperfine_add(struct hyperfine *h, const char *command,
				       const double *times_s, size_t nr);

/*
 * The valid A/B pairs: two results a workload, baseline then candidate, with
 * the wall time of one process. The commands are the sides, "side: workload"
 * where there are several workloads. Exit codes are not known.
 */
void hyperfine_from_evidence(const struct evidence *e, struct hyperfine *ret);

json_t *hyperfine_json(const struct hyperfine *h);

/*
 * Read a file. Command and times must be there; a summary field that is null
 * or absent is NAN; fields beyond those here are passed over. -PGO_EFORMAT:
 * the message names the result and the field.
 * Source: hyperfine 1.15's output; its later src/benchmark/benchmark_result.rs
 * for memory_usage_byte.
 */
int hyperfine_read(const char *path, struct hyperfine *ret, struct pgo_err *err);
/* The same from memory; path is for messages. */
int hyperfine_parse(const char *path, const char *text, size_t len, struct hyperfine *ret,
		    struct pgo_err *err);

#endif
