/* SPDX-License-Identifier: Apache-2.0 */
/* Sorted branches, ranges and addresses out of the tables that were counted in. */
#include "pgo/base/num.h"
#include "profiles/samples.h"

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_branch(const void *a, const void *b)
{
	const struct sample_branch *x = a, *y = b;

	return x->from != y->from ? compare(x->from, y->from) : compare(x->to, y->to);
}

static int by_range(const void *a, const void *b)
{
	const struct sample_range *x = a, *y = b;

	return x->start != y->start ? compare(x->start, y->start) : compare(x->end, y->end);
}

static int by_trace(const void *a, const void *b)
{
	const struct sample_trace *x = a, *y = b;

	if (x->from != y->from)
		return compare(x->from, y->from);
	return x->to != y->to ? compare(x->to, y->to) : compare(x->end, y->end);
}

static int by_loc(const void *a, const void *b)
{
	const struct sample_address *x = a, *y = b;

	return compare(x->loc, y->loc);
}

static void fold_branches(struct samples *s)
{
	struct sample_branch *v = s->branches;
	size_t nr = 0;

	qsort(v, s->nr_branches, sizeof(*v), by_branch);
	for (size_t i = 0; i < s->nr_branches; i++) {
		if (nr && !by_branch(&v[nr - 1], &v[i])) {
			v[nr - 1].count = num_add_sat(v[nr - 1].count, v[i].count, NULL);
			v[nr - 1].mispredicted = num_add_sat(v[nr - 1].mispredicted,
							     v[i].mispredicted, NULL);
		} else {
			v[nr++] = v[i];
		}
	}
	s->nr_branches = nr;
}

static void fold_ranges(struct samples *s)
{
	struct sample_range *v = s->ranges;
	size_t nr = 0;

	qsort(v, s->nr_ranges, sizeof(*v), by_range);
	for (size_t i = 0; i < s->nr_ranges; i++) {
		if (nr && !by_range(&v[nr - 1], &v[i]))
			v[nr - 1].count = num_add_sat(v[nr - 1].count, v[i].count, NULL);
		else
			v[nr++] = v[i];
	}
	s->nr_ranges = nr;
}

/* A run crosses no binary; one that does, or goes backward, has lost branches in it. */
static void add_range(struct samples *s, const struct sample_trace *t)
{
	if (!t->end || sample_loc_binary(t->to) == SAMPLE_BINARY_UNKNOWN)
		return;
	if (sample_loc_binary(t->to) != sample_loc_binary(t->end) || t->to > t->end) {
		s->bad_ranges = num_add_sat(s->bad_ranges, t->count, NULL);
		return;
	}
	s->ranges[s->nr_ranges++] = (struct sample_range){ t->to, t->end, t->count };
}

static void count_branches(struct samples *s, const struct sample_trace *t)
{
	struct sample_binary *from = &s->binaries[sample_loc_binary(t->from)],
			     *to = &s->binaries[sample_loc_binary(t->to)];

	from->branch_entries = num_add_sat(from->branch_entries, t->count, NULL);
	if (to != from)
		to->branch_entries = num_add_sat(to->branch_entries, t->count, NULL);
}

/* The table becomes the array: what is in use moves to its front. */
static void take_traces(struct samples *s)
{
	struct trace_table *t = &s->tally.traces;

	s->branches = xcalloc(t->nr + 1, sizeof(*s->branches));
	s->ranges = xcalloc(t->nr + 1, sizeof(*s->ranges));
	s->traces = t->slots;
	for (size_t i = 0; t->slots && i <= t->mask; i++) {
		const struct sample_trace e = t->slots[i];

		if (!e.count)
			continue;
		s->traces[s->nr_traces++] = e;
		s->branches[s->nr_branches++] =
			(struct sample_branch){ e.from, e.to, e.count, e.mispredicted };
		add_range(s, &e);
		count_branches(s, &e);
	}
	*t = (struct trace_table){ 0 };
	if (s->traces && s->nr_traces)
		qsort(s->traces, s->nr_traces, sizeof(*s->traces), by_trace);
	fold_branches(s);
	fold_ranges(s);
	s->distinct_branches = s->tally.raw.nr;
	trace_table_release(&s->tally.raw);
}

static void take_addresses(struct samples *s)
{
	const struct address_table *t = &s->tally.addresses;

	s->addresses = xcalloc(t->nr + 1, sizeof(*s->addresses));
	for (size_t i = 0; t->slots && i <= t->mask; i++) {
		struct sample_binary *b = &s->binaries[sample_loc_binary(t->slots[i].loc)];

		if (!t->slots[i].count)
			continue;
		s->addresses[s->nr_addresses++] = t->slots[i];
		b->samples = num_add_sat(b->samples, t->slots[i].count, NULL);
	}
	qsort(s->addresses, s->nr_addresses, sizeof(*s->addresses), by_loc);
	address_table_release(&s->tally.addresses);
}

void samples_finish(struct samples *s)
{
	take_traces(s);
	take_addresses(s);
	for (size_t i = 0; i < s->nr_events && i < s->tally.nr_events; i++) {
		s->events[i].samples = s->tally.events[i].samples;
		s->events[i].period = s->tally.events[i].period;
		s->events[i].branch_entries = s->tally.events[i].branch_entries;
	}
	if (s->max_binaries)
		samples_warn(s, "there are more than %u binaries: %llu mappings count as unknown",
			     SAMPLE_MAX_BINARIES, (unsigned long long)s->max_binaries);
	if (s->tally.other_events)
		samples_warn(s, "%llu samples have the id of no event: their event is not known",
			     (unsigned long long)s->tally.other_events);
	if (s->tally.deferred_chains)
		samples_warn(s, "%llu call chains miss their user part, which was recorded apart",
			     (unsigned long long)s->tally.deferred_chains);
}
