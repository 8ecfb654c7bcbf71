/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/collapsed.h"

#include <inttypes.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"

/* A line in parts: stack[0..stack_len) and the count behind it. */
struct line {
	const char *stack;
	size_t stack_len;
	uint64_t count;
};

/* A frame of the line before: where it ends in that line, and its place. */
struct frame {
	size_t end;
	uint64_t loc;
};

struct reader {
	struct samples *out;
	const struct samples_opts *opts;
	struct hashmap names; /* a frame's text to its index in places */
	struct {
		uint64_t *v;
		size_t nr, alloc;
	} places;
	struct {
		struct frame *v;
		size_t nr, alloc;
	} frames; /* of the line before, outermost first; frames.v[0] is the thread */
	struct line last;
	uint32_t comm;
	uint64_t *stack; /* innermost first */
	size_t alloc_stack;
	uint64_t saturated;
};

static void reader_release(struct reader *r)
{
	hashmap_release(&r->names);
	free(r->places.v);
	free(r->frames.v);
	free(r->stack);
}
PGO_DEFINE_AUTO(reader, reader_release)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Take text[0..len) apart; false when it is no stack with a count. */
static bool split(const char *text, size_t len, struct line *ret)
{
	size_t at = len;
	uint64_t count = 0, place = 1, saturated = 0;

	while (at && is_digit(text[at - 1])) {
		unsigned digit = (unsigned)(text[--at] - '0');

		/* Leading zeros may be many; place 0 is beyond what a count can be. */
		if (digit && !place)
			return false;
		count = num_add_sat(count, num_mul_sat(digit, place, &saturated), &saturated);
		place = place > UINT64_MAX / 10 ? 0 : place * 10;
	}
	if (saturated || at == len || at < 2 || text[at - 1] != ' ')
		return false;
	*ret = (struct line){ text, at - 1, count };
	return text[0] != ' ' && text[0] != '\t' && text[0] != '#' && text[0] != ';';
}

static size_t line_len(const char *text, size_t left, size_t *ret_next)
{
	const char *end = memchr(text, '\n', left);
	size_t len = end ? (size_t)(end - text) : left;

	*ret_next = end ? len + 1 : len;
	return len && text[len - 1] == '\r' ? len - 1 : len;
}

unsigned collapsed_lines(const uint8_t *head, size_t len, bool whole)
{
	const char *text = (const char *)head;
	struct line l;
	unsigned nr = 0;
	size_t next;

	for (size_t at = 0; at < len; at += next) {
		size_t n = line_len(text + at, len - at, &next);

		if (at + next == len && text[len - 1] != '\n' && !whole)
			return nr ? nr : !memchr(text, '\0', len) && memchr(text, ';', len);
		if (n && !split(text + at, n, &l))
			return 0;
		nr += n > 0;
	}
	return nr;
}

/* What a writer of this form would not write becomes '_'. */
static void add_clean(struct strbuf *out, const char *text, size_t len)
{
	strbuf_add(out, text, len);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)out->buf[i] < ' ')
			out->buf[i] = '_';
}

static uint64_t new_name(struct reader *r, const char *text, size_t len)
{
	PGO_AUTO(strbuf) name = STRBUF_INIT;

	add_clean(&name, text, len);
	return samples_name(r->out, name.buf, name.len);
}

static uint64_t place_of(struct reader *r, const char *text, size_t len)
{
	bool is_new;
	struct hashmap_entry *e = hashmap_put(&r->names, text, len, &is_new);

	if (is_new) {
		e->value = (void *)(uintptr_t)r->places.nr;
		VEC_GROW(r->places.v, r->places.nr, r->places.alloc);
		r->places.v[r->places.nr++] = new_name(r, text, len);
	}
	return r->places.v[(uintptr_t)e->value];
}

static uint32_t comm_of(struct reader *r, const char *text, size_t len)
{
	PGO_AUTO(strbuf) name = STRBUF_INIT;

	add_clean(&name, text, len);
	return strcmp(name.buf, "[unknown]") != 0 ? samples_comm(r->out, name.buf) : 0;
}

