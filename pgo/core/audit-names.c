/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that tell what needs no probes. Source: glibc 2.36, gcc 12.2 with libgcov, the profile
 * run-times of clang 14, 19 and 22, by trial.
 */
#include <string.h>

#include "pgo/base/fs.h"
#include "pgo/core/audit-origin.h"

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool has_prefix(const char *s, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (starts_with(s, *prefixes))
			return true;
	return false;
}

static bool is_listed(const char *s, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(s, *names))
			return true;
	return false;
}

bool audit_is_generated(const char *name)
{
	/* Static initialisers, thunks, wrappers of thread variables, asan's and CFI's own. */
	static const char *const prefixes[] = {
		"_GLOBAL__",
		"__cxx_global_var_init",
		"__cxx_global_array_dtor",
		"_ZThn",
		"_ZTv",
		"_ZTc",
		"_ZTW",
		"_ZTH",
		"__tls_init",
		"__clang_call_",
		"_sub_I_",
		"_sub_D_",
		"asan.module_",
		"__cfi_",
		"OUTLINED_FUNCTION_",
		"__x86.get_pc_",
		"__x86_indirect_",
		"__x86_return_",
		"__llvm_retpoline",
		NULL,
	};
	size_t len = strlen(name);

	/* rustc's crate of what leads to the allocator. */
	return has_prefix(name, prefixes) || strstr(name, "7___rustc") ||
	       (len > 9 && !strcmp(name + len - 9, ".resolver"));
}

/* Of compiler-rt: other programs may well have such, but none that others see. */
static bool is_private_of_runtime(const char *name)
{
	static const char *const names[] = {
		"binaryIdsStringWriter",
		"createProfileDir",
		"fileWriter",
		"getCurFilename",
		"getCurFilenameLength",
		"getFirstValueProfRecord",
		"getNextNValueData",
		"getNumValueDataForSiteWrapper",
		"getNumValueDataRT",
		"getNumValueSitesRT",
		"getProfileFileSizeForMerging",
		"initBufferWriter",
		"initializeProfileForContinuousMode",
		"initializeValueProfRuntimeRecord",
		"mmapForContinuousMode",
		"mmapProfileForMerging",
		"parseAndSetFilename",
		"truncateCurrentFile",
		"writeFile",
		"writeFileWithoutReturn",
		"writeOneValueProfData",
		"writeProfileWithFileObject",
		NULL,
	};

	return is_listed(name, names);
}

bool audit_is_runtime(const struct probes_function *f)
{
	static const char *const names[] = {
		"_start",
		"_init",
		"_fini",
		"_dl_relocate_static_pie",
		"deregister_tm_clones",
		"register_tm_clones",
		"__do_global_dtors_aux",
		"frame_dummy",
		"__libc_csu_init",
		"__libc_csu_fini",
		"__stack_chk_fail_local",
		"atexit",
		"at_quick_exit",
		"pthread_atfork",
		"__pthread_atfork",
		"mangle_path", /* libgcov's */
		"_GLOBAL__sub_I_InstrProfilingRuntime.cpp",
		NULL,
	};
	static const char *const prefixes[] = {
		"__gcov_",	"__llvm_",	  "gcov_",
		"lprof",	"InstProf",	  "serializeValueProf",
		"getValueProf", "InstrProf",	  "llvm_gcda_",
		"llvm_gcov_",	"llvm_writeout_", "llvm_reset_",
		"llvm_delete_", "llvm_register_", NULL,
	};
	static const char *const sources[] = {
		"crtstuff.c", "libgcc2.c", "unwind-dw2", "libgcov", "InstrProfiling", NULL,
	};

	return is_listed(f->name, names) || has_prefix(f->name, prefixes) ||
	       ((f->local || f->hidden) && is_private_of_runtime(f->name)) ||
	       (f->file && has_prefix(f->file, sources));
}

bool audit_is_runtime_file(const char *path)
{
	static const char *const prefixes[] = {
		"libclang_rt.", "libgcc", "libgcov.", "crtbegin", "crtend", "crtfastmath", NULL,
	};
	static const char *const names[] = {
		"crt1.o",      "Scrt1.o",	"rcrt1.o",   "gcrt1.o",	    "grcrt1.o",
		"crti.o",      "crtn.o",	"libc.a",    "libm.a",	    "libpthread.a",
		"libdl.a",     "librt.a",	"libutil.a", "libatomic.a", "libc_nonshared.a",
		"libstdc++.a", "libsupc++.a",	"libc++.a",  "libc++abi.a", "libunwind.a",
		"libmvec.a",   "libstdc++fs.a", NULL,
	};
	const char *name = fs_basename(path);

	return has_prefix(name, prefixes) || is_listed(name, names) || strstr(path, "/rustlib/");
}

/* The first word from s on that begins with a digit. */
static char *version_in(const char *s)
{
	for (; *s; s += strcspn(s, " ")) {
		s += strspn(s, " ");
		if (*s >= '0' && *s <= '9')
			return xstrndup(s, strcspn(s, " ,)"));
	}
	return xstrdup("");
}

char *audit_compiler_name(const char *text)
{
	/* rustc calls itself "clang LLVM (rustc version 1.95.0 ...)". */
	static const struct {
		const char *mark, *name;
	} makers[] = {
		{ "rustc version ", "rustc" },
		{ "clang version ", "clang" },
		{ "GNU AS ", "GNU as" },
		{ "GCC: (", "gcc" },
		{ "GNU ", "gcc" },
	};
	PGO_AUTO_FREE char *version = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		const char *at = strstr(text, makers[i].mark), *close;

		if (!at || (!strcmp(makers[i].name, "gcc") && at != text))
			continue;
		at += strlen(makers[i].mark);
		/* "(Debian 12.2.0-14) 12.2.0" */
		close = makers[i].mark[3] == ':' ? strchr(at, ')') : NULL;
		version = version_in(close ? close + 1 : at);
		return xstrfmt("%s%s%s", makers[i].name, *version ? " " : "", version);
	}
	return xstrdup(text);
}
