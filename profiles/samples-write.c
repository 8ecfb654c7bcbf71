/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/samples-write.h"

#include <inttypes.h>

#include "pgo/base/num.h"
#include "profiles/afdo.h"
#include "profiles/sample-tree.h"
#include "profiles/samples-code.h"
#include "profiles/samples-fdata.h"
#include "profiles/samples-symbolize.h"

/* perf2bolt's Trace::EXTERNAL. */
#define BOLT_EXTERNAL 0
#define BOLT_TRACES_MAJOR 22
/* llvm-profgen takes whatever is no code of the binary for elsewhere. */
#define PROFGEN_EXTERNAL 1

static int no_branches(const char *form, struct pgo_err *err)
{
	int ret = pgo_error(err, PGO_EMISMATCH,
			    "the recording has no branch stacks, which a %s profile is made of",
			    form);

	pgo_err_hint(err, "record with perf record -b, on a machine that has branch stacks");
	return ret;
}

static void add_unsymbolized(struct strbuf *out, struct code_pairs *p, const char *separator,
			     uint64_t base)
{
	strbuf_addf(out, "%zu\n", p->nr);
	for (size_t i = 0; i < p->nr; i++)
		strbuf_addf(out, "%" PRIx64 "%s%" PRIx64 ":%" PRIu64 "\n", p->v[i].a - base,
			    separator, p->v[i].b - base, p->v[i].count);
}

int samples_write_unsymbolized(const struct samples *s, const struct sample_target *target,
			       struct strbuf *out, struct sample_written *ret, struct pgo_err *err)
{
	uint64_t base = elf_image_text_base(&target->image);
	PGO_AUTO(code_pairs) branches = { 0 };
	PGO_AUTO(code_pairs) ranges = { 0 };
	struct sample_written done = { 0 };

	if (!s->tally.branch_entries)
		return no_branches("llvm-profgen", err);
	samples_code(s, target, &branches, &ranges, &done);
	add_unsymbolized(out, &ranges, "-", base);
	add_unsymbolized(out, &branches, "->", base);
	done.ranges = ranges.nr;
	done.branches = branches.nr;
	*ret = done;
	return 0;
}

/* The address of loc in the target, and whether it has one. */
static bool vaddr_of(const struct sample_target *target, uint64_t loc, uint64_t *ret)
{
	if (sample_target_vaddr(target, loc, ret))
		return true;
	*ret = PROFGEN_EXTERNAL;
	return false;
}

static void add_hybrid(const struct sample_stack *h, const uint64_t *words,
		       const struct sample_target *target, struct strbuf *out,
		       struct sample_written *done)
{
	uint32_t nr_frames = h->comm;
	size_t before = out->len;
	uint64_t from, to, inside = 0;

	strbuf_addf(out, "%" PRIu64 "\n", h->count);
	for (uint32_t i = 0; i < nr_frames; i++) {
		vaddr_of(target, words[i], &from);
		strbuf_addf(out, "\t%" PRIx64 "\n", from);
	}
	for (uint32_t i = nr_frames; i + 1 < h->nr; i += 2) {
		bool is_from = vaddr_of(target, words[i], &from),
		     is_to = vaddr_of(target, words[i + 1], &to);

		inside += is_from || is_to;
		strbuf_addf(out, " 0x%" PRIx64 "/0x%" PRIx64 "/P/-/-/0", from, to);
	}
	strbuf_addch(out, '\n');
	done->entries += inside * h->count;
	done->left_out += ((h->nr - nr_frames) / 2 - inside) * h->count;
	if (inside)
		done->stacks++;
	else
		strbuf_setlen(out, before);
}

int samples_write_hybrid(const struct samples *s, const struct sample_target *target,
			 struct strbuf *out, struct sample_written *ret, struct pgo_err *err)
{
	const struct stack_table *t = &s->tally.hybrids;
	struct sample_written done = { 0 };

	if (!t->nr)
		return pgo_error(
			err, PGO_EMISMATCH,
			"the recording has no sample with a call stack and a branch stack");
	for (size_t i = 0; i < t->nr; i++)
		add_hybrid(&t->stacks[i], &t->frames[t->stacks[i].first], target, out, &done);
	*ret = done;
	return 0;
}

