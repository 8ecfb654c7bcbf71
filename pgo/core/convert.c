/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/convert.h"

#include <stdio.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/opt.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/bundle.h"
#include "profiles/format.h"
#include "profiles/llvm.h"

char *convert_default_output(const char *input, const char *to)
{
	PGO_AUTO_FREE char *path = xstrdup(input);
	size_t len = strlen(path), stem;
	const char *dot;

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	dot = strrchr(fs_basename(path), '.');
	stem = dot && dot != fs_basename(path) ? (size_t)(dot - path) : len;
	return xstrfmt("%.*s.%s", (int)stem, path, to);
}

static int check_format(const char *to, struct pgo_err *err)
{
	static const char *const formats[] = { "profdata",	"proftext",  "gcda", "unsymbolized",
					       "preaggregated", "collapsed", NULL };
	const char *near;

	for (size_t i = 0; formats[i]; i++)
		if (!strcmp(to, formats[i]))
			return 0;
	near = opt_nearest(to, formats);
	pgo_error(err, PGO_EUSAGE, "unknown format '%s'", to);
	return pgo_err_hint(err,
			    near ? "did you mean %s?"
				 : "formats: profdata, proftext, gcda, unsymbolized, "
				   "preaggregated, collapsed",
			    near);
}

static int to_llvm(const char *file, bool text, unsigned major, const char *output,
		   struct pgo_err *err)
{
	const struct llvm_merge_opts opts = {
		.major = major ? major : llvm_majors()[0],
		.text = text,
		.jobs = 1,
	};
	const struct llvm_input input = { file, 1 };
	struct llvm_merge_result res;

	return llvm_merge(&input, 1, &opts, output, &res, err);
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

/* file is native: one LLVM profile, or a folder of .gcda. */
static int convert_native(const char *file, const char *name, const char *to, unsigned major,
			  const char *output, struct pgo_err *err)
{
	const struct prof_format *format;
	int ret = prof_identify(file, &format, err);
	bool from_gcda, to_gcda_tree = !strcmp(to, "gcda");

	if (ret)
		return ret;
	if (!format->read) {
		pgo_error(err, PGO_EMISMATCH, "'%s' is a %s, which cannot become %s", name,
			  format->name, to);
		return pgo_err_hint(err, "formats: unsymbolized, preaggregated, collapsed");
	}
	from_gcda = !strcmp(format->name, "gcda");
	if (from_gcda != to_gcda_tree)
		return pgo_error(err, PGO_EMISMATCH,
				 "'%s' holds a %s profile, which cannot become %s", name,
				 format->name, to);
	return from_gcda ? to_gcda(file, output, err)
			 : to_llvm(file, !strcmp(to, "proftext"), major, output, err);
}

static int convert_bundle(const char *input, const char *to, unsigned major, const char *output,
			  struct pgo_err *err)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO_FREE char *file = NULL;
	bool gcda = !strcmp(to, "gcda");
	int ret = tempdir_make(&dir, NULL, err);

	if (!ret)
		ret = bundle_read(input, dir.path, &b, err);
	if (ret)
		return ret;
	for (size_t i = 0; !file && i < b.nr_payloads; i++)
		if (gcda == !strcmp(b.payloads[i].format, "gcda"))
			file = fs_join(dir.path, b.payloads[i].path);
	if (!file)
		return pgo_error(err, PGO_EMISMATCH,
				 "'%s' is a profile for %s: it has nothing for %s", input, b.family,
				 to);
	/* What the compiler is to read leaves the bundle as it went in, byte for byte. */
	if (!strcmp(to, "profdata") && (!major || major == b.llvm_major))
		return copy_whole(file, output, err);
	return convert_native(file, input, to, major ? major : b.llvm_major, output, err);
}

int convert_profile(const char *input, const char *to, unsigned llvm_major, const char *output,
		    struct pgo_err *err)
{
	int ret = check_format(to, err);

	if (ret)
		return ret;
	return bundle_is(input) ? convert_bundle(input, to, llvm_major, output, err)
				: convert_native(input, input, to, llvm_major, output, err);
}
