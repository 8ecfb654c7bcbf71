/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source tree: what of it counts, its hash, and the one work copy that every stage builds
 * in.
 */
#ifndef PGO_CORE_SOURCE_H
#define PGO_CORE_SOURCE_H

#include "pgo/core/digest.h"
#include "pgo/core/project.h"

/* .git, .pgo, profile bundles and what build.exclude matches are no part of it. */
int source_hash(const struct project *p, char hex[DIGEST_HEX_LEN + 1], struct pgo_err *err);
/* Make .pgo/work anew with src/ as the copy and an empty build/. */
int source_copy(const struct project *p, struct pgo_err *err);

struct source_commit {
	char *commit; /* NULL: not a git checkout, or no git */
	bool dirty;
};
void source_commit_release(struct source_commit *c);
PGO_DEFINE_AUTO(source_commit, source_commit_release)
int source_commit_get(const struct project *p, struct source_commit *ret, struct pgo_err *err);

#endif
