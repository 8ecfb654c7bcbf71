/* SPDX-License-Identifier: Apache-2.0 */
/* .pgo/record.jsonl: one line for every child. */
#include <jansson.h>
#include <time.h>

#include "pgo/base/fs.h"
#include "pgo/core/json.h"
#include "pgo/core/runner.h"

extern char **environ;

static bool inherited(const char *entry)
{
	for (char **e = environ; *e; e++)
		if (!strcmp(*e, entry))
			return true;
	return false;
}

/* Only what this child got and we have not: that is what it takes to run it again by hand. */
static json_t *own_env(const struct strvec *env)
{
	json_t *o = json_object();

	for (size_t i = 0; i < env->nr; i++) {
		const char *eq = strchr(env->v[i], '=');
		PGO_AUTO_FREE char *name = NULL;

		if (!eq || inherited(env->v[i]))
			continue;
		name = xstrndup(env->v[i], (size_t)(eq - env->v[i]));
		json_object_set_new(o, name, js_string(eq + 1));
	}
	return o;
}

static json_t *argv_array(const struct strvec *argv)
{
	json_t *a = json_array();

	for (size_t i = 0; i < argv->nr; i++)
		json_array_append_new(a, js_string(argv->v[i]));
	return a;
}

static json_t *now_utc(void)
{
	time_t now = time(NULL);
	char text[32];
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(text);
}

int record_run(const struct project *p, const char *what, const struct child *c,
	       const struct child_result *res, const struct run_metrics *m, struct pgo_err *err)
{
	PGO_AUTO_FREE char *path = project_path(p, "record.jsonl");
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	json_t *o = json_object();

	json_object_set_new(o, "time", now_utc());
	json_object_set_new(o, "what", js_string(what));
	json_object_set_new(o, "argv", argv_array(&c->argv));
	json_object_set_new(o, "dir", c->dir ? js_string(c->dir) : json_null());
	json_object_set_new(o, "env", own_env(&c->env));
	json_object_set_new(o, "status",
			    res->exit_status >= 0 ? json_integer(res->exit_status) : json_null());
	json_object_set_new(o, "signal",
			    res->term_signal ? json_integer(res->term_signal) : json_null());
	json_object_set_new(o, "timed_out", json_boolean(res->timed_out));
	json_object_set_new(o, "wall_ns", js_u64(res->wall_ns));
	json_object_set_new(o, "user_ns", js_u64(res->user_ns));
	json_object_set_new(o, "sys_ns", js_u64(res->sys_ns));
	json_object_set_new(o, "max_rss_bytes", js_u64(res->max_rss_bytes));
	if (m)
		json_object_set_new(o, "metrics", run_metrics_json(m));
	js_dump(o, &line, true);
	json_decref(o);
	strbuf_addch(&line, '\n');
	return fs_append_line(path, line.buf, line.len, err);
}

int record_child(const struct project *p, const char *what, const struct child *c,
		 const struct child_result *res, struct pgo_err *err)
{
	return record_run(p, what, c, res, NULL, err);
}
