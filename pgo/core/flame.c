/* SPDX-License-Identifier: Apache-2.0 */
#include "pgo/core/flame.h"

#include <inttypes.h>
#include <math.h>

#include "pgo/base/num.h"
#include "profiles/format.h"

#define NOISE_ERRORS 2.0
/* Shares that differ by less than these factors are of change 1, 2, 3. */
static const double change_factors[] = { 1.25, 1.5, 2 };

void flame_init(struct flame *f, const struct flame_opts *opts)
{
	*f = (struct flame){ .opts = *opts, .warnings = STRVEC_INIT };
	f->sides[0].events = f->sides[1].events = (struct strvec)STRVEC_INIT;
	sample_tree_init(&f->tree);
}

void flame_release(struct flame *f)
{
	sample_tree_release(&f->tree);
	strvec_release(&f->sides[0].events);
	strvec_release(&f->sides[1].events);
	strvec_release(&f->warnings);
	free(f->frames);
	free(f->gone);
	*f = (struct flame){ 0 };
}

/* All inputs are of one kind: another one names the same functions otherwise. */
static int check_kind(struct flame *f, struct flame_side *side, const char *path,
		      struct pgo_err *err)
{
	const char *known = f->sides[0].format ? f->sides[0].format : f->sides[1].format;
	const struct prof_format *format = NULL;
	int ret = prof_identify(path, &format, err);

	if (ret)
		return ret;
	if (!format->read_samples) {
		ret = pgo_error(err, PGO_EMISMATCH, "'%s' is a %s profile: it holds no samples",
				path, format->name);
		pgo_err_hint(err, "record calls with perf record -g");
		return ret;
	}
	if (known && strcmp(known, format->name) != 0) {
		ret = pgo_error(err, PGO_EMISMATCH, "'%s' is of the kind %s, others are %s", path,
				format->name, known);
		pgo_err_hint(err, "make them one kind with pgoctl convert --to collapsed");
		return ret;
	}
	side->format = format->name;
	return 0;
}

static bool has_callers(const struct samples *s)
{
	for (size_t i = 0; i < s->tally.stacks.nr; i++)
		if (s->tally.stacks.stacks[i].nr > 1)
			return true;
	return false;
}

static void add_events(struct flame_side *side, const struct samples *s)
{
	for (size_t i = 0; i < s->nr_events; i++)
		if (s->events[i].samples && !strvec_has(&side->events, s->events[i].name))
			strvec_push(&side->events, s->events[i].name);
}

static int read_one(struct flame *f, unsigned side, const char *path, struct pgo_err *err)
{
	const struct sample_tree_opts to = {
		.side = side,
		.reverse = f->opts.reverse,
		.join_threads = f->opts.join_threads,
	};
	const struct samples_opts so = { .stacks = true };
	struct flame_side *into = &f->sides[side];
	PGO_AUTO(samples) s = { 0 };
	PGO_AUTO(sample_names) names = { 0 };
	int ret = prof_read_samples(path, &so, &s, err);

	if (ret)
		return ret;
	if (!s.tally.samples) {
		ret = pgo_error(err, PGO_EMISMATCH, "'%s' has no samples", path);
		pgo_err_hint(err, "record for longer, or at a higher rate: perf record -F 4000 -g");
		return ret;
	}
	sample_names_init(&names, &s, &f->opts.images);
	sample_tree_add(&f->tree, &s, &names, &to);
	into->samples = num_add_sat(into->samples, s.tally.samples, NULL);
	into->lost = num_add_sat(into->lost, s.lost, NULL);
	into->has_stacks |= has_callers(&s);
	add_events(into, &s);
	strvec_pushv(&f->warnings, s.warnings.v);
	return 0;
}

int flame_read(struct flame *f, unsigned side, char *const *paths, size_t nr, struct pgo_err *err)
{
	int ret = 0;

	f->is_diff |= side == FLAME_BASELINE;
	for (size_t i = 0; i < nr && !ret; i++) {
		ret = check_kind(f, &f->sides[side], paths[i], err);
		if (!ret)
			ret = read_one(f, side, paths[i], err);
	}
	return ret;
}

