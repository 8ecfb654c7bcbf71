/* SPDX-License-Identifier: Apache-2.0 */
/* What a flame graph was made of, and what it leaves out. */
#include "pgo/report/flame.h"
#include "pgo/report/show.h"

static json_t *strings_json(const struct strvec *list)
{
	json_t *o = json_array();

	for (size_t i = 0; i < list->nr; i++)
		json_array_append_new(o, js_string(list->v[i]));
	return o;
}

static json_t *side_json(const struct flame *f, unsigned side)
{
	json_t *o = json_object();

	json_object_set_new(o, "format", js_string(f->sides[side].format));
	json_object_set_new(o, "events", strings_json(&f->sides[side].events));
	json_object_set_new(o, "samples", js_u64(f->sides[side].samples));
	json_object_set_new(o, "lost", js_u64(f->sides[side].lost));
	return o;
}

static json_t *gone_json(const struct flame *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->nr_gone; i++) {
		json_t *o = json_object();

		json_object_set_new(o, "function", js_string(f->gone[i].name));
		json_object_set_new(o, "total", js_u64(f->gone[i].total));
		json_object_set_new(o, "self", js_u64(f->gone[i].self));
		json_array_append_new(list, o);
	}
	return list;
}

json_t *flame_json(const struct flame *f, const char *path)
{
	json_t *o = json_object();

	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "kind", js_string("flame"));
	json_object_set_new(o, "path", js_string(path));
	json_object_set_new(o, "candidate", side_json(f, FLAME_CANDIDATE));
	json_object_set_new(o, "baseline", f->is_diff ? side_json(f, FLAME_BASELINE) : json_null());
	json_object_set_new(o, "call_stacks", json_boolean(f->sides[FLAME_CANDIDATE].has_stacks));
	json_object_set_new(o, "frames", js_u64(f->nr_frames - 1));
	json_object_set_new(o, "levels", js_u64(f->nr_levels - 1));
	json_object_set_new(o, "frames_left_out", js_u64(f->frames_left_out));
	json_object_set_new(o, "samples_left_out", js_u64(f->samples_left_out));
	if (f->is_diff) {
		json_object_set_new(o, "samples_gone", js_u64(f->samples_gone));
		json_object_set_new(o, "gone", gone_json(f));
	}
	json_object_set_new(o, "notes", strings_json(&f->warnings));
	return o;
}
