/* SPDX-License-Identifier: Apache-2.0 */
/* The file that cachegrind leaves of one process. */
#ifndef PGO_CORE_CACHEGRIND_H
#define PGO_CORE_CACHEGRIND_H

#include <stddef.h>
#include <stdint.h>

#include "pgo/base/err.h"

enum cachegrind_event {
	CACHEGRIND_INSTRUCTIONS,   /* Ir */
	CACHEGRIND_I1_MISSES,	   /* I1mr: fetches that miss the first instruction cache */
	CACHEGRIND_LL_MISSES,	   /* ILmr: and the last level, too */
	CACHEGRIND_BRANCHES,	   /* Bc: conditional */
	CACHEGRIND_MISPREDICTIONS, /* Bcm: of these */
	NR_CACHEGRIND_EVENTS,
};
const char *cachegrind_event_name(enum cachegrind_event e); /* "I1 misses" */
const char *cachegrind_event_key(enum cachegrind_event e);  /* for JSON: "i1_misses" */

struct cachegrind {
	char *cmd;   /* the command as one line */
	char *model; /* "I1 32768 B, 64 B, 8-way associative; LL ..." */
	uint64_t events[NR_CACHEGRIND_EVENTS];
};
#define CACHEGRIND_INIT { 0 }
void cachegrind_release(struct cachegrind *c);
PGO_DEFINE_AUTO(cachegrind, cachegrind_release)

/*
 * Read a file of "valgrind --tool=cachegrind --cache-sim=yes --branch-sim=yes": its header and
 * the summary at its end; path is for messages. -PGO_EFORMAT, with the offset.
 * Source: valgrind's manual, "Cachegrind: a cache and branch-prediction profiler", 5.9.
 */
int cachegrind_parse(const char *path, const char *text, size_t len, struct cachegrind *ret,
		     struct pgo_err *err);
int cachegrind_read(const char *path, struct cachegrind *ret, struct pgo_err *err);

#endif
