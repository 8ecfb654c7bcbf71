/* SPDX-License-Identifier: Apache-2.0 */
/* What adding and importing have in common. */
#ifndef PGO_CORE_STORE_ADD_H
#define PGO_CORE_STORE_ADD_H

#include "pgo/core/store.h"

/*
 * Read the profile at path through, and fill what it says of itself: format, and of a bundle what
 * its manifest has. -PGO_EFORMAT, -PGO_EVERSION; -PGO_EUSAGE for a folder or a recording;
 * -PGO_ELIMIT for a bundle that says of itself to be larger than max_bytes when it is unpacked.
 */
int store_describe(const char *path, uint64_t max_bytes, struct store_entry *e,
		   struct pgo_err *err);

#endif
