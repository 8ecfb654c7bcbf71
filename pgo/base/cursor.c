/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/cursor.h"

#include <inttypes.h>
#include <string.h>

void cursor_init(struct cursor *c, const char *path, const void *data, size_t len)
{
	const uint8_t *start = data ? data : (const uint8_t *)"";

	*c = (struct cursor){ .start = start, .pos = start, .end = start + len, .path = path };
}

size_t cursor_left(const struct cursor *c)
{
	return c->bad ? 0 : (size_t)(c->end - c->pos);
}

uint64_t cursor_offset(const struct cursor *c)
{
	return c->base + (uint64_t)(c->pos - c->start);
}

bool cursor_at_end(const struct cursor *c)
{
	return cursor_left(c) == 0;
}

void cursor_fail(struct cursor *c, const char *what)
{
	if (c->bad)
		return;
	c->bad = true;
	c->bad_offset = cursor_offset(c);
	c->bad_what = what;
}

const uint8_t *cursor_bytes(struct cursor *c, uint64_t n, const char *what)
{
	const uint8_t *p = c->pos;

	if (c->bad || n > (uint64_t)(c->end - c->pos)) {
		cursor_fail(c, what);
		return NULL;
	}
	c->pos += n;
	return p;
}

bool cursor_skip(struct cursor *c, uint64_t n, const char *what)
{
	return cursor_bytes(c, n, what) != NULL;
}

uint8_t cursor_u8(struct cursor *c, const char *what)
{
	const uint8_t *p = cursor_bytes(c, 1, what);

	return p ? *p : 0;
}

uint16_t cursor_u16(struct cursor *c, const char *what)
{
	const uint8_t *p = cursor_bytes(c, 2, what);
	uint16_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return c->swap ? __builtin_bswap16(v) : v;
}

uint32_t cursor_u32(struct cursor *c, const char *what)
{
	const uint8_t *p = cursor_bytes(c, 4, what);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return c->swap ? __builtin_bswap32(v) : v;
}

uint64_t cursor_u64(struct cursor *c, const char *what)
{
	const uint8_t *p = cursor_bytes(c, 8, what);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return c->swap ? __builtin_bswap64(v) : v;
}

uint64_t cursor_uleb(struct cursor *c, const char *what)
{
	struct cursor at = *c;
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = cursor_u8(c, what);

		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return c->bad ? 0 : v;
	}
	if (!c->bad) {
		*c = at;
		cursor_fail(c, what);
	}
	return 0;
}

bool cursor_align(struct cursor *c, unsigned to, const char *what)
{
	uint64_t over = cursor_offset(c) % to;

	return cursor_skip(c, over ? to - over : 0, what);
}

struct cursor cursor_sub(struct cursor *c, uint64_t n, const char *what)
{
	struct cursor sub = *c;
	const uint8_t *p = cursor_bytes(c, n, what);

	if (!p) {
		cursor_fail(&sub, what);
		return sub;
	}
	sub.base = sub.base + (uint64_t)(p - sub.start);
	sub.start = sub.pos = p;
	sub.end = p + n;
	return sub;
}

bool cursor_fits(struct cursor *c, uint64_t nmemb, uint64_t size, const char *what)
{
	uint64_t bytes;

	if (!c->bad && !__builtin_mul_overflow(nmemb, size, &bytes) && bytes <= cursor_left(c))
		return true;
	cursor_fail(c, what);
	return false;
}

int cursor_check(const struct cursor *c, struct pgo_err *err)
{
	if (!c->bad)
		return 0;
	return pgo_error_at(err, PGO_EFORMAT, c->path, (int64_t)c->bad_offset,
			    "'%s' is truncated or corrupt at byte %" PRIu64 ": %s", c->path,
			    c->bad_offset, c->bad_what);
}
