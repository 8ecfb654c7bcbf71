/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads, atomic writes, trees. All fds are O_CLOEXEC. */
#ifndef PGO_BASE_FS_H
#define PGO_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"
#include "pgo/base/strvec.h"

/* A whole file in memory, mapped or read. Zero length gives data "" and len 0. */
struct fs_view {
	const uint8_t *data;
	size_t len;
	bool mapped;
};
#define FS_VIEW_INIT { 0 }
int fs_view_open(struct fs_view *view, const char *path, struct pgo_err *err);
void fs_view_release(struct fs_view *view);
PGO_DEFINE_AUTO(fs_view, fs_view_release)

/* Whether two files have the same bytes. */
int fs_same_content(const char *a, const char *b, bool *ret, struct pgo_err *err);
int fs_read_file(const char *path, struct strbuf *out, struct pgo_err *err); /* appends */
/* The same of a file below /proc/PID. false: the process is gone, or does not show it. */
bool fs_read_proc(pid_t pid, const char *name, struct strbuf *out);
/*
 * The last lines (at most nr, at most 16 KiB) of a text file, a NUL as '?'; missing file:
 * nothing.
 */
void fs_tail(const char *path, unsigned nr_lines, struct strbuf *out);

/*
 * Write beside path and rename: path holds the old or the new content, never
 * half of it, also after a crash. mode as in open (umask applies).
 * -PGO_EUSAGE when path is a folder or a device.
 */
int fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
		    struct pgo_err *err);

/*
 * The same for a producer that writes itself: open, write to fd (or to tmp_path), commit or
 * abort.
 */
struct fs_atomic {
	char *path, *tmp_path;
	int fd;
};
#define FS_ATOMIC_INIT { .fd = -1 }
int fs_atomic_open(struct fs_atomic *f, const char *path, mode_t mode, struct pgo_err *err);
int fs_atomic_commit(struct fs_atomic *f, struct pgo_err *err); /* fsync, rename */
void fs_atomic_release(struct fs_atomic *f);			/* unlinks when not committed */
PGO_DEFINE_AUTO(fs_atomic, fs_atomic_release)

int fs_write_all(int fd, const void *data,
		 size_t len); /* 0 or -errno; takes EINTR and short writes */
int fs_append_line(const char *path, const char *line, size_t len,
		   struct pgo_err *err); /* one write, O_APPEND */

bool fs_exists(const char *path);
bool fs_is_dir(const char *path);
int fs_mkdir_p(const char *path, struct pgo_err *err);
/* Put the names in a folder on the disk: what was renamed into it is there after a power cut. */
int fs_sync_dir(const char *path, struct pgo_err *err);
/* Remove a file or a tree, never following links; a missing path is no error. */
int fs_remove_tree(const char *path, struct pgo_err *err);
/*
 * Copy a file (mode and mtime kept; reflink or copy_file_range where it can),
 * making the parents of dst. A symlink is copied as a link.
 */
int fs_copy_file(const char *src, const char *dst, struct pgo_err *err);
/*
 * Copy a tree. skip (may be NULL) is asked with the path relative to src and returns true to
 * leave it out.
 */
int fs_copy_tree(const char *src, const char *dst, bool (*skip)(const char *rel, void *arg),
		 void *arg, struct pgo_err *err);

/* Append the names in a directory but . and .., sorted by bytes. */
int fs_list(const char *path, struct strvec *names, struct pgo_err *err);

/* Called for each file, link and directory (before its entries) below root; rel is relative to it,
 * entries sorted by bytes. Return non-zero to stop: it is returned. FS_WALK_SKIP: not into this
 * directory. */
#define FS_WALK_SKIP 1
typedef int (*fs_walk_fn)(const char *path, const char *rel, const struct stat *st, void *arg,
			  struct pgo_err *err);
int fs_walk(const char *root, fs_walk_fn fn, void *arg, struct pgo_err *err);

char *fs_join(const char *dir,
	      const char *name); /* malloc'ed; an absolute name wins, an empty part adds nothing */
char *fs_absolute(const char *path); /* against cwd, lexically cleaned */
char *fs_dirname(const char *path);  /* malloc'ed */
const char *fs_basename(const char *path);
/*
 * A program by its name on PATH (skip_dir, may be NULL, is passed over) or by its path;
 * malloc'ed or NULL.
 */
char *fs_which(const char *name, const char *path_env, const char *skip_dir);
char *fs_exe_dir(void); /* of the running program; malloc'ed */

#endif
