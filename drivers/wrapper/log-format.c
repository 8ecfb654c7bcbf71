/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/wrapper/log.h"

static void add_list(struct strbuf *out, const char *name, const struct strvec *list)
{
	strbuf_addf(out, ",\"%s\":[", name);
	for (size_t i = 0; list && i < list->nr; i++) {
		if (i)
			strbuf_addch(out, ',');
		strbuf_addjson(out, list->v[i]);
	}
	strbuf_addch(out, ']');
}

static void add_warnings(struct strbuf *out, const uint64_t *counts)
{
	const char *comma = "";

	strbuf_addstr(out, ",\"warnings\":{");
	for (int i = 0; i < PROFILE_WARN_NR; i++) {
		if (!counts[i])
			continue;
		strbuf_addf(out, "%s\"%s\":%llu", comma, profile_warning_name(i),
			    (unsigned long long)counts[i]);
		comma = ",";
	}
	strbuf_addch(out, '}');
}

void log_call_format(struct strbuf *out, const struct log_call *call)
{
	strbuf_addstr(out, "{\"tool\":");
	strbuf_addjson(out, call->tool);
	add_list(out, "file", call->files);
	strbuf_addf(out, ",\"mode\":\"%s\"", call->mode);
	if (call->why) {
		strbuf_addstr(out, ",\"why\":");
		strbuf_addjson(out, call->why);
	}
	add_list(out, "added", call->added);
	strbuf_addf(out, ",\"ms\":%llu,\"status\":%d", (unsigned long long)call->wall_ms,
		    call->status);
	add_warnings(out, call->warnings);
	add_list(out, "stale", call->stale);
	strbuf_addf(out, ",\"nr_stale\":%llu,\"dir\":", (unsigned long long)call->nr_stale);
	strbuf_addjson(out, call->dir);
	if (call->output) {
		strbuf_addstr(out, ",\"output\":");
		strbuf_addjson(out, call->output);
	}
	if (call->map) {
		strbuf_addstr(out, ",\"map\":");
		strbuf_addjson(out, call->map);
	}
	strbuf_addstr(out, "}\n");
}
