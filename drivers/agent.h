/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent, drivers/agent/: a shared object that is preloaded into the programs
 * of a training run, so that the profile runtimes lose no count and count none
 * twice when a program forks, executes another, ends by _exit, or is ended by
 * SIGTERM, SIGINT or SIGHUP. What it can and cannot: docs/architecture.md.
 */
#ifndef PGO_DRIVERS_AGENT_H
#define PGO_DRIVERS_AGENT_H

#include "pgo/base/err.h"
#include "pgo/base/strvec.h"

#define AGENT_FILE "pgoctl-agent.so" /* in the folder of pgoctl-cc */

/*
 * Add the agent at path (absolute) to LD_PRELOAD in env, behind what is there.
 * Returns 0; -PGO_EUNSUP when LD_PRELOAD cannot hold the path; env is untouched.
 * Source: ld.so(8), glibc 2.36: blanks and colons separate, '$' begins a token.
 */
int agent_env(const char *path, struct strvec *env, struct pgo_err *err);

#endif
