/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/samples-symbolize.h"

#include <elf.h>
#include <inttypes.h>

#include "pgo/base/fs.h"
#include "pgo/base/num.h"
#include "profiles/afdo.h"
#include "profiles/branch-length.h"
#include "profiles/sample-places.h"
#include "profiles/samples-code.h"

/* Where the number of what is being executed changes. */
struct edge {
	uint64_t addr;
	uint64_t begin, end; /* counts of runs that begin here, and that ended before */
	int covered;	     /* so many more things that are to be counted, if with 0 */
};
struct edges {
	struct edge *v;
	size_t nr, alloc;
};

/* Executed count times: [start, end). */
struct piece {
	uint64_t start, end, count;
};
struct pieces {
	struct piece *v;
	size_t nr, alloc;
};

struct symbolizer {
	struct samples *s;
	const struct sample_target *target;
	enum sample_compiler compiler;
	bool stacks; /* of branches */
	struct code_pairs branches, ranges;
	struct dwarf_lines lines;
	struct edges edges;
	struct pieces pieces;
	struct sample_places places;
	struct sample_written done;
	uint64_t unknown; /* entries in no function that has debug information */
};

static void symbolizer_release(struct symbolizer *y)
{
	code_pairs_release(&y->branches);
	code_pairs_release(&y->ranges);
	dwarf_lines_release(&y->lines);
	free(y->edges.v);
	free(y->pieces.v);
	sample_places_release(&y->places);
}
PGO_DEFINE_AUTO(symbolizer, symbolizer_release)

/* Without branch stacks each sampled address is a run of its own. */
static void take_addresses(struct symbolizer *y)
{
	for (size_t i = 0; i < y->s->nr_addresses; i++) {
		const struct sample_address *a = &y->s->addresses[i];
		uint64_t vaddr;

		if (!sample_target_code(y->target, a->loc, &vaddr)) {
			y->done.left_out = num_add_sat(y->done.left_out, a->count, NULL);
			continue;
		}
		code_pairs_add(&y->ranges, (struct code_pair){ vaddr, vaddr, 0, a->count, 0 });
		y->done.entries = num_add_sat(y->done.entries, a->count, NULL);
	}
	code_pairs_fold(&y->ranges);
}

static void add_edges(struct symbolizer *y, uint64_t start, uint64_t end, uint64_t count)
{
	struct edges *e = &y->edges;

	VEC_GROW(e->v, e->nr, e->alloc);
	e->v[e->nr++] = (struct edge){ .addr = start, .begin = count, .covered = 1 };
	VEC_GROW(e->v, e->nr, e->alloc);
	e->v[e->nr++] = (struct edge){ .addr = end, .end = count, .covered = -1 };
}

/* Where the instruction at addr ends, if it is a branch; behind its first byte otherwise. */
static uint64_t instruction_end(const struct elf_image *image, const struct fs_view *file,
				uint64_t addr)
{
	const Elf64_Ehdr *head = (const void *)file->data;

	if (file->len < sizeof(*head) || head->e_ident[EI_CLASS] != ELFCLASS64)
		return addr + 1;
	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *s = &image->segments[i];
		uint64_t in = addr - s->vaddr, at = s->offset + in;
		unsigned bytes;

		if (addr < s->vaddr || in >= s->size || s->offset > file->len || at >= file->len)
			continue;
		bytes = branch_length(head->e_machine, file->data + at, file->len - at);
		return addr + (bytes ? bytes : 1);
	}
	return addr + 1;
}

