/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/other-llvm.h"

#include <inttypes.h>
#include <stdio.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "profiles/llvm.h"

static bool has_module(unsigned major)
{
	for (const unsigned *m = llvm_majors(); *m; m++)
		if (*m == major)
			return true;
	return false;
}

unsigned other_llvm_reader(unsigned major)
{
	return has_module(major) ? major : 0;
}

/* "llvm-profdata", or NULL, says that it is of this major. */
static bool is_of_major(const char *path, unsigned major)
{
	PGO_AUTO_FREE char *wanted = xstrfmt("LLVM version %u.", major);
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct child_result res;

	if (!path)
		return false;
	strvec_push(&c.argv, path);
	strvec_push(&c.argv, "--version");
	return !child_capture(&c, &text, false, &res, NULL) && strstr(text.buf, wanted);
}

static int find_tool(unsigned major, char **ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *name = xstrfmt("llvm-profdata-%u", major);
	PGO_AUTO_FREE char *plain = NULL;

	*ret = fs_which(name, getenv("PATH"), NULL);
	if (*ret)
		return 0;
	plain = fs_which("llvm-profdata", getenv("PATH"), NULL);
	if (is_of_major(plain, major)) {
		*ret = TAKE_PTR(plain);
		return 0;
	}
	pgo_error(err, PGO_ETOOL, "this pgoctl has no module for LLVM %u, and '%s' is not on PATH",
		  major, name);
	return pgo_err_hint(err, "apt-get install llvm-%u; or build pgoctl with --with-llvm=%u",
			    major, major);
}

/* Its last line, which tells why. */
static const char *last_line(struct strbuf *text)
{
	char *nl;

	while (text->len && text->buf[text->len - 1] == '\n')
		text->buf[--text->len] = '\0';
	nl = strrchr(text->buf, '\n');
	return nl ? nl + 1 : text->buf;
}

static int run_tool(const char *tool, bool sample, bool plain_binary, const char *text,
		    const char *out_path, struct pgo_err *err)
{
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(strbuf) said = STRBUF_INIT;
	struct child_result res;
	int ret;

	strvec_push(&c.argv, tool);
	strvec_push(&c.argv, "merge");
	if (sample) {
		strvec_push(&c.argv, "--sample");
		strvec_push(&c.argv, plain_binary ? "--binary" : "--extbinary");
	}
	strvec_push(&c.argv, text);
	strvec_push(&c.argv, "-o");
	strvec_push(&c.argv, out_path);
	ret = child_capture(&c, &said, true, &res, err);
	if (ret != -PGO_ECHILD)
		return ret;
	pgo_err_release(err);
	return pgo_error(err, PGO_EVERSION, "%s cannot read the profile: %s", fs_basename(tool),
			 said.len ? last_line(&said) : "it does not say why");
}

static int merge_one(const struct prof_format *format, const char *file, unsigned major, bool text,
		     const char *out_path, struct pgo_err *err)
{
	const struct prof_input input = { file, 1 };
	const struct prof_merge_opts opts = { .llvm_major = major, .text = text };
	struct prof_merge_result res;

	return format->merge(&input, 1, &opts, out_path, &res, err);
}

int other_llvm_text_loses(const struct prof_format *format, const char *file, const char *text,
			  unsigned major, bool *ret, struct pgo_err *err)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *direct = NULL, *again = NULL;
	bool same = true;
	int status = tempdir_make(&dir, NULL, err);

	if (status)
		return status;
	direct = fs_join(dir.path, "direct");
	again = fs_join(dir.path, "again");
	status = merge_one(format, file, major, false, direct, err);
	if (!status)
		status = merge_one(format, text, major, false, again, err);
	if (!status)
		status = fs_same_content(direct, again, &same, err);
	*ret = !same;
	return status;
}

static bool is_family(const struct prof_format *format, const char *family)
{
	return format->family && !strcmp(format->family, family);
}

/* Of what was written, as the tool chose it. */
static int note_version(const char *path, struct prof_merge_result *res, struct pgo_err *err)
{
	PGO_AUTO(profile) model = PROFILE_INIT;
	int ret = prof_read(path, NULL, &model, err);

	if (!ret)
		snprintf(res->version, sizeof(res->version), "%" PRIu64, model.version);
	return ret;
}

/* All inputs become one file first: they are read once. */
static int merge_by_text(const struct prof_format *format, const struct prof_input *inputs,
			 size_t nr, const struct prof_merge_opts *opts, const char *out_path,
			 struct prof_merge_result *res, struct pgo_err *err)
{
	const bool sample = is_family(format, "llvm-sample");
	const bool plain_binary = opts->to && strstr(opts->to, "sample-binary");
	struct prof_merge_opts o = *opts;
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *tool = NULL, *one = NULL, *text = NULL;
	bool loses = false;
	int ret = find_tool(opts->llvm_major, &tool, err);

	if (!ret)
		ret = tempdir_make(&dir, NULL, err);
	if (ret)
		return ret;
	one = fs_join(dir.path, "one");
	text = fs_join(dir.path, "text");
	o.llvm_major = 0;
	o.to = NULL;
	ret = format->merge(inputs, nr, &o, one, res, err);
	if (!ret)
		ret = merge_one(format, one, 0, true, text, err);
	if (!ret)
		ret = other_llvm_text_loses(format, one, text, 0, &loses, err);
	if (!ret)
		ret = run_tool(tool, sample, plain_binary, text, out_path, err);
	if (!ret)
		ret = note_version(out_path, res, err);
	if (!ret && loses)
		res->lost = LLVM_TEXT_LOSES;
	return ret;
}

int other_llvm_merge(const struct prof_format *format, const struct prof_input *inputs, size_t nr,
		     const struct prof_merge_opts *opts, const char *out_path,
		     struct prof_merge_result *res, struct pgo_err *err)
{
	const bool llvm = is_family(format, "llvm") || is_family(format, "llvm-sample");
	struct prof_merge_opts o = *opts;

	if (!llvm || !opts->llvm_major || has_module(opts->llvm_major))
		return format->merge(inputs, nr, opts, out_path, res, err);
	if (!opts->text)
		return merge_by_text(format, inputs, nr, opts, out_path, res, err);
	o.llvm_major = 0;
	return format->merge(inputs, nr, &o, out_path, res, err);
}
