/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/strbuf.h"
#include "pgo/core/evidence.h"
#include "pgo/stats/rng.h"
#include "pgo/stats/spending.h"

/* tests/fuzz/fuzz-evidence.c: aborts when what was read is not written back as it was. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* --- evidence with other bits in every field */

static uint64_t some_measured(struct rng *r)
{
	switch (rng_below(r, 4)) {
	case 0:
		return NOT_MEASURED;
	case 1:
		return rng_u64(r) >> rng_below(r, 64);
	case 2:
		return UINT64_MAX - 1 - rng_below(r, 3);
	default:
		return (uint64_t)INT64_MAX - 1 + rng_below(r, 3);
	}
}

/* Any bit pattern in [0, most], subnormal ones too. */
static double some_double(struct rng *r, double most)
{
	for (;;) {
		uint64_t bits = rng_u64(r) >> 1;
		double v;

		memcpy(&v, &bits, sizeof(v));
		if (v <= most)
			return v;
	}
}

static void some_output(struct rng *r, char output[65])
{
	bool any = rng_coin(r);

	for (int i = 0; any && i < 64; i++)
		output[i] = "0123456789abcdef"[rng_below(r, 16)];
	output[any ? 64 : 0] = '\0';
}

static struct run_metrics some_run(struct rng *r)
{
	struct run_metrics m = run_metrics_none();

	m.wall_ns = rng_u64(r) >> 1;
	m.cpu_ns = rng_u64(r) - 1;
	m.user_ns = some_measured(r);
	m.sys_ns = some_measured(r);
	m.run_delay_ns = some_measured(r);
	m.max_rss_bytes = some_measured(r);
	m.minor_faults = some_measured(r);
	m.major_faults = some_measured(r);
	m.vol_switches = some_measured(r);
	m.invol_switches = some_measured(r);
	m.read_bytes = some_measured(r);
	m.written_bytes = some_measured(r);
	m.disk_wait_ns = some_measured(r);
	m.throttled_ns = some_measured(r);
	m.nr_throttled = some_measured(r);
	m.steal_ns = some_measured(r);
	m.busy_ns = some_measured(r);
	m.pressure_ns = some_measured(r);
	m.memory_some_ns = some_measured(r);
	m.memory_full_ns = some_measured(r);
	m.io_some_ns = some_measured(r);
	m.io_full_ns = some_measured(r);
	m.memory_limit_hits = some_measured(r);
	m.oom_kills = some_measured(r);
	for (int c = 0; c < NR_COUNTERS; c++)
		m.counters[c] = some_measured(r);
	some_output(r, m.output);
	return m;
}

static void some_evidence(struct rng *r, struct evidence *e, size_t nr_workloads, size_t nr_pairs)
{
	*e = (struct evidence){
		.head = {
			.seed = rng_u64(r), .n_max = 1 + (unsigned)rng_below(r, SPENDING_MAX_N),
			.alpha = 0.001 + 0.4 * rng_double(r), .margin = some_double(r, INFINITY),
			.min_effect = some_double(r, 1), .gate = (enum gate)rng_below(r, 3),
			.a = xstrdup("./old \"x\"\n\t\\"), .b = xstrdup("./new caf\xc3\xa9 \x01"),
			.machine = xstrdup(""), .kernel = xstrdup("6.1.0"),
			.commit = rng_coin(r) ? xstrdup("c0ffee") : NULL,
			.cpu_limit = some_measured(r),
			.memory_limit = rng_coin(r) ? EVIDENCE_NO_LIMIT : some_measured(r),
		},
		.workloads = xcalloc(nr_workloads, sizeof(*e->workloads)),
		.nr_workloads = nr_workloads,
	};
	if (!isfinite(e->head.margin))
		e->head.margin = 0;
	for (size_t i = 0; i < nr_workloads; i++) {
		struct ab_workload_info *w = &e->workloads[i];

		w->name = xstrfmt("w%zu", i);
		do
			w->weight = some_double(r, EVIDENCE_MAX_WEIGHT);
		while (w->weight <= 0);
		w->metric = (enum metric)rng_below(r, NR_METRICS);
		w->times = 1 + (unsigned)rng_below(r, 1000);
		w->held_out = rng_coin(r);
		w->output_compared = rng_coin(r);
		some_output(r, w->output);
		w->unit_ns = rng_u64(r);
	}
	for (size_t i = 0; i < nr_pairs; i++)
		evidence_add(e, &(struct ab_pair){
					.workload = rng_below(r, nr_workloads),
					.kind = (enum pair_kind)rng_below(r, 2),
					.round = (unsigned)rng_below(r, i + 2),
					.swapped = rng_coin(r),
					.padding_bytes = (unsigned)rng_u64(r),
					.processor = rng_coin(r) ? rng_u64(r) : NOT_MEASURED,
					.invalid = (enum invalid)rng_below(r, NR_INVALID),
					.run = { some_run(r), some_run(r) },
				});
}

