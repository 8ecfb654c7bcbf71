/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each thread reads files and adds their counters to arrays of its own, in any
 * order; values are merged in the order of the files, each thread when it is
 * at turn, as there the order may be seen in the result.
 */
#include "profiles/llvm/sum.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pgo/base/fs.h"
#include "pgo/base/threads.h"
#include "profiles/llvm/sum-group.h"

#define MAX_THREADS 64
/* Larger files are mapped: to read one takes as much memory again. */
#define MAX_READ_BYTES (32u << 20)

/* What a file says of one site. */
struct event {
	uint32_t sited; /* of the group */
	uint32_t site;	/* of all */
	uint32_t nr_values;
};

struct image {
	struct llvm_group *group;
	size_t nr_events;
};

struct adder {
	const struct llvm_input *inputs;
	size_t nr;
	struct llvm_groups *groups;
	atomic_size_t next;
	atomic_bool stopped;
	/* Of who is at turn, under lock. */
	pthread_mutex_t lock;
	pthread_cond_t turned;
	size_t turn, unfit;
	uint64_t variant;
};

struct worker {
	struct adder *a;
	pthread_t thread;
	uint8_t *buffer;
	size_t buffer_bytes;
	struct llvm_total *totals; /* by group */
	size_t nr_totals;
	uint64_t bound; /* that no counter of total exceeds; saturated */
	struct llvm_group *hint;
	/* Of the file at work. */
	size_t file;
	bool at_turn;
	uint64_t variant;
	struct image *images;
	size_t nr_images, alloc_images;
	struct event *events;
	size_t nr_events, alloc_events;
	struct shim_value *values;
	size_t nr_values, alloc_values;
};

static bool take_turn(struct worker *w)
{
	struct adder *a = w->a;

	if (w->at_turn)
		return true;
	pthread_mutex_lock(&a->lock);
	while (a->turn != w->file && !a->stopped)
		pthread_cond_wait(&a->turned, &a->lock);
	w->at_turn = !a->stopped;
	pthread_mutex_unlock(&a->lock);
	return w->at_turn;
}

static void end_turn(struct worker *w, bool fit)
{
	struct adder *a = w->a;

	pthread_mutex_lock(&a->lock);
	if (!fit) {
		a->stopped = true;
		a->unfit = w->file;
	}
	a->turn++;
	pthread_cond_broadcast(&a->turned);
	pthread_mutex_unlock(&a->lock);
	w->at_turn = false;
}

/* Merge the values of the images so far. At turn. */
static bool merge_values(struct worker *w)
{
	const struct event *e = w->events;
	struct shim_value *v = w->values;
	uint64_t weight = w->a->inputs[w->file].weight;

	for (size_t i = 0; i < w->nr_images; i++) {
		struct llvm_group *group = w->images[i].group;
		bool first = !group->nr_images++;

		for (size_t n = w->images[i].nr_events; n; n--, e++) {
			bool fresh = first && group->sited[e->sited].fresh;

			if (!fresh && !llvm_values_sort(v, e->nr_values))
				return false;
			if (!llvm_site_merge(&w->a->groups->sites[e->site], v, e->nr_values, weight,
					     fresh))
				return false;
			v += e->nr_values;
		}
	}
	w->nr_images = w->nr_events = w->nr_values = 0;
	return true;
}

static bool take_site(struct worker *w, const struct llvm_match *m, unsigned kind,
		      struct event event, const uint8_t *p)
{
	struct shim_value *v;

