/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/report/doctor.h"

#include "pgo/report/show.h"
#include "pgo/report/table.h"

#define WIDTH 96u	/* columns of text for people */

static const char *short_answer(enum doctor_answer a)
{
	return a == DOCTOR_UNKNOWN ? "?" : a == DOCTOR_INFO ? "" : doctor_answer_name(a);
}

static const char *name_of(const struct doctor_toolchain *t)
{
	return t->names.v[0];
}

static void show_toolchains(const struct doctor *d, struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("lllllll");

	table_add(&t, "toolchain");
	table_add(&t, "version");
	for (enum doctor_try n = 0; n < DOCTOR_NR_TRIES; n++)
		table_add(&t, doctor_try_name(n));
	for (size_t i = 0; i < d->nr_toolchains; i++) {
		const struct doctor_toolchain *tc = &d->toolchains[i];
		PGO_AUTO(strbuf) names = STRBUF_INIT;

		for (size_t k = 0; k < tc->names.nr; k++)
			strbuf_addf(&names, "%s%s", k ? ", " : "", tc->names.v[k]);
		table_add(&t, names.buf);
		table_add(&t, tc->version.version ? tc->version.version : "?");
		for (enum doctor_try n = 0; n < DOCTOR_NR_TRIES; n++)
			table_add(&t, short_answer(tc->tries[n].answer));
	}
	table_print(&t, out);
}

static const struct doctor_finding *pair_of(const struct doctor *d, size_t from, size_t to)
{
	for (size_t i = 0; i < d->nr_pairs; i++)
		if (d->pairs[i].from == from && d->pairs[i].to == to)
			return &d->pairs[i].finding;
	return NULL;
}

static bool is_family(const struct doctor_toolchain *t, const char *family)
{
	return t->version.family && !strcmp(t->version.family, family);
}

/* Of one family: whose profile (a line) each of them takes (a column). */
static void show_family(const struct doctor *d, const char *family, struct strbuf *out)
{
	PGO_AUTO_FREE char *columns = xcalloc(d->nr_toolchains + 2, 1);
	PGO_AUTO(table) t = TABLE_INIT(columns);
	size_t nr = 0;

	columns[0] = 'l';
	table_add(&t, "profile of, for");
	for (size_t i = 0; i < d->nr_toolchains; i++) {
		if (!is_family(&d->toolchains[i], family))
			continue;
		columns[++nr] = 'l';
		table_add(&t, name_of(&d->toolchains[i]));
	}
	if (nr < 2)
		return;
	for (size_t from = 0; from < d->nr_toolchains; from++) {
		if (!is_family(&d->toolchains[from], family))
			continue;
		table_add(&t, name_of(&d->toolchains[from]));
		for (size_t to = 0; to < d->nr_toolchains; to++) {
			const struct doctor_finding *f =
				from == to ? &d->toolchains[to].tries[DOCTOR_INSTRUMENT]
					   : pair_of(d, from, to);

			if (f)
				table_add(&t, short_answer(f->answer));
		}
	}
	strbuf_addch(out, '\n');
	table_print(&t, out);
}

static void show_pairs(const struct doctor *d, struct strbuf *out)
{
	for (size_t i = 0; d->nr_pairs && i < d->nr_toolchains; i++) {
		const char *family = d->toolchains[i].version.family;
		bool seen = !family;

		for (size_t k = 0; !seen && k < i; k++)
			seen = is_family(&d->toolchains[k], family);
		if (!seen)
			show_family(d, family, out);
	}
}

/* Words, none of them cut, behind so many blanks from the second line on. */
static void add_wrapped(struct strbuf *out, size_t indent, const char *text)
{
	PGO_AUTO(strbuf) visible = STRBUF_INIT;
	size_t column = indent;

	strbuf_addvis(&visible, text);
	for (const char *at = visible.buf; *at;) {
		size_t n = strcspn(at, " ");

		if (column > indent && column + 1 + n > WIDTH) {
			strbuf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			strbuf_addch(out, ' ');
			column++;
		}
		strbuf_add(out, at, n);
		column += n;
		at += n;
		at += strspn(at, " ");
	}
	strbuf_addch(out, '\n');
}

/* A command is to be copied: it stays on its line. */
static void add_mend(struct strbuf *out, size_t indent, const char *mend)
{
	if (!mend)
		return;
	strbuf_addf(out, "%*smend: ", (int)indent, "");
	strbuf_addvis(out, mend);
	strbuf_addch(out, '\n');
}

static void show_machine(const struct doctor *d, struct strbuf *out)
{
	enum { NAME = 17, ANSWER = 5 };

	strbuf_addch(out, '\n');
	for (size_t i = 0; i < d->nr_facts; i++) {
		const struct doctor_finding *f = &d->facts[i].finding;

		strbuf_addf(out, "%-*s%-*s", NAME, d->facts[i].name, ANSWER,
			    short_answer(f->answer));
		add_wrapped(out, NAME + ANSWER, f->what ? f->what : "");
		add_mend(out, NAME + ANSWER, f->mend);
	}
}

/* One thing that does not work, and everything that it does not work for. */
struct trouble {
	const struct doctor_finding *finding;
	struct strbuf what;
};

