/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/sample-places.h"

#include "pgo/base/num.h"

/* Both compilers keep 16 bits of a line's distance from the function's first. */
#define LINE_MASK 0xffffu

void sample_places_init(struct sample_places *p, enum sample_compiler compiler, size_t nr_scopes)
{
	*p = (struct sample_places){ .compiler = compiler, .arena = ARENA_INIT };
	p->of_scope = xcalloc(nr_scopes + 1, sizeof(*p->of_scope));
}

void sample_places_release(struct sample_places *p)
{
	hashmap_release(&p->names);
	hashmap_release(&p->keys);
	arena_release(&p->arena);
	free(p->nodes);
	free(p->of_scope);
	free(p->places);
	*p = (struct sample_places){ .arena = ARENA_INIT };
}

/*
 * The length of a name without what optimizers put behind it, as
 * FunctionSamples::getCanonicalFnName has it; GCC's debug information has bare names.
 */
static size_t canonical_length(const char *name)
{
	static const char *const suffixes[] = { ".llvm.", ".part." };
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		for (size_t at = len; at-- > 0;) {
			if (at + n > len || memcmp(name + at, suffixes[i], n) != 0)
				continue;
			if (!memchr(name + at + n, '.', len - at - n))
				len = at;
			break;
		}
	}
	return len;
}

static const char *intern(struct sample_places *p, const char *name, size_t len)
{
	struct hashmap_entry *e = hashmap_find(&p->names, name, len);

	if (!e)
		e = hashmap_put(&p->names, arena_strndup(&p->arena, name, len), len, NULL);
	return e->key;
}

static uint32_t node_of(struct sample_places *p, uint32_t up, uint32_t line, uint32_t discriminator,
			const char *name)
{
	size_t len = p->compiler == SAMPLE_LLVM ? canonical_length(name) : strlen(name);
	struct {
		const char *name;
		uint32_t up, line, discriminator, pad;
	} key = { intern(p, name, len), up, line, discriminator, 0 };
	struct hashmap_entry *e = hashmap_find(&p->keys, &key, sizeof(key));

	if (!e) {
		char *copy = arena_alloc(&p->arena, 1, sizeof(key));

		memcpy(copy, &key, sizeof(key));
		e = hashmap_put(&p->keys, copy, sizeof(key), NULL);
		e->value = (void *)(uintptr_t)p->nr_nodes;
		VEC_GROW(p->nodes, p->nr_nodes, p->alloc_nodes);
		p->nodes[p->nr_nodes++] = (struct sample_node){
			.up = up,
			.line = line,
			.discriminator = discriminator,
			.name = key.name,
			.name_len = (uint32_t)len,
		};
	}
	return (uint32_t)(uintptr_t)e->value;
}

uint32_t sample_places_function(struct sample_places *p, const char *name)
{
	return node_of(p, SAMPLE_NO_NODE, 0, 0, name);
}

/* Source: DILocation::getUnsignedFromPrefixEncoding and getNextComponentInDiscriminator. */
static uint32_t component(uint32_t d)
{
	if (d & 1)
		return 0;
	d >>= 1;
	return d & 0x20 ? ((d >> 1) & 0xfe0) | (d & 0x1f) : d & 0x1f;
}

static uint32_t next_component(uint32_t d)
{
	return d & 1 ? d >> 1 : d >> (d & 0x40 ? 14 : 7);
}

static uint32_t base_discriminator(const struct sample_places *p, uint32_t d)
{
	return p->compiler == SAMPLE_LLVM ? component(d) : d;
}

/* How many copies of the line's code there are beside each other. */
static uint32_t duplication(const struct sample_places *p, uint32_t d)
{
	uint32_t n = p->compiler == SAMPLE_LLVM ? component(next_component(d)) : 1;

	return n ? n : 1;
}

static uint32_t line_offset(const struct dwarf_scope *scope, uint32_t line)
{
	return (line - scope->decl_line) & LINE_MASK;
}

/* scope and all around it have names. */
static uint32_t node_of_scope(struct sample_places *p, const struct dwarf_scope *scope)
{
	uint32_t node, up = SAMPLE_NO_NODE;

	if (p->of_scope[scope->id])
		return p->of_scope[scope->id] - 1;
	if (scope->up) {
		up = node_of_scope(p, scope->up);
		node = node_of(p, up, line_offset(scope->up, scope->call_line),
			       base_discriminator(p, scope->call_discriminator), scope->name);
	} else {
		node = node_of(p, up, 0, 0, scope->name);
	}
	p->of_scope[scope->id] = node + 1;
	return node;
}

bool sample_places_find(struct sample_places *p, const struct dwarf_segment *segment,
			struct sample_place *ret)
{
	const struct dwarf_scope *scope = segment->scope, *nameless = NULL;
	uint32_t line = segment->line, discriminator = segment->discriminator;

	for (const struct dwarf_scope *s = scope; s; s = s->up)
		if (!s->name)
			nameless = s;
	if (nameless) {
		if (!nameless->up)
			return false;
		line = nameless->call_line;
		discriminator = nameless->call_discriminator;
		scope = nameless->up;
	}
	if (!scope) /* code outside of functions has no segments */
		return false;
	*ret = (struct sample_place){
		.node = node_of_scope(p, scope),
		.line = line_offset(scope, line),
		.discriminator = base_discriminator(p, discriminator),
	};
	return true;
}

