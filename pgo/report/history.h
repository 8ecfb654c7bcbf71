/* SPDX-License-Identifier: Apache-2.0 */
/* A project's history as text for people and as JSON for programs. */
#ifndef PGO_REPORT_HISTORY_H
#define PGO_REPORT_HISTORY_H

#include "pgo/core/history.h"
#include "pgo/core/json.h"

/* A table of the last rows of each workload (0: all), its series as sparklines, and the steps. */
void show_history(const struct history_trends *t, size_t last, struct strbuf *out);
/* Every row. */
json_t *show_history_json(const struct history_trends *t);

/* Append a character of eight heights a point, the lowest to the highest; a blank for NaN. */
void sparkline_add(const double *v, size_t n, struct strbuf *out);

#endif
