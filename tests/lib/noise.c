/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/noise.h"

#include <math.h>

const char *noise_name(enum noise noise)
{
	static const char *const names[NR_NOISES] = {
		[NOISE_NORMAL] = "normal",	 [NOISE_T2] = "t2",
		[NOISE_SPIKES] = "spikes",	 [NOISE_DRIFT] = "drift",
		[NOISE_LOGNORMAL] = "lognormal",
	};

	return names[noise];
}

static double run_noise(struct rng *rng, enum noise noise, double *level)
{
	double x = rng_normal(rng);

	switch (noise) {
	case NOISE_T2:
		return x / sqrt(-log(1 - rng_double(rng)));
	case NOISE_SPIKES:
		return x + (rng_double(rng) < 0.15 ? 10 * rng_double(rng) : 0);
	case NOISE_LOGNORMAL:
		return exp(x);
	case NOISE_DRIFT:
		*level = 0.9 * *level + sqrt(1 - 0.81) * x;
		return *level;
	default:
		return x;
	}
}

void noise_pairs(struct rng *rng, enum noise noise, unsigned n, double *d)
{
	double level = rng_normal(rng), drift = noise == NOISE_DRIFT ? 0.05 : 0;

	for (unsigned i = 0; i < n; i++) {
		double first = run_noise(rng, noise, &level) + drift * 2 * i;
		double second = run_noise(rng, noise, &level) + drift * (2 * i + 1);

		d[i] = rng_coin(rng) ? first - second : second - first;
	}
}
