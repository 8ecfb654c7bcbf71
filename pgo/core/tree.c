/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/tree.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/core/json.h"

static char *note_path(const struct project *p)
{
	return fs_join(p->work, "built.json");
}

static uint64_t mtime_ns(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
}

static void add_link(json_t *list, const char *path)
{
	struct stat st;
	json_t *o;

	if (stat(path, &st))
		return;
	o = json_object();
	json_object_set_new(o, "path", js_string(path));
	json_object_set_new(o, "bytes", js_u64((uint64_t)st.st_size));
	json_object_set_new(o, "mtime_ns", js_u64(mtime_ns(&st)));
	json_array_append_new(list, o);
}

int tree_note(const struct project *p, const char *key, const struct strvec *links,
	      struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = note_path(p);
	PGO_AUTO(json_holder) o = { json_object() };
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	json_t *list = json_array();

	for (size_t i = 0; i < links->nr; i++)
		add_link(list, links->v[i]);
	json_object_set_new(o.o, "key", js_string(key));
	json_object_set_new(o.o, "links", list);
	js_dump(o.o, &text, false);
	return fs_write_atomic(path, text.buf, text.len, 0644, err);
}

/* Outputs of the build lie in the work copy; one elsewhere is the user's. */
static bool is_inside(const struct project *p, const char *path)
{
	PGO_AUTO_FREE char *clean = fs_absolute(path);
	size_t len = strlen(p->work);

	return !strncmp(clean, p->work, len) && clean[len] == '/';
}

/* As it was noted: else somebody else built here. */
static bool is_untouched(const struct project *p, const json_t *o)
{
	bool ok = true;
	const char *path = js_get_string(o, "path", &ok);
	uint64_t bytes = js_get_u64(o, "bytes", &ok), time = js_get_u64(o, "mtime_ns", &ok);
	struct stat st;

	return ok && is_inside(p, path) && !stat(path, &st) && (uint64_t)st.st_size == bytes &&
	       mtime_ns(&st) == time;
}

static bool read_note(const struct project *p, const char *path, const char *key,
		      struct strvec *links)
{
	PGO_AUTO(json_holder) o = { NULL };
	const json_t *list, *item;
	bool ok = true;
	size_t i;

	if (!fs_exists(path) || js_load(path, &o.o, NULL))
		return false;
	list = json_object_get(o.o, "links");
	if (strcmp(js_get_string(o.o, "key", &ok), key) != 0 || !ok)
		return false;
	json_array_foreach(list, i, item) {
		if (!is_untouched(p, item))
			return false;
		strvec_push(links, json_string_value(json_object_get(item, "path")));
	}
	return links->nr > 0;
}

bool tree_take(const struct project *p, const char *key, struct strvec *links)
{
	PGO_AUTO_FREE char *path = note_path(p);

	if (!read_note(p, path, key, links)) {
		strvec_clear(links);
		return false;
	}
	unlink(path);
	for (size_t i = 0; i < links->nr; i++)
		unlink(links->v[i]);
	return true;
}

static bool is_linked_file(const char *path)
{
	unsigned char head[18];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool whole = fd >= 0 && read(fd, head, sizeof(head)) == (ssize_t)sizeof(head);
	unsigned type;

	if (fd >= 0)
		close(fd);
	if (!whole || memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	type = head[EI_DATA] == ELFDATA2MSB ? head[16] << 8 | head[17] : head[17] << 8 | head[16];
	return type == ET_EXEC || type == ET_DYN;
}

static bool is_older(const struct stat *st, const struct timespec *since)
{
	return st->st_mtim.tv_sec < since->tv_sec ||
	       (st->st_mtim.tv_sec == since->tv_sec && st->st_mtim.tv_nsec < since->tv_nsec);
}

bool tree_is_relinked(const struct strvec *links, const struct strvec *redone,
		      const char *build_dir, const struct strvec *artifacts,
		      const struct timespec *since)
{
	for (size_t i = 0; i < links->nr; i++)
		if (!strvec_has(redone, links->v[i]))
			return false;
	for (size_t i = 0; i < artifacts->nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(build_dir, artifacts->v[i]);
		struct stat st;

		if (stat(path, &st) || (is_linked_file(path) && is_older(&st, since)))
			return false;
	}
	return true;
}
