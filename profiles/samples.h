/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The neutral model of a sampled profile: what was executed, counted by places
 * in binaries, whatever recording it came from. A reader fills the tally and
 * calls samples_finish; writers and reports read what that made.
 */
#ifndef PGO_PROFILES_SAMPLES_H
#define PGO_PROFILES_SAMPLES_H

#include "pgo/base/arena.h"
#include "pgo/base/hashmap.h"
#include "pgo/base/strbuf.h"
#include "pgo/base/strvec.h"
#include "profiles/sample-table.h"

#define SAMPLE_BUILD_ID_MAX 20

enum sample_region {
	SAMPLE_UNKNOWN, /* in no mapping that the recording tells of */
	SAMPLE_FILE,	/* offsets are those in the file */
	SAMPLE_KERNEL,	/* offsets are the lower 48 bits of addresses; in modules, of the module */
	SAMPLE_JIT,	/* memory that no file backs; offsets are addresses */
	SAMPLE_VDSO,
	SAMPLE_GUEST, /* a hypervisor or its guests; offsets are addresses */
	SAMPLE_NAMED, /* not a binary: offsets are indices into names */
	SAMPLE_NR_REGIONS,
};

/* The binaries that every model has, in this order. */
enum {
	SAMPLE_BINARY_UNKNOWN,
	SAMPLE_BINARY_KERNEL,
	SAMPLE_BINARY_GUEST,
	SAMPLE_BINARY_NAMES, /* frames of recordings that tell a name and no address */
	SAMPLE_BINARY_FIRST,
};

struct sample_binary {
	const char *path; /* as the recorded machine named it, without " (deleted)" */
	uint8_t build_id[SAMPLE_BUILD_ID_MAX];
	uint8_t build_id_bytes; /* 0: not recorded */
	enum sample_region region;
	bool deleted; /* the file was gone when it was recorded */
	/* Made by samples_finish. */
	uint64_t samples;	 /* whose sampled address is in it */
	uint64_t branch_entries; /* that lead from it or into it */
};

struct sample_event {
	const char *name;
	uint64_t samples;
	uint64_t period; /* sum of the samples' periods, where they have them */
	uint64_t branch_entries;
};

/* What is counted while reading. One a thread, added up at the end. */
struct sample_tally {
	struct trace_table traces;
	struct trace_table raw; /* branches by their addresses, if that was asked for */
	struct address_table addresses;
	struct stack_table stacks;
	/* Call stacks together with their branch stacks, if that was asked for: the frames, and
	 * behind them from and to of each branch, newest first. comm is the number of frames. */
	struct stack_table hybrids;
	struct sample_event *events; /* samples_nr_events of them; names not used */
	size_t nr_events;
	uint64_t samples, branch_entries, mispredicted;
	uint64_t hybrid_samples;    /* that have a call stack and a branch stack */
	uint64_t other_events;	    /* samples whose id no event has */
	uint64_t deferred_chains;   /* user call chains that come in records of their own */
	uint64_t first_ns, last_ns; /* time of the samples, 0 where they have none */
};

struct sample_branch {
	uint64_t from, to; /* locations */
	uint64_t count, mispredicted;
};
/* Executed in a straight line from start to end, both inclusive, in one binary. */
struct sample_range {
	uint64_t start, end; /* locations */
	uint64_t count;
};

struct samples {
	struct arena arena;
	struct sample_binary *binaries;
	size_t nr_binaries, alloc_binaries;
	struct hashmap binary_keys;
	struct strvec comms; /* names of threads; stacks refer to them */
	struct strvec names; /* of functions, where the recording tells them */
	struct sample_event *events;
	size_t nr_events, alloc_events;
	struct sample_tally tally;

	/* What the recording says of itself, or "". */
	const char *format, *version, *arch, *command;
	uint64_t lost;		  /* samples that the recorder could not keep */
	uint64_t lost_records;	  /* records that say so */
	uint64_t unknown_records; /* of types that this reader does not know */
	uint64_t bytes_unread;	  /* behind a cut or in trailing bytes that are no records */
	bool truncated;
	struct strvec warnings; /* all of the above in words, and more */

	/* Made by samples_finish, sorted by locations, each once. */
	struct sample_trace *traces;
	size_t nr_traces;
	struct sample_branch *branches;
	size_t nr_branches;
	struct sample_range *ranges;
	size_t nr_ranges;
	struct sample_address *addresses;
	size_t nr_addresses;
	/* Branches by address, before places of one file mapped several times were made one. */
	uint64_t distinct_branches;
	uint64_t bad_ranges;   /* runs that end before they begin or in another binary */
	uint64_t max_binaries; /* mappings given to the unknown as there were too many binaries */
};

struct samples_opts {
	bool stacks;	  /* keep call stacks: what collapsed stacks need, and only they */
	bool hybrids;	  /* keep call stacks with branch stacks: what contexts need */
	bool addresses;	  /* count in distinct_branches, which costs time and memory */
	unsigned threads; /* at most; 0: as many as there are processors */
};

void samples_init(struct samples *s);
void samples_release(struct samples *s);
PGO_DEFINE_AUTO(samples, samples_release)

/* What identifies a binary beside its path; all zero where not recorded. */
struct sample_file_id {
	uint8_t build_id[SAMPLE_BUILD_ID_MAX];
	uint8_t build_id_bytes;
	uint32_t major, minor;
	uint64_t inode, generation;
};
/*
 * The number of the binary mapped under this name: a new one unless the same
 * was added before. Names that stand for no file, as perf gives them, tell the
 * region. id may be NULL.
 */
uint32_t samples_binary(struct samples *s, const char *name, bool kernel,
			const struct sample_file_id *id);
/* Every binary of this name that has no build id yet has this one. */
void samples_set_build_id(struct samples *s, const char *name, const uint8_t *id, size_t nr);
/* The index of a thread's name in comms. */
uint32_t samples_comm(struct samples *s, const char *name);
/* The location of a function that the recording names. */
uint64_t samples_name(struct samples *s, const char *name, size_t len);
struct sample_event *samples_add_event(struct samples *s, const char *name);
void samples_warn(struct samples *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void sample_tally_init(struct sample_tally *t, size_t nr_events);
void sample_tally_release(struct sample_tally *t);
void sample_tally_merge(struct sample_tally *to, const struct sample_tally *from);

/* Make the sorted arrays and the sums of binaries and events out of the tally. */
void samples_finish(struct samples *s);

const char *sample_region_name(enum sample_region region);
/* The build id in hex, "" when there is none; appended. */
void sample_add_build_id(struct strbuf *sb, const uint8_t *id, size_t nr);

#endif
