/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/sample-table.h"

#include "pgo/base/hashmap.h"

#define FIRST_SLOTS 1024

/* An odd number that nobody who writes a recording can know. */
static uint64_t new_key(void)
{
	return hash_bytes("sample", 6) | 1;
}

void trace_table_release(struct trace_table *t)
{
	free(t->slots);
	*t = (struct trace_table){ 0 };
}

void address_table_release(struct address_table *t)
{
	free(t->slots);
	*t = (struct address_table){ 0 };
}

void stack_table_release(struct stack_table *t)
{
	free(t->stacks);
	free(t->frames);
	free(t->slots);
	*t = (struct stack_table){ 0 };
}

/* How many slots hold nr entries at no more than a half. */
static size_t slots_for(size_t nr)
{
	size_t slots = FIRST_SLOTS;

	while (slots / 2 < nr)
		slots *= 2;
	return slots;
}

void trace_table_reserve(struct trace_table *t, size_t extra)
{
	struct trace_table old = *t;
	size_t slots;

	if (t->slots && t->nr + extra <= (t->mask + 1) / 2)
		return;
	slots = slots_for(t->nr + extra);
	t->slots = xcalloc(slots, sizeof(*t->slots));
	t->mask = slots - 1;
	t->nr = 0;
	if (!t->key)
		t->key = new_key();
	for (size_t i = 0; old.slots && i <= old.mask; i++) {
		const struct sample_trace *s = &old.slots[i];

		if (s->count)
			trace_table_add_at(t, trace_table_slot(t, s->from, s->to, s->end), s);
	}
	free(old.slots);
}

void trace_table_add(struct trace_table *t, const struct sample_trace *add)
{
	trace_table_reserve(t, 1);
	trace_table_add_at(t, trace_table_slot(t, add->from, add->to, add->end), add);
}

static void address_put(struct address_table *t, uint64_t loc, uint64_t count)
{
	uint64_t h = loc * t->key;
	size_t slot = (size_t)(h ^ h >> 32) & t->mask;

	while (t->slots[slot].count && t->slots[slot].loc != loc)
		slot = (slot + 1) & t->mask;
	t->nr += !t->slots[slot].count;
	t->slots[slot].loc = loc;
	t->slots[slot].count += count;
}

void address_table_add(struct address_table *t, uint64_t loc, uint64_t count)
{
	if (!t->slots || t->nr + 1 > (t->mask + 1) / 2) {
		struct address_table old = *t;
		size_t slots = slots_for(t->nr + 1);

		t->slots = xcalloc(slots, sizeof(*t->slots));
		t->mask = slots - 1;
		t->nr = 0;
		if (!t->key)
			t->key = new_key();
		for (size_t i = 0; old.slots && i <= old.mask; i++)
			if (old.slots[i].count)
				address_put(t, old.slots[i].loc, old.slots[i].count);
		free(old.slots);
	}
	address_put(t, loc, count);
}

static uint64_t stack_hash(const struct stack_table *t, const uint64_t *frames, uint32_t nr,
			   uint32_t comm)
{
	uint64_t h = comm;

	for (uint32_t i = 0; i < nr; i++) {
		h = (h ^ frames[i]) * t->key;
		h ^= h >> 29;
	}
	return h ^ nr;
}

static void stack_grow(struct stack_table *t)
{
	size_t slots = slots_for(t->nr + 1);

	free(t->slots);
	t->slots = xcalloc(slots, sizeof(*t->slots));
	t->mask = slots - 1;
	if (!t->key)
		t->key = new_key();
	for (size_t i = 0; i < t->nr; i++) {
		size_t slot = (size_t)t->stacks[i].hash & t->mask;

		while (t->slots[slot])
			slot = (slot + 1) & t->mask;
		t->slots[slot] = (uint32_t)i + 1;
	}
}

static bool stack_is(const struct stack_table *t, const struct sample_stack *s,
		     const struct sample_stack *want, const uint64_t *frames)
{
	return s->hash == want->hash && s->nr == want->nr && s->comm == want->comm &&
	       !memcmp(&t->frames[s->first], frames, want->nr * sizeof(*frames));
}

static void stack_append(struct stack_table *t, struct sample_stack s, const uint64_t *frames)
{
	/* One more than needed: also a stack of no frames has a place. */
	while (t->nr_frames + s.nr >= t->alloc_frames) {
		t->alloc_frames = t->alloc_frames ? t->alloc_frames * 2 : 4096;
		t->frames = xrealloc_array(t->frames, t->alloc_frames, sizeof(*t->frames));
	}
	memcpy(&t->frames[t->nr_frames], frames, s.nr * sizeof(*frames));
	s.first = t->nr_frames;
	t->nr_frames += s.nr;
	VEC_GROW(t->stacks, t->nr, t->alloc);
	t->stacks[t->nr++] = s;
}

void stack_table_add(struct stack_table *t, const uint64_t *frames, uint32_t nr, uint32_t comm,
		     uint64_t count)
{
	struct sample_stack want = { .count = count, .nr = nr, .comm = comm };
	size_t slot;

	if (!t->slots || t->nr + 1 > (t->mask + 1) / 2)
		stack_grow(t);
	want.hash = stack_hash(t, frames, nr, comm);
	for (slot = (size_t)want.hash & t->mask; t->slots[slot]; slot = (slot + 1) & t->mask) {
		struct sample_stack *s = &t->stacks[t->slots[slot] - 1];

		if (stack_is(t, s, &want, frames)) {
			s->count += count;
			return;
		}
	}
	stack_append(t, want, frames);
	t->slots[slot] = (uint32_t)t->nr;
}
