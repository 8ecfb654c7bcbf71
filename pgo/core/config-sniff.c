/* SPDX-License-Identifier: Apache-2.0 */
/* The pgo.yaml that "pgoctl init" writes: every key, with what the tree shows of it. */
#include "pgo/base/fs.h"
#include "pgo/core/config-guess.h"
#include "pgo/core/config-schema.h"

const char *project_kind_name(enum project_kind kind)
{
	static const char *const names[] = {
		[PROJECT_UNKNOWN] = "unknown",	   [PROJECT_MAKE] = "make",
		[PROJECT_AUTOTOOLS] = "autotools", [PROJECT_CMAKE] = "cmake",
		[PROJECT_MESON] = "meson",	   [PROJECT_CARGO] = "cargo",
	};

	return names[kind];
}

/* In the order of preference. */
static const struct toolchain {
	const char *cc, *cxx;
} toolchains[] = {
	{ "clang-22", "clang++-22" },
	{ "clang-19", "clang++-19" },
	{ "clang-14", "clang++-14" },
	{ "clang", "clang++" },
	{ "gcc-12", "g++-12" },
	{ "gcc", "g++" },
	{ "cc", "c++" },
};

static const struct toolchain *find_toolchain(void)
{
	size_t i = 0;

	for (; i + 1 < ARRAY_SIZE(toolchains); i++) {
		PGO_AUTO_FREE char *path = fs_which(toolchains[i].cc, getenv("PATH"), NULL);

		if (path)
			break;
	}
	return &toolchains[i];
}

static const char *build_command(const struct guess *g)
{
	switch (g->kind) {
	case PROJECT_AUTOTOOLS:
		return g->has_configure ? "./configure && make -j\"$(nproc)\""
					: "autoreconf -fi && ./configure && make -j\"$(nproc)\"";
	case PROJECT_CMAKE:
		return "cmake -S \"$PGO_SOURCE_DIR\" -B . -DCMAKE_BUILD_TYPE=Release"
		       " && cmake --build . -j\"$(nproc)\"";
	case PROJECT_MESON:
		return "meson setup --buildtype=release . \"$PGO_SOURCE_DIR\" && meson compile";
	case PROJECT_CARGO:
		return g->has_lock ? "cargo build --release --locked" : "cargo build --release";
	default:
		return "make -j\"$(nproc)\"";
	}
}

/* What the copy of a tree that was built in place must lose. */
static const char *clean_command(const struct guess *g)
{
	if (g->kind == PROJECT_MAKE && g->has_clean)
		return "make clean";
	if (g->kind == PROJECT_AUTOTOOLS && g->has_makefile)
		return "if [ -f Makefile ]; then make distclean; fi";
	return NULL;
}

struct draft {
	const struct guess *guess;
	const struct toolchain *tools;
	struct strbuf *yaml;
	char *artifacts, *run;
};

