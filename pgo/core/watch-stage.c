/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/watch-stage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "profiles/format.h"

#define QUIET_NS 100000000	   /* since the last write, where a lease proves the rest */
#define QUIET_UNPROVEN_NS 5000000000 /* where none can be had */
#define DESERTED_NS 60000000000
#define BATCH_FILES 4096
#define BATCH_BYTES (256u << 20)

void watch_stage_release(struct watch_stage *s)
{
	free(s->folder);
	free(s->dir);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	if (s->notify_fd >= 0)
		close(s->notify_fd);
	strvec_release(&s->spared);
	*s = (struct watch_stage)WATCH_STAGE_INIT;
}

static int take_lock(struct watch_stage *s, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_join(s->dir, "lock");

	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (s->lock_fd < 0)
		return pgo_error_errno(err, "cannot open '%s'", path);
	if (!flock(s->lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return pgo_error(err, PGO_EPERM, "another pgoctl watches '%s'", s->folder);
	return pgo_error_errno(err, "cannot lock '%s'", path);
}

int watch_stage_open(struct watch_stage *s, const char *folder, struct pgo_err *err)
{
	int ret;

	if (!fs_is_dir(folder)) {
		errno = fs_exists(folder) ? ENOTDIR : ENOENT;
		return pgo_error_errno(err, "cannot watch '%s'", folder);
	}
	s->folder = fs_absolute(folder);
	s->dir = fs_join(s->folder, WATCH_STAGE);
	ret = fs_mkdir_p(s->dir, err);
	if (!ret)
		ret = take_lock(s, err);
	if (ret)
		return ret;
	s->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return s->notify_fd < 0 ? pgo_error_errno(err, "cannot watch '%s'", folder) : 0;
}

char *watch_stage_path(const struct watch_stage *s, uint64_t batch)
{
	return xstrfmt("%s/%" PRIu64, s->dir, batch);
}

struct first {
	uint64_t least, found;
};

static int look_batch(const char *path, const char *rel, const struct stat *st, void *arg,
		      struct pgo_err *err)
{
	struct first *f = arg;
	uint64_t nr;

	(void)path;
	(void)err;
	if (!S_ISDIR(st->st_mode))
		return 0;
	if (num_parse_u64(rel, &nr) && nr >= f->least && (!f->found || nr < f->found))
		f->found = nr;
	return FS_WALK_SKIP;
}

int watch_stage_first(const struct watch_stage *s, uint64_t least, uint64_t *ret,
		      struct pgo_err *err)
{
	struct first f = { least, 0 };
	int r = fs_walk(s->dir, look_batch, &f, err);

	if (!r)
		*ret = f.found;
	return r;
}

static uint64_t mtime_ns(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
}

/* Time since the last write, by the clock that file systems stamp with. */
static uint64_t age_ns(const struct stat *st)
{
	struct timespec now;
	uint64_t now_ns;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	/* A time to come says nothing: the clock was set back. */
	return now_ns > mtime_ns(st) ? now_ns - mtime_ns(st) : UINT64_MAX;
}

enum openness { CLOSED, OPEN, UNPROVEN };

static bool is_locked(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (!fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK)
		return true;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK;
	flock(fd, LOCK_UN);
	return false;
}

/* The kernel grants a write lease only for a file that nobody else has open or mapped. */
static enum openness openness_of(const char *path)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == EWOULDBLOCK ? OPEN : UNPROVEN;
	if (!fcntl(fd, F_SETLEASE, F_WRLCK)) {
		fcntl(fd, F_SETLEASE, F_UNLCK);
		return CLOSED;
	}
	return errno == EAGAIN || is_locked(fd) ? OPEN : UNPROVEN;
}

static bool is_complete(const char *path, const struct stat *st, bool hurry)
{
	uint64_t age = age_ns(st);

	if (!hurry && age < QUIET_NS)
		return false;
	switch (openness_of(path)) {
	case CLOSED:
		return true;
	case OPEN:
		return false;
	default:
		return age >= QUIET_UNPROVEN_NS;
	}
}

struct scan {
	struct watch_stage *s;
	const struct bundle_watch *folded;
	char *batch; /* where to */
	uint64_t nr, bytes;
	bool hurry;
};

static bool was_folded(const struct bundle_watch *w, const struct stat *st)
{
	for (size_t i = 0; i < w->nr_files; i++)
		if (w->files[i].inode == st->st_ino && w->files[i].bytes == (uint64_t)st->st_size &&
		    w->files[i].mtime_ns == mtime_ns(st))
			return true;
	return false;
}

/* "1234/a/b.gcda" to "1234", "a/b.gcda"; anything else to "all" and the whole. */
static char *place_of(const char *batch, const char *rel)
{
	size_t digits = strspn(rel, "0123456789");

	if (digits && rel[digits] == '/')
		return fs_join(batch, rel);
	return xstrfmt("%s/all/%s", batch, rel);
}

static int move_file(const struct scan *sc, const char *path, const char *rel, struct pgo_err *err)
{
	PGO_AUTO_FREE char *to = place_of(sc->batch, rel);
	PGO_AUTO_FREE char *parent = fs_dirname(to);
	int ret = fs_mkdir_p(parent, err);

	if (ret)
		return ret;
	if (rename(path, to) && errno != ENOENT)
		return pgo_error_errno(err, "cannot move '%s' to '%s'", path, to);
	return 0;
}

/* What a process leaves, or was to leave: other profiles are not to be removed. */
static bool is_wanted(const char *path, const char *rel)
{
	const struct prof_format *format = NULL;
	const char *dot = strrchr(fs_basename(rel), '.');

	if (dot)
		format = prof_format_find(dot + 1, NULL);
	if (!format && prof_identify(path, &format, NULL))
		return false;
	return format->caps & PROF_CAP_RAW;
}

/* Remove a folder and those in it as far as they are empty. */
static void prune(const char *path)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;

	if (fs_list(path, &names, NULL))
		return;
	for (size_t i = 0; i < names.nr; i++) {
		PGO_AUTO_FREE char *sub = fs_join(path, names.v[i]);

		if (fs_is_dir(sub))
			prune(sub);
	}
	rmdir(path);
}

