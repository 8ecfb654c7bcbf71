/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging values as InstrProfValueSiteRecord::merge of LLVM 14, 19 and 22 does,
 * with its peculiarities: a value that is new to a function that is not new is
 * not weighted, and of equal values the first meets the first.
 */
#include "profiles/llvm/sum-group.h"

/* INSTR_PROF_MAX_NUM_VAL_PER_SITE: each merge drops those above it with the lowest counts. */
#define MAX_VALUES 255
/* Up to here std::sort keeps the order of equal elements, in libstdc++. */
#define STABLE_SORT 16

bool llvm_values_sort(struct shim_value *values, unsigned n)
{
	bool equal = false;

	for (unsigned i = 1; i < n; i++) {
		struct shim_value v = values[i];
		unsigned j = i;

		for (; j && values[j - 1].value > v.value; j--)
			values[j] = values[j - 1];
		values[j] = v;
		equal |= j && values[j - 1].value == v.value;
	}
	return !equal || n <= STABLE_SORT;
}

/* Runs of equal values, by falling count. */
static bool order_runs(struct shim_value *values, unsigned n)
{
	bool equal = false;

	for (unsigned i = 1; i < n; i++) {
		struct shim_value v = values[i];
		unsigned j = i;

		equal |= values[i - 1].value == v.value;
		for (; j && values[j - 1].value == v.value && values[j - 1].count < v.count; j--)
			values[j] = values[j - 1];
		values[j] = v;
	}
	return !equal || n <= STABLE_SORT;
}

bool llvm_site_sort(struct llvm_site *site)
{
	if (site->sorted)
		return true;
	site->sorted = true;
	llvm_values_sort(site->values, site->nr);
	return order_runs(site->values, site->nr);
}

static void reserve(struct llvm_site *site, unsigned n)
{
	if (n <= site->alloc)
		return;
	site->alloc = n < 4 ? 4 : 2 * n;
	site->values = xrealloc_array(site->values, site->alloc, sizeof(*site->values));
}

/* Of a function that is new everything is weighted. */
static bool put_fresh(struct llvm_site *site, const struct shim_value *in, unsigned n,
		      uint64_t weight)
{
	reserve(site, n);
	for (unsigned i = 0; i < n; i++) {
		site->values[i].value = in[i].value;
		if (__builtin_mul_overflow(in[i].count, weight, &site->values[i].count))
			return false;
	}
	site->nr = n;
	site->sorted = false;
	return true;
}

static bool add_weighted(struct shim_value *to, uint64_t count, uint64_t weight)
{
	uint64_t more;

	return !__builtin_mul_overflow(count, weight, &more) &&
	       !__builtin_add_overflow(to->count, more, &to->count) && to->count < UINT64_MAX - 2;
}

static int by_falling_count(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

/*
 * Of n values, none twice, leave MAX_VALUES, in their order: LLVM sorts them by
 * falling count, stably, and cuts the rest off; then by value at the next merge.
 */
static unsigned drop_rarest(struct shim_value *values, unsigned n)
{
	uint64_t counts[2 * MAX_VALUES] = { 0 }, last;
	unsigned nr = 0, nr_last = 0;

	for (unsigned i = 0; i < n; i++)
		counts[i] = values[i].count;
	qsort(counts, n, sizeof(*counts), by_falling_count);
	last = counts[MAX_VALUES - 1];
	for (unsigned i = 0; i < MAX_VALUES; i++)
		nr_last += counts[i] == last;
	for (unsigned i = 0; i < n; i++) {
		if (values[i].count < last || (values[i].count == last && !nr_last))
			continue;
		nr_last -= values[i].count == last;
		values[nr++] = values[i];
	}
	return nr;
}

bool llvm_site_merge(struct llvm_site *site, const struct shim_value *in, unsigned n,
		     uint64_t weight, bool fresh)
{
	struct shim_value merged[2 * MAX_VALUES];
	unsigned nr = 0, i = 0;

	if (fresh)
		return put_fresh(site, in, n, weight);
	if (!llvm_site_sort(site))
		return false;
	for (unsigned j = 0; j < n; j++) {
		while (i < site->nr && site->values[i].value < in[j].value)
			merged[nr++] = site->values[i++];
		if (i < site->nr && site->values[i].value == in[j].value) {
			merged[nr] = site->values[i++];
			if (!add_weighted(&merged[nr++], in[j].count, weight))
				return false;
		} else {
			merged[nr++] = in[j];
		}
	}
	while (i < site->nr)
		merged[nr++] = site->values[i++];
	if (!order_runs(merged, nr))
		return false;
	if (nr > MAX_VALUES)
		nr = drop_rarest(merged, nr);
	reserve(site, nr);
	memcpy(site->values, merged, nr * sizeof(*merged));
	site->nr = nr;
	return true;
}