static void add_line(json_t *o, struct strbuf *out)
{
	js_dump(o, out, true);
	strbuf_addch(out, '\n');
	json_decref(o);
}

static void write_all(const struct evidence *e, struct strbuf *out)
{
	add_line(evidence_head_json(e), out);
	for (size_t i = 0; i < e->nr_pairs; i++)
		add_line(evidence_pair_json(e, &e->pairs[i]), out);
}

static void assert_same_bits(double a, double b)
{
	assert_memory_equal(&a, &b, sizeof(a));
}

static void assert_same_run(const struct run_metrics *a, const struct run_metrics *b)
{
	/* up to the output it is 64-bit words without gaps */
	assert_memory_equal(a, b, offsetof(struct run_metrics, output));
	assert_string_equal(a->output, b->output);
}

static void assert_same_head(const struct evidence_head *a, const struct evidence_head *b)
{
	assert_true(a->seed == b->seed && a->n_max == b->n_max && a->gate == b->gate);
	assert_same_bits(a->alpha, b->alpha);
	assert_same_bits(a->margin, b->margin);
	assert_same_bits(a->min_effect, b->min_effect);
	assert_string_equal(a->a, b->a);
	assert_string_equal(a->b, b->b);
	assert_string_equal(a->machine, b->machine);
	assert_string_equal(a->kernel, b->kernel);
	assert_true(!a->commit == !b->commit);
	if (a->commit)
		assert_string_equal(a->commit, b->commit);
	assert_true(a->cpu_limit == b->cpu_limit && a->memory_limit == b->memory_limit);
}

static void assert_same(const struct evidence *a, const struct evidence *b)
{
	assert_same_head(&a->head, &b->head);
	assert_int_equal(a->nr_workloads, b->nr_workloads);
	assert_int_equal(a->nr_pairs, b->nr_pairs);
	for (size_t i = 0; i < a->nr_workloads; i++) {
		const struct ab_workload_info *v = &a->workloads[i], *w = &b->workloads[i];

		assert_string_equal(v->name, w->name);
		assert_same_bits(v->weight, w->weight);
		assert_true(v->metric == w->metric && v->times == w->times);
		assert_true(v->held_out == w->held_out && v->unit_ns == w->unit_ns);
		assert_true(v->output_compared == w->output_compared);
		assert_string_equal(v->output, w->output);
	}
	for (size_t i = 0; i < a->nr_pairs; i++) {
		const struct ab_pair *p = &a->pairs[i], *q = &b->pairs[i];

		assert_true(p->workload == q->workload && p->kind == q->kind);
		assert_true(p->round == q->round && p->swapped == q->swapped);
		assert_true(p->padding_bytes == q->padding_bytes && p->invalid == q->invalid);
		assert_true(p->processor == q->processor);
		assert_same_run(&p->run[0], &q->run[0]);
		assert_same_run(&p->run[1], &q->run[1]);
	}
}

/* --- the tests */

