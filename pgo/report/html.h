/* SPDX-License-Identifier: Apache-2.0 */
/* A validation as one page of HTML. */
#ifndef PGO_REPORT_HTML_H
#define PGO_REPORT_HTML_H

#include "pgo/base/strbuf.h"
#include "pgo/core/explain.h"

/*
 * Append a whole HTML document that needs nothing else: styles, charts (inline
 * SVG), a script that it can do without, and the numbers as JSON in the
 * element "evidence". The same evidence gives the same bytes.
 * Shapes: engine_finish or engine_replay was called; any bytes in the names; why
 * is of the same workloads, or NULL.
 */
void html_report(const struct engine *g, const struct explanation *why, struct strbuf *out);

#endif
