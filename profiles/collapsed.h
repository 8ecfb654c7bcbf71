/* SPDX-License-Identifier: Apache-2.0 */
/* Collapsed stacks: "outermost;...;innermost count" a line, what flame graphs are made of. */
#ifndef PGO_PROFILES_COLLAPSED_H
#define PGO_PROFILES_COLLAPSED_H

#include "pgo/base/err.h"
#include "profiles/samples.h"

/*
 * How many of the lines that are whole in head are stacks: all of them, or 0. whole: the
 * file ends with head.
 */
unsigned collapsed_lines(const uint8_t *head, size_t len, bool whole);

/*
 * Read such a file into *out, which is empty after samples_init, and finish it. The first
 * frame becomes the thread's name, which is where samples_write_collapsed puts it. A sum of
 * counts above 2^64-1 stops there, which the warnings tell.
 * -PGO_EFORMAT with the offset of a line that is none, or when there is no sample.
 * Source: what stackcollapse-perf.pl writes, as its README tells the format.
 */
int collapsed_read(const char *path, const struct samples_opts *opts, struct samples *out,
		   struct pgo_err *err);
/* The same of data[0..len); path is for messages. */
int collapsed_read_text(const char *path, const void *data, size_t len,
			const struct samples_opts *opts, struct samples *out, struct pgo_err *err);

#endif
