/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/merge-files.h"

#include <errno.h>
#include <stdio.h>

#include "pgo/base/fs.h"
#include "pgo/base/opt.h"
#include "pgo/core/consumer.h"
#include "pgo/core/convert.h"
#include "pgo/core/merge-join.h"
#include "pgo/core/merge-lost.h"

#define BUNDLE "bundle"

/* As pgoctl convert calls it: "sample-text" of "llvm-sample-text". */
static const char *short_name(const struct prof_format *f)
{
	static const char *const prefixes[] = { "llvm-", "gcc-" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(f->name, prefixes[i], strlen(prefixes[i])))
			return f->name + strlen(prefixes[i]);
	return f->name;
}

/* By its suffix, or its short name; family NULL: any. */
static const struct prof_format *find_form(const char *name, const char *family)
{
	for (size_t i = 0; prof_formats[i]; i++) {
		const struct prof_format *f = prof_formats[i];

		if (f->merge && (!strcmp(f->suffix + 1, name) || !strcmp(short_name(f), name)) &&
		    (!family || !strcmp(f->family, family)))
			return f;
	}
	return NULL;
}

static int unknown_form(const char *to, struct pgo_err *err)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;
	PGO_AUTO(strbuf) list = STRBUF_INIT;
	const char *near;

	strvec_push(&names, BUNDLE);
	convert_list_profiles(&names);
	for (size_t i = 0; i < names.nr; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", names.v[i]);
	near = opt_nearest(to, (const char *const *)names.v);
	pgo_error(err, PGO_EUSAGE, "unknown format '%s'", to);
	return near ? pgo_err_hint(err, "did you mean %s?", near)
		    : pgo_err_hint(err, "formats: %s", list.buf);
}

static int wrong_form(const struct merge_input *in, const char *to, struct pgo_err *err)
{
	return pgo_error_at(err, PGO_EMISMATCH, in->name, -1,
			    "'%s' is a profile of format %s, which cannot become %s", in->name,
			    in->format->name, to);
}

static int find_text(const struct merge_input *in, const struct prof_format **ret,
		     struct pgo_err *err)
{
	for (size_t i = 0; prof_formats[i]; i++) {
		const struct prof_format *f = prof_formats[i];

		if ((f->caps & PROF_CAP_TEXT) && f->family &&
		    !strcmp(f->family, in->format->family)) {
			*ret = f;
			return 0;
		}
	}
	return wrong_form(in, "text", err);
}

int merge_check_form(const char *to, struct pgo_err *err)
{
	return !strcmp(to, BUNDLE) || find_form(to, NULL) ? 0 : unknown_form(to, err);
}

/* By the output's name: "DIR/" for a tree, a suffix that a format has; NULL: a bundle. */
static int form_by_name(const struct merge_input *in, const char *output,
			const struct prof_format **ret, struct pgo_err *err)
{
	const char *dot = strrchr(fs_basename(output), '.');
	size_t len = strlen(output);

	*ret = NULL;
	if (len && output[len - 1] == '/') {
		*ret = in->format;
		return in->format->caps & PROF_CAP_TREE ? 0 : wrong_form(in, "a folder", err);
	}
	if (!dot || !find_form(dot + 1, NULL))
		return 0;
	*ret = find_form(dot + 1, in->format->family);
	return *ret ? 0 : wrong_form(in, dot + 1, err);
}

/* The native form to write, or NULL for a bundle. */
static int choose_form(const struct merge_input *in, const struct merge_request *req,
		       const struct prof_format **ret, struct pgo_err *err)
{
	*ret = NULL;
	if (req->to && !strcmp(req->to, BUNDLE))
		return 0;
	if (req->text)
		return find_text(in, ret, err);
	if (!req->to)
		return form_by_name(in, req->output, ret, err);
	*ret = find_form(req->to, in->format->family);
	return *ret ? 0 : wrong_form(in, req->to, err);
}

/* A merge in progress. */
struct session {
	struct merge_inputs *in;
	const struct merge_request *req;
	const struct prof_format *form; /* NULL: a bundle */
	struct prof_merge_opts opts;
	struct tool_version consumer;
	struct merge_outcome out;
};

