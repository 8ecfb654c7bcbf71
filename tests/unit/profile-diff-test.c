/* SPDX-License-Identifier: Apache-2.0 */
/* profile_diff on models made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiles/diff.h"

static void add(struct profile *p, const char *name, uint64_t hash, size_t nr,
		const uint64_t *counts)
{
	struct prof_func *f = profile_add(p);

	f->name = name;
	f->hash = hash;
	f->nr_counts = nr;
	f->counts = arena_alloc(&p->arena, nr, sizeof(*counts));
	memcpy(f->counts, counts, nr * sizeof(*counts));
}
#define ADD(p, name, hash, ...)                                                          \
	add((p), (name), (hash), sizeof((const uint64_t[]){ __VA_ARGS__ }) / 8,          \
	    (const uint64_t[]){ __VA_ARGS__ })

static void diff(struct profile *a, struct profile *b, struct prof_diff *d)
{
	profile_finish(a);
	profile_finish(b);
	assert_int_equal(profile_diff(a, b, d, NULL), 0);
}

static const struct prof_diff_func *find(const struct prof_diff *d, const char *name)
{
	for (size_t i = 0; i < d->nr_funcs; i++)
		if (!strcmp(d->funcs[i].name, name))
			return &d->funcs[i];
	fail();
	return NULL;
}

static void near(double got, double want)
{
	assert_true(got > want - 1e-12 && got < want + 1e-12);
}

static void tells_functions_apart(void **state)
{
	PGO_AUTO(profile) a = { .kind = PROF_KIND_LLVM_IR };
	PGO_AUTO(profile) b = { .kind = PROF_KIND_LLVM_IR };
	PGO_AUTO(prof_diff) d = PROF_DIFF_INIT;

	(void)state;
	ADD(&a, "same", 1, 20, 20);
	ADD(&b, "same", 1, 20, 20);
	ADD(&a, "moved", 1, 10, 0);
	ADD(&b, "moved", 1, 0, 10);
	ADD(&a, "hash", 1, 10);
	ADD(&b, "hash", 2, 10);
	ADD(&a, "number", 1, 10);
	ADD(&b, "number", 1, 5, 5);
	ADD(&a, "lost", 1, 10);
	ADD(&a, "went quiet", 1, 20);
	ADD(&b, "went quiet", 1, 0);
	ADD(&b, "gained", 1, 30);
	ADD(&a, "never", 1, 0);
	ADD(&b, "never", 1, 0);
	diff(&a, &b, &d);
	assert_int_equal(find(&d, "same")->change, PROF_SAME);
	assert_int_equal(find(&d, "never")->change, PROF_SAME);
	assert_int_equal(find(&d, "moved")->change, PROF_MOVED);
	near(find(&d, "moved")->overlap, 0);
	assert_int_equal(find(&d, "hash")->change, PROF_CHANGED);
	assert_int_equal(find(&d, "number")->change, PROF_CHANGED);
	assert_int_equal(find(&d, "lost")->change, PROF_LOST);
	assert_null(find(&d, "lost")->b);
	assert_int_equal(find(&d, "went quiet")->change, PROF_LOST);
	assert_int_equal(find(&d, "gained")->change, PROF_GAINED);
	near(d.overlap, 0.4);
	near(d.changed, 0.2);
	near(d.only_a, 0.1);
	near(d.only_b, 0.3);
	assert_string_equal(d.funcs[0].name, "gained");
	assert_true(prof_diff_differs(&d));
}

/* Of several with one name those with one hash belong together, in whatever order. */
static void pairs_by_hash(void **state)
{
	PGO_AUTO(profile) a = { .kind = PROF_KIND_LLVM_IR };
	PGO_AUTO(profile) b = { .kind = PROF_KIND_LLVM_IR };
	PGO_AUTO(prof_diff) d = PROF_DIFF_INIT;

	(void)state;
	ADD(&a, "f", 7, 1);
	ADD(&a, "f", 5, 2);
	ADD(&a, "f", 3, 3);
	ADD(&b, "f", 4, 3);
	ADD(&b, "f", 7, 1);
	ADD(&b, "f", 5, 2);
	ADD(&b, "f", 6, 4);
	diff(&a, &b, &d);
	assert_int_equal(d.nr_funcs, 4);
	assert_int_equal(d.nr[PROF_CHANGED], 2);
	near(d.overlap, 0.3);
	near(d.changed, 0.7);
}

