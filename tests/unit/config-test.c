/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pgo/base/fs.h"
#include "pgo/base/tempfile.h"
#include "pgo/core/config-makefile.h"
#include "pgo/core/config-schema.h"
#include "pgo/core/config.h"

static struct tempdir dir;
static char *yaml_path;

static int set_up(void **state)
{
	PGO_AUTO_FREE char *data = NULL;

	(void)state;
	if (tempdir_make(&dir, NULL, NULL))
		return -1;
	yaml_path = fs_join(dir.path, CONFIG_NAME);
	data = fs_join(dir.path, "data.txt");
	return fs_write_atomic(data, "x", 1, 0644, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	free(yaml_path);
	tempdir_release(&dir);
	return 0;
}

static const char full[] =
	"version: 1\n"
	"toolchain:\n"
	"  cc: clang-22\n"
	"  cxx: clang++-22\n"
	"  rustc: ./bin/rustc\n"
	"profile:\n"
	"  technique: instrument\n"
	"  partial-training: true\n"
	"  update: prefer-atomic\n"
	"build:\n"
	"  source: .\n"
	"  command: make -j\"$(nproc)\"   # a comment\n"
	"  out-of-tree: true\n"
	"  env: [\"CFLAGS=-O2 -g\", B=]\n"
	"  clean: make clean\n"
	"  artifacts: [src/lua, \"bin/*\"]\n"
	"  exclude: [\"*.o\"]\n"
	"workloads:\n"
	"  - name: fib\n"
	"    run: '\"$PGO_OUT/src/lua\" bench/fib.lua 30'\n"
	"    weight: 2.5\n"
	"    use: train\n"
	"    stdin: data.txt\n"
	"    timeout: 1.5m\n"
	"    repeat: 3\n"
	"    exit: 1\n"
	"    output: out/log.txt\n"
	"  - {name: x2, run: 'true', use: validate}\n"
	"validation:\n"
	"  margin: 1.5%\n"
	"  budget: 3m\n"
	"  pairs: 6\n";

static const char minimal[] =
	"version: 1\n"
	"toolchain: {cc: gcc}\n"
	"build: {command: make, artifacts: [prog]}\n"
	"workloads:\n"
	"  - {name: w, run: ./w}\n";

static int load_bytes(struct config *cfg, const void *text, size_t len, struct pgo_err *err)
{
	assert_int_equal(fs_write_atomic(yaml_path, text, len, 0644, NULL), 0);
	return config_load(cfg, yaml_path, err);
}

static void test_full(void **state)
{
	PGO_AUTO(config) cfg = CONFIG_INIT;
	PGO_AUTO_FREE char *rustc = NULL;
	const struct workload *w;

	(void)state;
	assert_int_equal(load_bytes(&cfg, full, strlen(full), NULL), 0);
	assert_string_equal(cfg.path, yaml_path);
	assert_string_equal(cfg.root, dir.path);
	assert_string_equal(cfg.cc, "clang-22");
	assert_string_equal(cfg.cxx, "clang++-22");
	rustc = fs_join(dir.path, "bin/rustc");
	assert_string_equal(cfg.rustc, rustc);
	assert_int_equal(cfg.technique, TECHNIQUE_INSTRUMENT);
	assert_true(cfg.partial_training);
	assert_int_equal(cfg.update, PROFILE_UPDATE_PREFER_ATOMIC);
	assert_string_equal(cfg.command, "make -j\"$(nproc)\"");
	assert_true(cfg.out_of_tree);
	assert_string_equal(cfg.clean, "make clean");
	assert_int_equal(cfg.env.nr, 2);
	assert_string_equal(cfg.env.v[0], "CFLAGS=-O2 -g");
	assert_string_equal(cfg.env.v[1], "B=");
	assert_int_equal(cfg.artifacts.nr, 2);
	assert_string_equal(cfg.artifacts.v[1], "bin/*");
	assert_int_equal(cfg.exclude.nr, 1);
	assert_int_equal(cfg.nr_workloads, 2);
	w = &cfg.workloads[0];
	assert_string_equal(w->name, "fib");
	assert_string_equal(w->run, "\"$PGO_OUT/src/lua\" bench/fib.lua 30");
	assert_true(w->weight == 2.5);
	assert_int_equal(w->use, USE_TRAIN);
	assert_string_equal(w->stdin_path, "data.txt");
	assert_int_equal(w->timeout_ns, 90 * UINT64_C(1000000000));
	assert_int_equal(w->repeat, 3);
	assert_int_equal(w->expect_status, 1);
	assert_string_equal(w->output, "out/log.txt");
	assert_int_equal(cfg.workloads[1].use, USE_VALIDATE);
	assert_true(cfg.margin == 0.015);
	assert_int_equal(cfg.budget_ns, 180 * UINT64_C(1000000000));
	assert_int_equal(cfg.pairs, 6);
}

static void test_defaults(void **state)
{
	PGO_AUTO(config) cfg = CONFIG_INIT;
	const struct workload *w;

	(void)state;
	assert_int_equal(load_bytes(&cfg, minimal, strlen(minimal), NULL), 0);
	assert_null(cfg.cxx);
	assert_null(cfg.rustc);
	assert_false(cfg.partial_training);
	assert_int_equal(cfg.update, PROFILE_UPDATE_DEFAULT);
	assert_string_equal(cfg.source, ".");
	assert_false(cfg.out_of_tree);
	assert_null(cfg.clean);
	assert_int_equal(cfg.env.nr, 0);
	assert_int_equal(cfg.exclude.nr, 0);
	w = &cfg.workloads[0];
	assert_true(w->weight == 1);
	assert_int_equal(w->use, USE_BOTH);
	assert_null(w->stdin_path);
	assert_int_equal(w->timeout_ns, 600 * UINT64_C(1000000000));
	assert_int_equal(w->repeat, 1);
	assert_int_equal(w->expect_status, 0);
	assert_string_equal(w->output, "stdout");
	assert_true(cfg.margin == 0.02);
	assert_int_equal(cfg.budget_ns, 0);
	assert_int_equal(cfg.pairs, 20);
}

static void test_reload_replaces(void **state)
{
	PGO_AUTO(config) cfg = CONFIG_INIT;

	(void)state;
	assert_int_equal(load_bytes(&cfg, full, strlen(full), NULL), 0);
	assert_int_equal(load_bytes(&cfg, minimal, strlen(minimal), NULL), 0);
	assert_string_equal(cfg.cc, "gcc");
	assert_int_equal(cfg.nr_workloads, 1);
}

/* full with its one piece of text "from" replaced; the caller frees. */
static char *edited(const char *from, const char *to)
{
	const char *at = strstr(full, from);

	assert_non_null(at);
	assert_null(strstr(at + 1, from));
	return xstrfmt("%.*s%s%s", (int)(at - full), full, to, at + strlen(from));
}

/* What is expected is "LINE:COLUMN: message"; the hint must hold hint (NULL: anything). */
static void expect_error(const void *text, size_t len, const char *expected, const char *hint)
{
	PGO_AUTO(config) cfg = CONFIG_INIT;
	struct pgo_err err = PGO_ERR_INIT;
	PGO_AUTO_FREE char *message = xstrfmt("%s:%s", yaml_path, expected);

	assert_int_equal(load_bytes(&cfg, text, len, &err), -PGO_ECONFIG);
	assert_int_equal(err.code, PGO_ECONFIG);
	assert_string_equal(err.msg, message);
	if (hint) {
		assert_non_null(err.hint);
		if (!strstr(err.hint, hint))
			fail_msg("'%s' is not in the hint '%s'", hint, err.hint);
	}
	assert_null(cfg.cc); /* untouched */
	assert_int_equal(cfg.nr_workloads, 0);
	pgo_err_release(&err);
	/* A caller that wants no message gets the same code. */
	assert_int_equal(config_load(&cfg, yaml_path, NULL), -PGO_ECONFIG);
}

struct edit {
	const char *from, *to, *expected, *hint;
};

static void expect_edits(const struct edit *edits, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		PGO_AUTO_FREE char *text = edited(edits[i].from, edits[i].to);

		expect_error(text, strlen(text), edits[i].expected, edits[i].hint);
	}
}