static void session_release(struct session *s)
{
	tool_version_release(&s->consumer);
	merge_outcome_release(&s->out);
}
PGO_DEFINE_AUTO(session, session_release)

static int prepare(struct session *s, struct pgo_err *err)
{
	const struct merge_request *req = s->req;
	const struct merge_input *first = s->in->v;
	int ret = choose_form(first, req, &s->form, err);

	if (!ret && req->consumer)
		ret = consumer_find(req->consumer, &s->consumer, err);
	if (!ret && req->consumer)
		ret = consumer_check(&s->consumer, first->format, first->name, err);
	if (ret)
		return ret;
	s->opts = (struct prof_merge_opts){
		.llvm_major = req->consumer ? s->consumer.llvm_major : s->in->origin.llvm_major,
		.sparse = req->sparse,
		.text = s->form && (s->form->caps & PROF_CAP_TEXT),
		/* Some families have several binary forms. */
		.to = s->form && req->to && !strcmp(short_name(s->form), req->to) ? s->form->name
										  : NULL,
		.strip = req->strip,
		.prefix = req->prefix,
		.threads = req->threads,
	};
	s->out.is_bundle = !s->form;
	return 0;
}

static int describe_inputs(struct session *s, struct pgo_err *err)
{
	for (size_t i = 0; i < s->in->nr; i++) {
		const struct merge_input *in = &s->in->v[i];
		struct bundle_input *row = bundle_add_input(&s->out.bundle);
		struct bundle_payload sum = { 0 };
		int ret;

		row->path = xstrdup(in->name);
		row->format = xstrdup(in->format->name);
		row->weight = in->weight;
		if (!s->out.is_bundle)
			continue;
		ret = bundle_hash_payload(in->path, &sum, err);
		if (ret)
			return ret;
		row->files = sum.files;
		row->bytes = sum.bytes;
		row->sha256 = sum.sha256;
	}
	return 0;
}

static char *text_or_empty(char *text)
{
	return text ? text : xstrdup("");
}

static void take_origin(struct bundle *b, struct bundle *o)
{
	b->family = TAKE_PTR(o->family);
	b->version = TAKE_PTR(o->version);
	b->banner = TAKE_PTR(o->banner);
	b->target = TAKE_PTR(o->target);
	b->major = o->major;
	b->source_sha256 = TAKE_PTR(o->source_sha256);
	b->commit = TAKE_PTR(o->commit);
	b->dirty = o->dirty;
	b->work_root = TAKE_PTR(o->work_root);
	b->machine = TAKE_PTR(o->machine);
	b->technique = TAKE_PTR(o->technique);
	b->cflags = o->cflags;
	o->cflags = (struct strvec)STRVEC_INIT;
}

/* Those of all bundles; of several, with the bundle's name. */
static void take_workloads(struct bundle *b, struct merge_inputs *in)
{
	for (size_t i = 0; i < in->workloads.nr_workloads; i++) {
		struct bundle_workload *w = bundle_add_workload(b);

		*w = in->workloads.workloads[i];
		if (in->nr_bundles > 1) {
			w->name = xstrfmt("%s: %s", in->workload_bundles.v[i], w->name);
			free(in->workloads.workloads[i].name);
		}
	}
	FREE_AND_NULL(in->workloads.workloads);
	in->workloads.nr_workloads = 0;
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = xstrdup(by);
}

void merge_describe(struct bundle *b, const struct tool_version *consumer, unsigned llvm_major)
{
	if (consumer->family) {
		replace(&b->family, consumer->family);
		replace(&b->version, consumer->version);
		replace(&b->banner, consumer->banner);
		replace(&b->target, consumer->target);
		b->major = consumer->major;
	}
	b->llvm_major = llvm_major;
	replace(&b->tool, "pgoctl " PGOCTL_VERSION);
	b->family = text_or_empty(b->family);
	b->version = text_or_empty(b->version);
	b->banner = text_or_empty(b->banner);
	b->target = text_or_empty(b->target);
	b->technique = text_or_empty(b->technique);
	b->source_sha256 = text_or_empty(b->source_sha256);
	b->work_root = text_or_empty(b->work_root);
	b->machine = text_or_empty(b->machine);
}

