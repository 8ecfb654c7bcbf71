/* SPDX-License-Identifier: Apache-2.0 */
/* A payload of a bundle, made from native profiles of one family. */
#ifndef PGO_CORE_PAYLOAD_H
#define PGO_CORE_PAYLOAD_H

#include "pgo/core/bundle.h"
#include "profiles/format.h"

/*
 * Merge nr >= 1 inputs of the family of format into a file or folder below dir, which exists,
 * and fill the empty *payload but for its hash: the name tells what form the family's merge has
 * written. Errors as the format's merge; nothing is left below dir then.
 */
int payload_merge(const struct prof_format *format, const struct prof_input *inputs, size_t nr,
		  const struct prof_merge_opts *opts, const char *dir,
		  struct bundle_payload *payload, struct prof_merge_result *res,
		  struct pgo_err *err);

#endif
