/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/tempfile.h"

#include <stdlib.h>

#include "pgo/base/fs.h"

int tempdir_make(struct tempdir *t, const char *parent, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = NULL;

	if (!parent)
		parent = getenv("TMPDIR");
	path = xstrfmt("%s/pgoctl-XXXXXX", parent && *parent ? parent : "/tmp");
	if (!mkdtemp(path))
		return pgo_error_errno(err, "cannot make a temporary folder '%s'", path);
	t->path = TAKE_PTR(path);
	return 0;
}

void tempdir_release(struct tempdir *t)
{
	if (t->path)
		fs_remove_tree(t->path, NULL);
	FREE_AND_NULL(t->path);
}
