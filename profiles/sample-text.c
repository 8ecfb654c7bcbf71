/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text form of LLVM's sampled profiles. A function begins with
 * "name:total:head"; what is in it is indented, a blank for each level:
 *	line[.discriminator]: count[ target:count...]
 *	line[.discriminator]: vtables target:count...
 *	line[.discriminator]: name:total	an inlined call, what is in it one level deeper
 *	!CFGChecksum: n, !Attributes: n, !Flat
 * Lines that are empty or begin with '#' do not count.
 */
#include "pgo/base/cursor.h"
#include "profiles/sample.h"

#define VTABLES "vtables "

struct text {
	struct sample_profile *out;
	struct cursor *c;
	struct sample_func *stack[SAMPLE_MAX_DEPTH + 1]; /* [0]: not inlined */
	size_t depth;					 /* of the stack */
};

/* A part of a line. */
struct part {
	const char *p, *end;
};

static bool fail(struct text *t, const char *at, const char *what)
{
	if (!t->c->bad)
		t->c->pos = (const uint8_t *)at;
	cursor_fail(t->c, what);
	return false;
}

static bool is_digit(char ch)
{
	return ch >= '0' && ch <= '9';
}

/* All of the part is one decimal number of at most limit. */
static bool parse_number(struct part s, uint64_t limit, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.p == s.end)
		return false;
	for (; s.p < s.end; s.p++) {
		unsigned digit = (unsigned char)(*s.p - '0');

		if (digit > 9 || v > limit / 10 || v * 10 > limit - digit)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

static const char *find(struct part s, char ch)
{
	return memchr(s.p, ch, (size_t)(s.end - s.p));
}

static const char *find_last(struct part s, char ch)
{
	return memrchr(s.p, ch, (size_t)(s.end - s.p));
}

/* "name:number", taken apart at the last colon. */
static bool split_number(struct part s, struct part *name, uint64_t *number)
{
	const char *colon = find_last(s, ':');

	if (!colon || colon == s.p)
		return false;
	*name = (struct part){ s.p, colon };
	return parse_number((struct part){ colon + 1, s.end }, UINT64_MAX, number);
}

/* "[main:3 @ f:1.2 @ g]": LLVM takes it apart and wants a function at its end. */
static bool context_is_good(struct part s)
{
	return s.end - s.p > 2 && s.end[-1] == ']' && s.end[-2] != ' ' && s.end[-2] != '@';
}

static bool take_function(struct text *t, struct part line)
{
	uint64_t total, head;
	struct sample_func *f;
	struct part name;

	if (!split_number(line, &name, &head) || !split_number(name, &name, &total))
		return fail(t, line.p, "no name:total:head");
	if (*name.p == '[' && !context_is_good(name))
		return fail(t, line.p, "a context is malformed");
	f = sample_add_func(t->out, name.p, (size_t)(name.end - name.p));
	f->total = total;
	f->head = head;
	t->stack[0] = f;
	t->depth = 1;
	return true;
}

/* Targets may have blanks and colons in their names: one ends at a colon and a number. */
static bool take_target(struct text *t, struct part *s, struct sample_callee *ret)
{
	const char *colon;

	while (s->p < s->end && *s->p == ' ')
		s->p++;
	for (colon = s->p; (colon = find((struct part){ colon, s->end }, ':')); colon++) {
		const char *end = find((struct part){ colon, s->end }, ' ');
		struct part number = { colon + 1, end ? end : s->end };

		if (colon == s->p || !parse_number(number, UINT64_MAX, &ret->count))
			continue;
		ret->name = sample_intern(t->out, s->p, (size_t)(colon - s->p));
		s->p = number.end;
		return true;
	}
	return fail(t, s->p, "no target:count");
}

static bool take_targets(struct text *t, struct part s, bool vtables, struct sample_line *l)
{
	struct sample_callee target;

	for (;;) {
		while (s.p < s.end && *s.p == ' ')
			s.p++;
		if (s.p == s.end)
			return true;
		if (!take_target(t, &s, &target))
			return false;
		sample_add_target(t->out, l, target.name, strlen(target.name), target.count);
		l->targets[l->nr_targets - 1].vtable = vtables;
	}
}

static bool starts_with(struct part s, const char *word, struct part *rest)
{
	size_t len = strlen(word);

	if ((size_t)(s.end - s.p) < len || memcmp(s.p, word, len) != 0)
		return false;
	*rest = (struct part){ s.p + len, s.end };
	return true;
}

static bool take_metadata(struct text *t, struct part s)
{
	struct sample_func *f = t->stack[t->depth - 1];
	struct part rest;
	uint64_t v;

	if (starts_with(s, "!CFGChecksum:", &rest)) {
		while (rest.p < rest.end && *rest.p == ' ')
			rest.p++;
		if (!parse_number(rest, UINT64_MAX, &f->checksum))
			return fail(t, s.p, "no checksum");
		return true;
	}
	if (starts_with(s, "!Attributes:", &rest)) {
		while (rest.p < rest.end && *rest.p == ' ')
			rest.p++;
		if (!parse_number(rest, UINT32_MAX, &v))
			return fail(t, s.p, "no attributes");
		f->attributes = (uint32_t)v;
		return true;
	}
	return starts_with(s, "!Flat", &rest) ? true : fail(t, s.p, "unknown metadata");
}

struct place {
	uint64_t line, discriminator;
};

static bool take_place(struct text *t, struct part *s, struct place *ret)
{
	const char *colon = find(*s, ':'), *dot;
	struct part at;

	if (!colon || colon + 1 >= s->end || colon[1] != ' ')
		return fail(t, s->p, "no line number");
	at = (struct part){ s->p, colon };
	dot = find(at, '.');
	ret->discriminator = 0;
	if (dot && !parse_number((struct part){ dot + 1, colon }, UINT32_MAX, &ret->discriminator))
		return fail(t, dot, "no discriminator");
	at.end = dot ? dot : colon;
	if (!parse_number(at, UINT16_MAX, &ret->line))
		return fail(t, s->p, "no line number below 65536");
	s->p = colon + 2;
	return true;
}

static bool take_body(struct text *t, struct part s, const struct place *at)
{
	const char *blank = find(s, ' ');
	struct sample_line *l;
	uint64_t count;

	if (!parse_number((struct part){ s.p, blank ? blank : s.end }, UINT64_MAX, &count))
		return fail(t, s.p, "no count");
	l = sample_add_line(t->out, t->stack[t->depth - 1], (uint32_t)at->line,
			    (uint32_t)at->discriminator, count);
	return !blank || take_targets(t, (struct part){ blank, s.end }, false, l);
}

static bool take_call(struct text *t, struct part s, const struct place *at)
{
	struct sample_func *f;
	struct part name;
	uint64_t total;

	if (!split_number(s, &name, &total))
		return fail(t, s.p, "no name:total of an inlined call");
	if (t->depth > SAMPLE_MAX_DEPTH)
		return fail(t, s.p, "calls are inlined too deep");
	f = sample_add_call(t->out, t->stack[t->depth - 1], (uint32_t)at->line,
			    (uint32_t)at->discriminator, name.p, (size_t)(name.end - name.p));
	f->total = total;
	t->stack[t->depth++] = f;
	return true;
}

static bool take_inside(struct text *t, struct part s)
{
	const char *begin = s.p;
	struct place at;
	struct part rest;
	size_t depth;

	while (s.p < s.end && *s.p == ' ')
		s.p++;
	depth = (size_t)(s.p - begin);
	if (!t->depth)
		return fail(t, begin, "counts before the first function");
	/* LLVM takes what is too deep for what is inside the last call. */
	if (depth > t->depth)
		return fail(t, begin, "more indented than the call that it is in");
	t->depth = depth;
	if (*s.p == '!')
		return take_metadata(t, s);
	if (!take_place(t, &s, &at))
		return false;
	if (s.p < s.end && is_digit(*s.p))
		return take_body(t, s, &at);
	t->out->vtables |= starts_with(s, VTABLES, &rest);
	if (starts_with(s, VTABLES, &rest))
		return take_targets(t, rest, true,
				    sample_add_line(t->out, t->stack[t->depth - 1],
						    (uint32_t)at.line, (uint32_t)at.discriminator,
						    0));
	return take_call(t, s, &at);
}

static bool take_line(struct text *t, struct part line)
{
	const char *p = line.p;

	while (p < line.end && *p == ' ')
		p++;
	if (p == line.end || *p == '#')
		return true;
	return *line.p == ' ' ? take_inside(t, line) : take_function(t, line);
}

/* All functions have a context, or none; the same with checksums. */
static void finish(struct text *t, const char *begin)
{
	struct sample_profile *p = t->out;
	size_t nr_contexts = 0, nr_checksums = 0;

	sample_finish(p);
	for (size_t i = 0; i < p->nr_funcs; i++) {
		nr_contexts += *p->funcs[i]->name == '[';
		nr_checksums += p->funcs[i]->checksum != 0;
	}
	if (nr_contexts && nr_contexts < p->nr_funcs)
		fail(t, begin, "functions with a context and without");
	if (nr_checksums && nr_checksums < p->nr_funcs)
		fail(t, begin, "functions with a checksum and without");
	p->contexts = nr_contexts;
	p->probes = nr_checksums;
}

int sample_read_text(struct sample_profile *out, const char *path, const char *data, size_t len,
		     struct pgo_err *err)
{
	struct cursor c;
	struct text t = { .out = out, .c = &c };

	cursor_init(&c, path, data, len);
	for (const char *p = data, *end = data + len; p < end && !c.bad;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;

		if (memchr(p, '\0', (size_t)(stop - p)))
			fail(&t, memchr(p, '\0', (size_t)(stop - p)), "a zero byte");
		else if (nl > p && nl[-1] == '\r')
			fail(&t, nl - 1, "a carriage return");
		else if (!nl)
			fail(&t, end, "the last line has no end");
		else
			take_line(&t, (struct part){ p, stop });
		p = stop + 1;
	}
	if (!c.bad && !out->nr_funcs)
		fail(&t, data + len, "no function");
	if (!c.bad)
		finish(&t, data);
	return cursor_check(&c, err);
}
