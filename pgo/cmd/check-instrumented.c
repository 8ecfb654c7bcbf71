/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "pgo/cmd/check.h"
#include "pgo/core/audit.h"
#include "pgo/report/audit.h"
#include "pgo/report/show.h"

static double min_share(const struct check_options *o)
{
	return isinf(o->min_share) ? AUDIT_MIN_SHARE : o->min_share;
}

/* NULL: it passes. A share that was asked for and cannot be known is not reached. */
static const char *refusal(const struct check_options *o, const struct audit *a)
{
	if (!audit_has_probes(a))
		return "no function of it has probes";
	if (!audit_passes(a, min_share(o)))
		return "too little of it has probes";
	if (!isinf(o->min_share) && !audit_is_judged(a))
		return "how much of it has probes cannot be known";
	return NULL;
}

static int add(struct check_answer *answer, const char *path, struct pgo_err *err)
{
	const struct check_options *o = answer->o;
	const struct audit_opts opts = { .map = o->map };
	PGO_AUTO(audit) a = AUDIT_INIT;
	int ret = audit_read(path, &opts, &a, err);
	const char *no;
	json_t *item;

	if (ret)
		return ret;
	no = refusal(o, &a);
	answer->refused |= no != NULL;
	if (answer->list) {
		item = audit_json(&a, SIZE_MAX);
		json_object_set_new(item, "passed", json_boolean(!no));
		json_array_append_new(answer->list, item);
	} else if (check_wants_github(o)) {
		show_audit_github(&a, no, &answer->text);
	} else {
		show_audit(&a, no, min_share(o), o->top, &answer->text);
	}
	return 0;
}

static json_t *head(const struct check_options *o)
{
	json_t *whole = json_object();

	json_object_set_new(whole, "schema", json_integer(REPORT_SCHEMA));
	json_object_set_new(whole, "min_share", json_real(min_share(o)));
	return whole;
}

int check_instrumented(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv)
{
	PGO_AUTO(check_answer) answer = { .text = STRBUF_INIT };
	int ret = cmd_check_operands(ctx, &cmd_check, nr, 1, o->map ? 1 : INT32_MAX);

	if (ret)
		return ret;
	check_answer_init(&answer, o);
	for (int i = 1; i <= nr && !ret; i++)
		ret = add(&answer, argv[i], ctx->err);
	return ret ? ret : check_answer_print(ctx, &answer, head(o), "binaries");
}
