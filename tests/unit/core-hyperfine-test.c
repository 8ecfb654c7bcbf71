/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/core/hyperfine.h"
#include "pgo/stats/rng.h"

/* tests/fuzz/fuzz-hyperfine.c: aborts when what was read is not written back as it was. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Made by: hyperfine -N -r 2 -i --export-json FILE 'sh -c "kill -9 $$"' -n named true (1.15) */
static const char export[] =
	"{\n"
	"  \"results\": [\n"
	"    {\n"
	"      \"command\": \"named\",\n"
	"      \"mean\": 0.003700365,\n"
	"      \"stddev\": 0.0037233782365685064,\n"
	"      \"median\": 0.003700365,\n"
	"      \"user\": 0.0011765,\n"
	"      \"system\": 0.0,\n"
	"      \"min\": 0.0010675390000000002,\n"
	"      \"max\": 0.006333191,\n"
	"      \"times\": [\n"
	"        0.0010675390000000002,\n"
	"        0.006333191\n"
	"      ],\n"
	"      \"exit_codes\": [\n"
	"        137,\n"
	"        137\n"
	"      ]\n"
	"    },\n"
	"    {\n"
	"      \"command\": \"true\",\n"
	"      \"mean\": 0.0037687170000000004,\n"
	"      \"stddev\": 0.0006116600936484253,\n"
	"      \"median\": 0.0037687170000000004,\n"
	"      \"user\": 0.0010645,\n"
	"      \"system\": 0.0,\n"
	"      \"min\": 0.0033362080000000002,\n"
	"      \"max\": 0.004201226000000001,\n"
	"      \"times\": [\n"
	"        0.0033362080000000002,\n"
	"        0.004201226000000001\n"
	"      ],\n"
	"      \"exit_codes\": [\n"
	"        0,\n"
	"        0\n"
	"      ]\n"
	"    }\n"
	"  ]\n"
	"}\n";

/* As later versions write it: one run, a signal, memory, parameters. */
static const char later[] =
	"{\"results\":[{\"command\":\"sleep 1\",\"mean\":1.5,\"stddev\":null,\"median\":1.5,"
	"\"user\":0.25,\"system\":0.125,\"min\":1.5,\"max\":1.5,\"times\":[1.5],"
	"\"memory_usage_byte\":[3145728],\"exit_codes\":[null],\"parameters\":{\"n\":\"1\"}}]}";

static void assert_same_number(double a, double b)
{
	if (!(isnan(a) && isnan(b)))
		assert_memory_equal(&a, &b, sizeof(a));
}

static void assert_same_result(const struct hyperfine_result *a, const struct hyperfine_result *b)
{
	assert_string_equal(a->command, b->command);
	assert_same_number(a->mean_s, b->mean_s);
	assert_same_number(a->stddev_s, b->stddev_s);
	assert_same_number(a->median_s, b->median_s);
	assert_same_number(a->user_s, b->user_s);
	assert_same_number(a->system_s, b->system_s);
	assert_same_number(a->min_s, b->min_s);
	assert_same_number(a->max_s, b->max_s);
	assert_int_equal(a->nr, b->nr);
	assert_memory_equal(a->times_s, b->times_s, a->nr * sizeof(*a->times_s));
	assert_true(!a->exit_codes == !b->exit_codes && !a->memory_bytes == !b->memory_bytes);
	if (a->exit_codes)
		assert_memory_equal(a->exit_codes, b->exit_codes, a->nr * sizeof(int));
	if (a->memory_bytes)
		assert_memory_equal(a->memory_bytes, b->memory_bytes, a->nr * sizeof(uint64_t));
}

/* Written and read again: the same bits. */
static void assert_survives(const struct hyperfine *h)
{
	PGO_AUTO(json_holder) o = { hyperfine_json(h) };
	PGO_AUTO(hyperfine) back = HYPERFINE_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	js_dump(o.o, &text, false);
	if (hyperfine_parse("x", text.buf, text.len, &back, &err))
		fail_msg("%s in %s", err.msg, text.buf);
	assert_int_equal(h->nr, back.nr);
	for (size_t i = 0; i < h->nr; i++)
		assert_same_result(&h->results[i], &back.results[i]);
}

static void assert_near(double a, double b)
{
	if (!(isnan(a) && isnan(b)) && !(fabs(a - b) <= 1e-12 * fabs(b)))
		fail_msg("%.17g is not %.17g", a, b);
}

/* Our summary of hyperfine's times is hyperfine's. */
static void assert_summarized_alike(const struct hyperfine_result *theirs)
{
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	const struct hyperfine_result *ours;

	ours = hyperfine_add(&h, "x", theirs->times_s, theirs->nr);
	assert_near(ours->mean_s, theirs->mean_s);
	assert_near(ours->stddev_s, theirs->stddev_s);
	assert_near(ours->median_s, theirs->median_s);
	assert_near(ours->min_s, theirs->min_s);
	assert_near(ours->max_s, theirs->max_s);
	assert_true(isnan(ours->user_s) && isnan(ours->system_s));
	assert_true(!ours->exit_codes && !ours->memory_bytes);
}

