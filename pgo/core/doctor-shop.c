/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/doctor-shop.h"

#include <stdio.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/progress.h"
#include "pgo/core/payload.h"
#include "pgo/core/project.h"

extern char **environ;

/* Each calls a function as often as its operand says and prints what came of it. */
static const struct {
	const char *suffix, *text;
} programs[] = {
	{ "c",
	  "#include <stdio.h>\n"
	  "#include <stdlib.h>\n"
	  "__attribute__((noinline)) static unsigned step(unsigned x)\n"
	  "{ return x % 2 ? x * 3 + 1 : x / 2; }\n"
	  "int main(int argc, char **argv)\n"
	  "{\n"
	  "\tunsigned n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, sum = 0;\n"
	  "\tfor (unsigned i = 0; i < n; i++)\n"
	  "\t\tsum += step(i ^ sum);\n"
	  "\treturn dprintf(1, \"%u\\n\", sum) < 0;\n"
	  "}\n" },
	{ "rs",
	  "#[inline(never)]\n"
	  "fn step(x: u32) -> u32 {\n"
	  "    if x % 2 == 1 { x.wrapping_mul(3).wrapping_add(1) } else { x / 2 }\n"
	  "}\n"
	  "fn main() {\n"
	  "    let n: u32 = std::env::args().nth(1).map_or(0, |s| s.parse().unwrap());\n"
	  "    let sum = (0..n).fold(0u32, |sum, i| sum.wrapping_add(step(i ^ sum)));\n"
	  "    println!(\"{}\", sum);\n"
	  "}\n" },
};

void doctor_shop_release(struct doctor_shop *s)
{
	free(s->dir);
	free(s->raw);
	strbuf_release(&s->said);
}

/* The line that tells most: the first one about an error, or the last. */
static char *telling_line(const char *text)
{
	const char *best = "", *at = text;
	size_t len = 0;

	while (*at) {
		size_t n = strcspn(at, "\r\n");
		PGO_AUTO_FREE char *line = xstrndup(at, n);
		bool error = strcasestr(line, "error");

		if (n) {
			best = at;
			len = n;
		}
		if (error)
			break;
		at += n;
		at += strspn(at, "\r\n");
	}
	return xstrndup(best, len);
}

