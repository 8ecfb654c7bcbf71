/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text profiles. A record is a name, a hash, a number of counters and the
 * counters, a line each; then bitmaps ("$n") and values may follow. Lines that
 * are empty or begin with '#' do not count. Source: llvm-profdata(1) of LLVM 22
 * and the behaviour of llvm-profdata 14, 19 and 22.
 */
#include "profiles/llvm/guard.h"

#include <string.h>
#include <strings.h>

#define NR_VALUE_KINDS 3
#define KIND_SIZES 1

/* One line, without its end. text NULL: there is none left. */
struct line {
	const char *text;
	size_t len;
};

/* The line at the cursor, which is taken when it is read by take(). */
struct lines {
	struct cursor *c;
	struct line cur;
	const uint8_t *next;
};

static void find_line(struct lines *l)
{
	const uint8_t *p = l->c->pos, *end = l->c->end;

	while (p < end) {
		const uint8_t *nl = memchr(p, '\n', (size_t)(end - p));
		const uint8_t *stop = nl ? nl : end;
		size_t len = (size_t)(stop - p);

		if (nl && len && p[len - 1] == '\r')
			len--;
		if (len && *p != '#') {
			l->c->pos = p;
			l->cur = (struct line){ (const char *)p, len };
			l->next = nl ? nl + 1 : end;
			return;
		}
		p = nl ? nl + 1 : end;
	}
	l->c->pos = end;
	l->cur = (struct line){ NULL, 0 };
	l->next = end;
}

static struct line take(struct lines *l, const char *what)
{
	struct line line = l->cur;

	if (l->c->bad || !line.text) {
		cursor_fail(l->c, what);
		return (struct line){ "", 0 };
	}
	l->c->pos = l->next;
	find_line(l);
	return line;
}

static int digit_of(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return 99;
}

static bool parse(struct line s, int base, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		int digit = digit_of(s.text[i]);

		if (digit >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v))
			return false;
	}
	*ret = v;
	return true;
}

/* A number whose prefix tells its base: 0x, 0b, 0o or 0. */
static bool parse_prefixed(struct line s, uint64_t *ret)
{
	static const struct {
		char letter;
		int base;
	} prefixes[] = {
		{ 'x', 16 },
		{ 'b', 2 },
		{ 'o', 8 },
	};

	for (size_t i = 0; s.len > 2 && s.text[0] == '0' && i < 3; i++)
		if ((s.text[1] | 0x20) == prefixes[i].letter)
			return parse((struct line){ s.text + 2, s.len - 2 }, prefixes[i].base, ret);
	if (s.len > 1 && s.text[0] == '0' && digit_of(s.text[1]) < 10)
		return parse((struct line){ s.text + 1, s.len - 1 }, 8, ret);
	return parse(s, 10, ret);
}

/* A decimal number on a line of its own. */
static uint64_t take_number(struct lines *l, const char *what)
{
	struct cursor at = *l->c;
	uint64_t n = 0;

	if (!parse(take(l, what), 10, &n))
		llvm_guard_fail(l->c, &at, what);
	return l->c->bad ? 0 : n;
}

/* A number of things that take a line, of at least 2 bytes but the last, each. */
static uint64_t take_count(struct lines *l, const char *what)
{
	struct cursor at = *l->c;
	uint64_t n = take_number(l, what);

	if (n > cursor_left(l->c) / 2 + 1)
		llvm_guard_fail(l->c, &at, what);
	return l->c->bad ? 0 : n;
}

static bool is_header(struct line s, const char *name)
{
	return s.len == strlen(name) + 1 && s.text[0] == ':' &&
	       strncasecmp(s.text + 1, name, s.len - 1) == 0;
}

static void skip_traces(struct lines *l)
{
	uint64_t nr = take_count(l, "number of traces");

	take(l, "length of the stream of traces");
	for (uint64_t i = 0; i < nr && !l->c->bad; i++) {
		take(l, "weight of a trace");
		take(l, "trace");
	}
}

static uint64_t variant_of(struct line s)
{
	if (is_header(s, "ir"))
		return LLVM_VARIANT_IR;
	if (is_header(s, "csir"))
		return LLVM_VARIANT_IR | LLVM_VARIANT_CS;
	return 0;
}

static uint64_t read_headers(struct lines *l)
{
	uint64_t variant = 0;

	while (!l->c->bad && l->cur.text && l->cur.text[0] == ':') {
		struct line s = take(l, "header");

		variant |= variant_of(s);
		if (is_header(s, "temporal_prof_traces"))
			skip_traces(l);
	}
	return variant;
}

