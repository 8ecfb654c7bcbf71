/* SPDX-License-Identifier: Apache-2.0 */
/* What llvm-bolt is told, and what is read of what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "drivers/postlink.h"
#include "pgo/base/strbuf.h"

static char *joined(const struct strvec *sv)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < sv->nr; i++)
		strbuf_addf(&out, "%s%s", i ? " " : "", sv->v[i]);
	return strbuf_take(&out);
}

static void test_names(void **state)
{
	PGO_AUTO_FREE char *program = postlink_bolt.program_name(22);
	PGO_AUTO_FREE char *package = postlink_bolt.package(19);
	PGO_AUTO_FREE char *runtime = postlink_bolt.runtime_package(22);

	(void)state;
	assert_string_equal(program, "llvm-bolt-22");
	assert_string_equal(package, "bolt-19");
	assert_null(postlink_bolt.package(14));
	assert_string_equal(runtime, "libbolt-22-dev");
}

static void test_version(void **state)
{
	(void)state;
	assert_int_equal(postlink_bolt.version("Debian LLVM version 22.1.8\n  Optimized build.\n"
					       "BOLT revision <unknown>\n"),
			 22);
	assert_int_equal(postlink_bolt.version("LLVM (http://llvm.org/):\n  LLVM version 19.1.7\n"
					       "BOLT revision 0123\n"),
			 19);
	assert_int_equal(postlink_bolt.version("LLVM version 22.1.8\n"), 0);
	assert_int_equal(postlink_bolt.version("BOLT LLVM version x\n"), 0);
	assert_int_equal(postlink_bolt.version(""), 0);
}

static void test_instrument(void **state)
{
	const struct postlink_job job = { "bolt", 22, "in", "out", "/raw/app", 0 };
	PGO_AUTO(strvec) argv = STRVEC_INIT;
	PGO_AUTO_FREE char *line = NULL;

	(void)state;
	postlink_bolt.instrument(&job, &argv);
	line = joined(&argv);
	assert_string_equal(line,
			    "bolt in -o out -instrument -instrumentation-file=/raw/app "
			    "-instrumentation-file-append-pid");
}

static void test_optimize(void **state)
{
	static const struct {
		unsigned major;
		const char *icf;
	} known[] = { { 19, "-icf=1" }, { 20, "-icf=all" }, { 22, "-icf=all" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const struct postlink_job job = { "bolt", known[i].major, "in", "out", "f", 0 };
		PGO_AUTO(strvec) argv = STRVEC_INIT;
		PGO_AUTO_FREE char *line = NULL;

		postlink_bolt.optimize(&job, &argv);
		assert_true(strvec_has(&argv, known[i].icf));
		line = joined(&argv);
		assert_non_null(strstr(line, "bolt in -o out -data=f -reorder-blocks=ext-tsp"));
	}
}

static void test_report(void **state)
{
	static const char text[] =
		"BOLT-INFO: shared object or position-independent executable detected\n"
		"BOLT-INFO: 8 out of 12 functions in the binary (66.7%) have non-empty execution "
		"profile\n"
		"BOLT-INFO: 2 functions with profile could not be optimized\n"
		"BOLT-WARNING: 1 (12.5% of all profiled) function have invalid (possibly stale) "
		"profile. Use -report-stale to see the list.\n"
		"BOLT-WARNING: 51490 out of 54521 samples in the binary (94.4%) belong to "
		"functions with invalid (possibly stale) profile.\n"
		"BOLT-INFO: basic block reordering modified layout of 2 functions (25.00% of "
		"profiled, 9.52% of total)\n"
		"BOLT-INFO: program-wide dynostats after all optimizations before SCTC and FOP:\n\n"
		"   1014 : executed forward branches\n"
		"   19 : taken forward branches\n"
		" 619089 : executed instructions\n"
		"  51515 : total branches\n"
		"  49529 : taken branches\n"
		"\n"
		"   1014 : executed forward branches (=)\n"
		" 618097 : executed instructions (-0.2%)\n"
		"  51514 : total branches (-0.0%)\n"
		"  49519 : taken branches (-0.0%)\n";
	struct postlink_report r;

	(void)state;
	postlink_bolt.read_report(text, &r);
	assert_int_equal(r.nr_profiled, 8);
	assert_int_equal(r.nr_functions, 12);
	assert_int_equal(r.nr_stale, 1);
	assert_int_equal(r.stale_samples, 51490);
	assert_int_equal(r.nr_samples, 54521);
	assert_int_equal(r.nr_reordered, 2);
	assert_int_equal(r.instructions[0], 619089);
	assert_int_equal(r.instructions[1], 618097);
	assert_int_equal(r.branches[0], 51515);
	assert_int_equal(r.branches[1], 51514);
	assert_int_equal(r.taken_branches[0], 49529);
	assert_int_equal(r.taken_branches[1], 49519);
}

/* Nothing of it, cut off anywhere, or something else: no number is made up. */
static void test_report_odd(void **state)
{
	static const char text[] =
		"BOLT-INFO: 8 out of 12 functions in the binary (66.7%) have\n"
		"BOLT-WARNING: 5 (12.5% of all profiled) functions have what\n"
		"  12 : taken branches\n : executed instructions\n\n\n"
		"99999999999999999999999 : executed forward branches\n";
	struct postlink_report r;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		PGO_AUTO_FREE char *cut = xstrndup(text, len);

		postlink_bolt.read_report(cut, &r);
		assert_int_equal(r.nr_stale, 0);
		assert_int_equal(r.taken_branches[0], 0);
		assert_int_equal(r.instructions[0], 0);
	}
	assert_int_equal(r.nr_profiled, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	   cmocka_unit_test(test_version),
		cmocka_unit_test(test_instrument), cmocka_unit_test(test_optimize),
		cmocka_unit_test(test_report),	   cmocka_unit_test(test_report_odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