static const char *name_of(const struct flame *f, uint32_t node)
{
	return f->tree.names[f->tree.nodes[node].name].text;
}

struct child {
	const char *name;
	uint32_t node;
	enum frame_kind kind;
};

static int by_name(const void *a, const void *b)
{
	const struct child *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (int)x->kind - (int)y->kind;
}

/* What of a tree is drawn: frames that are still to be placed, the next one last. */
struct draw {
	struct flame *f;
	uint64_t least;
	struct flame_frame *todo;
	size_t nr, alloc;
	struct child *children;
	size_t nr_children, alloc_children;
};

static void draw_release(struct draw *d)
{
	free(d->todo);
	free(d->children);
}
PGO_DEFINE_AUTO(draw, draw_release)

static void take_children(struct draw *d, uint32_t node, uint32_t level)
{
	const struct sample_tree *t = &d->f->tree;

	d->nr_children = 0;
	for (uint32_t c = t->nodes[node].first_child; c; c = t->nodes[c].next_sibling) {
		uint64_t total = t->nodes[c].total[FLAME_CANDIDATE];

		if (!total)
			continue;
		if (total < d->least || level > FLAME_MAX_LEVELS) {
			d->f->samples_left_out = num_add_sat(d->f->samples_left_out, total, NULL);
			continue;
		}
		VEC_GROW(d->children, d->nr_children, d->alloc_children);
		d->children[d->nr_children++] = (struct child){
			.name = name_of(d->f, c),
			.node = c,
			.kind = t->names[t->nodes[c].name].kind,
		};
	}
	if (d->nr_children)
		qsort(d->children, d->nr_children, sizeof(*d->children), by_name);
}

/* The frame's children go on the list so that the leftmost is the next. */
static void open_frame(struct draw *d, const struct flame_frame *frame)
{
	size_t first = d->nr;
	uint64_t start = frame->start;

	take_children(d, frame->node, frame->level + 1);
	for (size_t i = 0; i < d->nr_children; i++) {
		uint32_t node = d->children[i].node;

		VEC_GROW(d->todo, d->nr, d->alloc);
		d->todo[d->nr++] = (struct flame_frame){ node, frame->level + 1, start };
		start = num_add_sat(start, d->f->tree.nodes[node].total[FLAME_CANDIDATE], NULL);
	}
	for (size_t i = first, j = d->nr; i + 1 < j; i++) {
		struct flame_frame swap = d->todo[i];

		d->todo[i] = d->todo[--j];
		d->todo[j] = swap;
	}
}

static void choose_frames(struct flame *f)
{
	const uint64_t total = f->tree.nodes[0].total[FLAME_CANDIDATE];
	PGO_AUTO(draw) d = { .f = f };
	size_t nr_nodes = 0;

	d.least = (uint64_t)fmin(ceil(f->opts.min_share * (double)total), 0x1p63);
	VEC_GROW(d.todo, d.nr, d.alloc);
	d.todo[d.nr++] = (struct flame_frame){ 0 };
	while (d.nr) {
		const struct flame_frame next = d.todo[--d.nr];

		VEC_GROW(f->frames, f->nr_frames, f->alloc_frames);
		f->frames[f->nr_frames++] = next;
		if (next.level + 1 > f->nr_levels)
			f->nr_levels = next.level + 1;
		open_frame(&d, &next);
	}
	for (size_t i = 0; i < f->tree.nr; i++)
		nr_nodes += f->tree.nodes[i].total[FLAME_CANDIDATE] > 0;
	f->frames_left_out = nr_nodes - f->nr_frames;
}

