/* SPDX-License-Identifier: Apache-2.0 */
/* From what libcyaml loaded to struct config: the content of every value. */
#include <ctype.h>
#include <math.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "pgo/core/config-check.h"

/* Bounds that keep a slip of the pen from costing a night. */
#define MAX_NAME_BYTES 100
#define MAX_WEIGHT 1e6
#define MAX_TIMEOUT_NS (168 * 3600 * UINT64_C(1000000000))
#define MAX_REPEAT 10000
#define MIN_PAIRS 6
#define MAX_PAIRS 1000

static void take_text(char **ret, char **raw)
{
	if (!*raw)
		return;
	free(*ret);
	*ret = TAKE_PTR(*raw);
}

/* A program alone: flags in it would be taken for a part of its name. */
static int take_tool(const struct where_ctx *ctx, const struct where *map, const char *key,
		     const char *root, char **ret)
{
	const struct where *n = where_get(map, config_key_leaf(key));
	PGO_AUTO_FREE char *joined = NULL;
	bool is_path;

	if (!n)
		return 0;
	is_path = strchr(n->text, '/');
	if (n->text[0] == '-' || (!is_path && strpbrk(n->text, " \t\n"))) {
		config_bad_value(ctx, n, key, "one program, without arguments");
		return where_hint(ctx, "flags go into 'env' of 'build', like \"CFLAGS=-O2\"");
	}
	joined = fs_join(root, n->text);
	*ret = is_path ? fs_absolute(joined) : xstrdup(n->text);
	return 0;
}

static int take_toolchain(struct config *cfg, const struct where_ctx *ctx, const struct where *map)
{
	int ret = take_tool(ctx, map, "toolchain.cc", cfg->root, &cfg->cc);

	if (!ret)
		ret = take_tool(ctx, map, "toolchain.cxx", cfg->root, &cfg->cxx);
	if (!ret)
		ret = take_tool(ctx, map, "toolchain.rustc", cfg->root, &cfg->rustc);
	return ret;
}

static bool is_env_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_')
			return false;
	return len && !isdigit((unsigned char)s[0]);
}

static int check_env(const struct where_ctx *ctx, const struct where *n, const char *key,
		     const struct strvec *before)
{
	const char *eq = strchr(n->text, '=');
	PGO_AUTO_FREE char *name = NULL;

	if (!eq || !is_env_name(n->text, eq - n->text))
		return config_bad_value(ctx, n, key, "NAME=value");
	name = xstrndup(n->text, eq - n->text);
	if (strvec_getenv(before, name)) {
		where_error(ctx, n->at, "'%s' is set twice", where_show(ctx, name));
		return where_hint(ctx, "keep one of them");
	}
	if (!strcmp(name, "CC") || !strcmp(name, "CXX")) {
		where_error(ctx, n->at, "'%s' is set by pgoctl itself", name);
		return where_hint(ctx, "name the compiler in 'toolchain'");
	}
	if (!strncmp(name, "PGO_", 4)) {
		where_error(ctx, n->at, "'%s' is set by pgoctl itself", where_show(ctx, name));
		return where_hint(ctx, "take a name that does not start with PGO_");
	}
	return 0;
}

/* Relative and not leading out: what is kept or matched lies below a folder of ours. */
static int check_inner_path(const struct where_ctx *ctx, const struct where *n, const char *key)
{
	bool out = n->text[0] == '/';

	for (const char *p = n->text; *p && !out; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		out = len == 2 && !memcmp(p, "..", 2);
		p += len;
	}
	return out ? config_bad_value(ctx, n, key, "a relative path without '..'") : 0;
}

static int check_pattern(const struct where_ctx *ctx, const struct where *n, const char *key,
			 const struct strvec *before)
{
	(void)before;
	return check_inner_path(ctx, n, key);
}

typedef int (*check_fn)(const struct where_ctx *ctx, const struct where *n, const char *key,
			const struct strvec *before);

static int take_list(const struct where_ctx *ctx, const struct where *build, const char *key,
		     check_fn check, char **raw, struct strvec *ret_list)
{
	const struct where *list = where_get(build, config_key_leaf(key));

	for (const struct where *n = list ? list->first : NULL; n; n = n->next) {
		int ret = check(ctx, n, key, ret_list);

		if (ret)
			return ret;
		strvec_push_take(ret_list, TAKE_PTR(*raw));
		raw++;
	}
	return 0;
}

