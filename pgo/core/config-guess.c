/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/config-guess.h"

#include <ctype.h>
#include <strings.h>

#include "pgo/base/fs.h"
#include "pgo/core/config-makefile.h"

#define MAX_NAMES 8
#define MAX_FILE_BYTES (256 * 1024)
#define MAX_FOLDERS_DEEP 3

void guess_release(struct guess *g)
{
	strvec_release(&g->programs);
	strvec_release(&g->jobs);
	*g = (struct guess)GUESS_INIT;
}

static void add_name(struct strvec *names, const char *dir, const char *name)
{
	PGO_AUTO_FREE char *path = fs_join(dir, name);

	for (const char *p = path; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._+-/", *p))
			return;
	if (names->nr == MAX_NAMES || !*name || strchr("-./", path[0]) || strstr(path, ".."))
		return;
	if (!strvec_has(names, path))
		strvec_push_take(names, TAKE_PTR(path));
}

static bool has(const char *dir, const char *name)
{
	PGO_AUTO_FREE char *path = fs_join(dir, name);

	return fs_exists(path) && !fs_is_dir(path);
}

/* False, and text empty, when it is no plain file or too large to be written by hand. */
static bool read_small(const char *dir, const char *name, struct strbuf *text)
{
	PGO_AUTO_FREE char *path = fs_join(dir, name);
	struct stat st;

	strbuf_clear(text);
	if (stat(path, &st) || !S_ISREG(st.st_mode) || st.st_size > MAX_FILE_BYTES)
		return false;
	return !fs_read_file(path, text, NULL);
}

/* The first argument of the next "name(" outside comments: of CMake and of Meson. NULL: none. */
static const char *next_call(const char *p, const char *name)
{
	size_t len = strlen(name);
	bool fresh = true;

	for (; *p; p++) {
		if (*p == '#') {
			p += strcspn(p, "\n");
			if (!*p)
				break;
		} else if (fresh && !strncasecmp(p, name, len)) {
			const char *open = p + len + strspn(p + len, " \t\r\n");

			if (*open == '(')
				return open + 1 + strspn(open + 1, " \t\r\n'\"");
		}
		fresh = !isalnum((unsigned char)*p) && *p != '_';
	}
	return NULL;
}

static char *take_argument(const char **p)
{
	size_t len = strcspn(*p, " \t\r\n'\"),");
	char *arg = xstrndup(*p, len);

	*p += len;
	*p += strspn(*p, " \t\r\n'\",");
	return arg;
}

/* How the programs of one build system are found in the files of a tree. */
struct scan {
	const char *file; /* "CMakeLists.txt" */
	void (*look)(const struct scan *s, const char *dir, const char *text);
	struct strvec *programs;
	const char *project; /* cmake: the project's name */
	const char *bin;     /* cmake: the folder of all programs, or NULL */
};

static bool is_aside(const char *name)
{
	static const char *const starts[] = {
		".",	       "3rd",	  "bench",  "build", "contrib",	     "demo",
		"doc",	       "example", "extern", "fuzz",  "node_modules", "sample",
		"subprojects", "target",  "test",   "third", "vendor",
	};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncasecmp(name, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static int scan_entry(const char *path, const char *rel, const struct stat *st, void *arg,
		      struct pgo_err *err)
{
	const struct scan *s = arg;
	PGO_AUTO_FREE char *dir = fs_dirname(rel), *abs_dir = fs_dirname(path);
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	size_t deep = 1;

	(void)err;
	for (const char *p = rel; *p; p++)
		deep += *p == '/';
	if (S_ISDIR(st->st_mode))
		return is_aside(fs_basename(rel)) || deep > MAX_FOLDERS_DEEP ? FS_WALK_SKIP : 0;
	if (!strcmp(fs_basename(rel), s->file) && read_small(abs_dir, s->file, &text))
		s->look(s, strcmp(dir, ".") ? dir : "", text.buf);
	return 0;
}

static void look_cmake(const struct scan *s, const char *dir, const char *text)
{
	while ((text = next_call(text, "add_executable"))) {
		PGO_AUTO_FREE char *name = take_argument(&text), *kind = take_argument(&text);

		if (!strcmp(kind, "IMPORTED") || !strcmp(kind, "ALIAS"))
			continue;
		if (!strcmp(name, "${PROJECT_NAME}") || !strcmp(name, "${CMAKE_PROJECT_NAME}"))
			add_name(s->programs, s->bin ? s->bin : dir, s->project);
		else
			add_name(s->programs, s->bin ? s->bin : dir, name);
	}
}

/* The folder below the build that set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ...) names, or NULL. */
static char *cmake_bin(const char *text)
{
	while ((text = next_call(text, "set"))) {
		PGO_AUTO_FREE char *name = take_argument(&text), *value = take_argument(&text);
		const char *brace = strstr(value, "BINARY_DIR}");

		if (brace && !strcmp(name, "CMAKE_RUNTIME_OUTPUT_DIRECTORY")) {
			brace = strchr(brace, '}') + 1;
			return xstrdup(brace + strspn(brace, "/"));
		}
	}
	return NULL;
}

static void guess_cmake(struct guess *g, const char *dir)
{
	PGO_AUTO_FREE char *project = NULL, *bin = NULL;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	struct scan s = { .file = "CMakeLists.txt", .look = look_cmake, .programs = &g->programs };
	const char *call;

	read_small(dir, s.file, &text);
	call = next_call(text.buf, "project");
	project = call ? take_argument(&call) : xstrdup("");
	bin = cmake_bin(text.buf);
	s.project = project;
	s.bin = bin;
	fs_walk(dir, scan_entry, &s, NULL);
}

static void look_meson(const struct scan *s, const char *dir, const char *text)
{
	while ((text = next_call(text, "executable"))) {
		bool quoted = text[-1] == '\'';
		PGO_AUTO_FREE char *name = take_argument(&text);

		if (quoted)
			add_name(s->programs, dir, name);
	}
}

static void guess_meson(struct guess *g, const char *dir)
{
	struct scan s = { .file = "meson.build", .look = look_meson, .programs = &g->programs };

	fs_walk(dir, scan_entry, &s, NULL);
}

/* Length of an "@NAME@" at p, or 0. */
static size_t substitution_len(const char *p)
{
	size_t len;

	if (*p != '@')
		return 0;
	len = strspn(p + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_");
	return len && p[len + 1] == '@' ? len + 2 : 0;
}

/* What configure would put in is not known. */
static void drop_substitutions(struct strbuf *text)
{
	char *out = text->buf;

	for (const char *p = text->buf; *p;) {
		size_t len = substitution_len(p);

		if (len)
			p += len;
		else
			*out++ = *p++;
	}
	strbuf_setlen(text, out - text->buf);
}

static void add_words(struct strvec *programs, const char *dir, struct makefile *mk,
		      const char *var)
{
	PGO_AUTO(strvec) words = STRVEC_INIT;

	makefile_words(mk, var, &words);
	for (size_t i = 0; i < words.nr; i++)
		add_name(programs, dir, words.v[i]);
}

static void look_automake(const struct scan *s, const char *dir, const char *text)
{
	PGO_AUTO(makefile) mk = MAKEFILE_INIT;

	makefile_parse(&mk, text);
	add_words(s->programs, dir, &mk, "bin_PROGRAMS");
	add_words(s->programs, dir, &mk, "sbin_PROGRAMS");
}

static void add_linked(struct strvec *programs, const char *prefix, const struct makefile *mk)
{
	PGO_AUTO(strvec) found = STRVEC_INIT;

	makefile_programs(mk, &found);
	for (size_t i = 0; i < found.nr; i++)
		add_name(programs, prefix, found.v[i]);
}

static void guess_autotools(struct guess *g, const char *dir)
{
	struct scan s = { .file = "Makefile.am", .look = look_automake, .programs = &g->programs };
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(makefile) mk = MAKEFILE_INIT;

	g->has_configure = has(dir, "configure");
	g->has_makefile = has(dir, "Makefile");
	fs_walk(dir, scan_entry, &s, NULL);
	if (g->programs.nr || !read_small(dir, "Makefile.in", &text))
		return;
	drop_substitutions(&text);
	makefile_parse(&mk, text.buf);
	add_words(&g->programs, "", &mk, "bin_PROGRAMS");
	add_linked(&g->programs, "", &mk);
}

static const char *const makefile_names[] = { "GNUmakefile", "makefile", "Makefile" };

static bool read_makefile(const char *dir, struct strbuf *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(makefile_names); i++)
		if (read_small(dir, makefile_names[i], text))
			return true;
	return false;
}

static void guess_make(struct guess *g, const char *dir)
{
	static const char *const job_targets[] = { "bench", "benchmark", "check", "test" };
	PGO_AUTO_FREE char *src = fs_join(dir, "src");
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(makefile) mk = MAKEFILE_INIT;
	PGO_AUTO(makefile) below = MAKEFILE_INIT;

	read_makefile(dir, &text);
	makefile_parse(&mk, text.buf);
	g->has_clean = makefile_has_target(&mk, "clean");
	for (size_t i = 0; i < ARRAY_SIZE(job_targets); i++)
		if (makefile_has_target(&mk, job_targets[i]))
			strvec_pushf(&g->jobs, "make %s", job_targets[i]);
	add_linked(&g->programs, "", &mk);
	if (g->programs.nr || !read_makefile(src, &text))
		return;
	makefile_parse(&below, text.buf);
	add_linked(&g->programs, "src", &below);
}

/* The value of a 'name = "..."' line, or NULL. */
static char *toml_name(const char *line)
{
	const char *p = line + strspn(line, " \t");

	if (strncmp(p, "name", 4) != 0)
		return NULL;
	p += 4 + strspn(p + 4, " \t");
	if (*p++ != '=')
		return NULL;
	p += strspn(p, " \t");
	if (*p != '"' && *p != '\'')
		return NULL;
	return xstrndup(p + 1, strcspn(p + 1, "\"'\n"));
}

static void add_cargo_file(struct strvec *programs, const char *dir, const char *text)
{
	enum { OTHER, PACKAGE, BIN } section = OTHER;

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		PGO_AUTO_FREE char *name = toml_name(p);

		if (!strncmp(p, "[package]", 9))
			section = PACKAGE;
		else if (!strncmp(p, "[[bin]]", 7))
			section = BIN;
		else if (*p == '[')
			section = OTHER;
		if (name && (section == BIN || (section == PACKAGE && has(dir, "src/main.rs"))))
			add_name(programs, "target/release", name);
	}
}

static int cargo_bin(const char *path, const char *rel, const struct stat *st, void *arg,
		     struct pgo_err *err)
{
	size_t len = strlen(rel);

	(void)err;
	if (S_ISDIR(st->st_mode)) {
		if (has(path, "main.rs"))
			add_name(arg, "target/release", rel);
		return FS_WALK_SKIP;
	}
	if (len > 3 && !strcmp(rel + len - 3, ".rs")) {
		PGO_AUTO_FREE char *name = xstrndup(rel, len - 3);

		add_name(arg, "target/release", name);
	}
	return 0;
}

static void guess_cargo(struct guess *g, const char *dir)
{
	PGO_AUTO_FREE char *bins = fs_join(dir, "src/bin");
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	g->has_lock = has(dir, "Cargo.lock");
	if (read_small(dir, "Cargo.toml", &text))
		add_cargo_file(&g->programs, dir, text.buf);
	if (fs_is_dir(bins))
		fs_walk(bins, cargo_bin, &g->programs, NULL);
}

static int job_entry(const char *path, const char *rel, const struct stat *st, void *arg,
		     struct pgo_err *err)
{
	static const char *const starts[] = { "bench",	 "check", "corpus", "demo",
					      "example", "perf",  "sample", "test" };
	PGO_AUTO_FREE char *name = xstrfmt("%s%s", rel, S_ISDIR(st->st_mode) ? "/" : "");

	(void)path;
	(void)err;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncasecmp(rel, starts[i], strlen(starts[i])))
			add_name(arg, "", name);
	return S_ISDIR(st->st_mode) ? FS_WALK_SKIP : 0;
}

static enum project_kind guess_kind(const char *dir)
{
	if (has(dir, "Cargo.toml"))
		return PROJECT_CARGO;
	if (has(dir, "meson.build"))
		return PROJECT_MESON;
	if (has(dir, "CMakeLists.txt"))
		return PROJECT_CMAKE;
	if (has(dir, "configure.ac") || has(dir, "configure.in") || has(dir, "configure"))
		return PROJECT_AUTOTOOLS;
	for (size_t i = 0; i < ARRAY_SIZE(makefile_names); i++)
		if (has(dir, makefile_names[i]))
			return PROJECT_MAKE;
	return PROJECT_UNKNOWN;
}

void guess_tree(struct guess *g, const char *dir)
{
	g->kind = guess_kind(dir);
	fs_walk(dir, job_entry, &g->jobs, NULL);
	switch (g->kind) {
	case PROJECT_MAKE:
		guess_make(g, dir);
		break;
	case PROJECT_AUTOTOOLS:
		guess_autotools(g, dir);
		break;
	case PROJECT_CMAKE:
		guess_cmake(g, dir);
		break;
	case PROJECT_MESON:
		guess_meson(g, dir);
		break;
	case PROJECT_CARGO:
		guess_cargo(g, dir);
		break;
	case PROJECT_UNKNOWN:
		break;
	}
}
