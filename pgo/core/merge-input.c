/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/merge-input.h"

#include <dirent.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/core/store.h"

void merge_inputs_release(struct merge_inputs *in)
{
	for (size_t i = 0; i < in->nr; i++) {
		free(in->v[i].path);
		free(in->v[i].name);
	}
	for (size_t i = 0; i < in->nr_bad; i++) {
		free(in->bad[i].path);
		pgo_err_release(&in->bad[i].err);
	}
	free(in->v);
	free(in->bad);
	strvec_release(&in->skipped);
	strvec_release(&in->paths);
	hashmap_release(&in->seen);
	bundle_release(&in->origin);
	bundle_release(&in->workloads);
	strvec_release(&in->workload_bundles);
	tempdir_release(&in->dir);
	*in = (struct merge_inputs)MERGE_INPUTS_INIT;
}

void merge_inputs_add_bad(struct merge_inputs *in, const char *path, uint64_t weight,
			  struct pgo_err *err)
{
	VEC_GROW(in->bad, in->nr_bad, in->alloc_bad);
	in->bad[in->nr_bad++] = (struct merge_bad){ xstrdup(path), weight, *err };
	*err = (struct pgo_err)PGO_ERR_INIT;
}

const struct merge_input *merge_inputs_find(const struct merge_inputs *in, const char *path)
{
	for (size_t i = 0; i < in->nr; i++) {
		const char *p = in->v[i].path;
		size_t len = strlen(p);

		if (!strncmp(path, p, len) &&
		    (!path[len] || path[len] == '/' || (len && p[len - 1] == '/')))
			return &in->v[i];
	}
	return NULL;
}

/* An input that cannot be read: the end, or noted. */
static int failed(struct merge_inputs *in, const char *path, uint64_t weight, int ret,
		  struct pgo_err *err)
{
	if (!in->collect_bad || (ret != -PGO_EFORMAT && ret != -PGO_EVERSION))
		return ret;
	merge_inputs_add_bad(in, path, weight, err);
	return 0;
}

static int check_family(const struct merge_inputs *in, const struct prof_format *format,
			const char *name, struct pgo_err *err)
{
	const struct merge_input *first = in->v;

	if (!format->family)
		return pgo_error_at(err, PGO_EUNSUP, name, -1,
				    "'%s' is of format %s, which cannot be merged", name,
				    format->name);
	if (!in->nr || !strcmp(first->format->family, format->family))
		return 0;
	return pgo_error_at(err, PGO_EMISMATCH, name, -1,
			    "'%s' is a profile of format %s, but '%s' is of %s: they cannot be "
			    "merged",
			    name, format->name, first->name, first->format->name);
}

static int push(struct merge_inputs *in, const char *path, const char *name, uint64_t weight,
		const struct prof_format *format, struct pgo_err *err)
{
	char *absolute = fs_absolute(name);
	bool is_new;
	int ret = check_family(in, format, name, err);

	strvec_push_take(&in->paths, absolute);
	if (ret)
		return ret;
	hashmap_put(&in->seen, absolute, strlen(absolute), &is_new);
	if (!is_new)
		log_warn("'%s' is given more than once: its counts are taken each time", name);
	VEC_GROW(in->v, in->nr, in->alloc);
	in->v[in->nr++] = (struct merge_input){ xstrdup(path), xstrdup(name), weight, format };
	return 0;
}

/* name is what the user calls the file at path, here and below. */
static int add_file(struct merge_inputs *in, const char *path, const char *name, uint64_t weight,
		    struct pgo_err *err)
{
	const struct prof_format *format;
	int ret = prof_identify(path, &format, err);

	if (ret)
		return failed(in, path, weight, ret, err);
	return push(in, path, name, weight, format, err);
}

static void agree_on(char **ours, const char *theirs)
{
	if (*ours && theirs && strcmp(*ours, theirs) != 0) {
		free(*ours);
		*ours = xstrdup("");
	}
}