static void names(void **state)
{
	(void)state;
	assert_string_equal(metric_name(METRIC_CPU), "cpu");
	assert_string_equal(metric_name(METRIC_ACTIVE), "active");
	assert_string_equal(metric_name(METRIC_WALL), "wall");
	assert_string_equal(gate_name(GATE_NO_REGRESSION), "no-regression");
	assert_string_equal(gate_name(GATE_PROVE_NOT_SLOWER), "prove-not-slower");
	assert_string_equal(gate_name(GATE_PROVE_FASTER), "prove-faster");
	assert_string_equal(invalid_name(VALID), "valid");
	assert_string_equal(invalid_name(INVALID_HOTPLUG), "hotplug");
	assert_string_equal(counter_name(COUNTER_BRANCH_MISSES), "branch-misses");
	for (int i = 0; i < NR_COUNTERS; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(counter_name((enum counter)i),
						counter_name((enum counter)j));
	for (int i = 0; i < NR_INVALID; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(invalid_name((enum invalid)i),
						invalid_name((enum invalid)j));
}

static void nothing_is_measured_at_first(void **state)
{
	struct run_metrics m = RUN_METRICS_INIT;
	uint64_t words[offsetof(struct run_metrics, output) / sizeof(uint64_t)];

	(void)state;
	memcpy(words, &m, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_true(words[i] == NOT_MEASURED);
	assert_string_equal(m.output, "");
}

static void metrics_are_positive_seconds(void **state)
{
	struct ab_workload_info w[NR_METRICS] = {
		{ .metric = METRIC_CPU },
		{ .metric = METRIC_ACTIVE },
		{ .metric = METRIC_WALL },
	};
	struct evidence e = { .workloads = w, .nr_workloads = NR_METRICS };
	struct run_metrics m = run_metrics_none();

	(void)state;
	m.wall_ns = 2500000000u;
	m.cpu_ns = 1250000000u;
	assert_true(evidence_metric(&e, METRIC_CPU, &m) == 1.25);
	assert_true(evidence_metric(&e, METRIC_ACTIVE, &m) == 2.5);
	assert_true(evidence_metric(&e, METRIC_WALL, &m) == 2.5);
	m.run_delay_ns = 500000000u;
	assert_true(evidence_metric(&e, METRIC_ACTIVE, &m) == 2.0);
	assert_true(evidence_metric(&e, METRIC_WALL, &m) == 2.5);
	m.run_delay_ns = m.wall_ns + 1;
	assert_true(evidence_metric(&e, METRIC_ACTIVE, &m) == 1e-9);
	m.wall_ns = m.cpu_ns = m.run_delay_ns = 0;
	for (size_t i = 0; i < NR_METRICS; i++)
		assert_true(evidence_metric(&e, i, &m) == 1e-9);
}

static void every_bit_survives(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (int rep = 0; rep < 200; rep++) {
		PGO_AUTO(evidence) e = EVIDENCE_INIT;
		PGO_AUTO(evidence) back = EVIDENCE_INIT;
		PGO_AUTO(strbuf) text = STRBUF_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

		some_evidence(&rng, &e, 1 + rng_below(&rng, 5), rng_below(&rng, 8));
		write_all(&e, &text);
		if (evidence_parse("x", text.buf, text.len, &back, &err))
			fail_msg("%s\n%s", err.msg, text.buf);
		assert_same(&e, &back);
		assert_int_equal(back.left_out_bytes, 0);
	}
}

/* Every exponent, and the doubles that decimal rounding finds hardest. */
static void every_double_survives(void **state)
{
	const double hard[] = {
		0.1,
		0.02,
		1.0 / 3,
		5e-324,
		2.2250738585072011e-308,
		2.2250738585072014e-308,
		9007199254740993.0,
		0.3 - 0.1 - 0.2,
		1.7976931348623157e308,
		9.5e-7,
		123456789.123456789
	};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 2);
	for (size_t i = 0; i < 20000; i++) {
		double v = i < ARRAY_SIZE(hard) ? fabs(hard[i]) : some_double(&rng, 1.7e308);
		PGO_AUTO(json_holder) o = { json_object() };
		PGO_AUTO(json_holder) back = { NULL };
		PGO_AUTO(strbuf) text = STRBUF_INIT;
		bool ok = true;

		json_object_set_new(o.o, "v", json_real(v));
		js_dump(o.o, &text, true);
		assert_int_equal(js_parse("x", text.buf, text.len, &back.o, NULL), 0);
		assert_same_bits(v, js_get_double(back.o, "v", &ok));
		assert_true(ok);
	}
}

static void counts_stand_as_what_they_are(void **state)
{
	struct ab_pair p = { .run = { run_metrics_none(), run_metrics_none() } };
	struct evidence e = EVIDENCE_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	(void)state;
	p.run[0].wall_ns = INT64_MAX;
	p.run[0].cpu_ns = (uint64_t)INT64_MAX + 1;
	p.run[1].wall_ns = 0;
	snprintf(p.run[1].output, sizeof(p.run[1].output), "%s", hash);
	add_line(evidence_pair_json(&e, &p), &text);
	assert_non_null(strstr(text.buf,
			       "\"a\":{\"wall_ns\":9223372036854775807,"
			       "\"cpu_ns\":\"9223372036854775808\","
			       "\"user_ns\":null,\"sys_ns\":null,\"run_delay_ns\":null,"));
	assert_non_null(strstr(text.buf, "\"cpu-migrations\":null},\"output\":null}"));
	assert_non_null(strstr(text.buf, "\"b\":{\"wall_ns\":0,"));
	assert_non_null(strstr(text.buf, hash));
}

/* --- one good text, and what becomes of it */

static void good_text(struct strbuf *out)
{
	struct ab_workload_info w = { .name = xstrdup("lua"),
				      .weight = 2.5,
				      .times = 3,
				      .metric = METRIC_CPU,
				      .output_compared = true,
				      .unit_ns = 77 };
	PGO_AUTO(evidence)
	e = {
		.head = { .seed = 99,
			  .n_max = 30,
			  .alpha = 0.025,
			  .margin = 0.02,
			  .a = xstrdup("old"),
			  .b = xstrdup("new"),
			  .machine = xstrdup("m"),
			  .kernel = xstrdup("k"),
			  .cpu_limit = 1500,
			  .memory_limit = EVIDENCE_NO_LIMIT },
		.workloads = xmemdup(&w, sizeof(w)),
		.nr_workloads = 1,
	};
	struct ab_pair p = { .round = 1,
			     .swapped = true,
			     .padding_bytes = 17,
			     .processor = 3,
			     .run = { run_metrics_none(), run_metrics_none() } };

	p.run[0].wall_ns = p.run[0].cpu_ns = 1001;
	p.run[1].wall_ns = p.run[1].cpu_ns = 2002;
	evidence_add(&e, &p);
	p.kind = PAIR_AA;
	p.round = 2;
	evidence_add(&e, &p);
	write_all(&e, out);
}

static void replace(struct strbuf *text, const char *from, const char *to)
{
	const char *at = strstr(text->buf, from);
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	if (!at)
		fail_msg("no %s in %s", from, text->buf);
	strbuf_add(&out, text->buf, (size_t)(at - text->buf));
	strbuf_addstr(&out, to);
	strbuf_addstr(&out, at + strlen(from));
	strbuf_clear(text);
	strbuf_add(text, out.buf, out.len);
}

struct refusal {
	const char *from, *to;
	int code;
	unsigned line;
	const char *says;
};

static const struct refusal refusals[] = {
	{ "\"evidence\":5", "\"evidence\":6", PGO_EVERSION, 0, "version 6, not of version 5" },
	{ "\"evidence\":5", "\"evidence\":4294967298", PGO_EVERSION, 0, "version 4294967298" },
	{ "\"evidence\":5", "\"evidence\":2", PGO_EFORMAT, 1, "16 fields where 13" },
	{ "\"evidence\":5", "\"evidence\":0", PGO_EVERSION, 0, "version 0" },
	{ "\"evidence\":5", "\"evidence\":\"1\"", PGO_EFORMAT, 1, "version" },
	{ "\"evidence\":5,", "", PGO_EFORMAT, 1, "version" },
	{ "\"cpu_limit\":1500", "\"cpu_limit\":\"some\"", PGO_EFORMAT, 1,
	  "'cpu_limit' has a wrong" },
	{ "\"cpu_limit\":1500", "\"cpu_limit\":-1", PGO_EFORMAT, 1, "'cpu_limit' has a wrong" },
	{ "\"memory_limit\":\"none\"", "\"memory_limit\":[]", PGO_EFORMAT, 1, "'memory_limit'" },
	{ "\"seed\":99,", "", PGO_EFORMAT, 1, "'seed' is missing" },
	{ "\"seed\":99,", "\"seed\":99,\"seed\":98,", PGO_EFORMAT, 1, "duplicate" },
	{ "\"seed\":99,", "\"seed\":99,\"colour\":98,", PGO_EFORMAT, 1, "17 fields where 16" },
	{ "\"seed\":99", "\"seed\":-1", PGO_EFORMAT, 1, "'seed' has a wrong" },
	{ "\"seed\":99", "\"seed\":1.5", PGO_EFORMAT, 1, "'seed' has a wrong" },
	{ "\"seed\":99", "\"seed\":\"18446744073709551616\"", PGO_EFORMAT, 1, "'seed'" },
	{ "\"seed\":99", "\"seed\":\" 99\"", PGO_EFORMAT, 1, "'seed'" },
	{ "\"seed\":99", "\"seed\":99999999999999999999", PGO_EFORMAT, 1, "too big" },
	{ "\"n_max\":30", "\"n_max\":0", PGO_EFORMAT, 1, "n_max is 0" },
	{ "\"n_max\":30", "\"n_max\":257", PGO_EFORMAT, 1, "n_max is 257" },
	{ "\"n_max\":30", "\"n_max\":4294967297", PGO_EFORMAT, 1, "'n_max'" },
	{ "\"alpha\":0.02", "\"alpha\":0.52", PGO_EFORMAT, 1, "alpha" },
	{ "\"alpha\":0.02", "\"alpha\":-0.02", PGO_EFORMAT, 1, "alpha" },
	{ "\"alpha\":0.02", "\"alpha\":\"\",\"x\":0.02", PGO_EFORMAT, 1, "'alpha'" },
	{ "\"margin\":0.02", "\"margin\":-0.02", PGO_EFORMAT, 1, "negative" },
	{ "\"margin\":0.02", "\"margin\":1e999, \"x\":0.02", PGO_EFORMAT, 1, "overflow" },
	{ "\"inject\":0.0", "\"inject\":-0.5", PGO_EFORMAT, 1, "negative" },
	{ "\"margin\":0.02", "\"margin\":NaN, \"x\":0.02", PGO_EFORMAT, 1, "token" },
	{ "\"min_effect\":0", "\"min_effect\":-1", PGO_EFORMAT, 1, "negative" },
	{ "no-regression", "no-regressio", PGO_EFORMAT, 1, "'gate'" },
	{ "\"machine\":\"m\"", "\"machine\":null", PGO_EFORMAT, 1, "'machine'" },
	{ "\"a\":\"old\"", "\"a\":7", PGO_EFORMAT, 1, "'a'" },
	{ "\"a\":\"old\"", "\"a\":\"o\\u0000d\"", PGO_EFORMAT, 1, "\\u0000" },
	{ "\"a\":\"old\"", "\"a\":\"o\xffz\"", PGO_EFORMAT, 1, "decode byte 0xff" },
	{ "\"workloads\":[{", "\"workloads\":[],\"x\":[{", PGO_EFORMAT, 1, "17 fields" },
	{ "\"workloads\":[{", "\"workloads\":[7,{", PGO_EFORMAT, 1, "no object" },
	{ "\"name\":\"lua\"", "\"name\":\"\"", PGO_EFORMAT, 1, "no name" },
	{ "\"weight\":2.5", "\"weight\":0", PGO_EFORMAT, 1, "weight" },
	{ "\"weight\":2.5", "\"weight\":-2.5", PGO_EFORMAT, 1, "weight" },
	{ "\"weight\":2.5", "\"weight\":2.5e10", PGO_EFORMAT, 1, "weight" },
	{ "\"metric\":\"cpu\"", "\"metric\":\"gpu\"", PGO_EFORMAT, 1, "'metric'" },
	{ "\"times\":3", "\"times\":0", PGO_EFORMAT, 1, "0 times" },
	{ "\"times\":3", "\"times\":3,\"x\":3", PGO_EFORMAT, 1, "9 fields where 8" },
	{ "\"held_out\":false", "\"held_out\":0", PGO_EFORMAT, 1, "'held_out'" },
	{ "\"unit_ns\":77", "\"unit_ns\":null", PGO_EFORMAT, 1, "'unit_ns'" },
	{ "{\"workload\":0", "{\"workload\":1", PGO_EFORMAT, 2, "workload 1 of 1" },
	{ "{\"workload\":0", "{\"workload\":4294967296", PGO_EFORMAT, 2, "workload 4294967296" },
	{ "{\"workload\":0", "{\"workload\":\"18446744073709551615\"", PGO_EFORMAT, 2, "of 1" },
	{ "{\"workload\":0", "{\"workload\":-1", PGO_EFORMAT, 2, "'workload'" },
	{ "{\"workload\":0,", "{", PGO_EFORMAT, 2, "'workload' is missing" },
	{ "\"kind\":\"ab\"", "\"kind\":\"ba\"", PGO_EFORMAT, 2, "'kind'" },
	{ "\"part\":\"whole\",", "", PGO_EFORMAT, 2, "'part' is missing" },
	{ "\"part\":\"whole\"", "\"part\":\"half\"", PGO_EFORMAT, 2, "'part'" },
	{ "\"part\":\"whole\"", "\"part\":\"first\"", PGO_EFORMAT, 3, "without its first" },
	{ "\"part\":\"whole\"", "\"part\":\"second\"", PGO_EFORMAT, 2, "without its first" },
	{ "\"user_ns\":null,", "", PGO_EFORMAT, 2, "'user_ns' is missing" },
	{ "\"sys_ns\":null", "\"sys_ns\":-1", PGO_EFORMAT, 2, "'sys_ns'" },
	{ "\"round\":1", "\"round\":2", PGO_EFORMAT, 2, "round 2 after 0" },
	{ "\"round\":2", "\"round\":4294967295", PGO_EFORMAT, 3, "round 4294967295 after 1" },
	{ "\"swapped\":true", "\"swapped\":1", PGO_EFORMAT, 2, "'swapped'" },
	{ "\"padding_bytes\":17", "\"padding_bytes\":null", PGO_EFORMAT, 2, "'padding_bytes'" },
	{ "\"processor\":3", "\"processor\":-1", PGO_EFORMAT, 2, "'processor'" },
	{ "\"processor\":3,", "", PGO_EFORMAT, 2, "'processor' is missing" },
	{ "\"validity\":\"valid\"", "\"validity\":\"fine\"", PGO_EFORMAT, 2, "'validity'" },
	{ "\"a\":{", "\"a\":null,\"x\":{", PGO_EFORMAT, 2, "'a' has a wrong" },
	{ "\"wall_ns\":1001", "\"wall_ns\":null", PGO_EFORMAT, 2, "no wall time" },
	{ "\"cpu_ns\":2002", "\"cpu_ns\":null", PGO_EFORMAT, 2, "no CPU time" },
	{ "\"wall_ns\":1001", "\"wall_ns\":\"18446744073709551615\"", PGO_EFORMAT, 2, "wall_ns" },
	{ "\"wall_ns\":1001", "\"wall_ns\":\"\"", PGO_EFORMAT, 2, "wall_ns" },
	{ "\"counters\":{", "\"counters\":[],\"x\":{", PGO_EFORMAT, 2, "'counters'" },
	{ "\"branches\":null,", "", PGO_EFORMAT, 2, "'branches' is missing" },
	{ "\"branches\":null,", "\"branches\":null,\"x\":1,", PGO_EFORMAT, 2,
	  "14 fields where 13" },
	{ "\"branches\":null,", "\"branches\":false,", PGO_EFORMAT, 2, "'branches'" },
	{ "},\"output\":null}", "},\"output\":\"\"}", PGO_EFORMAT, 2, "'output'" },
	{ "},\"output\":null}", "},\"output\":\"abc\"}", PGO_EFORMAT, 2, "'output'" },
	{ "}}\n", "}}\n\n", PGO_EFORMAT, 3, "expected" },
	{ "}}\n", "}} {}\n", PGO_EFORMAT, 2, "end of file" },
	{ "}}\n", "}}\n[]\n", PGO_EFORMAT, 3, "no JSON object" },
	{ "}}\n", "}}\n7\n", PGO_EFORMAT, 3, "expected" },
};

static size_t line_offset(const struct strbuf *text, unsigned line)
{
	const char *p = text->buf;

	while (line-- > 1)
		p = strchr(p, '\n') + 1;
	return (size_t)(p - text->buf);
}

static void wrong_text_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *f = &refusals[i];
		struct evidence e = { .nr_pairs = 4711 };
		PGO_AUTO(strbuf) text = STRBUF_INIT;
		PGO_AUTO(strbuf) place = STRBUF_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
		size_t at;

		good_text(&text);
		replace(&text, f->from, f->to);
		if (evidence_parse("x", text.buf, text.len, &e, &err) != -f->code)
			fail_msg("%s was not refused as it should: %s", f->to, err.msg);
		assert_int_equal(e.nr_pairs, 4711);
		at = line_offset(&text, f->line);
		if (f->line)
			strbuf_addf(&place, "line %u, at byte %zu: ", f->line, at);
		if (!strstr(err.msg, f->says) || !strstr(err.msg, place.buf) ||
		    err.offset != (int64_t)at)
			fail_msg("%s: %s (offset %lld)", f->to, err.msg, (long long)err.offset);
	}
}

