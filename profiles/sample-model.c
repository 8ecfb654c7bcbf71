/* SPDX-License-Identifier: Apache-2.0 */
/* A sampled profile as text, and as the model that all formats share. */
#include <inttypes.h>

#include "profiles/sample.h"

/* In LLVM's order: most frequent first, then by name. */
static int by_count(const void *a, const void *b)
{
	const struct sample_callee *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void format_targets(const struct sample_line *l, bool vtables, struct strbuf *out)
{
	struct sample_callee *sorted;

	if (!l->nr_targets)
		return;
	sorted = xmemdup(l->targets, l->nr_targets * sizeof(*l->targets));
	qsort(sorted, l->nr_targets, sizeof(*sorted), by_count);
	for (size_t i = 0; i < l->nr_targets; i++)
		if (sorted[i].vtable == vtables)
			strbuf_addf(out, " %s:%" PRIu64, sorted[i].name, sorted[i].count);
	free(sorted);
}

static bool has_vtables(const struct sample_line *l)
{
	return l->nr_targets && l->targets[l->nr_targets - 1].vtable;
}

static void format_place(uint32_t line, uint32_t discriminator, int depth, struct strbuf *out)
{
	strbuf_addf(out, "%*s%" PRIu32, depth, "", line);
	if (discriminator)
		strbuf_addf(out, ".%" PRIu32, discriminator);
	strbuf_addstr(out, ": ");
}

static void format_body(const struct sample_profile *p, const struct sample_func *f, int depth,
			struct strbuf *out)
{
	for (size_t i = 0; i < f->nr_lines; i++) {
		const struct sample_line *l = &f->lines[i];

		format_place(l->line, l->discriminator, depth, out);
		strbuf_addf(out, "%" PRIu64, l->count);
		format_targets(l, false, out);
		strbuf_addch(out, '\n');
		if (!has_vtables(l))
			continue;
		format_place(l->line, l->discriminator, depth, out);
		strbuf_addstr(out, "vtables");
		format_targets(l, true, out);
		strbuf_addch(out, '\n');
	}
	for (size_t i = 0; i < f->nr_calls; i++) {
		const struct sample_call *c = &f->calls[i];

		format_place(c->line, c->discriminator, depth, out);
		strbuf_addf(out, "%s:%" PRIu64 "\n", c->func->name, c->func->total);
		format_body(p, c->func, depth + 1, out);
	}
	if (p->probes)
		strbuf_addf(out, "%*s!CFGChecksum: %" PRIu64 "\n", depth, "", f->checksum);
	if (f->attributes)
		strbuf_addf(out, "%*s!Attributes: %" PRIu32 "\n", depth, "", f->attributes);
}

static int by_total(const void *a, const void *b)
{
	const struct sample_func *x = *(struct sample_func *const *)a;
	const struct sample_func *y = *(struct sample_func *const *)b;

	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return strcmp(x->name, y->name);
}

void sample_format(const struct sample_profile *p, struct strbuf *out)
{
	PGO_AUTO_FREE struct sample_func **sorted =
		xmemdup(p->funcs, p->nr_funcs * sizeof(struct sample_func *));

	if (p->nr_funcs)
		qsort(sorted, p->nr_funcs, sizeof(struct sample_func *), by_total);
	for (size_t i = 0; i < p->nr_funcs; i++) {
		const struct sample_func *f = sorted[i];

		strbuf_addf(out, "%s:%" PRIu64 ":%" PRIu64 "\n", f->name, f->total, f->head);
		format_body(p, f, 1, out);
	}
}

struct fill {
	struct profile *out;
	struct prof_count *counts;
	size_t nr, alloc;
	struct prof_value *values; /* of the function; site: index of counts */
	size_t nr_values, alloc_values;
};

static void add_lines(struct fill *fill, const struct sample_func *f,
		      const struct prof_inline *inlined)
{
	for (size_t i = 0; i < f->nr_lines; i++) {
		const struct sample_line *l = &f->lines[i];

		VEC_GROW(fill->counts, fill->nr, fill->alloc);
		fill->counts[fill->nr++] = (struct prof_count){
			.func = 0,
			.place = { .inlined = inlined,
				   .at = l->line,
				   .discriminator = l->discriminator },
			.count = l->count,
		};
		for (size_t j = 0; j < l->nr_targets; j++) {
			VEC_GROW(fill->values, fill->nr_values, fill->alloc_values);
			fill->values[fill->nr_values++] = (struct prof_value){
				.kind = l->targets[j].vtable ? PROF_VALUE_VTABLE : PROF_VALUE_CALL,
				.site = (uint32_t)(fill->nr - 1),
				.name = l->targets[j].name,
				.count = l->targets[j].count,
			};
		}
	}
}

static void add_tree(struct fill *fill, const struct sample_func *f,
		     const struct prof_inline *inlined)
{
	add_lines(fill, f, inlined);
	for (size_t i = 0; i < f->nr_calls; i++) {
		const struct sample_call *c = &f->calls[i];
		struct prof_inline *in = arena_alloc(&fill->out->arena, 1, sizeof(*in));

		*in = (struct prof_inline){ inlined, inlined ? inlined->depth + 1 : 1, c->line,
					    c->discriminator, c->func->name };
		add_tree(fill, c->func, in);
	}
}

static int by_place(const void *a, const void *b)
{
	return prof_place_compare(a, b);
}

static int by_value(const void *a, const void *b)
{
	const struct prof_value *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* places: where the counts were that the values' sites name. */
static void set_values(struct fill *fill, struct prof_func *f, const struct prof_place *places)
{
	struct prof_value *values;

	for (size_t i = 0; i < fill->nr_values; i++) {
		const struct prof_place *at = bsearch(&places[fill->values[i].site], f->places,
						      f->nr_counts, sizeof(*at), by_place);

		fill->values[i].site = at ? (uint32_t)(at - f->places) : 0;
	}
	if (!fill->nr_values)
		return;
	qsort(fill->values, fill->nr_values, sizeof(*values), by_value);
	values = arena_alloc(&fill->out->arena, fill->nr_values, sizeof(*values));
	memcpy(values, fill->values, fill->nr_values * sizeof(*values));
	f->values = values;
	f->nr_values = fill->nr_values;
}

static void add_func(struct fill *fill, const struct sample_func *from)
{
	struct prof_func *f = profile_add(fill->out);
	PGO_AUTO_FREE struct prof_place *places = NULL;

	f->name = from->name;
	f->hash = from->checksum;
	f->entry = from->head;
	fill->nr = fill->nr_values = 0;
	add_tree(fill, from, NULL);
	places = xcalloc(fill->nr, sizeof(*places));
	for (size_t i = 0; i < fill->nr; i++) {
		places[i] = fill->counts[i].place;
		fill->counts[i].func = fill->out->nr_funcs - 1;
	}
	profile_set_counts(fill->out, fill->counts, fill->nr);
	set_values(fill, f, places);
}

void sample_to_model(struct sample_profile *p, enum prof_kind kind, struct profile *out)
{
	struct fill fill = { .out = out };

	out->arena = p->arena;
	p->arena = (struct arena)ARENA_INIT;
	out->kind = kind;
	out->version = p->version;
	for (size_t i = 0; i < p->nr_funcs; i++)
		add_func(&fill, p->funcs[i]);
	free(fill.counts);
	free(fill.values);
	profile_finish(out);
	sample_release(p);
}
