/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivm.h"

static struct value string_value(struct string *s)
{
	return (struct value){ .type = T_STRING, .string = s };
}

static int need(struct vm *vm, const struct value *v, enum type type)
{
	if (v->type != type)
		return vm_error(vm, "expected %s, got %s", type_name(type), type_name(v->type));
	return 0;
}

/* The text of a value; what is not a string is written to buf. */
static const char *text_of(const struct value *v, char *buf, size_t size, size_t *len)
{
	int n;

	switch (v->type) {
	case T_STRING:
		*len = v->string->len;
		return v->string->text;
	case T_INT:
		n = snprintf(buf, size, "%" PRId64, v->i);
		break;
	case T_REAL:
		n = snprintf(buf, size, "%.9g", v->r);
		break;
	case T_BOOL:
		n = snprintf(buf, size, v->b ? "true" : "false");
		break;
	default:
		n = snprintf(buf, size, "<%s>", type_name(v->type));
	}
	*len = (size_t)n;
	return buf;
}

static int do_print(struct vm *vm, struct value *args, struct value *result)
{
	char buf[64];
	size_t len;
	const char *text = text_of(args, buf, sizeof(buf), &len);

	(void)result;
	if (fwrite(text, 1, len, stdout) != len || putchar('\n') == EOF)
		return vm_error(vm, "cannot write: %s", strerror(errno));
	return 0;
}

static int do_str(struct vm *vm, struct value *args, struct value *result)
{
	char buf[64];
	size_t len;
	const char *text = text_of(args, buf, sizeof(buf), &len);

	*result = args[0].type == T_STRING ? args[0] : string_value(string_new(vm, text, len));
	return 0;
}

static int do_int(struct vm *vm, struct value *args, struct value *result)
{
	char *end;

	if (args->type == T_INT) {
		*result = *args;
	} else if (args->type == T_REAL && args->r > -9e18 && args->r < 9e18) {
		*result = INT((int64_t)args->r);
	} else if (args->type == T_STRING) {
		errno = 0;
		*result = INT(strtoll(args->string->text, &end, 10));
		if (errno || *end || end == args->string->text)
			return vm_error(vm, "no number: '%.40s'", args->string->text);
	} else {
		return vm_error(vm, "no integer: %s", type_name(args->type));
	}
	return 0;
}

static int do_real(struct vm *vm, struct value *args, struct value *result)
{
	if (args->type == T_INT)
		*result = REAL((double)args->i);
	else if (args->type == T_REAL)
		*result = *args;
	else
		return need(vm, args, T_REAL);
	return 0;
}

static int do_len(struct vm *vm, struct value *args, struct value *result)
{
	if (args->type == T_STRING)
		*result = INT((int64_t)args->string->len);
	else if (args->type == T_ARRAY)
		*result = INT((int64_t)args->array->len);
	else if (args->type == T_MAP)
		*result = INT((int64_t)args->map->len);
	else
		return vm_error(vm, "no length: %s", type_name(args->type));
	return 0;
}

static int do_push(struct vm *vm, struct value *args, struct value *result)
{
	(void)result;
	if (need(vm, args, T_ARRAY))
		return -1;
	array_push(vm, args->array, args[1]);
	return 0;
}

static int do_pop(struct vm *vm, struct value *args, struct value *result)
{
	if (need(vm, args, T_ARRAY))
		return -1;
	if (!args->array->len)
		return vm_error(vm, "pop from an empty array");
	*result = args->array->items[--args->array->len];
	return 0;
}

static int do_map(struct vm *vm, struct value *args, struct value *result)
{
	(void)args;
	*result = (struct value){ .type = T_MAP, .map = map_new(vm) };
	return 0;
}

static int do_has(struct vm *vm, struct value *args, struct value *result)
{
	if (need(vm, args, T_MAP))
		return -1;
	*result = BOOL(map_find(args->map, args[1]));
	return 0;
}

static int do_keys(struct vm *vm, struct value *args, struct value *result)
{
	struct array *a;
	size_t i;

	if (need(vm, args, T_MAP))
		return -1;
	a = array_new(vm, args->map->len);
	for (i = 0; i < args->map->room; i++)
		if (args->map->entries[i].key.type != T_NIL)
			array_push(vm, a, args->map->entries[i].key);
	*result = (struct value){ .type = T_ARRAY, .array = a };
	return 0;
}

static int do_byte(struct vm *vm, struct value *args, struct value *result)
{
	if (need(vm, args, T_STRING) || need(vm, args + 1, T_INT))
		return -1;
	if (args[1].i < 0 || (uint64_t)args[1].i >= args->string->len)
		return vm_error(vm, "no byte %" PRId64, args[1].i);
	*result = INT((uint8_t)args->string->text[args[1].i]);
	return 0;
}

static int do_char(struct vm *vm, struct value *args, struct value *result)
{
	char c;

	if (need(vm, args, T_INT))
		return -1;
	if (args->i < 0 || args->i > 255)
		return vm_error(vm, "no character %" PRId64, args->i);
	c = (char)args->i;
	*result = string_value(string_new(vm, &c, 1));
	return 0;
}

static int do_slice(struct vm *vm, struct value *args, struct value *result)
{
	struct string *s = args->string;
	int64_t from = args[1].i, to = args[2].i;

	if (need(vm, args, T_STRING) || need(vm, args + 1, T_INT) || need(vm, args + 2, T_INT))
		return -1;
	if (from < 0 || to < from || (uint64_t)to > s->len)
		return vm_error(vm, "no slice %" PRId64 "..%" PRId64, from, to);
	s = string_new(vm, s->text + from, (size_t)(to - from));
	*result = string_value(s);
	return 0;
}

static int do_join(struct vm *vm, struct value *args, struct value *result)
{
	const struct value *v, *end;
	struct string *s;
	size_t len = 0;

	if (need(vm, args, T_ARRAY))
		return -1;
	end = args->array->items + args->array->len;
	for (v = args->array->items; v < end; v++) {
		if (need(vm, v, T_STRING))
			return -1;
		len += v->string->len;
	}
	s = string_blank(vm, len);
	len = 0;
	for (v = args->array->items; v < end; v++) {
		memcpy(s->text + len, v->string->text, v->string->len);
		len += v->string->len;
	}
	string_seal(s);
	*result = string_value(s);
	return 0;
}

static int do_arg(struct vm *vm, struct value *args, struct value *result)
{
	const char *text;

	if (need(vm, args, T_INT))
		return -1;
	if (args->i < 0 || args->i >= vm->argc)
		return vm_error(vm, "no argument %" PRId64, args->i);
	text = vm->argv[args->i];
	*result = string_value(string_new(vm, text, strlen(text)));
	return 0;
}

static const struct native natives[] = {
	{ "arg", 1, do_arg },	{ "byte", 2, do_byte },	  { "char", 1, do_char },
	{ "has", 2, do_has },	{ "int", 1, do_int },	  { "join", 1, do_join },
	{ "keys", 1, do_keys }, { "len", 1, do_len },	  { "map", 0, do_map },
	{ "pop", 1, do_pop },	{ "print", 1, do_print }, { "push", 2, do_push },
	{ "real", 1, do_real }, { "slice", 3, do_slice }, { "str", 1, do_str },
};

void builtin_define(struct vm *vm)
{
	const struct native *n = natives;
	const struct native *end = n + sizeof(natives) / sizeof(*natives);
	struct value name, v = { .type = T_NATIVE };

	for (; n < end; n++) {
		name = string_value(string_new(vm, n->name, strlen(n->name)));
		v.native = n;
		map_set(vm, vm->globals, name, v);
	}
}
