/* SPDX-License-Identifier: Apache-2.0 */
/* Which .gcda files there are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/hashmap.h"
#include "profiles/gcda-file.h"

static void entry_free(struct gcda_entry *e)
{
	for (size_t i = 0; i < e->nr; i++)
		free(e->inputs[i].rel);
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

static bool is_gcda(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && !strcmp(name + len - 5, ".gcda");
}

/* The type of a folder's entry, which not every file system tells with the name. */
static unsigned char type_of(int dir_fd, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN || fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
		return e->d_type;
	return IFTODT(st.st_mode);
}

/* Called for each .gcda file; non-zero ends the scan and is what it returns. */
typedef int (*found_fn)(const char *rel, void *arg, struct pgo_err *err);

struct scan {
	const char *root;
	struct strbuf rel; /* of the folder that is being read, with a '/' at its end */
	found_fn found;
	void *arg;
};

static int scan_failed(const struct scan *s, const char *what, struct pgo_err *err)
{
	int errnum = errno;
	PGO_AUTO_FREE char *path = fs_join(s->root, s->rel.buf);

	errno = errnum;
	return pgo_error_errno(err, "cannot %s the folder '%s'", what, path);
}

static int scan_dir(struct scan *s, int fd, struct pgo_err *err);

/* A link is taken too: leaving its counts out would be silent. */
static int scan_entry(struct scan *s, int dir_fd, const struct dirent *e, struct pgo_err *err)
{
	unsigned char type = type_of(dir_fd, e);
	size_t len = s->rel.len;
	int fd, ret = 0;

	if (type == DT_DIR && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
		fd = openat(dir_fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		strbuf_addf(&s->rel, "%s/", e->d_name);
		ret = fd < 0 ? scan_failed(s, "open", err) : scan_dir(s, fd, err);
	} else if ((type == DT_REG || type == DT_LNK) && is_gcda(e->d_name)) {
		strbuf_addstr(&s->rel, e->d_name);
		ret = s->found(s->rel.buf, s->arg, err);
	}
	strbuf_setlen(&s->rel, len);
	return ret;
}

/* Takes fd. */
static int scan_dir(struct scan *s, int fd, struct pgo_err *err)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int ret = 0;

	if (!d) {
		close(fd);
		return scan_failed(s, "open", err);
	}
	while (errno = 0, !ret && (e = readdir(d)))
		ret = scan_entry(s, fd, e, err);
	if (!ret && errno)
		ret = scan_failed(s, "read", err);
	closedir(d);
	return ret;
}

/* Every .gcda file below root, in no order: this is the larger half of merging small trees. */
static int scan_tree(const char *root, found_fn found, void *arg, struct pgo_err *err)
{
	struct scan s = { root, STRBUF_INIT, found, arg };
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 ? scan_failed(&s, "open", err) : scan_dir(&s, fd, err);

	strbuf_release(&s.rel);
	return ret;
}

/* How much of name is the folders of strip, which end at a separator; 0: it begins otherwise. */
static size_t stripped_len(const char *name, const char *strip, char separator)
{
	size_t len = strlen(strip);

	while (len && strip[len - 1] == '/')
		len--;
	for (size_t i = 0; i < len; i++)
		if (name[i] != (strip[i] == '/' ? separator : strip[i]))
			return 0;
	return len && name[len] == separator ? len + 1 : 0;
}

static const char *without_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return s;
}

static void add_prefix(struct strbuf *out, const char *prefix, char separator)
{
	for (const char *p = prefix; *p; p++)
		strbuf_addch(out, *p == '/' ? separator : *p);
	if (*prefix && prefix[strlen(prefix) - 1] != '/')
		strbuf_addch(out, separator);
}

