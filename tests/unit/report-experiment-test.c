/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison made by hand, as text and as JSON. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pgo/report/show.h"

enum { ROUNDS = 12 };

static struct ab_workload_info
workload(const char *name, double weight, enum metric metric, unsigned times)
{
	struct ab_workload_info w = { .name = xstrdup(name),
				      .weight = weight,
				      .metric = metric,
				      .times = times,
				      .output_compared = true,
				      .unit_ns = 1000000000 };

	memset(w.output, 'a', 64);
	return w;
}

static void add_pair(struct evidence *e, size_t w, enum pair_kind kind, unsigned round, double a_ns,
		     double b_ns)
{
	struct ab_pair p = { .workload = w,
			     .kind = kind,
			     .round = round,
			     .swapped = round % 2,
			     .run = { RUN_METRICS_INIT, RUN_METRICS_INIT } };

	for (int i = 0; i < 2; i++) {
		p.run[i].wall_ns = p.run[i].cpu_ns = (uint64_t)(i ? b_ns : a_ns);
		p.run[i].run_delay_ns = 0;
		memset(p.run[i].output, 'a', 64);
	}
	evidence_add(e, &p);
}

/*
 * fib takes two seconds for two processes, its candidate five sixths of that, give or take.
 * words takes 5 ms, the candidate a bit more or less by turns. The copy is as the baseline.
 */
static void make_pairs(struct evidence *e)
{
	for (unsigned r = 0; r < ROUNDS; r++) {
		double wobble = 1 + 0.001 * r, side = (r % 2 ? 1 : -1) * (0.05 + 0.001 * r);

		add_pair(e, 0, PAIR_AB, r, 2e9 * wobble * wobble, 2e9 / 1.2 * wobble);
		add_pair(e, 1, PAIR_AB, r, 5e6, 5e6 * (1 + side));
		add_pair(e, 0, PAIR_AA, r, 2e9, 2e9 * (1 + side));
	}
}

static void make(struct experiment *x)
{
	struct evidence *e = &x->evidence;

	e->head = (struct evidence_head){
		.seed = UINT64_MAX,
		.n_max = ROUNDS,
		.alpha = 0.025,
		.margin = 0.02,
		.a = xstrdup("baseline"),
		.b = xstrdup("optimized"),
		.machine = xstrdup("m"),
		.kernel = xstrdup("k"),
	};
	e->nr_workloads = 2;
	e->workloads = xcalloc(2, sizeof(*e->workloads));
	e->workloads[0] = workload("fib", 1, METRIC_CPU, 2);
	e->workloads[1] = workload("words \xc3\xa4\x1b", 0.5, METRIC_WALL, 1);
	e->workloads[1].held_out = true;
	make_pairs(e);
	x->path = xstrdup("/p/evidence.jsonl");
	x->wall_ns = UINT64_C(65000000000);
}

static void judge(struct experiment *x)
{
	assert_int_equal(engine_init(&x->engine, &x->evidence, NULL), 0);
	assert_int_equal(engine_replay(&x->engine, NULL), 0);
}

static char *text_of(const struct experiment *x, bool colour)
{
	struct strbuf out = STRBUF_INIT;

	show_experiment(x, colour, &out);
	return strbuf_take(&out);
}

/* The line of text that begins with start; malloc'ed. */
static char *line_of(const char *text, const char *start)
{
	for (; *text; text += strcspn(text, "\n") + 1)
		if (!strncmp(text, start, strlen(start)))
			return xstrndup(text, strcspn(text, "\n"));
	fail_msg("no line begins with '%s'", start);
	return NULL;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' has no '%s'", text, part);
}

static void a_comparison_as_text(void **state)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	PGO_AUTO_FREE char *text = NULL, *head = NULL, *fib = NULL, *words = NULL;
	const char *column;

	(void)state;
	make(&x);
	judge(&x);
	text = text_of(&x, false);
	head = line_of(text, "workload");
	fib = line_of(text, "fib");
	words = line_of(text, "words \xc3\xa4\\x1b");
	assert_memory_equal(text, "FASTER: +", 9);
	assert_has(text, "; gate no-regression: ");
	/* The medians of 1 s and its five sixths, with a wobble of about half a percent. */
	assert_has(fib, " 1.01 s ");
	assert_has(fib, " 837.9 ms ");
	assert_has(fib, " FASTER ");
	assert_has(fib, " cpu");
	assert_has(words, " 5.0 ms ");
	assert_has(words, " INCONCLUSIVE ");
	assert_has(words, " wall ");
	assert_has(words, "  held out");
	column = strstr(head, "verdict");
	assert_memory_equal(fib + (column - head), "FASTER ", 7);
	assert_memory_equal(words + 1 + (column - head), "INCONCLUSIVE ", 13);
	assert_has(text, "\nA/A: 12 pairs of the baseline and its copy, noise floor ");
	assert_has(text,
		   "\nat most 12 coin-flipped pairs, margin 2 %, seed 18446744073709551615; "
		   "1 min 05 s\n");
	assert_null(strchr(text, '\033'));
}

