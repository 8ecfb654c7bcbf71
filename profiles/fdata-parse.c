/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of an .fdata file. */
#include "profiles/fdata.h"

#include "pgo/base/fs.h"
#include "profiles/format.h"

struct line {
	const char *p, *end;
	const char *bad; /* what was not there */
};

static bool fail(struct line *l, const char *what)
{
	if (!l->bad)
		l->bad = what;
	return false;
}

/* The blanks that end a field. */
static bool take_blank(struct line *l)
{
	if (l->p == l->end || *l->p != ' ')
		return fail(l, "a blank is missing");
	while (l->p < l->end && *l->p == ' ')
		l->p++;
	return true;
}

static bool take_name(struct line *l, struct fdata_place *place)
{
	const char *start = l->p;

	while (l->p < l->end && *l->p != ' ')
		l->p += *l->p == '\\' && l->p + 1 < l->end ? 2 : 1;
	place->name = start;
	place->name_len = (size_t)(l->p - start);
	return place->name_len ? true : fail(l, "a name is missing");
}

static bool take_hex(struct line *l, uint64_t *ret)
{
	const char *start = l->p;
	uint64_t v = 0;

	for (; l->p < l->end; l->p++) {
		unsigned c = (unsigned char)*l->p, digit;

		if (c - '0' < 10)
			digit = c - '0';
		else if ((c | 0x20) - 'a' < 6)
			digit = (c | 0x20) - 'a' + 10;
		else
			break;
		if (v >> 60)
			return fail(l, "an offset is out of range");
		v = v << 4 | digit;
	}
	*ret = v;
	return l->p > start ? true : fail(l, "no hexadecimal offset");
}

static bool take_count(struct line *l, uint64_t *ret)
{
	const char *start = l->p;
	uint64_t v = 0;

	for (; l->p < l->end && (unsigned char)(*l->p - '0') < 10; l->p++) {
		unsigned digit = (unsigned char)(*l->p - '0');

		if (v > (FDATA_LIMIT - digit) / 10)
			return fail(l, "a count is out of range");
		v = v * 10 + digit;
	}
	*ret = v;
	return l->p > start ? true : fail(l, "no count");
}

/* base: 0 where branches and samples are, 3 for a memory access. */
static bool take_place(struct line *l, unsigned base, struct fdata_place *place)
{
	unsigned scope = l->p < l->end ? (unsigned char)*l->p - '0' - base : 3;

	if (scope > FDATA_LOCAL)
		return fail(l, base ? "no 3, 4 or 5" : "no 0, 1 or 2");
	place->scope = (enum fdata_scope)scope;
	l->p++;
	return take_blank(l) && take_name(l, place) && take_blank(l) &&
	       take_hex(l, &place->offset) && take_blank(l);
}

static bool take_record(struct line *l, bool no_lbr, struct fdata_record *r)
{
	bool memory = l->p < l->end && *l->p >= '3' && *l->p <= '5';
	unsigned base = memory ? 3 : 0;

	*r = (struct fdata_record){ .type = memory   ? FDATA_MEMORY
					    : no_lbr ? FDATA_SAMPLE
						     : FDATA_BRANCH };
	if (!take_place(l, base, &r->from))
		return false;
	if (r->type != FDATA_SAMPLE && !take_place(l, base, &r->to))
		return false;
	if (r->type == FDATA_BRANCH && !(take_count(l, &r->mispredicted) && take_blank(l)))
		return false;
	if (!take_count(l, &r->count))
		return false;
	if (l->p < l->end && *l->p == ' ')
		take_blank(l);
	return l->p == l->end ? true : fail(l, "more than a record in a line");
}

const char *fdata_parse_line(const char *line, size_t len, bool no_lbr, struct fdata_record *ret,
			     size_t *ret_at)
{
	struct line l = { line, line + len, NULL };

	if (take_record(&l, no_lbr, ret))
		return NULL;
	*ret_at = (size_t)(l.p - line);
	return l.bad;
}

/* Whether the line is word, or word and more behind a blank. */
static bool begins(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && !memcmp(line, word, n) && (len == n || line[n] == ' ');
}

int fdata_bid(const char *head, size_t len)
{
	const char *nl = memchr(head, '\n', len);
	size_t line = nl ? (size_t)(nl - head) : len, at;
	struct fdata_record r;

	if (begins(head, line, FDATA_BOLTED))
		return 8 * (int)strlen(FDATA_BOLTED);
	if (begins(head, line, FDATA_NO_LBR))
		return 8 * (int)strlen(FDATA_NO_LBR);
	if (!nl || fdata_parse_line(head, line, false, &r, &at))
		return 0;
	return 64;
}

