/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/bundle-manifest.h"

#include "pgo/base/fs.h"

static json_t *stats_json(const struct profile_stats *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "functions", js_u64(s->functions));
	json_object_set_new(o, "counters", js_u64(s->counters));
	json_object_set_new(o, "total_count", js_u64(s->total_count));
	json_object_set_new(o, "max_count", js_u64(s->max_count));
	json_object_set_new(o, "saturated", js_u64(s->saturated));
	return o;
}

static void add_sampled(const struct bundle_workload *w, json_t *o)
{
	json_object_set_new(o, "samples", js_u64(w->samples));
	json_object_set_new(o, "lost", js_u64(w->lost));
	json_object_set_new(o, "overhead", sampling_overhead_json(&w->overhead));
}

static json_t *sampling_json(const struct bundle_sampling *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "recorder", js_string(s->recorder));
	json_object_set_new(o, "event", js_string(s->event));
	json_object_set_new(o, "rate_hz", s->rate_hz ? js_u64(s->rate_hz) : json_null());
	json_object_set_new(o, "period", s->period ? js_u64(s->period) : json_null());
	json_object_set_new(o, "branch_stacks", json_boolean(s->branch_stacks));
	return o;
}

static json_t *workload_json(const struct bundle_workload *w, bool sampled)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", js_string(w->name));
	json_object_set_new(o, "run", js_string(w->run));
	json_object_set_new(o, "weight", json_real(w->weight));
	json_object_set_new(o, "runs", js_u64(w->runs));
	json_object_set_new(o, "inputs", js_u64(w->inputs));
	json_object_set_new(o, "input_bytes", js_u64(w->input_bytes));
	json_object_set_new(o, "stats", stats_json(&w->stats));
	json_object_set_new(o, "sha256", js_string(w->sha256));
	if (w->compared) {
		json_object_set_new(o, "only_functions", js_u64(w->only_functions));
		json_object_set_new(o, "overlap_without", json_real(w->without));
	}
	if (sampled)
		add_sampled(w, o);
	return o;
}

static json_t *payload_json(const struct bundle_payload *p)
{
	json_t *o = json_object();

	json_object_set_new(o, "path", js_string(p->path));
	json_object_set_new(o, "format", js_string(p->format));
	json_object_set_new(o, "version", js_string(p->version));
	json_object_set_new(o, "files", js_u64(p->files));
	json_object_set_new(o, "bytes", js_u64(p->bytes));
	json_object_set_new(o, "stats", stats_json(&p->stats));
	json_object_set_new(o, "sha256", js_string(p->sha256));
	return o;
}

static json_t *toolchain_json(const struct bundle *b)
{
	json_t *o = json_object(), *flags = json_array();

	for (size_t i = 0; i < b->cflags.nr; i++)
		json_array_append_new(flags, js_string(b->cflags.v[i]));
	json_object_set_new(o, "family", js_string(b->family));
	json_object_set_new(o, "version", js_string(b->version));
	json_object_set_new(o, "major", js_u64(b->major));
	json_object_set_new(o, "llvm_major", js_u64(b->llvm_major));
	json_object_set_new(o, "banner", js_string(b->banner));
	json_object_set_new(o, "target", js_string(b->target));
	json_object_set_new(o, "training_flags", flags);
	return o;
}