/* What a build lacks when it says so. */
static const char *missing_package(const char *said)
{
	static const struct {
		const char *says, *package;
	} known[] = {
		{ "stdio.h", "libc6-dev" },	    { "crt1.o", "libc6-dev" },
		{ "cannot find -lc", "libc6-dev" }, { "unable to find library -lc", "libc6-dev" },
		{ "cannot find 'ld'", "binutils" }, { "linker `cc` not found", "gcc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strstr(said, known[i].says))
			return known[i].package;
	return NULL;
}

static int hint(const struct doctor_shop *s, const char *said, struct pgo_err *err)
{
	const struct tool_version *v = &s->toolchain->version;
	const char *missing = missing_package(said);
	PGO_AUTO_FREE char *package = NULL;

	if (strstr(said, "No space left on device"))
		return pgo_err_hint(err, "TMPDIR=/var/tmp pgoctl doctor");
	if (missing)
		return pgo_err_hint(err, "sudo apt-get install %s", missing);
	if (toolchain_lacks_runtime(said)) {
		package = s->compiler->runtime_package(v);
		return pgo_err_hint(err, "sudo apt-get install %s", package);
	}
	package = s->compiler->package(v);
	return pgo_err_hint(err, "sudo apt-get install --reinstall %s", package);
}

/* "cannot build the program: did not end within 20 s". */
static int failed(const struct doctor_shop *s, const char *what, const struct child_result *res,
		  const char *said, struct pgo_err *err)
{
	PGO_AUTO_FREE char *line = telling_line(said);
	PGO_AUTO(strbuf) end = STRBUF_INIT;

	if (res->timed_out) {
		strbuf_addstr(&end, "did not end within ");
		num_add_duration(&end, s->opts->timeout_ns);
	} else if (res->term_signal) {
		strbuf_addf(&end, "was ended by signal %d (%s)", res->term_signal,
			    strsignal(res->term_signal));
	} else if (*line) {
		strbuf_addstr(&end, line);
	} else {
		strbuf_addf(&end, "failed with status %d", res->exit_status);
	}
	pgo_error(err, PGO_ECHILD, "%s: %s", what, end.buf);
	return hint(s, said, err);
}

int shop_run(const struct doctor_shop *s, const char *what, struct child *c, struct strbuf *said,
	     struct pgo_err *err)
{
	PGO_AUTO(strvec) own = STRVEC_INIT;
	struct child_result res = { 0 };
	int ret;

	/* What is special for this child stands last, and wins. */
	strvec_pushv(&own, c->env.v);
	strvec_clear(&c->env);
	strvec_pushv(&c->env, environ);
	strvec_setenv(&c->env, "LC_ALL", "C");
	for (size_t i = 0; i < own.nr; i++) {
		PGO_AUTO_FREE char *name = xstrndup(own.v[i], strcspn(own.v[i], "="));

		strvec_setenv(&c->env, name, own.v[i] + strlen(name) + 1);
	}
	c->dir = s->dir;
	c->timeout_ns = s->opts->timeout_ns;
	c->idle = progress_tick;
	ret = child_capture(c, said, true, &res, err);
	return ret == -PGO_ECHILD ? failed(s, what, &res, said->buf, err) : ret;
}

int shop_build(const struct doctor_shop *s, enum stage_kind kind, enum technique technique,
	       const char *profile, struct strbuf *said, struct pgo_err *err)
{
	const struct build_stage stage = {
		.kind = kind, .technique = technique, .profile = profile, .source_root = s->dir
	};
	PGO_AUTO_FREE char *what = xstrfmt("cannot build the %s program", stage_kind_name(kind));
	PGO_AUTO(strvec) cflags = STRVEC_INIT, ldflags = STRVEC_INIT;
	PGO_AUTO(child) c = CHILD_INIT;
	int ret = s->compiler->add_flags(&stage, &s->toolchain->version, &cflags, &ldflags, err);

	if (ret)
		return ret;
	strvec_push(&c.argv, s->toolchain->path);
	strvec_pushv(&c.argv, cflags.v);
	strvec_push(&c.argv, "-O");
	strvec_pushf(&c.argv, SHOP_PROGRAM ".%s", s->compiler->source);
	strvec_push(&c.argv, "-o");
	strvec_push(&c.argv, SHOP_PROGRAM);
	strvec_pushv(&c.argv, ldflags.v);
	return shop_run(s, what, &c, said, err);
}

int shop_run_program(const struct doctor_shop *s, const char *program, const struct strvec *env,
		     struct strbuf *said, struct pgo_err *err)
{
	PGO_AUTO(child) c = CHILD_INIT;

	strvec_pushf(&c.argv, "./%s", program);
	strvec_pushf(&c.argv, "%u", SHOP_CALLS);
	if (env)
		strvec_pushv(&c.env, env->v);
	return shop_run(s, "the program that it built does not run", &c, said, err);
}

int shop_compare(const struct doctor_shop *s, const char *program, const struct strvec *env,
		 struct pgo_err *err)
{
	PGO_AUTO(strbuf) said = STRBUF_INIT;
	int ret = shop_run_program(s, program, env, &said, err);

	if (ret || !strcmp(said.buf, s->said.buf))
		return ret;
	return pgo_error(err, PGO_EMISMATCH,
			 "the program prints something else than the plain one");
}

struct find_raw {
	const char *suffix;
	struct strvec *files;
};

static int note_raw(const char *path, const char *rel, const struct stat *st, void *arg,
		    struct pgo_err *err)
{
	const struct find_raw *f = arg;
	size_t len = strlen(rel), n = strlen(f->suffix);

	(void)err;
	if (S_ISREG(st->st_mode) && len > n && !strcmp(rel + len - n, f->suffix))
		strvec_push(f->files, path);
	return 0;
}

/* The one profile that a program left below raw; of a tree the folder. */
static int find_left(const struct prof_format *format, const char *raw, char **ret,
		     struct pgo_err *err)
{
	PGO_AUTO(strvec) files = STRVEC_INIT;
	struct find_raw f = { format->suffix, &files };
	int r = fs_walk(raw, note_raw, &f, err);

	if (!r && files.nr != 1)
		r = pgo_error(err, PGO_ECHILD, "the program left %zu profiles, not one", files.nr);
	if (!r)
		*ret = xstrdup(format->caps & PROF_CAP_TREE ? raw : files.v[0]);
	return r;
}

int shop_merge(const struct prof_format *format, const char *raw, unsigned llvm_major,
	       const char *out, char **ret, struct pgo_err *err)
{
	static const char root[] = GCC_PROFILE_ROOT; /* of GCC's names, as in a training */
	const struct prof_merge_opts opts = { .llvm_major = llvm_major, .strip = root + 1 };
	PGO_AUTO_FREE char *left = NULL;
	struct prof_input input = { .weight = 1 };
	struct bundle_payload payload = { 0 };
	struct prof_merge_result res;
	int r = find_left(format, raw, &left, err);

	if (!r)
		r = fs_remove_tree(out, err);
	if (!r)
		r = fs_mkdir_p(out, err);
	if (r)
		return r;
	input.path = left;
	r = payload_merge(format, &input, 1, &opts, out, &payload, &res, err);
	if (!r && payload.stats.total_count < SHOP_CALLS)
		r = pgo_error(err, PGO_EMISMATCH, "the profile has %llu counts of %u calls",
			      (unsigned long long)payload.stats.total_count, SHOP_CALLS);
	if (!r)
		*ret = fs_join(out, payload.path);
	bundle_payload_release(&payload);
	return r;
}

int shop_prepare(struct doctor_shop *s, const char *dir, struct pgo_err *err)
{
	PGO_AUTO_FREE char *name = xstrfmt(SHOP_PROGRAM ".%s", s->compiler->source);
	PGO_AUTO_FREE char *file = fs_join(dir, name);
	const char *text = "";

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (!strcmp(programs[i].suffix, s->compiler->source))
			text = programs[i].text;
	s->dir = xstrdup(dir);
	s->raw = fs_join(dir, "raw");
	if (fs_mkdir_p(dir, err))
		return -(int)err->code;
	return fs_write_atomic(file, text, strlen(text), 0644, err);
}