static void test_keys(void **state)
{
	static const struct edit edits[] = {
		{ "command:", "comand:", "12:3: unknown key 'comand'",
		  "did you mean 'command'? known keys here: source, command, out-of-tree, env,"
		  " clean, artifacts, exclude" },
		{ "  env:", "  timeout:", "14:3: unknown key 'timeout'",
		  "'timeout' belongs in 'workloads'; known keys here: source" },
		{ "validation:", "env:", "29:1: unknown key 'env'", "'env' belongs in 'build'" },
		{ "  margin:", "  workloads:", "30:3: unknown key 'workloads'",
		  "'workloads' belongs at the start of a line" },
		{ "use: validate}", "usee: validate}", "28:29: unknown key 'usee'",
		  "did you mean 'use'?" },
		{ "    repeat:", "    zzzzzzzzzzzzzzz:", "25:5: unknown key 'zzzzzzzzzzzzzzz'",
		  "known keys here: name, run" },
		{ "    repeat:", "    <<:", "25:5: unknown key '<<'", NULL },
		{ "    repeat:", "    \"a\\e[2J\":", "25:5: unknown key 'a\\x1b[2J'", NULL },
		{ "    weight:", "    run:", "21:5: duplicate key 'run'",
		  "the first one is in line 20" },
		{ "  command: make -j\"$(nproc)\"   # a comment\n", "",
		  "11:3: missing key 'command' in 'build'", "for example: command: make" },
		{ "version: 1\n", "", "1:1: missing key 'version'", "version: 1" },
		{ "toolchain:\n  cc: clang-22\n  cxx: clang++-22\n  rustc: ./bin/rustc\n", "",
		  "1:1: missing key 'toolchain'", "for example:\ntoolchain:\n  cc: clang-22" },
		{ "{name: x2, run: 'true', use", "{name: x2, use",
		  "28:5: missing key 'run' in 'workloads'", "run: '\"$PGO_OUT/my-program\"'" },
		{ "  artifacts: [src/lua, \"bin/*\"]\n", "",
		  "11:3: missing key 'artifacts' in 'build'", "artifacts: [my-program]" },
	};

	(void)state;
	expect_edits(edits, ARRAY_SIZE(edits));
}