static void good_text_is_taken(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	(void)state;
	good_text(&text);
	assert_int_equal(evidence_parse("x", text.buf, text.len, &e, NULL), 0);
	assert_int_equal(e.nr_pairs, 2);
	assert_int_equal(e.pairs[1].kind, PAIR_AA);
	assert_true(e.pairs[0].swapped && e.pairs[0].padding_bytes == 17);
	assert_true(e.pairs[0].run[1].cpu_ns == 2002);
	assert_true(e.pairs[0].run[1].counters[NR_COUNTERS - 1] == NOT_MEASURED);
	assert_null(e.head.commit);
}

/* A unit of two pairs: what must be alike in them, and what must not. */
static void the_parts_of_a_unit_belong_together(void **state)
{
	(void)state;
	for (int wrong = 0; wrong < 5; wrong++) {
		PGO_AUTO(evidence) e = EVIDENCE_INIT;
		PGO_AUTO(evidence) again = EVIDENCE_INIT;
		PGO_AUTO(strbuf) text = STRBUF_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
		struct ab_pair *second;

		good_text(&text);
		assert_int_equal(evidence_parse("x", text.buf, text.len, &e, NULL), 0);
		second = &e.pairs[1];
		*second = e.pairs[0];
		e.pairs[0].part = PART_FIRST;
		second->part = PART_SECOND;
		second->swapped = e.pairs[0].swapped != (wrong != 1);
		second->kind = wrong == 2 ? PAIR_AA : PAIR_AB;
		second->round += wrong == 3;
		second->invalid = wrong == 4 ? INVALID_STEAL : VALID;
		strbuf_clear(&text);
		write_all(&e, &text);
		assert_int_equal(evidence_parse("x", text.buf, text.len, &again, &err),
				 wrong ? -PGO_EFORMAT : 0);
		if (wrong)
			assert_non_null(strstr(err.msg, "do not belong together"));
		else
			assert_int_equal(again.pairs[1].part, PART_SECOND);
	}
}