/* Mark what has to be looked into: functions that runs begin in as a whole, in all parts. */
static void mark_ranges(struct symbolizer *y)
{
	PGO_AUTO_FREE bool *groups = xcalloc(y->lines.nr_groups + 1, sizeof(*groups));
	struct dwarf_lines *d = &y->lines;
	size_t at = 0; /* all that a run before this one meets is marked up to here */

	for (size_t i = 0; i < y->ranges.nr; i++) {
		const struct code_pair *p = &y->ranges.v[i];
		const struct dwarf_range *r = dwarf_lines_range(d, p->a);

		if (r)
			groups[r->group] = true;
		else
			y->unknown = num_add_sat(y->unknown, p->count, NULL);
		while (at < d->nr_ranges && d->ranges[at].end <= p->a)
			at++;
		while (at < d->nr_ranges && d->ranges[at].start <= p->b)
			d->ranges[at++].wanted = true;
	}
	for (size_t i = 0; i < y->branches.nr; i++) {
		struct dwarf_range *r = dwarf_lines_range(d, y->branches.v[i].a);

		if (r)
			r->wanted = true;
	}
	for (size_t i = 0; y->stacks && i < d->nr_ranges; i++) {
		if (!groups[d->ranges[i].group])
			continue;
		d->ranges[i].wanted = true;
		add_edges(y, d->ranges[i].start, d->ranges[i].end, 0);
	}
}

