/* SPDX-License-Identifier: Apache-2.0 */
/* Shows what pgo/core/config.h makes of a file or a tree: for tests/t/3010-config.t. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pgo/core/config.h"

static int fail(struct pgo_err *err)
{
	int status = pgo_ecode_exit(err->code);

	fprintf(stderr, "error: %s\n", err->msg);
	if (err->hint)
		fprintf(stderr, "hint: %s\n", err->hint);
	if (err->detail)
		fprintf(stderr, "%s\n", err->detail);
	pgo_err_release(err);
	return status;
}

static void show_list(const char *name, const struct strvec *list)
{
	for (size_t i = 0; i < list->nr; i++)
		printf("%s[%zu]=%s\n", name, i, list->v[i]);
}

static void show_workload(const struct workload *w)
{
	printf("workload=%s run=%s weight=%g use=%d stdin=%s timeout=%" PRIu64
	       " repeat=%u exit=%d output=%s\n",
	       w->name, w->run, w->weight, (int)w->use, w->stdin_path ? w->stdin_path : "-",
	       w->timeout_ns, w->repeat, w->expect_status, w->output);
}

static void show(const struct config *cfg)
{
	printf("cc=%s\ncxx=%s\nrustc=%s\n", cfg->cc, cfg->cxx ? cfg->cxx : "-",
	       cfg->rustc ? cfg->rustc : "-");
	printf("technique=%d partial=%d update=%d\n", (int)cfg->technique, cfg->partial_training,
	       (int)cfg->update);
	printf("source=%s\nout_of_tree=%d\ncommand=%s\nclean=%s\n", cfg->source, cfg->out_of_tree,
	       cfg->command, cfg->clean ? cfg->clean : "-");
	show_list("env", &cfg->env);
	show_list("artifacts", &cfg->artifacts);
	show_list("exclude", &cfg->exclude);
	for (size_t i = 0; i < cfg->nr_workloads; i++)
		show_workload(&cfg->workloads[i]);
	printf("margin=%g budget=%" PRIu64 " pairs=%u\n", cfg->margin, cfg->budget_ns, cfg->pairs);
}

/* load FILE: everything; get FILE command|clean|artifact: one value for a shell. */
static int load(const char *path, const char *what)
{
	struct pgo_err err = PGO_ERR_INIT;
	PGO_AUTO(config) cfg = CONFIG_INIT;

	if (config_load(&cfg, path, &err))
		return fail(&err);
	if (!what)
		show(&cfg);
	else if (!strcmp(what, "command"))
		puts(cfg.command);
	else if (!strcmp(what, "clean"))
		puts(cfg.clean ? cfg.clean : "true");
	else if (!strcmp(what, "artifact"))
		puts(cfg.artifacts.v[0]);
	return 0;
}

static int sniff(const char *dir)
{
	struct pgo_err err = PGO_ERR_INIT;
	PGO_AUTO(strbuf) yaml = STRBUF_INIT;
	enum project_kind kind;

	if (config_sniff(dir, &kind, &yaml, &err))
		return fail(&err);
	fprintf(stderr, "%s\n", project_kind_name(kind));
	fputs(yaml.buf, stdout);
	return 0;
}

static int keys(void)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;

	config_keys(&names);
	for (size_t i = 0; i < names.nr; i++)
		puts(names.v[i]);
	return 0;
}

static int find(const char *dir)
{
	PGO_AUTO_FREE char *path = config_find(dir);

	puts(path ? path : "none");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "keys"))
		return keys();
	if (argc == 3 && !strcmp(argv[1], "load"))
		return load(argv[2], NULL);
	if (argc == 4 && !strcmp(argv[1], "get"))
		return load(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "sniff"))
		return sniff(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "find"))
		return find(argv[2]);
	fprintf(stderr,
		"usage: config-tool keys | load FILE | get FILE KEY | sniff DIR | find DIR\n");
	return 2;
}
