/* SPDX-License-Identifier: Apache-2.0 */
/* The audit of what an instrumented stage has built. */
#ifndef PGO_CORE_AUDIT_STAGE_H
#define PGO_CORE_AUDIT_STAGE_H

#include "pgo/base/strvec.h"
#include "pgo/core/json.h"

struct audit_stage {
	const char *built;		/* where the build has left its artifacts */
	const char *out;		/* where they are kept */
	const char *log;		/* of the compiler wrapper */
	const struct strvec *artifacts; /* relative to both */
	int64_t started_ns;		/* CLOCK_REALTIME of the build */
};

/*
 * An array with an object for each artifact that is a program or a shared object: "artifact" and
 * what audit_json says, or "not_audited": why. Then the same of shared objects that the build has
 * linked, that these need and that are no artifacts, with their paths. It never fails: a build
 * that cannot be audited is still a build.
 */
json_t *audit_stage(const struct audit_stage *s);

/* One line of how much has probes, and a warning of each part that has none and matters. */
void audit_stage_tell(const json_t *audits, const char *out);

#endif
