/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/sample-tree.h"

#include "pgo/base/num.h"

#define FIRST_SLOTS 1024

void sample_tree_init(struct sample_tree *t)
{
	*t = (struct sample_tree){ .arena = ARENA_INIT, .name_keys = HASHMAP_INIT };
	t->key = hash_bytes("tree", 4) | 1;
	VEC_GROW(t->nodes, t->nr, t->alloc);
	t->nodes[t->nr++] = (struct tree_node){ 0 };
}

void sample_tree_release(struct sample_tree *t)
{
	hashmap_release(&t->name_keys);
	free(t->names);
	free(t->nodes);
	free(t->slots);
	arena_release(&t->arena);
	*t = (struct sample_tree){ 0 };
}

const char *frame_kind_name(enum frame_kind kind)
{
	static const char *const names[FRAME_NR_KINDS] = {
		[FRAME_THREAD] = "thread", [FRAME_USER] = "user",	[FRAME_KERNEL] = "kernel",
		[FRAME_JIT] = "jit",	   [FRAME_UNKNOWN] = "unknown",
	};

	return (size_t)kind < FRAME_NR_KINDS ? names[kind] : "unknown";
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static bool ends(const char *name, const char *with)
{
	size_t len = strlen(name), n = strlen(with);

	return len >= n && !strcmp(name + len - n, with);
}

/* "libc.so.6+0x1b2c", as sample_names_add writes it, or a bare address. */
static bool is_address(const char *name)
{
	const char *plus = strrchr(name, '+');
	const char *digits = plus ? plus + 1 : name;
	size_t len = begins(digits, "0x") ? strspn(digits + 2, "0123456789abcdef") : 0;

	return len && !digits[2 + len];
}

/* Source: the annotations "_[k]" and "_[j]" of stackcollapse-perf.pl --all. */
static enum frame_kind kind_of(const char *name)
{
	if (begins(name, "[kernel") || begins(name, "[guest") || ends(name, "_[k]"))
		return FRAME_KERNEL;
	if (!strcmp(name, "[jit]") || ends(name, "_[j]"))
		return FRAME_JIT;
	if (!*name || !strcmp(name, "[unknown]") || is_address(name))
		return FRAME_UNKNOWN;
	return FRAME_USER;
}

/* key: the kind's letter and the name, so that a thread is none of the functions. */
static uint32_t intern(struct sample_tree *t, struct strbuf *key)
{
	bool is_new;
	struct hashmap_entry *e;

	for (size_t i = 1; i < key->len; i++)
		if (key->buf[i] == ';' || (unsigned char)key->buf[i] < ' ')
			key->buf[i] = '_';
	e = hashmap_find(&t->name_keys, key->buf, key->len);
	if (!e) {
		const char *text = arena_strndup(&t->arena, key->buf, key->len);

		e = hashmap_put(&t->name_keys, text, key->len, &is_new);
		e->value = (void *)(uintptr_t)t->nr_names;
		VEC_GROW(t->names, t->nr_names, t->alloc_names);
		t->names[t->nr_names++] = (struct frame_name){
			.text = text + 1,
			.kind = *text == 't' ? FRAME_THREAD : kind_of(text + 1),
		};
	}
	return (uint32_t)(uintptr_t)e->value;
}

static void put(struct sample_tree *t, struct tree_slot add)
{
	size_t i = add.hash & t->mask;

	while (t->slots[i].node)
		i = (i + 1) & t->mask;
	t->slots[i] = add;
}

/* The nodes themselves, far apart in memory, are not looked at. */
static void rehash(struct sample_tree *t)
{
	struct tree_slot *old = t->slots;
	size_t nr = old ? t->mask + 1 : 0;

	t->mask = nr ? nr * 2 - 1 : FIRST_SLOTS - 1;
	t->slots = xcalloc(t->mask + 1, sizeof(*t->slots));
	for (size_t i = 0; i < nr; i++)
		if (old[i].node)
			put(t, old[i]);
	free(old);
}

static uint32_t child(struct sample_tree *t, uint32_t parent, uint32_t name)
{
	unsigned __int128 h = (unsigned __int128)((uint64_t)parent << 32 | name) * t->key;
	struct tree_slot add = { (uint32_t)t->nr, (uint32_t)(h >> 64) ^ (uint32_t)(h >> 32) };

	if (!t->slots || t->nr + 1 > (t->mask + 1) / 2)
		rehash(t);
	for (size_t i = add.hash & t->mask; t->slots[i].node; i = (i + 1) & t->mask) {
		const struct tree_node *n = &t->nodes[t->slots[i].node];

		if (t->slots[i].hash == add.hash && n->parent == parent && n->name == name)
			return t->slots[i].node;
	}
	VEC_GROW(t->nodes, t->nr, t->alloc);
	t->nodes[t->nr++] = (struct tree_node){ .name = name, .parent = parent };
	put(t, add);
	return add.node;
}

/* The names of places that were looked up. */
struct place {
	uint64_t loc;
	uint32_t name; /* + 1; 0: the slot is free */
	bool caller;
};

struct walk {
	struct sample_tree *tree;
	const struct samples *s;
	struct sample_names *names;
	const struct sample_tree_opts *opts;
	struct place *places;
	size_t nr, mask;
	struct strbuf key;
	/* The stack before this one, and its nodes from the root on. */
	const struct sample_stack *last;
	uint32_t *path;
	size_t alloc_path;
};

static void walk_release(struct walk *w)
{
	free(w->places);
	free(w->path);
	strbuf_release(&w->key);
}
PGO_DEFINE_AUTO(walk, walk_release)

static struct place *place_slot(const struct walk *w, uint64_t loc, bool caller)
{
	uint64_t h = (loc << 1 ^ loc >> 63 ^ caller) * w->tree->key;
	size_t slot = (size_t)(h ^ h >> 32) & w->mask;

	while (w->places[slot].name &&
	       (w->places[slot].loc != loc || w->places[slot].caller != caller))
		slot = (slot + 1) & w->mask;
	return &w->places[slot];
}

static void grow_places(struct walk *w)
{
	struct place *old = w->places;
	size_t nr = old ? w->mask + 1 : 0;

	w->mask = nr ? nr * 2 - 1 : FIRST_SLOTS - 1;
	w->places = xcalloc(w->mask + 1, sizeof(*w->places));
	for (size_t i = 0; i < nr; i++)
		if (old[i].name)
			*place_slot(w, old[i].loc, old[i].caller) = old[i];
	free(old);
}

static uint32_t name_of(struct walk *w, uint64_t loc, bool caller)
{
	struct place *p;

	if (!w->places || w->nr + 1 > (w->mask + 1) / 2)
		grow_places(w);
	p = place_slot(w, loc, caller);
	if (!p->name) {
		strbuf_clear(&w->key);
		strbuf_addch(&w->key, 'f');
		sample_names_add(w->names, loc, caller, &w->key);
		*p = (struct place){ loc, intern(w->tree, &w->key) + 1, caller };
		w->nr++;
	}
	return p->name - 1;
}

static uint32_t thread_of(struct walk *w, uint32_t comm)
{
	strbuf_clear(&w->key);
	strbuf_addch(&w->key, 't');
	strbuf_addstr(&w->key, comm ? w->s->comms.v[comm] : "[unknown]");
	return intern(w->tree, &w->key);
}

/* The index of a stack's frame at a depth below the root or the thread. */
static uint32_t frame_at(const struct walk *w, const struct sample_stack *s, uint32_t depth)
{
	return w->opts->reverse ? depth : s->nr - 1 - depth;
}

/* How many frames, from the root on, are where they are in the stack before. */
static uint32_t common_frames(const struct walk *w, const struct sample_stack *s, bool has_thread)
{
	const uint64_t *frames = w->s->tally.stacks.frames;
	const struct sample_stack *last = w->last;
	uint32_t most, nr = 0;

	if (!last || (has_thread && last->comm != s->comm))
		return 0;
	most = last->nr < s->nr ? last->nr : s->nr;
	while (nr < most) {
		uint32_t a = frame_at(w, last, nr), b = frame_at(w, s, nr);

		if (frames[last->first + a] != frames[s->first + b] || !a != !b)
			break;
		nr++;
	}
	return nr;
}

static void add_stack(struct walk *w, const struct sample_stack *s)
{
	const uint64_t *frames = w->s->tally.stacks.frames + s->first;
	bool thread_first = !w->opts->join_threads && !w->opts->reverse;
	uint32_t at = 0, depth = common_frames(w, s, thread_first);
	uint64_t *self;

	if (w->alloc_path < s->nr) {
		w->alloc_path = (size_t)s->nr * 2;
		w->path = xrealloc_array(w->path, w->alloc_path, sizeof(*w->path));
	}
	if (depth)
		at = w->path[depth - 1];
	else if (thread_first)
		at = child(w->tree, 0, thread_of(w, s->comm));
	for (; depth < s->nr; depth++) {
		uint32_t i = frame_at(w, s, depth);

		at = child(w->tree, at, name_of(w, frames[i], i > 0));
		w->path[depth] = at;
	}
	if (w->opts->reverse && !w->opts->join_threads)
		at = child(w->tree, at, thread_of(w, s->comm));
	self = &w->tree->nodes[at].self[w->opts->side];
	*self = num_add_sat(*self, s->count, NULL);
	w->last = s;
}

void sample_tree_add(struct sample_tree *t, const struct samples *s, struct sample_names *names,
		     const struct sample_tree_opts *opts)
{
	PGO_AUTO(walk) w = { .tree = t, .s = s, .names = names, .opts = opts, .key = STRBUF_INIT };

	for (size_t i = 0; i < s->tally.stacks.nr; i++)
		add_stack(&w, &s->tally.stacks.stacks[i]);
}

void sample_tree_finish(struct sample_tree *t)
{
	for (size_t i = t->nr; i-- > 0;) {
		struct tree_node *n = &t->nodes[i], *parent = &t->nodes[n->parent];

		for (unsigned side = 0; side < 2; side++) {
			n->total[side] = num_add_sat(n->total[side], n->self[side], NULL);
			if (i)
				parent->total[side] = num_add_sat(parent->total[side],
								  n->total[side], NULL);
		}
		if (i) {
			n->next_sibling = parent->first_child;
			parent->first_child = (uint32_t)i;
		}
	}
}

/* A function that calls itself has its total from the outermost call. */
static void enter(const struct sample_tree *t, uint32_t node, uint32_t *open,
		  struct frame_sum *sums)
{
	const struct tree_node *n = &t->nodes[node];
	struct frame_sum *sum = &sums[n->name];

	for (unsigned side = 0; side < 2; side++) {
		sum->self[side] = num_add_sat(sum->self[side], n->self[side], NULL);
		if (!open[n->name])
			sum->total[side] = num_add_sat(sum->total[side], n->total[side], NULL);
	}
	open[n->name]++;
}

struct frame_sum *sample_tree_sums(const struct sample_tree *t)
{
	struct frame_sum *sums = xcalloc(t->nr_names + 1, sizeof(*sums));
	PGO_AUTO_FREE uint32_t *open = xcalloc(t->nr_names + 1, sizeof(*open));
	uint32_t at = t->nodes[0].first_child;

	while (at) {
		enter(t, at, open, sums);
		if (t->nodes[at].first_child) {
			at = t->nodes[at].first_child;
			continue;
		}
		while (at && !t->nodes[at].next_sibling) {
			open[t->nodes[at].name]--;
			at = t->nodes[at].parent;
		}
		if (at) {
			open[t->nodes[at].name]--;
			at = t->nodes[at].next_sibling;
		}
	}
	return sums;
}
