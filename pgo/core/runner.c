/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/runner.h"

#include <fnmatch.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/base/progress.h"

static void describe_end(struct strbuf *sb, const struct run_req *req,
			 const struct child_result *res)
{
	if (res->timed_out) {
		strbuf_addstr(sb, "did not end within ");
		num_add_duration(sb, req->timeout_ns);
	} else if (res->term_signal) {
		strbuf_addf(sb, "was ended by signal %d (%s)", res->term_signal,
			    strsignal(res->term_signal));
	} else if (req->expect_status) {
		strbuf_addf(sb, "ended with status %d, not %d", res->exit_status,
			    req->expect_status);
	} else if (!res->exit_status) {
		strbuf_addstr(sb, "ended by itself");
	} else {
		strbuf_addf(sb, "failed with status %d", res->exit_status);
	}
}

static int failed(const struct run_req *req, const struct child_result *res, struct pgo_err *err)
{
	PGO_AUTO(strbuf) end = STRBUF_INIT;
	PGO_AUTO(strbuf) detail = STRBUF_INIT;

	describe_end(&end, req, res);
	pgo_error(err, PGO_ECHILD, "%s %s", req->what, end.buf);
	if (*req->line)
		strbuf_addf(&detail, "command: %s\nin:      %s\n", req->line, req->dir);
	fs_tail(req->log, 20, &detail);
	pgo_err_detail(err, detail.buf);
	return pgo_err_hint(err, "the whole log is in '%s'", req->log);
}

/*
 * One plain command takes the shell's place: what is then measured is the program alone, and
 * the scheduler's account is its own. dash would fork for it.
 */
static bool is_plain_program(const char *line)
{
	static const char *const starts[] = { "\"$PGO_OUT/", "$PGO_OUT/", "/", "./" };

	if (strpbrk(line, ";|&<>()`\n"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static bool stops_first(const struct run_req *req)
{
	return req->stop_after_ns && (!req->timeout_ns || req->stop_after_ns < req->timeout_ns);
}

static void fill_child(struct child *c, const struct run_req *req)
{
	if (req->tool)
		strvec_pushv(&c->argv, req->tool->v);
	if (req->no_shell) {
		strvec_split(&c->argv, req->line);
	} else {
		strvec_push(&c->argv, "/bin/sh");
		strvec_push(&c->argv, "-c");
		strvec_pushf(&c->argv, "%s%s", is_plain_program(req->line) ? "exec " : "",
			     req->line);
	}
	c->armed = req->armed;
	c->armed_arg = req->armed_arg;
	c->sweep = req->armed || req->tool;
	c->adopt = req->watch;
	c->spin_ns = req->spin_ns;
	c->processor = req->processor;
	strvec_pushv(&c->env, req->env->v);
	c->dir = req->dir;
	c->in_path = req->in_path;
	c->out_path = req->out_path ? req->out_path : req->log;
	c->err_path = req->log;
	c->append = req->append;
	c->timeout_ns = req->timeout_ns;
	if (stops_first(req)) {
		c->timeout_ns = req->stop_after_ns;
		c->grace_ns = 60000000000u;
	}
	c->idle = progress_tick;
}

int runner_shell(const struct project *p, const struct run_req *req, struct child_result *res,
		 struct pgo_err *err)
{
	PGO_AUTO(child) c = CHILD_INIT;
	struct run_watch *w = req->watch;
	struct child_result local;
	int ret;

	if (!res)
		res = &local;
	fill_child(&c, req);
	if (w)
		run_watch_begin(w, w->env);
	ret = child_run(&c, res, err);
	if (ret)
		return ret;
	if (w) {
		run_watch_add(w, res);
		run_watch_end(w);
	}
	ret = record_run(p, req->what, &c, res, w ? &w->metrics : NULL, err);
	if (ret)
		return ret;
	if (res->timed_out && stops_first(req))
		return 0;
	if (res->timed_out || res->exit_status != req->expect_status)
		return failed(req, res, err);
	return 0;
}

void run_background_release(struct run_background *b)
{
	child_release(&b->c);
}

int runner_start(const struct run_req *req, struct run_background *b, struct pgo_err *err)
{
	fill_child(&b->c, req);
	return child_start(&b->c, &b->child, err);
}

int runner_stop(const struct project *p, const struct run_req *req, struct run_background *b,
		uint64_t grace_ns, struct pgo_err *err)
{
	child_stop(&b->child, grace_ns);
	return record_child(p, req->what, &b->c, &b->child.res, err);
}

int runner_ended(const struct run_req *req, const struct run_background *b, struct pgo_err *err)
{
	return failed(req, &b->child.res, err);
}

static int note_library(const char *path, const char *rel, const struct stat *st, void *arg,
			struct pgo_err *err)
{
	PGO_AUTO_FREE char *dir = fs_dirname(path);
	struct strbuf *list = arg;
	size_t len = strlen(dir);

	(void)rel;
	(void)err;
	if (S_ISDIR(st->st_mode) ||
	    (fnmatch("*.so", path, 0) != 0 && fnmatch("*.so.*", path, 0) != 0))
		return 0;
	if (list->len >= len && !strcmp(list->buf + list->len - len, dir))
		return 0;
	strbuf_addf(list, "%s%s", list->len ? ":" : "", dir);
	return 0;
}

void runner_add_library_path(struct strvec *env, const char *out_dir)
{
	PGO_AUTO(strbuf) list = STRBUF_INIT;
	const char *old = strvec_getenv(env, "LD_LIBRARY_PATH");

	if (fs_walk(out_dir, note_library, &list, NULL) || !list.len)
		return;
	if (old && *old)
		strbuf_addf(&list, ":%s", old);
	strvec_setenv(env, "LD_LIBRARY_PATH", list.buf);
}
