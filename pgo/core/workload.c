/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/workload.h"

#include "pgo/base/fs.h"
#include "pgo/core/runner.h"

void workload_env(const struct project *p, const struct workload *w, const char *stage,
		  const char *out_dir, const char *tmp_dir, struct strvec *env)
{
	static const char *const never[] = {
		"LLVM_PROFILE_FILE",
		"GCOV_PREFIX",
		"GCOV_PREFIX_STRIP",
	};

	project_base_env(p, env);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		strvec_setenv(env, never[i], NULL);
	strvec_setenv(env, "PGO_OUT", out_dir);
	strvec_setenv(env, "PGO_TMP", tmp_dir);
	strvec_setenv(env, "PGO_STAGE", stage);
	strvec_setenv(env, "PGO_WORKLOAD", w->name);
	runner_add_library_path(env, out_dir);
}

char *workload_stdin(const struct project *p, const struct workload *w)
{
	return w->stdin_path ? fs_join(p->config.root, w->stdin_path) : NULL;
}

/* Nothing that a run makes or that belongs to a stage. */
static bool not_an_input(const char *rel, void *arg)
{
	const char *base = fs_basename(rel);

	(void)arg;
	return !strcmp(base, ".pgo") || !strcmp(base, ".git");
}

static int add_named(struct digest *d, const char *root, const char *word, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_join(root, word);
	struct stat st;

	if (!*word || !strcmp(word, ".") || !strcmp(word, "..") || word[0] == '/' ||
	    stat(path, &st))
		return 0;
	digest_add_str(d, word);
	if (S_ISREG(st.st_mode))
		return digest_add_file(d, path, err);
	return S_ISDIR(st.st_mode) ? digest_add_tree(d, path, not_an_input, NULL, err) : 0;
}

static int add_words(struct digest *d, const char *root, const char *line, struct pgo_err *err)
{
	static const char separators[] = " \t\n'\"`;|&<>()=,";
	int ret = 0;

	while (!ret && *line) {
		size_t n = strcspn(line, separators);
		PGO_AUTO_FREE char *word = xstrndup(line, n);

		ret = add_named(d, root, word, err);
		line += n + (line[n] != '\0');
	}
	return ret;
}

int workload_key(const struct project *p, const struct workload *w, const char *stage_key,
		 unsigned n, char hex[DIGEST_HEX_LEN + 1], struct pgo_err *err)
{
	PGO_AUTO_FREE char *in = workload_stdin(p, w);
	struct digest d;
	int ret;

	digest_init(&d);
	digest_add_str(&d, "training 2");
	digest_add_str(&d, stage_key);
	digest_add_str(&d, w->name);
	digest_add_str(&d, w->run);
	if (w->drive) {
		digest_add_str(&d, w->ready ? w->ready : "");
		digest_add_str(&d, w->drive);
	}
	/* What a killed process has kept depends on it. */
	if (p->every_ns)
		digest_add(&d, &p->every_ns, sizeof(p->every_ns));
	digest_add(&d, &n, sizeof(n));
	digest_add(&d, &w->expect_status, sizeof(w->expect_status));
	ret = in ? digest_add_file(&d, in, err) : 0;
	if (!ret)
		ret = add_words(&d, p->config.root, w->run, err);
	if (!ret && w->drive)
		ret = add_words(&d, p->config.root, w->drive, err);
	if (!ret)
		digest_hex(&d, hex);
	return ret;
}
