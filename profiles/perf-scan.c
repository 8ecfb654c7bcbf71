/* SPDX-License-Identifier: Apache-2.0 */
/* perf.data, first pass: events, processes and losses; where samples are, not what is in them. */
#include <inttypes.h>
#include <sys/mman.h>

#include "pgo/base/num.h"
#include "profiles/perf-file.h"

#define SPLIT_BYTES (UINT64_C(1) << 20)
#define MISC_LOST_BY_FILTER (1 << 15)
#define UPDATE_NAME 2

struct scan {
	struct perf_file *f;
	struct strbuf later; /* build ids and features: after all mappings */
};

/* The time and the attr that the end of a record tells, where it does. */
static uint64_t time_of(const struct perf_file *f, const struct perf_record *r)
{
	const struct perf_attr *a = f->nr_attrs ? &f->attrs[0] : NULL;
	uint64_t v = 0, id;
	long at;

	if (a && a->id_trailer && a->sample_type & PERF_SAMPLE_IDENTIFIER && r->size >= 16) {
		memcpy(&id, r->data + r->size - 8, 8);
		at = perf_id_find(f, f->swap ? __builtin_bswap64(id) : id);
		a = at >= 0 ? &f->attrs[at] : a;
	}
	if (!a || !a->id_trailer || !(a->sample_type & PERF_SAMPLE_TIME) ||
	    r->size < 8 + a->id_trailer)
		return 0;
	memcpy(&v, r->data + r->size - a->id_trailer + (a->sample_type & PERF_SAMPLE_TID ? 8 : 0),
	       8);
	return f->swap ? __builtin_bswap64(v) : v;
}

static struct perf_side *add_side(struct perf_file *f, const struct perf_record *r,
				  enum perf_side_kind kind)
{
	VEC_GROW(f->sides, f->nr_sides, f->alloc_sides);
	f->sides[f->nr_sides] = (struct perf_side){ .kind = kind, .order = r->order };
	f->sides[f->nr_sides].time = time_of(f, r);
	return &f->sides[f->nr_sides++];
}

/* The text at the cursor, up to its NUL. malloc'ed. */
static char *take_text(struct cursor *c)
{
	return xstrndup((const char *)c->pos, strnlen((const char *)c->pos, cursor_left(c)));
}

/* The union of MMAP2: inode numbers, or a build id. */
static void take_file_id(struct cursor *c, bool build_id, struct sample_file_id *id)
{
	const uint8_t *p;

	if (!build_id) {
		id->major = cursor_u32(c, "major");
		id->minor = cursor_u32(c, "minor");
		id->inode = cursor_u64(c, "inode");
		id->generation = cursor_u64(c, "generation");
		return;
	}
	id->build_id_bytes = cursor_u8(c, "size of a build id");
	cursor_skip(c, 3, "build id");
	p = cursor_bytes(c, SAMPLE_BUILD_ID_MAX, "build id");
	if (id->build_id_bytes > SAMPLE_BUILD_ID_MAX)
		id->build_id_bytes = SAMPLE_BUILD_ID_MAX;
	if (p)
		memcpy(id->build_id, p, id->build_id_bytes);
}

static int take_mmap(struct perf_file *f, const struct perf_record *r, struct pgo_err *err)
{
	struct cursor c = perf_record_cursor(f, r);
	unsigned mode = r->misc & PERF_RECORD_MISC_CPUMODE_MASK;
	struct sample_file_id id = { 0 };
	uint32_t pid, binary, prot = PROT_EXEC;
	uint64_t start, len, pgoff;
	PGO_AUTO_FREE char *name = NULL;
	struct perf_side *side;
	enum sample_region region;

	pid = cursor_u32(&c, "pid of a mapping");
	cursor_u32(&c, "tid of a mapping");
	start = cursor_u64(&c, "address of a mapping");
	len = cursor_u64(&c, "length of a mapping");
	pgoff = cursor_u64(&c, "offset of a mapping");
	if (r->type == PERF_RECORD_MMAP2) {
		take_file_id(&c, r->misc & PERF_RECORD_MISC_MMAP_BUILD_ID, &id);
		prot = cursor_u32(&c, "protection of a mapping");
		cursor_u32(&c, "flags of a mapping");
	}
	if (cursor_check(&c, err))
		return -PGO_EFORMAT;
	/* Data mappings; protection 0 is from perf that does not know it. */
	if (r->misc & PERF_RECORD_MISC_MMAP_DATA || (prot && !(prot & PROT_EXEC)) ||
	    mode == PERF_RECORD_MISC_GUEST_KERNEL || mode == PERF_RECORD_MISC_GUEST_USER)
		return 0;
	name = take_text(&c);
	binary = samples_binary(f->out, name,
				pid == SAMPLE_KERNEL_PID || mode == PERF_RECORD_MISC_KERNEL, &id);
	/* What no module has is the kernel's: its own mapping may say 0 to nearly all. */
	if (binary == SAMPLE_BINARY_KERNEL)
		return 0;
	region = f->out->binaries[binary].region;
	if (region == SAMPLE_JIT || region == SAMPLE_UNKNOWN)
		pgoff = start & SAMPLE_OFFSET_MASK;
	if (pgoff > SAMPLE_OFFSET_MASK || len > SAMPLE_OFFSET_MASK - pgoff) {
		f->maps.nr_refused++;
		return 0;
	}
	side = add_side(f, r, PERF_SIDE_MMAP);
	side->pid = mode == PERF_RECORD_MISC_KERNEL ? SAMPLE_KERNEL_PID : pid;
	side->start = start;
	side->len = len;
	side->loc = sample_loc(binary, pgoff);
	return 0;
}

