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

/* What "CC --version" (and -dumpfullversion) said. All strings owned. */
struct tool_version {
	char *path;		/* absolute, as found on PATH: not resolved through links */
	char *family;		/* "clang", "gcc", "rustc" */
	char *version;		/* "22.1.8", "12.2.0" */
	unsigned major;
	unsigned llvm_major;	/* 0 for gcc; for rustc of its LLVM */
	char *banner;		/* the first line, verbatim */
	char *target;		/* "x86_64-pc-linux-gnu" */
};
#define TOOL_VERSION_INIT { 0 }
void tool_version_release(struct tool_version *v);
PGO_DEFINE_AUTO(tool_version, tool_version_release)
/* Parse the text that the argv of compiler_version_argv printed (stdout and stderr merged).
 * -PGO_EUNSUP when it is no known compiler: the message quotes the first line. */
int tool_version_parse(struct tool_version *v, const char *path, const char *text,
		       struct pgo_err *err);
/* "PATH -v": prints version, target and family on stderr for gcc and clang; rustc wants -vV. */
void compiler_version_argv(const char *path, struct strvec *argv);

enum stage_kind { STAGE_BASELINE, STAGE_INSTRUMENTED, STAGE_OPTIMIZED };
const char *stage_kind_name(enum stage_kind kind);

enum profile_update { PROFILE_UPDATE_DEFAULT, PROFILE_UPDATE_SINGLE, PROFILE_UPDATE_ATOMIC,
		      PROFILE_UPDATE_PREFER_ATOMIC };

/* What a stage asks of a compiler. */
struct build_stage {
	enum stage_kind kind;
	const char *profile;	/* optimized: clang, rustc: the .profdata; gcc: the folder of mangled .gcda */
	bool partial_training;	/* gcc */
	enum profile_update update;
};

struct compiler {
	const char *name;	/* the family */
	const char *raw_format;	/* "profraw", "gcda" */
	int (*match)(const struct tool_version *v);
	/* Flags for compiles and for links (with lld and ld); both lists are appended to.
	 * -PGO_EUNSUP for an option that the family or version lacks, with the reason. */
	int (*add_flags)(const struct build_stage *stage, const struct tool_version *v,
			 struct strvec *cflags, struct strvec *ldflags, struct pgo_err *err);
	/* Environment that makes an instrumented program leave its profile below raw_dir (absolute):
	 * several processes, forks, exec and parallel runs lose nothing. */
	int (*run_env)(const char *raw_dir, struct strvec *env, struct pgo_err *err);
	/* The Debian package that has the profile runtime of this version ("libclang-rt-22-dev"); malloc'ed. */
	char *(*runtime_package)(const struct tool_version *v);
};

extern const struct compiler *const compilers[];	/* NULL-terminated */
const struct compiler *compiler_find(const struct tool_version *v);	/* or NULL */

/* GCC's name of a .gcda file under -fprofile-use=DIR: the object's absolute path (without its
 * suffix, with .gcda) mangled: every '/' becomes '#'. malloc'ed. */
char *gcc_mangle_path(const char *abs_path);

#endif
