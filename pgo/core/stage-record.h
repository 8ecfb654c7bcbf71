/* SPDX-License-Identifier: Apache-2.0 */
/* stage.json: what a finished stage was made of and with. */
#ifndef PGO_CORE_STAGE_RECORD_H
#define PGO_CORE_STAGE_RECORD_H

#include "pgo/core/stage.h"

/* As it is written; nothing owned. */
struct stage_record {
	const char *key, *source, *stage;
	uint64_t wall_ns;
	const struct strvec *artifacts;
	const struct wrapper_summary *calls;
	const struct stage_profile *profile; /* or NULL */
};
int stage_record_write(const struct stage_record *r, const char *path, struct pgo_err *err);

/* A finished stage; errors as stage_load's. layout 0: as the build has it. */
int stage_record_read(const struct project *p, enum stage_kind kind, unsigned layout,
		      struct stage *ret, struct pgo_err *err);

/* Of its folder and in the record: "baseline", "baseline-layout-03"; malloc'ed. */
char *stage_name(enum stage_kind kind, unsigned layout);

#endif
