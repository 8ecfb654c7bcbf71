/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/convert.h"

#include <stdio.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/opt.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/bundle.h"
#include "pgo/core/other-llvm.h"
#include "pgo/core/store.h"
#include "profiles/format.h"
#include "profiles/llvm.h"

/* What --to takes. form is the name of the format that is written. */
struct target {
	const char *name, *family, *form, *suffix;
	bool text;
};

static const struct target targets[] = {
	{ "profdata", "llvm", "llvm-indexed", "profdata", false },
	{ "proftext", "llvm", "llvm-text", "proftext", true },
	{ "gcda", "gcda", "gcda", "gcda", false },
	{ "sample-text", "llvm-sample", "llvm-sample-text", "sample.txt", true },
	{ "sample-binary", "llvm-sample", "llvm-sample-binary", "sample.bin", false },
	{ "sample-extbinary", "llvm-sample", "llvm-sample-extbinary", "sample.prof", false },
	{ "afdo-1", "gcc-afdo", "gcc-afdo-1", "afdo", false },
	{ "afdo-2", "gcc-afdo", "gcc-afdo-2", "afdo", false },
	{ "fdata", "bolt-fdata", "bolt-fdata", "fdata", true },
	/* Of recordings alone: convert-samples.h. */
	{ "unsymbolized", "samples", NULL, "unsymbolized", true },
	{ "preaggregated", "samples", NULL, "preaggregated", true },
	{ "collapsed", "samples", NULL, "collapsed", true },
};
#define NR_TARGETS ARRAY_SIZE(targets)

static const struct target *find_target(const char *name)
{
	for (size_t i = 0; i < NR_TARGETS; i++)
		if (!strcmp(targets[i].name, name))
			return &targets[i];
	return NULL;
}

void convert_add_formats(struct strbuf *sb)
{
	for (size_t i = 0; i < NR_TARGETS; i++)
		strbuf_addf(sb, "%s%s",
			    !i			 ? ""
			    : i + 1 < NR_TARGETS ? ", "
						 : " or ",
			    targets[i].name);
}

void convert_list_profiles(struct strvec *names)
{
	for (size_t i = 0; i < NR_TARGETS; i++)
		if (targets[i].form)
			strvec_push(names, targets[i].name);
}

char *convert_default_output(const char *input, const char *to)
{
	PGO_AUTO_FREE char *path = xstrdup(store_is_name(input) ? store_which(input) : input);
	const struct target *t = find_target(to);
	size_t len = strlen(path), stem;
	const char *dot;

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	dot = strrchr(fs_basename(path), '.');
	stem = dot && dot != fs_basename(path) ? (size_t)(dot - path) : len;
	return xstrfmt("%.*s.%s", (int)stem, path, t ? t->suffix : to);
}

static int check_format(const char *to, const struct target **ret, struct pgo_err *err)
{
	const char *names[NR_TARGETS + 1] = { NULL }, *near;
	PGO_AUTO(strbuf) all = STRBUF_INIT;

	*ret = find_target(to);
	if (*ret)
		return 0;
	for (size_t i = 0; i < NR_TARGETS; i++)
		names[i] = targets[i].name;
	near = opt_nearest(to, names);
	convert_add_formats(&all);
	pgo_error(err, PGO_EUSAGE, "unknown format '%s'", to);
	return near ? pgo_err_hint(err, "did you mean %s?", near)
		    : pgo_err_hint(err, "formats: %s", all.buf);
}

static int check_free(const char *dir, const char *output, struct pgo_err *err)
{
	PGO_AUTO_FREE char *from = fs_absolute(dir), *to = fs_absolute(output);
	size_t len = strlen(from);

	if (fs_exists(output)) {
		pgo_error(err, PGO_EUSAGE, "'%s' is there already", output);
		return pgo_err_hint(err, "name another folder with -o");
	}
	if (!strncmp(to, from, len) && to[len] == '/')
		return pgo_error(err, PGO_EUSAGE, "'%s' lies below '%s', which is to be copied",
				 output, dir);
	return 0;
}

static int to_gcda(const char *dir, const char *output, struct pgo_err *err)
{
	PGO_AUTO_FREE char *to = fs_absolute(output),
			   *tmp = xstrfmt("%s.tmp-%ld", to, (long)getpid());
	int ret = check_free(dir, output, err);

	if (ret)
		return ret;
	ret = fs_copy_tree(dir, tmp, NULL, NULL, err);
	if (!ret && rename(tmp, to))
		ret = pgo_error_errno(err, "cannot rename '%s'", tmp);
	if (ret)
		fs_remove_tree(tmp, NULL);
	return ret;
}

static int copy_whole(const char *file, const char *output, struct pgo_err *err)
{
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	int ret = fs_view_open(&view, file, err);

	return ret ? ret : fs_write_atomic(output, view.data, view.len, 0666, err);
}

struct conversion {
	const struct convert_opts *opts;
	const struct target *to;
	unsigned llvm_major;
	struct strvec *lost;
};

