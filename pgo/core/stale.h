/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a profile still is of the code: functions by name and by the hash of their code. */
#ifndef PGO_CORE_STALE_H
#define PGO_CORE_STALE_H

#include "pgo/base/arena.h"
#include "profiles/probes.h"
#include "profiles/profile.h"

enum stale_state {
	STALE_MATCHED, /* the same code; of samples: a function of that name */
	STALE_MOVED,   /* GCC: the same code in other lines, which it takes */
	STALE_CHANGED, /* other code: the compiler takes nothing of it */
	STALE_GONE,    /* the program has no such function */
	STALE_NEW,     /* the profile has no such function */
	STALE_NR_STATES
};
const char *stale_state_name(enum stale_state state);

struct stale_function {
	const char *name;
	const char *source; /* NULL: not known */
	enum stale_state state;
	double share; /* of all of the profile's counts */
};

struct stale_source {
	const char *name; /* NULL: not known */
	size_t nr[STALE_NR_STATES];
	double share[STALE_NR_STATES];
};

/* A share of the counts that is lost above this is told as too much where none was asked for. */
#define STALE_MAX_LOST 0.05

struct staleness {
	struct arena arena;
	bool by_name;		    /* of samples, which have no hashes */
	size_t nr[STALE_NR_STATES]; /* functions */
	double share[STALE_NR_STATES];
	struct stale_function *functions; /* those that are not matched, the largest share first */
	size_t nr_functions, alloc_functions;
	struct stale_source *sources; /* the largest lost share first */
	size_t nr_sources, alloc_sources;
};
#define STALENESS_INIT { .arena = ARENA_INIT }
void staleness_release(struct staleness *s);
PGO_DEFINE_AUTO(staleness, staleness_release)

/* A binary with counters, of the code as it is now. */
struct stale_code {
	char *path;
	struct probes probes;
};

void stale_code_release(struct stale_code *c);
/* Read a binary, and from its debug information, if it has any, the sources. As probes_read. */
int stale_code_read(const char *path, struct stale_code *ret, struct pgo_err *err);

/*
 * Compare into the empty *ret. -PGO_EMISMATCH: the code was instrumented by another family of
 * compilers than the profile's; -PGO_EUNSUP: a profile whose functions have no identity of
 * their own (BOLT's).
 */
int stale_compare(const struct profile *p, const struct stale_code *code, size_t nr,
		  struct staleness *ret, struct pgo_err *err);
/* Of shares by state: in functions that have changed or are gone. */
double stale_lost(const double share[STALE_NR_STATES]);

#endif
