/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says of programs that are equal, or not, here and now. */
#include <math.h>

#include "pgo/base/fs.h"
#include "tests/bench/live.h"
#include "tests/bench/sim.h"

#define AA_VALIDATIONS 200
#define AA_PAIRS 12
#define NOMINAL 0.05
#define DEVIATIONS 2.06 /* 16 of 200 */
#define AB_VALIDATIONS 100
#define HYPERFINE_ROUNDS 20
/* Steps of spin.c: some 25 ms, which is enough to tell false from true. */
#define SHORT 1000
/*
 * What starting a program takes, and how that varies, is 2 % of a short run: some 100 ms for a run
 * of 30 pairs, and 350 where there are 15.
 */
#define LONG 4000
#define LONGEST 16000

/* Of many validations. */
struct tally {
	unsigned nr, faster, slower, broken, pairs;
	double variance;
};

static int validate(struct bench *b, const struct copies *c, unsigned pairs, struct tally *t,
		    struct pgo_err *err)
{
	struct live l;
	int ret = live_validate(b, c, pairs, &l, err);

	if (ret)
		return ret;
	t->nr++;
	t->faster += l.verdict == VERDICT_FASTER;
	t->slower += l.verdict == VERDICT_REGRESSION || l.verdict == VERDICT_SLOWER_WITHIN_MARGIN;
	t->broken += l.broken;
	t->pairs += l.pairs;
	t->variance += l.variance;
	return 0;
}

static int validate_often(struct bench *b, double effect, unsigned steps, unsigned pairs,
			  unsigned nr, struct tally *t, struct pgo_err *err)
{
	PGO_AUTO(copies) c = { 0 };
	int ret = copies_make(&c, b, effect, steps, err);

	while (!ret && t->nr < nr)
		ret = validate(b, &c, pairs, t, err);
	return ret;
}

/* Of the log ratio of two equal runs. */
static double deviation(const struct tally *t)
{
	return sqrt(t->variance / t->nr);
}

static json_t *figures_of(const struct tally *t, double effect, unsigned pairs)
{
	return json_pack("{s:f,s:i,s:i,s:i,s:i,s:i,s:f,s:f}", "slower_by", effect, "pairs_at_most",
			 pairs, "validations", t->nr, "said_faster", t->faster, "said_slower",
			 t->slower, "instrument_broken", t->broken, "mean_pairs",
			 (double)t->pairs / t->nr, "pair_deviation", deviation(t));
}

static int live_aa(struct bench *b, bool noisy, struct pgo_err *err)
{
	unsigned nr = bench_reps(b, AA_VALIDATIONS, 2);
	double limit = floor(nr * bench_limit(NOMINAL, DEVIATIONS, nr));
	PGO_AUTO_FREE char *target = xstrfmt("at most %.0f of %u false", limit, nr);
	struct line line = { .row = "5",
			     .what = noisy ? "live A/A, noise on the other core" : "live A/A",
			     .target = target };
	struct tally t = { 0 };
	pid_t noise = 0;
	int ret = noisy ? noise_start(&noise, b->seed, err) : 0;

	if (!ret)
		ret = validate_often(b, 0, SHORT, AA_PAIRS, nr, &t, err);
	if (noise > 0)
		noise_stop(noise);
	if (ret)
		return ret;
	line.outcome = met(t.faster + t.slower <= limit);
	line.figures = figures_of(&t, 0, AA_PAIRS);
	bench_line(b, &line, "%u of %u (pair deviation %.1f %%, %u instruments broken)",
		   t.faster + t.slower, t.nr, 100 * deviation(&t), t.broken);
	return 0;
}

int row_live_aa(struct bench *b, struct pgo_err *err)
{
	int ret = live_aa(b, false, err);

	return ret ? ret : live_aa(b, true, err);
}

