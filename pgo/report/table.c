/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/report/table.h"

#include <stdarg.h>

void table_release(struct table *t)
{
	strvec_release(&t->cells);
}

void table_add(struct table *t, const char *cell)
{
	PGO_AUTO(strbuf) visible = STRBUF_INIT;

	strbuf_addvis(&visible, cell);
	strvec_push(&t->cells, visible.buf);
}

void table_addf(struct table *t, const char *fmt, ...)
{
	PGO_AUTO(strbuf) cell = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&cell, fmt, ap);
	va_end(ap);
	table_add(t, cell.buf);
}

static size_t width_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

void table_print(const struct table *t, struct strbuf *out)
{
	size_t columns = strlen(t->align);
	PGO_AUTO_FREE size_t *widths = xcalloc(columns, sizeof(*widths));
	size_t row = out->len; /* where it begins */

	for (size_t i = 0; i < t->cells.nr; i++) {
		size_t w = width_of(t->cells.v[i]);

		if (w > widths[i % columns])
			widths[i % columns] = w;
	}
	for (size_t i = 0; i < t->cells.nr; i++) {
		size_t c = i % columns, pad = widths[c] - width_of(t->cells.v[i]);
		bool right = t->align[c] == 'r';

		strbuf_addf(out, "%*s%s%*s", right ? (int)pad : 0, "", t->cells.v[i],
			    right ? 0 : (int)pad, "");
		strbuf_addstr(out, c + 1 < columns ? "  " : "");
		if (c + 1 == columns) {
			while (out->len > row && out->buf[out->len - 1] == ' ')
				strbuf_setlen(out, out->len - 1);
			strbuf_addch(out, '\n');
			row = out->len;
		}
	}
}
