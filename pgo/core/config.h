/* SPDX-License-Identifier: Apache-2.0 */
/* pgo.yaml: what a project says of itself. Strict; documented in pgo.yaml(5). */
#ifndef PGO_CORE_CONFIG_H
#define PGO_CORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/compiler.h"
#include "pgo/base/err.h"
#include "pgo/base/strbuf.h"
#include "pgo/base/strvec.h"

#define WORKLOAD_TIMEOUT_NS (600 * UINT64_C(1000000000))

enum workload_use { USE_TRAIN = 1, USE_VALIDATE = 2, USE_BOTH = 3 };

struct workload {
	char *name;	       /* [A-Za-z0-9._+-]+, unique, not starting with '.' or '-' */
	char *run;	       /* a shell line of the user's */
	double weight;	       /* > 0, default 1; up to 3 decimals */
	enum workload_use use; /* default both */
	char *stdin_path;      /* relative to the project; NULL: /dev/null */
	uint64_t timeout_ns;   /* default WORKLOAD_TIMEOUT_NS */
	unsigned repeat;       /* training runs, default 1 */
	int expect_status;     /* default 0 */
	/* A server: run until ready succeeds, if given, then loaded by drive, then ended. */
	char *ready, *drive; /* shell lines, or NULL; ready only with drive, which only trains */
	/* what validate compares: "stdout" (default), "none", or a file in $PGO_TMP */
	char *output;
};

struct config {
	char *path; /* of pgo.yaml, absolute */
	char *root; /* its folder, absolute */

	char *cc, *cxx, *rustc; /* a name for PATH or an absolute path; cxx, rustc may be NULL */

	enum technique technique;
	bool bolt; /* BOLT is the last step; with TECHNIQUE_BOLT the only one, and always true */
	bool partial_training;
	enum profile_update update;

	char *source;	   /* folder to build, relative to root; default "." */
	bool out_of_tree;  /* the command builds in $PGO_BUILD_DIR */
	char *command;	   /* a shell line of the user's */
	char *clean;	   /* run in the fresh work copy before the command, or NULL */
	struct strvec env; /* NAME=value */
	struct strvec
		/* paths or glob patterns relative to where the build runs; at least one */
		artifacts;
	struct strvec exclude; /* glob patterns left out of the work copy */

	struct workload *workloads;
	size_t nr_workloads;

	double margin;	    /* a fraction, default 0.02 */
	uint64_t budget_ns; /* 0: none */
	unsigned pairs;	    /* of A/B runs a workload, default 20, at least 6 */
};
#define CONFIG_INIT { .env = STRVEC_INIT, .artifacts = STRVEC_INIT, .exclude = STRVEC_INIT }

/*
 * Read pgo.yaml. -PGO_ENOTFOUND (hint: pgoctl init), -PGO_EPERM, -PGO_EIO: it
 * cannot be read. -PGO_ECONFIG: the message names path, line and column
 * ("pgo.yaml:12:5: unknown key 'comand'"), the hint the nearest known key.
 * Lines and columns are from 1, a column is a character. The source folder and
 * the stdin files that it names exist; nothing is said of the compilers.
 */
int config_load(struct config *cfg, const char *path, struct pgo_err *err);
void config_release(struct config *cfg);
PGO_DEFINE_AUTO(config, config_release)

/* One workload takes the place of all: the line, run once under the name, to train. */
struct workload *config_set_workload(struct config *cfg, const char *name, const char *run);

/*
 * The pgo.yaml of dir or of a folder above it; malloc'ed, or NULL. Relative when
 * dir is ".", else absolute. One that somebody else put into a folder above to
 * which everybody can write is passed over: its lines would be run.
 */
#define CONFIG_NAME "pgo.yaml"
char *config_find(const char *dir);

/* Append the full name of every key ("build.command"), in the order of the schema. */
void config_keys(struct strvec *names);

enum project_kind {
	PROJECT_UNKNOWN,
	PROJECT_MAKE,
	PROJECT_AUTOTOOLS,
	PROJECT_CMAKE,
	PROJECT_MESON,
	PROJECT_CARGO
};
const char *project_kind_name(enum project_kind kind);
/*
 * Look at a source tree and append a commented pgo.yaml text for it, which
 * config_load takes. Nothing is run. -PGO_ENOTFOUND, -PGO_EPERM: dir cannot be
 * read.
 */
int config_sniff(const char *dir, enum project_kind *ret_kind, struct strbuf *yaml,
		 struct pgo_err *err);

#endif
