/* SPDX-License-Identifier: Apache-2.0 */
/* One pass from tokens to bytecode. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivm.h"

enum { MAX_BREAKS = 32, MAX_NESTING = 200 };

struct local {
	const char *name;
	size_t len;
	unsigned depth;
};

/* Where a value stands: what OPERAND_* say, and the number of the wide ones. */
struct operand {
	unsigned byte, wide;
};

struct loop {
	struct loop *outer;
	size_t breaks[MAX_BREAKS];
	unsigned nr_breaks;
};

struct compiler {
	struct vm *vm;
	struct lexer lexer;
	struct token token;
	struct function *function;
	struct loop *loop;
	struct local locals[MAX_SLOTS]; /* each in the slot of its number */
	unsigned nr_locals;
	unsigned top;	  /* the first free slot */
	size_t target_at; /* of the last instruction, if it has one */
	unsigned depth, nesting;
	bool toplevel, failed;
};

static struct operand expression(struct compiler *c, int floor);
static void block(struct compiler *c);

/* The first error stands; the rest of the text is skipped. */
static void fail_at(struct compiler *c, unsigned line, const char *what, const char *text,
		    size_t len)
{
	if (!c->failed)
		snprintf(c->vm->error, sizeof(c->vm->error), "line %u: %s '%.*s'", line, what,
			 len < 40 ? (int)len : 40, text);
	c->failed = true;
	c->token.kind = TOK_END;
}

static void fail(struct compiler *c, const char *what)
{
	fail_at(c, c->token.line, what, c->token.text, c->token.len);
}

static void next(struct compiler *c)
{
	if (c->failed)
		return;
	c->token = lexer_next(&c->lexer);
	if (c->token.kind == TOK_BAD)
		fail(c, "cannot read");
}

static bool at_punct(const struct compiler *c, int punct)
{
	return c->token.kind == TOK_PUNCT && c->token.punct == punct;
}

static bool accept(struct compiler *c, int punct)
{
	if (!at_punct(c, punct))
		return false;
	next(c);
	return true;
}

static void expect(struct compiler *c, int punct)
{
	char what[] = "expected '?' before";

	what[10] = (char)punct;
	if (!accept(c, punct))
		fail(c, what);
}

static void emit(struct compiler *c, unsigned byte)
{
	struct function *f = c->function;
	size_t room = f->room;

	f->code = grow(f->code, &f->room, f->len + 1, 1);
	f->lines = grow(f->lines, &room, f->len + 1, sizeof(*f->lines));
	f->code[f->len] = (uint8_t)byte;
	f->lines[f->len++] = c->token.line;
}

static void emit_wide(struct compiler *c, size_t n)
{
	if (n > UINT16_MAX)
		fail(c, "too much code or data at");
	emit(c, n & 0xff);
	emit(c, n >> 8 & 0xff);
}

static void emit_op(struct compiler *c, enum op op)
{
	c->target_at = 0;
	emit(c, op);
}

static void emit_operand(struct compiler *c, struct operand o)
{
	emit(c, o.byte);
	if (o.byte == OPERAND_WIDE || o.byte == OPERAND_GLOBAL)
		emit_wide(c, o.wide);
}

/* Make the slot the last one in use. */
static struct operand take(struct compiler *c, unsigned slot)
{
	if (slot >= MAX_SLOTS) {
		fail(c, "too many variables at");
		slot = 0;
	}
	c->top = slot + 1;
	if (c->top > c->function->nr_slots)
		c->function->nr_slots = c->top;
	return (struct operand){ .byte = slot };
}

/* Begin an instruction that writes the slot. */
static struct operand emit_target(struct compiler *c, enum op op, unsigned slot)
{
	struct operand to = take(c, slot);

	emit_op(c, op);
	c->target_at = c->function->len;
	emit(c, to.byte);
	return to;
}

/* Bring a value to a slot, by the instruction that made it if possible. */
static void put(struct compiler *c, unsigned slot, struct operand from)
{
	uint8_t *code = c->function->code;

	if (from.byte == slot)
		return;
	if (from.byte >= c->nr_locals && c->target_at && code[c->target_at] == from.byte) {
		code[c->target_at] = (uint8_t)slot;
		return;
	}
	emit_op(c, OP_MOVE);
	emit(c, slot);
	emit_operand(c, from);
}

static struct operand put_at(struct compiler *c, unsigned slot, struct operand from)
{
	struct operand to = take(c, slot);

	put(c, to.byte, from);
	return to;
}

static size_t emit_jump(struct compiler *c, enum op op, const struct operand *test)
{
	emit_op(c, op);
	if (test)
		emit_operand(c, *test);
	emit_wide(c, 0);
	return c->function->len;
}