static void remove_all(struct strbuf *text, const char *word)
{
	while (strstr(text->buf, word))
		replace(text, word, "");
}

static void make_version_2(struct strbuf *text)
{
	replace(text, "\"evidence\":5", "\"evidence\":2");
	remove_all(text, "\"processor\":3,");
	remove_all(text, "\"cpu_limit\":1500,\"memory_limit\":\"none\",\"inject\":0.0,");
	remove_all(text, "\"read_bytes\":null,\"written_bytes\":null,\"disk_wait_ns\":null,");
	remove_all(text, "\"nr_throttled\":null,");
	remove_all(text, "\"busy_ns\":null,");
	remove_all(text,
		   "\"memory_some_ns\":null,\"memory_full_ns\":null,\"io_some_ns\":null,"
		   "\"io_full_ns\":null,\"memory_limit_hits\":null,\"oom_kills\":null,");
}

/* What a later version brought is absent in an older file, and not measured. */
static void old_files_are_taken(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT, f = EVIDENCE_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	(void)state;
	good_text(&text);
	make_version_2(&text);
	assert_int_equal(evidence_parse("x", text.buf, text.len, &f, NULL), 0);
	assert_int_equal(f.nr_pairs, 2);
	assert_true(f.head.cpu_limit == NOT_MEASURED && f.head.memory_limit == NOT_MEASURED);
	assert_true(f.head.inject == 0);
	assert_true(f.pairs[0].processor == NOT_MEASURED);
	assert_true(f.pairs[0].run[0].read_bytes == NOT_MEASURED);
	assert_true(f.pairs[0].run[0].oom_kills == NOT_MEASURED);
	replace(&text, "\"evidence\":2", "\"evidence\":1");
	remove_all(&text, "\"part\":\"whole\",");
	remove_all(&text, "\"user_ns\":null,\"sys_ns\":null,");
	assert_int_equal(evidence_parse("x", text.buf, text.len, &e, NULL), 0);
	assert_int_equal(e.nr_pairs, 2);
	assert_int_equal(e.pairs[0].part, PART_WHOLE);
	assert_true(e.pairs[0].run[0].cpu_ns == 1001);
	assert_true(e.pairs[0].run[0].user_ns == NOT_MEASURED);
	assert_true(e.pairs[0].run[0].sys_ns == NOT_MEASURED);
}

