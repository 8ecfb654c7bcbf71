/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/num.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"

static void add_share(struct strbuf *out, const char *what, double share)
{
	strbuf_addf(out, "%-20s %.3f %%\n", what, share * 100);
}

static void add_shares(const struct prof_diff *d, struct strbuf *out)
{
	static const char *const values[] = { [PROF_VALUE_CALL] = "overlap of calls",
					      [PROF_VALUE_SIZE] = "overlap of sizes",
					      [PROF_VALUE_VTABLE] = "overlap of vtables" };

	add_share(out, d->by_function ? "overlap by function" : "overlap", d->overlap);
	if (d->samples) {
		add_share(out, "similarity", d->sample_similarity);
		add_share(out, "overlap of samples", d->sample_overlap);
	}
	for (int k = 0; k < PROF_NR_VALUE_KINDS; k++)
		if (d->has_values[k])
			add_share(out, values[k], d->value_overlap[k]);
	if (d->nr[PROF_CHANGED])
		add_share(out, "in changed functions", d->changed);
	if (d->only_a > 0)
		add_share(out, "only in the first", d->only_a);
	if (d->only_b > 0)
		add_share(out, "only in the second", d->only_b);
}

static void add_counts(const struct prof_diff *d, struct strbuf *out)
{
	strbuf_addf(out, "%-20s ", "functions");
	for (int i = 0; i < PROF_NR_CHANGES; i++) {
		num_add_count(out, d->nr[i]);
		strbuf_addf(out, " %s%s", prof_change_name((enum prof_change)i),
			    i + 1 < PROF_NR_CHANGES ? ", " : "\n");
	}
}

static void add_functions(const struct prof_diff *d, size_t top, struct strbuf *out)
{
	static const char *const head[] = { "change", "before", "after", "", "alike", "function" };
	PGO_AUTO(table) t = TABLE_INIT("rrrlrl");
	size_t nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < d->nr_funcs && nr < top; i++) {
		const struct prof_diff_func *f = &d->funcs[i];

		if (f->change == PROF_SAME)
			continue;
		nr++;
		table_addf(&t, "%+.2f %%", (f->share_b - f->share_a) * 100);
		table_addf(&t, "%.2f %%", f->share_a * 100);
		table_addf(&t, "%.2f %%", f->share_b * 100);
		table_add(&t, prof_change_name(f->change));
		if (f->change == PROF_MOVED)
			table_addf(&t, "%.1f %%", f->overlap * 100);
		else
			table_add(&t, "-");
		table_add(&t, f->name);
	}
	if (!nr)
		return;
	strbuf_addch(out, '\n');
	table_print(&t, out);
}

void show_diff(const struct prof_diff *d, size_t top, struct strbuf *out)
{
	add_shares(d, out);
	add_counts(d, out);
	add_functions(d, top, out);
}

static json_t *side(const struct prof_func *f, double share)
{
	json_t *o;

	if (!f)
		return json_null();
	o = json_object();
	json_object_set_new(o, "share", json_real(share));
	json_object_set_new(o, "sum", js_u64(f->sum));
	json_object_set_new(o, "hash", js_u64(f->hash));
	json_object_set_new(o, "counters", js_u64(f->nr_counts));
	return o;
}

static json_t *functions_json(const struct prof_diff *d, size_t top)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->nr_funcs && json_array_size(list) < top; i++) {
		const struct prof_diff_func *f = &d->funcs[i];
		json_t *o;

		if (f->change == PROF_SAME)
			continue;
		o = json_object();
		json_object_set_new(o, "name", js_string(f->name));
		json_object_set_new(o, "change", js_string(prof_change_name(f->change)));
		json_object_set_new(o, "before", side(f->a, f->share_a));
		json_object_set_new(o, "after", side(f->b, f->share_b));
		json_object_set_new(o, "overlap", json_real(f->overlap));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *show_diff_json(const struct prof_diff *d, size_t top)
{
	json_t *o = json_object(), *values = json_object(), *nr = json_object();

	for (int k = 0; k < PROF_NR_VALUE_KINDS; k++)
		if (d->has_values[k])
			json_object_set_new(values, prof_value_kind_name((enum prof_value_kind)k),
					    json_real(d->value_overlap[k]));
	for (int i = 0; i < PROF_NR_CHANGES; i++)
		json_object_set_new(nr, prof_change_name((enum prof_change)i), js_u64(d->nr[i]));
	json_object_set_new(o, "differs", json_boolean(prof_diff_differs(d)));
	json_object_set_new(o, "by_function", json_boolean(d->by_function));
	json_object_set_new(o, "overlap", json_real(d->overlap));
	json_object_set_new(o, "sample_overlap",
			    d->samples ? json_real(d->sample_overlap) : json_null());
	json_object_set_new(o, "sample_similarity",
			    d->samples ? json_real(d->sample_similarity) : json_null());
	json_object_set_new(o, "value_overlap", values);
	json_object_set_new(o, "share_changed", json_real(d->changed));
	json_object_set_new(o, "share_only_before", json_real(d->only_a));
	json_object_set_new(o, "share_only_after", json_real(d->only_b));
	json_object_set_new(o, "functions", nr);
	json_object_set_new(o, "largest", functions_json(d, top));
	return o;
}
