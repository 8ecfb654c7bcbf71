/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives a validation: a line in the user's ledger, rows in the project's history. */
#ifndef PGO_CORE_KEEP_H
#define PGO_CORE_KEEP_H

#include "pgo/core/experiment.h"
#include "pgo/core/history.h"
#include "pgo/core/ledger.h"
#include "pgo/core/stage.h"

/* Enter the A/A check; false when the ledger cannot be used (a warning was given). */
bool keep_check(const struct experiment *x, struct ledger_rate *ret);

/* Enter the verdicts of a project. A history that cannot be written is a warning. */
void keep_history(const struct project *p, const struct stage *baseline,
		  const struct experiment *x);
/* Read what .pgo/history.db holds. -PGO_ENOTFOUND before the first validation. */
int keep_read_history(const struct project *p, struct history_trends *ret, struct pgo_err *err);

#endif
