/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/intake.h"

#include <dirent.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/bolt.h"
#include "pgo/core/other-llvm.h"
#include "profiles/format.h"
#include "profiles/gcda.h"
#include "profiles/llvm.h"

void intake_release(struct intake *in)
{
	free(in->path);
	bundle_release(&in->bundle);
	*in = (struct intake)INTAKE_INIT;
}

static bool wants_gcda(const struct project *p)
{
	return !strcmp(p->compiler->raw_format, "gcda");
}

static bool wants_samples(const struct project *p)
{
	return p->config.technique == TECHNIQUE_SAMPLE;
}

/* Of the formats that the compiler is given. */
static const char *wanted_family(const struct project *p)
{
	if (wants_samples(p))
		return wants_gcda(p) ? "gcc-afdo" : "llvm-sample";
	return wants_gcda(p) ? "gcda" : "llvm";
}

static const char *content_name(const struct project *p)
{
	if (wants_samples(p))
		return wants_gcda(p) ? "gcc.afdo" : "clang.afdo";
	return wants_gcda(p) ? "gcc" : "clang.profdata";
}

static bool is_of_family(const char *format_name, const char *family)
{
	for (size_t i = 0; prof_formats[i]; i++)
		if (!strcmp(prof_formats[i]->name, format_name))
			return prof_formats[i]->family && !strcmp(prof_formats[i]->family, family);
	return false;
}

static const struct bundle_payload *find_payload(const struct bundle *b, const char *family)
{
	for (size_t i = 0; i < b->nr_payloads; i++)
		if (is_of_family(b->payloads[i].format, family))
			return &b->payloads[i];
	return NULL;
}

static int wrong_family(const struct project *p, const char *file, const char *what,
			struct pgo_err *err)
{
	pgo_error(err, PGO_EMISMATCH, "'%s' is %s, but the project's compiler is %s", file, what,
		  p->cc.banner);
	return pgo_err_hint(err,
			    "name the compiler that it was made for in toolchain.cc, or collect a "
			    "profile with this one: pgoctl collect");
}

/* One of the other technique: the file may be good, but not for this build. */
static int wrong_technique(const struct project *p, const char *file, const char *what,
			   struct pgo_err *err)
{
	const char *technique = technique_name(p->config.technique);

	pgo_error(err, PGO_EMISMATCH, "'%s' is %s, but the project's technique is '%s'", file, what,
		  technique);
	return pgo_err_hint(err, "set profile.technique in pgo.yaml to what the profile is of");
}

/* The .afdo version that a gcc reads. Source: as of profiles/fmt-gcc-afdo.c; gcc 12.2, by trial. */
#define FIRST_AFDO_2 12

static int check_samples(const struct project *p, const char *file, struct pgo_err *err)
{
	const struct prof_read_opts opts = { p->cc.llvm_major };
	const char *wanted = p->cc.major >= FIRST_AFDO_2 ? "gcc-afdo-2" : "gcc-afdo-1";
	PGO_AUTO(profile) model = PROFILE_INIT;
	const struct prof_format *format;
	int ret = prof_identify(file, &format, err);

	if (!ret)
		ret = prof_read(file, &opts, &model, err);
	if (ret || !wants_gcda(p) || !strcmp(format->name, wanted))
		return ret;
	pgo_error(err, PGO_EMISMATCH, "'%s' is of format %s, but %s reads %s", file, format->name,
		  p->cc.banner, wanted);
	return pgo_err_hint(err, "pgoctl convert %s --to %s -o %s", file,
			    strcmp(wanted, "gcc-afdo-2") ? "afdo-1" : "afdo-2", "gcc.afdo");
}

/* .gcda files are only read by the GCC that wrote them. */
static int check_bundle(const struct project *p, const char *file, const struct bundle *b,
			struct pgo_err *err)
{
	if (wants_gcda(p) != !strcmp(b->family, "gcc") ||
	    (wants_gcda(p) && !wants_samples(p) && strcmp(b->version, p->cc.version) != 0)) {
		PGO_AUTO_FREE char *what = xstrfmt("a profile for %s %s", b->family, b->version);

		return wrong_family(p, file, what, err);
	}
	if (strcmp(b->work_root, p->work) != 0)
		log_warn(
			"the profile was collected below '%s': functions that carry an absolute "
			"source "
			"path in their names will not be found",
			b->work_root);
	return 0;
}

/* Lay the .gcda files of a bare tree out under the names that gcc -fprofile-use=DIR looks for. */
struct mangle {
	const char *build_dir; /* that relative names are below */
	const char *work;      /* what is cut from the names in a bundle */
	const char *dst;
};

