/* SPDX-License-Identifier: Apache-2.0 */
/* perf script: one line taken apart. */
#include <ctype.h>

#include "pgo/base/mem.h"
#include "profiles/perf-script.h"

#define MAX_WORDS 16

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of text, which is cut from it; an empty one at the end. */
static struct script_text next_word(struct script_text *text)
{
	struct script_text word;

	while (text->len && is_space(*text->p)) {
		text->p++;
		text->len--;
	}
	word = (struct script_text){ text->p, 0 };
	while (text->len && !is_space(*text->p)) {
		text->p++;
		text->len--;
		word.len++;
	}
	return word;
}

static struct script_text trim(struct script_text t)
{
	while (t.len && is_space(*t.p)) {
		t.p++;
		t.len--;
	}
	while (t.len && (is_space(t.p[t.len - 1]) || t.p[t.len - 1] == '\r'))
		t.len--;
	return t;
}

static bool begins(struct script_text t, const char *with)
{
	size_t n = strlen(with);

	return t.len >= n && !memcmp(t.p, with, n);
}

/* The text behind what, which t has in it; else empty. */
static struct script_text behind(struct script_text t, const char *what)
{
	const char *at = memmem(t.p, t.len, what, strlen(what));

	if (!at)
		return (struct script_text){ 0 };
	at += strlen(what);
	return (struct script_text){ at, t.len - (size_t)(at - t.p) };
}

/* Digits at the front of t, which are cut from it. false: none, or too many. */
static bool take_number(struct script_text *t, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = 0;

	for (; n < t->len; n++) {
		unsigned char c = (unsigned char)t->p[n];
		unsigned digit = isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;

		if (digit >= base)
			break;
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v))
			return false;
	}
	if (!n)
		return false;
	t->p += n;
	t->len -= n;
	*ret = v;
	return true;
}

static bool take(struct script_text *t, const char *what)
{
	if (!begins(*t, what))
		return false;
	t->p += strlen(what);
	t->len -= strlen(what);
	return true;
}

static bool take_hex(struct script_text *t, uint64_t *ret)
{
	take(t, "0x");
	return take_number(t, 16, ret);
}

static bool is_number(struct script_text word, uint64_t *ret)
{
	return take_number(&word, 10, ret) && !word.len;
}

/* "1234" or "1234/1235". */
static bool is_pid(struct script_text word, struct script_line *l)
{
	uint64_t pid, tid;

	if (!take_number(&word, 10, &pid) || pid > UINT32_MAX)
		return false;
	tid = pid;
	if (word.len && (!take(&word, "/") || !take_number(&word, 10, &tid) || tid > UINT32_MAX))
		return false;
	l->has_pid = true;
	l->pid = (uint32_t)pid;
	l->tid = (uint32_t)tid;
	return !word.len;
}

/* A word "0x1/0x2/..." of a branch stack. */
static bool is_branch(struct script_text word)
{
	return begins(word, "0x") && memchr(word.p, '/', word.len);
}

/* "sym+0x12 (dso)", each of which may be missing; then perhaps branches. */
static void take_place(struct script_text t, struct script_line *l)
{
	struct script_text rest = trim(t), word = rest;
	const char *open;

	word = next_word(&word);
	if (!is_branch(word)) {
		const char *branches = memmem(rest.p, rest.len, " 0x", 3);

		open = memmem(rest.p, rest.len, " (", 2);
		if (branches && memchr(branches, '/', rest.len - (size_t)(branches - rest.p))) {
			l->branches.p = branches;
			l->branches.len = rest.len - (size_t)(branches - rest.p);
			rest.len = (size_t)(branches - rest.p);
		}
		rest = trim(rest);
		/* The last "(" that is not of an operator() or a signature. */
		for (const char *p = open; p && p < rest.p + rest.len; p++)
			if (p[0] == ' ' && p + 1 < rest.p + rest.len && p[1] == '(')
				open = p;
		if (rest.len && rest.p[0] == '(' && rest.p[rest.len - 1] == ')') {
			l->dso = (struct script_text){ rest.p + 1, rest.len - 2 };
			rest.len = 0;
		} else if (open && rest.len && open < rest.p + rest.len &&
			   rest.p[rest.len - 1] == ')') {
			l->dso.p = open + 2;
			l->dso.len = (size_t)(rest.p + rest.len - 1 - l->dso.p);
			rest.len = (size_t)(open - rest.p);
		}
		l->symbol = trim(rest);
	} else {
		l->branches = rest;
	}
	for (size_t i = l->symbol.len; i > 3; i--)
		if (!memcmp(l->symbol.p + i - 3, "+0x", 3)) {
			l->symbol.len = i - 3;
			break;
		}
	if (begins(l->symbol, "[unknown]"))
		l->symbol.len = 0;
}

