/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/rng.h"

#include "pgo/stats/dist.h"

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed)
{
	for (unsigned i = 0; i < 4; i++)
		r->s[i] = splitmix64(&seed);
}

static uint64_t rotate_left(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

double rng_double(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

bool rng_coin(struct rng *r)
{
	return rng_u64(r) >> 63;
}

/* The product's high word is uniform once the few low words that would favour some are redrawn. */
uint64_t rng_below(struct rng *r, uint64_t n)
{
	unsigned __int128 product = (unsigned __int128)rng_u64(r) * n;

	if ((uint64_t)product < n) {
		uint64_t surplus = -n % n;

		while ((uint64_t)product < surplus)
			product = (unsigned __int128)rng_u64(r) * n;
	}
	return (uint64_t)(product >> 64);
}

double rng_normal(struct rng *r)
{
	return dist_norm_quantile(rng_double(r) + 0x1p-54);
}

void rng_shuffle(struct rng *r, size_t *v, size_t n)
{
	for (; n > 1; n--) {
		size_t at = rng_below(r, n);
		size_t last = v[n - 1];

		v[n - 1] = v[at];
		v[at] = last;
	}
}
