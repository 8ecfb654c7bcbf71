/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A project's validations over its commits: .pgo/history.db, a row for each
 * validation and workload, and the steps in the series that they make.
 */
#ifndef PGO_CORE_HISTORY_H
#define PGO_CORE_HISTORY_H

#include "pgo/core/database.h"
#include "pgo/stats/step.h"
#include "pgo/stats/verdict.h"

#define HISTORY_FILE "history.db"	/* below .pgo/ */

struct history {
	struct database db;
};
#define HISTORY_INIT { 0 }

/* Strings are owned. NULL: not known. */
struct history_row {
	int64_t validation; /* its number; given by history_add */
	int64_t time;	    /* seconds since 1970, UTC */
	char *workload;	    /* NULL: all of them together */
	char *commit;
	bool dirty;
	char *source;	/* hash of the tree */
	char *compiler; /* its banner */
	char *profile;	/* id */
	char *metric;
	char *machine;	    /* its key, ledger.h */
	char *estimand;	    /* estimand_name(): what the interval is of; not NULL */
	struct interval ci; /* of ln(baseline / optimized) */
	enum verdict verdict;
	double median_a_s, median_b_s; /* of one process; NaN: none */
};
void history_row_release(struct history_row *r);

/* The codes of database_open. */
int history_open(struct history *h, const char *path, enum database_mode mode, struct pgo_err *err);
void history_release(struct history *h);
PGO_DEFINE_AUTO(history, history_release)

/* Enter the rows of one validation: all or none. */
int history_add(struct history *h, const struct history_row *rows, size_t nr, struct pgo_err *err);

enum history_series {
	HISTORY_BASELINE,  /* ln of the median seconds: + is slower */
	HISTORY_OPTIMIZED, /* the same */
	HISTORY_SPEEDUP,   /* the estimate: + is faster */
	NR_HISTORY_SERIES,
};
const char *history_series_name(enum history_series s);
/* The row's point in a series; NaN: none. */
double history_point(const struct history_row *r, enum history_series s);

/* Of one machine, metric and estimand. */
bool history_comparable(const struct history_row *a, const struct history_row *b);

/* A step that is told has p at most this, with all series of all workloads counted in. */
#define HISTORY_ALPHA 0.05

struct history_step {
	bool tested; /* there were enough points */
	bool found;
	size_t row, before; /* the first row after the step, and the last one before it */
	double shift;	    /* of the series' unit */
	double p;	    /* Holm's, over every series of the report */
};

struct history_trend {
	char *workload;		  /* NULL: all of them together */
	struct history_row *rows; /* in the order of time */
	size_t nr, alloc;
	/* Over the rows that are comparable with the last one. */
	struct history_step steps[NR_HISTORY_SERIES];
};

/* By name, the whole first. */
struct history_trends {
	struct history_trend *v;
	size_t nr, alloc;
};
#define HISTORY_TRENDS_INIT { 0 }
void history_trends_release(struct history_trends *t);
PGO_DEFINE_AUTO(history_trends, history_trends_release)

/*
 * Read the trends of a workload, or of all and the whole for NULL.
 * -PGO_ENOTFOUND when there is none; -PGO_EFORMAT for a row that no pgoctl wrote.
 */
int history_read(struct history *h, const char *workload, struct history_trends *ret,
		 struct pgo_err *err);
/* Find the steps of trends that hold their rows. */
void history_find_steps(struct history_trends *t);

#endif