static void an_export_is_read(void **state)
{
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	const struct hyperfine_result *r;

	(void)state;
	assert_int_equal(hyperfine_parse("x", export, strlen(export), &h, NULL), 0);
	assert_int_equal(h.nr, 2);
	r = &h.results[0];
	assert_string_equal(r->command, "named");
	assert_true(r->mean_s == 0.003700365 && r->stddev_s == 0.0037233782365685064);
	assert_true(r->user_s == 0.0011765 && r->system_s == 0);
	assert_true(r->nr == 2 && r->times_s[1] == 0.006333191);
	assert_true(r->exit_codes[0] == 137 && !r->memory_bytes);
	assert_int_equal(h.results[1].exit_codes[1], 0);
	for (size_t i = 0; i < h.nr; i++)
		assert_summarized_alike(&h.results[i]);
	assert_survives(&h);
}

static void later_versions_are_read(void **state)
{
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	const struct hyperfine_result *r;

	(void)state;
	assert_int_equal(hyperfine_parse("x", later, strlen(later), &h, NULL), 0);
	r = &h.results[0];
	assert_true(isnan(r->stddev_s) && r->memory_bytes[0] == 3145728);
	assert_int_equal(r->exit_codes[0], HYPERFINE_NO_EXIT);
	assert_survives(&h);
}

/* The very text, but for the digits of numbers and what is not known here. */
static void written_as_hyperfine_writes(void **state)
{
	const double times[] = { 0.5, 0.25 };
	const char *want =
		"{\"results\":[{\"command\":\"./new \\\"x\\\"\",\"mean\":0.375,"
		"\"stddev\":0.17677669529663689,\"median\":0.375,\"user\":null,"
		"\"system\":null,\"min\":0.25,\"max\":0.5,\"times\":[0.5,0.25],"
		"\"memory_usage_byte\":[4096,8192],\"exit_codes\":[0,null]}]}";
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	PGO_AUTO(json_holder) o = { NULL };
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct hyperfine_result *r = hyperfine_add(&h, "./new \"x\"", times, 2);

	(void)state;
	r->exit_codes = xcalloc(2, sizeof(*r->exit_codes));
	r->exit_codes[1] = HYPERFINE_NO_EXIT;
	r->memory_bytes = xcalloc(2, sizeof(*r->memory_bytes));
	r->memory_bytes[0] = 4096;
	r->memory_bytes[1] = 8192;
	o.o = hyperfine_json(&h);
	js_dump(o.o, &text, true);
	assert_string_equal(text.buf, want);
	assert_survives(&h);
}

static void random_results_survive(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	for (int rep = 0; rep < 100; rep++) {
		PGO_AUTO(hyperfine) h = HYPERFINE_INIT;

		for (size_t i = rng_below(&rng, 4); i-- > 0;) {
			size_t nr = 1 + rng_below(&rng, 40);
			double times[40];

			for (size_t k = 0; k < nr; k++)
				times[k] = exp(10 * rng_normal(&rng));
			hyperfine_add(&h, "x", times, nr);
		}
		assert_survives(&h);
	}
}

static const char *const refused[] = {
	"",
	"null",
	"[]",
	"{}",
	"{\"results\":{}}",
	"{\"results\":[7]}",
	"{\"results\":[{}]}",
	"{\"results\":[{\"command\":\"x\"}]}",
	"{\"results\":[{\"command\":null,\"times\":[1]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":1}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1,null]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1,-1]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1,1e999]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1],\"mean\":\"1\"}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1],\"exit_codes\":[]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1],\"exit_codes\":[0,0]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1],\"exit_codes\":[1.5]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1],\"exit_codes\":[2147483648]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1],\"memory_usage_byte\":[-1]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1],\"memory_usage_byte\":[1,2]}]}",
	"{\"results\":[{\"command\":\"x\",\"times\":[1]},{\"command\":\"y\",\"times\":[0,\"\"]}]}",
};

static void wrong_files_are_refused(void **state)
{
	static const char least[] = "{\"results\":[{\"command\":\"x\",\"times\":[0]}]}";
	struct hyperfine h = { .nr = 4711 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (hyperfine_parse("x", refused[i], strlen(refused[i]), &h, &err) != -PGO_EFORMAT)
			fail_msg("%s was taken", refused[i]);
		assert_int_equal(h.nr, 4711);
	}
	assert_non_null(strstr(err.msg, "field 'times' of result 1"));
	assert_int_equal(hyperfine_read("/nonexistent/x.json", &h, &err), -PGO_ENOTFOUND);
	assert_int_equal(hyperfine_parse("x", least, strlen(least), &h, &err), 0);
	assert_true(h.nr == 1 && isnan(h.results[0].mean_s));
	hyperfine_release(&h);
}

