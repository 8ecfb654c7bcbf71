/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler wrapper's parts: command lines, response files, names, warnings, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "drivers/wrapper/args.h"
#include "drivers/wrapper/layout.h"
#include "drivers/wrapper/log.h"
#include "drivers/wrapper/names.h"
#include "drivers/wrapper/response.h"
#include "drivers/wrapper/warnings.h"
#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"

/* For the lists themselves. */
#include "drivers/wrapper/options.c"

static void split(struct strvec *out, const char *line, const char *sep)
{
	for (size_t n; *line; line += n + (line[n] != '\0')) {
		n = strcspn(line, sep);
		strvec_push_take(out, xstrndup(line, n));
	}
}

static char *join(const struct strvec *sv)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < sv->nr; i++)
		strbuf_addf(&out, "%s%s", i ? " " : "", sv->v[i]);
	return strbuf_take(&out);
}

static void assert_same(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void assert_sorted(const char *const *list, size_t nr, bool (*takes)(const char *))
{
	for (size_t i = 0; i < nr; i++) {
		assert_true(!i || strcmp(list[i - 1], list[i]) < 0);
		assert_true(takes(list[i]));
	}
}

static void test_option_lists(void **state)
{
	(void)state;
	assert_sorted(cc_options, ARRAY_SIZE(cc_options), cc_option_takes_value);
	assert_sorted(rust_options, ARRAY_SIZE(rust_options), rust_option_takes_value);
	assert_true(cc_option_takes_value("-Xarch_host"));
	assert_false(cc_option_takes_value("-Ifoo"));
	assert_false(cc_option_takes_value("-c"));
	assert_false(rust_option_takes_value("-Cx"));
}

/* insert_at -1: at the end. why set: passed. */
static const struct {
	const char *line;
	enum cc_mode mode;
	const char *why, *sources, *objects, *output;
	int insert_at;
} calls[] = {
	{ "-c a.c", CC_COMPILE, NULL, "a.c", "", NULL, -1 },
	{ "-c a.c b.cc -o x.o", CC_COMPILE, NULL, "a.c b.cc", "", "x.o", -1 },
	{ "-S a.c", CC_COMPILE, NULL, "a.c", "", NULL, -1 },
	{ "a.c", CC_COMPILE_LINK, NULL, "a.c", "", NULL, -1 },
	{ "a.c b.o -lm", CC_COMPILE_LINK, NULL, "a.c", "b.o", NULL, -1 },
	{ "a.o b.a -o p", CC_LINK, NULL, "", "a.o b.a", "p", -1 },
	{ "a.o -op", CC_LINK, NULL, "", "a.o", "p", -1 },
	{ "a.o --output=p", CC_LINK, NULL, "", "a.o", "p", -1 },
	{ "a.o --output p", CC_LINK, NULL, "", "a.o", "p", -1 },
	{ "-shared -o l.so -lfoo", CC_LINK, NULL, "", "", "l.so", -1 },
	{ "-shared -o l.so -l foo", CC_LINK, NULL, "", "", "l.so", -1 },
	{ "a.S b.o -o p", CC_LINK, NULL, "", "a.S b.o", "p", -1 },
	{ "liba.so.1 x.lo", CC_LINK, NULL, "", "liba.so.1 x.lo", NULL, -1 },
	/* separate values that look like inputs */
	{ "-I a.c -c b.c", CC_COMPILE, NULL, "b.c", "", NULL, -1 },
	{ "-D x.c -include y.h -isystem z.c -MF d.c -MT t.c -c b.c", CC_COMPILE, NULL, "b.c", "",
	  NULL, -1 },
	{ "-Xclang -fsyntax-only -c b.c", CC_COMPILE, NULL, "b.c", "", NULL, -1 },
	{ "-Xlinker a.c -Xassembler -E b.o", CC_LINK, NULL, "", "b.o", NULL, -1 },
	{ "-mllvm -E -c b.c", CC_COMPILE, NULL, "b.c", "", NULL, -1 },
	{ "-target x.c --sysroot y.c -c b.c", CC_COMPILE, NULL, "b.c", "", NULL, -1 },
	{ "-T script.c -u sym.c -z now a.o", CC_LINK, NULL, "", "a.o", NULL, -1 },
	{ "--param x=1 -c b.c", CC_COMPILE, NULL, "b.c", "", NULL, -1 },
	{ "-Xarch_host -E -c b.c", CC_COMPILE, NULL, "b.c", "", NULL, -1 },
	/* joined ones have nothing after them */
	{ "-Ix -Dy -c b.c", CC_COMPILE, NULL, "b.c", "", NULL, -1 },
	{ "-Wp,-MD,d.c -Wl,-E -Wa,-E -c b.c", CC_COMPILE, NULL, "b.c", "", NULL, -1 },
	/* dependencies */
	{ "-MD -MF d -c a.c", CC_COMPILE, NULL, "a.c", "", NULL, -1 },
	{ "-MMD -MP -c a.c", CC_COMPILE, NULL, "a.c", "", NULL, -1 },
	{ "-M a.c", CC_PASSED, "-M", "a.c", "", NULL, -1 },
	{ "-MM a.c", CC_PASSED, "-MM", "a.c", "", NULL, -1 },
	{ "-M -MD -c a.c", CC_PASSED, "-M", "a.c", "", NULL, -1 },
	/* questions */
	{ "-E a.c", CC_PASSED, "-E", "a.c", "", NULL, -1 },
	{ "-E -c a.c", CC_PASSED, "-E", "a.c", "", NULL, -1 },
	{ "-fsyntax-only -c a.c", CC_PASSED, "-fsyntax-only", "a.c", "", NULL, -1 },
	{ "-### -c a.c", CC_PASSED, "-###", "a.c", "", NULL, -1 },
	{ "--version", CC_PASSED, "--version", "", "", NULL, -1 },
	{ "-dumpversion", CC_PASSED, "-dumpversion", "", "", NULL, -1 },
	{ "-dumpmachine", CC_PASSED, "-dumpmachine", "", "", NULL, -1 },
	{ "-print-file-name=libc.a", CC_PASSED, "-print-", "", "", NULL, -1 },
	{ "-m32 -print-multi-os-directory", CC_PASSED, "-print-", "", "", NULL, -1 },
	{ "--print-search-dirs", CC_PASSED, "--print-", "", "", NULL, -1 },
	{ "--help=common", CC_PASSED, "--help=", "", "", NULL, -1 },
	{ "-cc1 -emit-obj a.c", CC_PASSED, "-cc1", "a.c", "", NULL, -1 },
	{ "-v", CC_PASSED, "no input", "", "", NULL, -1 },
	{ "-v -c a.c", CC_COMPILE, NULL, "a.c", "", NULL, -1 },
	{ "-Wl,--version", CC_PASSED, "no input", "", "", NULL, -1 },
	{ "", CC_PASSED, "no input", "", "", NULL, -1 },
	/* assembly, partial links */
	{ "-c a.s", CC_PASSED, "nothing to compile", "", "a.s", NULL, -1 },
	{ "-c a.S -o a.o", CC_PASSED, "nothing to compile", "", "a.S", "a.o", -1 },
	{ "-x assembler-with-cpp -c a.c", CC_PASSED, "nothing to compile", "", "a.c", NULL, -1 },
	{ "-c a.o", CC_PASSED, "nothing to compile", "", "a.o", NULL, -1 },
	{ "-c a.S b.c", CC_COMPILE, NULL, "b.c", "a.S", NULL, -1 },
	{ "-r a.o b.o -o c.o", CC_PASSED, "partial link", "", "a.o b.o", "c.o", -1 },
	{ "-Wl,-r a.o", CC_PASSED, "partial link", "", "a.o", NULL, -1 },
	{ "-Xlinker -r a.o", CC_PASSED, "partial link", "", "a.o", NULL, -1 },
	{ "-r a.c -o c.o", CC_COMPILE, NULL, "a.c", "", "c.o", -1 },
	/* languages */
	{ "-x c -c a", CC_COMPILE, NULL, "a", "", NULL, -1 },
	{ "-xc++ a.o -xnone b.o", CC_COMPILE_LINK, NULL, "a.o", "b.o", NULL, -1 },
	{ "--language=c -c a", CC_COMPILE, NULL, "a", "", NULL, -1 },
	{ "-x c -c -", CC_COMPILE, NULL, "-", "", NULL, -1 },
	{ "a.h", CC_COMPILE, NULL, "a.h", "", NULL, -1 },
	{ "-x c++-header a.c -o a.gch", CC_COMPILE, NULL, "a.c", "", "a.gch", -1 },
	{ "a.h b.c", CC_COMPILE_LINK, NULL, "a.h b.c", "", NULL, -1 },
	{ "-c a.f90 b.mm c.ii", CC_COMPILE, NULL, "a.f90 b.mm c.ii", "", NULL, -1 },
	{ "-c dir.c/noext", CC_PASSED, "nothing to compile", "", "dir.c/noext", NULL, -1 },
	/* where flags go */
	{ "-c -- a.c", CC_COMPILE, NULL, "a.c", "", NULL, 1 },
	{ "-c -- -E.c", CC_COMPILE, NULL, "-E.c", "", NULL, 1 },
	{ "-o -- -c a.c", CC_COMPILE, NULL, "a.c", "", "--", -1 },
	{ "-c a.c -- --", CC_COMPILE, NULL, "a.c", "--", NULL, 2 },
	/* what the compiler will refuse */
	{ "a.c -o", CC_PASSED, "an option lacks its value", "a.c", "", NULL, -1 },
	{ "-c a.c -include", CC_PASSED, "an option lacks its value", "a.c", "", NULL, -1 },
	{ "@/nowhere/at/all a.c", CC_COMPILE_LINK, NULL, "a.c", "@/nowhere/at/all", NULL, -1 },
	{ "-c a.c @", CC_COMPILE, NULL, "a.c", "@", NULL, -1 },
};

static void test_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		PGO_AUTO(strvec) argv = STRVEC_INIT;
		PGO_AUTO(cc_call) call = CC_CALL_INIT;
		PGO_AUTO_FREE char *sources = NULL, *objects = NULL;

		split(&argv, calls[i].line, " ");
		cc_call_analyse(&call, argv.v);
		sources = join(&call.sources);
		objects = join(&call.objects);
		if (call.mode != calls[i].mode)
			print_error("%s: %s\n", calls[i].line, cc_mode_name(call.mode));
		assert_int_equal(call.mode, calls[i].mode);
		assert_same(call.why, calls[i].why);
		assert_string_equal(sources, calls[i].sources);
		assert_string_equal(objects, calls[i].objects);
		assert_same(call.output, calls[i].output);
		assert_int_equal(call.insert_at,
				 calls[i].insert_at < 0 ? argv.nr : (size_t)calls[i].insert_at);
	}
}