static json_t *artifacts_json(const struct bundle *b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < b->nr_artifacts; i++) {
		json_t *o = json_object();

		json_object_set_new(o, "path", js_string(b->artifacts[i].path));
		json_object_set_new(o, "build_id", js_string(b->artifacts[i].build_id));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *input_json(const struct bundle_input *in)
{
	json_t *o = json_object();

	json_object_set_new(o, "path", js_string(in->path));
	json_object_set_new(o, "format", js_string(in->format));
	json_object_set_new(o, "weight", js_u64(in->weight));
	json_object_set_new(o, "files", js_u64(in->files));
	json_object_set_new(o, "bytes", js_u64(in->bytes));
	json_object_set_new(o, "sha256", js_string(in->sha256));
	return o;
}

static json_t *lost_json(const struct bundle_lost *l)
{
	json_t *o = json_object();

	json_object_set_new(o, "path", js_string(l->path));
	json_object_set_new(o, "moved_to", js_string(l->moved_to));
	json_object_set_new(o, "reason", js_string(l->reason));
	json_object_set_new(o, "offset", l->offset < 0 ? json_null() : json_integer(l->offset));
	json_object_set_new(o, "weight", js_u64(l->weight));
	json_object_set_new(o, "bytes", js_u64(l->bytes));
	return o;
}

static json_t *watch_json(const struct bundle_watch *w)
{
	json_t *o = json_object(), *files = json_array();

	for (size_t i = 0; i < w->nr_files; i++) {
		json_t *f = json_object();

		json_object_set_new(f, "path", js_string(w->files[i].path));
		json_object_set_new(f, "inode", js_u64(w->files[i].inode));
		json_object_set_new(f, "bytes", js_u64(w->files[i].bytes));
		json_object_set_new(f, "mtime_ns", js_u64(w->files[i].mtime_ns));
		json_array_append_new(files, f);
	}
	json_object_set_new(o, "folder", js_string(w->folder));
	json_object_set_new(o, "folded", js_u64(w->nr_folded));
	json_object_set_new(o, "batch", js_u64(w->batch));
	json_object_set_new(o, "files", files);
	return o;
}

void manifest_add_merged(const struct bundle *b, json_t *o)
{
	json_t *inputs = json_array(), *lost = json_array();

	for (size_t i = 0; i < b->nr_inputs; i++)
		json_array_append_new(inputs, input_json(&b->inputs[i]));
	for (size_t i = 0; i < b->nr_lost; i++)
		json_array_append_new(lost, lost_json(&b->lost[i]));
	json_object_set_new(o, "inputs", inputs);
	json_object_set_new(o, "lost", lost);
}

json_t *manifest_json(const struct bundle *b)
{
	json_t *o = json_object(), *source = json_object();
	json_t *workloads = json_array(), *payloads = json_array();

	for (size_t i = 0; i < b->nr_workloads; i++)
		json_array_append_new(workloads,
				      workload_json(&b->workloads[i], b->sampling.recorder));
	for (size_t i = 0; i < b->nr_payloads; i++)
		json_array_append_new(payloads, payload_json(&b->payloads[i]));
	json_object_set_new(source, "sha256", js_string(b->source_sha256));
	json_object_set_new(source, "commit", js_string(b->commit));
	json_object_set_new(source, "dirty", json_boolean(b->dirty));
	json_object_set_new(o, "format", json_integer(BUNDLE_FORMAT));
	json_object_set_new(o, "tool", js_string(b->tool));
	json_object_set_new(o, "technique", js_string(b->technique));
	json_object_set_new(o, "toolchain", toolchain_json(b));
	json_object_set_new(o, "source", source);
	json_object_set_new(o, "work_root", js_string(b->work_root));
	json_object_set_new(o, "machine", js_string(b->machine));
	json_object_set_new(o, "artifacts", artifacts_json(b));
	json_object_set_new(o, "workloads", workloads);
	if (b->sampling.recorder)
		json_object_set_new(o, "sampling", sampling_json(&b->sampling));
	json_object_set_new(o, "payloads", payloads);
	if (b->nr_inputs || b->nr_lost)
		manifest_add_merged(b, o);
	if (b->watch.folder)
		json_object_set_new(o, "watch", watch_json(&b->watch));
	return o;
}

void manifest_write(const struct bundle *b, struct strbuf *out)
{
	json_t *o = manifest_json(b);

	js_dump(o, out, false);
	strbuf_addch(out, '\n');
	json_decref(o);
}

static char *take(const json_t *o, const char *key, bool *ok)
{
	return xstrdup(js_get_string(o, key, ok));
}

static void read_stats(const json_t *o, struct profile_stats *s, bool *ok)
{
	s->functions = js_get_u64(o, "functions", ok);
	s->counters = js_get_u64(o, "counters", ok);
	s->total_count = js_get_u64(o, "total_count", ok);
	s->max_count = js_get_u64(o, "max_count", ok);
	s->saturated = js_get_u64(o, "saturated", ok);
}

static void read_artifact(const json_t *o, struct bundle_artifact *a, bool *ok)
{
	a->path = take(o, "path", ok);
	a->build_id = xstrdup(json_string_value(json_object_get(o, "build_id")));
}

static uint64_t get_or_zero(const json_t *o, const char *key, bool *ok)
{
	return json_is_null(json_object_get(o, key)) ? 0 : js_get_u64(o, key, ok);
}

static void read_sampling(const json_t *o, struct bundle_sampling *s, bool *ok)
{
	s->recorder = take(o, "recorder", ok);
	s->event = take(o, "event", ok);
	s->rate_hz = get_or_zero(o, "rate_hz", ok);
	s->period = get_or_zero(o, "period", ok);
	s->branch_stacks = json_is_true(json_object_get(o, "branch_stacks"));
}

static void read_sampled(const json_t *o, struct bundle_workload *w, bool *ok)
{
	w->samples = js_get_u64(o, "samples", ok);
	w->lost = js_get_u64(o, "lost", ok);
	sampling_overhead_take(json_object_get(o, "overhead"), &w->overhead, ok);
}

static void read_workload(const json_t *o, struct bundle_workload *w, bool *ok)
{
	w->name = take(o, "name", ok);
	w->run = take(o, "run", ok);
	w->weight = js_get_double(o, "weight", ok);
	w->runs = js_get_u64(o, "runs", ok);
	w->inputs = js_get_u64(o, "inputs", ok);
	w->input_bytes = js_get_u64(o, "input_bytes", ok);
	read_stats(json_object_get(o, "stats"), &w->stats, ok);
	w->sha256 = take(o, "sha256", ok);
	w->compared = json_object_get(o, "only_functions");
	if (w->compared) {
		w->only_functions = js_get_u64(o, "only_functions", ok);
		w->without = js_get_double(o, "overlap_without", ok);
	}
	if (json_object_get(o, "samples"))
		read_sampled(o, w, ok);
}

static void read_payload(const json_t *o, struct bundle_payload *p, bool *ok)
{
	p->path = take(o, "path", ok);
	p->format = take(o, "format", ok);
	p->version = take(o, "version", ok);
	p->files = js_get_u64(o, "files", ok);
	p->bytes = js_get_u64(o, "bytes", ok);
	read_stats(json_object_get(o, "stats"), &p->stats, ok);
	p->sha256 = take(o, "sha256", ok);
	/* One plain name: what is unpacked stays in its folder. */
	if (!*p->path || strchr(p->path, '/') || p->path[0] == '.')
		*ok = false;
}

static const json_t *get_list(const json_t *o, const char *key, bool *ok)
{
	const json_t *list = json_object_get(o, key);

	if (!json_is_array(list))
		*ok = false;
	return list;
}

static void read_toolchain(const json_t *o, struct bundle *b, bool *ok)
{
	const json_t *flags = get_list(o, "training_flags", ok), *item;
	size_t i;

	b->family = take(o, "family", ok);
	b->version = take(o, "version", ok);
	b->major = (unsigned)js_get_u64(o, "major", ok);
	b->llvm_major = (unsigned)js_get_u64(o, "llvm_major", ok);
	b->banner = take(o, "banner", ok);
	b->target = take(o, "target", ok);
	json_array_foreach(flags, i, item) {
		if (json_is_string(item))
			strvec_push(&b->cflags, json_string_value(item));
		else
			*ok = false;
	}
}

static void read_input(const json_t *o, struct bundle_input *in, bool *ok)
{
	in->path = take(o, "path", ok);
	in->format = take(o, "format", ok);
	in->weight = js_get_u64(o, "weight", ok);
	in->files = js_get_u64(o, "files", ok);
	in->bytes = js_get_u64(o, "bytes", ok);
	in->sha256 = take(o, "sha256", ok);
}

static void read_lost(const json_t *o, struct bundle_lost *l, bool *ok)
{
	l->path = take(o, "path", ok);
	l->moved_to = take(o, "moved_to", ok);
	l->reason = take(o, "reason", ok);
	if (json_is_integer(json_object_get(o, "offset")))
		l->offset = json_integer_value(json_object_get(o, "offset"));
	l->weight = js_get_u64(o, "weight", ok);
	l->bytes = js_get_u64(o, "bytes", ok);
}

static void read_watch(const json_t *o, struct bundle *b, bool *ok)
{
	const json_t *item;
	size_t i;

	b->watch.folder = take(o, "folder", ok);
	b->watch.nr_folded = js_get_u64(o, "folded", ok);
	b->watch.batch = js_get_u64(o, "batch", ok);
	json_array_foreach(get_list(o, "files", ok), i, item) {
		struct bundle_watched *f = bundle_add_watched(b);

		f->path = take(item, "path", ok);
		f->inode = js_get_u64(item, "inode", ok);
		f->bytes = js_get_u64(item, "bytes", ok);
		f->mtime_ns = js_get_u64(item, "mtime_ns", ok);
	}
}

/* What only pgoctl merge writes. */
static void read_merged(const json_t *o, struct bundle *b, bool *ok)
{
	const json_t *inputs = json_object_get(o, "inputs"), *watch = json_object_get(o, "watch");
	const json_t *item;
	size_t i;

	if (inputs) {
		json_array_foreach(get_list(o, "inputs", ok), i, item)
			read_input(item, bundle_add_input(b), ok);
		json_array_foreach(get_list(o, "lost", ok), i, item)
			read_lost(item, bundle_add_lost(b), ok);
	}
	if (watch)
		read_watch(watch, b, ok);
}

static void read_all(const json_t *o, struct bundle *b, bool *ok)
{
	const json_t *source = json_object_get(o, "source"), *item;
	size_t i;

	b->tool = take(o, "tool", ok);
	b->technique = take(o, "technique", ok);
	read_toolchain(json_object_get(o, "toolchain"), b, ok);
	b->source_sha256 = take(source, "sha256", ok);
	if (!json_is_null(json_object_get(source, "commit")))
		b->commit = take(source, "commit", ok);
	b->dirty = json_is_true(json_object_get(source, "dirty"));
	b->work_root = take(o, "work_root", ok);
	b->machine = take(o, "machine", ok);
	json_array_foreach(get_list(o, "artifacts", ok), i, item)
		read_artifact(item, bundle_add_artifact(b), ok);
	json_array_foreach(get_list(o, "workloads", ok), i, item)
		read_workload(item, bundle_add_workload(b), ok);
	if (json_object_get(o, "sampling"))
		read_sampling(json_object_get(o, "sampling"), &b->sampling, ok);
	json_array_foreach(get_list(o, "payloads", ok), i, item)
		read_payload(item, bundle_add_payload(b), ok);
	read_merged(o, b, ok);
}

int manifest_read(const char *path, const char *text, size_t len, struct bundle *ret,
		  struct pgo_err *err)
{
	PGO_AUTO(json_holder) h = { NULL };
	bool ok = true;
	uint64_t format;
	int r = js_parse(path, text, len, &h.o, err);

	if (r)
		return pgo_err_prefix(err, "the manifest of '%s'", path);
	format = js_get_u64(h.o, "format", &ok);
	if (ok && format != BUNDLE_FORMAT) {
		pgo_error(err, PGO_EVERSION, "'%s' is of bundle format %llu; this pgoctl reads %d",
			  path, (unsigned long long)format, BUNDLE_FORMAT);
		return pgo_err_hint(err, "use the pgoctl that made it, or a newer one");
	}
	if (ok)
		read_all(h.o, ret, &ok);
	if (!ok)
		return pgo_error(err, PGO_EFORMAT,
				 "the manifest of '%s' lacks a field or has a wrong one", path);
	return 0;
}
