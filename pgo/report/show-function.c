/* SPDX-License-Identifier: Apache-2.0 */
/* What is inside functions: every count, its place, and the values seen there. */
#include <inttypes.h>

#include "pgo/base/num.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"

static bool by_offset(enum prof_kind kind)
{
	return kind == PROF_KIND_BOLT_BRANCHES || kind == PROF_KIND_BOLT_SAMPLES;
}

static void add_where(const struct profile *p, const struct prof_func *f, size_t i,
		      struct strbuf *out)
{
	const struct prof_place *place = f->places ? &f->places[i] : NULL;

	if (!place) {
		strbuf_addf(out, "%zu", i);
		return;
	}
	if (place->inlined) {
		prof_inline_add(out, place->inlined);
		strbuf_addstr(out, ", ");
	}
	strbuf_addf(out, by_offset(p->kind) ? "0x%" PRIx64 : "%" PRIu64, place->at);
	if (place->discriminator)
		strbuf_addf(out, ".%" PRIu32, place->discriminator);
	if (place->target)
		strbuf_addf(out, " %s %s+0x%" PRIx64, place->memory ? "of" : "to", place->target,
			    place->target_at);
}

static void add_number(struct table *t, uint64_t n)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	num_add_count(&sb, n);
	table_add(t, sb.buf);
}

static void add_counts(const struct profile *p, const struct prof_func *f, struct table *t)
{
	for (size_t i = 0; i < f->nr_counts; i++) {
		PGO_AUTO(strbuf) where = STRBUF_INIT;

		add_where(p, f, i, &where);
		table_add(t, f->places ? "at" : "counter");
		add_number(t, f->counts[i]);
		table_addf(t, "%.1f %%",
			   f->sum ? (double)f->counts[i] * 100 / (double)f->sum : 0.0);
		table_add(t, where.buf);
	}
}

static void add_values(const struct prof_func *f, struct table *t)
{
	for (size_t i = 0; i < f->nr_values; i++) {
		const struct prof_value *v = &f->values[i];

		table_add(t, prof_value_kind_name(v->kind));
		add_number(t, v->count);
		table_add(t, "");
		if (v->name)
			table_addf(t, "%" PRIu32 ": %s", v->site, v->name);
		else
			table_addf(t, "%" PRIu32 ": %" PRIu64, v->site, v->value);
	}
}

static void show_function(const struct profile *p, const struct prof_func *f, struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("lrrl");

	strbuf_addch(out, '\n');
	strbuf_addvis(out, f->name);
	strbuf_addf(out, "\n  entered ");
	num_add_count(out, f->entry);
	strbuf_addf(out, ", hash 0x%" PRIx64 "%s\n", f->hash,
		    f->cs ? ", of the context-sensitive part" : "");
	table_add(&t, "what");
	table_add(&t, "count");
	table_add(&t, "share");
	table_add(&t, "where");
	add_counts(p, f, &t);
	add_values(f, &t);
	table_print(&t, out);
}

void show_functions(const struct profile *p, const char *name, size_t top, struct strbuf *out)
{
	PGO_AUTO_FREE const struct prof_func **hot = profile_hottest(p, name, &top);

	for (size_t i = 0; i < top; i++)
		show_function(p, hot[i], out);
}

static json_t *inlined_json(const struct prof_inline *in)
{
	json_t *list = in && in->up ? inlined_json(in->up) : json_array(), *o;

	if (!in)
		return list;
	o = json_object();
	json_object_set_new(o, "line", js_u64(in->line));
	json_object_set_new(o, "discriminator", js_u64(in->discriminator));
	json_object_set_new(o, "function", js_string(in->name));
	json_array_append_new(list, o);
	return list;
}

static json_t *place_json(const struct profile *p, const struct prof_place *place)
{
	json_t *o = json_object();

	if (by_offset(p->kind)) {
		json_object_set_new(o, "offset", js_u64(place->at));
		json_object_set_new(o, "memory", json_boolean(place->memory));
		json_object_set_new(o, "target", js_string(place->target));
		json_object_set_new(o, "target_offset", js_u64(place->target_at));
		json_object_set_new(o, "mispredicted", js_u64(place->mispredicted));
		return o;
	}
	json_object_set_new(o, "line", js_u64(place->at));
	json_object_set_new(o, "discriminator", js_u64(place->discriminator));
	json_object_set_new(o, "inlined", inlined_json(place->inlined));
	return o;
}

static json_t *counts_json(const struct profile *p, const struct prof_func *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->nr_counts; i++) {
		json_t *o = f->places ? place_json(p, &f->places[i]) : json_object();

		json_object_set_new(o, "count", js_u64(f->counts[i]));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *values_json(const struct prof_func *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->nr_values; i++) {
		const struct prof_value *v = &f->values[i];
		json_t *o = json_object();

		json_object_set_new(o, "kind", js_string(prof_value_kind_name(v->kind)));
		json_object_set_new(o, "site", js_u64(v->site));
		json_object_set_new(o, "value", js_u64(v->value));
		json_object_set_new(o, "name", js_string(v->name));
		json_object_set_new(o, "count", js_u64(v->count));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *show_functions_json(const struct profile *p, const char *name, size_t top)
{
	PGO_AUTO_FREE const struct prof_func **hot = profile_hottest(p, name, &top);
	json_t *list = json_array();

	for (size_t i = 0; i < top; i++) {
		json_t *o = json_object();

		json_object_set_new(o, "name", js_string(hot[i]->name));
		json_object_set_new(o, "hash", js_u64(hot[i]->hash));
		json_object_set_new(o, "entered", js_u64(hot[i]->entry));
		json_object_set_new(o, "sum", js_u64(hot[i]->sum));
		json_object_set_new(o, "context_sensitive", json_boolean(hot[i]->cs));
		json_object_set_new(o, "counts", counts_json(p, hot[i]));
		json_object_set_new(o, "values", values_json(hot[i]));
		json_array_append_new(list, o);
	}
	return list;
}