static void test_call_marks(void **state)
{
	static const struct {
		const char *line;
		bool std, bare;
	} marks[] = {
		{ "-c a.c", false, false },	     { "-std=gnu11 -c a.c", true, false },
		{ "-ansi -c a.c", true, false },     { "--std c99 -c a.c", true, false },
		{ "--std=c99 -c a.c", true, false }, { "-stdlib=x -c a.c", false, false },
		{ "-nostdlib a.o", false, true },    { "-nodefaultlibs a.o", false, true },
		{ "-nostdlib++ a.o", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		PGO_AUTO(strvec) argv = STRVEC_INIT;
		PGO_AUTO(cc_call) call = CC_CALL_INIT;

		split(&argv, marks[i].line, " ");
		cc_call_analyse(&call, argv.v);
		assert_int_equal(call.has_std, marks[i].std);
		assert_int_equal(call.no_default_libs, marks[i].bare);
	}
}

static const struct {
	const char *line;
	enum cc_mode mode;
	const char *why;
	bool colour;
} rust_calls[] = {
	{ "-O m.rs", CC_COMPILE, NULL, false },
	{ "--crate-name m --edition=2021 src/main.rs --error-format=json --crate-type bin "
	  "--emit=dep-info,link -C opt-level=3 --out-dir t -L dependency=t",
	  CC_COMPILE, NULL, true },
	{ "--crate-name l --crate-type lib --emit=dep-info,metadata,link l.rs --color always",
	  CC_COMPILE, NULL, true },
	{ "-vV", CC_PASSED, "-vV", false },
	{ "- --crate-name ___ --print=file-names", CC_PASSED, "--print", false },
	{ "--print sysroot", CC_PASSED, "--print", false },
	{ "--print native-static-libs m.rs", CC_COMPILE, NULL, false },
	{ "--crate-name build_script_build b.rs --crate-type bin", CC_PASSED, "build script",
	  false },
	{ "--crate-name p --crate-type proc-macro p.rs", CC_PASSED, "procedural macro", false },
	{ "--emit=dep-info,metadata m.rs", CC_PASSED, "no code asked for", false },
	{ "--emit metadata -", CC_PASSED, "no code asked for", false },
	{ "--crate-type lib -", CC_PASSED, "probe", false },
	{ "-o", CC_PASSED, "an option lacks its value", false },
	{ "", CC_PASSED, "no input", false },
};

/* Nonsense of every kind is taken apart without a fault, and flags go to a place that exists. */
static void test_random_calls(void **state)
{
	static const char *const words[] = {
		"-c",	       "a.c",	     "-o",
		"--",	       "-x",	     "c",
		"none",	       "a.o",	     "-",
		"@",	       "@/dev/null", "@.",
		"-E",	       "",	     "-Xclang",
		"-r",	       "-S",	     "-l",
		"-lm",	       "--output=",  "-x",
		"-xassembler", "-I",	     "a.h",
		"\n",	       "\xff",	     "-std=",
		"--language=", "-Wl,-r",     "-M",
		"-MD",	       "--emit",     "--crate-type=",
	};
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		PGO_AUTO(strvec) argv = STRVEC_INIT;
		PGO_AUTO(cc_call) call = CC_CALL_INIT, rust = CC_CALL_INIT;

		for (seed ^= seed << 13; seed % 9; seed ^= seed << 17) {
			seed ^= seed >> 7;
			strvec_push(&argv, words[seed % ARRAY_SIZE(words)]);
		}
		cc_call_analyse(&call, argv.v);
		rust_call_analyse(&rust, argv.v);
		assert_true(call.insert_at <= argv.nr && rust.insert_at == argv.nr);
		assert_int_equal(call.mode == CC_PASSED, call.why != NULL);
		assert_int_equal(rust.mode == CC_PASSED, rust.why != NULL);
		assert_true(call.mode == CC_PASSED || call.mode == CC_LINK || call.sources.nr > 0);
	}
}

