/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/wrapper/warnings.h"

#include <string.h>

/* What tells a kind comes at a line's end (the option in brackets) or near its start; of longer
 * lines, which carry types of C++ templates, the last half is kept. */
#define MAX_LINE_BYTES 65536

const char *profile_warning_name(enum profile_warning kind)
{
	switch (kind) {
	case PROFILE_WARN_MISSING:
		return "missing";
	case PROFILE_WARN_MISMATCH:
		return "mismatch";
	case PROFILE_WARN_OUT_OF_DATE:
		return "out-of-date";
	case PROFILE_WARN_CORRUPT:
		return "corrupt";
	case PROFILE_WARN_NR:
		break;
	}
	return "unknown";
}

/*
 * The first that a line has decides. With an end: in "[...]" at the line's end
 * the option's name, whether after -W, -Werror= or -Werror,-W: no language
 * changes it. Source: messages of gcc 11 and 12, clang 14, 19 and 22, rustc 1.95.
 */
static const struct {
	const char *text, *end;
	enum profile_warning kind;
} patterns[] = {
	{ "source locations for function", "coverage-mismatch]", PROFILE_WARN_OUT_OF_DATE },
	{ NULL, "coverage-mismatch]", PROFILE_WARN_MISMATCH },
	{ NULL, "missing-profile]", PROFILE_WARN_MISSING },
	{ NULL, "profile-instr-unprofiled]", PROFILE_WARN_MISSING },
	{ NULL, "profile-instr-missing]", PROFILE_WARN_MISSING },
	{ NULL, "profile-instr-out-of-date]", PROFILE_WARN_OUT_OF_DATE },
	{ "(hash mismatch)", NULL, PROFILE_WARN_MISMATCH },
	{ "no profile data available for f", NULL, PROFILE_WARN_MISSING },
	{ "available profile samples (", NULL, PROFILE_WARN_MISMATCH },
	{ "Function profile not used", NULL, PROFILE_WARN_MISSING },
	{ "Could not open profile", NULL, PROFILE_WARN_CORRUPT },
	{ "AutoFDO profile ", NULL, PROFILE_WARN_CORRUPT },
	{ "cannot open profile file", NULL, PROFILE_WARN_CORRUPT },
	{ "corrupted profile info", NULL, PROFILE_WARN_CORRUPT },
	{ "corrupted value profile", NULL, PROFILE_WARN_CORRUPT },
	{ "is not a gcov data file", NULL, PROFILE_WARN_CORRUPT },
	{ ", expected version ", NULL, PROFILE_WARN_CORRUPT },
	{ "Could not read profile", NULL, PROFILE_WARN_CORRUPT },
	{ "rror in reading profile", NULL, PROFILE_WARN_CORRUPT },
	{ "invalid instrumentation profile data", NULL, PROFILE_WARN_CORRUPT },
};

void warning_scan_release(struct warning_scan *s)
{
	strbuf_release(&s->line);
}

/* Past the terminal's control sequence at p: ESC [ ... letter; ESC ] ... BEL or ESC \\. */
static const char *skip_escape(const char *p)
{
	bool link = p[1] == ']';

	if (p[1] != '[' && !link)
		return p + 1;
	p += 2;
	p += strcspn(p, link ? "\a\x1b" : "ABCDEFGHJKSTfhlmnsu");
	if (!*p)
		return p;
	return link && *p == '\x1b' && p[1] == '\\' ? p + 2 : p + 1;
}

static void strip_escapes(struct strbuf *line)
{
	size_t len = 0;

	for (const char *p = line->buf; *p;) {
		if (*p == '\x1b')
			p = skip_escape(p);
		else
			line->buf[len++] = *p++;
	}
	strbuf_setlen(line, len);
}

static bool ends_with(const struct strbuf *line, const char *end)
{
	size_t len = strlen(end);

	return line->len >= len && !memcmp(line->buf + line->len - len, end, len);
}

