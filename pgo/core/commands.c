/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/commands.h"

#include <unistd.h>

#include "pgo/base/fs.h"

#define TIMEOUT_NS 600000000000u
#define PAIRS 30

static bool is_empty(const char *line)
{
	return !line[strspn(line, " \t\n")];
}

/* Without a shell a line is what its words are. */
static int check_words(const char *line, struct pgo_err *err)
{
	PGO_AUTO(strvec) words = STRVEC_INIT;

	if (strvec_split(&words, line))
		return 0;
	return pgo_error(err, PGO_EUSAGE, "a quote does not end: %s", line);
}

static int check(const struct command_pair *c, struct pgo_err *err)
{
	int r;

	if (!c->a || !c->b) {
		pgo_error(err, PGO_EUSAGE, "a comparison of commands needs both");
		return pgo_err_hint(err, "pgoctl validate -a './old x' -b './new x'");
	}
	if (is_empty(c->a) || is_empty(c->b))
		return pgo_error(err, PGO_EUSAGE, "a command to compare is empty");
	if (c->shell && strcmp(c->shell, "sh") != 0 && strcmp(c->shell, "none") != 0)
		return pgo_error(err, PGO_EUSAGE, "option --shell wants sh or none, not '%s'",
				 c->shell);
	if (c->shell && !strcmp(c->shell, "none")) {
		r = check_words(c->a, err);
		if (!r)
			r = check_words(c->b, err);
		if (r)
			return r;
	}
	if (c->prepare && is_empty(c->prepare))
		return pgo_error(err, PGO_EUSAGE, "option --prepare is an empty command");
	if (!c->stdin_path)
		return 0;
	if (access(c->stdin_path, R_OK))
		return pgo_error_errno(err, "cannot open '%s'", c->stdin_path);
	if (fs_is_dir(c->stdin_path))
		return pgo_error(err, PGO_EUSAGE, "option --stdin wants a file, '%s' is a folder",
				 c->stdin_path);
	return 0;
}

int commands_run(const struct command_pair *c, const char *state_dir,
		 const struct experiment_opts *opts, struct experiment *ret, struct pgo_err *err)
{
	PGO_AUTO(project) p = PROJECT_INIT;
	struct experiment_opts o = *opts;
	struct workload *w;
	int r = check(c, err);

	if (r)
		return r;
	p.config.root = fs_absolute(".");
	p.config.margin = 0.02;
	p.config.pairs = PAIRS;
	p.state = xstrdup(state_dir);
	p.config.workloads = w = xcalloc(1, sizeof(*w));
	p.config.nr_workloads = 1;
	*w = (struct workload){
		.name = xstrdup("command"),
		.weight = 1,
		.use = USE_BOTH,
		.repeat = 1,
		.stdin_path = xstrdup(c->stdin_path),
		.output = xstrdup("stdout"),
		.timeout_ns = c->timeout_ns ? c->timeout_ns : TIMEOUT_NS,
	};
	o.prepare = c->prepare;
	o.no_shell = c->shell && !strcmp(c->shell, "none");
	r = experiment_commands(&p, c->a, c->b, &o, ret, err);
	/* state_dir goes with this program: its log and its evidence are nothing to point at. */
	if (r == -PGO_ECHILD && err)
		FREE_AND_NULL(err->hint);
	free(ret->path);
	ret->path = xstrdup(o.evidence);
	return r;
}
