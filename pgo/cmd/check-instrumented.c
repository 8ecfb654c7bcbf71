/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "pgo/cmd/check.h"
#include "pgo/core/audit.h"
#include "pgo/report/audit.h"
#include "pgo/report/show.h"

/* What is printed, and whether the answer is no. */
struct answer {
	const struct check_options *o;
	struct strbuf text;
	json_t *list; /* NULL: text is wanted */
	bool refused;
};

/* A share that was asked for and cannot be known is not reached. */
static bool is_refused(const struct check_options *o, const struct audit *a)
{
	if (isinf(o->min_share))
		return !audit_passes(a, AUDIT_MIN_SHARE);
	return !audit_passes(a, o->min_share) || !audit_is_judged(a);
}

static int add(struct answer *answer, const char *path, struct pgo_err *err)
{
	const struct check_options *o = answer->o;
	const struct audit_opts opts = { .map = o->map };
	const double min_share = isinf(o->min_share) ? AUDIT_MIN_SHARE : o->min_share;
	PGO_AUTO(audit) a = AUDIT_INIT;
	int ret = audit_read(path, &opts, &a, err);
	json_t *item;

	if (ret)
		return ret;
	answer->refused |= is_refused(o, &a);
	if (answer->list) {
		item = audit_json(&a, SIZE_MAX);
		json_object_set_new(item, "passed", json_boolean(!is_refused(o, &a)));
		json_array_append_new(answer->list, item);
	} else if (check_wants_github(o)) {
		show_audit_github(&a, min_share, &answer->text);
	} else {
		show_audit(&a, min_share, o->top, &answer->text);
	}
	return 0;
}

static bool print(struct cmd_ctx *ctx, const struct answer *answer)
{
	const struct check_options *o = answer->o;
	json_t *whole;

	if (!answer->list)
		return cmd_print(ctx, &answer->text);
	whole = json_object();
	json_object_set_new(whole, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(whole, "min_share",
			    json_real(isinf(o->min_share) ? AUDIT_MIN_SHARE : o->min_share));
	json_object_set(whole, "binaries", answer->list);
	json_object_set_new(whole, "exit_code", json_integer(answer->refused));
	return cmd_print_json(ctx, whole);
}

int check_instrumented(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv)
{
	struct answer answer = { .o = o, .text = STRBUF_INIT };
	int ret = cmd_check_operands(ctx, &cmd_check, nr, 1, o->map ? 1 : INT32_MAX);

	if (ret)
		return ret;
	answer.list = o->json ? json_array() : NULL;
	for (int i = 1; i <= nr && !ret; i++)
		ret = add(&answer, argv[i], ctx->err);
	if (!ret)
		ret = print(ctx, &answer) ? (answer.refused ? PGO_EXIT_NO : PGO_EXIT_OK)
					  : -(int)ctx->err->code;
	json_decref(answer.list);
	strbuf_release(&answer.text);
	return ret;
}
