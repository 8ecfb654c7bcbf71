/* SPDX-License-Identifier: Apache-2.0 */
/* stage.json: what a finished stage was made of and with. */
#ifndef PGO_CORE_STAGE_RECORD_H
#define PGO_CORE_STAGE_RECORD_H

#include "pgo/core/json.h"
#include "pgo/core/stage.h"

/* As it is written; nothing owned. */
struct stage_record {
	const char *key, *source, *stage;
	uint64_t wall_ns;
	const struct strvec *artifacts;
	const struct wrapper_summary *calls;
	const struct stage_profile *profile; /* or NULL */
	const struct stage_post *posts;
	size_t nr_posts;
	json_t *audits; /* or NULL */
};
/*
 * Write stage.json, the mark of a finished stage, into its new folder fresh, and put that in the
 * place of dir.
 */
int stage_record_settle(const struct stage_record *r, const char *fresh, const char *dir,
			struct pgo_err *err);

/* A finished stage; errors as stage_load's. layout 0: as the build has it. */
int stage_record_read(const struct project *p, enum stage_kind kind, unsigned layout,
		      struct stage *ret, struct pgo_err *err);

/* Of its folder and in the record: "baseline", "baseline-layout-03"; malloc'ed. */
char *stage_name(enum stage_kind kind, unsigned layout);

void stage_posts_free(struct stage_post *posts, size_t nr);
/* As they stand in stage.json. */
json_t *stage_posts_json(const struct stage_post *posts, size_t nr);

#endif
