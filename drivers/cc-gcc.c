/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GCC. Source: gcc 11.3 and 12.2, by trial.
 *
 * How -fprofile-use=DIR finds a file: the auxiliary name of the compile (of -o,
 * else of the source; "PROGRAM-SOURCE" when one command compiles and links),
 * when relative, is put after the working directory, mangled as it stands ('/'
 * to '#', ".." to '^', "." kept) and looked for in DIR; when absolute, it is
 * looked for below DIR unmangled. Plain -fprofile-generate writes beside the
 * object, by the cleaned path, from which neither can be told. So the
 * instrumented stage gets -fprofile-generate=ROOT, whose files are named by the
 * same rule below ROOT: what is there serves as DIR, name by name.
 */
#include <string.h>

#include "drivers/drivers.h"
#include "pgo/base/strbuf.h"

#define MIN_PARTIAL_TRAINING 10
#define MIN_PREFIX_PATH 11

static int gcc_match(const struct tool_version *v)
{
	return !strcmp(v->family, "gcc");
}

static void add_both(struct strvec *cflags, struct strvec *ldflags, const char *option,
		     const char *value)
{
	strvec_pushf(cflags, "%s=%s", option, value);
	strvec_pushf(ldflags, "%s=%s", option, value);
}

/* The value of -fprofile-update, or NULL for the compiler's own choice. */
static const char *update_name(enum profile_update update)
{
	switch (update) {
	case PROFILE_UPDATE_DEFAULT:
		break;
	case PROFILE_UPDATE_SINGLE:
		return "single";
	case PROFILE_UPDATE_ATOMIC:
		return "atomic";
	case PROFILE_UPDATE_PREFER_ATOMIC:
		return "prefer-atomic";
	}
	return NULL;
}

static void add_instrumented(const struct build_stage *stage, struct strvec *cflags,
			     struct strvec *ldflags)
{
	const char *update = update_name(stage->update);

	add_both(cflags, ldflags, "-fprofile-generate", GCC_PROFILE_ROOT);
	if (update)
		strvec_pushf(cflags, "-fprofile-update=%s", update);
}

/*
 * -fprofile-correction: counts that threads lost make a profile inconsistent,
 * which is an error without it; a consistent profile gives the same code with it.
 * A mismatch is an error of its own accord, a missing file not even a warning:
 * both are to be warnings, also under -Werror.
 */
static void add_optimized(const struct build_stage *stage, struct strvec *cflags,
			  struct strvec *ldflags)
{
	if (stage->technique == TECHNIQUE_SAMPLE) {
		add_both(cflags, ldflags, "-fauto-profile", stage->profile);
		return;
	}
	add_both(cflags, ldflags, "-fprofile-use", stage->profile);
	strvec_push(cflags, "-fprofile-correction");
	if (stage->partial_training)
		strvec_push(cflags, "-fprofile-partial-training");
	strvec_push(cflags, "-Wmissing-profile");
	strvec_push(cflags, "-Wno-error=missing-profile");
	strvec_push(cflags, "-Wno-error=coverage-mismatch");
}

/* Whether the names of .gcda files matter to the stage. */
static bool uses_gcda(const struct build_stage *stage)
{
	return stage->kind == STAGE_INSTRUMENTED ||
	       (stage->technique == TECHNIQUE_INSTRUMENT && stage_wants_profile(stage));
}

static int gcc_add_flags(const struct build_stage *stage, const struct tool_version *v,
			 struct strvec *cflags, struct strvec *ldflags, struct pgo_err *err)
{
	int ret = require_profile(stage, err);

	if (ret)
		return ret;
	if (stage->partial_training && v->major < MIN_PARTIAL_TRAINING)
		return pgo_error(err, PGO_EUNSUP,
				 "gcc %s has no partial training: gcc %d or newer has", v->version,
				 MIN_PARTIAL_TRAINING);
	if (stage->continuous && stage->kind == STAGE_INSTRUMENTED) {
		pgo_error(err, PGO_EUNSUP, "gcc cannot keep its counters in a mapped file");
		return pgo_err_hint(err, "save them as the program runs: --every 30s");
	}
	if (stage->technique == TECHNIQUE_SAMPLE)
		strvec_push(cflags, "-g1");
	if (stage->kind == STAGE_PREBOLT) {
		strvec_push(cflags, "-fno-reorder-blocks-and-partition");
		strvec_push(ldflags, "-fno-reorder-blocks-and-partition");
		strvec_push(ldflags, POSTLINK_LDFLAG);
	}
	if (stage->kind == STAGE_INSTRUMENTED)
		add_instrumented(stage, cflags, ldflags);
	if (stage_wants_profile(stage))
		add_optimized(stage, cflags, ldflags);
	if (stage->source_root && v->major >= MIN_PREFIX_PATH && uses_gcda(stage))
		strvec_pushf(cflags, "-fprofile-prefix-path=%s", stage->source_root);
	return 0;
}

/* libgcov locks and merges each file; of forks and exec see drivers/agent/. */
static int gcc_run_env(const char *raw_dir, bool continuous, struct strvec *env,
		       struct pgo_err *err)
{
	int ret = raw_dir_check(raw_dir, err);

	(void)continuous; /* its builds are refused */
	if (ret)
		return ret;
	strvec_setenv(env, "GCOV_PREFIX", raw_dir);
	strvec_setenv(env, "GCOV_PREFIX_STRIP", NULL);
	return 0;
}

static char *gcc_package(const struct tool_version *v)
{
	return xstrfmt("gcc-%u", v->major);
}

static char *gcc_runtime_package(const struct tool_version *v)
{
	return xstrfmt("libgcc-%u-dev", v->major);
}

char *gcc_mangle_path(const char *abs_path)
{
	const size_t root_len = strlen(GCC_PROFILE_ROOT);
	struct strbuf out = STRBUF_INIT;

	if (!strncmp(abs_path, GCC_PROFILE_ROOT "/", root_len + 1)) {
		abs_path += root_len;
		return xstrdup(abs_path + strspn(abs_path, "/"));
	}
	while (*abs_path) {
		size_t n = strcspn(abs_path, "/");

		if (n == 2 && !memcmp(abs_path, "..", 2))
			strbuf_addch(&out, '^');
		else
			strbuf_add(&out, abs_path, n);
		abs_path += n;
		if (*abs_path == '/') {
			strbuf_addch(&out, '#');
			abs_path++;
		}
	}
	return strbuf_take(&out);
}

const struct compiler compiler_gcc = {
	.name = "gcc",
	.raw_format = "gcda",
	.source = "c",
	.match = gcc_match,
	.add_flags = gcc_add_flags,
	.run_env = gcc_run_env,
	.package = gcc_package,
	.runtime_package = gcc_runtime_package,
};