static void colour_is_for_the_headline(void **state)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	PGO_AUTO_FREE char *plain = NULL, *colour = NULL;

	(void)state;
	make(&x);
	judge(&x);
	plain = text_of(&x, false);
	colour = text_of(&x, true);
	assert_memory_equal(colour, "\033[1;32mFASTER\033[0m: ", 19);
	assert_string_equal(colour + 17, plain + 6);
}

static void a_wrong_output_is_told_first(void **state)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	PGO_AUTO_FREE char *text = NULL, *fib = NULL;
	json_t *o;

	(void)state;
	make(&x);
	x.evidence.pairs[0].run[1].output[3] = 'b';
	judge(&x);
	text = text_of(&x, false);
	fib = line_of(text, "fib");
	assert_has(text, "gate no-regression: FAILED: the outputs differ\n");
	assert_has(fib, "OUTPUT DIFFERS");
	o = show_experiment_json(&x);
	assert_int_equal(json_integer_value(json_object_get(o, "exit_code")), PGO_EXIT_MISCOMPARE);
	json_decref(o);
}

static void an_output_of_many_kinds_is_not_compared(void **state)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	PGO_AUTO_FREE char *text = NULL, *fib = NULL, *words = NULL;

	(void)state;
	make(&x);
	x.evidence.pairs[0].run[0].output[3] = 'b';
	x.evidence.workloads[1].output_compared = false;
	judge(&x);
	text = text_of(&x, false);
	fib = line_of(text, "fib");
	words = line_of(text, "words");
	assert_has(fib, "output differs run by run, not compared");
	assert_has(words, "output not compared");
	assert_null(strstr(text, "the outputs differ"));
}

static void pairs_that_do_not_count_are_told(void **state)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	PGO_AUTO_FREE char *text = NULL;

	(void)state;
	make(&x);
	x.evidence.pairs[0].invalid = INVALID_STEAL;
	x.evidence.pairs[2].invalid = INVALID_THROTTLED;
	judge(&x);
	x.evidence.head.inject = 0.05;
	x.cancelled = true;
	text = text_of(&x, false);
	assert_has(text, "\npairs that do not count, and were run again: ");
	assert_has(text, invalid_name(INVALID_STEAL));
	assert_has(text,
		   "\na test: the candidate also span for 5.0 % of each run, which makes equal "
		   "sides -4.8 %: ");
	assert_has(text, "; 1 min 05 s; ended early by a signal\n");
}

static void before_the_first_look(void **state)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	PGO_AUTO_FREE char *text = NULL, *fib = NULL;
	json_t *o, *overall;

	(void)state;
	make(&x);
	x.evidence.nr_pairs = 6;
	judge(&x);
	text = text_of(&x, false);
	fib = line_of(text, "fib");
	assert_memory_equal(text, "INCONCLUSIVE; gate", 18);
	assert_has(fib, "too few pairs");
	o = show_experiment_json(&x);
	overall = json_object_get(o, "overall");
	assert_true(json_is_null(json_object_get(overall, "speedup")));
	assert_true(json_is_null(json_object_get(overall, "speedup_high")));
	json_decref(o);
}

static double number(const json_t *o, const char *key)
{
	assert_true(json_is_number(json_object_get(o, key)));
	return json_number_value(json_object_get(o, key));
}

static void assert_text(const json_t *o, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(o, key));

	assert_non_null(got);
	assert_string_equal(got, want);
}

static void a_comparison_as_json(void **state)
{
	PGO_AUTO(experiment) x = EXPERIMENT_INIT;
	json_t *o, *fib, *words;

	(void)state;
	make(&x);
	judge(&x);
	o = show_experiment_json(&x);
	fib = json_array_get(json_object_get(o, "workloads"), 0);
	words = json_array_get(json_object_get(o, "workloads"), 1);
	assert_true(number(o, "schema") == REPORT_SCHEMA);
	assert_text(o, "verdict", "FASTER");
	assert_text(o, "gate", "no-regression");
	assert_text(o, "seed", "18446744073709551615");
	assert_text(o, "evidence", "/p/evidence.jsonl");
	assert_true(number(o, "pairs_at_most") == ROUNDS);
	assert_text(fib, "verdict", "FASTER");
	assert_text(fib, "output", "same");
	assert_true(number(fib, "processes_per_run") == 2);
	assert_true(number(fib, "speedup_low") > 0.19 && number(fib, "speedup_high") < 0.22);
	assert_true(number(fib, "speedup") >= number(fib, "speedup_low"));
	assert_true(fabs(number(fib, "baseline_median_s") - 1.011) < 0.001);
	assert_text(words, "name", "words \xc3\xa4\x1b");
	assert_text(words, "metric", "wall");
	assert_true(json_is_true(json_object_get(words, "held_out")));
	assert_true(number(words, "speedup_low") < 0 && number(words, "speedup_high") > 0);
	assert_true(number(json_object_get(o, "instrument"), "aa_pairs") == ROUNDS);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_comparison_as_text),
		cmocka_unit_test(colour_is_for_the_headline),
		cmocka_unit_test(a_wrong_output_is_told_first),
		cmocka_unit_test(an_output_of_many_kinds_is_not_compared),
		cmocka_unit_test(pairs_that_do_not_count_are_told),
		cmocka_unit_test(before_the_first_look),
		cmocka_unit_test(a_comparison_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
