/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/wrapper/names.h"

#include <ctype.h>
#include <string.h>

#include "pgo/base/fs.h"

/* clang-format off */
const struct cc_stem cc_stems[] = {
	{ "cc", CC_TOOL_C, NULL, NULL },
	{ "c++", CC_TOOL_CXX, NULL, NULL },
	{ "c89", CC_TOOL_C, NULL, "-std=c89" },
	{ "c99", CC_TOOL_C, NULL, "-std=c99" },
	{ "gcc", CC_TOOL_C, "gcc", NULL },
	{ "g++", CC_TOOL_CXX, "gcc", NULL },
	{ "clang", CC_TOOL_C, "clang", NULL },
	{ "clang++", CC_TOOL_CXX, "clang", NULL },
	{ "rustc", CC_TOOL_RUST, "rustc", NULL },
	{ .name = NULL }
};
/* clang-format on */

bool cc_is_launcher(const char *base)
{
	static const char *const names[] = { "ccache", "sccache", "distcc", "icecc" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(base, names[i]))
			return true;
	return false;
}

static const struct cc_stem *find_stem(const char *s, size_t len)
{
	for (const struct cc_stem *stem = cc_stems; stem->name; stem++)
		if (strlen(stem->name) == len && !memcmp(stem->name, s, len))
			return stem;
	return NULL;
}

/* Where the version of base begins, or its end: digits and dots after a dash. */
static const char *find_version(const char *base)
{
	const char *end = base + strlen(base), *p = end;

	while (p > base && (isdigit((unsigned char)p[-1]) || p[-1] == '.'))
		p--;
	return p < end && isdigit((unsigned char)*p) && p > base && p[-1] == '-' ? p : end;
}

bool cc_name_parse(struct cc_name *n, const char *base)
{
	const char *version = find_version(base), *end = *version ? version - 1 : version;
	const char *start = end;

	while (start > base && start[-1] != '-')
		start--;
	*n = (struct cc_name){ .stem = find_stem(start, (size_t)(end - start)) };
	if (*version)
		n->version = version;
	if (start > base) {
		n->triple = base;
		n->triple_len = (size_t)(start - base) - 1;
		/* "musl-gcc" is a script of its own, "x86_64-elf-gcc" a compiler for that target */
		if (!memchr(base, '-', n->triple_len))
			return false;
	}
	return n->stem;
}

/* "12" names 12.2.0, "1" does not. */
static bool same_version(const char *asked, const char *have)
{
	size_t len = strlen(asked);

	return !strncmp(have, asked, len) && (have[len] == '.' || !have[len]);
}

/* ARCH-VENDOR-KERNEL-SYSTEM, of which the vendor says nothing: without it, malloc'ed. */
static char *drop_vendor(const char *triple, size_t len)
{
	const char *end = triple + len, *first = memchr(triple, '-', len), *second = NULL;

	if (first)
		second = memchr(first + 1, '-', (size_t)(end - first - 1));
	if (!second || !memchr(second + 1, '-', (size_t)(end - second - 1)))
		return xstrndup(triple, len);
	return xstrfmt("%.*s%.*s", (int)(first - triple), triple, (int)(end - second), second);
}

static bool same_target(const struct cc_name *n, const char *target)
{
	PGO_AUTO_FREE char *asked = drop_vendor(n->triple, n->triple_len), *have = NULL;

	if (!target)
		return false;
	have = drop_vendor(target, strlen(target));
	return !strcmp(asked, have);
}

static bool version_is_ours(const struct cc_name *n, const struct wrapper_conf *conf)
{
	struct cc_name own;

	if (n->stem->family && strcmp(n->stem->family, conf->family) != 0)
		return false;
	if (conf->version)
		return same_version(n->version, conf->version);
	return cc_name_parse(&own, fs_basename(conf->cc)) && own.version &&
	       !strcmp(own.version, n->version);
}

bool cc_name_is_ours(const struct cc_name *n, const struct wrapper_conf *conf)
{
	switch (n->stem->tool) {
	case CC_TOOL_RUST:
		return conf->rustc && !n->version && !n->triple;
	case CC_TOOL_CXX:
		if (!conf->cxx)
			return false;
		break;
	case CC_TOOL_C:
		if (!conf->cc)
			return false;
		break;
	}
	if (n->triple && !same_target(n, conf->target))
		return false;
	return !n->version || version_is_ours(n, conf);
}