/* A tree comes from GCOV_PREFIX (with the whole path of each object), from -fprofile-generate=DIR
 * (mangled names), out of a bundle (the same, cut), or from beside the objects (relative ones). */
static char *name_for_use(const struct mangle *m, const char *rel)
{
	PGO_AUTO_FREE char *absolute = xstrfmt("/%s", rel);
	PGO_AUTO_FREE char *object = fs_join(m->build_dir, rel);

	if (strchr(rel, '#')) {
		PGO_AUTO_FREE char *root = gcc_mangle_path(m->work);
		const char *name = fs_basename(rel);

		return *name == '#' ? xstrdup(name) : xstrfmt("%s#%s", root, name);
	}
	if (!strncmp(absolute, GCC_PROFILE_ROOT "/", strlen(GCC_PROFILE_ROOT) + 1) ||
	    !strncmp(absolute, m->build_dir, strlen(m->build_dir)))
		return gcc_mangle_path(absolute);
	return gcc_mangle_path(object);
}

static int mangle_one(const char *path, const char *rel, const struct stat *st, void *arg,
		      struct pgo_err *err)
{
	const struct mangle *m = arg;
	size_t len = strlen(rel);
	PGO_AUTO_FREE char *name = NULL, *dst = NULL;

	if (!S_ISREG(st->st_mode) || len < 5 || strcmp(rel + len - 5, ".gcda") != 0)
		return 0;
	name = name_for_use(m, rel);
	if (strlen(fs_basename(name)) > 255) {
		pgo_error(err, PGO_ELIMIT,
			  "GCC's name for the profile of '%s' is longer than a file name "
			  "may be",
			  rel);
		return pgo_err_hint(err, "move the project to a shorter path");
	}
	dst = fs_join(m->dst, name);
	if (fs_exists(dst)) {
		pgo_error(err, PGO_EMISMATCH,
			  "there are two profiles of one object, of which '%s' is the "
			  "second",
			  path);
		return pgo_err_hint(err, "merge them: gcov-tool merge, or pgoctl collect");
	}
	return fs_copy_file(path, dst, err);
}

static int mangle_tree(const struct project *p, const char *tree, const char *dst,
		       struct pgo_err *err)
{
	PGO_AUTO_FREE char *build_dir = project_build_dir(p);
	struct mangle m = { build_dir, p->work, dst };
	int ret = fs_mkdir_p(dst, err);

	return ret ? ret : fs_walk(tree, mangle_one, &m, err);
}

/* Laid out anew whenever it is asked for: one that is not in use only takes room. */
static int remove_others(struct project *p, const char *id, struct pgo_err *err)
{
	PGO_AUTO_FREE char *root = project_path(p, "profile");
	DIR *dir = opendir(root);
	const struct dirent *d;
	int ret = 0;

	if (!dir)
		return pgo_error_errno(err, "cannot read '%s'", root);
	while (!ret && (d = readdir(dir))) {
		PGO_AUTO_FREE char *path = fs_join(root, d->d_name);

		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
		    strcmp(d->d_name, "new") != 0 && strcmp(d->d_name, id) != 0)
			ret = fs_remove_tree(path, err);
	}
	closedir(dir);
	return ret;
}

/* Put a finished layout in its place; one that is already there has the same content. */
static int settle(struct project *p, const char *tmp, const char *content, struct intake *in,
		  struct pgo_err *err)
{
	struct bundle_payload sum = { 0 };
	PGO_AUTO_FREE char *dir = NULL;
	int ret = bundle_hash_payload(content, &sum, err);

	if (ret)
		return ret;
	memcpy(in->id, sum.sha256, sizeof(in->id));
	free(sum.sha256);
	dir = project_path(p, "profile/%s", in->id);
	in->path = fs_join(dir, content + strlen(tmp) + 1);
	ret = remove_others(p, in->id, err);
	if (ret || fs_exists(in->path))
		return ret;
	ret = fs_remove_tree(dir, err);
	if (!ret && rename(tmp, dir))
		ret = pgo_error_errno(err, "cannot rename '%s'", tmp);
	return ret;
}

static int write_for_llvm(const struct project *p, const struct prof_format *format,
			  const char *name, const char *file, const char *content,
			  struct pgo_err *err)
{
	const struct prof_merge_opts opts = { .llvm_major = p->cc.llvm_major };
	const struct prof_input input = { file, 1 };
	struct prof_merge_result res = { 0 };
	int ret = other_llvm_merge(format, &input, 1, &opts, content, &res, err);

	if (!ret && res.lost)
		log_warn("'%s' for LLVM %u is without %s", name, p->cc.llvm_major, res.lost);
	return ret;
}