static void metrics_alone(void **state)
{
	struct run_metrics m = run_metrics_none(), back;
	PGO_AUTO(json_holder) o = { NULL };

	(void)state;
	m.wall_ns = 5;
	m.io_some_ns = 0;
	o.o = run_metrics_json(&m);
	assert_true(run_metrics_take(o.o, &back));
	assert_same_run(&m, &back);
	json_object_del(o.o, "oom_kills");
	assert_false(run_metrics_take(o.o, &back));
	assert_false(run_metrics_take(NULL, &back));
}

static void a_line_has_a_bound(void **state)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(strbuf) blanks = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	good_text(&text);
	while (blanks.len < EVIDENCE_MAX_LINE)
		strbuf_addch(&blanks, ' ');
	strbuf_add(&blanks, text.buf, text.len);
	assert_int_equal(evidence_parse("x", blanks.buf, blanks.len, &e, &err), -PGO_EFORMAT);
	assert_non_null(strstr(err.msg, "longer"));
	assert_int_equal(evidence_parse("x", blanks.buf + blanks.len / 2,
					blanks.len - blanks.len / 2, &e, NULL),
			 0);
}

/* At every byte: as many pairs as there are whole lines, the rest told. */
static void cut_off_anywhere(void **state)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	size_t lines = 0, rest = 0;

	(void)state;
	good_text(&text);
	for (size_t len = 0; len <= text.len; len++) {
		PGO_AUTO(evidence) e = EVIDENCE_INIT;
		PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
		/* a copy that ends there, so that reading further is seen */
		PGO_AUTO_FREE char *part = xmemdup(text.buf, len);
		int r = evidence_parse("x", part, len, &e, &err);

		if (len && text.buf[len - 1] == '\n') {
			lines++;
			rest = 0;
		} else {
			rest += len > 0;
		}
		assert_int_equal(r, lines ? 0 : -PGO_EFORMAT);
		assert_int_equal(e.nr_pairs, lines ? lines - 1 : 0);
		assert_int_equal(e.left_out_bytes, lines ? rest : 0);
	}
	assert_int_equal(lines, 3);
}

