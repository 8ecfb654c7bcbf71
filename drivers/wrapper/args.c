/* SPDX-License-Identifier: Apache-2.0 */
/* The command lines of gcc and clang. */
#include "drivers/wrapper/args.h"

#include <string.h>

#include "drivers/wrapper/response.h"
#include "pgo/base/fs.h"
#include "pgo/base/strbuf.h"

enum input_kind { INPUT_SOURCE, INPUT_HEADER, INPUT_ASSEMBLY, INPUT_OBJECT };

/* What was seen so far. */
struct scan {
	struct cc_call *call;
	const char *lang;  /* of -x, NULL: by suffix */
	bool compile_only; /* -c, -S */
	bool partial_link; /* -r */
	bool headers_only; /* no input but headers */
	bool has_library;  /* -l */
};

const char *cc_mode_name(enum cc_mode mode)
{
	switch (mode) {
	case CC_PASSED:
		return "passed";
	case CC_COMPILE:
		return "compile";
	case CC_LINK:
		return "link";
	case CC_COMPILE_LINK:
		return "compile+link";
	}
	return "unknown";
}

void cc_call_release(struct cc_call *call)
{
	strvec_release(&call->sources);
	strvec_release(&call->objects);
	strvec_release(&call->target);
	free(call->output);
	*call = (struct cc_call)CC_CALL_INIT;
}

