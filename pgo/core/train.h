/* SPDX-License-Identifier: Apache-2.0 */
/* The training runs: every workload marked train or both, each run with raw files of its own. */
#ifndef PGO_CORE_TRAIN_H
#define PGO_CORE_TRAIN_H

#include "pgo/core/sampling-overhead.h"
#include "pgo/core/sampling.h"
#include "pgo/core/stage.h"
#include "pgo/core/waits.h"

struct training_run {
	char *raw_dir;	     /* below it the raw profiles */
	struct strvec files; /* .profraw by process id, or .gcda by name, or one recording */
	uint64_t bytes;
	uint64_t wall_ns;
	/* Not of a process that ran already, nor of one kept from before this was measured. */
	bool has_watch;
	struct run_watch watch; /* its metrics, and what tells them; without the environment */
	uint64_t cpu_limit, memory_limit;
	bool skipped;	     /* its inputs are those of the last time */
	uint64_t nr_unsaved; /* processes that were killed or aborted, with their counts */
	struct sampling_overhead overhead;
	uint64_t samples, lost; /* of a recording, once it has been converted */
};

struct training_workload {
	const struct workload *workload; /* the project's */
	struct training_run *runs;
	size_t nr_runs;
};

struct training {
	struct training_workload *workloads;
	size_t nr_workloads;
	char key[DIGEST_HEX_LEN + 1];  /* hash of all inputs of all runs */
	const struct sampler *sampler; /* NULL: the runs were instrumented */
	/* Of the recordings, once they have been converted: what was sampled. */
	char *event;
	uint64_t branch_entries;
};
#define TRAINING_INIT { 0 }
void training_release(struct training *t);
PGO_DEFINE_AUTO(training, training_release)

/*
 * Run what has not been run with these inputs: the stage, the workload's lines, its stdin and the
 * files that its run line names. sampler NULL: the stage is instrumented; else the runs are
 * recorded by it, and stage may be NULL, in which case none is taken for granted.
 * -PGO_ECHILD when a run fails or leaves no profile (the workload is named).
 */
int training_run_all(struct project *p, const struct stage *stage, const struct sampler *sampler,
		     struct training *ret, struct pgo_err *err);

/*
 * The instrumented runs that there are, whatever their inputs. -PGO_ENOTFOUND: of one workload
 * there is none.
 */
int training_load(struct project *p, struct training *ret, struct pgo_err *err);

/* Where below .pgo/ the runs of the stage are kept; stage may be NULL with a sampler. Static. */
const char *training_folder(const struct stage *stage, const struct sampler *sampler);

#endif