static void add_place(struct sample_places *p, const struct sample_place *place)
{
	VEC_GROW(p->places, p->nr_places, p->alloc_places);
	p->places[p->nr_places++] = *place;
}

void sample_places_count(struct sample_places *p, const struct dwarf_segment *segment,
			 uint64_t count, uint64_t total)
{
	struct sample_place place;

	if (!sample_places_find(p, segment, &place))
		return;
	place.count = num_mul_sat(count, duplication(p, segment->discriminator), NULL);
	add_place(p, &place);
	for (uint32_t n = place.node; n != SAMPLE_NO_NODE; n = p->nodes[n].up)
		p->nodes[n].total = num_add_sat(p->nodes[n].total, total, NULL);
}

void sample_places_call(struct sample_places *p, const struct sample_place *from,
			const char *target, uint64_t count)
{
	struct sample_place place = *from;
	const struct sample_node *n = &p->nodes[sample_places_function(p, target)];

	place.target = n->name;
	place.target_len = n->name_len;
	place.count = count;
	add_place(p, &place);
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* A line comes before the targets of calls from it. */
static int by_place(const void *a, const void *b)
{
	const struct sample_place *x = a, *y = b;

	if (x->node != y->node)
		return compare(x->node, y->node);
	if (x->line != y->line)
		return compare(x->line, y->line);
	if (x->discriminator != y->discriminator)
		return compare(x->discriminator, y->discriminator);
	return compare((uintptr_t)x->target, (uintptr_t)y->target);
}

void sample_places_fold(struct sample_places *p)
{
	struct sample_place *v = p->places;
	size_t nr = 0;

	if (p->nr_places)
		qsort(v, p->nr_places, sizeof(*v), by_place);
	for (size_t i = 0; i < p->nr_places; i++) {
		if (!nr || by_place(&v[nr - 1], &v[i]))
			v[nr++] = v[i];
		else if (v[i].target)
			v[nr - 1].count = num_add_sat(v[nr - 1].count, v[i].count, NULL);
		else if (v[nr - 1].count < v[i].count)
			v[nr - 1].count = v[i].count;
	}
	p->nr_places = nr;
}

uint64_t sample_places_get(const struct sample_places *p, const struct sample_place *place)
{
	const struct sample_place *found = bsearch(place, p->places, p->nr_places,
						   sizeof(*p->places), by_place);

	return found ? found->count : 0;
}

/* Functions that the compiler makes one of in each file, under one name. */
static bool is_ambiguous(const struct sample_node *n)
{
	return !strncmp(n->name, "__cxx_global_var_init", 21) ||
	       !strncmp(n->name, "__tls_init", 10);
}

static struct sample_func **add_functions(const struct sample_places *p, struct sample_profile *out)
{
	struct sample_func **funcs = xcalloc(p->nr_nodes + 1, sizeof(*funcs));

	for (size_t i = 0; i < p->nr_nodes; i++) {
		const struct sample_node *n = &p->nodes[i];

		if (is_ambiguous(n) || (n->up != SAMPLE_NO_NODE && !funcs[n->up]))
			continue;
		funcs[i] = n->up == SAMPLE_NO_NODE
				   ? sample_add_func(out, n->name, n->name_len)
				   : sample_add_call(out, funcs[n->up], n->line, n->discriminator,
						     n->name, n->name_len);
		funcs[i]->total = n->total < out->limit ? n->total : out->limit;
		funcs[i]->head = n->head < out->limit ? n->head : out->limit;
	}
	return funcs;
}

static bool same_line(const struct sample_place *a, const struct sample_place *b)
{
	return a->node == b->node && a->line == b->line && a->discriminator == b->discriminator;
}

void sample_places_build(const struct sample_places *p, struct sample_profile *out)
{
	PGO_AUTO_FREE struct sample_func **funcs = add_functions(p, out);
	const struct sample_place *v = p->places;

	for (size_t i = 0, next; i < p->nr_places; i = next) {
		struct sample_line *line;
		uint64_t called = 0;

		for (next = i + 1; next < p->nr_places && same_line(&v[i], &v[next]); next++)
			;
		if (!funcs[v[i].node])
			continue;
		line = sample_add_line(out, funcs[v[i].node], v[i].line, v[i].discriminator,
				       v[i].target ? 0 : v[i].count);
		for (size_t j = i + !v[i].target; j < next; j++) {
			sample_add_target(out, line, v[j].target, v[j].target_len, v[j].count);
			called = num_add_sat(called, v[j].count, NULL);
		}
		/* Source: FunctionSamples::updateCallsiteSamples, which sees no inlined ones. */
		if (p->compiler == SAMPLE_LLVM && p->nodes[v[i].node].up == SAMPLE_NO_NODE &&
		    called > line->count)
			line->count = called;
		if (line->count > out->limit)
			line->count = out->limit;
	}
	sample_finish(out);
}
