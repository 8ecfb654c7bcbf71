/* SPDX-License-Identifier: Apache-2.0 */
/* Which .gcda files there are. */
#include "pgo/base/fs.h"
#include "pgo/base/hashmap.h"
#include "profiles/gcda-file.h"

static void entry_free(struct gcda_entry *e)
{
	for (size_t i = 0; i < e->nr; i++)
		free(e->inputs[i].path);
	free(e->inputs);
	free(e->name);
	free(e);
}

void gcda_list_release(struct gcda_list *list)
{
	for (size_t i = 0; i < list->nr; i++)
		entry_free(list->entries[i]);
	free(list->entries);
	*list = (struct gcda_list)GCDA_LIST_INIT;
}

/* A link is taken too: leaving its counts out would be silent. */
static bool is_gcda(const char *name, const struct stat *st)
{
	size_t len = strlen(name);

	return (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode)) && len > 5 &&
	       !strcmp(name + len - 5, ".gcda");
}

/* rel without the folders of strip in front, which end at a '/'. */
static const char *strip_name(const char *rel, const char *strip)
{
	size_t len;

	while (strip && *strip == '/')
		strip++;
	if (!strip || !*strip)
		return rel;
	len = strlen(strip);
	while (len && strip[len - 1] == '/')
		len--;
	return strncmp(rel, strip, len) == 0 && rel[len] == '/' ? rel + len + 1 : rel;
}

struct walk {
	struct gcda_list *list;
	struct hashmap by_name;
	const struct gcda_tree *tree;
	size_t index, nr_found;
};

static struct gcda_entry *find_entry(struct walk *w, const char *name)
{
	struct hashmap_entry *slot = hashmap_find(&w->by_name, name, strlen(name));
	struct gcda_list *list = w->list;
	struct gcda_entry *e;

	if (slot)
		return slot->value;
	e = xcalloc(1, sizeof(*e));
	e->name = xstrdup(name);
	hashmap_put(&w->by_name, e->name, strlen(name), NULL)->value = e;
	VEC_GROW(list->entries, list->nr, list->alloc);
	list->entries[list->nr++] = e;
	return e;
}

static int add_file(const char *path, const char *rel, const struct stat *st, void *arg,
		    struct pgo_err *err)
{
	struct walk *w = arg;
	struct gcda_entry *e;

	if (!is_gcda(rel, st))
		return 0;
	w->nr_found++;
	e = find_entry(w, strip_name(rel, w->tree->strip));
	if (e->nr && e->inputs[e->nr - 1].tree == w->index)
		return pgo_error_at(err, PGO_EMISMATCH, path, -1,
				    "'%s' and '%s' have the same name without '%s'", path,
				    e->inputs[e->nr - 1].path, w->tree->strip);
	VEC_GROW(e->inputs, e->nr, e->alloc);
	e->inputs[e->nr++] = (struct gcda_input){ w->index, xstrdup(path) };
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct gcda_entry *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int no_profile(const char *dir, struct pgo_err *err)
{
	pgo_error_at(err, PGO_ENOTFOUND, dir, -1, "there is no .gcda file below '%s'", dir);
	pgo_err_hint(err,
		     "the program must be built with -fprofile-generate, and end by exit() "
		     "or a return from main");
	return -PGO_ENOTFOUND;
}

int gcda_list_trees(struct gcda_list *list, const struct gcda_tree *trees, size_t nr,
		    struct pgo_err *err)
{
	struct walk w = { .list = list, .by_name = HASHMAP_INIT };
	int ret = 0;

	for (; !ret && w.index < nr; w.index++) {
		w.tree = &trees[w.index];
		w.nr_found = 0;
		ret = fs_walk(w.tree->dir, add_file, &w, err);
		if (!ret && !w.nr_found)
			ret = no_profile(w.tree->dir, err);
	}
	hashmap_release(&w.by_name);
	if (!ret)
		qsort(list->entries, list->nr, sizeof(*list->entries), by_name);
	return ret;
}

static int stop_at_gcda(const char *path, const char *rel, const struct stat *st, void *arg,
			struct pgo_err *err)
{
	(void)path;
	(void)arg;
	(void)err;
	return is_gcda(rel, st) ? 2 : 0;
}

bool gcda_is_tree(const char *dir)
{
	return fs_walk(dir, stop_at_gcda, NULL, NULL) == 2;
}