/* Traces and mispredictions apart: a trace line has no place for them. */
static void add_traces(struct strbuf *out, struct code_pairs *traces, struct code_pairs *branches)
{
	code_pairs_fold(traces);
	code_pairs_fold(branches);
	for (size_t i = 0; i < traces->nr; i++)
		strbuf_addf(out, "T %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIu64 "\n",
			    traces->v[i].a, traces->v[i].b, traces->v[i].end, traces->v[i].count);
	for (size_t i = 0; i < branches->nr; i++)
		if (branches->v[i].count || branches->v[i].mispredicted)
			strbuf_addf(out, "B %" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
				    branches->v[i].a, branches->v[i].b, branches->v[i].count,
				    branches->v[i].mispredicted);
}

static void add_ranges(struct strbuf *out, const char *type, struct code_pairs *p)
{
	code_pairs_fold(p);
	for (size_t i = 0; i < p->nr; i++)
		strbuf_addf(out, "%s %" PRIx64 " %" PRIx64 " %" PRIu64 "\n", type, p->v[i].a,
			    p->v[i].b, p->v[i].count);
}

/* By what a branch leads from and to: traces and branches, or branches and runs. */
struct bolt {
	bool has_traces;
	struct code_pairs traces, branches, inner, outer;
};

static void bolt_release(struct bolt *b)
{
	free(b->traces.v);
	free(b->branches.v);
	free(b->inner.v);
	free(b->outer.v);
}
PGO_DEFINE_AUTO(bolt, bolt_release)

static void take_trace(const struct sample_target *target, const struct sample_trace *t,
		       struct bolt *b, struct sample_written *done)
{
	uint64_t from, to, end;
	bool is_from = sample_target_vaddr(target, t->from, &from),
	     is_to = sample_target_vaddr(target, t->to, &to),
	     is_end = is_to && sample_target_vaddr(target, t->end, &end) && to <= end;

	if (!is_from && !is_to) {
		done->left_out += t->count;
		return;
	}
	done->entries += t->count;
	if (!is_from)
		from = BOLT_EXTERNAL;
	if (!is_to)
		to = BOLT_EXTERNAL;
	if (!is_end || !b->has_traces) {
		code_pairs_add(&b->branches,
			       (struct code_pair){ from, to, 0, t->count, t->mispredicted });
	} else {
		code_pairs_add(&b->traces, (struct code_pair){ from, to, end, t->count, 0 });
		code_pairs_add(&b->branches, (struct code_pair){ from, to, 0, 0, t->mispredicted });
	}
	if (is_end && !b->has_traces)
		code_pairs_add(is_from ? &b->inner : &b->outer,
			       (struct code_pair){ to, end, 0, t->count, 0 });
}

static int write_bolt_samples(const struct samples *s, const struct sample_target *target,
			      unsigned llvm_major, struct strbuf *out, struct sample_written *ret,
			      struct pgo_err *err)
{
	struct sample_written done = { 0 };

	if (llvm_major < BOLT_TRACES_MAJOR)
		return pgo_error(err, PGO_EUNSUP,
				 "the recording has no branch stacks, and perf2bolt %u takes "
				 "nothing else pre-aggregated",
				 llvm_major);
	strbuf_addf(out, "E %s\n", s->nr_events ? s->events[0].name : "cycles");
	for (size_t i = 0; i < s->nr_addresses; i++) {
		uint64_t vaddr;

		if (!sample_target_vaddr(target, s->addresses[i].loc, &vaddr)) {
			done.left_out += s->addresses[i].count;
			continue;
		}
		strbuf_addf(out, "S %" PRIx64 " %" PRIu64 "\n", vaddr, s->addresses[i].count);
		done.entries += s->addresses[i].count;
		done.ranges++;
	}
	*ret = done;
	return 0;
}

int samples_write_preaggregated(const struct samples *s, const struct sample_target *target,
				unsigned llvm_major, struct strbuf *out, struct sample_written *ret,
				struct pgo_err *err)
{
	PGO_AUTO(bolt) b = { .has_traces = llvm_major >= BOLT_TRACES_MAJOR };
	struct sample_written done = { 0 };

