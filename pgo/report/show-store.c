/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/report/store.h"

#include <inttypes.h>

#include "pgo/base/num.h"
#include "pgo/core/bundle-manifest.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"

#define SHORT_DIGEST 12
#define SHORT_COMMIT 7
#define SHORT_KEY 16

static void add_cell(struct table *t, const char *s)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	strbuf_addvis(&text, s && *s ? s : "-");
	table_add(t, text.buf);
}

static void add_commit(const struct store_entry *e, int len, struct strbuf *out)
{
	strbuf_addf(out, "%.*s%s", len, e->commit, e->dirty ? "+" : "");
}

static void add_marks(const struct store_entry *e, struct strbuf *out)
{
	if (e->last_good)
		strbuf_addstr(out, STORE_LAST_GOOD);
	if (e->fallback)
		strbuf_addstr(out, "good before");
	if (e->pinned)
		strbuf_addf(out, "%spinned", out->len ? ", " : "");
}

static void add_row(struct table *t, const struct store_entry *e)
{
	PGO_AUTO(strbuf) when = STRBUF_INIT, size = STRBUF_INIT, commit = STRBUF_INIT;
	PGO_AUTO(strbuf) marks = STRBUF_INIT;

	show_add_time(e->added, false, &when);
	num_add_bytes(&size, e->bytes);
	if (e->commit)
		add_commit(e, SHORT_COMMIT, &commit);
	add_marks(e, &marks);
	table_add(t, when.buf);
	add_cell(t, e->project);
	table_addf(t, "%.*s", SHORT_DIGEST, e->digest);
	table_add(t, size.buf);
	add_cell(t, e->format);
	add_cell(t, e->compiler);
	add_cell(t, commit.buf);
	table_add(t, marks.buf);
}

void show_entries(const struct store_entries *list, struct strbuf *out)
{
	static const char *const head[] = {
		"added (UTC)", "project",  "profile", "size",
		"format",      "compiler", "commit",  "marks",
	};
	PGO_AUTO(table) t = TABLE_INIT("lllrllll");

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < list->nr; i++)
		add_row(&t, &list->v[i]);
	table_print(&t, out);
}

static json_t *time_json(int64_t seconds)
{
	PGO_AUTO(strbuf) when = STRBUF_INIT;

	show_add_time(seconds, true, &when);
	return js_string(when.buf);
}

json_t *show_entry_json(const struct store_entry *e)
{
	json_t *o = json_object();

	json_object_set_new(o, "project", js_string(e->project));
	json_object_set_new(o, "sha256", js_string(e->digest));
	json_object_set_new(o, "bytes", js_u64(e->bytes));
	json_object_set_new(o, "added", time_json(e->added));
	json_object_set_new(o, "host", js_string(e->host));
	json_object_set_new(o, "origin", js_string(e->origin));
	json_object_set_new(o, "note", js_string(e->note));
	json_object_set_new(o, "format", js_string(e->format));
	json_object_set_new(o, "technique", js_string(e->technique));
	json_object_set_new(o, "compiler", js_string(e->compiler));
	json_object_set_new(o, "source", js_string(e->source_sha256));
	json_object_set_new(o, "commit", js_string(e->commit));
	json_object_set_new(o, "dirty", json_boolean(e->dirty));
	json_object_set_new(o, "machine", js_string(e->machine));
	json_object_set_new(o, "last_good", json_boolean(e->last_good));
	json_object_set_new(o, "good_before", json_boolean(e->fallback));
	json_object_set_new(o, "pinned", json_boolean(e->pinned));
	return o;
}

json_t *show_entries_json(const struct store_entries *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->nr; i++)
		json_array_append_new(array, show_entry_json(&list->v[i]));
	return array;
}

void store_story_release(struct store_story *s)
{
	store_entry_release(&s->entry);
	store_signatures_release(&s->signatures);
	free(s->good);
	free(s->path);
	bundle_release(&s->bundle);
	*s = (struct store_story)STORE_STORY_INIT;
}

