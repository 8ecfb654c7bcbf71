/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a recording of samples. */
#include <inttypes.h>

#include "pgo/base/num.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"

static void add_field(struct strbuf *out, const char *name, const char *value)
{
	if (!*value)
		return;
	strbuf_addf(out, "%-11s ", name);
	strbuf_addvis(out, value);
	strbuf_addch(out, '\n');
}

static void add_count(struct table *t, uint64_t n)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	num_add_count(&sb, n);
	table_add(t, sb.buf);
}

static void add_share(struct table *t, uint64_t n, uint64_t of)
{
	table_addf(t, "%.1f %%", of ? (double)n * 100 / (double)of : 0.0);
}

static void add_head(struct table *t, const char *const *head, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		table_add(t, head[i]);
}

/* What was recorded, heaviest first; what has nothing is left out. */
struct heavy {
	const struct sample_binary *binary;
	uint64_t samples, branch_entries;
};

static int by_weight(const void *a, const void *b)
{
	const struct heavy *x = a, *y = b;

	if (x->samples != y->samples)
		return x->samples < y->samples ? 1 : -1;
	if (x->branch_entries != y->branch_entries)
		return x->branch_entries < y->branch_entries ? 1 : -1;
	return strcmp(x->binary->path, y->binary->path);
}

static struct heavy *heaviest(const struct samples *s, size_t *ret_nr)
{
	struct heavy *v = xcalloc(s->nr_binaries + 1, sizeof(*v));
	size_t nr = 0;

	for (size_t i = 0; i < s->nr_binaries; i++) {
		const struct sample_binary *b = &s->binaries[i];

		if (b->samples || b->branch_entries)
			v[nr++] = (struct heavy){ b, b->samples, b->branch_entries };
	}
	qsort(v, nr, sizeof(*v), by_weight);
	*ret_nr = nr;
	return v;
}

static void show_events(const struct samples *s, struct strbuf *out)
{
	static const char *const head[] = { "event", "samples", "period", "branch entries" };
	PGO_AUTO(table) t = TABLE_INIT("lrrr");

	add_head(&t, head, ARRAY_SIZE(head));
	for (size_t i = 0; i < s->nr_events; i++) {
		table_add(&t, s->events[i].name);
		add_count(&t, s->events[i].samples);
		add_count(&t, s->events[i].period);
		add_count(&t, s->events[i].branch_entries);
	}
	table_print(&t, out);
}

static void show_binaries(const struct samples *s, size_t top, struct strbuf *out)
{
	static const char *const head[] = { "share",  "samples",  "branch entries",
					    "region", "build id", "binary" };
	PGO_AUTO(table) t = TABLE_INIT("rrrlll");
	size_t nr;
	PGO_AUTO_FREE struct heavy *v = heaviest(s, &nr);

	add_head(&t, head, ARRAY_SIZE(head));
	for (size_t i = 0; i < nr && i < top; i++) {
		const struct sample_binary *b = v[i].binary;
		PGO_AUTO(strbuf) id = STRBUF_INIT;

		sample_add_build_id(&id, b->build_id, b->build_id_bytes);
		add_share(&t, b->samples, s->tally.samples);
		add_count(&t, b->samples);
		add_count(&t, b->branch_entries);
		table_add(&t, sample_region_name(b->region));
		table_add(&t, id.len ? id.buf : "-");
		table_addf(&t, "%s%s", b->path, b->deleted ? " (deleted)" : "");
	}
	table_print(&t, out);
	if (nr > top)
		strbuf_addf(out, "and %zu more\n", nr - top);
}

static void show_branches(const struct samples *s, struct strbuf *out)
{
	strbuf_addstr(out, "branches    ");
	num_add_count(out, s->tally.branch_entries);
	strbuf_addstr(out, " entries, ");
	num_add_count(out, s->distinct_branches);
	strbuf_addstr(out, " distinct, ");
	num_add_count(out, s->tally.mispredicted);
	strbuf_addstr(out, " mispredicted\n");
}

