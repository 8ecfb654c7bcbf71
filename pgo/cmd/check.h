/* SPDX-License-Identifier: Apache-2.0 */
/* The modes of pgoctl check: each asks another question, one file and one line in a table. */
#ifndef PGO_CMD_CHECK_H
#define PGO_CMD_CHECK_H

#include "pgo/cmd/cmd.h"
#include "pgo/core/accept.h"

/* Of all modes; a mode's own options stand with its name. */
struct check_options {
	bool json;
	const char *error_format; /* NULL or "text", "github" */
	unsigned top;
	/* instrumented */
	bool instrumented;
	double min_share; /* INFINITY: not given */
	const char *map;
	/* profile, and the project whose code it is for */
	const char *profile, *config, *cc;
	double max_lost; /* INFINITY: not given */
	/* against */
	const char *against;
	struct accept_limits limits;
};
/* What a mode has found so far. */
struct check_answer {
	const struct check_options *o;
	struct strbuf text;
	json_t *list; /* NULL: text is wanted */
	bool refused;
};
void check_answer_init(struct check_answer *a, const struct check_options *o);
void check_answer_release(struct check_answer *a);
PGO_DEFINE_AUTO(check_answer, check_answer_release)
/* Print the text, or head, which is taken, with the list under the name; as struct cmd's run. */
int check_answer_print(struct cmd_ctx *ctx, const struct check_answer *a, json_t *head,
		       const char *name);
/* Lines for GitHub's runners are wanted. */
bool check_wants_github(const struct check_options *o);
/* merged.prof beside the project's pgo.yaml, or here; malloc'ed. */
char *check_default_profile(const struct check_options *o);

/* Print what the mode finds; errors as struct cmd's run. The operands are argv[1..nr]. */
int check_instrumented(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv);
int check_profile(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv);
int check_against(struct cmd_ctx *ctx, const struct check_options *o, int nr, char **argv);

#endif
