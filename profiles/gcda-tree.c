/* SPDX-License-Identifier: Apache-2.0 */
/* Merging whole trees: each name is one job, taken by the next thread that is free. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/threads.h"
#include "profiles/gcda-file.h"

#define MAX_THREADS 64

struct job {
	const struct gcda_tree *trees;
	const struct gcda_list *list;
	const char *dir;
	atomic_size_t next;  /* entry to take */
	atomic_size_t stop;  /* entries from here on are not wanted: one before them failed */
	char (*versions)[5]; /* of each entry's files */
};

/* What one thread works with from file to file, and what it has to tell. */
struct worker {
	struct job *job;
	struct strbuf path, bytes, data;
	struct gcda_scratch scratch;
	struct gcda_merge_result sum;
	struct pgo_err err; /* of entry bad, the first of this worker's that failed */
	size_t bad;
	int ret;
	pthread_t thread;
};

static void worker_release(struct worker *w)
{
	strbuf_release(&w->path);
	strbuf_release(&w->bytes);
	strbuf_release(&w->data);
	free(w->scratch.pairs);
	free(w->scratch.run_pairs);
	pgo_err_release(&w->err);
}

static void count_file(const struct gcda_file *f, struct gcda_merge_result *res)
{
	res->nr_files++;
	for (size_t i = 0; i < f->nr_funcs; i++) {
		const struct gcda_ctrs *arcs = gcda_func_arcs(&f->funcs[i]);

		res->nr_functions += f->funcs[i].present;
		res->nr_counters += arcs ? arcs->nr : 0;
		for (uint32_t j = 0; arcs && arcs->v && j < arcs->nr; j++) {
			uint64_t n = gcda_arc_count(arcs, j);

			res->total_count = num_add_sat(res->total_count, n, NULL);
			if (n > res->max_count)
				res->max_count = n;
		}
	}
}

