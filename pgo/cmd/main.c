/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "pgo/base/child.h"
#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/base/progress.h"
#include "pgo/cmd/cmd.h"
#include "profiles/llvm.h"

struct options {
	const char *dir;
	unsigned verbose;
	bool quiet, version, help;
};

static const struct opt opts[] = {
	{ OPT_STR, 'C', "directory", "DIR", "work in this folder", offsetof(struct options, dir) },
	{ OPT_COUNT, 'v', "verbose", NULL, "say more on stderr",
	  offsetof(struct options, verbose) },
	{ OPT_FLAG, 'q', "quiet", NULL, "say nothing but errors on stderr",
	  offsetof(struct options, quiet) },
	{ OPT_FLAG, 'V', "version", NULL, "print the version", offsetof(struct options, version) },
	{ OPT_FLAG, 'h', "help", NULL, "print this help", offsetof(struct options, help) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

/*
 * The folder that has pgoctl-cc: beside this program in a build tree, else where it was
 * installed.
 */
static char *find_tool_dir(void)
{
	PGO_AUTO_FREE char *exe_dir = fs_exe_dir();
	char *candidates[] = { xstrdup(getenv("PGOCTL_LIBDIR")), xstrdup(exe_dir),
			       xstrfmt("%s/../lib/pgoctl", exe_dir), xstrdup(PKGLIBDIR) };
	char *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		PGO_AUTO_FREE char *cc = candidates[i] ? fs_join(candidates[i], "pgoctl-cc") : NULL;

		if (!found && cc && !access(cc, X_OK))
			found = fs_absolute(candidates[i]);
		free(candidates[i]);
	}
	return found ? found : xstrdup(PKGLIBDIR);
}

/* A standard stream that is closed would become the first file that is opened. */
static void hold_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(PGO_EXIT_TOOL);
}

/* Line by line; first stands before the first line, as many blanks before the others. */
static void add_lines(struct strbuf *out, const char *first, const char *text)
{
	int indent = (int)strlen(first);

	for (const char *before = first; *text; before = "") {
		size_t n = strcspn(text, "\n");
		PGO_AUTO_FREE char *line = xstrndup(text, n);

		strbuf_addf(out, "%-*s", indent, before);
		strbuf_addvis(out, line);
		strbuf_addch(out, '\n');
		text += n + (text[n] == '\n');
	}
}

static int fail(const struct pgo_err *err)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	progress_wipe();
	strbuf_addstr(&out, "pgoctl: error: ");
	strbuf_addvis(&out, err->msg ? err->msg : "unknown error");
	strbuf_addch(&out, '\n');
	if (err->detail)
		add_lines(&out, "  ", err->detail);
	if (err->hint)
		add_lines(&out, "hint: ", err->hint);
	fs_write_all(STDERR_FILENO, out.buf, out.len);
	return pgo_ecode_exit(err->code);
}

static void add_overview(struct strbuf *out)
{
	strbuf_addstr(out,
		      "usage: pgoctl [options] COMMAND [arguments]\n\n"
		      "Profile-guided optimization from a source tree to a validated faster "
		      "binary.\n\ncommands:\n");
	for (size_t i = 0; commands[i]; i++)
		strbuf_addf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	strbuf_addstr(out, "\noptions:\n");
	opt_add_help(out, opts);
	strbuf_addstr(out, "\npgoctl COMMAND -h tells the options of a command.\n");
}

static int print_command_help(struct cmd_ctx *ctx, const struct cmd *cmd)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	strbuf_addf(&out, "usage: pgoctl %s %s\n\n%s\n\noptions:\n", cmd->name, cmd->usage,
		    cmd->summary);
	opt_add_help(&out, cmd->opts);
	return cmd_print(ctx, &out) ? PGO_EXIT_OK : -(int)ctx->err->code;
}

/* "-h", also behind flags: "-nh". What follows a letter that takes a value is that value. */
static bool letters_ask_help(const struct opt *known, const char *arg)
{
	if (arg[0] != '-' || arg[1] == '-')
		return false;
	for (const char *p = arg + 1; *p; p++) {
		const struct opt *o = known;

		if (*p == 'h')
			return true;
		while (o->type && o->letter != *p)
			o++;
		if (!o->type || opt_takes_value(o))
			return false;
	}
	return false;
}

static bool asks_help(const struct opt *known, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--help") || letters_ask_help(known, argv[i]))
			return true;
	return false;
}

static int unknown_command(struct cmd_ctx *ctx, const char *name)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;
	const char *near;

	for (size_t i = 0; commands[i]; i++)
		strvec_push(&names, commands[i]->name);
	near = opt_nearest(name, (const char *const *)names.v);
	pgo_error(ctx->err, PGO_EUSAGE, "unknown command '%s'", name);
	return near ? pgo_err_hint(ctx->err, "did you mean pgoctl %s?", near)
		    : pgo_err_hint(ctx->err, "pgoctl -h lists the commands");
}

static int dispatch(struct cmd_ctx *ctx, int argc, char **argv)
{
	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, argv[0]) != 0)
			continue;
		if (asks_help(commands[i]->opts, argc, argv))
			return print_command_help(ctx, commands[i]);
		return commands[i]->run(ctx, argc, argv);
	}
	return unknown_command(ctx, argv[0]);
}

static int start(struct cmd_ctx *ctx, int argc, char **argv)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;
	struct options o = { 0 };
	int nr = opt_parse(opts, &o, argc, argv, true, ctx->err);

	if (nr < 0)
		return nr;
	if (o.version)
		strbuf_addstr(&out, "pgoctl " PGOCTL_VERSION "\n");
	else if (o.help)
		add_overview(&out);
	if (out.len)
		return cmd_print(ctx, &out) ? PGO_EXIT_OK : -(int)ctx->err->code;
	if (!nr) {
		add_overview(&out);
		fs_write_all(STDERR_FILENO, out.buf, out.len);
		return PGO_EXIT_USAGE;
	}
	log_set_level(o.quiet ? LOG_QUIET : o.verbose ? LOG_DEBUG : LOG_INFO);
	if (o.dir && chdir(o.dir))
		return pgo_error_errno(ctx->err, "cannot go to the folder '%s'", o.dir);
	return dispatch(ctx, nr, argv + 1);
}

int main(int argc, char **argv)
{
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	PGO_AUTO_FREE char *tool_dir = find_tool_dir();
	struct cmd_ctx ctx = { .tool_dir = tool_dir, .err = &err };
	int ret;

	hold_streams();
	setlocale(LC_CTYPE, "C.UTF-8");
	if (sodium_init() < 0) {
		pgo_error(&err, PGO_ETOOL, "libsodium cannot be initialised");
		return fail(&err);
	}
	llvm_set_module_dir(tool_dir);
	child_signals_init();
	ret = start(&ctx, argc, argv);
	progress_stop();
	if (ret >= 0)
		return ret;
	ret = fail(&err);
	return child_cancelled() ? 128 + child_cancelled() : ret;
}
