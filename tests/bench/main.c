/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/opt.h"
#include "pgo/core/json.h"
#include "tests/bench/bench.h"

struct options {
	const char *rows, *json, *pgoctl, *spin;
	double scale;
	uint64_t seed;
};

static const struct opt opts[] = {
	{ OPT_STR, 0, "rows", "LIST", "these rows only: '4 5'", offsetof(struct options, rows) },
	{ OPT_DOUBLE, 0, "scale", "X", "this many times the repetitions",
	  offsetof(struct options, scale) },
	{ OPT_U64, 0, "seed", "N", "of what is simulated", offsetof(struct options, seed) },
	{ OPT_STR, 0, "json", "FILE", "write all figures there", offsetof(struct options, json) },
	{ OPT_STR, 0, "pgoctl", "FILE", "the program", offsetof(struct options, pgoctl) },
	{ OPT_STR, 0, "spin", "FILE", "what it times", offsetof(struct options, spin) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static const struct {
	const char *name;
	int (*run)(struct bench *b, struct pgo_err *err);
} rows[] = {
	{ "1", row_laws },	 { "2", row_tables },	 { "3", row_coverage },
	{ "4", row_replay },	 { "5", row_live_aa },	 { "6a", row_live_ab_2 },
	{ "6b", row_live_ab_5 }, { "7", row_hyperfine }, { "8", row_family },
	{ "9", row_rules },
};

double bench_limit(double rate, double z, unsigned n)
{
	return rate + z * sqrt(rate * (1 - rate) / n);
}

unsigned bench_reps(const struct bench *b, unsigned full, unsigned least)
{
	double n = full * b->scale;

	return n < least ? least : (unsigned)n;
}

void bench_line(struct bench *b, const struct line *l, const char *fmt, ...)
{
	static const char *const outcomes[] = {
		[MET] = "met", [MISSED] = "NOT MET", [ABSENT] = "not measured", [SHOWN] = ""
	};
	PGO_AUTO(strbuf) measured = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&measured, fmt, ap);
	va_end(ap);
	table_add(&b->table, l->row);
	table_add(&b->table, l->what);
	table_add(&b->table, l->target ? l->target : "");
	table_add(&b->table, measured.buf);
	table_add(&b->table, outcomes[l->outcome]);
	fprintf(stderr, "%s  %s: %s  %s\n", l->row, l->what, measured.buf, outcomes[l->outcome]);
	json_array_append_new(b->lines,
			      json_pack("{s:s,s:s,s:s?,s:s,s:s,s:o?}", "row", l->row, "what",
					l->what, "target", l->target, "measured", measured.buf,
					"result", outcomes[l->outcome], "figures", l->figures));
	b->nr_missed += l->outcome == MISSED;
	b->nr_absent += l->outcome == ABSENT;
}

/* Whether the list has the name as a word, or without the letter that tells parts of a row. */
static bool listed(const char *list, const char *name)
{
	while (list && *list) {
		size_t len = strcspn(list, " ,");

		if (len && !strncmp(list, name, len) &&
		    (!name[len] || !isdigit((unsigned char)name[len])))
			return true;
		list += len + (list[len] != '\0');
	}
	return false;
}

static int run_rows(struct bench *b, const char *list, struct pgo_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(rows); i++)
		if (!list || listed(list, rows[i].name))
			ret = rows[i].run(b, err);
	return ret;
}

static int write_figures(const struct bench *b, const struct options *o, struct pgo_err *err)
{
	PGO_AUTO(json_holder)
	all = { json_pack("{s:f,s:o,s:O}", "scale", b->scale, "seed", js_u64(b->seed), "lines",
			  b->lines) };
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	js_dump(all.o, &text, false);
	strbuf_addch(&text, '\n');
	return fs_write_atomic(o->json, text.buf, text.len, 0666, err);
}

static int run(struct bench *b, const struct options *o, struct pgo_err *err)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO_FREE char *ledger = NULL;
	int ret = tempdir_make(&b->tmp, NULL, err);

	if (ret)
		return ret;
	/* What is tried here is not to be counted as the machine's own record. */
	ledger = fs_join(b->tmp.path, "ledger.db");
	if (setenv("PGOCTL_LEDGER", ledger, 1))
		ret = pgo_error_errno(err, "cannot set the environment");
	if (!ret)
		ret = run_rows(b, o->rows, err);
	table_print(&b->table, &out);
	fputs(out.buf, stdout);
	if (!ret && o->json)
		ret = write_figures(b, o, err);
	return ret;
}

int main(int argc, char **argv)
{
	static const char *const head[] = { "row", "what", "target", "measured", "result" };
	struct options o = { .scale = 1, .seed = 20240229 };
	struct bench b = { .table = TABLE_INIT("lllll"), .lines = json_array() };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	int ret = opt_parse(opts, &o, argc, argv, false, &err);

	if (ret > 0 || (!ret && (!(o.scale > 0) || !o.pgoctl || !o.spin)))
		ret = pgo_error(&err, PGO_EUSAGE, "--pgoctl and --spin are needed, operands not");
	child_signals_init();
	b.scale = o.scale;
	b.seed = o.seed;
	b.pgoctl = o.pgoctl;
	b.spin = o.spin;
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&b.table, head[i]);
	if (!ret)
		ret = run(&b, &o, &err);
	if (ret)
		fprintf(stderr, "validate-bench: %s\n", err.msg);
	table_release(&b.table);
	trace_release(&b.trace);
	tempdir_release(&b.tmp);
	json_decref(b.lines);
	if (ret)
		return pgo_ecode_exit(err.code);
	return b.nr_missed ? PGO_EXIT_NO : b.nr_absent ? PGO_EXIT_INCONCLUSIVE : PGO_EXIT_OK;
}
