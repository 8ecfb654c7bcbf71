/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which symbol's counters are those of a name. A function that only its file sees may share its
 * name with others, so that the file must agree as well; and what compilers make of a function
 * (f.constprop.0, f.llvm.123) has the counters of f.
 */
#include "profiles/probes-match.h"

#include <stdlib.h>
#include <string.h>

/* All counters of functions of one name, by the two kinds of compilers. */
struct kind {
	bool public;	    /* there are some of a function that all files see, or nobody knows */
	uint32_t unclaimed; /* files that have them for one of their own, which has not turned up */
};
struct probes_name {
	struct kind llvm, gcc;
};
/* Of functions that only one file sees. */
struct probes_private {
	uint32_t nr;	 /* how many have them: files may be called alike */
	uint32_t claims; /* functions of that very name and file; above nr: ambiguous */
};

void probes_match_release(struct probes_match *m)
{
	hashmap_release(&m->names);
	hashmap_release(&m->privates);
	strbuf_release(&m->key);
	free(m->symbols);
	*m = (struct probes_match)PROBES_MATCH_INIT(NULL);
}

static void make_key(struct probes_match *m, const char *name, size_t len,
		     const struct probes_owner *owner)
{
	strbuf_clear(&m->key);
	strbuf_add(&m->key, name, len);
	strbuf_addch(&m->key, '\0');
	if (owner->gcc)
		strbuf_add(&m->key, &owner->unit, sizeof(owner->unit));
	else
		strbuf_addf(&m->key, "/%s", owner->file);
}

static void *put(struct arena *arena, struct hashmap *map, const char *key, size_t len, size_t size)
{
	struct hashmap_entry *e = hashmap_find(map, key, len);

	if (!e) {
		e = hashmap_put(map, arena_strndup(arena, key, len), len, NULL);
		e->value = arena_zalloc(arena, 1, size);
	}
	return e->value;
}

void probes_match_add(struct probes_match *m, const char *name, size_t len,
		      const struct probes_owner *owner)
{
	struct arena *arena = &m->p->arena;
	struct probes_name *n = put(arena, &m->names, name, len, sizeof(*n));
	struct kind *kind = owner->gcc ? &n->gcc : &n->llvm;
	struct probes_private *private;

	if (owner->gcc ? !owner->unit : !owner->file) {
		kind->public = true;
		return;
	}
	make_key(m, name, len, owner);
	private = put(arena, &m->privates, m->key.buf, m->key.len, sizeof(*private));
	kind->unclaimed += !private->nr++;
}

/* Counters of name, or of what it was made from; *len becomes the length of that. */
static struct probes_name *find_name(const struct probes_match *m, const char *name, size_t *len)
{
	struct hashmap_entry *e = NULL;

	while (*len && !(e = hashmap_find(&m->names, name, *len))) {
		const char *dot = memrchr(name, '.', *len);

		*len = dot ? (size_t)(dot - name) : 0;
	}
	return e ? e->value : NULL;
}

/* The counters of the symbol's own file, or NULL. */
static struct probes_private *
find_private(struct probes_match *m, const struct probes_symbol *s, size_t len, bool gcc)
{
	const struct probes_owner owner = { s->f.file, s->unit, gcc };
	struct hashmap_entry *e;

	if (!s->f.local || (gcc ? !owner.unit : !owner.file))
		return NULL;
	make_key(m, s->f.name, len, &owner);
	e = hashmap_find(&m->privates, m->key.buf, m->key.len);
	return e ? e->value : NULL;
}

/* The same, and noted when it is no clone. */
static struct probes_private *claim(struct probes_match *m, const struct probes_symbol *s)
{
	size_t len = strlen(s->f.name), whole = len;
	struct probes_name *n = find_name(m, s->f.name, &len);
	struct probes_private *private = NULL;

	for (int gcc = 0; n && !private && gcc < 2; gcc++) {
		struct kind *kind = gcc ? &n->gcc : &n->llvm;

		private = find_private(m, s, len, gcc);
		if (private && len == whole)
			kind->unclaimed -= !private->claims++;
	}
	return private;
}

/* f of one file became visible so that code of another could use it (link-time optimization). */
static bool is_promoted(const struct probes_symbol *s)
{
	return strstr(s->f.name, ".llvm.") || strstr(s->f.name, ".lto_priv.");
}

/* Nothing says that they are another function's. */
static bool has_free(const struct probes_name *n, const struct probes_symbol *s)
{
	if (n->llvm.public || n->gcc.public)
		return true;
	if (n->gcc.unclaimed && (!s->f.local || !s->unit))
		return true;
	return n->llvm.unclaimed && ((s->f.local && !s->f.file) || is_promoted(s));
}

/* Names of functions that every file sees. */
static void find_public(const struct probes_match *m, struct hashmap *set)
{
	for (size_t i = 0; i < m->nr_symbols; i++) {
		const struct probes_symbol *s = &m->symbols[i];

		if (!s->f.local)
			hashmap_put(set, s->f.name, strlen(s->f.name), NULL);
	}
}

static enum probes_state decide(const struct probes_match *m, const struct hashmap *seen,
				const struct probes_symbol *s, const struct probes_private *own)
{
	size_t len = strlen(s->f.name), whole = len;
	const struct probes_name *n = find_name(m, s->f.name, &len);

	if (own)
		return own->claims > own->nr ? PROBES_AMBIGUOUS : PROBES_THERE;
	/* What a public function of the same name has is not this one's. */
	if (!n || (s->f.local && s->f.file && hashmap_find(seen, s->f.name, whole)))
		return PROBES_NONE;
	return has_free(n, s) ? PROBES_THERE : PROBES_NONE;
}

/* At one address what has probes first, whole functions before parts, then by name. */
static int by_place(const void *a, const void *b)
{
	const struct probes_function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->state != y->state)
		return (int)x->state - (int)y->state;
	if (x->part != y->part)
		return x->part - y->part;
	return strcmp(x->name, y->name);
}

/* Identical code that was folded, aliases and constructors' two names are one piece of code. */
static void unite(struct probes *p)
{
	struct probes_function *v = p->functions;
	size_t nr = 0;

	if (p->nr_functions)
		qsort(v, p->nr_functions, sizeof(*v), by_place);
	for (size_t i = 0; i < p->nr_functions; i++) {
		if (nr && v[nr - 1].start == v[i].start) {
			if (v[nr - 1].bytes < v[i].bytes)
				v[nr - 1].bytes = v[i].bytes;
			continue;
		}
		v[nr++] = v[i];
	}
	p->nr_functions = nr;
	for (size_t i = 0; i + 1 < nr; i++)
		if (v[i].bytes > v[i + 1].start - v[i].start)
			v[i].bytes = v[i + 1].start - v[i].start;
}

void probes_match_finish(struct probes_match *m)
{
	PGO_AUTO_FREE struct probes_private **own = xcalloc(m->nr_symbols + 1, sizeof(*own));
	PGO_AUTO(hashmap) seen = HASHMAP_INIT;
	struct probes *p = m->p;

	find_public(m, &seen);
	for (size_t i = 0; i < m->nr_symbols; i++)
		own[i] = claim(m, &m->symbols[i]);
	for (size_t i = 0; i < m->nr_symbols; i++) {
		struct probes_symbol *s = &m->symbols[i];

		s->f.state = decide(m, &seen, s, own[i]);
		VEC_GROW(p->functions, p->nr_functions, p->alloc_functions);
		p->functions[p->nr_functions++] = s->f;
	}
	unite(p);
}
