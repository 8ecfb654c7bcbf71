/* SPDX-License-Identifier: Apache-2.0 */
/* Versions as the compilers print them, flags of each stage, names of gcc's files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "drivers/agent.h"
#include "drivers/compiler.h"
#include "pgo/base/strbuf.h"

#define GCC_12 \
	"Using built-in specs.\nCOLLECT_GCC=gcc-12\n" \
	"COLLECT_LTO_WRAPPER=/usr/lib/gcc/x86_64-linux-gnu/12/lto-wrapper\n" \
	"Target: x86_64-linux-gnu\nConfigured with: ../src/configure -v " \
	"--with-pkgversion='Debian 12.2.0-14+deb12u1' --target=x86_64-linux-gnu\n" \
	"Thread model: posix\ngcc version 12.2.0 (Debian 12.2.0-14+deb12u1) \n"
#define CLANG_14 \
	"Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu\nThread model: posix\n" \
	"InstalledDir: /usr/bin\n" \
	"Selected GCC installation: /usr/bin/../lib/gcc/x86_64-linux-gnu/12\n"
#define CLANG_22 \
	"Debian clang version 22.1.8 (1~deb12u1)\nTarget: x86_64-pc-linux-gnu\n" \
	"Thread model: posix\nInstalledDir: /usr/lib/llvm-22/bin\n"
#define RUSTC \
	"rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\n" \
	"commit-hash: 59807616e1fa2540724bfbac14d7976d7e4a3860\n" \
	"host: x86_64-unknown-linux-gnu\nrelease: 1.95.0\nLLVM version: 22.1.2\n"

static const struct {
	const char *text, *family, *version, *target, *banner;
	unsigned major, llvm_major;
} known[] = {
	{ GCC_12, "gcc", "12.2.0", "x86_64-linux-gnu",
	  "gcc version 12.2.0 (Debian 12.2.0-14+deb12u1) ", 12, 0 },
	{ CLANG_14, "clang", "14.0.6", "x86_64-pc-linux-gnu", "Debian clang version 14.0.6", 14,
	  14 },
	{ CLANG_22, "clang", "22.1.8", "x86_64-pc-linux-gnu",
	  "Debian clang version 22.1.8 (1~deb12u1)", 22, 22 },
	{ "clang version 19.1.7\r\nTarget: aarch64-linux-gnu\r\n", "clang", "19.1.7",
	  "aarch64-linux-gnu", "clang version 19.1.7", 19, 19 },
	{ "ld: a warning that comes first\nclang version 19.1.7\nTarget: t\n", "clang", "19.1.7",
	  "t", "clang version 19.1.7", 19, 19 },
	{ "gcc version 15.0.1 20250101 (experimental) (GCC)", "gcc", "15.0.1", NULL,
	  "gcc version 15.0.1 20250101 (experimental) (GCC)", 15, 0 },
	{ RUSTC, "rustc", "1.95.0", "x86_64-unknown-linux-gnu",
	  "rustc 1.95.0 (59807616e 2026-04-14)", 1, 22 },
};

static const char *const unknown[] = {
	"",
	"\n\n",
	"tcc version 0.9.27 (x86_64 Linux)\n",
	"gcc version\n",
	"gcc version x.y\n",
	"clang version .5\n",
	"notgcc version 12.2.0\n",
	"rustc 1.95.0\nLLVM version: many\n",
	"LLVM version: 22.1.2\n",
	"gcc version 99999999999999999999.1\n",
};

static void assert_same(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void test_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		PGO_AUTO(tool_version) v = TOOL_VERSION_INIT;

		assert_int_equal(tool_version_parse(&v, "/bin/x", known[i].text, NULL), 0);
		assert_string_equal(v.family, known[i].family);
		assert_string_equal(v.version, known[i].version);
		assert_same(v.target, known[i].target);
		assert_string_equal(v.banner, known[i].banner);
		assert_string_equal(v.path, "/bin/x");
		assert_int_equal(v.major, known[i].major);
		assert_int_equal(v.llvm_major, known[i].llvm_major);
		assert_string_equal(compiler_find(&v)->name, known[i].family);
	}
}

static void test_no_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		struct tool_version v = { .major = 7 };
		struct pgo_err err = PGO_ERR_INIT;

		assert_int_equal(tool_version_parse(&v, "/bin/x", unknown[i], &err), -PGO_EUNSUP);
		assert_non_null(strstr(err.msg, "'/bin/x'"));
		assert_int_equal(v.major, 7);
		assert_null(v.version);
		pgo_err_release(&err);
	}
}

static void test_version_argv(void **state)
{
	PGO_AUTO(strvec) argv = STRVEC_INIT;

	(void)state;
	compiler_version_argv("/usr/bin/gcc-12", &argv);
	compiler_version_argv("/opt/rustc", &argv);
	assert_string_equal(argv.v[1], "-v");
	assert_string_equal(argv.v[3], "-vV");
	assert_int_equal(argv.nr, 4);
}

static char *join(const struct strvec *sv)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < sv->nr; i++)
		strbuf_addf(&out, "%s%s", i ? " " : "", sv->v[i]);
	return strbuf_take(&out);
}

/* cflags NULL: refused. */
static const struct {
	const char *text;
	struct build_stage stage;
	const char *cflags, *ldflags;
} flags[] = {
	{ GCC_12, { .kind = STAGE_BASELINE }, "", "" },
	{ CLANG_22, { .kind = STAGE_BASELINE }, "", "" },
	{ RUSTC, { .kind = STAGE_BASELINE }, "", "" },
	{ GCC_12,
	  { .kind = STAGE_INSTRUMENTED, .source_root = "/s r" },
	  "-fprofile-generate=/proc/pgoctl -fprofile-prefix-path=/s r",
	  "-fprofile-generate=/proc/pgoctl" },
	{ "gcc version 10.2.1 x",
	  { .kind = STAGE_INSTRUMENTED, .source_root = "/s" },
	  "-fprofile-generate=/proc/pgoctl",
	  "-fprofile-generate=/proc/pgoctl" },
	{ GCC_12,
	  { .kind = STAGE_INSTRUMENTED, .update = PROFILE_UPDATE_ATOMIC },
	  "-fprofile-generate=/proc/pgoctl -fprofile-update=atomic",
	  "-fprofile-generate=/proc/pgoctl" },
	{ GCC_12,
	  { .kind = STAGE_OPTIMIZED, .profile = "/p", .partial_training = true },
	  "-fprofile-use=/p -fprofile-correction -fprofile-partial-training -Wmissing-profile "
	  "-Wno-error=missing-profile -Wno-error=coverage-mismatch",
	  "-fprofile-use=/p" },
	{ "gcc version 9.3.0 x",
	  { .kind = STAGE_OPTIMIZED, .profile = "/p", .partial_training = true },
	  NULL,
	  NULL },
	{ GCC_12, { .kind = STAGE_OPTIMIZED }, NULL, NULL },
	{ CLANG_14,
	  { .kind = STAGE_INSTRUMENTED, .update = PROFILE_UPDATE_PREFER_ATOMIC },
	  "-fprofile-generate -mllvm -instrprof-atomic-counter-update-all",
	  "-fprofile-generate" },
	{ CLANG_22,
	  { .kind = STAGE_OPTIMIZED, .profile = "/p.profdata" },
	  "-fprofile-use=/p.profdata -Wno-error=profile-instr-unprofiled "
	  "-Wno-error=profile-instr-out-of-date -Wno-error=backend-plugin",
	  "-fprofile-use=/p.profdata" },
	{ CLANG_22,
	  { .kind = STAGE_OPTIMIZED, .profile = "/p", .partial_training = true },
	  NULL,
	  NULL },
	{ CLANG_22, { .kind = STAGE_BASELINE, .partial_training = true }, NULL, NULL },
	{ CLANG_22, { .kind = STAGE_OPTIMIZED }, NULL, NULL },
	{ RUSTC,
	  { .kind = STAGE_INSTRUMENTED, .update = PROFILE_UPDATE_ATOMIC },
	  "-Cprofile-generate -Cllvm-args=-instrprof-atomic-counter-update-all",
	  "" },
	{ RUSTC, { .kind = STAGE_OPTIMIZED, .profile = "/p" }, "-Cprofile-use=/p", "" },
	{ RUSTC, { .kind = STAGE_OPTIMIZED }, NULL, NULL },
	{ CLANG_22,
	  { .kind = STAGE_BASELINE, .technique = TECHNIQUE_SAMPLE },
	  "-g1 -fdebug-info-for-profiling -funique-internal-linkage-names",
	  "" },
	{ CLANG_22,
	  { .kind = STAGE_OPTIMIZED, .technique = TECHNIQUE_SAMPLE, .profile = "/p.afdo" },
	  "-g1 -fdebug-info-for-profiling -funique-internal-linkage-names "
	  "-fprofile-sample-use=/p.afdo -Wno-error=profile-instr-unprofiled "
	  "-Wno-error=profile-instr-out-of-date -Wno-error=backend-plugin "
	  "-mllvm -sample-profile-check-sample-coverage=50",
	  "-fprofile-sample-use=/p.afdo" },
	{ GCC_12,
	  { .kind = STAGE_BASELINE, .technique = TECHNIQUE_SAMPLE, .source_root = "/s" },
	  "-g1",
	  "" },
	{ GCC_12,
	  { .kind = STAGE_OPTIMIZED,
	    .technique = TECHNIQUE_SAMPLE,
	    .source_root = "/s",
	    .profile = "/p.afdo" },
	  "-g1 -fauto-profile=/p.afdo",
	  "-fauto-profile=/p.afdo" },
	{ GCC_12, { .kind = STAGE_OPTIMIZED, .technique = TECHNIQUE_SAMPLE }, NULL, NULL },
	{ RUSTC, { .kind = STAGE_BASELINE, .technique = TECHNIQUE_SAMPLE }, NULL, NULL },
	{ CLANG_22, { .kind = STAGE_BASELINE, .technique = TECHNIQUE_BOLT }, "", "" },
	{ CLANG_22,
	  { .kind = STAGE_PREBOLT, .technique = TECHNIQUE_BOLT },
	  "",
	  "-Wl,--emit-relocs" },
	{ CLANG_22,
	  { .kind = STAGE_PREBOLT, .profile = "/p.profdata" },
	  "-fprofile-use=/p.profdata -Wno-error=profile-instr-unprofiled "
	  "-Wno-error=profile-instr-out-of-date -Wno-error=backend-plugin",
	  "-Wl,--emit-relocs -fprofile-use=/p.profdata" },
	{ GCC_12,
	  { .kind = STAGE_PREBOLT, .technique = TECHNIQUE_BOLT },
	  "-fno-reorder-blocks-and-partition",
	  "-fno-reorder-blocks-and-partition -Wl,--emit-relocs" },
	{ RUSTC,
	  { .kind = STAGE_PREBOLT, .technique = TECHNIQUE_BOLT },
	  "-Clink-arg=-Wl,--emit-relocs",
	  "" },
};