static void land(struct compiler *c, size_t from)
{
	struct function *f = c->function;
	size_t distance = f->len - from;

	c->target_at = 0;
	if (c->failed)
		return;
	if (distance > UINT16_MAX) {
		fail(c, "too much code to jump over at");
		return;
	}
	f->code[from - 2] = distance & 0xff;
	f->code[from - 1] = distance >> 8 & 0xff;
}

static unsigned add_const(struct compiler *c, struct value v)
{
	struct function *f = c->function;
	size_t i;

	for (i = 0; i < f->nr_consts; i++)
		if (value_equal(f->consts[i], v))
			return (unsigned)i;
	if (i > UINT16_MAX)
		fail(c, "too many constants at");
	f->consts = grow(f->consts, &f->consts_room, i + 1, sizeof(*f->consts));
	f->consts[f->nr_consts++] = v;
	return (unsigned)i;
}

static struct operand constant(struct compiler *c, struct value v)
{
	unsigned i = add_const(c, v);

	if (i < OPERAND_WIDE - OPERAND_CONST)
		return (struct operand){ .byte = OPERAND_CONST + i };
	return (struct operand){ .byte = OPERAND_WIDE, .wide = i };
}

static struct value string_of(struct compiler *c, const char *text, size_t len)
{
	return (struct value){ .type = T_STRING, .string = string_new(c->vm, text, len) };
}

static struct operand string_literal(struct compiler *c)
{
	const char *t = c->token.text + 1;
	const char *end = c->token.text + c->token.len - 1;
	struct string *s = string_blank(c->vm, (size_t)(end - t));
	size_t n = 0;

	for (; t < end; t++) {
		if (*t == '\\')
			t++;
		s->text[n++] = t[-1] == '\\' && *t == 'n' ? '\n' : *t;
	}
	next(c);
	return constant(c, string_of(c, s->text, n));
}

static struct operand number_literal(struct compiler *c)
{
	char text[64];
	struct value v;

	snprintf(text, sizeof(text), "%.*s", (int)c->token.len, c->token.text);
	errno = 0;
	if (c->token.kind == TOK_INT)
		v = INT(strtoll(text, NULL, 10));
	else
		v = REAL(strtod(text, NULL));
	if (errno || c->token.len >= sizeof(text))
		fail(c, "too large a number");
	next(c);
	return constant(c, v);
}

static struct operand variable(struct compiler *c, const struct token *name)
{
	unsigned i = c->nr_locals;

	while (i-- > 0)
		if (c->locals[i].len == name->len &&
		    !memcmp(c->locals[i].name, name->text, name->len))
			return (struct operand){ .byte = i };
	i = add_const(c, string_of(c, name->text, name->len));
	return (struct operand){ .byte = OPERAND_GLOBAL, .wide = i };
}

static void assign(struct compiler *c, const struct token *name, struct operand v)
{
	struct operand to = variable(c, name);

	if (to.byte != OPERAND_GLOBAL) {
		put(c, to.byte, v);
		return;
	}
	emit_op(c, OP_SET_GLOBAL);
	emit_operand(c, constant(c, c->function->consts[to.wide]));
	emit_operand(c, v);
}

static void declare_local(struct compiler *c, const struct token *name)
{
	if (name->kind != TOK_NAME)
		fail(c, "expected a name before");
	take(c, c->nr_locals);
	if (!c->failed)
		c->locals[c->nr_locals++] =
			(struct local){ .name = name->text, .len = name->len, .depth = c->depth };
}

/* Values up to the closing mark, into the slots from first on. */
static unsigned list(struct compiler *c, int close, unsigned first)
{
	unsigned n = 0;

	c->top = first;
	if (accept(c, close))
		return 0;
	do {
		put_at(c, first + n, expression(c, 0));
		n++;
	} while (accept(c, ','));
	expect(c, close);
	return n;
}

static struct operand array_literal(struct compiler *c)
{
	unsigned first = c->top, n = list(c, ']', first);
	struct operand to = emit_target(c, OP_ARRAY, first);

	emit(c, first);
	emit(c, n);
	return to;
}

static struct operand primary(struct compiler *c)
{
	struct token tok = c->token;
	struct operand v = { .byte = OPERAND_NIL };

	if (tok.kind == TOK_STRING)
		return string_literal(c);
	if (tok.kind == TOK_INT || tok.kind == TOK_REAL)
		return number_literal(c);
	if (accept(c, '['))
		return array_literal(c);
	if (accept(c, '(')) {
		v = expression(c, 0);
		expect(c, ')');
		return v;
	}
	next(c);
	if (tok.kind == TOK_NAME)
		return variable(c, &tok);
	if (tok.kind == TOK_TRUE)
		v.byte = OPERAND_TRUE;
	else if (tok.kind == TOK_FALSE)
		v.byte = OPERAND_FALSE;
	else if (tok.kind != TOK_NIL)
		fail_at(c, tok.line, "expected an expression before", tok.text, tok.len);
	return v;
}