/* rel as tree wants it named. */
static char *name_of(const struct gcda_tree *tree, const char *rel)
{
	const char *strip = without_slashes(tree->strip ? tree->strip : "");
	const char *prefix = without_slashes(tree->prefix ? tree->prefix : "");
	const char *base = fs_basename(rel);
	PGO_AUTO(strbuf) name = STRBUF_INIT;
	size_t cut;

	if (*base != '#') {
		add_prefix(&name, prefix, '/');
		strbuf_addstr(&name, rel + stripped_len(rel, strip, '/'));
		return strbuf_take(&name);
	}
	cut = stripped_len(base + 1, strip, '#');
	strbuf_add(&name, rel, (size_t)(base - rel));
	if (*prefix || !cut)
		strbuf_addch(&name, '#');
	add_prefix(&name, prefix, '#');
	strbuf_addstr(&name, base + 1 + cut);
	return strbuf_take(&name);
}

struct walk {
	struct gcda_list *list;
	struct hashmap by_name;
	const struct gcda_tree *trees;
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

void gcda_input_path(const struct gcda_tree *trees, const struct gcda_entry *e,
		     const struct gcda_input *in, struct strbuf *out)
{
	const char *rel = in->rel ? in->rel : e->name;

	strbuf_clear(out);
	strbuf_addstr(out, trees[in->tree].dir);
	if (!*rel)
		return;
	if (!out->len || out->buf[out->len - 1] != '/')
		strbuf_addch(out, '/');
	strbuf_addstr(out, rel);
}

static int same_name(const struct walk *w, const struct gcda_entry *e, const char *rel,
		     struct pgo_err *err)
{
	const struct gcda_input in = { w->index, (char *)(uintptr_t)rel };
	PGO_AUTO(strbuf) one = STRBUF_INIT, other = STRBUF_INIT;

	gcda_input_path(w->trees, e, &in, &one);
	gcda_input_path(w->trees, e, &e->inputs[e->nr - 1], &other);
	return pgo_error_at(err, PGO_EMISMATCH, one.buf, -1,
			    "'%s' and '%s' have the same name without '%s'", one.buf, other.buf,
			    w->trees[w->index].strip);
}

/* rel "" for a tree that is one file. */
static int add_input(struct walk *w, const char *name, const char *rel, struct pgo_err *err)
{
	struct gcda_entry *e = find_entry(w, name);

	w->nr_found++;
	if (e->nr && e->inputs[e->nr - 1].tree == w->index)
		return same_name(w, e, rel, err);
	VEC_GROW(e->inputs, e->nr, e->alloc);
	e->inputs[e->nr++] = (struct gcda_input){
		w->index,
		strcmp(name, rel) != 0 ? xstrdup(rel) : NULL,
	};
	return 0;
}

static int found_file(const char *rel, void *arg, struct pgo_err *err)
{
	struct walk *w = arg;
	const struct gcda_tree *tree = &w->trees[w->index];
	PGO_AUTO_FREE char *name = NULL;

	if (tree->strip || tree->prefix)
		name = name_of(tree, rel);
	return add_input(w, name ? name : rel, rel, err);
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

static int list_tree(struct walk *w, struct pgo_err *err)
{
	const struct gcda_tree *tree = &w->trees[w->index];
	PGO_AUTO_FREE char *name = NULL;
	struct stat st;
	int ret;

	if (!stat(tree->dir, &st) && S_ISREG(st.st_mode)) {
		name = name_of(tree, fs_basename(tree->dir));
		return add_input(w, name, "", err);
	}
	w->nr_found = 0;
	ret = scan_tree(tree->dir, found_file, w, err);
	return ret || w->nr_found ? ret : no_profile(tree->dir, err);
}

int gcda_list_trees(struct gcda_list *list, const struct gcda_tree *trees, size_t nr,
		    struct pgo_err *err)
{
	struct walk w = { .list = list, .by_name = HASHMAP_INIT, .trees = trees };
	int ret = 0;

	for (; !ret && w.index < nr; w.index++)
		ret = list_tree(&w, err);
	hashmap_release(&w.by_name);
	if (!ret)
		qsort(list->entries, list->nr, sizeof(*list->entries), by_name);
	return ret;
}

static int stop(const char *rel, void *arg, struct pgo_err *err)
{
	(void)rel;
	(void)arg;
	(void)err;
	return 1;
}

bool gcda_is_tree(const char *dir)
{
	return scan_tree(dir, stop, NULL, NULL) == 1;
}
