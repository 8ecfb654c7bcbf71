/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/cmd/validate.h"

#include <unistd.h>

#include "pgo/base/log.h"
#include "pgo/report/show.h"

int validate_options_check(struct cmd_ctx *ctx, const struct validate_options *v,
			   struct experiment_opts *ret)
{
	bool pairs_given = v->pairs != UINT_MAX, margin_given = !isnan(v->margin);

	if (v->pairs < 6)
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "%u pairs can decide nothing: at least 6 are needed", v->pairs);
	if (pairs_given && v->pairs > 1000)
		return pgo_error(ctx->err, PGO_EUSAGE, "more than 1000 pairs are not supported");
	if (margin_given && (v->margin < 0 || v->margin >= 1))
		return pgo_error(ctx->err, PGO_EUSAGE,
				 "option --margin wants a percentage from 0%% to less than 100%%");
	*ret = (struct experiment_opts){ .pairs = pairs_given ? v->pairs : 0, .seed = v->seed,
					 .margin = margin_given ? v->margin : -1,
					 .budget_ns = v->budget_ns };
	return 0;
}

int validate_print(struct cmd_ctx *ctx, const struct experiment *e, bool json)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	bool printed;

	if (json) {
		printed = cmd_print_json(ctx, show_experiment_json(e));
	} else {
		show_experiment(e, log_colour(STDOUT_FILENO), &out);
		printed = cmd_print(ctx, &out);
	}
	return printed ? experiment_exit(e) : -(int)ctx->err->code;
}
