/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/link-map.h"

#include <stdlib.h>
#include <string.h>

#include "pgo/base/fs.h"
#include "pgo/base/hashmap.h"

/* Columns behind the numbers of a line of lld's. */
enum { LLD_OUTPUT = 0, LLD_INPUT = 8 };

struct parser {
	struct link_map *map;
	struct hashmap names; /* texts that are in the arena */
	bool lld;	      /* its form; else GNU ld's, which gold's is like */
	bool started;	      /* the header has been seen */
	bool wanted;	      /* the section of the output at work is one of memory */
	bool waiting;	      /* GNU: its address comes next */
	bool is_text;	      /* it is .text */
};

/* A part of the text that is not terminated. */
struct span {
	const char *p, *end;
};

void link_map_release(struct link_map *m)
{
	free(m->pieces);
	arena_release(&m->arena);
	*m = (struct link_map)LINK_MAP_INIT;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct span *s)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
}

static void skip_word(struct span *s)
{
	while (s->p < s->end && !is_blank(*s->p))
		s->p++;
}

static bool starts_with(const struct span *s, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(s->end - s->p) >= len && !memcmp(s->p, text, len);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A word that is a number to the base of 16, with prefix before it; else s stays. */
static bool take_hex(struct span *s, const char *prefix, uint64_t *ret)
{
	struct span at = *s;
	uint64_t v = 0;
	int nr = 0, d;

	skip_blanks(&at);
	if (!starts_with(&at, prefix))
		return false;
	at.p += strlen(prefix);
	for (; at.p < at.end && (d = digit_of(*at.p)) >= 0; at.p++, nr++)
		v = v << 4 | (unsigned)d;
	if (!nr || nr > 16 || (at.p < at.end && !is_blank(*at.p)))
		return false;
	*s = at;
	*ret = v;
	return true;
}

/* The text once, however often it stands in the map. */
static const char *intern(struct parser *x, const char *p, size_t len)
{
	struct hashmap_entry *e = hashmap_find(&x->names, p, len);

	if (!e) {
		char *copy = arena_strndup(&x->map->arena, p, len);

		e = hashmap_put(&x->names, copy, len, NULL);
		e->value = copy;
	}
	return e->value;
}

/* "libx.a(y.o)", lld's "libx.a(y.o at 640)" of bitcode, or "z.o". */
static void add_piece(struct parser *x, uint64_t start, uint64_t bytes, struct span file)
{
	struct link_map *m = x->map;
	const char *open = NULL, *close = NULL;
	struct link_piece piece = { start, start + bytes, NULL, NULL };

	if (file.p == file.end || *file.p == '<' || !bytes || piece.end < start)
		return;
	if (file.end[-1] == ')') {
		open = memrchr(file.p, '(', (size_t)(file.end - file.p));
		close = file.end - 1;
	}
	if (open && open > file.p) {
		const char *at = memmem(open, (size_t)(close - open), " at ", 4);

		close = at ? at : close;
		piece.member = intern(x, open + 1, (size_t)(close - open - 1));
		file.end = open;
	}
	piece.file = intern(x, file.p, (size_t)(file.end - file.p));
	VEC_GROW(m->pieces, m->nr_pieces, m->alloc_pieces);
	m->pieces[m->nr_pieces++] = piece;
}

/* What has no place in memory begins at 0, as what the linker has left out does. */
static void take_output(struct parser *x, uint64_t start, uint64_t bytes)
{
	x->wanted = start != 0;
	if (!x->is_text)
		return;
	x->map->text_start = start;
	x->map->text_bytes = bytes;
}

/*
 * An output section begins its line, its pieces are behind a blank, each with address, size
 * and file; a long name has a line of its own. Symbols have no size, patterns and fillings no
 * file.
 */
static void take_gnu(struct parser *x, struct span s)
{
	uint64_t start, bytes;

	if (!is_blank(*s.p)) {
		struct span name = s;

		skip_word(&name);
		x->is_text = name.p - s.p == 5 && starts_with(&s, ".text");
		x->wanted = false;
		x->waiting = true;
		s.p = name.p;
	} else {
		skip_blanks(&s);
		if (starts_with(&s, "*"))
			return;
		if (!starts_with(&s, "0x"))
			skip_word(&s);
	}
	if (!take_hex(&s, "0x", &start) || !take_hex(&s, "0x", &bytes))
		return;
	skip_blanks(&s);
	if (x->waiting) {
		x->waiting = false;
		take_output(x, start, bytes);
	} else if (x->wanted) {
		add_piece(x, start, bytes, s);
	}
}

/* Address, address in the file, size and alignment, a blank, then by the column what it is of. */
static void take_lld(struct parser *x, struct span s)
{
	uint64_t start, load, bytes, align;
	const char *name, *section;

	if (!take_hex(&s, "", &start) || !take_hex(&s, "", &load) || !take_hex(&s, "", &bytes) ||
	    !take_hex(&s, "", &align) || s.p == s.end)
		return;
	name = ++s.p;
	skip_blanks(&s);
	if (s.p - name == LLD_OUTPUT) {
		x->is_text = s.end - s.p == 5 && starts_with(&s, ".text");
		take_output(x, start, bytes);
	} else if (s.p - name == LLD_INPUT && x->wanted) {
		section = memrchr(s.p, ':', (size_t)(s.end - s.p));
		while (section && section > s.p && section + 1 < s.end && section[1] != '(')
			section = memrchr(s.p, ':', (size_t)(section - s.p));
		if (section)
			s.end = section;
		add_piece(x, start, bytes, s);
	}
}

static void take_line(struct parser *x, struct span s)
{
	struct span head = s;

	while (s.end > s.p && is_blank(s.end[-1]))
		s.end--;
	skip_blanks(&head);
	if (s.p == s.end)
		return;
	if (x->started) {
		if (x->lld)
			take_lld(x, s);
		else
			take_gnu(x, s);
	} else if (starts_with(&head, "VMA ")) {
		x->started = x->lld = true;
	} else {
		x->started = starts_with(&s, "Linker script and memory map") ||
			     starts_with(&s, "Memory map");
	}
}

static int by_start(const void *a, const void *b)
{
	const struct link_piece *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

int link_map_parse(const char *path, const char *text, size_t len, struct link_map *ret,
		   struct pgo_err *err)
{
	PGO_AUTO(link_map) m = LINK_MAP_INIT;
	struct parser x = { .map = &m };
	struct span s = { text, text };
	const char *end = text + len;

	for (; s.p < end; s.p = s.end + 1) {
		s.end = memchr(s.p, '\n', (size_t)(end - s.p));
		s.end = s.end ? s.end : end;
		take_line(&x, s);
	}
	hashmap_release(&x.names);
	if (!m.nr_pieces) {
		pgo_error_at(err, PGO_EFORMAT, path, -1, "'%s' is no map of GNU ld, gold or lld",
			     path);
		return pgo_err_hint(err, "let the linker write one: -Wl,-Map=FILE");
	}
	qsort(m.pieces, m.nr_pieces, sizeof(*m.pieces), by_start);
	*ret = m;
	m = (struct link_map)LINK_MAP_INIT;
	return 0;
}

int link_map_read(const char *path, struct link_map *ret, struct pgo_err *err)
{
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	int r = fs_view_open(&view, path, err);

	return r ? r : link_map_parse(path, (const char *)view.data, view.len, ret, err);
}

const struct link_piece *link_map_find(const struct link_map *m, uint64_t addr)
{
	size_t low = 0, high = m->nr_pieces;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (m->pieces[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr < m->pieces[low - 1].end ? &m->pieces[low - 1] : NULL;
}
