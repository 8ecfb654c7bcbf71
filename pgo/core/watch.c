/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/core/consumer.h"
#include "pgo/core/merge-join.h"
#include "pgo/core/watch-stage.h"

#define SETTLE_MS 100	/* a batch rests before it is folded: who opened a file shows */
#define IDLE_MS 1000	/* between looks when nothing is told */
#define END_ROUNDS 50	/* looks at the end for files that are just being closed */

/*
 * The accumulator is the bundle at req->merge->output, of which acc is the manifest; its payload
 * lies unpacked below dir, in a folder that each fold makes anew.
 */
struct watcher {
	const struct watch_request *req;
	struct watch_stage stage;
	struct tool_version consumer;
	struct bundle acc;
	struct tempdir dir;
	char *payload;	/* NULL: nothing was folded yet */
	uint64_t folds; /* of this process: names the folder below dir */
	uint64_t batch; /* that is being filled */
	uint64_t nr_builds, nr_changed;
	int signal_fd, exit_fd;
};

static void watcher_release(struct watcher *w)
{
	watch_stage_release(&w->stage);
	tool_version_release(&w->consumer);
	bundle_release(&w->acc);
	tempdir_release(&w->dir);
	free(w->payload);
	if (w->signal_fd >= 0)
		close(w->signal_fd);
	if (w->exit_fd >= 0)
		close(w->exit_fd);
}
PGO_DEFINE_AUTO(watcher, watcher_release)

/* Go on with a bundle that a watch of this folder has written. */
static int resume(struct watcher *w, struct pgo_err *err)
{
	const char *output = w->req->merge->output;
	PGO_AUTO_FREE char *dir = fs_join(w->dir.path, "0");
	int ret;

	if (!fs_exists(output))
		return 0;
	ret = fs_mkdir_p(dir, err);
	if (!ret)
		ret = bundle_read(output, dir, &w->acc, err);
	if (ret)
		return ret;
	if (!w->acc.watch.folder || strcmp(w->acc.watch.folder, w->stage.folder) != 0 ||
	    w->acc.nr_payloads != 1 || w->acc.nr_inputs != 1) {
		pgo_error(err, PGO_EUSAGE, "'%s' is there already, and not from watching '%s'",
			  output, w->stage.folder);
		return pgo_err_hint(err, "name another file with -o");
	}
	w->payload = fs_join(dir, w->acc.payloads[0].path);
	return 0;
}

static int begin(struct watcher *w, struct pgo_err *err)
{
	const struct merge_request *m = w->req->merge;
	PGO_AUTO_FREE char *output = fs_absolute(m->output);
	int ret = watch_stage_open(&w->stage, w->req->folder, err);

	if (!ret && m->consumer)
		ret = consumer_find(m->consumer, &w->consumer, err);
	if (!ret)
		ret = tempdir_make(&w->dir, NULL, err);
	if (!ret)
		ret = resume(w, err);
	if (ret)
		return ret;
	strvec_push(&w->stage.spared, output);
	if (m->quarantine)
		strvec_push_take(&w->stage.spared, fs_absolute(m->quarantine));
	if (!w->acc.watch.folder)
		w->acc.watch.folder = xstrdup(w->stage.folder);
	w->batch = w->acc.watch.batch + 1;
	return 0;
}

static int open_events(struct watcher *w, struct pgo_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* What comes when somebody opens a file of which a lease is being taken. */
	sigaddset(&set, SIGIO);
	if (w->signal_fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL))
		return pgo_error_errno(err, "cannot wait for signals");
	if (!w->req->until_exit)
		return 0;
	w->exit_fd = (int)syscall(SYS_pidfd_open, w->req->until_exit, 0);
	if (w->exit_fd < 0 && errno != ESRCH)
		return pgo_error_errno(err, "cannot wait for the end of process %ld",
				       (long)w->req->until_exit);
	return 0;
}

static bool has_files(const struct bundle_watch *b, const char *root)
{
	size_t len = strlen(root);

	for (size_t i = 0; i < b->nr_files; i++)
		if (!strncmp(b->files[i].path, root, len) && b->files[i].path[len] == '/')
			return true;
	return false;
}

/* The inputs of a batch behind the accumulator: its trees, or its files. */
static int list_batch(struct watcher *w, uint64_t batch, struct merge_inputs *in,
		      struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = watch_stage_path(&w->stage, batch);
	PGO_AUTO(strvec) roots = STRVEC_INIT;
	int ret = w->payload ? merge_inputs_add(in, w->payload, 1, err) : 0;

	if (!ret)
		ret = fs_list(path, &roots, err);
	for (size_t i = 0; !ret && i < roots.nr; i++) {
		PGO_AUTO_FREE char *root = fs_join(path, roots.v[i]);

		if (has_files(&w->acc.watch, roots.v[i]))
			ret = merge_inputs_add(in, root, 1, err);
	}
	if (!ret && in->skipped.nr)
		return pgo_error_at(err, PGO_EFORMAT, in->skipped.v[0], -1,
				    "'%s' is no profile any more", in->skipped.v[0]);
	return ret;
}

