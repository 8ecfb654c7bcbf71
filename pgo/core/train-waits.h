/* SPDX-License-Identifier: Apache-2.0 */
/* What training runs used and waited for: kept beside what they left, and told. */
#ifndef PGO_CORE_TRAIN_WAITS_H
#define PGO_CORE_TRAIN_WAITS_H

#include "pgo/core/train.h"

/* Fields of run.json, where it was measured. */
void training_watch_json(json_t *o, const struct training_run *run);
/* The reverse; an older file has none of them, which is no error. */
void training_watch_take(const json_t *o, struct training_run *run);
/*
 * Warn of each workload, once, that waits more than it computes; p->waits, where there is one,
 * gets all runs. folder: as training_folder() says.
 */
void training_tell_waits(const struct project *p, const char *folder, const struct training *t);

#endif
