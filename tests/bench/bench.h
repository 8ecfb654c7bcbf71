/* SPDX-License-Identifier: Apache-2.0 */
/* The measure of done of pgoctl validate, row by row: see docs/testing.md. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <jansson.h>
#include <stdint.h>

#include "pgo/base/err.h"
#include "pgo/base/tempfile.h"
#include "pgo/report/table.h"
#include "tests/bench/trace.h"

struct bench {
	double scale;	    /* of every number of repetitions */
	uint64_t seed;	    /* of all that is simulated */
	const char *pgoctl; /* the programs, absolute */
	const char *spin;
	struct tempdir tmp;
	struct trace trace; /* recorded by the first row that asks for it */
	struct table table;
	json_t *lines;
	unsigned nr_missed, nr_absent;
};

enum outcome {
	MET,
	MISSED,
	ABSENT, /* could not be measured here */
	SHOWN,	/* beside a target, no target itself */
};

/*
 * One line of the table: which row it belongs to, what it is of and what is
 * asked; the measured figure as text; the figures of the JSON file, taken over.
 */
struct line {
	const char *row, *what, *target;
	enum outcome outcome;
	json_t *figures;
};
void bench_line(struct bench *b, const struct line *l, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline enum outcome met(bool yes)
{
	return yes ? MET : MISSED;
}

/*
 * What a rate that is true stays below in n tries, but for a chance of z
 * deviations: how targets that are the nominal rate itself can be met.
 */
double bench_limit(double rate, double z, unsigned n);

/* full times the scale, but at least least. */
unsigned bench_reps(const struct bench *b, unsigned full, unsigned least);

/* Record the trace, unless that is done. */
int bench_trace(struct bench *b, struct pgo_err *err);

/* The rows. Each adds its lines; an error says that it could not. */
int row_laws(struct bench *b, struct pgo_err *err);
int row_tables(struct bench *b, struct pgo_err *err);
int row_coverage(struct bench *b, struct pgo_err *err);
int row_replay(struct bench *b, struct pgo_err *err);
int row_live_aa(struct bench *b, struct pgo_err *err);
int row_live_ab_2(struct bench *b, struct pgo_err *err);
int row_live_ab_5(struct bench *b, struct pgo_err *err);
int row_hyperfine(struct bench *b, struct pgo_err *err);
int row_family(struct bench *b, struct pgo_err *err);
int row_rules(struct bench *b, struct pgo_err *err);

#endif