static int by_samples(const void *a, const void *b)
{
	const struct flame_gone *x = a, *y = b;

	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* Functions of no width are drawn nowhere: they are listed. */
static void find_gone(struct flame *f)
{
	const struct sample_tree *t = &f->tree;
	PGO_AUTO_FREE struct frame_sum *sums = sample_tree_sums(t);

	f->gone = xcalloc(t->nr_names + 1, sizeof(*f->gone));
	for (size_t i = 0; i < t->nr_names; i++)
		if (sums[i].total[FLAME_BASELINE] && !sums[i].total[FLAME_CANDIDATE])
			f->gone[f->nr_gone++] = (struct flame_gone){
				.name = t->names[i].text,
				.self = sums[i].self[FLAME_BASELINE],
				.total = sums[i].total[FLAME_BASELINE],
			};
	if (f->nr_gone)
		qsort(f->gone, f->nr_gone, sizeof(*f->gone), by_samples);
	for (size_t i = 1; i < t->nr; i++) {
		const struct tree_node *n = &t->nodes[i];

		if (!n->total[FLAME_CANDIDATE] && t->nodes[n->parent].total[FLAME_CANDIDATE])
			f->samples_gone = num_add_sat(f->samples_gone, n->total[FLAME_BASELINE],
						      NULL);
	}
}

static void add_list(struct strbuf *out, const struct strvec *list)
{
	for (size_t i = 0; i < list->nr; i++)
		strbuf_addf(out, "%s%s", i ? ", " : "", list->v[i]);
}

static void tell_events(struct flame *f)
{
	PGO_AUTO(strbuf) candidate = STRBUF_INIT;
	PGO_AUTO(strbuf) baseline = STRBUF_INIT;

	add_list(&candidate, &f->sides[FLAME_CANDIDATE].events);
	add_list(&baseline, &f->sides[FLAME_BASELINE].events);
	if (f->sides[FLAME_CANDIDATE].events.nr > 1)
		strvec_pushf(&f->warnings, "samples of several events are added up: %s",
			     candidate.buf);
	if (f->is_diff && strcmp(candidate.buf, baseline.buf) != 0)
		strvec_pushf(&f->warnings, "the samples are of %s, those of the baseline of %s",
			     candidate.buf, baseline.buf);
}

static void tell(struct flame *f)
{
	uint64_t lost = num_add_sat(f->sides[0].lost, f->sides[1].lost, NULL);

	tell_events(f);
	if (!f->sides[FLAME_CANDIDATE].has_stacks)
		strvec_pushf(&f->warnings,
			     "no sample has a caller, the graph is flat: record them with perf "
			     "record -g, of a program built with -fno-omit-frame-pointer");
	if (lost)
		strvec_pushf(&f->warnings, "%" PRIu64 " samples were lost in recording", lost);
	if (f->is_diff && f->samples_gone == f->sides[FLAME_BASELINE].samples)
		strvec_pushf(&f->warnings,
			     "no call is in both: are the threads' names different? "
			     "(--join-threads leaves them out)");
}

int flame_finish(struct flame *f, struct pgo_err *err)
{
	int ret;

	if (f->is_diff && f->sides[0].has_stacks != f->sides[1].has_stacks) {
		ret = pgo_error(err, PGO_EMISMATCH, "only the %s has call stacks",
				f->sides[FLAME_BASELINE].has_stacks ? "baseline" : "candidate");
		pgo_err_hint(err, "record both with perf record -g");
		return ret;
	}
	sample_tree_finish(&f->tree);
	choose_frames(f);
	if (f->is_diff)
		find_gone(f);
	tell(f);
	return 0;
}

int flame_change(const struct flame *f, uint32_t node, bool self)
{
	const struct tree_node *n = &f->tree.nodes[node];
	const uint64_t *counts = self ? n->self : n->total;
	double nc = (double)f->tree.nodes[0].total[FLAME_CANDIDATE],
	       nb = (double)f->tree.nodes[0].total[FLAME_BASELINE];
	double c = (double)counts[FLAME_CANDIDATE] / nc, b = (double)counts[FLAME_BASELINE] / nb;
	double all = (c * nc + b * nb) / (nc + nb);
	double error = sqrt(all * (1 - all) * (1 / nc + 1 / nb));
	double factor = fmax(b, c) / fmin(b, c);
	int change = 1;

	if (!(fabs(c - b) > NOISE_ERRORS * error))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(change_factors); i++)
		change += factor >= change_factors[i];
	return c > b ? change : -change;
}
