/* SPDX-License-Identifier: Apache-2.0 */
/* A subcommand: one const object, one file. */
#ifndef PGO_CMD_CMD_H
#define PGO_CMD_CMD_H

#include "pgo/base/err.h"
#include "pgo/base/opt.h"
#include "pgo/core/json.h"
#include "pgo/core/project.h"

struct cmd_ctx {
	const char *tool_dir; /* where pgoctl-cc and the LLVM modules are */
	struct pgo_err *err;
};

struct cmd {
	const char *name, *summary;
	const char *usage; /* behind "pgoctl NAME" */
	const struct opt *opts;
	/* argv[0] is the command's name. Returns an exit code, or -PGO_E* with ctx->err set. */
	int (*run)(struct cmd_ctx *ctx, int argc, char **argv);
};

extern const struct cmd cmd_build, cmd_check, cmd_collect, cmd_convert, cmd_diff, cmd_doctor,
	cmd_init, cmd_merge, cmd_report, cmd_run, cmd_show, cmd_snapshot, cmd_store, cmd_validate;
extern const struct cmd *const commands[]; /* NULL-terminated */

/* Options of every command that works in a project; the first member of its options struct. */
struct project_options {
	const char *config, *cc;
	bool dry_run, force, json;
	bool config_optional; /* the command can do without a pgo.yaml */
};
#define PROJECT_OPTS                                                                          \
	{ OPT_STR, 'c', "config", "FILE", "the project's pgo.yaml (default: here or above)",  \
	  offsetof(struct project_options, config) },                                         \
	{ OPT_STR, 0, "cc", "COMPILER", "use this compiler in place of toolchain.cc",         \
	  offsetof(struct project_options, cc) },                                             \
	{ OPT_FLAG, 'n', "dry-run", NULL, "print the plan with every command, do nothing",    \
	  offsetof(struct project_options, dry_run) },                                        \
	{ OPT_FLAG, 'f', "force", NULL, "redo what is already done",                          \
	  offsetof(struct project_options, force) },                                          \
	{ OPT_FLAG, 0, "json", NULL, "print the result as JSON",                              \
	  offsetof(struct project_options, json) }

/* Open the project; under --dry-run plan takes what would be done. */
int cmd_open_project(struct cmd_ctx *ctx, const struct project_options *o, struct plan *plan,
		     struct project *p);
/* -PGO_EUSAGE unless there are between least and most operands. */
int cmd_check_operands(struct cmd_ctx *ctx, const struct cmd *cmd, int nr, int least, int most);
/* Print to stdout; false, with the error set, when it cannot be written. */
bool cmd_print(struct cmd_ctx *ctx, const struct strbuf *text);
bool cmd_print_json(struct cmd_ctx *ctx, json_t *o); /* takes o */
int cmd_print_plan(struct cmd_ctx *ctx, const struct plan *plan);

#endif