static int check_source(const struct where_ctx *ctx, const struct where *n, const char *root)
{
	PGO_AUTO_FREE char *path = n ? fs_join(root, n->text) : NULL;

	if (!n || fs_is_dir(path))
		return 0;
	where_error(ctx, n->at, "the source folder '%s' %s", where_show(ctx, n->text),
		    fs_exists(path) ? "is not a folder" : "does not exist");
	return where_hint(ctx, "the path is relative to the folder of pgo.yaml");
}

static int take_build(struct config *cfg, struct raw_build *raw, const struct where_ctx *ctx,
		      const struct where *map)
{
	int ret = check_source(ctx, where_get(map, "source"), cfg->root);

	if (!ret)
		ret = take_list(ctx, map, "build.env", check_env, raw->env, &cfg->env);
	if (!ret)
		ret = take_list(ctx, map, "build.artifacts", check_pattern, raw->artifacts,
				&cfg->artifacts);
	if (!ret)
		ret = take_list(ctx, map, "build.exclude", check_pattern, raw->exclude,
				&cfg->exclude);
	if (ret)
		return ret;
	take_text(&cfg->source, &raw->source);
	take_text(&cfg->command, &raw->command);
	take_text(&cfg->clean, &raw->clean);
	cfg->out_of_tree = raw->out_of_tree;
	return 0;
}