/* The tree of a process that is gone, here or in whatever container: nobody looks for it. */
static bool is_deserted(const char *rel, const struct stat *st)
{
	unsigned pid;

	return num_parse_uint(rel, &pid) && pid && age_ns(st) >= DESERTED_NS &&
	       kill((pid_t)pid, 0) && errno == ESRCH;
}

static int scan_one(const char *path, const char *rel, const struct stat *st, void *arg,
		    struct pgo_err *err)
{
	struct scan *sc = arg;
	struct watch_stage *s = sc->s;

	if (!strcmp(rel, WATCH_STAGE) || strvec_has(&s->spared, path))
		return S_ISDIR(st->st_mode) ? FS_WALK_SKIP : 0;
	if (S_ISDIR(st->st_mode)) {
		if (is_deserted(rel, st))
			prune(path);
		inotify_add_watch(s->notify_fd, path, IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE);
		return fs_is_dir(path) ? 0 : FS_WALK_SKIP;
	}
	if (!S_ISREG(st->st_mode))
		return 0;
	if (was_folded(sc->folded, st))
		return unlink(path) && errno != ENOENT
			       ? pgo_error_errno(err, "cannot remove '%s'", path)
			       : 0;
	if (sc->nr >= BATCH_FILES || sc->bytes >= BATCH_BYTES || !is_wanted(path, rel))
		return 0;
	if (!is_complete(path, st, sc->hurry)) {
		s->nr_waiting++;
		return 0;
	}
	sc->nr++;
	sc->bytes += (uint64_t)st->st_size;
	return move_file(sc, path, rel, err);
}

int watch_stage_scan(struct watch_stage *s, uint64_t batch, const struct bundle_watch *folded,
		     bool hurry, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = watch_stage_path(s, batch);
	struct scan sc = { s, folded, path, 0, 0, hurry };
	int ret;

	s->nr_waiting = 0;
	inotify_add_watch(s->notify_fd, s->folder, IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE);
	ret = fs_walk(s->folder, scan_one, &sc, err);
	s->nr_moved = sc.nr;
	return ret;
}

static int look_open(const char *path, const char *rel, const struct stat *st, void *arg,
		     struct pgo_err *err)
{
	bool *settled = arg;

	(void)rel;
	(void)err;
	if (S_ISREG(st->st_mode) && openness_of(path) == OPEN)
		*settled = false;
	return 0;
}

int watch_stage_settled(const struct watch_stage *s, uint64_t batch, bool *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = watch_stage_path(s, batch);

	*ret = true;
	return fs_walk(path, look_open, ret, err);
}

static int note_one(const char *path, const char *rel, const struct stat *st, void *arg,
		    struct pgo_err *err)
{
	struct bundle_watched *f;

	(void)path;
	(void)err;
	if (!S_ISREG(st->st_mode))
		return 0;
	f = bundle_add_watched(arg);
	f->path = xstrdup(rel);
	f->inode = st->st_ino;
	f->bytes = (uint64_t)st->st_size;
	f->mtime_ns = mtime_ns(st);
	return 0;
}

int watch_stage_note(const struct watch_stage *s, uint64_t batch, struct bundle *b,
		     struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = watch_stage_path(s, batch);

	bundle_clear_watched(b);
	b->watch.batch = batch;
	return fs_walk(path, note_one, b, err);
}

struct removal {
	const struct bundle_watch *folded; /* NULL: an older batch's are not known any more */
	uint64_t nr_changed;
};

static int remove_one(const char *path, const char *rel, const struct stat *st, void *arg,
		      struct pgo_err *err)
{
	struct removal *r = arg;

	(void)rel;
	if (S_ISDIR(st->st_mode))
		return 0;
	if (r->folded && !was_folded(r->folded, st)) {
		log_warn("'%s' was written to after it was folded: it stays", path);
		r->nr_changed++;
		return 0;
	}
	return unlink(path) && errno != ENOENT ? pgo_error_errno(err, "cannot remove '%s'", path)
					       : 0;
}

int watch_stage_remove(const struct watch_stage *s, uint64_t batch, const struct bundle *b,
		       uint64_t *nr_changed, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = watch_stage_path(s, batch);
	struct removal r = { b->watch.batch == batch ? &b->watch : NULL, 0 };
	int ret = fs_walk(path, remove_one, &r, err);

	*nr_changed += r.nr_changed;
	return ret || r.nr_changed ? ret : fs_remove_tree(path, err);
}