/* The value that the tree shows, or one that must be there; NULL: the key stays a comment. */
static const char *live_value(const struct draft *d, const char *key)
{
	enum project_kind kind = d->guess->kind;
	bool apart = kind == PROJECT_CMAKE || kind == PROJECT_MESON;
	bool cargo = kind == PROJECT_CARGO;
	const struct {
		const char *key, *value;
	} values[] = {
		{ "version", "1" },
		{ "toolchain.cc", d->tools->cc },
		{ "toolchain.rustc", cargo ? "rustc" : NULL },
		{ "build.source", "." },
		{ "build.command", build_command(d->guess) },
		{ "build.out-of-tree", apart ? "true" : NULL },
		{ "build.clean", clean_command(d->guess) },
		{ "build.artifacts", d->artifacts },
		{ "build.exclude", cargo ? "[target]" : NULL },
		{ "workloads.name", "example" },
		{ "workloads.run", d->run },
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (!strcmp(values[i].key, key))
			return values[i].value;
	return NULL;
}

/* What only the user can know. */
static void add_advice(const struct draft *d, const char *key)
{
	const struct strvec *jobs = &d->guess->jobs;

	if (!strcmp(key, "build.command") && d->guess->kind == PROJECT_UNKNOWN)
		strbuf_addstr(d->yaml, "  # CHANGE: no known build system was found here\n");
	if (!strcmp(key, "build.artifacts"))
		strbuf_addf(
			d->yaml, "  # CHANGE: %s\n",
			d->guess->programs.nr
				? "keep those that the workloads need"
				: "no program was recognised, name those that the workloads need");
	if (strcmp(key, "workloads.run") != 0)
		return;
	strbuf_addstr(d->yaml,
		      "    # CHANGE: a job as users have it, of some seconds, with its"
		      " arguments;\n    # add an entry for each kind of job\n");
	for (size_t i = 0; i < jobs->nr; i++)
		strbuf_addf(d->yaml, "%s%s%s", i ? ", " : "    # seen here, perhaps of use: ",
			    jobs->v[i], i + 1 == jobs->nr ? "\n" : "");
}

static void add_section(const struct draft *d, const struct config_key *k)
{
	bool optional = !strcmp(k->name, "profile") || !strcmp(k->name, "validation");

	strbuf_addf(d->yaml, "\n# %s\n%s%s:\n", k->meaning, optional ? "#" : "", k->name);
}

/* A comment starts with "# ", a key that is switched off with '#' in the first column. */
static void add_key(const struct draft *d, const struct config_key *k)
{
	const char *value = live_value(d, k->name), *leaf = config_key_leaf(k->name);
	const char *indent = leaf == k->name ? "" : "  ", *lead = indent;

	if (!strncmp(k->name, "workloads.", 10)) {
		indent = "    ";
		lead = strcmp(leaf, "name") ? indent : "  - ";
	}
	strbuf_addf(d->yaml, "%s# %s\n", indent, k->meaning);
	add_advice(d, k->name);
	if (!value && !strcmp(k->name, "toolchain.cxx"))
		strbuf_addf(d->yaml, "#%s%s: %s\n", lead, leaf, d->tools->cxx);
	else
		strbuf_addf(d->yaml, "%s%s%s: %s\n", value ? "" : "#", lead, leaf,
			    value ? value : k->example);
}

static void add_head(const struct draft *d)
{
	strbuf_addf(d->yaml,
		    "# pgo.yaml tells pgoctl how this project is built and what it is trained"
		    " with.\n# Build system: %s. Every key is here: one behind '#' is switched off"
		    " and shows\n# its default or an example. CHANGE marks what is only a guess."
		    " See pgo.yaml(5).\n\n",
		    project_kind_name(d->guess->kind));
}

/* "[a, b]"; the names need no quotes. */
static char *artifact_list(const struct strvec *programs)
{
	struct strbuf sb = STRBUF_INIT;

	if (!programs->nr)
		return xstrdup(config_key_find("build.artifacts")->example);
	for (size_t i = 0; i < programs->nr; i++)
		strbuf_addf(&sb, "%s%s", i ? ", " : "[", programs->v[i]);
	strbuf_addch(&sb, ']');
	return strbuf_take(&sb);
}

int config_sniff(const char *dir, enum project_kind *ret_kind, struct strbuf *yaml,
		 struct pgo_err *err)
{
	PGO_AUTO(guess) g = GUESS_INIT;
	PGO_AUTO_FREE char *artifacts = NULL, *run = NULL;
	struct draft d = { .guess = &g, .tools = find_toolchain(), .yaml = yaml };
	struct stat st;

	if (stat(dir, &st))
		return pgo_error_errno(err, "cannot look at '%s'", dir);
	if (!S_ISDIR(st.st_mode))
		return pgo_error(err, PGO_ENOTFOUND, "'%s' is not a folder", dir);
	guess_tree(&g, dir);
	artifacts = artifact_list(&g.programs);
	run = xstrfmt("'\"$PGO_OUT/%s\"'", g.programs.nr ? g.programs.v[0] : "my-program");
	d.artifacts = artifacts;
	d.run = run;
	add_head(&d);
	for (const struct config_key *k = config_key_table; k->name; k++) {
		if (k->example)
			add_key(&d, k);
		else
			add_section(&d, k);
	}
	*ret_kind = g.kind;
	return 0;
}
