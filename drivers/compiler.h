/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compilers: how each is recognised, and which flags a stage needs. A driver
 * fills argv and env; it never starts a process.
 */
#ifndef PGO_DRIVERS_COMPILER_H
#define PGO_DRIVERS_COMPILER_H

#include <stdbool.h>

#include "pgo/base/err.h"
#include "pgo/base/strvec.h"

/* What "CC -v" said. All strings owned. */
struct tool_version {
	char *path;    /* absolute, as found on PATH: not resolved through links */
	char *family;  /* "clang", "gcc", "rustc" */
	char *version; /* "22.1.8", "12.2.0" */
	unsigned major;
	unsigned llvm_major; /* 0 for gcc; for rustc of its LLVM */
	char *banner;	     /* the line that names the version, verbatim */
	char *target;	     /* "x86_64-pc-linux-gnu" */
};
#define TOOL_VERSION_INIT { 0 }
void tool_version_release(struct tool_version *v);
PGO_DEFINE_AUTO(tool_version, tool_version_release)
/*
 * Parse the text that the argv of compiler_version_argv printed (stdout and
 * stderr merged) with LC_ALL=C in its environment: gcc translates it.
 * -PGO_EUNSUP when it is no known compiler: the message quotes the first line.
 */
int tool_version_parse(struct tool_version *v, const char *path, const char *text,
		       struct pgo_err *err);
/* "PATH -v": prints version, target and family on stderr for gcc and clang; rustc wants -vV. */
void compiler_version_argv(const char *path, struct strvec *argv);

/*
 * Where profiles are from: counters of an instrumented build, samples of the
 * baseline, or counters that BOLT adds to what is linked.
 */
enum technique { TECHNIQUE_INSTRUMENT, TECHNIQUE_SAMPLE, TECHNIQUE_BOLT };
const char *technique_name(enum technique technique); /* "instrument", "sample", "bolt" */

/*
 * STAGE_PREBOLT is what BOLT works on: linked with its relocations, and made with the compiler's
 * profile where there is one. STAGE_BOLT_INSTRUMENTED is it with BOLT's counters. With BOLT,
 * STAGE_OPTIMIZED is made from STAGE_PREBOLT, too, not by a compiler.
 */
enum stage_kind {
	STAGE_BASELINE,
	STAGE_INSTRUMENTED,
	STAGE_OPTIMIZED,
	STAGE_PREBOLT,
	STAGE_BOLT_INSTRUMENTED
};
const char *stage_kind_name(enum stage_kind kind);

enum profile_update {
	PROFILE_UPDATE_DEFAULT,
	PROFILE_UPDATE_SINGLE,
	PROFILE_UPDATE_ATOMIC,
	PROFILE_UPDATE_PREFER_ATOMIC
};

/* What a stage asks of a compiler. */
struct build_stage {
	enum stage_kind kind;
	enum technique technique;
	/* optimized and prebolt, absolute: of counters the .profdata for clang and rustc, the
	 * folder of .gcda for gcc; of samples what clang reads or gcc's .afdo; prebolt's may be
	 * NULL */
	const char *profile;
	/* gcc 11 and newer: what is cut from the names of .gcda files, so that a profile outlives a
	 * move of the tree and long paths fit into a name; the same in every stage, or NULL. */
	const char *source_root;
	bool partial_training; /* gcc */
	enum profile_update update;
	/* Counters of an instrumented program are those in its profile's file, mapped: also SIGKILL
	 * loses none. LLVM, without value profiles. */
	bool continuous;
};

struct compiler {
	const char *name;	/* the family */
	const char *raw_format; /* "profraw", "gcda" */
	const char *source;	/* suffix of what it compiles: "c", "rs" */
	int (*match)(const struct tool_version *v);
	/* Flags for compiles and for links (with lld and ld); both lists are appended to.
	 * -PGO_EUNSUP for an option that the family or version lacks, or a path that it cannot
	 * take, with the reason. */
	int (*add_flags)(const struct build_stage *stage, const struct tool_version *v,
			 struct strvec *cflags, struct strvec *ldflags, struct pgo_err *err);
	/* Environment that makes an instrumented program leave its profile below raw_dir
	 * (absolute), which is made when missing: several processes, forks and parallel runs lose
	 * nothing that they count. What the runtimes themselves lose or count twice, the agent
	 * sets right (drivers/agent.h): LLVM's hooks neither fork nor exec, gcc's only those that
	 * its compiled code calls, neither sees _exit. continuous: as in the stage.
	 * -PGO_EUNSUP when raw_dir has a '%' in it: both would expand it. */
	int (*run_env)(const char *raw_dir, bool continuous, struct strvec *env,
		       struct pgo_err *err);
	/* The Debian package of this version: "clang-22"; malloc'ed. */
	char *(*package)(const struct tool_version *v);
	/* The Debian package of this version's profile runtime: "libclang-rt-22-dev"; malloc'ed. */
	char *(*runtime_package)(const struct tool_version *v);
};

extern const struct compiler *const compilers[];		    /* NULL-terminated */
const struct compiler *compiler_find(const struct tool_version *v); /* or NULL */

/*
 * GCC's name of a .gcda file below the folder of -fprofile-use=DIR, from the
 * absolute path at which an instrumented program without GCOV_PREFIX wrote or
 * would have written it (with GCOV_PREFIX: what follows the prefix). Below
 * GCC_PROFILE_ROOT, where the instrumented stage sends its files, it is the
 * rest of the path, which may hold '/' (an object given by its absolute path
 * is looked for below the same path in DIR). Elsewhere, beside an object file,
 * every '/' becomes '#' and a ".." '^', which is right for objects given by a
 * relative path. malloc'ed.
 */
char *gcc_mangle_path(const char *abs_path);
/* Where gcc's instrumented programs write without GCOV_PREFIX: nowhere, since nobody can make a
 * folder in /proc. With GCOV_PREFIX=RAW_DIR: RAW_DIR GCC_PROFILE_ROOT "/" NAME. */
#define GCC_PROFILE_ROOT "/proc/pgoctl"

#endif