/* Keep of origin what b says, too. */
static void agree(struct merge_inputs *in, struct bundle *b)
{
	struct bundle *o = &in->origin;

	if (!in->nr_bundles++) {
		*o = *b;
		*b = (struct bundle)BUNDLE_INIT;
		return;
	}
	agree_on(&o->family, b->family);
	agree_on(&o->version, b->version);
	agree_on(&o->banner, b->banner);
	agree_on(&o->target, b->target);
	agree_on(&o->technique, b->technique);
	agree_on(&o->source_sha256, b->source_sha256);
	agree_on(&o->work_root, b->work_root);
	agree_on(&o->machine, b->machine);
	if (o->commit && (!b->commit || strcmp(o->commit, b->commit) != 0))
		FREE_AND_NULL(o->commit);
	o->dirty |= b->dirty;
	if (o->major != b->major)
		o->major = 0;
	if (o->llvm_major != b->llvm_major)
		o->llvm_major = 0;
	if (o->cflags.nr != b->cflags.nr)
		strvec_clear(&o->cflags);
	for (size_t i = 0; i < o->cflags.nr; i++)
		if (strcmp(o->cflags.v[i], b->cflags.v[i]) != 0) {
			strvec_clear(&o->cflags);
			break;
		}
}

/* By how much more than their weights say the counts of b's workloads are in its profile. */
static double scale_of(const struct bundle *b)
{
	double sum = 0;

	for (size_t i = 0; i < b->nr_workloads; i++)
		sum += b->workloads[i].weight * (double)b->workloads[i].stats.total_count;
	return sum > 0 && b->nr_payloads ? (double)b->payloads[0].stats.total_count / sum : 1;
}

static void take_workloads(struct merge_inputs *in, struct bundle *b, const char *path,
			   uint64_t weight)
{
	const double by = scale_of(b) * (double)weight;

	for (size_t i = 0; i < b->nr_workloads; i++) {
		struct bundle_workload *w = bundle_add_workload(&in->workloads);

		*w = b->workloads[i];
		w->weight *= by;
		strvec_push(&in->workload_bundles, fs_basename(path));
	}
	FREE_AND_NULL(b->workloads);
	b->nr_workloads = 0;
}

/* The payload that is of the family of what there is already; else the first. */
static int push_payload(struct merge_inputs *in, const struct bundle *b, const char *dir,
			const char *name, uint64_t weight, struct pgo_err *err)
{
	for (size_t i = 0; i < b->nr_payloads; i++) {
		PGO_AUTO_FREE char *path = fs_join(dir, b->payloads[i].path);
		const struct prof_format *format;
		int ret = prof_identify(path, &format, err);

		if (ret)
			return ret;
		if (i + 1 == b->nr_payloads || !check_family(in, format, name, NULL))
			return push(in, path, name, weight, format, err);
	}
	return pgo_error_at(err, PGO_EFORMAT, name, -1, "'%s' holds no profile", name);
}

static int add_bundle(struct merge_inputs *in, const char *path, const char *name, uint64_t weight,
		      struct pgo_err *err)
{
	PGO_AUTO(bundle) b = BUNDLE_INIT;
	PGO_AUTO_FREE char *dir = NULL;
	int ret = in->dir.path ? 0 : tempdir_make(&in->dir, NULL, err);

	if (ret)
		return ret;
	dir = xstrfmt("%s/%zu", in->dir.path, in->nr);
	ret = fs_mkdir_p(dir, err);
	if (ret)
		return ret;
	ret = bundle_read(path, dir, &b, err);
	if (ret)
		return failed(in, path, weight, ret, err);
	ret = push_payload(in, &b, dir, name, weight, err);
	if (ret)
		return ret;
	take_workloads(in, &b, name, weight);
	agree(in, &b);
	return 0;
}

struct below {
	struct merge_inputs *in;
	char *output; /* absolute, or NULL */
	uint64_t weight;
	size_t nr_found;
};

/* What a name says that this is to be. */
static const struct prof_format *format_by_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; prof_formats[i]; i++) {
		size_t n = strlen(prof_formats[i]->suffix);

		if (n && len > n && !strcmp(name + len - n, prof_formats[i]->suffix))
			return prof_formats[i];
	}
	return NULL;
}

static int add_below(const char *path, const char *rel, const struct stat *st, void *arg,
		     struct pgo_err *err)
{
	struct below *b = arg;
	PGO_AUTO_FREE char *absolute = b->output ? fs_absolute(path) : NULL;
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	const struct prof_format *format;
	int ret;

	if (!S_ISREG(st->st_mode) || (absolute && !strcmp(absolute, b->output)))
		return 0;
	ret = prof_identify(path, &format, &why);
	if (ret == -PGO_EFORMAT && !format_by_name(rel)) {
		strvec_push(&b->in->skipped, path);
		return 0;
	}
	b->nr_found++;
	if (!ret)
		return push(b->in, path, path, b->weight, format, err);
	ret = failed(b->in, path, b->weight, ret, &why);
	if (ret && err) {
		pgo_err_release(err);
		*err = why;
		why = (struct pgo_err)PGO_ERR_INIT;
	}
	return ret;
}

