/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/evidence.h"

#include <limits.h>
#include <stdarg.h>
#include <stddef.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/strbuf.h"
#include "pgo/stats/spending.h"

/* What a field is in memory, and as JSON. */
enum kind {
	KIND_U64,
	KIND_UINT,
	KIND_SIZE,
	KIND_DOUBLE,
	KIND_BOOL,
	KIND_MEASURED, /* uint64_t: null for NOT_MEASURED */
	KIND_LIMIT,    /* the same, and "none" for EVIDENCE_NO_LIMIT */
	KIND_TEXT,
	KIND_OPTIONAL_TEXT,
	KIND_HASH,   /* char[65]: null for "" */
	KIND_NAME,   /* an enum: one of names */
	KIND_OBJECT, /* what sub lays out */
};

struct layout;
struct field {
	const char *key;
	enum kind kind;
	unsigned since; /* the version that brought it; 0: the first */
	size_t offset;
	const struct layout *sub;
	const char *const *names;
	unsigned nr_names;
};

/* One table for both directions: what is written is what is read. */
struct layout {
	const struct field *fields;
	size_t nr;
};
#define LAYOUT(f) { (f), ARRAY_SIZE(f) }
#define AT(type, member) offsetof(struct type, member)
#define FIELD_SINCE(type, member, kind, since) \
	{ #member, (kind), (since), AT(type, member), NULL, NULL, 0 }
#define FIELD(type, member, kind) FIELD_SINCE(type, member, kind, 0)
#define NAMED(key, type, member, names, since) \
	{ (key), KIND_NAME, (since), AT(type, member), NULL, (names), ARRAY_SIZE(names) }

_Static_assert(sizeof(enum metric) == sizeof(unsigned) && sizeof(enum gate) == sizeof(unsigned) &&
		       sizeof(enum invalid) == sizeof(unsigned) &&
		       sizeof(enum pair_kind) == sizeof(unsigned) &&
		       sizeof(enum estimand) == sizeof(unsigned) &&
		       sizeof(enum pair_part) == sizeof(unsigned),
	       "enums are read as unsigned");

static const char *const metric_names[NR_METRICS] = {
	[METRIC_CPU] = "cpu",
	[METRIC_ACTIVE] = "active",
	[METRIC_WALL] = "wall",
};

static const char *const invalid_names[NR_INVALID] = {
	[VALID] = "valid",
	[INVALID_THROTTLED] = "throttled",
	[INVALID_STEAL] = "steal",
	[INVALID_SUSPENDED] = "suspended",
	[INVALID_HOTPLUG] = "hotplug",
};

static const char *const kind_names[] = {
	[PAIR_AB] = "ab",
	[PAIR_AA] = "aa",
	[PAIR_LAYOUT] = "layout",
};

static const char *const estimand_names[] = {
	[ESTIMAND_BINARY] = "binary",
	[ESTIMAND_BUILD] = "build",
};

static const char *const part_names[] = {
	[PART_WHOLE] = "whole",
	[PART_FIRST] = "first",
	[PART_SECOND] = "second",
};

static const char *const gate_names[] = {
	[GATE_NO_REGRESSION] = "no-regression",
	[GATE_PROVE_NOT_SLOWER] = "prove-not-slower",
	[GATE_PROVE_FASTER] = "prove-faster",
};

#define COUNTER(which, name) \
	[which] = { (name), KIND_MEASURED, 0, (which) * sizeof(uint64_t), NULL, NULL, 0 }
static const struct field counter_fields[NR_COUNTERS] = {
	COUNTER(COUNTER_CYCLES, "cycles"),
	COUNTER(COUNTER_INSTRUCTIONS, "instructions"),
	COUNTER(COUNTER_BRANCHES, "branches"),
	COUNTER(COUNTER_BRANCH_MISSES, "branch-misses"),
	COUNTER(COUNTER_L1I_MISSES, "L1-icache-load-misses"),
	COUNTER(COUNTER_ITLB_MISSES, "iTLB-load-misses"),
	COUNTER(COUNTER_STALLED_FRONTEND, "stalled-cycles-frontend"),
	COUNTER(COUNTER_LLC_MISSES, "LLC-load-misses"),
	COUNTER(COUNTER_DTLB_MISSES, "dTLB-load-misses"),
	COUNTER(COUNTER_TASK_CLOCK, "task-clock"),
	COUNTER(COUNTER_PAGE_FAULTS, "page-faults"),
	COUNTER(COUNTER_CONTEXT_SWITCHES, "context-switches"),
	COUNTER(COUNTER_MIGRATIONS, "cpu-migrations"),
};
static const struct layout counter_layout = LAYOUT(counter_fields);

static const struct field run_fields[] = {
	FIELD(run_metrics, wall_ns, KIND_MEASURED),
	FIELD(run_metrics, cpu_ns, KIND_MEASURED),
	FIELD_SINCE(run_metrics, user_ns, KIND_MEASURED, 2),
	FIELD_SINCE(run_metrics, sys_ns, KIND_MEASURED, 2),
	FIELD(run_metrics, run_delay_ns, KIND_MEASURED),
	FIELD(run_metrics, max_rss_bytes, KIND_MEASURED),
	FIELD(run_metrics, minor_faults, KIND_MEASURED),
	FIELD(run_metrics, major_faults, KIND_MEASURED),
	FIELD(run_metrics, vol_switches, KIND_MEASURED),
	FIELD(run_metrics, invol_switches, KIND_MEASURED),
	FIELD_SINCE(run_metrics, read_bytes, KIND_MEASURED, 3),
	FIELD_SINCE(run_metrics, written_bytes, KIND_MEASURED, 3),
	FIELD_SINCE(run_metrics, disk_wait_ns, KIND_MEASURED, 3),
	FIELD(run_metrics, throttled_ns, KIND_MEASURED),
	FIELD_SINCE(run_metrics, nr_throttled, KIND_MEASURED, 3),
	FIELD(run_metrics, steal_ns, KIND_MEASURED),
	FIELD_SINCE(run_metrics, busy_ns, KIND_MEASURED, 3),
	FIELD(run_metrics, pressure_ns, KIND_MEASURED),
	FIELD_SINCE(run_metrics, memory_some_ns, KIND_MEASURED, 3),
	FIELD_SINCE(run_metrics, memory_full_ns, KIND_MEASURED, 3),
	FIELD_SINCE(run_metrics, io_some_ns, KIND_MEASURED, 3),
	FIELD_SINCE(run_metrics, io_full_ns, KIND_MEASURED, 3),
	FIELD_SINCE(run_metrics, memory_limit_hits, KIND_MEASURED, 3),
	FIELD_SINCE(run_metrics, oom_kills, KIND_MEASURED, 3),
	{ "counters", KIND_OBJECT, 0, offsetof(struct run_metrics, counters), &counter_layout, NULL,
	  0 },
	FIELD(run_metrics, output, KIND_HASH),
};
static const struct layout run_layout = LAYOUT(run_fields);

static const struct field pair_fields[] = {
	FIELD(ab_pair, workload, KIND_SIZE),
	NAMED("kind", ab_pair, kind, kind_names, 0),
	NAMED("part", ab_pair, part, part_names, 2),
	FIELD(ab_pair, round, KIND_UINT),
	FIELD(ab_pair, swapped, KIND_BOOL),
	FIELD(ab_pair, padding_bytes, KIND_UINT),
	FIELD_SINCE(ab_pair, processor, KIND_MEASURED, 5),
	NAMED("validity", ab_pair, invalid, invalid_names, 0),
	{ "a", KIND_OBJECT, 0, offsetof(struct ab_pair, run[0]), &run_layout, NULL, 0 },
	{ "b", KIND_OBJECT, 0, offsetof(struct ab_pair, run[1]), &run_layout, NULL, 0 },
};
static const struct layout pair_layout = LAYOUT(pair_fields);

/* There only where the head has "layouts". */
static const struct field pair_more_fields[] = {
	FIELD(ab_pair, layout, KIND_UINT),
};
static const struct layout pair_more_layout = LAYOUT(pair_more_fields);

static const struct field workload_fields[] = {
	FIELD(ab_workload_info, name, KIND_TEXT),
	FIELD(ab_workload_info, weight, KIND_DOUBLE),
	NAMED("metric", ab_workload_info, metric, metric_names, 0),
	FIELD(ab_workload_info, times, KIND_UINT),
	FIELD(ab_workload_info, held_out, KIND_BOOL),
	FIELD(ab_workload_info, output_compared, KIND_BOOL),
	FIELD(ab_workload_info, output, KIND_HASH),
	FIELD(ab_workload_info, unit_ns, KIND_U64),
};
static const struct layout workload_layout = LAYOUT(workload_fields);

static const struct field head_fields[] = {
	FIELD(evidence_head, seed, KIND_U64),
	FIELD(evidence_head, n_max, KIND_UINT),
	FIELD(evidence_head, alpha, KIND_DOUBLE),
	FIELD(evidence_head, margin, KIND_DOUBLE),
	FIELD(evidence_head, min_effect, KIND_DOUBLE),
	NAMED("gate", evidence_head, gate, gate_names, 0),
	FIELD(evidence_head, a, KIND_TEXT),
	FIELD(evidence_head, b, KIND_TEXT),
	FIELD(evidence_head, machine, KIND_TEXT),
	FIELD(evidence_head, kernel, KIND_TEXT),
	FIELD(evidence_head, commit, KIND_OPTIONAL_TEXT),
	FIELD_SINCE(evidence_head, cpu_limit, KIND_LIMIT, 3),
	FIELD_SINCE(evidence_head, memory_limit, KIND_LIMIT, 3),
	FIELD_SINCE(evidence_head, inject, KIND_DOUBLE, 4), /* 0 before */
};
static const struct layout head_layout = LAYOUT(head_fields);

static const struct field layouts_fields[] = {
	NAMED("estimand", evidence_layouts, estimand, estimand_names, 0),
	FIELD(evidence_layouts, nr, KIND_UINT),
	FIELD(evidence_layouts, floor, KIND_UINT),
	FIELD(evidence_layouts, link_ns, KIND_U64),
};
static const struct layout layouts_layout = LAYOUT(layouts_fields);

const char *metric_name(enum metric m)
{
	return metric_names[m];
}

const char *counter_name(enum counter c)
{
	return counter_fields[c].key;
}

const char *invalid_name(enum invalid why)
{
	return invalid_names[why];
}

const char *gate_name(enum gate g)
{
	return gate_names[g];
}

const char *pair_kind_name(enum pair_kind k)
{
	return kind_names[k];
}

const char *estimand_name(enum estimand e)
{
	return estimand_names[e];
}

bool evidence_has_layouts(const struct evidence *e)
{
	const struct evidence_layouts *l = &e->head.layouts;

	return l->estimand == ESTIMAND_BUILD || l->floor;
}

struct run_metrics run_metrics_none(void)
{
	struct run_metrics m = { .output = "" };

	for (size_t i = 0; i < ARRAY_SIZE(run_fields); i++)
		if (run_fields[i].kind == KIND_MEASURED)
			*(uint64_t *)((char *)&m + run_fields[i].offset) = NOT_MEASURED;
	for (size_t c = 0; c < NR_COUNTERS; c++)
		m.counters[c] = NOT_MEASURED;
	return m;
}

void evidence_release(struct evidence *e)
{
	free(e->head.a);
	free(e->head.b);
	free(e->head.machine);
	free(e->head.kernel);
	free(e->head.commit);
	for (size_t i = 0; i < e->nr_workloads; i++)
		free(e->workloads[i].name);
	free(e->workloads);
	free(e->pairs);
	*e = (struct evidence)EVIDENCE_INIT;
}

void evidence_add(struct evidence *e, const struct ab_pair *pair)
{
	VEC_GROW(e->pairs, e->nr_pairs, e->alloc_pairs);
	e->pairs[e->nr_pairs++] = *pair;
}

double evidence_metric(const struct evidence *e, size_t workload, const struct run_metrics *m)
{
	enum metric metric = e->workloads[workload].metric;
	uint64_t ns = metric == METRIC_CPU ? m->cpu_ns : m->wall_ns;

	if (metric == METRIC_ACTIVE && m->run_delay_ns != NOT_MEASURED)
		ns -= m->run_delay_ns < ns ? m->run_delay_ns : ns;
	return (double)(ns ? ns : 1) / 1e9;
}

static void add_fields(json_t *o, const struct layout *l, const void *base);

#define NO_LIMIT "none"

json_t *evidence_limit_json(uint64_t limit)
{
	if (limit == EVIDENCE_NO_LIMIT)
		return json_string(NO_LIMIT);
	return limit == NOT_MEASURED ? json_null() : js_u64(limit);
}

static json_t *field_json(const struct field *f, const void *at)
{
	json_t *o;

	switch (f->kind) {
	case KIND_U64:
		return js_u64(*(const uint64_t *)at);
	case KIND_UINT:
		return js_u64(*(const unsigned *)at);
	case KIND_SIZE:
		return js_u64(*(const size_t *)at);
	case KIND_DOUBLE:
		return json_real(*(const double *)at);
	case KIND_BOOL:
		return json_boolean(*(const bool *)at);
	case KIND_MEASURED:
		return *(const uint64_t *)at == NOT_MEASURED ? json_null()
							     : js_u64(*(const uint64_t *)at);
	case KIND_LIMIT:
		return evidence_limit_json(*(const uint64_t *)at);
	case KIND_TEXT:
	case KIND_OPTIONAL_TEXT:
		return js_string(*(char *const *)at);
	case KIND_HASH:
		return js_string(*(const char *)at ? at : NULL);
	case KIND_NAME:
		return json_string(f->names[*(const unsigned *)at]);
	case KIND_OBJECT:
		break;
	}
	o = json_object();
	add_fields(o, f->sub, at);
	return o;
}

static void add_fields(json_t *o, const struct layout *l, const void *base)
{
	for (size_t i = 0; i < l->nr; i++) {
		const struct field *f = &l->fields[i];

		json_object_set_new(o, f->key, field_json(f, (const char *)base + f->offset));
	}
}

json_t *run_metrics_json(const struct run_metrics *m)
{
	json_t *o = json_object();

	add_fields(o, &run_layout, m);
	return o;
}

json_t *evidence_head_json(const struct evidence *e)
{
	json_t *o = json_object(), *list = json_array();

	json_object_set_new(o, "evidence", json_integer(EVIDENCE_VERSION));
	add_fields(o, &head_layout, &e->head);
	for (size_t i = 0; i < e->nr_workloads; i++) {
		json_t *w = json_object();

		add_fields(w, &workload_layout, &e->workloads[i]);
		json_array_append_new(list, w);
	}
	json_object_set_new(o, "workloads", list);
	if (evidence_has_layouts(e)) {
		json_t *layouts = json_object();

		add_fields(layouts, &layouts_layout, &e->head.layouts);
		json_object_set_new(o, "layouts", layouts);
	}
	return o;
}

json_t *evidence_pair_json(const struct evidence *e, const struct ab_pair *p)
{
	json_t *o = json_object();

	add_fields(o, &pair_layout, p);
	if (evidence_has_layouts(e))
		add_fields(o, &pair_more_layout, p);
	return o;
}

/* Where the reader is, for messages. */
struct line {
	const char *path;
	size_t nr; /* from 1 */
	size_t offset;
	unsigned version; /* of the file */
	struct pgo_err *err;
};

__attribute__((format(printf, 2, 3))) static int
line_error(const struct line *line, const char *fmt, ...)
{
	PGO_AUTO(strbuf) what = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&what, fmt, ap);
	va_end(ap);
	return pgo_error_at(line->err, PGO_EFORMAT, line->path, (int64_t)line->offset,
			    "'%s' is no valid evidence: line %zu, at byte %zu: %s", line->path,
			    line->nr, line->offset, what.buf);
}

