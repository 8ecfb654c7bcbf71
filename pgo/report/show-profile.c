/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "pgo/base/num.h"
#include "pgo/core/bundle-manifest.h"
#include "pgo/report/show.h"
#include "pgo/report/table.h"

static void add_count(struct table *t, uint64_t n)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	num_add_count(&sb, n);
	table_add(t, sb.buf);
}

static void add_bytes(struct table *t, uint64_t n)
{
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	num_add_bytes(&sb, n);
	table_add(t, sb.buf);
}

static void add_stats(struct table *t, const struct profile_stats *s)
{
	add_count(t, s->functions);
	add_count(t, s->counters);
	add_count(t, s->total_count);
	add_count(t, s->max_count);
}

static void add_head(struct table *t, const char *const *head, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		table_add(t, head[i]);
}

static void show_workloads(const struct bundle *b, struct strbuf *out)
{
	static const char *const head[] = {
		"workload", "weight",	 "share",    "runs",   "inputs",
		"size",	    "functions", "counters", "counts", "largest"
	};
	const bool compared = b->nr_workloads && b->workloads[0].compared;
	PGO_AUTO(table) t = TABLE_INIT(compared ? "lrrrrrrrrrrr" : "lrrrrrrrrr");

	add_head(&t, head, ARRAY_SIZE(head));
	if (compared) {
		table_add(&t, "only here");
		table_add(&t, "adds");
	}
	for (size_t i = 0; i < b->nr_workloads; i++) {
		const struct bundle_workload *w = &b->workloads[i];

		table_add(&t, w->name);
		table_addf(&t, "%g", w->weight);
		table_addf(&t, "%.1f %%", bundle_workload_share(b, i) * 100);
		add_count(&t, w->runs);
		add_count(&t, w->inputs);
		add_bytes(&t, w->input_bytes);
		add_stats(&t, &w->stats);
		if (compared) {
			add_count(&t, w->only_functions);
			table_addf(&t, "%.1f %%", 100 * (1 - w->without));
		}
	}
	table_print(&t, out);
}

static void show_payloads(const struct bundle *b, struct strbuf *out)
{
	static const char *const head[] = { "payload",	 "format",   "version", "files",  "size",
					    "functions", "counters", "counts",	"largest" };
	PGO_AUTO(table) t = TABLE_INIT("lllrrrrrr");

	add_head(&t, head, ARRAY_SIZE(head));
	for (size_t i = 0; i < b->nr_payloads; i++) {
		const struct bundle_payload *p = &b->payloads[i];

		table_add(&t, p->path);
		table_add(&t, p->format);
		table_add(&t, p->version);
		add_count(&t, p->files);
		add_bytes(&t, p->bytes);
		add_stats(&t, &p->stats);
	}
	table_print(&t, out);
}

static void show_inputs(const struct bundle *b, struct strbuf *out)
{
	static const char *const head[] = { "input", "format", "weight", "files", "size" };
	PGO_AUTO(table) t = TABLE_INIT("llrrr");

	add_head(&t, head, ARRAY_SIZE(head));
	for (size_t i = 0; i < b->nr_inputs; i++) {
		const struct bundle_input *in = &b->inputs[i];

		table_add(&t, in->path);
		table_add(&t, in->format);
		add_count(&t, in->weight);
		add_count(&t, in->files);
		add_bytes(&t, in->bytes);
	}
	table_print(&t, out);
	for (size_t i = 0; i < b->nr_lost; i++) {
		strbuf_addstr(out, "left out: ");
		strbuf_addvis(out, b->lost[i].reason);
		strbuf_addch(out, '\n');
	}
}

/* What a merge of bare profiles does not know has no line. */
static void add_field(struct strbuf *out, const char *name, const char *value)
{
	if (!*value)
		return;
	strbuf_addf(out, "%-11s ", name);
	strbuf_addvis(out, value);
	strbuf_addch(out, '\n');
}

static void show_sampling(const struct bundle *b, struct strbuf *out)
{
	const struct bundle_sampling *s = &b->sampling;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	uint64_t samples = 0, lost = 0;

	if (!s->recorder)
		return;
	strbuf_addf(&text, "%s, ", s->event);
	if (s->period) {
		strbuf_addstr(&text, "each ");
		num_add_count(&text, s->period);
	} else {
		num_add_count(&text, s->rate_hz);
		strbuf_addstr(&text, " a second");
	}
	strbuf_addf(&text, ", %s branch stacks, by %s", s->branch_stacks ? "with" : "without",
		    s->recorder);
	add_field(out, "event", text.buf);
	for (size_t i = 0; i < b->nr_workloads; i++) {
		samples = num_add_sat(samples, b->workloads[i].samples, NULL);
		lost = num_add_sat(lost, b->workloads[i].lost, NULL);
	}
	strbuf_clear(&text);
	num_add_count(&text, samples);
	strbuf_addstr(&text, ", and ");
	num_add_count(&text, lost);
	strbuf_addstr(&text, " lost");
	add_field(out, "samples", text.buf);
}

