/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/compiler.h"

#include <string.h>

#include "drivers/drivers.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/strbuf.h"

const struct compiler *const compilers[] = {
	&compiler_clang,
	&compiler_gcc,
	&compiler_rustc,
	NULL,
};

const struct compiler *compiler_find(const struct tool_version *v)
{
	for (const struct compiler *const *c = compilers; *c; c++)
		if ((*c)->match(v))
			return *c;
	return NULL;
}

const char *stage_kind_name(enum stage_kind kind)
{
	switch (kind) {
	case STAGE_BASELINE:
		return "baseline";
	case STAGE_INSTRUMENTED:
		return "instrumented";
	case STAGE_OPTIMIZED:
		return "optimized";
	case STAGE_PREBOLT:
		return "prebolt";
	case STAGE_BOLT_INSTRUMENTED:
		return "bolt-instrumented";
	}
	return "unknown";
}

const char *technique_name(enum technique technique)
{
	switch (technique) {
	case TECHNIQUE_INSTRUMENT:
		return "instrument";
	case TECHNIQUE_SAMPLE:
		return "sample";
	case TECHNIQUE_BOLT:
		return "bolt";
	}
	return "unknown";
}

void tool_version_release(struct tool_version *v)
{
	free(v->path);
	free(v->family);
	free(v->version);
	free(v->banner);
	free(v->target);
	*v = (struct tool_version)TOOL_VERSION_INIT;
}

void compiler_version_argv(const char *path, struct strvec *argv)
{
	strvec_push(argv, path);
	strvec_push(argv, strncmp(fs_basename(path), "rustc", 5) ? "-v" : "-vV");
}

/* The first line of text that begins with label; what follows it, malloc'ed, or NULL. */
static char *field(const char *text, const char *label)
{
	size_t len = strlen(label);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, label, len))
			return xstrndup(line + len, strcspn(line + len, "\r\n"));
	}
	return NULL;
}

/* The digits and dots after label, wherever a line has it as a word; *ret_line is the line. */
static char *version_after(const char *text, const char *label, char **ret_line)
{
	const char *at = text;

	while ((at = strstr(at, label))) {
		const char *start = at, *number = at + strlen(label);
		size_t n = strspn(number, "0123456789.");

		at = number;
		if (!n || *number == '.' || (start > text && !strchr(" \n", start[-1])))
			continue;
		while (start > text && start[-1] != '\n')
			start--;
		*ret_line = xstrndup(start, strcspn(start, "\r\n"));
		return xstrndup(number, n);
	}
	return NULL;
}

static bool parse_major(const char *version, unsigned *ret)
{
	PGO_AUTO_FREE char *major = version ? xstrndup(version, strcspn(version, ".")) : NULL;

	return major && num_parse_uint(major, ret);
}

static bool parse_rustc(struct tool_version *v, const char *text)
{
	PGO_AUTO_FREE char *llvm = field(text, "LLVM version: ");

	v->version = version_after(text, "rustc ", &v->banner);
	v->target = field(text, "host: ");
	v->family = xstrdup("rustc");
	return v->version && llvm && parse_major(llvm, &v->llvm_major);
}

static bool parse_driver(struct tool_version *v, const char *text, const char *family,
			 const char *label)
{
	v->version = version_after(text, label, &v->banner);
	v->target = field(text, "Target: ");
	v->family = xstrdup(family);
	return v->version;
}

int tool_version_parse(struct tool_version *v, const char *path, const char *text,
		       struct pgo_err *err)
{
	PGO_AUTO(tool_version) got = TOOL_VERSION_INIT;
	bool ok = false;

	if (strstr(text, "LLVM version: "))
		ok = parse_rustc(&got, text);
	else if (strstr(text, "clang version "))
		ok = parse_driver(&got, text, "clang", "clang version ");
	else if (strstr(text, "gcc version "))
		ok = parse_driver(&got, text, "gcc", "gcc version ");
	if (!ok || !parse_major(got.version, &got.major)) {
		PGO_AUTO_FREE char *line = xstrndup(text, strcspn(text, "\r\n"));

		return pgo_error(err, PGO_EUNSUP,
				 "'%s' is no compiler that is known here: "
				 "it calls itself '%s'",
				 path, line);
	}
	if (!strcmp(got.family, "clang"))
		got.llvm_major = got.major;
	got.path = xstrdup(path);
	tool_version_release(v);
	*v = got;
	got = (struct tool_version)TOOL_VERSION_INIT;
	return 0;
}

int raw_dir_check(const char *raw_dir, struct pgo_err *err)
{
	int ret;

	if (raw_dir[0] != '/')
		return pgo_error(err, PGO_EUNSUP,
				 "the folder for raw profiles '%s' is not absolute", raw_dir);
	if (!strchr(raw_dir, '%'))
		return 0;
	ret = pgo_error(err, PGO_EUNSUP,
			"the folder for raw profiles '%s' has a '%%' in its path, which the "
			"profile runtime expands",
			raw_dir);
	pgo_err_hint(err, "move the project to a folder without '%%' in its path");
	return ret;
}

int llvm_run_env(const char *raw_dir, bool continuous, struct strvec *env, struct pgo_err *err)
{
	PGO_AUTO_FREE char *pattern = NULL;
	int ret = raw_dir_check(raw_dir, err);

	if (ret)
		return ret;
	/*
	 * %m alone would do (the runtime merges under a lock), but a process killed while it
	 * merges would take the counts of all earlier ones along. %p alone would not: a fork
	 * that does not exec keeps the pattern's first expansion, its parent's process id.
	 */
	pattern = fs_join(raw_dir, continuous ? "%c%p-%m.profraw" : "%p-%m.profraw");
	strvec_setenv(env, "LLVM_PROFILE_FILE", pattern);
	return 0;
}

int require_profile(const struct build_stage *stage, struct pgo_err *err)
{
	if (stage->kind != STAGE_OPTIMIZED || stage->profile)
		return 0;
	return pgo_error(err, PGO_EUNSUP, "an optimized build needs a profile");
}

int refuse_partial_training(const struct build_stage *stage, const char *family,
			    struct pgo_err *err)
{
	if (!stage->partial_training)
		return 0;
	return pgo_error(err, PGO_EUNSUP,
			 "%s has no partial training: only gcc can optimize "
			 "functions without a profile as if there were none",
			 family);
}
