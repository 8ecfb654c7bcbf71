/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of source lines while they are found: of many instructions of one line the
 * largest count holds, which adding up would lose.
 */
#ifndef PGO_PROFILES_SAMPLE_PLACES_H
#define PGO_PROFILES_SAMPLE_PLACES_H

#include "profiles/dwarf-lines.h"
#include "profiles/samples-symbolize.h"

#define SAMPLE_NO_NODE UINT32_MAX

/* A function, or one that is inlined at line.discriminator of up. */
struct sample_node {
	uint32_t up; /* SAMPLE_NO_NODE: none */
	uint32_t line, discriminator;
	uint32_t name_len;
	const char *name;
	uint64_t total, head;
};

/* Where a count is; target: of a call, counted apart. */
struct sample_place {
	uint32_t node, line, discriminator;
	uint32_t target_len;
	const char *target; /* NULL: of the line */
	uint64_t count;
};

struct sample_places {
	enum sample_compiler compiler;
	struct arena arena;
	struct hashmap names, keys;
	struct sample_node *nodes;
	size_t nr_nodes, alloc_nodes;
	uint32_t *of_scope; /* nodes by the ids of scopes, + 1; 0: not known yet */
	struct sample_place *places;
	size_t nr_places, alloc_places;
};
void sample_places_init(struct sample_places *p, enum sample_compiler compiler, size_t nr_scopes);
void sample_places_release(struct sample_places *p);
PGO_DEFINE_AUTO(sample_places, sample_places_release)

/* The node of a function of that name. */
uint32_t sample_places_function(struct sample_places *p, const char *name);
/* Where a segment is, count left 0; false: in no function with a name. */
bool sample_places_find(struct sample_places *p, const struct dwarf_segment *segment,
			struct sample_place *ret);
/* Count for a segment: count its instructions at most, total all of them. */
void sample_places_count(struct sample_places *p, const struct dwarf_segment *segment,
			 uint64_t count, uint64_t total);
void sample_places_call(struct sample_places *p, const struct sample_place *from,
			const char *target, uint64_t count);
/* Make equal places one. */
void sample_places_fold(struct sample_places *p);
/* The count of a place, after folding; 0: it has none. */
uint64_t sample_places_get(const struct sample_places *p, const struct sample_place *place);
/* Fill the empty *out, and finish it; after folding. */
void sample_places_build(const struct sample_places *p, struct sample_profile *out);

#endif