void show_bundle(const struct bundle *b, const char *path, struct strbuf *out)
{
	PGO_AUTO(strbuf) flags = STRBUF_INIT;

	for (size_t i = 0; i < b->cflags.nr; i++)
		strbuf_addf(&flags, "%s%s", i ? " " : "", b->cflags.v[i]);
	add_field(out, "bundle", path);
	add_field(out, "made by", b->tool);
	add_field(out, "compiler", b->banner);
	add_field(out, "target", b->target);
	add_field(out, "technique", b->technique);
	add_field(out, "flags", flags.buf);
	add_field(out, "sources", b->source_sha256);
	if (b->commit) {
		PGO_AUTO_FREE char *commit = xstrfmt("%s%s", b->commit,
						     b->dirty ? ", with uncommitted changes" : "");

		add_field(out, "commit", commit);
	}
	add_field(out, "machine", b->machine);
	show_sampling(b, out);
	strbuf_addch(out, '\n');
	if (b->nr_inputs) {
		show_inputs(b, out);
		strbuf_addch(out, '\n');
	}
	if (b->nr_workloads || !b->nr_inputs) {
		show_workloads(b, out);
		strbuf_addch(out, '\n');
	}
	show_payloads(b, out);
}

json_t *show_bundle_json(const struct bundle *b, const char *path)
{
	json_t *o = json_object();

	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "path", js_string(path));
	json_object_set_new(o, "kind", js_string("bundle"));
	json_object_set_new(o, "manifest", manifest_json(b));
	return o;
}

static double share(const struct profile *p, uint64_t n)
{
	return p->total ? (double)n / (double)p->total : 0;
}

void show_profile(const struct profile *p, const char *path, size_t top, struct strbuf *out)
{
	static const char *const head[] = { "share", "counts", "largest", "counters", "function" };
	PGO_AUTO_FREE const struct prof_func **hot = profile_hottest(p, NULL, &top);
	PGO_AUTO(table) t = TABLE_INIT("rrrrl");
	PGO_AUTO_FREE char *kind = xstrfmt("%s, version %" PRIu64, prof_kind_name(p->kind),
					   p->version);

	add_field(out, "profile", path);
	add_field(out, "kind", kind);
	strbuf_addf(out, "functions   ");
	num_add_count(out, p->nr_funcs);
	strbuf_addf(out, "\ncounters    ");
	num_add_count(out, p->nr_counters);
	strbuf_addf(out, "\ncounts      ");
	num_add_count(out, p->total);
	strbuf_addf(out, "\nlargest     ");
	num_add_count(out, p->max_count);
	if (p->nr_saturated)
		strbuf_addf(out, "\nsaturated   %" PRIu64 " counters stand at their limit",
			    p->nr_saturated);
	strbuf_addstr(out, "\n\n");
	add_head(&t, head, ARRAY_SIZE(head));
	for (size_t i = 0; i < top; i++) {
		table_addf(&t, "%.1f %%", share(p, hot[i]->sum) * 100);
		add_count(&t, hot[i]->sum);
		add_count(&t, hot[i]->max);
		add_count(&t, hot[i]->nr_counts);
		table_add(&t, hot[i]->name);
	}
	table_print(&t, out);
}

json_t *show_profile_json(const struct profile *p, const char *path, size_t top)
{
	PGO_AUTO_FREE const struct prof_func **hot = profile_hottest(p, NULL, &top);
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < top; i++) {
		json_t *f = json_object();

		json_object_set_new(f, "name", js_string(hot[i]->name));
		json_object_set_new(f, "hash", js_u64(hot[i]->hash));
		json_object_set_new(f, "counters", js_u64(hot[i]->nr_counts));
		json_object_set_new(f, "sum", js_u64(hot[i]->sum));
		json_object_set_new(f, "max", js_u64(hot[i]->max));
		json_array_append_new(list, f);
	}
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "path", js_string(path));
	json_object_set_new(o, "kind", js_string(prof_kind_name(p->kind)));
	json_object_set_new(o, "version", js_u64(p->version));
	json_object_set_new(o, "functions", js_u64(p->nr_funcs));
	json_object_set_new(o, "counters", js_u64(p->nr_counters));
	json_object_set_new(o, "total_count", js_u64(p->total));
	json_object_set_new(o, "max_count", js_u64(p->max_count));
	json_object_set_new(o, "saturated", js_u64(p->nr_saturated));
	json_object_set_new(o, "hottest", list);
	return o;
}
