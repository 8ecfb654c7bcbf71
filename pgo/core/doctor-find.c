/* SPDX-License-Identifier: Apache-2.0 */
/* The compilers on PATH: by every name that is known here, each program once. */
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/core/doctor-checks.h"
#include "pgo/core/project.h"
#include "profiles/llvm.h"

/* A name of one family or of none, and where it leads. */
struct candidate {
	char *name, *path;
	char *program;	  /* what tells whether two names are the same */
	size_t family;	  /* index into compilers[]; behind them all: of no family */
	unsigned version; /* UINT_MAX: not in the name */
};

struct candidates {
	struct candidate *v;
	size_t nr, alloc;
};

static void candidates_release(struct candidates *c)
{
	for (size_t i = 0; i < c->nr; i++) {
		free(c->v[i].name);
		free(c->v[i].path);
		free(c->v[i].program);
	}
	free(c->v);
}
PGO_DEFINE_AUTO(candidates, candidates_release)

/* "clang", "clang-19", "cc": which family and version a name means. */
static bool parse_name(const char *name, size_t *family, unsigned *version)
{
	size_t i;

	*version = UINT_MAX;
	for (i = 0; compilers[i]; i++) {
		size_t len = strlen(compilers[i]->name);

		if (strncmp(name, compilers[i]->name, len) != 0)
			continue;
		*family = i;
		return !name[len] || (name[len] == '-' && num_parse_uint(name + len + 1, version));
	}
	*family = i;
	return !strcmp(name, "cc");
}

/*
 * Links lead to the program itself; but what stands behind one name for many (ccache, rustup)
 * is told apart by the name.
 */
static char *program_of(const char *path, size_t family)
{
	char *real = realpath(path, NULL);

	if (real && compilers[family] && !strstr(fs_basename(real), compilers[family]->name))
		FREE_AND_NULL(real);
	return real ? real : xstrdup(path);
}

static void add_name(struct candidates *c, const char *dir, const char *name)
{
	struct candidate one = { 0 };
	struct stat st;

	if (!parse_name(name, &one.family, &one.version))
		return;
	for (size_t i = 0; i < c->nr; i++)
		if (!strcmp(c->v[i].name, name)) /* one that is first on PATH hides it */
			return;
	one.path = fs_join(dir, name);
	if (access(one.path, X_OK) || stat(one.path, &st) || !S_ISREG(st.st_mode)) {
		free(one.path);
		return;
	}
	one.name = xstrdup(name);
	one.program = program_of(one.path, one.family);
	VEC_GROW(c->v, c->nr, c->alloc);
	c->v[c->nr++] = one;
}

static void search_path(const char *path, struct candidates *c)
{
	while (path && *path) {
		size_t len = strcspn(path, ":");
		PGO_AUTO_FREE char *dir = xstrndup(path, len);
		PGO_AUTO(strvec) names = STRVEC_INIT;

		if (*dir == '/' && !fs_list(dir, &names, NULL))
			for (size_t i = 0; i < names.nr; i++)
				add_name(c, dir, names.v[i]);
		path += len + (path[len] == ':');
	}
}

/* Names with a version come first: the others are only more names of theirs. */
static int by_family(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	return strcmp(a->name, b->name);
}

static struct doctor_toolchain *add_toolchain(struct doctor *d, const char *path, const char *name)
{
	struct doctor_toolchain *t;

	d->toolchains = xrealloc_array(d->toolchains, d->nr_toolchains + 1, sizeof(*d->toolchains));
	t = &d->toolchains[d->nr_toolchains++];
	*t = (struct doctor_toolchain){ .path = xstrdup(path), .names = STRVEC_INIT };
	strvec_push(&t->names, name);
	return t;
}

static void take_candidates(const struct candidates *c, struct doctor *d)
{
	PGO_AUTO_FREE size_t *of = xcalloc(c->nr + 1, sizeof(*of));

	for (size_t i = 0; i < c->nr; i++) {
		size_t same = 0;

		while (strcmp(c->v[same].program, c->v[i].program) != 0)
			same++;
		of[i] = same < i ? of[same] : d->nr_toolchains;
		if (same < i)
			strvec_push(&d->toolchains[of[i]].names, c->v[i].name);
		else
			add_toolchain(d, c->v[i].path, c->v[i].name);
	}
}

static bool has_module(unsigned llvm_major)
{
	for (const unsigned *m = llvm_majors(); *m; m++)
		if (*m == llvm_major)
			return true;
	return false;
}

/* One that does not tell its version cannot be tried: that is the answer to all questions. */
static int ask(const struct doctor_opts *opts, struct doctor_toolchain *t, struct pgo_err *err)
{
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	PGO_AUTO_FREE char *mend = NULL;
	int ret = toolchain_ask(NULL, &t->version, t->path, opts->timeout_ns, &why);

	if (ret == -PGO_ECANCELLED)
		return pgo_error(err, PGO_ECANCELLED, "%s", why.msg);
	t->has_module = !ret && has_module(t->version.llvm_major);
	if (!ret)
		return 0;
	/* What answers, but as no compiler does, is not mended by installing it again. */
	if (why.code != PGO_EUNSUP)
		mend = xstrfmt("sudo apt-get install --reinstall %s", fs_basename(t->names.v[0]));
	doctor_answer(&t->tries[DOCTOR_BUILD], DOCTOR_NO, why.msg, mend);
	return 0;
}

int doctor_find(const struct doctor_opts *opts, struct doctor *d, struct pgo_err *err)
{
	PGO_AUTO(candidates) c = { 0 };
	int ret = 0;

	d->chosen = opts->compilers && opts->compilers->nr;
	for (size_t i = 0; d->chosen && i < opts->compilers->nr; i++) {
		PGO_AUTO_FREE char *path = NULL;

		ret = toolchain_find(opts->compilers->v[i], &path, err);
		if (ret)
			return ret;
		add_toolchain(d, path, opts->compilers->v[i]);
	}
	if (!d->chosen) {
		search_path(getenv("PATH"), &c);
		if (c.nr)
			qsort(c.v, c.nr, sizeof(*c.v), by_family);
		take_candidates(&c, d);
	}
	for (size_t i = 0; !ret && i < d->nr_toolchains; i++)
		ret = ask(opts, &d->toolchains[i], err);
	return ret;
}