/* PROFILE_WARN_NR: it is no warning about the profile. The line is cleaned. */
static enum profile_warning kind_of(struct strbuf *line)
{
	if (line->len && memchr(line->buf, '\x1b', line->len))
		strip_escapes(line);
	strbuf_rtrim(line);
	for (size_t i = 0; line->len && i < ARRAY_SIZE(patterns); i++)
		if ((!patterns[i].text || strstr(line->buf, patterns[i].text)) &&
		    (!patterns[i].end || ends_with(line, patterns[i].end)))
			return patterns[i].kind;
	return PROFILE_WARN_NR;
}

static void count_line(struct warning_scan *s)
{
	enum profile_warning kind = kind_of(&s->line);

	if (kind != PROFILE_WARN_NR)
		s->counts[kind]++;
	strbuf_clear(&s->line);
}

/* Clang: "(hash mismatch) f Hash = 1", "available for function f Hash = 1". */
static char *function_of_clang(const char *line)
{
	static const char *const starts[] = { "(hash mismatch) ", "for function " };
	const char *end = strstr(line, " Hash = ");

	for (size_t i = 0; end && i < ARRAY_SIZE(starts); i++) {
		const char *at = strstr(line, starts[i]);

		if (at && at + strlen(starts[i]) < end)
			return xstrndup(at + strlen(starts[i]),
					(size_t)(end - at) - strlen(starts[i]));
	}
	return NULL;
}

/* GCC: the first that is quoted, whatever the language. */
static char *function_of_gcc(const char *line)
{
	static const char *const quotes[][2] = { { "\xe2\x80\x98", "\xe2\x80\x99" }, { "'", "'" } };

	for (size_t i = 0; i < ARRAY_SIZE(quotes); i++) {
		const char *at = strstr(line, quotes[i][0]), *end;

		at = at ? at + strlen(quotes[i][0]) : NULL;
		end = at ? strstr(at, quotes[i][1]) : NULL;
		if (end)
			return xstrndup(at, (size_t)(end - at));
	}
	return NULL;
}

/* GCC: "src/a.c:3:5: ..."; Clang: "warning: src/a.c: ...". */
static char *file_of(const char *line, bool clang)
{
	const char *at = clang ? strstr(line, "warning: ") : line;

	at = at && clang ? at + strlen("warning: ") : at;
	return at && at[strcspn(at, ": ")] == ':' ? xstrndup(at, strcspn(at, ":")) : NULL;
}

void profile_complaint_release(struct profile_complaint *c)
{
	free(c->function);
	free(c->file);
	*c = (struct profile_complaint){ 0 };
}

bool profile_complaint_parse(const char *line, struct profile_complaint *ret)
{
	PGO_AUTO(strbuf) clean = STRBUF_INIT;
	enum profile_warning kind;
	char *function;
	bool clang;

	strbuf_addstr(&clean, line);
	kind = kind_of(&clean);
	if (kind == PROFILE_WARN_NR || kind == PROFILE_WARN_CORRUPT)
		return false;
	function = function_of_clang(clean.buf);
	clang = function;
	function = function ? function : function_of_gcc(clean.buf);
	if (!function)
		return false;
	*ret = (struct profile_complaint){ kind, function, file_of(clean.buf, clang) };
	return true;
}

static void keep(struct strbuf *line, const char *text, size_t len)
{
	size_t half = MAX_LINE_BYTES / 2;

	strbuf_add(line, text, len);
	if (line->len > MAX_LINE_BYTES) {
		memmove(line->buf, line->buf + line->len - half, half);
		strbuf_setlen(line, half);
	}
}

void warning_scan_add(struct warning_scan *s, const char *text, size_t len)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		keep(&s->line, text, n);
		if (!end)
			return;
		count_line(s);
		text += n + 1;
		len -= n + 1;
	}
}

void warning_scan_end(struct warning_scan *s)
{
	count_line(s);
}
