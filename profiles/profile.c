/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/profile.h"

#include <inttypes.h>

#include "pgo/base/mem.h"
#include "pgo/base/num.h"

/* LLVM's counters stop two below the largest number, its samples at it. */
#define INSTR_LIMIT (UINT64_MAX - 2)
/* What gcov and BOLT count by. */
#define SIGNED_LIMIT ((uint64_t)INT64_MAX)

void profile_release(struct profile *p)
{
	arena_release(&p->arena);
	free(p->funcs);
	*p = (struct profile)PROFILE_INIT;
}

struct prof_func *profile_add(struct profile *p)
{
	struct prof_func *f;

	if (p->nr_funcs == p->alloc_funcs) {
		p->alloc_funcs = p->alloc_funcs ? p->alloc_funcs * 2 : 64;
		p->funcs = xrealloc_array(p->funcs, p->alloc_funcs, sizeof(*p->funcs));
	}
	f = &p->funcs[p->nr_funcs++];
	*f = (struct prof_func){ 0 };
	return f;
}

static void finish_func(struct prof_func *f)
{
	f->sum = f->max = 0;
	for (size_t i = 0; i < f->nr_counts; i++) {
		f->sum = num_add_sat(f->sum, f->counts[i], NULL);
		if (f->counts[i] > f->max)
			f->max = f->counts[i];
	}
}

static uint64_t limit_of(enum prof_kind kind)
{
	switch (kind) {
	case PROF_KIND_GCC_ARCS:
	case PROF_KIND_GCC_AFDO:
	case PROF_KIND_BOLT_BRANCHES:
	case PROF_KIND_BOLT_SAMPLES:
		return SIGNED_LIMIT;
	case PROF_KIND_LLVM_SAMPLE:
		return UINT64_MAX;
	default:
		return INSTR_LIMIT;
	}
}

void profile_finish(struct profile *p)
{
	uint64_t limit = limit_of(p->kind);

	p->total = p->max_count = p->nr_counters = p->nr_saturated = 0;
	for (size_t i = 0; i < p->nr_funcs; i++) {
		struct prof_func *f = &p->funcs[i];

		finish_func(f);
		p->total = num_add_sat(p->total, f->sum, NULL);
		if (f->max > p->max_count)
			p->max_count = f->max;
		p->nr_counters += f->nr_counts;
		for (size_t j = 0; j < f->nr_counts; j++)
			p->nr_saturated += f->counts[j] >= limit;
	}
}

const char *prof_name_alone(const char *name, bool gcc)
{
	const char *end = gcc ? NULL : strrchr(name, ';');

	end = end ? end : strrchr(name, ':');
	return end ? end + 1 : name;
}

const char *prof_kind_name(enum prof_kind kind)
{
	static const char *const names[] = {
		[PROF_KIND_UNKNOWN] = "unknown",
		[PROF_KIND_LLVM_IR] = "clang IR",
		[PROF_KIND_LLVM_FE] = "clang front end",
		[PROF_KIND_LLVM_CS] = "clang IR, context-sensitive",
		[PROF_KIND_GCC_ARCS] = "gcc arcs",
		[PROF_KIND_LLVM_SAMPLE] = "clang samples",
		[PROF_KIND_GCC_AFDO] = "gcc samples",
		[PROF_KIND_BOLT_BRANCHES] = "bolt branches",
		[PROF_KIND_BOLT_SAMPLES] = "bolt samples",
	};

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

const char *prof_value_kind_name(enum prof_value_kind kind)
{
	static const char *const names[] = {
		[PROF_VALUE_CALL] = "call",
		[PROF_VALUE_SIZE] = "size",
		[PROF_VALUE_VTABLE] = "vtable",
	};

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

void prof_inline_add(struct strbuf *sb, const struct prof_inline *in)
{
	if (in->up) {
		prof_inline_add(sb, in->up);
		strbuf_addstr(sb, ", ");
	}
	strbuf_addf(sb, "%" PRIu32, in->line);
	if (in->discriminator)
		strbuf_addf(sb, ".%" PRIu32, in->discriminator);
	strbuf_addf(sb, " %s", in->name);
}

/* As deep as the shallower; what is above decides first. */
static int compare_inlined(const struct prof_inline *a, const struct prof_inline *b)
{
	int order;

	if (a == b)
		return 0;
	if (!a || !b)
		return a ? 1 : -1;
	if (a->depth != b->depth) {
		bool deeper = a->depth > b->depth;

		order = deeper ? compare_inlined(a->up, b) : compare_inlined(a, b->up);
		return order ? order : deeper ? 1 : -1;
	}
	order = compare_inlined(a->up, b->up);
	if (!order)
		order = compare_u64(a->line, b->line);
	if (!order)
		order = compare_u64(a->discriminator, b->discriminator);
	return order ? order : strcmp(a->name, b->name);
}

int prof_place_compare(const struct prof_place *a, const struct prof_place *b)
{
	int order = compare_inlined(a->inlined, b->inlined);

	if (!order)
		order = compare_u64(a->at, b->at);
	if (!order)
		order = compare_u64(a->discriminator, b->discriminator);
	if (!order)
		order = compare_u64(a->memory, b->memory);
	if (!order)
		order = compare_u64(a->target != NULL, b->target != NULL);
	if (!order && a->target)
		order = strcmp(a->target, b->target);
	return order ? order : compare_u64(a->target_at, b->target_at);
}

static int by_func_and_place(const void *a, const void *b)
{
	const struct prof_count *x = a, *y = b;
	int order = compare_u64(x->func, y->func);

	return order ? order : prof_place_compare(&x->place, &y->place);
}

static void set_counts(struct profile *p, const struct prof_count *from, size_t nr)
{
	struct prof_func *f = &p->funcs[from->func];
	struct prof_place *places = arena_alloc(&p->arena, nr, sizeof(*places));

	f->counts = arena_alloc(&p->arena, nr, sizeof(*f->counts));
	f->places = places;
	for (size_t i = 0; i < nr; i++) {
		size_t last = f->nr_counts - 1;

		if (f->nr_counts && !prof_place_compare(&places[last], &from[i].place)) {
			f->counts[last] = num_add_sat(f->counts[last], from[i].count, NULL);
			places[last].mispredicted = num_add_sat(places[last].mispredicted,
								from[i].place.mispredicted, NULL);
			continue;
		}
		places[f->nr_counts] = from[i].place;
		f->counts[f->nr_counts++] = from[i].count;
	}
}

void profile_set_counts(struct profile *p, struct prof_count *all, size_t nr)
{
	if (nr)
		qsort(all, nr, sizeof(*all), by_func_and_place);
	for (size_t i = 0, end; i < nr; i = end) {
		for (end = i; end < nr && all[end].func == all[i].func; end++)
			;
		set_counts(p, &all[i], end - i);
	}
}

static int by_sum(const void *a, const void *b)
{
	const struct prof_func *x = *(const struct prof_func *const *)a;
	const struct prof_func *y = *(const struct prof_func *const *)b;

	if (x->sum != y->sum)
		return x->sum < y->sum ? 1 : -1;
	return strcmp(x->name, y->name);
}

const struct prof_func **profile_hottest(const struct profile *p, const char *name, size_t *nr)
{
	const struct prof_func **all = xcalloc(p->nr_funcs, sizeof(*all));
	size_t found = 0;

	for (size_t i = 0; i < p->nr_funcs; i++)
		if (!name || strstr(p->funcs[i].name, name))
			all[found++] = &p->funcs[i];
	if (found)
		qsort(all, found, sizeof(*all), by_sum);
	if (*nr > found)
		*nr = found;
	return all;
}