/* The whole of path into out, whose memory is kept from file to file. */
static int load(const char *path, struct strbuf *out, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return pgo_error_errno(err, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return pgo_error_at(err, PGO_EFORMAT, path, -1, "'%s' is no regular file", path);
	strbuf_clear(out);
	strbuf_grow(out, (size_t)st.st_size);
	while (out->len < (size_t)st.st_size) {
		n = read(fd, out->buf + out->len, (size_t)st.st_size - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pgo_error_errno(err, "cannot read '%s'", path);
		if (!n)
			break;
		strbuf_setlen(out, out->len + (size_t)n);
	}
	return 0;
}

/* data is that of the file at w->path. */
static int add_run(struct worker *w, struct gcda_file *acc, uint64_t weight, struct pgo_err *err)
{
	PGO_AUTO(gcda_file) run = GCDA_FILE_INIT;
	int ret;

	if (gcda_file_add_raw(acc, w->data.buf, w->data.len, weight, &w->scratch))
		return 0;
	ret = gcda_file_decode(&run, w->path.buf, w->data.buf, w->data.len, err);
	return ret ? ret : gcda_file_add(acc, &run, weight, &w->scratch.nr_saturated, err);
}

/* Merge the inputs of one name; the first file stands for its own first round. */
static int merge_inputs(struct worker *w, const struct gcda_entry *e, const char *first,
			struct gcda_file *acc, struct pgo_err *err)
{
	const struct gcda_tree *trees = w->job->trees;
	int ret = load(first, &w->data, err);

	if (!ret)
		ret = gcda_file_decode(acc, first, w->data.buf, w->data.len, err);
	if (!ret && trees[e->inputs[0].tree].weight > 1)
		ret = add_run(w, acc, trees[e->inputs[0].tree].weight - 1, err);
	for (size_t i = 1; !ret && i < e->nr; i++) {
		gcda_input_path(trees, e, &e->inputs[i], &w->path);
		ret = load(w->path.buf, &w->data, err);
		if (!ret)
			ret = add_run(w, acc, trees[e->inputs[i].tree].weight, err);
	}
	return ret;
}

static int write_file(const char *path, const struct strbuf *bytes, struct pgo_err *err)
{
	PGO_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int ret = 0;

	if (fd < 0 && errno == ENOENT) {
		PGO_AUTO_FREE char *parent = fs_dirname(path);

		ret = fs_mkdir_p(parent, err);
		if (ret)
			return ret;
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	}
	ret = fd < 0 ? -errno : fs_write_all(fd, bytes->buf, bytes->len);
	if (!ret && close(TAKE_FD(fd)))
		ret = -errno;
	if (!ret)
		return 0;
	errno = -ret;
	return pgo_error_errno(err, "cannot write '%s'", path);
}

/* One output file, whole. */
static int merge_entry(struct worker *w, size_t at, struct pgo_err *err)
{
	const struct job *job = w->job;
	const struct gcda_entry *e = job->list->entries[at];
	PGO_AUTO(gcda_file) acc = GCDA_FILE_INIT;
	PGO_AUTO_FREE char *first = NULL;
	int ret;

	if (child_cancelled())
		return pgo_error(err, PGO_ECANCELLED, "the merge was stopped");
	gcda_input_path(job->trees, e, &e->inputs[0], &w->path);
	first = xstrdup(w->path.buf);
	ret = merge_inputs(w, e, first, &acc, err);
	if (ret)
		return ret;
	strbuf_clear(&w->bytes);
	gcda_file_encode(&acc, &w->bytes);
	count_file(&acc, &w->sum);
	w->sum.nr_inputs += e->nr;
	memcpy(job->versions[at], acc.version, sizeof(acc.version));
	strbuf_clear(&w->path);
	strbuf_addf(&w->path, "%s/%s", job->dir, e->name);
	return write_file(w->path.buf, &w->bytes, err);
}

/* Entries are taken in their order, so the first that fails is known when all threads end. */
static void *work(void *arg)
{
	struct worker *w = arg;
	struct job *job = w->job;
	size_t at, stop;

	while ((at = atomic_fetch_add(&job->next, 1)) < atomic_load(&job->stop)) {
		w->ret = merge_entry(w, at, &w->err);
		if (!w->ret)
			continue;
		w->bad = at;
		stop = atomic_load(&job->stop);
		while (at < stop && !atomic_compare_exchange_weak(&job->stop, &stop, at))
			;
		break;
	}
	w->sum.nr_saturated = w->scratch.nr_saturated;
	return NULL;
}

static void add_result(struct gcda_merge_result *sum, const struct gcda_merge_result *one)
{
	sum->nr_files += one->nr_files;
	sum->nr_inputs += one->nr_inputs;
	sum->nr_functions += one->nr_functions;
	sum->nr_counters += one->nr_counters;
	sum->total_count = num_add_sat(sum->total_count, one->total_count, NULL);
	if (one->max_count > sum->max_count)
		sum->max_count = one->max_count;
	sum->nr_saturated += one->nr_saturated;
}

static int check_versions(const struct job *job, struct pgo_err *err)
{
	PGO_AUTO(strbuf) path = STRBUF_INIT;

	for (size_t i = 1; i < job->list->nr; i++) {
		const struct gcda_entry *e = job->list->entries[i];

		if (!strcmp(job->versions[i], job->versions[0]))
			continue;
		gcda_input_path(job->trees, e, &e->inputs[0], &path);
		return pgo_error_at(err, PGO_EMISMATCH, path.buf, 4,
				    "'%s' is of GCC version '%s', but files before it are of '%s'",
				    path.buf, job->versions[i], job->versions[0]);
	}
	return 0;
}

/* What all workers have to say; the error is that of the first entry in the list that failed. */
static int gather(const struct job *job, struct worker *workers, unsigned nr,
		  struct gcda_merge_result *sum, struct pgo_err *err)
{
	struct worker *bad = NULL;

	for (unsigned i = 0; i < nr; i++) {
		add_result(sum, &workers[i].sum);
		if (workers[i].ret && (!bad || workers[i].bad < bad->bad))
			bad = &workers[i];
	}
	if (!bad) {
		memcpy(sum->version, job->versions[0], sizeof(sum->version));
		return check_versions(job, err);
	}
	if (err) {
		pgo_err_release(err);
		*err = bad->err;
		bad->err = (struct pgo_err)PGO_ERR_INIT;
	}
	return bad->ret;
}

static int merge_list(struct job *job, unsigned threads, struct gcda_merge_result *sum,
		      struct pgo_err *err)
{
	unsigned nr = threads_for(threads, job->list->nr, MAX_THREADS), started = 1;
	PGO_AUTO_FREE struct worker *workers = xcalloc(nr, sizeof(*workers));
	int ret;

	for (unsigned i = 0; i < nr; i++)
		workers[i] = (struct worker){ job, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT,
					      .err = PGO_ERR_INIT };
	while (started < nr &&
	       !pthread_create(&workers[started].thread, NULL, work, &workers[started]))
		started++;
	work(&workers[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	ret = gather(job, workers, started, sum, err);
	for (unsigned i = 0; i < nr; i++)
		worker_release(&workers[i]);
	return ret;
}

static int check_arguments(const struct gcda_tree *trees, size_t nr, const char *out_dir,
			   struct pgo_err *err)
{
	for (size_t i = 0; i < nr; i++)
		if (!trees[i].weight || trees[i].weight > GCDA_WEIGHT_MAX)
			return pgo_error(err, PGO_ELIMIT,
					 "the weight %" PRIu64 " of '%s' is not between 1 and %d",
					 trees[i].weight, trees[i].dir, GCDA_WEIGHT_MAX);
	if (!fs_exists(out_dir))
		return 0;
	errno = EEXIST;
	return pgo_error_errno(err, "cannot create '%s'", out_dir);
}

static char *trim_slashes(const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	return xstrndup(dir, len);
}

static int merge_into(const struct gcda_tree *trees, const struct gcda_list *list, const char *dir,
		      unsigned threads, struct gcda_merge_result *sum, struct pgo_err *err)
{
	PGO_AUTO_FREE char(*versions)[5] = xcalloc(list->nr, sizeof(*versions));
	struct job job = { trees, list, dir, 0, list->nr, versions };
	int ret = fs_remove_tree(dir, err);

	if (!ret)
		ret = fs_mkdir_p(dir, err);
	return ret ? ret : merge_list(&job, threads, sum, err);
}

int gcda_merge(const struct gcda_tree *trees, size_t nr, unsigned threads, const char *out_dir,
	       struct gcda_merge_result *res, struct pgo_err *err)
{
	PGO_AUTO(gcda_list) list = GCDA_LIST_INIT;
	PGO_AUTO_FREE char *out = trim_slashes(out_dir);
	PGO_AUTO_FREE char *tmp = xstrfmt("%s.tmp", out);
	struct gcda_merge_result sum = { 0 };
	int ret = check_arguments(trees, nr, out, err);

	if (!ret)
		ret = gcda_list_trees(&list, trees, nr, err);
	if (ret)
		return ret;
	ret = merge_into(trees, &list, tmp, threads, &sum, err);
	if (!ret && rename(tmp, out))
		ret = pgo_error_errno(err, "cannot rename '%s' to '%s'", tmp, out);
	if (ret) {
		fs_remove_tree(tmp, NULL);
		return ret;
	}
	*res = sum;
	return 0;
}
