/* SPDX-License-Identifier: Apache-2.0 */
/* Building, adding up and flattening sampled profiles. */
#include "profiles/sample.h"

#include "pgo/base/num.h"

void sample_release(struct sample_profile *p)
{
	arena_release(&p->arena);
	hashmap_release(&p->names);
	free(p->funcs);
	*p = (struct sample_profile)SAMPLE_PROFILE_INIT;
}

const char *sample_intern(struct sample_profile *p, const char *name, size_t len)
{
	struct hashmap_entry *e = hashmap_find(&p->names, name, len);

	if (!e)
		e = hashmap_put(&p->names, arena_strndup(&p->arena, name, len), len, NULL);
	return e->key;
}

/* Room for one more in an array of the arena, which keeps the old one: twice the size at most. */
static void *grow(struct sample_profile *p, void *items, size_t nr, size_t *alloc, size_t size)
{
	void *larger;

	if (nr < *alloc)
		return items;
	*alloc = *alloc ? *alloc * 2 : 4;
	larger = arena_alloc(&p->arena, *alloc, size);
	if (nr)
		memcpy(larger, items, nr * size);
	return larger;
}
#define GROW(p, items, nr, alloc) ((items) = grow((p), (items), (nr), &(alloc), sizeof(*(items))))

static struct sample_func *new_func(struct sample_profile *p, const char *name, size_t len)
{
	struct sample_func *f = arena_zalloc(&p->arena, 1, sizeof(*f));

	f->name = sample_intern(p, name, len);
	return f;
}

struct sample_func *sample_add_func(struct sample_profile *p, const char *name, size_t len)
{
	VEC_GROW(p->funcs, p->nr_funcs, p->alloc_funcs);
	return p->funcs[p->nr_funcs++] = new_func(p, name, len);
}

struct sample_func *sample_add_call(struct sample_profile *p, struct sample_func *in, uint32_t line,
				    uint32_t discriminator, const char *name, size_t len)
{
	struct sample_func *f = new_func(p, name, len);

	GROW(p, in->calls, in->nr_calls, in->alloc_calls);
	in->calls[in->nr_calls++] = (struct sample_call){ line, discriminator, f };
	return f;
}

struct sample_line *sample_add_line(struct sample_profile *p, struct sample_func *in, uint32_t line,
				    uint32_t discriminator, uint64_t count)
{
	struct sample_line *l;

	GROW(p, in->lines, in->nr_lines, in->alloc_lines);
	l = &in->lines[in->nr_lines++];
	*l = (struct sample_line){ .line = line, .discriminator = discriminator, .count = count };
	return l;
}

static void add_target(struct sample_profile *p, struct sample_line *line,
		       const struct sample_callee *t)
{
	GROW(p, line->targets, line->nr_targets, line->alloc_targets);
	line->targets[line->nr_targets++] = *t;
}

void sample_add_target(struct sample_profile *p, struct sample_line *line, const char *name,
		       size_t len, uint64_t count)
{
	add_target(p, line, &(struct sample_callee){ sample_intern(p, name, len), count, false });
}

static uint64_t times(struct sample_profile *p, uint64_t count, uint64_t weight)
{
	uint64_t n = num_mul_sat(count, weight, NULL);

	if (n <= p->limit && (n != UINT64_MAX || !count || n / count == weight))
		return n;
	p->nr_saturated++;
	return p->limit;
}

static uint64_t plus(struct sample_profile *p, uint64_t a, uint64_t b)
{
	if (a <= p->limit && b <= p->limit - a)
		return a + b;
	p->nr_saturated++;
	return p->limit;
}

static void copy_into(struct sample_profile *p, struct sample_func *to,
		      const struct sample_func *from, uint64_t weight)
{
	to->total = times(p, from->total, weight);
	to->head = times(p, from->head, weight);
	to->checksum = from->checksum;
	to->attributes = from->attributes;
	for (size_t i = 0; i < from->nr_lines; i++) {
		const struct sample_line *l = &from->lines[i];
		struct sample_line *copy = sample_add_line(p, to, l->line, l->discriminator,
							   times(p, l->count, weight));

		for (size_t j = 0; j < l->nr_targets; j++) {
			const struct sample_callee *t = &l->targets[j];

			add_target(p, copy,
				   &(struct sample_callee){
					   sample_intern(p, t->name, strlen(t->name)),
					   times(p, t->count, weight), t->vtable });
		}
	}
	for (size_t i = 0; i < from->nr_calls; i++) {
		const struct sample_call *c = &from->calls[i];

		copy_into(p,
			  sample_add_call(p, to, c->line, c->discriminator, c->func->name,
					  strlen(c->func->name)),
			  c->func, weight);
	}
}

