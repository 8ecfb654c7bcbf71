/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BOLT's profile as text, .fdata: a line for each branch, sample or memory
 * access of a binary, added up and written in one order.
 * Source: bolt/lib/Profile/DataReader.cpp and DataAggregator.cpp of LLVM 22.
 */
#ifndef PGO_PROFILES_FDATA_H
#define PGO_PROFILES_FDATA_H

#include "pgo/base/arena.h"
#include "pgo/base/err.h"
#include "pgo/base/hashmap.h"
#include "pgo/base/strbuf.h"

/* The words that a file may begin with: samples without branches; of a binary made by BOLT. */
#define FDATA_NO_LBR "no_lbr"
#define FDATA_BOLTED "boltedcollection"

/* llvm-bolt reads counts as signed numbers: sums stop here. */
#define FDATA_LIMIT ((uint64_t)INT64_MAX)

enum fdata_type { FDATA_BRANCH, FDATA_SAMPLE, FDATA_MEMORY };
enum fdata_scope { FDATA_FILE, FDATA_GLOBAL, FDATA_LOCAL }; /* whose offset it is */

/* name[0..name_len) stands as in the file: a blank and a backslash have a backslash before them. */
struct fdata_place {
	enum fdata_scope scope;
	const char *name;
	size_t name_len;
	uint64_t offset;
};

/* to is unused in a sample, mispredicted in all but a branch. */
struct fdata_record {
	enum fdata_type type;
	struct fdata_place from, to;
	uint64_t count, mispredicted;
};

struct fdata_entry;
struct fdata_slot;

/* Everything that was added; equal places are one entry. */
struct fdata {
	bool mode_known; /* the two below are those of the first input */
	bool no_lbr;	 /* samples, not branches */
	bool bolted;	 /* collected in a binary that BOLT had made */
	struct arena arena;
	struct hashmap names, events;
	struct fdata_entry *entries;
	size_t nr, alloc;
	struct fdata_slot *slots;
	size_t nr_slots;
	size_t next; /* entry behind the one that was added to last: files have one order mostly */
	uint64_t nr_saturated; /* sums that stopped at FDATA_LIMIT */
};
#define FDATA_INIT { .arena = ARENA_INIT, .names = HASHMAP_INIT, .events = HASHMAP_INIT }

void fdata_release(struct fdata *f);
PGO_DEFINE_AUTO(fdata, fdata_release)

/* Add one record, its counts weight times. The names are copied. */
void fdata_add(struct fdata *f, const struct fdata_record *r, uint64_t weight);
/* An event that samples were taken by ("cycles:u"), for the head of a file without branches. */
void fdata_add_event(struct fdata *f, const char *name, size_t len);
/*
 * Add a whole file. -PGO_EFORMAT with the offset for a line that is no record or
 * is cut off, and for a file without one; -PGO_EMISMATCH when it has samples and
 * f has branches, or only one of them is of a binary that BOLT made. f is then
 * of no more use.
 */
int fdata_add_file(struct fdata *f, const char *path, uint64_t weight, struct pgo_err *err);
/* The same for a file's content. */
int fdata_add_text(struct fdata *f, const char *path, const void *data, size_t len, uint64_t weight,
		   struct pgo_err *err);
/* Put the entries in order: memory last, by name, offset, target. Nothing may be added after it. */
void fdata_sort(struct fdata *f);
/* The i-th of f->nr; its names are f's. */
struct fdata_record fdata_get(const struct fdata *f, size_t i);
/* Append the text that llvm-bolt and merge-fdata read: memory accesses come last. */
void fdata_format(const struct fdata *f, struct strbuf *out);
/* Names that something came from, and symbols that a branch went to. */
uint64_t fdata_nr_functions(const struct fdata *f);
/* The name for people, without the backslashes; in arena. */
const char *fdata_name(struct arena *arena, const struct fdata_place *place);

/* The bits verified of a head that begins an .fdata file; 0: it is none. */
int fdata_bid(const char *head, size_t len);

/* Parts, for the tests: one line without its end. NULL, or what is wrong, and *ret_at where. */
const char *fdata_parse_line(const char *line, size_t len, bool no_lbr, struct fdata_record *ret,
			     size_t *ret_at);

#endif
