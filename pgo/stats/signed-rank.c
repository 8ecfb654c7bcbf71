/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/signed-rank.h"

#include <math.h>

#include "pgo/stats/rng.h"

/* Each score is in the sum or not, with equal chance: pmf(w) = (pmf(w) + pmf(w - score)) / 2. */
static void law_add_score(double *pmf, uint32_t reached, uint32_t score)
{
	for (uint32_t w = reached + score + 1; w-- > 0;) {
		double without = w <= reached ? pmf[w] : 0;
		double with = w >= score ? pmf[w - score] : 0;

		pmf[w] = 0.5 * (without + with);
	}
}

void signed_rank_law_init(struct signed_rank_law *law, const uint32_t *scores, unsigned n)
{
	uint32_t reached = 0;

	law->max = 0;
	for (unsigned i = 0; i < n; i++)
		law->max += scores ? scores[i] : i + 1;
	law->pmf = xcalloc((size_t)law->max + 1, sizeof(*law->pmf));
	law->pmf[0] = 1;
	for (unsigned i = 0; i < n; i++) {
		uint32_t score = scores ? scores[i] : i + 1;

		law_add_score(law->pmf, reached, score);
		reached += score;
	}
}

void signed_rank_law_release(struct signed_rank_law *law)
{
	FREE_AND_NULL(law->pmf);
	law->max = 0;
}

double signed_rank_pmf(const struct signed_rank_law *law, uint32_t w)
{
	return w <= law->max ? law->pmf[w] : 0;
}

/* From the end inwards: small terms first, and no digits lost in the tail. */
double signed_rank_upper(const struct signed_rank_law *law, uint32_t w)
{
	double sum = 0;

	for (uint32_t i = law->max + 1; i-- > w;)
		sum += law->pmf[i];
	return sum;
}

double signed_rank_cdf(const struct signed_rank_law *law, uint32_t w)
{
	return w >= law->max ? 1 : signed_rank_upper(law, law->max - w);
}

uint32_t signed_rank_critical(const struct signed_rank_law *law, double alpha)
{
	uint32_t c = law->max + 1;
	double sum = 0;

	while (c > 0 && sum + law->pmf[c - 1] <= alpha)
		sum += law->pmf[--c];
	return c;
}

struct magnitude {
	double abs;
	size_t index;
};

static int compare_magnitudes(const void *a, const void *b)
{
	const struct magnitude *x = a, *y = b;

	return (x->abs > y->abs) - (x->abs < y->abs);
}

bool signed_rank_scores(const double *d, size_t n, double shift, uint32_t *scores)
{
	PGO_AUTO_FREE struct magnitude *m = xcalloc(n, sizeof(*m));
	bool tied = false;
	size_t nr = 0, end;

	for (size_t i = 0; i < n; i++) {
		scores[i] = 0;
		if (d[i] != shift)
			m[nr++] = (struct magnitude){ fabs(d[i] - shift), i };
	}
	qsort(m, nr, sizeof(*m), compare_magnitudes);
	for (size_t first = 0; first < nr; first = end) {
		for (end = first + 1; end < nr && m[end].abs == m[first].abs; end++)
			tied = true;
		for (size_t i = first; i < end; i++)
			scores[m[i].index] = (uint32_t)(first + end + 1);
	}
	return tied;
}

struct signed_rank signed_rank_test(const double *d, size_t n)
{
	PGO_AUTO_FREE uint32_t *scores = xcalloc(n, sizeof(*scores));
	PGO_AUTO(signed_rank_law) law = SIGNED_RANK_LAW_INIT;
	struct signed_rank sr = { .tied = signed_rank_scores(d, n, 0, scores) };
	uint32_t unit = sr.tied ? 1 : 2, w = 0;

	for (size_t i = 0; i < n; i++) {
		scores[i] /= unit;
		sr.nr_zero += !scores[i];
		w += d[i] > 0 ? scores[i] : 0;
	}
	signed_rank_law_init(&law, scores, (unsigned)n);
	sr.w = 0.5 * unit * w;
	sr.p_greater = signed_rank_upper(&law, w);
	sr.p_less = signed_rank_cdf(&law, w);
	return sr;
}

static void swap(double *a, double *b)
{
	double kept = *a;

	*a = *b;
	*b = kept;
}

/* Hoare's selection by three parts, so that many equal values cost nothing. */
double select_kth(double *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n;
	struct rng rng;

	rng_seed(&rng, n);
	while (hi - lo > 1) {
		double pivot = v[lo + rng_below(&rng, hi - lo)];
		size_t below = lo, at = lo, above = hi;

		while (at < above) {
			if (v[at] < pivot)
				swap(&v[at++], &v[below++]);
			else if (v[at] > pivot)
				swap(&v[at], &v[--above]);
			else
				at++;
		}
		if (k >= below && k < above)
			break;
		*(k < below ? &hi : &lo) = k < below ? below : above;
	}
	return v[k];
}

/* v is reordered. Where n is even, the lower of both middles is the largest before v[n / 2]. */
static double median_of(double *v, size_t n)
{
	double high = select_kth(v, n, n / 2), low = v[0];

	if (n % 2)
		return high;
	for (size_t i = 1; i < n / 2; i++)
		low = v[i] > low ? v[i] : low;
	return 0.5 * (low + high);
}

double median(const double *v, size_t n)
{
	PGO_AUTO_FREE double *copy = xcalloc(n, sizeof(*copy));

	memcpy(copy, v, n * sizeof(*copy));
	return median_of(copy, n);
}

struct interval signed_rank_interval(const double *d, size_t n, uint32_t c)
{
	uint32_t nr = signed_rank_max((unsigned)n), at = 0;
	PGO_AUTO_FREE double *walsh = xcalloc(nr, sizeof(*walsh));
	struct interval iv = { -INFINITY, INFINITY, 0 };

	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			walsh[at++] = 0.5 * (d[i] + d[j]);
	iv.estimate = median_of(walsh, nr);
	if (c <= nr) {
		iv.lo = select_kth(walsh, nr, nr - c);
		iv.hi = select_kth(walsh, nr, c - 1);
	}
	return iv;
}
