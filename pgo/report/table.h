/* SPDX-License-Identifier: Apache-2.0 */
/* Text in aligned columns. */
#ifndef PGO_REPORT_TABLE_H
#define PGO_REPORT_TABLE_H

#include "pgo/base/strbuf.h"
#include "pgo/base/strvec.h"

/* align: one letter a column, 'l' or 'r'. Cells are added row by row; the first row is the head. */
struct table {
	const char *align;
	struct strvec cells;
};
#define TABLE_INIT(columns) { .align = (columns), .cells = STRVEC_INIT }
void table_release(struct table *t);
PGO_DEFINE_AUTO(table, table_release)
void table_add(struct table *t, const char *cell);
void table_addf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Each row on a line, cells two blanks apart, widths in characters of UTF-8. */
void table_print(const struct table *t, struct strbuf *out);

#endif