/* The accumulator's one row stands for all that came from the folder. */
static void describe_folder(struct watcher *w, const struct merge_inputs *in, uint64_t nr_files)
{
	struct bundle *b = &w->acc;
	struct bundle_input *row = b->nr_inputs ? &b->inputs[0] : bundle_add_input(b);

	if (!row->path) {
		row->path = xstrdup(w->stage.folder);
		row->format = xstrdup(in->v[in->nr - 1].format->name);
		row->sha256 = xstrdup("");
	}
	b->watch.nr_folded += nr_files;
	row->files = b->watch.nr_folded;
	for (size_t i = 0; i < b->watch.nr_files; i++)
		row->bytes += b->watch.files[i].bytes;
}

/* The rename that the bundle was put in place by lasts, too. */
static int sync_folder(const char *path, struct pgo_err *err)
{
	PGO_AUTO_FREE char *absolute = fs_absolute(path);
	PGO_AUTO_FREE char *parent = fs_dirname(absolute);
	PGO_AUTO_CLOSE int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		return pgo_error_errno(err, "cannot write '%s'", parent);
	return 0;
}

static int commit(struct watcher *w, const char *dir, struct pgo_err *err)
{
	struct bundle_payload *p = &w->acc.payloads[0];
	PGO_AUTO_FREE char *payload = fs_join(dir, p->path);
	int ret = bundle_hash_payload(payload, p, err);

	if (!ret)
		ret = bundle_write(&w->acc, dir, w->req->merge->output, err);
	if (!ret)
		ret = sync_folder(w->req->merge->output, err);
	if (ret)
		return ret;
	free(w->payload);
	w->payload = TAKE_PTR(payload);
	return 0;
}

static void drop_payload(struct bundle *b)
{
	for (size_t i = 0; i < b->nr_payloads; i++)
		bundle_payload_release(&b->payloads[i]);
	FREE_AND_NULL(b->payloads);
	b->nr_payloads = 0;
}

/* What the merge left in the accumulator's manifest is only kept when it is written. */
static int fold_inputs(struct watcher *w, struct merge_inputs *in, const char *dir,
		       struct pgo_err *err)
{
	const struct merge_request *m = w->req->merge;
	const struct prof_merge_opts opts = {
		.llvm_major = w->consumer.llvm_major,
		.sparse = m->sparse,
		.strip = m->strip,
		.prefix = m->prefix,
		.threads = m->threads,
	};
	uint64_t nr_files = w->acc.watch.nr_files, nr_lost = w->acc.nr_lost;
	struct prof_merge_result res = { 0 };
	int ret = 0;

	if (m->consumer && in->nr)
		ret = consumer_check(&w->consumer, in->v[0].format, in->v[0].name, err);
	if (ret)
		return ret;
	drop_payload(&w->acc);
	ret = merge_join(in, m, &opts, dir, &w->acc, &res, err);
	if (ret)
		return ret;
	if (res.nr_builds > w->nr_builds)
		w->nr_builds = res.nr_builds;
	describe_folder(w, in, nr_files - (w->acc.nr_lost - nr_lost));
	merge_describe(&w->acc, &w->consumer, opts.llvm_major);
	return commit(w, dir, err);
}

/* Whether all that ever came was bad, and went to the quarantine: the next may be better. */
static bool is_empty_yet(const struct merge_inputs *in)
{
	return !in->nr && in->nr_bad && in->nr_bad_moved == in->nr_bad;
}

/* Take a batch into the accumulator and remove it. */
static int fold(struct watcher *w, uint64_t batch, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = xstrfmt("%s/%" PRIu64, w->dir.path, ++w->folds);
	PGO_AUTO_FREE char *old = w->payload ? fs_dirname(w->payload) : NULL;
	PGO_AUTO(merge_inputs) in = MERGE_INPUTS_INIT;
	int ret = fs_mkdir_p(dir, err);

	in.collect_bad = w->req->merge->quarantine != NULL;
	in.nr_before = w->acc.watch.nr_folded;
	if (!ret)
		ret = watch_stage_note(&w->stage, batch, &w->acc, err);
	if (!ret && w->acc.watch.nr_files)
		ret = list_batch(w, batch, &in, err);
	if (!ret && w->acc.watch.nr_files)
		ret = fold_inputs(w, &in, dir, err);
	if (ret == -PGO_EFORMAT && !in.collect_bad)
		return pgo_err_hint(err,
				    "go on without such files: --watch again with "
				    "--quarantine DIR, where they are moved to");
	if (ret && !is_empty_yet(&in))
		return ret;
	if (ret && err)
		pgo_err_release(err);
	log_step("folded %zu files, %" PRIu64 " in all", w->acc.watch.nr_files,
		 w->acc.watch.nr_folded);
	if (old)
		fs_remove_tree(old, NULL);
	return watch_stage_remove(&w->stage, batch, &w->acc, &w->nr_changed, err);
}

