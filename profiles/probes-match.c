/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which symbol's counters are those of a name. A function that only its file sees may share its
 * name with others, so that the file must agree as well; and what compilers make of a function
 * (f.constprop.0, f.llvm.123) has the counters of f.
 */
#include "profiles/probes-match.h"

#include <stdlib.h>
#include <string.h>

void probes_match_release(struct probes_match *m)
{
	hashmap_release(&m->names);
	free(m->symbols);
	*m = (struct probes_match)PROBES_MATCH_INIT(NULL);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

void probes_match_add(struct probes_match *m, const char *name, size_t len,
		      const struct probes_name *what)
{
	struct hashmap_entry *e = hashmap_find(&m->names, name, len);
	struct probes_name *n;

	if (!e)
		e = hashmap_put(&m->names, arena_strndup(&m->p->arena, name, len), len, NULL);
	for (n = e->value; n; n = n->next)
		if (n->unit == what->unit && n->gcc == what->gcc && same_text(n->file, what->file))
			break;
	if (!n) {
		n = arena_zalloc(&m->p->arena, 1, sizeof(*n));
		*n = *what;
		n->file = what->file ? arena_strdup(&m->p->arena, what->file) : NULL;
		n->next = e->value;
		e->value = n;
	}
	n->nr++;
}

/* The same function's: of one file, and only that sees it. */
static bool is_private(const struct probes_name *n, const struct probes_symbol *s)
{
	if (!s->f.local)
		return false;
	return n->gcc ? n->unit && n->unit == s->unit
		      : n->file && s->f.file && !strcmp(n->file, s->f.file);
}

/* f of one file became visible so that code of another could use it (link-time optimization). */
static bool is_promoted(const struct probes_symbol *s)
{
	return strstr(s->f.name, ".llvm.") || strstr(s->f.name, ".lto_priv.");
}

/* Nothing says whose they are, and no function of that file and name has them. */
static bool is_free(const struct probes_name *n, const struct probes_symbol *s)
{
	if (n->claims)
		return false;
	if (n->gcc)
		return !s->f.local || !s->unit || !n->unit;
	return !n->file || (s->f.local && !s->f.file) || is_promoted(s);
}

/* The counters of name, or of what it was made from; *len becomes the length of that. */
static struct probes_name *list_of(const struct probes_match *m, const char *name, size_t *len)
{
	struct hashmap_entry *e = NULL;

	while (*len && !(e = hashmap_find(&m->names, name, *len))) {
		const char *dot = memrchr(name, '.', *len);

		*len = dot ? (size_t)(dot - name) : 0;
	}
	return e ? e->value : NULL;
}

/* Counters that are the symbol's own by name and file; noted when it is no clone. */
static struct probes_name *claim(const struct probes_match *m, struct probes_symbol *s)
{
	size_t len = strlen(s->f.name), whole = len;
	struct probes_name *n = list_of(m, s->f.name, &len);

	while (n && !is_private(n, s) && (s->f.local || n->gcc || n->file))
		n = n->next;
	if (n && len == whole && is_private(n, s))
		n->claims++;
	return n;
}

static bool has_free(const struct probes_match *m, const struct probes_symbol *s)
{
	size_t len = strlen(s->f.name);
	const struct probes_name *n = list_of(m, s->f.name, &len);

	while (n && !is_free(n, s))
		n = n->next;
	return n != NULL;
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
				const struct probes_symbol *s, const struct probes_name *own)
{
	if (own)
		return own->claims > own->nr ? PROBES_AMBIGUOUS : PROBES_THERE;
	/* What a public function of the same name has is not this one's. */
	if (s->f.local && s->f.file && hashmap_find(seen, s->f.name, strlen(s->f.name)))
		return PROBES_NONE;
	return has_free(m, s) ? PROBES_THERE : PROBES_NONE;
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
	PGO_AUTO_FREE struct probes_name **own = xcalloc(m->nr_symbols + 1, sizeof(*own));
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
