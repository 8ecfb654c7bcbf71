/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "pgo/report/check.h"
#include "pgo/report/table.h"

static const char *answer_name(enum accept_answer a)
{
	return a == ACCEPT_YES ? "yes" : a == ACCEPT_NO ? "no" : "unknown";
}

void show_acceptance(const struct acceptance *a, struct strbuf *out)
{
	PGO_AUTO(table) t = TABLE_INIT("lll");

	table_add(&t, "good");
	table_add(&t, "check");
	table_add(&t, "what was found");
	for (int i = 0; i < ACCEPT_NR_CHECKS; i++) {
		table_add(&t, answer_name(a->findings[i].answer));
		table_add(&t, accept_check_name(a->findings[i].check));
		table_add(&t, a->findings[i].text);
	}
	strbuf_addf(out, "%s: %s\n", a->accepted ? "accepted" : "REFUSED", a->name);
	table_print(&t, out);
}

void show_acceptance_github(const struct acceptance *a, const char *profile, struct strbuf *out)
{
	for (int i = 0; i < ACCEPT_NR_CHECKS; i++) {
		const struct accept_finding *f = &a->findings[i];
		PGO_AUTO_FREE char *title = xstrfmt("profile refused: %s",
						    accept_check_name(f->check));

		if (f->answer == ACCEPT_NO)
			show_github(out, "error", profile, title, f->text);
	}
}

json_t *show_acceptance_json(const struct acceptance *a)
{
	json_t *o = json_object(), *list = json_array();

	for (int i = 0; i < ACCEPT_NR_CHECKS; i++) {
		const struct accept_finding *f = &a->findings[i];
		json_t *one = json_object();

		json_object_set_new(one, "check", js_string(accept_check_name(f->check)));
		json_object_set_new(one, "good", js_string(answer_name(f->answer)));
		json_object_set_new(one, "text", js_string(f->text));
		json_object_set_new(one, "measure",
				    isnan(f->measure) ? json_null() : json_real(f->measure));
		json_object_set_new(one, "limit", json_real(f->limit));
		json_array_append_new(list, one);
	}
	json_object_set_new(o, "payload", js_string(a->name));
	json_object_set_new(o, "accepted", json_boolean(a->accepted));
	json_object_set_new(o, "findings", list);
	return o;
}
