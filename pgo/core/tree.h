/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the work copy holds: after a build its objects stay there, so that a
 * build that differs in its links alone need not compile again. Any build system
 * makes what is missing: the links' outputs are removed, the command is run again.
 * Whether that did redo them is looked at afterwards, not believed.
 */
#ifndef PGO_CORE_TREE_H
#define PGO_CORE_TREE_H

#include <time.h>

#include "pgo/core/project.h"

/*
 * Note in the work copy that it holds the finished build with this key, which wrote these
 * links, by absolute paths: those that are still there. Copying the sources anew takes the
 * note away.
 */
int tree_note(const struct project *p, const char *key, const struct strvec *links,
	      struct pgo_err *err);

/*
 * Take the note away and the links with it, appending their paths to links. False, nothing
 * touched, when the work copy does not hold the build with this key, as it was left, or it
 * has no link.
 */
bool tree_take(const struct project *p, const char *key, struct strvec *links);

/*
 * Whether all of links are among redone, and every program or shared library among the
 * artifacts (relative to build_dir) was written at since or later.
 */
bool tree_is_relinked(const struct strvec *links, const struct strvec *redone,
		      const char *build_dir, const struct strvec *artifacts,
		      const struct timespec *since);

#endif
