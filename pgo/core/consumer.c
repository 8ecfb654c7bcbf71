/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/consumer.h"

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/core/project.h"

/* "clang-19" by the letter. */
static bool parse_name(const char *name, struct tool_version *v)
{
	static const struct {
		const char *prefix, *family;
		bool llvm;
	} known[] = {
		{ "clang-", "clang", true },
		{ "llvm-", "clang", true },
		{ "gcc-", "gcc", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t len = strlen(known[i].prefix);
		unsigned major;

		if (strncmp(name, known[i].prefix, len) != 0 || !num_parse_uint(name + len, &major))
			continue;
		v->family = xstrdup(known[i].family);
		v->version = xstrdup(name + len);
		v->banner = xstrdup(name);
		v->major = major;
		v->llvm_major = known[i].llvm ? major : 0;
		return true;
	}
	return false;
}

int consumer_find(const char *name, struct tool_version *ret, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_which(name, getenv("PATH"), NULL);

	if (path)
		return toolchain_probe(NULL, ret, path, err);
	if (parse_name(name, ret))
		return 0;
	pgo_error(err, PGO_ETOOL, "no compiler '%s' on PATH", name);
	return pgo_err_hint(err, "name a compiler that is there, or FAMILY-N: clang-19, gcc-12");
}

static bool reads(const struct compiler *c, const struct prof_format *format)
{
	const struct prof_format *raw = prof_format_find(c->raw_format, NULL);

	return raw && raw->family && format->family && !strcmp(raw->family, format->family);
}

int consumer_check(const struct tool_version *v, const struct prof_format *format, const char *path,
		   struct pgo_err *err)
{
	const struct compiler *c = compiler_find(v), *other = NULL;

	for (size_t i = 0; compilers[i]; i++)
		if (reads(compilers[i], format))
			other = compilers[i];
	if (!c || !other || reads(c, format))
		return 0;
	return pgo_error_at(err, PGO_EMISMATCH, path, -1,
			    "'%s' is a profile of format %s, which %s does not read", path,
			    format->name, v->banner);
}
