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

/* What is put together. */
struct auditor {
	const struct audit_stage *stage;
	struct wrapper_links links;
	struct strvec needed; /* shared objects, by the loader's names */
	json_t *list;
};

static void auditor_release(struct auditor *x)
{
	wrapper_links_release(&x->links);
	strvec_release(&x->needed);
}
PGO_DEFINE_AUTO(auditor, auditor_release)

/* With the linker's map, *ret_map, when there is one and it is this file's. */
static int read_file(const struct auditor *x, const char *path, const struct wrapper_link *l,
		     struct audit *a, const char **ret_map, struct pgo_err *err)
{
	struct audit_opts opts = { .started_ns = x->stage->started_ns };

	if (l) {
		opts.map = l->map;
		opts.dir = l->dir;
		if (!audit_read(path, &opts, a, NULL)) {
			*ret_map = l->map;
			return 0;
		}
		log_debug("'%s' is audited without the linker's map", path);
		opts.map = NULL;
	}
	return audit_read(path, &opts, a, err);
}

/* name: as it is called in the list. */
static void audit_file(struct auditor *x, const char *name, const char *path,
		       const struct wrapper_link *l)
{
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	PGO_AUTO(audit) a = AUDIT_INIT;
	json_t *o = json_object(), *found;
	const char *map = NULL;

	json_object_set_new(o, "artifact", js_string(name));
	json_array_append_new(x->list, o);
	if (read_file(x, path, l, &a, &map, &why)) {
		json_object_set_new(o, "not_audited", js_string(why.msg));
		return;
	}
	found = audit_json(&a, 0);
	json_object_del(found, "path");
	json_object_del(found, "functions");
	json_object_update(o, found);
	json_object_set_new(o, "map", map ? js_string(fs_basename(map)) : json_null());
	json_decref(found);
	for (size_t i = 0; i < a.probes.needed.nr; i++)
		if (!strvec_has(&x->needed, a.probes.needed.v[i]))
			strvec_push(&x->needed, a.probes.needed.v[i]);
}

static bool is_artifact(const struct audit_stage *s, const char *name)
{
	for (size_t i = 0; i < s->artifacts->nr; i++)
		if (!strcmp(fs_basename(s->artifacts->v[i]), name))
			return true;
	return false;
}

/* "libx.so.1", or what the link of that name leads to: "libx.so.1.2". */
static bool is_called(const char *path, const char *name)
{
	const char *base = fs_basename(path);
	size_t len = strlen(name);

	return !strncmp(base, name, len) && (!base[len] || base[len] == '.');
}

/* The list of names grows as these need others. */
static void audit_needed(struct auditor *x)
{
	for (size_t i = 0; i < x->needed.nr; i++) {
		const char *name = x->needed.v[i];
		const struct wrapper_link *found = NULL;

		for (size_t k = 0; k < x->links.nr; k++)
			if (is_called(x->links.v[k].output, name) &&
			    fs_exists(x->links.v[k].output))
				found = &x->links.v[k];
		if (found && !is_artifact(x->stage, name) &&
		    !is_artifact(x->stage, fs_basename(found->output)))
			audit_file(x, found->output, found->output, found);
	}
}

json_t *audit_stage(const struct audit_stage *s)
{
	PGO_AUTO(auditor) x = { s, WRAPPER_LINKS_INIT, STRVEC_INIT, json_array() };

	/* It has been read before, for its sum. */
	wrapper_log_links(s->log, &x.links, NULL);
	for (size_t i = 0; i < s->artifacts->nr; i++) {
		const char *artifact = s->artifacts->v[i];
		PGO_AUTO_FREE char *built = fs_join(s->built, artifact);
		PGO_AUTO_FREE char *path = fs_join(s->out, artifact);

		audit_file(&x, artifact, path, link_of(&x.links, built));
	}
	audit_needed(&x);
	return x.list;
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

/* And how to see more. */
static void tell_share(const json_t *o, const char *out, const char *artifact)
{
	PGO_AUTO_FREE char *path = fs_join(out, artifact), *stage = fs_dirname(out);
	PGO_AUTO(strbuf) command = STRBUF_INIT;
	PGO_AUTO_FREE char *map = xstrfmt("%s/maps/%s", stage, text_of(o, "map"));

	strbuf_addstr(&command, "pgoctl check --instrumented ");
	if (*text_of(o, "map")) {
		strbuf_addstr(&command, "--map ");
		strbuf_addquoted(&command, map);
		strbuf_addch(&command, ' ');
	}
	strbuf_addquoted(&command, path);
	log_warn("'%s': only %.1f %% of the functions, %.1f %% of the code have probes; see: %s",
		 artifact, 100 * json_number_value(json_object_get(o, "share_functions")),
		 100 * json_number_value(json_object_get(o, "share_bytes")), command.buf);
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
		tell_share(o, out, artifact);
}

void audit_stage_tell(const json_t *audits, const char *out)
{
	const json_t *o;
	size_t i;

	json_array_foreach(audits, i, o)
		tell(o, out);
}