static void flipped_bits(void **state)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3);
	good_text(&text);
	for (int rep = 0; rep < 10000; rep++) {
		PGO_AUTO_FREE char *wrong = xmemdup(text.buf, text.len);
		uint64_t flips = 1 + rng_below(&rng, 3);

		while (flips--)
			wrong[rng_below(&rng, text.len)] ^= (char)(1u << rng_below(&rng, 8));
		LLVMFuzzerTestOneInput((const uint8_t *)wrong, text.len);
	}
}

static void files(void **state)
{
	char dir[] = "/tmp/evidence-test-XXXXXX";
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO_FREE char *path = NULL;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	log_set_level(LOG_QUIET);
	assert_non_null(mkdtemp(dir));
	path = fs_join(dir, "evidence.jsonl");
	assert_int_equal(evidence_read(path, &e, &err), -PGO_ENOTFOUND);
	assert_int_equal(fs_write_atomic(path, "", 0, 0600, NULL), 0);
	assert_int_equal(evidence_read(path, &e, &err), -PGO_EFORMAT);
	assert_non_null(strstr(err.msg, "holds no evidence"));
	good_text(&text);
	assert_int_equal(fs_write_atomic(path, text.buf, text.len - 1, 0600, NULL), 0);
	assert_int_equal(evidence_read(path, &e, &err), 0);
	assert_int_equal(e.nr_pairs, 1);
	assert_true(e.left_out_bytes > 100);
	assert_int_equal(fs_remove_tree(dir, NULL), 0);
}

