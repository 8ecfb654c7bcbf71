/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/stats/dist.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#define NR_COEFS 8

/* A rational function: both polynomials from the constant upwards. */
struct rational {
	double num[NR_COEFS], den[NR_COEFS];
};

static const struct rational norm_centre = {
	{ 3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
	  1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
	  3.3430575583588128105e4, 2.5090809287301226727e3 },
	{ 1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
	  2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
	  5.2264952788528545610e3 },
};

static const struct rational norm_tail = {
	{ 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
	  3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
	  2.27238449892691845833e-2, 7.74545014278341407640e-4 },
	{ 1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
	  1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
	  1.05075007164441684324e-9 },
};

static const struct rational norm_far_tail = {
	{ 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
	  2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
	  2.71155556874348757815e-5, 2.01033439929228813265e-7 },
	{ 1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
	  7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
	  2.04426310338993978564e-15 },
};

static double rational_at(const struct rational *f, double x)
{
	double num = 0, den = 0;

	for (unsigned i = NR_COEFS; i-- > 0;) {
		num = num * x + f->num[i];
		den = den * x + f->den[i];
	}
	return num / den;
}

double dist_norm_cdf(double x)
{
	return 0.5 * erfc(-x * M_SQRT1_2);
}

double dist_norm_quantile(double p)
{
	double q = p - 0.5, r, x;

	if (!(p > 0 && p < 1))
		return isnan(p) ? p : copysign(INFINITY, q);
	if (fabs(q) <= 0.425)
		return q * rational_at(&norm_centre, 0.180625 - q * q);
	r = sqrt(-log(q < 0 ? p : 1 - p));
	x = r <= 5 ? rational_at(&norm_tail, r - 1.6) : rational_at(&norm_far_tail, r - 5);
	return copysign(x, q);
}

/* ln gamma(z) minus Stirling's (z - 1/2) ln z - z + ln(2 pi) / 2. */
static double stirling_rest(double z)
{
	static const double coef[] = { 1 / 12.0,   -1 / 360.0,	    1 / 1260.0, -1 / 1680.0,
				       1 / 1188.0, -691 / 360360.0, 1 / 156.0 };
	double inv2 = 1 / (z * z), sum = 0;

	if (z < 10)
		return lgamma(z) - ((z - 0.5) * log(z) - z + 0.5 * log(2 * M_PI));
	for (unsigned i = sizeof(coef) / sizeof(*coef); i-- > 0;)
		sum = sum * inv2 + coef[i];
	return sum / z;
}

/*
 * x^a y^b / B(a, b) with y = 1 - x. Differences of ln gamma would lose as
 * many digits as a + b has; comparison with the mode does not.
 */
static double beta_front(double x, double y, double a, double b)
{
	double n = a + b, e = a * log(x * n / a) + b * log(y * n / b);

	e += stirling_rest(n) - stirling_rest(a) - stirling_rest(b);
	return exp(e) * sqrt(a / n * b / (2 * M_PI));
}

/*
 * The continued fraction 1/(1 + d1/(1 + d2/(1 + ...))) of I_x(a, b), by
 * modified Lentz. About sqrt(max(a, b)) terms are needed where it is asked.
 */
static double beta_fraction(double x, double a, double b)
{
	double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), f = d;

	for (unsigned m = 1; m < 100000; m++) {
		double a2m = a + 2.0 * m, term, step;

		term = m * (b - m) * x / ((a2m - 1) * a2m);
		d = 1 / (1 + term * d);
		c = 1 + term / c;
		f *= c * d;
		term = -(a + m) * (a + b + m) * x / (a2m * (a2m + 1));
		d = 1 / (1 + term * d);
		c = 1 + term / c;
		step = c * d;
		f *= step;
		if (fabs(step - 1) <= DBL_EPSILON)
			break;
	}
	return f;
}