static bool take_u64(const json_t *o, const char *key, uint64_t most, uint64_t *ret)
{
	bool ok = true;
	uint64_t v = js_get_u64(o, key, &ok);

	if (!ok || v > most)
		return false;
	*ret = v;
	return true;
}

static bool take_uint(const json_t *o, const char *key, uint64_t most, unsigned *ret)
{
	uint64_t v;

	if (!take_u64(o, key, most, &v))
		return false;
	*ret = (unsigned)v;
	return true;
}

static bool take_size(const json_t *o, const char *key, size_t *ret)
{
	uint64_t v;

	if (!take_u64(o, key, SIZE_MAX, &v))
		return false;
	*ret = (size_t)v;
	return true;
}

static bool take_measured(const json_t *o, const char *key, uint64_t *ret)
{
	if (!json_is_null(json_object_get(o, key)))
		return take_u64(o, key, NOT_MEASURED - 1, ret);
	*ret = NOT_MEASURED;
	return true;
}

bool evidence_take_limit(const json_t *o, const char *key, uint64_t *ret)
{
	const char *s = json_string_value(json_object_get(o, key));

	if (!s || strcmp(s, NO_LIMIT) != 0)
		return take_measured(o, key, ret);
	*ret = EVIDENCE_NO_LIMIT;
	return true;
}