static void test_types(void **state)
{
	static const struct edit edits[] = {
		{ "[src/lua, \"bin/*\"]", "src/lua",
		  "16:14: 'artifacts' must be a list, not a single value",
		  "artifacts: [my-program]" },
		{ "make -j\"$(nproc)\" ", "[make] ",
		  "12:12: 'command' must be a single value, not a list", "command: make" },
		{ "make -j\"$(nproc)\" ", " ", "12:3: 'command' has no value", "command: make" },
		{ "make -j\"$(nproc)\" ", "~ ", "12:3: 'command' has no value", "command: make" },
		{ "make -j\"$(nproc)\" ", "' ' ", "12:12: 'command' is empty", "command: make" },
		{ "{name: x2, run: 'true', use: validate}", "x2",
		  "28:5: an entry of 'workloads' must be a mapping, not a single value", NULL },
		{ "{name: x2, run: 'true', use: validate}", "",
		  "28:4: an entry of 'workloads' has no value", NULL },
		{ "\n  margin: 1.5%\n  budget: 3m\n  pairs: 6\n", " 3\n",
		  "29:13: 'validation' must be a mapping, not a single value", "indented" },
		{ "[\"*.o\"]", "[[a]]",
		  "17:13: an entry of 'exclude' must be a single value, not a list",
		  "exclude: [\"*.o\"]" },
		{ "partial-training: true", "partial-training: yes",
		  "8:21: bad value 'yes' of 'partial-training': must be 'true' or 'false'", NULL },
		{ "use: train", "use: trian",
		  "22:10: bad value 'trian' of 'use': must be 'train', 'validate' or 'both'",
		  "did you mean 'train'?" },
		{ "prefer-atomic", "2",
		  "9:11: bad value '2' of 'update': must be 'single', 'atomic' or 'prefer-atomic'",
		  "update: single" },
		{ "technique: instrument", "technique: Instrument",
		  "7:14: bad value 'Instrument' of 'technique': must be 'instrument', "
		  "'sample' or 'bolt'",
		  "did you mean 'instrument'?" },
		{ "[src/lua, \"bin/*\"]", "[]", "16:14: 'artifacts' is empty", "[my-program]" },
		{ "version: 1", "version: 2", "1:10: version '2' is not known",
		  "this pgoctl reads version 1" },
		{ "version: 1\ntoolchain:", "version: 2\ncompilers:",
		  "1:10: version '2' is not known", NULL },
	};

	(void)state;
	expect_edits(edits, ARRAY_SIZE(edits));
}

