/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/serve.h"

#include <time.h>
#include <unistd.h>

#include "pgo/base/clock.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/base/progress.h"
#include "pgo/core/snapshot.h"

#define STOP_NS UINT64_C(10000000000)
#define SNAPSHOT_NS UINT64_C(30000000000)
#define ASK_EVERY_NS 100000000 /* whether it is ready */
#define ASK_NS UINT64_C(10000000000) /* for an answer */

static int ask_line(const struct project *p, const struct serve_req *req, const char *what,
		    const char *line, uint64_t timeout_ns, struct pgo_err *err)
{
	PGO_AUTO_FREE char *name = xstrfmt("%s of workload '%s'", what, req->w->name);
	struct run_req r = { .what = name,
			     .line = line,
			     .dir = req->server->dir,
			     .env = req->client_env,
			     .log = req->log,
			     .append = true,
			     .timeout_ns = timeout_ns };

	return runner_shell(p, &r, NULL, err);
}

static int not_ready(const struct serve_req *req, uint64_t limit_ns, struct pgo_err *why,
		     struct pgo_err *err)
{
	PGO_AUTO(strbuf) time = STRBUF_INIT;

	num_add_duration(&time, limit_ns);
	pgo_error(err, PGO_ECHILD, "the server of workload '%s' was not ready within %s",
		  req->w->name, time.buf);
	pgo_err_detail(err, why->detail ? why->detail : req->w->ready);
	return pgo_err_hint(err, "its own output is in '%s'; give it more time: timeout: 30m",
			    req->server->log);
}

static int wait_ready(const struct project *p, const struct serve_req *req,
		      struct run_background *b, struct serve_report *rep, struct pgo_err *err)
{
	const uint64_t limit = req->w->timeout_ns ? req->w->timeout_ns : WORKLOAD_TIMEOUT_NS;
	const struct timespec pause = { .tv_nsec = ASK_EVERY_NS };

	while (req->w->ready) {
		PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
		int ret = ask_line(p, req, "the question 'ready'", req->w->ready, ASK_NS, &why);

		rep->ready_ns = clock_now_ns() - b->child.start_ns;
		if (ret && ret != -PGO_ECHILD)
			return pgo_error(err, why.code, "%s", why.msg);
		/* What answered may be another server, when ours could not get its place. */
		if (!child_alive(&b->child))
			return runner_ended(req->server, b, err);
		if (!ret)
			break;
		if (rep->ready_ns > limit)
			return not_ready(req, limit, &why, err);
		progress_tick();
		nanosleep(&pause, NULL);
	}
	return 0;
}

static void tell_hindered(const struct serve_req *req, const struct snapshots *s)
{
	const struct hindered *h = s->hindered;
	PGO_AUTO_FREE char *more = s->nr_hindered > 1 ? xstrfmt(" and %zu more", s->nr_hindered - 1)
						      : xstrdup("");

	if (h)
		log_warn(
			"'%s': pgoctl's agent is not in process %d (%s)%s of the server: it is %s; "
			"what it counts is written when it ends by itself, or never: %s",
			req->w->name, (int)h->pid, h->command, more, obstacle_name(h->obstacle),
			obstacle_remedy(h->obstacle));
}

/* All that descend from this program are the server's now. */
static int snapshot(const struct project *p, const struct serve_req *req, struct serve_report *rep,
		    struct pgo_err *err)
{
	PGO_AUTO(snapshots) s = SNAPSHOTS_INIT;
	int ret = snapshot_take(getpid(), true, SNAPSHOT_NS, &s, err);

	rep->nr_processes = ret ? 0 : s.nr;
	rep->nr_without = s.nr_without ? s.nr_without - 1 : 0; /* this program itself */
	if (ret == -PGO_EUNSUP && !s.nr)
		pgo_error(err, PGO_EUNSUP, "pgoctl's agent is in none of its processes");
	/* What counts in its file loses nothing. */
	if (!rep->nr_hindered && !p->continuous)
		tell_hindered(req, &s);
	rep->nr_hindered = s.nr_hindered;
	return ret;
}

static void tell_kept(const struct serve_req *req, const char *why)
{
	log_warn("'%s': what the server counted before it was ready stays in its profile: %s",
		 req->w->name, why);
}

static int discard(const struct project *p, const struct serve_req *req, struct serve_report *rep,
		   struct pgo_err *err)
{
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	int ret;