static int take_fork(struct perf_file *f, const struct perf_record *r, struct pgo_err *err)
{
	struct cursor c = perf_record_cursor(f, r);
	struct perf_side *side = add_side(f, r, PERF_SIDE_FORK);

	side->pid = cursor_u32(&c, "pid of a fork");
	side->ppid = cursor_u32(&c, "parent of a fork");
	side->tid = cursor_u32(&c, "tid of a fork");
	side->ptid = cursor_u32(&c, "parent thread of a fork");
	return cursor_check(&c, err);
}

static int take_comm(struct perf_file *f, const struct perf_record *r, struct pgo_err *err)
{
	struct cursor c = perf_record_cursor(f, r);
	uint32_t pid = cursor_u32(&c, "pid of a name"), tid = cursor_u32(&c, "tid of a name");
	PGO_AUTO_FREE char *name = NULL;
	struct perf_side *side;

	if (cursor_check(&c, err))
		return -PGO_EFORMAT;
	name = take_text(&c);
	if (r->misc & PERF_RECORD_MISC_COMM_EXEC) {
		side = add_side(f, r, PERF_SIDE_EXEC);
		side->pid = pid;
	}
	side = add_side(f, r, PERF_SIDE_COMM);
	side->pid = pid;
	side->tid = tid;
	side->comm = samples_comm(f->out, name);
	return 0;
}

static int take_lost(struct perf_file *f, const struct perf_record *r, struct pgo_err *err)
{
	struct cursor c = perf_record_cursor(f, r);
	uint64_t lost;

	if (r->type == PERF_RECORD_LOST)
		cursor_u64(&c, "id of lost samples");
	lost = cursor_u64(&c, "number of lost samples");
	if (cursor_check(&c, err))
		return -PGO_EFORMAT;
	if (r->type == PERF_RECORD_LOST_SAMPLES && r->misc & MISC_LOST_BY_FILTER)
		return 0;
	f->out->lost = num_add_sat(f->out->lost, lost, NULL);
	f->out->lost_records++;
	return 0;
}

/* A pipe's event: the attr, as long as it says, and its ids. */
static int take_attr(struct perf_file *f, const struct perf_record *r, struct pgo_err *err)
{
	struct cursor c = perf_record_cursor(f, r), head = c;
	struct perf_attr a;
	uint32_t size;
	int ret;

	cursor_u32(&head, "type of an event");
	size = cursor_u32(&head, "size of an event");
	if (!size)
		size = PERF_ATTR_SIZE_VER0;
	head = cursor_sub(&c, size, "event");
	ret = perf_attr_read(f, head, &a, err);
	if (ret)
		return ret;
	perf_attr_add(f, &a);
	while (cursor_left(&c) >= 8)
		perf_id_add(f, cursor_u64(&c, "id"), f->nr_attrs - 1);
	return 0;
}

static void take_update(struct perf_file *f, const struct perf_record *r)
{
	struct cursor c = perf_record_cursor(f, r);
	uint64_t type = cursor_u64(&c, "type of an update"), id = cursor_u64(&c, "id");
	PGO_AUTO_FREE char *name = take_text(&c);
	long at = perf_id_find(f, id);

	if (!c.bad && type == UPDATE_NAME && at >= 0)
		perf_attr_name(f, (size_t)at, name);
}

static void take_event_type(struct perf_file *f, const struct perf_record *r)
{
	struct cursor c = perf_record_cursor(f, r);
	uint64_t config = cursor_u64(&c, "configuration of an event");
	PGO_AUTO_FREE char *name = take_text(&c);

	for (size_t i = 0; !c.bad && i < f->nr_attrs; i++)
		if (f->attrs[i].config == config)
			perf_attr_name(f, i, name);
}

static int take(struct scan *s, const struct perf_record *r, struct pgo_err *err)
{
	struct perf_file *f = s->f;

	switch (r->type) {
	case PERF_RECORD_MMAP:
	case PERF_RECORD_MMAP2:
		return take_mmap(f, r, err);
	case PERF_RECORD_FORK:
		return take_fork(f, r, err);
	case PERF_RECORD_COMM:
		return take_comm(f, r, err);
	case PERF_RECORD_LOST:
	case PERF_RECORD_LOST_SAMPLES:
		return take_lost(f, r, err);
	case PERF_TYPE_HEADER_ATTR:
		return take_attr(f, r, err);
	case PERF_TYPE_EVENT_UPDATE:
		take_update(f, r);
		return 0;
	case PERF_TYPE_HEADER_EVENT_TYPE:
		take_event_type(f, r);
		return 0;
	case PERF_TYPE_HEADER_BUILD_ID:
	case PERF_TYPE_HEADER_FEATURE:
		strbuf_add(&s->later, r->data, r->size);
		return 0;
	default:
		f->out->unknown_records +=
			!r->type || r->type > PERF_TYPE_LAST_USER ||
			(r->type > PERF_TYPE_LAST_KERNEL && r->type < PERF_TYPE_HEADER_ATTR);
		return 0;
	}
}