/* The name becomes a folder and a part of messages. */
static int check_name(const struct where_ctx *ctx, const struct where *n,
		      const struct where *workload, const struct where *list)
{
	for (const char *p = n->text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._+-", *p))
			return config_bad_value(ctx, n, "workloads.name",
						"of letters, digits, '.', '_', '+' and '-'");
	if (n->text[0] == '.' || n->text[0] == '-')
		return config_bad_value(ctx, n, "workloads.name",
					"a name without '.' or '-' ahead");
	if (strlen(n->text) > MAX_NAME_BYTES)
		return config_bad_value(ctx, n, "workloads.name", "100 characters long at most");
	for (const struct where *w = list->first; w != workload; w = w->next) {
		const struct where *other = where_get(w, "name");

		if (strcmp(other->text, n->text) != 0)
			continue;
		where_error(ctx, n->at, "duplicate workload '%s'", n->text);
		return where_hint(ctx, "the first one is in line %zu", other->at.line);
	}
	return 0;
}

static int take_weight(const struct where_ctx *ctx, const struct where *n, double *ret)
{
	double w;

	if (!n)
		return 0;
	if (!num_parse_double(n->text, &w) || w < 0.001 || w > MAX_WEIGHT ||
	    fabs(w * 1000 - round(w * 1000)) > 1e-6)
		return config_bad_value(ctx, n, "workloads.weight",
					"above 0, with 3 decimals at most");
	*ret = w;
	return 0;
}

static int take_uint(const struct where_ctx *ctx, const struct where *n, const char *key,
		     unsigned least, unsigned most, unsigned *ret)
{
	unsigned v;

	if (!n)
		return 0;
	if (!num_parse_uint(n->text, &v) || v < least || v > most) {
		PGO_AUTO_FREE char *must = xstrfmt("a whole number from %u to %u", least, most);

		return config_bad_value(ctx, n, key, must);
	}
	*ret = v;
	return 0;
}

static int take_timeout(const struct where_ctx *ctx, const struct where *n, uint64_t *ret_ns)
{
	uint64_t ns;

	if (!n)
		return 0;
	if (!num_parse_duration(n->text, &ns) || !ns || ns > MAX_TIMEOUT_NS)
		return config_bad_value(ctx, n, "workloads.timeout",
					"a time like 500ms, 60s, 10m or 2h, a week at most");
	*ret_ns = ns;
	return 0;
}

static int check_stdin(const struct where_ctx *ctx, const struct where *n, const char *root)
{
	PGO_AUTO_FREE char *path = n ? fs_join(root, n->text) : NULL;

	if (!n || (fs_exists(path) && !fs_is_dir(path)))
		return 0;
	where_error(ctx, n->at, "the stdin file '%s' %s", where_show(ctx, n->text),
		    fs_exists(path) ? "is a folder" : "does not exist");
	return where_hint(ctx, "the path is relative to the folder of pgo.yaml");
}

/* How long a server takes to start, and its load to run, is no measure of it. */
static int check_server(const struct where_ctx *ctx, const struct where *map)
{
	const struct where *ready = where_get(map, "ready"), *drive = where_get(map, "drive");
	const struct where *use = where_get(map, "use");

	if (ready && !drive) {
		where_error(ctx, ready->at,
			    "'ready' without 'drive': nothing would load the server");
		return where_hint(ctx, "drive: ./load.sh");
	}
	if (!drive || (use && !strcmp(use->text, "train")))
		return 0;
	where_error(ctx, drive->at, "a workload with 'drive' can only train");
	return where_hint(ctx,
			  "use: train; validate by a workload whose run line starts the "
			  "server, loads it and ends it");
}

static int check_workload(const struct where_ctx *ctx, const struct where *map,
			  const struct where *list, const char *root)
{
	const struct where *output = where_get(map, "output");
	int ret = check_name(ctx, where_get(map, "name"), map, list);

	if (!ret)
		ret = check_stdin(ctx, where_get(map, "stdin"), root);
	if (!ret && output)
		ret = check_inner_path(ctx, output, "workloads.output");
	return ret ? ret : check_server(ctx, map);
}

static int take_workload(struct workload *w, struct raw_workload *raw, const struct where_ctx *ctx,
			 const struct where *map)
{
	unsigned status = 0;
	int ret = take_weight(ctx, where_get(map, "weight"), &w->weight);

	if (!ret)
		ret = take_timeout(ctx, where_get(map, "timeout"), &w->timeout_ns);
	if (!ret)
		ret = take_uint(ctx, where_get(map, "repeat"), "workloads.repeat", 1, MAX_REPEAT,
				&w->repeat);
	if (!ret)
		ret = take_uint(ctx, where_get(map, "exit"), "workloads.exit", 0, 255, &status);
	if (ret)
		return ret;
	take_text(&w->name, &raw->name);
	take_text(&w->run, &raw->run);
	take_text(&w->ready, &raw->ready);
	take_text(&w->drive, &raw->drive);
	take_text(&w->stdin_path, &raw->stdin_path);
	take_text(&w->output, &raw->output);
	w->expect_status = (int)status;
	if (raw->use)
		w->use = raw->use;
	return 0;
}

static int take_workloads(struct config *cfg, struct raw_config *raw, const struct where_ctx *ctx,
			  const struct where *list)
{
	const struct where *n = list->first;
	unsigned uses = 0;

	cfg->workloads = xcalloc(raw->nr_workloads, sizeof(*cfg->workloads));
	for (unsigned i = 0; i < raw->nr_workloads; i++, n = n->next) {
		struct workload *w = &cfg->workloads[i];
		int ret;

		*w = (struct workload){ .weight = 1,
					.use = USE_BOTH,
					.repeat = 1,
					.timeout_ns = WORKLOAD_TIMEOUT_NS,
					.output = xstrdup("stdout") };
		cfg->nr_workloads++;
		ret = check_workload(ctx, n, list, cfg->root);
		if (!ret)
			ret = take_workload(w, &raw->workloads[i], ctx, n);
		if (ret)
			return ret;
		uses |= w->use;
	}
	if (uses & USE_TRAIN)
		return 0;
	where_error(ctx, list->at, "no workload to train with");
	return where_hint(ctx, "give one of them 'use: train' or 'use: both'");
}

static int take_validation(struct config *cfg, const struct where_ctx *ctx, const struct where *map)
{
	const struct where *margin = where_get(map, "margin"), *budget = where_get(map, "budget");
	double m = cfg->margin;
	uint64_t ns = 0;

	if (margin && (!num_parse_percent(margin->text, &m) || m <= 0 || m >= 1))
		return config_bad_value(ctx, margin, "validation.margin",
					"a percentage above 0% and below 100%");
	if (budget && (!num_parse_duration(budget->text, &ns) || !ns))
		return config_bad_value(ctx, budget, "validation.budget",
					"a time like 90s, 3m or 2h");
	cfg->margin = m;
	cfg->budget_ns = ns;
	return take_uint(ctx, where_get(map, "pairs"), "validation.pairs", MIN_PAIRS, MAX_PAIRS,
			 &cfg->pairs);
}

int config_take(struct config *cfg, struct raw_config *raw, const struct where_ctx *ctx,
		const struct where *root)
{
	int ret = take_toolchain(cfg, ctx, where_get(root, "toolchain"));

	if (!ret)
		ret = take_build(cfg, &raw->build, ctx, where_get(root, "build"));
	if (!ret)
		ret = take_workloads(cfg, raw, ctx, where_get(root, "workloads"));
	if (!ret)
		ret = take_validation(cfg, ctx, where_get(root, "validation"));
	cfg->technique = raw->profile.technique;
	cfg->bolt = raw->profile.bolt || cfg->technique == TECHNIQUE_BOLT;
	cfg->partial_training = raw->profile.partial_training;
	cfg->update = raw->profile.update;
	return ret;
}
