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
 * Warn, once a run of pgoctl, of what keeps counts from being exact: no agent,
 * or artifacts of the instrumented stage that the loader does not give it to
 * (static, or of another libc or machine), or that are stripped.
 */
void preload_tell(const struct project *p, const struct stage *instrumented);

#endif
