/* SPDX-License-Identifier: Apache-2.0 */
/* What a build leaves that is worth keeping. */
#ifndef PGO_CORE_ARTIFACTS_H
#define PGO_CORE_ARTIFACTS_H

#include "pgo/core/project.h"

/*
 * Copy what build.artifacts matches below build_dir to out_dir, below the same
 * relative paths; links are followed. rels gets the files' relative paths,
 * sorted. -PGO_ECONFIG when a pattern matches nothing.
 */
int artifacts_collect(const struct project *p, const char *build_dir, const char *out_dir,
		      struct strvec *rels, struct pgo_err *err);

#endif
