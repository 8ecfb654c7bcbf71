/* SPDX-License-Identifier: Apache-2.0 */
/* From libyaml's events to a tree that knows line and column of everything. */
#include "pgo/core/config-where.h"

#include <stdio.h>
#include <yaml.h>

#include "pgo/base/strbuf.h"

int where_error(const struct where_ctx *ctx, struct place at, const char *fmt, ...)
{
	PGO_AUTO(strbuf) what = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&what, fmt, ap);
	va_end(ap);
	return pgo_error(ctx->err, PGO_ECONFIG, "%s:%zu:%zu: %s", ctx->path, at.line, at.column,
			 what.buf);
}

int where_hint(const struct where_ctx *ctx, const char *fmt, ...)
{
	PGO_AUTO(strbuf) hint = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&hint, fmt, ap);
	va_end(ap);
	pgo_err_hint(ctx->err, "%s", hint.buf);
	return -PGO_ECONFIG;
}

/* A message stays one line of a terminal's width, whatever the file holds. */
#define SHOWN_BYTES 60

const char *where_show(const struct where_ctx *ctx, const char *text)
{
	size_t len = strnlen(text, SHOWN_BYTES + 1);
	PGO_AUTO(strbuf) sb = STRBUF_INIT;

	if (len <= SHOWN_BYTES) {
		strbuf_addvis(&sb, text);
		return arena_strdup(ctx->arena, sb.buf);
	}
	len = SHOWN_BYTES;
	while (((unsigned char)text[len] & 0xc0) == 0x80)
		len--; /* not inside a character */
	strbuf_addvis(&sb, arena_strndup(ctx->arena, text, len));
	strbuf_addstr(&sb, "...");
	return arena_strdup(ctx->arena, sb.buf);
}

const struct where *where_get(const struct where *map, const char *key)
{
	if (!map)
		return NULL;
	for (const struct where *n = map->first; n; n = n->next)
		if (n->key && !strcmp(n->key, key))
			return n;
	return NULL;
}

const struct where *where_nth(const struct where *list, size_t n)
{
	const struct where *at = list ? list->first : NULL;

	while (at && n--)
		at = at->next;
	return at;
}

static struct place place_of(yaml_mark_t mark)
{
	return (struct place){ mark.line + 1, mark.column + 1 };
}

/* What people meet most, in words that say what to do. */
static const struct {
	const char *problem, *hint;
} syntax_hints[] = {
	{ "mapping values are not allowed in this context",
	  "put a value that holds ': ' in quotes, or mend the indentation of this line" },
	{ "did not find expected key",
	  "mend the indentation or the quotes of this line, or of the one above" },
	{ "could not find expected ':'",
	  "a key is followed by ': ', every entry of a list starts with '- '" },
	{ "did not find expected '-' indicator",
	  "every entry of a list starts with '- ' at the same column" },
	{ "found unexpected end of stream", "a quote is opened and never closed" },
	{ "did not find expected ',' or ']'", "close the list with ']'" },
	{ "did not find expected ',' or '}'", "close the mapping with '}'" },
	{ "did not find expected alphabetic or numeric character",
	  "put a value that starts with '*' or '&' in quotes" },
	{ "found unknown escape character",
	  "in double quotes a backslash is written \\\\; single quotes take it as it is" },
};

/* The character at a place of the text when it is ASCII, else 0. */
static char char_at(const char *text, size_t len, struct place at)
{
	struct place here = { 1, 0 };

	for (const char *end = text + len; text < end; text++) {
		here.column += ((unsigned char)*text & 0xc0) != 0x80;
		if (here.line == at.line && here.column == at.column)
			return (unsigned char)*text < 0x80 ? *text : 0;
		if (*text == '\n')
			here = (struct place){ here.line + 1, 0 };
	}
	return 0;
}

static int unparsable(const struct where_ctx *ctx, const yaml_parser_t *parser)
{
	struct place at = place_of(parser->problem_mark), from = place_of(parser->context_mark);

	if (!parser->context)
		return where_error(ctx, at, "not valid yaml: %s", parser->problem);
	if (from.line == at.line && from.column == at.column)
		return where_error(ctx, at, "not valid yaml: %s %s", parser->problem,
				   parser->context);
	return where_error(ctx, at, "not valid yaml: %s %s that starts at line %zu, column %zu",
			   parser->problem, parser->context, from.line, from.column);
}

static int syntax_error(const struct where_ctx *ctx, const yaml_parser_t *parser, const char *text,
			size_t len)
{
	struct place at = place_of(parser->problem_mark);
	char c = char_at(text, len, at);

	if (parser->error == YAML_MEMORY_ERROR || !parser->problem)
		return pgo_error(ctx->err, PGO_ELIMIT, "out of memory");
	if (c == '\t') {
		where_error(ctx, at, "a tab where blanks must stand");
		return where_hint(ctx, "indent with blanks: yaml takes no tabs there");
	}
	if (c && strstr(parser->problem, "cannot start any token")) {
		where_error(ctx, at, "'%c' cannot start a value", c);
		return where_hint(ctx, "put the value in quotes");
	}
	unparsable(ctx, parser);
	for (size_t i = 0; i < ARRAY_SIZE(syntax_hints); i++)
		if (!strcmp(parser->problem, syntax_hints[i].problem))
			return where_hint(ctx, "%s", syntax_hints[i].hint);
	return -PGO_ECONFIG;
}

struct builder {
	const struct where_ctx *ctx;
	yaml_parser_t parser;
	yaml_event_t event; /* the current one, owned */
	const char *text;
	size_t len;
};

static int advance(struct builder *b)
{
	yaml_event_delete(&b->event);
	if (yaml_parser_parse(&b->parser, &b->event))
		return 0;
	return syntax_error(b->ctx, &b->parser, b->text, b->len);
}