void show_samples(const struct samples *s, const char *path, size_t top, struct strbuf *out)
{
	PGO_AUTO_FREE char *by = xstrfmt("%s%s%s%s", *s->version ? "perf " : "", s->version,
					 *s->arch ? " on " : "", s->arch);

	add_field(out, "recording", path);
	add_field(out, "kind", s->format);
	add_field(out, "made by", by);
	add_field(out, "command", s->command);
	strbuf_addstr(out, "samples     ");
	num_add_count(out, s->tally.samples);
	strbuf_addstr(out, "\nlost        ");
	num_add_count(out, s->lost);
	strbuf_addch(out, '\n');
	show_branches(s, out);
	for (size_t i = 0; i < s->warnings.nr; i++)
		add_field(out, "note", s->warnings.v[i]);
	strbuf_addch(out, '\n');
	show_events(s, out);
	strbuf_addch(out, '\n');
	show_binaries(s, top, out);
}

static json_t *events_json(const struct samples *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->nr_events; i++) {
		json_t *e = json_object();

		json_object_set_new(e, "name", js_string(s->events[i].name));
		json_object_set_new(e, "samples", js_u64(s->events[i].samples));
		json_object_set_new(e, "period", js_u64(s->events[i].period));
		json_object_set_new(e, "branch_entries", js_u64(s->events[i].branch_entries));
		json_array_append_new(list, e);
	}
	return list;
}

static json_t *binaries_json(const struct samples *s)
{
	json_t *list = json_array();
	size_t nr;
	PGO_AUTO_FREE struct heavy *v = heaviest(s, &nr);

	for (size_t i = 0; i < nr; i++) {
		const struct sample_binary *b = v[i].binary;
		PGO_AUTO(strbuf) id = STRBUF_INIT;
		json_t *e = json_object();

		sample_add_build_id(&id, b->build_id, b->build_id_bytes);
		json_object_set_new(e, "path", js_string(b->path));
		json_object_set_new(e, "build_id", js_string(id.len ? id.buf : NULL));
		json_object_set_new(e, "region", js_string(sample_region_name(b->region)));
		json_object_set_new(e, "deleted", json_boolean(b->deleted));
		json_object_set_new(e, "samples", js_u64(b->samples));
		json_object_set_new(e, "branch_entries", js_u64(b->branch_entries));
		json_array_append_new(list, e);
	}
	return list;
}

json_t *show_samples_json(const struct samples *s, const char *path)
{
	json_t *o = json_object(), *notes = json_array();

	for (size_t i = 0; i < s->warnings.nr; i++)
		json_array_append_new(notes, js_string(s->warnings.v[i]));
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "path", js_string(path));
	json_object_set_new(o, "kind", js_string("samples"));
	json_object_set_new(o, "format", js_string(s->format));
	json_object_set_new(o, "perf_version", js_string(s->version));
	json_object_set_new(o, "arch", js_string(s->arch));
	json_object_set_new(o, "command", js_string(s->command));
	json_object_set_new(o, "samples", js_u64(s->tally.samples));
	json_object_set_new(o, "other_samples", js_u64(s->tally.other_events));
	json_object_set_new(o, "lost", js_u64(s->lost));
	json_object_set_new(o, "truncated", json_boolean(s->truncated));
	json_object_set_new(o, "bytes_unread", js_u64(s->bytes_unread));
	json_object_set_new(o, "unknown_records", js_u64(s->unknown_records));
	json_object_set_new(o, "branch_entries", js_u64(s->tally.branch_entries));
	json_object_set_new(o, "distinct_branches", js_u64(s->distinct_branches));
	json_object_set_new(o, "mispredicted", js_u64(s->tally.mispredicted));
	json_object_set_new(o, "first_ns", js_u64(s->tally.first_ns));
	json_object_set_new(o, "last_ns", js_u64(s->tally.last_ns));
	json_object_set_new(o, "events", events_json(s));
	json_object_set_new(o, "binaries", binaries_json(s));
	json_object_set_new(o, "notes", notes);
	return o;
}
