/* SPDX-License-Identifier: Apache-2.0 */
/* What training and validation share: a workload's environment, its inputs, its key. */
#ifndef PGO_CORE_WORKLOAD_H
#define PGO_CORE_WORKLOAD_H

#include "pgo/core/digest.h"
#include "pgo/core/project.h"

/* The project's environment plus PGO_OUT, PGO_TMP, PGO_STAGE, PGO_WORKLOAD and the library path. */
void workload_env(const struct project *p, const struct workload *w, const char *stage,
		  const char *out_dir, const char *tmp_dir, struct strvec *env);
/* The file for its stdin, malloc'ed, or NULL. */
char *workload_stdin(const struct project *p, const struct workload *w);

/*
 * The hash of what its n-th run depends on: stage_key, its name and line, stdin, and
 * each file or folder of the project that the run line
 * names as a word.
 */
int workload_key(const struct project *p, const struct workload *w, const char *stage_key,
		 unsigned n, char hex[DIGEST_HEX_LEN + 1], struct pgo_err *err);

#endif