/* How many frames of the line before begin this one, too; its last one may go on. */
static size_t common_frames(const struct reader *r, const struct line *l)
{
	const char *a = r->last.stack, *b = l->stack;
	size_t most = r->last.stack_len < l->stack_len ? r->last.stack_len : l->stack_len;
	size_t same = 0, nr = 0;

	while (same < most && a[same] == b[same])
		same++;
	while (nr + 1 < r->frames.nr && r->frames.v[nr].end < same)
		nr++;
	return nr;
}

static void read_frames(struct reader *r, const struct line *l)
{
	size_t nr = common_frames(r, l);
	size_t at = nr ? r->frames.v[nr - 1].end + 1 : 0;

	for (r->frames.nr = nr; at <= l->stack_len;) {
		const char *text = l->stack + at;
		const char *end = memchr(text, ';', l->stack_len - at);
		size_t len = end ? (size_t)(end - text) : l->stack_len - at;
		struct frame f = { .end = at + len };

		if (r->frames.nr)
			f.loc = place_of(r, text, len);
		else
			r->comm = comm_of(r, text, len);
		VEC_GROW(r->frames.v, r->frames.nr, r->frames.alloc);
		r->frames.v[r->frames.nr++] = f;
		at += len + 1;
	}
	r->last = *l;
}

static void count_line(struct reader *r, uint64_t count)
{
	struct sample_tally *t = &r->out->tally;
	size_t nr = r->frames.nr - 1;

	if (count > UINT64_MAX - t->samples) {
		count = UINT64_MAX - t->samples;
		r->saturated++;
	}
	if (!count)
		return;
	t->samples += count;
	if (r->alloc_stack < nr + 1) {
		r->alloc_stack = (nr + 1) * 2;
		r->stack = xrealloc_array(r->stack, r->alloc_stack, sizeof(*r->stack));
	}
	r->stack[0] = sample_loc(SAMPLE_BINARY_UNKNOWN, 0);
	for (size_t i = 0; i < nr; i++)
		r->stack[i] = r->frames.v[nr - i].loc;
	address_table_add(&t->addresses, r->stack[0], count);
	if (r->opts->stacks)
		stack_table_add(&t->stacks, r->stack, (uint32_t)nr, r->comm, count);
}

static int not_a_stack(const char *path, size_t offset, uint64_t number, struct pgo_err *err)
{
	int ret = pgo_error_at(err, PGO_EFORMAT, path, (int64_t)offset,
			       "line %" PRIu64 " of '%s', at byte %zu, is no collapsed stack",
			       number, path, offset);

	pgo_err_hint(err, "a line is 'outermost;...;innermost count', the count a whole number");
	return ret;
}

static int read_lines(struct reader *r, const char *path, const char *text, size_t len,
		      struct pgo_err *err)
{
	uint64_t number = 0;
	size_t next;

	for (size_t at = 0; at < len; at += next) {
		size_t n = line_len(text + at, len - at, &next);
		struct line l;

		number++;
		if (!n)
			continue;
		if (n > UINT32_MAX || !split(text + at, n, &l))
			return not_a_stack(path, at, number, err);
		read_frames(r, &l);
		count_line(r, l.count);
	}
	if (!r->out->tally.samples)
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "no sample is in '%s'", path);
	return 0;
}

int collapsed_read_text(const char *path, const void *data, size_t len,
			const struct samples_opts *opts, struct samples *out, struct pgo_err *err)
{
	PGO_AUTO(reader) r = { .out = out, .opts = opts };
	int ret;

	out->format = "collapsed stacks";
	samples_add_event(out, "samples");
	sample_tally_init(&out->tally, 1);
	ret = read_lines(&r, path, data, len, err);
	if (ret)
		return ret;
	out->tally.events[0].samples = out->tally.samples;
	if (((const char *)data)[len - 1] != '\n')
		samples_warn(out, "the last line has no end: the file may be cut");
	if (r.saturated)
		samples_warn(out, "the counts of %" PRIu64 " lines are beyond 2^64-1 in sum",
			     r.saturated);
	samples_finish(out);
	return 0;
}

int collapsed_read(const char *path, const struct samples_opts *opts, struct samples *out,
		   struct pgo_err *err)
{
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	int ret = fs_view_open(&view, path, err);

	return ret ? ret : collapsed_read_text(path, view.data, view.len, opts, out, err);
}
