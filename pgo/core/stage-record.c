/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/stage-record.h"

#include <stdio.h>
#include <string.h>

#include "pgo/base/fs.h"
#include "pgo/core/json.h"

void stage_posts_free(struct stage_post *posts, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		free(posts[i].artifact);
	free(posts);
}

void stage_release(struct stage *s)
{
	free(s->dir);
	free(s->out);
	strvec_release(&s->artifacts);
	wrapper_summary_release(&s->calls);
	free(s->profile);
	free(s->profile_id);
	stage_posts_free(s->posts, s->nr_posts);
	json_decref(s->audits);
	*s = (struct stage)STAGE_INIT;
}

char *stage_name(enum stage_kind kind, unsigned layout)
{
	return layout ? xstrfmt("%s-layout-%02u", stage_kind_name(kind), layout)
		      : xstrdup(stage_kind_name(kind));
}

static json_t *calls_json(const struct wrapper_summary *c)
{
	json_t *o = json_object(), *w = json_object();

	for (int i = 0; i < PROFILE_WARN_NR; i++)
		json_object_set_new(w, profile_warning_name(i), js_u64(c->warnings[i]));
	json_object_set_new(o, "calls", js_u64(c->nr_calls));
	json_object_set_new(o, "compiles", js_u64(c->nr_compiles));
	json_object_set_new(o, "links", js_u64(c->nr_links));
	json_object_set_new(o, "passed", js_u64(c->nr_passed));
	json_object_set_new(o, "foreign", js_u64(c->nr_foreign));
	json_object_set_new(o, "failed", js_u64(c->nr_failed));
	json_object_set_new(o, "stale_inputs", js_u64(c->nr_stale_inputs));
	json_object_set_new(o, "profile_warnings", w);
	return o;
}

static json_t *profile_json(const struct stage_profile *profile)
{
	json_t *o;

	if (!profile)
		return json_null();
	o = json_object();
	json_object_set_new(o, "path", js_string(profile->path));
	json_object_set_new(o, "id", js_string(profile->id));
	json_object_set_new(o, "full_names", json_boolean(profile->full_names));
	return o;
}

/* What a report has, by its names in stage.json. */
static const char *const report_names[] = {
	"functions",
	"profiled",
	"reordered",
	"stale",
	"stale_samples",
	"samples",
	"instructions_before",
	"instructions_after",
	"branches_before",
	"branches_after",
	"taken_branches_before",
	"taken_branches_after",
};
#define NR_REPORT_VALUES ARRAY_SIZE(report_names)

/* In the order of the names. */
static void report_values(struct postlink_report *r, uint64_t *ret[NR_REPORT_VALUES])
{
	uint64_t *const values[NR_REPORT_VALUES] = {
		&r->nr_functions,  &r->nr_profiled, &r->nr_reordered,	   &r->nr_stale,
		&r->stale_samples, &r->nr_samples,  &r->instructions[0],   &r->instructions[1],
		&r->branches[0],   &r->branches[1], &r->taken_branches[0], &r->taken_branches[1],
	};

	memcpy(ret, values, sizeof(values));
}

json_t *stage_posts_json(const struct stage_post *posts, size_t nr)
{
	json_t *list = json_array();

	for (size_t i = 0; i < nr; i++) {
		struct postlink_report report = posts[i].report;
		uint64_t *values[NR_REPORT_VALUES];
		json_t *o = json_object();

		json_object_set_new(o, "artifact", js_string(posts[i].artifact));
		report_values(&report, values);
		for (size_t v = 0; v < NR_REPORT_VALUES; v++)
			json_object_set_new(o, report_names[v], js_u64(*values[v]));
		json_array_append_new(list, o);
	}
	return list;
}

/* Stages that a compiler made have none. */
static void take_posts(struct stage *s, const json_t *list, bool *ok)
{
	const json_t *o;
	size_t i;

	s->posts = xcalloc(json_array_size(list), sizeof(*s->posts));
	json_array_foreach(list, i, o) {
		struct stage_post *post = &s->posts[s->nr_posts++];
		uint64_t *values[NR_REPORT_VALUES];

		post->artifact = xstrdup(js_get_string(o, "artifact", ok));
		report_values(&post->report, values);
		for (size_t v = 0; v < NR_REPORT_VALUES; v++)
			*values[v] = js_get_u64(o, report_names[v], ok);
	}
}