static void test_rust_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rust_calls); i++) {
		PGO_AUTO(strvec) argv = STRVEC_INIT;
		PGO_AUTO(cc_call) call = CC_CALL_INIT;

		split(&argv, rust_calls[i].line, " ");
		rust_call_analyse(&call, argv.v);
		assert_int_equal(call.mode, rust_calls[i].mode);
		assert_same(call.why, rust_calls[i].why);
		assert_int_equal(call.has_colour, rust_calls[i].colour);
		assert_int_equal(call.insert_at, argv.nr);
	}
}

static void test_probes(void **state)
{
	static const struct {
		const char *line, *cwd;
		bool probe;
	} probes[] = {
		{ "-c conftest.c", "/w", true },
		{ "-o conftest conftest.cpp -lm", "/w", true },
		{ "-c /b/CMakeFiles/CMakeScratch/TryCompile-x/src.c", "/w", true },
		{ "-c CMakeFiles/CMakeTmp/t.c", "/b", true },
		{ "-c /src/check.c", "/b/CMakeFiles/CMakeTmp", true },
		{ "CMakeCCompilerId.c", "/b/CMakeFiles/3.25.1/CompilerIdC", true },
		{ "/b/meson-private/tmpabc/testfile.c -o x", "/w", true },
		{ "-c CMakeFiles/a.dir/Unity/unity_0_c.c", "/b", false },
		{ "-c a.c", "/w", false },
		{ "-c conftest.c a.c", "/w", false },
		{ "-c myconftest.c", "/w", false },
		{ "conftest.o a.o", "/w", false },
		{ "-c src/a.c", "/w/meson-privateer", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		PGO_AUTO(strvec) argv = STRVEC_INIT;
		PGO_AUTO(cc_call) call = CC_CALL_INIT;

		split(&argv, probes[i].line, " ");
		cc_call_analyse(&call, argv.v);
		assert_int_equal(cc_call_is_probe(&call, probes[i].cwd), probes[i].probe);
	}
}

static char *write_file(const struct tempdir *dir, const char *name, const char *text)
{
	char *path = fs_join(dir->path, name);

	assert_int_equal(fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
	return path;
}

static const char *expand(struct flat_args *f, const char *path, enum response_syntax syntax)
{
	PGO_AUTO(strvec) argv = STRVEC_INIT;

	strvec_push(&argv, "-c");
	strvec_pushf(&argv, "@%s", path);
	strvec_push(&argv, "z");
	return flat_args_expand(f, argv.v, syntax);
}

static void test_response_quotes(void **state)
{
	static const struct {
		const char *text, *want;
	} files[] = {
		{ "", "" },
		{ " \n\t ", "" },
		{ "a b\tc\nd", "a|b|c|d|" },
		{ "'a b' \"c d\"", "a b|c d|" },
		{ "x'y z'w", "xy zw|" },
		{ "a\\ b \\\"c\\' 'd\\'e' \"f\\\"g\"", "a b|\"c'|d'e|f\"g|" },
		{ "\"\" ''", "||" },
		{ "'open to the end", "open to the end|" },
		{ "tail\\", "tail\\|" },
		{ "-DX=\\\"y\\\"", "-DX=\"y\"|" },
		{ "a\r\nb\v\fc", "a|b|c|" },
		{ "$HOME #x %p @", "$HOME|#x|%p|@|" },
	};
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		PGO_AUTO_FREE char *path = write_file(&dir, "r", files[i].text);
		PGO_AUTO(flat_args) f = FLAT_ARGS_INIT;
		PGO_AUTO(strbuf) got = STRBUF_INIT;

		assert_null(expand(&f, path, RESPONSE_GNU));
		for (size_t k = 1; k + 1 < f.args.nr; k++) {
			strbuf_addf(&got, "%s|", f.args.v[k]);
			assert_int_equal(f.top[k], 1);
		}
		assert_string_equal(got.buf, files[i].want);
		assert_string_equal(f.args.v[0], "-c");
		assert_string_equal(f.args.v[f.args.nr - 1], "z");
		assert_int_equal(f.top[f.args.nr - 1], 2);
	}
}

static void test_response_lines(void **state)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO(flat_args) f = FLAT_ARGS_INIT;
	PGO_AUTO_FREE char *path = NULL, *got = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	path = write_file(&dir, "r", "--crate-name\na b\n\n'q'\r\n@r");
	assert_null(expand(&f, path, RESPONSE_LINES));
	got = join(&f.args);
	assert_string_equal(got, "-c --crate-name a b  'q' @r z");
	assert_int_equal(f.args.nr, 7);
}

