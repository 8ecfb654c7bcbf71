/* SPDX-License-Identifier: Apache-2.0 */
/* Objects and their mark-and-sweep collector. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivm.h"

static void *need_memory(void *block)
{
	if (!block) {
		fputs("minivm: out of memory\n", stderr);
		exit(3);
	}
	return block;
}

void *grow(void *block, size_t *room, size_t need, size_t size)
{
	size_t want = *room ? *room : 8;

	if (need <= *room)
		return block;
	while (want < need)
		want *= 2;
	*room = want;
	return need_memory(reallocarray(block, want, size));
}

static void *object_new(struct vm *vm, enum type type, size_t size)
{
	struct object *o = need_memory(calloc(1, size));

	o->type = type;
	o->next = vm->objects;
	vm->objects = o;
	vm->bytes += size;
	return o;
}

/* FNV-1a */
void string_seal(struct string *s)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < s->len; i++)
		hash = (hash ^ (uint8_t)s->text[i]) * 16777619u;
	s->hash = hash;
}

struct string *string_blank(struct vm *vm, size_t len)
{
	struct string *s = object_new(vm, T_STRING, sizeof(*s) + len + 1);

	s->len = len;
	return s;
}

struct string *string_new(struct vm *vm, const char *text, size_t len)
{
	struct string *s = string_blank(vm, len);

	memcpy(s->text, text, len);
	string_seal(s);
	return s;
}

struct array *array_new(struct vm *vm, size_t room)
{
	struct array *a = object_new(vm, T_ARRAY, sizeof(*a));

	a->items = grow(NULL, &a->room, room, sizeof(*a->items));
	vm->bytes += a->room * sizeof(*a->items);
	return a;
}

void array_push(struct vm *vm, struct array *a, struct value v)
{
	size_t before = a->room;

	a->items = grow(a->items, &a->room, a->len + 1, sizeof(*a->items));
	vm->bytes += (a->room - before) * sizeof(*a->items);
	a->items[a->len++] = v;
}

struct map *map_new(struct vm *vm)
{
	return object_new(vm, T_MAP, sizeof(struct map));
}

struct function *function_new(struct vm *vm, struct string *name)
{
	struct function *f = object_new(vm, T_FUNCTION, sizeof(*f));

	f->name = name;
	return f;
}

static void mark_object(struct vm *vm, struct object *o)
{
	if (!o || o->marked)
		return;
	o->marked = true;
	if (o->type == T_STRING)
		return;
	vm->grey = grow(vm->grey, &vm->grey_room, vm->nr_grey + 1, sizeof(struct object *));
	vm->grey[vm->nr_grey++] = o;
}

static void mark_values(struct vm *vm, const struct value *v, size_t n)
{
	for (; n; n--, v++)
		if (v->type >= T_STRING)
			mark_object(vm, v->object);
}

static void mark_children(struct vm *vm, struct object *o)
{
	struct function *f = (struct function *)o;
	struct array *a = (struct array *)o;
	struct map *m = (struct map *)o;

	if (o->type == T_ARRAY) {
		mark_values(vm, a->items, a->len);
	} else if (o->type == T_MAP) {
		mark_values(vm, (struct value *)m->entries, 2 * m->room);
	} else if (o->type == T_FUNCTION) {
		mark_object(vm, &f->name->head);
		mark_values(vm, f->consts, f->nr_consts);
	}
}

static size_t object_free(struct object *o)
{
	struct function *f = (struct function *)o;
	struct string *s = (struct string *)o;
	struct array *a = (struct array *)o;
	struct map *m = (struct map *)o;
	size_t bytes = sizeof(*f);

	if (o->type == T_STRING) {
		bytes = sizeof(*s) + s->len + 1;
	} else if (o->type == T_ARRAY) {
		bytes = sizeof(*a) + a->room * sizeof(*a->items);
		free(a->items);
	} else if (o->type == T_MAP) {
		bytes = sizeof(*m) + m->room * sizeof(*m->entries);
		free(m->entries);
	} else {
		free(f->code);
		free(f->lines);
		free(f->consts);
	}
	free(o);
	return bytes;
}

static void sweep(struct vm *vm)
{
	struct object **link = &vm->objects, *o;

	while ((o = *link)) {
		if (o->marked) {
			o->marked = false;
			link = &o->next;
		} else {
			*link = o->next;
			vm->bytes -= object_free(o);
		}
	}
}

static void mark_roots(struct vm *vm)
{
	const struct frame *f;

	mark_object(vm, &vm->globals->head);
	for (f = vm->frames; f < vm->frames + vm->depth; f++) {
		mark_object(vm, &f->function->head);
		mark_values(vm, f->slots, f->function->nr_slots);
	}
}

void heap_collect(struct vm *vm)
{
	mark_roots(vm);
	while (vm->nr_grey)
		mark_children(vm, vm->grey[--vm->nr_grey]);
	sweep(vm);
	vm->collect_at = vm->bytes * 2 + (1 << 20);
}

void heap_release(struct vm *vm)
{
	while (vm->objects) {
		struct object *o = vm->objects;

		vm->objects = o->next;
		object_free(o);
	}
	free(vm->grey);
}
