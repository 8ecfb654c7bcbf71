/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that a logged seed brings back on every machine. */
#ifndef PGO_STATS_RNG_H
#define PGO_STATS_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Not all four words are zero. */
struct rng {
	uint64_t s[4];
};

/* Source: Blackman and Vigna, xoshiro256** 1.0, its state filled by splitmix64. */
void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
double rng_double(struct rng *r); /* in [0, 1), a multiple of 2^-53 */
bool rng_coin(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);	      /* in [0, n), no bias; n > 0 */
double rng_normal(struct rng *r);		      /* mean 0, variance 1; one draw each */
void rng_shuffle(struct rng *r, size_t *v, size_t n); /* every order equally likely */

#endif
