/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/log.h"
#include "pgo/cmd/cmd.h"

struct options {
	bool force, print;
};

static const struct opt opts[] = {
	{ OPT_FLAG, 'f', "force", NULL, "replace a pgo.yaml that is there",
	  offsetof(struct options, force) },
	{ OPT_FLAG, 0, "print", NULL, "print it instead of writing the file",
	  offsetof(struct options, print) },
	{ OPT_END, 0, NULL, NULL, NULL, 0 },
};

static int run(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct options o = { 0 };
	PGO_AUTO(strbuf) yaml = STRBUF_INIT;
	enum project_kind kind;
	const char *dir;
	PGO_AUTO_FREE char *path = NULL;
	int ret, nr = opt_parse(opts, &o, argc, argv, false, ctx->err);

	if (nr < 0)
		return nr;
	ret = cmd_check_operands(ctx, &cmd_init, nr, 0, 1);
	if (ret)
		return ret;
	dir = nr ? argv[1] : ".";
	path = fs_join(dir, "pgo.yaml");
	if (fs_exists(path) && !o.force && !o.print) {
		pgo_error(ctx->err, PGO_EUSAGE, "'%s' is there already", path);
		return pgo_err_hint(ctx->err, "pgoctl init --force replaces it");
	}
	ret = config_sniff(dir, &kind, &yaml, ctx->err);
	if (ret)
		return ret;
	if (o.print)
		return cmd_print(ctx, &yaml) ? PGO_EXIT_OK : -(int)ctx->err->code;
	ret = fs_write_atomic(path, yaml.buf, yaml.len, 0666, ctx->err);
	if (!ret && kind == PROJECT_UNKNOWN)
		log_info(
			"wrote '%s'; no build system was recognised: fill in build.command and "
			"build.artifacts, then pgoctl run",
			path);
	else if (!ret)
		log_info("wrote '%s' for %s: look through it, then pgoctl run", path,
			 project_kind_name(kind));
	return ret;
}

const struct cmd cmd_init = {
	.name = "init",
	.summary = "write a commented pgo.yaml for a source tree by looking at it",
	.usage = "[options] [DIR]",
	.opts = opts,
	.run = run,
};
