/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/sign-flip.h"

#include <math.h>

#include "pgo/base/mem.h"
#include "pgo/stats/dist.h"
#include "pgo/stats/rng.h"

#define MAX_ENUMERATED 16

/* The flips that are at least as far as the observed sum, on both sides. */
struct hits {
	double observed, hair; /* equal sums in another order of adding differ in their last bits */
	uint64_t above, below;
};

static struct hits hits_of(const double *x, size_t n)
{
	struct hits h = { 0 };
	double size = 0;

	for (size_t i = 0; i < n; i++) {
		h.observed += x[i];
		size += fabs(x[i]);
	}
	h.hair = 1e-12 * size;
	return h;
}

static void hits_count(struct hits *h, double sum)
{
	h->above += sum >= h->observed - h->hair;
	h->below += sum <= h->observed + h->hair;
}

/* Gray code: flip by flip, each sum differs from the last in one sign. */
static void enumerate(struct hits *h, const double *x, size_t n)
{
	uint64_t total = UINT64_C(1) << n, negative = 0;
	double sum = h->observed;

	for (uint64_t step = 1;; step++) {
		unsigned bit = (unsigned)__builtin_ctzll(step);

		hits_count(h, sum);
		if (step == total)
			return;
		negative ^= UINT64_C(1) << bit;
		sum += negative >> bit & 1 ? -2 * x[bit] : 2 * x[bit];
	}
}

/* For every eight x, the sums that the bits of a byte make of them; behind the last, zeros. */
static double *byte_sums(const double *x, size_t n)
{
	size_t nr_bytes = (n + 7) / 8;
	double *sums = xcalloc(nr_bytes, 256 * sizeof(*sums));

	for (size_t i = 0; i < 8 * nr_bytes; i++) {
		double *sum = sums + 256 * (i / 8), add = i < n ? x[i] : 0;
		unsigned bit = 1u << i % 8;

		for (unsigned below = 0; below < bit; below++) {
			sum[bit | below] = sum[below] + add;
			sum[below] -= add;
		}
	}
	return sums;
}

/* Until both sides have enough hits. */
static void sample(struct hits *h, const double *x, size_t n, uint64_t seed, double enough)
{
	PGO_AUTO_FREE double *sums = byte_sums(x, n);
	size_t nr_bytes = (n + 7) / 8;
	struct rng rng;

	rng_seed(&rng, seed);
	h->above = h->below = 1;
	for (unsigned rep = 0; rep < SIGN_FLIP_REPS; rep++) {
		uint64_t bits = 0;
		double sum = 0;

		for (size_t k = 0; k < nr_bytes; k++) {
			bits = k % 8 ? bits >> 8 : rng_u64(&rng);
			sum += sums[256 * k + (bits & 255)];
		}
		hits_count(h, sum);
		if ((double)h->above >= enough && (double)h->below >= enough)
			return;
	}
}

/* All flips, or until both sides have a share of them that is enough. */
static struct sign_flip flip(const double *x, size_t n, uint64_t seed, double enough)
{
	struct hits h = hits_of(x, n);
	double total = SIGN_FLIP_REPS + 1.0;

	if (n <= MAX_ENUMERATED) {
		enumerate(&h, x, n);
		total = (double)(UINT64_C(1) << n);
	} else {
		sample(&h, x, n, seed, enough * total);
	}
	return (struct sign_flip){ (double)h.above / total, (double)h.below / total };
}

struct sign_flip sign_flip_test(const double *x, size_t n, uint64_t seed)
{
	return flip(x, n, seed, INFINITY);
}

bool sign_flip_rejects(const double *x, size_t n, uint64_t seed, double alpha)
{
	struct sign_flip p = flip(x, n, seed, alpha / 2);

	return p_two_sided(p.p_greater, p.p_less) < alpha;
}