static void test_flags(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		PGO_AUTO(tool_version) v = TOOL_VERSION_INIT;
		PGO_AUTO(strvec) c = STRVEC_INIT, ld = STRVEC_INIT;
		PGO_AUTO_FREE char *cflags = NULL, *ldflags = NULL;
		int ret;

		assert_int_equal(tool_version_parse(&v, "cc", flags[i].text, NULL), 0);
		ret = compiler_find(&v)->add_flags(&flags[i].stage, &v, &c, &ld, NULL);
		assert_int_equal(ret, flags[i].cflags ? 0 : -PGO_EUNSUP);
		cflags = join(&c);
		ldflags = join(&ld);
		assert_string_equal(cflags, flags[i].cflags ? flags[i].cflags : "");
		assert_string_equal(ldflags, flags[i].ldflags ? flags[i].ldflags : "");
	}
}

static void test_agent_env(void **state)
{
	static const char *const bad[] = { "/a b/x.so", "/a:b/x.so", "/$LIB/x.so", "/a\nb/x.so" };
	PGO_AUTO(strvec) env = STRVEC_INIT;

	(void)state;
	assert_int_equal(agent_env("/a/x.so", &env, NULL), 0);
	assert_string_equal(strvec_getenv(&env, "LD_PRELOAD"), "/a/x.so");
	strvec_setenv(&env, "LD_PRELOAD", "");
	assert_int_equal(agent_env("/a/x.so", &env, NULL), 0);
	assert_string_equal(strvec_getenv(&env, "LD_PRELOAD"), "/a/x.so");
	strvec_setenv(&env, "LD_PRELOAD", "libown.so b.so");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(agent_env(bad[i], &env, NULL), -PGO_EUNSUP);
	assert_int_equal(agent_env("/a/x.so", &env, NULL), 0);
	assert_string_equal(strvec_getenv(&env, "LD_PRELOAD"), "libown.so b.so:/a/x.so");
}

