/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/train.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/num.h"
#include "pgo/base/progress.h"
#include "pgo/core/bolt.h"
#include "pgo/core/json.h"
#include "pgo/core/obstacle.h"
#include "pgo/core/preload.h"
#include "pgo/core/runner.h"
#include "pgo/core/serve.h"
#include "pgo/core/train-waits.h"
#include "pgo/core/workload.h"

static void run_release(struct training_run *r)
{
	free(r->raw_dir);
	strvec_release(&r->files);
}

void training_release(struct training *t)
{
	for (size_t i = 0; i < t->nr_workloads; i++) {
		for (size_t n = 0; n < t->workloads[i].nr_runs; n++)
			run_release(&t->workloads[i].runs[n]);
		free(t->workloads[i].runs);
	}
	free(t->workloads);
	free(t->event);
	*t = (struct training)TRAINING_INIT;
}

/* One run of one workload, while it is being made. */
struct session {
	struct project *p;
	const struct stage *stage;     /* NULL: the project's build does not matter */
	const struct sampler *sampler; /* NULL: the stage is instrumented */
	const struct workload *w;
	unsigned n;
	char *dir, *fresh;
	char key[DIGEST_HEX_LEN + 1];
	struct serve_report served; /* of a workload with a load */
	uint64_t nr_unsaved;	    /* processes of the run, as in struct training_run */
};

static void session_release(struct session *s)
{
	free(s->dir);
	free(s->fresh);
}
PGO_DEFINE_AUTO(session, session_release)

/* Its programs count for BOLT, not for a compiler. */
static bool is_bolt(const struct session *s)
{
	return s->stage && s->stage->kind == STAGE_BOLT_INSTRUMENTED;
}

static const char *raw_suffix(const struct session *s)
{
	if (s->sampler)
		return s->sampler->collector->suffix;
	return is_bolt(s) ? "fdata" : s->p->compiler->raw_format;
}

const char *training_folder(const struct stage *stage, const struct sampler *sampler)
{
	if (sampler)
		return "samples";
	return stage->kind == STAGE_BOLT_INSTRUMENTED ? "train-bolt" : "train";
}

