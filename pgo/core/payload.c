/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/payload.h"

#include <stdio.h>

#include "pgo/base/fs.h"
#include "pgo/core/other-llvm.h"

static char *name_of(const struct prof_format *format)
{
	if (format->payload)
		return xstrdup(format->payload);
	return xstrfmt("%s%s", format->family, format->suffix);
}

/* The form is known by what was written. */
static int settle(const char *tmp, const char *dir, const struct prof_merge_result *res,
		  struct bundle_payload *payload, struct pgo_err *err)
{
	const struct prof_format *written;
	PGO_AUTO_FREE char *path = NULL;
	PGO_AUTO_FREE char *name = NULL;
	int ret = prof_identify(tmp, &written, err);

	if (ret)
		return ret;
	name = name_of(written);
	path = fs_join(dir, name);
	if (rename(tmp, path))
		return pgo_error_errno(err, "cannot rename '%s' to '%s'", tmp, path);
	payload->path = TAKE_PTR(name);
	payload->format = xstrdup(written->name);
	payload->version = xstrdup(res->version);
	payload->stats = (struct profile_stats){ res->nr_functions, res->nr_counters,
						 res->total_count, res->max_count,
						 res->nr_saturated };
	return 0;
}

int payload_merge(const struct prof_format *format, const struct prof_input *inputs, size_t nr,
		  const struct prof_merge_opts *opts, const char *dir,
		  struct bundle_payload *payload, struct prof_merge_result *res,
		  struct pgo_err *err)
{
	PGO_AUTO_FREE char *tmp = fs_join(dir, "new");
	int ret;

	if (!format->merge)
		return pgo_error(err, PGO_EUNSUP, "profiles of format %s cannot be merged",
				 format->name);
	*res = (struct prof_merge_result){ 0 };
	ret = other_llvm_merge(format, inputs, nr, opts, tmp, res, err);
	if (!ret)
		ret = settle(tmp, dir, res, payload, err);
	if (ret)
		fs_remove_tree(tmp, NULL);
	return ret;
}
