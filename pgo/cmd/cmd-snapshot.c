/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>

#include "pgo/base/num.h"
#include "pgo/cmd/cmd.h"
#include "pgo/core/snapshot.h"
#include "pgo/report/show.h"

#define TIMEOUT_NS UINT64_C(10000000000)

struct options {
	bool tree, json;
	uint64_t timeout_ns;
};

static const struct opt opts[] = {
	{ OPT_FLAG, 't', "tree", NULL, "also the processes that it has started, and theirs",
	  offsetof(struct options, tree) },
	{ OPT_DURATION, 0, "timeout", "TIME", "wait no longer for all to be written (default: 10s)",
	  offsetof(struct options, timeout_ns) },
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON", offsetof(struct options, json) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int print_json(struct cmd_ctx *ctx, const struct snapshots *s)
{
	json_t *o = json_object(), *list = json_array(), *hindered = json_array();

	for (size_t i = 0; i < s->nr; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "pid", json_integer(s->v[i].pid));
		json_object_set_new(one, "command", js_string(s->v[i].command));
		json_object_set_new(one, "snapshots", js_u64(s->v[i].nr_written));
		json_array_append_new(list, one);
	}
	for (size_t i = 0; i < s->nr_hindered; i++) {
		const struct hindered *h = &s->hindered[i];
		json_t *one = json_object();

		json_object_set_new(one, "pid", json_integer(h->pid));
		json_object_set_new(one, "command", js_string(h->command));
		json_object_set_new(one, "is", json_string(obstacle_name(h->obstacle)));
		json_object_set_new(one, "remedy", json_string(obstacle_remedy(h->obstacle)));
		json_array_append_new(hindered, one);
	}
	json_object_set_new(o, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(o, "processes", list);
	json_object_set_new(o, "without_agent", js_u64(s->nr_without));
	json_object_set_new(o, "hindered", hindered);
	return cmd_print_json(ctx, o) ? PGO_EXIT_OK : -(int)ctx->err->code;
}

static int print(struct cmd_ctx *ctx, const struct snapshots *s)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	for (size_t i = 0; i < s->nr; i++)
		strbuf_addf(&out, "process %d (%s): snapshot %" PRIu64 " is written\n",
			    (int)s->v[i].pid, s->v[i].command, s->v[i].nr_written);
	if (s->nr_without)
		strbuf_addf(&out, "%zu without the agent: not asked\n", s->nr_without);
	for (size_t i = 0; i < s->nr_hindered; i++) {
		const struct hindered *h = &s->hindered[i];

		strbuf_addf(&out, "process %d (%s) is %s: %s\n", (int)h->pid, h->command,
			    obstacle_name(h->obstacle), obstacle_remedy(h->obstacle));
	}
	return cmd_print(ctx, &out) ? PGO_EXIT_OK : -(int)ctx->err->code;
}

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { .timeout_ns = TIMEOUT_NS };
	PGO_AUTO(snapshots) s = SNAPSHOTS_INIT;
	unsigned pid;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_snapshot, nr, 1, 1);
	if (ret)
		return ret;
	if (!num_parse_uint(argv[1], &pid) || !pid || pid > INT32_MAX)
		return pgo_error(ctx->err, PGO_EUSAGE, "'%s' is no number of a process", argv[1]);
	ret = snapshot_take((pid_t)pid, o.tree, o.timeout_ns, &s, ctx->err);
	if (ret)
		return ret;
	return o.json ? print_json(ctx, &s) : print(ctx, &s);
}

const struct cmd cmd_snapshot = {
	.name = "snapshot",
	.summary = "write the counters of an instrumented program that goes on running",
	.usage = "[options] PID",
	.opts = opts,
	.run = run,
};