	while (w->nr_values + event.nr_values > w->alloc_values) {
		w->alloc_values = w->alloc_values ? 2 * w->alloc_values : 1024;
		w->values = xrealloc_array(w->values, w->alloc_values, sizeof(*w->values));
	}
	v = &w->values[w->nr_values];
	memcpy(v, p, event.nr_values * sizeof(*v));
	for (uint32_t i = 0; i < event.nr_values; i++)
		v[i].value = llvm_target_of(&m->group->targets, kind,
					    kind ? v[i].value : v[i].value - m->slide);
	w->nr_values += event.nr_values;
	VEC_GROW(w->events, w->nr_events, w->alloc_events);
	w->events[w->nr_events++] = event;
	return true;
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The values of one function, which are at p and end before end; their size or 0. */
static size_t take_values(struct worker *w, const struct llvm_match *m, uint32_t sited,
			  const uint8_t *p, const uint8_t *end)
{
	const struct llvm_sited *s = &m->group->sited[sited];
	uint32_t size, nr_kinds, site = s->first_site;

	if (end - p < 8)
		return 0;
	size = load32(p);
	nr_kinds = load32(p + 4);
	if (size < 8 || size % 8 || size > (size_t)(end - p))
		return 0;
	end = p + size;
	p += 8;
	for (unsigned kind = 0; kind < LLVM_NR_VALUE_KINDS; kind++) {
		uint32_t nr = s->nr_sites[kind];
		size_t head = 8 + (nr + 7) / 8 * 8;
		const uint8_t *counts = p + 8;

		if (!nr)
			continue;
		if (!nr_kinds-- || (size_t)(end - p) < head || load32(p) != kind ||
		    load32(p + 4) != nr)
			return 0;
		p += head;
		for (uint32_t i = 0; i < nr; i++, site++) {
			size_t bytes = (size_t)counts[i] * sizeof(struct shim_value);

			if (!bytes)
				continue;
			if ((size_t)(end - p) < bytes)
				return 0;
			take_site(w, m, kind, (struct event){ sited, site, counts[i] }, p);
			p += bytes;
		}
	}
	return nr_kinds ? 0 : size;
}

/* The sum of n counters times weight into to; returns the bits that are set in any of them. */
static uint64_t add_counts(uint64_t *restrict to, const uint8_t *restrict from, size_t n,
			   uint64_t weight)
{
	uint64_t bits[4] = { 0 };
	size_t i = 0;

	for (; weight == 1 && i + 4 <= n; i += 4) {
		uint64_t c[4];

		memcpy(c, from + 8 * i, sizeof(c));
		for (unsigned k = 0; k < 4; k++) {
			to[i + k] += c[k];
			bits[k] |= c[k];
		}
	}
	for (; i < n; i++) {
		uint64_t c;

		memcpy(&c, from + 8 * i, sizeof(c));
		to[i] += c * weight;
		bits[0] |= c;
	}
	return bits[0] | bits[1] | bits[2] | bits[3];
}

static struct llvm_total *total_of(struct worker *w, const struct llvm_group *group)
{
	struct llvm_total *acc;

	while (w->nr_totals <= group->index) {
		w->totals = xrealloc_array(w->totals, w->nr_totals + 1, sizeof(*w->totals));
		w->totals[w->nr_totals++] = (struct llvm_total){ 0 };
	}
	acc = &w->totals[group->index];
	if (!acc->counts) {
		acc->counts = xcalloc(group->raw.nr_counters + 1, sizeof(*acc->counts));
		acc->bitmap = xcalloc(group->raw.bitmap_bytes + 1, 1);
	}
	return acc;
}

static bool any_implausible(const uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t c;

		memcpy(&c, from + 8 * i, sizeof(c));
		if (c > LLVM_RAW_MAX_COUNT)
			return true;
	}
	return false;
}

static void raise_bound(struct worker *w, uint64_t bits, uint64_t weight)
{
	uint64_t more;

	if (__builtin_mul_overflow(bits, weight, &more) ||
	    __builtin_add_overflow(w->bound, more, &w->bound))
		w->bound = UINT64_MAX;
}

