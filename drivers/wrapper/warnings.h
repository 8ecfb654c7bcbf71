/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about the profile, found in a compiler's stderr as it goes by. */
#ifndef PGO_DRIVERS_WRAPPER_WARNINGS_H
#define PGO_DRIVERS_WRAPPER_WARNINGS_H

#include "drivers/wrapper.h"
#include "pgo/base/strbuf.h"

struct warning_scan {
	struct strbuf line; /* not yet ended */
	uint64_t counts[PROFILE_WARN_NR];
};
#define WARNING_SCAN_INIT { .line = STRBUF_INIT }
void warning_scan_release(struct warning_scan *s);
PGO_DEFINE_AUTO(warning_scan, warning_scan_release)

/* Text in pieces of any size. */
void warning_scan_add(struct warning_scan *s, const char *text, size_t len);
/* The text's end: a last line may lack its newline. */
void warning_scan_end(struct warning_scan *s);

#endif
