/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/cmd/diff-production.h"

#include "pgo/core/represent.h"
#include "pgo/core/views.h"
#include "pgo/report/check.h"
#include "pgo/report/show.h"

/* What is printed. */
struct answer {
	struct strbuf text;
	json_t *json; /* NULL: text is wanted */
};

static int add_weights(struct cmd_ctx *ctx, const struct diff_production *d,
		       const struct production *production, struct answer *a)
{
	const struct project_options common = { .config = d->config };
	PGO_AUTO(represent_fit) fit = { 0 };
	PGO_AUTO(project) p = PROJECT_INIT;
	int ret = cmd_open_project(ctx, &common, NULL, &p);

	if (!ret)
		ret = represent_fit_weights(&p, production, &fit, ctx->err);
	if (ret)
		return ret;
	if (a->json)
		json_object_set_new(a->json, "weights", show_fit_json(&fit));
	else
		show_fit(&fit, &a->text);
	return 0;
}

static int print(struct cmd_ctx *ctx, const struct diff_production *d, struct answer *a, bool no)
{
	const int code = no ? PGO_EXIT_NO : PGO_EXIT_OK;

	if (!a->json)
		return cmd_print(ctx, &a->text) ? code : -(int)ctx->err->code;
	json_object_set_new(a->json, "profile", js_string(d->profile));
	json_object_set_new(a->json, "recording", js_string(d->recording));
	json_object_set_new(a->json, "exit_code", json_integer(code));
	return cmd_print_json(ctx, json_incref(a->json)) ? code : -(int)ctx->err->code;
}

static int compare(struct cmd_ctx *ctx, const struct diff_production *d,
		   const struct profile *training, const struct production *production,
		   struct answer *a)
{
	PGO_AUTO(representation) r = REPRESENTATION_INIT;
	int ret = 0;

	represent_compare(training, production, &r);
	if (d->json) {
		a->json = show_representation_json(production, &r);
		json_object_set_new(a->json, "schema", json_integer(REPORT_SCHEMA));
	} else {
		show_representation(production, &r, d->top, &a->text);
	}
	if (d->weights)
		ret = add_weights(ctx, d, production, a);
	return ret ? ret : print(ctx, d, a, r.overlap < d->least);
}

int diff_production(struct cmd_ctx *ctx, const struct diff_production *d)
{
	const struct sample_image_opts images = { .binary = d->binary };
	PGO_AUTO(production) production = PRODUCTION_INIT;
	PGO_AUTO(profile_views) views = PROFILE_VIEWS_INIT;
	struct answer a = { .text = STRBUF_INIT };
	int ret = profile_views_open(d->profile, d->llvm, &views, ctx->err);

	if (!ret)
		ret = production_read(&production, d->recording, &images, ctx->err);
	if (!ret && production.in_program <= 0)
		ret = pgo_error(ctx->err, PGO_EMISMATCH, "'%s' has no samples in '%s'",
				d->recording, production.program);
	if (!ret)
		ret = compare(ctx, d, &views.items[0].model, &production, &a);
	json_decref(a.json);
	strbuf_release(&a.text);
	return ret;
}
