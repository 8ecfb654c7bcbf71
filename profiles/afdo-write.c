/* SPDX-License-Identifier: Apache-2.0 */
/* Writing .afdo: words, counters as two words with the low one first, names by number. */
#include "pgo/base/num.h"
#include "profiles/afdo-file.h"

#define MOST 0xffffu /* line and discriminator share a word */

struct writer {
	const struct sample_profile *p;
	unsigned version;
	struct strbuf *out;
	struct hashmap names; /* value: number */
	uint64_t *counts;     /* of all lines, for the working sets */
	size_t nr_counts, alloc_counts;
	uint64_t total, nr_lost;
};

static void put_word(struct writer *w, uint32_t v)
{
	strbuf_add(w->out, &v, sizeof(v));
}

static void put_counter(struct writer *w, uint64_t v)
{
	v = v < AFDO_LIMIT ? v : AFDO_LIMIT;
	put_word(w, (uint32_t)v);
	put_word(w, (uint32_t)(v >> 32));
}

static bool fits(uint32_t line, uint32_t discriminator)
{
	return line <= MOST && discriminator <= MOST;
}

static void name_func(struct writer *w, const struct sample_func *f)
{
	hashmap_put(&w->names, f->name, strlen(f->name), NULL);
	for (size_t i = 0; i < f->nr_lines; i++) {
		const struct sample_line *l = &f->lines[i];

		for (size_t j = 0; fits(l->line, l->discriminator) && j < l->nr_targets; j++)
			if (!l->targets[j].vtable)
				hashmap_put(&w->names, l->targets[j].name,
					    strlen(l->targets[j].name), NULL);
	}
	for (size_t i = 0; i < f->nr_calls; i++)
		if (fits(f->calls[i].line, f->calls[i].discriminator))
			name_func(w, f->calls[i].func);
}