static void cut_off_and_flipped(void **state)
{
	const char *texts[] = { export, later };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 8);
	for (int rep = 0; rep < 10000; rep++) {
		const char *text = texts[rep % 2];
		size_t len = strlen(text);
		PGO_AUTO_FREE char *wrong = xmemdup(text, len);

		if (rep < 2 * (int)len) {
			len = (size_t)rep / 2;
			wrong = xrealloc_array(wrong, len ? len : 1, 1);
		} else {
			wrong[rng_below(&rng, len)] ^= (char)(1u << rng_below(&rng, 8));
			wrong[rng_below(&rng, len)] ^= (char)(1u << rng_below(&rng, 8));
		}
		LLVMFuzzerTestOneInput((const uint8_t *)wrong, len);
	}
}

static struct ab_pair pair(size_t workload, uint64_t a_ns, uint64_t b_ns)
{
	struct ab_pair p = { .workload = workload,
			     .run = { run_metrics_none(), run_metrics_none() } };

	p.run[0].wall_ns = a_ns;
	p.run[1].wall_ns = b_ns;
	p.run[0].max_rss_bytes = 4096;
	return p;
}

static void evidence_is_exported(void **state)
{
	struct ab_workload_info w[2] = { { .name = xstrdup("lua"), .times = 2 },
					 { .name = xstrdup("zstd"), .times = 1 } };
	PGO_AUTO(evidence)
	e = { .head = { .a = xstrdup("old"), .b = xstrdup("new") },
	      .workloads = xmemdup(w, sizeof(w)),
	      .nr_workloads = 2 };
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	PGO_AUTO(hyperfine) one = HYPERFINE_INIT;
	struct ab_pair p = pair(0, 3000000000u, 1000000000u);

	(void)state;
	evidence_add(&e, &p);
	p = pair(0, 5000000000u, 2000000000u);
	evidence_add(&e, &p);
	p.kind = PAIR_AA;
	evidence_add(&e, &p);
	p.kind = PAIR_AB;
	p.invalid = INVALID_STEAL;
	evidence_add(&e, &p);
	hyperfine_from_evidence(&e, &h);
	assert_int_equal(h.nr, 2);
	assert_string_equal(h.results[0].command, "old: lua");
	assert_string_equal(h.results[1].command, "new: lua");
	assert_true(h.results[0].nr == 2 && h.results[0].times_s[0] == 1.5);
	assert_true(h.results[0].mean_s == 2 && h.results[1].times_s[1] == 1);
	assert_true(h.results[0].memory_bytes[1] == 4096 && !h.results[1].memory_bytes);
	assert_true(isnan(h.results[0].user_s) && !h.results[0].exit_codes);
	assert_survives(&h);
	e.nr_workloads = 1;
	hyperfine_from_evidence(&e, &one);
	assert_string_equal(one.results[1].command, "new");
	e.nr_workloads = 2;
}

/* The real one, where it is installed. */
static void hyperfine_itself(void **state)
{
	static const char *const argv[] = {
		"hyperfine",
		"-N",
		"-r",
		"5",
		"-i",
		"--style",
		"none",
		"-n",
		"na\xc3\xafve \"name\"",
		"true",
		"sh -c 'exit 3'",
		"--export-json"
	};
	char dir[] = "/tmp/hyperfine-test-XXXXXX";
	PGO_AUTO_FREE char *path = NULL;
	PGO_AUTO_FREE char *tool = fs_which("hyperfine", getenv("PATH"), NULL);
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	PGO_AUTO(child) c = CHILD_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct child_result res;

	(void)state;
	if (!tool) {
		print_message("# skipped: there is no hyperfine\n");
		return;
	}
	assert_non_null(mkdtemp(dir));
	path = fs_join(dir, "export.json");
	for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
		strvec_push(&c.argv, argv[i]);
	strvec_push(&c.argv, path);
	c.err_path = c.out_path = "/dev/null";
	assert_int_equal(child_run(&c, &res, NULL), 0);
	assert_int_equal(res.exit_status, 0);
	if (hyperfine_read(path, &h, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(h.nr, 2);
	assert_string_equal(h.results[0].command, "na\xc3\xafve \"name\"");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(h.results[i].nr, 5);
		assert_int_equal(h.results[i].exit_codes[4], i ? 3 : 0);
		assert_true(h.results[i].user_s >= 0 && h.results[i].system_s >= 0);
		assert_summarized_alike(&h.results[i]);
	}
	assert_survives(&h);
	assert_int_equal(fs_remove_tree(dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_export_is_read),
		cmocka_unit_test(later_versions_are_read),
		cmocka_unit_test(written_as_hyperfine_writes),
		cmocka_unit_test(random_results_survive),
		cmocka_unit_test(wrong_files_are_refused),
		cmocka_unit_test(cut_off_and_flipped),
		cmocka_unit_test(evidence_is_exported),
		cmocka_unit_test(hyperfine_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