static int live_ab(struct bench *b, const char *row, double effect, unsigned pairs, unsigned steps,
		   double power, struct pgo_err *err)
{
	PGO_AUTO_FREE char *what = xstrfmt("live A/B, %g %% slower, CPU time, %u runs",
					   100 * effect, 2 * pairs);
	PGO_AUTO_FREE char *target = xstrfmt("at least %g %% found, below 1 %% wrong", 100 * power);
	struct line line = { .row = row, .what = what, .target = target };
	struct tally t = { 0 };
	/* A short form shows that it works, not how well. */
	int ret = validate_often(b, effect, b->scale < 0.1 ? SHORT : steps, pairs,
				 bench_reps(b, AB_VALIDATIONS, 4), &t, err);

	if (ret)
		return ret;
	line.outcome = met(t.slower >= power * t.nr && t.faster < 0.01 * t.nr);
	line.figures = figures_of(&t, effect, pairs);
	bench_line(b, &line, "%u of %u, %u wrong; %.0f runs on average (pair deviation %.1f %%)",
		   t.slower, t.nr, t.faster, 2.0 * t.pairs / t.nr, 100 * deviation(&t));
	return 0;
}

int row_live_ab_2(struct bench *b, struct pgo_err *err)
{
	return live_ab(b, "6a", 0.02, 30, LONG, 0.90, err);
}

int row_live_ab_5(struct bench *b, struct pgo_err *err)
{
	return live_ab(b, "6b", 0.05, 15, LONGEST, 0.99, err);
}

static const unsigned hyperfine_runs[] = { 10, 20, 60 };
#define NR_RUNS ARRAY_SIZE(hyperfine_runs)

/* One after the other, so that all of them see the same machine. */
static int compete(struct bench *b, double effect, unsigned rounds, struct tally *ours,
		   struct tally *theirs, struct pgo_err *err)
{
	PGO_AUTO(copies) c = { 0 };
	int ret = copies_make(&c, b, effect, SHORT, err);

	for (unsigned r = 0; !ret && r < rounds; r++) {
		ret = validate(b, &c, 30, ours, err);
		for (size_t i = 0; !ret && i < NR_RUNS; i++) {
			int says = 0;

			ret = live_hyperfine(b, &c, hyperfine_runs[i], &says, err);
			theirs[i].nr++;
			theirs[i].faster += says > 0;
			theirs[i].slower += says < 0;
		}
	}
	return ret;
}

static int side_by_side(struct bench *b, double effect, struct pgo_err *err)
{
	PGO_AUTO_FREE char *what =
		effect > 0 ? xstrfmt("%g %% slower: said slower / said faster", 100 * effect)
			   : xstrdup("A/A: said slower / said faster");
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct tally ours = { 0 }, theirs[NR_RUNS] = { { 0 } };
	struct line line = { .row = "7", .what = what, .target = "side by side", .outcome = SHOWN };
	int ret = compete(b, effect, bench_reps(b, HYPERFINE_ROUNDS, 2), &ours, theirs, err);

	if (ret)
		return ret;
	line.figures = json_pack("{s:o,s:[]}", "pgoctl", figures_of(&ours, effect, 30),
				 "hyperfine");
	for (size_t i = 0; i < NR_RUNS; i++) {
		strbuf_addf(&text, ", hyperfine -r %u: %u / %u", hyperfine_runs[i],
			    theirs[i].slower, theirs[i].faster);
		json_array_append_new(json_object_get(line.figures, "hyperfine"),
				      json_pack("{s:i,s:i,s:i,s:i}", "runs", hyperfine_runs[i],
						"comparisons", theirs[i].nr, "said_slower",
						theirs[i].slower, "said_faster", theirs[i].faster));
	}
	bench_line(b, &line, "pgoctl: %u / %u%s, of %u", ours.slower, ours.faster, text.buf,
		   ours.nr);
	return 0;
}

int row_hyperfine(struct bench *b, struct pgo_err *err)
{
	static const double effects[] = { 0, 0.02, 0.05 };
	const struct line absent = {
		.row = "7", .what = "against hyperfine", .target = "side by side", .outcome = ABSENT
	};
	PGO_AUTO_FREE char *path = fs_which("hyperfine", getenv("PATH"), NULL);
	int ret = 0;

	if (!path) {
		bench_line(b, &absent, "no hyperfine (apt-get install hyperfine)");
		return 0;
	}
	for (size_t i = 0; !ret && i < ARRAY_SIZE(effects); i++)
		ret = side_by_side(b, effects[i], err);
	return ret;
}
