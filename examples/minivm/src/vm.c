/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivm.h"

const char *type_name(enum type type)
{
	static const char *const names[] = {
		"nil",	  "boolean", "integer", "real",	    "builtin",
		"string", "array",   "map",	"function",
	};

	return names[type];
}

int vm_error(struct vm *vm, const char *fmt, ...)
{
	const struct frame *f;
	va_list ap;
	int n = 0;

	if (vm->depth) {
		f = &vm->frames[vm->depth - 1];
		n = snprintf(vm->error, sizeof(vm->error),
			     "line %u: ", f->function->lines[f->ip - f->function->code - 1]);
	}
	va_start(ap, fmt);
	vsnprintf(vm->error + n, sizeof(vm->error) - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

static bool truth(const struct value *v)
{
	return !(v->type == T_NIL || (v->type == T_BOOL && !v->b));
}

static bool is_number(const struct value *v)
{
	return v->type == T_INT || v->type == T_REAL;
}

static double as_real(const struct value *v)
{
	return v->type == T_INT ? (double)v->i : v->r;
}

static int bad_operands(struct vm *vm, const struct value *a, const struct value *b)
{
	return vm_error(vm, "no such operation on %s and %s", type_name(a->type),
			type_name(b->type));
}

static unsigned wide(struct frame *f)
{
	f->ip += 2;
	return f->ip[-2] | (unsigned)f->ip[-1] << 8;
}

static const struct value *global(struct vm *vm, const struct value *name)
{
	const struct value *v = map_find(vm->globals, *name);

	if (!v)
		vm_error(vm, "undefined name '%s'", name->string->text);
	return v;
}

/* The value that the next operand stands for, or NULL with an error set. */
static inline const struct value *operand(struct vm *vm, struct frame *f)
{
	static const struct value nil = NIL;
	static const struct value yes = BOOL(true), no = BOOL(false);
	unsigned byte = *f->ip++;

	if (byte < OPERAND_CONST)
		return &f->slots[byte];
	if (byte < OPERAND_WIDE)
		return &f->function->consts[byte - OPERAND_CONST];
	switch (byte) {
	case OPERAND_WIDE:
		return &f->function->consts[wide(f)];
	case OPERAND_GLOBAL:
		return global(vm, &f->function->consts[wide(f)]);
	case OPERAND_NIL:
		return &nil;
	case OPERAND_TRUE:
		return &yes;
	default:
		return &no;
	}
}

static struct value *target(struct frame *f)
{
	return &f->slots[*f->ip++];
}

static int move(struct vm *vm, struct frame *f)
{
	struct value *to = target(f);
	const struct value *v = operand(vm, f);

	if (!v)
		return -1;
	*to = *v;
	return 0;
}

static int concat(struct vm *vm, struct value *to, const struct string *x, const struct string *y)
{
	struct string *s = string_blank(vm, x->len + y->len);

	memcpy(s->text, x->text, x->len);
	memcpy(s->text + x->len, y->text, y->len);
	string_seal(s);
	*to = (struct value){ .type = T_STRING, .string = s };
	return 0;
}

static int real_arith(struct vm *vm, enum op op, struct value *to, const struct value *a,
		      const struct value *b)
{
	double x, y;

	if (!is_number(a) || !is_number(b))
		return bad_operands(vm, a, b);
	x = as_real(a);
	y = as_real(b);
	switch (op) {
	case OP_ADD:
		*to = REAL(x + y);
		break;
	case OP_SUB:
		*to = REAL(x - y);
		break;
	case OP_MUL:
		*to = REAL(x * y);
		break;
	case OP_DIV:
		*to = REAL(x / y);
		break;
	default:
		*to = REAL(fmod(x, y));
	}
	return 0;
}

static int int_divide(struct vm *vm, enum op op, struct value *to, int64_t x, int64_t y)
{
	if (y == 0)
		return vm_error(vm, "division by zero");
	if (y == -1 && x == INT64_MIN)
		return vm_error(vm, "integer overflow");
	*to = INT(op == OP_DIV ? x / y : x % y);
	return 0;
}

static int int_arith(struct vm *vm, enum op op, struct value *to, int64_t x, int64_t y)
{
	int64_t z;
	bool over;

	switch (op) {
	case OP_ADD:
		over = __builtin_add_overflow(x, y, &z);
		break;
	case OP_SUB:
		over = __builtin_sub_overflow(x, y, &z);
		break;
	case OP_MUL:
		over = __builtin_mul_overflow(x, y, &z);
		break;
	default:
		return int_divide(vm, op, to, x, y);
	}
	if (over)
		return vm_error(vm, "integer overflow");
	*to = INT(z);
	return 0;
}

static inline int arith(struct vm *vm, struct frame *f, enum op op)
{
	struct value *to = target(f);
	const struct value *a = operand(vm, f), *b = operand(vm, f);

	if (!a || !b)
		return -1;
	if (a->type == T_INT && b->type == T_INT)
		return int_arith(vm, op, to, a->i, b->i);
	if (op == OP_ADD && a->type == T_STRING && b->type == T_STRING)
		return concat(vm, to, a->string, b->string);
	return real_arith(vm, op, to, a, b);
}

static int negate(struct vm *vm, struct frame *f)
{
	static const struct value zero = INT(0);
	struct value *to = target(f);
	const struct value *v = operand(vm, f);

	if (!v)
		return -1;
	if (v->type == T_INT)
		return int_arith(vm, OP_SUB, to, 0, v->i);
	return real_arith(vm, OP_SUB, to, &zero, v);
}

static int not(struct vm * vm, struct frame *f)
{
	struct value *to = target(f);
	const struct value *v = operand(vm, f);

	if (!v)
		return -1;
	*to = BOOL(!truth(v));
	return 0;
}

static int string_order(const struct string *x, const struct string *y)
{
	size_t len = x->len < y->len ? x->len : y->len;
	int sign = memcmp(x->text, y->text, len);

	return sign ? sign : (x->len > y->len) - (x->len < y->len);
}

/* Below zero, zero or above, as for memcmp(). */
static int order(struct vm *vm, const struct value *a, const struct value *b, int *sign)
{
	double x, y;

	if (a->type == T_INT && b->type == T_INT) {
		*sign = (a->i > b->i) - (a->i < b->i);
	} else if (is_number(a) && is_number(b)) {
		x = as_real(a);
		y = as_real(b);
		*sign = (x > y) - (x < y);
	} else if (a->type == T_STRING && b->type == T_STRING) {
		*sign = string_order(a->string, b->string);
	} else {
		return bad_operands(vm, a, b);
	}
	return 0;
}

static inline int compare(struct vm *vm, struct frame *f, enum op op)
{
	struct value *to = target(f);
	const struct value *a = operand(vm, f), *b = operand(vm, f);
	int sign = 0;

	if (!a || !b || order(vm, a, b, &sign))
		return -1;
	switch (op) {
	case OP_LT:
		*to = BOOL(sign < 0);
		break;
	case OP_LE:
		*to = BOOL(sign <= 0);
		break;
	case OP_GT:
		*to = BOOL(sign > 0);
		break;
	default:
		*to = BOOL(sign >= 0);
	}
	return 0;
}

static int equal(struct vm *vm, struct frame *f, bool wanted)
{
	struct value *to = target(f);
	const struct value *a = operand(vm, f), *b = operand(vm, f);
	bool same;

	if (!a || !b)
		return -1;
	if (a->type != b->type && is_number(a) && is_number(b))
		same = as_real(a) == as_real(b);
	else
		same = value_equal(*a, *b);
	*to = BOOL(same == wanted);
	return 0;
}

/* The place of an element in its array, or NULL with an error set. */
static struct value *element(struct vm *vm, const struct array *a, const struct value *index)
{
	if (index->type != T_INT) {
		vm_error(vm, "no index: %s", type_name(index->type));
		return NULL;
	}
	if (index->i < 0 || (uint64_t)index->i >= a->len) {
		vm_error(vm, "index %" PRId64 " outside %zu elements", index->i, a->len);
		return NULL;
	}
	return &a->items[index->i];
}

static int get_index(struct vm *vm, struct frame *f)
{
	static const struct value nil = NIL;
	struct value *to = target(f);
	const struct value *of = operand(vm, f), *index = operand(vm, f), *v;

	if (!of || !index)
		return -1;
	if (of->type == T_ARRAY) {
		v = element(vm, of->array, index);
		if (!v)
			return -1;
	} else if (of->type == T_MAP) {
		v = map_find(of->map, *index);
		if (!v)
			v = &nil;
	} else {
		return vm_error(vm, "cannot index: %s", type_name(of->type));
	}
	*to = *v;
	return 0;
}

static int set_index(struct vm *vm, struct frame *f)
{
	const struct value *of = operand(vm, f), *index = operand(vm, f);
	const struct value *v = operand(vm, f);
	struct value *slot;

	if (!of || !index || !v)
		return -1;
	if (of->type == T_ARRAY) {
		slot = element(vm, of->array, index);
		if (!slot)
			return -1;
		*slot = *v;
	} else if (of->type == T_MAP && index->type != T_NIL) {
		map_set(vm, of->map, *index, *v);
	} else {
		return vm_error(vm, "cannot store at %s of %s", type_name(index->type),
				type_name(of->type));
	}
	return 0;
}

static int set_global(struct vm *vm, struct frame *f)
{
	const struct value *name = operand(vm, f), *v = operand(vm, f);

	if (!v)
		return -1;
	map_set(vm, vm->globals, *name, *v);
	return 0;
}

static int make_array(struct vm *vm, struct frame *f)
{
	struct value *to = target(f), *from = target(f);
	size_t n = *f->ip++;
	struct array *a = array_new(vm, n);

	if (n)
		memcpy(a->items, from, n * sizeof(*a->items));
	a->len = n;
	*to = (struct value){ .type = T_ARRAY, .array = a };
	return 0;
}

static int enter(struct vm *vm, struct function *fn, struct value *slots, unsigned nr_args)
{
	struct frame *f = &vm->frames[vm->depth];
	unsigned i;

	if (vm->depth == MAX_FRAMES || vm->stack + MAX_STACK - slots < (ptrdiff_t)fn->nr_slots)
		return vm_error(vm, "too deep a recursion");
	f->function = fn;
	f->ip = fn->code;
	f->slots = slots;
	for (i = nr_args; i < fn->nr_slots; i++)
		slots[i] = NIL;
	vm->depth++;
	return 0;
}

static int call_native(struct vm *vm, struct value *callee)
{
	struct value result = NIL;

	if (callee->native->call(vm, callee + 1, &result))
		return -1;
	*callee = result;
	return 0;
}

static int call(struct vm *vm, struct frame *f)
{
	struct value *callee = target(f);
	unsigned want, nr_args = *f->ip++;

	if (vm->bytes > vm->collect_at)
		heap_collect(vm);
	if (callee->type == T_FUNCTION)
		want = callee->function->arity;
	else if (callee->type == T_NATIVE)
		want = callee->native->arity;
	else
		return vm_error(vm, "cannot call: %s", type_name(callee->type));
	if (nr_args != want)
		return vm_error(vm, "expected %u arguments, got %u", want, nr_args);
	if (callee->type == T_NATIVE)
		return call_native(vm, callee);
	return enter(vm, callee->function, callee + 1, nr_args);
}

static int leave(struct vm *vm, struct frame *f)
{
	const struct value *v = operand(vm, f);

	if (!v)
		return -1;
	f->slots[-1] = *v;
	vm->depth--;
	return 0;
}

static int jump_if(struct vm *vm, struct frame *f, bool wanted)
{
	const struct value *v = operand(vm, f);
	unsigned distance = wide(f);

	if (!v)
		return -1;
	if (truth(v) == wanted)
		f->ip += distance;
	return 0;
}

static int loop(struct vm *vm, struct frame *f)
{
	unsigned distance = wide(f);

	f->ip -= distance;
	if (vm->bytes > vm->collect_at)
		heap_collect(vm);
	return 0;
}

static int step(struct vm *vm, struct frame *f)
{
	enum op op = *f->ip++;
	unsigned distance;

	switch (op) {
	case OP_MOVE:
		return move(vm, f);
	case OP_ADD:
		return arith(vm, f, OP_ADD);
	case OP_SUB:
		return arith(vm, f, OP_SUB);
	case OP_MUL:
		return arith(vm, f, OP_MUL);
	case OP_DIV:
		return arith(vm, f, OP_DIV);
	case OP_MOD:
		return arith(vm, f, OP_MOD);
	case OP_NEG:
		return negate(vm, f);
	case OP_NOT:
		return not(vm, f);
	case OP_EQ:
		return equal(vm, f, true);
	case OP_NE:
		return equal(vm, f, false);
	case OP_LT:
		return compare(vm, f, OP_LT);
	case OP_LE:
		return compare(vm, f, OP_LE);
	case OP_GT:
		return compare(vm, f, OP_GT);
	case OP_GE:
		return compare(vm, f, OP_GE);
	case OP_JUMP:
		distance = wide(f);
		f->ip += distance;
		return 0;
	case OP_JUMP_FALSE:
		return jump_if(vm, f, false);
	case OP_JUMP_TRUE:
		return jump_if(vm, f, true);
	case OP_LOOP:
		return loop(vm, f);
	case OP_CALL:
		return call(vm, f);
	case OP_RETURN:
		return leave(vm, f);
	case OP_ARRAY:
		return make_array(vm, f);
	case OP_INDEX:
		return get_index(vm, f);
	case OP_STORE:
		return set_index(vm, f);
	case OP_SET_GLOBAL:
		return set_global(vm, f);
	}
	return vm_error(vm, "bad instruction %d", op);
}

int vm_run(struct vm *vm, struct function *program)
{
	if (enter(vm, program, vm->stack + 1, 0))
		return -1;
	while (vm->depth > 0)
		if (step(vm, &vm->frames[vm->depth - 1]))
			return -1;
	return 0;
}

int vm_init(struct vm *vm, int argc, char **argv)
{
	vm->argc = argc;
	vm->argv = argv;
	vm->collect_at = 1 << 20;
	vm->stack = calloc(MAX_STACK, sizeof(*vm->stack));
	vm->frames = calloc(MAX_FRAMES, sizeof(*vm->frames));
	if (!vm->stack || !vm->frames) {
		fputs("minivm: out of memory\n", stderr);
		vm_release(vm);
		return -1;
	}
	vm->globals = map_new(vm);
	builtin_define(vm);
	return 0;
}

void vm_release(struct vm *vm)
{
	heap_release(vm);
	free(vm->stack);
	free(vm->frames);
}