/*
 * file is indexed, and may be of a newer LLVM than the compiler that is to read it: then it is
 * written anew. They may be one file.
 */
static int fit_llvm(const struct project *p, const char *name, const char *file,
		    const char *content, struct pgo_err *err)
{
	PGO_AUTO(profile) model = PROFILE_INIT;
	PGO_AUTO_FREE char *again = NULL;
	const struct prof_format *format;
	int ret = llvm_read(file, other_llvm_reader(p->cc.llvm_major), &model, err);

	if (ret)
		return ret;
	if (llvm_reads_indexed(p->cc.llvm_major, model.version))
		return strcmp(file, content) != 0 ? fs_copy_file(file, content, err) : 0;
	log_info("'%s' is of a newer LLVM: written anew for LLVM %u", name, p->cc.llvm_major);
	again = xstrfmt("%s.new", content);
	ret = prof_identify(file, &format, err);
	if (!ret)
		ret = write_for_llvm(p, format, name, file, again, err);
	if (!ret && rename(again, content))
		ret = pgo_error_errno(err, "cannot rename '%s'", again);
	return ret;
}

static int lay_out_llvm(const struct project *p, const struct prof_format *format, const char *file,
			const char *content, struct pgo_err *err)
{
	return strcmp(format->name, "llvm-indexed") != 0
		       ? write_for_llvm(p, format, file, file, content, err)
		       : fit_llvm(p, file, file, content, err);
}

static int check_gcda(const struct project *p, const char *file, struct pgo_err *err)
{
	PGO_AUTO(profile) model = PROFILE_INIT;
	PGO_AUTO_FREE char *what = NULL;
	int ret = gcda_read(file, &model, err);

	if (ret || model.version == p->cc.major)
		return ret;
	what = xstrfmt("a profile of GCC %llu", (unsigned long long)model.version);
	return wrong_family(p, file, what, err);
}

static bool is_for_other_technique(const struct project *p, const struct prof_format *format)
{
	static const char *const of_gcc[] = { "gcda", "gcc-afdo", "bolt-fdata", NULL };
	static const char *const of_clang[] = { "llvm", "llvm-sample", "bolt-fdata", NULL };
	const char *const *families = wants_gcda(p) ? of_gcc : of_clang;

	if (format->caps & PROF_CAP_SAMPLES)
		return true;
	for (; format->family && *families; families++)
		if (!strcmp(*families, format->family))
			return true;
	return false;
}

static int lay_out_native(struct project *p, const char *file, const char *tmp, struct intake *in,
			  char **content, struct pgo_err *err)
{
	const struct prof_format *format;
	bool gcda;
	int ret = prof_identify(file, &format, err);

	if (ret)
		return ret;
	gcda = !strcmp(format->name, "gcda");
	if (!format->family || strcmp(format->family, wanted_family(p)) != 0) {
		PGO_AUTO_FREE char *what = xstrfmt("a profile of format %s", format->name);

		return is_for_other_technique(p, format) ? wrong_technique(p, file, what, err)
							 : wrong_family(p, file, what, err);
	}
	*content = fs_join(tmp, content_name(p));
	in->profile.full_names = gcda;
	if (wants_samples(p)) {
		ret = check_samples(p, file, err);
		return ret ? ret : fs_copy_file(file, *content, err);
	}
	if (!gcda)
		return lay_out_llvm(p, format, file, *content, err);
	if (!fs_is_dir(file))
		return pgo_error(err, PGO_EFORMAT, "'%s' is one .gcda file: give the folder", file);
	ret = check_gcda(p, file, err);
	return ret ? ret : mangle_tree(p, file, *content, err);
}

/* A bundle of bare profiles: what is in it is taken as they are. */
static int lay_out_bare(struct project *p, const char *file, const char *tmp, struct intake *in,
			char **content, struct pgo_err *err)
{
	const struct bundle *b = &in->bundle;
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO(bundle) again = BUNDLE_INIT;
	PGO_AUTO_FREE char *payload = NULL;
	int ret = tempdir_make(&dir, NULL, err);

	if (!ret && b->nr_payloads != 1)
		ret = pgo_error(err, PGO_EFORMAT, "'%s' holds not one profile, but %zu", file,
				b->nr_payloads);
	if (!ret)
		ret = bundle_read(file, dir.path, &again, err);
	if (ret)
		return ret;
	payload = fs_join(dir.path, b->payloads[0].path);
	ret = lay_out_native(p, payload, tmp, in, content, err);
	return ret ? pgo_err_prefix(err, "in '%s'", file) : 0;
}

