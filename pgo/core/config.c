/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgo.yaml is read in four passes: is it text; is it plain yaml, and where does
 * everything stand; does it hold to the schema; libcyaml loads it by that
 * schema, and the content of each value is checked. libcyaml's own messages
 * have no exact places, so it comes last and is to find no fault.
 */
#include "pgo/core/config.h"

#include <errno.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/core/config-check.h"

#define MAX_BYTES (1024 * 1024)

static void release_workloads(struct config *cfg)
{
	for (size_t i = 0; i < cfg->nr_workloads; i++) {
		free(cfg->workloads[i].name);
		free(cfg->workloads[i].run);
		free(cfg->workloads[i].ready);
		free(cfg->workloads[i].drive);
		free(cfg->workloads[i].stdin_path);
		free(cfg->workloads[i].output);
	}
	free(cfg->workloads);
}

void config_release(struct config *cfg)
{
	release_workloads(cfg);
	free(cfg->path);
	free(cfg->root);
	free(cfg->cc);
	free(cfg->cxx);
	free(cfg->rustc);
	free(cfg->source);
	free(cfg->command);
	free(cfg->clean);
	strvec_release(&cfg->env);
	strvec_release(&cfg->artifacts);
	strvec_release(&cfg->exclude);
	*cfg = (struct config)CONFIG_INIT;
}

static int read_text(const char *path, struct strbuf *text, struct pgo_err *err)
{
	static const char bom[] = "\xef\xbb\xbf";
	struct stat st;
	int ret;

	if (stat(path, &st)) {
		bool missing = errno == ENOENT;

		ret = pgo_error_errno(err, "cannot open '%s'", path);
		if (missing)
			pgo_err_hint(err, "pgoctl init writes one to start from");
		return ret;
	}
	if (!S_ISREG(st.st_mode))
		return pgo_error(err, PGO_ECONFIG, "'%s' is not a regular file", path);
	if (st.st_size > MAX_BYTES)
		return pgo_error(err, PGO_ECONFIG, "'%s' is larger than 1 MiB", path);
	ret = fs_read_file(path, text, err);
	if (ret)
		return ret;
	if (text->len >= 3 && !memcmp(text->buf, bom, 3)) {
		memmove(text->buf, text->buf + 3, text->len - 3);
		strbuf_setlen(text, text->len - 3);
	}
	return 0;
}

/* What libcyaml takes is freed with free(), and cannot fail. */
static void *cyaml_alloc(void *arg, void *ptr, size_t size)
{
	(void)arg;
	if (size)
		return xrealloc_array(ptr, 1, size);
	free(ptr);
	return NULL;
}

static void __attribute__((format(printf, 3, 0)))
cyaml_note(cyaml_log_t level, void *arg, const char *fmt, va_list ap)
{
	(void)level;
	strbuf_vaddf(arg, fmt, ap);
}

static int load_raw(const struct where_ctx *ctx, const struct strbuf *text,
		    const cyaml_config_t *how, struct strbuf *notes, struct raw_config **ret)
{
	cyaml_err_t status = cyaml_load_data((const uint8_t *)text->buf, text->len, how,
					     &config_schema, (cyaml_data_t **)ret, NULL);

	if (status == CYAML_OK)
		return 0;
	strbuf_rtrim(notes);
	pgo_error(ctx->err, PGO_ECONFIG, "'%s' cannot be loaded: %s", ctx->path,
		  cyaml_strerror(status));
	if (notes->len)
		pgo_err_detail(ctx->err, notes->buf);
	return -PGO_ECONFIG;
}

static int load_text(struct config *cfg, const struct where_ctx *ctx, const struct strbuf *text)
{
	PGO_AUTO(strbuf) notes = STRBUF_INIT;
	cyaml_config_t how = { .log_fn = cyaml_note,
			       .log_ctx = &notes,
			       .mem_fn = cyaml_alloc,
			       .log_level = CYAML_LOG_ERROR,
			       .flags = CYAML_CFG_NO_ALIAS };
	struct raw_config *raw = NULL;
	struct where *root;
	int ret = where_parse(ctx, text->buf, text->len, &root);

	if (!ret)
		ret = config_check(ctx, root);
	if (!ret)
		ret = load_raw(ctx, text, &how, &notes, &raw);
	if (!ret)
		ret = config_take(cfg, raw, ctx, root);
	cyaml_free(&how, &config_schema, raw, 0);
	return ret;
}

int config_load(struct config *cfg, const char *path, struct pgo_err *err)
{
	PGO_AUTO(config)
	fresh = { .env = STRVEC_INIT,
		  .artifacts = STRVEC_INIT,
		  .exclude = STRVEC_INIT,
		  .margin = 0.02,
		  .pairs = 20 };
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	PGO_AUTO(arena) arena = ARENA_INIT;
	struct where_ctx ctx = { .path = path, .arena = &arena, .err = err };
	int ret = read_text(path, &text, err);

	if (ret)
		return ret;
	fresh.path = fs_absolute(path);
	fresh.root = fs_dirname(fresh.path);
	fresh.source = xstrdup(".");
	ret = load_text(&fresh, &ctx, &text);
	if (ret)
		return ret;
	config_release(cfg);
	*cfg = fresh;
	fresh = (struct config)CONFIG_INIT;
	return 0;
}

struct workload *config_set_workload(struct config *cfg, const char *name, const char *run)
{
	struct workload *w = xcalloc(1, sizeof(*w));

	release_workloads(cfg);
	w->name = xstrdup(name);
	w->run = xstrdup(run);
	w->weight = 1;
	w->use = USE_TRAIN;
	w->repeat = 1;
	cfg->workloads = w;
	cfg->nr_workloads = 1;
	return w;
}

/* Whether a file found above the start may be trusted: not if somebody else could have put it. */
static bool is_planted(const char *dir, const struct stat *file)
{
	struct stat st;

	if (file->st_uid == geteuid() || file->st_uid == 0)
		return false;
	return stat(dir, &st) || st.st_mode & S_IWOTH;
}

char *config_find(const char *dir)
{
	PGO_AUTO_FREE char *at = realpath(dir, NULL);
	PGO_AUTO(strbuf) up = STRBUF_INIT;

	while (at) {
		PGO_AUTO_FREE char *path = fs_join(at, CONFIG_NAME);
		char *above = strcmp(at, "/") ? fs_dirname(at) : NULL;
		struct stat st;

		if (!stat(path, &st) && !S_ISDIR(st.st_mode) && !(up.len && is_planted(at, &st))) {
			free(above);
			return strcmp(dir, ".") ? TAKE_PTR(path)
						: xstrfmt("%s" CONFIG_NAME, up.buf);
		}
		strbuf_addstr(&up, "../");
		free(at);
		at = above;
	}
	return NULL;
}