static int write_bundle(struct session *s, const char *dir, struct pgo_err *err)
{
	struct bundle *b = &s->out.bundle;
	PGO_AUTO_FREE char *payload = fs_join(dir, b->payloads[0].path);
	int ret = bundle_hash_payload(payload, &b->payloads[0], err);

	if (ret)
		return ret;
	/* Where a profile is from is known when all inputs are bundles that say the same. */
	if (s->in->nr_bundles == s->in->nr && !s->req->strip && !s->req->prefix) {
		take_origin(b, &s->in->origin);
		take_workloads(b, s->in);
	}
	merge_describe(b, &s->consumer, s->opts.llvm_major);
	return bundle_write(b, dir, s->req->output, err);
}

/* Into its place; a folder never takes that of another. */
static int place_native(struct session *s, const char *dir, struct pgo_err *err)
{
	struct bundle_payload *p = &s->out.bundle.payloads[0];
	PGO_AUTO_FREE char *from = fs_join(dir, p->path);
	PGO_AUTO_FREE char *to = fs_absolute(s->req->output);

	if (strcmp(p->format, s->form->name) != 0)
		return pgo_error(err, PGO_EUNSUP, "profiles of format %s are not written, only %s",
				 s->form->name, p->format);
	if (rename(from, to))
		return pgo_error_errno(err, "cannot write '%s'", s->req->output);
	free(p->path);
	p->path = xstrdup(s->req->output);
	return 0;
}

/* Beside the output, so that it is put into its place by a rename. */
static int merge_beside(struct session *s, struct pgo_err *err)
{
	PGO_AUTO_FREE char *output = fs_absolute(s->req->output);
	PGO_AUTO_FREE char *parent = fs_dirname(output);
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	struct prof_merge_result res;
	int ret = tempdir_make(&dir, s->form ? parent : NULL, err);

	if (!ret)
		ret = merge_join(s->in, s->req, &s->opts, dir.path, &s->out.bundle, &res, err);
	if (!ret)
		ret = describe_inputs(s, err);
	if (ret)
		return ret;
	s->out.nr_files = res.nr_inputs;
	s->out.nr_builds = res.nr_builds;
	s->out.left_out = res.lost;
	return s->form ? place_native(s, dir.path, err) : write_bundle(s, dir.path, err);
}

/* What would only be found at the end. */
static int check_output(const struct session *s, struct pgo_err *err)
{
	const char *output = s->req->output;
	bool tree = s->form && (s->form->caps & PROF_CAP_TREE);
	struct stat st;

	if (stat(output, &st) || (!tree && S_ISREG(st.st_mode)))
		return 0;
	if (!tree)
		return pgo_error(err, PGO_EUSAGE, "cannot write '%s': it is no regular file",
				 output);
	pgo_error(err, PGO_EUSAGE, "'%s' is there already", output);
	return pgo_err_hint(err, "name another folder with -o");
}

int merge_files(struct merge_inputs *in, const struct merge_request *req, struct merge_outcome *ret,
		struct pgo_err *err)
{
	PGO_AUTO(session)
	s = { .in = in, .req = req, .out = MERGE_OUTCOME_INIT, .consumer = TOOL_VERSION_INIT };
	int r = in->nr ? 0 : merge_lost_move(in, req, &s.out.bundle, err);

	if (!r && !in->nr)
		r = merge_no_input(&s.out.bundle, err);
	if (!r)
		r = prepare(&s, err);
	if (!r)
		r = check_output(&s, err);
	if (!r)
		r = merge_beside(&s, err);
	if (r)
		return r;
	s.out.nr_skipped = in->skipped.nr;
	*ret = s.out;
	s.out = (struct merge_outcome)MERGE_OUTCOME_INIT;
	return 0;
}
