/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call stacks as one tree: what stacks have in common is there once, with the
 * samples of one recording or of two that are to be compared. Its size follows
 * what is distinct, not the recordings.
 */
#ifndef PGO_PROFILES_SAMPLE_TREE_H
#define PGO_PROFILES_SAMPLE_TREE_H

#include "pgo/base/arena.h"
#include "pgo/base/hashmap.h"
#include "profiles/sample-images.h"

/* What a frame is, as far as its name tells. */
enum frame_kind {
	FRAME_THREAD,
	FRAME_USER,
	FRAME_KERNEL,
	FRAME_JIT,
	FRAME_UNKNOWN, /* no function's name is known */
	FRAME_NR_KINDS,
};

struct frame_name {
	const char *text; /* without ';' and control characters */
	enum frame_kind kind;
};

/* nodes[0] is the root, which has no name; a parent stands before its children. */
struct tree_node {
	uint32_t name, parent;
	uint32_t first_child, next_sibling; /* 0: none; in no order */
	uint64_t self[2], total[2];	    /* samples of each side */
};

/* Of a node, found by its parent and name; node 0: the slot is free. */
struct tree_slot {
	uint32_t node, hash;
};

struct sample_tree {
	struct arena arena;
	struct hashmap name_keys;
	struct frame_name *names;
	size_t nr_names, alloc_names;
	struct tree_node *nodes;
	size_t nr, alloc;
	struct tree_slot *slots;
	size_t mask;
	uint64_t key;
};

struct sample_tree_opts {
	unsigned side;	   /* 0 or 1 */
	bool reverse;	   /* from the sampled function to its callers */
	bool join_threads; /* leave the threads' names out */
};

void sample_tree_init(struct sample_tree *t);
void sample_tree_release(struct sample_tree *t);
PGO_DEFINE_AUTO(sample_tree, sample_tree_release)

/*
 * Add the stacks of s, whose functions names tells, to a side. Counts saturate.
 * May be called again, for other recordings, until sample_tree_finish.
 */
void sample_tree_add(struct sample_tree *t, const struct samples *s, struct sample_names *names,
		     const struct sample_tree_opts *opts);
/* Make the totals and the links to children. */
void sample_tree_finish(struct sample_tree *t);

/* By name: samples that are in a function itself, and in it or what it calls, once each. */
struct frame_sum {
	uint64_t self[2], total[2];
};
/* sums[i]: of names[i]; malloc'ed. The tree has been finished. */
struct frame_sum *sample_tree_sums(const struct sample_tree *t);

const char *frame_kind_name(enum frame_kind kind);

#endif
