/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/samples-code.h"

#include "pgo/base/num.h"

void code_pairs_release(struct code_pairs *p)
{
	free(p->v);
	*p = (struct code_pairs){ 0 };
}

void code_pairs_add(struct code_pairs *p, struct code_pair add)
{
	VEC_GROW(p->v, p->nr, p->alloc);
	p->v[p->nr++] = add;
}

static int by_addresses(const void *x, const void *y)
{
	const struct code_pair *p = x, *q = y;

	if (p->a != q->a)
		return p->a < q->a ? -1 : 1;
	if (p->b != q->b)
		return p->b < q->b ? -1 : 1;
	return (p->end > q->end) - (p->end < q->end);
}

void code_pairs_fold(struct code_pairs *p)
{
	size_t nr = 0;

	if (p->nr)
		qsort(p->v, p->nr, sizeof(*p->v), by_addresses);
	for (size_t i = 0; i < p->nr; i++) {
		struct code_pair *last = nr ? &p->v[nr - 1] : NULL;

		if (last && !by_addresses(last, &p->v[i])) {
			last->count = num_add_sat(last->count, p->v[i].count, NULL);
			last->mispredicted = num_add_sat(last->mispredicted, p->v[i].mispredicted,
							 NULL);
		} else {
			p->v[nr++] = p->v[i];
		}
	}
	p->nr = nr;
}

bool sample_target_vaddr(const struct sample_target *t, uint64_t loc, uint64_t *ret)
{
	return loc && t->wanted[sample_loc_binary(loc)] &&
	       elf_image_vaddr(&t->image, sample_loc_offset(loc), ret);
}

bool sample_target_code(const struct sample_target *t, uint64_t loc, uint64_t *ret)
{
	return sample_target_vaddr(t, loc, ret) && elf_image_is_code(&t->image, *ret);
}

void samples_code(const struct samples *s, const struct sample_target *target,
		  struct code_pairs *branches, struct code_pairs *ranges,
		  struct sample_written *done)
{
	for (size_t i = 0; i < s->nr_traces; i++) {
		const struct sample_trace *t = &s->traces[i];
		uint64_t from, to, end;

		if (!sample_target_code(target, t->to, &to)) {
			done->left_out += t->count;
			continue;
		}
		if (!sample_target_code(target, t->from, &from))
			from = CODE_EXTERNAL;
		code_pairs_add(branches,
			       (struct code_pair){ from, to, 0, t->count, t->mispredicted });
		done->entries += t->count;
		if (sample_target_code(target, t->end, &end) && to <= end)
			code_pairs_add(ranges, (struct code_pair){ to, end, 0, t->count, 0 });
	}
	code_pairs_fold(branches);
	code_pairs_fold(ranges);
}