static void pause_ms(unsigned ms)
{
	const struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/* Until nobody has a file of the batch open. */
static int settle(const struct watcher *w, uint64_t batch, struct pgo_err *err)
{
	bool settled = false;
	int ret = 0;

	for (unsigned i = 0; !ret && !settled && i < END_ROUNDS; i++) {
		pause_ms(SETTLE_MS);
		ret = watch_stage_settled(&w->stage, batch, &settled, err);
	}
	if (ret || settled)
		return ret;
	return pgo_error(err, PGO_EPERM, "a process has files below '%s' open", w->stage.dir);
}

/* What a pgoctl that was killed has left: folded batches go, others are folded. */
static int clear_up(struct watcher *w, struct pgo_err *err)
{
	uint64_t batch = 0, least = 1;
	int ret;

	while (!(ret = watch_stage_first(&w->stage, least, &batch, err)) && batch) {
		if (batch <= w->acc.watch.batch) {
			ret = watch_stage_remove(&w->stage, batch, &w->acc, &w->nr_changed, err);
		} else {
			ret = settle(w, batch, err);
			if (!ret)
				ret = fold(w, batch, err);
		}
		if (ret)
			return ret;
		least = batch + 1;
	}
	if (w->batch < least)
		w->batch = least;
	return ret;
}

/* One look: what is complete is moved, rests, and is folded unless somebody has it open. */
static int look(struct watcher *w, bool hurry, bool *ret_busy, struct pgo_err *err)
{
	bool settled = false;
	PGO_AUTO_FREE char *path = watch_stage_path(&w->stage, w->batch);
	int ret = watch_stage_scan(&w->stage, w->batch, &w->acc.watch, hurry, err);

	*ret_busy = w->stage.nr_waiting || w->stage.nr_moved;
	if (ret || !fs_exists(path))
		return ret;
	*ret_busy = true;
	pause_ms(SETTLE_MS);
	ret = watch_stage_settled(&w->stage, w->batch, &settled, err);
	return ret || !settled ? ret : fold(w, w->batch++, err);
}

static void drain(int fd)
{
	char buf[4096];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

/* Until something happens. True: it is time to end. */
static bool wait_for_events(const struct watcher *w, bool busy)
{
	struct pollfd fds[] = {
		{ w->signal_fd, POLLIN, 0 },
		{ w->exit_fd, POLLIN, 0 },
		{ busy ? -1 : w->stage.notify_fd, POLLIN, 0 },
	};

	if (w->req->until_exit && w->exit_fd < 0)
		return true;
	poll(fds, 3, busy ? SETTLE_MS : IDLE_MS);
	drain(w->stage.notify_fd);
	return fds[0].revents || fds[1].revents;
}

static int run(struct watcher *w, struct pgo_err *err)
{
	bool busy = false, end = child_cancelled() != 0;
	int ret = clear_up(w, err);

	while (!ret && !end) {
		ret = look(w, false, &busy, err);
		end = wait_for_events(w, busy);
	}
	for (unsigned i = 0; !ret && i < END_ROUNDS && (!i || busy); i++) {
		if (i)
			pause_ms(SETTLE_MS);
		ret = look(w, true, &busy, err);
	}
	return ret;
}

static int no_profile(const struct watcher *w, struct pgo_err *err)
{
	if (w->acc.nr_lost)
		return merge_no_input(&w->acc, err);
	pgo_error(err, PGO_ENOTFOUND, "no complete profile has come below '%s'", w->stage.folder);
	return pgo_err_hint(err,
			    "a process writes its profile when it ends: by exit() or a return "
			    "from main");
}

int watch_folder(const struct watch_request *req, struct watch_outcome *ret, struct pgo_err *err)
{
	PGO_AUTO(watcher)
	w = { .req = req,
	      .stage = WATCH_STAGE_INIT,
	      .acc = BUNDLE_INIT,
	      .signal_fd = -1,
	      .exit_fd = -1 };
	int r = begin(&w, err);

	if (!r)
		r = open_events(&w, err);
	if (!r)
		r = run(&w, err);
	if (!r && !w.payload)
		r = no_profile(&w, err);
	if (!r && w.nr_changed)
		r = pgo_error(err, PGO_EMISMATCH,
			      "%" PRIu64
			      " files were written to after they were folded: they are "
			      "below '%s'",
			      w.nr_changed, w.stage.dir);
	if (r)
		return r;
	ret->nr_left = w.stage.nr_waiting;
	ret->merge.is_bundle = true;
	ret->merge.nr_files = w.acc.watch.nr_folded;
	ret->merge.nr_builds = w.nr_builds;
	ret->merge.bundle = w.acc;
	w.acc = (struct bundle)BUNDLE_INIT;
	return 0;
}
