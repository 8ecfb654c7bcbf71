/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/source.h"

#include <fnmatch.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/core/bundle.h"
#include "pgo/core/runner.h"

static char *source_dir(const struct project *p)
{
	PGO_AUTO_FREE char *joined = fs_join(p->config.root, p->config.source);

	return fs_absolute(joined);
}

/* A bundle that was written into the source tree must not make its own inputs look changed. */
static bool is_our_output(const struct project *p, const char *rel)
{
	PGO_AUTO_FREE char *dir = source_dir(p), *path = fs_join(dir, rel);
	size_t len = strlen(rel);

	return len > 5 && !strcmp(rel + len - 5, ".prof") && bundle_is(path);
}

static bool left_out(const char *rel, void *arg)
{
	const struct project *p = arg;
	const struct config *cfg = &p->config;
	const char *base = fs_basename(rel);

	if (!strcmp(base, ".git") || !strcmp(base, ".pgo") || is_our_output(p, rel))
		return true;
	for (size_t i = 0; i < cfg->exclude.nr; i++) {
		const char *pattern = cfg->exclude.v[i];

		if (!fnmatch(pattern, strchr(pattern, '/') ? rel : base, FNM_PATHNAME))
			return true;
	}
	return false;
}

int source_hash(const struct project *p, char hex[DIGEST_HEX_LEN + 1], struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = source_dir(p);
	struct digest d;
	int ret;

	digest_init(&d);
	ret = digest_add_tree(&d, dir, left_out, (void *)(uintptr_t)p, err);
	if (!ret)
		digest_hex(&d, hex);
	return ret;
}

int source_copy(const struct project *p, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = source_dir(p), *src = fs_join(p->work, "src");
	PGO_AUTO_FREE char *build = fs_join(p->work, "build");
	int ret = fs_remove_tree(p->work, err);

	if (!ret)
		ret = fs_copy_tree(dir, src, left_out, (void *)(uintptr_t)p, err);
	return ret ? ret : fs_mkdir_p(build, err);
}

void source_commit_release(struct source_commit *c)
{
	free(c->commit);
	*c = (struct source_commit){ 0 };
}

static int git(const struct project *p, const char *const *args, struct strbuf *out,
	       struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = source_dir(p);
	PGO_AUTO(child) c = CHILD_INIT;
	struct child_result res;
	int ret;

	strvec_push(&c.argv, "git");
	for (; *args; args++)
		strvec_push(&c.argv, *args);
	c.dir = dir;
	c.timeout_ns = 60000000000u;
	ret = child_capture(&c, out, false, &res, err);
	if (ret && ret != -PGO_ECHILD)
		return ret;
	if (record_child(p, "source:git", &c, &res, err))
		return -(int)err->code;
	return ret;
}

int source_commit_get(const struct project *p, struct source_commit *ret, struct pgo_err *err)
{
	static const char *const head[] = { "rev-parse", "--verify", "-q", "HEAD", NULL };
	static const char *const status[] = { "status", "--porcelain", "-uno", "--", ".", NULL };
	PGO_AUTO(strbuf) commit = STRBUF_INIT, changes = STRBUF_INIT;
	int r = git(p, head, &commit, err);

	if (r == -PGO_ECANCELLED)
		return r;
	if (r)
		return 0;
	r = git(p, status, &changes, err);
	if (r == -PGO_ECANCELLED)
		return r;
	strbuf_rtrim(&commit);
	ret->commit = strbuf_take(&commit);
	ret->dirty = r || changes.len;
	return 0;
}
