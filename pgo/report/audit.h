/* SPDX-License-Identifier: Apache-2.0 */
/* Audits of instrumented files for people and for programs. */
#ifndef PGO_REPORT_AUDIT_H
#define PGO_REPORT_AUDIT_H

#include "pgo/base/strbuf.h"
#include "pgo/core/audit.h"

/*
 * What has probes and what has none, with at most top lines of either kind; no: why that is too
 * little, or NULL.
 */
void show_audit(const struct audit *a, const char *no, double min_share, size_t top,
		struct strbuf *out);
/* A line for each finding as the annotations of GitHub's jobs are written. */
void show_audit_github(const struct audit *a, const char *no, struct strbuf *out);

#endif
