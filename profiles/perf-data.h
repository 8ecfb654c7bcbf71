/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings of perf record, read without perf. */
#ifndef PGO_PROFILES_PERF_DATA_H
#define PGO_PROFILES_PERF_DATA_H

#include "pgo/base/err.h"
#include "profiles/samples.h"

/* Whether head, at least 8 bytes, begins a perf.data file of either byte order. */
bool perf_data_is_head(const uint8_t *head, size_t len);

/*
 * Read a recording of any perf since 3.2 into *out, which is empty after samples_init,
 * and finish it: file and pipe mode, both byte orders, compressed or not. A cut one
 * gives its whole records, bytes that follow the last record of a pipe are passed over;
 * out->warnings say so. Memory is bounded by what is distinct in it.
 * Returns -PGO_EFORMAT with the offset for what is damaged, -PGO_EUSAGE for what is no
 * regular file, -PGO_EIO, -PGO_ENOTFOUND. *out is to be released either way.
 * Source: linux/perf_event.h, tools/perf/Documentation/perf.data-file-format.txt.
 */
int perf_data_read(const char *path, const struct samples_opts *opts, struct samples *out,
		   struct pgo_err *err);

#endif
