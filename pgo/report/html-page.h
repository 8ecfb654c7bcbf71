/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that html.c puts together. */
#ifndef PGO_REPORT_HTML_PAGE_H
#define PGO_REPORT_HTML_PAGE_H

#include "pgo/base/strbuf.h"
#include "pgo/core/engine.h"
#include "pgo/core/explain.h"

/* What stands in <style> and in <script>. */
extern const char html_style[];
extern const char html_script[];

/* How many digits behind the point the intervals deserve. */
int html_digits(const struct engine *g);
/* "95 %" for alpha 0.025. */
void html_level(struct strbuf *out, const struct engine *g);
/* <span>: a verdict's sign and word. */
void html_verdict(struct strbuf *out, enum verdict v);

/* The table of workloads, the overall line at its end. */
void html_table(const struct engine *g, struct strbuf *out);
/* A workload with its charts. */
void html_workload(const struct engine *g, size_t workload, struct strbuf *out);
/* The looks at all workloads together. */
void html_overall(const struct engine *g, struct strbuf *out);
/* What was counted of both sides, and what does not go together. */
void html_explain(const struct engine *g, const struct explanation *why, struct strbuf *out);
/* What was fixed and where it ran; what was not measured. */
void html_environment(const struct engine *g, struct strbuf *out);
/* The numbers, for <script type="application/json">: no '<' in it. */
void html_data(const struct engine *g, struct strbuf *out);

#endif
