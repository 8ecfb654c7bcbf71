/* SPDX-License-Identifier: Apache-2.0 */
/* perf.data: the two passes, the second on all processors. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "pgo/base/threads.h"
#include "profiles/perf-file.h"

#define MAX_THREADS 64

/* What the threads share: parts are taken in order, the first error ends all. */
struct work {
	const struct perf_file *f;
	const struct samples_opts *opts;
	atomic_size_t next;
	atomic_bool failed;
};

struct worker {
	struct work *work;
	pthread_t thread;
	struct sample_tally tally;
	struct pgo_err err;
	size_t failed_part;
	int ret;
};

static void *work_on(void *arg)
{
	struct worker *w = arg;
	struct work *work = w->work;
	const struct perf_split *splits = work->f->splits;

	while (!atomic_load(&work->failed)) {
		size_t i = atomic_fetch_add(&work->next, 1);

		if (i + 1 >= work->f->nr_splits)
			break;
		w->ret = perf_count(work->f, &splits[i], &splits[i + 1], work->opts, &w->tally,
				    &w->err);
		if (w->ret) {
			w->failed_part = i;
			atomic_store(&work->failed, true);
			break;
		}
	}
	return NULL;
}

/* Of the errors of all threads the one that stands first in the file. */
static int first_error(struct worker *w, unsigned nr, struct pgo_err *err)
{
	struct worker *first = NULL;

	for (unsigned i = 0; i < nr; i++)
		if (w[i].ret && (!first || w[i].failed_part < first->failed_part))
			first = &w[i];
	if (!first)
		return 0;
	if (err) {
		pgo_err_release(err);
		*err = first->err;
		first->err = (struct pgo_err)PGO_ERR_INIT;
	}
	return first->ret;
}

static int count_all(struct perf_file *f, const struct samples_opts *opts, struct pgo_err *err)
{
	struct work work = { .f = f, .opts = opts };
	unsigned nr = threads_for(opts->threads, f->nr_splits - 1, MAX_THREADS), started = 1;
	PGO_AUTO_FREE struct worker *w = xcalloc(nr, sizeof(*w));
	int ret;

	for (unsigned i = 0; i < nr; i++) {
		w[i].work = &work;
		w[i].err = (struct pgo_err)PGO_ERR_INIT;
		sample_tally_init(&w[i].tally, f->out->nr_events);
	}
	while (started < nr && !pthread_create(&w[started].thread, NULL, work_on, &w[started]))
		started++;
	work_on(&w[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(w[i].thread, NULL);
	ret = first_error(w, nr, err);
	f->out->tally = w[0].tally;
	for (unsigned i = 0; i < nr; i++) {
		if (i && !ret)
			sample_tally_merge(&f->out->tally, &w[i].tally);
		if (i)
			sample_tally_release(&w[i].tally);
		pgo_err_release(&w[i].err);
	}
	return ret;
}

static void tell(struct perf_file *f, const struct samples_opts *opts)
{
	struct samples *out = f->out;

	out->format = f->pipe ? "perf.data, pipe" : "perf.data";
	if (out->unknown_records)
		samples_warn(out, "%" PRIu64 " records are of types not known here",
			     out->unknown_records);
	if (out->lost)
		samples_warn(out, "%" PRIu64 " samples or records were lost while recording",
			     out->lost);
	for (size_t i = 0; opts->stacks && i < f->nr_attrs; i++)
		if (f->attrs[i].sample_type & PERF_SAMPLE_STACK_USER)
			samples_warn(out,
				     "event %s has copies of stacks, which are not unwound: "
				     "user callers are missing",
				     out->events[f->attrs[i].event].name);
}

int perf_data_read(const char *path, const struct samples_opts *opts, struct samples *out,
		   struct pgo_err *err)
{
	PGO_AUTO(perf_file) f = { .fd = -1 };
	int ret = perf_file_open(&f, path, out, err);

	if (!ret)
		ret = perf_scan(&f, err);
	if (!ret)
		ret = count_all(&f, opts, err);
	if (ret)
		return ret;
	tell(&f, opts);
	samples_finish(out);
	return 0;
}