/* An address and what stands behind it, or branches alone. */
static bool take_sample(struct script_text t, struct script_line *l)
{
	struct script_text word = t, rest = t;

	word = next_word(&rest);
	if (is_branch(word)) {
		l->branches = trim(t);
		return true;
	}
	if (!take_hex(&word, &l->addr) || word.len)
		return false;
	l->has_addr = true;
	take_place(rest, l);
	return true;
}

/* "comm  pid [cpu] time: period event: ..."; any but pid and one with a colon may be missing. */
static bool take_head(struct script_text t, struct script_line *l)
{
	struct script_text rest = t, word;
	bool colon = false;
	uint64_t n;

	next_word(&rest);
	while ((word = next_word(&rest)).len && !is_pid(word, l))
		;
	if (!word.len)
		return false;
	l->comm = trim((struct script_text){ t.p, (size_t)(word.p - t.p) });
	for (;;) {
		struct script_text at = rest;

		word = next_word(&rest);
		if (word.len && word.p[word.len - 1] == ':') {
			struct script_text time = word;

			colon = true;
			if (!(take_number(&time, 10, &n) && take(&time, ".")))
				l->event = (struct script_text){ word.p, word.len - 1 };
			if (l->event.len)
				break;
		} else if (is_number(word, &n)) {
			l->period = n;
		} else if (!begins(word, "[")) {
			rest = at;
			break;
		}
	}
	if (trim(rest).len)
		take_sample(rest, l);
	return colon;
}

/* The last word of text, which is cut from it. */
static struct script_text last_word(struct script_text *text)
{
	struct script_text word;

	*text = trim(*text);
	word = (struct script_text){ text->p + text->len, 0 };
	while (text->len && !is_space(word.p[-1])) {
		word.p--;
		word.len++;
		text->len--;
	}
	return word;
}

/* A word with a colon at its end that is no time; a time: "12.345678:". */
static bool is_event(struct script_text word)
{
	return word.len > 1 && word.p[word.len - 1] == ':' && !isdigit((unsigned char)*word.p);
}
static bool is_time(struct script_text word)
{
	uint64_t n;

	return take_number(&word, 10, &n) && take(&word, ".") && word.len &&
	       word.p[word.len - 1] == ':';
}

/* perf fills numbers up to so many columns: they stand apart from a name that ends with one. */
static bool is_apart(struct script_text before, struct script_text word, size_t columns)
{
	return word.len >= columns || (word.p - before.p > 1 && word.p[-2] == ' ');
}

/*
 * "comm [cpu] time: period event:", without a pid; or "comm pid" and no more. From its end, since
 * comm may be words.
 */
static void take_bare(struct script_text t, struct script_line *l)
{
	struct script_text rest = t, word = last_word(&rest);

	if (rest.len && is_event(word)) {
		l->event = (struct script_text){ word.p, word.len - 1 };
		t = rest;
		word = last_word(&rest);
		if (rest.len && is_apart(t, word, 10) && is_number(word, &l->period)) {
			t = rest;
			word = last_word(&rest);
		}
	}
	if (rest.len && is_time(word)) {
		t = rest;
		word = last_word(&rest);
	}
	if (rest.len && (*word.p == '[' || (is_apart(t, word, 5) && is_pid(word, l))))
		t = rest;
	l->comm = trim(t);
}

/* "PERF_RECORD_MMAP2 1/1: [0x1(0x2) @ 0x3 fe:00 1 2]: r-xp /path"; without the mode in old ones. */
static bool take_mmap(struct script_text t, struct script_line *l)
{
	struct script_text pid, range = behind(t, ": ["), end = behind(t, "]: ");
	bool kernel;

	t = t.p[0] == '2' ? (struct script_text){ t.p + 1, t.len - 1 } : t;
	pid = next_word(&t);
	kernel = begins(pid, "-1/");
	if (pid.len && pid.p[pid.len - 1] == ':')
		pid.len--;
	if (kernel)
		l->pid = UINT32_MAX;
	else if (!is_pid(pid, l))
		return false;
	l->has_pid = true;
	if (!take_hex(&range, &l->addr) || !take(&range, "(") || !take_hex(&range, &l->len) ||
	    !take(&range, ") @ ") || !take_hex(&range, &l->pgoff) || !end.len)
		return false;
	next_word(&end);
	l->dso = trim(end);
	return l->dso.len;
}

