/* SPDX-License-Identifier: Apache-2.0 */
/* The real pgoctl and hyperfine, on programs that take a known time. */
#ifndef TESTS_BENCH_LIVE_H
#define TESTS_BENCH_LIVE_H

#include <sys/types.h>

#include "pgo/core/hyperfine.h"
#include "pgo/stats/verdict.h"
#include "tests/bench/bench.h"

/* Two copies of the program, in files of their own under names of one length. */
struct copies {
	char *a, *b; /* command lines */
	double effect;
};
/* Of so many of spin.c's steps; the second one does as much more work: 0.02 is 2 %. */
int copies_make(struct copies *c, struct bench *b, double effect, unsigned steps,
		struct pgo_err *err);
void copies_release(struct copies *c);
PGO_DEFINE_AUTO(copies, copies_release)

struct live {
	enum verdict verdict;
	unsigned pairs;	 /* A/B */
	double variance; /* of the log ratio of an A/A pair */
	bool broken;	 /* the instrument, by its own word */
};
/* "pgoctl validate -a ... -b ... --shell none --pairs N" */
int live_validate(struct bench *b, const struct copies *c, unsigned pairs, struct live *ret,
		  struct pgo_err *err);

/* "hyperfine -N -w 2 -r N a b": what its own significance test says of b; 1 is faster. */
int live_hyperfine(struct bench *b, const struct copies *c, unsigned runs, int *says,
		   struct pgo_err *err);

/* Busy and idle by turns of some milliseconds, on the last processor. */
int noise_start(pid_t *pid, uint64_t seed, struct pgo_err *err);
void noise_stop(pid_t pid);

#endif
