/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each process had mapped, and what each thread was called, over time.
 * Filled in the order of time, then only asked, also by several threads.
 */
#ifndef PGO_PROFILES_SAMPLE_MAPS_H
#define PGO_PROFILES_SAMPLE_MAPS_H

#include "pgo/base/arena.h"
#include "pgo/base/hashmap.h"

/* [start, end) of memory, loc the location at start; fixed: loc is that of every address. */
struct sample_map {
	uint64_t start, end;
	uint64_t loc;
};

/* One address space from a time on. maps[0..nr) are sorted and do not overlap. */
struct sample_space {
	uint64_t since;
	struct sample_map *maps; /* in the arena */
	uint32_t nr, alloc;
	bool shared; /* another space has the same maps: copied before a change */
};

struct sample_name {
	uint64_t since;
	uint32_t comm;
};

/* A process, or for names a thread. Numbers are used again: a fork begins a new space. */
struct sample_process {
	uint32_t id;
	struct sample_space *spaces;
	size_t nr, alloc;
	struct sample_name *names;
	size_t nr_names, alloc_names;
};

struct sample_maps {
	struct arena arena;
	struct hashmap ids;
	struct sample_process **processes;
	size_t nr, alloc;
	size_t nr_copied;   /* maps copied so far, which is bounded */
	uint64_t nr_merged; /* changes that were taken as if they had always been, for that bound */
	uint64_t nr_refused; /* mappings beyond what a process can have */
};
#define SAMPLE_MAPS_INIT { .arena = ARENA_INIT }

#define SAMPLE_KERNEL_PID UINT32_MAX

void sample_maps_release(struct sample_maps *m);
PGO_DEFINE_AUTO(sample_maps, sample_maps_release)

/*
 * From time on, pid has [start, start + len) mapped at loc. As recordings are not in
 * perfect order, a mapping in a free place counts as if it had always been there; one
 * that covers others begins a new space. Empty ones and those that wrap are passed over.
 */
void sample_maps_add(struct sample_maps *m, uint64_t time, uint32_t pid, uint64_t start,
		     uint64_t len, uint64_t loc);
/* From time on, pid is a copy of parent. */
void sample_maps_fork(struct sample_maps *m, uint64_t time, uint32_t pid, uint32_t parent);
/* From time on, pid runs another program. */
void sample_maps_exec(struct sample_maps *m, uint64_t time, uint32_t pid);
/* Thread names: tid is called comm; tid is called as its parent. */
void sample_maps_name(struct sample_maps *m, uint64_t time, uint32_t tid, uint32_t comm);
void sample_maps_name_fork(struct sample_maps *m, uint64_t time, uint32_t tid, uint32_t parent);

const struct sample_process *sample_maps_find(const struct sample_maps *m, uint32_t pid);
/* The space of p at time, or NULL when it has none. Before the first one: the first. */
const struct sample_space *sample_process_space(const struct sample_process *p, uint64_t time);
/* The name of a thread at time; 0, which is "", when it has none. */
uint32_t sample_process_name(const struct sample_process *p, uint64_t time);
/* The mapping that addr is in, or NULL. */
const struct sample_map *sample_space_map(const struct sample_space *space, uint64_t addr);

#endif