	if (!req->w->ready)
		return 0;
	if (p->continuous) {
		tell_kept(req, "it counts in the file");
		return 0;
	}
	if (snapshot(p, req, rep, &why)) {
		tell_kept(req, why.msg);
		return 0;
	}
	if (rep->nr_without)
		log_warn(
			"'%s': %zu of the server's processes have no agent: if they are "
			"instrumented, what they counted before it was ready stays in the profile",
			req->w->name, rep->nr_without);
	rep->discarded = true;
	ret = fs_remove_tree(req->raw, err);
	return ret ? ret : fs_mkdir_p(req->raw, err);
}

/* Well, or as no run may end. */
static int ended_early(const struct serve_req *req, const struct run_background *b,
		       struct pgo_err *err)
{
	const struct child_result *res = &b->child.res;

	if (!res->term_signal && res->exit_status == req->w->expect_status) {
		log_warn("'%s': the server had ended by itself before its load did", req->w->name);
		return 0;
	}
	runner_ended(req->server, b, err);
	return pgo_err_hint(err, "the server ended before its load did; its output is in '%s'",
			    req->server->log);
}

static int drive(const struct project *p, const struct serve_req *req, struct run_background *b,
		 struct serve_report *rep, struct pgo_err *err)
{
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	uint64_t start = clock_now_ns();
	int ret = ask_line(p, req, "the load", req->w->drive, req->w->timeout_ns, err);

	rep->drive_ns = clock_now_ns() - start;
	if (ret == -PGO_ECHILD && !child_alive(&b->child))
		pgo_err_hint(err, "the server had ended; its output is in '%s'", req->server->log);
	if (ret)
		return ret;
	if (!child_alive(&b->child))
		return ended_early(req, b, err);
	if (snapshot(p, req, rep, &why))
		log_warn("'%s': no profile before its end is asked for: %s", req->w->name, why.msg);
	return 0;
}

static void tell(const struct serve_req *req, const struct serve_report *rep)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;

	if (req->w->ready) {
		strbuf_addstr(&text, "ready after ");
		num_add_duration(&text, rep->ready_ns);
		strbuf_addf(&text, " (its counts until then are %s), ",
			    rep->discarded ? "discarded" : "kept");
	}
	strbuf_addstr(&text, "loaded for ");
	num_add_duration(&text, rep->drive_ns);
	log_info("server '%s': %s; processes asked for their profiles: %zu", req->w->name, text.buf,
		 rep->nr_processes);
	if (rep->nr_killed)
		log_warn(
			"'%s': %u processes did not end within 10 s of SIGTERM and were killed: "
			"what "
			"they counted in that time is lost",
			req->w->name, rep->nr_killed);
}

/* What the scheduler and the disks have of a process is gone with it here. */
static void watch_end(struct run_watch *w, const struct child_result *res)
{
	run_watch_add(w, res);
	run_watch_end(w);
	w->metrics.read_bytes = w->metrics.written_bytes = w->metrics.disk_wait_ns = NOT_MEASURED;
}

int serve_run(const struct project *p, const struct serve_req *req, struct serve_report *ret,
	      struct pgo_err *err)
{
	PGO_AUTO(run_background) b = RUN_BACKGROUND_INIT;
	struct serve_report rep = { 0 };
	int stopped, r;

	if (req->watch)
		run_watch_begin(req->watch, req->watch->env);
	r = runner_start(req->server, &b, err);

	if (r)
		return r;
	r = wait_ready(p, req, &b, &rep, err);
	if (!r)
		r = discard(p, req, &rep, err);
	if (!r)
		r = drive(p, req, &b, &rep, err);
	stopped = runner_stop(p, req->server, &b, STOP_NS, r ? NULL : err);
	if (r || stopped)
		return r ? r : stopped;
	if (req->watch)
		watch_end(req->watch, &b.child.res);
	if (b.child.res.timed_out)
		rep.nr_killed = b.child.res.nr_left + (b.child.res.term_signal == SIGKILL);
	tell(req, &rep);
	*ret = rep;
	return 0;
}

json_t *serve_report_json(const struct serve_report *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "ready_ns", r->ready_ns ? js_u64(r->ready_ns) : json_null());
	json_object_set_new(o, "drive_ns", js_u64(r->drive_ns));
	json_object_set_new(o, "warm_up_discarded", json_boolean(r->discarded));
	json_object_set_new(o, "processes", js_u64(r->nr_processes));
	json_object_set_new(o, "without_agent", js_u64(r->nr_without));
	json_object_set_new(o, "killed", js_u64(r->nr_killed));
	return o;
}
