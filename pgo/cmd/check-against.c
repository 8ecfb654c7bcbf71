/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pgo/base/log.h"
#include "pgo/cmd/check.h"
#include "pgo/core/accept.h"
#include "pgo/core/store.h"
#include "pgo/report/check.h"
#include "pgo/report/show.h"

static void add(struct check_answer *answer, const char *profile, const struct acceptance *a)
{
	answer->refused |= !a->accepted;
	if (answer->list)
		json_array_append_new(answer->list, show_acceptance_json(a));
	else if (check_wants_github(answer->o))
		show_acceptance_github(a, profile, &answer->text);
	else
		show_acceptance(a, &answer->text);
}

static int judge(struct check_answer *answer, const char *profile, const struct profile_views *now,
		 const struct profile_views *before, struct pgo_err *err)
{
	size_t nr = 0;

	for (size_t i = 0; i < now->nr; i++) {
		const struct profile_view *x = &now->items[i];
		const struct profile_view *y = profile_views_counterpart(before, x);
		PGO_AUTO(acceptance) a = { 0 };

		if (!y) {
			log_warn("'%s' has no counterpart in '%s': not judged", x->name,
				 answer->o->against);
			continue;
		}
		accept_judge(now, x, before, y, &answer->o->limits, &a);
		add(answer, profile, &a);
		nr++;
	}
	if (nr)
		return 0;
	return pgo_error(err, PGO_EMISMATCH, "nothing in '%s' is for a compiler of '%s'", profile,
			 answer->o->against);
}

static json_t *head(const struct check_options *o, const char *profile)
{
	json_t *whole = json_object();

	json_object_set_new(whole, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(whole, "profile", js_string(profile));
	json_object_set_new(whole, "against", js_string(o->against));
	return whole;
}

int check_against(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv)
{
	PGO_AUTO(check_answer) answer = { .text = STRBUF_INIT };
	PGO_AUTO(profile_views) now = PROFILE_VIEWS_INIT;
	PGO_AUTO(profile_views) before = PROFILE_VIEWS_INIT;
	PGO_AUTO_FREE char *found = NULL;
	int ret = cmd_check_operands(ctx, &cmd_check, nr, 0, 1);

	if (ret)
		return ret;
	found = nr ? xstrdup(argv[1]) : check_default_profile(o);
	ret = profile_views_open(
		strcmp(o->against, "last") != 0 ? o->against : STORE_PREFIX STORE_LAST_GOOD, 0,
		&before, ctx->err);
	if (!ret)
		ret = profile_views_open(found, 0, &now, ctx->err);
	if (ret)
		return ret;
	check_answer_init(&answer, o);
	ret = judge(&answer, found, &now, &before, ctx->err);
	return ret ? ret : check_answer_print(ctx, &answer, head(o, found), "payloads");
}
