/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest of a bundle as JSON; docs/manifest.md is its schema. */
#ifndef PGO_CORE_BUNDLE_MANIFEST_H
#define PGO_CORE_BUNDLE_MANIFEST_H

#include "pgo/core/bundle.h"
#include "pgo/core/json.h"

json_t *manifest_json(const struct bundle *b);
/* Set "inputs" and "lost" in o: of a merge, also where no bundle was written. */
void manifest_add_merged(const struct bundle *b, json_t *o);
void manifest_write(const struct bundle *b, struct strbuf *out);
int manifest_read(const char *path, const char *text, size_t len, struct bundle *ret,
		  struct pgo_err *err);

#endif
