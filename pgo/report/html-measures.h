/* SPDX-License-Identifier: Apache-2.0 */
/* What was measured beside the metric, and what was not. */
#ifndef PGO_REPORT_HTML_MEASURES_H
#define PGO_REPORT_HTML_MEASURES_H

#include "pgo/base/strbuf.h"
#include "pgo/core/engine.h"

/* A folded table: medians of both sides of all that was measured of this workload. */
void html_measures(const struct engine *g, size_t workload, struct strbuf *out);
/* The names of what no run measured, parted by commas; nothing when all was. */
void html_not_measured(const struct engine *g, struct strbuf *out);

#endif
