/* SPDX-License-Identifier: Apache-2.0 */
/* Whether pgo.yaml is text at all, told before any yaml is read. */
#include "pgo/core/config-where.h"

#include <stdint.h>

/* Length of the sequence that b starts, and the bits that b gives; 0: b starts none. */
static size_t utf8_lead(uint8_t b, uint32_t *bits)
{
	if (b < 0x80) {
		*bits = b;
		return 1;
	}
	if (b >= 0xc2 && b <= 0xdf) {
		*bits = b & 0x1f;
		return 2;
	}
	if (b >= 0xe0 && b <= 0xef) {
		*bits = b & 0x0f;
		return 3;
	}
	if (b >= 0xf0 && b <= 0xf4) {
		*bits = b & 0x07;
		return 4;
	}
	return 0;
}

/* Length of the first character of s, or 0 when its bytes are no UTF-8. len > 0. */
static size_t utf8_decode(const uint8_t *s, size_t len, uint32_t *ret_char)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t n = utf8_lead(s[0], &c);

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_char = c;
	return n;
}

/*
 * Source: YAML 1.1, 5.1 (c-printable). U+0085, U+2028 and U+2029 are line
 * breaks there but not in editors: without them the lines that we name are
 * those that people see.
 */
static bool char_allowed(uint32_t c)
{
	if (c == '\t' || c == '\n' || c == '\r')
		return true;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	return c != 0x2028 && c != 0x2029 && c != 0xfeff && c != 0xfffe && c != 0xffff;
}

static int bad_bytes(const struct where_ctx *ctx, struct place at, uint8_t byte)
{
	where_error(ctx, at, "byte 0x%02x is not UTF-8", byte);
	return where_hint(ctx, "save the file as UTF-8 text");
}

static int bad_char(const struct where_ctx *ctx, struct place at, uint32_t c)
{
	if (c == 0)
		where_error(ctx, at, "a NUL byte in the text");
	else if (c == '\r')
		where_error(ctx, at, "a carriage return without a line feed");
	else
		where_error(ctx, at, "character U+%04X is not allowed", (unsigned)c);
	return where_hint(ctx, "delete it: the file is UTF-8 text without control characters");
}

int where_check_text(const struct where_ctx *ctx, const char *text, size_t len)
{
	const uint8_t *s = (const uint8_t *)text, *end = s + len;
	struct place at = { 1, 1 };

	while (s < end) {
		uint32_t c;
		size_t n = utf8_decode(s, end - s, &c);

		if (n == 0)
			return bad_bytes(ctx, at, *s);
		if (!char_allowed(c) || (c == '\r' && (s + 1 == end || s[1] != '\n')))
			return bad_char(ctx, at, c);
		at.column++;
		if (c == '\n')
			at = (struct place){ at.line + 1, 1 };
		s += n;
	}
	return 0;
}
