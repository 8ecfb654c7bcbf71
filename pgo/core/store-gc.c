/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/core/store-index.h"
#include "pgo/core/store-object.h"

void store_gc_release(struct store_gc *g)
{
	store_entries_release(&g->removed);
	strvec_release(&g->unreferenced);
	*g = (struct store_gc)STORE_GC_INIT;
}

/* How many of its project were added after the entry at i. */
static size_t nr_after(const struct store_entries *list, size_t i)
{
	size_t nr = 0;

	for (size_t k = i + 1; k < list->nr; k++)
		nr += !strcmp(list->v[k].project, list->v[i].project);
	return nr;
}

/* Move what is not to be kept from list to removed; list keeps the others. */
static void choose(struct store_entries *list, unsigned keep, struct store_entries *removed)
{
	PGO_AUTO_FREE bool *stays = xcalloc(list->nr, sizeof(*stays));
	size_t nr = 0;

	for (size_t i = 0; i < list->nr; i++) {
		const struct store_entry *e = &list->v[i];

		stays[i] = e->pinned || e->last_good || e->fallback || nr_after(list, i) < keep;
	}
	for (size_t i = 0; i < list->nr; i++) {
		if (stays[i]) {
			list->v[nr++] = list->v[i];
			continue;
		}
		VEC_GROW(removed->v, removed->nr, removed->alloc);
		removed->v[removed->nr++] = list->v[i];
	}
	list->nr = nr;
}

/* A file is counted as freed where it is, or would be, removed. */
static int remove_files(const struct store *s, const struct strvec *paths, bool dry_run,
			uint64_t *freed, struct pgo_err *err)
{
	for (size_t i = 0; i < paths->nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(s->dir, paths->v[i]);
		struct stat st;

		if (lstat(path, &st))
			continue;
		*freed += (uint64_t)st.st_size;
		if (!dry_run && unlink(path) && errno != ENOENT)
			return pgo_error_errno(err, "cannot remove '%s'", path);
	}
	return 0;
}

static int find_unreferenced(const struct store *s, const struct store_entries *list,
			     struct strvec *ret, struct pgo_err *err)
{
	PGO_AUTO(strvec) known = STRVEC_INIT;

	store_entries_digests(list, &known);
	return store_object_unreferenced(s, &known, ret, err);
}

static bool has_digest(const struct store_entry *v, size_t nr, const char *digest)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(v[i].digest, digest))
			return true;
	return false;
}

static int remove_entry(struct store *s, const struct store_entry *e, struct pgo_err *err)
{
	int ret = database_begin(&s->db, err);

	if (ret)
		return ret;
	ret = store_index_remove(s, e, err);
	if (!ret)
		return database_commit(&s->db, err);
	database_rollback(&s->db);
	return ret;
}

/*
 * The entry goes before its file, so that a kill in between leaves a file without an entry, never
 * the reverse. One at a time: on a full disk each makes room for the next.
 */
static int remove_entries(struct store *s, const struct store_entries *kept,
			  const struct store_entries *removed, bool dry_run, uint64_t *freed,
			  struct pgo_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < removed->nr; i++) {
		const struct store_entry *e = &removed->v[i];
		PGO_AUTO_FREE char *path = store_object_path(s, e->digest);
		bool last = !has_digest(kept->v, kept->nr, e->digest) &&
			    !has_digest(e + 1, removed->nr - i - 1, e->digest);

		if (!dry_run)
			ret = remove_entry(s, e, err);
		if (ret || !last)
			continue;
		*freed += e->bytes;
		if (!dry_run && unlink(path) && errno != ENOENT)
			ret = pgo_error_errno(err, "cannot remove '%s'", path);
	}
	return ret;
}

/* What no entry names goes first: that needs no room at all. */
static int collect(struct store *s, unsigned keep, bool dry_run, struct store_gc *g,
		   struct pgo_err *err)
{
	PGO_AUTO(store_entries) list = STORE_ENTRIES_INIT;
	int ret = store_list(s, NULL, &list, err);

	if (!ret)
		ret = find_unreferenced(s, &list, &g->unreferenced, err);
	if (!ret)
		ret = remove_files(s, &g->unreferenced, dry_run, &g->freed_bytes, err);
	if (ret)
		return ret;
	choose(&list, keep, &g->removed);
	if (!dry_run)
		store_object_spend_reserve(s);
	ret = remove_entries(s, &list, &g->removed, dry_run, &g->freed_bytes, err);
	if (!dry_run)
		store_object_reserve(s->dir);
	return ret;
}

int store_collect(struct store *s, unsigned keep, bool dry_run, struct store_gc *ret,
		  struct pgo_err *err)
{
	PGO_AUTO(store_gc) g = STORE_GC_INIT;
	int code = collect(s, keep, dry_run, &g, err);

	if (code)
		return code;
	*ret = g;
	g = (struct store_gc)STORE_GC_INIT;
	return 0;
}