static struct operand call(struct compiler *c, struct operand callee, unsigned base)
{
	unsigned n;

	callee = put_at(c, base, callee);
	n = list(c, ')', base + 1);
	emit_op(c, OP_CALL);
	emit(c, base);
	emit(c, n);
	return take(c, base);
}

/* The calls and indices behind a value, all but a last index to store to. */
static struct operand tails(struct compiler *c, struct operand v, unsigned base,
			    struct operand *store)
{
	struct operand index;

	for (;;) {
		if (accept(c, '(')) {
			v = call(c, v, base);
			continue;
		}
		if (!accept(c, '['))
			return v;
		index = expression(c, 0);
		expect(c, ']');
		if (store && at_punct(c, '=')) {
			*store = index;
			return v;
		}
		emit_target(c, OP_INDEX, base);
		emit_operand(c, v);
		emit_operand(c, index);
		v = (struct operand){ .byte = base };
	}
}

static struct operand unary(struct compiler *c)
{
	unsigned base = c->top;
	bool minus = at_punct(c, '-');
	struct operand v, to;

	if (!minus && c->token.kind != TOK_NOT) {
		v = primary(c);
		return tails(c, v, base, NULL);
	}
	next(c);
	if (c->nesting++ == MAX_NESTING)
		fail(c, "too deep an expression at");
	v = unary(c);
	c->nesting--;
	to = emit_target(c, minus ? OP_NEG : OP_NOT, base);
	emit_operand(c, v);
	return to;
}

static const struct binary {
	enum token_kind kind;
	int punct;
	int level;
	enum op op;
} binaries[] = {
	{ TOK_OR, 0, 1, OP_JUMP_TRUE },
	{ TOK_AND, 0, 2, OP_JUMP_FALSE },
	{ TOK_PUNCT, PUNCT('=', '='), 3, OP_EQ },
	{ TOK_PUNCT, PUNCT('!', '='), 3, OP_NE },
	{ TOK_PUNCT, PUNCT('<', '='), 3, OP_LE },
	{ TOK_PUNCT, PUNCT('>', '='), 3, OP_GE },
	{ TOK_PUNCT, '<', 3, OP_LT },
	{ TOK_PUNCT, '>', 3, OP_GT },
	{ TOK_PUNCT, '+', 4, OP_ADD },
	{ TOK_PUNCT, '-', 4, OP_SUB },
	{ TOK_PUNCT, '*', 5, OP_MUL },
	{ TOK_PUNCT, '/', 5, OP_DIV },
	{ TOK_PUNCT, '%', 5, OP_MOD },
};

static const struct binary *find_binary(const struct token *tok)
{
	size_t i;

	for (i = 0; i < sizeof(binaries) / sizeof(*binaries); i++)
		if (binaries[i].kind == tok->kind && binaries[i].punct == tok->punct)
			return &binaries[i];
	return NULL;
}

static struct operand short_cut(struct compiler *c, const struct binary *b, struct operand left,
				unsigned base)
{
	size_t skip;

	left = put_at(c, base, left);
	skip = emit_jump(c, b->op, &left);
	c->top = base;
	left = put_at(c, base, expression(c, b->level));
	land(c, skip);
	return left;
}

static struct operand expression(struct compiler *c, int floor)
{
	unsigned base = c->top;
	const struct binary *b;
	struct operand left, right;

	if (c->nesting++ == MAX_NESTING)
		fail(c, "too deep an expression at");
	left = unary(c);
	while ((b = find_binary(&c->token)) && b->level > floor) {
		next(c);
		if (b->kind != TOK_PUNCT) {
			left = short_cut(c, b, left, base);
			continue;
		}
		right = expression(c, b->level);
		emit_target(c, b->op, base);
		emit_operand(c, left);
		emit_operand(c, right);
		left = (struct operand){ .byte = base };
	}
	c->nesting--;
	return left;
}

static void let_statement(struct compiler *c)
{
	bool is_global = c->toplevel && c->depth == 0;
	struct token name;
	struct operand v;

	next(c);
	name = c->token;
	if (name.kind != TOK_NAME)
		fail(c, "expected a name before");
	next(c);
	expect(c, '=');
	v = expression(c, 0);
	if (is_global) {
		assign(c, &name, v);
	} else {
		put_at(c, c->nr_locals, v);
		declare_local(c, &name);
	}
	expect(c, ';');
}

/* Jump when the test that follows is false. */
static size_t test(struct compiler *c)
{
	struct operand v = expression(c, 0);

	return emit_jump(c, OP_JUMP_FALSE, &v);
}