static void test_response_nested(void **state)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO(flat_args) f = FLAT_ARGS_INIT;
	PGO_AUTO_FREE char *inner = NULL, *outer = NULL, *text = NULL, *got = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	inner = write_file(&dir, "in", "b 'c d'");
	text = xstrfmt("a @%s e @%s.absent", inner, inner);
	outer = write_file(&dir, "out", text);
	assert_null(expand(&f, outer, RESPONSE_GNU));
	assert_int_equal(f.args.nr, 7);
	assert_string_equal(f.args.v[3], "c d");
	assert_int_equal(f.args.v[5][0], '@');
}

static void test_response_refused(void **state)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *self = NULL, *text = NULL, *fifo = NULL, *name = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	name = fs_join(dir.path, "r");
	text = xstrfmt("a @%s @%s", name, name);
	self = write_file(&dir, "r", text);
	fifo = fs_join(dir.path, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	{
		PGO_AUTO(flat_args) f = FLAT_ARGS_INIT;

		assert_string_equal(expand(&f, self, RESPONSE_GNU), "response files in a circle");
	}
	{
		PGO_AUTO(flat_args) f = FLAT_ARGS_INIT;

		assert_string_equal(expand(&f, fifo, RESPONSE_GNU), "response file is a pipe");
	}
}

/* A "--" inside a response file: flags go before that file. */
static void test_response_call(void **state)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO(strvec) argv = STRVEC_INIT;
	PGO_AUTO(cc_call) call = CC_CALL_INIT;
	PGO_AUTO_FREE char *path = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	path = write_file(&dir, "r", "-o 'x y.o' -- 'a b.c'");
	strvec_push(&argv, "-c");
	strvec_pushf(&argv, "@%s", path);
	cc_call_analyse(&call, argv.v);
	assert_int_equal(call.mode, CC_COMPILE);
	assert_int_equal(call.insert_at, 1);
	assert_string_equal(call.sources.v[0], "a b.c");
	assert_string_equal(call.output, "x y.o");
}

