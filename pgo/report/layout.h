/* SPDX-License-Identifier: Apache-2.0 */
/* What layouts mean for a claim, in words and for programs. All of them say nothing of evidence
 * that has one layout a side. */
#ifndef PGO_REPORT_LAYOUT_H
#define PGO_REPORT_LAYOUT_H

#include "pgo/core/engine.h"
#include "pgo/core/json.h"

/* Sentences, each on a line of its own: "a gain of 1.1 % is inside this program's layout ...". */
void show_layout(const struct engine *g, struct strbuf *out);
/* An object, or null. */
json_t *show_layout_json(const struct engine *g);
/* Fields of a workload's object. */
void show_layout_workload_json(const struct engine *g, size_t workload, json_t *o);
/* A section of the page. */
void html_layout(const struct engine *g, struct strbuf *out);

#endif