static int write_form(const struct conversion *c, const struct prof_format *from, const char *file,
		      const struct target *to, const char *output, struct prof_merge_result *res,
		      struct pgo_err *err)
{
	const struct prof_input input = { file, 1 };
	const struct prof_merge_opts opts = {
		.llvm_major = c->llvm_major, .text = to->text, .to = to->form
	};

	return other_llvm_merge(from, &input, 1, &opts, output, res, err);
}

/* LLVM's text has no place for some things: what it loses shows when it becomes binary again. */
static int check_llvm_text(const struct conversion *c, const struct prof_format *from,
			   const char *file, const char *text, struct pgo_err *err)
{
	bool loses = false;
	int ret = other_llvm_text_loses(from, file, text, other_llvm_reader(c->llvm_major), &loses,
					err);

	if (!ret && loses)
		strvec_push(c->lost, LLVM_TEXT_LOSES);
	return ret;
}

static int convert_file(const struct conversion *c, const struct prof_format *from,
			const char *file, const char *output, struct pgo_err *err)
{
	PGO_AUTO_FREE char *tmp = xstrfmt("%s.tmp-%ld", output, (long)getpid());
	struct prof_merge_result res = { 0 };
	int ret = write_form(c, from, file, c->to, tmp, &res, err);

	if (!ret && res.lost)
		strvec_push(c->lost, res.lost);
	if (!ret && !strcmp(c->to->form, "llvm-text"))
		ret = check_llvm_text(c, from, file, tmp, err);
	if (!ret && c->opts->strict && c->lost->nr) {
		ret = pgo_error(err, PGO_EUNSUP, "'%s' as %s would lose %s", file, c->to->name,
				c->lost->v[0]);
		pgo_err_hint(err, "leave --strict out to do without");
	}
	if (!ret && rename(tmp, output))
		ret = pgo_error_errno(err, "cannot rename '%s'", tmp);
	if (ret)
		unlink(tmp);
	return ret;
}

/* file is native: one profile, or a folder of .gcda. */
static int convert_native(const struct conversion *c, const char *file, const char *name,
			  const char *output, struct pgo_err *err)
{
	const struct prof_format *from;
	int ret = prof_identify(file, &from, err);

	if (ret)
		return ret;
	if (from->caps & PROF_CAP_SAMPLES) {
		pgo_error(err, PGO_EMISMATCH, "'%s' is a %s, which cannot become %s", name,
			  from->name, c->to->name);
		return pgo_err_hint(err,
				    "formats: unsymbolized, preaggregated, collapsed, sample-text, "
				    "sample-binary, sample-extbinary, afdo-1, afdo-2, fdata");
	}
	if (!from->family || !from->merge || strcmp(from->family, c->to->family) != 0)
		return pgo_error(err, PGO_EMISMATCH,
				 "'%s' holds a %s profile, which cannot become %s", name,
				 from->name, c->to->name);
	return from->caps & PROF_CAP_TREE ? to_gcda(file, output, err)
					  : convert_file(c, from, file, output, err);
}

static bool is_of_family(const char *format, const char *family)
{
	for (size_t i = 0; prof_formats[i]; i++)
		if (!strcmp(prof_formats[i]->name, format))
			return prof_formats[i]->family && !strcmp(prof_formats[i]->family, family);
	return false;
}

static int convert_bundle(struct conversion *c, const char *input, const char *output,
			  struct pgo_err *err)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	const struct bundle_payload *payload = NULL;
	PGO_AUTO_FREE char *file = NULL;
	int ret = tempdir_make(&dir, NULL, err);

	if (!ret)
		ret = bundle_read(input, dir.path, &b, err);
	if (ret)
		return ret;
	for (size_t i = 0; !payload && i < b.nr_payloads; i++)
		if (is_of_family(b.payloads[i].format, c->to->family))
			payload = &b.payloads[i];
	if (!payload)
		return pgo_error(err, PGO_EMISMATCH,
				 "'%s' is a profile for %s: it has nothing for %s", input, b.family,
				 c->to->name);
	file = fs_join(dir.path, payload->path);
	/* What the compiler is to read leaves the bundle as it went in, byte for byte. */
	if (!strcmp(payload->format, c->to->form) && !fs_is_dir(file) &&
	    (!c->llvm_major || c->llvm_major == b.llvm_major))
		return copy_whole(file, output, err);
	if (!c->llvm_major)
		c->llvm_major = b.llvm_major;
	ret = convert_native(c, file, input, output, err);
	/* The user knows the bundle, not what was taken out of it. */
	if (ret && err && err->path && !strcmp(err->path, file))
		pgo_err_prefix(err, "in '%s'", input);
	return ret;
}

int convert_profile(const char *input, const struct convert_opts *opts, const char *output,
		    struct strvec *lost, struct pgo_err *err)
{
	struct conversion c = { .opts = opts, .llvm_major = opts->llvm_major, .lost = lost };
	PGO_AUTO_FREE char *file = NULL;
	int ret = check_format(opts->to, &c.to, err);

	if (!ret)
		ret = store_locate(input, NULL, NULL, &file, err);
	if (ret)
		return ret;
	return bundle_is(file) ? convert_bundle(&c, file, output, err)
			       : convert_native(&c, file, input, output, err);
}
