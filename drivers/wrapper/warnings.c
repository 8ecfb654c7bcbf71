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

static void count_line(struct warning_scan *s)
{
	struct strbuf *line = &s->line;

	if (line->len && memchr(line->buf, '\x1b', line->len))
		strip_escapes(line);
	strbuf_rtrim(line);
	for (size_t i = 0; line->len && i < ARRAY_SIZE(patterns); i++) {
		if (patterns[i].text && !strstr(line->buf, patterns[i].text))
			continue;
		if (patterns[i].end && !ends_with(line, patterns[i].end))
			continue;
		s->counts[patterns[i].kind]++;
		break;
	}
	strbuf_clear(line);
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