static void test_run_env(void **state)
{
	static const char *const bad[] = { "/a/50%", "/a%p/b", "relative" };

	(void)state;
	for (const struct compiler *const *c = compilers; *c; c++) {
		PGO_AUTO(strvec) env = STRVEC_INIT;
		bool gcc = !strcmp((*c)->name, "gcc");

		strvec_push(&env, "GCOV_PREFIX_STRIP=3");
		assert_int_equal((*c)->run_env("/r a/w", false, &env, NULL), 0);
		assert_same(strvec_getenv(&env, "GCOV_PREFIX"), gcc ? "/r a/w" : NULL);
		assert_same(strvec_getenv(&env, "GCOV_PREFIX_STRIP"), gcc ? NULL : "3");
		assert_same(strvec_getenv(&env, "LLVM_PROFILE_FILE"),
			    gcc ? NULL : "/r a/w/%p-%m.profraw");
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			PGO_AUTO(strvec) none = STRVEC_INIT;
			struct pgo_err err = PGO_ERR_INIT;

			assert_int_equal((*c)->run_env(bad[i], false, &none, &err), -PGO_EUNSUP);
			assert_non_null(strstr(err.msg, bad[i]));
			assert_int_equal(none.nr, 0);
			pgo_err_release(&err);
		}
	}
}

