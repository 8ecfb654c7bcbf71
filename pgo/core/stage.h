/* SPDX-License-Identifier: Apache-2.0 */
/* A stage: the project built once with one set of flags, its artifacts kept. */
#ifndef PGO_CORE_STAGE_H
#define PGO_CORE_STAGE_H

#include "drivers/postlink.h"
#include "drivers/wrapper.h"
#include "pgo/core/digest.h"
#include "pgo/core/json.h"
#include "pgo/core/project.h"

/* A file that BOLT has laid out. */
struct stage_post {
	char *artifact; /* relative path */
	struct postlink_report report;
};

struct stage {
	enum stage_kind kind;
	unsigned layout;		 /* 0: as the build has it */
	char *dir;			 /* .pgo/stages/NAME */
	char *out;			 /* the artifacts, below their relative paths */
	char key[DIGEST_HEX_LEN + 1];	 /* hash of all inputs */
	char source[DIGEST_HEX_LEN + 1]; /* hash of the source tree */
	bool skipped;			 /* the last result was still good */
	uint64_t wall_ns;		 /* of the build */
	struct strvec artifacts;	 /* relative paths */
	struct wrapper_summary calls;
	char *profile, *profile_id; /* what it was made with, as in struct stage_profile, or NULL */
	bool full_names;
	struct stage_post *posts;
	size_t nr_posts;
	json_t *audits; /* of STAGE_INSTRUMENTED, an array as audit_stage has it; NULL else */
};
#define STAGE_INIT { .artifacts = STRVEC_INIT, .calls = WRAPPER_SUMMARY_INIT }
void stage_release(struct stage *s);
PGO_DEFINE_AUTO(stage, stage_release)

/* What an optimized build is made with. */
struct stage_profile {
	const char *path; /* as the compiler gets it */
	const char *id;	  /* hash of its content */
	bool full_names;  /* gcc: the names in path begin with the absolute path of the tree */
};

/*
 * Build a stage, unless its inputs (sources, commands, environment, flags,
 * compiler, profile) hash as they did when it was last finished. profile is for
 * STAGE_OPTIMIZED, and for STAGE_PREBOLT where there is one, NULL else. The old result
 * stands until the new one is whole.
 * -PGO_ECHILD (the build failed), -PGO_ECONFIG (no artifact matches, or nothing
 * was compiled through the wrapper), -PGO_ETOOL, -PGO_EIO.
 */
int stage_build(struct project *p, enum stage_kind kind, const struct stage_profile *profile,
		struct stage *ret, struct pgo_err *err);

/*
 * The same code in another layout, kept as .pgo/stages/NAME-layout-NN: base's build with other
 * flags for its links, which alone are done again where the work copy still holds base's
 * objects. layout, from 1, is the seed; equal seeds give equal layouts. Errors as above, and
 * -PGO_EMISMATCH when base would not be built today as it was, -PGO_EUNSUP when no artifact
 * differs from base's.
 */
#define STAGE_MAX_LAYOUT 99u
int stage_relink(struct project *p, const struct stage *base, unsigned layout, struct stage *ret,
		 struct pgo_err *err);

/* The last finished result of a stage, whatever its inputs; -PGO_ENOTFOUND. */
int stage_load(const struct project *p, enum stage_kind kind, struct stage *ret,
	       struct pgo_err *err);

#endif