static void test_names(void **state)
{
	static const struct {
		const char *base, *stem, *triple, *version;
	} names[] = {
		{ "gcc", "gcc", NULL, NULL },
		{ "g++-12", "g++", NULL, "12" },
		{ "clang++-22", "clang++", NULL, "22" },
		{ "gcc-12.2.0", "gcc", NULL, "12.2.0" },
		{ "x86_64-linux-gnu-gcc", "gcc", "x86_64-linux-gnu", NULL },
		{ "x86_64-linux-gnu-g++-11", "g++", "x86_64-linux-gnu", "11" },
		{ "arm-none-eabi-gcc", "gcc", "arm-none-eabi", NULL },
		{ "c99", "c99", NULL, NULL },
		{ "rustc", "rustc", NULL, NULL },
		{ "gcc-ar", NULL, NULL, NULL },
		{ "gcc-ar-12", NULL, NULL, NULL },
		{ "c++filt", NULL, NULL, NULL },
		{ "clang-format", NULL, NULL, NULL },
		{ "clang-cpp-14", NULL, NULL, NULL },
		{ "musl-gcc", NULL, NULL, NULL },
		{ "gcc-", NULL, NULL, NULL },
		{ "-12", NULL, NULL, NULL },
		{ "", NULL, NULL, NULL },
		{ "pgoctl-cc", NULL, NULL, NULL },
		{ "ccache", NULL, NULL, NULL },
		{ "gcc-.5", NULL, NULL, NULL },
		{ "12", NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct cc_name n;
		bool ok = cc_name_parse(&n, names[i].base);

		if (ok != (names[i].stem != NULL))
			print_error("%s\n", names[i].base);
		assert_int_equal(ok, names[i].stem != NULL);
		if (!ok)
			continue;
		assert_string_equal(n.stem->name, names[i].stem);
		assert_same(n.version, names[i].version);
		assert_int_equal(n.triple_len, names[i].triple ? strlen(names[i].triple) : 0);
	}
	assert_true(cc_is_launcher("ccache"));
	assert_false(cc_is_launcher("gcc"));
}

static void test_ours(void **state)
{
	static char gcc[] = "/usr/bin/gcc-12", gxx[] = "/usr/bin/g++-12", rust[] = "/r/rustc";
	static char family[] = "gcc", version[] = "12.2.0", target[] = "x86_64-linux-gnu";
	const struct wrapper_conf full = {
		.cc = gcc,
		.cxx = gxx,
		.rustc = rust,
		.family = family,
		.version = version,
		.target = target
	};
	const struct wrapper_conf bare = { .cc = gcc, .family = family };
	static const struct {
		const char *base;
		bool full, bare;
	} names[] = {
		{ "cc", true, true },
		{ "gcc", true, true },
		{ "clang", true, true },
		{ "c99", true, true },
		{ "c++", true, false },
		{ "g++", true, false },
		{ "gcc-12", true, true },
		{ "gcc-12.2", true, false },
		{ "gcc-1", false, false },
		{ "gcc-11", false, false },
		{ "clang-12", false, false },
		{ "g++-12", true, false },
		{ "x86_64-linux-gnu-gcc", true, false },
		{ "x86_64-pc-linux-gnu-gcc-12", true, false },
		{ "x86_64-unknown-linux-gnu-g++", true, false },
		{ "aarch64-linux-gnu-gcc", false, false },
		{ "x86_64-linux-musl-gcc", false, false },
		{ "rustc", true, false },
		{ "rustc-1.70", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct cc_name n;

		assert_true(cc_name_parse(&n, names[i].base));
		if (cc_name_is_ours(&n, &full) != names[i].full ||
		    cc_name_is_ours(&n, &bare) != names[i].bare)
			print_error("%s\n", names[i].base);
		assert_int_equal(cc_name_is_ours(&n, &full), names[i].full);
		assert_int_equal(cc_name_is_ours(&n, &bare), names[i].bare);
	}
}

/* kind PROFILE_WARN_NR: none of ours. */
static const struct {
	const char *line;
	enum profile_warning kind;
} lines[] = {
	{ "a.c:1:1: warning: \u2018/p/#a.gcda\u2019 profile count data file not found "
	  "[-Wmissing-profile]",
	  PROFILE_WARN_MISSING },
	{ "b.c:3:5: warning: profile for function \u2018nn\u2019 not found in profile data "
	  "[-Wmissing-profile]",
	  PROFILE_WARN_MISSING },
	{ "b.c:3:5: error: x [-Werror=missing-profile]", PROFILE_WARN_MISSING },
	{ "b.c:1:5: warning: the control flow of function \u2018f\u2019 does not match its profile "
	  "data (counter \u2018time_profiler\u2019) [-Wcoverage-mismatch]",
	  PROFILE_WARN_MISMATCH },
	{ "b.c:1:5: Warnung: egal [-Wcoverage-mismatch]", PROFILE_WARN_MISMATCH },
	{ "b.c:4:5: warning: source locations for function \u2018unused\u2019 have changed, the "
	  "profile data may be out of date [-Wcoverage-mismatch]",
	  PROFILE_WARN_OUT_OF_DATE },
	{ "b.c: error: \u2018/use/#b.gcda\u2019 is not a gcov data file [-Werror]",
	  PROFILE_WARN_CORRUPT },
	{ "b.c: warning: \u2018/use/#b.gcda\u2019 is version \u2018B33*\u2019, expected version "
	  "\u2018B22*\u2019",
	  PROFILE_WARN_CORRUPT },
	{ "m.c:5:1: error: corrupted profile info: profile data is not flow-consistent",
	  PROFILE_WARN_CORRUPT },
	{ "warning: a.c:3: 600000 of 2940000 available profile samples (20%) were applied "
	  "[-Wbackend-plugin]",
	  PROFILE_WARN_MISMATCH },
	{ "warning: No debug information found in function f: Function profile not used "
	  "[-Wbackend-plugin]",
	  PROFILE_WARN_MISSING },
	{ "error: bad.afdo: Could not open profile: Unrecognized sample profile encoding format",
	  PROFILE_WARN_CORRUPT },
	{ "a.c: error: AutoFDO profile version 1 does not match 2", PROFILE_WARN_CORRUPT },
	{ "a.c: error: cannot open profile file g.afdo", PROFILE_WARN_CORRUPT },
	{ "warning: c.c: function control flow change detected (hash mismatch) f Hash = 9 "
	  "[-Wbackend-plugin]",
	  PROFILE_WARN_MISMATCH },
	{ "error: c.c: function control flow change detected (hash mismatch) f Hash = 9 up to 134 "
	  "count discarded [-Werror,-Wbackend-plugin]",
	  PROFILE_WARN_MISMATCH },
	{ "warning: z.c: no profile data available for function zz Hash = 3 [-Wbackend-plugin]",
	  PROFILE_WARN_MISSING },
	{ "warning: no profile data available for file \"c.c\" [-Wprofile-instr-unprofiled]",
	  PROFILE_WARN_MISSING },
	{ "warning: profile data may be out of date: of 2 functions, 1 has mismatched data "
	  "[-Wprofile-instr-out-of-date]",
	  PROFILE_WARN_OUT_OF_DATE },
	{ "error: Could not read profile /g: invalid instrumentation profile data (bad magic)",
	  PROFILE_WARN_CORRUPT },
	{ "clang-22: error: Error in reading profile /g: x", PROFILE_WARN_CORRUPT },
	{ "\x1b[0;1;35mwarning: \x1b[0m\x1b[1mc.c: function control flow change detected (hash "
	  "mismatch) f Hash = 9 [-Wbackend-plugin]\x1b[0m",
	  PROFILE_WARN_MISMATCH },
	{ "a.c:1:1: \x1b[01;35m\x1b[Kwarning: \x1b[m\x1b[Kx [\x1b[01;35m\x1b[K"
	  "\x1b]8;;https://gcc.gnu.org/x\a-Wmissing-profile\x1b]8;;\a\x1b[m\x1b[K]",
	  PROFILE_WARN_MISSING },
	{ "a.c:1: warning: x [\x1b]8;;https://gcc.gnu.org\x1b\\-Wmissing-profile\x1b]8;;\x1b\\]\r",
	  PROFILE_WARN_MISSING },
	{ "a.c:1:1: warning: unused variable \u2018x\u2019 [-Wunused-variable]", PROFILE_WARN_NR },
	{ "cc1: note: see -Wmissing-profile", PROFILE_WARN_NR },
	{ "In file included from profile.h:1:", PROFILE_WARN_NR },
	{ "", PROFILE_WARN_NR },
	{ "\x1b", PROFILE_WARN_NR },
	{ "\x1b[", PROFILE_WARN_NR },
	{ "\x1b]8;;", PROFILE_WARN_NR },
};

static uint64_t total(const struct warning_scan *s)
{
	uint64_t sum = 0;

	for (int k = 0; k < PROFILE_WARN_NR; k++)
		sum += s->counts[k];
	return sum;
}

static void test_warnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		for (size_t step = 1; step <= 7; step += 3) {
			PGO_AUTO(warning_scan) s = WARNING_SCAN_INIT;
			size_t len = strlen(lines[i].line);

			for (size_t at = 0; at < len; at += step)
				warning_scan_add(&s, lines[i].line + at,
						 len - at < step ? len - at : step);
			warning_scan_end(&s);
			assert_int_equal(total(&s), lines[i].kind != PROFILE_WARN_NR);
			if (lines[i].kind != PROFILE_WARN_NR)
				assert_int_equal(s.counts[lines[i].kind], 1);
		}
	}
}

