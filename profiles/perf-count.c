/* SPDX-License-Identifier: Apache-2.0 */
/* perf.data, second pass: samples taken apart and counted. */
#include <inttypes.h>

#include "pgo/base/num.h"
#include "profiles/perf-file.h"

#define ENTRY_BYTES 24
/* Entries whose slots are fetched together: a branch stack has 32 at most on x86, 64 on Arm. */
#define BATCH 64
/* A call chain is bounded by its record. */
#define MAX_FRAMES (65536 / 8)

/* What of a sample is used. */
struct fields {
	uint64_t ip, time, period;
	uint32_t pid, tid;
	const uint8_t *chain, *branches;
	uint64_t nr_chain, nr_branches;
};

/* The address space that was looked up last; it holds in [since, until). */
struct place {
	const struct sample_space *space;
	uint64_t since, until;
	uint32_t pid;
	bool valid;
	struct sample_map last[2];
};

struct counter {
	const struct perf_file *f;
	struct sample_tally *tally;
	const struct samples_opts *opts;
	struct place user, kernel;
	uint64_t frames[MAX_FRAMES];
};

/* The space that pid has at time. */
static void enter(const struct perf_file *f, struct place *at, uint32_t pid, uint64_t time)
{
	const struct sample_process *p;

	if (at->valid && at->pid == pid && time >= at->since && time < at->until)
		return;
	*at = (struct place){ .pid = pid, .until = UINT64_MAX, .valid = true };
	p = sample_maps_find(&f->maps, pid);
	at->space = p ? sample_process_space(p, time) : NULL;
	if (!at->space)
		return;
	if (at->space > p->spaces)
		at->since = at->space->since;
	if (at->space + 1 < p->spaces + p->nr)
		at->until = at->space[1].since;
}

/* 0 for an address in no mapping. */
static inline uint64_t look_up(struct place *at, uint64_t addr)
{
	const struct sample_map *m = &at->last[0];

	if (addr - m->start < m->end - m->start)
		return m->loc + (addr - m->start);
	m = &at->last[1];
	if (addr - m->start >= m->end - m->start) {
		m = at->space ? sample_space_map(at->space, addr) : NULL;
		if (!m)
			return 0;
		at->last[1] = at->last[0];
		at->last[0] = *m;
	}
	return m->loc + (addr - m->start);
}

static inline uint64_t resolve(struct counter *c, uint64_t addr, bool kernel)
{
	uint64_t loc = look_up(kernel ? &c->kernel : &c->user, addr);

	if (loc)
		return loc;
	return sample_loc(kernel ? SAMPLE_BINARY_KERNEL : SAMPLE_BINARY_UNKNOWN, addr);
}

/* Where nothing says which half an address is in, its sign does, as on x86 and Arm. */
static inline bool is_upper(uint64_t addr)
{
	return addr >> 63;
}

static uint64_t resolve_mode(struct counter *c, uint64_t addr, unsigned mode)
{
	switch (mode) {
	case PERF_RECORD_MISC_KERNEL:
		return resolve(c, addr, true);
	case PERF_RECORD_MISC_USER:
		return resolve(c, addr, false);
	case PERF_RECORD_MISC_CPUMODE_UNKNOWN:
		return resolve(c, addr, is_upper(addr));
	default:
		return sample_loc(SAMPLE_BINARY_GUEST, addr);
	}
}

static inline uint64_t get(const uint8_t *p, bool swap)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return swap ? __builtin_bswap64(v) : v;
}

/*
 * Entries come newest first, so the run behind one ends where the entry before it
 * branched off. They are looked up together, as a table larger than the cache answers
 * late; swap is constant.
 */
static inline __attribute__((always_inline)) void
take_branches(struct counter *c, const uint8_t *p, uint64_t nr, const bool swap)
{
	struct trace_table *table = &c->tally->traces;
	struct sample_trace batch[BATCH];
	size_t slots[BATCH];
	uint64_t end = 0, mispredicted = 0;

	trace_table_reserve(table, (size_t)nr);
	while (nr) {
		size_t n = nr < BATCH ? (size_t)nr : BATCH;

		for (size_t i = 0; i < n; i++, p += ENTRY_BYTES) {
			uint64_t from = get(p, swap), to = get(p + 8, swap);
			struct sample_trace *t = &batch[i];

			t->from = resolve(c, from, is_upper(from));
			t->to = resolve(c, to, is_upper(to));
			t->end = end;
			t->count = 1;
			/* The first bit field of the flags: "mispred". */
			t->mispredicted = get(p + 16, swap) >> (swap ? 63 : 0) & 1;
			end = t->from;
			mispredicted += t->mispredicted;
			slots[i] = trace_table_slot(table, t->from, t->to, t->end);
			__builtin_prefetch(&table->slots[slots[i]], 1);
		}
		for (size_t i = 0; i < n; i++)
			trace_table_add_at(table, slots[i], &batch[i]);
		nr -= n;
	}
	c->tally->mispredicted += mispredicted;
}

