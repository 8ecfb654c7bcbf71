/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/cmd/check.h"
#include "pgo/core/stale.h"
#include "pgo/core/stage.h"
#include "pgo/core/views.h"
#include "pgo/report/check.h"
#include "pgo/report/show.h"

/* Binaries with counters, of the code as it is now. */
struct code {
	struct stale_code *v;
	size_t nr, alloc;
	char *source; /* the folder of the project's sources; NULL: binaries were named */
};

static void code_release(struct code *c)
{
	for (size_t i = 0; i < c->nr; i++)
		stale_code_release(&c->v[i]);
	free(c->v);
	free(c->source);
}
PGO_DEFINE_AUTO(code, code_release)

static int add_binary(struct code *c, const char *path, struct pgo_err *err)
{
	int ret;

	VEC_GROW(c->v, c->nr, c->alloc);
	ret = stale_code_read(path, &c->v[c->nr], err);
	c->nr += !ret;
	return ret;
}

static char *source_of(const struct config *cfg)
{
	PGO_AUTO_FREE char *joined = fs_join(cfg->root, cfg->source);

	return fs_absolute(joined);
}

/* The instrumented build of the sources as they are: kept from before where they are the same. */
static int build_code(struct cmd_ctx *ctx, const struct check_options *o, struct code *c)
{
	const struct project_options common = { .config = o->config, .cc = o->cc };
	PGO_AUTO(project) p = PROJECT_INIT;
	PGO_AUTO(stage) s = STAGE_INIT;
	int ret = cmd_open_project(ctx, &common, NULL, &p);

	if (!ret)
		c->source = source_of(&p.config);
	if (!ret)
		ret = stage_build(&p, STAGE_INSTRUMENTED, NULL, &s, ctx->err);
	for (size_t i = 0; !ret && i < s.artifacts.nr; i++) {
		PGO_AUTO_FREE char *path = fs_join(s.out, s.artifacts.v[i]);

		/* What is no program has no code: a script, a manual. */
		if (add_binary(c, path, NULL))
			log_debug("'%s' is no program", path);
	}
	if (!ret && !c->nr)
		ret = pgo_error(ctx->err, PGO_ECONFIG, "no artifact is a program or shared object");
	return ret;
}

static int judge(struct check_answer *answer, const struct profile_view *view, const struct code *c,
		 struct pgo_err *err)
{
	const struct check_options *o = answer->o;
	const double max_lost = isinf(o->max_lost) ? STALE_MAX_LOST : o->max_lost;
	PGO_AUTO(staleness) s = STALENESS_INIT;
	int ret = stale_compare(&view->model, c->v, c->nr, &s, err);
	json_t *one;

	if (ret)
		return ret;
	answer->refused |= stale_lost(s.share) > max_lost;
	if (answer->list) {
		one = show_staleness_json(&s, max_lost);
		json_object_set_new(one, "payload", js_string(view->name));
		json_array_append_new(answer->list, one);
	} else if (check_wants_github(o)) {
		show_staleness_github(&s, o->profile, c->source, max_lost, o->top, &answer->text);
	} else {
		show_staleness(&s, o->profile, max_lost, o->top, &answer->text);
	}
	return 0;
}

static json_t *head(const struct check_options *o)
{
	json_t *whole = json_object();

	json_object_set_new(whole, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(whole, "profile", js_string(o->profile));
	return whole;
}

int check_profile(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv)
{
	PGO_AUTO(check_answer) answer = { .text = STRBUF_INIT };
	PGO_AUTO(profile_views) views = PROFILE_VIEWS_INIT;
	PGO_AUTO(code) code = { 0 };
	int ret = profile_views_open(o->profile, 0, &views, ctx->err);

	for (int i = 1; !ret && i <= nr; i++)
		ret = add_binary(&code, argv[i], ctx->err);
	if (!ret && !nr)
		ret = build_code(ctx, o, &code);
	if (ret)
		return ret;
	check_answer_init(&answer, o);
	for (size_t i = 0; !ret && i < views.nr; i++)
		ret = judge(&answer, &views.items[i], &code, ctx->err);
	return ret ? ret : check_answer_print(ctx, &answer, head(o), "payloads");
}
