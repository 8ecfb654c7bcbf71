/* SPDX-License-Identifier: Apache-2.0 */
/* minivm: a small dynamically typed language on a bytecode stack machine. */
#ifndef MINIVM_H
#define MINIVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum type {
	T_NIL,
	T_BOOL,
	T_INT,
	T_REAL,
	T_NATIVE,
	T_STRING, /* from here on the value lives in the heap */
	T_ARRAY,
	T_MAP,
	T_FUNCTION,
};

struct vm;
struct native;

struct value {
	enum type type;
	union {
		bool b;
		int64_t i;
		double r;
		const struct native *native;
		struct object *object;
		struct string *string;
		struct array *array;
		struct map *map;
		struct function *function;
	};
};

#define NIL ((struct value){ .type = T_NIL })
#define BOOL(x) ((struct value){ .type = T_BOOL, .b = (x) })
#define INT(x) ((struct value){ .type = T_INT, .i = (x) })
#define REAL(x) ((struct value){ .type = T_REAL, .r = (x) })

struct object {
	enum type type;
	bool marked;
	struct object *next;
};

struct string {
	struct object head;
	uint32_t hash;
	size_t len;
	char text[];
};

struct array {
	struct object head;
	size_t len, room;
	struct value *items;
};

struct entry {
	struct value key; /* T_NIL: free */
	struct value value;
};

struct map {
	struct object head;
	size_t len, room; /* room is a power of two, or 0 */
	struct entry *entries;
};

struct function {
	struct object head;
	struct string *name;
	unsigned arity, nr_slots;
	uint8_t *code;
	unsigned *lines; /* one for each byte of code */
	size_t len, room;
	struct value *consts;
	size_t nr_consts, consts_room;
};

struct native {
	const char *name;
	unsigned arity;
	int (*call)(struct vm *vm, struct value *args, struct value *result);
};

/*
 * An instruction is a byte, then its operands: d a slot to write, a, b, c
 * operands to read, s a slot, n a count, j a distance of two bytes.
 */
enum op {
	OP_MOVE, /* d a */
	OP_ADD,	 /* d a b; so for the next four */
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_MOD,
	OP_NEG, /* d a */
	OP_NOT, /* d a */
	OP_EQ,	/* d a b; so for the next five */
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_JUMP,       /* j */
	OP_JUMP_FALSE, /* a j */
	OP_JUMP_TRUE,  /* a j */
	OP_LOOP,       /* j, backwards */
	OP_CALL,       /* s n: the callee in s, then the arguments */
	OP_RETURN,     /* a */
	OP_ARRAY,      /* d s n */
	OP_INDEX,      /* d a b */
	OP_STORE,      /* a b c */
	OP_SET_GLOBAL, /* a b: the name, the value */
};

/* An operand to read is a byte: a slot, a constant or one of these. */
enum {
	MAX_SLOTS = 128,
	OPERAND_CONST = MAX_SLOTS,
	OPERAND_WIDE = 240, /* u16: constant */
	OPERAND_GLOBAL,	    /* u16: constant that holds the name */
	OPERAND_NIL,
	OPERAND_TRUE,
	OPERAND_FALSE,
};

enum { MAX_STACK = 1 << 16, MAX_FRAMES = 1 << 12 };

struct frame {
	struct function *function;
	const uint8_t *ip;
	struct value *slots;
};

struct vm {
	struct value *stack;
	struct frame *frames;
	unsigned depth;
	struct map *globals;
	struct object *objects;
	size_t bytes, collect_at;
	struct object **grey;
	size_t nr_grey, grey_room;
	int argc;
	char **argv;
	char error[256];
};

/* heap.c: every allocation ends the program when memory does. */
void *grow(void *block, size_t *room, size_t need, size_t size);
struct string *string_new(struct vm *vm, const char *text, size_t len);
struct string *string_blank(struct vm *vm, size_t len);
void string_seal(struct string *s);
struct array *array_new(struct vm *vm, size_t room);
void array_push(struct vm *vm, struct array *a, struct value v);
struct map *map_new(struct vm *vm);
struct function *function_new(struct vm *vm, struct string *name);
void heap_collect(struct vm *vm);
void heap_release(struct vm *vm);

/* map.c */
bool value_equal(struct value a, struct value b);
struct value *map_find(const struct map *m, struct value key);
void map_set(struct vm *vm, struct map *m, struct value key, struct value v);

/* lexer.c */
enum token_kind {
	TOK_END,
	TOK_BAD,
	TOK_NAME,
	TOK_INT,
	TOK_REAL,
	TOK_STRING,
	TOK_PUNCT, /* op holds one or two characters */
	TOK_AND,
	TOK_BREAK,
	TOK_ELSE,
	TOK_FALSE,
	TOK_FN,
	TOK_IF,
	TOK_LET,
	TOK_NIL,
	TOK_NOT,
	TOK_OR,
	TOK_RETURN,
	TOK_TRUE,
	TOK_WHILE,
};

#define PUNCT(a, b) ((a) << 8 | (b))

struct token {
	enum token_kind kind;
	int punct;
	const char *text;
	size_t len;
	unsigned line;
};

struct lexer {
	const char *at, *end;
	unsigned line;
};

struct token lexer_next(struct lexer *lx);

/* compile.c: the function of the whole program, or NULL with vm->error set. */
struct function *compile(struct vm *vm, const char *text, size_t len);

/* builtin.c */
void builtin_define(struct vm *vm);

/* vm.c: 0, or -1 with vm->error set. */
int vm_init(struct vm *vm, int argc, char **argv);
void vm_release(struct vm *vm);
int vm_run(struct vm *vm, struct function *program);
int vm_error(struct vm *vm, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));
const char *type_name(enum type type);

#endif