static void take_raw(struct counter *c, const uint8_t *p, uint64_t nr)
{
	for (; nr; nr--, p += ENTRY_BYTES) {
		const struct sample_trace t = { get(p, c->f->swap), get(p + 8, c->f->swap), 0, 1,
						0 };

		trace_table_add(&c->tally->raw, &t);
	}
}

static unsigned context_mode(uint64_t marker)
{
	switch (marker) {
	case (uint64_t)PERF_CONTEXT_HV:
		return PERF_RECORD_MISC_HYPERVISOR;
	case (uint64_t)PERF_CONTEXT_KERNEL:
		return PERF_RECORD_MISC_KERNEL;
	case (uint64_t)PERF_CONTEXT_USER:
	case PERF_CHAIN_USER_DEFERRED:
		return PERF_RECORD_MISC_USER;
	default:
		return PERF_RECORD_MISC_GUEST_USER;
	}
}

/* The call chain into c->frames. */
static uint32_t take_frames(struct counter *c, const struct fields *s, unsigned mode, uint64_t ip)
{
	uint32_t nr = 0;

	for (uint64_t i = 0; i < s->nr_chain; i++) {
		uint64_t addr = get(s->chain + i * 8, c->f->swap);

		if (addr == PERF_CHAIN_USER_DEFERRED) {
			c->tally->deferred_chains++;
			break;
		}
		if (addr >= PERF_CHAIN_CONTEXT_MAX)
			mode = context_mode(addr);
		else
			c->frames[nr++] = resolve_mode(c, addr, mode);
	}
	if (!nr)
		c->frames[nr++] = ip;
	return nr;
}

static void take_stack(struct counter *c, const struct fields *s, uint32_t nr_frames)
{
	const struct sample_process *thread = sample_maps_find(&c->f->maps, s->tid);
	uint32_t comm = thread ? sample_process_name(thread, s->time) : 0;

	stack_table_add(&c->tally->stacks, c->frames, nr_frames, comm, 1);
}

/* A record has room for fewer words than frames has: what the branches take there is more. */
static void take_hybrid(struct counter *c, const struct fields *s, uint32_t nr_frames)
{
	const uint8_t *p = s->branches;
	uint32_t nr = nr_frames;

	for (uint64_t i = 0; i < s->nr_branches; i++, p += ENTRY_BYTES) {
		uint64_t from = get(p, c->f->swap), to = get(p + 8, c->f->swap);

		c->frames[nr++] = resolve(c, from, is_upper(from));
		c->frames[nr++] = resolve(c, to, is_upper(to));
	}
	stack_table_add(&c->tally->hybrids, c->frames, nr, nr_frames, 1);
}

static void take_stacks(struct counter *c, const struct fields *s, unsigned mode, uint64_t ip)
{
	bool hybrid = s->nr_chain && s->nr_branches;
	uint32_t nr_frames;

	c->tally->hybrid_samples += hybrid;
	if (!c->opts->stacks && !(c->opts->hybrids && hybrid))
		return;
	nr_frames = take_frames(c, s, mode, ip);
	if (c->opts->stacks)
		take_stack(c, s, nr_frames);
	if (c->opts->hybrids && hybrid)
		take_hybrid(c, s, nr_frames);
}

/* struct read_format. */
static void skip_read(struct cursor *c, uint64_t format)
{
	const uint64_t times = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		       each = PERF_FORMAT_ID | PERF_FORMAT_LOST_BIT;
	uint64_t nr = format & PERF_FORMAT_GROUP ? cursor_u64(c, "counters of a group") : 1,
		 width = 8 + 8 * (uint64_t)__builtin_popcountll(format & each);

	cursor_skip(c, 8 * (uint64_t)__builtin_popcountll(format & times), "times of a counter");
	if (cursor_fits(c, nr, width, "counters of a group"))
		cursor_skip(c, nr * width, "counters of a group");
}

static const uint8_t *take_list(struct cursor *c, uint64_t nr, uint64_t each, const char *what)
{
	return cursor_fits(c, nr, each, what) ? cursor_bytes(c, nr * each, what) : NULL;
}

/* The fixed part of a sample, in the order of linux/perf_event.h. */
static void take_head(struct cursor *c, uint64_t type, struct fields *s)
{
	if (type & PERF_SAMPLE_IDENTIFIER)
		cursor_u64(c, "identifier of a sample");
	if (type & PERF_SAMPLE_IP)
		s->ip = cursor_u64(c, "address of a sample");
	if (type & PERF_SAMPLE_TID) {
		s->pid = cursor_u32(c, "pid of a sample");
		s->tid = cursor_u32(c, "tid of a sample");
	}
	if (type & PERF_SAMPLE_TIME)
		s->time = cursor_u64(c, "time of a sample");
	if (type & PERF_SAMPLE_ADDR)
		cursor_u64(c, "data address of a sample");
	if (type & PERF_SAMPLE_ID)
		cursor_u64(c, "id of a sample");
	if (type & PERF_SAMPLE_STREAM_ID)
		cursor_u64(c, "stream of a sample");
	if (type & PERF_SAMPLE_CPU)
		cursor_u64(c, "processor of a sample");
	if (type & PERF_SAMPLE_PERIOD)
		s->period = cursor_u64(c, "period of a sample");
}