static void test_values(void **state)
{
	static const struct edit edits[] = {
		{ "weight: 2.5", "weight: -1",
		  "21:13: bad value '-1' of 'weight': must be above 0, with 3 decimals at most",
		  "for example: weight: 1" },
		{ "weight: 2.5", "weight: 0.0005",
		  "21:13: bad value '0.0005' of 'weight': must be above 0, with 3 decimals at most",
		  NULL },
		{ "weight: 2.5", "weight: .nan",
		  "21:13: bad value '.nan' of 'weight': must be above 0, with 3 decimals at most",
		  NULL },
		{ "timeout: 1.5m", "timeout: 5 parsecs",
		  "24:14: bad value '5 parsecs' of 'timeout': must be a time like 500ms, 60s, 10m"
		  " or 2h, a week at most",
		  "timeout: 10m" },
		{ "timeout: 1.5m", "timeout: 0s",
		  "24:14: bad value '0s' of 'timeout': must be a time like 500ms, 60s, 10m"
		  " or 2h, a week at most",
		  NULL },
		{ "timeout: 1.5m", "timeout: 169h",
		  "24:14: bad value '169h' of 'timeout': must be a time like 500ms, 60s, 10m"
		  " or 2h, a week at most",
		  NULL },
		{ "repeat: 3", "repeat: 0",
		  "25:13: bad value '0' of 'repeat': must be a whole number from 1 to 10000",
		  NULL },
		{ "exit: 1", "exit: 256",
		  "26:11: bad value '256' of 'exit': must be a whole number from 0 to 255", NULL },
		{ "name: fib", "name: a/b",
		  "19:11: bad value 'a/b' of 'name': must be of letters, digits, '.', '_', '+'"
		  " and '-'",
		  "name: example" },
		{ "name: fib", "name: \"a\\nb\"",
		  "19:11: bad value 'a\\nb' of 'name': must be of letters, digits, '.', '_', '+'"
		  " and '-'",
		  NULL },
		{ "name: fib", "name: .fib",
		  "19:11: bad value '.fib' of 'name': must be a name without '.' or '-' ahead",
		  NULL },
		{ "name: x2", "name: fib", "28:12: duplicate workload 'fib'",
		  "the first one is in line 19" },
		{ "use: train", "use: validate", "19:3: no workload to train with",
		  "'use: train' or 'use: both'" },
		{ "stdin: data.txt", "stdin: nodata.txt",
		  "23:12: the stdin file 'nodata.txt' does not exist", "relative to the folder" },
		{ "stdin: data.txt", "stdin: .", "23:12: the stdin file '.' is a folder", NULL },
		{ "output: out/log.txt", "output: ../log",
		  "27:13: bad value '../log' of 'output': must be a relative path without '..'",
		  "output: stdout" },
		{ "source: .", "source: srcx", "11:11: the source folder 'srcx' does not exist",
		  "relative to the folder" },
		{ "source: .", "source: data.txt",
		  "11:11: the source folder 'data.txt' is not a folder", NULL },
		{ "B=]", "B]", "14:26: bad value 'B' of 'env': must be NAME=value",
		  "env: [\"CFLAGS=-O2\"]" },
		{ "B=]", "2=x]", "14:26: bad value '2=x' of 'env': must be NAME=value", NULL },
		{ "B=]", "CFLAGS=]", "14:26: 'CFLAGS' is set twice", NULL },
		{ "B=]", "CC=gcc]", "14:26: 'CC' is set by pgoctl itself", "'toolchain'" },
		{ "B=]", "PGO_OUT=/]", "14:26: 'PGO_OUT' is set by pgoctl itself", NULL },
		{ "[src/lua, \"bin/*\"]", "[a..b, x/../../y]",
		  "16:21: bad value 'x/../../y' of 'artifacts': must be a relative path without"
		  " '..'",
		  NULL },
		{ "[\"*.o\"]", "[/x]",
		  "17:13: bad value '/x' of 'exclude': must be a relative path without '..'",
		  NULL },
		{ "cc: clang-22", "cc: clang-22 -m32",
		  "3:7: bad value 'clang-22 -m32' of 'cc': must be one program, without arguments",
		  "CFLAGS" },
		{ "margin: 1.5%", "margin: 2",
		  "30:11: bad value '2' of 'margin': must be a percentage above 0% and below 100%",
		  "margin: 2%" },
		{ "margin: 1.5%", "margin: 100%",
		  "30:11: bad value '100%' of 'margin': must be a percentage above 0% and below"
		  " 100%",
		  NULL },
		{ "budget: 3m", "budget: soon",
		  "31:11: bad value 'soon' of 'budget': must be a time like 90s, 3m or 2h",
		  "budget: 3m" },
		{ "pairs: 6", "pairs: 5",
		  "32:10: bad value '5' of 'pairs': must be a whole number from 6 to 1000", NULL },
		{ "pairs: 6", "pairs: 6.5",
		  "32:10: bad value '6.5' of 'pairs': must be a whole number from 6 to 1000",
		  NULL },
	};

	(void)state;
	expect_edits(edits, ARRAY_SIZE(edits));
}

