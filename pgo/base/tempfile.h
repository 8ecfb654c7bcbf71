/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary folders that go away, also when a signal ends the program. */
#ifndef PGO_BASE_TEMPFILE_H
#define PGO_BASE_TEMPFILE_H

#include "pgo/base/err.h"
#include "pgo/base/mem.h"

struct tempdir {
	char *path;
};
#define TEMPDIR_INIT { 0 }
/* In $TMPDIR or /tmp when parent is NULL. */
int tempdir_make(struct tempdir *t, const char *parent, struct pgo_err *err);
void tempdir_release(struct tempdir *t); /* removes the tree */
PGO_DEFINE_AUTO(tempdir, tempdir_release)

#endif
