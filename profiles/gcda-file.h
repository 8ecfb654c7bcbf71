/* SPDX-License-Identifier: Apache-2.0 */
/* One .gcda file in memory: what the reader makes, the merge changes and the writer takes. */
#ifndef PGO_PROFILES_GCDA_FILE_H
#define PGO_PROFILES_GCDA_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgo/base/arena.h"
#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"
#include "profiles/gcda.h"

#define GCDA_MAGIC 0x67636461u		/* "gcda", in the byte order of the machine that wrote it */
#define GCDA_TAG_FUNCTION 0x01000000u
#define GCDA_TAG_COUNTER 0x01a10000u	/* + (kind << 17) */
#define GCDA_TAG_SUMMARY 0xa1000000u
#define GCDA_MAX_KINDS 10

#define GCDA_MAJOR_MIN 9
#define GCDA_MAJOR_MAX 15
#define GCDA_MAJOR_ZERO_RUNS 11	/* from here an array of zeros is a negative length without data */
#define GCDA_MAJOR_BYTES 12	/* from here lengths are in bytes, and the header has a checksum */

#define GCDA_TOPN_MAX 32	/* values that libgcov 11 and later keeps for one site */

/*
 * How a process joins its counters to those that the file holds already. The
 * last four keep the most common values of one place: a site.
 * Source: libgcov-merge.c and gcov-counter.def of GCC 9 to 15.
 */
enum gcda_rule {
	GCDA_NONE, /* no such kind in this version */
	GCDA_ADD,
	GCDA_OR,
	GCDA_EARLIEST, /* the smallest that is not zero */
	GCDA_SINGLE,   /* GCC 9: one value, its count, executions */
	GCDA_ICALL,    /* GCC 9: evictions, then 4 values with counts */
	GCDA_TOP4,     /* GCC 10: executions, then 4 values with counts */
	GCDA_TOPN,     /* GCC 11 on: executions, then as many values as there are, 32 at most */
};

struct gcda_pair {
	int64_t value, count;
};

/* total: executions, negative when a merge lost values (10 on); evictions for GCDA_ICALL. */
struct gcda_site {
	int64_t total;
	struct gcda_pair *pairs; /* in the file's order, which merging depends on */
	uint32_t nr, alloc;
};

/* All counters of one kind in one function: nr of v, or nr sites, as the rule says. */
struct gcda_ctrs {
	unsigned kind;
	enum gcda_rule rule;
	uint32_t nr;
	int64_t *v; /* NULL: all are zero */
	struct gcda_site *sites;
};

/* present false: the slot of a function that another object file provided; then all else is 0. */
struct gcda_func {
	uint32_t ident, lineno_checksum, cfg_checksum;
	bool present;
	unsigned nr_kinds;
	struct gcda_ctrs *ctrs; /* by ascending kind */
};

struct gcda_file {
	struct arena arena; /* holds everything below but funcs */
	const char *path;   /* not owned */
	uint32_t version_word;
	char version[5]; /* "B22*" */
	unsigned major;
	bool swap; /* of the other byte order */
	uint32_t stamp;
	uint32_t checksum; /* of GCC 12 and later, else 0 */
	bool has_summary;  /* always, unless the program had no C library */
	uint32_t runs, sum_max;
	struct gcda_func *funcs;
	size_t nr_funcs, alloc_funcs;
};
#define GCDA_FILE_INIT { .arena = ARENA_INIT }

void gcda_file_release(struct gcda_file *f);
PGO_DEFINE_AUTO(gcda_file, gcda_file_release)

/* The arcs of a function, or NULL. */
static inline const struct gcda_ctrs *gcda_func_arcs(const struct gcda_func *func)
{
	return func->nr_kinds && func->ctrs[0].kind == 0 ? &func->ctrs[0] : NULL;
}

/* A count that became negative has passed the signed limit, not a second one. */
static inline uint64_t gcda_arc_count(const struct gcda_ctrs *arcs, size_t at)
{
	return arcs->v ? (uint64_t)arcs->v[at] : 0;
}

/* The rule of a counter kind in a GCC release, and the kind's name there. */
enum gcda_rule gcda_rule_of(unsigned major, unsigned kind);
const char *gcda_kind_name(unsigned major, unsigned kind);
static inline bool gcda_has_sites(enum gcda_rule rule)
{
	return rule >= GCDA_SINGLE;
}

/* Where a site of fixed length keeps its numbers, counted in counters; all 0 for GCDA_TOPN. */
struct gcda_layout {
	unsigned stride, total_at, pairs_at, nr_pairs;
};
struct gcda_layout gcda_site_layout(enum gcda_rule rule);

