/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/hyperfine.h"

#include <math.h>

#include "pgo/base/fs.h"
#include "pgo/stats/signed-rank.h"

/* In hyperfine's order. */
static const struct summary_field {
	const char *key;
	size_t offset;
} summary_fields[] = {
	{ "mean", offsetof(struct hyperfine_result, mean_s) },
	{ "stddev", offsetof(struct hyperfine_result, stddev_s) },
	{ "median", offsetof(struct hyperfine_result, median_s) },
	{ "user", offsetof(struct hyperfine_result, user_s) },
	{ "system", offsetof(struct hyperfine_result, system_s) },
	{ "min", offsetof(struct hyperfine_result, min_s) },
	{ "max", offsetof(struct hyperfine_result, max_s) },
};

void hyperfine_release(struct hyperfine *h)
{
	for (size_t i = 0; i < h->nr; i++) {
		free(h->results[i].command);
		free(h->results[i].times_s);
		free(h->results[i].exit_codes);
		free(h->results[i].memory_bytes);
	}
	free(h->results);
	*h = (struct hyperfine)HYPERFINE_INIT;
}

static void summarize(struct hyperfine_result *r)
{
	double squares = 0;

	r->min_s = r->max_s = r->times_s[0];
	r->mean_s = 0;
	for (size_t i = 0; i < r->nr; i++) {
		r->mean_s += r->times_s[i];
		r->min_s = fmin(r->min_s, r->times_s[i]);
		r->max_s = fmax(r->max_s, r->times_s[i]);
	}
	r->mean_s /= (double)r->nr;
	for (size_t i = 0; i < r->nr; i++)
		squares += (r->times_s[i] - r->mean_s) * (r->times_s[i] - r->mean_s);
	r->stddev_s = r->nr > 1 ? sqrt(squares / ((double)r->nr - 1)) : NAN;
	r->median_s = median(r->times_s, r->nr);
	r->user_s = r->system_s = NAN;
}

struct hyperfine_result *hyperfine_add(struct hyperfine *h, const char *command,
				       const double *times_s, size_t nr)
{
	struct hyperfine_result *r;

	VEC_GROW(h->results, h->nr, h->alloc);
	r = &h->results[h->nr++];
	*r = (struct hyperfine_result){
		.command = xstrdup(command),
		.times_s = xmemdup(times_s, nr * sizeof(*times_s)),
		.nr = nr,
	};
	summarize(r);
	return r;
}

static bool counts(const struct ab_pair *p, size_t workload)
{
	return p->workload == workload && p->kind == PAIR_AB && p->invalid == VALID;
}

/* Of one process; NAN, which goes through a sum, when it was not measured. */
static double seconds_of(uint64_t ns, unsigned times)
{
	return ns == NOT_MEASURED ? NAN : (double)ns / 1e9 / times;
}

static void add_side(const struct evidence *e, size_t workload, int side, struct hyperfine *h)
{
	const struct ab_workload_info *w = &e->workloads[workload];
	const char *label = side ? e->head.b : e->head.a;
	PGO_AUTO_FREE double *times = xcalloc(e->nr_pairs, sizeof(*times));
	PGO_AUTO_FREE uint64_t *memory = xcalloc(e->nr_pairs, sizeof(*memory));
	double program = 0, kernel = 0;
	PGO_AUTO_FREE char *command = e->nr_workloads == 1 ? xstrdup(label)
							   : xstrfmt("%s: %s", label, w->name);
	struct hyperfine_result *r;
	bool all_measured = true;
	size_t nr = 0;

	for (size_t i = 0; i < e->nr_pairs; i++) {
		const struct run_metrics *m = &e->pairs[i].run[side];

		if (!counts(&e->pairs[i], workload))
			continue;
		all_measured = all_measured && m->max_rss_bytes != NOT_MEASURED;
		program += seconds_of(m->user_ns, w->times);
		kernel += seconds_of(m->sys_ns, w->times);
		memory[nr] = m->max_rss_bytes;
		times[nr++] = (double)m->wall_ns / 1e9 / w->times;
	}
	if (!nr)
		return;
	r = hyperfine_add(h, command, times, nr);
	r->user_s = program / (double)nr;
	r->system_s = kernel / (double)nr;
	if (all_measured)
		r->memory_bytes = TAKE_PTR(memory);
}

void hyperfine_from_evidence(const struct evidence *e, struct hyperfine *ret)
{
	*ret = (struct hyperfine)HYPERFINE_INIT;
	for (size_t i = 0; i < e->nr_workloads; i++)
		for (int side = 0; side < 2; side++)
			add_side(e, i, side, ret);
}

