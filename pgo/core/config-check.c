/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of pgo.yaml against the schema that libcyaml loads it by, with places. */
#include "pgo/core/config-check.h"

#include "pgo/base/opt.h"
#include "pgo/base/strbuf.h"

static int hint_example(const struct where_ctx *ctx, const char *key)
{
	const struct config_key *k = config_key_find(key);

	if (!k || !k->example)
		return -PGO_ECONFIG;
	return where_hint(ctx, "for example: %s: %s", config_key_leaf(key), k->example);
}

int config_bad_value(const struct where_ctx *ctx, const struct where *value, const char *key,
		     const char *must)
{
	where_error(ctx, value->at, "bad value '%s' of '%s': must be %s",
		    where_show(ctx, value->text), config_key_leaf(key), must);
	return hint_example(ctx, key);
}

static const char *kind_name(enum where_kind kind)
{
	switch (kind) {
	case WHERE_LIST:
		return "a list";
	case WHERE_MAP:
		return "a mapping";
	default:
		return "a single value";
	}
}

static enum where_kind kind_wanted(const cyaml_schema_value_t *schema)
{
	switch (schema->type) {
	case CYAML_SEQUENCE:
		return WHERE_LIST;
	case CYAML_MAPPING:
		return WHERE_MAP;
	default:
		return WHERE_SCALAR;
	}
}

static bool is_null(const struct where *n)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; n->kind == WHERE_SCALAR && n->plain && i < ARRAY_SIZE(nulls); i++)
		if (!strcmp(n->text, nulls[i]))
			return true;
	return false;
}

static int wrong_root(const struct where_ctx *ctx, const struct where *root)
{
	where_error(ctx, root->at, "the file must be a mapping of keys, not %s",
		    kind_name(root->kind));
	return where_hint(ctx, "pgoctl init writes one to start from");
}

static int wrong_kind(const struct where_ctx *ctx, const struct where *n, const char *key,
		      enum where_kind wanted)
{
	const char *whose = n->key ? "" : "an entry of ", *leaf = config_key_leaf(key);
	const struct config_key *k = config_key_find(key);

	if (is_null(n))
		where_error(ctx, n->key ? n->key_at : n->at, "%s'%s' has no value", whose, leaf);
	else
		where_error(ctx, n->at, "%s'%s' must be %s, not %s", whose, leaf, kind_name(wanted),
			    kind_name(n->kind));
	if (k && k->example)
		return hint_example(ctx, key);
	return where_hint(ctx, wanted == WHERE_LIST ? "each of its entries starts with '- '"
						    : "its keys stand below it, indented");
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *f, const char *key)
{
	for (; f->key; f++)
		if (!strcmp(f->key, key))
			return f;
	return NULL;
}

/* The mapping in which key is known, when it is not here: a wrong indentation. */
static const struct config_key *find_elsewhere(const char *key)
{
	for (const struct config_key *k = config_key_table; k->name; k++)
		if (!strcmp(config_key_leaf(k->name), key))
			return k;
	return NULL;
}

static int unknown_key(const struct where_ctx *ctx, const struct where *n,
		       const cyaml_schema_field_t *fields)
{
	const struct config_key *elsewhere = find_elsewhere(n->key);
	PGO_AUTO(strvec) names = STRVEC_INIT;
	PGO_AUTO(strbuf) hint = STRBUF_INIT;
	const char *near = NULL;

	for (const cyaml_schema_field_t *f = fields; f->key; f++)
		strvec_push(&names, f->key);
	if (strnlen(n->key, 64) < 64)
		near = opt_nearest(n->key, (const char *const *)names.v);
	where_error(ctx, n->key_at, "unknown key '%s'", where_show(ctx, n->key));
	if (elsewhere && elsewhere->name == config_key_leaf(elsewhere->name))
		strbuf_addf(&hint, "'%s' belongs at the start of a line; ", n->key);
	else if (elsewhere)
		strbuf_addf(&hint, "'%s' belongs in '%.*s'; ", n->key,
			    (int)(strchr(elsewhere->name, '.') - elsewhere->name), elsewhere->name);
	else if (near)
		strbuf_addf(&hint, "did you mean '%s'? ", near);
	strbuf_addstr(&hint, "known keys here: ");
	for (size_t i = 0; i < names.nr; i++)
		strbuf_addf(&hint, "%s%s", i ? ", " : "", names.v[i]);
	return where_hint(ctx, "%s", hint.buf);
}

static int check_value(const struct where_ctx *ctx, const struct where *n, const char *key,
		       const cyaml_schema_value_t *schema);

/* Known, and for the first time: cost is linear, as unknown keys end it and known ones are few. */
static int check_keys(const struct where_ctx *ctx, const struct where *map, const char *prefix,
		      const cyaml_schema_field_t *fields)
{
	for (const struct where *n = map->first; n; n = n->next) {
		const cyaml_schema_field_t *f = find_field(fields, n->key);
		const struct where *first = where_get(map, n->key);
		PGO_AUTO_FREE char *key = NULL;
		int ret;

		if (!f)
			return unknown_key(ctx, n, fields);
		if (first != n) {
			where_error(ctx, n->key_at, "duplicate key '%s'", n->key);
			return where_hint(ctx, "the first one is in line %zu", first->key_at.line);
		}
		key = xstrfmt("%s%s%s", prefix, *prefix ? "." : "", n->key);
		ret = check_value(ctx, n, key, &f->value);
		if (ret)
			return ret;
	}
	return 0;
}