static bool is_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

struct troubles {
	struct trouble *v;
	size_t nr, alloc;
};

static void troubles_release(struct troubles *t)
{
	for (size_t i = 0; i < t->nr; i++)
		strbuf_release(&t->v[i].what);
	free(t->v);
}
PGO_DEFINE_AUTO(troubles, troubles_release)

static void add_trouble(struct troubles *t, const struct doctor_finding *f, const char *what)
{
	struct trouble *one;

	if (f->answer == DOCTOR_YES || !f->what)
		return;
	for (size_t i = 0; i < t->nr; i++)
		if (is_same(t->v[i].finding->what, f->what) &&
		    is_same(t->v[i].finding->mend, f->mend)) {
			strbuf_addf(&t->v[i].what, "; %s", what);
			return;
		}
	VEC_GROW(t->v, t->nr, t->alloc);
	one = &t->v[t->nr++];
	*one = (struct trouble){ f, STRBUF_INIT };
	strbuf_addstr(&one->what, what);
}

static void show_troubles(const struct doctor *d, struct strbuf *out)
{
	PGO_AUTO(troubles) t = { 0 };

	for (enum doctor_try n = 0; n < DOCTOR_NR_TRIES; n++)
		for (size_t i = 0; i < d->nr_toolchains; i++) {
			const struct doctor_toolchain *tc = &d->toolchains[i];
			PGO_AUTO_FREE char *what = xstrfmt("%s with %s", doctor_try_name(n),
							   name_of(tc));

			add_trouble(&t, &tc->tries[n], what);
		}
	for (size_t i = 0; i < d->nr_pairs; i++) {
		const struct doctor_pair *p = &d->pairs[i];
		PGO_AUTO_FREE char *what = xstrfmt("profile of %s for %s",
						   name_of(&d->toolchains[p->from]),
						   name_of(&d->toolchains[p->to]));

		add_trouble(&t, &p->finding, what);
	}
	for (size_t i = 0; i < t.nr; i++) {
		const struct doctor_finding *f = t.v[i].finding;

		strbuf_addf(out, "\n%s: ", doctor_answer_name(f->answer));
		add_wrapped(out, 2, t.v[i].what.buf);
		strbuf_addstr(out, "  ");
		add_wrapped(out, 2, f->what);
		add_mend(out, 2, f->mend);
	}
}

void show_doctor(const struct doctor *d, struct strbuf *out)
{
	if (d->nr_toolchains)
		show_toolchains(d, out);
	else
		strbuf_addstr(out, "no compiler is on PATH\n  mend: sudo apt-get install gcc\n");
	show_pairs(d, out);
	show_troubles(d, out);
	show_machine(d, out);
}

static void add_finding(json_t *o, const struct doctor_finding *f)
{
	json_object_set_new(o, "answer", json_string(doctor_answer_name(f->answer)));
	json_object_set_new(o, "what", js_string(f->what));
	json_object_set_new(o, "mend", js_string(f->mend));
}

static json_t *toolchain_json(const struct doctor_toolchain *t)
{
	const struct tool_version *v = &t->version;
	json_t *o = json_object(), *names = json_array(), *tries = json_object();

	for (size_t i = 0; i < t->names.nr; i++)
		json_array_append_new(names, js_string(t->names.v[i]));
	for (enum doctor_try n = 0; n < DOCTOR_NR_TRIES; n++) {
		json_t *one = json_object();

		add_finding(one, &t->tries[n]);
		json_object_set_new(tries, doctor_try_name(n), one);
	}
	json_object_set_new(o, "path", js_string(t->path));
	json_object_set_new(o, "names", names);
	json_object_set_new(o, "family", js_string(v->family));
	json_object_set_new(o, "version", js_string(v->version));
	json_object_set_new(o, "target", js_string(v->target));
	json_object_set_new(o, "llvm_major", v->llvm_major ? js_u64(v->llvm_major) : json_null());
	json_object_set_new(o, "module", v->llvm_major ? json_boolean(t->has_module) : json_null());
	json_object_set_new(o, "tries", tries);
	return o;
}

json_t *show_doctor_json(const struct doctor *d)
{
	json_t *o = json_object(), *toolchains = json_array(), *pairs = json_array();
	json_t *facts = json_array();

	for (size_t i = 0; i < d->nr_toolchains; i++)
		json_array_append_new(toolchains, toolchain_json(&d->toolchains[i]));
	for (size_t i = 0; i < d->nr_pairs; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "from",
				    js_string(name_of(&d->toolchains[d->pairs[i].from])));
		json_object_set_new(one, "to", js_string(name_of(&d->toolchains[d->pairs[i].to])));
		add_finding(one, &d->pairs[i].finding);
		json_array_append_new(pairs, one);
	}
	for (size_t i = 0; i < d->nr_facts; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "name", js_string(d->facts[i].name));
		add_finding(one, &d->facts[i].finding);
		json_array_append_new(facts, one);
	}
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "well", json_boolean(doctor_is_well(d)));
	json_object_set_new(o, "toolchains", toolchains);
	json_object_set_new(o, "pairs", pairs);
	json_object_set_new(o, "machine", facts);
	return o;
}