/* --- docs/evidence.md */

static void check_keys(const json_t *o, const char *doc)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)o, key, v) {
		PGO_AUTO_FREE char *quoted = xstrfmt("`%s`", key);

		if (!strstr(doc, quoted))
			fail_msg("docs/evidence.md says nothing of %s", quoted);
		check_keys(v, doc);
		check_keys(json_array_get(v, 0), doc);
	}
}

static void the_manual_is_right(void **state)
{
	const char *srcdir = getenv("srcdir"), *begin, *end;
	PGO_AUTO_FREE char *path = fs_join(srcdir ? srcdir : ".", "docs/evidence.md");
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	PGO_AUTO(strbuf) doc = STRBUF_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO(json_holder) head = { NULL };
	PGO_AUTO(json_holder) pair = { NULL };

	(void)state;
	assert_int_equal(fs_read_file(path, &doc, NULL), 0);
	begin = strstr(doc.buf, "```jsonl\n");
	assert_non_null(begin);
	begin += strlen("```jsonl\n");
	end = strstr(begin, "```");
	assert_non_null(end);
	if (evidence_parse("the example", begin, (size_t)(end - begin), &e, &err))
		fail_msg("%s", err.msg);
	assert_true(e.nr_pairs > 0);
	write_all(&e, &text);
	assert_int_equal(text.len, end - begin);
	assert_memory_equal(text.buf, begin, text.len);
	head.o = evidence_head_json(&e);
	pair.o = evidence_pair_json(&e, &e.pairs[0]);
	check_keys(head.o, doc.buf);
	check_keys(pair.o, doc.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(nothing_is_measured_at_first),
		cmocka_unit_test(metrics_are_positive_seconds),
		cmocka_unit_test(every_bit_survives),
		cmocka_unit_test(every_double_survives),
		cmocka_unit_test(counts_stand_as_what_they_are),
		cmocka_unit_test(good_text_is_taken),
		cmocka_unit_test(the_parts_of_a_unit_belong_together),
		cmocka_unit_test(old_files_are_taken),
		cmocka_unit_test(metrics_alone),
		cmocka_unit_test(wrong_text_is_refused),
		cmocka_unit_test(a_line_has_a_bound),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(flipped_bits),
		cmocka_unit_test(files),
		cmocka_unit_test(the_manual_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