void sample_add(struct sample_profile *p, const struct sample_profile *from, uint64_t weight)
{
	for (size_t i = 0; i < from->nr_funcs; i++)
		copy_into(p, sample_add_func(p, from->funcs[i]->name, strlen(from->funcs[i]->name)),
			  from->funcs[i], weight);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Strings are interned, but their order is that of bytes. */
static int compare_names(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

static int by_target(const void *a, const void *b)
{
	const struct sample_callee *x = a, *y = b;
	int order = compare_u64(x->vtable, y->vtable);

	return order ? order : compare_names(x->name, y->name);
}

static int by_line(const void *a, const void *b)
{
	const struct sample_line *x = a, *y = b;
	int order = compare_u64(x->line, y->line);

	return order ? order : compare_u64(x->discriminator, y->discriminator);
}

static int by_call(const void *a, const void *b)
{
	const struct sample_call *x = a, *y = b;
	int order = compare_u64(x->line, y->line);

	if (!order)
		order = compare_u64(x->discriminator, y->discriminator);
	return order ? order : compare_names(x->func->name, y->func->name);
}

static int by_name(const void *a, const void *b)
{
	const struct sample_func *const *x = a, *const *y = b;

	return compare_names((*x)->name, (*y)->name);
}

static void finish_targets(struct sample_profile *p, struct sample_line *l)
{
	size_t nr = 0;

	if (l->nr_targets)
		qsort(l->targets, l->nr_targets, sizeof(*l->targets), by_target);
	for (size_t i = 0; i < l->nr_targets; i++) {
		struct sample_callee *last = nr ? &l->targets[nr - 1] : NULL;

		if (last && !by_target(last, &l->targets[i]))
			last->count = plus(p, last->count, l->targets[i].count);
		else
			l->targets[nr++] = l->targets[i];
	}
	l->nr_targets = nr;
}

static void finish_lines(struct sample_profile *p, struct sample_func *f)
{
	size_t nr = 0;

	if (f->nr_lines)
		qsort(f->lines, f->nr_lines, sizeof(*f->lines), by_line);
	for (size_t i = 0; i < f->nr_lines; i++) {
		struct sample_line *l = &f->lines[i], *last = nr ? &f->lines[nr - 1] : NULL;

		if (!last || by_line(last, l)) {
			f->lines[nr++] = *l;
			continue;
		}
		last->count = plus(p, last->count, l->count);
		for (size_t j = 0; j < l->nr_targets; j++)
			add_target(p, last, &l->targets[j]);
	}
	f->nr_lines = nr;
	for (size_t i = 0; i < nr; i++)
		finish_targets(p, &f->lines[i]);
}

/* Take over all of from, unfinished. */
static void absorb(struct sample_profile *p, struct sample_func *to, struct sample_func *from)
{
	to->total = plus(p, to->total, from->total);
	to->head = plus(p, to->head, from->head);
	to->checksum = to->checksum ? to->checksum : from->checksum;
	to->attributes |= from->attributes;
	for (size_t i = 0; i < from->nr_lines; i++) {
		GROW(p, to->lines, to->nr_lines, to->alloc_lines);
		to->lines[to->nr_lines++] = from->lines[i];
	}
	for (size_t i = 0; i < from->nr_calls; i++) {
		GROW(p, to->calls, to->nr_calls, to->alloc_calls);
		to->calls[to->nr_calls++] = from->calls[i];
	}
}

static void finish_func(struct sample_profile *p, struct sample_func *f)
{
	size_t nr = 0;

	finish_lines(p, f);
	if (f->nr_calls)
		qsort(f->calls, f->nr_calls, sizeof(*f->calls), by_call);
	for (size_t i = 0; i < f->nr_calls; i++)
		if (nr && !by_call(&f->calls[nr - 1], &f->calls[i]))
			absorb(p, f->calls[nr - 1].func, f->calls[i].func);
		else
			f->calls[nr++] = f->calls[i];
	f->nr_calls = nr;
	for (size_t i = 0; i < nr; i++)
		finish_func(p, f->calls[i].func);
}

void sample_finish(struct sample_profile *p)
{
	size_t nr = 0;

	if (p->nr_funcs)
		qsort(p->funcs, p->nr_funcs, sizeof(*p->funcs), by_name);
	for (size_t i = 0; i < p->nr_funcs; i++)
		if (nr && p->funcs[nr - 1]->name == p->funcs[i]->name)
			absorb(p, p->funcs[nr - 1], p->funcs[i]);
		else
			p->funcs[nr++] = p->funcs[i];
	p->nr_funcs = nr;
	for (size_t i = 0; i < nr; i++)
		finish_func(p, p->funcs[i]);
}

static uint64_t compute_total(struct sample_profile *p, struct sample_func *f)
{
	f->total = 0;
	for (size_t i = 0; i < f->nr_lines; i++)
		f->total = plus(p, f->total, f->lines[i].count);
	for (size_t i = 0; i < f->nr_calls; i++)
		f->total = plus(p, f->total, compute_total(p, f->calls[i].func));
	return f->total;
}

void sample_compute_totals(struct sample_profile *p)
{
	for (size_t i = 0; i < p->nr_funcs; i++)
		compute_total(p, p->funcs[i]);
}
