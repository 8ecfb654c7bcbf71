/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/report/check.h"

/* What would end it, its line or its property. Source: GitHub's toolkit, command.ts. */
static void add_escaped(struct strbuf *out, const char *text, bool property)
{
	for (; *text; text++) {
		if (*text == '%' || *text == '\r' || *text == '\n' ||
		    (property && (*text == ':' || *text == ',')))
			strbuf_addf(out, "%%%02X", (unsigned char)*text);
		else
			strbuf_addch(out, *text);
	}
}

void show_github(struct strbuf *out, const char *level, const char *file, const char *title,
		 const char *text)
{
	strbuf_addf(out, "::%s ", level);
	if (file) {
		strbuf_addstr(out, "file=");
		add_escaped(out, file, true);
		strbuf_addch(out, ',');
	}
	strbuf_addstr(out, "title=");
	add_escaped(out, title, true);
	strbuf_addstr(out, "::");
	add_escaped(out, text, false);
	strbuf_addch(out, '\n');
}