static void saturated_and_empty(void **state)
{
	PGO_AUTO(profile) a = { .kind = PROF_KIND_LLVM_IR };
	PGO_AUTO(profile) b = { .kind = PROF_KIND_LLVM_IR };
	PGO_AUTO(prof_diff) d = PROF_DIFF_INIT;
	PGO_AUTO(prof_diff) none = PROF_DIFF_INIT;
	PGO_AUTO(profile) e = { .kind = PROF_KIND_LLVM_IR };
	PGO_AUTO(profile) f = { .kind = PROF_KIND_LLVM_IR };

	(void)state;
	ADD(&a, "f", 1, UINT64_MAX, UINT64_MAX);
	ADD(&b, "f", 1, 1, 1);
	diff(&a, &b, &d);
	assert_true(d.overlap >= 0 && d.overlap <= 1 + 1e-9);
	diff(&e, &f, &none);
	assert_false(prof_diff_differs(&none));
	near(none.overlap, 1);
}

static void by_place(void **state)
{
	PGO_AUTO(profile) a = { .kind = PROF_KIND_LLVM_SAMPLE };
	PGO_AUTO(profile) b = { .kind = PROF_KIND_LLVM_SAMPLE };
	PGO_AUTO(prof_diff) d = PROF_DIFF_INIT;
	static const struct prof_inline g = { NULL, 1, 3, 0, "g" };
	struct prof_count ca[] = { { 0, { .inlined = &g, .at = 1 }, 10 },
				   { 0, { .at = 2 }, 5 },
				   { 0, { .at = 1 }, 25 },
				   { 0, { .at = 2 }, 10 } };
	struct prof_count cb[] = { { 0, { .at = 1 }, 50 },
				   { 0, { .at = 1, .discriminator = 2 }, 50 } };

	(void)state;
	profile_add(&a)->name = "f";
	profile_add(&b)->name = "f";
	profile_set_counts(&a, ca, ARRAY_SIZE(ca));
	profile_set_counts(&b, cb, ARRAY_SIZE(cb));
	assert_int_equal(a.funcs[0].nr_counts, 3);
	assert_int_equal(a.funcs[0].counts[1], 15);
	diff(&a, &b, &d);
	assert_true(d.samples);
	near(d.overlap, 0.5);
	near(d.sample_similarity, 0.5);
	near(d.sample_overlap, 25.0 / 125);
}

static void refuses_gcda_and_others(void **state)
{
	PGO_AUTO(profile) a = { .kind = PROF_KIND_GCC_ARCS };
	PGO_AUTO(profile) b = { .kind = PROF_KIND_LLVM_IR };
	PGO_AUTO(profile) c = { .kind = PROF_KIND_BOLT_BRANCHES };
	PGO_AUTO(prof_diff) d = PROF_DIFF_INIT;

	(void)state;
	assert_int_equal(profile_diff(&a, &b, &d, NULL), -PGO_EMISMATCH);
	ADD(&b, "f", 1, 3);
	ADD(&b, "g", 1, 1);
	ADD(&c, "f", 0, 7, 1);
	diff(&b, &c, &d);
	assert_true(d.by_function);
	near(d.overlap, 0.75);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_functions_apart),   cmocka_unit_test(pairs_by_hash),
		cmocka_unit_test(saturated_and_empty),	   cmocka_unit_test(by_place),
		cmocka_unit_test(refuses_gcda_and_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