/* The lists that follow. What comes after the branch stack is not used. */
static void take_lists(struct cursor *c, const struct perf_attr *a, struct fields *s)
{
	uint64_t type = a->sample_type;

	if (type & PERF_SAMPLE_READ)
		skip_read(c, a->read_format);
	if (type & PERF_SAMPLE_CALLCHAIN) {
		s->nr_chain = cursor_u64(c, "length of a call chain");
		s->chain = take_list(c, s->nr_chain, 8, "call chain");
	}
	if (type & PERF_SAMPLE_RAW)
		cursor_skip(c, cursor_u32(c, "size of raw data"), "raw data");
	if (type & PERF_SAMPLE_BRANCH_STACK) {
		s->nr_branches = cursor_u64(c, "length of a branch stack");
		if (a->branch_type & PERF_BRANCH_HW_INDEX)
			cursor_u64(c, "index of a branch stack");
		s->branches = take_list(c, s->nr_branches, ENTRY_BYTES, "branch stack");
		if (a->branch_type & PERF_BRANCH_COUNTERS)
			take_list(c, s->nr_branches, 8, "counters of branches");
	}
}

/* Which event a sample is of; NULL when its id is of none. */
static const struct perf_attr *attr_of(const struct perf_file *f, const struct perf_record *r)
{
	const struct perf_attr *first = &f->attrs[0];
	uint64_t type = first->sample_type, id, at = 0;
	long found;

	if (f->nr_attrs == 1 || !f->ids)
		return first;
	if (!(type & PERF_SAMPLE_IDENTIFIER)) {
		if (!(type & PERF_SAMPLE_ID))
			return first;
		at = (uint64_t)__builtin_popcountll(type & (PERF_SAMPLE_IP | PERF_SAMPLE_TID |
							    PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR));
	}
	if (r->size < 8 + (at + 1) * 8)
		return NULL;
	id = get(r->data + 8 + at * 8, f->swap);
	found = perf_id_find(f, id);
	if (found < 0)
		return id ? NULL : first;
	return &f->attrs[found];
}

static void note_time(struct sample_tally *t, uint64_t time)
{
	if (!t->first_ns || time < t->first_ns)
		t->first_ns = time;
	if (time > t->last_ns)
		t->last_ns = time;
}

static void count(struct counter *c, const struct perf_attr *a, const struct perf_record *r,
		  struct fields *s)
{
	struct sample_event *event = &c->tally->events[a->event];
	unsigned mode = r->misc & PERF_RECORD_MISC_CPUMODE_MASK;
	uint64_t ip;

	if (a->sample_type & PERF_SAMPLE_TIME)
		note_time(c->tally, s->time);
	if (!c->f->by_time)
		s->time = r->order;
	enter(c->f, &c->user, s->pid, s->time);
	enter(c->f, &c->kernel, SAMPLE_KERNEL_PID, s->time);
	ip = resolve_mode(c, s->ip, mode);
	address_table_add(&c->tally->addresses, ip, 1);
	c->tally->samples++;
	event->samples++;
	event->period = num_add_sat(event->period, s->period, NULL);
	take_stacks(c, s, mode, ip);
	if (!s->nr_branches)
		return;
	c->tally->branch_entries += s->nr_branches;
	event->branch_entries += s->nr_branches;
	if (c->opts->addresses)
		take_raw(c, s->branches, s->nr_branches);
	if (c->f->swap)
		take_branches(c, s->branches, s->nr_branches, true);
	else
		take_branches(c, s->branches, s->nr_branches, false);
}

static int take_sample(struct counter *c, const struct perf_record *r, struct pgo_err *err)
{
	struct cursor cur = perf_record_cursor(c->f, r);
	const struct perf_attr *a;
	struct fields s = { 0 };

	if (!c->f->nr_attrs)
		return pgo_error_at(err, PGO_EFORMAT, c->f->path, (int64_t)r->offset,
				    "'%s' has a sample at byte %" PRIu64 " but no event",
				    c->f->path, r->offset);
	a = attr_of(c->f, r);
	if (!a) {
		c->tally->other_events++;
		return 0;
	}
	take_head(&cur, a->sample_type, &s);
	take_lists(&cur, a, &s);
	if (cursor_check(&cur, err))
		return -PGO_EFORMAT;
	count(c, a, r, &s);
	return 0;
}

int perf_count(const struct perf_file *f, const struct perf_split *begin,
	       const struct perf_split *end, const struct samples_opts *opts,
	       struct sample_tally *tally, struct pgo_err *err)
{
	PGO_AUTO_FREE struct counter *c = xcalloc(1, sizeof(*c));
	PGO_AUTO(perf_stream) s = { 0 };
	struct perf_record r;
	int ret;

	c->f = f;
	c->tally = tally;
	c->opts = opts;
	perf_stream_init(&s, f, begin->offset, end->offset, begin->order);
	while ((ret = perf_stream_next(&s, &r, err)) == 1) {
		if (r.type != PERF_RECORD_SAMPLE)
			continue;
		ret = take_sample(c, &r, err);
		if (ret)
			break;
	}
	return ret;
}