/* A pipe's build ids and features, which were put aside. */
static void take_later(struct scan *s)
{
	struct perf_file *f = s->f;
	struct cursor all;

	cursor_init(&all, f->path, s->later.buf, s->later.len);
	all.swap = f->swap;
	while (cursor_left(&all) >= 8) {
		struct cursor head = all, c;
		uint32_t type = cursor_u32(&head, "type"), size;

		cursor_u16(&head, "misc");
		size = cursor_u16(&head, "size");
		c = cursor_sub(&all, size, "record");
		if (type == PERF_TYPE_HEADER_BUILD_ID) {
			perf_build_id(f, c);
			continue;
		}
		cursor_skip(&c, 8, "header");
		perf_feature(f, (unsigned)cursor_u64(&c, "feature"), c);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct perf_side *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	/* An exec and the name that comes with it have one order: the exec is first. */
	return x->order != y->order ? (x->order < y->order ? -1 : 1) : (int)x->kind - (int)y->kind;
}

/* Play what happened to the processes in the order in which it did. */
static void build_maps(struct perf_file *f)
{
	struct sample_maps *m = &f->maps;

	f->by_time = f->nr_attrs > 0;
	for (size_t i = 0; i < f->nr_attrs; i++)
		if (!(f->attrs[i].sample_type & PERF_SAMPLE_TIME) || !f->attrs[i].sample_id_all)
			f->by_time = false;
	for (size_t i = 0; !f->by_time && i < f->nr_sides; i++)
		f->sides[i].time = f->sides[i].order;
	if (f->nr_sides)
		qsort(f->sides, f->nr_sides, sizeof(*f->sides), by_time);
	for (size_t i = 0; i < f->nr_sides; i++) {
		const struct perf_side *s = &f->sides[i];

		if (s->kind == PERF_SIDE_MMAP) {
			sample_maps_add(m, s->time, s->pid, s->start, s->len, s->loc);
		} else if (s->kind == PERF_SIDE_FORK) {
			sample_maps_fork(m, s->time, s->pid, s->ppid);
			sample_maps_name_fork(m, s->time, s->tid, s->ptid);
		} else if (s->kind == PERF_SIDE_EXEC) {
			sample_maps_exec(m, s->time, s->pid);
		} else {
			sample_maps_name(m, s->time, s->tid, s->comm);
		}
	}
	free(f->sides);
	f->sides = NULL;
	f->nr_sides = f->alloc_sides = 0;
	if (m->nr_refused || m->nr_merged)
		samples_warn(f->out,
			     "%" PRIu64 " mappings are beyond what a process can have, %" PRIu64
			     " changes of mappings count as if they had always been",
			     m->nr_refused, m->nr_merged);
}

static void add_split(struct perf_file *f, uint64_t offset, uint64_t order)
{
	VEC_GROW(f->splits, f->nr_splits, f->alloc_splits);
	f->splits[f->nr_splits++] = (struct perf_split){ offset, order };
}

static void tell_end(struct perf_file *f, const struct perf_stream *s)
{
	uint64_t unread = f->data_end - s->stopped_at;

	if (!s->stopped_why)
		return;
	f->out->bytes_unread += unread;
	f->out->truncated = true;
	samples_warn(f->out, "%s: %" PRIu64 " bytes from byte %" PRIu64 " on are not read",
		     s->stopped_why, unread, s->stopped_at);
}

static int scan_records(struct scan *scan, struct perf_stream *s, struct pgo_err *err)
{
	struct perf_file *f = scan->f;
	struct perf_record r;
	int ret;

	while ((ret = perf_stream_next(s, &r, err)) == 1) {
		if (r.type != PERF_RECORD_SAMPLE) {
			ret = take(scan, &r, err);
			if (ret)
				return ret;
		}
		if (r.offset - f->splits[f->nr_splits - 1].offset >= SPLIT_BYTES)
			add_split(f, r.offset, r.order);
	}
	return ret;
}

int perf_scan(struct perf_file *f, struct pgo_err *err)
{
	struct scan scan = { .f = f, .later = STRBUF_INIT };
	PGO_AUTO(perf_stream) s = { 0 };
	int ret;

	perf_stream_init(&s, f, f->data_begin, f->data_end, 1);
	add_split(f, f->data_begin, 1);
	ret = scan_records(&scan, &s, err);
	f->compressed = s.out;
	if (!ret) {
		ret = perf_file_features(f, err);
		tell_end(f, &s);
		take_later(&scan);
		build_maps(f);
	}
	if (f->compressed)
		f->nr_splits = 1;
	add_split(f, s.stopped_at, UINT64_MAX);
	strbuf_release(&scan.later);
	return ret;
}