static void test_long_warning(void **state)
{
	static const char end[] = " [-Wmissing-profile]\nx [-Wcoverage-mismatch]";
	PGO_AUTO(warning_scan) s = WARNING_SCAN_INIT;
	char piece[1000];

	(void)state;
	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < 1000; i++)
		warning_scan_add(&s, piece, sizeof(piece));
	assert_true(s.line.len <= 65536);
	warning_scan_add(&s, end, sizeof(end) - 1);
	assert_int_equal(total(&s), 1);
	warning_scan_end(&s);
	assert_int_equal(s.counts[PROFILE_WARN_MISSING], 1);
	assert_int_equal(s.counts[PROFILE_WARN_MISMATCH], 1);
}

static void test_conf(void **state)
{
	PGO_AUTO(wrapper_conf) c = WRAPPER_CONF_INIT, got = WRAPPER_CONF_INIT;
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *path = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	path = fs_join(dir.path, "c d");
	c.stage = xstrdup("optimized");
	c.cc = xstrdup("/a b/\n'\"$#%@\xff=/gcc");
	c.family = xstrdup("gcc");
	c.shim_dir = xstrdup("/s");
	c.log = xstrdup("/l");
	c.started_ns = INT64_MAX;
	c.layout = 7;
	c.pad = xstrdup("/p d/pad.s");
	strvec_push(&c.cflags, "-fprofile-use=/x=y\nz");
	strvec_push(&c.cflags, "");
	strvec_push(&c.rustflags, "-Cx");
	assert_int_equal(wrapper_conf_write(&c, path, NULL), 0);
	assert_int_equal(wrapper_conf_read(&got, path, NULL), 0);
	assert_string_equal(got.cc, c.cc);
	assert_null(got.cxx);
	assert_null(got.version);
	assert_int_equal(got.cflags.nr, 2);
	assert_string_equal(got.cflags.v[0], c.cflags.v[0]);
	assert_string_equal(got.cflags.v[1], "");
	assert_int_equal(got.ldflags.nr, 0);
	assert_string_equal(got.rustflags.v[0], "-Cx");
	assert_true(got.started_ns == INT64_MAX);
	assert_int_equal(got.layout, 7);
	assert_string_equal(got.pad, "/p d/pad.s");
}

static void test_layout_linkers(void **state)
{
	(void)state;
	assert_true(layout_linker_pads("Debian LLD 22.1.8 (compatible with GNU linkers)\n"));
	assert_true(layout_linker_pads("LLD 20.0.0\n"));
	assert_false(layout_linker_pads("Debian LLD 19.1.7 (compatible with GNU linkers)\n"));
	assert_false(layout_linker_pads("GNU ld (GNU Binutils for Debian) 2.40\n"));
	assert_false(layout_linker_pads("mold 2.30.0 (compatible with GNU ld)\n"));
	assert_false(layout_linker_pads("LLD \n"));
	assert_false(layout_linker_pads(""));
}