static bool in_list(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static enum input_kind kind_by_lang(const char *lang)
{
	size_t len = strlen(lang);

	if (starts_with(lang, "assembler"))
		return INPUT_ASSEMBLY;
	if (len > 7 && !strcmp(lang + len - 7, "-header"))
		return INPUT_HEADER;
	return INPUT_SOURCE;
}

static enum input_kind kind_by_suffix(const char *path)
{
	/* clang-format off */
	static const char *const sources[] = {
		"c", "i", "ii", "cc", "cp", "cxx", "cpp", "CPP", "c++", "C", "m", "mi", "mm", "M",
		"mii", "f", "for", "ftn", "f90", "f95", "f03", "f08", "fpp", "F", "FOR", "FTN",
		"F90", "F95", "F03", "F08", "FPP", "go", "d", "di", "dd", "ads", "adb", "cu", "hip",
		"cl", "ll", "bc", "cppm", "ixx", "ccm", "cxxm", "c++m", NULL
	};
	static const char *const headers[] = {
		"h", "hh", "H", "hp", "hxx", "hpp", "HPP", "h++", "tcc", NULL
	};
	/* clang-format on */
	static const char *const assembly[] = { "s", "S", "sx", NULL };
	const char *base = fs_basename(path), *dot = strrchr(base, '.');

	if (!dot)
		return INPUT_OBJECT;
	if (in_list(dot + 1, sources))
		return INPUT_SOURCE;
	if (in_list(dot + 1, headers))
		return INPUT_HEADER;
	return in_list(dot + 1, assembly) ? INPUT_ASSEMBLY : INPUT_OBJECT;
}

static void add_input(struct scan *s, const char *path)
{
	struct cc_call *call = s->call;
	enum input_kind kind = s->lang ? kind_by_lang(s->lang) : kind_by_suffix(path);

	if (kind != INPUT_HEADER)
		s->headers_only = false;
	if (kind == INPUT_SOURCE || kind == INPUT_HEADER)
		strvec_push(&call->sources, path);
	else
		strvec_push(&call->objects, path);
}

/* Options that make the compiler answer or look, but leave no object. */
static const char *looks_only(const char *opt)
{
	/* clang-format off */
	static const char *const exact[] = {
		"-E", "--preprocess", "-M", "-MM", "--dependencies", "--user-dependencies", "-###",
		"-fsyntax-only", "--analyze", "-emit-ast", "-verify-pch", "-cc1", "-cc1as",
		"--help", "--target-help", "--version", "-dumpversion", "-dumpfullversion",
		"-dumpmachine", "-dumpspecs", NULL
	};
	static const char *const prefixes[] = {
		"-print-", "--print-", "--help=", "-cc1gen", "-rewrite-", "-extract-api", NULL
	};
	/* clang-format on */

	for (const char *const *p = exact; *p; p++)
		if (!strcmp(opt, *p))
			return *p;
	for (const char *const *p = prefixes; *p; p++)
		if (starts_with(opt, *p))
			return *p;
	return NULL;
}

static bool is_partial_link(const char *opt)
{
	static const char *const options[] = {
		"-r", "-Wl,-r", "-Wl,-i", "-Wl,-Ur", "-Wl,--relocatable", NULL
	};

	return in_list(opt, options);
}

static void set_lang(struct scan *s, const char *lang)
{
	s->lang = strcmp(lang, "none") ? lang : NULL;
}

static void set_output(struct scan *s, const char *path)
{
	free(s->call->output);
	s->call->output = xstrdup(path);
}

static bool is_target(const char *opt)
{
	static const char *const prefixes[] = {
		"-m",	     "-fuse-ld=",	 "--ld-path=",
		"-B",	     "--target=",	 "--sysroot=",
		"--prefix=", "--gcc-toolchain=", "--gcc-install-dir=",
		NULL
	};

	for (const char *const *p = prefixes; *p; p++)
		if (starts_with(opt, *p))
			return true;
	return false;
}

static bool is_target_pair(const char *opt)
{
	static const char *const options[] = { "-target", "-B", "--prefix", "--sysroot", NULL };

	return in_list(opt, options);
}

/* An option with its value in the next argument. */
static void take_pair(struct scan *s, const char *opt, const char *value)
{
	if (is_target_pair(opt)) {
		strvec_push(&s->call->target, opt);
		strvec_push(&s->call->target, value);
	}
	if (!strcmp(opt, "-o") || !strcmp(opt, "--output"))
		set_output(s, value);
	else if (!strcmp(opt, "-x") || !strcmp(opt, "--language"))
		set_lang(s, value);
	else if (!strcmp(opt, "-l"))
		s->has_library = true;
	else if (!strcmp(opt, "--std"))
		s->call->has_std = true;
	else if (!strcmp(opt, "-Xlinker") &&
		 (!strcmp(value, "-r") || !strcmp(value, "--relocatable")))
		s->partial_link = true;
}

static void take_option(struct scan *s, const char *opt)
{
	const char *why = looks_only(opt);

	if (is_target(opt))
		strvec_push(&s->call->target, opt);
	if (why)
		s->call->why = why;
	else if (!strcmp(opt, "-c") || !strcmp(opt, "-S") || !strcmp(opt, "--compile") ||
		 !strcmp(opt, "--assemble") || !strcmp(opt, "--precompile"))
		s->compile_only = true;
	else if (is_partial_link(opt))
		s->partial_link = true;
	else if (!strcmp(opt, "-nostdlib") || !strcmp(opt, "-nodefaultlibs"))
		s->call->no_default_libs = true;
	else if (starts_with(opt, "-std=") || starts_with(opt, "--std=") || !strcmp(opt, "-ansi"))
		s->call->has_std = true;
	else if (starts_with(opt, "--output="))
		set_output(s, opt + 9);
	else if (starts_with(opt, "--language="))
		set_lang(s, opt + 11);
	else if (starts_with(opt, "-o"))
		set_output(s, opt + 2);
	else if (starts_with(opt, "-x"))
		set_lang(s, opt + 2);
	else if (starts_with(opt, "-l"))
		s->has_library = true;
}

static void decide(struct scan *s)
{
	struct cc_call *call = s->call;
	bool compiles = call->sources.nr > 0, links = !s->compile_only && !s->partial_link;

	if (call->why)
		return;
	if (!compiles && !call->objects.nr && !s->has_library)
		call->why = "no input";
	else if (compiles && (!links || s->headers_only))
		call->mode = CC_COMPILE;
	else if (links)
		call->mode = compiles ? CC_COMPILE_LINK : CC_LINK;
	else
		call->why = s->partial_link ? "partial link" : "nothing to compile";
}

/* Flags go to the end, but before a "--", after which everything is a file. */
static void scan_args(struct scan *s, const struct flat_args *flat)
{
	char *const *v = flat->args.v;
	bool options = true;

	for (size_t i = 0; v[i]; i++) {
		if (!options || v[i][0] != '-' || !v[i][1]) {
			add_input(s, v[i]);
		} else if (!strcmp(v[i], "--")) {
			options = false;
			s->call->insert_at = flat->top[i];
		} else if (!cc_option_takes_value(v[i])) {
			take_option(s, v[i]);
		} else if (v[i + 1]) {
			take_pair(s, v[i], v[i + 1]);
			i++;
		} else {
			s->call->why = "an option lacks its value";
		}
	}
}

void cc_call_analyse(struct cc_call *call, char *const *argv)
{
	PGO_AUTO(flat_args) flat = FLAT_ARGS_INIT;
	struct scan s = { .call = call, .headers_only = true };

	call->mode = CC_PASSED;
	while (argv[call->insert_at])
		call->insert_at++;
	call->why = flat_args_expand(&flat, argv, RESPONSE_GNU);
	if (call->why)
		return;
	scan_args(&s, &flat);
	decide(&s);
}

static bool is_probe_path(const char *path)
{
	static const char *const marks[] = {
		"/CMakeFiles/CMakeTmp/",
		"/CMakeFiles/CMakeScratch/",
		"/CMakeFiles/_CMakeLTOTest",
		"/CompilerIdC/",
		"/CompilerIdCXX/",
		"/meson-private/",
		NULL
	};

	for (const char *const *m = marks; *m; m++)
		if (strstr(path, *m))
			return true;
	return starts_with(fs_basename(path), "conftest.");
}

bool cc_call_is_probe(const struct cc_call *call, const char *cwd)
{
	PGO_AUTO_FREE char *below = xstrfmt("%s/", cwd);

	if (!call->sources.nr)
		return false;
	if (is_probe_path(below))
		return true;
	for (size_t i = 0; i < call->sources.nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(cwd, call->sources.v[i]);

		if (!is_probe_path(path))
			return false;
	}
	return true;
}