/* I_x(a, b), given y = 1 - x to full precision too. */
static double beta_lower(double x, double y, double a, double b)
{
	if (x <= 0 || y <= 0)
		return x <= 0 ? 0 : 1;
	if (x > (a + 1) / (a + b + 2))
		return 1 - beta_front(y, x, b, a) * beta_fraction(y, b, a) / b;
	return beta_front(x, y, a, b) * beta_fraction(x, a, b) / a;
}

double dist_beta_cdf(double x, double a, double b)
{
	if (isnan(x) || !(a > 0 && b > 0))
		return NAN;
	return beta_lower(x, 1 - x, a, b);
}

/* An increasing function of x, its slope, and what it depends on. */
struct equation {
	double (*at)(const struct equation *eq, double x, double *slope);
	double p, a, b;
};

/* The root in (lo, hi): Newton's step, or half the bracket where that leaves it. */
static double equation_solve(const struct equation *eq, double lo, double hi)
{
	double x = 0.5 * (lo + hi);

	for (unsigned i = 0; i < 1200; i++) {
		double slope, f = eq->at(eq, x, &slope), next = x - f / slope;

		if (f == 0)
			break;
		*(f < 0 ? &lo : &hi) = x;
		if (!(next > lo && next < hi))
			next = 0.5 * (lo + hi);
		if (fabs(next - x) <= DBL_EPSILON * x)
			return next;
		x = next;
	}
	return x;
}

static double beta_excess(const struct equation *eq, double x, double *slope)
{
	*slope = beta_front(x, 1 - x, eq->a, eq->b) / (x * (1 - x));
	return beta_lower(x, 1 - x, eq->a, eq->b) - eq->p;
}

double dist_beta_quantile(double p, double a, double b)
{
	struct equation eq = { .at = beta_excess, .p = p, .a = a, .b = b };

	if (!(a > 0 && b > 0) || isnan(p))
		return NAN;
	if (!(p > 0 && p < 1))
		return p > 0;
	return equation_solve(&eq, 0, 1);
}

/* P(T > t) for t > 0, and minus its slope times t. */
static double t_upper(double t, double df, double *front)
{
	double r = t / sqrt(df), x = 1 / (1 + r * r), y = r * r * x;

	if (front)
		*front = beta_front(x, y, 0.5 * df, 0.5);
	return 0.5 * beta_lower(x, y, 0.5 * df, 0.5);
}

double dist_t_cdf(double t, double df)
{
	if (isnan(t) || !(df > 0))
		return NAN;
	return t > 0 ? 1 - t_upper(t, df, NULL) : t_upper(-t, df, NULL);
}

static double t_excess(const struct equation *eq, double t, double *slope)
{
	double front, upper = t_upper(t, eq->a, &front);

	*slope = front / t;
	return eq->p - upper;
}

double dist_t_quantile(double p, double df)
{
	struct equation eq = { .at = t_excess, .p = p < 0.5 ? p : 1 - p, .a = df };
	double hi = 1;

	if (!(df > 0) || isnan(p))
		return NAN;
	if (!(p > 0 && p < 1))
		return copysign(INFINITY, p - 0.5);
	if (p == 0.5)
		return 0;
	while (t_upper(hi, df, NULL) > eq.p)
		hi *= 2;
	return copysign(equation_solve(&eq, 0, hi), p - 0.5);
}

struct interval dist_binomial_interval(uint64_t k, uint64_t n, double alpha)
{
	double hits = (double)k, misses = (double)(n - k);
	struct interval iv = { 0, 1, hits / (double)n };

	if (k > 0)
		iv.lo = dist_beta_quantile(0.5 * alpha, hits, misses + 1);
	if (k < n)
		iv.hi = dist_beta_quantile(1 - 0.5 * alpha, hits + 1, misses);
	return iv;
}

double p_two_sided(double p_greater, double p_less)
{
	return fmin(1, 2 * fmin(p_greater, p_less));
}