struct head {
	bool no_lbr, bolted;
	const char *events;
	size_t events_len;
};

/* What the lines before the first record say. Returns how many bytes they are. */
static size_t parse_head(const char *data, size_t len, struct head *h)
{
	size_t at = 0;

	*h = (struct head){ 0 };
	for (;;) {
		const char *line = data + at, *nl = memchr(line, '\n', len - at);
		size_t n = nl ? (size_t)(nl - line) : 0;

		if (nl && !h->no_lbr && begins(line, n, FDATA_NO_LBR)) {
			h->no_lbr = true;
			h->events = line + strlen(FDATA_NO_LBR);
			h->events_len = n - strlen(FDATA_NO_LBR);
		} else if (nl && !h->bolted && n == strlen(FDATA_BOLTED) &&
			   begins(line, n, FDATA_BOLTED)) {
			h->bolted = true;
		} else {
			return at;
		}
		at += n + 1;
	}
}

static int take_head(struct fdata *f, const struct head *h, const char *path, struct pgo_err *err)
{
	if (f->mode_known && f->no_lbr != h->no_lbr) {
		pgo_error_at(err, PGO_EMISMATCH, path, 0,
			     "'%s' has %s, the inputs before it %s: they do not add up", path,
			     h->no_lbr ? "samples without branches" : "branches",
			     h->no_lbr ? "branches" : "samples without branches");
		return pgo_err_hint(err, "merge those with branches, or those without");
	}
	if (f->mode_known && f->bolted != h->bolted)
		return pgo_error_at(err, PGO_EMISMATCH, path, 0,
				    "'%s' was collected in a binary %s BOLT, the inputs before it "
				    "were not",
				    path, h->bolted ? "made by" : "not made by");
	f->mode_known = true;
	f->no_lbr = h->no_lbr;
	f->bolted = h->bolted;
	for (size_t i = 0, end; i < h->events_len; i = end) {
		for (; i < h->events_len && h->events[i] == ' '; i++)
			;
		for (end = i; end < h->events_len && h->events[end] != ' '; end++)
			;
		if (end > i)
			fdata_add_event(f, h->events + i, end - i);
	}
	return 0;
}

static int bad_line(const char *path, const char *data, size_t line_at, size_t at, const char *what,
		    struct pgo_err *err)
{
	size_t nr = 1;

	for (size_t i = 0; i < line_at; i++)
		nr += data[i] == '\n';
	return pgo_error_at(err, PGO_EFORMAT, path, (int64_t)(line_at + at),
			    "'%s' is truncated or corrupt at byte %zu: %s in line %zu", path,
			    line_at + at, what, nr);
}

static int add_lines(struct fdata *f, const char *data, size_t len, size_t at, const char *path,
		     uint64_t weight, struct pgo_err *err)
{
	struct fdata_record r;

	while (at < len) {
		const char *line = data + at, *nl = memchr(line, '\n', len - at), *what;
		size_t bad_at = len - at;

		/* A count without its line's end may have lost digits. */
		if (!nl)
			return bad_line(path, data, at, bad_at, "no end", err);
		what = fdata_parse_line(line, (size_t)(nl - line), f->no_lbr, &r, &bad_at);
		if (what)
			return bad_line(path, data, at, bad_at, what, err);
		fdata_add(f, &r, weight);
		at = (size_t)(nl - data) + 1;
	}
	return 0;
}

int fdata_add_text(struct fdata *f, const char *path, const void *data, size_t len, uint64_t weight,
		   struct pgo_err *err)
{
	struct head h;
	const char *zero = memchr(data, '\0', len);
	size_t at = parse_head(data, len, &h);
	int ret;

	if (zero)
		return bad_line(path, data, (size_t)(zero - (const char *)data), 0, "a zero byte",
				err);
	if (at == len) {
		pgo_error_at(err, PGO_EFORMAT, path, (int64_t)at, "'%s' holds no record", path);
		return pgo_err_hint(err,
				    "perf2bolt leaves such a file when it could use nothing "
				    "of the recording");
	}
	ret = take_head(f, &h, path, err);
	return ret ? ret : add_lines(f, data, len, at, path, weight, err);
}

int fdata_add_file(struct fdata *f, const char *path, uint64_t weight, struct pgo_err *err)
{
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	int ret = fs_view_open(&view, path, err);

	if (ret)
		return ret;
	if (!view.len)
		return prof_error_empty(path, err);
	return fdata_add_text(f, path, view.data, view.len, weight, err);
}
