/* SPDX-License-Identifier: Apache-2.0 */
/* What a merge took, wrote and left out. */
#include <inttypes.h>

#include "pgo/base/num.h"
#include "pgo/core/bundle-manifest.h"
#include "pgo/report/show.h"

static void add_number(struct strbuf *out, const char *name, uint64_t n)
{
	strbuf_addf(out, "%-11s ", name);
	num_add_count(out, n);
	strbuf_addch(out, '\n');
}

static void add_lost(struct strbuf *out, const struct bundle *b)
{
	for (size_t i = 0; i < b->nr_lost; i++) {
		strbuf_addstr(out, i ? "            " : "left out    ");
		strbuf_addvis(out, b->lost[i].reason);
		strbuf_addch(out, '\n');
	}
}

void show_merge(const struct merge_outcome *m, const char *path, struct strbuf *out)
{
	const struct bundle_payload *p = &m->bundle.payloads[0];

	strbuf_addstr(out, "written     ");
	strbuf_addvis(out, path);
	strbuf_addf(out, ": %s%s%s%s\n", m->is_bundle ? "bundle with " : "", p->format,
		    *p->version ? ", version " : "", p->version);
	add_number(out, "inputs", m->bundle.nr_inputs);
	add_number(out, "files read", m->nr_files);
	if (m->nr_skipped)
		add_number(out, "no profiles", m->nr_skipped);
	add_lost(out, &m->bundle);
	if (m->nr_builds > 1)
		strbuf_addf(out,
			    "binaries    %" PRIu64
			    " different: functions were joined by name and hash\n",
			    m->nr_builds);
	if (m->left_out)
		strbuf_addf(out, "left out    %s\n", m->left_out);
	add_number(out, "functions", p->stats.functions);
	add_number(out, "counters", p->stats.counters);
	add_number(out, "counts", p->stats.total_count);
	add_number(out, "largest", p->stats.max_count);
	if (p->stats.saturated)
		add_number(out, "saturated", p->stats.saturated);
}

json_t *show_merge_json(const struct merge_outcome *m, const char *path)
{
	const struct bundle_payload *p = &m->bundle.payloads[0];
	json_t *o = json_object();

	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "path", js_string(path));
	json_object_set_new(o, "kind", js_string(m->is_bundle ? "bundle" : "native"));
	json_object_set_new(o, "format", js_string(p->format));
	json_object_set_new(o, "version", js_string(p->version));
	json_object_set_new(o, "files", js_u64(m->nr_files));
	json_object_set_new(o, "skipped", js_u64(m->nr_skipped));
	json_object_set_new(o, "builds", m->nr_builds ? js_u64(m->nr_builds) : json_null());
	json_object_set_new(o, "left_out", m->left_out ? js_string(m->left_out) : json_null());
	json_object_set_new(o, "functions", js_u64(p->stats.functions));
	json_object_set_new(o, "counters", js_u64(p->stats.counters));
	json_object_set_new(o, "total_count", js_u64(p->stats.total_count));
	json_object_set_new(o, "max_count", js_u64(p->stats.max_count));
	json_object_set_new(o, "saturated", js_u64(p->stats.saturated));
	manifest_add_merged(&m->bundle, o);
	if (m->is_bundle)
		json_object_set_new(o, "manifest", manifest_json(&m->bundle));
	return o;
}
