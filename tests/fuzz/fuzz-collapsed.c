/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collapsed stacks that are taken are written and taken again unchanged, and no sample is
 * lost; what a flame graph shows of them is the same both times.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu11 -D_GNU_SOURCE -I. \
 *		-include pgo/base/banned.h tests/fuzz/fuzz-collapsed.c profiles/collapsed.c \
 *		profiles/samples*.c profiles/sample-images.c \
 *		profiles/sample-t[ar]*.c profiles/elf-image.c pgo/base/[a-z]*.c -lelf -lm
 */
#include "profiles/collapsed.h"
#include "profiles/sample-tree.h"
#include "profiles/samples-write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The tree of the samples holds them all, and so do the sums of its functions. */
static void check_tree(const struct samples *s, struct sample_names *names, bool reverse)
{
	const struct sample_tree_opts opts = { .side = 1, .reverse = reverse };
	PGO_AUTO(sample_tree) t = { 0 };
	PGO_AUTO_FREE struct frame_sum *sums = NULL;
	uint64_t self = 0;

	sample_tree_init(&t);
	sample_tree_add(&t, s, names, &opts);
	sample_tree_finish(&t);
	sums = sample_tree_sums(&t);
	for (size_t i = 0; i < t.nr_names; i++) {
		self += sums[i].self[1];
		if (sums[i].self[1] > sums[i].total[1] || sums[i].self[0] || sums[i].total[0])
			abort();
	}
	if (t.nodes[0].total[1] != s->tally.samples || self != s->tally.samples)
		abort();
}

static bool take(const void *data, size_t len, struct strbuf *out)
{
	const struct samples_opts so = { .stacks = true };
	const struct sample_image_opts io = { .root = "/nonexistent" };
	PGO_AUTO(samples) s = { 0 };
	PGO_AUTO(sample_names) names = { 0 };
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct sample_written written;

	samples_init(&s);
	if (collapsed_read_text("input", data, len, &so, &s, &err)) {
		if (!err.msg)
			abort();
		return false;
	}
	sample_names_init(&names, &s, &io);
	samples_write_collapsed(&s, &names, out, &written);
	if (written.entries != s.tally.samples)
		abort();
	check_tree(&s, &names, false);
	check_tree(&s, &names, true);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PGO_AUTO(strbuf) first = STRBUF_INIT;
	PGO_AUTO(strbuf) second = STRBUF_INIT;

	collapsed_lines(data, size, true);
	collapsed_lines(data, size, false);
	if (!take(data, size, &first))
		return 0;
	if (!take(first.buf, first.len, &second))
		abort();
	if (first.len != second.len || memcmp(first.buf, second.buf, first.len) != 0)
		abort();
	return 0;
}
