/* SPDX-License-Identifier: Apache-2.0 */
/* The sum of a log. */
#include <jansson.h>
#include <string.h>

#include "drivers/wrapper.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"

#define MAX_NAMES 16

void wrapper_summary_release(struct wrapper_summary *s)
{
	strvec_release(&s->stale_inputs);
	strvec_release(&s->foreign);
	*s = (struct wrapper_summary)WRAPPER_SUMMARY_INIT;
}

static void add_name(struct strvec *names, const char *name)
{
	if (name && names->nr < MAX_NAMES && !strvec_has(names, name))
		strvec_push(names, name);
}

static uint64_t count_of(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

static void add_mode(struct wrapper_summary *s, const char *mode, const char *tool)
{
	s->nr_compiles += !strncmp(mode, "compile", 7);
	s->nr_links += !strcmp(mode, "link") || !strcmp(mode, "compile+link");
	s->nr_passed += !strcmp(mode, "passed");
	if (!strcmp(mode, "foreign")) {
		s->nr_foreign++;
		add_name(&s->foreign, tool);
	}
}

static bool add_call(struct wrapper_summary *s, const json_t *o)
{
	const char *tool = json_string_value(json_object_get(o, "tool"));
	const char *mode = json_string_value(json_object_get(o, "mode"));
	const json_t *status = json_object_get(o, "status");
	const json_t *warnings = json_object_get(o, "warnings"), *name;
	size_t i;

	if (!tool || !mode || !json_is_integer(status))
		return false;
	s->nr_calls++;
	add_mode(s, mode, tool);
	s->nr_failed += json_integer_value(status) != 0;
	s->nr_stale_inputs = num_add_sat(s->nr_stale_inputs, count_of(o, "nr_stale"), NULL);
	json_array_foreach(json_object_get(o, "stale"), i, name)
		add_name(&s->stale_inputs, json_string_value(name));
	for (int k = 0; k < PROFILE_WARN_NR; k++)
		s->warnings[k] = num_add_sat(s->warnings[k],
					     count_of(warnings, profile_warning_name(k)), NULL);
	return true;
}

static bool add_output(struct strvec *paths, const json_t *o)
{
	const char *output = json_string_value(json_object_get(o, "output"));
	const char *dir = json_string_value(json_object_get(o, "dir"));
	PGO_AUTO_FREE char *path = output && dir ? fs_join(dir, output) : NULL;

	if (path && !json_integer_value(json_object_get(o, "status")) && !strvec_has(paths, path))
		strvec_push(paths, path);
	return dir;
}

static bool add_link(struct wrapper_links *links, const json_t *o)
{
	const char *output = json_string_value(json_object_get(o, "output"));
	const char *dir = json_string_value(json_object_get(o, "dir"));
	const char *map = json_string_value(json_object_get(o, "map"));

	if (!dir)
		return false;
	if (!output || !map || json_integer_value(json_object_get(o, "status")))
		return true;
	VEC_GROW(links->v, links->nr, links->alloc);
	links->v[links->nr++] = (struct wrapper_link){ fs_join(dir, output), xstrdup(map),
						       xstrdup(dir) };
	return true;
}

void wrapper_links_release(struct wrapper_links *l)
{
	for (size_t i = 0; i < l->nr; i++) {
		free(l->v[i].output);
		free(l->v[i].map);
		free(l->v[i].dir);
	}
	free(l->v);
	*l = (struct wrapper_links)WRAPPER_LINKS_INIT;
}

/* What is made of a line's call: the sum, the outputs, or the links with maps. */
struct reader {
	struct wrapper_summary *sum;
	struct strvec *paths;
	struct wrapper_links *links;
};

static bool take_line(const struct reader *r, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, 0, NULL);
	bool ok = false;

	if (o && r->links)
		ok = add_link(r->links, o);
	else if (o)
		ok = r->sum ? add_call(r->sum, o) : add_output(r->paths, o);
	json_decref(o);
	return ok;
}

static int read_log(const struct reader *r, const char *log, struct pgo_err *err)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	const char *line, *end;
	int ret = fs_exists(log) ? fs_read_file(log, &text, err) : 0;

	if (ret)
		return ret;
	for (line = text.buf; (end = memchr(line, '\n', (size_t)(text.buf + text.len - line)));
	     line = end + 1)
		if (!take_line(r, line, (size_t)(end - line)))
			return pgo_error_at(err, PGO_EFORMAT, log, line - text.buf,
					    "'%s' has a line that pgoctl-cc did not write", log);
	return 0;
}

int wrapper_log_read(struct wrapper_summary *s, const char *log, struct pgo_err *err)
{
	PGO_AUTO(wrapper_summary) got = WRAPPER_SUMMARY_INIT;
	const struct reader r = { .sum = &got };
	int ret = read_log(&r, log, err);

	if (ret)
		return ret;
	wrapper_summary_release(s);
	*s = got;
	got = (struct wrapper_summary)WRAPPER_SUMMARY_INIT;
	return 0;
}

int wrapper_log_outputs(const char *log, struct strvec *paths, struct pgo_err *err)
{
	const struct reader r = { .paths = paths };

	return read_log(&r, log, err);
}

int wrapper_log_links(const char *log, struct wrapper_links *links, struct pgo_err *err)
{
	const struct reader r = { .links = links };

	return read_log(&r, log, err);
}
