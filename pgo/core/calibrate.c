/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/calibrate.h"

#include "pgo/base/child.h"
#include "pgo/base/log.h"
#include "pgo/stats/dist.h"

static bool is_claim(enum verdict v)
{
	return v == VERDICT_FASTER || v == VERDICT_REGRESSION || v == VERDICT_SLOWER_WITHIN_MARGIN;
}

int calibrate(unsigned n, int (*fn)(void *arg, struct experiment *x, struct pgo_err *err),
	      void *arg, struct calibration *ret, struct pgo_err *err)
{
	struct calibration c = { .runs = 0 };
	struct interval rate;

	while (c.runs < n) {
		PGO_AUTO(experiment) x = EXPERIMENT_INIT;
		int r = fn(arg, &x, err);

		if (!r && x.cancelled)
			r = pgo_error(err, PGO_ECANCELLED, "stopped by a signal");
		if (r == -PGO_ECANCELLED && c.runs) {
			pgo_err_release(err);
			c.signal = child_cancelled();
			break;
		}
		if (r)
			return r;
		c.runs++;
		c.false_verdicts += is_claim(engine_overall(&x.engine));
		log_step("%u of %u: %s", c.runs, n, verdict_name(engine_overall(&x.engine)));
	}
	rate = dist_binomial_interval(c.false_verdicts, c.runs, 0.05);
	c.rate = rate.estimate;
	c.low = rate.lo;
	c.high = rate.hi;
	*ret = c;
	return 0;
}

int calibration_exit(const struct calibration *c)
{
	if (c->signal)
		return 128 + c->signal;
	return c->low > 0.05 ? PGO_EXIT_INSTRUMENT : PGO_EXIT_OK;
}