static void add_field(struct strbuf *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	strbuf_addf(out, "%-11s ", name);
	strbuf_addvis(out, value);
	strbuf_addch(out, '\n');
}

static void add_origin(const struct store_entry *e, struct strbuf *out)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	show_add_time(e->added, false, &text);
	strbuf_addstr(&text, " UTC");
	if (e->host)
		strbuf_addf(&text, ", on %s", e->host);
	if (e->origin)
		strbuf_addf(&text, ", from %s", e->origin);
	add_field(out, "added", text.buf);
}

static void add_signature(const struct store_story *s, size_t i, struct strbuf *out)
{
	const struct store_signature *sig = &s->signatures.v[i];
	bool valid = sign_is_valid(sig->key, s->entry.digest, sig->signature);

	strbuf_addf(out, "%-11s key %.*s%s\n", "signed by", SHORT_KEY, sig->key,
		    valid ? "" : ": THE SIGNATURE IS FALSE");
}

static void add_good(const struct store_good *g, const char *digest, struct strbuf *out)
{
	strbuf_addf(out, "%-11s %.*s%s, marked ", "good", SHORT_DIGEST, g->digest,
		    strcmp(g->digest, digest) != 0 ? "" : " (this one)");
	show_add_time(g->marked, false, out);
	if (g->withdrawn) {
		strbuf_addstr(out, ", taken back ");
		show_add_time(g->withdrawn, false, out);
	}
	strbuf_addch(out, '\n');
}

void show_story(const struct store_story *s, struct strbuf *out)
{
	const struct store_entry *e = &s->entry;
	PGO_AUTO(strbuf) size = STRBUF_INIT, marks = STRBUF_INIT;

	num_add_bytes(&size, e->bytes);
	add_marks(e, &marks);
	add_field(out, "profile", e->digest);
	add_field(out, "project", e->project);
	add_field(out, "marks", marks.buf);
	add_origin(e, out);
	add_field(out, "note", e->note);
	add_field(out, "size", size.buf);
	add_field(out, "format", e->format);
	for (size_t i = 0; i < s->signatures.nr; i++)
		add_signature(s, i, out);
	for (size_t i = 0; i < s->nr_good; i++)
		add_good(&s->good[i], e->digest, out);
	if (!s->is_bundle)
		return;
	strbuf_addch(out, '\n');
	show_bundle(&s->bundle, s->path, out);
}

static json_t *signatures_json(const struct store_story *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->signatures.nr; i++) {
		const struct store_signature *sig = &s->signatures.v[i];
		bool valid = sign_is_valid(sig->key, s->entry.digest, sig->signature);
		json_t *o = json_object();

		json_object_set_new(o, "key", js_string(sig->key));
		json_object_set_new(o, "signature", js_string(sig->signature));
		json_object_set_new(o, "valid", json_boolean(valid));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *show_story_json(const struct store_story *s)
{
	json_t *o = show_entry_json(&s->entry), *good = json_array();

	for (size_t i = 0; i < s->nr_good; i++) {
		const struct store_good *g = &s->good[i];
		json_t *one = json_object();

		json_object_set_new(one, "sha256", js_string(g->digest));
		json_object_set_new(one, "marked", time_json(g->marked));
		json_object_set_new(one, "taken_back",
				    g->withdrawn ? time_json(g->withdrawn) : json_null());
		json_array_append_new(good, one);
	}
	json_object_set_new(o, "path", js_string(s->path));
	json_object_set_new(o, "signatures", signatures_json(s));
	json_object_set_new(o, "good", good);
	json_object_set_new(o, "manifest", s->is_bundle ? manifest_json(&s->bundle) : json_null());
	return o;
}

static void add_unreferenced(const struct strvec *paths, const char *what, struct strbuf *out)
{
	for (size_t i = 0; i < paths->nr; i++) {
		strbuf_addf(out, "%s ", what);
		strbuf_addvis(out, paths->v[i]);
		strbuf_addstr(out, ": no entry names it\n");
	}
}

void show_gc(const struct store_gc *g, bool dry_run, struct strbuf *out)
{
	const char *what = dry_run ? "would remove" : "removed";

	for (size_t i = 0; i < g->removed.nr; i++) {
		const struct store_entry *e = &g->removed.v[i];

		strbuf_addf(out, "%s %.*s of ", what, SHORT_DIGEST, e->digest);
		strbuf_addvis(out, e->project);
		strbuf_addstr(out, ", added ");
		show_add_time(e->added, false, out);
		strbuf_addch(out, '\n');
	}
	add_unreferenced(&g->unreferenced, what, out);
	strbuf_addf(out, "%zu %s, %zu %s without an entry: ", g->removed.nr,
		    g->removed.nr == 1 ? "profile" : "profiles", g->unreferenced.nr,
		    g->unreferenced.nr == 1 ? "file" : "files");
	num_add_bytes(out, g->freed_bytes);
	strbuf_addf(out, " %s\n", dry_run ? "would be free" : "are free");
}

static json_t *strings_json(const struct strvec *sv)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sv->nr; i++)
		json_array_append_new(list, js_string(sv->v[i]));
	return list;
}