/* "PERF_RECORD_FORK(child:tid):(parent:tid)". */
static bool take_fork(struct script_text t, struct script_line *l)
{
	uint64_t pid, tid, parent;

	if (!take(&t, "(") || !take_number(&t, 10, &pid) || !take(&t, ":") ||
	    !take_number(&t, 10, &tid) || !take(&t, "):(") || !take_number(&t, 10, &parent) ||
	    pid > UINT32_MAX || parent > UINT32_MAX)
		return false;
	l->pid = (uint32_t)pid;
	l->tid = (uint32_t)tid;
	l->parent = (uint32_t)parent;
	return true;
}

static enum script_kind take_event(struct script_text t, struct script_line *l)
{
	struct script_text event = behind(t, "PERF_RECORD_"), pid;
	const char *colon;

	if (take(&event, "MMAP"))
		return take_mmap(event, l) ? SCRIPT_MMAP : SCRIPT_OTHER;
	if (take(&event, "FORK"))
		return take_fork(event, l) ? SCRIPT_FORK : SCRIPT_OTHER;
	if (take(&event, "COMM exec: ")) {
		event = trim(event);
		colon = memrchr(event.p, ':', event.len);
		if (!colon)
			return SCRIPT_OTHER;
		pid = (struct script_text){ colon + 1, event.len - (size_t)(colon + 1 - event.p) };
		return is_pid(pid, l) ? SCRIPT_EXEC : SCRIPT_OTHER;
	}
	if (take(&event, "LOST")) {
		event = behind(event, "lost ");
		return take_number(&event, 10, &l->period) ? SCRIPT_LOST : SCRIPT_NOTE;
	}
	return SCRIPT_NOTE;
}

void script_line_read(const char *line, size_t len, struct script_line *ret)
{
	const struct script_text all = { line, len }, text = trim(all);

	*ret = (struct script_line){ .kind = SCRIPT_OTHER };
	if (!text.len)
		ret->kind = SCRIPT_BLANK;
	else if (*text.p == '#')
		ret->kind = SCRIPT_NOTE;
	else if (memmem(text.p, text.len, "PERF_RECORD_", 12))
		ret->kind = take_event(text, ret);
	else if (is_space(*line) && take_sample(text, ret))
		ret->kind = *line == '\t' ? SCRIPT_FRAME : SCRIPT_SAMPLE;
	else if (take_head(text, ret))
		ret->kind = SCRIPT_HEAD;
	else if (!is_space(*line)) {
		*ret = (struct script_line){ .kind = SCRIPT_BARE };
		take_bare(text, ret);
	}
}

/* Behind an address, "(dso)" when it was asked for. */
static void skip_dso(struct script_text *t)
{
	if (!begins(*t, "("))
		return;
	while (t->len && !begins(*t, ")/")) {
		t->p++;
		t->len--;
	}
	take(t, ")");
}

int script_branch_next(struct script_text *text, uint64_t *from, uint64_t *to, bool *mispredicted)
{
	struct script_text word = next_word(text);

	if (!word.len || (word.len == 1 && *word.p == '\r'))
		return 0;
	if (!take(&word, "0x") || !take_number(&word, 16, from))
		return -1;
	skip_dso(&word);
	if (!take(&word, "/0x") || !take_number(&word, 16, to))
		return -1;
	skip_dso(&word);
	*mispredicted = begins(word, "/M");
	return 1;
}

/* An address behind a tab, in perf's sixteen columns: no prose looks so. */
static bool is_column(const char *p, const char *end)
{
	return end - p > 17 && *p == '\t' && p[16] != ' ' && p[17] == ' ';
}

unsigned perf_script_lines(const uint8_t *head, size_t len)
{
	const char *p = (const char *)head, *end = p + len;
	enum script_kind before = SCRIPT_BLANK;
	unsigned nr = 0;

	while (p < end && nr < 8) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		struct script_line l;

		if (!eol || memchr(p, '\0', (size_t)(eol - p)))
			break;
		script_line_read(p, (size_t)(eol - p), &l);
		if (l.kind == SCRIPT_OTHER ||
		    (before == SCRIPT_BARE && l.kind != SCRIPT_BLANK && !is_column(p, eol)))
			return 0;
		nr += l.kind != SCRIPT_BLANK && l.kind != SCRIPT_NOTE && l.kind != SCRIPT_BARE;
		before = l.kind;
		p = eol + 1;
	}
	return nr;
}
