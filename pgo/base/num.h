/* SPDX-License-Identifier: Apache-2.0 */
/* Strict numbers: the whole string or an error; and printing them for people. */
#ifndef PGO_BASE_NUM_H
#define PGO_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "pgo/base/strbuf.h"

/*
 * Each returns false, *ret untouched, unless all of s is one number in range. No sign, no
 * blanks.
 */
bool num_parse_u64(const char *s, uint64_t *ret);
bool num_parse_uint(const char *s, unsigned *ret);
bool num_parse_double(const char *s, double *ret); /* finite; a sign is allowed */
bool num_parse_percent(const char *s,
		       double *ret_fraction); /* "2%" -> 0.02; the sign % is needed */
bool num_parse_duration(
	const char *s, uint64_t *ret_ns); /* "500ms" "30s" "3m" "1h" "1.5s"; a bare 30 is seconds */
bool num_parse_size(const char *s, uint64_t *ret_bytes); /* "64" "64K" "1.5G": powers of 1024 */

/* a + b and a * b, stopping at UINT64_MAX; *saturated (may be NULL) is counted up then. */
uint64_t num_add_sat(uint64_t a, uint64_t b, uint64_t *saturated);
uint64_t num_mul_sat(uint64_t a, uint64_t b, uint64_t *saturated);

void num_add_count(struct strbuf *sb, uint64_t n);     /* 1,234,567 */
void num_add_bytes(struct strbuf *sb, uint64_t bytes); /* 1.2 MiB */
void num_add_duration(struct strbuf *sb, uint64_t ns); /* 1.24 s, 3 min 05 s */

#endif