static int by_key(const void *a, const void *b)
{
	const struct hashmap_entry *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* In version 1 lengths are in words and padded with zeros, in 2 in bytes; a zero is counted in. */
static void put_name(struct writer *w, const char *name)
{
	size_t len = strlen(name), padded = len + 1;

	if (w->version == 1)
		padded = (len + 4) / 4 * 4;
	put_word(w, (uint32_t)(w->version == 1 ? padded / 4 : padded));
	strbuf_add(w->out, name, len);
	for (; len < padded; len++)
		strbuf_addch(w->out, '\0');
}

/* Lengths of sections are in words whatever the version, as create_gcov has them. */
static void put_names(struct writer *w)
{
	struct hashmap_entry **sorted;
	size_t words = 1;

	/* GCC takes number 0 for none. */
	hashmap_put(&w->names, "", 0, NULL);
	for (size_t i = 0; i < w->p->nr_funcs; i++)
		name_func(w, w->p->funcs[i]);
	sorted = xcalloc(w->names.nr, sizeof(*sorted));
	for (size_t i = 0; i < w->names.nr; i++) {
		sorted[i] = &w->names.entries[i];
		words += (sorted[i]->len + 4) / 4 + 1;
	}
	qsort(sorted, w->names.nr, sizeof(struct hashmap_entry *), by_key);
	put_word(w, AFDO_TAG_NAMES);
	put_word(w, (uint32_t)words);
	put_word(w, (uint32_t)w->names.nr);
	for (size_t i = 0; i < w->names.nr; i++) {
		sorted[i]->value = (void *)(uintptr_t)i;
		put_name(w, sorted[i]->key);
	}
	free(sorted);
}

static uint32_t number_of(struct writer *w, const char *name)
{
	return (uint32_t)(uintptr_t)hashmap_find(&w->names, name, strlen(name))->value;
}

static uint32_t nr_calls_of(const struct sample_line *l)
{
	uint32_t nr = 0;

	for (size_t i = 0; i < l->nr_targets; i++)
		nr += !l->targets[i].vtable;
	return nr;
}

static void put_line(struct writer *w, const struct sample_line *l)
{
	put_word(w, l->line << 16 | l->discriminator);
	put_word(w, nr_calls_of(l));
	put_counter(w, l->count);
	for (size_t i = 0; i < l->nr_targets; i++) {
		if (l->targets[i].vtable) {
			w->nr_lost++;
			continue;
		}
		put_word(w, AFDO_HIST_INDIRECT_CALL);
		put_counter(w, number_of(w, l->targets[i].name));
		put_counter(w, l->targets[i].count);
	}
	VEC_GROW(w->counts, w->nr_counts, w->alloc_counts);
	w->counts[w->nr_counts++] = l->count;
	w->total = num_add_sat(w->total, l->count, NULL);
}

static uint64_t nr_lines_in(const struct sample_func *f)
{
	uint64_t nr = f->nr_lines;

	for (size_t i = 0; i < f->nr_calls; i++)
		nr += nr_lines_in(f->calls[i].func);
	return nr;
}

static void put_func(struct writer *w, const struct sample_func *f)
{
	uint32_t nr_lines = 0, nr_calls = 0;

	for (size_t i = 0; i < f->nr_lines; i++)
		nr_lines += fits(f->lines[i].line, f->lines[i].discriminator);
	for (size_t i = 0; i < f->nr_calls; i++)
		nr_calls += fits(f->calls[i].line, f->calls[i].discriminator);
	w->nr_lost += f->nr_lines - nr_lines;
	put_word(w, number_of(w, f->name));
	put_word(w, nr_lines);
	put_word(w, nr_calls);
	for (size_t i = 0; i < f->nr_lines; i++)
		if (fits(f->lines[i].line, f->lines[i].discriminator))
			put_line(w, &f->lines[i]);
	for (size_t i = 0; i < f->nr_calls; i++) {
		const struct sample_call *c = &f->calls[i];

		if (!fits(c->line, c->discriminator)) {
			w->nr_lost += nr_lines_in(c->func);
			continue;
		}
		put_word(w, c->line << 16 | c->discriminator);
		put_func(w, c->func);
	}
}

static void put_functions(struct writer *w)
{
	size_t at;
	uint32_t words;

	put_word(w, AFDO_TAG_FUNCTIONS);
	at = w->out->len;
	put_word(w, 0);
	put_word(w, (uint32_t)w->p->nr_funcs);
	for (size_t i = 0; i < w->p->nr_funcs; i++) {
		put_counter(w, w->p->funcs[i]->head);
		put_func(w, w->p->funcs[i]);
	}
	words = (uint32_t)((w->out->len - at - 4) / 4);
	memcpy(w->out->buf + at, &words, sizeof(words));
}

static int descending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

/* For each 1/128 of all counts: how many of the largest make it up, and the least of those. */
static void put_working_sets(struct writer *w)
{
	uint64_t sum = 0;
	size_t nr = 0;

	if (w->nr_counts)
		qsort(w->counts, w->nr_counts, sizeof(*w->counts), descending);
	put_word(w, AFDO_TAG_WORKING_SETS);
	put_word(w, 3 * AFDO_NR_WORKING_SETS);
	for (unsigned i = 1; i <= AFDO_NR_WORKING_SETS; i++) {
		unsigned __int128 want = (unsigned __int128)w->total * i / AFDO_NR_WORKING_SETS;

		while (nr < w->nr_counts && sum < want)
			sum = num_add_sat(sum, w->counts[nr++], NULL);
		put_word(w, (uint32_t)nr);
		put_counter(w, nr ? w->counts[nr - 1] : 0);
	}
}

uint64_t afdo_format(const struct sample_profile *p, unsigned version, struct strbuf *out)
{
	struct writer w = { .p = p, .version = version, .out = out, .names = HASHMAP_INIT };

	put_word(&w, AFDO_MAGIC);
	put_word(&w, version);
	put_word(&w, 0);
	put_names(&w);
	put_functions(&w);
	put_word(&w, AFDO_TAG_MODULES);
	put_word(&w, 0);
	put_word(&w, 0);
	put_working_sets(&w);
	hashmap_release(&w.names);
	free(w.counts);
	return w.nr_lost;
}
