/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of a stage's wrapper, and the environment that leads a build to it. */
#include <inttypes.h>
#include <string.h>

#include "drivers/drivers.h"
#include "drivers/wrapper/names.h"
#include "pgo/base/fs.h"
#include "pgo/base/num.h"

#define MAGIC "pgoctl-cc=1"

/* The fields that are one string, by the name that they have in the file. */
static const struct {
	const char *name;
	size_t offset;
} strings[] = {
	{ "stage", offsetof(struct wrapper_conf, stage) },
	{ "cc", offsetof(struct wrapper_conf, cc) },
	{ "cxx", offsetof(struct wrapper_conf, cxx) },
	{ "rustc", offsetof(struct wrapper_conf, rustc) },
	{ "family", offsetof(struct wrapper_conf, family) },
	{ "version", offsetof(struct wrapper_conf, version) },
	{ "target", offsetof(struct wrapper_conf, target) },
	{ "shim_dir", offsetof(struct wrapper_conf, shim_dir) },
	{ "log", offsetof(struct wrapper_conf, log) },
	{ "maps", offsetof(struct wrapper_conf, maps) },
	{ "pad", offsetof(struct wrapper_conf, pad) },
};

static const struct {
	const char *name;
	size_t offset;
} lists[] = {
	{ "cflag", offsetof(struct wrapper_conf, cflags) },
	{ "ldflag", offsetof(struct wrapper_conf, ldflags) },
	{ "rustflag", offsetof(struct wrapper_conf, rustflags) },
};

static char **string_at(const struct wrapper_conf *c, size_t i)
{
	return (char **)((char *)c + strings[i].offset);
}

static struct strvec *list_at(const struct wrapper_conf *c, size_t i)
{
	return (struct strvec *)((char *)c + lists[i].offset);
}

void wrapper_conf_release(struct wrapper_conf *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free(*string_at(c, i));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strvec_release(list_at(c, i));
	*c = (struct wrapper_conf)WRAPPER_CONF_INIT;
}

static void add_record(struct strbuf *out, const char *name, const char *value)
{
	strbuf_addf(out, "%s=%s", name, value);
	strbuf_addch(out, '\0');
}

int wrapper_conf_write(const struct wrapper_conf *c, const char *path, struct pgo_err *err)
{
	PGO_AUTO(strbuf) out = STRBUF_INIT;

	strbuf_add(&out, MAGIC, sizeof(MAGIC));
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		if (*string_at(c, i))
			add_record(&out, strings[i].name, *string_at(c, i));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t k = 0; k < list_at(c, i)->nr; k++)
			add_record(&out, lists[i].name, list_at(c, i)->v[k]);
	strbuf_addf(&out, "layout=%u%cstarted_ns=%" PRId64 "%c", c->layout, 0, c->started_ns, 0);
	return fs_write_atomic(path, out.buf, out.len, 0644, err);
}

static bool set_field(struct wrapper_conf *c, const char *name, size_t len, const char *value)
{
	uint64_t started;

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		if (strlen(strings[i].name) == len && !memcmp(strings[i].name, name, len)) {
			free(*string_at(c, i));
			*string_at(c, i) = xstrdup(value);
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (strlen(lists[i].name) == len && !memcmp(lists[i].name, name, len)) {
			strvec_push(list_at(c, i), value);
			return true;
		}
	}
	if (len == strlen("layout") && !memcmp(name, "layout", len))
		return num_parse_uint(value, &c->layout);
	if (len != strlen("started_ns") || memcmp(name, "started_ns", len) != 0 ||
	    !num_parse_u64(value, &started) || started > INT64_MAX)
		return false;
	c->started_ns = (int64_t)started;
	return true;
}

int wrapper_conf_read(struct wrapper_conf *c, const char *path, struct pgo_err *err)
{
	PGO_AUTO(wrapper_conf) got = WRAPPER_CONF_INIT;
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	size_t at = sizeof(MAGIC);
	int ret = fs_read_file(path, &text, err);

	if (ret)
		return ret;
	if (text.len < at || memcmp(text.buf, MAGIC, at) != 0)
		return pgo_error_at(err, PGO_EFORMAT, path, 0,
				    "'%s' is no configuration of pgoctl-cc", path);
	while (at < text.len) {
		const char *record = text.buf + at, *eq = strchr(record, '=');

		if (!eq || !set_field(&got, record, (size_t)(eq - record), eq + 1))
			return pgo_error_at(err, PGO_EFORMAT, path, (int64_t)at,
					    "'%s' has a record that is not known", path);
		at += strlen(record) + 1;
	}
	if (!got.stage || !got.family || !got.shim_dir || !got.log || (got.layout && !got.pad))
		return pgo_error_at(err, PGO_EFORMAT, path, -1, "'%s' is incomplete", path);
	wrapper_conf_release(c);
	*c = got;
	got = (struct wrapper_conf)WRAPPER_CONF_INIT;
	return 0;
}

/* A path that a runtime would take for a pattern is no place for junk: then nothing is kept. */
static void set_junk(struct strvec *env, const char *junk_dir)
{
	for (const struct compiler *const *c = compilers; *c; c++) {
		if (!(*c)->run_env(junk_dir, false, env, NULL))
			continue;
		strvec_setenv(env, "LLVM_PROFILE_FILE", "/dev/null");
		strvec_setenv(env, "GCOV_PREFIX", "/dev/null");
	}
}

static void set_ccache(struct strvec *env, const struct wrapper_conf *conf, const char *stage_key)
{
	PGO_AUTO_FREE char *check = xstrfmt("string:%s", stage_key);

	strvec_setenv(env, "CCACHE_COMPILERCHECK", check);
	/*
	 * In front of the wrapper ccache sees no profile flag, and so not that gcc puts the
	 * object's path into it, or looks for its profile by it: it gives one object to all
	 * paths with the same source. And what it answers is not logged: a second run of a
	 * stage would seem to compile nothing and to have no warnings.
	 */
	if (strcmp(conf->stage, stage_kind_name(STAGE_BASELINE)) != 0)
		strvec_setenv(env, "CCACHE_DISABLE", "1");
}

/* Makefiles and configure put $CC into shell lines as it is: a path that would fall apart there
 * gives way to the bare name, which PATH leads to the same place. */
static void set_shim(struct strvec *env, const struct wrapper_conf *conf, const char *variable,
		     const char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789/._+-@,:";
	PGO_AUTO_FREE char *path = fs_join(conf->shim_dir, name);

	strvec_setenv(env, variable, path[strspn(path, plain)] ? name : path);
}

void wrapper_build_env(struct strvec *env, const struct wrapper_conf *conf, const char *conf_path,
		       const char *stage_key, const char *junk_dir)
{
	const char *path = strvec_getenv(env, "PATH");
	PGO_AUTO_FREE char *search = NULL, *rustc = fs_join(conf->shim_dir, RUSTC_LINK);
	bool clang = !strcmp(conf->family, "clang");

	if (!path || !*path)
		path = "/usr/local/bin:/usr/bin:/bin";
	search = xstrfmt("%s:%s", conf->shim_dir, path);
	strvec_setenv(env, "PATH", search);
	strvec_setenv(env, WRAPPER_ENV, conf_path);
	if (conf->cc)
		set_shim(env, conf, "CC", clang ? "clang" : "gcc");
	if (conf->cxx)
		set_shim(env, conf, "CXX", clang ? "clang++" : "g++");
	if (conf->rustc) /* no shell line, but a cargo that puts its own folder first on PATH */
		strvec_setenv(env, "RUSTC", rustc);
	set_ccache(env, conf, stage_key);
	set_junk(env, junk_dir);
}