	if (!s->tally.branch_entries)
		return write_bolt_samples(s, target, llvm_major, out, ret, err);
	for (size_t i = 0; i < s->nr_traces; i++)
		take_trace(target, &s->traces[i], &b, &done);
	add_traces(out, &b.traces, &b.branches);
	add_ranges(out, "F", &b.inner);
	add_ranges(out, "f", &b.outer);
	done.branches = b.branches.nr;
	done.ranges = b.traces.nr + b.inner.nr + b.outer.nr;
	*ret = done;
	return 0;
}

int samples_write_fdata(const struct samples *s, const struct sample_target *target,
			struct strbuf *out, struct sample_written *ret, struct pgo_err *err)
{
	PGO_AUTO(fdata) f = FDATA_INIT;
	int r = samples_to_fdata(s, target, &f, ret, err);

	if (!r)
		fdata_format(&f, out);
	return r;
}

int samples_write_lines(struct samples *s, const struct sample_target *target, const char *debug,
			enum sample_lines form, struct strbuf *out, struct sample_written *ret,
			struct pgo_err *err)
{
	const bool llvm = form == SAMPLE_LINES_LLVM;
	PGO_AUTO(sample_profile) p = SAMPLE_PROFILE_INIT;
	uint64_t nr_lost;
	int r = samples_symbolize(s, target, debug, llvm ? SAMPLE_LLVM : SAMPLE_GCC, &p, ret, err);

	if (r)
		return r;
	if (llvm) {
		sample_format(&p, out);
		return 0;
	}
	nr_lost = afdo_format(&p, form == SAMPLE_LINES_AFDO_1 ? 1 : 2, out);
	if (nr_lost)
		samples_warn(s, "%" PRIu64 " counts have no place in .afdo and are left out",
			     nr_lost);
	return 0;
}

struct stack_line {
	const char *text;
	uint64_t count;
};

static int by_line(const void *a, const void *b)
{
	const struct stack_line *x = a, *y = b;

	return strcmp(x->text, y->text);
}

/* Append the frames from below the root to node, which is not it. */
static void add_stack_text(const struct sample_tree *t, uint32_t node, struct strbuf *line)
{
	PGO_AUTO_FREE uint32_t *path = NULL;
	size_t nr = 0, alloc = 0;

	for (; node; node = t->nodes[node].parent) {
		VEC_GROW(path, nr, alloc);
		path[nr++] = node;
	}
	while (nr-- > 0) {
		strbuf_addstr(line, t->names[t->nodes[path[nr]].name].text);
		if (nr)
			strbuf_addch(line, ';');
	}
}

void samples_write_collapsed(const struct samples *s, struct sample_names *names,
			     struct strbuf *out, struct sample_written *ret)
{
	static const struct sample_tree_opts opts;
	PGO_AUTO(sample_tree) tree = { 0 };
	PGO_AUTO(arena) arena = ARENA_INIT;
	PGO_AUTO(strbuf) line = STRBUF_INIT;
	PGO_AUTO_FREE struct stack_line *lines = NULL;
	struct sample_written done = { 0 };

	sample_tree_init(&tree);
	sample_tree_add(&tree, s, names, &opts);
	lines = xcalloc(tree.nr, sizeof(*lines));
	for (size_t i = 1; i < tree.nr; i++) {
		uint64_t count = tree.nodes[i].self[0];

		if (!count)
			continue;
		strbuf_clear(&line);
		add_stack_text(&tree, (uint32_t)i, &line);
		lines[done.stacks++] = (struct stack_line){
			.text = arena_strndup(&arena, line.buf, line.len),
			.count = count,
		};
		done.entries = num_add_sat(done.entries, count, NULL);
	}
	if (done.stacks)
		qsort(lines, done.stacks, sizeof(*lines), by_line);
	for (size_t i = 0; i < done.stacks; i++)
		strbuf_addf(out, "%s %" PRIu64 "\n", lines[i].text, lines[i].count);
	*ret = done;
}