/* A tree is read as a whole, so a profile of another family that lies in it would be lost. */
static int check_tree(const struct merge_inputs *in, const char *path,
		      const struct prof_format *format, struct pgo_err *err)
{
	PGO_AUTO_FREE char *output = in->output ? fs_absolute(in->output) : NULL;
	DIR *d = opendir(path);
	const struct prof_format *other;
	const struct dirent *e;
	int ret = 0;

	while (d && !ret && (e = readdir(d))) {
		PGO_AUTO_FREE char *file = NULL, *absolute = NULL;

		other = format_by_name(e->d_name);
		if (!other || other == format)
			continue;
		file = fs_join(path, e->d_name);
		absolute = fs_absolute(file);
		if (output && !strcmp(absolute, output))
			continue;
		ret = pgo_error_at(err, PGO_EMISMATCH, path, -1,
				   "'%s' is a tree of format %s, but holds '%s', too", path,
				   format->name, e->d_name);
		pgo_err_hint(err, "move it away, or name what is to be merged file by file");
	}
	if (d)
		closedir(d);
	return ret;
}

static int add_folder(struct merge_inputs *in, const char *path, uint64_t weight,
		      struct pgo_err *err)
{
	struct below b = { .in = in, .weight = weight };
	const struct prof_format *format;
	int ret;

	if (!prof_identify(path, &format, NULL)) {
		ret = check_tree(in, path, format, err);
		return ret ? ret : push(in, path, path, weight, format, err);
	}
	b.output = in->output ? fs_absolute(in->output) : NULL;
	ret = fs_walk(path, add_below, &b, err);
	free(b.output);
	if (ret || b.nr_found)
		return ret;
	pgo_error_at(err, PGO_ENOTFOUND, path, -1, "there is no profile below '%s'", path);
	return pgo_err_hint(err,
			    "a process writes its profile when it ends: by exit() or a return "
			    "from main");
}

int merge_inputs_add(struct merge_inputs *in, const char *path, uint64_t weight,
		     struct pgo_err *err)
{
	PGO_AUTO_FREE char *file = NULL;
	int ret;

	if (fs_is_dir(path))
		return add_folder(in, path, weight, err);
	ret = store_locate(path, NULL, NULL, &file, err);
	if (ret)
		return ret;
	return bundle_is(file) ? add_bundle(in, file, path, weight, err)
			       : add_file(in, file, path, weight, err);
}

int merge_inputs_add_weighted(struct merge_inputs *in, const char *text, struct pgo_err *err)
{
	const char *comma = strchr(text, ',');
	PGO_AUTO_FREE char *number = xstrndup(text, comma ? (size_t)(comma - text) : 0);
	uint64_t weight;

	if (!comma || !comma[1] || !num_parse_u64(number, &weight) || !weight) {
		pgo_error(err, PGO_EUSAGE, "'%s' is no weighted input", text);
		return pgo_err_hint(err, "a whole number from 1, a comma and a path: 3,a.profraw");
	}
	return merge_inputs_add(in, comma + 1, weight, err);
}

/* A comma belongs to the path unless a number is before it. */
static bool begins_with_weight(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	return digits && line[digits] == ',';
}

static int add_line(struct merge_inputs *in, char *line, struct pgo_err *err)
{
	size_t len = strlen(line);

	while (*line == ' ' || *line == '\t') {
		line++;
		len--;
	}
	while (len && strchr(" \t\r", line[len - 1]))
		line[--len] = '\0';
	if (!len || *line == '#')
		return 0;
	return begins_with_weight(line) ? merge_inputs_add_weighted(in, line, err)
					: merge_inputs_add(in, line, 1, err);
}

int merge_inputs_add_list(struct merge_inputs *in, const char *file, struct pgo_err *err)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	unsigned nr = 1;
	char *line, *next;
	int ret = fs_read_file(file, &text, err);

	if (ret)
		return ret;
	if (strlen(text.buf) != text.len)
		return pgo_error_at(err, PGO_EUSAGE, file, (int64_t)strlen(text.buf),
				    "'%s' is no list of files: it holds a NUL byte", file);
	for (line = text.buf; !ret && line; line = next, nr++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		ret = add_line(in, line, err);
		if (ret)
			pgo_err_prefix(err, "line %u of '%s'", nr, file);
	}
	return ret;
}