static int lacks_payload(const struct project *p, const char *file, const struct bundle *b,
			 struct pgo_err *err)
{
	PGO_AUTO_FREE char *what = xstrfmt("a profile of technique '%s'", b->technique);

	if (strcmp(b->technique, technique_name(p->config.technique)) != 0)
		return wrong_technique(p, file, what, err);
	return pgo_error(err, PGO_EMISMATCH, "'%s' has no profile for %s", file, p->cc.family);
}

static int lay_out_bundle(struct project *p, const char *file, const char *tmp, struct intake *in,
			  char **content, struct pgo_err *err)
{
	const struct bundle_payload *payload;
	int ret = bundle_read(file, NULL, &in->bundle, err);

	if (!ret && !*in->bundle.work_root)
		return lay_out_bare(p, file, tmp, in, content, err);
	bundle_release(&in->bundle);
	if (!ret)
		ret = bundle_read(file, tmp, &in->bundle, err);
	if (!ret)
		ret = check_bundle(p, file, &in->bundle, err);
	if (ret)
		return ret;
	payload = find_payload(&in->bundle, wanted_family(p));
	if (!payload)
		return lacks_payload(p, file, &in->bundle, err);
	*content = fs_join(tmp, payload->path);
	if (wants_samples(p))
		return check_samples(p, *content, err);
	return wants_gcda(p) ? 0 : fit_llvm(p, file, *content, *content, err);
}

static int no_profile(const char *file, struct pgo_err *err)
{
	pgo_error(err, PGO_ENOTFOUND, "there is no profile '%s'", file);
	return pgo_err_hint(err, "pgoctl collect -o %s", file);
}

int intake_open(struct project *p, const char *file, struct intake *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *abs = fs_absolute(file);
	PGO_AUTO_FREE char *tmp = project_path(p, "profile/new");
	PGO_AUTO_FREE char *content = NULL;
	PGO_AUTO(intake) in = INTAKE_INIT;
	int r;

	if (!fs_exists(abs))
		return no_profile(file, err);
	r = fs_remove_tree(tmp, err);
	if (!r)
		r = fs_mkdir_p(tmp, err);
	if (!r)
		r = bundle_is(abs) ? lay_out_bundle(p, abs, tmp, &in, &content, err)
				   : lay_out_native(p, abs, tmp, &in, &content, err);
	if (!r)
		r = settle(p, tmp, content, &in, err);
	fs_remove_tree(tmp, NULL);
	if (r)
		return r;
	in.profile.path = in.path;
	*ret = in;
	ret->profile.id = ret->id;
	in = (struct intake)INTAKE_INIT;
	return 0;
}

static int unpack_bolt(struct project *p, const char *file, const char *dir, struct pgo_err *err)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	int ret = bundle_read(file, dir, &b, err);

	if (!ret && *b.work_root)
		ret = check_bundle(p, file, &b, err);
	if (ret || find_payload(&b, BOLT_FORMAT))
		return ret;
	pgo_error(err, PGO_EMISMATCH, "'%s' has no profile for BOLT", file);
	return pgo_err_hint(err, "pgoctl collect, with this pgo.yaml, makes one that has it");
}

static int copy_bolt(const struct project *p, const char *file, const char *dir,
		     struct pgo_err *err)
{
	PGO_AUTO_FREE char *dst = fs_join(dir, "bolt.fdata");
	PGO_AUTO(profile) model = PROFILE_INIT;
	const struct prof_read_opts opts = { 0 };
	const struct prof_format *format;
	int ret = prof_identify(file, &format, err);

	if (ret)
		return ret;
	if (strcmp(format->name, BOLT_FORMAT) != 0) {
		PGO_AUTO_FREE char *what = xstrfmt("a profile of format %s, not BOLT's",
						   format->name);

		return wrong_technique(p, file, what, err);
	}
	ret = prof_read(file, &opts, &model, err);
	return ret ? ret : fs_copy_file(file, dst, err);
}

int intake_bolt(struct project *p, const char *file, const char *dir, struct pgo_err *err)
{
	PGO_AUTO_FREE char *abs = fs_absolute(file);
	int ret = fs_exists(abs) ? fs_remove_tree(dir, err) : no_profile(file, err);

	if (!ret)
		ret = fs_mkdir_p(dir, err);
	if (ret)
		return ret;
	return bundle_is(abs) ? unpack_bolt(p, abs, dir, err) : copy_bolt(p, abs, dir, err);
}

int intake_plan(const struct project *p, struct intake *ret)
{
	ret->path = project_path(p, "profile/ID/%s", content_name(p));
	ret->profile = (struct stage_profile){ ret->path, ret->id, false };
	return 0;
}
