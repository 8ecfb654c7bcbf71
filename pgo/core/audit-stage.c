/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/audit-stage.h"

#include <string.h>

#include "drivers/wrapper.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/core/audit.h"

/* Of the code: what is worth a warning, and how many of them an artifact gets. */
#define MIN_SHARE_TOLD 0.02
#define MAX_TOLD 3

/* By any name: cargo gives what was linked a second one. */
static bool is_same(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The last link that wrote the file at path, else one of the same name: it may be a copy. */
static const struct wrapper_link *link_of(const struct wrapper_links *links, const char *path)
{
	const struct wrapper_link *found = NULL;

	for (size_t i = links->nr; i > 0; i--) {
		const struct wrapper_link *l = &links->v[i - 1];

		if (is_same(l->output, path))
			return l;
		if (!found && !strcmp(fs_basename(l->output), fs_basename(path)))
			found = l;
	}
	return found;
}

/* With the linker's map when there is one and it is this file's. */
static int read_artifact(const struct audit_stage *s, const struct wrapper_links *links,
			 const char *artifact, struct audit *a, struct pgo_err *err)
{
	PGO_AUTO_FREE char *built = fs_join(s->built, artifact), *path = fs_join(s->out, artifact);
	const struct wrapper_link *l = link_of(links, built);
	struct audit_opts opts = { .started_ns = s->started_ns };

	if (l) {
		opts.map = l->map;
		opts.dir = l->dir;
		if (!audit_read(path, &opts, a, NULL))
			return 0;
		log_debug("'%s' is audited without the linker's map", artifact);
		opts.map = NULL;
	}
	return audit_read(path, &opts, a, err);
}

json_t *audit_stage(const struct audit_stage *s)
{
	PGO_AUTO(wrapper_links) links = WRAPPER_LINKS_INIT;
	json_t *list = json_array();

	/* It has been read before, for its sum. */
	wrapper_log_links(s->log, &links, NULL);
	for (size_t i = 0; i < s->artifacts->nr; i++) {
		const char *artifact = s->artifacts->v[i];
		PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
		PGO_AUTO(audit) a = AUDIT_INIT;
		json_t *o = json_object(), *found;

		json_object_set_new(o, "artifact", js_string(artifact));
		if (read_artifact(s, &links, artifact, &a, &why)) {
			json_object_set_new(o, "not_audited", js_string(why.msg));
		} else {
			found = audit_json(&a, 0);
			json_object_del(found, "path");
			json_object_del(found, "functions");
			json_object_update(o, found);
			json_decref(found);
		}
		json_array_append_new(list, o);
	}
	return list;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static void tell_findings(const char *artifact, const json_t *findings)
{
	const json_t *f;
	size_t i;

	json_array_foreach(findings, i, f) {
		const double share = json_number_value(json_object_get(f, "share"));

		if (i == MAX_TOLD || share < MIN_SHARE_TOLD)
			return;
		log_warn("'%s': %s %s not instrumented: %s", artifact, text_of(f, "title"),
			 json_integer_value(json_object_get(f, "functions")) == 1 ? "is" : "are",
			 text_of(f, "text"));
	}
}

static void tell(const json_t *o, const char *out)
{
	const double bytes = json_number_value(json_object_get(o, "share_bytes"));
	const double functions = json_number_value(json_object_get(o, "share_functions"));
	const char *artifact = text_of(o, "artifact"), *limit = text_of(o, "limit");

	if (json_object_get(o, "not_audited"))
		return;
	if (!strcmp(text_of(o, "probes"), "none")) {
		log_warn(
			"'%s' is not instrumented: nothing of it was compiled and linked through "
			"pgoctl's compiler wrapper",
			artifact);
		return;
	}
	if (*limit)
		log_warn("'%s' cannot be audited as a whole: %s", artifact, limit);
	if (!json_is_true(json_object_get(o, "judged")))
		return;
	log_step("'%s': %.1f %% of the functions, %.1f %% of the code have probes", artifact,
		 functions * 100, bytes * 100);
	tell_findings(artifact, json_object_get(o, "findings"));
	if (bytes < AUDIT_MIN_SHARE || functions < AUDIT_MIN_SHARE)
		log_warn(
			"'%s': only %.1f %% of the functions, %.1f %% of the code have probes: "
			"see 'pgoctl check --instrumented %s/%s'",
			artifact, functions * 100, bytes * 100, out, artifact);
}

void audit_stage_tell(const json_t *audits, const char *out)
{
	const json_t *o;
	size_t i;

	json_array_foreach(audits, i, o)
		tell(o, out);
}