static void test_layout_pads(void **state)
{
	PGO_AUTO(strbuf) one = STRBUF_INIT, again = STRBUF_INIT, other = STRBUF_INIT;
	PGO_AUTO(strvec) keep = STRVEC_INIT;

	(void)state;
	wrapper_pad_source(1, &one);
	wrapper_pad_source(1, &again);
	wrapper_pad_source(2, &other);
	layout_keep_pads(&keep);
	assert_string_equal(one.buf, again.buf);
	assert_string_not_equal(one.buf, other.buf);
	assert_non_null(strstr(one.buf, "\t.section .text.hot,\"ax\"\n"));
	assert_non_null(strstr(one.buf, "pgoctl_pad_0:\n\t.skip "));
	assert_string_equal(keep.v[0], "-Wl,-u,pgoctl_pad_0");
	assert_int_equal(keep.nr, 7);
}

static void test_bad_conf(void **state)
{
#define TEXT(s) { s, sizeof(s) - 1 }
	static const struct {
		const char *text;
		size_t len;
	} files[] = {
		TEXT(""),
		TEXT("pgoctl-cc=1"),
		TEXT("pgoctl-cc=2\0"),
		TEXT("pgoctl-cc=1\0"),
		TEXT("pgoctl-cc=1\0stage=x\0family=x\0shim_dir=x\0log=x\0odd=x\0"),
		TEXT("pgoctl-cc=1\0stage=x\0family=x\0shim_dir=x\0log=x\0noequals\0"),
		TEXT("pgoctl-cc=1\0stage=x\0family=x\0shim_dir=x\0log=x\0started_ns=-1\0"),
		TEXT("pgoctl-cc=1\0stage=x\0family=x\0shim_dir=x\0log=x\0"
		     "started_ns=9999999999999999999\0"),
		TEXT("pgoctl-cc=1\0stage=x\0family=x\0shim_dir=x\0"),
	};
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *path = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	path = fs_join(dir.path, "c");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct wrapper_conf c = { .started_ns = 7 };

		assert_int_equal(fs_write_atomic(path, files[i].text, files[i].len, 0644, NULL), 0);
		assert_int_equal(wrapper_conf_read(&c, path, NULL), -PGO_EFORMAT);
		assert_true(c.started_ns == 7 && !c.stage);
	}
	{
		struct wrapper_conf c = { 0 };

		unlink(path);
		assert_int_equal(wrapper_conf_read(&c, path, NULL), -PGO_ENOTFOUND);
	}
}

static void append_call(const char *log, const char *tool, const char *mode, int status,
			uint64_t nr_stale)
{
	const uint64_t warnings[PROFILE_WARN_NR] = { 2, 0, 0, 1 };
	PGO_AUTO(strvec) files = STRVEC_INIT, stale = STRVEC_INIT;
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	struct log_call call = {
		.tool = tool,
		.dir = "/w \xff",
		.files = &files,
		.mode = mode,
		.status = status,
		.warnings = warnings,
		.stale = &stale,
		.nr_stale = nr_stale,
	};

	strvec_push(&files, "a\n\"b\\.c");
	if (nr_stale)
		strvec_push(&stale, "old $.o");
	log_call_format(&line, &call);
	assert_ptr_equal(memchr(line.buf, '\n', line.len), line.buf + line.len - 1);
	assert_int_equal(fs_append_line(log, line.buf, line.len, NULL), 0);
}

static void test_log(void **state)
{
	PGO_AUTO(wrapper_summary) s = WRAPPER_SUMMARY_INIT;
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *log = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	log = fs_join(dir.path, "log");
	assert_int_equal(wrapper_log_read(&s, log, NULL), 0);
	assert_true(s.nr_calls == 0);
	append_call(log, "gcc", "compile", 0, 0);
	append_call(log, "gcc", "compile+link", 1, 3);
	append_call(log, "gcc", "link", 0, 1);
	append_call(log, "gcc", "passed", 0, 0);
	append_call(log, "gcc-11", "foreign", 0, 0);
	append_call(log, "gcc-11", "foreign", 139, 0);
	assert_int_equal(fs_append_line(log, "{\"tool\":\"gc", 11, NULL), 0);
	assert_int_equal(wrapper_log_read(&s, log, NULL), 0);
	assert_true(s.nr_calls == 6 && s.nr_compiles == 2 && s.nr_links == 2 && s.nr_passed == 1);
	assert_true(s.nr_foreign == 2 && s.nr_failed == 2 && s.nr_stale_inputs == 4);
	assert_true(s.warnings[PROFILE_WARN_MISSING] == 12 &&
		    s.warnings[PROFILE_WARN_CORRUPT] == 6);
	assert_true(s.warnings[PROFILE_WARN_MISMATCH] == 0);
	assert_int_equal(s.foreign.nr, 1);
	assert_string_equal(s.foreign.v[0], "gcc-11");
	assert_int_equal(s.stale_inputs.nr, 1);
	assert_string_equal(s.stale_inputs.v[0], "old $.o");
}

static void test_bad_log(void **state)
{
	static const char *const bad[] = {
		"{}\n",
		"[]\n",
		"x\n",
		"\n",
		"{\"tool\":\"gcc\",\"mode\":\"compile\",\"status\":\"0\"}\n",
	};
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *log = NULL;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	log = fs_join(dir.path, "log");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct wrapper_summary s = { .nr_calls = 5 };
		struct pgo_err err = PGO_ERR_INIT;
		struct stat st;

		unlink(log);
		append_call(log, "gcc", "compile", 0, 0);
		assert_int_equal(stat(log, &st), 0);
		assert_int_equal(fs_append_line(log, bad[i], strlen(bad[i]), NULL), 0);
		assert_int_equal(wrapper_log_read(&s, log, &err), -PGO_EFORMAT);
		assert_true(s.nr_calls == 5);
		assert_true(err.offset == st.st_size);
		pgo_err_release(&err);
	}
}