/* Whether head, at least 8 bytes, begins a .gcda file, of any version. */
bool gcda_is_head(const uint8_t *head, size_t len);

/*
 * Decode len bytes of data into the empty *f. path is kept. Bytes after the end
 * mark are passed over, as GCC does: libgcov rewrites a file without cutting it.
 * Returns 0, -PGO_EFORMAT or -PGO_EVERSION; *f is to be released either way.
 */
int gcda_file_decode(struct gcda_file *f, const char *path, const void *data, size_t len,
		     struct pgo_err *err);
/* The same, from the file at path. */
int gcda_file_open(struct gcda_file *f, const char *path, struct pgo_err *err);

/* 0 when both are of one build of one object, so that they may be joined; else -PGO_EMISMATCH. */
int gcda_file_match(const struct gcda_file *acc, const struct gcda_file *run, struct pgo_err *err);
/*
 * Join run to acc as if the process that left run had ended weight times, at most
 * GCDA_WEIGHT_MAX, in the folder that holds acc. Sums that libgcov would wrap stand
 * at their limit, and *nr_saturated counts them. Returns 0, or -PGO_EMISMATCH with
 * acc unchanged.
 */
int gcda_file_add(struct gcda_file *acc, const struct gcda_file *run, uint64_t weight,
		  uint64_t *nr_saturated, struct pgo_err *err);

/* The part of it that is no function's. */
void gcda_add_head(struct gcda_file *acc, uint32_t stamp, uint32_t runs, uint32_t sum_max,
		   uint64_t weight, uint64_t *saturated);

/* What adding works with; zeroed at first, the lists to be freed at the end. */
struct gcda_scratch {
	struct gcda_pair *pairs, *run_pairs;
	size_t alloc, run_alloc;
	uint64_t nr_saturated;
};
/*
 * gcda_file_add straight from a file's bytes, without decoding them. False, with acc
 * unchanged, unless they are well-formed, in this machine's byte order, and of the very
 * functions and counters that acc has: then gcda_file_decode and gcda_file_add know more.
 */
bool gcda_file_add_raw(struct gcda_file *acc, const void *data, size_t len, uint64_t weight,
		       struct gcda_scratch *s);
/* The same for one value site; lists that grow are put into arena. */
void gcda_site_add(struct arena *arena, enum gcda_rule rule, struct gcda_site *acc,
		   const struct gcda_site *run, int64_t weight, struct gcda_scratch *s);

/* a + b, a - b and a * b, stopping at the limits of int64_t; *saturated is counted up then. */
#define GCDA_DEFINE_SAT(name, op, down)                                                   \
	static inline int64_t name(int64_t a, int64_t b, uint64_t *saturated)             \
	{                                                                                 \
		int64_t r;                                                                \
                                                                                          \
		if (!op(a, b, &r))                                                        \
			return r;                                                         \
		++*saturated;                                                             \
		return (down) ? INT64_MIN : INT64_MAX;                                    \
	}
GCDA_DEFINE_SAT(gcda_add, __builtin_add_overflow, a < 0)
GCDA_DEFINE_SAT(gcda_sub, __builtin_sub_overflow, a < 0)
GCDA_DEFINE_SAT(gcda_mul, __builtin_mul_overflow, (a < 0) != (b < 0))

/* Append the bytes that libgcov of f's version writes. */
void gcda_file_encode(const struct gcda_file *f, struct strbuf *out);

/* One of the files that have a name, and where in its tree it is; NULL: under that name. */
struct gcda_input {
	size_t tree;
	char *rel;
};
struct gcda_entry {
	char *name;		   /* relative, after strip and prefix */
	struct gcda_input *inputs; /* by ascending tree, one of a tree at most */
	size_t nr, alloc;
};
/* entries[0..nr) sorted by the bytes of their names. */
struct gcda_list {
	struct gcda_entry **entries;
	size_t nr, alloc;
};
#define GCDA_LIST_INIT { 0 }
void gcda_list_release(struct gcda_list *list);
PGO_DEFINE_AUTO(gcda_list, gcda_list_release)
/*
 * The union of nr trees. -PGO_ENOTFOUND: one is missing, or has no .gcda file;
 * -PGO_EMISMATCH: strip makes two files of one tree the same.
 */
int gcda_list_trees(struct gcda_list *list, const struct gcda_tree *trees, size_t nr,
		    struct pgo_err *err);
/* Put the path of an input of e into *out, in place of what it holds. */
void gcda_input_path(const struct gcda_tree *trees, const struct gcda_entry *e,
		     const struct gcda_input *in, struct strbuf *out);
/* Whether there is a .gcda file below dir. */
bool gcda_is_tree(const char *dir);

#endif