/* A missing key is shown with its value, or with the keys that it needs below it. */
static int missing_key(const struct where_ctx *ctx, struct place at, const char *in,
		       const char *key, const cyaml_schema_value_t *schema)
{
	const char *indent = schema->type == CYAML_SEQUENCE ? "- " : "  ";
	PGO_AUTO(strbuf) hint = STRBUF_INIT;

	where_error(ctx, at, "missing key '%s'%s%s%s", config_key_leaf(key), *in ? " in '" : "", in,
		    *in ? "'" : "");
	if (config_key_find(key)->example)
		return hint_example(ctx, key);
	if (schema->type == CYAML_SEQUENCE)
		schema = schema->sequence.entry;
	strbuf_addf(&hint, "for example:\n%s:", key);
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key; f++) {
		PGO_AUTO_FREE char *below = xstrfmt("%s.%s", key, f->key);

		if (f->value.flags & CYAML_FLAG_OPTIONAL)
			continue;
		strbuf_addf(&hint, "\n%s%s: %s", indent, f->key, config_key_find(below)->example);
		indent = "  ";
	}
	return where_hint(ctx, "%s", hint.buf);
}

static int check_map(const struct where_ctx *ctx, const struct where *map, const char *prefix,
		     const cyaml_schema_field_t *fields)
{
	int ret = check_keys(ctx, map, prefix, fields);

	for (const cyaml_schema_field_t *f = fields; !ret && f->key; f++) {
		PGO_AUTO_FREE char *key = xstrfmt("%s%s%s", prefix, *prefix ? "." : "", f->key);

		if (!(f->value.flags & CYAML_FLAG_OPTIONAL) && !where_get(map, f->key))
			ret = missing_key(ctx, map->at, prefix, key, &f->value);
	}
	return ret;
}

/* Far above what anyone writes, and few enough that entries may be compared with each other. */
#define MAX_ENTRIES 1000

static int check_list(const struct where_ctx *ctx, const struct where *list, const char *key,
		      const cyaml_schema_value_t *schema)
{
	size_t nr = 0;

	if (schema->sequence.min && !list->first) {
		where_error(ctx, list->at, "'%s' is empty", config_key_leaf(key));
		return hint_example(ctx, key);
	}
	for (const struct where *n = list->first; n; n = n->next) {
		int ret = check_value(ctx, n, key, schema->sequence.entry);

		if (ret)
			return ret;
		if (++nr > MAX_ENTRIES)
			return where_error(ctx, n->at, "more than %d entries in '%s'", MAX_ENTRIES,
					   config_key_leaf(key));
	}
	return 0;
}

static int check_word(const struct where_ctx *ctx, const struct where *n, const char *key,
		      const cyaml_strval_t *words, size_t nr)
{
	PGO_AUTO(strvec) names = STRVEC_INIT;
	PGO_AUTO(strbuf) must = STRBUF_INIT;
	const char *near = NULL;

	for (size_t i = 0; i < nr; i++) {
		if (!strcmp(n->text, words[i].str))
			return 0;
		strvec_push(&names, words[i].str);
		if (i)
			strbuf_addstr(&must, i + 1 == nr ? " or " : ", ");
		strbuf_addf(&must, "'%s'", words[i].str);
	}
	if (strnlen(n->text, 64) < 64)
		near = opt_nearest(n->text, (const char *const *)names.v);
	config_bad_value(ctx, n, key, must.buf);
	return near ? where_hint(ctx, "did you mean '%s'?", near) : -PGO_ECONFIG;
}

static int check_bool(const struct where_ctx *ctx, const struct where *n, const char *key)
{
	static const cyaml_strval_t words[] = { { "true", 1 }, { "false", 0 } };

	return check_word(ctx, n, key, words, ARRAY_SIZE(words));
}

static int check_text(const struct where_ctx *ctx, const struct where *n, const char *key)
{
	if (n->text[strspn(n->text, " \t\n")])
		return 0;
	where_error(ctx, n->at, "'%s' is empty", config_key_leaf(key));
	return hint_example(ctx, key);
}

static int check_value(const struct where_ctx *ctx, const struct where *n, const char *key,
		       const cyaml_schema_value_t *schema)
{
	if (!*key && n->kind != WHERE_MAP)
		return wrong_root(ctx, n);
	if (n->kind != kind_wanted(schema) || is_null(n))
		return wrong_kind(ctx, n, key, kind_wanted(schema));
	switch (schema->type) {
	case CYAML_MAPPING:
		return check_map(ctx, n, key, schema->mapping.fields);
	case CYAML_SEQUENCE:
		return check_list(ctx, n, key, schema);
	case CYAML_ENUM:
		return check_word(ctx, n, key, schema->enumeration.strings,
				  schema->enumeration.count);
	case CYAML_BOOL:
		return check_bool(ctx, n, key);
	default:
		return check_text(ctx, n, key);
	}
}

/* Asked first: of another version the keys are not ours to judge. */
static int check_version(const struct where_ctx *ctx, const struct where *root)
{
	const struct where *n = root->kind == WHERE_MAP ? where_get(root, "version") : NULL;

	if (!n || n->kind != WHERE_SCALAR || is_null(n) || !strcmp(n->text, "1"))
		return 0;
	where_error(ctx, n->at, "version '%s' is not known", where_show(ctx, n->text));
	return where_hint(ctx, "this pgoctl reads version 1");
}

int config_check(const struct where_ctx *ctx, const struct where *root)
{
	int ret = check_version(ctx, root);

	return ret ? ret : check_value(ctx, root, "", &config_schema);
}
