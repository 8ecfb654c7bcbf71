/* SPDX-License-Identifier: Apache-2.0 */
/* The binaries whose profiles are added up, and what is shared between them. */
#ifndef PGO_PROFILES_LLVM_SUM_GROUP_H
#define PGO_PROFILES_LLVM_SUM_GROUP_H

#include <pthread.h>

#include "pgo/base/hashmap.h"
#include "profiles/llvm/names.h"
#include "profiles/llvm/raw.h"
#include "profiles/llvm/sum.h"
#include "profiles/llvm/targets.h"

/* The values of one site, merged. */
struct llvm_site {
	struct shim_value *values;
	uint32_t nr, alloc;
	bool sorted; /* by value, equal ones by falling count; else as the file had them */
};

/* A function with value sites, by name and hash; binaries may share it. */
struct llvm_valued {
	uint64_t name_ref, hash;
	uint16_t nr_sites[LLVM_NR_VALUE_KINDS];
	uint32_t first_site, nr_all_sites;
	bool many;  /* it came more than once */
	bool given; /* its values are in the result */
};

/* A record that has value sites, in the order of records. */
struct llvm_sited {
	uint16_t nr_sites[LLVM_NR_VALUE_KINDS];
	bool fresh;	     /* the first time that its function is seen */
	uint32_t first_site; /* in llvm_groups.sites */
	uint32_t valued;     /* in llvm_groups.valued */
};

/* One binary: profiles that differ from its first in nothing but counts and the place in memory. */
struct llvm_group {
	struct llvm_raw raw;			/* of image */
	uint8_t key[LLVM_RAW_MAX_HEADER_BYTES]; /* the header's part that all have */
	uint8_t *image;				/* of the first profile, to the end of its names */
	size_t image_bytes;
	struct llvm_names names;
	struct llvm_targets targets;
	struct llvm_sited *sited;
	size_t nr_sited, index;
	uint64_t nr_images;	 /* of which the values were merged */
	struct llvm_group *next; /* with an equal header */
};

struct llvm_groups {
	pthread_mutex_t lock; /* of groups and by_header, for those who are not at turn */
	struct llvm_group **groups;
	size_t nr, alloc;
	struct hashmap by_header;
	struct hashmap by_func; /* struct llvm_valued's first 16 bytes to index + 1 */
	struct llvm_valued *valued;
	size_t nr_valued, alloc_valued;
	struct llvm_site *sites;
	size_t nr_sites, alloc_sites;
	struct arena arena;
};

/* The counters and bitmaps of a group's profiles, added up in the order of their sections. */
struct llvm_total {
	uint64_t *counts;
	uint8_t *bitmap;
};

/* A profile of a file, taken for one of a group. */
struct llvm_match {
	struct llvm_group *group;
	uint64_t slide; /* by which its addresses are larger than those of the group's first */
};

void llvm_groups_init(struct llvm_groups *g);
void llvm_groups_free(struct llvm_groups *g);

/*
 * The group of the profile at data, if it is there; hint may be NULL. All of the
 * profile but its counts and values is compared. A match is at least
 * group->image_bytes long.
 */
bool llvm_group_find(struct llvm_groups *g, struct llvm_group *hint, const uint8_t *data,
		     size_t len, struct llvm_match *out);
/* A new group of the profile at data, if it is fit; called by one thread at a time. */
struct llvm_group *llvm_group_make(struct llvm_groups *g, const uint8_t *data, size_t len);

/* Fill out->batch, whose variant is set, from all groups. False: as llvm_site_merge. */
bool llvm_groups_result(struct llvm_groups *g, const struct llvm_total *totals,
			struct llvm_sum *out);

/* Merge n values into a site as LLVM does; false: not the same in all of its versions. */
bool llvm_site_merge(struct llvm_site *site, const struct shim_value *in, unsigned n,
		     uint64_t weight, bool fresh);
/* By value, and of equal values the larger count first. False: as above. */
bool llvm_site_sort(struct llvm_site *site);
/* By value; equal ones stay in their order. False: as above. */
bool llvm_values_sort(struct shim_value *values, unsigned n);

#endif