static bool take_counts(struct worker *w, const struct llvm_match *m, const uint8_t *data)
{
	const struct llvm_raw *raw = &m->group->raw;
	struct llvm_total *acc = total_of(w, m->group);
	const uint8_t *counters = data + (raw->counters - raw->start);
	const uint8_t *bitmap = data + (raw->bitmap - raw->start);
	uint64_t weight = w->a->inputs[w->file].weight, bits = 1;

	if (raw->counter_bytes == 1)
		for (uint64_t i = 0; i < raw->nr_counters; i++)
			acc->counts[i] += counters[i] ? 0 : weight;
	else
		bits = add_counts(acc->counts, counters, raw->nr_counters, weight);
	if (bits > LLVM_RAW_MAX_COUNT && any_implausible(counters, raw->nr_counters))
		return false;
	raise_bound(w, bits, weight);
	for (uint64_t i = 0; i < raw->bitmap_bytes; i++)
		acc->bitmap[i] |= bitmap[i];
	return true;
}

/* A group for a profile that is of none yet. At turn, so that groups are in the files' order. */
static bool make_group(struct worker *w, const uint8_t *data, size_t len, struct llvm_match *m)
{
	if (!take_turn(w) || !merge_values(w))
		return false;
	if (llvm_group_find(w->a->groups, NULL, data, len, m))
		return true;
	*m = (struct llvm_match){ .group = llvm_group_make(w->a->groups, data, len) };
	return m->group != NULL;
}

/* One profile of the file; its size or 0. */
static size_t take_image(struct worker *w, const uint8_t *data, size_t len)
{
	const uint8_t *p, *end = data + len;
	struct llvm_match m;
	size_t nr_events = w->nr_events;

	if (!llvm_group_find(w->a->groups, w->hint, data, len, &m) && !make_group(w, data, len, &m))
		return 0;
	if (w->at_turn)
		nr_events = w->nr_events;
	w->hint = m.group;
	if (!take_counts(w, &m, data))
		return 0;
	p = data + m.group->image_bytes;
	for (uint32_t i = 0; i < m.group->nr_sited; i++) {
		size_t size = take_values(w, &m, i, p, end);

		if (!size)
			return 0;
		p += size;
	}
	VEC_GROW(w->images, w->nr_images, w->alloc_images);
	w->images[w->nr_images++] = (struct image){ m.group, w->nr_events - nr_events };
	return (size_t)(p - data);
}

static bool take_images(struct worker *w, const uint8_t *data, size_t len)
{
	size_t at = 0;

	if (len < 16)
		return false;
	memcpy(&w->variant, data + 8, sizeof(w->variant));
	w->variant &= ~(uint64_t)UINT32_MAX;
	do {
		size_t n = at % 8 || w->a->stopped ? 0 : take_image(w, data + at, len - at);

		if (!n)
			return false;
		for (at += n; at < len && !data[at];)
			at++;
	} while (at < len);
	return true;
}