static int build_value(struct builder *b, unsigned depth, struct where **ret);

/* Anchors and tags are yaml that nobody needs here and that hides what is meant. */
static int refuse_decoration(const struct builder *b, struct place at, const yaml_char_t *anchor,
			     const yaml_char_t *tag)
{
	if (anchor) {
		where_error(b->ctx, at, "the anchor '&%s' is not supported",
			    where_show(b->ctx, (const char *)anchor));
		return where_hint(b->ctx, "write the value out wherever it is needed");
	}
	if (tag) {
		where_error(b->ctx, at, "the tag '%s' is not supported",
			    where_show(b->ctx, (const char *)tag));
		return where_hint(b->ctx,
				  "leave the tag out: pgo.yaml(5) says what each key holds");
	}
	return 0;
}

static int build_scalar(struct builder *b, struct where *node)
{
	const char *value = (const char *)b->event.data.scalar.value;
	size_t len = b->event.data.scalar.length;
	int ret = refuse_decoration(b, node->at, b->event.data.scalar.anchor,
				    b->event.data.scalar.tag);

	if (ret)
		return ret;
	if (memchr(value, 0, len))
		return where_error(b->ctx, node->at, "a NUL byte in the text");
	node->kind = WHERE_SCALAR;
	node->text = arena_strndup(b->ctx->arena, value, len);
	node->plain = b->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static int build_list(struct builder *b, unsigned depth, struct where *node)
{
	struct where **tail = &node->first;
	int ret = refuse_decoration(b, node->at, b->event.data.sequence_start.anchor,
				    b->event.data.sequence_start.tag);

	node->kind = WHERE_LIST;
	while (!ret) {
		ret = advance(b);
		if (ret || b->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		ret = build_value(b, depth, tail);
		if (!ret)
			tail = &(*tail)->next;
	}
	return ret;
}

/* One key, which is the current event, and its value. */
static int build_entry(struct builder *b, unsigned depth, struct where **ret_node)
{
	struct where key = { 0 };
	int ret;

	key.at = place_of(b->event.start_mark);
	if (b->event.type != YAML_SCALAR_EVENT) {
		where_error(b->ctx, key.at, "a key must be a plain word");
		return where_hint(b->ctx,
				  "put the value in quotes if it starts with '[', '{' or '*'");
	}
	ret = build_scalar(b, &key);
	if (!ret)
		ret = advance(b);
	if (!ret)
		ret = build_value(b, depth, ret_node);
	if (ret)
		return ret;
	(*ret_node)->key = key.text;
	(*ret_node)->key_at = key.at;
	return 0;
}

static int build_map(struct builder *b, unsigned depth, struct where *node)
{
	struct where **tail = &node->first;
	int ret = refuse_decoration(b, node->at, b->event.data.mapping_start.anchor,
				    b->event.data.mapping_start.tag);

	node->kind = WHERE_MAP;
	while (!ret) {
		ret = advance(b);
		if (ret || b->event.type == YAML_MAPPING_END_EVENT)
			break;
		ret = build_entry(b, depth, tail);
		if (!ret)
			tail = &(*tail)->next;
	}
	return ret;
}

/* The value that starts at the current event; its last event is the current one afterwards. */
static int build_value(struct builder *b, unsigned depth, struct where **ret_node)
{
	struct where *node = arena_zalloc(b->ctx->arena, 1, sizeof(*node));

	node->at = place_of(b->event.start_mark);
	*ret_node = node;
	if (depth == WHERE_MAX_DEPTH)
		return where_error(b->ctx, node->at, "nested too deeply");
	switch (b->event.type) {
	case YAML_SCALAR_EVENT:
		return build_scalar(b, node);
	case YAML_SEQUENCE_START_EVENT:
		return build_list(b, depth + 1, node);
	case YAML_MAPPING_START_EVENT:
		return build_map(b, depth + 1, node);
	default:
		where_error(b->ctx, node->at, "the alias '*%s' is not supported",
			    where_show(b->ctx, (const char *)b->event.data.alias.anchor));
		return where_hint(b->ctx,
				  "write the value out; put a pattern like '*.o' in quotes");
	}
}

/* The one document of the stream. */
static int build_stream(struct builder *b, struct where **ret_root)
{
	int ret = advance(b); /* stream start */

	if (!ret)
		ret = advance(b);
	if (ret)
		return ret;
	if (b->event.type == YAML_STREAM_END_EVENT) {
		where_error(b->ctx, (struct place){ 1, 1 }, "the file is empty");
		return where_hint(b->ctx, "pgoctl init writes one to start from");
	}
	ret = advance(b);
	if (!ret)
		ret = build_value(b, 0, ret_root);
	if (!ret)
		ret = advance(b); /* document end */
	if (!ret)
		ret = advance(b);
	if (ret || b->event.type == YAML_STREAM_END_EVENT)
		return ret;
	where_error(b->ctx, place_of(b->event.start_mark), "a second document");
	return where_hint(b->ctx,
			  "one file is one project: delete the line '---' and what follows");
}

int where_parse(const struct where_ctx *ctx, const char *text, size_t len, struct where **ret_root)
{
	struct builder b = { .ctx = ctx, .text = text, .len = len };
	struct where *root = NULL;
	int ret;

	ret = where_check_text(ctx, text, len);
	if (ret)
		return ret;
	if (!yaml_parser_initialize(&b.parser))
		return pgo_error(ctx->err, PGO_ELIMIT, "out of memory");
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, len);
	ret = build_stream(&b, &root);
	yaml_event_delete(&b.event);
	yaml_parser_delete(&b.parser);
	if (!ret)
		*ret_root = root;
	return ret;
}
