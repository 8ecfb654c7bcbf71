/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdicts, computed from evidence: a pure function of the pairs in their
 * order, the same live and on replay.
 */
#ifndef PGO_CORE_ENGINE_H
#define PGO_CORE_ENGINE_H

#include "pgo/core/evidence.h"
#include "pgo/stats/cluster.h"
#include "pgo/stats/interval.h"
#include "pgo/stats/spending.h"
#include "pgo/stats/verdict.h"

/* A look of one series. */
struct look {
	unsigned n;
	/* Of ln(baseline / candidate): what this and all earlier looks leave. Looks miss the truth
	 * together with at most 2 alpha, so their intersection does, and no claim is ever taken
	 * back. */
	struct interval ci;
	enum verdict verdict;
	bool exact; /* judged by sign flips of the observed values: ties, or near the boundary */
};

/* What links of the baseline differ by: fractions, NaN where not measured. */
struct layout_floor {
	double floor; /* two of them by less than this */
	double noise; /* so much is seen of two that do not differ */
	double p;     /* against links that do not differ */
};
#define LAYOUT_ALPHA 0.05	/* p above: the floor is not told from the noise */

/* One series of log ratios: a workload, or the whole. */
struct series {
	double *d;
	size_t nr, alloc;
	struct look looks[SPENDING_MAX_LOOKS];
	unsigned nr_looks;
	bool decided; /* the last look's verdict stands */
	bool futile;  /* given up: no verdict in prospect */
};

struct workload_result {
	struct series series;
	bool suspected;		       /* slower when looked at alone */
	bool regressed;		       /* and after Holm over all workloads, too */
	bool miscompare, unstable;     /* outputs */
	double median_a_s, median_b_s; /* of one process */
	double mean;		       /* of d */
	double log_median_ratio;
	bool disagrees;	    /* estimate, mean and medians are apart: look at the distribution */
	double lag1, drift; /* diagnostics: autocorrelation; slope of d a pair */
	size_t nr_invalid;
	struct layout_floor floor;
};

#define INSTRUMENT_ALPHA 0.01	/* two-sided: below, it is no noise */
struct instrument { /* the A/A check */
	size_t nr;
	struct interval ci;   /* its half-width is the noise floor */
	double floor;	      /* a fraction: exp(half-width) - 1; infinite when unknown */
	double p;	      /* two-sided exact, against symmetry about 0 */
	bool broken;	      /* p < 0.01 */
	double position_p;    /* second run against first, over all pairs that are a unit */
	bool position_effect; /* position_p < 0.01 */
};

struct engine {
	const struct evidence *e;
	struct spending spending;
	struct spending *holm; /* at alpha / m for m = 2..nr_workloads, made when first needed */
	struct workload_result *workloads;
	struct series overall; /* weighted, by joint rounds */
	struct instrument instrument;
	double *aa; /* log ratios of the A/A pairs */
	size_t nr_aa, alloc_aa;
	double *position; /* d, signed by order, of units of one pair */
	size_t nr_position, alloc_position;
	struct layout_floor floor; /* of the whole */
	size_t nr_layout;	   /* pairs behind it that count */
	bool layout_differs;	   /* a layout of the baseline printed something else */
	struct cluster layouts;	   /* ESTIMAND_BUILD: of the whole; .nr 0: a layout lacks a pair */
	double half;		   /* d of a unit's first pair, until its second comes */
	size_t nr_units[2];	   /* A/B: of one pair, of two */
	size_t nr_valid, nr_invalid[NR_INVALID];
	size_t taken; /* pairs of e that were looked at */
};
#define ENGINE_INIT { 0 }
/* e's head and workloads are complete; its pairs may come later. */
int engine_init(struct engine *g, const struct evidence *e, struct pgo_err *err);
/*
 * Begin anew with other evidence, without making the boundaries again.
 * Shapes: e has as many workloads as the last evidence and its n_max and alpha; it may be the
 * same one, filled anew.
 */
void engine_restart(struct engine *g, const struct evidence *e);
void engine_release(struct engine *g);
PGO_DEFINE_AUTO(engine, engine_release)

/* Take in the pairs that came since; look where a look is due. */
int engine_update(struct engine *g, struct pgo_err *err);
/*
 * The exact two-sided p of "the second run of a pair is as fast as the first", for all pairs so
 * far. Under it the coins say nothing of the order's outcome, so a unit may be chosen by it.
 */
double engine_position_p(const struct engine *g);
/* Whether this workload needs more pairs, for a claim of its own or for the whole's. */
bool engine_wants(const struct engine *g, size_t workload);
bool engine_done(const struct engine *g);
/* All pairs at once, looking when it was due as they came. Then as engine_finish. */
int engine_replay(struct engine *g, struct pgo_err *err);
/* After the last pair: Holm, the instrument, the diagnostics. May be called again after more. */
int engine_finish(struct engine *g, struct pgo_err *err);

/* The last look of a series; NULL before the first. */
const struct look *series_last(const struct series *s);

/* What is told: a slow-down that Holm does not confirm is INCONCLUSIVE. */
enum verdict engine_verdict(const struct engine *g, size_t workload);
enum verdict engine_overall(const struct engine *g);

/*
 * The claim (FASTER, or slower) is no larger than what another layout of the same code
 * could do: it holds for these binaries, perhaps not for the next ones. workload SIZE_MAX:
 * of the whole. Never with ESTIMAND_BUILD.
 */
bool engine_inside_floor(const struct engine *g, size_t workload);

enum gate_answer { GATE_PASS, GATE_FAIL, GATE_OPEN, GATE_INSTRUMENT, GATE_MISCOMPARE };
/*
 * MISCOMPARE before INSTRUMENT (also when more than 20 % of the pairs are invalid) before the
 * rest.
 */
enum gate_answer engine_gate(const struct engine *g);
int gate_exit(enum gate_answer a); /* 0 1 3 4 5 */

#endif
