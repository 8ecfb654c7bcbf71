/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles/profile.h"

#include "pgo/base/mem.h"
#include "pgo/base/num.h"

/* LLVM's counters stop two below the largest number, gcov's are signed. */
#define LLVM_LIMIT (UINT64_MAX - 2)
#define GCC_LIMIT ((uint64_t)INT64_MAX)

void profile_release(struct profile *p)
{
	arena_release(&p->arena);
	free(p->funcs);
	*p = (struct profile)PROFILE_INIT;
}

struct prof_func *profile_add(struct profile *p)
{
	struct prof_func *f;

	if (p->nr_funcs == p->alloc_funcs) {
		p->alloc_funcs = p->alloc_funcs ? p->alloc_funcs * 2 : 64;
		p->funcs = xrealloc_array(p->funcs, p->alloc_funcs, sizeof(*p->funcs));
	}
	f = &p->funcs[p->nr_funcs++];
	*f = (struct prof_func){ 0 };
	return f;
}

static void finish_func(struct prof_func *f)
{
	f->sum = f->max = 0;
	for (size_t i = 0; i < f->nr_counts; i++) {
		f->sum = num_add_sat(f->sum, f->counts[i], NULL);
		if (f->counts[i] > f->max)
			f->max = f->counts[i];
	}
}

void profile_finish(struct profile *p)
{
	uint64_t limit = p->kind == PROF_KIND_GCC_ARCS ? GCC_LIMIT : LLVM_LIMIT;

	p->total = p->max_count = p->nr_counters = p->nr_saturated = 0;
	for (size_t i = 0; i < p->nr_funcs; i++) {
		struct prof_func *f = &p->funcs[i];

		finish_func(f);
		p->total = num_add_sat(p->total, f->sum, NULL);
		if (f->max > p->max_count)
			p->max_count = f->max;
		p->nr_counters += f->nr_counts;
		for (size_t j = 0; j < f->nr_counts; j++)
			p->nr_saturated += f->counts[j] >= limit;
	}
}

const char *prof_kind_name(enum prof_kind kind)
{
	static const char *const names[] = {
		[PROF_KIND_UNKNOWN] = "unknown",
		[PROF_KIND_LLVM_IR] = "clang IR",
		[PROF_KIND_LLVM_FE] = "clang front end",
		[PROF_KIND_LLVM_CS] = "clang IR, context-sensitive",
		[PROF_KIND_GCC_ARCS] = "gcc arcs",
	};

	return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}
