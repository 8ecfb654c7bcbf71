/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/base/num.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>

bool num_parse_u64(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	}
	*ret = v;
	return true;
}

bool num_parse_uint(const char *s, unsigned *ret)
{
	uint64_t v;

	if (!num_parse_u64(s, &v) || v > UINT_MAX)
		return false;
	*ret = (unsigned)v;
	return true;
}

/* A finite decimal number at s, no blanks, hex, inf or nan; *end is set behind it. */
static bool parse_decimal(const char *s, double *ret, const char **end)
{
	const char *digits = s + (*s == '-' || *s == '+');
	char *stop;
	double v;

	if (!isdigit((unsigned char)*digits) && *digits != '.')
		return false;
	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
		return false;
	errno = 0;
	v = strtod(s, &stop);
	if (stop == s || errno == ERANGE || !isfinite(v))
		return false;
	*ret = v;
	*end = stop;
	return true;
}

bool num_parse_double(const char *s, double *ret)
{
	const char *end;
	double v;

	if (!parse_decimal(s, &v, &end) || *end)
		return false;
	*ret = v;
	return true;
}

bool num_parse_percent(const char *s, double *ret_fraction)
{
	const char *end;
	double v;

	if (!parse_decimal(s, &v, &end) || strcmp(end, "%") != 0)
		return false;
	*ret_fraction = v / 100;
	return true;
}

struct unit {
	const char *suffix;
	double factor;
};

static bool parse_unit(const char *s, const struct unit *units, uint64_t *ret)
{
	const char *end;
	double v;

	if (*s == '-' || *s == '+' || !parse_decimal(s, &v, &end))
		return false;
	for (; units->suffix; units++) {
		if (strcmp(end, units->suffix) != 0)
			continue;
		v *= units->factor;
		if (v >= 18446744073709551615.0)
			return false;
		*ret = (uint64_t)(v + 0.5);
		return true;
	}
	return false;
}

bool num_parse_duration(const char *s, uint64_t *ret_ns)
{
	static const struct unit units[] = {
		{ "", 1e9 },   { "ms", 1e6 },	{ "us", 1e3 },	 { "ns", 1 }, { "s", 1e9 },
		{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 }, { NULL, 0 },
	};

	return parse_unit(s, units, ret_ns);
}

bool num_parse_size(const char *s, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "K", 1024.0 },
		{ "M", 1048576.0 },
		{ "G", 1073741824.0 },
		{ "T", 1099511627776.0 },
		{ NULL, 0 },
	};

	return parse_unit(s, units, ret_bytes);
}

uint64_t num_add_sat(uint64_t a, uint64_t b, uint64_t *saturated)
{
	uint64_t v;

	if (!__builtin_add_overflow(a, b, &v))
		return v;
	if (saturated)
		(*saturated)++;
	return UINT64_MAX;
}

uint64_t num_mul_sat(uint64_t a, uint64_t b, uint64_t *saturated)
{
	uint64_t v;

	if (!__builtin_mul_overflow(a, b, &v))
		return v;
	if (saturated)
		(*saturated)++;
	return UINT64_MAX;
}

void num_add_count(struct strbuf *sb, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			strbuf_addch(sb, ',');
		strbuf_addch(sb, digits[i]);
	}
}

void num_add_bytes(struct strbuf *sb, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes / 1024;
	size_t u = 0;

	if (bytes < 1024) {
		strbuf_addf(sb, "%" PRIu64 " B", bytes);
		return;
	}
	while (v >= 1023.95 && u + 1 < ARRAY_SIZE(units)) { /* would print as 1024.0 */
		v /= 1024;
		u++;
	}
	strbuf_addf(sb, "%.1f %s", v, units[u]);
}

void num_add_duration(struct strbuf *sb, uint64_t ns)
{
	uint64_t whole = ns / 1000000000u + (ns % 1000000000u >= 500000000u);
	double s = (double)ns / 1e9;

	/* The limits are where the rounded number would be the next unit's. */
	if (s < 0.99995)
		strbuf_addf(sb, "%.1f ms", s * 1e3);
	else if (s < 59.995)
		strbuf_addf(sb, "%.2f s", s);
	else
		strbuf_addf(sb, "%" PRIu64 " min %02u s", whole / 60, (unsigned)(whole % 60));
}
