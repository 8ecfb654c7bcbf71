/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running an A/B comparison: coin-flipped AB/BA pairs in rounds, A/A pairs
 * among them, one process a run, every pair in the evidence. What it means is
 * the engine's business.
 */
#ifndef PGO_CORE_EXPERIMENT_H
#define PGO_CORE_EXPERIMENT_H

#include "pgo/core/engine.h"
#include "pgo/core/explain.h"
#include "pgo/core/forecast.h"
#include "pgo/core/project.h"
#include "pgo/core/waits.h"

/* A side: 'a' the baseline, 'b' the candidate, 'c' the baseline's copy for the A/A pairs. */
struct side {
	char label;
	char *out_dir;	  /* $PGO_OUT; of one length on all sides; "" without a project */
	const char *line; /* its own command, or NULL: the workload's */
};

/* Artifacts of one side in other layouts: folders. */
struct layout_outs {
	struct strvec dirs;
	uint64_t link_ns; /* of all of them */
};
#define LAYOUT_OUTS_INIT { .dirs = STRVEC_INIT }

/* What is flipped for: a pair, or ABBA with a run before it. By default the latter is gone over to
 * when the order in a pair is found to matter. */
enum unit { UNIT_AUTO, UNIT_PAIR, UNIT_ABBA };

struct experiment_opts {
	unsigned pairs; /* at most; 0: pgo.yaml's */
	uint64_t seed;	/* 0: drawn, and told */
	double margin, min_effect, alpha;
	enum gate gate;
	enum unit unit;
	uint64_t budget_ns;   /* 0: pgo.yaml's, or none */
	double inject;	      /* the candidate also spins for this fraction of a unit's time */
	bool insist;	      /* the margin was asked for: one that cannot be proven is refused */
	bool force;	      /* but not then */
	bool no_padding;      /* no random environment */
	const char *prepare;  /* run before each run, not timed, or NULL */
	bool no_shell;	      /* split the line into words, and run it as it is */
	bool explain;	      /* also count what the sides execute, after the last pair */
	const char *evidence; /* a file to keep it in besides .pgo/validate/ */
	enum estimand estimand;
	unsigned layouts; /* of each side, with ESTIMAND_BUILD */
	unsigned floor;	  /* layouts of the baseline to compare it with; 0: none */
	/* What experiment_run() takes them from: at least so many. */
	const struct layout_outs *outs[2];
};

struct experiment {
	struct evidence evidence;
	struct engine engine;
	struct forecast forecast;
	struct explanation why;	 /* of explain; nr is 0 without */
	struct waits_list waits; /* of the warm-up; empty for a replay */
	uint64_t wall_ns;	 /* 0: not known, of a replay */
	char *path;		 /* of the evidence */
	bool dirty;		 /* uncommitted changes in the sources */
	bool live;		 /* it ran here and now; a replay did not */
	bool cancelled;		 /* by a signal: what the last look said stands */
};
#define EXPERIMENT_INIT { 0 }
void experiment_release(struct experiment *e);
PGO_DEFINE_AUTO(experiment, experiment_release)

/*
 * Compare what two folders of artifacts do with the project's workloads marked
 * validate or both. -PGO_ECONFIG when there is none, -PGO_ECHILD when a run
 * fails, -PGO_ELIMIT for a margin below what can be proven here.
 */
int experiment_run(struct project *p, const char *baseline, const char *candidate,
		   const struct experiment_opts *opts, struct experiment *ret, struct pgo_err *err);

/* Compare two commands; p's configuration has one workload, whose run is not used. */
int experiment_commands(struct project *p, const char *a, const char *b,
			const struct experiment_opts *opts, struct experiment *ret,
			struct pgo_err *err);

/* The exit code: the gate's, or 128 and the signal that ended it. */
int experiment_exit(const struct experiment *x);

/* The verdicts of an evidence file, computed anew. */
int experiment_replay(const char *path, struct experiment *ret, struct pgo_err *err);

/* Explain a replay by the counters in its evidence: nothing is run. */
void experiment_explain_counters(struct experiment *x);

#endif