static bool read_whole(struct worker *w, int fd, size_t size)
{
	size_t len = 0;

	if (size > w->buffer_bytes) {
		free(w->buffer);
		w->buffer = xmalloc(size);
		w->buffer_bytes = size;
	}
	while (len < size) {
		ssize_t n = read(fd, w->buffer + len, size - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return true;
}

static bool take_file(struct worker *w, const char *path)
{
	PGO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	PGO_AUTO(fs_view) view = FS_VIEW_INIT;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	if ((uint64_t)st.st_size > MAX_READ_BYTES)
		return !fs_view_open(&view, path, NULL) && take_images(w, view.data, view.len);
	return read_whole(w, fd, (size_t)st.st_size) &&
	       take_images(w, w->buffer, (size_t)st.st_size);
}

/* Front-end and IR profiles do not mix; kinds of one of the two add up. At turn. */
static bool add_kind(struct worker *w)
{
	struct adder *a = w->a;

	if (w->file && (a->variant ^ w->variant) & LLVM_VARIANT_IR)
		return false;
	a->variant |= w->variant;
	return true;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct adder *a = w->a;

	while (!a->stopped && (w->file = a->next++) < a->nr) {
		bool fit;

		w->nr_images = w->nr_events = w->nr_values = 0;
		w->variant = 0;
		fit = take_file(w, a->inputs[w->file].path);
		if (!take_turn(w))
			break;
		end_turn(w, fit && merge_values(w) && add_kind(w));
	}
	return NULL;
}

static void worker_release(struct worker *w)
{
	for (size_t i = 0; i < w->nr_totals; i++) {
		free(w->totals[i].counts);
		free(w->totals[i].bitmap);
	}
	free(w->totals);
	free(w->buffer);
	free(w->images);
	free(w->events);
	free(w->values);
}

/* Add what one thread has to what another has. */
static void join(struct llvm_groups *groups, struct worker *to, struct worker *from)
{
	for (size_t g = 0; g < from->nr_totals; g++) {
		const struct llvm_raw *raw = &groups->groups[g]->raw;
		const struct llvm_total *f = &from->totals[g];
		struct llvm_total *t;

		if (!f->counts)
			continue;
		t = total_of(to, groups->groups[g]);
		add_counts(t->counts, (const uint8_t *)f->counts, raw->nr_counters, 1);
		for (uint64_t i = 0; i < raw->bitmap_bytes; i++)
			t->bitmap[i] |= f->bitmap[i];
	}
	raise_bound(to, from->bound, 1);
}

static void run_workers(struct worker *workers, unsigned nr)
{
	unsigned started = 0;

	while (started + 1 < nr &&
	       !pthread_create(&workers[started + 1].thread, NULL, work, &workers[started + 1]))
		started++;
	work(&workers[0]);
	for (unsigned i = 1; i <= started; i++)
		pthread_join(workers[i].thread, NULL);
}

static bool finish(struct adder *a, struct worker *workers, unsigned nr_threads,
		   struct llvm_sum *out)
{
	out->unfit = a->unfit;
	if (a->stopped)
		return false;
	for (unsigned i = 1; i < nr_threads; i++)
		join(a->groups, &workers[0], &workers[i]);
	out->unfit = SIZE_MAX;
	out->batch.variant = a->variant;
	/* The last two counts are kept for what no counter says. */
	return workers[0].bound < UINT64_MAX - 2 &&
	       llvm_groups_result(a->groups, workers[0].totals, out);
}

bool llvm_sum_files(const struct llvm_input *inputs, size_t nr, unsigned threads,
		    struct llvm_sum *out)
{
	struct adder a = { .inputs = inputs, .nr = nr };
	struct worker workers[MAX_THREADS] = { 0 };
	unsigned nr_threads = threads_for(threads, nr, MAX_THREADS);
	bool fit;

	a.groups = out->groups = xmalloc(sizeof(*out->groups));
	llvm_groups_init(out->groups);
	pthread_mutex_init(&a.lock, NULL);
	pthread_cond_init(&a.turned, NULL);
	for (unsigned i = 0; i < nr_threads; i++)
		workers[i] = (struct worker){ .a = &a };
	run_workers(workers, nr_threads);
	fit = finish(&a, workers, nr_threads, out);
	/* The result points to the first one's totals. */
	out->totals = workers[0].totals;
	out->nr_totals = workers[0].nr_totals;
	workers[0].totals = NULL;
	workers[0].nr_totals = 0;
	for (unsigned i = 0; i < nr_threads; i++)
		worker_release(&workers[i]);
	pthread_cond_destroy(&a.turned);
	pthread_mutex_destroy(&a.lock);
	return fit;
}

void llvm_sum_release(struct llvm_sum *s)
{
	for (size_t i = 0; i < s->nr_totals; i++) {
		free(s->totals[i].counts);
		free(s->totals[i].bitmap);
	}
	free(s->totals);
	if (s->groups)
		llvm_groups_free(s->groups);
	arena_release(&s->arena);
	*s = (struct llvm_sum)LLVM_SUM_INIT;
}
