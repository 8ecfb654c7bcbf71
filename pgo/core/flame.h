/* SPDX-License-Identifier: Apache-2.0 */
/* What a flame graph shows: recordings as a tree of calls, and which frames are wide enough. */
#ifndef PGO_CORE_FLAME_H
#define PGO_CORE_FLAME_H

#include "profiles/sample-tree.h"

/* Deeper calls are left out. */
#define FLAME_MAX_LEVELS 1024

struct flame_opts {
	struct sample_image_opts images;
	bool reverse;	   /* from the sampled function to its callers */
	bool join_threads; /* leave the threads' names out */
	double min_share;  /* of frames that are drawn: at least this part of the samples */
};

/* Recordings that were added up. */
struct flame_side {
	const char *format; /* name of the format of all of them */
	struct strvec events;
	uint64_t samples, lost;
	bool has_stacks; /* some sample has a caller */
};
enum { FLAME_CANDIDATE, FLAME_BASELINE };

/* A frame that is drawn; frames[0] is the root. Before those that it calls, which go by name. */
struct flame_frame {
	uint32_t node, level;
	uint64_t start; /* samples to its left */
};

/* A function that only the baseline has. */
struct flame_gone {
	const char *name;
	uint64_t self, total; /* samples of the baseline */
};

struct flame {
	struct flame_opts opts;
	struct flame_side sides[2];
	bool is_diff;
	struct sample_tree tree;
	struct strvec warnings;
	/* Made by flame_finish. */
	struct flame_frame *frames;
	size_t nr_frames, alloc_frames;
	uint32_t nr_levels;
	uint64_t frames_left_out, samples_left_out; /* too narrow or too deep */
	struct flame_gone *gone;		    /* most samples first */
	size_t nr_gone;
	uint64_t samples_gone; /* of the baseline, in stacks of which the candidate has none */
};

void flame_init(struct flame *f, const struct flame_opts *opts);
void flame_release(struct flame *f);
PGO_DEFINE_AUTO(flame, flame_release)

/*
 * Add up the recordings at paths, nr >= 1, as one side: perf.data, text of perf script or
 * collapsed stacks. -PGO_EMISMATCH when they, and those of the other side, are not all of
 * one kind, or have no samples; errors of prof_read_samples.
 */
int flame_read(struct flame *f, unsigned side, char *const *paths, size_t nr, struct pgo_err *err);
/*
 * Choose what is drawn. -PGO_EMISMATCH when just one of two sides has call stacks. Of the
 * same recordings it is always the same.
 */
int flame_finish(struct flame *f, struct pgo_err *err);

/*
 * How the share of a frame changed against the baseline, its own samples (self) or those
 * of what it calls, too: 0 when no more than the noise of sampling (two standard errors of
 * the difference of two shares), else 1 for less than 1.25 times, 2 below 1.5, 3 below
 * twice, 4 for more or when only one side has it; negative when it became smaller.
 */
int flame_change(const struct flame *f, uint32_t node, bool self);

#endif
