/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/merge-lost.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"

int merge_limit_parse(const char *text, struct merge_limit *ret, struct pgo_err *err)
{
	struct merge_limit l = { 0 };

	l.is_share = num_parse_percent(text, &l.share);
	if (l.is_share ? l.share >= 0 && l.share < 1 : num_parse_u64(text, &l.nr_files)) {
		*ret = l;
		return 0;
	}
	pgo_error(err, PGO_EUSAGE, "option --max-lost wants a number of files or a share, not '%s'",
		  text);
	return pgo_err_hint(err, "for example --max-lost 3 or --max-lost 5%%");
}

/* Files, and files times their weights: what a file that cannot be read has counted is unknown. */
struct tally {
	uint64_t files, weight;
};

static void tally_add(struct tally *t, uint64_t files, uint64_t weight)
{
	t->files += files;
	t->weight = num_add_sat(t->weight, num_mul_sat(files, weight, NULL), NULL);
}

struct count {
	const char *suffix;
	uint64_t nr;
};

static int count_file(const char *path, const char *rel, const struct stat *st, void *arg,
		      struct pgo_err *err)
{
	struct count *c = arg;
	size_t len = strlen(rel), n = strlen(c->suffix);

	(void)path;
	(void)err;
	c->nr += !S_ISDIR(st->st_mode) && len > n && !strcmp(rel + len - n, c->suffix);
	return 0;
}

/* All there was: what is still an input, and what is lost already. */
static int tally_all(const struct merge_inputs *in, const struct bundle *lost, struct tally *all,
		     struct pgo_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < in->nr; i++) {
		const struct merge_input *input = &in->v[i];
		struct count c = { input->format->suffix, 0 };

		if (fs_is_dir(input->path))
			ret = fs_walk(input->path, count_file, &c, err);
		else
			c.nr = 1;
		tally_add(all, c.nr, input->weight);
	}
	for (size_t i = 0; i < lost->nr_lost; i++)
		tally_add(all, 1, lost->lost[i].weight);
	return ret;
}

static bool within(const struct merge_limit *l, const struct tally *lost, const struct tally *all)
{
	if (!l->is_share)
		return lost->files <= l->nr_files;
	return (double)lost->files <= l->share * (double)all->files &&
	       (double)lost->weight <= l->share * (double)all->weight;
}

static int too_many(const struct merge_inputs *in, const struct tally *gone,
		    const struct tally *all, const struct merge_limit *limit, struct pgo_err *err)
{
	const struct merge_bad *first = &in->bad[in->nr_bad_moved];
	PGO_AUTO_FREE char *most = limit->is_share ? xstrfmt("%g %%", limit->share * 100)
						   : xstrfmt("%" PRIu64, limit->nr_files);
	PGO_AUTO(strbuf) list = STRBUF_INIT;
	int ret;

	for (size_t i = 0; i < in->nr_bad; i++)
		strbuf_addf(&list, "%s%s", i ? "\n" : "", in->bad[i].err.msg);
	ret = pgo_error_at(err, first->err.code, first->path, first->err.offset,
			   "%" PRIu64 " of %" PRIu64
			   " files cannot be read: more than %s would be lost",
			   gone->files, all->files, most);
	pgo_err_detail(err, list.buf);
	pgo_err_hint(err, "train again, or allow more with --max-lost");
	return ret;
}

/* Into dir, under a name that is free there. */
static int move_file(const char *path, const char *dir, char **ret_to, struct pgo_err *err)
{
	PGO_AUTO_FREE char *to = fs_join(dir, fs_basename(path));
	int ret;

	for (unsigned n = 1; fs_exists(to); n++) {
		free(to);
		to = xstrfmt("%s/%s.%u", dir, fs_basename(path), n);
	}
	if (rename(path, to)) {
		if (errno != EXDEV)
			return pgo_error_errno(err, "cannot move '%s' to '%s'", path, to);
		ret = fs_copy_file(path, to, err);
		if (ret)
			return ret;
		if (unlink(path))
			return pgo_error_errno(err, "cannot remove '%s'", path);
	}
	*ret_to = TAKE_PTR(to);
	return 0;
}

static void drop_input(struct merge_inputs *in, const char *path)
{
	for (size_t i = 0; i < in->nr; i++) {
		if (strcmp(in->v[i].path, path) != 0)
			continue;
		free(in->v[i].path);
		free(in->v[i].name);
		memmove(&in->v[i], &in->v[i + 1], (--in->nr - i) * sizeof(*in->v));
		return;
	}
}

static int move_one(struct merge_inputs *in, const struct merge_bad *bad, const char *dir,
		    struct bundle *lost, struct pgo_err *err)
{
	struct bundle_lost *l;
	char *to = NULL;
	struct stat st;
	int ret;

	if (stat(bad->path, &st))
		return pgo_error_errno(err, "cannot open '%s'", bad->path);
	ret = move_file(bad->path, dir, &to, err);
	if (ret)
		return ret;
	l = bundle_add_lost(lost);
	l->path = xstrdup(bad->path);
	l->moved_to = to;
	l->reason = xstrdup(bad->err.msg);
	l->offset = bad->err.offset;
	l->weight = bad->weight;
	l->bytes = (uint64_t)st.st_size;
	log_warn("left out: %s (moved to '%s')", l->reason, to);
	drop_input(in, bad->path);
	return 0;
}

int merge_lost_move(struct merge_inputs *in, const struct merge_request *req, struct bundle *b,
		    struct pgo_err *err)
{
	struct tally all = { in->nr_before, in->nr_before }, gone = { 0 };
	int ret;

	if (in->nr_bad_moved == in->nr_bad)
		return 0;
	ret = tally_all(in, b, &all, err);
	for (size_t i = 0; i < b->nr_lost; i++)
		tally_add(&gone, 1, b->lost[i].weight);
	for (size_t i = in->nr_bad_moved; i < in->nr_bad; i++) {
		if (!merge_inputs_find(in, in->bad[i].path))
			tally_add(&all, 1, in->bad[i].weight);
		tally_add(&gone, 1, in->bad[i].weight);
	}
	if (!ret && !within(&req->max_lost, &gone, &all))
		return too_many(in, &gone, &all, &req->max_lost, err);
	if (!ret)
		ret = fs_mkdir_p(req->quarantine, err);
	while (!ret && in->nr_bad_moved < in->nr_bad)
		ret = move_one(in, &in->bad[in->nr_bad_moved++], req->quarantine, b, err);
	return ret;
}
