/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/num.h"
#include "pgo/report/check.h"
#include "pgo/report/table.h"

static void add_functions(const struct representation *r, bool trained, size_t top,
			  struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("rrll");
	size_t nr = 0;

	table_add(&t, "production");
	table_add(&t, "training");
	table_add(&t, "function");
	table_add(&t, "");
	for (size_t i = 0; i < r->nr_functions && nr < top; i++) {
		const struct represented *f = &r->functions[i];

		if ((f->training > 0) != trained)
			continue;
		table_addf(&t, "%.1f %%", 100 * f->production);
		table_addf(&t, "%.1f %%", 100 * f->training);
		table_add(&t, f->name);
		table_add(&t, f->known ? "" : "not in the profile");
		nr++;
	}
	if (!nr)
		return;
	strbuf_addf(out, "\n%s\n", trained ? "hottest in production" : "never run in training");
	table_print(&t, out);
}

void show_representation(const struct production *p, const struct representation *r, size_t top,
			 struct strbuf *out)
{
	PGO_AUTO(strbuf) samples = STRBUF_INIT;

	num_add_count(&samples, p->samples);
	strbuf_addf(out, "production  %s samples, %.1f %% in ", samples.buf,
		    p->samples ? 100 * p->in_program / (double)p->samples : 0);
	strbuf_addvis(out, p->program);
	strbuf_addf(out, "\noverlap     %.1f %% by function, samples against counts\n",
		    100 * r->overlap);
	strbuf_addf(out, "untrained   %.1f %% of the program's samples, in %zu functions\n",
		    100 * r->untrained, r->nr_untrained);
	if (r->unnamed > 0)
		strbuf_addf(out,
			    "unnamed     %.1f %% of the profile's counts: static functions, and "
			    "such as production does not call\n",
			    100 * r->unnamed);
	add_functions(r, false, top, out);
	add_functions(r, true, top, out);
}

json_t *show_representation_json(const struct production *p, const struct representation *r)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < r->nr_functions; i++) {
		const struct represented *f = &r->functions[i];
		json_t *one = json_object();

		json_object_set_new(one, "name", js_string(f->name));
		json_object_set_new(one, "production", json_real(f->production));
		json_object_set_new(one, "training", json_real(f->training));
		json_object_set_new(one, "in_profile", json_boolean(f->known));
		json_array_append_new(list, one);
	}
	json_object_set_new(o, "samples", js_u64(p->samples));
	json_object_set_new(o, "samples_in_program", json_real(p->in_program));
	json_object_set_new(o, "program", js_string(p->program));
	json_object_set_new(o, "overlap", json_real(r->overlap));
	json_object_set_new(o, "untrained_share", json_real(r->untrained));
	json_object_set_new(o, "untrained_functions", js_u64(r->nr_untrained));
	json_object_set_new(o, "unnamed_share", json_real(r->unnamed));
	json_object_set_new(o, "functions", list);
	return o;
}

void show_fit(const struct represent_fit *f, struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("lrrrr");
	static const char *const head[] = { "workload", "weight", "share", "suggested", "share" };

	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		table_add(&t, head[i]);
	for (size_t i = 0; i < f->nr; i++) {
		table_add(&t, f->v[i].workload);
		table_addf(&t, "%g", f->v[i].weight);
		table_addf(&t, "%.1f %%", 100 * f->v[i].share);
		if (f->v[i].fit_weight > 0)
			table_addf(&t, "%.3g", f->v[i].fit_weight);
		else
			table_add(&t, "none");
		table_addf(&t, "%.1f %%", 100 * f->v[i].fit_share);
	}
	strbuf_addch(out, '\n');
	table_print(&t, out);
	strbuf_addf(
		out,
		"overlap with production: %.1f %% with these weights, %.1f %% with the suggested "
		"ones; more of one workload and less of another brings nothing of the remaining "
		"%.1f %%\n",
		100 * f->overlap, 100 * f->fit_overlap, 100 * (1 - f->fit_overlap));
}

json_t *show_fit_json(const struct represent_fit *f)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < f->nr; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "workload", js_string(f->v[i].workload));
		json_object_set_new(one, "weight", json_real(f->v[i].weight));
		json_object_set_new(one, "share", json_real(f->v[i].share));
		json_object_set_new(one, "suggested_weight", json_real(f->v[i].fit_weight));
		json_object_set_new(one, "suggested_share", json_real(f->v[i].fit_share));
		json_array_append_new(list, one);
	}
	json_object_set_new(o, "overlap", json_real(f->overlap));
	json_object_set_new(o, "suggested_overlap", json_real(f->fit_overlap));
	json_object_set_new(o, "workloads", list);
	return o;
}