static void test_shims(void **state)
{
	PGO_AUTO(tempdir) dir = TEMPDIR_INIT;
	PGO_AUTO_FREE char *bin = NULL, *shims = NULL, *exe = NULL, *other = NULL, *link = NULL;
	PGO_AUTO_FREE char *old_path = xstrdup(getenv("PATH")), *absent = NULL;
	struct stat st, want;

	(void)state;
	assert_int_equal(tempdir_make(&dir, NULL, NULL), 0);
	exe = write_file(&dir, "pgoctl-cc", "#!/bin/sh\n");
	bin = fs_join(dir.path, "b in");
	shims = fs_join(dir.path, "sh'ims");
	assert_int_equal(fs_mkdir_p(bin, NULL), 0);
	free(write_file(&dir, "b in/clang-77", ""));
	free(write_file(&dir, "b in/gcc-ar-77", ""));
	setenv("PATH", bin, 1);
	assert_int_equal(wrapper_make_shims(shims, exe, NULL), -PGO_ETOOL);
	assert_int_equal(chmod(exe, 0755), 0);
	assert_int_equal(wrapper_make_shims(shims, exe, NULL), 0);
	assert_int_equal(wrapper_make_shims(shims, exe, NULL), 0);
	link = fs_join(shims, "clang-77");
	assert_int_equal(stat(link, &st), 0);
	assert_int_equal(stat(exe, &want), 0);
	assert_true(st.st_ino == want.st_ino);
	absent = fs_join(shims, "gcc-ar-77");
	assert_false(fs_exists(absent));
	free(absent);
	absent = fs_join(shims, "rustc");
	assert_false(fs_exists(absent));
	free(absent);
	absent = fs_join(shims, "rust/rustc");
	assert_true(fs_exists(absent));
	other = write_file(&dir, "other", "#!/bin/sh\n");
	assert_int_equal(chmod(other, 0755), 0);
	assert_int_equal(wrapper_make_shims(shims, other, NULL), 0);
	assert_int_equal(stat(link, &st), 0);
	assert_true(st.st_ino != want.st_ino);
	setenv("PATH", old_path ? old_path : "", 1);
}

static void test_build_env(void **state)
{
	static char gcc[] = "gcc", cc[] = "/usr/bin/gcc-12", cxx[] = "/usr/bin/g++-12";
	static char clang[] = "clang", rust[] = "/r/rustc", shims[] = "/s h", plain[] = "/s-h";
	static char baseline[] = "baseline", instrumented[] = "instrumented";
	const struct wrapper_conf c = {
		.stage = baseline, .cc = cc, .cxx = cxx, .family = gcc, .shim_dir = shims
	};
	const struct wrapper_conf r = {
		.stage = instrumented, .cc = cc, .rustc = rust, .family = clang, .shim_dir = plain
	};
	PGO_AUTO(strvec) env = STRVEC_INIT, rest = STRVEC_INIT;

	(void)state;
	strvec_push(&env, "PATH=/bin:/usr/bin");
	wrapper_build_env(&env, &c, "/c f", "k1", "/junk");
	assert_string_equal(strvec_getenv(&env, "PATH"), "/s h:/bin:/usr/bin");
	assert_string_equal(strvec_getenv(&env, "PGOCTL_CC_CONFIG"), "/c f");
	assert_string_equal(strvec_getenv(&env, "CC"), "gcc");
	assert_string_equal(strvec_getenv(&env, "CXX"), "g++");
	assert_null(strvec_getenv(&env, "RUSTC"));
	assert_string_equal(strvec_getenv(&env, "CCACHE_COMPILERCHECK"), "string:k1");
	assert_null(strvec_getenv(&env, "CCACHE_DISABLE"));
	assert_string_equal(strvec_getenv(&env, "GCOV_PREFIX"), "/junk");
	assert_string_equal(strvec_getenv(&env, "LLVM_PROFILE_FILE"), "/junk/%p-%m.profraw");

	wrapper_build_env(&rest, &r, "/c", "k2", "/ju%nk");
	assert_string_equal(strvec_getenv(&rest, "PATH"), "/s-h:/usr/local/bin:/usr/bin:/bin");
	assert_string_equal(strvec_getenv(&rest, "CC"), "/s-h/clang");
	assert_null(strvec_getenv(&rest, "CXX"));
	assert_string_equal(strvec_getenv(&rest, "RUSTC"), "/s-h/rust/rustc");
	assert_string_equal(strvec_getenv(&rest, "CCACHE_DISABLE"), "1");
	assert_string_equal(strvec_getenv(&rest, "GCOV_PREFIX"), "/dev/null");
	assert_string_equal(strvec_getenv(&rest, "LLVM_PROFILE_FILE"), "/dev/null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_option_lists),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_call_marks),
		cmocka_unit_test(test_random_calls),
		cmocka_unit_test(test_rust_calls),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_response_quotes),
		cmocka_unit_test(test_response_lines),
		cmocka_unit_test(test_response_nested),
		cmocka_unit_test(test_response_refused),
		cmocka_unit_test(test_response_call),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_long_warning),
		cmocka_unit_test(test_conf),
		cmocka_unit_test(test_layout_linkers),
		cmocka_unit_test(test_layout_pads),
		cmocka_unit_test(test_bad_conf),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_bad_log),
		cmocka_unit_test(test_shims),
		cmocka_unit_test(test_build_env),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