static void test_packages(void **state)
{
	struct tool_version v = { .major = 22 };

	(void)state;
	for (const struct compiler *const *c = compilers; *c; c++) {
		PGO_AUTO_FREE char *package = (*c)->runtime_package(&v);

		assert_string_equal(package, !strcmp((*c)->name, "clang") ? "libclang-rt-22-dev"
					     : !strcmp((*c)->name, "gcc") ? "libgcc-22-dev"
									  : "libstd-rust-dev");
	}
}

static void test_mangle(void **state)
{
	static const char *const pairs[][2] = {
		{ "/a/b.gcda", "#a#b.gcda" },
		{ "/x y/#z/b$.gcda", "#x y##z#b$.gcda" },
		{ "/w/sub/../o/./a.gcda", "#w#sub#^#o#.#a.gcda" },
		{ "/w/..a/b...gcda", "#w#..a#b...gcda" },
		{ GCC_PROFILE_ROOT "/#w#a.gcda", "#w#a.gcda" },
		{ GCC_PROFILE_ROOT "//w/o/a.gcda", "w/o/a.gcda" },
		{ GCC_PROFILE_ROOT "/sub#a.gcda", "sub#a.gcda" },
		{ GCC_PROFILE_ROOT "x/a.gcda", "#proc#pgoctlx#a.gcda" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		PGO_AUTO_FREE char *got = gcc_mangle_path(pairs[i][0]);

		assert_string_equal(got, pairs[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),     cmocka_unit_test(test_no_version),
		cmocka_unit_test(test_version_argv), cmocka_unit_test(test_flags),
		cmocka_unit_test(test_agent_env),    cmocka_unit_test(test_run_env),
		cmocka_unit_test(test_packages),     cmocka_unit_test(test_mangle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
