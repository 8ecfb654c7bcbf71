/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/artifacts.h"

#include <glob.h>
#include <unistd.h>

#include "pgo/base/fs.h"

struct collect {
	const char *out_dir;
	const char *prefix; /* relative path of the folder being taken */
	struct strvec *rels;
	size_t nr_seen; /* files, of the pattern at work */
};

static int take_file(struct collect *c, const char *path, const char *rel, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dst = fs_join(c->out_dir, rel), *real = realpath(path, NULL);
	int ret;

	if (!real)
		return pgo_error_errno(err, "cannot keep the artifact '%s'", path);
	c->nr_seen++;
	if (strvec_has(c->rels, rel))
		return 0;
	ret = fs_copy_file(real, dst, err);
	if (!ret)
		strvec_push(c->rels, rel);
	return ret;
}

static int take_entry(const char *path, const char *rel, const struct stat *st, void *arg,
		      struct pgo_err *err)
{
	struct collect *c = arg;
	PGO_AUTO_FREE char *full = fs_join(c->prefix, rel);

	if (S_ISDIR(st->st_mode) || fs_is_dir(path))
		return 0;
	return take_file(c, path, full, err);
}

static int find_program(const char *path, const char *rel, const struct stat *st, void *arg,
			struct pgo_err *err)
{
	struct strvec *found = arg;

	(void)path;
	(void)err;
	if (S_ISREG(st->st_mode) && (st->st_mode & S_IXUSR) && !strchr(fs_basename(rel), '.'))
		strvec_push(found, rel);
	return found->nr >= 6 ? -1 : 0;
}

static int no_match(const char *pattern, const char *build_dir, struct pgo_err *err)
{
	PGO_AUTO(strvec) found = STRVEC_INIT;
	PGO_AUTO(strbuf) list = STRBUF_INIT;

	pgo_error(err, PGO_ECONFIG, "the build made no '%s', which build.artifacts asks for",
		  pattern);
	fs_walk(build_dir, find_program, &found, NULL);
	for (size_t i = 0; i < found.nr; i++)
		strbuf_addf(&list, "%s%s", i ? ", " : "", found.v[i]);
	return pgo_err_hint(err, "paths are relative to '%s'%s%s", build_dir,
			    list.len ? "; programs there: " : "; there is no program there",
			    list.buf);
}

/* The pattern behind the folder's own name, in which nothing is special. */
static char *glob_below(const char *dir, const char *pattern)
{
	struct strbuf sb = STRBUF_INIT;

	for (; *dir; dir++) {
		if (strchr("*?[\\", *dir))
			strbuf_addch(&sb, '\\');
		strbuf_addch(&sb, *dir);
	}
	strbuf_addf(&sb, "/%s", pattern);
	return strbuf_take(&sb);
}

static int take_pattern(struct collect *c, const char *build_dir, const char *pattern,
			struct pgo_err *err)
{
	PGO_AUTO_FREE char *full = fs_join(build_dir, pattern);
	PGO_AUTO_FREE char *escaped = glob_below(build_dir, pattern);
	size_t skip = strlen(build_dir) + 1;
	glob_t g;
	int ret = 0;

	/* A name is taken as it stands before it is taken for a pattern. */
	if (access(full, F_OK) == 0) {
		c->prefix = pattern;
		return fs_is_dir(full) ? fs_walk(full, take_entry, c, err)
				       : take_file(c, full, pattern, err);
	}
	if (glob(escaped, GLOB_NOSORT, NULL, &g))
		return no_match(pattern, build_dir, err);
	for (size_t i = 0; !ret && i < g.gl_pathc; i++) {
		c->prefix = g.gl_pathv[i] + skip;
		ret = fs_is_dir(g.gl_pathv[i]) ? fs_walk(g.gl_pathv[i], take_entry, c, err)
					       : take_file(c, g.gl_pathv[i], c->prefix, err);
	}
	globfree(&g);
	return ret;
}

int artifacts_collect(const struct project *p, const char *build_dir, const char *out_dir,
		      struct strvec *rels, struct pgo_err *err)
{
	struct collect c = { .out_dir = out_dir, .rels = rels };
	int ret = fs_mkdir_p(out_dir, err);

	for (size_t i = 0; !ret && i < p->config.artifacts.nr; i++) {
		c.nr_seen = 0;
		ret = take_pattern(&c, build_dir, p->config.artifacts.v[i], err);
		if (!ret && !c.nr_seen)
			ret = no_match(p->config.artifacts.v[i], build_dir, err);
	}
	strvec_sort(rels);
	return ret;
}
