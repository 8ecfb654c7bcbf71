/* SPDX-License-Identifier: Apache-2.0 */
/* The agent (drivers/agent.h) in training runs, and what it cannot help. */
#ifndef PGO_CORE_PRELOAD_H
#define PGO_CORE_PRELOAD_H

#include "pgo/core/stage.h"

/*
 * Add the agent to a training run's environment. Where it cannot be preloaded
 * env is as it was: preload_tell says so.
 */
void preload_env(const struct project *p, struct strvec *env);

/*
 * Have the agent keep a file in the folder running, which is made, for each process whose counts
 * are not saved yet. What is left of them when all have ended: preload_unsaved, which removes it.
 */
int preload_watch(const char *running, struct strvec *env, struct pgo_err *err);
uint64_t preload_unsaved(const char *running);

/*
 * Warn, once a run of pgoctl, of what keeps counts from being exact: no agent,
 * or artifacts of the instrumented stage that the loader does not give it to
 * (static, or of another libc or machine), or that are stripped.
 */
void preload_tell(const struct project *p, const struct stage *instrumented);

#endif
