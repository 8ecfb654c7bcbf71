/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/explain-run.h"

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/progress.h"
#include "pgo/core/elf-info.h"

int explain_check(struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_which("valgrind", getenv("PATH"), NULL);

	if (path)
		return 0;
	pgo_error(err, PGO_ETOOL, "--explain needs valgrind, which is not installed");
	return pgo_err_hint(err, "apt-get install valgrind");
}

/* '%' begins a field in valgrind's file names. */
static void add_pattern(struct strbuf *sb, const char *dir, const char *name)
{
	for (const char *p = dir; *p; p++)
		strbuf_addf(sb, "%s%c", *p == '%' ? "%" : "", *p);
	strbuf_addf(sb, "/%s.%%p", name);
}

static void fill_tool(struct strvec *tool, const char *dir)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	PGO_AUTO(strbuf) log = STRBUF_INIT;

	add_pattern(&out, dir, "out");
	add_pattern(&log, dir, "log");
	strvec_push(tool, "valgrind");
	/* Nobody's .valgrindrc. */
	strvec_push(tool, "--command-line-only=yes");
	strvec_push(tool, "--tool=cachegrind");
	strvec_push(tool, "--cache-sim=yes");
	strvec_push(tool, "--branch-sim=yes");
	strvec_push(tool, "--trace-children=yes");
	strvec_push(tool, "--vgdb=no");
	strvec_pushf(tool, "--log-file=%s", log.buf);
	strvec_pushf(tool, "--cachegrind-out-file=%s", out.buf);
}

/* What the processes of one run left. */
struct found {
	const char *shell; /* the command of the shell that runs the line */
	struct explain_side *side;
	struct explanation *x;
	uint64_t shell_events[NR_CACHEGRIND_EVENTS];
	struct strvec programs;
};

static void add_events(uint64_t *sum, const uint64_t *more)
{
	for (int e = 0; e < NR_CACHEGRIND_EVENTS; e++)
		sum[e] = num_add_sat(sum[e], more[e], NULL);
}

static void add_program(struct found *f, const char *cmd)
{
	PGO_AUTO_FREE char *word = xstrndup(cmd, strcspn(cmd, " "));
	PGO_AUTO_FREE char *path = fs_which(word, getenv("PATH"), NULL);

	if (path && !strvec_has(&f->programs, path))
		strvec_push(&f->programs, path);
}

static int take_file(const char *path, const char *rel, const struct stat *st, void *arg,
		     struct pgo_err *err)
{
	PGO_AUTO(cachegrind) c = CACHEGRIND_INIT;
	struct found *f = arg;
	int ret;

	if (!S_ISREG(st->st_mode) || strncmp(rel, "out.", 4) != 0)
		return 0;
	ret = cachegrind_read(path, &c, err);
	if (ret)
		return ret;
	if (!f->x->model)
		f->x->model = TAKE_PTR(c.model);
	if (!strncmp(c.cmd, f->shell, strlen(f->shell))) {
		add_events(f->shell_events, c.events);
		return 0;
	}
	f->side->nr_processes++;
	add_events(f->side->events, c.events);
	add_program(f, c.cmd);
	return 0;
}

static void add_sizes(struct explain_side *s, const char *path)
{
	PGO_AUTO(elf_info) info = ELF_INFO_INIT;
	PGO_AUTO(pgo_err) none = PGO_ERR_INIT;

	if (elf_info_read(path, &info, &none))
		return; /* a script, a data file */
	s->nr_programs++;
	s->text_bytes += info.text_bytes;
	s->hot_bytes += info.hot_bytes;
	s->unlikely_bytes += info.unlikely_bytes;
}

static int take_artifact(const char *path, const char *rel, const struct stat *st, void *arg,
			 struct pgo_err *err)
{
	(void)rel;
	(void)err;
	if (S_ISREG(st->st_mode))
		add_sizes(arg, path);
	return 0;
}

/* A project's sides are known by their artifacts, commands by what they have run. */
static int measure_code(const struct side *side, struct found *f, struct pgo_err *err)
{
	if (!side->line)
		return fs_walk(side->out_dir, take_artifact, f->side, err);
	for (size_t i = 0; i < f->programs.nr; i++)
		add_sizes(f->side, f->programs.v[i]);
	return 0;
}

static int gather(const char *dir, const char *shell, const struct side *side,
		  struct explain_side *s, struct explanation *x, struct pgo_err *err)
{
	struct found f = { .shell = shell, .side = s, .x = x, .programs = STRVEC_INIT };
	int ret = fs_walk(dir, take_file, &f, err);

	/* A line of the shell's own words has nothing else. */
	if (!ret && !s->nr_processes) {
		s->nr_processes = 1;
		add_events(s->events, f.shell_events);
	}
	if (!ret)
		ret = measure_code(side, &f, err);
	strvec_release(&f.programs);
	return ret;
}

/* An error of the run or of what it left is a reason, not the end; a signal is. */
static int settle(struct explain_side *s, const struct pgo_err *from, struct pgo_err *err)
{
	s->why_not = xstrdup(from->msg);
	return from->code == PGO_ECANCELLED ? pgo_error(err, PGO_ECANCELLED, "%s", from->msg) : 0;
}

static int count_side(struct meter *m, const struct workload *w, const struct side *side,
		      struct explanation *x, struct explain_side *s, struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = project_path(m->p, "ab/cachegrind");
	const char *line = side->line ? side->line : w->run;
	PGO_AUTO_FREE char *shell = xstrfmt("/bin/sh -c %.*s", (int)strcspn(line, "\n"), line);
	PGO_AUTO(strvec) tool = STRVEC_INIT;
	PGO_AUTO(pgo_err) own = PGO_ERR_INIT;
	int ret = fs_remove_tree(dir, &own);

	FREE_AND_NULL(s->why_not);
	fill_tool(&tool, dir);
	if (!ret)
		ret = fs_mkdir_p(dir, &own);
	if (!ret)
		ret = meter_run_under(m, w, side, &tool, EXPLAIN_SLOWDOWN, &own);
	if (!ret)
		ret = gather(dir, shell, side, s, x, &own);
	return ret ? settle(s, &own, err) : 0;
}

int explain_run(struct meter *m, const struct workload *const *specs, const struct side *sides,
		struct explanation *x, struct pgo_err *err)
{
	int ret = 0;

	progress_start("cachegrind", 2 * x->nr);
	for (size_t i = 0; !ret && i < 2 * x->nr; i++) {
		const struct workload *w = specs[i / 2];

		progress_step(i, w->name);
		ret = count_side(m, w, &sides[i % 2], x, &x->workloads[i / 2].side[i % 2], err);
	}
	return ret;
}