static void test_good_values(void **state)
{
	static const struct edit edits[] = {
		{ "weight: 2.5", "weight: 0.001", NULL, NULL },
		{ "weight: 2.5", "weight: '3'", NULL, NULL },
		{ "name: fib", "name: A.b_c+d-9", NULL, NULL },
		{ "repeat: 3", "repeat: 10000", NULL, NULL },
		{ "exit: 1", "exit: 255", NULL, NULL },
		{ "timeout: 1.5m", "timeout: 168h", NULL, NULL },
		{ "timeout: 1.5m", "timeout: 1ms", NULL, NULL },
		{ "pairs: 6", "pairs: 1000", NULL, NULL },
		{ "cc: clang-22", "cc: /opt/my tools/cc", NULL, NULL },
		{ "[src/lua, \"bin/*\"]", "[a..b, ..c, \"$ 'x\\n\"]", NULL, NULL },
		{ "# a comment", "# \xc3\xa9\xe2\x82\xac", NULL, NULL },
		{ "version: 1\n", "%YAML 1.1\n---\nversion: 1\n", NULL, NULL },
		{ "pairs: 6\n", "pairs: 6\n...\n", NULL, NULL },
		{ "pairs: 6\n", "pairs: 6", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		PGO_AUTO_FREE char *text = edited(edits[i].from, edits[i].to);
		PGO_AUTO(config) cfg = CONFIG_INIT;
		struct pgo_err err = PGO_ERR_INIT;

		if (load_bytes(&cfg, text, strlen(text), &err))
			fail_msg("%s: %s", edits[i].to, err.msg);
	}
}

static void test_syntax(void **state)
{
	static const struct edit edits[] = {
		{ "  update:", "\tupdate:", "9:1: a tab where blanks must stand",
		  "indent with blanks" },
		{ "  update:", "   update:",
		  "9:10: not valid yaml: mapping values are not allowed in this context",
		  "indentation" },
		{ "  update:", " update:",
		  "9:2: not valid yaml: did not find expected key while parsing a block mapping"
		  " that starts at line 1, column 1",
		  "indentation" },
		{ "[\"*.o\"]", "[*.o]",
		  "17:14: not valid yaml: did not find expected alphabetic or numeric character"
		  " while scanning an alias that starts at line 17, column 13",
		  "in quotes" },
		{ "clean: make clean", "clean: make: clean",
		  "15:14: not valid yaml: mapping values are not allowed in this context",
		  "quotes" },
		{ "clean: make clean", "clean: @x", "15:10: '@' cannot start a value", "quotes" },
		{ "pairs: 6\n", "pairs: '6\n",
		  "33:1: not valid yaml: found unexpected end of stream while scanning a quoted"
		  " scalar that starts at line 32, column 10",
		  "never closed" },
		{ "clean: make", "clean: &x make", "15:10: the anchor '&x' is not supported",
		  "write the value out" },
		{ "clean: make clean", "clean: *x", "15:10: the alias '*x' is not supported",
		  "write the value out" },
		{ "clean: make", "clean: !!str make",
		  "15:10: the tag 'tag:yaml.org,2002:str' is not supported", "leave the tag out" },
		{ "pairs: 6\n", "pairs: 6\n---\nversion: 1\n", "33:1: a second document",
		  "one file" },
		{ "pairs: 6\n", "pairs: 6\n---\n", "33:1: a second document", NULL },
		{ "clean: make", "[a]: make", "15:3: a key must be a plain word", NULL },
		{ "clean: make clean", "clean: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
		  "15:24: nested too deeply", NULL },
		{ "clean: make", "clean: \"x\\0\"", "15:10: a NUL byte in the text", NULL },
	};

	(void)state;
	expect_edits(edits, ARRAY_SIZE(edits));
}

static void test_not_a_mapping(void **state)
{
	static const char list[] = "# x\n- a\n", word[] = "hello\n", comment[] = "# only\n\n";
	static const char mark[] = "---\n";

	(void)state;
	expect_error("", 0, "1:1: the file is empty", "pgoctl init");
	expect_error(comment, strlen(comment), "1:1: the file is empty", "pgoctl init");
	expect_error(list, strlen(list), "2:1: the file must be a mapping of keys, not a list",
		     "pgoctl init");
	expect_error(word, strlen(word),
		     "1:1: the file must be a mapping of keys, not a single value", "pgoctl init");
	expect_error(mark, strlen(mark),
		     "2:1: the file must be a mapping of keys, not a single value", NULL);
}

static void test_not_text(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *expected;
	} cases[] = {
		{ "version: 1\n\0", 12, "2:1: a NUL byte in the text" },
		{ "a: \xff\n", 5, "1:4: byte 0xff is not UTF-8" },
		{ "\xff\xfe"
		  "v\0",
		  4, "1:1: byte 0xff is not UTF-8" },
		{ "a: \xc3\xa9\xc3\n", 7, "1:5: byte 0xc3 is not UTF-8" },
		{ "a: \xe2\x82", 5, "1:4: byte 0xe2 is not UTF-8" },
		{ "a: \xc0\xaf\n", 6, "1:4: byte 0xc0 is not UTF-8" },
		{ "a: \xe0\x80\xaf\n", 7, "1:4: byte 0xe0 is not UTF-8" },
		{ "a: \xed\xa0\x80\n", 7, "1:4: byte 0xed is not UTF-8" },
		{ "a: \xf4\x90\x80\x80\n", 8, "1:4: byte 0xf4 is not UTF-8" },
		{ "a: \xf8\x88\x80\x80\x80\n", 9, "1:4: byte 0xf8 is not UTF-8" },
		{ "a: \x80\n", 5, "1:4: byte 0x80 is not UTF-8" },
		{ "a\n# \x1b[2J\n", 8, "2:3: character U+001B is not allowed" },
		{ "a\n# \x7f\n", 6, "2:3: character U+007F is not allowed" },
		{ "# \xc2\x85\n", 5, "1:3: character U+0085 is not allowed" },
		{ "# \xe2\x80\xa8\n", 6, "1:3: character U+2028 is not allowed" },
		{ "# \xef\xbb\xbf\n", 6, "1:3: character U+FEFF is not allowed" },
		{ "a: 1\rb: 2\n", 10, "1:5: a carriage return without a line feed" },
		{ "a: 1\r", 5, "1:5: a carriage return without a line feed" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_error(cases[i].bytes, cases[i].len, cases[i].expected, NULL);
}

/* The places are those of an editor also behind wide characters, CRLF and a byte order mark. */
static void test_places(void **state)
{
	static const char wide[] = "version: 1\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80: 1\n";
	static const char flow[] = "version: 1\ntoolchain: {\xc3\xa9: 1}\n";
	static const char after[] = "toolchain: {cc: '\xe2\x82\xac', xx: 1}\n";
	static const char crlf[] = "version: 1\r\n\r\nbuild:\r\n  xx: 1\r\n";
	static const char bom[] = "\xef\xbb\xbfversion: 7\r\n";
	static const char block[] = "version: 1\nbuild:\n  command: |\n    a\n\n    b\n  xx: 1\n";

	(void)state;
	expect_error(wide, strlen(wide), "2:1: unknown key '\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'",
		     NULL);
	expect_error(flow, strlen(flow), "2:13: unknown key '\xc3\xa9'", NULL);
	expect_error(after, strlen(after), "1:22: unknown key 'xx'", NULL);
	expect_error(crlf, strlen(crlf), "4:3: unknown key 'xx'", NULL);
	expect_error(bom, strlen(bom), "1:10: version '7' is not known", NULL);
	expect_error(block, strlen(block), "7:3: unknown key 'xx'", NULL);
}

/* A value of any length leaves a message of one line, and is not cut inside a character. */
static void test_long_value(void **state)
{
	static const char *const frames[][2] = {
		{ "'", "': 1\n" },
		{ "version: '", "'\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		PGO_AUTO(strbuf) text = STRBUF_INIT;
		PGO_AUTO(config) cfg = CONFIG_INIT;
		struct pgo_err err = PGO_ERR_INIT;

		strbuf_addstr(&text, frames[i][0]);
		for (int k = 0; k < 300; k++)
			strbuf_addstr(&text,
				      "\xf0\x9f\x98\x80"
				      "a");
		strbuf_addstr(&text, frames[i][1]);
		assert_int_equal(load_bytes(&cfg, text.buf, text.len, &err), -PGO_ECONFIG);
		assert_true(strlen(err.msg) < strlen(yaml_path) + 120);
		assert_non_null(strstr(err.msg,
				       "\xf0\x9f\x98\x80"
				       "a..."));
		pgo_err_release(&err);
	}
}

static void test_large(void **state)
{
	PGO_AUTO(config) cfg = CONFIG_INIT;
	struct pgo_err err = PGO_ERR_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	(void)state;
	strbuf_addstr(&text, full);
	while (text.len < 1024 * 1024)
		strbuf_addch(&text, '#');
	assert_int_equal(load_bytes(&cfg, text.buf, text.len, &err), 0);
	strbuf_addch(&text, '#');
	assert_int_equal(load_bytes(&cfg, text.buf, text.len, &err), -PGO_ECONFIG);
	assert_non_null(strstr(err.msg, "is larger than 1 MiB"));
	pgo_err_release(&err);
}

static void test_many_entries(void **state)
{
	PGO_AUTO(config) cfg = CONFIG_INIT;
	struct pgo_err err = PGO_ERR_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	(void)state;
	strbuf_addstr(&text,
		      "version: 1\ntoolchain: {cc: gcc}\n"
		      "build: {command: make, artifacts: [prog]}\nworkloads:\n");
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&text, "- {name: w%d, run: ./w}\n", i);
	assert_int_equal(load_bytes(&cfg, text.buf, text.len, &err), 0);
	assert_int_equal(cfg.nr_workloads, 1000);
	assert_string_equal(cfg.workloads[999].name, "w999");
	strbuf_addstr(&text, "- {name: w1000, run: ./w}\n");
	assert_int_equal(load_bytes(&cfg, text.buf, text.len, &err), -PGO_ECONFIG);
	assert_non_null(strstr(err.msg, ":1005:3: more than 1000 entries in 'workloads'"));
	pgo_err_release(&err);
}

static void test_no_file(void **state)
{
	PGO_AUTO(config) cfg = CONFIG_INIT;
	struct pgo_err err = PGO_ERR_INIT;
	PGO_AUTO_FREE char *absent = fs_join(dir.path, "absent.yaml");

	(void)state;
	assert_int_equal(config_load(&cfg, absent, &err), -PGO_ENOTFOUND);
	assert_non_null(strstr(err.hint, "pgoctl init"));
	pgo_err_release(&err);
	assert_int_equal(config_load(&cfg, dir.path, &err), -PGO_ECONFIG);
	assert_non_null(strstr(err.msg, "is not a regular file"));
	pgo_err_release(&err);
}

static void load_or_place(const void *text, size_t len)
{
	PGO_AUTO(config) cfg = CONFIG_INIT;
	struct pgo_err err = PGO_ERR_INIT;
	PGO_AUTO_FREE char *prefix = xstrfmt("%s:", yaml_path);

	if (load_bytes(&cfg, text, len, &err)) {
		assert_int_equal(err.code, PGO_ECONFIG);
		if (strncmp(err.msg, prefix, strlen(prefix)) != 0)
			fail_msg("no place in '%s'", err.msg);
	}
	pgo_err_release(&err);
}

/* A prefix of a file and a file with a byte changed load, or are refused at a place. */
static void test_mutations(void **state)
{
	static const char bytes[] = "\0\t\n '\"#:-[]{}&*!|>%@\xff";

	(void)state;
	for (size_t i = 0; i < sizeof(full); i++) {
		PGO_AUTO_FREE char *text = xmemdup(full, sizeof(full));

		load_or_place(text, i);
		text[i] = bytes[i % sizeof(bytes)];
		load_or_place(text, sizeof(full) - 1);
	}
}

static void test_key_table(void **state)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;
	size_t i = 0;

	(void)state;
	config_keys(&names);
	for (; config_key_table[i].name; i++) {
		assert_true(i < names.nr);
		assert_string_equal(names.v[i], config_key_table[i].name);
	}
	assert_int_equal(i, names.nr);
}

static void test_find(void **state)
{
	PGO_AUTO_FREE char *deep = fs_join(dir.path, "a/b"), *cwd = getcwd(NULL, 0);
	PGO_AUTO_FREE char *found = NULL, *here = NULL, *above = NULL;
	PGO_AUTO_FREE char *real = realpath(dir.path, NULL), *expected = NULL;

	(void)state;
	assert_int_equal(fs_write_atomic(yaml_path, "x", 1, 0644, NULL), 0);
	assert_int_equal(fs_mkdir_p(deep, NULL), 0);
	expected = fs_join(real, CONFIG_NAME);
	found = config_find(deep);
	assert_string_equal(found, expected);
	assert_int_equal(chdir(deep), 0);
	above = config_find(".");
	assert_int_equal(chdir(dir.path), 0);
	here = config_find(".");
	assert_int_equal(chdir(cwd), 0);
	assert_string_equal(above, "../../pgo.yaml");
	assert_string_equal(here, "pgo.yaml");
	unlink(yaml_path);
	assert_null(config_find(deep));
	assert_null(config_find("/nonexistent/folder"));
}

/* A file of somebody else's in a folder that everybody writes to is not run from below it. */
static void test_find_planted(void **state)
{
	PGO_AUTO_FREE char *below = fs_join(dir.path, "own"), *found = NULL, *direct = NULL;
	PGO_AUTO_FREE char *closed = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(fs_write_atomic(yaml_path, "x", 1, 0644, NULL), 0);
	assert_int_equal(fs_mkdir_p(below, NULL), 0);
	assert_int_equal(chown(yaml_path, 65534, 65534), 0);
	assert_int_equal(chmod(dir.path, 01777), 0);
	found = config_find(below);
	direct = config_find(dir.path);
	assert_int_equal(chmod(dir.path, 0755), 0);
	closed = config_find(below);
	unlink(yaml_path);
	assert_null(found);
	assert_non_null(direct);
	assert_non_null(closed);
}

static void expect_programs(const char *text, const char *expected)
{
	PGO_AUTO(makefile) mk = MAKEFILE_INIT;
	PGO_AUTO(strvec) programs = STRVEC_INIT;
	PGO_AUTO(strbuf) got = STRBUF_INIT;

	makefile_parse(&mk, text);
	makefile_programs(&mk, &programs);
	for (size_t i = 0; i < programs.nr; i++)
		strbuf_addf(&got, "%s%s", i ? " " : "", programs.v[i]);
	assert_string_equal(got.buf, expected);
}

static void test_makefile(void **state)
{
	(void)state;
	expect_programs("", "");
	expect_programs("all: a b.o lib.a\n", "a");
	expect_programs("CFLAGS = -O2 # x\nP := x\\\n y\nall: $(P) ${Q}\nx: x.o\n\tcc\n", "x y");
	expect_programs("prog: main.o\n\t$(CC) -o $@ $^\nclean:\n\trm\n", "prog");
	expect_programs(".SUFFIXES: .c\n%.o: %.c\n\tcc\nout/prog: a.c ; cc\n", "out/prog");
	expect_programs("prog: a.o b.o\n", "prog");
	expect_programs("all: tools\ntools: a b\n", "a b");
	expect_programs(
		"all: $(PLAT)\nPLATS=guess linux\nPLAT=guess\n$(PLATS) help:\n\tcd src\n"
		".PHONY: all $(PLATS)\n",
		"");
	expect_programs("all: x\nx: y\ny: x\n", "");
	expect_programs("P ?= a\nP ?= b\nP += c\nall: $(P)\n", "a c");
	expect_programs("all: CFLAGS = -g\nall: p\n", "p");
	expect_programs("all: $(shell echo x) $(P:.c=.o) $(foreach a,b,c) $@ $$ $", "");
	expect_programs("A = $(A)\nall: $(A) p\n", "p");
	expect_programs("\tx: y\nall p\n:\n=\n: =\n", "");
}

/* Variables that double each other at every level, without end. */
static void test_makefile_hostile(void **state)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(makefile) mk = MAKEFILE_INIT;
	PGO_AUTO(strvec) programs = STRVEC_INIT;

	(void)state;
	for (int i = 0; i < 9; i++) {
		strbuf_addf(&text, "V%d =", i);
		for (int k = 0; k < 100; k++)
			strbuf_addf(&text, " $(V%d)", i + 1);
		strbuf_addch(&text, '\n');
	}
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&text, "W%d = $(V0)\nV0 += $(V1)\nt%d: $(V0)\n", i, i);
	makefile_parse(&mk, text.buf);
	makefile_programs(&mk, &programs);
	assert_int_equal(programs.nr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_reload_replaces),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_good_values),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_not_a_mapping),
		cmocka_unit_test(test_not_text),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_many_entries),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_key_table),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_planted),
		cmocka_unit_test(test_makefile),
		cmocka_unit_test(test_makefile_hostile),
	};

	return cmocka_run_group_tests_name("config", tests, set_up, tear_down);
}