static json_t *number_json(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *exit_json(int code)
{
	return code == HYPERFINE_NO_EXIT ? json_null() : json_integer(code);
}

static json_t *result_json(const struct hyperfine_result *r)
{
	json_t *o = json_object(), *times = json_array(), *memory = json_array();
	json_t *codes = json_array();

	json_object_set_new(o, "command", js_string(r->command));
	for (size_t i = 0; i < ARRAY_SIZE(summary_fields); i++) {
		const char *at = (const char *)r + summary_fields[i].offset;

		json_object_set_new(o, summary_fields[i].key, number_json(*(const double *)at));
	}
	for (size_t i = 0; i < r->nr; i++) {
		json_array_append_new(times, number_json(r->times_s[i]));
		if (r->memory_bytes)
			json_array_append_new(memory, js_u64(r->memory_bytes[i]));
		if (r->exit_codes)
			json_array_append_new(codes, exit_json(r->exit_codes[i]));
	}
	json_object_set_new(o, "times", times);
	if (r->memory_bytes)
		json_object_set(o, "memory_usage_byte", memory);
	if (r->exit_codes)
		json_object_set(o, "exit_codes", codes);
	json_decref(memory);
	json_decref(codes);
	return o;
}

json_t *hyperfine_json(const struct hyperfine *h)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < h->nr; i++)
		json_array_append_new(list, result_json(&h->results[i]));
	json_object_set_new(o, "results", list);
	return o;
}

static bool take_summary(const json_t *o, const char *key, double *ret)
{
	const json_t *v = json_object_get(o, key);

	*ret = json_is_number(v) ? json_number_value(v) : NAN;
	return !v || json_is_null(v) || json_is_number(v);
}

static bool take_times(const json_t *list, struct hyperfine_result *r)
{
	r->nr = json_array_size(list);
	r->times_s = xcalloc(r->nr, sizeof(*r->times_s));
	for (size_t i = 0; i < r->nr; i++) {
		const json_t *v = json_array_get(list, i);

		r->times_s[i] = json_number_value(v);
		if (!json_is_number(v) || r->times_s[i] < 0)
			return false;
	}
	return r->nr > 0;
}

static bool take_exits(const json_t *list, struct hyperfine_result *r)
{
	if (!list)
		return true;
	if (json_array_size(list) != r->nr)
		return false;
	r->exit_codes = xcalloc(r->nr, sizeof(*r->exit_codes));
	for (size_t i = 0; i < r->nr; i++) {
		const json_t *v = json_array_get(list, i);
		json_int_t code = json_is_null(v) ? HYPERFINE_NO_EXIT : json_integer_value(v);

		if (!(json_is_null(v) || json_is_integer(v)) || code < INT_MIN || code > INT_MAX)
			return false;
		r->exit_codes[i] = (int)code;
	}
	return true;
}

static bool take_memory(const json_t *list, struct hyperfine_result *r)
{
	if (!list)
		return true;
	if (json_array_size(list) != r->nr)
		return false;
	r->memory_bytes = xcalloc(r->nr, sizeof(*r->memory_bytes));
	for (size_t i = 0; i < r->nr; i++) {
		const json_t *v = json_array_get(list, i);

		if (!json_is_integer(v) || json_integer_value(v) < 0)
			return false;
		r->memory_bytes[i] = (uint64_t)json_integer_value(v);
	}
	return true;
}

/* Returns the field that is wrong, or NULL. */
static const char *take_result(const json_t *o, struct hyperfine_result *r)
{
	const char *command = json_string_value(json_object_get(o, "command"));

	if (!command)
		return "command";
	r->command = xstrdup(command);
	for (size_t i = 0; i < ARRAY_SIZE(summary_fields); i++) {
		const struct summary_field *f = &summary_fields[i];
		char *at = (char *)r + f->offset;

		if (!take_summary(o, f->key, (double *)at))
			return f->key;
	}
	if (!take_times(json_object_get(o, "times"), r))
		return "times";
	if (!take_exits(json_object_get(o, "exit_codes"), r))
		return "exit_codes";
	if (!take_memory(json_object_get(o, "memory_usage_byte"), r))
		return "memory_usage_byte";
	return NULL;
}

static struct hyperfine take(struct hyperfine *h)
{
	struct hyperfine taken = *h;

	*h = (struct hyperfine)HYPERFINE_INIT;
	return taken;
}

int hyperfine_parse(const char *path, const char *text, size_t len, struct hyperfine *ret,
		    struct pgo_err *err)
{
	PGO_AUTO(hyperfine) h = HYPERFINE_INIT;
	PGO_AUTO(json_holder) o = { NULL };
	const json_t *list;
	int r = js_parse(path, text, len, &o.o, err);

	if (r)
		return r;
	list = json_object_get(o.o, "results");
	if (!json_is_array(list))
		return pgo_error_at(err, PGO_EFORMAT, path, -1,
				    "'%s' is no hyperfine export: it has no results", path);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *wrong;

		VEC_GROW(h.results, h.nr, h.alloc);
		h.results[h.nr++] = (struct hyperfine_result){ 0 };
		wrong = take_result(json_array_get(list, i), &h.results[i]);
		if (wrong)
			return pgo_error_at(err, PGO_EFORMAT, path, -1,
					    "'%s' is no hyperfine export: field '%s' of result %zu "
					    "is missing or wrong",
					    path, wrong, i);
	}
	*ret = take(&h);
	return 0;
}

int hyperfine_read(const char *path, struct hyperfine *ret, struct pgo_err *err)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	int r = fs_read_file(path, &text, err);

	return r ? r : hyperfine_parse(path, text.buf, text.len, ret, err);
}