json_t *show_gc_json(const struct store_gc *g, bool dry_run)
{
	json_t *o = json_object();

	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "dry_run", json_boolean(dry_run));
	json_object_set_new(o, "removed", show_entries_json(&g->removed));
	json_object_set_new(o, "unreferenced", strings_json(&g->unreferenced));
	json_object_set_new(o, "freed_bytes", js_u64(g->freed_bytes));
	return o;
}

void show_check(const struct store_check *c, struct strbuf *out)
{
	for (size_t i = 0; i < c->nr_damage; i++) {
		const struct store_damage *d = &c->damage[i];

		strbuf_addstr(out, "bad: ");
		if (*d->digest) {
			strbuf_addf(out, "%.*s of ", SHORT_DIGEST, d->digest);
			strbuf_addvis(out, d->project);
		} else {
			strbuf_addstr(out, "the index");
		}
		strbuf_addstr(out, ": ");
		strbuf_addvis(out, d->what);
		strbuf_addch(out, '\n');
	}
	add_unreferenced(&c->unreferenced, "left over:", out);
	strbuf_addf(out, "%" PRIu64 " %s in %" PRIu64 " %s (", c->nr_profiles,
		    c->nr_profiles == 1 ? "profile" : "profiles", c->nr_files,
		    c->nr_files == 1 ? "file" : "files");
	num_add_bytes(out, c->bytes);
	strbuf_addf(out, "), %" PRIu64 " %s: ", c->nr_signatures,
		    c->nr_signatures == 1 ? "signature" : "signatures");
	if (c->nr_damage)
		strbuf_addf(out, "%zu bad\n", c->nr_damage);
	else
		strbuf_addstr(out, "all good\n");
}

json_t *show_check_json(const struct store_check *c)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < c->nr_damage; i++) {
		const struct store_damage *d = &c->damage[i];
		json_t *one = json_object();

		json_object_set_new(one, "sha256", *d->digest ? js_string(d->digest) : json_null());
		json_object_set_new(one, "project", js_string(d->project));
		json_object_set_new(one, "what", js_string(d->what));
		json_array_append_new(list, one);
	}
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "profiles", js_u64(c->nr_profiles));
	json_object_set_new(o, "files", js_u64(c->nr_files));
	json_object_set_new(o, "bytes", js_u64(c->bytes));
	json_object_set_new(o, "signatures", js_u64(c->nr_signatures));
	json_object_set_new(o, "bad", list);
	json_object_set_new(o, "unreferenced", strings_json(&c->unreferenced));
	return o;
}
