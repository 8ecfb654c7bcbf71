/* SPDX-License-Identifier: Apache-2.0 */
/* perf.data: events, their ids and their names. */
#include <inttypes.h>

#include "profiles/perf-file.h"

#define ATTR_MIN 64
/* The order of the bit fields of perf_event_attr, from 0. */
#define BIT_SAMPLE_ID_ALL 18

uint64_t perf_bits(const struct perf_file *f, uint64_t word)
{
	uint64_t v = 0;

	/* A big-endian compiler allots from the top, a little-endian one from the bottom. */
	if (f->swap == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
		return word;
	for (unsigned i = 0; i < 64; i++)
		v |= (word >> i & 1) << (63 - i);
	return v;
}

/* The fields of struct sample_id, 8 bytes each. */
static uint32_t trailer_bytes(const struct perf_attr *a)
{
	const uint64_t in = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ID |
			    PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU | PERF_SAMPLE_IDENTIFIER;

	return a->sample_id_all ? (uint32_t)__builtin_popcountll(a->sample_type & in) * 8 : 0;
}

int perf_attr_read(struct perf_file *f, struct cursor c, struct perf_attr *ret, struct pgo_err *err)
{
	struct perf_attr a = { 0 };
	uint64_t flags;

	a.type = cursor_u32(&c, "type of an event");
	cursor_u32(&c, "size of an event");
	a.config = cursor_u64(&c, "configuration of an event");
	cursor_u64(&c, "period of an event");
	a.sample_type = cursor_u64(&c, "sample type of an event");
	a.read_format = cursor_u64(&c, "read format of an event");
	flags = perf_bits(f, cursor_u64(&c, "flags of an event"));
	cursor_skip(&c, ATTR_MIN - 48, "breakpoint of an event");
	if (cursor_check(&c, err))
		return -PGO_EFORMAT;
	a.sample_id_all = flags >> BIT_SAMPLE_ID_ALL & 1;
	/* Later fields are zero where the recording's perf did not have them. */
	if (cursor_left(&c) >= 16) {
		cursor_u64(&c, "config2");
		a.branch_type = cursor_u64(&c, "branch_sample_type");
	}
	if (cursor_left(&c) >= 16) {
		a.regs_user = cursor_u64(&c, "sample_regs_user");
		cursor_u64(&c, "sample_stack_user and clockid");
	}
	if (cursor_left(&c) >= 8)
		a.regs_intr = cursor_u64(&c, "sample_regs_intr");
	a.id_trailer = trailer_bytes(&a);
	*ret = a;
	return 0;
}

/* Names as perf list has them. */
static char *name_of(const struct perf_attr *a)
{
	static const char *const hardware[] = {
		"cycles",
		"instructions",
		"cache-references",
		"cache-misses",
		"branches",
		"branch-misses",
		"bus-cycles",
		"stalled-cycles-frontend",
		"stalled-cycles-backend",
		"ref-cycles"
	};
	static const char *const software[] = {
		"cpu-clock",	    "task-clock",   "page-faults",  "context-switches",
		"cpu-migrations",   "minor-faults", "major-faults", "alignment-faults",
		"emulation-faults", "dummy",	    "bpf-output",   "cgroup-switches"
	};
	/* The upper half of a hardware event says which kind of core. */
	uint32_t config = (uint32_t)a->config;

	if (a->type == PERF_TYPE_HARDWARE && config < ARRAY_SIZE(hardware))
		return xstrdup(hardware[config]);
	if (a->type == PERF_TYPE_SOFTWARE && a->config < ARRAY_SIZE(software))
		return xstrdup(software[a->config]);
	if (a->type == PERF_TYPE_TRACEPOINT)
		return xstrfmt("tracepoint:%" PRIu64, a->config);
	if (a->type == PERF_TYPE_RAW)
		return xstrfmt("r%" PRIx64, a->config);
	return xstrfmt("event type %" PRIu32 " config 0x%" PRIx64, a->type, a->config);
}

void perf_attr_add(struct perf_file *f, const struct perf_attr *a)
{
	PGO_AUTO_FREE char *name = name_of(a);

	VEC_GROW(f->attrs, f->nr_attrs, f->alloc_attrs);
	f->attrs[f->nr_attrs] = *a;
	f->attrs[f->nr_attrs++].event = (uint32_t)f->out->nr_events;
	samples_add_event(f->out, name);
}

static size_t id_slot(const struct perf_file *f, uint64_t id)
{
	size_t slot = (size_t)hash_bytes(&id, sizeof(id)) & f->ids_mask;

	while (f->ids[slot].attr && f->ids[slot].id != id)
		slot = (slot + 1) & f->ids_mask;
	return slot;
}

void perf_id_add(struct perf_file *f, uint64_t id, size_t attr)
{
	size_t slot;

	if (!f->ids || (f->nr_ids + 1) * 2 > f->ids_mask + 1) {
		struct perf_id *old = f->ids;
		size_t nr_old = old ? f->ids_mask + 1 : 0, slots = nr_old ? nr_old * 2 : 64;

		f->ids = xcalloc(slots, sizeof(*f->ids));
		f->ids_mask = slots - 1;
		for (size_t i = 0; i < nr_old; i++)
			if (old[i].attr)
				f->ids[id_slot(f, old[i].id)] = old[i];
		free(old);
	}
	slot = id_slot(f, id);
	f->nr_ids += !f->ids[slot].attr;
	f->ids[slot] = (struct perf_id){ id, (uint32_t)attr + 1 };
}

long perf_id_find(const struct perf_file *f, uint64_t id)
{
	return f->ids ? (long)f->ids[id_slot(f, id)].attr - 1 : -1;
}

void perf_attr_name(struct perf_file *f, size_t attr, const char *name)
{
	if (attr < f->nr_attrs && *name)
		f->out->events[f->attrs[attr].event].name = arena_strdup(&f->out->arena, name);
}