static bool take_text(const json_t *v, char **ret)
{
	if (!json_is_string(v))
		return false;
	*ret = xstrdup(json_string_value(v));
	return true;
}

static bool take_hash(const json_t *v, char ret[65])
{
	const char *s = json_string_value(v);

	if (json_is_null(v)) {
		*ret = '\0';
		return true;
	}
	if (!s || strlen(s) != 64 || strspn(s, "0123456789abcdef") != 64)
		return false;
	memcpy(ret, s, 65);
	return true;
}

static bool take_name(const struct field *f, const json_t *v, unsigned *ret)
{
	const char *s = json_string_value(v);

	for (unsigned i = 0; s && i < f->nr_names; i++) {
		if (strcmp(f->names[i], s) != 0)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

/* All but an object. */
static bool take_field(const struct field *f, const json_t *o, void *at)
{
	const json_t *v = json_object_get(o, f->key);

	switch (f->kind) {
	case KIND_U64:
		return take_u64(o, f->key, UINT64_MAX, at);
	case KIND_UINT:
		return take_uint(o, f->key, UINT_MAX, at);
	case KIND_SIZE:
		return take_size(o, f->key, at);
	case KIND_DOUBLE:
		*(double *)at = json_number_value(v);
		return json_is_number(v);
	case KIND_BOOL:
		*(bool *)at = json_is_true(v);
		return json_is_boolean(v);
	case KIND_MEASURED:
		return take_measured(o, f->key, at);
	case KIND_LIMIT:
		return evidence_take_limit(o, f->key, at);
	case KIND_OPTIONAL_TEXT:
		return json_is_null(v) || take_text(v, at);
	case KIND_TEXT:
		return take_text(v, at);
	case KIND_HASH:
		return take_hash(v, at);
	case KIND_NAME:
		return take_name(f, v, at);
	case KIND_OBJECT:
		break;
	}
	return false;
}

/* o has the fields of l and nr_more others, which the caller reads; an old o not those since. */
static int take_fields(const json_t *o, const struct layout *l, size_t nr_more, void *base,
		       const struct line *line)
{
	size_t nr = nr_more;
	int ret = 0;

	for (size_t i = 0; !ret && i < l->nr; i++) {
		const struct field *f = &l->fields[i];
		const json_t *v = json_object_get(o, f->key);
		void *at = (char *)base + f->offset;

		if (f->since > line->version) {
			if (f->kind == KIND_MEASURED || f->kind == KIND_LIMIT)
				*(uint64_t *)at = NOT_MEASURED;
			continue;
		}
		nr++;
		if (!v)
			return line_error(line, "field '%s' is missing", f->key);
		if (f->kind == KIND_OBJECT && json_is_object(v))
			ret = take_fields(v, f->sub, 0, at, line);
		else if (!take_field(f, o, at))
			return line_error(line, "field '%s' has a wrong type or value", f->key);
	}
	if (!ret && json_object_size(o) != nr)
		return line_error(line, "%zu fields where %zu are known", json_object_size(o), nr);
	return ret;
}

bool run_metrics_take(const json_t *o, struct run_metrics *ret)
{
	const struct line line = { .path = "", .version = EVIDENCE_VERSION };

	return json_is_object(o) && !take_fields(o, &run_layout, 0, ret, &line);
}

static int take_version(const json_t *o, struct line *line)
{
	const json_t *v = json_object_get(o, "evidence");

	if (!json_is_integer(v))
		return line_error(line, "field 'evidence', the version, is missing");
	line->version = (unsigned)json_integer_value(v);
	if (json_integer_value(v) >= 1 && json_integer_value(v) <= EVIDENCE_VERSION)
		return 0;
	return pgo_error_at(line->err, PGO_EVERSION, line->path, (int64_t)line->offset,
			    "'%s' is evidence of version %" JSON_INTEGER_FORMAT
			    ", not of version %d or older",
			    line->path, json_integer_value(v), EVIDENCE_VERSION);
}

static int take_workload(const json_t *o, struct ab_workload_info *w, const struct line *line)
{
	int ret;

	if (!json_is_object(o))
		return line_error(line, "a workload is no object");
	ret = take_fields(o, &workload_layout, 0, w, line);
	if (ret)
		return ret;
	if (!*w->name)
		return line_error(line, "a workload has no name");
	if (!(w->weight > 0 && w->weight <= EVIDENCE_MAX_WEIGHT))
		return line_error(line, "the weight of workload '%s' is %g", w->name, w->weight);
	if (!w->times)
		return line_error(line, "workload '%s' runs 0 times", w->name);
	return 0;
}

static int check_head(const struct evidence_head *h, const struct line *line)
{
	if (h->n_max < 1 || h->n_max > SPENDING_MAX_N)
		return line_error(line, "n_max is %u, not 1 to %u", h->n_max, SPENDING_MAX_N);
	if (!(h->alpha > 0 && h->alpha < 0.5))
		return line_error(line, "alpha is %g, not between 0 and 0.5", h->alpha);
	if (!(h->margin >= 0 && h->min_effect >= 0 && h->inject >= 0))
		return line_error(line, "margin, min_effect or inject is negative");
	return 0;
}

/* Optional: without it there is one layout a side, as in every file before it came. */
static int take_layouts(const json_t *o, struct evidence_layouts *l, const struct line *line)
{
	int ret;

	if (!o)
		return 0;
	if (!json_is_object(o))
		return line_error(line, "field 'layouts' has a wrong type or value");
	ret = take_fields(o, &layouts_layout, 0, l, line);
	if (ret)
		return ret;
	if ((l->estimand == ESTIMAND_BUILD) != (l->nr > 0) || l->nr == 1 ||
	    l->nr > EVIDENCE_MAX_LAYOUTS)
		return line_error(line, "%u layouts with the estimand '%s'", l->nr,
				  estimand_name(l->estimand));
	if (l->floor == 1 || l->floor > EVIDENCE_MAX_LAYOUTS || !(l->nr || l->floor))
		return line_error(line, "%u layouts of the baseline", l->floor);
	return 0;
}

static int take_head(struct evidence *e, const json_t *o, struct line *line)
{
	const json_t *list = json_object_get(o, "workloads");
	const json_t *layouts = json_object_get(o, "layouts");
	size_t nr = json_array_size(list);
	int ret = take_version(o, line);

	if (!ret)
		ret = take_fields(o, &head_layout, layouts ? 3 : 2, &e->head, line);
	if (!ret)
		ret = take_layouts(layouts, &e->head.layouts, line);
	if (!ret)
		ret = check_head(&e->head, line);
	if (ret)
		return ret;
	if (!nr)
		return line_error(line, "there are no workloads");
	e->workloads = xcalloc(nr, sizeof(*e->workloads));
	e->nr_workloads = nr;
	for (size_t i = 0; !ret && i < nr; i++)
		ret = take_workload(json_array_get(list, i), &e->workloads[i], line);
	return ret;
}

/* Which layouts a pair of this kind may have. */
static bool is_layout_of(const struct evidence_layouts *l, const struct ab_pair *p)
{
	unsigned most = p->kind == PAIR_AB ? l->nr : p->kind == PAIR_LAYOUT ? l->floor : 0;

	return p->layout <= most && (p->layout > 0) == (most > 0);
}

static int check_pair(const struct evidence *e, const struct ab_pair *p, const struct line *line)
{
	if (p->workload >= e->nr_workloads)
		return line_error(line, "workload %zu of %zu", p->workload, e->nr_workloads);
	if (p->kind == PAIR_LAYOUT && !e->head.layouts.floor)
		return line_error(line, "a pair of layouts where there is one layout");
	if (!is_layout_of(&e->head.layouts, p))
		return line_error(line, "layout %u is none of this file's", p->layout);
	/* Every round leaves a line at least. */
	if (p->round > e->nr_pairs + 1)
		return line_error(line, "round %u after %zu pairs", p->round, e->nr_pairs);
	for (int i = 0; i < 2; i++) {
		if (p->run[i].wall_ns == NOT_MEASURED)
			return line_error(line, "a run has no wall time");
		if (p->run[i].cpu_ns == NOT_MEASURED &&
		    e->workloads[p->workload].metric == METRIC_CPU)
			return line_error(line, "a run has no CPU time, the workload's metric");
	}
	return 0;
}

/* A second half follows its first, which nothing else does. */
static int check_part(const struct evidence *e, const struct ab_pair *p, const struct line *line)
{
	const struct ab_pair *before = e->nr_pairs ? &e->pairs[e->nr_pairs - 1] : NULL;
	bool open = before && before->part == PART_FIRST;

	if (open != (p->part == PART_SECOND))
		return line_error(line, "a unit's second pair without its first, or the reverse");
	if (open && (p->workload != before->workload || p->kind != before->kind ||
		     p->round != before->round || p->invalid != before->invalid ||
		     p->swapped == before->swapped))
		return line_error(line, "a unit's two pairs do not belong together");
	return 0;
}

static int take_pair(struct evidence *e, const json_t *o, const struct line *line)
{
	struct ab_pair p = { 0 };
	bool more = evidence_has_layouts(e);
	int ret = take_fields(o, &pair_layout, more ? pair_more_layout.nr : 0, &p, line);

	if (!ret && more)
		ret = take_fields(o, &pair_more_layout, pair_layout.nr, &p, line);
	if (!ret)
		ret = check_pair(e, &p, line);
	if (!ret)
		ret = check_part(e, &p, line);
	if (!ret)
		evidence_add(e, &p);
	return ret;
}

static int take_line(struct evidence *e, const char *text, size_t len, struct line *line)
{
	PGO_AUTO(json_holder) o = { NULL };
	json_error_t je;

	if (len > EVIDENCE_MAX_LINE)
		return line_error(line, "%zu bytes, longer than a line may be", len);
	o.o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	if (!o.o)
		return line_error(line, "%s (byte %d of the line)", je.text, je.position);
	if (!json_is_object(o.o))
		return line_error(line, "no JSON object");
	return line->nr == 1 ? take_head(e, o.o, line) : take_pair(e, o.o, line);
}

int evidence_parse(const char *path, const char *text, size_t len, struct evidence *ret,
		   struct pgo_err *err)
{
	PGO_AUTO(evidence) e = EVIDENCE_INIT;
	struct line line = { .path = path, .err = err };
	const char *end;

	while ((end = memchr(text + line.offset, '\n', len - line.offset))) {
		size_t after = (size_t)(end - text) + 1;
		int r;

		line.nr++;
		r = take_line(&e, text + line.offset, after - 1 - line.offset, &line);
		if (r)
			return r;
		line.offset = after;
	}
	if (!line.nr)
		return pgo_error_at(err, PGO_EFORMAT, path, 0, "'%s' holds no evidence", path);
	e.left_out_bytes = len - line.offset;
	*ret = e;
	e = (struct evidence)EVIDENCE_INIT;
	return 0;
}

int evidence_read(const char *path, struct evidence *ret, struct pgo_err *err)
{
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	int r = fs_view_open(&view, path, err);

	if (!r)
		r = evidence_parse(path, (const char *)view.data, view.len, ret, err);
	if (!r && ret->left_out_bytes)
		log_warn("'%s' ends within a line: its last %zu bytes are left out", path,
			 ret->left_out_bytes);
	return r;
}