static int write_json(const struct stage_record *r, const char *path, struct pgo_err *err)
{
	PGO_AUTO(json_holder) h = { json_object() };
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	json_t *list = json_array();

	for (size_t i = 0; i < r->artifacts->nr; i++)
		json_array_append_new(list, js_string(r->artifacts->v[i]));
	json_object_set_new(h.o, "key", js_string(r->key));
	json_object_set_new(h.o, "source", js_string(r->source));
	json_object_set_new(h.o, "stage", js_string(r->stage));
	json_object_set_new(h.o, "wall_ns", js_u64(r->wall_ns));
	json_object_set_new(h.o, "artifacts", list);
	json_object_set_new(h.o, "compiler", calls_json(r->calls));
	json_object_set_new(h.o, "profile", profile_json(r->profile));
	if (r->nr_posts)
		json_object_set_new(h.o, "bolt", stage_posts_json(r->posts, r->nr_posts));
	if (r->audits)
		json_object_set(h.o, "instrumentation", r->audits);
	js_dump(h.o, &text, false);
	strbuf_addch(&text, '\n');
	return fs_write_atomic(path, text.buf, text.len, 0644, err);
}

int stage_record_settle(const struct stage_record *r, const char *fresh, const char *dir,
			struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_join(fresh, "stage.json");
	PGO_AUTO_FREE char *old = xstrfmt("%s.old", dir);
	int ret = write_json(r, path, err);

	if (!ret)
		ret = fs_remove_tree(old, err);
	if (ret)
		return ret;
	if (fs_exists(dir) && rename(dir, old))
		return pgo_error_errno(err, "cannot rename '%s'", dir);
	if (rename(fresh, dir))
		return pgo_error_errno(err, "cannot rename '%s'", fresh);
	return fs_remove_tree(old, err);
}

static void take_hash(const json_t *o, const char *key, char hex[DIGEST_HEX_LEN + 1], bool *ok)
{
	const char *text = js_get_string(o, key, ok);

	if (strlen(text) == DIGEST_HEX_LEN)
		memcpy(hex, text, DIGEST_HEX_LEN + 1);
	else
		*ok = false;
}

/* Earlier versions did not note it. */
static void take_profile(struct stage *s, const json_t *o)
{
	const char *path = json_string_value(json_object_get(o, "path"));
	const char *id = json_string_value(json_object_get(o, "id"));

	if (!path || !id)
		return;
	s->profile = xstrdup(path);
	s->profile_id = xstrdup(id);
	s->full_names = json_is_true(json_object_get(o, "full_names"));
}

static int load_json(struct stage *s, const json_t *o, const char *path, struct pgo_err *err)
{
	const json_t *list = json_object_get(o, "artifacts"), *item;
	const json_t *calls = json_object_get(o, "compiler"), *w;
	bool ok = json_is_array(list) && json_is_object(calls);
	size_t i;

	take_hash(o, "key", s->key, &ok);
	take_hash(o, "source", s->source, &ok);
	s->wall_ns = js_get_u64(o, "wall_ns", &ok);
	json_array_foreach(list, i, item)
		strvec_push(&s->artifacts, json_string_value(item) ? json_string_value(item) : "");
	s->calls.nr_compiles = js_get_u64(calls, "compiles", &ok);
	s->calls.nr_links = js_get_u64(calls, "links", &ok);
	s->calls.nr_stale_inputs = js_get_u64(calls, "stale_inputs", &ok);
	w = json_object_get(calls, "profile_warnings");
	for (int k = 0; k < PROFILE_WARN_NR; k++)
		s->calls.warnings[k] = js_get_u64(w, profile_warning_name(k), &ok);
	take_profile(s, json_object_get(o, "profile"));
	take_posts(s, json_object_get(o, "bolt"), &ok);
	s->audits = json_incref(json_object_get(o, "instrumentation"));
	if (!ok)
		return pgo_error(err, PGO_EFORMAT, "'%s' is not what pgoctl wrote", path);
	return 0;
}

int stage_record_read(const struct project *p, enum stage_kind kind, unsigned layout,
		      struct stage *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *name = stage_name(kind, layout);
	PGO_AUTO(stage) s = STAGE_INIT;
	PGO_AUTO(json_holder) h = { NULL };
	PGO_AUTO_FREE char *path = NULL;
	int r;

	s.kind = kind;
	s.layout = layout;
	s.dir = project_path(p, "stages/%s", name);
	s.out = fs_join(s.dir, "out");
	path = fs_join(s.dir, "stage.json");
	if (!fs_exists(path)) {
		pgo_error(err, PGO_ENOTFOUND, "the %s stage has not been built", name);
		return -PGO_ENOTFOUND;
	}
	r = js_load(path, &h.o, err);
	if (!r)
		r = load_json(&s, h.o, path, err);
	if (r)
		return r;
	*ret = s;
	s = (struct stage)STAGE_INIT;
	return 0;
}

int stage_load(const struct project *p, enum stage_kind kind, struct stage *ret,
	       struct pgo_err *err)
{
	return stage_record_read(p, kind, 0, ret, err);
}