static int by_addr(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static int make_pieces(struct symbolizer *y, struct pgo_err *err)
{
	PGO_AUTO(fs_view) file = FS_VIEW_INIT;
	struct edges *e = &y->edges;
	struct pieces *p = &y->pieces;
	uint64_t count = 0;
	int64_t covered = 0;
	int r = fs_view_open(&file, y->target->path, err);

	if (r)
		return r;
	for (size_t i = 0; i < y->ranges.nr; i++) {
		const struct code_pair *run = &y->ranges.v[i];

		add_edges(y, run->a,
			  y->stacks ? instruction_end(&y->target->image, &file, run->b)
				    : run->b + 1,
			  run->count);
	}
	if (e->nr)
		qsort(e->v, e->nr, sizeof(*e->v), by_addr);
	for (size_t i = 0; i < e->nr; i++) {
		if (i && covered && e->v[i].addr > e->v[i - 1].addr) {
			VEC_GROW(p->v, p->nr, p->alloc);
			p->v[p->nr++] = (struct piece){ e->v[i - 1].addr, e->v[i].addr, count };
		}
		count += e->v[i].begin - e->v[i].end;
		covered += e->v[i].covered;
	}
	return 0;
}

static void count_lines(struct symbolizer *y)
{
	const struct dwarf_segment *v = y->lines.segments;
	size_t at = 0;

	for (size_t i = 0; i < y->pieces.nr; i++) {
		const struct piece *p = &y->pieces.v[i];

		while (at < y->lines.nr_segments && v[at].end <= p->start)
			at++;
		for (size_t j = at; j < y->lines.nr_segments && v[j].start < p->end; j++) {
			uint64_t start = v[j].start > p->start ? v[j].start : p->start,
				 end = v[j].end < p->end ? v[j].end : p->end;

			sample_places_count(&y->places, &v[j], p->count,
					    num_mul_sat(p->count, end - start, NULL));
		}
	}
}

/* GCC's copies of functions, whose debug information has the name of the original. */
static bool is_clone_of(const char *symbol, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(symbol, name, len) &&
	       (!strncmp(symbol + len, ".constprop.", 11) || !strncmp(symbol + len, ".isra.", 6));
}

/* The function that begins at addr; a part of one that was split off does not. */
static const struct dwarf_range *entry_at(const struct symbolizer *y, uint64_t addr)
{
	const struct dwarf_range *r = dwarf_lines_range(&y->lines, addr);
	const struct elf_symbol *symbol;

	if (!r || r->start != addr)
		return NULL;
	if (y->lines.group_ranges[r->group] == 1)
		return r;
	symbol = elf_image_symbol(&y->target->image, addr);
	if (!symbol || symbol->start != addr)
		return NULL;
	return !strcmp(symbol->name, r->name) ||
			       (y->compiler == SAMPLE_GCC && is_clone_of(symbol->name, r->name))
		       ? r
		       : NULL;
}

static void count_branches(struct symbolizer *y)
{
	for (size_t i = 0; i < y->branches.nr; i++) {
		const struct code_pair *b = &y->branches.v[i];
		const struct dwarf_range *callee = entry_at(y, b->b);
		const struct dwarf_segment *from;
		struct sample_place place;
		struct sample_node *node;

		if (!callee)
			continue;
		from = dwarf_lines_segment(&y->lines, b->a);
		if (from && sample_places_find(&y->places, from, &place))
			sample_places_call(&y->places, &place, callee->name, b->count);
		node = &y->places.nodes[sample_places_function(&y->places, callee->name)];
		node->head = num_add_sat(node->head, b->count, NULL);
	}
}

/* Without branches: as often as its first line was met. */
static void guess_heads(struct symbolizer *y)
{
	for (size_t i = 0; i < y->lines.nr_ranges; i++) {
		const struct dwarf_range *r = &y->lines.ranges[i];
		const struct dwarf_segment *first;
		struct sample_place place;
		struct sample_node *node;
		uint64_t head;

		if (!r->wanted || !entry_at(y, r->start))
			continue;
		first = dwarf_lines_segment(&y->lines, r->start);
		if (!first || !sample_places_find(&y->places, first, &place))
			continue;
		head = sample_places_get(&y->places, &place);
		node = &y->places.nodes[sample_places_function(&y->places, r->name)];
		node->head = num_add_sat(node->head, head ? head : 1, NULL);
	}
}

static int no_lines(const char *debug, const char *path, struct pgo_err *err)
{
	pgo_error_at(err, PGO_EMISMATCH, path, -1,
		     "the samples of '%s' are in no function that the debug information of '%s' "
		     "knows",
		     path, debug);
	return pgo_err_hint(err, "compile it with -g1 -fdebug-info-for-profiling (GCC: -g1)");
}

static int symbolize(struct symbolizer *y, const char *debug, struct sample_profile *out,
		     struct pgo_err *err)
{
	int r;

	if (y->stacks)
		samples_code(y->s, y->target, &y->branches, &y->ranges, &y->done);
	else
		take_addresses(y);
	mark_ranges(y);
	dwarf_lines_segments(&y->lines);
	r = make_pieces(y, err);
	if (r)
		return r;
	sample_places_init(&y->places, y->compiler, y->lines.nr_scopes);
	count_lines(y);
	count_branches(y);
	sample_places_fold(&y->places);
	if (!y->stacks)
		guess_heads(y);
	sample_places_build(&y->places, out);
	y->done.branches = y->branches.nr;
	y->done.ranges = y->ranges.nr;
	if (y->compiler == SAMPLE_GCC)
		sample_compute_totals(out);
	if (!out->nr_funcs && y->done.entries)
		return no_lines(debug, y->target->path, err);
	if (y->unknown)
		samples_warn(y->s,
			     "%" PRIu64 " %s of '%s' are in functions without debug information",
			     y->unknown, y->stacks ? "runs" : "samples", y->target->path);
	return 0;
}

int samples_symbolize(struct samples *s, const struct sample_target *target, const char *debug,
		      enum sample_compiler compiler, struct sample_profile *out,
		      struct sample_written *ret, struct pgo_err *err)
{
	PGO_AUTO(symbolizer)
	y = {
		.s = s,
		.target = target,
		.compiler = compiler,
		.stacks = s->tally.branch_entries != 0,
		.lines = DWARF_LINES_INIT,
	};
	int r = dwarf_lines_read(debug, &y.lines, err);

	if (r == -PGO_EMISMATCH)
		return pgo_err_hint(err,
				    "compile it with -g1 -fdebug-info-for-profiling (GCC: -g1), or "
				    "name the file that has it with --debug-file");
	if (!r) {
		out->limit = compiler == SAMPLE_GCC ? AFDO_LIMIT : UINT64_MAX;
		r = symbolize(&y, debug, out, err);
	}
	if (!r)
		*ret = y.done;
	return r;
}
