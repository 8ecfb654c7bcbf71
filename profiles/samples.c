/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/samples.h"

#include <stdarg.h>
#include <stdio.h>

#include "pgo/base/num.h"

#define DELETED " (deleted)"

static void add_fixed(struct samples *s, const char *path, enum sample_region region)
{
	VEC_GROW(s->binaries, s->nr_binaries, s->alloc_binaries);
	s->binaries[s->nr_binaries++] = (struct sample_binary){ .path = path, .region = region };
}

void samples_init(struct samples *s)
{
	*s = (struct samples){ .arena = ARENA_INIT,
			       .comms = STRVEC_INIT,
			       .names = STRVEC_INIT,
			       .warnings = STRVEC_INIT };
	s->format = s->version = s->arch = s->command = "";
	add_fixed(s, "[unknown]", SAMPLE_UNKNOWN);
	add_fixed(s, "[kernel]", SAMPLE_KERNEL);
	add_fixed(s, "[guest]", SAMPLE_GUEST);
	add_fixed(s, "[names]", SAMPLE_NAMED);
	strvec_push(&s->comms, "");
}

void samples_release(struct samples *s)
{
	hashmap_release(&s->binary_keys);
	sample_tally_release(&s->tally);
	strvec_release(&s->comms);
	strvec_release(&s->names);
	strvec_release(&s->warnings);
	free(s->binaries);
	free(s->events);
	free(s->traces);
	free(s->branches);
	free(s->ranges);
	free(s->addresses);
	arena_release(&s->arena);
	*s = (struct samples){ 0 };
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

/* Source: is_anon_memory and is_no_dso_memory of tools/perf/util/map.c. */
static enum sample_region region_of(const char *name)
{
	static const char *const jit[] = {
		"//anon", "[anon",   "[heap]",	    "[stack",	      "/dev/zero",
		"/SYSV",  "/memfd:", "anon_inode:", "/anon_hugepage", "/tmp/perf-"
	};

	if (!*name)
		return SAMPLE_JIT;
	if (begins(name, "[vdso") || begins(name, "[vsyscall") || begins(name, "[vectors"))
		return SAMPLE_VDSO;
	for (size_t i = 0; i < ARRAY_SIZE(jit); i++)
		if (begins(name, jit[i]))
			return SAMPLE_JIT;
	return *name == '[' ? SAMPLE_UNKNOWN : SAMPLE_FILE;
}

/* The part of a name that no kernel image has another of. */
static bool is_kernel_image(const char *name)
{
	return begins(name, "[kernel.kallsyms]") || begins(name, "[guest.kernel.kallsyms") ||
	       begins(name, "[kernel.vmlinux]") || begins(name, "[kernel]");
}

/* path, a NUL, and the bytes that tell files of one path apart. */
static char *make_key(const char *path, const struct sample_file_id *id, size_t *ret_len)
{
	PGO_AUTO(strbuf) key = STRBUF_INIT;

	strbuf_addstr(&key, path);
	strbuf_addch(&key, '\0');
	if (id && id->build_id_bytes)
		strbuf_add(&key, id->build_id, id->build_id_bytes);
	else if (id && id->inode)
		strbuf_addf(&key, "%x:%x:%llx:%llx", id->major, id->minor,
			    (unsigned long long)id->inode, (unsigned long long)id->generation);
	*ret_len = key.len;
	return strbuf_take(&key);
}

static uint32_t new_binary(struct samples *s, const char *path, enum sample_region region,
			   bool deleted, const struct sample_file_id *id)
{
	struct sample_binary b = { .path = arena_strdup(&s->arena, path), .region = region };

	b.deleted = deleted;
	if (id) {
		memcpy(b.build_id, id->build_id, sizeof(b.build_id));
		b.build_id_bytes = id->build_id_bytes;
	}
	VEC_GROW(s->binaries, s->nr_binaries, s->alloc_binaries);
	s->binaries[s->nr_binaries] = b;
	return (uint32_t)s->nr_binaries++;
}

uint32_t samples_binary(struct samples *s, const char *name, bool kernel,
			const struct sample_file_id *id)
{
	enum sample_region region = kernel ? SAMPLE_KERNEL : region_of(name);
	size_t len = strlen(name), cut = strlen(DELETED), key_len;
	bool deleted = len > cut && !strcmp(name + len - cut, DELETED);
	PGO_AUTO_FREE char *path = xstrndup(name, deleted ? len - cut : len);
	PGO_AUTO_FREE char *key = NULL;
	struct hashmap_entry *e;

	if (kernel && is_kernel_image(name))
		return SAMPLE_BINARY_KERNEL;
	/* One name a kind: a process makes as many such mappings as it likes. */
	if (region == SAMPLE_JIT || region == SAMPLE_UNKNOWN)
		id = NULL;
	key = make_key(region == SAMPLE_JIT ? "[jit]" : path, id, &key_len);
	e = hashmap_find(&s->binary_keys, key, key_len);
	if (e)
		return (uint32_t)(uintptr_t)e->value;
	if (s->nr_binaries >= SAMPLE_MAX_BINARIES) {
		s->max_binaries++;
		return SAMPLE_BINARY_UNKNOWN;
	}
	e = hashmap_put(&s->binary_keys, arena_strndup(&s->arena, key, key_len), key_len, NULL);
	e->value = (void *)(uintptr_t)new_binary(s, region == SAMPLE_JIT ? "[jit]" : path, region,
						 deleted && region == SAMPLE_FILE, id);
	return (uint32_t)(uintptr_t)e->value;
}

void samples_set_build_id(struct samples *s, const char *name, const uint8_t *id, size_t nr)
{
	size_t len = strlen(name), cut = strlen(DELETED);
	bool kernel = is_kernel_image(name);

	if (len > cut && !strcmp(name + len - cut, DELETED))
		len -= cut;
	if (nr > SAMPLE_BUILD_ID_MAX)
		nr = SAMPLE_BUILD_ID_MAX;
	for (size_t i = 0; i < s->nr_binaries; i++) {
		struct sample_binary *b = &s->binaries[i];

		if (b->build_id_bytes ||
		    !(kernel ? i == SAMPLE_BINARY_KERNEL
			     : strlen(b->path) == len && !memcmp(b->path, name, len)))
			continue;
		memcpy(b->build_id, id, nr);
		b->build_id_bytes = (uint8_t)nr;
	}
}

/* The index of text in list; kind keeps the lists apart, which a binary's key has no NUL for. */
static uint32_t intern(struct samples *s, struct strvec *list, char kind, const char *text,
		       size_t text_len)
{
	PGO_AUTO_FREE char *key = xstrfmt("%c%.*s", kind, (int)text_len, text);
	size_t len = strlen(key);
	struct hashmap_entry *e = hashmap_find(&s->binary_keys, key, len);

	if (e)
		return (uint32_t)(uintptr_t)e->value;
	e = hashmap_put(&s->binary_keys, arena_strdup(&s->arena, key), len, NULL);
	e->value = (void *)(uintptr_t)list->nr;
	strvec_push(list, key + 1);
	return (uint32_t)(uintptr_t)e->value;
}

uint32_t samples_comm(struct samples *s, const char *name)
{
	return intern(s, &s->comms, 'c', name, strlen(name));
}

uint64_t samples_name(struct samples *s, const char *name, size_t len)
{
	return sample_loc(SAMPLE_BINARY_NAMES, intern(s, &s->names, 'n', name, len));
}

struct sample_event *samples_add_event(struct samples *s, const char *name)
{
	VEC_GROW(s->events, s->nr_events, s->alloc_events);
	s->events[s->nr_events] = (struct sample_event){ .name = arena_strdup(&s->arena, name) };
	return &s->events[s->nr_events++];
}

void samples_warn(struct samples *s, const char *fmt, ...)
{
	PGO_AUTO(strbuf) text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	strvec_push(&s->warnings, text.buf);
}

void sample_tally_init(struct sample_tally *t, size_t nr_events)
{
	*t = (struct sample_tally){ .nr_events = nr_events };
	t->events = xcalloc(nr_events + 1, sizeof(*t->events));
}

void sample_tally_release(struct sample_tally *t)
{
	trace_table_release(&t->traces);
	trace_table_release(&t->raw);
	address_table_release(&t->addresses);
	stack_table_release(&t->stacks);
	stack_table_release(&t->hybrids);
	free(t->events);
	*t = (struct sample_tally){ 0 };
}

static void merge_traces(struct trace_table *to, const struct trace_table *from)
{
	for (size_t i = 0; from->slots && i <= from->mask; i++)
		if (from->slots[i].count)
			trace_table_add(to, &from->slots[i]);
}

static void merge_stacks(struct stack_table *to, const struct stack_table *from)
{
	for (size_t i = 0; i < from->nr; i++) {
		const struct sample_stack *s = &from->stacks[i];

		stack_table_add(to, &from->frames[s->first], s->nr, s->comm, s->count);
	}
}

static void merge_tables(struct sample_tally *to, const struct sample_tally *from)
{
	const struct address_table *a = &from->addresses;

	merge_traces(&to->traces, &from->traces);
	merge_traces(&to->raw, &from->raw);
	for (size_t i = 0; a->slots && i <= a->mask; i++)
		if (a->slots[i].count)
			address_table_add(&to->addresses, a->slots[i].loc, a->slots[i].count);
	merge_stacks(&to->stacks, &from->stacks);
	merge_stacks(&to->hybrids, &from->hybrids);
}

void sample_tally_merge(struct sample_tally *to, const struct sample_tally *from)
{
	merge_tables(to, from);
	for (size_t i = 0; i < to->nr_events && i < from->nr_events; i++) {
		to->events[i].samples += from->events[i].samples;
		to->events[i].period = num_add_sat(to->events[i].period, from->events[i].period,
						   NULL);
		to->events[i].branch_entries += from->events[i].branch_entries;
	}
	to->samples += from->samples;
	to->branch_entries += from->branch_entries;
	to->mispredicted += from->mispredicted;
	to->other_events += from->other_events;
	to->deferred_chains += from->deferred_chains;
	if (from->first_ns && (!to->first_ns || from->first_ns < to->first_ns))
		to->first_ns = from->first_ns;
	if (from->last_ns > to->last_ns)
		to->last_ns = from->last_ns;
}

const char *sample_region_name(enum sample_region region)
{
	static const char *const names[SAMPLE_NR_REGIONS] = {
		[SAMPLE_UNKNOWN] = "unknown", [SAMPLE_FILE] = "file", [SAMPLE_KERNEL] = "kernel",
		[SAMPLE_JIT] = "jit",	      [SAMPLE_VDSO] = "vdso", [SAMPLE_GUEST] = "guest",
		[SAMPLE_NAMED] = "names",
	};

	return (size_t)region < SAMPLE_NR_REGIONS ? names[region] : "unknown";
}

void sample_add_build_id(struct strbuf *sb, const uint8_t *id, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		strbuf_addf(sb, "%02x", id[i]);
}
