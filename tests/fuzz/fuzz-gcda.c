/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two .gcda files in one input: its first two bytes say how long the first is, the third what
 * the second weighs. What can be read is written and read again unchanged; and adding the second
 * to the first straight from its bytes gives what decoding and adding it gives.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *		-include pgo/base/banned.h tests/fuzz/fuzz-gcda.c profiles/gcda-[a-z]*.c \
 *		pgo/base/[a-z]*.c
 */
#include "profiles/gcda-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct strbuf *a, const struct strbuf *b)
{
	return a->len == b->len && !memcmp(a->buf, b->buf, a->len);
}

/* The bytes of f, which read as itself. */
static void encode(const struct gcda_file *f, struct strbuf *out)
{
	PGO_AUTO(gcda_file) again = GCDA_FILE_INIT;
	PGO_AUTO(strbuf) second = STRBUF_INIT;

	gcda_file_encode(f, out);
	if (gcda_file_decode(&again, "again", out->buf, out->len, NULL))
		abort();
	gcda_file_encode(&again, &second);
	if (!same(out, &second))
		abort();
}

static void add(const uint8_t *first, size_t first_len, const uint8_t *run, size_t run_len,
		uint64_t weight)
{
	PGO_AUTO(gcda_file) fast = GCDA_FILE_INIT;
	PGO_AUTO(gcda_file) slow = GCDA_FILE_INIT;
	PGO_AUTO(gcda_file) decoded = GCDA_FILE_INIT;
	PGO_AUTO(strbuf) fast_bytes = STRBUF_INIT;
	PGO_AUTO(strbuf) slow_bytes = STRBUF_INIT;
	PGO_AUTO(pgo_err) err = PGO_ERR_INIT;
	struct gcda_scratch scratch = { 0 };
	uint64_t nr_saturated = 0;
	bool taken;

	if (gcda_file_decode(&fast, "fast", first, first_len, &err) ||
	    gcda_file_decode(&slow, "slow", first, first_len, &err))
		return;
	encode(&slow, &slow_bytes);
	strbuf_clear(&slow_bytes);
	taken = gcda_file_add_raw(&fast, run, run_len, weight, &scratch);
	free(scratch.pairs);
	free(scratch.run_pairs);
	if (gcda_file_decode(&decoded, "run", run, run_len, &err) ||
	    gcda_file_add(&slow, &decoded, weight, &nr_saturated, &err)) {
		if (taken)
			abort();
		return;
	}
	encode(&slow, &slow_bytes);
	if (!taken)
		return;
	encode(&fast, &fast_bytes);
	if (!same(&fast_bytes, &slow_bytes) || nr_saturated != scratch.nr_saturated)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t first;

	if (size < 3)
		return 0;
	first = (size_t)(data[0] | data[1] << 8);
	if (first > size - 3)
		first = size - 3;
	add(data + 3, first, data + 3 + first, size - 3 - first, 1 + (uint64_t)data[2] % 5);
	return 0;
}