/* Raw files of a process are named PID-SIGNATURE: the order of starting, not of the alphabet. */
static int by_process(const void *a, const void *b)
{
	const char *x = fs_basename(*(char *const *)a), *y = fs_basename(*(char *const *)b);
	unsigned long long px = strtoull(x, NULL, 10), py = strtoull(y, NULL, 10);

	if (px != py)
		return px < py ? -1 : 1;
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct find_raw {
	const char *suffix;
	struct training_run *run;
};

static int note_raw(const char *path, const char *rel, const struct stat *st, void *arg,
		    struct pgo_err *err)
{
	const struct find_raw *f = arg;
	size_t len = strlen(rel), n = strlen(f->suffix);

	(void)err;
	if (!S_ISREG(st->st_mode) || len <= n || strcmp(rel + len - n, f->suffix) != 0)
		return 0;
	strvec_push(&f->run->files, path);
	f->run->bytes += (uint64_t)st->st_size;
	return 0;
}

static int find_raw_files(const struct session *s, struct training_run *run, struct pgo_err *err)
{
	PGO_AUTO_FREE char *suffix = xstrfmt(".%s", raw_suffix(s));
	struct find_raw f = { suffix, run };
	int ret = fs_is_dir(run->raw_dir) ? fs_walk(run->raw_dir, note_raw, &f, err) : 0;

	if (!ret && run->files.nr)
		qsort(run->files.v, run->files.nr, sizeof(*run->files.v), by_process);
	return ret;
}

static int load_finished(const struct session *s, struct training_run *run, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_join(s->dir, "run.json");
	PGO_AUTO(json_holder) h = { NULL };
	bool ok = true, known = true; /* without an overhead the run is as good */
	int ret = js_load(path, &h.o, err);

	if (ret)
		return ret;
	if (strcmp(js_get_string(h.o, "key", &ok), s->key) != 0 || !ok)
		return pgo_error(err, PGO_EMISMATCH, "inputs changed");
	run->wall_ns = js_get_u64(h.o, "wall_ns", &ok);
	training_watch_take(h.o, run);
	run->nr_unsaved = js_get_u64(h.o, "unsaved", &known);
	run->raw_dir = fs_join(s->dir, "raw");
	ret = find_raw_files(s, run, err);
	if (!ret && s->sampler)
		sampling_overhead_take(json_object_get(h.o, "overhead"), &run->overhead, &known);
	/* A file that went away since makes the run undone. */
	if (!ret && (js_get_u64(h.o, "files", &ok) != run->files.nr ||
		     js_get_u64(h.o, "bytes", &ok) != run->bytes || !ok))
		ret = pgo_error(err, PGO_EMISMATCH, "raw files changed");
	return ret;
}

static char *recording_of(const struct session *s, const char *dir)
{
	return xstrfmt("%s/raw/%s.%s", dir, s->sampler->collector->name,
		       s->sampler->collector->suffix);
}

static void run_env(const struct session *s, const char *tmp, struct strvec *env)
{
	if (s->stage)
		workload_env(s->p, s->w, s->sampler ? "baseline" : "instrumented", s->stage->out,
			     tmp, env);
	else
		project_base_env(s->p, env);
}

/* Run it in dir, which is made anew; with is false for a run without the recorder. */
static int run_sampled(const struct session *s, const char *dir, bool with, struct run_req *req,
		       struct child_result *res, struct pgo_err *err)
{
	PGO_AUTO_FREE char *output = recording_of(s, dir);
	PGO_AUTO(strvec) tool = STRVEC_INIT;
	int ret;

	req->stop_after_ns = s->sampler->duration_ns;
	if (sampler_attaches(s->sampler)) {
		req->no_shell = true;
		req->line = "";
	}
	if (!with)
		return runner_shell(s->p, req, res, err);
	sampler_wrap(s->sampler, output, &tool, req->env);
	req->tool = &tool;
	ret = sampler_check(s->sampler, output, runner_shell(s->p, req, res, err), res, err);
	req->tool = NULL;
	if (ret) /* the log stays, what may be large goes */
		fs_remove_tree(output, NULL);
	return ret;
}

/* Its profiles are the server's alone: a load that is instrumented, too, leaves them in tmp. */
static int run_server(struct session *s, const char *raw, const char *tmp, const char *log,
		      const struct run_req *req, struct child_result *res, struct pgo_err *err)
{
	PGO_AUTO(strvec) env = STRVEC_INIT;
	struct run_req own = *req;
	struct serve_req server = { .server = &own,
				    .w = s->w,
				    .client_env = &env,
				    .raw = raw,
				    .log = log,
				    .watch = req->watch };
	int ret;

	own.watch = NULL;

	run_env(s, tmp, &env);
	ret = is_bolt(s) ? 0 : s->p->compiler->run_env(tmp, s->p->continuous, &env, err);
	if (!ret)
		ret = serve_run(s->p, &server, &s->served, err);
	*res = (struct child_result){ .wall_ns = s->served.ready_ns + s->served.drive_ns };
	return ret;
}

/* What it runs with so that its profiles are found below raw. */
static int aim(const struct session *s, const char *raw, const char *running, struct strvec *env,
	       struct pgo_err *err)
{
	int ret;

	if (is_bolt(s) && s->p->every_ns)
		log_info(
			"with --every a program that a run executes more than once leaves "
			"BOLT's counters of the last time only");
	if (is_bolt(s))
		return bolt_aim(s->p, raw, err);
	ret = s->p->compiler->run_env(raw, s->p->continuous, env, err);
	preload_env(s->p, env);
	return ret ? ret : preload_watch(running, env, err);
}

/*
 * BOLT's writer is a process of its own, in a group of its own, that looks every second whether
 * the run's group has ended, and then writes once more. Source: watchProcess() of LLVM's
 * bolt/runtime/instr.cpp.
 */
static void await_writer(const struct session *s)
{
	const struct timespec pause = { .tv_sec = 2 };

	if (is_bolt(s) && s->p->every_ns)
		nanosleep(&pause, NULL);
}

/* watch may be NULL. */
static int execute(struct session *s, const char *dir, bool with, struct run_watch *watch,
		   struct child_result *res, struct pgo_err *err)
{
	PGO_AUTO_FREE char *raw = fs_join(dir, "raw");
	PGO_AUTO_FREE char *tmp = fs_join(dir, "tmp");
	PGO_AUTO_FREE char *running = fs_join(dir, "running");
	PGO_AUTO_FREE char *log = fs_join(dir, "output.log");
	PGO_AUTO_FREE char *drive_log = fs_join(dir, "drive.log");
	PGO_AUTO_FREE char *what = xstrfmt("%s run %u of workload '%s'",
					   s->sampler ? "recorded" : "training", s->n + 1,
					   s->w->name);
	PGO_AUTO(strvec) env = STRVEC_INIT;
	struct run_req req = { .what = what,
			       .line = s->w->run,
			       .dir = s->p->run_dir ? s->p->run_dir : s->p->config.root,
			       .env = &env,
			       .log = log,
			       .timeout_ns = s->w->timeout_ns,
			       .expect_status = s->w->expect_status,
			       .watch = watch };
	PGO_AUTO_FREE char *in = workload_stdin(s->p, s->w);
	int ret = fs_remove_tree(dir, err);

	if (!ret)
		ret = fs_mkdir_p(raw, err);
	if (!ret)
		ret = fs_mkdir_p(tmp, err);
	if (ret)
		return ret;
	req.in_path = in;
	run_env(s, tmp, &env);
	if (!s->sampler)
		ret = aim(s, raw, running, &env, err);
	if (ret)
		return ret;
	if (s->sampler)
		ret = run_sampled(s, dir, with, &req, res, err);
	else if (s->w->drive)
		ret = run_server(s, raw, tmp, drive_log, &req, res, err);
	else
		ret = runner_shell(s->p, &req, res, err);
	if (watch && !s->sampler)
		run_watch_agent(watch);
	await_writer(s);
	s->nr_unsaved = preload_unsaved(running);
	return ret ? ret : fs_remove_tree(tmp, err);
}

/* More than that would be waited for longer than the estimate is worth. */
#define OVERHEAD_MAX_NS 10000000000u

/* The same run without and with the recorder, by turns; what those record is not kept. */
static int measure_overhead(struct session *s, uint64_t wall_ns, struct sampling_overhead *ret,
			    struct pgo_err *err)
{
	const unsigned pairs = s->sampler->pairs;
	PGO_AUTO_FREE uint64_t(*cpu_ns)[2] = xcalloc(pairs + 1, sizeof(*cpu_ns));
	PGO_AUTO_FREE char *dir = xstrfmt("%s.overhead", s->dir);
	struct child_result res = { .have_run_delay = true };
	uint64_t recorder_ns = 0;
	int r = 0;

	if (!pairs || s->n || wall_ns > OVERHEAD_MAX_NS || sampler_attaches(s->sampler))
		return 0;
	for (unsigned i = 0; !r && res.have_run_delay && i < 2 * pairs; i++) {
		const bool with = (i + i / 2) % 2; /* the first of a pair is so every other time */

		r = execute(s, dir, with, NULL, &res, err);
		cpu_ns[i / 2][with] = res.user_ns + res.sys_ns;
		/* The recorder is the leader, in one thread, and waits for the program. */
		if (with) {
			cpu_ns[i / 2][with] -= res.main_ns < cpu_ns[i / 2][with] ? res.main_ns : 0;
			recorder_ns += res.main_ns;
		}
	}
	if (!r && res.have_run_delay) {
		sampling_overhead_of((const uint64_t(*)[2])cpu_ns, pairs, ret);
		ret->recorder_ns = recorder_ns / pairs;
	}
	fs_remove_tree(dir, NULL);
	return r;
}

/* A line may run what no artifact is: an installed program that has other rights. */
static enum obstacle obstacle_of_line(const struct session *s, char **ret_path)
{
	PGO_AUTO(strvec) words = STRVEC_INIT;

	if (!strvec_split(&words, s->w->run) || !words.nr)
		return OBSTACLE_NONE;
	*ret_path = fs_join(s->p->config.root, words.v[0]);
	return obstacle_of_file(*ret_path);
}

static int no_profile(const struct session *s, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = NULL;
	enum obstacle o = OBSTACLE_NONE;

	pgo_error(err, PGO_ECHILD, "workload '%s' left no profile", s->w->name);
	pgo_err_detail(err, s->w->run);
	if (is_bolt(s))
		return pgo_err_hint(err,
				    "BOLT's counters are written at exit: what ends by _exit, "
				    "a signal or another program's start leaves nothing, "
				    "unless with --every 1s");
	if (s->stage && !s->sampler) {
		preload_tell(s->p, s->stage);
		o = obstacle_of_line(s, &path);
	}
	if (o != OBSTACLE_NONE)
		return pgo_err_hint(err, "'%s' is %s: %s", path, obstacle_name(o),
				    obstacle_remedy(o));
	return pgo_err_hint(
		err,
		"it must run an artifact of the instrumented build (below $PGO_OUT), and "
		"its processes must not all be killed or abort; with --every 30s those leave what "
		"they "
		"counted before");
}

static int finish(struct session *s, const struct child_result *res, struct training_run *run,
		  struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = fs_join(s->fresh, "run.json");
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	json_t *o;
	int ret;

	run->raw_dir = fs_join(s->fresh, "raw");
	run->nr_unsaved = s->nr_unsaved;
	ret = find_raw_files(s, run, err);
	if (!ret && s->sampler)
		ret = measure_overhead(s, res->wall_ns, &run->overhead, err);
	if (ret)
		return ret;
	if (!run->files.nr)
		return no_profile(s, err);
	o = json_object();
	json_object_set_new(o, "key", js_string(s->key));
	json_object_set_new(o, "workload", js_string(s->w->name));
	json_object_set_new(o, "files", js_u64(run->files.nr));
	json_object_set_new(o, "bytes", js_u64(run->bytes));
	json_object_set_new(o, "wall_ns", js_u64(res->wall_ns));
	if (s->w->drive)
		json_object_set_new(o, "server", serve_report_json(&s->served));
	json_object_set_new(o, "unsaved", js_u64(run->nr_unsaved));
	training_watch_json(o, run);
	if (s->sampler)
		json_object_set_new(o, "overhead", sampling_overhead_json(&run->overhead));
	js_dump(o, &text, false);
	json_decref(o);
	ret = fs_write_atomic(path, text.buf, text.len, 0644, err);
	if (!ret)
		ret = fs_remove_tree(s->dir, err);
	if (!ret && rename(s->fresh, s->dir))
		ret = pgo_error_errno(err, "cannot rename '%s'", s->fresh);
	return ret;
}

/* Of a process that runs already it is not known what it waits for. */
static int execute_watched(struct session *s, struct training_run *run, struct child_result *res,
			   struct pgo_err *err)
{
	PGO_AUTO(environment) env = ENVIRONMENT_INIT;
	int ret;

	if (s->sampler && sampler_attaches(s->sampler))
		return execute(s, s->fresh, true, NULL, res, err);
	environment_open(&env, "");
	run->watch.env = &env;
	ret = execute(s, s->fresh, true, &run->watch, res, err);
	run->watch.env = NULL;
	run->has_watch = !ret;
	run->cpu_limit = env.cpu_limit;
	run->memory_limit = env.memory_limit;
	return ret;
}

static int run_one(struct session *s, struct training_run *ret, struct pgo_err *err)
{
	PGO_AUTO(pgo_err) why = PGO_ERR_INIT;
	struct training_run first = { .files = STRVEC_INIT };
	struct child_result res = { 0 };
	char stage_key[DIGEST_HEX_LEN + 1] = "";
	int r;

	if (s->stage)
		memcpy(stage_key, s->stage->key, sizeof(stage_key));
	if (s->sampler)
		sampler_key(s->sampler, stage_key, stage_key);
	r = workload_key(s->p, s->w, stage_key, s->n, s->key, err);
	if (r)
		return r;
	if (s->stage && !s->p->force && !load_finished(s, ret, &why)) {
		ret->skipped = true;
		return 0;
	}
	run_release(ret);
	*ret = (struct training_run){ .files = STRVEC_INIT };
	r = execute_watched(s, &first, &res, err);
	if (!r)
		r = finish(s, &res, &first, err);
	run_release(&first);
	return r ? r : load_finished(s, ret, err);
}

static void plan_recording(const struct session *s, struct plan_step *step)
{
	PGO_AUTO_FREE char *output = recording_of(s, s->dir);
	PGO_AUTO(strvec) env = STRVEC_INIT, words = STRVEC_INIT;
	PGO_AUTO(strbuf) line = STRBUF_INIT;

	sampler_wrap(s->sampler, output, &words, &env);
	for (size_t i = 0; i < env.nr; i++)
		strvec_pushf(&step->commands, "export %s", env.v[i]);
	for (size_t i = 0; i < words.nr; i++) {
		strbuf_addquoted(&line, words.v[i]);
		strbuf_addch(&line, ' ');
	}
	if (!sampler_attaches(s->sampler)) {
		strbuf_addstr(&line, "/bin/sh -c ");
		strbuf_addquoted(&line, s->w->run);
	}
	strvec_push(&step->commands, line.buf);
}

static void plan_it(const struct session *s)
{
	struct plan_step *step = plan_add(s->p->plan, false, "%s %s (run %u of %u)",
					  s->sampler ? "record" : "train", s->w->name, s->n + 1,
					  s->w->repeat);
	PGO_AUTO(strvec) env = STRVEC_INIT;
	PGO_AUTO_FREE char *raw = fs_join(s->dir, "raw");

	if (s->sampler) {
		plan_recording(s, step);
		return;
	}
	if (!is_bolt(s)) {
		s->p->compiler->run_env(raw, s->p->continuous, &env, NULL);
		preload_env(s->p, &env);
	}
	for (size_t i = 0; i < env.nr; i++)
		strvec_pushf(&step->commands, "export %s", env.v[i]);
	if (!s->w->drive) {
		strvec_push(&step->commands, s->w->run);
		return;
	}
	strvec_pushf(&step->commands, "%s &", s->w->run);
	if (s->w->ready)
		strvec_pushf(&step->commands, "until %s; do sleep 0.1; done", s->w->ready);
	strvec_push(&step->commands, s->w->drive);
}

static int run_workload(struct project *p, const struct stage *stage, const struct sampler *sampler,
			struct training_workload *tw, struct digest *all, size_t *done,
			struct pgo_err *err)
{
	int ret = 0;

	for (unsigned n = 0; !ret && n < tw->workload->repeat; n++) {
		PGO_AUTO(session)
		s = { .p = p, .stage = stage, .sampler = sampler, .w = tw->workload, .n = n };

		s.dir = project_path(p, "%s/%s/%u", training_folder(stage, sampler), s.w->name, n);
		s.fresh = xstrfmt("%s.new", s.dir);
		if (p->plan) {
			plan_it(&s);
			continue;
		}
		progress_step((*done)++, s.w->name);
		ret = run_one(&s, &tw->runs[tw->nr_runs++], err);
		digest_add_str(all, s.key);
	}
	return ret;
}

/* It is one process at least whose counts are missing, and the profile does not show it. */
static void tell_unsaved(const struct project *p, const struct training *t)
{
	for (size_t i = 0; i < t->nr_workloads; i++) {
		const struct training_workload *tw = &t->workloads[i];
		uint64_t nr = 0;

		for (size_t n = 0; n < tw->nr_runs; n++)
			nr += tw->runs[n].nr_unsaved;
		if (!nr)
			continue;
		log_warn("workload '%s': %" PRIu64
			 " of its processes %s killed or aborted, or could not write: what "
			 "%s counted%s is lost%s",
			 tw->workload->name, nr, nr == 1 ? "was" : "were", nr == 1 ? "it" : "they",
			 p->every_ns ? " since the counters were last saved" : "",
			 p->every_ns ? "" : "; collect --every 1s loses no more than a second");
	}
}

static void tell(const struct project *p, const struct training *t)
{
	PGO_AUTO(strbuf) size = STRBUF_INIT;
	size_t runs = 0, kept = 0, files = 0;
	uint64_t bytes = 0;

	for (size_t i = 0; i < t->nr_workloads; i++)
		for (size_t n = 0; n < t->workloads[i].nr_runs; n++) {
			runs++;
			kept += t->workloads[i].runs[n].skipped;
			files += t->workloads[i].runs[n].files.nr;
			bytes += t->workloads[i].runs[n].bytes;
		}
	tell_unsaved(p, t);
	if (t->sampler) {
		num_add_bytes(&size, bytes);
		log_info("%zu recordings (%zu kept from before), %s, are in %s/samples", files,
			 kept, size.buf, p->state);
		return;
	}
	log_step("training: %zu runs (%zu kept), %zu raw profiles", runs, kept, files);
}

int training_run_all(struct project *p, const struct stage *stage, const struct sampler *sampler,
		     struct training *ret, struct pgo_err *err)
{
	size_t total = 0, done = 0;
	struct digest all;
	int r = 0;

	digest_init(&all);
	ret->sampler = sampler;
	ret->workloads = xcalloc(p->config.nr_workloads, sizeof(*ret->workloads));
	for (size_t i = 0; i < p->config.nr_workloads; i++)
		if (p->config.workloads[i].use & USE_TRAIN)
			total += p->config.workloads[i].repeat;
	if (!p->plan)
		progress_start(sampler ? "record" : "train", total);
	for (size_t i = 0; !r && i < p->config.nr_workloads; i++) {
		const struct workload *w = &p->config.workloads[i];
		struct training_workload *tw = &ret->workloads[ret->nr_workloads];

		if (!(w->use & USE_TRAIN))
			continue;
		ret->nr_workloads++;
		tw->workload = w;
		tw->runs = xcalloc(w->repeat, sizeof(*tw->runs));
		r = run_workload(p, stage, sampler, tw, &all, &done, err);
	}
	progress_stop();
	digest_hex(&all, ret->key);
	if (!r && !p->plan) {
		tell(p, ret);
		training_tell_waits(p, training_folder(stage, sampler), ret);
		if (stage && stage->kind == STAGE_INSTRUMENTED)
			preload_tell(p, stage);
	}
	return r;
}

static int load_workload(struct project *p, struct training_workload *tw, struct pgo_err *err)
{
	int ret = 0;

	for (unsigned n = 0; !ret && n < tw->workload->repeat; n++) {
		const struct session s = { .p = p, .w = tw->workload, .n = n };
		struct training_run *run = &tw->runs[tw->nr_runs++];

		run->raw_dir = project_path(p, "train/%s/%u/raw", tw->workload->name, n);
		ret = find_raw_files(&s, run, err);
		if (!ret && !run->files.nr) {
			pgo_error(err, PGO_ENOTFOUND, "there is no training run of workload '%s'",
				  tw->workload->name);
			pgo_err_hint(err, "pgoctl collect");
			ret = -PGO_ENOTFOUND;
		}
	}
	return ret;
}

int training_load(struct project *p, struct training *ret, struct pgo_err *err)
{
	int r = 0;

	ret->workloads = xcalloc(p->config.nr_workloads, sizeof(*ret->workloads));
	for (size_t i = 0; !r && i < p->config.nr_workloads; i++) {
		struct training_workload *tw = &ret->workloads[ret->nr_workloads];

		if (!(p->config.workloads[i].use & USE_TRAIN))
			continue;
		ret->nr_workloads++;
		tw->workload = &p->config.workloads[i];
		tw->runs = xcalloc(tw->workload->repeat, sizeof(*tw->runs));
		r = load_workload(p, tw, err);
	}
	return r;
}