static void check_site(struct lines *l, uint64_t kind)
{
	uint64_t nr = take_count(l, "number of values of a site");

	for (uint64_t i = 0; i < nr && !l->c->bad; i++) {
		struct cursor at = *l->c;
		struct line s = take(l, "value");
		const char *colon = s.len ? memrchr(s.text, ':', s.len) : NULL;
		struct line count, value;
		uint64_t n;

		if (l->c->bad)
			return;
		count.text = colon ? colon + 1 : s.text;
		count.len = (size_t)(s.text + s.len - count.text);
		value = (struct line){ s.text, colon ? (size_t)(colon - s.text) : 0 };
		if (!colon || !parse(count, 10, &n) ||
		    (kind == KIND_SIZES && !parse(value, 10, &n)))
			llvm_guard_fail(l->c, &at, "value");
	}
}

static void check_values(struct lines *l)
{
	uint64_t nr_kinds;

	if (!l->cur.text || !parse(l->cur, 10, &nr_kinds))
		return;
	if (!nr_kinds || nr_kinds > NR_VALUE_KINDS)
		cursor_fail(l->c, "number of kinds of values");
	take(l, "number of kinds of values");
	for (uint64_t i = 0; i < nr_kinds && !l->c->bad; i++) {
		struct cursor at = *l->c;
		uint64_t kind = take_number(l, "kind of values");
		uint64_t nr_sites = take_count(l, "number of value sites");

		if (kind >= NR_VALUE_KINDS)
			llvm_guard_fail(l->c, &at, "kind of values is unknown");
		for (uint64_t site = 0; site < nr_sites && !l->c->bad; site++)
			check_site(l, kind);
	}
}

static void check_bitmap(struct lines *l, unsigned major)
{
	struct cursor at = *l->c;
	struct line s;
	uint64_t nr = 0;

	if (!l->cur.text || l->cur.text[0] != '$')
		return;
	s = take(l, "size of a bitmap");
	if (!s.len) /* cut before it */
		return;
	s = (struct line){ s.text + 1, s.len - 1 };
	while (s.len && s.text[s.len - 1] == ' ')
		s.len--;
	if (major < 18 || !parse_prefixed(s, &nr) || nr > cursor_left(l->c) / 2 + 1)
		llvm_guard_fail(l->c, &at, "size of a bitmap");
	for (uint64_t i = 0; i < nr && !l->c->bad; i++)
		take(l, "bitmap");
}

static void check_record(struct lines *l, unsigned major)
{
	struct cursor at;
	uint64_t hash = 0, nr;

	take(l, "name of a function");
	at = *l->c;
	if (!parse_prefixed(take(l, "hash of a function"), &hash))
		llvm_guard_fail(l->c, &at, "hash of a function");
	llvm_guard_hash(l->c, &at, hash);
	at = *l->c;
	nr = take_count(l, "number of counters");
	if (!nr)
		llvm_guard_fail(l->c, &at, "number of counters is 0");
	for (uint64_t i = 0; i < nr && !l->c->bad; i++)
		take_number(l, "counter");
	check_bitmap(l, major);
	check_values(l);
}

void llvm_guard_text(struct cursor *c, unsigned major)
{
	struct lines l = { .c = c };

	if (memchr(c->start, '\0', (size_t)(c->end - c->start)))
		cursor_fail(c, "a byte that is 0");
	if (c->bad)
		return;
	find_line(&l);
	read_headers(&l);
	if (!l.cur.text)
		cursor_fail(c, "name of a function");
	while (!c->bad && l.cur.text)
		check_record(&l, major);
}

static bool is_printable(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((s[i] < ' ' && !strchr("\t\n\v\f\r", s[i])) || s[i] == 0x7f || !s[i])
			return false;
	return true;
}

int llvm_text_bid(const char *head, size_t len, uint64_t *ret_variant)
{
	struct cursor c;
	struct lines l = { .c = &c };
	uint64_t n;
	bool named;

	*ret_variant = 0;
	if (!is_printable(head, len < 8 ? len : 8))
		return 0;
	cursor_init(&c, "", head, len);
	find_line(&l);
	named = l.cur.text && (variant_of(l.cur) || is_header(l.cur, "fe"));
	*ret_variant = read_headers(&l);
	if (named)
		return 32;
	take(&l, "name");
	if (!parse_prefixed(take(&l, "hash"), &n) || !take_number(&l, "number") || c.bad)
		return 0;
	take_number(&l, "counter");
	return c.bad ? 0 : 16;
}
