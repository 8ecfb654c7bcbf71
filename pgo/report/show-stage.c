/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/stage-record.h"
#include "pgo/report/show.h"

void show_plan(const struct plan *p, struct strbuf *out)
{
	for (size_t i = 0; i < p->nr; i++) {
		const struct plan_step *s = &p->steps[i];

		strbuf_addf(out, "%zu. %s%s\n", i + 1, s->name,
			    s->done ? " (done: its inputs have not changed)" : "");
		for (size_t c = 0; c < s->commands.nr; c++)
			strbuf_addf(out, "     %s\n", s->commands.v[c]);
	}
}

json_t *show_stage_json(const struct stage *s)
{
	json_t *o = json_object(), *list = json_array(), *warnings = json_object();

	for (size_t i = 0; i < s->artifacts.nr; i++) {
		PGO_AUTO_FREE char *path = xstrfmt("%s/%s", s->out, s->artifacts.v[i]);

		json_array_append_new(list, js_string(path));
	}
	for (int i = 0; i < PROFILE_WARN_NR; i++)
		json_object_set_new(warnings, profile_warning_name(i),
				    js_u64(s->calls.warnings[i]));
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "stage", js_string(stage_kind_name(s->kind)));
	json_object_set_new(o, "key", js_string(s->key));
	json_object_set_new(o, "kept", json_boolean(s->skipped));
	json_object_set_new(o, "wall_ns", js_u64(s->wall_ns));
	json_object_set_new(o, "compiles", js_u64(s->calls.nr_compiles));
	json_object_set_new(o, "links", js_u64(s->calls.nr_links));
	json_object_set_new(o, "stale_inputs", js_u64(s->calls.nr_stale_inputs));
	json_object_set_new(o, "profile_warnings", warnings);
	json_object_set_new(o, "artifacts", list);
	if (s->nr_posts)
		json_object_set_new(o, "bolt", stage_posts_json(s->posts, s->nr_posts));
	return o;
}
