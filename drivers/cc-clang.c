/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clang, instrumentation of the IR (-fprofile-generate): better for speed than
 * the front end's (-fprofile-instr-generate), which is made for coverage.
 * Source: clang 14.0.6, 19.1.7 and 22.1.8, by trial.
 */
#include <string.h>

#include "drivers/drivers.h"

/*
 * Lines that have moved leave a function's samples without a place, which clang does not say by
 * itself. With this it warns of functions that less than half of their samples found one in.
 */
#define SAMPLE_CHECK "-sample-profile-check-sample-coverage=50"

/* 14.0.6 ends in its loop optimizer at every other try. */
#define MIN_CONTINUOUS 15u

static int clang_match(const struct tool_version *v)
{
	return !strcmp(v->family, "clang");
}

static void push_llvm(struct strvec *cflags, const char *option)
{
	strvec_push(cflags, "-mllvm");
	strvec_push(cflags, option);
}

/*
 * Not -fprofile-update=atomic: 13 and 14 take it and do not heed it where the IR is counted (four
 * threads of a program that forks lost up to a fifth of their counts, in 9 runs of 450).
 */
static void add_instrumented(const struct build_stage *stage, struct strvec *cflags,
			     struct strvec *ldflags)
{
	strvec_push(cflags, "-fprofile-generate");
	strvec_push(ldflags, "-fprofile-generate");
	if (stage_wants_atomic(stage))
		push_llvm(cflags, LLVM_ATOMIC);
	if (stage->continuous)
		push_llvm(cflags, LLVM_CONTINUOUS);
}

/* Lines, discriminators and names that do not change from one build to the next. */
static void add_sampled(struct strvec *cflags)
{
	strvec_push(cflags, "-g1");
	strvec_push(cflags, "-fdebug-info-for-profiling");
	strvec_push(cflags, "-funique-internal-linkage-names");
}

/*
 * A profile that does not fit must not break a build with -Werror, yet be said.
 * The names are known to 14, 19 and 22 alike. Links get the flag for LTO's sake;
 * without LTO no version complains about it, also not under -Werror.
 */
static void add_optimized(const struct build_stage *stage, struct strvec *cflags,
			  struct strvec *ldflags)
{
	const char *option = stage->technique == TECHNIQUE_SAMPLE ? "-fprofile-sample-use"
								  : "-fprofile-use";

	strvec_pushf(cflags, "%s=%s", option, stage->profile);
	strvec_push(cflags, "-Wno-error=profile-instr-unprofiled");
	strvec_push(cflags, "-Wno-error=profile-instr-out-of-date");
	strvec_push(cflags, "-Wno-error=backend-plugin");
	strvec_pushf(ldflags, "%s=%s", option, stage->profile);
	if (stage->technique == TECHNIQUE_SAMPLE)
		push_llvm(cflags, SAMPLE_CHECK);
}

static int clang_add_flags(const struct build_stage *stage, const struct tool_version *v,
			   struct strvec *cflags, struct strvec *ldflags, struct pgo_err *err)
{
	int ret = refuse_partial_training(stage, v->family, err);

	if (!ret)
		ret = require_profile(stage, err);
	if (!ret && stage->continuous && stage->kind == STAGE_INSTRUMENTED &&
	    v->major < MIN_CONTINUOUS) {
		pgo_error(err, PGO_EUNSUP,
			  "clang %s crashes where it makes counters that can be mapped",
			  v->version);
		ret = pgo_err_hint(err,
				   "a newer clang, or save them as the program runs: --every 30s");
	}
	if (ret)
		return ret;
	if (stage->technique == TECHNIQUE_SAMPLE)
		add_sampled(cflags);
	if (stage->kind == STAGE_PREBOLT)
		strvec_push(ldflags, POSTLINK_LDFLAG);
	if (stage->kind == STAGE_INSTRUMENTED)
		add_instrumented(stage, cflags, ldflags);
	if (stage_wants_profile(stage))
		add_optimized(stage, cflags, ldflags);
	return 0;
}

static char *clang_package(const struct tool_version *v)
{
	return xstrfmt("clang-%u", v->major);
}

static char *clang_runtime_package(const struct tool_version *v)
{
	return xstrfmt("libclang-rt-%u-dev", v->major);
}

const struct compiler compiler_clang = {
	.name = "clang",
	.raw_format = "profraw",
	.source = "c",
	.match = clang_match,
	.add_flags = clang_add_flags,
	.run_env = llvm_run_env,
	.package = clang_package,
	.runtime_package = clang_runtime_package,
};
