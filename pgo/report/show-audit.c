/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/num.h"
#include "pgo/report/audit.h"
#include "pgo/report/check.h"
#include "pgo/report/table.h"

static void add_sum(const struct audit_sum *sum, struct strbuf *out)
{
	num_add_count(out, sum->functions);
	strbuf_addf(out, " function%s, ", sum->functions == 1 ? "" : "s");
	num_add_bytes(out, sum->bytes);
}

static void add_line(const char *name, const struct audit_sum *sum, const char *text,
		     struct strbuf *out)
{
	if (!sum->functions && !sum->bytes)
		return;
	strbuf_addf(out, "  %-14s ", name);
	add_sum(sum, out);
	strbuf_addf(out, "%s\n", text);
}

static void add_sums(const struct audit *a, struct strbuf *out)
{
	PGO_AUTO(strbuf) share = STRBUF_INIT;

	strbuf_addf(&share, " (%.1f %% of the functions, %.1f %% of the code)",
		    audit_share_functions(a) * 100, audit_share_bytes(a) * 100);
	add_line("probes", &a->probed, share.buf, out);
	add_line("no probes", &a->bare, "", out);
	add_line("not known", &a->ambiguous, ": others have the same name and file", out);
	add_line("left out", &a->runtime, " of the run-time libraries", out);
	add_line("left out", &a->generated, " made by the compiler", out);
	if (a->nr_labels)
		strbuf_addf(out, "  %-14s %llu labels without a size, as in assembly\n",
			    "not judged", (unsigned long long)a->nr_labels);
	if (a->probes.nr_unnamed)
		strbuf_addf(out, "  %-14s %llu functions with probes whose names are not there\n",
			    "not judged", (unsigned long long)a->probes.nr_unnamed);
}

static void add_findings(const struct audit *a, size_t top, struct strbuf *out)
{
	static const char *const head[] = { "functions", "code", "share", "where", "likely cause" };
	PGO_AUTO(table) t = TABLE_INIT("rrrll");

	if (!a->nr_findings)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < a->nr_findings && i < top; i++) {
		const struct audit_finding *f = &a->findings[i];
		PGO_AUTO(strbuf) bytes = STRBUF_INIT;
		PGO_AUTO(strbuf) cause = STRBUF_INIT;

		num_add_bytes(&bytes, f->bare.bytes);
		audit_add_cause(a, f, &cause);
		table_addf(&t, "%llu", (unsigned long long)f->bare.functions);
		table_add(&t, bytes.buf);
		table_addf(&t, "%.1f %%", f->share * 100);
		table_addf(&t, "%s%s", f->what ? f->what : "(unknown)",
			   !f->what || f->whole ? "" : " (a part)");
		table_add(&t, cause.buf);
	}
	strbuf_addstr(out, "\nwithout probes:\n");
	table_print(&t, out);
	if (a->nr_findings > top)
		strbuf_addf(out, "and %zu more (--top)\n", a->nr_findings - top);
}

static void add_functions(const struct audit *a, size_t top, struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("rll");

	if (!a->nr_functions || !top)
		return;
	table_add(&t, "code");
	table_add(&t, "function");
	table_add(&t, "where");
	for (size_t i = 0; i < a->nr_functions && i < top; i++) {
		const struct audit_function *f = &a->functions[i];
		const struct audit_group *g = &a->groups[f->group];
		PGO_AUTO(strbuf) where = STRBUF_INIT;
		PGO_AUTO(strbuf) bytes = STRBUF_INIT;

		num_add_bytes(&bytes, f->f->bytes);
		if (g->file)
			strbuf_addstr(&where, g->file);
		if (g->member)
			strbuf_addf(&where, "(%s)", g->member);
		if (g->source)
			strbuf_addf(&where, "%s%s", where.len ? ", " : "", g->source);
		table_add(&t, bytes.buf);
		table_add(&t, f->f->name);
		table_add(&t, where.buf);
	}
	strbuf_addstr(out, "\nthe largest functions of these:\n");
	table_print(&t, out);
}

void show_audit(const struct audit *a, const char *no, double min_share, size_t top,
		struct strbuf *out)
{
	const char *limit = audit_limit(a);

	if (out->len)
		strbuf_addch(out, '\n');
	strbuf_addvis(out, a->path);
	if (!audit_has_probes(a)) {
		strbuf_addf(out, ": not instrumented: %s\n", no ? no : "it has no probes");
		return;
	}
	strbuf_addf(out, ": instrumented by %s\n", a->compiler ? a->compiler : audit_kind(a));
	if (limit)
		strbuf_addf(out, "  %s\n", limit);
	if (a->probes.nameless && a->probes.nr_gcda)
		strbuf_addf(out, "  objects of it that write a profile: %llu\n",
			    (unsigned long long)a->probes.nr_gcda);
	if (audit_is_judged(a)) {
		add_sums(a, out);
		add_findings(a, top, out);
		add_functions(a, top, out);
	}
	if (no && !audit_is_judged(a))
		strbuf_addf(out, "no: %s\n", no);
	else if (no)
		strbuf_addf(out, "\nno: %s (less than %g %%)\n", no, min_share * 100);
}

void show_audit_github(const struct audit *a, const char *no, struct strbuf *out)
{
	for (size_t i = 0; i < a->nr_findings; i++) {
		const struct audit_finding *f = &a->findings[i];
		PGO_AUTO(strbuf) text = STRBUF_INIT;

		audit_add_finding(f, &text);
		strbuf_addf(&text, " of %s: no probes; ", a->path);
		audit_add_cause(a, f, &text);
		show_github(out, "warning", NULL, "not instrumented", text.buf);
	}
	if (no) {
		PGO_AUTO_FREE char *text = xstrfmt("%s: %s", a->path, no);

		show_github(out, "error", NULL, "not instrumented", text);
	}
}
