/* SPDX-License-Identifier: Apache-2.0 */
/* Print the page of a made-up validation; without its name, the names of all. */
#include <stdio.h>

#include "pgo/report/html.h"
#include "tests/lib/html-cases.h"

int main(int argc, char **argv)
{
	const struct html_case *c = argc == 2 ? html_case_find(argv[1]) : NULL;
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(engine) g = ENGINE_INIT;
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct pgo_err err = PGO_ERR_INIT;

	for (size_t i = 0; argc == 1 && i < nr_html_cases; i++)
		puts(html_cases[i].name);
	if (argc == 1)
		return 0;
	if (!c)
		return 2;
	html_case_make(c, &e);
	if (engine_init(&g, &e, &err) || engine_replay(&g, &err))
		return 1;
	html_report(&g, NULL, &out);
	return fwrite(out.buf, 1, out.len, stdout) != out.len || fflush(stdout);
}
