/* SPDX-License-Identifier: Apache-2.0 */
/* rustc: LLVM's IR instrumentation and runtime. Source: rustc 1.95, by trial. */
#include <string.h>

#include "drivers/drivers.h"

static int rustc_match(const struct tool_version *v)
{
	return !strcmp(v->family, "rustc");
}

static int rustc_add_flags(const struct build_stage *stage, const struct tool_version *v,
			   struct strvec *cflags, struct strvec *ldflags, struct pgo_err *err)
{
	int ret = refuse_partial_training(stage, v->family, err);

	(void)ldflags; /* rustc tells the linker itself */
	if (!ret)
		ret = require_profile(stage, err);
	if (!ret && stage->technique == TECHNIQUE_SAMPLE)
		ret = pgo_error(
			err, PGO_EUNSUP,
			"rustc %s takes no profile of samples: only nightly builds of it do",
			v->version);
	if (ret)
		return ret;
	if (stage->kind == STAGE_PREBOLT)
		strvec_push(cflags, "-Clink-arg=" POSTLINK_LDFLAG);
	if (stage->kind == STAGE_INSTRUMENTED) {
		strvec_push(cflags, "-Cprofile-generate");
		if (stage_wants_atomic(stage))
			strvec_push(cflags, "-Cllvm-args=" LLVM_ATOMIC);
		if (stage->continuous)
			strvec_push(cflags, "-Cllvm-args=" LLVM_CONTINUOUS);
		return 0;
	}
	if (!stage_wants_profile(stage))
		return 0;
	strvec_pushf(cflags, "-Cprofile-use=%s", stage->profile);
	return 0;
}

static char *rustc_package(const struct tool_version *v)
{
	(void)v;
	return xstrdup("rustc");
}

/* rustup's toolchains have it without a package. */
static char *rustc_runtime_package(const struct tool_version *v)
{
	(void)v;
	return xstrdup("libstd-rust-dev");
}

const struct compiler compiler_rustc = {
	.name = "rustc",
	.raw_format = "profraw",
	.source = "rs",
	.match = rustc_match,
	.add_flags = rustc_add_flags,
	.run_env = llvm_run_env,
	.package = rustc_package,
	.runtime_package = rustc_runtime_package,
};
