/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GCC's sampled profiles, .afdo, for -fauto-profile: version 1 is read by GCC 5
 * to 11, version 2 by GCC 12 to 15.
 * Source: gcc/auto-profile.cc; google/autofdo profile_writer.cc and gcov.cc.
 */
#ifndef PGO_PROFILES_AFDO_H
#define PGO_PROFILES_AFDO_H

#include "profiles/sample.h"

/* GCC counts by signed numbers. */
#define AFDO_LIMIT ((uint64_t)INT64_MAX)
#define AFDO_VERSION_MIN 1
#define AFDO_VERSION_MAX 2

/* The bits verified of a head that begins such a file; 0: it is none. *ret_version is set. */
int afdo_bid(const void *head, size_t len, unsigned *ret_version);
/*
 * Read into the empty *out, finished, with AFDO_LIMIT. -PGO_EFORMAT with the offset,
 * -PGO_EVERSION.
 */
int afdo_read(struct sample_profile *out, const char *path, const void *data, size_t len,
	      struct pgo_err *err);
/*
 * Append the file of the given version. p is finished. Returns the number of
 * counts that have no place in it and are left out: lines and discriminators
 * above 65535, and vtables.
 */
uint64_t afdo_format(const struct sample_profile *p, unsigned version, struct strbuf *out);

#endif
