/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "minivm.h"

static const struct {
	const char *word;
	enum token_kind kind;
} keywords[] = {
	{ "and", TOK_AND },	{ "break", TOK_BREAK },	  { "else", TOK_ELSE },
	{ "false", TOK_FALSE }, { "fn", TOK_FN },	  { "if", TOK_IF },
	{ "let", TOK_LET },	{ "nil", TOK_NIL },	  { "not", TOK_NOT },
	{ "or", TOK_OR },	{ "return", TOK_RETURN }, { "true", TOK_TRUE },
	{ "while", TOK_WHILE },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static void skip_blank(struct lexer *lx)
{
	for (; lx->at < lx->end; lx->at++) {
		if (*lx->at == '#')
			while (lx->at < lx->end - 1 && *lx->at != '\n')
				lx->at++;
		if (*lx->at == '\n')
			lx->line++;
		else if (*lx->at != ' ' && *lx->at != '\t' && *lx->at != '\r')
			return;
	}
}

static void scan_word(struct lexer *lx, struct token *tok)
{
	size_t i;

	while (lx->at < lx->end && is_word(*lx->at))
		lx->at++;
	tok->len = (size_t)(lx->at - tok->text);
	tok->kind = TOK_NAME;
	for (i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
		if (strlen(keywords[i].word) == tok->len &&
		    !memcmp(keywords[i].word, tok->text, tok->len))
			tok->kind = keywords[i].kind;
}

static void scan_number(struct lexer *lx, struct token *tok)
{
	tok->kind = TOK_INT;
	for (; lx->at < lx->end; lx->at++) {
		if (*lx->at == '.' && tok->kind == TOK_INT)
			tok->kind = TOK_REAL;
		else if (!is_digit(*lx->at))
			break;
	}
}

static void scan_string(struct lexer *lx, struct token *tok)
{
	for (lx->at++; lx->at < lx->end && *lx->at != '"'; lx->at++) {
		if (*lx->at == '\n')
			return;
		if (*lx->at == '\\' && lx->at + 1 < lx->end)
			lx->at++;
	}
	if (lx->at == lx->end)
		return;
	lx->at++;
	tok->kind = TOK_STRING;
}

static void scan_punct(struct lexer *lx, struct token *tok)
{
	char c = *lx->at++;

	if (!strchr("+-*/%<>=!()[]{},;", c))
		return;
	tok->kind = TOK_PUNCT;
	tok->punct = c;
	if (strchr("<>=!", c) && lx->at < lx->end && *lx->at == '=') {
		tok->punct = PUNCT(c, '=');
		lx->at++;
	}
}

struct token lexer_next(struct lexer *lx)
{
	struct token tok = { .kind = TOK_BAD };

	skip_blank(lx);
	tok.text = lx->at;
	tok.line = lx->line;
	if (lx->at == lx->end)
		tok.kind = TOK_END;
	else if (is_digit(*lx->at))
		scan_number(lx, &tok);
	else if (is_word(*lx->at))
		scan_word(lx, &tok);
	else if (*lx->at == '"')
		scan_string(lx, &tok);
	else if (*lx->at)
		scan_punct(lx, &tok);
	tok.len = (size_t)(lx->at - tok.text);
	return tok;
}
