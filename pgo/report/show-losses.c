/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/report/check.h"
#include "pgo/report/table.h"

static void add_answer(const struct losses *l, struct strbuf *out)
{
	if (!l->nr_lost) {
		strbuf_addstr(out,
			      "the compiler complains of the profile, but nothing of it is lost\n");
		return;
	}
	strbuf_addf(out, "%.1f %% of the profile's counts are lost in %zu functions",
		    100 * l->share, l->nr_lost);
	if (l->nr_unknown)
		strbuf_addf(out, ", not told of %zu of them", l->nr_unknown);
	strbuf_addch(out, '\n');
}

void show_losses(const struct losses *l, size_t top, struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("rlll");

	if (!l->nr)
		return;
	add_answer(l, out);
	table_add(&t, "counts");
	table_add(&t, "");
	table_add(&t, "function");
	table_add(&t, "source");
	for (size_t i = 0; i < l->nr && i < top; i++) {
		if (isnan(l->v[i].share))
			table_add(&t, "?");
		else
			table_addf(&t, "%.1f %%", 100 * l->v[i].share);
		table_add(&t, profile_warning_name(l->v[i].kind));
		table_add(&t, l->v[i].function);
		table_add(&t, l->v[i].file ? l->v[i].file : "");
	}
	table_print(&t, out);
	if (l->nr > top)
		strbuf_addf(out, "... and %zu more\n", l->nr - top);
}

json_t *show_losses_json(const struct losses *l)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < l->nr; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "function", js_string(l->v[i].function));
		json_object_set_new(one, "source", js_string(l->v[i].file));
		json_object_set_new(one, "kind", js_string(profile_warning_name(l->v[i].kind)));
		json_object_set_new(one, "share",
				    isnan(l->v[i].share) ? json_null() : json_real(l->v[i].share));
		json_array_append_new(list, one);
	}
	json_object_set_new(o, "lost_share", json_real(l->share));
	json_object_set_new(o, "lost_functions", js_u64(l->nr_lost));
	json_object_set_new(o, "unknown_functions", js_u64(l->nr_unknown));
	json_object_set_new(o, "functions", list);
	return o;
}
