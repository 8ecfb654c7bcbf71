/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/llvm/targets.h"

#include "pgo/base/mem.h"

enum { KIND_CALL, KIND_SIZE, KIND_VTABLE };

static uint64_t *slot_of(const struct llvm_targets *t, uint64_t address)
{
	size_t i = (size_t)((address * 0x9e3779b97f4a7c15ULL) >> 20) & (t->nr_slots - 1);

	while (t->slots[2 * i] && t->slots[2 * i] != address)
		i = (i + 1) & (t->nr_slots - 1);
	return &t->slots[2 * i];
}

static void add_functions(const struct llvm_raw *raw, struct llvm_targets *t)
{
	for (uint64_t i = 0; i < raw->nr_data; i++) {
		struct llvm_raw_func f;
		uint64_t *slot;

		llvm_raw_func(raw, i, &f);
		if (!f.address)
			continue;
		slot = slot_of(t, f.address);
		if (slot[0] && slot[1] != f.name_ref)
			t->ambiguous = true;
		if (slot[0])
			continue;
		slot[0] = f.address;
		slot[1] = f.name_ref;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct llvm_vtable *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void add_vtables(const struct llvm_raw *raw, struct llvm_targets *t)
{
	unsigned pointer_bytes = raw->layout.pointer_bytes;
	unsigned record_bytes = pointer_bytes == 4 ? 16 : 24;

	t->vtables = xcalloc(raw->nr_vtables, sizeof(*t->vtables));
	for (uint64_t i = 0; i < raw->nr_vtables; i++) {
		const uint8_t *p = raw->vtables + i * record_bytes;
		uint64_t start = llvm_raw_pointer(&raw->layout, p + 8);
		uint32_t size = llvm_raw_u32(&raw->layout, p + 8 + pointer_bytes);

		if (start && size)
			t->vtables[t->nr_vtables++] = (struct llvm_vtable){
				start, start + size, llvm_raw_u64(&raw->layout, p)
			};
	}
	qsort(t->vtables, t->nr_vtables, sizeof(*t->vtables), by_start);
}

void llvm_targets_make(const struct llvm_raw *raw, struct llvm_targets *out)
{
	struct llvm_targets t = { .nr_slots = 16 };

	while (t.nr_slots < 2 * raw->nr_data)
		t.nr_slots *= 2;
	t.slots = xcalloc(t.nr_slots, 2 * sizeof(*t.slots));
	add_functions(raw, &t);
	if (raw->nr_vtables)
		add_vtables(raw, &t);
	*out = t;
}

static uint64_t vtable_of(const struct llvm_targets *t, uint64_t address)
{
	size_t low = 0, high = t->nr_vtables;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->vtables[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low && address < t->vtables[low - 1].end ? t->vtables[low - 1].hash : 0;
}

uint64_t llvm_target_of(const struct llvm_targets *t, unsigned kind, uint64_t value)
{
	const uint64_t *slot;

	switch (kind) {
	case KIND_CALL:
		slot = slot_of(t, value);
		return value && slot[0] ? slot[1] : 0;
	case KIND_VTABLE:
		return vtable_of(t, value);
	default:
		return value;
	}
}

void llvm_targets_release(struct llvm_targets *t)
{
	free(t->slots);
	free(t->vtables);
	*t = (struct llvm_targets)LLVM_TARGETS_INIT;
}
