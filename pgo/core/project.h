/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A project at work: its configuration, its compiler, and the folder .pgo/
 * beside pgo.yaml where everything that is made is kept:
 *
 *   .pgo/lock              held while a pgoctl works here
 *   .pgo/record.jsonl      every child that was run
 *   .pgo/work/src          the work copy: the same path for every stage
 *   .pgo/work/build        $PGO_BUILD_DIR
 *   .pgo/bin               the compiler wrapper's links, first on PATH of a build
 *   .pgo/stages/NAME/      stage.json, build.log, cc.jsonl, out/ (the artifacts)
 *   .pgo/train/WORKLOAD/N/ run.json, raw/ (profiles), output.log
 *   .pgo/profile/ID/       a profile in the form that the compiler takes
 *   .pgo/train-bolt/       the same for BOLT
 *   .pgo/bolt/             raw, a link to the run's folder for profiles; profile/: BOLT's payloads
 *   .pgo/compiler.prof     with BOLT as the last step: the bundle before that
 *   .pgo/validate/         evidence.jsonl, output.log
 */
#ifndef PGO_CORE_PROJECT_H
#define PGO_CORE_PROJECT_H

#include <stdbool.h>

#include "drivers/compiler.h"
#include "pgo/core/config.h"
#include "pgo/core/plan.h"

struct waits_list;

struct project {
	struct config config;
	struct tool_version cc;	   /* found by running it */
	struct tool_version cxx;   /* .path NULL when the project has no C++ driver */
	struct tool_version rustc; /* .path NULL when the project has no Rust */
	const struct compiler *compiler;
	char *state;	/* .pgo, absolute */
	char *work;	/* .pgo/work */
	char *tool_dir; /* where pgoctl-cc and the LLVM modules are */
	int lock_fd;
	bool force;	   /* take no finished stage for granted */
	uint64_t every_ns; /* training runs save their profiles as often as this; 0: at their end */
	bool continuous;   /* training runs count in the files of their profiles */
	const char *run_dir;	  /* where training runs run; NULL: the root of the configuration */
	struct plan *plan;	  /* not NULL: only say what would be done (-n) */
	struct waits_list *waits; /* not NULL: gets what the training runs waited for */
};
#define PROJECT_INIT { .config = CONFIG_INIT, .lock_fd = -1 }

struct project_open_opts {
	const char *config; /* path of pgo.yaml, or NULL: searched from here upwards */
	const char *tool_dir;
	const char *cc; /* takes the place of toolchain.cc, or NULL */
	bool force;
	struct plan *plan;
	bool config_optional; /* without a pgo.yaml this folder is taken, and there is no build */
};

/*
 * Load pgo.yaml, run the compiler to learn its version, take the lock and end
 * what a killed pgoctl left running here. -PGO_ECONFIG, -PGO_ETOOL (no such
 * compiler: the hint names its package), -PGO_EUNSUP, -PGO_EPERM,
 * -PGO_EPERM (another pgoctl works here: its process id is in the message).
 */
int project_open(struct project *p, const struct project_open_opts *opts, struct pgo_err *err);
void project_release(struct project *p);
PGO_DEFINE_AUTO(project, project_release)

/* A path below .pgo/, malloc'ed. */
char *project_path(const struct project *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Where the build runs: work/src, or work/build. malloc'ed. */
char *project_build_dir(const struct project *p);
/* The environment that every child of the project starts from. */
void project_base_env(const struct project *p, struct strvec *env);

/* Run CC to learn what it is. name: a program on PATH or a path. p NULL: nothing is recorded. */
int toolchain_probe(const struct project *p, struct tool_version *v, const char *name,
		    struct pgo_err *err);
/* A compiler by its name on PATH, or by its path; malloc'ed. -PGO_ETOOL. */
int toolchain_find(const char *name, char **ret, struct pgo_err *err);
/* As toolchain_probe, of the program at path, with a deadline. -PGO_ECHILD: it failed or hung. */
int toolchain_ask(const struct project *p, struct tool_version *v, const char *path,
		  uint64_t timeout_ns, struct pgo_err *err);
/* Whether text, of a linker or driver, complains that the profile runtime is not there. */
bool toolchain_lacks_runtime(const char *text);
/* Fill p->cxx with the C++ driver beside p->cc, where there is one. */
void toolchain_probe_cxx(struct project *p);
/* Build and link an instrumented program, so that a missing profile runtime is found before
 * the project is built. -PGO_ETOOL with the package to install. */
int toolchain_check_runtime(const struct project *p, struct pgo_err *err);

/*
 * End every process that carries this project's mark in its environment. Only with the lock
 * held.
 */
void orphans_end(const char *state_dir);
/* The environment variable that carries the mark. */
#define OWNER_ENV "PGOCTL_OWNER"

#endif