static void if_statement(struct compiler *c)
{
	size_t skip, done;

	next(c);
	skip = test(c);
	block(c);
	if (c->token.kind != TOK_ELSE) {
		land(c, skip);
		return;
	}
	done = emit_jump(c, OP_JUMP, NULL);
	land(c, skip);
	next(c);
	if (c->nesting++ == MAX_NESTING)
		fail(c, "too long a chain at");
	if (c->token.kind == TOK_IF)
		if_statement(c);
	else
		block(c);
	c->nesting--;
	land(c, done);
}

static void while_statement(struct compiler *c)
{
	struct loop loop = { .outer = c->loop };
	size_t start = c->function->len, leave;

	next(c);
	c->loop = &loop;
	leave = test(c);
	block(c);
	emit_op(c, OP_LOOP);
	emit_wide(c, c->function->len + 2 - start);
	land(c, leave);
	while (loop.nr_breaks)
		land(c, loop.breaks[--loop.nr_breaks]);
	c->loop = loop.outer;
}

static void break_statement(struct compiler *c)
{
	struct loop *loop = c->loop;

	if (!loop || loop->nr_breaks == MAX_BREAKS) {
		fail(c, "no place for");
		return;
	}
	next(c);
	loop->breaks[loop->nr_breaks++] = emit_jump(c, OP_JUMP, NULL);
	expect(c, ';');
}

static void emit_return(struct compiler *c, struct operand v)
{
	emit_op(c, OP_RETURN);
	emit_operand(c, v);
}

static void return_statement(struct compiler *c)
{
	struct operand v = { .byte = OPERAND_NIL };

	next(c);
	if (!at_punct(c, ';'))
		v = expression(c, 0);
	emit_return(c, v);
	expect(c, ';');
}

static void store(struct compiler *c, const struct token *name)
{
	struct operand index = { .byte = OPERAND_NIL }, v;
	struct operand of = tails(c, variable(c, name), c->top, &index);

	if (!accept(c, '='))
		return;
	v = expression(c, 0);
	emit_op(c, OP_STORE);
	emit_operand(c, of);
	emit_operand(c, index);
	emit_operand(c, v);
}

static void plain_statement(struct compiler *c)
{
	struct token name = c->token;

	if (name.kind != TOK_NAME) {
		fail(c, "expected a statement before");
		return;
	}
	next(c);
	if (accept(c, '='))
		assign(c, &name, expression(c, 0));
	else
		store(c, &name);
	expect(c, ';');
}

static void parameters(struct compiler *c)
{
	expect(c, '(');
	if (accept(c, ')'))
		return;
	do {
		declare_local(c, &c->token);
		next(c);
		c->function->arity++;
	} while (accept(c, ','));
	expect(c, ')');
}

static void fn_statement(struct compiler *c)
{
	struct function *outer = c->function;
	struct value name, v = { .type = T_FUNCTION };

	if (!c->toplevel || c->depth > 0)
		fail(c, "no place for");
	next(c);
	if (c->token.kind != TOK_NAME)
		fail(c, "expected a name before");
	name = string_of(c, c->token.text, c->token.len);
	v.function = c->function = function_new(c->vm, name.string);
	next(c);
	c->toplevel = false;
	parameters(c);
	block(c);
	emit_return(c, (struct operand){ .byte = OPERAND_NIL });
	c->toplevel = true;
	c->nr_locals = 0;
	map_set(c->vm, c->vm->globals, name, v);
	c->function = outer;
}

static void statement(struct compiler *c)
{
	c->top = c->nr_locals;
	switch (c->token.kind) {
	case TOK_LET:
		let_statement(c);
		break;
	case TOK_IF:
		if_statement(c);
		break;
	case TOK_WHILE:
		while_statement(c);
		break;
	case TOK_BREAK:
		break_statement(c);
		break;
	case TOK_RETURN:
		return_statement(c);
		break;
	case TOK_FN:
		fn_statement(c);
		break;
	default:
		plain_statement(c);
	}
}

static void block(struct compiler *c)
{
	expect(c, '{');
	if (c->depth++ == MAX_NESTING)
		fail(c, "too deep a block at");
	while (c->token.kind != TOK_END && !at_punct(c, '}'))
		statement(c);
	c->depth--;
	while (c->nr_locals && c->locals[c->nr_locals - 1].depth > c->depth)
		c->nr_locals--;
	expect(c, '}');
}

struct function *compile(struct vm *vm, const char *text, size_t len)
{
	struct compiler c = {
		.vm = vm,
		.lexer = { .at = text, .end = text + len, .line = 1 },
		.toplevel = true,
	};

	c.function = function_new(vm, string_new(vm, "main", 4));
	next(&c);
	while (c.token.kind != TOK_END)
		statement(&c);
	emit_return(&c, (struct operand){ .byte = OPERAND_NIL });
	return c.failed ? NULL : c.function;
}
