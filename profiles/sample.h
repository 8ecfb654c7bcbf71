/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampled profiles of Clang and GCC: functions whose source lines have counts,
 * and in them, at the calls that were inlined, functions again.
 * Source: llvm/ProfileData/SampleProf.h, SampleProfReader.cpp and
 * SampleProfWriter.cpp of LLVM 14 to 22.
 */
#ifndef PGO_PROFILES_SAMPLE_H
#define PGO_PROFILES_SAMPLE_H

#include "pgo/base/err.h"
#include "pgo/base/hashmap.h"
#include "profiles/profile.h"

/* Inlined calls deeper than this are refused: readers walk them by recursion. */
#define SAMPLE_MAX_DEPTH 256

/* Whom a line called, or the class of the object that it called by. */
struct sample_callee {
	const char *name;
	uint64_t count;
	bool vtable;
};

/* line is counted from the function's first line. */
struct sample_line {
	uint32_t line, discriminator;
	uint64_t count;
	struct sample_callee *targets;
	size_t nr_targets, alloc_targets;
};

struct sample_call;
struct sample_func {
	const char *name; /* a context "[main:3 @ f]" in context-sensitive profiles */
	uint64_t total;	  /* of its lines and of all that is inlined in it */
	uint64_t head;	  /* at its entry */
	uint64_t checksum;
	uint32_t attributes;
	struct sample_line *lines;
	size_t nr_lines, alloc_lines;
	struct sample_call *calls;
	size_t nr_calls, alloc_calls;
};

/* A function that was inlined at line.discriminator. */
struct sample_call {
	uint32_t line, discriminator;
	struct sample_func *func;
};

struct sample_profile {
	struct arena arena;
	struct hashmap names;	    /* all strings */
	struct sample_func **funcs; /* that are not inlined */
	size_t nr_funcs, alloc_funcs;
	uint64_t nr_saturated; /* sums that stopped at the limit */
	uint64_t limit;	       /* of every count */
	uint64_t version;      /* of the file; 0 for text */
	bool md5;	       /* names are hashes of names, in decimal */
	bool contexts;	       /* context-sensitive */
	bool probes;	       /* of pseudo-probes: lines are their numbers */
	bool vtables;	       /* classes of objects were seen */
	bool has_symbols;      /* beside the profile a list of symbols that were there but cold */
};
#define SAMPLE_PROFILE_INIT                                                              \
	{ .arena = ARENA_INIT, .names = HASHMAP_INIT, .limit = UINT64_MAX }

void sample_release(struct sample_profile *p);
PGO_DEFINE_AUTO(sample_profile, sample_release)

/*
 * Building. Everything is appended; the same thing may be added twice, and
 * sample_finish makes one of it. Names are copied. Pointers to functions stay
 * good until sample_finish, those to lines until the next line.
 */
const char *sample_intern(struct sample_profile *p, const char *name, size_t len);
struct sample_func *sample_add_func(struct sample_profile *p, const char *name, size_t len);
struct sample_func *sample_add_call(struct sample_profile *p, struct sample_func *in, uint32_t line,
				    uint32_t discriminator, const char *name, size_t len);
struct sample_line *sample_add_line(struct sample_profile *p, struct sample_func *in, uint32_t line,
				    uint32_t discriminator, uint64_t count);
void sample_add_target(struct sample_profile *p, struct sample_line *line, const char *name,
		       size_t len, uint64_t count);
/* Add all of from, its counts weight times. */
void sample_add(struct sample_profile *p, const struct sample_profile *from, uint64_t weight);
/* Sort, and add up what is the same: functions by name, lines and calls by place. */
void sample_finish(struct sample_profile *p);
/* Set total of every function to the sum of its lines and of what is inlined. */
void sample_compute_totals(struct sample_profile *p);

/* Append the text form, the function with the largest total first, as LLVM writes it. */
void sample_format(const struct sample_profile *p, struct strbuf *out);
/* Make the empty *out of p, which is finished; its memory goes over, and p is empty then. */
void sample_to_model(struct sample_profile *p, enum prof_kind kind, struct profile *out);

enum sample_form { SAMPLE_TEXT, SAMPLE_BINARY, SAMPLE_EXTBINARY };
/* The bits verified of a head that begins a profile; 0: it is none of LLVM's. */
int sample_bid(const void *head, size_t len, enum sample_form *ret);
/*
 * Read into the empty *out, finished. data[len] is readable and 0. What it takes,
 * LLVM's readers take without harm. -PGO_EFORMAT with the offset; -PGO_EVERSION.
 */
int sample_read_text(struct sample_profile *out, const char *path, const char *data, size_t len,
		     struct pgo_err *err);
int sample_read_binary(struct sample_profile *out, const char *path, const void *data, size_t len,
		       struct pgo_err *err);

#endif
