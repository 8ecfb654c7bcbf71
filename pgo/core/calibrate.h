/* SPDX-License-Identifier: Apache-2.0 */
/* How often this machine makes a validation of equal programs say that they differ. */
#ifndef PGO_CORE_CALIBRATE_H
#define PGO_CORE_CALIBRATE_H

#include "pgo/core/experiment.h"

struct calibration {
	unsigned runs;
	unsigned false_verdicts; /* FASTER, REGRESSION or SLOWER-WITHIN-MARGIN, of the whole */
	int signal;		 /* that ended it before all were made, or 0 */
	double rate, low, high;	 /* with its 95 % Clopper-Pearson interval */
};

/*
 * Run n >= 1 A/A validations by fn(arg), each with a fresh experiment. A signal ends it with those
 * that were made, if any.
 */
int calibrate(unsigned n, int (*fn)(void *arg, struct experiment *x, struct pgo_err *err),
	      void *arg, struct calibration *ret, struct pgo_err *err);

/* 128 and the signal; 4 when so many false verdicts are improbable at the nominal 5 %; else 0. */
int calibration_exit(const struct calibration *c);

#endif
